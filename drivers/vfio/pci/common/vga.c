// SPDX-License-Identifier: GPL-2.0-only
/*
 * Legacy VGA memory and ports of a VGA device, as a region of its own.
 *
 * Offsets are the legacy addresses.  Only one VGA device in the machine can
 * decode them at a time: the VGA arbiter decides which.
 */
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/vgaarb.h>

#include "access.h"
#include "io.h"
#include "vga.h"

/**
 * struct vga_range - legacy addresses of a VGA device
 * @start: first
 * @end: last
 * @arbiter: what to ask the VGA arbiter for
 */
struct vga_range {
	u32		start;
	u32		end;
	unsigned int	arbiter;
};

static const struct vga_range ranges[] = {
	{ 0xa0000, 0xbffff, VGA_RSRC_LEGACY_MEM },
	{ 0x3b0, 0x3bb, VGA_RSRC_LEGACY_IO },
	{ 0x3c0, 0x3df, VGA_RSRC_LEGACY_IO },
};

static const struct vga_range *find_range(u64 off)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		if (off >= ranges[i].start && off <= ranges[i].end)
			return &ranges[i];
	return NULL;
}

static void __iomem *map_range(const struct vga_range *r)
{
	if (r->arbiter == VGA_RSRC_LEGACY_IO)
		return ioport_map(r->start, r->end - r->start + 1);
	return ioremap(r->start, r->end - r->start + 1);
}

static void unmap_range(const struct vga_range *r, void __iomem *base)
{
	if (r->arbiter == VGA_RSRC_LEGACY_IO)
		ioport_unmap(base);
	else
		iounmap(base);
}

bool vfio_pci_vga_open(struct vfio_pci_device *vdev)
{
	return pci_is_vga(vdev->pdev) && !vdev->policy.disable_vga;
}

/*
 * Returns the bytes done, fewer than @count at the end of a range; -EINVAL
 * without VGA access or outside the ranges; -ENOMEM; -ERESTARTSYS or what else
 * the arbiter says; or what vfio_pci_io_rw() says.
 */
ssize_t vfio_pci_common_vga_rw(struct vfio_pci_access *access,
			       char __user *buf, size_t count, u64 off,
			       bool iswrite)
{
	struct vfio_pci_device *vdev = access->vdev;
	const struct vga_range *r = find_range(off);
	struct vfio_pci_io io = { .max_width = 4 };
	ssize_t ret;

	if (!vdev->has_vga || !r)
		return -EINVAL;

	io.port = r->arbiter == VGA_RSRC_LEGACY_IO;
	io.base = map_range(r);
	if (!io.base)
		return -ENOMEM;

	ret = vga_get_interruptible(vdev->pdev, r->arbiter);
	if (!ret) {
		off -= r->start;
		count = min_t(u64, count, r->end - r->start + 1 - off);
		ret = vfio_pci_io_rw(access, &io, buf, count, off, iswrite);
		vga_put(vdev->pdev, r->arbiter);
	}
	unmap_range(r, io.base);
	return ret;
}
