/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_ROM_H
#define VFIO_PCI_COMMON_ROM_H

#include <linux/types.h>

struct vfio_pci_access;
struct vfio_pci_device;

u64 vfio_pci_rom_size(struct vfio_pci_device *vdev);
ssize_t vfio_pci_rom_rw(struct vfio_pci_access *access, char __user *buf,
			size_t count, u64 off, bool iswrite);

#endif /* VFIO_PCI_COMMON_ROM_H */
