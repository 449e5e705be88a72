// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runtime power management: a device that nobody uses sleeps, one that is open
 * does not, unless the user lets it by the low power features; then an access
 * wakes it, and its mappings are out of bounds until the user ends low power.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fakecfg.h"
#include "vfio_harness.h"

#define ENTRY		(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY)
#define WAKEUP		(VFIO_DEVICE_FEATURE_SET |				\
			 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP)
#define EXIT		(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT)

/* ----------------------------------------------------------------- who sleeps when */

FIXTURE(idle) {
	char addr[40];
};

FIXTURE_VARIANT(idle) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(idle, nvme) {
	.target = { "nvme" },
};

FIXTURE_VARIANT_ADD(idle, e1000e) {
	.target = { "e1000e" },
};

FIXTURE_VARIANT_ADD(idle, edu) {
	.target = { "edu" },
};

FIXTURE_SETUP(idle)
{
	VFIO_NEEDS(&variant->target);
	ASSERT_EQ(0, vfio_device_find(variant->target.name, self->addr,
				      sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
}

FIXTURE_TEARDOWN(idle)
{
	vfio_driver_unbind(self->addr);
}

TEST_F(idle, sleeps_when_bound)
{
	char control[16];

	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	EXPECT_LT(0, vfio_attr_read(self->addr, "power/control", control,
				    sizeof(control)));
	EXPECT_STREQ("auto", control);
}

TEST_F(idle, awake_while_open)
{
	struct vfio_dev dev;

	ASSERT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	ASSERT_EQ(0, vfio_dev_open(&dev, &variant->target));
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "active"));
	vfio_dev_close(&dev);
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
}

/* Who gets the device next finds it awake and not managed. */
TEST_F(idle, awake_when_unbound)
{
	char control[16];

	ASSERT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "active"));
	EXPECT_LT(0, vfio_attr_read(self->addr, "power/control", control,
				    sizeof(control)));
	EXPECT_STREQ("on", control);
}

TEST_F(idle, often)
{
	struct vfio_dev dev;
	uint32_t value;
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, vfio_dev_open(&dev, &variant->target));
		EXPECT_EQ(4, vfio_region_read(&dev, 0, 0, &value, 4));
		EXPECT_NE(~0U, value);
		vfio_dev_close(&dev);
		ASSERT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	}
}

/* The parameter is read when the device is bound. */
TEST_F(idle, disable_idle_d3)
{
	struct vfio_dev dev;

	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_reload("disable_idle_d3=1"));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "active"));
	ASSERT_EQ(0, vfio_dev_open(&dev, &variant->target));
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "active"));
	vfio_dev_close(&dev);
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "active"));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_reload(""));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
}

/* Written at run time it counts for devices bound later. */
TEST_F(idle, disable_idle_d3_at_run_time)
{
	char parameter[128];

	vfio_driver_module_path("parameters/disable_idle_d3", parameter,
				sizeof(parameter));
	if (vfio_stock())
		SKIP(return, "before 7.3 it was read when the module was loaded");
	ASSERT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	ASSERT_EQ(0, vfio_file_write(parameter, "Y"));
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "suspended"));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "active"));
	ASSERT_EQ(0, vfio_file_write(parameter, "N"));
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "active"));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
}

/* ----------------------------------------------------------------------- low power */

FIXTURE(low_power) {
	struct vfio_dev dev;
	void *bar;
	uint32_t first;		/* what the first register reads */
	int fd;
};

FIXTURE_VARIANT(low_power) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(low_power, nvme) {
	.target = { "nvme" },
};

FIXTURE_VARIANT_ADD(low_power, e1000e) {
	.target = { "e1000e" },
};

FIXTURE_SETUP(low_power)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED, &self->bar));
	ASSERT_EQ(4, vfio_region_read(&self->dev, 0, 0, &self->first, 4));
	self->fd = vfio_eventfd();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(low_power)
{
	munmap(self->bar, 4096);
	vfio_dev_close(&self->dev);
}

#define SET(feature)	vfio_feature(&self->dev, feature, NULL, 0)
#define ENTER()									\
	do {									\
		ASSERT_EQ(0, SET(ENTRY));					\
		ASSERT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));		\
	} while (0)
#define ENTER_WITH_WAKEUP()							\
	do {									\
		struct vfio_device_low_power_entry_with_wakeup __wakeup = {	\
			.wakeup_eventfd = self->fd,				\
		};								\
		ASSERT_EQ(0, vfio_feature(&self->dev, WAKEUP, &__wakeup,	\
					  sizeof(__wakeup)));			\
		ASSERT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));		\
	} while (0)
#define EXPECT_MAPPING(signal)	EXPECT_EQ(signal, vfio_load(self->bar, 4, NULL))
#define EXPECT_READ()								\
	do {									\
		uint32_t __value = 0;						\
										\
		EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &__value, 4));	\
		EXPECT_EQ(self->first, __value);				\
	} while (0)

TEST_F(low_power, entry_and_exit)
{
	EXPECT_MAPPING(0);
	ENTER();
	EXPECT_MAPPING(SIGBUS);
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_TRUE(vfio_runtime_stays(self->dev.addr, "active"));
	EXPECT_MAPPING(0);
	EXPECT_READ();
}

TEST_F(low_power, entry_twice)
{
	struct vfio_device_low_power_entry_with_wakeup wakeup = {
		.wakeup_eventfd = self->fd,
	};

	ENTER();
	EXPECT_EQ(-EINVAL, SET(ENTRY));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->dev, WAKEUP, &wakeup, sizeof(wakeup)));
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_TRUE(vfio_runtime_stays(self->dev.addr, "active"));
	ENTER();
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_MAPPING(0);
}

/* Idempotent: the second one does not take a reference more. */
TEST_F(low_power, exit_twice)
{
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_EQ(0, SET(EXIT));
	ENTER();
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_EQ(0, SET(EXIT));
	ENTER();
	EXPECT_EQ(0, SET(EXIT));
}

TEST_F(low_power, argument_refused)
{
	const int null = open("/dev/null", O_RDWR), closed = dup(null);
	struct vfio_device_low_power_entry_with_wakeup wakeup = { 0 };

	ASSERT_EQ(0, close(closed));
	wakeup.wakeup_eventfd = -1;
	EXPECT_EQ(-EINVAL, vfio_feature(&self->dev, WAKEUP, &wakeup, sizeof(wakeup)));
	wakeup.wakeup_eventfd = closed;
	EXPECT_EQ(-EBADF, vfio_feature(&self->dev, WAKEUP, &wakeup, sizeof(wakeup)));
	wakeup.wakeup_eventfd = null;
	EXPECT_EQ(-EINVAL, vfio_feature(&self->dev, WAKEUP, &wakeup, sizeof(wakeup)));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->dev, WAKEUP, &wakeup, 7));
	EXPECT_TRUE(vfio_runtime_stays(self->dev.addr, "active"));
	EXPECT_MAPPING(0);
	EXPECT_READ();
}

/* An access wakes the device for as long as it takes. */
TEST_F(low_power, accesses_wake)
{
	uint32_t vendor;

	ENTER();
	EXPECT_READ();
	EXPECT_MAPPING(SIGBUS);
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	EXPECT_EQ(0, vfio_cfg_read(&self->dev, PCI_CLASS_REVISION, 4, &vendor));
	EXPECT_NE(~0U, vendor);
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	EXPECT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1,
				       &self->fd));
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	EXPECT_MAPPING(SIGBUS);
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_MAPPING(0);
}

/* Mapped before or after, it is the same. */
TEST_F(low_power, mapping_made_meanwhile)
{
	void *again;

	ENTER();
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 4096, PROT_READ, MAP_SHARED,
				      &again));
	EXPECT_EQ(SIGBUS, vfio_load(again, 4, NULL));
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_EQ(0, vfio_load(again, 4, NULL));
	munmap(again, 4096);
}

TEST_F(low_power, reset_meanwhile)
{
	ENTER();
	EXPECT_EQ(0, vfio_ioctl(self->dev.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_MAPPING(SIGBUS);
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_MAPPING(0);
	EXPECT_READ();
}

TEST_F(low_power, configuration_is_kept)
{
	uint16_t command, hw;

	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	command = vfio_cfg16(&self->dev, PCI_COMMAND);
	hw = vfio_hw_cfg16(&self->dev, PCI_COMMAND);
	ENTER();
	EXPECT_EQ(command, vfio_cfg16(&self->dev, PCI_COMMAND));
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_EQ(command, vfio_cfg16(&self->dev, PCI_COMMAND));
	EXPECT_EQ(hw, vfio_hw_cfg16(&self->dev, PCI_COMMAND));
}

TEST_F(low_power, closed_meanwhile)
{
	ENTER();
	vfio_dev_close(&self->dev);
	munmap(self->bar, 4096);
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
	EXPECT_TRUE(vfio_runtime_stays(self->dev.addr, "active"));
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED, &self->bar));
	EXPECT_MAPPING(0);
	EXPECT_READ();
	/* And low power can be entered anew. */
	ENTER();
}

/* ------------------------------------------------------------------ wake-up eventfd */

TEST_F(low_power, wakeup_by_access)
{
	ENTER_WITH_WAKEUP();
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd, 20));
	EXPECT_MAPPING(SIGBUS);
	EXPECT_READ();
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd, 1000));
	/* Low power is over with it. */
	EXPECT_TRUE(vfio_runtime_stays(self->dev.addr, "active"));
	EXPECT_MAPPING(0);
	EXPECT_READ();
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd, 20));
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_TRUE(vfio_runtime_stays(self->dev.addr, "active"));
}

TEST_F(low_power, wakeup_by_others)
{
	const char *path = "power/control";

	ENTER_WITH_WAKEUP();
	ASSERT_EQ(0, vfio_attr_write(self->dev.addr, path, "on"));
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd, 1000));
	EXPECT_MAPPING(0);
	ASSERT_EQ(0, vfio_attr_write(self->dev.addr, path, "auto"));
	EXPECT_TRUE(vfio_runtime_stays(self->dev.addr, "active"));
}

TEST_F(low_power, wakeup_again)
{
	int i;

	for (i = 0; i < 3; i++) {
		ENTER_WITH_WAKEUP();
		EXPECT_READ();
		EXPECT_EQ(1, vfio_eventfd_wait(self->fd, 1000));
	}
}

/* Ended by the user: the eventfd is let go of, and not signalled any more. */
TEST_F(low_power, wakeup_after_exit)
{
	ENTER_WITH_WAKEUP();
	EXPECT_EQ(0, SET(EXIT));
	vfio_eventfd_wait(self->fd, 0);
	EXPECT_MAPPING(0);
	ENTER();
	EXPECT_READ();
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd, 20));
}

/* -------------------------------------------------------------- wake-up by the device */

/*
 * No emulated device reports a PME, so that its capability is faked: e1000e can do
 * so from D3hot.  The kernel looks once a second whether a device did that is behind
 * a port that has not sent it a message yet; the port has to be awake for that.
 */
FIXTURE(pme) {
	struct fakecfg fake;
	struct vfio_dev dev;
	unsigned int pm;
	void *bar;
	int fd;
};

static const struct vfio_target pme_target = { "e1000e" };

FIXTURE_SETUP(pme)
{
	const char *why = fakecfg_missing(&pme_target);

	self->dev = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fake, &pme_target));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &pme_target));
	self->pm = vfio_hw_cap_find(&self->dev, PCI_CAP_ID_PM);
	ASSERT_NE(0U, self->pm);
	fakecfg_put(&self->fake, self->pm + PCI_PM_PMC, 2,
		    vfio_hw_cfg16(&self->dev, self->pm + PCI_PM_PMC) |
		    PCI_PM_CAP_PME_D3hot);
	/* The high byte of the control register: enable, and status that is not set */
	fakecfg_put(&self->fake, self->pm + PCI_PM_CTRL + 1, 1, 0);
	self->fake.writable[self->pm + PCI_PM_CTRL + 1] = PCI_PM_CTRL_PME_ENABLE >> 8;
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, fakecfg_rescan(&self->fake));
	ASSERT_EQ(0, vfio_attr_write(self->fake.addr, "../power/control", "on"));

	ASSERT_EQ(0, vfio_dev_open(&self->dev, &pme_target));
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 4096, PROT_READ, MAP_SHARED,
				      &self->bar));
	self->fd = vfio_eventfd();
}

FIXTURE_TEARDOWN(pme)
{
	if (self->bar)
		munmap(self->bar, 4096);
	vfio_dev_close(&self->dev);
	if (!self->fake.addr[0])
		return;
	vfio_attr_write(self->fake.addr, "../power/control", "auto");
	fakecfg_remove(&self->fake);
	EXPECT_EQ(0, fakecfg_rescan(&self->fake));
}

/* Whose PME the kernel wants to hear of, and which reports one */
static bool report_pme(const struct fakecfg *fake, unsigned int pm)
{
	uint8_t high = fakecfg_peek(fake, pm + PCI_PM_CTRL + 1, 1);

	if (!(high & (PCI_PM_CTRL_PME_ENABLE >> 8)))
		return false;
	return !fakecfg_poke(fake, pm + PCI_PM_CTRL + 1, 1,
			     high | PCI_PM_CTRL_PME_STATUS >> 8);
}

TEST_F(pme, wakes_and_is_told)
{
	struct vfio_device_low_power_entry_with_wakeup wakeup = {
		.wakeup_eventfd = self->fd,
	};

	/* It is the host's: the user sees none of it. */
	EXPECT_EQ(0, vfio_cfg16(&self->dev, self->pm + PCI_PM_PMC) &
		     PCI_PM_CAP_PME_MASK);
	ASSERT_EQ(0, vfio_feature(&self->dev, WAKEUP, &wakeup, sizeof(wakeup)));
	ASSERT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd, 1500));
	ASSERT_TRUE(report_pme(&self->fake, self->pm));
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd, 5000));
	fakecfg_poke(&self->fake, self->pm + PCI_PM_CTRL + 1, 1, 0);
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "active"));
	/* Low power is over with it. */
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
}

/* Who did not ask for that: the device is awake for a moment. */
TEST_F(pme, wakes_and_sleeps_again)
{
	ASSERT_EQ(0, vfio_feature(&self->dev, ENTRY, NULL, 0));
	ASSERT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	ASSERT_TRUE(report_pme(&self->fake, self->pm));
	vfio_sleep_ms(2500);
	/* It was seen to: the kernel enables it anew when the device sleeps again. */
	fakecfg_poke(&self->fake, self->pm + PCI_PM_CTRL + 1, 1, 0);
	EXPECT_TRUE(vfio_runtime_becomes(self->dev.addr, "suspended"));
	EXPECT_NE(0, vfio_load(self->bar, 4, NULL));
	EXPECT_EQ(0, vfio_feature(&self->dev, EXIT, NULL, 0));
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
}

/* -------------------------------------------------------------------------- INTx */

/* Asleep the device must not hold the line; awake it may again. */
TEST_F(low_power, intx_is_masked_meanwhile)
{
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1,
				       &self->fd));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
	ENTER();
	EXPECT_NE(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
}

/* What the user has masked stays masked. */
TEST_F(low_power, intx_masked_by_the_user)
{
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1,
				       &self->fd));
	ASSERT_EQ(0, vfio_irq_set(&self->dev, VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_MASK,
				  VFIO_PCI_INTX_IRQ_INDEX, 0, 1, NULL, 0));
	ENTER();
	EXPECT_EQ(0, SET(EXIT));
	EXPECT_NE(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
}

VFIO_TEST_MAIN
