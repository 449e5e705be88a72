/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_IRQ_H
#define VFIO_PCI_COMMON_IRQ_H

#include <linux/eventfd.h>
#include <linux/irqbypass.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_common.h>

/* vfio_pci_irq.type while no index is set up */
#define VFIO_PCI_NO_IRQ	VFIO_PCI_NUM_IRQS

/**
 * struct vfio_pci_vector - an interrupt that signals an eventfd
 * @vdev: the device
 * @trigger: signalled by the handler; replaced under vfio_pci_irq.lock, the
 *	old one is put once no handler can be using it
 * @name: as in /proc/interrupts
 * @irq: Linux interrupt number
 * @masked: INTx only; under intx_lock
 * @unmask: INTx only; irqfd that unmasks
 * @bypass: announces the vector to those who deliver it without the host
 * @bypassed: @bypass is registered
 */
struct vfio_pci_vector {
	struct vfio_pci_device		*vdev;
	struct eventfd_ctx		*trigger;
	char				*name;
	int				irq;
	bool				masked;
	struct virqfd			*unmask;
	struct irq_bypass_producer	bypass;
	bool				bypassed;
};

struct vfio_pci_vector *vfio_pci_vector_alloc(struct vfio_pci_device *vdev,
					      struct eventfd_ctx *trigger,
					      char *name);
void vfio_pci_vector_free(struct vfio_pci_vector *vector);

void vfio_pci_irq_init(struct vfio_pci_device *vdev);
void vfio_pci_irq_destroy(struct vfio_pci_device *vdev);
unsigned int vfio_pci_irq_count(struct vfio_pci_device *vdev,
				unsigned int index);
u32 vfio_pci_irq_flags(struct vfio_pci_device *vdev, unsigned int index);
int vfio_pci_irq_set(struct vfio_pci_device *vdev, struct vfio_irq_set *set,
		     void *data);
void vfio_pci_irq_close(struct vfio_pci_device *vdev);

static inline bool vfio_pci_irq_is(struct vfio_pci_device *vdev, int type)
{
	lockdep_assert_held(&vdev->irq.lock);

	return vdev->irq.type == type;
}

#endif /* VFIO_PCI_COMMON_IRQ_H */
