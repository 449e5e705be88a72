/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_REGISTRY_H
#define VFIO_PCI_COMMON_REGISTRY_H

struct pci_dev;
struct vfio_pci_device;

void vfio_pci_registry_add(struct vfio_pci_device *vdev);
void vfio_pci_registry_del(struct vfio_pci_device *vdev);
struct vfio_pci_device *vfio_pci_registry_get(struct pci_dev *pdev,
					      int *token);
void vfio_pci_registry_put(int token);

#endif /* VFIO_PCI_COMMON_REGISTRY_H */
