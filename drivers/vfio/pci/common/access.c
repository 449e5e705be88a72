// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate: stops and resumes the user's access to a device.
 *
 * While memory decoding is off, the device is in reset, changes its power
 * state or was sent to low power, an access of the user could hang the
 * machine or hit something else.  Whoever causes such a state holds the gate
 * for write and, if access has to stop, takes away the user's mappings and the
 * buffers he exported (dmabuf.c).  The next touch of a mapping faults, and the
 * fault handler waits for the gate and then looks at the state (mmap.c).
 * Reads, writes and ioeventfds hold the gate for read around their access and
 * look at the state first.
 *
 * Owns vfio_pci_device.gate.  Callers may sleep and hold none of: gate.lock,
 * intx_lock, mmap_lock.
 */
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/pm_runtime.h>

#include "access.h"
#include "dmabuf.h"

void vfio_pci_gate_init(struct vfio_pci_device *vdev)
{
	init_rwsem(&vdev->gate.lock);
}

/* Take away every mapping of a BAR, whoever has it */
static void zap_bars(struct vfio_pci_device *vdev)
{
	lockdep_assert_held_write(&vdev->gate.lock);

	unmap_mapping_range(vdev->vdev.inode->i_mapping, 0,
			    vfio_pci_common_index_to_offset(VFIO_PCI_ROM_REGION_INDEX),
			    true);
}

/* Nobody gets in; those with a mapping keep it */
void vfio_pci_gate_hold(struct vfio_pci_device *vdev)
{
	down_write(&vdev->gate.lock);
}

/* Nobody gets in, nobody keeps a mapping, until vfio_pci_gate_resume() */
void vfio_pci_gate_stop(struct vfio_pci_device *vdev)
{
	down_write(&vdev->gate.lock);
	zap_bars(vdev);
	vfio_pci_dmabuf_revoke(vdev);
}

/*
 * The same for all members of a device set, one after the other.  The set's
 * lock is held by everybody who stops more than one device, and those who stop
 * one never wait for another.
 */
void vfio_pci_gate_stop_member(struct vfio_pci_device *vdev)
{
	struct vfio_device_set *set = vdev->vdev.dev_set;

	lockdep_assert_held(&set->lock);

	down_write_nest_lock(&vdev->gate.lock, &set->lock);
	zap_bars(vdev);
	vfio_pci_dmabuf_revoke(vdev);
}

void vfio_pci_gate_resume(struct vfio_pci_device *vdev)
{
	vfio_pci_dmabuf_resume(vdev);
	up_write(&vdev->gate.lock);
}

/* An interrupt may set INTx Disable in that register */
static void decode_memory(struct vfio_pci_device *vdev, bool on)
{
	u16 command;

	scoped_guard(spinlock_irqsave, &vdev->irq.intx_lock) {
		pci_read_config_word(vdev->pdev, PCI_COMMAND, &command);
		command &= ~PCI_COMMAND_MEMORY;
		if (on)
			command |= PCI_COMMAND_MEMORY;
		pci_write_config_word(vdev->pdev, PCI_COMMAND, command);
	}
}

/*
 * For the kernel's own accesses to memory resources (MSI-X table, ROM): hold
 * the gate and turn memory decoding on, whatever the user has set.  Returns
 * the command register to restore.
 */
u16 vfio_pci_gate_force_memory(struct vfio_pci_device *vdev)
{
	u16 command;

	vfio_pci_gate_hold(vdev);
	pci_read_config_word(vdev->pdev, PCI_COMMAND, &command);
	if (!(command & PCI_COMMAND_MEMORY))
		decode_memory(vdev, true);
	return command;
}

/* Other bits remain: setting up MSI changes INTx Disable */
void vfio_pci_gate_restore_memory(struct vfio_pci_device *vdev, u16 command)
{
	if (!(command & PCI_COMMAND_MEMORY))
		decode_memory(vdev, false);
	vfio_pci_gate_resume(vdev);
}

/* Wake the device for the rest of this call; -EIO if it can't be woken */
int vfio_pci_access_wake(struct vfio_pci_access *access)
{
	struct pci_dev *pdev = access->vdev->pdev;

	if (access->awake)
		return 0;
	if (pm_runtime_resume_and_get(&pdev->dev) < 0) {
		pci_info_ratelimited(pdev, "can't be resumed for an access\n");
		return -EIO;
	}
	access->awake = true;
	return 0;
}
