// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx: level triggered, often shared, one per function.
 *
 * The line stays asserted until the user's driver has served the device, so
 * each interrupt is masked before its eventfd is signalled, and the user
 * unmasks.  Devices of PCI 2.3 and later are masked by their INTx Disable bit
 * and can share the line; for others the line itself is disabled, and is
 * theirs alone.
 *
 * An unmask that finds the line still asserted would take the interrupt again
 * at once: the eventfd is signalled instead, and the mask stays.
 *
 * The user's virtual INTx Disable bit masks as well, keeps the eventfd silent
 * and turns unmask requests into nothing until it is cleared.
 *
 * Owns the mask state, under intx_lock, which the handler takes.  The vector is
 * irq.intx: set up under irq.lock, seen by others under intx_lock.
 *
 * Eventfds are never signalled under intx_lock: the wake-up of the unmask
 * eventfd takes it, under the lock of that eventfd.  Who signals without being
 * the handler or holding irq.lock is in an RCU section, so the vector and its
 * eventfd live until a grace period after they are out of reach.
 */
#include <linux/cleanup.h>
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "intx.h"
#include "irq.h"

/* Devices whose INTx Disable bit doesn't do what it says: no INTx for the user */
static const struct pci_device_id broken_intx[] = {
	{ PCI_VDEVICE(INTEL, 0x1563) },	/* X550 */
	{ PCI_VDEVICE(INTEL, 0x1572) },	/* X710 and XL710 */
	{ PCI_VDEVICE(INTEL, 0x1574) },
	{ PCI_VDEVICE(INTEL, 0x1580) },
	{ PCI_VDEVICE(INTEL, 0x1581) },
	{ PCI_VDEVICE(INTEL, 0x1583) },
	{ PCI_VDEVICE(INTEL, 0x1584) },
	{ PCI_VDEVICE(INTEL, 0x1585) },
	{ PCI_VDEVICE(INTEL, 0x1586) },
	{ PCI_VDEVICE(INTEL, 0x1587) },
	{ PCI_VDEVICE(INTEL, 0x1588) },
	{ PCI_VDEVICE(INTEL, 0x1589) },
	{ PCI_VDEVICE(INTEL, 0x158a) },
	{ PCI_VDEVICE(INTEL, 0x158b) },
	{ PCI_VDEVICE(INTEL, 0x37d0) },	/* X722 */
	{ PCI_VDEVICE(INTEL, 0x37d1) },
	{ PCI_VDEVICE(INTEL, 0x37d2) },
	{ }
};

/* A device that reports a pin by mistake of its designers, known as such */
static const struct pci_device_id vf_pin_known[] = {
	{ PCI_VDEVICE(INTEL, 0x270c) },
	{ }
};

/* Decide at open how INTx is masked, and leave it enabled at the device */
void vfio_pci_intx_open(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 command;

	vdev->irq.pci_2_3 = false;
	vdev->irq.nointx = false;

	if (!vdev->policy.nointxmask) {
		vdev->irq.nointx = pci_match_id(broken_intx, pdev);
		vdev->irq.pci_2_3 = !vdev->irq.nointx &&
				    !pdev->broken_intx_masking;
	}

	vfio_pci_intx_keep_hidden(vdev);
	if (!vdev->irq.pci_2_3)
		return;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (command & PCI_COMMAND_INTX_DISABLE)
		pci_write_config_word(pdev, PCI_COMMAND,
				      command & ~PCI_COMMAND_INTX_DISABLE);
}

/* INTx that the user doesn't see has to stay off at the device */
void vfio_pci_intx_keep_hidden(struct vfio_pci_device *vdev)
{
	if (vdev->irq.nointx)
		pci_intx(vdev->pdev, 0);
}

/* The PCI core turned INTx on when MSI ended: make it what the user set */
void vfio_pci_intx_after_msi(struct vfio_pci_device *vdev)
{
	vfio_pci_intx_keep_hidden(vdev);
	if (!vdev->irq.pci_2_3)
		return;
	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		pci_intx(vdev->pdev, !vdev->irq.intx_disabled);
}

/*
 * The device was given its command register as it was read some time ago, after a
 * reset or when it woke up.  The INTx Disable bit may have changed meanwhile: an
 * interrupt that was masked would come again and again, one that was unmasked never.
 */
void vfio_pci_intx_refresh(struct vfio_pci_device *vdev)
{
	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		if (vdev->irq.intx && vdev->irq.pci_2_3)
			pci_intx(vdev->pdev, !vdev->irq.intx->masked);
}

/* Is there an interrupt pin for the user?  Asked once, at open. */
bool vfio_pci_intx_visible(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (pdev->is_virtfn) {
		/* VFs have no INTx (SR-IOV 1.1, 3.4.1.18) */
		if (vdev->config.vcopy[PCI_INTERRUPT_PIN] &&
		    !pci_match_id(vf_pin_known, pdev))
			pci_warn(pdev, "hardware bug: VF reports interrupt pin %u\n",
				 vdev->config.vcopy[PCI_INTERRUPT_PIN]);
		return false;
	}
	return IS_ENABLED(CONFIG_VFIO_PCI_INTX) && !vdev->irq.nointx &&
	       pdev->irq && pdev->irq != IRQ_NOTCONNECTED;
}

static void signal_user(struct vfio_pci_vector *v)
{
	struct eventfd_ctx *trigger = READ_ONCE(v->trigger);

	if (trigger && !READ_ONCE(v->vdev->irq.intx_disabled))
		eventfd_signal(trigger);
}

/* Mask @v; false if it was masked already */
static bool mask(struct vfio_pci_device *vdev, struct vfio_pci_vector *v)
{
	lockdep_assert_held(&vdev->irq.intx_lock);

	if (v->masked)
		return false;
	if (vdev->irq.pci_2_3)
		pci_intx(vdev->pdev, 0);
	else
		disable_irq_nosync(v->irq);
	v->masked = true;
	return true;
}

/* Unmask @v; true if the line is asserted, so that the user has to be told */
static bool unmask(struct vfio_pci_device *vdev, struct vfio_pci_vector *v)
{
	lockdep_assert_held(&vdev->irq.intx_lock);

	if (!v->masked || vdev->irq.intx_disabled)
		return false;
	if (!vdev->irq.pci_2_3)
		enable_irq(v->irq);
	else if (!pci_check_and_unmask_intx(vdev->pdev))
		return true;
	v->masked = false;
	return false;
}

static irqreturn_t handler(int irq, void *data)
{
	struct vfio_pci_vector *v = data;
	struct vfio_pci_device *vdev = v->vdev;

	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock) {
		if (!vdev->irq.pci_2_3)
			mask(vdev, v);
		else if (!v->masked && pci_check_and_mask_intx(vdev->pdev))
			v->masked = true;
		else
			return IRQ_NONE;
	}
	signal_user(v);
	return IRQ_HANDLED;
}

/* From the wake-up of the user's unmask eventfd; 1 asks for the thread */
static int unmask_irqfd(void *opaque, void *data)
{
	struct vfio_pci_device *vdev = opaque;
	int asserted;

	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		asserted = unmask(vdev, data);
	return asserted;
}

/* Signalling one eventfd from the wake-up of another could recurse */
static void unmask_irqfd_thread(void *opaque, void *data)
{
	signal_user(data);
}

/* Publish @v as the device's INTx, in the state that the user's bit asks for */
static void publish(struct vfio_pci_device *vdev, struct vfio_pci_vector *v)
{
	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock) {
		v->masked = vdev->irq.intx_disabled;
		if (vdev->irq.pci_2_3)
			pci_intx(vdev->pdev, !v->masked);
		vdev->irq.intx = v;
	}
}

static void unpublish(struct vfio_pci_device *vdev)
{
	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		vdev->irq.intx = NULL;
}

static int request(struct vfio_pci_device *vdev, struct vfio_pci_vector *v)
{
	unsigned long flags = IRQF_SHARED;
	int ret;

	if (!vdev->irq.pci_2_3) {
		/* A lazy disable would let the line in once more */
		irq_set_status_flags(v->irq, IRQ_DISABLE_UNLAZY);
		flags = v->masked ? IRQF_NO_AUTOEN : 0;
	}

	ret = request_irq(v->irq, handler, flags, v->name, v);
	if (ret && !vdev->irq.pci_2_3)
		irq_clear_status_flags(v->irq, IRQ_DISABLE_UNLAZY);
	return ret;
}

/* Takes over @trigger, which may be NULL, if it succeeds */
static int enable(struct vfio_pci_device *vdev, struct eventfd_ctx *trigger)
{
	struct pci_dev *pdev = vdev->pdev;
	struct vfio_pci_vector *v;
	int ret;

	if (!pdev->irq || pdev->irq == IRQ_NOTCONNECTED)
		return -ENODEV;

	v = vfio_pci_vector_alloc(vdev, trigger,
				  kasprintf(GFP_KERNEL_ACCOUNT,
					    "vfio-intx(%s)", pci_name(pdev)));
	if (!v)
		return -ENOMEM;

	v->irq = pdev->irq;
	publish(vdev, v);
	WRITE_ONCE(vdev->irq.type, VFIO_PCI_INTX_IRQ_INDEX);

	ret = request(vdev, v);
	if (ret) {
		WRITE_ONCE(vdev->irq.type, VFIO_PCI_NO_IRQ);
		unpublish(vdev);
		synchronize_rcu();
		vfio_pci_vector_free(v);
	}
	return ret;
}

void vfio_pci_intx_disable(struct vfio_pci_device *vdev)
{
	struct vfio_pci_vector *v = vdev->irq.intx;

	lockdep_assert_held(&vdev->irq.lock);

	vfio_virqfd_disable(&v->unmask);
	unpublish(vdev);
	free_irq(v->irq, v);
	if (!vdev->irq.pci_2_3)
		irq_clear_status_flags(v->irq, IRQ_DISABLE_UNLAZY);

	synchronize_rcu();
	if (v->trigger)
		eventfd_ctx_put(v->trigger);
	vfio_pci_vector_free(v);
	WRITE_ONCE(vdev->irq.type, VFIO_PCI_NO_IRQ);
}

/* The old eventfd goes when nobody can be about to signal it */
static void replace_trigger(struct vfio_pci_vector *v,
			    struct eventfd_ctx *trigger)
{
	struct eventfd_ctx *old = v->trigger;

	WRITE_ONCE(v->trigger, trigger);
	if (!old)
		return;
	synchronize_irq(v->irq);
	vfio_virqfd_flush_thread(&v->unmask);
	synchronize_rcu();
	eventfd_ctx_put(old);
}

static int set_eventfd(struct vfio_pci_device *vdev, s32 fd)
{
	struct eventfd_ctx *trigger = NULL;
	int ret = 0;

	if (!vfio_pci_irq_is(vdev, VFIO_PCI_NO_IRQ) &&
	    !vfio_pci_irq_is(vdev, VFIO_PCI_INTX_IRQ_INDEX))
		return -EINVAL;

	if (fd >= 0) {
		trigger = eventfd_ctx_fdget(fd);
		if (IS_ERR(trigger))
			return PTR_ERR(trigger);
	}

	if (vdev->irq.intx)
		replace_trigger(vdev->irq.intx, trigger);
	else
		ret = enable(vdev, trigger);

	if (ret && trigger)
		eventfd_ctx_put(trigger);
	return ret;
}

/* With no data it is asked for, with bools if the byte is set */
static bool wanted(const struct vfio_irq_set *set, const void *data)
{
	return set->flags & VFIO_IRQ_SET_DATA_NONE || *(const u8 *)data;
}

int vfio_pci_intx_trigger(struct vfio_pci_device *vdev,
			  struct vfio_irq_set *set, void *data)
{
	bool active = vfio_pci_irq_is(vdev, VFIO_PCI_INTX_IRQ_INDEX);

	if (active && !set->count && set->flags & VFIO_IRQ_SET_DATA_NONE) {
		vfio_pci_intx_disable(vdev);
		return 0;
	}
	if (set->start != 0 || set->count != 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_eventfd(vdev, *(s32 *)data);
	if (!active)
		return -EINVAL;

	if (wanted(set, data))
		signal_user(vdev->irq.intx);
	return 0;
}

static bool is_active_one(struct vfio_pci_device *vdev,
			  const struct vfio_irq_set *set)
{
	return vfio_pci_irq_is(vdev, VFIO_PCI_INTX_IRQ_INDEX) &&
	       set->start == 0 && set->count == 1;
}

int vfio_pci_common_intx_mask(struct vfio_pci_device *vdev,
			      struct vfio_irq_set *set, void *data)
{
	if (!is_active_one(vdev, set))
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return -ENOTTY;

	if (!wanted(set, data))
		return 0;

	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		mask(vdev, vdev->irq.intx);
	return 0;
}

static void unmask_and_signal(struct vfio_pci_device *vdev)
{
	struct vfio_pci_vector *v = vdev->irq.intx;
	bool asserted;

	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		asserted = unmask(vdev, v);
	if (asserted)
		signal_user(v);
}

int vfio_pci_common_intx_unmask(struct vfio_pci_device *vdev,
				struct vfio_irq_set *set, void *data)
{
	struct vfio_pci_vector *v = vdev->irq.intx;

	if (!is_active_one(vdev, set))
		return -EINVAL;

	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		s32 fd = *(s32 *)data;

		if (fd >= 0)
			return vfio_virqfd_enable(vdev, unmask_irqfd,
						  unmask_irqfd_thread, v,
						  &v->unmask, fd);
		vfio_virqfd_disable(&v->unmask);
		return 0;
	}

	if (wanted(set, data))
		unmask_and_signal(vdev);
	return 0;
}

/* With the new value of the virtual INTx Disable bit; true as of unmask() */
static bool follow_disabled(struct vfio_pci_device *vdev, bool disabled)
{
	struct vfio_pci_vector *v = vdev->irq.intx;

	lockdep_assert_held(&vdev->irq.intx_lock);

	WRITE_ONCE(vdev->irq.intx_disabled, disabled);

	if (v && !disabled)
		return unmask(vdev, v);
	if (v)
		mask(vdev, v);
	else if (vdev->irq.pci_2_3)
		pci_intx(vdev->pdev, !disabled);
	return false;
}

/*
 * The user wrote his virtual INTx Disable bit.  While INTx isn't set up the bit
 * at the device follows, so that nothing is asserted behind the mask.
 */
void vfio_pci_intx_set_disabled(struct vfio_pci_device *vdev, bool disabled)
{
	struct vfio_pci_vector *v = NULL;

	/* Nobody else changes it, and most writes leave it as it is */
	lockdep_assert_held(&vdev->config.lock);
	if (vdev->irq.intx_disabled == disabled)
		return;

	guard(rcu)();
	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		if (follow_disabled(vdev, disabled))
			v = vdev->irq.intx;
	if (v)
		signal_user(v);
}

/* A suspended device must not hold a shared line */
void vfio_pci_intx_suspend(struct vfio_pci_device *vdev)
{
	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock)
		vdev->irq.pm_masked = vdev->irq.intx &&
				      mask(vdev, vdev->irq.intx);
}

void vfio_pci_intx_resume(struct vfio_pci_device *vdev)
{
	struct vfio_pci_vector *v = NULL;

	guard(rcu)();
	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock) {
		if (vdev->irq.pm_masked && vdev->irq.intx &&
		    unmask(vdev, vdev->irq.intx))
			v = vdev->irq.intx;
		vdev->irq.pm_masked = false;
	}
	if (v)
		signal_user(v);
}
