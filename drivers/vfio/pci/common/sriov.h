/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_SRIOV_H
#define VFIO_PCI_COMMON_SRIOV_H

struct vfio_pci_device;

int vfio_pci_sriov_register(struct vfio_pci_device *vdev);
void vfio_pci_sriov_disable(struct vfio_pci_device *vdev);
void vfio_pci_sriov_unregister(struct vfio_pci_device *vdev);
void vfio_pci_sriov_open(struct vfio_pci_device *vdev);
void vfio_pci_sriov_close(struct vfio_pci_device *vdev);
int vfio_pci_sriov_set_token(struct vfio_pci_device *vdev, void __user *arg);

#endif /* VFIO_PCI_COMMON_SRIOV_H */
