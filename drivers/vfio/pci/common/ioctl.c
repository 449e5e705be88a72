// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls and features of the device file: lists of what there is.
 *
 * Each request is declared with the struct that its argument begins with, how
 * much of it the user must supply, and who answers.  Lengths and flags are
 * checked here and nowhere else; who answers gets a copy of the struct's
 * beginning and the user's pointer for what lies behind it.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/nospec.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dmabuf.h"
#include "hotreset.h"
#include "info.h"
#include "ioeventfd.h"
#include "irq.h"
#include "power.h"
#include "reset.h"
#include "sriov.h"
#include "zdev.h"

static int set_irqs(struct vfio_pci_device *vdev, struct vfio_irq_set *set,
		    void __user *arg)
{
	void *many __free(kvfree) = NULL;
	u8 few[64] __aligned(8);
	size_t size = 0;
	int ret;

	/* The index is checked again, with its count, by the vfio core */
	if (set->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	set->index = array_index_nospec(set->index, VFIO_PCI_NUM_IRQS);

	ret = vfio_set_irqs_validate_and_prepare(set,
						 vfio_pci_irq_count(vdev,
								    set->index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	if (!size)
		return vfio_pci_irq_set(vdev, set, NULL);

	if (size <= sizeof(few)) {
		if (copy_from_user(few, arg + sizeof(*set), size))
			return -EFAULT;
		return vfio_pci_irq_set(vdev, set, few);
	}

	many = vmemdup_user(arg + sizeof(*set), size);
	if (IS_ERR(many))
		return PTR_ERR(many);
	return vfio_pci_irq_set(vdev, set, many);
}

static int ioeventfd(struct vfio_pci_device *vdev,
		     struct vfio_device_ioeventfd *arg, void __user *unused)
{
	return vfio_pci_ioeventfd_set(vdev, arg);
}

/*
 * The request @_name: its argument is a struct @_struct, of which the user
 * must supply all up to @_last.  What he doesn't supply, and may get back, is 0.
 */
#define REQUEST(_name, _struct, _last, _fn)				\
static int _name(struct vfio_pci_device *vdev, void __user *arg)	\
{									\
	const size_t size = offsetofend(struct _struct, _last);		\
	struct _struct r = { };						\
									\
	if (copy_from_user(&r, arg, size))				\
		return -EFAULT;						\
	if (r.argsz < size)						\
		return -EINVAL;						\
	return _fn(vdev, &r, arg);					\
}

REQUEST(do_set_irqs, vfio_irq_set, count, set_irqs)
REQUEST(do_info, vfio_device_info, num_irqs, vfio_pci_info_device)
REQUEST(do_region_info, vfio_region_info, offset, vfio_pci_info_region)
REQUEST(do_irq_info, vfio_irq_info, count, vfio_pci_info_irq)
REQUEST(do_ioeventfd, vfio_device_ioeventfd, fd, ioeventfd)
REQUEST(do_hot_reset_info, vfio_pci_hot_reset_info, count,
	vfio_pci_hot_reset_info)
REQUEST(do_hot_reset, vfio_pci_hot_reset, count, vfio_pci_hot_reset)

/**
 * vfio_pci_common_ioctl - answer a request of the user
 * @core_vdev: the device, open
 * @cmd: VFIO_DEVICE_*, see <uapi/linux/vfio.h>
 * @arg: its argument
 *
 * The ioctl operation of struct vfio_device_ops.
 *
 * Context: process; may sleep; the vfio core keeps the device awake.
 * Return: 0, or a positive number where the request is documented to return
 * one; -ENOTTY for a request there is not; -EFAULT if the argument can't be
 * read; -EINVAL if it is too short; else an errno of the request.
 */
long vfio_pci_common_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
			   unsigned long arg)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);
	void __user *uarg = (void __user *)arg;

	/* A table of functions would cost an indirect call */
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return do_info(vdev, uarg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return do_region_info(vdev, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return do_irq_info(vdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return do_set_irqs(vdev, uarg);
	case VFIO_DEVICE_IOEVENTFD:
		return do_ioeventfd(vdev, uarg);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return do_hot_reset_info(vdev, uarg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return do_hot_reset(vdev, uarg);
	case VFIO_DEVICE_RESET:
		return vfio_pci_reset_function(vdev);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_pci_common_ioctl);

/* Features -------------------------------------------------------------- */

static bool has_vf_token(struct vfio_pci_device *vdev)
{
	return vdev->sriov.token;
}

/**
 * struct feature_row - a feature
 * @feature: VFIO_DEVICE_FEATURE_*
 * @ops: VFIO_DEVICE_FEATURE_GET and _SET, as far as there are
 * @size: of the payload
 * @present: does the device have it? Optional
 * @fn: get or set, returns 0 or an errno
 */
struct feature_row {
	u32	feature;
	u32	ops;
	size_t	size;
	bool	(*present)(struct vfio_pci_device *vdev);
	int	(*fn)(struct vfio_pci_device *vdev, void __user *arg);
};

static const struct feature_row features[] = {
	{ VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, VFIO_DEVICE_FEATURE_SET,
	  sizeof(uuid_t), has_vf_token, vfio_pci_sriov_set_token },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_SET,
	  0, NULL, vfio_pci_low_power_entry },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
	  VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct vfio_device_low_power_entry_with_wakeup), NULL,
	  vfio_pci_low_power_entry_wakeup },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, VFIO_DEVICE_FEATURE_SET,
	  0, NULL, vfio_pci_low_power_exit },
#if IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
	{ VFIO_DEVICE_FEATURE_DMA_BUF, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct vfio_device_feature_dma_buf), NULL,
	  vfio_pci_dmabuf_get },
#endif
#ifdef VFIO_PCI_ZDEV_ERRORS
	{ VFIO_DEVICE_FEATURE_ZPCI_ERROR, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct vfio_device_feature_zpci_err), NULL,
	  vfio_pci_zdev_get_error },
#endif
};

/**
 * vfio_pci_common_ioctl_feature - get, set or probe a feature of the device
 * @core_vdev: the device, open
 * @flags: feature number and VFIO_DEVICE_FEATURE_*, checked by the vfio core
 * @arg: payload
 * @argsz: its size
 *
 * The device_feature operation of struct vfio_device_ops.
 *
 * Context: process; may sleep.
 * Return: 0; -ENOTTY for a feature the device doesn't have; -EINVAL if it
 * can't be got or set, or the payload is too short; else an errno of the
 * feature.
 */
int vfio_pci_common_ioctl_feature(struct vfio_device *core_vdev, u32 flags,
				  void __user *arg, size_t argsz)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);
	const struct feature_row *f;
	int ret;

	for (f = features; f < features + ARRAY_SIZE(features); f++) {
		if (f->feature != (flags & VFIO_DEVICE_FEATURE_MASK))
			continue;
		if (f->present && !f->present(vdev))
			break;
		ret = vfio_check_feature(flags, argsz, f->ops, f->size);
		return ret == 1 ? f->fn(vdev, arg) : ret;
	}
	return -ENOTTY;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_ioctl_feature);
