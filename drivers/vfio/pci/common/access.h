/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_ACCESS_H
#define VFIO_PCI_COMMON_ACCESS_H

#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/rwsem.h>
#include <linux/vfio_pci_common.h>

#include "power.h"

/**
 * struct vfio_pci_access - one call of the user that reads or writes
 * @vdev: the device
 * @awake: a runtime PM reference was taken for this call
 */
struct vfio_pci_access {
	struct vfio_pci_device	*vdev;
	bool			awake;
};

void vfio_pci_gate_init(struct vfio_pci_device *vdev);
void vfio_pci_gate_hold(struct vfio_pci_device *vdev);
void vfio_pci_gate_stop(struct vfio_pci_device *vdev);
void vfio_pci_gate_stop_member(struct vfio_pci_device *vdev);
void vfio_pci_gate_resume(struct vfio_pci_device *vdev);
u16 vfio_pci_gate_force_memory(struct vfio_pci_device *vdev);
void vfio_pci_gate_restore_memory(struct vfio_pci_device *vdev, u16 command);

int vfio_pci_access_wake(struct vfio_pci_access *access);

/* May the user's access reach memory resources?  Caller holds the gate. */
static inline bool vfio_pci_memory_enabled(struct vfio_pci_device *vdev)
{
	lockdep_assert_held(&vdev->gate.lock);

	return !vfio_pci_asleep(vdev->pdev) &&
	       (vdev->pdev->no_command_memory ||
		vdev->config.vcopy[PCI_COMMAND] & PCI_COMMAND_MEMORY);
}

/*
 * Hold the gate for an access to a memory resource.  While low power is
 * engaged the device may be asleep: it is woken first, once per call.
 */
static inline int vfio_pci_access_lock(struct vfio_pci_access *access)
{
	struct vfio_pci_device *vdev = access->vdev;
	int ret;

	down_read(&vdev->gate.lock);
	while (unlikely(vdev->power.low_power && !access->awake)) {
		up_read(&vdev->gate.lock);
		ret = vfio_pci_access_wake(access);
		if (ret)
			return ret;
		down_read(&vdev->gate.lock);
	}
	return 0;
}

/* The device may sleep again */
static inline void vfio_pci_access_end(struct vfio_pci_access *access)
{
	if (unlikely(access->awake))
		pm_runtime_put(&access->vdev->pdev->dev);
}

static inline void vfio_pci_access_unlock(struct vfio_pci_access *access)
{
	up_read(&access->vdev->gate.lock);
}

#endif /* VFIO_PCI_COMMON_ACCESS_H */
