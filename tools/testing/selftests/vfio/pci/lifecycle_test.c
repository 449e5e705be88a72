// SPDX-License-Identifier: GPL-2.0-only
/*
 * From open to close, however a device is closed: nothing stays behind in the
 * kernel or in the device, the next user finds it as the first one did, and the
 * device's own driver can work with it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irq_source.h"
#include "memory.h"
#include "own_driver.h"
#include "vfio_harness.h"

#define INTX		VFIO_PCI_INTX_IRQ_INDEX
#define MSI		VFIO_PCI_MSI_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define ENTRY		(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY)

/* -------------------------------------------------------------------------- memory */

#define WARM_UP		vfio_rounds(50)
/* A few dozen bytes a round are seen in 1,000 rounds; the rest is noise. */
#define SLAB_LIMIT	(32L * rounds + (32L << 10))
#define PAGES_LIMIT	(2L << 20)
#define VMALLOC_LIMIT	(64L << 10)

/* One open, all kinds of things set up, one close without taking them back. */
static int use_once(const struct vfio_target *target, uint32_t index)
{
	const int32_t fd = vfio_eventfd(), none = vfio_eventfd();
	struct vfio_device_ioeventfd ioeventfd = {
		.argsz = sizeof(ioeventfd), .flags = 4, .fd = fd,
	};
	struct vfio_dev dev;
	uint32_t value;
	void *bar;
	int ret;

	ret = vfio_dev_open(&dev, target);
	if (ret)
		return ret;
	ret = vfio_region_mmap(&dev, 0, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			       &bar);
	if (!ret) {
		ret = vfio_load(bar, 4, NULL);
		munmap(bar, 4096);
	}
	if (!ret)
		ret = vfio_irq_eventfds(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd);
	if (!ret)
		ret = vfio_irq_eventfds(&dev, index, 0, 1, &fd);
	if (!ret && index == INTX)
		ret = vfio_irq_set(&dev, VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_UNMASK, INTX, 0, 1, &none, 4);
	if (!ret)
		ret = vfio_ioctl(dev.fd, VFIO_DEVICE_IOEVENTFD, &ioeventfd);
	if (!ret && vfio_region_read(&dev, 0, 0, &value, 4) != 4)
		ret = -EIO;
	if (!ret)
		ret = vfio_bus_master(&dev, true);
	vfio_dev_close(&dev);
	close(fd);
	close(none);
	return ret;
}

FIXTURE(memory) {
	struct memory before;
};

FIXTURE_VARIANT(memory) {
	struct vfio_target target;
	uint32_t index;
	int rounds;
};

FIXTURE_VARIANT_ADD(memory, edu_intx) {
	.target = { "edu" }, .index = INTX, .rounds = 1000,
};

FIXTURE_VARIANT_ADD(memory, edu_msi) {
	.target = { "edu" }, .index = MSI, .rounds = 1000,
};

/* These take a while to reset. */
FIXTURE_VARIANT_ADD(memory, nvme_msix) {
	.target = { "nvme" }, .index = MSIX, .rounds = 60,
};

FIXTURE_VARIANT_ADD(memory, e1000e_msix) {
	.target = { "e1000e" }, .index = MSIX, .rounds = 60,
};

FIXTURE_SETUP(memory)
{
	VFIO_NEEDS(&variant->target);
}

FIXTURE_TEARDOWN(memory)
{
}

TEST_F_TIMEOUT(memory, is_given_back, 110)
{
	const int rounds = vfio_rounds(variant->rounds), warm_up = WARM_UP;
	struct memory before, after;
	int i;

	for (i = 0; i < warm_up; i++)
		ASSERT_EQ(0, use_once(&variant->target, variant->index));
	before = memory_measure();
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, use_once(&variant->target, variant->index))
			TH_LOG("round %d", i);
	}
	after = memory_measure();
	TH_LOG("%d rounds: slab %+ld, pages %+ld, vmalloc %+ld bytes", rounds,
	       after.slab - before.slab, after.pages - before.pages,
	       after.vmalloc - before.vmalloc);
	EXPECT_GE(before.vmalloc + VMALLOC_LIMIT, after.vmalloc);
	if (memory_keeps_freed())
		return;
	EXPECT_GE(before.slab + SLAB_LIMIT, after.slab);
	EXPECT_GE(before.pages + PAGES_LIMIT, after.pages);
}

/* The same measure sees what 1,000 forgotten eventfds take, a few dozen bytes each. */
TEST(a_leak_is_seen)
{
	const int rounds = 1000;
	struct memory before, after;
	int i, first = -1;

	memory_measure();
	before = memory_measure();
	for (i = 0; i < rounds; i++) {
		int fd = vfio_eventfd();

		ASSERT_LE(0, fd);
		if (first < 0)
			first = fd;
	}
	after = memory_measure();
	TH_LOG("%d eventfds: slab %+ld", rounds, after.slab - before.slab);
	EXPECT_LT(before.slab + SLAB_LIMIT, after.slab);
	close_range(first, first + rounds, 0);
}

/* Bound and unbound: what a device has while it is bound */
TEST(memory_of_binding)
{
	const struct vfio_target target = { "edu" };
	const int rounds = vfio_rounds(600), warm_up = WARM_UP;
	struct memory before = { 0 }, after;
	char addr[40];
	int i;

	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find("edu", addr, sizeof(addr)));
	for (i = 0; i < warm_up + rounds; i++) {
		if (i == warm_up)
			before = memory_measure();
		ASSERT_EQ(0, vfio_driver_take(addr));
		ASSERT_EQ(0, vfio_driver_unbind(addr));
	}
	after = memory_measure();
	TH_LOG("%d rounds: slab %+ld, pages %+ld", rounds, after.slab - before.slab,
	       after.pages - before.pages);
	if (memory_keeps_freed())
		return;
	/* What sysfs makes and frees is noisier. */
	EXPECT_GE(before.slab + 200L * rounds, after.slab);
	EXPECT_GE(before.pages + PAGES_LIMIT, after.pages);
}

/* ------------------------------------------------------------------- ways to an end */

FIXTURE(end) {
	struct vfio_dev dev;
	int32_t fd;
	void *bar;
	uint32_t config[64];	/* what the first user finds */
};

FIXTURE_VARIANT(end) {
	struct vfio_target target;
	uint32_t index;
};

FIXTURE_VARIANT_ADD(end, edu_intx) {
	.target = { "edu" }, .index = INTX,
};

FIXTURE_VARIANT_ADD(end, edu_msi) {
	.target = { "edu" }, .index = MSI,
};

FIXTURE_VARIANT_ADD(end, nvme_msix) {
	.target = { "nvme" }, .index = MSIX,
};

FIXTURE_VARIANT_ADD(end, e1000e_intx) {
	.target = { "e1000e" }, .index = INTX,
};

FIXTURE_SETUP(end)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	ASSERT_EQ(256, vfio_region_read(&self->dev, 7, 0, self->config, 256));
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
	self->fd = vfio_eventfd();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED, &self->bar));
}

FIXTURE_TEARDOWN(end)
{
	if (self->bar)
		munmap(self->bar, 4096);
	vfio_dev_close(&self->dev);
}

#define SET_UP_EVERYTHING()							\
	do {									\
		ASSERT_EQ(0, vfio_bus_master(&self->dev, true));		\
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0,	\
					       1, &self->fd));			\
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev,			\
					       VFIO_PCI_REQ_IRQ_INDEX, 0, 1,	\
					       &self->fd));			\
		ASSERT_EQ(0, vfio_load(self->bar, 4, NULL));			\
	} while (0)

/* What the host can see of a device that nobody has */
#define EXPECT_QUIET()								\
	do {									\
		EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) &		\
			     PCI_COMMAND_MASTER);				\
		EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));		\
		EXPECT_FALSE(hw_messages_enabled(&self->dev));			\
	} while (0)

/*
 * And what the next user sees of it. A device that has no reset may go on
 * asserting its line, which its status register tells.
 */
#define IGNORED(i)	((i) == PCI_COMMAND / 4 ? PCI_STATUS_INTERRUPT << 16 : 0U)

#define EXPECT_AS_NEW()								\
	do {									\
		uint32_t __now[64];						\
										\
		ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));	\
		ASSERT_EQ(256, vfio_region_read(&self->dev, 7, 0, __now, 256));	\
		for (int __i = 0; __i < 64; __i++) {				\
			EXPECT_EQ(self->config[__i] & ~IGNORED(__i),		\
				  __now[__i] & ~IGNORED(__i))			\
				TH_LOG("register %#x", 4 * __i);		\
		}								\
	} while (0)

static bool hw_messages_enabled(const struct vfio_dev *dev)
{
	unsigned int msi = vfio_hw_cap_find(dev, PCI_CAP_ID_MSI);
	unsigned int msix = vfio_hw_cap_find(dev, PCI_CAP_ID_MSIX);

	return (msi && vfio_hw_cfg16(dev, msi + PCI_MSI_FLAGS) &
		       PCI_MSI_FLAGS_ENABLE) ||
	       (msix && vfio_hw_cfg16(dev, msix + PCI_MSIX_FLAGS) &
			PCI_MSIX_FLAGS_ENABLE);
}

static void unmap(struct _test_data_end *self)
{
	munmap(self->bar, 4096);
	self->bar = NULL;
}

TEST_F(end, closed_with_everything_set_up)
{
	SET_UP_EVERYTHING();
	unmap(self);
	vfio_dev_close(&self->dev);
	EXPECT_QUIET();
	EXPECT_AS_NEW();
}

/* What the user has written to configuration space is gone. */
TEST_F(end, closed_with_configuration_written)
{
	unsigned int pos;

	for (pos = 0x04; pos < 0x40; pos += 4)
		vfio_cfg_write(&self->dev, pos, 4, pos == PCI_COMMAND ?
			       PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
			       PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE : ~0U);
	unmap(self);
	vfio_dev_close(&self->dev);
	EXPECT_QUIET();
	EXPECT_AS_NEW();
}

TEST_F(end, closed_without_memory_decoding)
{
	uint32_t value;

	SET_UP_EVERYTHING();
	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	unmap(self);
	vfio_dev_close(&self->dev);
	EXPECT_QUIET();
	EXPECT_AS_NEW();
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
}

TEST_F(end, closed_asleep)
{
	uint32_t value;

	SET_UP_EVERYTHING();
	/* Devices without power management do not mind. */
	vfio_power(&self->dev, 3);
	unmap(self);
	vfio_dev_close(&self->dev);
	EXPECT_QUIET();
	EXPECT_AS_NEW();
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
}

TEST_F(end, closed_in_low_power)
{
	SET_UP_EVERYTHING();
	ASSERT_EQ(0, vfio_feature(&self->dev, ENTRY, NULL, 0));
	unmap(self);
	vfio_dev_close(&self->dev);
	EXPECT_QUIET();
	EXPECT_AS_NEW();
}

/* A mapping is a user like any other: the device is open as long as it is there. */
TEST_F(end, mapping_outlives_the_files)
{
	int number = vfio_group_number(self->dev.addr);

	SET_UP_EVERYTHING();
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
	EXPECT_EQ(-EBUSY, vfio_group_open(number));
	EXPECT_EQ(1, irq_lines_of_vfio(self->dev.addr));
	EXPECT_NE(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
	unmap(self);
	EXPECT_QUIET();
	EXPECT_AS_NEW();
}

TEST_F(end, duplicate_outlives_the_file)
{
	int copy = dup(self->dev.fd);
	uint32_t value;

	SET_UP_EVERYTHING();
	unmap(self);
	ASSERT_EQ(0, close(self->dev.fd));
	self->dev.fd = copy;
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
	EXPECT_EQ(1, irq_lines_of_vfio(self->dev.addr));
	vfio_dev_close(&self->dev);
	EXPECT_QUIET();
}

/* A child that was forked has the device as well, until it ends. */
TEST_F(end, child_outlives_the_parent_s_files)
{
	int status, pipes[2];
	pid_t child;

	SET_UP_EVERYTHING();
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		char byte;

		_exit(read(pipes[0], &byte, 1) != 1 ||
		      vfio_load(self->bar, 4, NULL) != 0);
	}
	unmap(self);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(1, irq_lines_of_vfio(self->dev.addr));
	ASSERT_EQ(1, write(pipes[1], "", 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_QUIET();
	EXPECT_AS_NEW();
}

/* ------------------------------------------------------------------------ killed */

enum situation { IDLE, INTERRUPTING, MEMORY_OFF, ASLEEP, LOW_POWER, READING };

/* What a user does who is killed then */
static int get_into(struct vfio_dev *dev, void *bar, enum situation situation)
{
	switch (situation) {
	case MEMORY_OFF:
		return vfio_memory(dev, false);
	case ASLEEP:
		vfio_power(dev, 3);
		return 0;
	case LOW_POWER:
		return vfio_feature(dev, ENTRY, NULL, 0);
	case INTERRUPTING:
		/* edu and e1000e raise their line; nvme has to be told more. */
		*(uint32_t *)((char *)bar +
			      (strcmp(dev->target.name, "edu") ? 0xc8 : 0x60)) = 4;
		return 0;
	default:
		return 0;
	}
}

static void __attribute__((noreturn))
be_killed(const struct vfio_target *target, uint32_t index,
	  enum situation situation, int ready)
{
	int32_t fd = vfio_eventfd(), unmask = vfio_eventfd();
	struct vfio_device_ioeventfd ioeventfd = {
		.argsz = sizeof(ioeventfd), .flags = 4, .fd = unmask,
	};
	struct vfio_dev dev;
	uint32_t value;
	void *bar;

	close_range(3, ready - 1, 0);
	if (vfio_dev_open(&dev, target) || vfio_bus_master(&dev, true) ||
	    vfio_dma_map(&dev, vfio_buffer(1 << 20), 1 << 20, 1 << 20) ||
	    vfio_region_mmap(&dev, 0, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			     &bar) ||
	    vfio_load(bar, 4, NULL))
		_exit(1);
	fd = vfio_eventfd();
	unmask = vfio_eventfd();
	ioeventfd.fd = unmask;
	if (vfio_irq_eventfds(&dev, index, 0, 1, &fd) ||
	    vfio_irq_eventfds(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd) ||
	    vfio_ioctl(dev.fd, VFIO_DEVICE_IOEVENTFD, &ioeventfd))
		_exit(2);
	if (index == INTX &&
	    vfio_irq_set(&dev, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK,
			 INTX, 0, 1, &unmask, 4))
		_exit(3);
	if (get_into(&dev, bar, situation) || write(ready, "", 1) != 1)
		_exit(4);
	while (situation == READING)
		vfio_region_read(&dev, 0, 0, &value, 4);
	for (;;)
		pause();
}

#define KILLED(situation)							\
	do {									\
		int __status, __pipe[2];					\
		pid_t __child;							\
		char __byte;							\
										\
		unmap(self);							\
		vfio_dev_close(&self->dev);					\
		ASSERT_EQ(0, pipe(__pipe));					\
		__child = fork();						\
		ASSERT_LE(0, __child);						\
		if (!__child)							\
			be_killed(&variant->target, variant->index, situation,	\
				  __pipe[1]);					\
		close(__pipe[1]);						\
		EXPECT_EQ(1, read(__pipe[0], &__byte, 1));			\
		ASSERT_EQ(0, kill(__child, SIGKILL));				\
		ASSERT_EQ(__child, waitpid(__child, &__status, 0));		\
		EXPECT_TRUE(WIFSIGNALED(__status));				\
		EXPECT_QUIET();							\
		EXPECT_AS_NEW();						\
	} while (0)

TEST_F(end, killed_with_everything_set_up)
{
	KILLED(IDLE);
}

TEST_F(end, killed_while_reading)
{
	KILLED(READING);
}

TEST_F(end, killed_with_interrupt_asserted)
{
	if (variant->index == MSIX)
		KILLED(READING);
	else
		KILLED(INTERRUPTING);
}

TEST_F(end, killed_without_memory_decoding)
{
	KILLED(MEMORY_OFF);
}

TEST_F(end, killed_asleep)
{
	KILLED(ASLEEP);
}

TEST_F(end, killed_in_low_power)
{
	KILLED(LOW_POWER);
}

/* ------------------------------------------------------------------- many at a time */

/* 1 if it was opened, 0 if somebody else has it, 2 for another errno */
static int try_open(const struct vfio_target *target)
{
	struct vfio_dev dev;
	int ret = vfio_dev_open(&dev, target);

	if (!ret) {
		vfio_dev_close(&dev);
		return 1;
	}
	vfio_sleep_ms(1);
	/* A group is open, or a cdev is bound. */
	return ret == (dev.how == VFIO_HOW_CDEV ? -EINVAL : -EBUSY) ? 0 : 2;
}

/* Several processes want the device: one at a time has it, the others are told. */
TEST(opened_by_several)
{
	const struct vfio_target target = { "edu" };
	int processes = 4, rounds = vfio_rounds(200), status, opened = 0;
	char addr[40];

	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find("edu", addr, sizeof(addr)));
	ASSERT_EQ(0, vfio_driver_take(addr));
	for (int i = 0; i < processes; i++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (child)
			continue;
		if (!freopen("/dev/null", "w", stderr))
			_exit(255);
		for (int round = 0; round < rounds; round++)
			opened |= try_open(&target);
		_exit(opened);
	}
	while (wait(&status) > 0) {
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_GE(1, WEXITSTATUS(status));
		opened += WEXITSTATUS(status) == 1;
	}
	EXPECT_LT(0, opened);
	EXPECT_EQ(0, irq_lines_of_vfio(addr));
}

/* ------------------------------------------------------------- back to its own driver */

FIXTURE(own_driver) {
	char addr[40];
};

FIXTURE_VARIANT(own_driver) {
	struct vfio_target target;
	uint32_t index;
};

FIXTURE_VARIANT_ADD(own_driver, nvme) {
	.target = { "nvme" }, .index = MSIX,
};

FIXTURE_VARIANT_ADD(own_driver, e1000e) {
	.target = { "e1000e" }, .index = INTX,
};

FIXTURE_SETUP(own_driver)
{
	VFIO_NEEDS(&variant->target);
	ASSERT_EQ(0, vfio_device_find(variant->target.name, self->addr,
				      sizeof(self->addr)));
	ASSERT_EQ(0, own_driver_bind(self->addr));
}

FIXTURE_TEARDOWN(own_driver)
{
	vfio_driver_unbind(self->addr);
}

TEST_F_TIMEOUT(own_driver, works_again, 60)
{
	int round;

	EXPECT_TRUE(own_driver_works(self->addr));
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, use_once(&variant->target, variant->index));
		ASSERT_EQ(0, own_driver_bind(self->addr));
		EXPECT_TRUE(own_driver_works(self->addr));
	}
}

/* Whoever had it was killed in the middle of using it. */
TEST_F_TIMEOUT(own_driver, works_after_a_killed_user, 60)
{
	int status, pipes[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		be_killed(&variant->target, variant->index, ASLEEP, pipes[1]);
	close(pipes[1]);
	EXPECT_EQ(1, read(pipes[0], &byte, 1));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, own_driver_bind(self->addr));
	EXPECT_TRUE(own_driver_works(self->addr));
}

VFIO_TEST_MAIN
