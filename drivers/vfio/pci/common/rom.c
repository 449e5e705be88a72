// SPDX-License-Identifier: GPL-2.0-only
/*
 * The expansion ROM: behind its BAR, or a copy that firmware left in memory.
 *
 * The PCI core finds the image and turns its decoding on while it is mapped;
 * the user's own enable bit is virtual and decides nothing.
 */
#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "access.h"
#include "io.h"
#include "rom.h"

static bool has_rom_bar(struct pci_dev *pdev)
{
	return pci_resource_start(pdev, PCI_ROM_RESOURCE);
}

static bool has_rom_copy(struct pci_dev *pdev)
{
	return pdev->rom && pdev->romlen;
}

static bool rom_bar_has_image(struct vfio_pci_device *vdev)
{
	u16 command = vfio_pci_gate_force_memory(vdev);
	void __iomem *rom;
	size_t size;

	rom = pci_map_rom(vdev->pdev, &size);
	if (rom)
		pci_unmap_rom(vdev->pdev, rom);
	vfio_pci_gate_restore_memory(vdev, command);
	return rom;
}

/* Size of the ROM region, 0 if there is nothing to read */
u64 vfio_pci_rom_size(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (has_rom_bar(pdev))
		return rom_bar_has_image(vdev) ?
		       pci_resource_len(pdev, PCI_ROM_RESOURCE) : 0;
	return has_rom_copy(pdev) ? roundup_pow_of_two(pdev->romlen) : 0;
}

/* What lies between the image's end and the BAR's reads as ones */
static ssize_t read_rom_bar(struct vfio_pci_access *access, char __user *buf,
			    size_t count, u64 off)
{
	struct pci_dev *pdev = access->vdev->pdev;
	u64 size = pci_resource_len(pdev, PCI_ROM_RESOURCE);
	struct vfio_pci_io io = { .test_memory = true, .max_width = 4 };
	size_t image;
	ssize_t ret;

	if (off >= size)
		return -EINVAL;

	ret = vfio_pci_access_lock(access);
	if (ret)
		return ret;
	io.base = pci_map_rom(pdev, &image);
	vfio_pci_access_unlock(access);
	if (!io.base)
		return -ENOMEM;

	io.hole_start = image;
	io.hole_end = size;
	ret = vfio_pci_io_rw(access, &io, buf, min_t(u64, count, size - off),
			     off, false);
	pci_unmap_rom(pdev, io.base);
	return ret;
}

static ssize_t read_rom_copy(struct pci_dev *pdev, char __user *buf,
			     size_t count, u64 off)
{
	u64 size = roundup_pow_of_two(pdev->romlen);
	ssize_t ret;
	size_t image;
	void *rom;

	if (off >= size)
		return -EINVAL;
	count = min_t(u64, count, size - off);
	ret = count;
	image = off < pdev->romlen ? min_t(u64, count, pdev->romlen - off) : 0;

	rom = memremap(pdev->rom, pdev->romlen, MEMREMAP_WB);
	if (!rom)
		return -ENOMEM;

	if (copy_to_user(buf, rom + off, image) ||
	    vfio_pci_fill_ones(buf + image, count - image))
		ret = -EFAULT;
	memunmap(rom);
	return ret;
}

/*
 * Returns the bytes read, fewer than @count at the end of the region; -EINVAL
 * for a write, an offset behind the end or a device without ROM; -ENOMEM if
 * there is no image or it can't be mapped; or what vfio_pci_io_rw() says.
 */
ssize_t vfio_pci_rom_rw(struct vfio_pci_access *access, char __user *buf,
			size_t count, u64 off, bool iswrite)
{
	struct pci_dev *pdev = access->vdev->pdev;

	if (iswrite)
		return -EINVAL;
	if (has_rom_bar(pdev))
		return read_rom_bar(access, buf, count, off);
	if (has_rom_copy(pdev))
		return read_rom_copy(pdev, buf, count, off);
	return -EINVAL;
}
