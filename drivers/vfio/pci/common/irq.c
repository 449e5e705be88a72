// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: what VFIO_DEVICE_SET_IRQS does to which index.
 *
 * INTx, MSI and MSI-X exclude each other; irq.type says which is set up.
 * Error and request notifications are independent of them.  Each index is a
 * row of a table with a function per action; an action without one is refused.
 *
 * Everything here runs under irq.lock.  A refused call changes nothing.
 */
#include <linux/cleanup.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "err.h"
#include "intx.h"
#include "irq.h"
#include "msi.h"
#include "trace.h"

typedef int (*irq_action)(struct vfio_pci_device *vdev,
			  struct vfio_irq_set *set, void *data);

/**
 * struct irq_index - an interrupt index of the user's
 * @flags: VFIO_IRQ_INFO_*
 * @trigger: VFIO_IRQ_SET_ACTION_TRIGGER
 * @mask: VFIO_IRQ_SET_ACTION_MASK, optional
 * @unmask: VFIO_IRQ_SET_ACTION_UNMASK, optional
 */
struct irq_index {
	u32		flags;
	irq_action	trigger;
	irq_action	mask;
	irq_action	unmask;
};

static const struct irq_index indexes[VFIO_PCI_NUM_IRQS] = {
	[VFIO_PCI_INTX_IRQ_INDEX] = {
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
			 VFIO_IRQ_INFO_AUTOMASKED,
		.trigger = vfio_pci_intx_trigger,
		.mask = vfio_pci_common_intx_mask,
		.unmask = vfio_pci_common_intx_unmask,
	},
	[VFIO_PCI_MSI_IRQ_INDEX] = {
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
		.trigger = vfio_pci_msi_trigger,
	},
	[VFIO_PCI_MSIX_IRQ_INDEX] = {
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
		.trigger = vfio_pci_msi_trigger,
	},
	[VFIO_PCI_ERR_IRQ_INDEX] = {
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
		.trigger = vfio_pci_err_trigger,
	},
	[VFIO_PCI_REQ_IRQ_INDEX] = {
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
		.trigger = vfio_pci_req_trigger,
	},
};

struct vfio_pci_vector *vfio_pci_vector_alloc(struct vfio_pci_device *vdev,
					      struct eventfd_ctx *trigger,
					      char *name)
{
	struct vfio_pci_vector *vector;

	if (!name)
		return NULL;

	vector = kzalloc_obj(*vector, GFP_KERNEL_ACCOUNT);
	if (!vector) {
		kfree(name);
		return NULL;
	}
	vector->vdev = vdev;
	vector->trigger = trigger;
	vector->name = name;
	return vector;
}

/* The interrupt is released; the trigger is the caller's */
void vfio_pci_vector_free(struct vfio_pci_vector *vector)
{
	kfree(vector->name);
	kfree(vector);
}

void vfio_pci_irq_init(struct vfio_pci_device *vdev)
{
	mutex_init(&vdev->irq.lock);
	spin_lock_init(&vdev->irq.intx_lock);
	xa_init_flags(&vdev->irq.vectors, XA_FLAGS_ACCOUNT);
	vdev->irq.type = VFIO_PCI_NO_IRQ;
}

void vfio_pci_irq_destroy(struct vfio_pci_device *vdev)
{
	WARN_ON_ONCE(!xa_empty(&vdev->irq.vectors));
	xa_destroy(&vdev->irq.vectors);
	mutex_destroy(&vdev->irq.lock);
}

/* Interrupts of @index, which is valid */
unsigned int vfio_pci_irq_count(struct vfio_pci_device *vdev,
				unsigned int index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return vdev->config.vcopy[PCI_INTERRUPT_PIN] ? 1 : 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return vdev->irq.nr_msi;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return vdev->irq.nr_msix;
	default:
		return 1;
	}
}

/* VFIO_IRQ_INFO_* of @index, which is valid */
u32 vfio_pci_irq_flags(struct vfio_pci_device *vdev, unsigned int index)
{
	u32 flags = indexes[index].flags;

	if (index == VFIO_PCI_MSIX_IRQ_INDEX && vdev->irq.dyn_msix)
		flags &= ~VFIO_IRQ_INFO_NORESIZE;
	return flags;
}

static irq_action find_action(const struct vfio_irq_set *set)
{
	const struct irq_index *index = &indexes[set->index];

	switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		return index->trigger;
	case VFIO_IRQ_SET_ACTION_MASK:
		return index->mask;
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return index->unmask;
	default:
		return NULL;
	}
}

/*
 * @set has been checked: index, range and data type are valid, @data has the
 * size they demand.  Returns 0, a positive number of vectors that could have
 * been had, or an errno; -ENOTTY for an action that the index doesn't have.
 */
int vfio_pci_irq_set(struct vfio_pci_device *vdev, struct vfio_irq_set *set,
		     void *data)
{
	irq_action action = find_action(set);
	int ret;

	if (!action)
		return -ENOTTY;

	guard(mutex)(&vdev->irq.lock);
	ret = action(vdev, set, data);
	trace_vfio_pci_irq(vdev->pdev, set->index, set->count, ret);
	return ret;
}

/* The last close: no interrupt is left behind */
void vfio_pci_irq_close(struct vfio_pci_device *vdev)
{
	guard(mutex)(&vdev->irq.lock);

	switch (vdev->irq.type) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		vfio_pci_intx_disable(vdev);
		break;
	case VFIO_PCI_MSI_IRQ_INDEX:
	case VFIO_PCI_MSIX_IRQ_INDEX:
		vfio_pci_msi_disable(vdev);
		break;
	}
	vdev->irq.intx_disabled = false;
}
