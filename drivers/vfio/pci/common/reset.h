/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_RESET_H
#define VFIO_PCI_COMMON_RESET_H

#include <linux/types.h>

struct pci_dev;
struct vfio_pci_device;

bool vfio_pci_reset_worthwhile(struct pci_dev *pdev);
void vfio_pci_reset_register(struct vfio_pci_device *vdev);
void vfio_pci_reset_unregister(struct vfio_pci_device *vdev);
void vfio_pci_reset_to_registered(struct vfio_pci_device *vdev);
int vfio_pci_reset_open(struct vfio_pci_device *vdev);
void vfio_pci_reset_close(struct vfio_pci_device *vdev);
int vfio_pci_reset_function(struct vfio_pci_device *vdev);
void vfio_pci_reset_by_config(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_RESET_H */
