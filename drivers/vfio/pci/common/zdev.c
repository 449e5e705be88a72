// SPDX-License-Identifier: GPL-2.0-only
/*
 * zPCI: what PCI functions of s390 have beyond those of other machines.
 *
 * A guest there does not find its PCI functions by itself: the hypervisor tells
 * it, in its answers to CLP instructions, what the firmware told the host.  So
 * the user gets that as capabilities of the device's info.
 *
 * While the device is open, its function belongs to the user's virtual machine,
 * if there is one: KVM lets the guest's PCI instructions reach it without an
 * exit.  For that, KVM disables and enables the function, so it comes before
 * config space is read at open, and before the state is restored at close.
 *
 * Recovery from errors is the user's as well.  The kernel keeps a record of each
 * for him to take, and leaves the function as it is.
 *
 * Owns nothing: the platform's struct zpci_dev has the state, and its own locks.
 */
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_common.h>
#include <linux/vfio_zdev.h>

#include <asm/pci.h>
#include <asm/pci_io.h>

#include "zdev.h"

/* Info ------------------------------------------------------------------ */

static int add_base(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	struct vfio_device_info_cap_zpci_base base = {
		.header.id = VFIO_DEVICE_INFO_CAP_ZPCI_BASE,
#ifdef VFIO_PCI_ZDEV_ERRORS
		.header.version = 3,
		.ccdf_err_length = sizeof(struct zpci_ccdf_err),
#else
		.header.version = 2,
#endif
		.start_dma = zdev->start_dma,
		.end_dma = zdev->end_dma,
		.pchid = zdev->pchid,
		.vfn = zdev->vfn,
		.fmb_length = zdev->fmb_length,
		.pft = zdev->pft,
		.gid = zdev->pfgid,
		.fh = zdev->fh,
	};

	return vfio_info_add_capability(caps, &base.header, sizeof(base));
}

static int add_group(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	struct vfio_device_info_cap_zpci_group group = {
		.header.id = VFIO_DEVICE_INFO_CAP_ZPCI_GROUP,
		.header.version = 2,
		.dasm = zdev->dma_mask,
		.msi_addr = zdev->msi_addr,
		/* Whatever the host's needs: mappings follow the guest's refreshes */
		.flags = VFIO_DEVICE_INFO_ZPCI_FLAG_REFRESH,
		.mui = zdev->fmb_update,
		.noi = zdev->max_msi,
		/* Through a BAR's region, as the kernel writes it ... */
		.maxstbl = ZPCI_MAX_WRITE_SIZE,
		/* ... and by the guest's own instructions */
		.imaxstbl = zdev->maxstbl,
		.version = zdev->version,
	};

	return vfio_info_add_capability(caps, &group.header, sizeof(group));
}

/* Both strings are stored alike, in EBCDIC or not. */
static int add_string(struct vfio_info_cap *caps, u16 id, const u8 *str,
		      size_t len)
{
	struct vfio_device_info_cap_zpci_util *cap;
	struct vfio_info_cap_header *header;

	static_assert(offsetof(struct vfio_device_info_cap_zpci_util, util_str) ==
		      offsetof(struct vfio_device_info_cap_zpci_pfip, pfip));

	header = vfio_info_cap_add(caps, struct_size(cap, util_str, len), id, 1);
	if (IS_ERR(header))
		return PTR_ERR(header);

	cap = container_of(header, struct vfio_device_info_cap_zpci_util, header);
	cap->size = len;
	memcpy(cap->util_str, str, len);
	return 0;
}

static int add_util(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	if (!zdev->util_str_avail)
		return 0;
	return add_string(caps, VFIO_DEVICE_INFO_CAP_ZPCI_UTIL, zdev->util_str,
			  sizeof(zdev->util_str));
}

static int add_pfip(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	return add_string(caps, VFIO_DEVICE_INFO_CAP_ZPCI_PFIP, zdev->pfip,
			  sizeof(zdev->pfip));
}

static int (* const adders[])(const struct zpci_dev *zdev,
			      struct vfio_info_cap *caps) = {
	add_base, add_group, add_util, add_pfip,
};

/* Returns 0 or -ENOMEM */
int vfio_pci_zdev_add_caps(struct vfio_pci_device *vdev,
			   struct vfio_info_cap *caps)
{
	const struct zpci_dev *zdev = to_zpci(vdev->pdev);
	unsigned int i;
	int ret = 0;

	for (i = 0; zdev && !ret && i < ARRAY_SIZE(adders); i++)
		ret = adders[i](zdev, caps);
	return ret;
}

/* Errors ---------------------------------------------------------------- */

#ifdef VFIO_PCI_ZDEV_ERRORS
static void start_errors(struct zpci_dev *zdev)
{
	zpci_start_mediated_recovery(zdev);
}

static void stop_errors(struct zpci_dev *zdev)
{
	zpci_stop_mediated_recovery(zdev);
}

/*
 * VFIO_DEVICE_FEATURE_ZPCI_ERROR: takes the oldest record.  Returns 0; -EFAULT,
 * -EINVAL if the user has no place for it, with the record kept; -ENOMSG if
 * there is none; -ENODEV.
 */
int vfio_pci_zdev_get_error(struct vfio_pci_device *vdev, void __user *arg)
{
	struct zpci_dev *zdev = to_zpci(vdev->pdev);
	struct vfio_device_feature_zpci_err feature;
	struct zpci_ccdf_err err = { };
	void __user *buf;
	int ret;

	if (copy_from_user(&feature, arg, sizeof(feature)))
		return -EFAULT;
	buf = u64_to_user_ptr(feature.data);
	if (!buf)
		return -EINVAL;
	if (!zdev)
		return -ENODEV;
	/* Once taken it can't be put back */
	if (fault_in_writeable(buf, sizeof(err)))
		return -EFAULT;

	ret = zpci_get_pending_error(zdev, &err);
	if (ret)
		return ret;
	return copy_to_user(buf, &err, sizeof(err)) ? -EFAULT : 0;
}
#else
static void start_errors(struct zpci_dev *zdev)
{
}

static void stop_errors(struct zpci_dev *zdev)
{
}
#endif

/* Life cycle ------------------------------------------------------------ */

static int register_kvm(struct zpci_dev *zdev, struct kvm *kvm)
{
	if (!kvm)
		return 0;
	/* Once there it stays: the vfio core keeps KVM loaded for this machine */
	if (!zpci_kvm_hook.kvm_register)
		return -ENOENT;
	return zpci_kvm_hook.kvm_register(zdev, kvm);
}

/* Returns 0; -ENODEV for no zPCI function; -ENOENT, or what KVM says of it */
int vfio_pci_zdev_open(struct vfio_pci_device *vdev)
{
	struct zpci_dev *zdev = to_zpci(vdev->pdev);
	int ret;

	if (!zdev)
		return -ENODEV;

	ret = register_kvm(zdev, vdev->vdev.kvm);
	if (!ret)
		start_errors(zdev);
	return ret;
}

void vfio_pci_zdev_close(struct vfio_pci_device *vdev)
{
	struct zpci_dev *zdev = to_zpci(vdev->pdev);

	stop_errors(zdev);
	if (vdev->vdev.kvm)
		zpci_kvm_hook.kvm_unregister(zdev);
}
