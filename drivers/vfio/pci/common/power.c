// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power: D-states the user asks for in config space, low power he asks for by
 * ioctl, and the runtime power management of devices nobody uses.
 *
 * An open device holds a runtime PM reference.  Low power drops it, so that
 * the device can suspend; an access of the user wakes it for as long as the
 * access takes (access.c).  Mappings can't do that and stay closed until low
 * power is left, by the user, by a wake-up he wants to hear of, or at close.
 *
 * Owns vfio_pci_device.power.  low_power and wake change with both config.lock
 * and the gate held, so that no access is under way.
 */
#include <linux/cleanup.h>
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/uaccess.h>

#include "access.h"
#include "intx.h"
#include "power.h"
#include "registry.h"
#include "trace.h"

/* The PCI core keeps one state, which a reset in D3hot would overwrite */
static void keep_state(struct vfio_pci_device *vdev)
{
	kfree(vdev->power.saved);
	vdev->power.saved = pci_store_saved_state(vdev->pdev);
}

/* @command is what was written to that register while the device slept */
static void bring_back_state(struct vfio_pci_device *vdev, u16 command)
{
	pci_load_and_free_saved_state(vdev->pdev, &vdev->power.saved);
	pci_restore_state(vdev->pdev);
	pci_write_config_word(vdev->pdev, PCI_COMMAND, command);
	vfio_pci_intx_refresh(vdev);
}

/*
 * Change the power state; the caller has stopped access if need be.  A device
 * that loses its state in D3hot gets it back.  Returns 0, -EBUSY for a PF with
 * VFs, or the errno of the PCI core.
 */
int vfio_pci_power_set(struct vfio_pci_device *vdev, pci_power_t state)
{
	struct pci_dev *pdev = vdev->pdev;
	bool was_asleep = vfio_pci_asleep(pdev);
	u16 command;
	int ret;

	/* VFs are gone while their PF is not in D0 */
	if (vdev->power.sriov_active && state != PCI_D0)
		return -EBUSY;

	if (vdev->power.needs_restore && !was_asleep && state != PCI_D0)
		pci_save_state(pdev);

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	ret = pci_set_power_state(pdev, state);
	trace_vfio_pci_power(pdev, vfio_pci_power_level(state), ret);
	if (ret || !vdev->power.needs_restore)
		return ret;

	if (!was_asleep && vfio_pci_asleep(pdev))
		keep_state(vdev);
	else if (was_asleep && state == PCI_D0)
		bring_back_state(vdev, command);
	return 0;
}

/* The user wrote @state to his PM capability; what is refused doesn't show */
void vfio_pci_power_user_state(struct vfio_pci_device *vdev, pci_power_t state)
{
	if (state == PCI_D3hot)
		vfio_pci_gate_stop(vdev);
	else
		vfio_pci_gate_hold(vdev);
	vfio_pci_power_set(vdev, state);
	vfio_pci_gate_resume(vdev);
}

/* Registration ---------------------------------------------------------- */

static bool loses_state(struct pci_dev *pdev)
{
	u16 ctrl;

	if (!pdev->pm_cap)
		return false;
	pci_read_config_word(pdev, pdev->pm_cap + PCI_PM_CTRL, &ctrl);
	return !(ctrl & PCI_PM_CTRL_NO_SOFT_RESET);
}

/* From here on the device may go to D3 while nobody has it open */
void vfio_pci_power_register(struct vfio_pci_device *vdev)
{
	struct device *dev = &vdev->pdev->dev;

	vdev->power.needs_restore = loses_state(vdev->pdev);
	vfio_pci_power_set(vdev, PCI_D0);

	pm_runtime_allow(dev);
	if (!vdev->policy.disable_idle_d3)
		pm_runtime_put(dev);
}

void vfio_pci_power_unregister(struct vfio_pci_device *vdev)
{
	struct device *dev = &vdev->pdev->dev;

	if (!vdev->policy.disable_idle_d3)
		pm_runtime_get_noresume(dev);
	pm_runtime_forbid(dev);
}

/* Open and close -------------------------------------------------------- */

int vfio_pci_power_open(struct vfio_pci_device *vdev)
{
	if (vdev->policy.disable_idle_d3)
		return 0;
	return pm_runtime_resume_and_get(&vdev->pdev->dev);
}

void vfio_pci_power_close(struct vfio_pci_device *vdev)
{
	if (!vdev->policy.disable_idle_d3)
		pm_runtime_put(&vdev->pdev->dev);
}

static void leave_low_power(struct vfio_pci_device *vdev)
{
	lockdep_assert_held(&vdev->config.lock);
	lockdep_assert_held_write(&vdev->gate.lock);

	if (!vdev->power.low_power)
		return;

	vdev->power.low_power = false;
	pm_runtime_get_noresume(&vdev->pdev->dev);
	if (vdev->power.wake)
		eventfd_ctx_put(vdev->power.wake);
	vdev->power.wake = NULL;
}

/* Whatever the user left the device in: awake and in D0 */
void vfio_pci_power_wake_for_close(struct vfio_pci_device *vdev)
{
	scoped_guard(mutex, &vdev->config.lock) {
		vfio_pci_gate_stop(vdev);
		leave_low_power(vdev);
		vfio_pci_gate_resume(vdev);
	}

	pm_runtime_resume(&vdev->pdev->dev);

	vfio_pci_gate_hold(vdev);
	vfio_pci_power_set(vdev, PCI_D0);
	vfio_pci_gate_resume(vdev);

	kfree(vdev->power.saved);
	vdev->power.saved = NULL;
}

/* Low power ------------------------------------------------------------- */

/* Takes over @wake, which may be NULL, if it succeeds */
static int enter_low_power(struct vfio_pci_device *vdev,
			   struct eventfd_ctx *wake)
{
	guard(mutex)(&vdev->config.lock);

	if (vdev->power.low_power)
		return -EINVAL;

	vfio_pci_gate_stop(vdev);
	vdev->power.low_power = true;
	vdev->power.wake = wake;
	/* The ioctl's own reference keeps the device awake until it returns */
	pm_runtime_put_noidle(&vdev->pdev->dev);
	vfio_pci_gate_resume(vdev);
	return 0;
}

/* VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY: 0, or -EINVAL if it is engaged */
int vfio_pci_low_power_entry(struct vfio_pci_device *vdev, void __user *arg)
{
	return enter_low_power(vdev, NULL);
}

/*
 * VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP: as above; -EFAULT, -EBADF
 * for a closed fd, -EINVAL for one that is no eventfd.
 */
int vfio_pci_low_power_entry_wakeup(struct vfio_pci_device *vdev,
				    void __user *arg)
{
	struct vfio_device_low_power_entry_with_wakeup entry;
	struct eventfd_ctx *wake;
	int ret;

	if (copy_from_user(&entry, arg, sizeof(entry)))
		return -EFAULT;
	if (entry.wakeup_eventfd < 0)
		return -EINVAL;

	wake = eventfd_ctx_fdget(entry.wakeup_eventfd);
	if (IS_ERR(wake))
		return PTR_ERR(wake);

	ret = enter_low_power(vdev, wake);
	if (ret)
		eventfd_ctx_put(wake);
	return ret;
}

/* VFIO_DEVICE_FEATURE_LOW_POWER_EXIT: 0, also if it wasn't engaged */
int vfio_pci_low_power_exit(struct vfio_pci_device *vdev, void __user *arg)
{
	guard(mutex)(&vdev->config.lock);

	vfio_pci_gate_hold(vdev);
	leave_low_power(vdev);
	vfio_pci_gate_resume(vdev);
	return 0;
}

/* Runtime power management ---------------------------------------------- */

static void suspend(struct vfio_pci_device *vdev)
{
	/*
	 * The PCI core saves the state before it changes to D3.  It has to be
	 * that of D0, not of a D3hot the user asked for.
	 */
	vfio_pci_gate_hold(vdev);
	vfio_pci_power_set(vdev, PCI_D0);
	vfio_pci_gate_resume(vdev);

	vfio_pci_intx_suspend(vdev);
}

/* A user who wants to hear of a wake-up is told, and has the device back */
static void report_wake(struct vfio_pci_device *vdev)
{
	guard(mutex)(&vdev->config.lock);

	if (!vdev->power.wake)
		return;
	eventfd_signal(vdev->power.wake);

	vfio_pci_gate_hold(vdev);
	leave_low_power(vdev);
	vfio_pci_gate_resume(vdev);
}

/* The driver may be bound with no device registered: then there's no user */
static int runtime_suspend(struct device *dev)
{
	struct vfio_pci_device *vdev;
	int token;

	vdev = vfio_pci_registry_get(to_pci_dev(dev), &token);
	if (vdev)
		suspend(vdev);
	vfio_pci_registry_put(token);
	return 0;
}

static int runtime_resume(struct device *dev)
{
	struct vfio_pci_device *vdev;
	int token;

	vdev = vfio_pci_registry_get(to_pci_dev(dev), &token);
	if (vdev) {
		report_wake(vdev);
		vfio_pci_intx_resume(vdev);
	}
	vfio_pci_registry_put(token);
	return 0;
}

/* For struct pci_driver.driver.pm */
const struct dev_pm_ops vfio_pci_common_pm_ops = {
	RUNTIME_PM_OPS(runtime_suspend, runtime_resume, NULL)
};
EXPORT_SYMBOL_GPL(vfio_pci_common_pm_ops);
