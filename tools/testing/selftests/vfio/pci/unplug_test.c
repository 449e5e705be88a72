// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that is taken away while it is open, mapped, with interrupts set up
 * and in the middle of DMA: by the button of its slot, by the slot's power and
 * by sysfs.  Its user is asked and keeps the device until he closes it; then it
 * goes, and comes back as good as new.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fakecfg.h"
#include "hotplug.h"
#include "nvme.h"
#include "vfio_harness.h"

#define REQ		VFIO_PCI_REQ_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define BAR_SIZE	8192
#define RESCAN		"/sys/bus/pci/rescan"
/* The kernel gives who pressed the button five seconds to press it again */
#define BUTTON_MS	20000

enum way { BUTTON, SLOT_POWER, SYSFS_REMOVE };

FIXTURE(unplug) {
	struct vfio_dev dev;
	char addr[40];
	char slot[128];
	void *bar;
	int32_t req;
	pid_t pid;
};

FIXTURE_VARIANT(unplug) {
	struct vfio_target target;
	enum way way;
};

FIXTURE_VARIANT_ADD(unplug, nvme_button) {
	.target = { .name = "nvme" },
	.way = BUTTON,
};

FIXTURE_VARIANT_ADD(unplug, nvme_slot_power) {
	.target = { .name = "nvme" },
	.way = SLOT_POWER,
};

FIXTURE_VARIANT_ADD(unplug, nvme_sysfs) {
	.target = { .name = "nvme" },
	.way = SYSFS_REMOVE,
};

FIXTURE_VARIANT_ADD(unplug, e1000e_button) {
	.target = { .name = "e1000e" },
	.way = BUTTON,
};

FIXTURE_VARIANT_ADD(unplug, e1000e_slot_power) {
	.target = { .name = "e1000e" },
	.way = SLOT_POWER,
};

FIXTURE_VARIANT_ADD(unplug, e1000e_sysfs) {
	.target = { .name = "e1000e" },
	.way = SYSFS_REMOVE,
};

static void map_bar(const struct vfio_dev *dev, void **bar)
{
	if (vfio_region_mmap(dev, 0, 0, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     bar))
		*bar = NULL;
}

static void unmap_bar(void **bar)
{
	if (*bar)
		munmap(*bar, BAR_SIZE);
	*bar = NULL;
}

static bool is_there(const char *addr)
{
	char driver[64];

	return !vfio_driver_of(addr, driver, sizeof(driver));
}

FIXTURE_SETUP(unplug)
{
	const char *why = hotplug_missing(&variant->target);

	self->dev = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
	snprintf(self->addr, sizeof(self->addr), "%s", self->dev.addr);
	ASSERT_EQ(0, hotplug_slot_power(self->addr, self->slot, sizeof(self->slot)));
	map_bar(&self->dev, &self->bar);
	ASSERT_NE(NULL, self->bar);
	self->req = vfio_eventfd();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));
}

/* In, whatever the test did with it */
static int put_back(const char *name, const char *addr)
{
	if (is_there(addr))
		return 0;
	vfio_file_write(RESCAN, "1");
	if (!is_there(addr) && hotplug_insert(name))
		return -ENODEV;
	return hotplug_appears(addr) ? 0 : -ENODEV;
}

FIXTURE_TEARDOWN(unplug)
{
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	if (self->pid > 0)
		vfio_file_write_end(self->pid);
	EXPECT_EQ(0, put_back(variant->target.name, self->addr));
	vfio_driver_unbind(self->addr);
}

/* Someone wants it out, and waits in a process of his own where he has to wait */
static int begin(enum way way, const char *name, const char *addr, const char *slot,
		 pid_t *pid)
{
	if (way == BUTTON)
		return hotplug_eject(name);
	*pid = way == SLOT_POWER ? vfio_file_write_begin(slot, "0") :
				   vfio_attr_write_begin(addr, "remove", "1");
	return *pid < 0 ? *pid : 0;
}

#define BEGIN()									\
	ASSERT_EQ(0, begin(variant->way, variant->target.name, self->addr,	\
			   self->slot, &self->pid))
#define EXPECT_ASKED()								\
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, BUTTON_MS))
#define CLOSE()									\
	do {									\
		unmap_bar(&self->bar);						\
		vfio_dev_close(&self->dev);					\
	} while (0)
/* The kernel is done with it, and so is who wanted it */
#define EXPECT_GONE()								\
	do {									\
		EXPECT_TRUE(hotplug_disappears(self->addr));			\
		if (self->pid > 0)						\
			EXPECT_EQ(0, vfio_file_write_end(self->pid));		\
		self->pid = 0;							\
	} while (0)
#define PUT_BACK()								\
	ASSERT_EQ(0, put_back(variant->target.name, self->addr))

/* As after a boot: it can be bound, opened, and mapped, and answers. */
#define EXPECT_WORKS()								\
	do {									\
		uint32_t __value = ~0U;						\
										\
		ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));	\
		EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 8, &__value, 4));	\
		EXPECT_NE(~0U, __value);					\
		map_bar(&self->dev, &self->bar);				\
		ASSERT_NE(NULL, self->bar);					\
		EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));			\
	} while (0)

TEST_F_TIMEOUT(unplug, waits_for_the_user, 90)
{
	uint32_t value = ~0U;

	BEGIN();
	EXPECT_ASKED();
	vfio_sleep_ms(200);
	/* All of it goes on. */
	EXPECT_TRUE(is_there(self->addr));
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 8, &value, 4));
	EXPECT_NE(~0U, value);
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
	EXPECT_NE(0xffffU, vfio_cfg16(&self->dev, PCI_VENDOR_ID));
	/* But a reset: who removes the device has it locked. */
	EXPECT_EQ(-EAGAIN, vfio_ioctl(self->dev.fd, VFIO_DEVICE_RESET, NULL));
	/* A mapping alone is a user, too. */
	vfio_dev_close(&self->dev);
	vfio_sleep_ms(100);
	EXPECT_TRUE(is_there(self->addr));
	unmap_bar(&self->bar);
	EXPECT_GONE();
	PUT_BACK();
	EXPECT_WORKS();
}

/* The user is killed: that counts as closing. */
TEST_F_TIMEOUT(unplug, user_is_killed, 90)
{
	int ready[2];
	pid_t user;
	char byte;

	CLOSE();
	ASSERT_EQ(0, pipe(ready));
	user = fork();
	ASSERT_LE(0, user);
	if (!user) {
		if (vfio_dev_open(&self->dev, &variant->target))
			_exit(1);
		map_bar(&self->dev, &self->bar);
		vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	BEGIN();
	EXPECT_ASKED();
	ASSERT_EQ(0, kill(user, SIGKILL));
	EXPECT_EQ(-EINTR, vfio_file_write_end(user));
	EXPECT_GONE();
	PUT_BACK();
	EXPECT_WORKS();
}

/* Asleep by the user's wish, which he has to be asked for all the same */
TEST_F_TIMEOUT(unplug, in_low_power, 90)
{
	ASSERT_EQ(0, vfio_feature(&self->dev, VFIO_DEVICE_FEATURE_SET |
				  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0));
	ASSERT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	BEGIN();
	EXPECT_ASKED();
	EXPECT_EQ(SIGBUS, vfio_load(self->bar, 4, NULL));
	CLOSE();
	EXPECT_GONE();
	PUT_BACK();
	EXPECT_WORKS();
}

/* In the deepest state a user's driver can put it */
TEST_F_TIMEOUT(unplug, in_d3, 90)
{
	ASSERT_EQ(0, vfio_power(&self->dev, 3));
	BEGIN();
	EXPECT_ASKED();
	CLOSE();
	EXPECT_GONE();
	PUT_BACK();
	EXPECT_WORKS();
}

/* ------------------------------------------------------------- in the middle of work */

/* A controller that reads and writes memory and interrupts, all along */
FIXTURE(busy) {
	struct vfio_dev dev;
	char addr[40];
	char slot[128];
	void *bar;
	struct nvme nvme;
	int32_t req;
	int32_t irq;
	pid_t pid;
};

FIXTURE_VARIANT(busy) {
	enum way way;
};

FIXTURE_VARIANT_ADD(busy, button) {
	.way = BUTTON,
};

FIXTURE_VARIANT_ADD(busy, slot_power) {
	.way = SLOT_POWER,
};

FIXTURE_VARIANT_ADD(busy, sysfs) {
	.way = SYSFS_REMOVE,
};

static const struct vfio_target busy_target = { .name = "nvme" };

FIXTURE_SETUP(busy)
{
	const char *why = hotplug_missing(&busy_target);

	self->dev = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &busy_target));
	snprintf(self->addr, sizeof(self->addr), "%s", self->dev.addr);
	ASSERT_EQ(0, hotplug_slot_power(self->addr, self->slot, sizeof(self->slot)));
	self->req = vfio_eventfd();
	self->irq = vfio_eventfd();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));
}

FIXTURE_TEARDOWN(busy)
{
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	if (self->pid > 0)
		vfio_file_write_end(self->pid);
	EXPECT_EQ(0, put_back("nvme", self->addr));
	vfio_driver_unbind(self->addr);
}

static int start_work(const struct vfio_dev *dev, struct nvme *nvme, void **bar,
		      int32_t irq)
{
	int ret = vfio_bus_master(dev, true);

	map_bar(dev, bar);
	if (ret || !*bar)
		return ret ?: -ENOMEM;
	return vfio_irq_eventfds(dev, MSIX, 0, 1, &irq) ?:
	       nvme_start(nvme, dev, *bar, 1);
}

/* One command: memory is read and written, and the interrupt arrives */
static int work_once(struct nvme *nvme, int32_t irq)
{
	int64_t count;

	nvme_submit_nop(nvme, 0);
	count = vfio_eventfd_wait(irq, 2000);
	if (count < 0)
		return count;
	return nvme_complete(nvme, 0);
}

TEST_F_TIMEOUT(busy, works_until_it_is_closed, 120)
{
	int i, asked_at = -1;

	ASSERT_EQ(0, start_work(&self->dev, &self->nvme, &self->bar, self->irq));
	ASSERT_EQ(0, begin(variant->way, "nvme", self->addr, self->slot, &self->pid));
	for (i = 0; asked_at < 0 || i < asked_at + 20; i++) {
		ASSERT_EQ(0, work_once(&self->nvme, self->irq)) TH_LOG("command %d", i);
		if (asked_at < 0 && vfio_eventfd_wait(self->req, 0) == 1)
			asked_at = i;
	}
	/* Closed with the controller running and a command under way */
	nvme_submit_nop(&self->nvme, 0);
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	EXPECT_TRUE(hotplug_disappears(self->addr));
	if (self->pid > 0)
		EXPECT_EQ(0, vfio_file_write_end(self->pid));
	self->pid = 0;

	ASSERT_EQ(0, put_back("nvme", self->addr));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &busy_target));
	ASSERT_EQ(0, start_work(&self->dev, &self->nvme, &self->bar, self->irq));
	vfio_eventfd_wait(self->irq, 30);
	EXPECT_EQ(0, work_once(&self->nvme, self->irq));
	nvme_stop(&self->nvme);
}

/* ------------------------------------------------------- gone before anybody was asked */

/* The device answers no more: what a surprise removal looks like to the driver */
FIXTURE(surprise) {
	struct vfio_dev dev;
	struct fakecfg fake;
	char addr[40];
	struct nvme nvme;
	void *bar;
	int32_t req;
	int32_t irq;
	pid_t pid;
};

FIXTURE_VARIANT(surprise) {
	struct vfio_target target;
	bool dma;
};

FIXTURE_VARIANT_ADD(surprise, e1000e) {
	.target = { .name = "e1000e" },
};

/* A controller that reads and writes memory, and interrupts, until it is gone */
FIXTURE_VARIANT_ADD(surprise, nvme) {
	.target = { .name = "nvme" },
	.dma = true,
};

FIXTURE_SETUP(surprise)
{
	const struct vfio_target target = variant->target;
	const char *why = fakecfg_missing(&target);

	self->dev = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fake, &target));
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &target));
	snprintf(self->addr, sizeof(self->addr), "%s", self->dev.addr);
	self->req = vfio_eventfd();
	self->irq = vfio_eventfd();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));
	if (variant->dma) {
		ASSERT_EQ(0, start_work(&self->dev, &self->nvme, &self->bar, self->irq));
	} else {
		map_bar(&self->dev, &self->bar);
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, MSIX, 0, 1, &self->irq));
	}
}

FIXTURE_TEARDOWN(surprise)
{
	fakecfg_dead(&self->fake, false);
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	if (self->pid > 0)
		vfio_file_write_end(self->pid);
	fakecfg_remove(&self->fake);
	EXPECT_EQ(0, put_back(variant->target.name, self->addr));
	vfio_driver_unbind(self->addr);
}

/* The user gets errors or all ones, not a kernel that waits for the device. */
TEST_F_TIMEOUT(surprise, removed_while_open, 60)
{
	uint32_t value = 0;

	if (variant->dma)
		nvme_submit_nop(&self->nvme, 0);
	ASSERT_EQ(0, fakecfg_dead(&self->fake, true));
	self->pid = vfio_attr_write_begin(self->addr, "remove", "1");
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 5000));
	EXPECT_EQ(0, vfio_cfg_read(&self->dev, PCI_CLASS_REVISION, 4, &value));
	EXPECT_EQ(~0U, value);
	/* What was on its way still arrives. */
	if (variant->dma) {
		EXPECT_EQ(1, vfio_eventfd_wait(self->irq, 2000));
		EXPECT_EQ(0, nvme_complete(&self->nvme, 0));
		nvme_submit_nop(&self->nvme, 0);
	}
	EXPECT_EQ(-ENODEV, vfio_ioctl(self->dev.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(0, vfio_irq_disable(&self->dev, MSIX));
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(self->pid));
	self->pid = 0;
	EXPECT_FALSE(is_there(self->addr));

	ASSERT_EQ(0, fakecfg_dead(&self->fake, false));
	ASSERT_EQ(0, fakecfg_remove(&self->fake));
	ASSERT_EQ(0, put_back(variant->target.name, self->addr));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
	if (variant->dma) {
		ASSERT_EQ(0, start_work(&self->dev, &self->nvme, &self->bar, self->irq));
		vfio_eventfd_wait(self->irq, 30);
		EXPECT_EQ(0, work_once(&self->nvme, self->irq));
		nvme_stop(&self->nvme);
	}
}

VFIO_TEST_MAIN
