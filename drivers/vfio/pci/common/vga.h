/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_VGA_H
#define VFIO_PCI_COMMON_VGA_H

#include <linux/errno.h>
#include <linux/types.h>

struct vfio_pci_access;
struct vfio_pci_device;

#ifdef CONFIG_VFIO_PCI_VGA
bool vfio_pci_vga_open(struct vfio_pci_device *vdev);
ssize_t vfio_pci_common_vga_rw(struct vfio_pci_access *access,
			       char __user *buf, size_t count, u64 off,
			       bool iswrite);
#else
static inline bool vfio_pci_vga_open(struct vfio_pci_device *vdev)
{
	return false;
}

static inline ssize_t
vfio_pci_common_vga_rw(struct vfio_pci_access *access, char __user *buf,
		       size_t count, u64 off, bool iswrite)
{
	return -EINVAL;
}
#endif

int vfio_pci_vga_register(struct vfio_pci_device *vdev);
void vfio_pci_vga_unregister(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_VGA_H */
