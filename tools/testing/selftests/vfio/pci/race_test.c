// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several processes at once: what one of them does to a device must not let another
 * one see what is not there, lose an interrupt, or leave the device unusable.
 *
 * Those that race with each other in the same place are elsewhere: removals of an
 * mdev in mdev_remove_test.c, permission tables of devices that come and go in
 * perm_test.c, several users of one device in lifecycle_test.c.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "irq_source.h"
#include "own_driver.h"
#include "race.h"
#include "sample.h"
#include "sriov.h"
#include "vfio_harness.h"

#define INTX		VFIO_PCI_INTX_IRQ_INDEX
#define MSI		VFIO_PCI_MSI_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define TRIGGER		VFIO_IRQ_SET_ACTION_TRIGGER

/* What a contender answers: refused is fine where something else may be in the way */
static int but(int ret, int refused)
{
	return ret == refused ? 0 : ret;
}

/* Somebody else may have the device locked: then it is not reset */
static int reset_device(const struct vfio_dev *dev)
{
	return but(vfio_ioctl(dev->fd, VFIO_DEVICE_RESET, NULL), -EAGAIN);
}

static int hot_reset_device(const struct vfio_dev *dev)
{
	struct {
		struct vfio_pci_hot_reset reset;
		int32_t group;
	} set = { .reset.argsz = sizeof(set), .group = dev->group };

	/* A cdev has its iommufd to show. */
	set.reset.count = dev->how != VFIO_HOW_CDEV;
	return but(but(vfio_ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, &set), -EAGAIN),
		   -EBUSY);
}

/* Afterwards the device is as good as new, with the driver that it has in life */
static void works_with_own_driver(struct __test_metadata *_metadata, const char *addr)
{
	int ret = own_driver_bind(addr);

	if (ret != -ENODEV) {
		ASSERT_EQ(0, ret);
		EXPECT_TRUE(own_driver_works(addr));
	}
	vfio_driver_unbind(addr);
}

/* ------------------------------------------------------------- access */

/**
 * struct access_counts - how the accesses of all contenders went
 * @done: those that reached the device
 * @refused: those that got SIGBUS or -EIO
 */
struct access_counts {
	unsigned long done;
	unsigned long refused;
};

/* What the contenders work on: @value is what the register at @reg of BAR 0 has */
struct access {
	struct vfio_dev dev;
	void *bar;
	int32_t doorbell;
	unsigned int reg;
	uint32_t value;
	struct access_counts *counts;
};

static void count(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* The register, or nothing: never what a bus answers for a device that does not decode */
static int is_right(struct access *a, uint32_t value)
{
	count(&a->counts->done);
	if (value == a->value)
		return 0;
	printf("# read %#x instead of %#x\n", value, a->value);
	return -EBADMSG;
}

static int load(void *scene, int round)
{
	struct access *a = scene;
	uint64_t value;

	if (!vfio_load(a->bar + a->reg, 4, &value))
		return is_right(a, value);
	count(&a->counts->refused);
	return 0;
}

static int store(void *scene, int round)
{
	struct access *a = scene;

	count(vfio_store(a->bar + a->reg, 4, a->value) ? &a->counts->refused : &a->counts->done);
	return 0;
}

static int read_bar(void *scene, int round)
{
	struct access *a = scene;
	uint32_t value;
	ssize_t ret = vfio_region_read(&a->dev, VFIO_PCI_BAR0_REGION_INDEX, a->reg,
				       &value, 4);

	if (ret == 4)
		return is_right(a, value);
	count(&a->counts->refused);
	return but(ret, -EIO);
}

static int write_bar(void *scene, int round)
{
	struct access *a = scene;

	return but(vfio_region_write(&a->dev, VFIO_PCI_BAR0_REGION_INDEX, a->reg,
				     &a->value, 4), -EIO);
}

/* The kernel writes: at once, or from a thread if something is in the way */
static int ring(void *scene, int round)
{
	static const uint64_t once = 1;
	struct access *a = scene;

	return write(a->doorbell, &once, sizeof(once)) == sizeof(once) ? 0 : -errno;
}

static int decoding(void *scene, int round)
{
	struct access *a = scene;

	return vfio_memory(&a->dev, false) ?: vfio_memory(&a->dev, true);
}

/* Devices without power management have nothing to race with */
static int d3(void *scene, int round)
{
	struct access *a = scene;

	return vfio_power(&a->dev, 3) ?: vfio_power(&a->dev, 0);
}

static int low_power(void *scene, int round)
{
	struct access *a = scene;
	const uint32_t set = VFIO_DEVICE_FEATURE_SET;

	return vfio_feature(&a->dev, set | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0) ?:
	       vfio_feature(&a->dev, set | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0);
}

static int reset(void *scene, int round)
{
	return reset_device(&((struct access *)scene)->dev);
}

static int hot_reset(void *scene, int round)
{
	return hot_reset_device(&((struct access *)scene)->dev);
}

#define RUNS(function)	{ #function, function }
FIXTURE(access) {
	struct access *a;
	char addr[40];
};

FIXTURE_VARIANT(access) {
	struct vfio_target target;
	unsigned int reg;
	int rounds;
	struct contender contenders[10];
};

/* Registers that hold the same after a reset, and take it when it is written */
#define EDU_CONSTANT	EDU_ID
#define NVME_CONSTANT	0	/* Controller Capabilities */
#define E1000E_CONSTANT	0x38	/* VLAN Ether Type */

#define ACCESS(on, constant, times, ...)					\
	{									\
		.target = { on }, .reg = constant, .rounds = times,		\
		.contenders = { __VA_ARGS__, RUNS(load), RUNS(store),		\
				RUNS(read_bar), RUNS(write_bar), RUNS(ring) },	\
	}

FIXTURE_VARIANT_ADD(access, edu_decoding)
	ACCESS("edu", EDU_CONSTANT, 500, RUNS(decoding));
FIXTURE_VARIANT_ADD(access, nvme_decoding)
	ACCESS("nvme", NVME_CONSTANT, 500, RUNS(decoding));
FIXTURE_VARIANT_ADD(access, e1000e_d3)
	ACCESS("e1000e", E1000E_CONSTANT, 40, RUNS(d3));
FIXTURE_VARIANT_ADD(access, nvme_d3)
	ACCESS("nvme", NVME_CONSTANT, 40, RUNS(d3));
FIXTURE_VARIANT_ADD(access, nvme_low_power)
	ACCESS("nvme", NVME_CONSTANT, 300, RUNS(low_power));
FIXTURE_VARIANT_ADD(access, nvme_reset)
	ACCESS("nvme", NVME_CONSTANT, 15, RUNS(reset));
FIXTURE_VARIANT_ADD(access, nvme_hot_reset)
	ACCESS("nvme", NVME_CONSTANT, 6, RUNS(hot_reset));
FIXTURE_VARIANT_ADD(access, nvme_all)
	ACCESS("nvme", NVME_CONSTANT, 10, RUNS(reset), RUNS(decoding), RUNS(d3));
FIXTURE_VARIANT_ADD(access, e1000e_all)
	ACCESS("e1000e", E1000E_CONSTANT, 5, RUNS(hot_reset), RUNS(decoding), RUNS(d3));

/* Written by an eventfd, the register keeps its value, too */
static int set_doorbell(struct access *a)
{
	struct vfio_device_ioeventfd set = {
		.argsz = sizeof(set),
		.flags = VFIO_DEVICE_IOEVENTFD_32,
		.offset = vfio_region_pos(&a->dev, VFIO_PCI_BAR0_REGION_INDEX, a->reg),
		.data = a->value,
	};

	a->doorbell = vfio_eventfd();
	set.fd = a->doorbell;
	return vfio_ioctl(a->dev.fd, VFIO_DEVICE_IOEVENTFD, &set);
}

FIXTURE_SETUP(access)
{
	uint64_t value;

	self->a = race_memory(sizeof(*self->a) + sizeof(*self->a->counts));
	ASSERT_NE(NULL, self->a);
	self->a->counts = (void *)(self->a + 1);
	VFIO_OPEN_OR_SKIP(&self->a->dev, &variant->target);
	snprintf(self->addr, sizeof(self->addr), "%s", self->a->dev.addr);
	ASSERT_EQ(0, vfio_region_mmap(&self->a->dev, 0, 0, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED, &self->a->bar));
	self->a->reg = variant->reg;
	ASSERT_EQ(0, vfio_load(self->a->bar + variant->reg, 4, &value));
	self->a->value = value;
	ASSERT_NE(~0U, self->a->value);
	ASSERT_EQ(0, set_doorbell(self->a));
}

FIXTURE_TEARDOWN(access)
{
	if (self->a->bar)
		munmap(self->a->bar, 4096);
	vfio_dev_close(&self->a->dev);
}

TEST_F_TIMEOUT(access, right_or_refused, 120)
{
	struct access *a = self->a;
	uint64_t value;

	EXPECT_EQ(0, race_run(variant->contenders, a, vfio_rounds(variant->rounds)));
	TH_LOG("%lu accesses done, %lu refused", a->counts->done, a->counts->refused);
	EXPECT_LT(0UL, a->counts->done + a->counts->refused);
	/* All of them left it on, in D0, awake. */
	EXPECT_EQ(0, vfio_load(a->bar + a->reg, 4, &value));
	EXPECT_EQ(a->value, value);
	munmap(a->bar, 4096);
	a->bar = NULL;
	vfio_dev_close(&a->dev);
	works_with_own_driver(_metadata, self->addr);
}

/* ------------------------------------------------------------- interrupts */

#define SWAPPED		4

/**
 * struct storm - a device that interrupts, and who changes what of it
 * @source: the device
 * @dev: the same
 * @index: VFIO_PCI_*_IRQ_INDEX
 * @fds: the eventfds that take turns, and one that no interrupt is counted by
 * @early: interrupts counted by @fds before the race
 * @arrived: interrupts counted by @fds since
 * @lost: interrupts waited for in vain
 */
struct storm {
	struct irq_source source;
	struct vfio_dev dev;
	uint32_t index;
	int32_t fds[SWAPPED + 1];
	unsigned long early;
	unsigned long arrived;
	unsigned long lost;
};

/* What all eventfds have counted, waiting for the first of them; 0 after @ms */
static unsigned long take_events(struct storm *s, int ms)
{
	struct pollfd fds[SWAPPED];
	unsigned long sum = 0;
	uint64_t count;

	for (int i = 0; i < SWAPPED; i++)
		fds[i] = (struct pollfd){ .fd = s->fds[i], .events = POLLIN };
	if (poll(fds, SWAPPED, ms) <= 0)
		return 0;
	for (int i = 0; i < SWAPPED; i++)
		if (read(s->fds[i], &count, sizeof(count)) == sizeof(count))
			sum += count;
	return sum;
}

static int unmask(struct storm *s)
{
	return vfio_irq_set(&s->dev, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
			    INTX, 0, 1, NULL, 0);
}

/* One interrupt, which is waited for before the next one: none can hide another */
static int raise_and_wait(void *scene, int round)
{
	struct storm *s = scene;
	unsigned long events;

	irq_source_raise(&s->source, 0);
	events = take_events(s, 2000 * vfio_slowness());
	s->arrived += events;
	s->lost += !events;
	irq_source_ack(&s->source, 0);
	return s->index == INTX ? unmask(s) : 0;
}

/* As fast as it goes: messages may become one on their way */
static int raise_only(void *scene, int round)
{
	struct storm *s = scene;

	irq_source_raise(&s->source, 0);
	return 0;
}

static int swap(void *scene, int round)
{
	struct storm *s = scene;

	return vfio_irq_eventfds(&s->dev, s->index, 0, 1, &s->fds[round % SWAPPED]);
}

/* A vector that is nobody else's comes and goes */
static int neighbour(void *scene, int round)
{
	static const int32_t none = -1;
	struct storm *s = scene;

	return vfio_irq_eventfds(&s->dev, s->index, 1, 1, &s->fds[SWAPPED]) ?:
	       vfio_irq_eventfds(&s->dev, s->index, 1, 1, &none);
}

static int mask(void *scene, int round)
{
	struct storm *s = scene;

	return vfio_irq_set(&s->dev, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK,
			    INTX, 0, 1, NULL, 0) ?: unmask(s);
}

/* The user's bit masks as well */
static int disable_bit(void *scene, int round)
{
	struct storm *s = scene;

	return vfio_command(&s->dev, 0, PCI_COMMAND_INTX_DISABLE) ?:
	       vfio_command(&s->dev, PCI_COMMAND_INTX_DISABLE, 0);
}

/* Other bits of the register in which interrupts are masked */
static int command(void *scene, int round)
{
	struct storm *s = scene;

	return vfio_command(&s->dev, 0, PCI_COMMAND_PARITY) ?:
	       vfio_command(&s->dev, PCI_COMMAND_PARITY, 0);
}

FIXTURE(storm) {
	struct storm s;
	char addr[40];
	char line[64];
};

FIXTURE_VARIANT(storm) {
	struct vfio_target target;
	uint32_t index;
	int rounds;
	struct contender contenders[8];
};

#define STORM(on, by, times, ...)						\
	{									\
		.target = { on }, .index = by, .rounds = times,			\
		.contenders = { __VA_ARGS__ },					\
	}

FIXTURE_VARIANT_ADD(storm, edu_intx_swapped)
	STORM("edu", INTX, 500, RUNS(raise_and_wait), RUNS(swap));
FIXTURE_VARIANT_ADD(storm, edu_intx_masked)
	STORM("edu", INTX, 500, RUNS(raise_and_wait), RUNS(swap), RUNS(mask));
FIXTURE_VARIANT_ADD(storm, edu_intx_disabled)
	STORM("edu", INTX, 500, RUNS(raise_and_wait), RUNS(mask), RUNS(disable_bit));
FIXTURE_VARIANT_ADD(storm, edu_intx_command)
	STORM("edu", INTX, 3000, RUNS(raise_and_wait), RUNS(command));
FIXTURE_VARIANT_ADD(storm, edu_msi_swapped)
	STORM("edu", MSI, 1000, RUNS(raise_and_wait), RUNS(swap));
FIXTURE_VARIANT_ADD(storm, nvme_msix_swapped)
	STORM("nvme", MSIX, 1000, RUNS(raise_and_wait), RUNS(swap), RUNS(neighbour));

FIXTURE_VARIANT_ADD(storm, edu_msi_flood)
	STORM("edu", MSI, 20000, RUNS(raise_only), RUNS(swap));

FIXTURE_SETUP(storm)
{
	struct storm *s = &self->s;

	s->index = variant->index;
	VFIO_OPEN_OR_SKIP(&s->dev, &variant->target);
	snprintf(self->addr, sizeof(self->addr), "%s", s->dev.addr);
	irq_line_name(self->line, sizeof(self->line), s->dev.addr, s->index, 0);
	for (int i = 0; i <= SWAPPED; i++)
		ASSERT_LE(0, s->fds[i] = vfio_eventfd());
	ASSERT_EQ(0, irq_source_open(&s->source, &s->dev));
	if (s->index == INTX)
		ASSERT_EQ(0, irq_source_arm(&s->source, s->index));
	ASSERT_EQ(0, vfio_irq_eventfds(&s->dev, s->index, 0, 1, s->fds));
	if (s->index != INTX)
		ASSERT_EQ(0, irq_source_arm(&s->source, s->index));
	s->early = take_events(s, 30);
}

FIXTURE_TEARDOWN(storm)
{
	irq_source_close(&self->s.source);
	vfio_dev_close(&self->s.dev);
}

/*
 * The kernel counts an interrupt before the handler signals it, on a busy host long
 * before: wait until nothing comes any more, and nothing has to.  Returns its count.
 */
static int64_t settle(struct storm *s, const char *line, int64_t before)
{
	int64_t handled, missing;
	unsigned long more;
	int tries = 0;

	do {
		more = take_events(s, 50);
		s->arrived += more;
		handled = irq_line_count(line) - before;
		missing = handled - (int64_t)(s->early + s->arrived);
	} while (more || (missing > 0 && tries++ < 20 * vfio_slowness()));
	return handled;
}

TEST_F_TIMEOUT(storm, none_is_lost, 120)
{
	bool flood = variant->contenders[0].once == raise_only;
	int rounds = vfio_rounds(variant->rounds);
	struct storm *s = &self->s;
	/* A line of INTx may be older than this user of it, that of a message is new. */
	int64_t before = s->index == INTX ? irq_line_count(self->line) : 0;
	int64_t handled;

	EXPECT_EQ(0, race_run(variant->contenders, s, rounds));
	handled = settle(s, self->line, before);
	TH_LOG("%d raised, %lu lost, %lld handled, %lu events", rounds, s->lost,
	       (long long)handled, s->arrived);
	EXPECT_EQ(0UL, s->lost);
	EXPECT_LT(0, handled);
	/*
	 * Whatever the kernel got was counted by one of the eventfds: an INTx that
	 * should have been masked, and came again and again, would not be.
	 */
	EXPECT_LE(handled, s->early + s->arrived);
	if (s->index != INTX)
		EXPECT_EQ(handled, s->early + s->arrived);
	if (!flood)
		EXPECT_LE(rounds, s->arrived);
	irq_source_close(&s->source);
	vfio_dev_close(&s->dev);
	works_with_own_driver(_metadata, self->addr);
}

/* ------------------------------------------------------------- interrupts and resets */

/* What a reset turned off is turned on again; others may disable the interrupt */
static int raise_anew(void *scene, int round)
{
	struct storm *s = scene;
	int ret = irq_source_arm(&s->source, INTX);

	irq_source_raise(&s->source, 0);
	s->arrived += take_events(s, 1);
	irq_source_ack(&s->source, 0);
	return ret ?: but(unmask(s), -EINVAL);
}

/* Set up, changed, fired by the user, taken away */
static int set_up(void *scene, int round)
{
	struct storm *s = scene;

	return swap(s, round) ?: swap(s, round + 1) ?:
	       but(vfio_irq_set(&s->dev, VFIO_IRQ_SET_DATA_NONE | TRIGGER, s->index, 0, 1,
				NULL, 0), -EINVAL) ?:
	       but(vfio_irq_disable(&s->dev, s->index), -EINVAL);
}

static int reset_source(void *scene, int round)
{
	return reset_device(&((struct storm *)scene)->dev);
}

static int hot_reset_source(void *scene, int round)
{
	return hot_reset_device(&((struct storm *)scene)->dev);
}

/* With completions, and their interrupts, under way */
static int start_and_reset(void *scene, int round)
{
	struct storm *s = scene;
	struct nvme *nvme = &s->source.nvme;
	int ret = nvme_start(nvme, &s->dev, s->source.bar, 1);

	for (int i = 0; !ret && i < 8; i++)
		nvme_submit_nop(nvme, 0);
	if (!ret)
		ret = round % 4 ? reset_source(s, round) : hot_reset_source(s, round);
	nvme_stop(nvme);
	return ret;
}

FIXTURE(resets) {
	struct storm s;
	char addr[40];
};

FIXTURE_VARIANT(resets) {
	struct vfio_target target;
	uint32_t index;
	int rounds;
	struct contender contenders[8];
};

#define RESETS(on, by, times, ...)						\
	{									\
		.target = { on }, .index = by, .rounds = times,			\
		.contenders = { __VA_ARGS__, RUNS(set_up) },			\
	}

FIXTURE_VARIANT_ADD(resets, e1000e_intx)
	RESETS("e1000e", INTX, 10, RUNS(reset_source), RUNS(raise_anew));
FIXTURE_VARIANT_ADD(resets, e1000e_intx_hot)
	RESETS("e1000e", INTX, 6, RUNS(hot_reset_source), RUNS(raise_anew));
FIXTURE_VARIANT_ADD(resets, nvme_msix)
	RESETS("nvme", MSIX, 12, RUNS(start_and_reset));

FIXTURE_SETUP(resets)
{
	struct storm *s = &self->s;

	s->index = variant->index;
	VFIO_OPEN_OR_SKIP(&s->dev, &variant->target);
	snprintf(self->addr, sizeof(self->addr), "%s", s->dev.addr);
	for (int i = 0; i <= SWAPPED; i++)
		ASSERT_LE(0, s->fds[i] = vfio_eventfd());
	ASSERT_EQ(0, irq_source_open(&s->source, &s->dev));
}

FIXTURE_TEARDOWN(resets)
{
	irq_source_close(&self->s.source);
	vfio_dev_close(&self->s.dev);
}

TEST_F_TIMEOUT(resets, interrupts_work_afterwards, 120)
{
	struct storm *s = &self->s;

	EXPECT_EQ(0, race_run(variant->contenders, s, vfio_rounds(variant->rounds)));
	take_events(s, 50);
	ASSERT_EQ(0, vfio_irq_eventfds(&s->dev, s->index, 0, 1, s->fds));
	ASSERT_EQ(0, irq_source_arm(&s->source, s->index));
	take_events(s, 50);
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(0, raise_and_wait(s, i));
	EXPECT_EQ(0UL, s->lost);
	irq_source_close(&s->source);
	vfio_dev_close(&s->dev);
	works_with_own_driver(_metadata, self->addr);
}

/* ------------------------------------------------------------- open and close */

/* A file of the device of its own, used a little: the last one closed closes it */
static int open_use_close(void *scene, int round)
{
	struct vfio_dev dev = *(struct vfio_dev *)scene;
	const int32_t fd = vfio_eventfd();
	uint32_t value;
	void *bar;
	int ret;

	dev.fd = vfio_group_device_fd(dev.group, dev.name);
	if (dev.fd < 0) {
		close(fd);
		/* Somebody else has it locked. */
		return but(dev.fd, -EAGAIN);
	}
	ret = vfio_region_mmap(&dev, 0, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, &bar);
	if (!ret && !vfio_load(bar, 4, NULL))
		ret = vfio_irq_eventfds(&dev, MSI, 0, 1, &fd);
	if (!ret && vfio_region_read(&dev, 0, 0, &value, 4) != 4)
		ret = -EIO;
	munmap(bar, 4096);
	close(dev.fd);
	close(fd);
	return ret;
}

TEST(files_of_one_device)
{
	static const struct contender contenders[] = {
		RUNS(open_use_close), RUNS(open_use_close), RUNS(open_use_close), {}
	};
	const struct vfio_target target = { "edu" };
	struct vfio_dev dev;
	uint32_t value;

	VFIO_OPEN_OR_SKIP(&dev, &target);
	close(dev.fd);
	EXPECT_EQ(0, race_run(contenders, &dev, vfio_rounds(400)));
	EXPECT_EQ(0, irq_lines_of_vfio(dev.addr));
	dev.fd = vfio_group_device_fd(dev.group, dev.name);
	ASSERT_LE(0, dev.fd);
	ASSERT_EQ(4, vfio_region_read(&dev, 0, EDU_ID, &value, 4));
	EXPECT_EQ(0xed, value & 0xff);
	vfio_dev_close(&dev);
}

/* ------------------------------------------------------------- open and bind */

struct bind_race {
	struct vfio_target target;
	char addr[40];
	unsigned long *opened;
};

/* Whoever has it open is waited for */
static int unbind_and_bind(void *scene, int round)
{
	struct bind_race *r = scene;

	/* The others bind and unbind as well: what of it is refused is theirs. */
	vfio_driver_unbind(r->addr);
	vfio_driver_take(r->addr);
	/* Long enough for somebody to open it, sometimes */
	vfio_sleep_ms((round + 1) % 4 * 10 * vfio_slowness());
	return 0;
}

static int try_to_open(void *scene, int round)
{
	struct bind_race *r = scene;
	struct vfio_dev dev = VFIO_DEV_INIT;
	uint32_t value;

	if (vfio_dev_open(&dev, &r->target)) {
		sched_yield();
		return 0;
	}
	count(r->opened);
	if (vfio_region_read(&dev, 0, 0, &value, 4) != 4)
		return -EIO;
	vfio_dev_close(&dev);
	return 0;
}

static int override(void *scene, int round)
{
	struct bind_race *r = scene;
	static const char *const names[] = { "nobody", "\n", "vfio-pci" };

	vfio_attr_write(r->addr, "driver_override", names[round % ARRAY_SIZE(names)]);
	vfio_sleep_ms(1);
	return 0;
}

FIXTURE(binding) {
	struct bind_race r;
};

FIXTURE_VARIANT(binding) {
	struct vfio_target target;
	int rounds;
};

FIXTURE_VARIANT_ADD(binding, edu) {
	.target = { "edu" }, .rounds = 100,
};

FIXTURE_VARIANT_ADD(binding, nvme) {
	.target = { "nvme" }, .rounds = 20,
};

FIXTURE_SETUP(binding)
{
	struct bind_race *r = &self->r;

	r->target = variant->target;
	r->opened = race_memory(sizeof(*r->opened));
	ASSERT_NE(NULL, r->opened);
	VFIO_NEEDS(&r->target);
	ASSERT_EQ(0, vfio_device_find(r->target.name, r->addr, sizeof(r->addr)));
}

FIXTURE_TEARDOWN(binding)
{
	vfio_driver_unbind(self->r.addr);
}

TEST_F_TIMEOUT(binding, races_with_opening, 120)
{
	static const struct contender contenders[] = {
		RUNS(unbind_and_bind), RUNS(try_to_open), RUNS(try_to_open), RUNS(override), {}
	};
	struct bind_race *r = &self->r;
	struct vfio_dev dev;

	EXPECT_EQ(0, race_run(contenders, r, vfio_rounds(variant->rounds)));
	TH_LOG("opened %lu times", *r->opened);
	EXPECT_LT(0UL, *r->opened);
	ASSERT_EQ(0, vfio_driver_unbind(r->addr));
	ASSERT_EQ(0, vfio_dev_open(&dev, &r->target));
	vfio_dev_close(&dev);
	works_with_own_driver(_metadata, r->addr);
}

/* ------------------------------------------------------------- virtual functions */

#define VFS	2
#define TOKEN	"3b4f1c7e-52a0-4f5d-9a0e-6d1f8c2b7e40"

struct vf_race {
	char pf[40];
	unsigned long *opened;
};

static int enable_and_disable(void *scene, int round)
{
	struct vf_race *r = scene;

	int ret = sriov_set_vfs(r->pf, 1 + round % VFS);

	/* Some are opened before they go, some while they go. */
	vfio_sleep_ms((round + 1) % 6 * 10 * vfio_slowness());
	return ret ?: sriov_set_vfs(r->pf, 0);
}

/* Not there, not bound yet, or no more: they come and go */
static int try_to_open_vf(void *scene, int round)
{
	struct vf_race *r = scene;
	struct vfio_dev dev = VFIO_DEV_INIT;
	struct vfio_target target = { .token = TOKEN };
	char addr[40];

	target.name = addr;
	if (vfio_vf_find(r->pf, round % VFS, addr, sizeof(addr)) ||
	    vfio_dev_open(&dev, &target)) {
		sched_yield();
		return 0;
	}
	count(r->opened);
	vfio_memory(&dev, true);
	vfio_cfg16(&dev, PCI_COMMAND);
	vfio_dev_close(&dev);
	return 0;
}

/*
 * The PF is not opened and closed meanwhile: what restores its config space then is
 * not told by the PCI core of VFs that are just being enabled, and warns of them.
 */
FIXTURE(vfs) {
	struct vf_race r;
};

FIXTURE_SETUP(vfs)
{
	const struct vfio_target target = { SRIOV_PF };
	const char *why = vfio_token_missing(&target);

	if (why)
		SKIP(return, "%s", why);
	self->r.opened = race_memory(sizeof(*self->r.opened));
	ASSERT_NE(NULL, self->r.opened);
	ASSERT_EQ(0, sriov_take_pf(self->r.pf, sizeof(self->r.pf)));
}

FIXTURE_TEARDOWN(vfs)
{
	sriov_give_pf_back(self->r.pf);
}

TEST_F_TIMEOUT(vfs, come_and_go, 120)
{
	static const struct contender contenders[] = {
		RUNS(enable_and_disable), RUNS(try_to_open_vf), RUNS(try_to_open_vf), {}
	};
	const struct vfio_target pf = { .name = self->r.pf, .token = TOKEN };
	struct vf_race *r = &self->r;
	struct vfio_dev dev;

	/* So that the VFs' users know the token */
	ASSERT_EQ(0, vfio_dev_open(&dev, &pf));
	vfio_dev_close(&dev);
	/* To disable them takes the PCI core a second. */
	EXPECT_EQ(0, race_run(contenders, r, 2 + vfio_rounds(10)));
	TH_LOG("VFs were opened %lu times", *r->opened);
	EXPECT_LT(0UL, *r->opened);
	EXPECT_EQ(0, sriov_set_vfs(r->pf, VFS));
	*r->opened = 0;
	EXPECT_EQ(0, try_to_open_vf(r, 0) ?: try_to_open_vf(r, 1));
	EXPECT_EQ(2UL, *r->opened);
}

/* ------------------------------------------------------------- both drivers */

static const char *const modules[] = { "vfio-pci", SAMPLE };
static const char *const bound[] = { "edu", "ivshmem" };

/* What uses what the other one removes is refused: that is modprobe's business */
static void cycle(const char *module)
{
	char line[128];

	snprintf(line, sizeof(line), "modprobe -r %s 2> /dev/null; modprobe %s 2> /dev/null",
		 module, module);
	if (system(line))
		sched_yield();
}

static int cycle_first(void *scene, int round)
{
	cycle(modules[0]);
	return 0;
}

static int cycle_second(void *scene, int round)
{
	cycle(modules[1]);
	return 0;
}

/* Of the sample, it is the mdev that needs the permission tables */
static int bind_one(int n, const char *addr)
{
	int ret = vfio_driver_bind(addr, modules[n]);

	return ret || !n ? ret : vfio_mdev_create(addr, UUID_A);
}

static int churn(int n)
{
	char addr[40];
	int ret = vfio_device_find(bound[n], addr, sizeof(addr));

	if (ret)
		return ret;
	bind_one(n, addr);
	vfio_driver_unbind(addr);
	/* It is said in the kernel's log each time, which is slow. */
	vfio_sleep_ms(3);
	return 0;
}

static int churn_first(void *scene, int round)
{
	return churn(0);
}

static int churn_second(void *scene, int round)
{
	return churn(1);
}

FIXTURE(drivers) {
};

FIXTURE_SETUP(drivers)
{
}

FIXTURE_TEARDOWN(drivers)
{
	vfio_modprobe(vfio_driver());
}

TEST_F_TIMEOUT(drivers, come_and_go, 120)
{
	static const struct contender contenders[] = {
		RUNS(cycle_first), RUNS(cycle_second), RUNS(churn_first), RUNS(churn_second), {}
	};
	char addr[2][40];

	if (vfio_stock())
		SKIP(return, "the kernel's own driver keeps its tables to itself");
	for (int i = 0; i < 2; i++) {
		const struct vfio_target target = { bound[i] };

		VFIO_NEEDS(&target);
		ASSERT_EQ(0, vfio_device_find(bound[i], addr[i], sizeof(addr[i])));
	}
	EXPECT_EQ(0, race_run(contenders, NULL, vfio_rounds(20)));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, vfio_modprobe(modules[i]));
		ASSERT_EQ(0, bind_one(i, addr[i]));
	}
	EXPECT_EQ(2, sample_perm_users());
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, vfio_driver_unbind(addr[i]));
	EXPECT_EQ(0, sample_perm_users());
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(0, sample_delete_module(i ? SAMPLE_MODULE : "vfio_pci"));
	EXPECT_EQ(0, sample_delete_module("vfio_pci_common"));
}

static const struct vfio_mode_rule rules[] = {
	{ .fixture = "vfs", .modes = VFIO_MODES_PCI,
	  .why = "vfio-mdev-pci does not enable VFs" },
	{ .test = "files_of_one_device", .modes = VFIO_MODES_GROUP,
	  .why = "a cdev has one file" },
	{ .fixture = "drivers", .modes = VFIO_MODE_GROUP,
	  .why = "it is the same in all modes" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
