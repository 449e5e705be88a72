// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/resource.h>
#include <linux/err.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/uaccess.h>

#include "../config.h"
#include "fake.h"

static struct fake_pci *fake_of_bus(struct pci_bus *bus)
{
	return container_of(bus, struct fake_pci, bus);
}

static int fake_log(struct fake_pci *fake, u16 pos, u8 len, bool write, u32 val)
{
	if (fake->nr_log < FAKE_LOG)
		fake->log[fake->nr_log] =
			(struct fake_access){ pos, len, write, val };
	fake->nr_log++;

	if (fake->fail_at && pos <= fake->fail_at && fake->fail_at < pos + len)
		return PCIBIOS_DEVICE_NOT_FOUND;
	return PCIBIOS_SUCCESSFUL;
}

static int fake_bus_read(struct pci_bus *bus, unsigned int devfn, int pos,
			 int len, u32 *val)
{
	struct fake_pci *fake = fake_of_bus(bus);

	*val = fake_get(&fake->hw[pos], len);
	return fake_log(fake, pos, len, false, *val);
}

/* A transfer is done at once: the flag is inverted (PCI 3.0, appendix I) */
static void fake_transfer_vpd(struct fake_pci *fake)
{
	u8 *addr = &fake->hw[fake->vpd + PCI_VPD_ADDR];
	u8 *data = &fake->hw[fake->vpd + PCI_VPD_DATA];
	u8 *rom = &fake->rom[fake_get(addr, 2) % sizeof(fake->rom) & ~3];

	if (fake_get(addr, 2) & PCI_VPD_ADDR_F)
		memcpy(rom, data, 4);
	else
		memcpy(data, rom, 4);
	addr[1] ^= PCI_VPD_ADDR_F >> 8;
}

static int fake_bus_write(struct pci_bus *bus, unsigned int devfn, int pos,
			  int len, u32 val)
{
	struct fake_pci *fake = fake_of_bus(bus);
	int ret = fake_log(fake, pos, len, true, val);

	if (ret)
		return ret;
	fake_put(&fake->hw[pos], len, val);
	if (fake->vpd && pos == fake->vpd + PCI_VPD_ADDR)
		fake_transfer_vpd(fake);
	return 0;
}

static struct pci_ops fake_bus_ops = {
	.read = fake_bus_read,
	.write = fake_bus_write,
};

/* The memory is the test's */
static void fake_release(struct device *dev)
{
}

static void fake_free_bridge(void *bridge)
{
	pci_free_host_bridge(bridge);
}

static void fake_put_device(void *data)
{
	struct fake_pci *fake = data;

	vfio_pci_common_release_dev(&fake->vdev.vdev);
	pm_runtime_disable(&fake->pdev.dev);
	pm_runtime_put_noidle(&fake->pdev.dev);
	put_device(&fake->pdev.dev);
}

static void fake_init_pdev(struct kunit *test, struct fake_pci *fake,
			   const char *name)
{
	struct pci_host_bridge *bridge = pci_alloc_host_bridge(0);
	struct pci_dev *pdev = &fake->pdev;

	KUNIT_ASSERT_NOT_NULL(test, bridge);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, fake_free_bridge,
						  bridge));
	fake->bus.ops = &fake_bus_ops;
	fake->bus.bridge = &bridge->dev;

	pdev->bus = &fake->bus;
	pdev->irq = 1;
	pdev->vendor = PCI_VENDOR_ID_REDHAT_QUMRANET;
	spin_lock_init(&pdev->pcie_cap_lock);
	mutex_init(&pdev->vpd.lock);
	device_initialize(&pdev->dev);
	pdev->dev.release = fake_release;
	dev_set_name(&pdev->dev, "%s", name);
	/* In use, as a device is that the user has open */
	pm_runtime_get_noresume(&pdev->dev);
	pm_runtime_set_active(&pdev->dev);
	pm_runtime_enable(&pdev->dev);
}

/* A device without capabilities, which is freed with the test */
struct fake_pci *fake_create(struct kunit *test, const char *name)
{
	struct fake_pci *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	unsigned long user;

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake_init_pdev(test, fake, name);

	address_space_init_once(&fake->mapping);
	fake->inode.i_mapping = &fake->mapping;
	fake->vdev.vdev.inode = &fake->inode;
	fake->vdev.vdev.dev = &fake->pdev.dev;
	vfio_pci_common_init_dev(&fake->vdev.vdev);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, fake_put_device, fake));

	user = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE,
			     PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE_MSG(test, user, 0, "no user memory");
	KUNIT_ASSERT_LT_MSG(test, user, (unsigned long)TASK_SIZE,
			    "no user memory");
	fake->user = (u8 __user *)user;
	return fake;
}

/* What opening the device does for its config space, of @size bytes */
int fake_open(struct fake_pci *fake, u16 size)
{
	struct vfio_pci_config *config = &fake->vdev.config;
	int ret;

	config->tables = vfio_pci_common_perm_get();
	if (IS_ERR(config->tables))
		return PTR_ERR(config->tables);

	fake->pdev.cfg_size = size;
	ret = vfio_pci_config_open(&fake->vdev);
	if (ret)
		vfio_pci_common_perm_put(config->tables);
	fake_forget(fake);
	return ret;
}

void fake_close(struct fake_pci *fake)
{
	vfio_pci_config_close(&fake->vdev);
	vfio_pci_common_perm_put(fake->vdev.config.tables);
}

ssize_t fake_read_bytes(struct fake_pci *fake, u64 pos, void *buf, size_t len)
{
	loff_t off = pos;
	ssize_t ret = vfio_pci_common_read(&fake->vdev.vdev, fake->user, len,
					   &off);

	if (ret > 0 && copy_from_user(buf, fake->user, ret))
		return -EFAULT;
	return ret;
}

ssize_t fake_write_bytes(struct fake_pci *fake, u64 pos, const void *buf,
			 size_t len)
{
	loff_t off = pos;

	if (copy_to_user(fake->user, buf, len))
		return -EFAULT;
	return vfio_pci_common_write(&fake->vdev.vdev, fake->user, len, &off);
}

static u64 config_offset(u16 pos)
{
	return vfio_pci_common_index_to_offset(VFIO_PCI_CONFIG_REGION_INDEX) +
	       pos;
}

u32 fake_read(struct kunit *test, struct fake_pci *fake, u16 pos,
	      unsigned int len)
{
	u8 bytes[4] = { };

	KUNIT_EXPECT_EQ_MSG(test, fake_read_bytes(fake, config_offset(pos),
						  bytes, len), (ssize_t)len,
			    "read of %u at %#x", len, pos);
	return fake_get(bytes, len);
}

void fake_write(struct kunit *test, struct fake_pci *fake, u16 pos,
		unsigned int len, u32 val)
{
	u8 bytes[4];

	fake_put(bytes, 4, val);
	KUNIT_EXPECT_EQ_MSG(test, fake_write_bytes(fake, config_offset(pos),
						   bytes, len), (ssize_t)len,
			    "write of %u at %#x", len, pos);
}

void fake_std_cap(struct fake_pci *fake, u8 pos, u8 id, u8 next)
{
	fake->hw[pos + PCI_CAP_LIST_ID] = id;
	fake->hw[pos + PCI_CAP_LIST_NEXT] = next;
}

/* ID in bits 15:0, version in 19:16, next in 31:20 (PCIe 6.0, 7.6.3) */
void fake_ext_cap(struct fake_pci *fake, u16 pos, u16 id, u8 version,
		  u16 next)
{
	fake_put(&fake->hw[pos], 4, id | version << 16 | (u32)next << 20);
}

/* What announces extended config space: an endpoint, version 2 */
void fake_express(struct fake_pci *fake, u8 pos, u8 next)
{
	fake_std_cap(fake, pos, PCI_CAP_ID_EXP, next);
	fake_put(&fake->hw[pos + PCI_EXP_FLAGS], 2, 2);
}

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests of vfio-pci-common");
MODULE_AUTHOR("The vfio-pci-common authors");
MODULE_LICENSE("GPL");
