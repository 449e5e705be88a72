// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV: the trust between the user of a PF and those of its VFs.
 *
 * A PF can do to its VFs what it likes.  So a VF whose PF is in user space as
 * well can only be opened by somebody who shows the PF's token, and so can the
 * PF while VFs are open.  The token is random until the PF's user sets one.
 *
 * Owns vfio_pci_device.sriov, and the list of PFs with VFs enabled by this
 * library.  A VF's link to its PF is made at registration and stays valid:
 * disabling VFs, which comes before the PF goes, unregisters them.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "access.h"
#include "power.h"
#include "sriov.h"

/**
 * struct vfio_pci_vf_token - the shared secret of a PF and its VFs
 * @lock: protects the other members
 * @uuid: the secret
 * @users: VFs that are open
 */
struct vfio_pci_vf_token {
	struct mutex	lock;	/* protects uuid and users */
	uuid_t		uuid;
	unsigned int	users;
};

static LIST_HEAD(pfs);
static DEFINE_MUTEX(pfs_lock);

static struct vfio_pci_device *find_pf(struct pci_dev *physfn)
{
	struct vfio_pci_device *pf;

	guard(mutex)(&pfs_lock);

	list_for_each_entry(pf, &pfs, sriov.pf_link)
		if (pf->pdev == physfn)
			return pf;
	return NULL;
}

/* VFs that appear below a PF of ours go to the PF's driver */
static int bus_notify(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	struct vfio_pci_device *vdev =
		container_of(nb, struct vfio_pci_device, sriov.nb);
	struct device *dev = data;
	struct pci_dev *vf = to_pci_dev(dev);

	if (!vf->is_virtfn || pci_physfn(vf) != vdev->pdev)
		return 0;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		pci_info(vdev->pdev, "VF %s is for %s\n", pci_name(vf),
			 vdev->vdev.ops->name);
		if (device_set_driver_override(dev, vdev->vdev.ops->name))
			pci_warn(vf, "driver_override can't be set\n");
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		if (dev->driver != vdev->pdev->dev.driver)
			pci_warn(vf, "bound to %s while its PF is bound to %s\n",
				 dev->driver->name,
				 vdev->pdev->dev.driver->name);
		break;
	}
	return 0;
}

static int register_pf(struct vfio_pci_device *vdev)
{
	struct vfio_pci_vf_token *token;
	int ret;

	token = kzalloc_obj(*token, GFP_KERNEL_ACCOUNT);
	if (!token)
		return -ENOMEM;
	mutex_init(&token->lock);
	uuid_gen(&token->uuid);

	vdev->sriov.nb.notifier_call = bus_notify;
	ret = bus_register_notifier(&pci_bus_type, &vdev->sriov.nb);
	if (ret) {
		kfree(token);
		return ret;
	}
	vdev->sriov.token = token;
	return 0;
}

int vfio_pci_sriov_register(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	INIT_LIST_HEAD(&vdev->sriov.pf_link);
	if (pdev->is_virtfn)
		vdev->sriov.pf = find_pf(pci_physfn(pdev));
	return pdev->is_physfn ? register_pf(vdev) : 0;
}

void vfio_pci_sriov_unregister(struct vfio_pci_device *vdev)
{
	struct vfio_pci_vf_token *token = vdev->sriov.token;

	if (!token)
		return;

	bus_unregister_notifier(&pci_bus_type, &vdev->sriov.nb);
	WARN_ON_ONCE(token->users);
	mutex_destroy(&token->lock);
	kfree(token);
	vdev->sriov.token = NULL;
}

static void count_user(struct vfio_pci_device *vdev, int change)
{
	struct vfio_pci_device *pf = vdev->sriov.pf;

	if (!pf)
		return;
	guard(mutex)(&pf->sriov.token->lock);
	pf->sriov.token->users += change;
}

void vfio_pci_sriov_open(struct vfio_pci_device *vdev)
{
	count_user(vdev, 1);
}

void vfio_pci_sriov_close(struct vfio_pci_device *vdev)
{
	count_user(vdev, -1);
}

/* Tokens ---------------------------------------------------------------- */

static int check_vf(struct vfio_pci_device *vdev, const uuid_t *uuid)
{
	struct vfio_pci_vf_token *token;

	if (!vdev->sriov.pf) {
		if (!uuid)
			return 0;
		pci_info_ratelimited(vdev->pdev, "VF token given, but the PF is not bound to this driver\n");
		return -EINVAL;
	}

	token = vdev->sriov.pf->sriov.token;
	guard(mutex)(&token->lock);
	if (uuid && uuid_equal(uuid, &token->uuid))
		return 0;
	pci_info_ratelimited(vdev->pdev, uuid ? "wrong VF token\n" :
			     "VF token needed, the PF is in user space\n");
	return -EACCES;
}

static int check_pf(struct vfio_pci_device *vdev, const uuid_t *uuid)
{
	struct vfio_pci_vf_token *token = vdev->sriov.token;

	guard(mutex)(&token->lock);
	if (!token->users) {
		if (uuid)
			uuid_copy(&token->uuid, uuid);
		return 0;
	}

	if (uuid && uuid_equal(uuid, &token->uuid))
		return 0;
	pci_info_ratelimited(vdev->pdev, uuid ? "wrong VF token\n" :
			     "VF token needed, VFs are open\n");
	return -EACCES;
}

/**
 * vfio_pci_common_match_token_uuid - may a user with this token open the device?
 * @core_vdev: the device
 * @uuid: the token, NULL if none was given
 *
 * The match_token_uuid operation of struct vfio_device_ops.  The first user of
 * a PF sets its token by giving one.
 *
 * Context: may sleep.
 * Return: 0; -EACCES if a token is needed and is not this one; -EINVAL if one
 * was given and none is needed.
 */
int vfio_pci_common_match_token_uuid(struct vfio_device *core_vdev,
				     const uuid_t *uuid)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);

	if (vdev->pdev->is_virtfn)
		return check_vf(vdev, uuid);
	if (vdev->sriov.token)
		return check_pf(vdev, uuid);
	if (!uuid)
		return 0;
	pci_info_ratelimited(vdev->pdev, "VF token given, but the device has no VFs\n");
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_match_token_uuid);

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " ");
}

/**
 * vfio_pci_common_parse_token - the options behind a device's name
 * @options: text, blanks around options
 * @uuid: where to put the token
 *
 * Return: 1 with a token, 0 without; -EINVAL for an option that is unknown,
 * given twice or too short, or a token that is no UUID.
 */
int vfio_pci_common_parse_token(const char *options, uuid_t *uuid)
{
	static const char key[] = "vf_token=";
	bool found = false;
	int ret;

	for (options = skip_blanks(options); *options;
	     options = skip_blanks(options)) {
		if (found || strncmp(options, key, strlen(key)))
			return -EINVAL;
		options += strlen(key);

		if (strnlen(options, UUID_STRING_LEN) < UUID_STRING_LEN)
			return -EINVAL;
		ret = uuid_parse(options, uuid);
		if (ret)
			return ret;
		options += UUID_STRING_LEN;
		if (*options && *options != ' ')
			return -EINVAL;
		found = true;
	}
	return found;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_parse_token);

/**
 * vfio_pci_common_match_name - does the user's string name this device?
 * @core_vdev: the device
 * @name: what it is called
 * @buf: a name, and " vf_token=" with a UUID if the device takes one
 *
 * For the match operation of struct vfio_device_ops, of a driver whose devices
 * have a name other than the PCI device's.
 *
 * Context: may sleep; under the group's device lock.
 * Return: 1 if it does, 0 if not; an errno of vfio_pci_common_parse_token() or
 * vfio_pci_common_match_token_uuid() if it does and the token is not right.
 */
int vfio_pci_common_match_name(struct vfio_device *core_vdev, const char *name,
			       const char *buf)
{
	size_t len = strlen(name);
	uuid_t uuid;
	int ret;

	if (strncmp(buf, name, len))
		return 0;
	if (buf[len] && buf[len] != ' ')
		return 0;

	ret = vfio_pci_common_parse_token(buf + len, &uuid);
	if (ret < 0)
		return ret;
	ret = vfio_pci_common_match_token_uuid(core_vdev, ret ? &uuid : NULL);
	return ret ?: 1;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_match_name);

/**
 * vfio_pci_common_match - does the user's string name this PCI device?
 * @core_vdev: the device
 * @buf: PCI name ("0000:06:0d.0"), and " vf_token=" with a UUID if it takes one
 *
 * The match operation of struct vfio_device_ops.
 *
 * Context: may sleep; under the group's device lock.
 * Return: that of vfio_pci_common_match_name().
 */
int vfio_pci_common_match(struct vfio_device *core_vdev, char *buf)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);

	return vfio_pci_common_match_name(core_vdev, pci_name(vdev->pdev), buf);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_match);

/* VFIO_DEVICE_FEATURE_PCI_VF_TOKEN: 0 or -EFAULT */
int vfio_pci_sriov_set_token(struct vfio_pci_device *vdev, void __user *arg)
{
	uuid_t uuid;

	if (copy_from_user(&uuid, arg, sizeof(uuid)))
		return -EFAULT;

	guard(mutex)(&vdev->sriov.token->lock);
	uuid_copy(&vdev->sriov.token->uuid, &uuid);
	return 0;
}

/* Enabling VFs ---------------------------------------------------------- */

static void set_active(struct vfio_pci_device *vdev, bool active)
{
	vfio_pci_gate_hold(vdev);
	vdev->power.sriov_active = active;
	if (active)
		vfio_pci_power_set(vdev, PCI_D0);
	vfio_pci_gate_resume(vdev);
}

static bool link_pf(struct vfio_pci_device *vdev)
{
	guard(mutex)(&pfs_lock);

	if (!list_empty(&vdev->sriov.pf_link))
		return false;
	list_add(&vdev->sriov.pf_link, &pfs);
	return true;
}

static bool unlink_pf(struct vfio_pci_device *vdev)
{
	guard(mutex)(&pfs_lock);

	if (list_empty(&vdev->sriov.pf_link))
		return false;
	list_del_init(&vdev->sriov.pf_link);
	return true;
}

static int enable_vfs(struct vfio_pci_device *vdev, int nr_vfs)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (!link_pf(vdev))
		return -EINVAL;

	/* While there are VFs their PF can neither suspend nor leave D0 */
	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret < 0)
		goto unlink;

	set_active(vdev, true);
	ret = pci_enable_sriov(pdev, nr_vfs);
	if (!ret)
		return nr_vfs;

	set_active(vdev, false);
	pm_runtime_put(&pdev->dev);
unlink:
	unlink_pf(vdev);
	return ret;
}

/* Takes the VFs away, which waits for their users; then they are unlinked */
void vfio_pci_sriov_disable(struct vfio_pci_device *vdev)
{
	if (list_empty(&vdev->sriov.pf_link))
		return;

	pci_disable_sriov(vdev->pdev);
	if (!unlink_pf(vdev))
		return;
	set_active(vdev, false);
	pm_runtime_put(&vdev->pdev->dev);
}

/**
 * vfio_pci_common_sriov_configure - enable or disable the VFs of a PF
 * @vdev: the PF
 * @nr_vfs: how many, 0 to disable
 *
 * For the sriov_configure callback of struct pci_driver.  Disabling waits for
 * the users of the VFs.
 *
 * Context: may sleep; the PF's device lock is held.
 * Return: @nr_vfs; -EINVAL if VFs are enabled already; the errno of
 * pci_enable_sriov() or of resuming the PF.
 */
int vfio_pci_common_sriov_configure(struct vfio_pci_device *vdev, int nr_vfs)
{
	device_lock_assert(&vdev->pdev->dev);

	if (nr_vfs)
		return enable_vfs(vdev, nr_vfs);
	vfio_pci_sriov_disable(vdev);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_sriov_configure);
