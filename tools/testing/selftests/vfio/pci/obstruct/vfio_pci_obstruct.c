// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody else in the kernel may do to a device, for tests: own one of
 * its BARs, not let it be resumed, or have it locked.
 *
 * In /sys/module/vfio_pci_obstruct/parameters/, for writing:
 *
 *  claim	"0000:01:00.0 2" claims BAR 2 of that device
 *  asleep	"0000:01:00.0" turns the device's runtime power management off,
 *		so that it stays in the state that it is in
 *  locked	"0000:01:00.0" holds the device's lock
 *
 * Each is about one device at a time.  An empty text ends it, and so does the
 * module's removal.
 */
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

static DEFINE_MUTEX(obstruct_mutex);

/* Under obstruct_mutex, with a reference held; NULL: none */
static struct pci_dev *claimed;
static unsigned int claimed_bar;
static struct pci_dev *asleep;
static struct task_struct *locker;

static struct pci_dev *get_device_by_name(const char *name)
{
	struct device *dev = bus_find_device_by_name(&pci_bus_type, NULL, name);

	return dev ? to_pci_dev(dev) : NULL;
}

static void end_claim(void)
{
	lockdep_assert_held(&obstruct_mutex);
	if (claimed)
		pci_release_region(claimed, claimed_bar);
	pci_dev_put(claimed);
	claimed = NULL;
}

static int claim_set(const char *text, const struct kernel_param *kp)
{
	struct pci_dev *pdev;
	char name[32];
	int ret;

	guard(mutex)(&obstruct_mutex);
	end_claim();
	if (!*skip_spaces(text))
		return 0;
	if (sscanf(text, "%31s %u", name, &claimed_bar) != 2 ||
	    claimed_bar >= PCI_STD_NUM_BARS)
		return -EINVAL;

	pdev = get_device_by_name(name);
	if (!pdev)
		return -ENODEV;
	ret = pci_request_region(pdev, claimed_bar, KBUILD_MODNAME);
	if (ret)
		pci_dev_put(pdev);
	else
		claimed = pdev;
	return ret;
}

static void end_asleep(void)
{
	lockdep_assert_held(&obstruct_mutex);
	if (asleep)
		pm_runtime_enable(&asleep->dev);
	pci_dev_put(asleep);
	asleep = NULL;
}

static int asleep_set(const char *text, const struct kernel_param *kp)
{
	char name[32];

	guard(mutex)(&obstruct_mutex);
	end_asleep();
	if (!*skip_spaces(text))
		return 0;
	if (sscanf(text, "%31s", name) != 1)
		return -EINVAL;

	asleep = get_device_by_name(name);
	if (!asleep)
		return -ENODEV;
	pm_runtime_disable(&asleep->dev);
	return 0;
}

/**
 * struct lock_request - what the thread is told
 * @pdev: the device, whose reference becomes the thread's
 * @locked: completed when it is
 */
struct lock_request {
	struct pci_dev *pdev;
	struct completion locked;
};

/* A lock is given back by who took it, and that can't be a user's process. */
static int hold_lock(void *data)
{
	struct lock_request *request = data;
	struct pci_dev *pdev = request->pdev;

	device_lock(&pdev->dev);
	complete(&request->locked);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return 0;
}

static void end_locked(void)
{
	lockdep_assert_held(&obstruct_mutex);
	if (locker)
		kthread_stop(locker);
	locker = NULL;
}

static int locked_set(const char *text, const struct kernel_param *kp)
{
	struct lock_request request = { };
	struct task_struct *task;
	char name[32];

	guard(mutex)(&obstruct_mutex);
	end_locked();
	if (!*skip_spaces(text))
		return 0;
	if (sscanf(text, "%31s", name) != 1)
		return -EINVAL;

	request.pdev = get_device_by_name(name);
	if (!request.pdev)
		return -ENODEV;
	init_completion(&request.locked);
	task = kthread_run(hold_lock, &request, KBUILD_MODNAME);
	if (IS_ERR(task)) {
		pci_dev_put(request.pdev);
		return PTR_ERR(task);
	}
	wait_for_completion(&request.locked);
	locker = task;
	return 0;
}

static const struct kernel_param_ops claim_ops = { .set = claim_set };
static const struct kernel_param_ops asleep_ops = { .set = asleep_set };
static const struct kernel_param_ops locked_ops = { .set = locked_set };

module_param_cb(claim, &claim_ops, NULL, 0200);
MODULE_PARM_DESC(claim, "Device and number of a BAR to claim");
module_param_cb(asleep, &asleep_ops, NULL, 0200);
MODULE_PARM_DESC(asleep, "Device that is not to be resumed or suspended");
module_param_cb(locked, &locked_ops, NULL, 0200);
MODULE_PARM_DESC(locked, "Device whose lock to hold");

static int __init obstruct_init(void)
{
	return 0;
}
module_init(obstruct_init);

static void __exit obstruct_exit(void)
{
	guard(mutex)(&obstruct_mutex);
	end_claim();
	end_asleep();
	end_locked();
}
module_exit(obstruct_exit);

MODULE_DESCRIPTION("Is in the way of a device's user, for tests of vfio-pci");
MODULE_AUTHOR("The vfio-pci-common authors");
MODULE_LICENSE("GPL");
