// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notices to the user that are not the device's interrupts: an uncorrectable
 * error (VFIO_PCI_ERR_IRQ_INDEX), and the host wanting the device back
 * (VFIO_PCI_REQ_IRQ_INDEX).
 *
 * Owns irq.err and irq.req.  Writers hold irq.lock; those who signal are in
 * the middle of error recovery or of an unbind and hold only RCU.
 */
#include <linux/cleanup.h>
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "err.h"
#include "irq.h"
#include "registry.h"

static bool signal_slot(struct vfio_pci_eventfd __rcu **slot)
{
	struct vfio_pci_eventfd *eventfd;

	guard(rcu)();
	eventfd = rcu_dereference(*slot);
	if (eventfd)
		eventfd_signal(eventfd->ctx);
	return eventfd;
}

static void free_eventfd(struct rcu_head *rcu)
{
	struct vfio_pci_eventfd *eventfd =
		container_of(rcu, struct vfio_pci_eventfd, rcu);

	eventfd_ctx_put(eventfd->ctx);
	kfree(eventfd);
}

static void set_slot(struct vfio_pci_device *vdev, struct vfio_pci_eventfd __rcu **slot,
		     struct vfio_pci_eventfd *new)
{
	struct vfio_pci_eventfd *old;

	old = rcu_replace_pointer(*slot, new,
				  lockdep_is_held(&vdev->irq.lock));
	if (old)
		call_rcu(&old->rcu, free_eventfd);
}

static int set_eventfd(struct vfio_pci_device *vdev, struct vfio_pci_eventfd __rcu **slot,
		       s32 fd)
{
	struct vfio_pci_eventfd *new __free(kfree) = NULL;

	if (fd < -1)
		return -EINVAL;
	if (fd == -1) {
		set_slot(vdev, slot, NULL);
		return 0;
	}

	new = kzalloc_obj(*new, GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;

	new->ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(new->ctx))
		return PTR_ERR(new->ctx);

	set_slot(vdev, slot, no_free_ptr(new));
	return 0;
}

/* The one interrupt of an index that has nothing but a trigger */
static int trigger(struct vfio_pci_device *vdev, struct vfio_pci_eventfd __rcu **slot,
		   const struct vfio_irq_set *set, void *data)
{
	bool is_set = rcu_access_pointer(*slot);

	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		if (!is_set)
			return -EINVAL;
		if (set->count)
			signal_slot(slot);
		else
			set_slot(vdev, slot, NULL);
		return 0;
	}

	if (!set->count)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_eventfd(vdev, slot, *(s32 *)data);
	if (*(u8 *)data)
		signal_slot(slot);
	return 0;
}

int vfio_pci_err_trigger(struct vfio_pci_device *vdev,
			 struct vfio_irq_set *set, void *data)
{
	return trigger(vdev, &vdev->irq.err, set, data);
}

int vfio_pci_req_trigger(struct vfio_pci_device *vdev,
			 struct vfio_irq_set *set, void *data)
{
	return trigger(vdev, &vdev->irq.req, set, data);
}

void vfio_pci_err_close(struct vfio_pci_device *vdev)
{
	guard(mutex)(&vdev->irq.lock);

	set_slot(vdev, &vdev->irq.err, NULL);
	set_slot(vdev, &vdev->irq.req, NULL);
}

/**
 * vfio_pci_common_request - ask the user for the device back
 * @core_vdev: the device
 * @count: how often it was asked before
 *
 * The request operation of struct vfio_device_ops.  Signals the user's
 * VFIO_PCI_REQ_IRQ_INDEX eventfd; a user without one can't know, which is
 * said once in the log.
 *
 * Context: may sleep; the vfio core calls it until the device is released.
 */
void vfio_pci_common_request(struct vfio_device *core_vdev, unsigned int count)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);
	struct pci_dev *pdev = vdev->pdev;

	if (signal_slot(&vdev->irq.req)) {
		if (count % 10 == 0)
			pci_notice_ratelimited(pdev,
					       "release of the device requested from its user (#%u)\n",
					       count);
	} else if (!count) {
		pci_warn(pdev, "the user set up no eventfd for release requests, waiting until the device is closed\n");
	}
}
EXPORT_SYMBOL_GPL(vfio_pci_common_request);

/**
 * vfio_pci_common_err_detected - an uncorrectable error of the device
 * @pdev: the PCI device, bound to a driver of this library
 * @state: unused, the user decides what to do
 *
 * The error_detected callback of struct pci_error_handlers.  Signals the
 * user's VFIO_PCI_ERR_IRQ_INDEX eventfd, if there is a user.
 *
 * Context: error recovery; may sleep.
 * Return: PCI_ERS_RESULT_CAN_RECOVER, so that the other devices of the
 * hierarchy are recovered.
 */
pci_ers_result_t vfio_pci_common_err_detected(struct pci_dev *pdev,
					      pci_channel_state_t state)
{
	struct vfio_pci_device *vdev;
	int token;

	vdev = vfio_pci_registry_get(pdev, &token);
	if (vdev)
		signal_slot(&vdev->irq.err);
	vfio_pci_registry_put(token);

	return PCI_ERS_RESULT_CAN_RECOVER;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_err_detected);

/* For struct pci_driver.err_handler */
const struct pci_error_handlers vfio_pci_common_err_handlers = {
	.error_detected = vfio_pci_common_err_detected,
};
EXPORT_SYMBOL_GPL(vfio_pci_common_err_handlers);
