// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset of one function: when the user asks for it, in either of the ways he
 * can, and when a device is opened and closed, so that nothing of one user is
 * left for the next.
 *
 * Owns vfio_pci_device.reset.
 */
#include <linux/pci.h>
#include <linux/slab.h>

#include "access.h"
#include "intx.h"
#include "platform.h"
#include "power.h"
#include "reset.h"
#include "trace.h"

/*
 * A device that was pulled out would be waited for until its reset times out.
 * One that the platform blocks does not answer either, but a reset helps.
 */
bool vfio_pci_reset_worthwhile(struct pci_dev *pdev)
{
	return pci_device_is_present(pdev) || vfio_pci_platform_blocks(pdev);
}

static int try_reset(struct vfio_pci_device *vdev, const char *cause)
{
	int ret = -ENODEV;

	if (vfio_pci_reset_worthwhile(vdev->pdev))
		ret = pci_try_reset_function(vdev->pdev);
	trace_vfio_pci_reset(vdev->pdev, cause, ret);
	return ret;
}

/* The state of a device nobody has had open, in D0 */
void vfio_pci_reset_register(struct vfio_pci_device *vdev)
{
	pci_save_state(vdev->pdev);
	vdev->reset.registered = pci_store_saved_state(vdev->pdev);
}

void vfio_pci_reset_unregister(struct vfio_pci_device *vdev)
{
	kfree(vdev->reset.registered);
	vdev->reset.registered = NULL;
}

/* Back to that, if the device lost its state while nobody had it open */
void vfio_pci_reset_to_registered(struct vfio_pci_device *vdev)
{
	if (vdev->reset.registered &&
	    !pci_load_saved_state(vdev->pdev, vdev->reset.registered))
		pci_restore_state(vdev->pdev);
}

/*
 * A device that is being opened: reset it if that is possible, and keep its
 * state as it is then.  -EAGAIN if somebody else has the device locked.
 */
int vfio_pci_reset_open(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	ret = try_reset(vdev, "open");
	if (ret == -EAGAIN)
		return ret;

	vdev->reset.works = !ret;
	pci_save_state(pdev);
	vdev->reset.saved = pci_store_saved_state(pdev);
	if (!vdev->reset.saved)
		pci_dbg(pdev, "state can't be kept, restoring the last one at close\n");
	return 0;
}

static void reset_locked(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (!vfio_pci_reset_worthwhile(pdev) || !pci_dev_trylock(pdev))
		return;
	ret = __pci_reset_function_locked(pdev);
	trace_vfio_pci_reset(pdev, "close", ret);
	if (!ret)
		vdev->reset.needed = false;
	pci_dev_unlock(pdev);
}

/* A reset may need the bridge's registers, so nobody else may reset it */
static void reset_under_bridge(struct vfio_pci_device *vdev)
{
	struct pci_dev *bridge = pci_upstream_bridge(vdev->pdev);

	if (bridge && !pci_dev_trylock(bridge))
		return;
	reset_locked(vdev);
	if (bridge)
		pci_dev_unlock(bridge);
}

/* Returns the device to the state it was opened in; nothing here can fail */
void vfio_pci_reset_close(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	vdev->reset.needed = true;

	/*
	 * Without a stored state the best one is the present.  If the device
	 * can't be reset either, there is nothing to go back to.
	 */
	if (pci_load_and_free_saved_state(pdev, &vdev->reset.saved)) {
		if (!vdev->reset.works)
			return;
		pci_save_state(pdev);
	}

	/* No DMA, no decoding, no interrupt from here on */
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);

	if (vdev->reset.works)
		reset_under_bridge(vdev);
	pci_restore_state(pdev);
}

/*
 * VFIO_DEVICE_RESET.  What the user set up - virtual registers, interrupts,
 * ioeventfds - stays.  Returns -EINVAL if the device can't be reset, -EAGAIN if
 * somebody else has it locked, -ENODEV if it is gone, or the errno of the reset
 * method.
 */
int vfio_pci_reset_function(struct vfio_pci_device *vdev)
{
	int ret;

	if (!vdev->reset.works)
		return -EINVAL;

	vfio_pci_gate_stop(vdev);
	/* Some devices can't be reset in D3hot */
	vfio_pci_power_set(vdev, PCI_D0);
	ret = try_reset(vdev, "ioctl");
	vfio_pci_intx_refresh(vdev);
	vfio_pci_gate_resume(vdev);
	return ret;
}

/* The user wrote a reset bit in config space; it has no way to fail */
void vfio_pci_reset_by_config(struct vfio_pci_device *vdev)
{
	vfio_pci_gate_stop(vdev);
	try_reset(vdev, "config");
	vfio_pci_intx_refresh(vdev);
	vfio_pci_gate_resume(vdev);
}
