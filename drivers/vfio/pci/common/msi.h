/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_MSI_H
#define VFIO_PCI_COMMON_MSI_H

struct vfio_irq_set;
struct vfio_pci_device;

void vfio_pci_msi_open(struct vfio_pci_device *vdev);
int vfio_pci_msi_trigger(struct vfio_pci_device *vdev,
			 struct vfio_irq_set *set, void *data);
void vfio_pci_msi_disable(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_MSI_H */
