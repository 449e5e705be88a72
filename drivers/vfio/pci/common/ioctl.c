// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls and features of the device file: tables of what there is.
 *
 * A row names a request, the struct that its argument begins with, how much of
 * it the user must supply, and who answers.  Lengths and flags are checked
 * here and nowhere else; handlers get a copy of the struct's beginning and the
 * user's pointer for what lies behind it.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hotreset.h"
#include "info.h"
#include "ioeventfd.h"
#include "irq.h"
#include "power.h"
#include "reset.h"
#include "sriov.h"

/* Room for the struct of any request; every one begins with argsz */
union request {
	u32				argsz;
	struct vfio_device_info		device_info;
	struct vfio_region_info		region_info;
	struct vfio_irq_info		irq_info;
	struct vfio_irq_set		irq_set;
	struct vfio_pci_hot_reset_info	hot_reset_info;
	struct vfio_pci_hot_reset	hot_reset;
	struct vfio_device_ioeventfd	ioeventfd;
};

static int do_info(struct vfio_pci_device *vdev, union request *r,
		   void __user *arg)
{
	return vfio_pci_info_device(vdev, &r->device_info, arg);
}

static int do_region_info(struct vfio_pci_device *vdev, union request *r,
			  void __user *arg)
{
	return vfio_pci_info_region(vdev, &r->region_info, arg);
}

static int do_irq_info(struct vfio_pci_device *vdev, union request *r,
		       void __user *arg)
{
	return vfio_pci_info_irq(vdev, &r->irq_info, arg);
}

static int do_set_irqs(struct vfio_pci_device *vdev, union request *r,
		       void __user *arg)
{
	void *data __free(kvfree) = NULL;
	struct vfio_irq_set *set = &r->irq_set;
	size_t size = 0;
	int ret;

	/* The index is checked again, with its count, by the vfio core */
	if (set->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	ret = vfio_set_irqs_validate_and_prepare(set,
						 vfio_pci_irq_count(vdev,
								    set->index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	if (size) {
		data = vmemdup_user(arg + sizeof(*set), size);
		if (IS_ERR(data))
			return PTR_ERR(no_free_ptr(data));
	}
	return vfio_pci_irq_set(vdev, set, data);
}

static int do_reset(struct vfio_pci_device *vdev, union request *r,
		    void __user *arg)
{
	return vfio_pci_reset_function(vdev);
}

static int do_hot_reset_info(struct vfio_pci_device *vdev, union request *r,
			     void __user *arg)
{
	return vfio_pci_hot_reset_info(vdev, &r->hot_reset_info, arg);
}

static int do_hot_reset(struct vfio_pci_device *vdev, union request *r,
			void __user *arg)
{
	return vfio_pci_hot_reset(vdev, &r->hot_reset, arg);
}

static int do_ioeventfd(struct vfio_pci_device *vdev, union request *r,
			void __user *arg)
{
	return vfio_pci_ioeventfd_set(vdev, &r->ioeventfd);
}

/**
 * struct ioctl_row - a request
 * @cmd: its number
 * @size: of the struct's part that must be there; 0 for no struct
 * @fn: answers; returns 0, an errno, or what the request is documented to
 */
struct ioctl_row {
	unsigned int	cmd;
	unsigned int	size;
	int		(*fn)(struct vfio_pci_device *vdev, union request *r,
			      void __user *arg);
};

#define ROW(_cmd, _struct, _last, _fn)					\
	{ .cmd = (_cmd), .size = offsetofend(struct _struct, _last),	\
	  .fn = (_fn) }

/* Frequent ones first */
static const struct ioctl_row rows[] = {
	ROW(VFIO_DEVICE_SET_IRQS, vfio_irq_set, count, do_set_irqs),
	ROW(VFIO_DEVICE_GET_INFO, vfio_device_info, num_irqs, do_info),
	ROW(VFIO_DEVICE_GET_REGION_INFO, vfio_region_info, offset,
	    do_region_info),
	ROW(VFIO_DEVICE_GET_IRQ_INFO, vfio_irq_info, count, do_irq_info),
	ROW(VFIO_DEVICE_IOEVENTFD, vfio_device_ioeventfd, fd, do_ioeventfd),
	ROW(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, vfio_pci_hot_reset_info, count,
	    do_hot_reset_info),
	ROW(VFIO_DEVICE_PCI_HOT_RESET, vfio_pci_hot_reset, count,
	    do_hot_reset),
	{ .cmd = VFIO_DEVICE_RESET, .fn = do_reset },
};

static const struct ioctl_row *find_row(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].cmd == cmd)
			return &rows[i];
	return NULL;
}

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
	const struct ioctl_row *row = find_row(cmd);
	void __user *uarg = (void __user *)arg;
	union request r;

	if (!row)
		return -ENOTTY;

	/* What the user doesn't supply, and may get back, is 0 */
	memset(&r, 0, sizeof(r));
	if (copy_from_user(&r, uarg, row->size))
		return -EFAULT;
	if (row->size && r.argsz < row->size)
		return -EINVAL;
	return row->fn(vdev, &r, uarg);
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
