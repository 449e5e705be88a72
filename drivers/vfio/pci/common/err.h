/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_ERR_H
#define VFIO_PCI_COMMON_ERR_H

struct vfio_irq_set;
struct vfio_pci_device;

int vfio_pci_err_trigger(struct vfio_pci_device *vdev,
			 struct vfio_irq_set *set, void *data);
int vfio_pci_req_trigger(struct vfio_pci_device *vdev,
			 struct vfio_irq_set *set, void *data);
void vfio_pci_err_close(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_ERR_H */
