// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI and MSI-X: a set of vectors, each with an eventfd or none.
 *
 * A block of eventfds is applied in three steps: look all of them up, request
 * the interrupts of vectors that had none, and then, with nothing left that
 * can fail, swap the eventfds of those that had one and release those that
 * lose theirs.  A block that can't be applied changes nothing.
 *
 * An interrupt that stays requested while its eventfd is swapped is not lost:
 * it signals the one or the other.
 *
 * The kernel writes addresses, data and mask bits; for those in a BAR memory
 * decoding has to be on whatever the user has set.
 *
 * Owns irq.vectors and irq.msi_qmax, under irq.lock.
 */
#include <linux/cleanup.h>
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/irqbypass.h>
#include <linux/log2.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "access.h"
#include "intx.h"
#include "irq.h"
#include "msi.h"

/* What the device has doesn't change, so it is asked once */
void vfio_pci_msi_open(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	vdev->irq.nr_msi = max(pci_msi_vec_count(pdev), 0);
	vdev->irq.nr_msix = max(pci_msix_vec_count(pdev), 0);
	vdev->irq.dyn_msix = vdev->irq.nr_msix && pci_msix_can_alloc_dyn(pdev);
}

static irqreturn_t handler(int irq, void *data)
{
	struct vfio_pci_vector *v = data;

	eventfd_signal(READ_ONCE(v->trigger));
	return IRQ_HANDLED;
}

static bool is_msix(const struct vfio_irq_set *set)
{
	return set->index == VFIO_PCI_MSIX_IRQ_INDEX;
}

/*
 * Allocate @nr vectors.  Returns 0, the number that could be had if that is
 * fewer, or an errno.
 */
static int enable(struct vfio_pci_device *vdev, unsigned int nr, bool msix)
{
	u16 command = vfio_pci_gate_force_memory(vdev);
	int ret;

	ret = pci_alloc_irq_vectors(vdev->pdev, 1, nr,
				    msix ? PCI_IRQ_MSIX : PCI_IRQ_MSI);
	if (ret > 0 && ret < nr)
		pci_free_irq_vectors(vdev->pdev);
	vfio_pci_gate_restore_memory(vdev, command);
	if (ret != nr) {
		vfio_pci_intx_after_msi(vdev);
		return ret;
	}

	if (!msix)
		vdev->irq.msi_qmax = order_base_2(nr);
	WRITE_ONCE(vdev->irq.type, msix ? VFIO_PCI_MSIX_IRQ_INDEX :
					  VFIO_PCI_MSI_IRQ_INDEX);
	return 0;
}

/* Tell those who can deliver the vector without the host, if there are any */
static void bypass_start(struct vfio_pci_vector *v)
{
	int ret;

	ret = irq_bypass_register_producer(&v->bypass, v->trigger, v->irq);
	v->bypassed = !ret;
	if (ret)
		pci_info_ratelimited(v->vdev->pdev,
				     "%s can't be bypassed: %d\n", v->name,
				     ret);
}

static void bypass_stop(struct vfio_pci_vector *v)
{
	if (v->bypassed)
		irq_bypass_unregister_producer(&v->bypass);
	v->bypassed = false;
}

/*
 * A reset by the user's own means may have wiped the MSI-X table: write the
 * message again before it is relied on.
 */
static void heal_message(struct vfio_pci_vector *v)
{
	struct msi_msg msg;

	if (v->vdev->irq.type != VFIO_PCI_MSIX_IRQ_INDEX)
		return;
	get_cached_msi_msg(v->irq, &msg);
	pci_write_msi_msg(v->irq, &msg);
}

/* The Linux interrupt of vector @nr, allocated now if MSI-X allows that */
static int irq_of_vector(struct vfio_pci_device *vdev, unsigned int nr)
{
	struct msi_map map;
	u16 command;
	int irq;

	irq = pci_irq_vector(vdev->pdev, nr);
	if (irq > 0)
		return irq;
	if (vdev->irq.type != VFIO_PCI_MSIX_IRQ_INDEX || !vdev->irq.dyn_msix)
		return -EINVAL;

	command = vfio_pci_gate_force_memory(vdev);
	map = pci_msix_alloc_irq_at(vdev->pdev, nr, NULL);
	vfio_pci_gate_restore_memory(vdev, command);
	return map.index < 0 ? map.index : map.virq;
}

static int request(struct vfio_pci_vector *v)
{
	u16 command = vfio_pci_gate_force_memory(v->vdev);
	int ret;

	heal_message(v);
	ret = request_irq(v->irq, handler, 0, v->name, v);
	vfio_pci_gate_restore_memory(v->vdev, command);
	return ret;
}

/* Start delivering vector @nr to @trigger, which it takes over */
static int add_vector(struct vfio_pci_device *vdev, unsigned int nr,
		      struct eventfd_ctx *trigger)
{
	bool msix = vdev->irq.type == VFIO_PCI_MSIX_IRQ_INDEX;
	struct vfio_pci_vector *v;
	int irq, ret;

	irq = irq_of_vector(vdev, nr);
	if (irq < 0)
		return irq;

	v = vfio_pci_vector_alloc(vdev, trigger,
				  kasprintf(GFP_KERNEL_ACCOUNT,
					    "vfio-msi%s[%u](%s)",
					    msix ? "x" : "", nr,
					    pci_name(vdev->pdev)));
	if (!v)
		return -ENOMEM;
	v->irq = irq;

	ret = xa_insert(&vdev->irq.vectors, nr, v, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto free_vector;

	ret = request(v);
	if (ret)
		goto erase;

	bypass_start(v);
	return 0;

erase:
	xa_erase(&vdev->irq.vectors, nr);
free_vector:
	vfio_pci_vector_free(v);
	return ret;
}

/* Stop delivering vector @nr; the eventfd is the caller's again */
static struct eventfd_ctx *remove_vector(struct vfio_pci_device *vdev,
					 unsigned int nr)
{
	struct vfio_pci_vector *v = xa_erase(&vdev->irq.vectors, nr);
	struct eventfd_ctx *trigger;
	u16 command;

	if (!v)
		return NULL;

	bypass_stop(v);
	command = vfio_pci_gate_force_memory(vdev);
	free_irq(v->irq, v);
	vfio_pci_gate_restore_memory(vdev, command);

	trigger = v->trigger;
	vfio_pci_vector_free(v);
	return trigger;
}

static void drop_vector(struct vfio_pci_device *vdev, unsigned int nr)
{
	struct eventfd_ctx *trigger = remove_vector(vdev, nr);

	if (trigger)
		eventfd_ctx_put(trigger);
}

/* Swap the eventfd of a live vector */
static void swap_trigger(struct vfio_pci_vector *v, struct eventfd_ctx *trigger)
{
	struct eventfd_ctx *old = v->trigger;
	u16 command;

	bypass_stop(v);
	WRITE_ONCE(v->trigger, trigger);
	synchronize_irq(v->irq);
	eventfd_ctx_put(old);

	command = vfio_pci_gate_force_memory(v->vdev);
	heal_message(v);
	vfio_pci_gate_restore_memory(v->vdev, command);
	bypass_start(v);
}

/**
 * struct new_trigger - of one vector of a block
 * @ctx: the eventfd, NULL for none
 * @added: the vector had no interrupt before
 */
struct new_trigger {
	struct eventfd_ctx	*ctx;
	bool			added;
};

static void put_triggers(struct new_trigger *triggers, unsigned int count)
{
	while (count--)
		if (triggers[count].ctx)
			eventfd_ctx_put(triggers[count].ctx);
}

/* Look up @count eventfds; a negative fd stands for none */
static int get_triggers(const s32 *fds, struct new_trigger *triggers,
			unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct eventfd_ctx *ctx = NULL;

		if (fds[i] >= 0)
			ctx = eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(ctx)) {
			put_triggers(triggers, i);
			return PTR_ERR(ctx);
		}
		triggers[i] = (struct new_trigger){ .ctx = ctx };
	}
	return 0;
}

/*
 * Request what has no interrupt yet.  On failure those are released again;
 * their eventfds stay the caller's.
 */
static int add_vectors(struct vfio_pci_device *vdev, unsigned int start,
		       struct new_trigger *triggers, unsigned int count)
{
	struct new_trigger *t;
	int ret;

	for (t = triggers; t < triggers + count; t++) {
		unsigned int nr = start + (t - triggers);

		if (!t->ctx || xa_load(&vdev->irq.vectors, nr))
			continue;
		ret = add_vector(vdev, nr, t->ctx);
		if (ret)
			goto remove;
		t->added = true;
	}
	return 0;

remove:
	while (t-- > triggers)
		if (t->added)
			remove_vector(vdev, start + (t - triggers));
	return ret;
}

/* What is left of a block once nothing can fail any more */
static void apply_rest(struct vfio_pci_device *vdev, unsigned int start,
		       const struct new_trigger *triggers, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (triggers[i].added)
			continue;
		if (triggers[i].ctx)
			swap_trigger(xa_load(&vdev->irq.vectors, start + i),
				     triggers[i].ctx);
		else
			drop_vector(vdev, start + i);
	}
}

static int set_block(struct vfio_pci_device *vdev, unsigned int start,
		     unsigned int count, const s32 *fds)
{
	struct new_trigger one, *triggers = &one;
	struct new_trigger *many __free(kvfree) = NULL;
	int ret;

	if (!count)
		return 0;

	/* Who changes a live vector changes it alone */
	if (count > 1) {
		many = kvcalloc(count, sizeof(*many), GFP_KERNEL_ACCOUNT);
		if (!many)
			return -ENOMEM;
		triggers = many;
	}

	ret = get_triggers(fds, triggers, count);
	if (ret)
		return ret;

	ret = add_vectors(vdev, start, triggers, count);
	if (ret) {
		put_triggers(triggers, count);
		return ret;
	}
	apply_rest(vdev, start, triggers, count);
	return 0;
}

void vfio_pci_msi_disable(struct vfio_pci_device *vdev)
{
	struct vfio_pci_vector *v;
	unsigned long nr;
	u16 command;

	lockdep_assert_held(&vdev->irq.lock);

	xa_for_each(&vdev->irq.vectors, nr, v)
		drop_vector(vdev, nr);

	command = vfio_pci_gate_force_memory(vdev);
	pci_free_irq_vectors(vdev->pdev);
	vfio_pci_gate_restore_memory(vdev, command);

	vfio_pci_intx_after_msi(vdev);

	WRITE_ONCE(vdev->irq.type, VFIO_PCI_NO_IRQ);
}

static int set_eventfds(struct vfio_pci_device *vdev, struct vfio_irq_set *set,
			const s32 *fds)
{
	bool enabled = vfio_pci_irq_is(vdev, set->index);
	int ret;

	if (!enabled && !vfio_pci_irq_is(vdev, VFIO_PCI_NO_IRQ))
		return -EINVAL;

	if (!enabled) {
		ret = enable(vdev, set->start + set->count, is_msix(set));
		if (ret)
			return ret;
	}

	ret = set_block(vdev, set->start, set->count, fds);
	if (ret && !enabled)
		vfio_pci_msi_disable(vdev);
	return ret;
}

/* As if the vectors had fired: with no data all of them, else those set */
static void loop_back(struct vfio_pci_device *vdev,
		      const struct vfio_irq_set *set, const u8 *bools)
{
	struct vfio_pci_vector *v;
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		if (set->flags & VFIO_IRQ_SET_DATA_BOOL && !bools[i])
			continue;
		v = xa_load(&vdev->irq.vectors, set->start + i);
		if (v)
			eventfd_signal(v->trigger);
	}
}

int vfio_pci_msi_trigger(struct vfio_pci_device *vdev,
			 struct vfio_irq_set *set, void *data)
{
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_eventfds(vdev, set, data);

	if (!vfio_pci_irq_is(vdev, set->index))
		return -EINVAL;

	if (!set->count && set->flags & VFIO_IRQ_SET_DATA_NONE)
		vfio_pci_msi_disable(vdev);
	else
		loop_back(vdev, set, data);
	return 0;
}
