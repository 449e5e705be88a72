// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device is: device, region and interrupt info.
 *
 * The dispatcher has copied the part of each struct that the user must supply,
 * and checked argsz against it.  Capability chains go behind the struct if the
 * user left room; if not, argsz tells him how much is needed.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/nospec.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "info.h"
#include "irq.h"
#include "rom.h"
#include "zdev.h"

/*
 * Put @caps behind a struct of @size bytes if the user's @argsz leaves room;
 * raises @argsz if not.  Frees @caps.
 */
static int copy_caps(struct vfio_info_cap *caps, void __user *arg, size_t size,
		     u32 *argsz, u32 *cap_offset)
{
	void *buf __free(kfree) = caps->buf;

	*cap_offset = 0;
	if (*argsz < size + caps->size) {
		*argsz = size + caps->size;
		return 0;
	}

	vfio_info_cap_shift(caps, size);
	if (copy_to_user(arg + size, buf, caps->size))
		return -EFAULT;
	*cap_offset = size;
	return 0;
}

/* Device ---------------------------------------------------------------- */

static const struct {
	u32 devcap2;
	u32 flag;
} atomic_widths[] = {
	{ PCI_EXP_DEVCAP2_ATOMIC_COMP32, VFIO_PCI_ATOMIC_COMP32 },
	{ PCI_EXP_DEVCAP2_ATOMIC_COMP64, VFIO_PCI_ATOMIC_COMP64 },
	{ PCI_EXP_DEVCAP2_ATOMIC_COMP128, VFIO_PCI_ATOMIC_COMP128 },
};

/* Widths the device completes and the path to its root port routes */
static int add_atomic_cap(struct vfio_pci_device *vdev,
			  struct vfio_info_cap *caps)
{
	struct vfio_device_info_cap_pci_atomic_comp cap = {
		.header.id = VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP,
		.header.version = 1,
	};
	unsigned int i;
	u32 devcap2;

	if (!pci_is_pcie(vdev->pdev))
		return 0;

	pcie_capability_read_dword(pci_physfn(vdev->pdev), PCI_EXP_DEVCAP2,
				   &devcap2);
	for (i = 0; i < ARRAY_SIZE(atomic_widths); i++)
		if (devcap2 & atomic_widths[i].devcap2 &&
		    !pci_enable_atomic_ops_to_root(vdev->pdev,
						   atomic_widths[i].devcap2))
			cap.flags |= atomic_widths[i].flag;

	if (!cap.flags)
		return 0;
	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

/* VFIO_DEVICE_GET_INFO: 0, -EFAULT or -ENOMEM */
int vfio_pci_info_device(struct vfio_pci_device *vdev,
			 struct vfio_device_info *info, void __user *arg)
{
	struct vfio_info_cap caps = { };
	size_t size = info->argsz;
	int ret;

	info->flags = VFIO_DEVICE_FLAGS_PCI;
	if (vdev->reset.works)
		info->flags |= VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = VFIO_PCI_NUM_REGIONS + vdev->nr_regions;
	info->num_irqs = VFIO_PCI_NUM_IRQS;

	ret = vfio_pci_zdev_add_caps(vdev, &caps);
	if (!ret)
		ret = add_atomic_cap(vdev, &caps);
	if (ret) {
		kfree(caps.buf);
		return ret;
	}

	if (caps.size) {
		info->flags |= VFIO_DEVICE_FLAGS_CAPS;
		ret = copy_caps(&caps, arg, sizeof(*info), &info->argsz,
				&info->cap_offset);
		if (ret)
			return ret;
	}

	/* Users of older kernels have a shorter struct */
	if (size < sizeof(*info))
		return copy_to_user(arg, info, size) ? -EFAULT : 0;
	return copy_to_user(arg, info, sizeof(*info)) ? -EFAULT : 0;
}

/* Interrupts ------------------------------------------------------------ */

/* VFIO_DEVICE_GET_IRQ_INFO: 0, -EINVAL for an index there is not, -EFAULT */
int vfio_pci_info_irq(struct vfio_pci_device *vdev, struct vfio_irq_info *info,
		      void __user *arg)
{
	unsigned int index = info->index;

	if (index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	index = array_index_nospec(index, VFIO_PCI_NUM_IRQS);

	info->flags = vfio_pci_irq_flags(vdev, index);
	info->count = vfio_pci_irq_count(vdev, index);
	return copy_to_user(arg, info, sizeof(*info)) ? -EFAULT : 0;
}

/* Regions --------------------------------------------------------------- */

/* Not inline: what is on its stack would burden those who don't need it. */
static noinline int add_msix_mappable_cap(struct vfio_info_cap *caps)
{
	struct vfio_info_cap_header cap = {
		.id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
		.version = 1,
	};

	return vfio_info_add_capability(caps, &cap, sizeof(cap));
}

static int bar_info(struct vfio_pci_device *vdev,
		    struct vfio_region_info *info, struct vfio_info_cap *caps)
{
	unsigned int bar = array_index_nospec(info->index, PCI_STD_NUM_BARS);

	info->size = pci_resource_len(vdev->pdev, bar);
	if (!info->size)
		return 0;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!vdev->bars.bar[bar].mmap)
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return bar == vdev->bars.msix_bar ? add_msix_mappable_cap(caps) : 0;
}

static int rom_info(struct vfio_pci_device *vdev, struct vfio_region_info *info)
{
	info->size = vfio_pci_rom_size(vdev);
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ : 0;
	return 0;
}

static int config_info(struct vfio_pci_device *vdev,
		       struct vfio_region_info *info)
{
	info->size = vdev->config.size;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	return 0;
}

static int vga_info(struct vfio_pci_device *vdev, struct vfio_region_info *info)
{
	if (!vdev->has_vga)
		return -EINVAL;

	info->size = 0xc0000;	/* legacy addresses, of which few are there */
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	return 0;
}

static noinline int driver_region_info(struct vfio_pci_device *vdev,
				       struct vfio_region_info *info,
				       struct vfio_info_cap *caps)
{
	unsigned int nr = info->index - VFIO_PCI_NUM_REGIONS;
	struct vfio_region_info_cap_type type = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
	};
	struct vfio_pci_region *region;
	int ret;

	if (nr >= vdev->nr_regions)
		return -EINVAL;
	region = &vdev->regions[array_index_nospec(nr, vdev->nr_regions)];

	info->size = region->size;
	info->flags = region->flags;
	type.type = region->type;
	type.subtype = region->subtype;

	ret = vfio_info_add_capability(caps, &type.header, sizeof(type));
	if (ret || !region->ops->add_capability)
		return ret;
	return region->ops->add_capability(vdev, region, caps);
}

/**
 * vfio_pci_common_get_region_info_caps - what a region of the device is
 * @core_vdev: the device, open
 * @info: index in, the rest out
 * @caps: capabilities of the region, freed by the caller also on failure
 *
 * The get_region_info_caps operation of struct vfio_device_ops, which answers
 * VFIO_DEVICE_GET_REGION_INFO.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for an index there is not; -ENOMEM.
 */
int vfio_pci_common_get_region_info_caps(struct vfio_device *core_vdev,
					 struct vfio_region_info *info,
					 struct vfio_info_cap *caps)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);
	unsigned int index = info->index;

	info->offset = vfio_pci_common_index_to_offset(index);
	info->size = 0;
	info->flags = 0;

	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return bar_info(vdev, info, caps);
	case VFIO_PCI_ROM_REGION_INDEX:
		return rom_info(vdev, info);
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return config_info(vdev, info);
	case VFIO_PCI_VGA_REGION_INDEX:
		return vga_info(vdev, info);
	default:
		return driver_region_info(vdev, info, caps);
	}
}
EXPORT_SYMBOL_GPL(vfio_pci_common_get_region_info_caps);

/*
 * VFIO_DEVICE_GET_REGION_INFO, where the vfio core leaves the ioctl to its
 * drivers: 0, -EINVAL for an index there is not, -EFAULT or -ENOMEM.
 */
int vfio_pci_info_region(struct vfio_pci_device *vdev,
			 struct vfio_region_info *info, void __user *arg)
{
	struct vfio_info_cap caps = { };
	int ret;

	ret = vfio_pci_common_get_region_info_caps(&vdev->vdev, info, &caps);
	if (ret) {
		kfree(caps.buf);
		return ret;
	}

	if (caps.size) {
		info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
		ret = copy_caps(&caps, arg, sizeof(*info), &info->argsz,
				&info->cap_offset);
		if (ret)
			return ret;
	}
	return copy_to_user(arg, info, sizeof(*info)) ? -EFAULT : 0;
}
