/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_INTX_H
#define VFIO_PCI_COMMON_INTX_H

#include <linux/types.h>

struct vfio_irq_set;
struct vfio_pci_device;

/* Actions of VFIO_PCI_INTX_IRQ_INDEX, under irq.lock */
int vfio_pci_intx_trigger(struct vfio_pci_device *vdev,
			  struct vfio_irq_set *set, void *data);
int vfio_pci_common_intx_mask(struct vfio_pci_device *vdev,
			      struct vfio_irq_set *set, void *data);
int vfio_pci_common_intx_unmask(struct vfio_pci_device *vdev,
				struct vfio_irq_set *set, void *data);
void vfio_pci_intx_disable(struct vfio_pci_device *vdev);

/* Life cycle, config space and power management */
void vfio_pci_intx_open(struct vfio_pci_device *vdev);
bool vfio_pci_intx_visible(struct vfio_pci_device *vdev);
void vfio_pci_intx_keep_hidden(struct vfio_pci_device *vdev);
void vfio_pci_intx_after_msi(struct vfio_pci_device *vdev);
void vfio_pci_intx_refresh(struct vfio_pci_device *vdev);
void vfio_pci_intx_set_disabled(struct vfio_pci_device *vdev, bool disabled);
void vfio_pci_intx_suspend(struct vfio_pci_device *vdev);
void vfio_pci_intx_resume(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_INTX_H */
