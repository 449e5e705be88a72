/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_HOTRESET_H
#define VFIO_PCI_COMMON_HOTRESET_H

struct vfio_pci_device;
struct vfio_pci_hot_reset;
struct vfio_pci_hot_reset_info;

int vfio_pci_hot_reset_info(struct vfio_pci_device *vdev,
			    struct vfio_pci_hot_reset_info *info,
			    void __user *arg);
int vfio_pci_hot_reset(struct vfio_pci_device *vdev,
		       struct vfio_pci_hot_reset *hdr, void __user *arg);

int vfio_pci_hot_reset_assign_set(struct vfio_pci_device *vdev);
void vfio_pci_hot_reset_idle(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_HOTRESET_H */
