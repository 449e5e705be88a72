/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_IO_H
#define VFIO_PCI_COMMON_IO_H

#include <linux/types.h>

struct vfio_pci_access;

/**
 * struct vfio_pci_io - a range of device memory or ports
 * @base: kernel mapping
 * @port: I/O ports
 * @test_memory: refused with -EIO while memory decoding is off
 * @max_width: of one bus access, 4 or 8 bytes
 * @hole_start: first byte that reads as ones and ignores writes
 * @hole_end: first byte behind that; no more than @hole_start if there is none
 */
struct vfio_pci_io {
	void __iomem	*base;
	bool		port;
	bool		test_memory;
	u8		max_width;
	u64		hole_start;
	u64		hole_end;
};

ssize_t vfio_pci_io_rw(struct vfio_pci_access *access,
		       const struct vfio_pci_io *io, char __user *buf,
		       size_t count, u64 off, bool iswrite);
int vfio_pci_fill_ones(char __user *buf, size_t count);
void vfio_pci_io_write(void __iomem *addr, bool port, unsigned int width,
		       u64 val);

#endif /* VFIO_PCI_COMMON_IO_H */
