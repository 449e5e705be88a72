/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_DEBUGFS_H
#define VFIO_PCI_COMMON_DEBUGFS_H

struct vfio_pci_device;

#if IS_ENABLED(CONFIG_VFIO_DEBUGFS)
void vfio_pci_debugfs_register(struct vfio_pci_device *vdev);
#else
static inline void vfio_pci_debugfs_register(struct vfio_pci_device *vdev)
{
}
#endif

#endif /* VFIO_PCI_COMMON_DEBUGFS_H */
