// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel integrated graphics: what its guest drivers need beyond the device.
 *
 * Three read-only regions: the OpRegion, a table of the firmware's that the
 * config register ASLS points to, and the config spaces of the host bridge and
 * of the LPC bridge, whose IDs the drivers go by.
 *
 * The OpRegion may be followed by a video BIOS table (VBT) too large for it,
 * which versions from 2.0 say the address of in RVDA and the size of in RVDS.
 * The user sees it right behind the OpRegion, with RVDA as the offset.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "config.h"
#include "igd.h"
#include "perm.h"

#define IGD_ASLS		0xfc	/* config: address of the OpRegion */

#define OPREGION_SIZE		(8 * 1024)
#define OPREGION_SIGNATURE	"IntelGraphicsMem"
#define OPREGION_KIB		0x10	/* u32: size in KiB */
#define OPREGION_VERSION	0x16	/* u16: major and minor */
#define OPREGION_RVDA		0x3ba	/* u64: extended VBT, address or offset */
#define OPREGION_RVDS		0x3c2	/* u32: its size */

#define OPREGION_V2_0		0x0200
#define OPREGION_V2_1		0x0201

static u64 region_offset(loff_t pos)
{
	return pos & VFIO_PCI_COMMON_OFFSET_MASK;
}

static struct vfio_pci_region *region_of(struct vfio_pci_device *vdev,
					 loff_t pos)
{
	return &vdev->regions[vfio_pci_common_offset_to_index(pos) -
			      VFIO_PCI_NUM_REGIONS];
}

static ssize_t opregion_rw(struct vfio_pci_device *vdev, char __user *buf,
			   size_t count, loff_t *ppos, bool iswrite)
{
	struct vfio_pci_region *region = region_of(vdev, *ppos);
	u64 off = region_offset(*ppos);

	if (iswrite || off >= region->size)
		return -EINVAL;

	count = min_t(u64, count, region->size - off);
	if (copy_to_user(buf, region->data + off, count))
		return -EFAULT;
	*ppos += count;
	return count;
}

static void opregion_release(struct vfio_pci_device *vdev,
			     struct vfio_pci_region *region)
{
	kvfree(region->data);
}

static const struct vfio_pci_region_ops opregion_ops = {
	.rw = opregion_rw,
	.release = opregion_release,
};

/* Copy firmware memory at @addr behind what @data holds already */
static int copy_firmware(void *data, phys_addr_t addr, size_t size)
{
	void *mem = memremap(addr, size, MEMREMAP_WB);

	if (!mem)
		return -ENOMEM;
	memcpy(data, mem, size);
	memunmap(mem);
	return 0;
}

/* Where the extended VBT lies, and how large it is; size 0 if there is none */
static phys_addr_t find_vbt(const u8 *header, phys_addr_t opregion, u32 *size)
{
	u16 version = get_unaligned_le16(header + OPREGION_VERSION);
	u64 rvda = get_unaligned_le64(header + OPREGION_RVDA);
	u32 rvds = get_unaligned_le32(header + OPREGION_RVDS);

	*size = version >= OPREGION_V2_0 && rvda && rvds ? rvds : 0;
	return version == OPREGION_V2_0 ? rvda : opregion + rvda;
}

/* The user finds the extended VBT, if any, right behind the OpRegion */
static void patch_header(u8 *header, u32 vbt_size)
{
	u16 version = get_unaligned_le16(header + OPREGION_VERSION);

	if (version < OPREGION_V2_0)
		return;
	/* From 2.1 on RVDA is an offset */
	if (version == OPREGION_V2_0 && vbt_size)
		put_unaligned_le16(OPREGION_V2_1, header + OPREGION_VERSION);
	put_unaligned_le64(vbt_size ? OPREGION_SIZE : 0,
			   header + OPREGION_RVDA);
}

static bool opregion_valid(const u8 *header)
{
	return !memcmp(header, OPREGION_SIGNATURE, 16) &&
	       get_unaligned_le32(header + OPREGION_KIB);
}

/* A copy of the OpRegion at @addr; its length in @size */
static void *read_opregion(phys_addr_t addr, size_t *size)
{
	u8 *header __free(kvfree) = kvzalloc(OPREGION_SIZE, GFP_KERNEL_ACCOUNT);
	phys_addr_t vbt_addr;
	u32 vbt_size;
	u8 *data;
	int ret;

	if (!header)
		return ERR_PTR(-ENOMEM);
	ret = copy_firmware(header, addr, OPREGION_SIZE);
	if (ret)
		return ERR_PTR(ret);
	if (!opregion_valid(header))
		return ERR_PTR(-EINVAL);

	vbt_addr = find_vbt(header, addr, &vbt_size);
	patch_header(header, vbt_size);
	*size = size_add(OPREGION_SIZE, vbt_size);
	if (!vbt_size)
		return no_free_ptr(header);

	/* Firmware may say any size; what is too large is no bug of ours */
	data = kvzalloc(*size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!data)
		return ERR_PTR(-ENOMEM);
	memcpy(data, header, OPREGION_SIZE);
	ret = copy_firmware(data + OPREGION_SIZE, vbt_addr, vbt_size);
	if (ret) {
		kvfree(data);
		return ERR_PTR(ret);
	}
	return data;
}

static void make_asls_virtual(struct vfio_pci_device *vdev, u32 addr)
{
	guard(mutex)(&vdev->config.lock);

	vfio_pci_vcopy_set_dword(vdev, IGD_ASLS, addr);
	memset(&vdev->config.map[IGD_ASLS], PERM_RULE_VIRT, 4);
	vdev->config.map[IGD_ASLS] |= PERM_OWNER_START;
}

static int add_region(struct vfio_pci_device *vdev, u32 subtype,
		      const struct vfio_pci_region_ops *ops, size_t size,
		      void *data)
{
	return vfio_pci_common_register_region(vdev,
					       PCI_VENDOR_ID_INTEL |
					       VFIO_REGION_TYPE_PCI_VENDOR_TYPE,
					       subtype, ops, size,
					       VFIO_REGION_INFO_FLAG_READ,
					       data);
}

static int add_opregion(struct vfio_pci_device *vdev)
{
	void *data __free(kvfree) = NULL;
	size_t size;
	u32 addr;
	int ret;

	ret = pci_read_config_dword(vdev->pdev, IGD_ASLS, &addr);
	if (ret)
		return pcibios_err_to_errno(ret);
	if (!addr || PCI_POSSIBLE_ERROR(addr))
		return -ENODEV;

	data = read_opregion(addr, &size);
	if (IS_ERR(data))
		return PTR_ERR(data);

	ret = add_region(vdev, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION,
			 &opregion_ops, size, data);
	if (ret)
		return ret;
	retain_and_null_ptr(data);
	make_asls_virtual(vdev, addr);
	return 0;
}

/* One aligned step of a read of another device's config space */
static int bridge_read_step(struct pci_dev *bridge, u64 off, size_t count,
			    __le32 *out)
{
	unsigned int len = off & 1 || count < 2 ? 1 :
			   off & 2 || count < 4 ? 2 : 4;
	u32 val = 0;
	u16 word;
	u8 byte;
	int ret;

	switch (len) {
	case 4:
		ret = pci_user_read_config_dword(bridge, off, &val);
		break;
	case 2:
		ret = pci_user_read_config_word(bridge, off, &word);
		val = word;
		break;
	default:
		ret = pci_user_read_config_byte(bridge, off, &byte);
		val = byte;
	}
	*out = cpu_to_le32(val);
	return ret ?: len;
}

static ssize_t bridge_rw(struct vfio_pci_device *vdev, char __user *buf,
			 size_t count, loff_t *ppos, bool iswrite)
{
	struct vfio_pci_region *region = region_of(vdev, *ppos);
	u64 off = region_offset(*ppos);
	size_t done;
	__le32 data;
	int len;

	if (iswrite || off >= region->size)
		return -EINVAL;
	count = min_t(u64, count, region->size - off);

	for (done = 0; done < count; done += len) {
		len = bridge_read_step(region->data, off + done, count - done,
				       &data);
		if (len < 0)
			return len;
		if (copy_to_user(buf + done, &data, len))
			return -EFAULT;
	}
	*ppos += count;
	return count;
}

static void bridge_release(struct vfio_pci_device *vdev,
			   struct vfio_pci_region *region)
{
	pci_dev_put(region->data);
}

static const struct vfio_pci_region_ops bridge_ops = {
	.rw = bridge_rw,
	.release = bridge_release,
};

/* Tests put theirs in place of this */
VISIBLE_IF_KUNIT struct pci_dev *vfio_pci_igd_get_bridge(unsigned int devfn)
{
	KUNIT_STATIC_STUB_REDIRECT(vfio_pci_igd_get_bridge, devfn);

	return pci_get_domain_bus_and_slot(0, 0, devfn);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_igd_get_bridge);

static int add_bridge(struct vfio_pci_device *vdev, unsigned int devfn,
		      unsigned int class, u32 subtype)
{
	struct pci_dev *bridge;
	int ret;

	bridge = vfio_pci_igd_get_bridge(devfn);
	if (!bridge)
		return -ENODEV;

	ret = -EINVAL;
	if (bridge->vendor == PCI_VENDOR_ID_INTEL &&
	    bridge->class >> 8 == class)
		ret = add_region(vdev, subtype, &bridge_ops, bridge->cfg_size,
				 bridge);
	if (ret)
		pci_dev_put(bridge);
	return ret;
}

/*
 * Returns 0 for a device that isn't Intel graphics; -ENODEV if firmware left
 * no OpRegion or a bridge is missing, with which the device can still be
 * opened; -EINVAL if they are not what they should be; -ENOMEM.
 */
int vfio_pci_igd_open(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (pdev->vendor != PCI_VENDOR_ID_INTEL ||
	    pdev->class >> 16 != PCI_BASE_CLASS_DISPLAY)
		return 0;

	return add_opregion(vdev) ?:
	       add_bridge(vdev, PCI_DEVFN(0, 0), PCI_CLASS_BRIDGE_HOST,
			  VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG) ?:
	       add_bridge(vdev, PCI_DEVFN(0x1f, 0), PCI_CLASS_BRIDGE_ISA,
			  VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_igd_open);
