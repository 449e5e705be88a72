// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of an mdev of vfio-mdev-pci: removed while nobody has it, while it is
 * open, mapped and interrupting, by its own attribute, with its parent, and by
 * both at once; and the time before one is made, when the parent is idle.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aer.h"
#include "irq_source.h"
#include "kmsg.h"
#include "sample.h"
#include "vfio_harness.h"

#define MSI		VFIO_PCI_MSI_IRQ_INDEX
#define REQ		VFIO_PCI_REQ_IRQ_INDEX

/* ------------------------------------------------------------- the mdev is open */

FIXTURE(open) {
	struct vfio_dev dev;
	char addr[40];
	int req;
};

FIXTURE_VARIANT(open) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(open, edu) {
	.target = { "edu" },
};

FIXTURE_VARIANT_ADD(open, nvme) {
	.target = { "nvme" },
};

FIXTURE_SETUP(open)
{
	const struct vfio_target mdev = { UUID_A };

	sample_begin();
	self->dev = VFIO_DEV_INIT;
	VFIO_NEEDS(&variant->target);
	ASSERT_EQ(0, sample_bind_and_create(variant->target.name, UUID_A,
					    self->addr, sizeof(self->addr)));
	VFIO_OPEN_OR_SKIP(&self->dev, &mdev);
	/* By which irq_source knows how to interrupt */
	self->dev.target.name = variant->target.name;
	self->req = vfio_eventfd();
	ASSERT_LE(0, self->req);
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));
}

FIXTURE_TEARDOWN(open)
{
	vfio_dev_close(&self->dev);
	vfio_driver_unbind(self->addr);
	EXPECT_EQ(0, sample_mdevs());
	EXPECT_EQ(0, sample_perm_users());
	EXPECT_EQ(0, irq_lines_of_vfio(self->addr));
}

/* The user was asked, and what asked waits. */
#define EXPECT_ASKED_AND_WAITING(child)						\
	do {									\
		EXPECT_EQ(1, vfio_eventfd_wait(self->req, 5000));		\
		vfio_sleep_ms(200);						\
		EXPECT_TRUE(vfio_file_write_waits(child));			\
	} while (0)

/* The device of the user works. */
#define EXPECT_WORKS()								\
	do {									\
		uint32_t __value = ~0U;						\
										\
		EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &__value, 4));	\
		EXPECT_NE(~0U, __value);					\
	} while (0)

TEST_F(open, removed_when_closed)
{
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_EQ(1, sample_available(self->addr));
}

/* The name is gone and the place is taken, until the user lets go. */
TEST_F(open, remove_waits_for_the_user)
{
	const struct vfio_target mdev = { UUID_B };
	pid_t child = sample_start_remove(UUID_A);

	ASSERT_LT(0, child);
	EXPECT_ASKED_AND_WAITING(child);
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_EQ(-ENOENT, vfio_mdev_remove(UUID_A));
	EXPECT_EQ(0, sample_available(self->addr));
	EXPECT_EQ(-EUSERS, vfio_mdev_create(self->addr, UUID_B));
	EXPECT_EQ(-EEXIST, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_EQ(1, sample_perm_users());
	if (self->dev.how != VFIO_HOW_CDEV)
		EXPECT_EQ(-ENODEV, vfio_group_device_fd(self->dev.group, UUID_A));
	EXPECT_WORKS();

	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
	EXPECT_EQ(1, sample_available(self->addr));
	EXPECT_EQ(0, sample_perm_users());
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_B));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &mdev));
	EXPECT_WORKS();
}

/* A mapping is a user like any other. */
TEST_F(open, remove_waits_for_a_mapping)
{
	pid_t child;
	void *bar;

	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 4096, PROT_READ |
				      PROT_WRITE, MAP_SHARED, &bar));
	EXPECT_EQ(0, vfio_load(bar, 4, NULL));
	child = sample_start_remove(UUID_A);
	ASSERT_LT(0, child);
	EXPECT_ASKED_AND_WAITING(child);
	EXPECT_EQ(0, vfio_load(bar, 4, NULL));
	vfio_dev_close(&self->dev);
	vfio_sleep_ms(200);
	EXPECT_TRUE(vfio_file_write_waits(child));
	EXPECT_EQ(0, vfio_load(bar, 4, NULL));
	munmap(bar, 4096);
	EXPECT_EQ(0, vfio_file_write_end(child));
	EXPECT_EQ(1, sample_available(self->addr));
}

/* Interrupts arrive until the user lets go, and none after that. */
TEST_F(open, remove_waits_under_interrupts)
{
	const uint32_t index = strcmp(variant->target.name, "edu") ?
			       VFIO_PCI_MSIX_IRQ_INDEX : MSI;
	struct irq_source source;
	int32_t fd = vfio_eventfd();
	pid_t child = -1;
	int i;

	ASSERT_EQ(0, irq_source_open(&source, &self->dev));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, index, 0, 1, &fd));
	ASSERT_EQ(0, irq_source_arm(&source, index));
	vfio_eventfd_wait(fd, 30);
	for (i = 0; i < 20; i++) {
		if (i == 10) {
			child = sample_start_remove(UUID_A);
			ASSERT_LT(0, child);
		}
		irq_source_raise(&source, 0);
		ASSERT_EQ(1, vfio_eventfd_wait(fd, 2000)) TH_LOG("round %d", i);
		irq_source_ack(&source, 0);
	}
	EXPECT_ASKED_AND_WAITING(child);
	irq_source_raise(&source, 0);
	EXPECT_EQ(1, vfio_eventfd_wait(fd, 2000));
	EXPECT_EQ(1, irq_lines_of_vfio(self->addr));
	/* Asserted when it ends */
	irq_source_close(&source);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
	EXPECT_EQ(0, irq_lines_of_vfio(self->addr));
	EXPECT_EQ(1, sample_available(self->addr));
}

/* In low power, where the device may be asleep */
TEST_F(open, remove_waits_in_low_power)
{
	pid_t child;

	ASSERT_EQ(0, vfio_feature(&self->dev, VFIO_DEVICE_FEATURE_SET |
				  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0));
	child = sample_start_remove(UUID_A);
	ASSERT_LT(0, child);
	EXPECT_ASKED_AND_WAITING(child);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
}

/* Once more every ten seconds */
TEST_F_TIMEOUT(open, remove_asks_again, 60)
{
	pid_t child;

	child = sample_start_remove(UUID_A);
	ASSERT_LT(0, child);
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 5000));
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 20000));
	EXPECT_TRUE(vfio_file_write_waits(child));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
}

/* The user dies: that counts as closing. */
TEST_F(open, remove_ends_when_the_user_is_killed)
{
	const struct vfio_target mdev = { UUID_A };
	int pipes[2], status;
	struct vfio_dev dev;
	pid_t user, child;
	char byte;

	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, pipe(pipes));
	user = fork();
	ASSERT_LE(0, user);
	if (!user) {
		if (vfio_dev_open(&dev, &mdev) || write(pipes[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	child = sample_start_remove(UUID_A);
	ASSERT_LT(0, child);
	vfio_sleep_ms(100);
	EXPECT_TRUE(vfio_file_write_waits(child));
	ASSERT_EQ(0, kill(user, SIGKILL));
	ASSERT_EQ(user, waitpid(user, &status, 0));
	EXPECT_EQ(0, vfio_file_write_end(child));
}

/* Who asked dies: the removal goes on, as nobody else could finish it. */
TEST_F(open, remove_is_not_interrupted)
{
	pid_t child = sample_start_remove(UUID_A);

	ASSERT_LT(0, child);
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 5000));
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_ASKED_AND_WAITING(child);
	EXPECT_WORKS();
	vfio_dev_close(&self->dev);
	EXPECT_EQ(-EINTR, vfio_file_write_end(child));
	EXPECT_EQ(1, sample_available(self->addr));
}

/* ------------------------------------------------------------- the parent goes */

TEST_F(open, unbind_waits_for_the_user)
{
	pid_t child = sample_start_unbind(self->addr);
	char driver[64];

	ASSERT_LT(0, child);
	EXPECT_ASKED_AND_WAITING(child);
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_GT(0, vfio_mdev_create(self->addr, UUID_B));
	EXPECT_WORKS();
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
	ASSERT_EQ(0, vfio_driver_of(self->addr, driver, sizeof(driver)));
	EXPECT_STREQ("", driver);
	EXPECT_FALSE(sample_attr_exists(self->addr, "mdev_supported_types"));
}

TEST_F(open, unbind_while_remove_waits)
{
	pid_t child, unbind;

	child = sample_start_remove(UUID_A);
	ASSERT_LT(0, child);
	EXPECT_ASKED_AND_WAITING(child);
	unbind = sample_start_unbind(self->addr);
	ASSERT_LT(0, unbind);
	vfio_sleep_ms(200);
	EXPECT_TRUE(vfio_file_write_waits(unbind));
	EXPECT_WORKS();
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
	EXPECT_EQ(0, vfio_file_write_end(unbind));
	EXPECT_FALSE(sample_attr_exists(self->addr, "mdev_supported_types"));
}

/* The device itself is taken away, and comes back as if nothing had been. */
TEST_F(open, pci_remove_and_rescan)
{
	const struct vfio_target mdev = { UUID_A };
	char path[128];
	pid_t child;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", self->addr);
	child = vfio_file_write_begin(path, "1");
	ASSERT_LT(0, child);
	EXPECT_ASKED_AND_WAITING(child);
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_WORKS();
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
	EXPECT_FALSE(sample_attr_exists(self->addr, "vendor"));
	EXPECT_EQ(0, sample_perm_users());

	ASSERT_EQ(0, vfio_file_write("/sys/bus/pci/rescan", "1"));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &mdev));
	EXPECT_WORKS();
}

/* The module stays while somebody has a device, and only then. */
TEST_F(open, module)
{
	long users = sample_module_users(SAMPLE_MODULE);

	EXPECT_LT(0, users);
	EXPECT_EQ(-EAGAIN, sample_delete_module(SAMPLE_MODULE));
	EXPECT_TRUE(vfio_mdev_exists(UUID_A));
	EXPECT_WORKS();
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, sample_module_users(SAMPLE_MODULE));
	EXPECT_EQ(0, sample_delete_module(SAMPLE_MODULE));
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_EQ(0, vfio_driver_load(""));
}

/* ----------------------------------------------------------------- two at once */

FIXTURE(race) {
	char addr[40];
};

FIXTURE_SETUP(race)
{
	const struct vfio_target edu = { "edu" };

	sample_begin();
	VFIO_NEEDS(&edu);
	ASSERT_EQ(0, sample_bind("edu", self->addr, sizeof(self->addr)));
}

FIXTURE_TEARDOWN(race)
{
	vfio_driver_unbind(self->addr);
	EXPECT_EQ(0, sample_mdevs());
	EXPECT_EQ(0, sample_perm_users());
}

/* In a process that waits to be let go by the other end of the pipe */
static pid_t start_together(int gate, int (*fn)(const char *addr),
			    const char *addr)
{
	pid_t child = fork();
	char byte;

	if (child)
		return child;
	if (read(gate, &byte, 1) != 1)
		_exit(255);
	_exit(-fn(addr));
}

static int unbind(const char *addr)
{
	return vfio_file_write("/sys/bus/pci/drivers/" SAMPLE "/unbind", addr);
}

static int remove_mdev(const char *addr)
{
	return vfio_mdev_remove(UUID_A);
}

static int create_b(const char *addr)
{
	return vfio_mdev_create(addr, UUID_B);
}

/* Start both at the same time; their results in @ret */
static int run_together(const char *addr, int (*one)(const char *addr),
			int (*two)(const char *addr), int *ret)
{
	pid_t children[2];
	int gate[2];

	if (pipe(gate))
		return -errno;
	children[0] = start_together(gate[0], one, addr);
	children[1] = start_together(gate[0], two, addr);
	vfio_sleep_ms(1);
	if (write(gate[1], "go", 2) != 2)
		return -errno;
	ret[0] = vfio_file_write_end(children[0]);
	ret[1] = vfio_file_write_end(children[1]);
	close(gate[0]);
	close(gate[1]);
	return 0;
}

#define ROUNDS	vfio_rounds(100)

/*
 * The mdev goes in any case, once; the unbind succeeds, and the remove says
 * whether it was too late.
 */
TEST_F_TIMEOUT(race, remove_and_unbind, 180)
{
	const int rounds = ROUNDS;
	int ret[2], won = 0;

	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
		ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
		ASSERT_EQ(0, i % 2 ? run_together(self->addr, remove_mdev, unbind, ret) :
				     run_together(self->addr, unbind, remove_mdev, ret));
		EXPECT_EQ(0, ret[i % 2]);
		if (ret[!(i % 2)] == 0)
			won++;
		else if (ret[!(i % 2)] != -ENODEV && ret[!(i % 2)] != -ENOENT)
			EXPECT_EQ(0, ret[!(i % 2)]);
		ASSERT_EQ(0, sample_mdevs());
		ASSERT_EQ(0, sample_perm_users());
	}
	TH_LOG("remove was in time in %d of %d rounds", won, rounds);
}

/* An mdev that is made while its parent goes is not made, or goes as well. */
TEST_F_TIMEOUT(race, create_and_unbind, 180)
{
	const int rounds = ROUNDS;
	int ret[2], won = 0;

	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
		ASSERT_EQ(0, i % 2 ? run_together(self->addr, create_b, unbind, ret) :
				     run_together(self->addr, unbind, create_b, ret));
		EXPECT_EQ(0, ret[i % 2]);
		if (ret[!(i % 2)] == 0)
			won++;
		else if (ret[!(i % 2)] != -ENODEV && ret[!(i % 2)] != -ENOENT)
			EXPECT_EQ(0, ret[!(i % 2)]);
		ASSERT_EQ(0, sample_mdevs());
		ASSERT_EQ(0, sample_perm_users());
	}
	TH_LOG("create was in time in %d of %d rounds", won, rounds);
}

/* Two removals: one of them did it. */
TEST_F_TIMEOUT(race, remove_and_remove, 180)
{
	const int rounds = ROUNDS;
	int ret[2];

	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
		ASSERT_EQ(0, run_together(self->addr, remove_mdev, remove_mdev, ret));
		EXPECT_TRUE(!ret[0] || !ret[1]);
		ASSERT_EQ(0, sample_mdevs());
		ASSERT_EQ(1, sample_available(self->addr));
	}
}

static int create_a(const char *addr)
{
	return vfio_mdev_create(addr, UUID_A);
}

/* Two are made: there is room for one. */
TEST_F_TIMEOUT(race, create_and_create, 180)
{
	const int rounds = ROUNDS;
	int ret[2];

	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, run_together(self->addr, create_a, create_b, ret));
		EXPECT_EQ(-EUSERS, ret[0] + ret[1]);
		ASSERT_EQ(1, sample_mdevs());
		ASSERT_EQ(1, sample_perm_users());
		ASSERT_EQ(0, vfio_mdev_remove(ret[0] ? UUID_B : UUID_A));
	}
}

/* Over and over until it is killed; what fails meanwhile is its own affair */
static pid_t churn(void (*fn)(const char *addr), const char *addr)
{
	pid_t child = fork();

	if (child)
		return child;
	if (!freopen("/dev/null", "w", stderr))
		_exit(1);
	for (;;)
		fn(addr);
}

static void churn_mdev(const char *addr)
{
	vfio_mdev_create(addr, UUID_A);
	vfio_mdev_remove(UUID_A);
}

static void churn_driver(const char *addr)
{
	vfio_driver_unbind(addr);
	vfio_driver_bind(addr, SAMPLE);
}

static void churn_open(const char *addr)
{
	const struct vfio_target mdev = { UUID_A };
	struct vfio_dev dev;

	if (!vfio_dev_open(&dev, &mdev))
		vfio_dev_close(&dev);
}

static void churn_read(const char *addr)
{
	char text[128];

	sample_type_read(addr, "description", text, sizeof(text));
	sample_available(addr);
	sample_link(UUID_A, "iommu_group");
	sample_perm_users();
}

static void (*const churners[])(const char *addr) = {
	churn_mdev, churn_mdev, churn_driver, churn_open, churn_open, churn_read,
};

/* Whoever does what: in the end all is as it was. */
TEST_F_TIMEOUT(race, everything, 120)
{
	const struct vfio_target mdev = { UUID_A };
	pid_t children[ARRAY_SIZE(churners)];
	struct vfio_dev dev;
	uint32_t value;

	for (size_t i = 0; i < ARRAY_SIZE(churners); i++)
		children[i] = churn(churners[i], self->addr);
	vfio_sleep_ms(10000);
	for (size_t i = 0; i < ARRAY_SIZE(churners); i++) {
		ASSERT_LT(0, children[i]);
		ASSERT_EQ(0, kill(children[i], SIGKILL));
	}
	for (size_t i = 0; i < ARRAY_SIZE(churners); i++)
		EXPECT_EQ(-EINTR, vfio_file_write_end(children[i]));

	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	if (vfio_mdev_exists(UUID_A) && vfio_mdev_remove(UUID_A)) {
		/*
		 * The mdev core refuses to remove one that is still being made,
		 * but has taken its attribute away: it goes with its parent.
		 */
		EXPECT_EQ(-ENOENT, vfio_mdev_remove(UUID_A));
		ASSERT_EQ(0, vfio_driver_unbind(self->addr));
		EXPECT_FALSE(vfio_mdev_exists(UUID_A));
		ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	}
	EXPECT_EQ(1, sample_available(self->addr));
	EXPECT_EQ(0, sample_perm_users());
	/* Where the mdev core's link of one goes that is made too early */
	EXPECT_NE(0, access("/sys/" UUID_A, F_OK));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	ASSERT_EQ(0, vfio_dev_open(&dev, &mdev));
	EXPECT_EQ(4, vfio_region_read(&dev, 0, 0, &value, 4));
	vfio_dev_close(&dev);
	EXPECT_EQ(0, sample_module_users(SAMPLE_MODULE));
}

/* ------------------------------------------------------------- the parent is idle */

FIXTURE(idle) {
	char addr[40];
};

FIXTURE_SETUP(idle)
{
	const struct vfio_target e1000e = { "e1000e" };

	sample_begin();
	VFIO_NEEDS(&e1000e);
	ASSERT_EQ(0, sample_bind("e1000e", self->addr, sizeof(self->addr)));
}

FIXTURE_TEARDOWN(idle)
{
	vfio_driver_unbind(self->addr);
}

static const char *power_control(const char *addr)
{
	static char text[16];

	if (vfio_attr_read(addr, "power/control", text, sizeof(text)) < 0)
		return "unreadable";
	return text;
}

/* Only an mdev that nobody has lets the device sleep. */
TEST_F(idle, runtime_power_management)
{
	const struct vfio_target mdev = { UUID_A };
	struct vfio_dev dev;

	for (int i = 0; i < 3; i++) {
		EXPECT_STREQ("on", power_control(self->addr));
		EXPECT_TRUE(vfio_runtime_becomes(self->addr, "active"));
		ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
		EXPECT_STREQ("auto", power_control(self->addr));
		EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
		ASSERT_EQ(0, vfio_dev_open(&dev, &mdev));
		EXPECT_TRUE(vfio_runtime_becomes(self->addr, "active"));
		vfio_dev_close(&dev);
		EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
		ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	}
	EXPECT_STREQ("on", power_control(self->addr));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "active"));
}

/* The administrator allows it to sleep, though there is nothing to wake it. */
TEST_F(idle, allowed_to_sleep)
{
	const struct vfio_target mdev = { UUID_A };
	struct vfio_dev dev;
	uint32_t value;

	ASSERT_EQ(0, vfio_attr_write(self->addr, "power/control", "auto"));
	vfio_sleep_ms(200);
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "active"));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	ASSERT_EQ(0, vfio_dev_open(&dev, &mdev));
	EXPECT_EQ(4, vfio_region_read(&dev, 0, 8, &value, 4));
	EXPECT_NE(~0U, value);
	vfio_dev_close(&dev);
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "active"));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "active"));
}

/* An error when there is no user: recovery goes on without one. */
TEST_F(idle, uncorrectable_error)
{
	const struct vfio_target mdev = { UUID_A };
	int log = kmsg_open(), err = vfio_eventfd();
	struct vfio_dev dev;
	uint32_t value;

	ASSERT_LE(0, log);
	ASSERT_EQ(0, vfio_modprobe("aer_inject"));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, aer_inject(self->addr, PCI_ERR_UNC_COMP_TIME, 0));
		EXPECT_TRUE(kmsg_find(log, "device recovery successful", NULL, 5000));
		if (!i)
			ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	}
	/* The mdev has nothing of what was before it. */
	ASSERT_EQ(0, vfio_dev_open(&dev, &mdev));
	ASSERT_EQ(0, vfio_irq_eventfds(&dev, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &err));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(err, 100));
	EXPECT_EQ(4, vfio_region_read(&dev, 0, 8, &value, 4));
	EXPECT_NE(~0U, value);
	ASSERT_EQ(0, aer_inject(self->addr, PCI_ERR_UNC_COMP_TIME, 0));
	EXPECT_EQ(1, vfio_eventfd_wait(err, 5000));
	vfio_dev_close(&dev);
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODES_MDEV, .why = "it is about mdevs" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
