// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a registered device says of itself in <debugfs>/vfio/<device>/pci/.
 *
 * The vfio core makes the directory of a device when it is registered, and
 * removes it with everything in it when it is unregistered, waiting for those
 * who are reading.  So files are only ever added here, and what they show has
 * to stay until vfio_unregister_group_dev() is back.
 */
#include <linux/debugfs.h>
#include <linux/vfio_pci_common.h>

#include "debugfs.h"

/*
 * The device was registered just now.  If a file can't be made it is missing;
 * nobody depends on it.
 */
void vfio_pci_debugfs_register(struct vfio_pci_device *vdev)
{
	struct dentry *dir = debugfs_create_dir("pci", vdev->vdev.debug_root);

	debugfs_create_bool("nointxmask", 0400, dir, &vdev->policy.nointxmask);
	debugfs_create_bool("disable_idle_d3", 0400, dir,
			    &vdev->policy.disable_idle_d3);
}
