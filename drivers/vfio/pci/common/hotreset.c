// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hot reset: of all functions that share a slot or a bus.
 *
 * Functions that reset together are a device set of the vfio core, whose lock
 * is held throughout.  The user may reset the set if every PCI function in it
 * is bound to a driver of this library and he owns each: by the groups he
 * hands over, or by the iommufd context that the device is bound to.
 *
 * Terms: scope is the slot or the bus; members are the devices of the set.
 *
 * The gates of all members are closed for the reset.  Nobody else holds more
 * than one, so the set's lock is enough of an order.
 */
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "access.h"
#include "hotreset.h"
#include "intx.h"
#include "power.h"
#include "reset.h"
#include "trace.h"

#define for_each_member(_m, set) \
	list_for_each_entry(_m, &(set)->device_list, vdev.dev_set_list)

/**
 * struct scope - the functions that are reset with a device
 * @bus: they are on it or below
 * @slot: only those in this slot, if not NULL
 */
struct scope {
	struct pci_bus	*bus;
	struct pci_slot	*slot;
};

/* 0, or -ENODEV if neither slot nor bus can be reset */
static int find_scope(struct pci_dev *pdev, struct scope *scope)
{
	scope->bus = pdev->bus;
	scope->slot = NULL;

	if (!pci_probe_reset_slot(pdev->slot)) {
		scope->slot = pdev->slot;
		return 0;
	}
	return pci_probe_reset_bus(pdev->bus) ? -ENODEV : 0;
}

static bool in_slot(struct pci_dev *pdev, const struct scope *scope)
{
	for (; pdev; pdev = pdev->bus->self)
		if (pdev->bus == scope->slot->bus)
			return pdev->slot == scope->slot;
	return false;
}

/**
 * struct scope_walk - a walk over the functions of a scope
 * @scope: where
 * @fn: called for each; a value other than 0 ends the walk
 * @data: for @fn
 * @ret: what @fn returned last
 */
struct scope_walk {
	const struct scope	*scope;
	int			(*fn)(struct pci_dev *pdev, void *data);
	void			*data;
	int			ret;
};

static int walk_step(struct pci_dev *pdev, void *data)
{
	struct scope_walk *walk = data;

	if (!walk->scope->slot || in_slot(pdev, walk->scope))
		walk->ret = walk->fn(pdev, walk->data);
	return walk->ret;
}

static int for_each_in_scope(const struct scope *scope,
			     int (*fn)(struct pci_dev *pdev, void *data),
			     void *data)
{
	struct scope_walk walk = { .scope = scope, .fn = fn, .data = data };

	pci_walk_bus(scope->bus, walk_step, &walk);
	return walk.ret;
}

static int count_one(struct pci_dev *pdev, void *data)
{
	++*(unsigned int *)data;
	return 0;
}

static unsigned int count_scope(const struct scope *scope)
{
	unsigned int count = 0;

	for_each_in_scope(scope, count_one, &count);
	return count;
}

static int check_member(struct pci_dev *pdev, void *data)
{
	return vfio_find_device_in_devset(data, &pdev->dev) ? 0 : -EINVAL;
}

/* Is every function that would be reset bound to a driver of this library? */
static bool set_is_complete(struct vfio_device_set *set,
			    const struct scope *scope)
{
	lockdep_assert_held(&set->lock);

	return !for_each_in_scope(scope, check_member, set);
}

/*
 * Devices that reset together share a set.  The identity is an address inside
 * the slot or bus that no other driver uses: members are ours, without doubt.
 */
int vfio_pci_hot_reset_assign_set(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (pci_is_root_bus(pdev->bus) || pdev->is_virtfn)
		return vfio_assign_device_set(&vdev->vdev, vdev);
	if (!pci_probe_reset_slot(pdev->slot))
		return vfio_assign_device_set(&vdev->vdev, &pdev->slot->kobj);
	return vfio_assign_device_set(&vdev->vdev, &pdev->bus->devices);
}

/* Info ------------------------------------------------------------------ */

/**
 * struct info_fill - entries of VFIO_DEVICE_GET_PCI_HOT_RESET_INFO
 * @vdev: the device that is asked
 * @devices: room for @max entries
 * @max: number of
 * @count: filled so far
 * @flags: VFIO_PCI_HOT_RESET_FLAG_*
 */
struct info_fill {
	struct vfio_pci_device			*vdev;
	struct vfio_pci_dependent_device	*devices;
	unsigned int				max;
	unsigned int				count;
	u32					flags;
};

static u32 owned_dev_id(struct info_fill *fill, struct pci_dev *pdev)
{
	struct iommufd_ctx *ictx = vfio_iommufd_device_ictx(&fill->vdev->vdev);
	struct vfio_device *member;
	int id = -ENODEV;

	member = vfio_find_device_in_devset(fill->vdev->vdev.dev_set,
					    &pdev->dev);
	if (member)
		id = vfio_iommufd_get_dev_id(member, ictx);

	if (id > 0)
		return id;
	if (id == -ENOENT)
		return VFIO_PCI_DEVID_OWNED;
	fill->flags &= ~VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
	return VFIO_PCI_DEVID_NOT_OWNED;
}

static int fill_one(struct pci_dev *pdev, void *data)
{
	struct info_fill *fill = data;
	struct vfio_pci_dependent_device *d;
	struct iommu_group *group;

	if (fill->count == fill->max)
		return -EAGAIN;	/* something was plugged in meanwhile */
	d = &fill->devices[fill->count];

	if (fill->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID) {
		d->devid = owned_dev_id(fill, pdev);
	} else {
		group = iommu_group_get(&pdev->dev);
		if (!group)
			return -EPERM;
		d->group_id = iommu_group_id(group);
		iommu_group_put(group);
	}

	d->segment = pci_domain_nr(pdev->bus);
	d->bus = pdev->bus->number;
	d->devfn = pdev->devfn;
	fill->count++;
	return 0;
}

static int fill_info(struct info_fill *fill, const struct scope *scope)
{
	guard(mutex)(&fill->vdev->vdev.dev_set->lock);

	return for_each_in_scope(scope, fill_one, fill);
}

/*
 * VFIO_DEVICE_GET_PCI_HOT_RESET_INFO.  Returns 0; -ENODEV if neither slot nor
 * bus can be reset; -ENOSPC with the number of devices if there is no room for
 * them; -EPERM for a device without an IOMMU group; -EAGAIN if devices came
 * meanwhile; -ERANGE if there is none; -ENOMEM; -EFAULT.
 */
int vfio_pci_hot_reset_info(struct vfio_pci_device *vdev,
			    struct vfio_pci_hot_reset_info *info,
			    void __user *arg)
{
	struct vfio_pci_dependent_device *devices __free(kvfree) = NULL;
	struct info_fill fill = { .vdev = vdev };
	u32 room = (info->argsz - sizeof(*info)) / sizeof(*devices);
	struct scope scope;
	int ret;

	ret = find_scope(vdev->pdev, &scope);
	if (ret)
		return ret;

	info->flags = 0;
	fill.max = count_scope(&scope);
	if (!fill.max)
		return -ERANGE;
	if (fill.max > room) {
		info->count = fill.max;
		return copy_to_user(arg, info, sizeof(*info)) ? -EFAULT :
								-ENOSPC;
	}

	devices = kvcalloc(fill.max, sizeof(*devices), GFP_KERNEL_ACCOUNT);
	if (!devices)
		return -ENOMEM;
	fill.devices = devices;
	if (vfio_device_cdev_opened(&vdev->vdev))
		fill.flags = VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
			     VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;

	ret = fill_info(&fill, &scope);
	if (ret)
		return ret;

	info->count = fill.count;
	info->flags = fill.flags;
	if (copy_to_user(arg, info, sizeof(*info)) ||
	    copy_to_user(arg + sizeof(*info), devices,
			 fill.count * sizeof(*devices)))
		return -EFAULT;
	return 0;
}

/* Ownership ------------------------------------------------------------- */

/**
 * struct owner - by what a user shows that the members are his
 * @files: VFIO groups he handed over
 * @nr_files: number of
 * @ictx: iommufd context the device is bound to, if there are no groups
 */
struct owner {
	struct file		**files;
	unsigned int		nr_files;
	struct iommufd_ctx	*ictx;
};

static void put_files(struct owner *owner)
{
	while (owner->nr_files)
		fput(owner->files[--owner->nr_files]);
}

/* Take references on @count group files; put_files() whatever it returns */
static int get_files(struct owner *owner, const s32 *fds, unsigned int count)
{
	while (owner->nr_files < count) {
		struct file *file = fget(fds[owner->nr_files]);

		if (!file)
			return -EBADF;
		owner->files[owner->nr_files++] = file;
		if (!vfio_file_is_group(file))
			return -EINVAL;
	}
	return 0;
}

static bool owns(const struct owner *owner, struct vfio_device *member)
{
	unsigned int i;
	int id;

	if (owner->ictx) {
		id = vfio_iommufd_get_dev_id(member, owner->ictx);
		return id > 0 || id == -ENOENT;
	}

	for (i = 0; i < owner->nr_files; i++)
		if (vfio_file_has_dev(owner->files[i], member))
			return true;
	return false;
}

static int check_ownership(struct vfio_device_set *set,
			   const struct owner *owner)
{
	struct vfio_pci_device *member;

	for_each_member(member, set)
		if (!owns(owner, &member->vdev))
			return -EINVAL;
	return 0;
}

/* The reset ------------------------------------------------------------- */

/* Members before @end, all if it is NULL */
static void sleep_members(struct vfio_device_set *set,
			  struct vfio_pci_device *end)
{
	struct vfio_pci_device *member;

	for_each_member(member, set) {
		if (member == end)
			break;
		pm_runtime_put(&member->pdev->dev);
	}
}

static int wake_members(struct vfio_device_set *set)
{
	struct vfio_pci_device *member;
	int ret;

	for_each_member(member, set) {
		ret = pm_runtime_resume_and_get(&member->pdev->dev);
		if (ret < 0) {
			sleep_members(set, member);
			return ret;
		}
	}
	return 0;
}

/* With all members awake: close their gates, reset, open them */
static int reset_members(struct vfio_pci_device *vdev)
{
	struct vfio_device_set *set = vdev->vdev.dev_set;
	struct vfio_pci_device *member;
	int ret;

	for_each_member(member, set) {
		vfio_pci_gate_stop_member(member);
		/* A reset in D3hot would leave the PCI core with a wrong state */
		vfio_pci_power_set(member, PCI_D0);
	}

	ret = pci_reset_bus(vdev->pdev);
	trace_vfio_pci_reset(vdev->pdev, "hot", ret);

	for_each_member(member, set) {
		vfio_pci_intx_refresh(member);
		vfio_pci_gate_resume(member);
	}
	return ret;
}

static int reset_owned(struct vfio_pci_device *vdev, const struct scope *scope,
		       const struct owner *owner)
{
	struct vfio_device_set *set = vdev->vdev.dev_set;
	int ret;

	guard(mutex)(&set->lock);

	if (!set_is_complete(set, scope))
		return -EINVAL;

	ret = wake_members(set);
	if (ret)
		return ret;

	ret = check_ownership(set, owner) ?: reset_members(vdev);
	sleep_members(set, NULL);
	return ret;
}

static int reset_by_groups(struct vfio_pci_device *vdev,
			   const struct scope *scope, unsigned int count,
			   const void __user *fds_arg)
{
	struct file **files __free(kvfree) = NULL;
	s32 *fds __free(kvfree) = NULL;
	struct owner owner = { };
	int ret;

	if (count > count_scope(scope))
		return -EINVAL;

	fds = kvcalloc(count, sizeof(*fds), GFP_KERNEL_ACCOUNT);
	files = kvcalloc(count, sizeof(*files), GFP_KERNEL_ACCOUNT);
	if (!fds || !files)
		return -ENOMEM;
	if (copy_from_user(fds, fds_arg, count * sizeof(*fds)))
		return -EFAULT;

	owner.files = files;
	ret = get_files(&owner, fds, count) ?: reset_owned(vdev, scope, &owner);
	put_files(&owner);
	return ret;
}

/*
 * VFIO_DEVICE_PCI_HOT_RESET.  Returns 0; -EINVAL for flags, a number of groups
 * that doesn't suit how the device was opened, a file that is no group, or a
 * set that is not bound or not owned as a whole; -ENODEV if neither slot nor
 * bus can be reset; -EBADF; -EFAULT; -ENOMEM; -EAGAIN if somebody else has a
 * member locked; or the errno of a reset or resume that failed.
 */
int vfio_pci_hot_reset(struct vfio_pci_device *vdev,
		       struct vfio_pci_hot_reset *hdr, void __user *arg)
{
	bool by_cdev = vfio_device_cdev_opened(&vdev->vdev);
	struct owner owner = { };
	struct scope scope;
	int ret;

	/* A group has to be shown; a cdev needs none, it has its context */
	if (hdr->flags || by_cdev == !!hdr->count)
		return -EINVAL;

	ret = find_scope(vdev->pdev, &scope);
	if (ret)
		return ret;

	if (!by_cdev)
		return reset_by_groups(vdev, &scope, hdr->count,
				       arg + sizeof(*hdr));

	owner.ictx = vfio_iommufd_device_ictx(&vdev->vdev);
	return reset_owned(vdev, &scope, &owner);
}

/* After the last close -------------------------------------------------- */

static bool worth_a_reset(struct vfio_device_set *set)
{
	struct vfio_pci_device *member;
	bool needed = false;

	/* The caller's own count is dropped after its close */
	if (vfio_device_set_open_count(set) > 1)
		return false;
	for_each_member(member, set)
		needed |= member->reset.needed;
	return needed;
}

/* Asleep in D3cold a device does not answer either, so it has to be awake */
static bool is_worthwhile(struct vfio_device_set *set)
{
	struct vfio_pci_device *member;

	for_each_member(member, set)
		if (!vfio_pci_reset_worthwhile(member->pdev))
			return false;
	return true;
}

/*
 * The last open device of a set is being closed: reset the set, if somebody
 * left a device that could not be reset alone.
 */
void vfio_pci_hot_reset_idle(struct vfio_pci_device *vdev)
{
	struct vfio_device_set *set = vdev->vdev.dev_set;
	struct vfio_pci_device *member;
	struct scope scope;
	int ret;

	lockdep_assert_held(&set->lock);

	if (!worth_a_reset(set) || find_scope(vdev->pdev, &scope) ||
	    !set_is_complete(set, &scope) || wake_members(set))
		return;

	ret = is_worthwhile(set) ? pci_reset_bus(vdev->pdev) : -ENODEV;
	trace_vfio_pci_reset(vdev->pdev, "idle", ret);
	if (!ret)
		for_each_member(member, set)
			member->reset.needed = false;
	sleep_members(set, NULL);
}
