// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write() of the device file: which region is meant.
 */
#include <linux/export.h>
#include <linux/pci.h>

#include "access.h"
#include "bar.h"
#include "config.h"
#include "rom.h"
#include "vga.h"

static ssize_t driver_region_rw(struct vfio_pci_device *vdev, unsigned int nr,
				char __user *buf, size_t count, loff_t pos,
				bool iswrite)
{
	if (nr >= vdev->nr_regions)
		return -EINVAL;
	return vdev->regions[nr].ops->rw(vdev, buf, count, &pos, iswrite);
}

/* Regions that are rarely accessed: the device is kept awake all the time */
static ssize_t rare_region_rw(struct vfio_pci_access *access, char __user *buf,
			      size_t count, loff_t pos, bool iswrite)
{
	unsigned int index = vfio_pci_common_offset_to_index(pos);
	u64 off = pos & VFIO_PCI_COMMON_OFFSET_MASK;
	int ret;

	ret = vfio_pci_access_wake(access);
	if (ret)
		return ret;

	switch (index) {
	case VFIO_PCI_ROM_REGION_INDEX:
		return vfio_pci_rom_rw(access, buf, count, off, iswrite);
	case VFIO_PCI_VGA_REGION_INDEX:
		return vfio_pci_common_vga_rw(access, buf, count, off, iswrite);
	default:
		return driver_region_rw(access->vdev,
					index - VFIO_PCI_NUM_REGIONS, buf,
					count, pos, iswrite);
	}
}

static __always_inline ssize_t region_rw(struct vfio_device *core_vdev,
					 char __user *buf, size_t count,
					 loff_t *ppos, bool iswrite)
{
	struct vfio_pci_access access = {
		.vdev = vfio_pci_common_device(core_vdev),
	};
	unsigned int index = vfio_pci_common_offset_to_index(*ppos);
	u64 off = *ppos & VFIO_PCI_COMMON_OFFSET_MASK;
	ssize_t ret;

	if (!count)
		return 0;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		ret = vfio_pci_common_config_rw(&access, buf, count, off,
						iswrite);
	else if (index <= VFIO_PCI_BAR5_REGION_INDEX)
		ret = vfio_pci_common_bar_rw(&access, index, buf, count, off,
					     iswrite);
	else
		ret = rare_region_rw(&access, buf, count, *ppos, iswrite);

	vfio_pci_access_end(&access);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

/**
 * vfio_pci_common_read - read from a region of the device
 * @core_vdev: the device, open
 * @buf: of the user
 * @count: bytes; fewer are read at the end of a BAR or ROM
 * @ppos: device file offset: region and offset in it; advanced by what is read
 *
 * The read operation of struct vfio_device_ops.  Any length and alignment is
 * taken; bus accesses are as wide as offset and length allow.
 *
 * Context: process; may sleep.
 * Return: bytes read; -EINVAL if there is no such region, or the offset is
 * behind its end; -EFAULT for a bad buffer or a range that isn't within config
 * space; -EIO while memory decoding is off or if the device can't be woken;
 * -EBUSY, -ENODEV or -ENOMEM if the BAR or ROM can't be used.
 */
ssize_t vfio_pci_common_read(struct vfio_device *core_vdev, char __user *buf,
			     size_t count, loff_t *ppos)
{
	return region_rw(core_vdev, buf, count, ppos, false);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_read);

/**
 * vfio_pci_common_write - write to a region of the device
 * @core_vdev: the device, open
 * @buf: of the user
 * @count: bytes; fewer are written at the end of a BAR
 * @ppos: device file offset; advanced by what is written
 *
 * The write operation of struct vfio_device_ops.
 *
 * Context: process; may sleep.
 * Return: bytes written, or an errno as of vfio_pci_common_read(); -EINVAL for
 * the ROM as well.
 */
ssize_t vfio_pci_common_write(struct vfio_device *core_vdev,
			      const char __user *buf, size_t count,
			      loff_t *ppos)
{
	return region_rw(core_vdev, (char __user *)buf, count, ppos, true);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_write);
