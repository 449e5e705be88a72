// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which vfio_pci_device stands for a PCI device.
 *
 * The PCI core calls back with a pci_dev: error recovery, power management,
 * the VGA arbiter.  The driver data of the pci_dev belongs to the driver and
 * may be something else (a mediated device comes and goes while its parent
 * stays bound), so those callbacks look the device up here.  Between get and
 * put it can't be unregistered.
 */
#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/srcu.h>
#include <linux/vfio_pci_common.h>

#include "registry.h"

static DEFINE_HASHTABLE(devices, 6);
static DEFINE_MUTEX(devices_lock);		/* writers of devices */
DEFINE_STATIC_SRCU(devices_srcu);		/* readers, who may sleep */

void vfio_pci_registry_add(struct vfio_pci_device *vdev)
{
	guard(mutex)(&devices_lock);

	hash_add_rcu(devices, &vdev->registry, (unsigned long)vdev->pdev);
}

/* Returns when nobody has the device from a look-up any more */
void vfio_pci_registry_del(struct vfio_pci_device *vdev)
{
	scoped_guard(mutex, &devices_lock)
		hash_del_rcu(&vdev->registry);
	synchronize_srcu(&devices_srcu);
}

/* The device of @pdev, or NULL; in either case vfio_pci_registry_put() @token */
struct vfio_pci_device *vfio_pci_registry_get(struct pci_dev *pdev, int *token)
	__acquires(&devices_srcu)
{
	struct vfio_pci_device *vdev;

	*token = srcu_read_lock(&devices_srcu);
	hash_for_each_possible_rcu(devices, vdev, registry,
				   (unsigned long)pdev,
				   srcu_read_lock_held(&devices_srcu))
		if (vdev->pdev == pdev)
			return vdev;
	return NULL;
}

void vfio_pci_registry_put(int token)
	__releases(&devices_srcu)
{
	srcu_read_unlock(&devices_srcu, token);
}
