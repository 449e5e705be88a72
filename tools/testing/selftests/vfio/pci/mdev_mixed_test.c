// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-pci and vfio-mdev-pci side by side on one library: with devices in
 * groups of their own and in one group, loaded and unloaded in any order; hot
 * resets across both; and that many mdevs come and go without a trace.
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

#include "e1000e.h"
#include "memory.h"
#include "sample.h"
#include "vfio_harness.h"

static const struct vfio_target mdev_a = { UUID_A };

/* --- A device that vfio-pci drives, whatever the mode of the run ---------- */

static int open_pci_by_group(struct vfio_dev *d, const struct vfio_dev *owner)
{
	int number = vfio_group_number(d->addr), ret;

	if (number == vfio_group_number(owner->addr)) {
		d->group = dup(owner->group);
	} else {
		d->group = vfio_group_open(number);
		ret = vfio_ioctl(d->group, VFIO_GROUP_SET_CONTAINER,
				 &owner->container);
		if (ret)
			return ret;
	}
	return vfio_group_device_fd(d->group, d->addr);
}

static int open_pci_by_cdev(struct vfio_dev *d, const struct vfio_dev *owner)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = 16, .iommufd = owner->iommufd,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = 12, .pt_id = owner->ioas,
	};
	int fd = vfio_cdev_open(d->addr);
	int ret;

	if (fd < 0)
		return fd;
	ret = vfio_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (!ret)
		ret = vfio_ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
	if (ret)
		close(fd);
	return ret ?: fd;
}

/* Open it in the address space of an mdev; 0 or -errno */
static int open_pci(struct vfio_dev *d, const char *addr,
		    const struct vfio_dev *owner)
{
	int fd;

	*d = VFIO_DEV_INIT;
	d->target.name = addr;
	d->how = owner->how;
	snprintf(d->addr, sizeof(d->addr), "%s", addr);
	snprintf(d->name, sizeof(d->name), "%s", addr);
	snprintf(d->sysfs, sizeof(d->sysfs), "/sys/bus/pci/devices/%s", addr);
	fd = d->how == VFIO_HOW_CDEV ? open_pci_by_cdev(d, owner) :
				       open_pci_by_group(d, owner);
	if (fd < 0)
		return fd;
	d->fd = fd;
	/* Where its configuration space is */
	return vfio_region_info(d, VFIO_PCI_CONFIG_REGION_INDEX,
				&d->region[VFIO_PCI_CONFIG_REGION_INDEX],
				sizeof(d->region[0]));
}

#define EXPECT_WORKS(dev)							\
	do {									\
		uint32_t __value = ~0U;						\
										\
		EXPECT_EQ(4, vfio_region_read(dev, 0, 8, &__value, 4));		\
		EXPECT_NE(~0U, __value);					\
	} while (0)

static const char *driver_of(const char *addr)
{
	static char driver[64];

	if (vfio_driver_of(addr, driver, sizeof(driver)))
		return "no such device";
	return driver;
}

/* ---------------------------------------------------------- groups of their own */

/* vfio-pci has nvme; edu is an mdev. */
FIXTURE(groups) {
	struct vfio_dev mdev;
	struct vfio_dev pci;
	char parent[40];
	char addr[40];
};

FIXTURE_SETUP(groups)
{
	const struct vfio_target edu = { "edu" }, nvme = { "nvme" };

	sample_begin();
	self->mdev = VFIO_DEV_INIT;
	self->pci = VFIO_DEV_INIT;
	VFIO_NEEDS(&edu);
	VFIO_NEEDS(&nvme);
	ASSERT_EQ(0, vfio_modprobe("vfio-pci"));
	ASSERT_EQ(0, vfio_device_find("nvme", self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, "vfio-pci"));
	ASSERT_EQ(0, sample_bind_and_create("edu", UUID_A, self->parent,
					    sizeof(self->parent)));
	VFIO_OPEN_OR_SKIP(&self->mdev, &mdev_a);
	ASSERT_EQ(0, open_pci(&self->pci, self->addr, &self->mdev));
}

FIXTURE_TEARDOWN(groups)
{
	vfio_dev_close(&self->pci);
	vfio_dev_close(&self->mdev);
	vfio_driver_unbind(self->parent);
	vfio_driver_unbind(self->addr);
	EXPECT_EQ(0, sample_perm_users());
}

TEST_F(groups, both_are_open)
{
	EXPECT_WORKS(&self->mdev);
	EXPECT_WORKS(&self->pci);
	EXPECT_EQ(0x1234, vfio_cfg16(&self->mdev, PCI_VENDOR_ID));
	EXPECT_EQ(0x1b36, vfio_cfg16(&self->pci, PCI_VENDOR_ID));
	EXPECT_STREQ(SAMPLE, driver_of(self->parent));
	EXPECT_STREQ("vfio-pci", driver_of(self->addr));
	EXPECT_FALSE(sample_attr_exists(self->parent, "vfio-dev"));
	EXPECT_TRUE(sample_attr_exists(self->addr, "vfio-dev"));
	EXPECT_FALSE(sample_attr_exists(self->addr, "mdev_supported_types"));
	EXPECT_EQ(2, sample_perm_users());
}

TEST_F(groups, one_goes_the_other_stays)
{
	vfio_dev_close(&self->mdev);
	ASSERT_EQ(0, vfio_driver_unbind(self->parent));
	EXPECT_WORKS(&self->pci);
	ASSERT_EQ(0, vfio_driver_bind(self->parent, SAMPLE));
	ASSERT_EQ(0, vfio_mdev_create(self->parent, UUID_A));
	ASSERT_EQ(0, vfio_dev_open(&self->mdev, &mdev_a));
	vfio_dev_close(&self->pci);
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_WORKS(&self->mdev);
}

/* One driver after the other has the same device. */
TEST_F_TIMEOUT(groups, handed_from_one_to_the_other, 60)
{
	vfio_dev_close(&self->pci);
	for (int i = 0; i < vfio_rounds(10) + 1; i++) {
		ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
		ASSERT_EQ(1, sample_perm_users());
		ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_B));
		ASSERT_EQ(2, sample_perm_users());
		EXPECT_FALSE(sample_attr_exists(self->addr, "vfio-dev"));
		ASSERT_EQ(0, vfio_driver_bind(self->addr, "vfio-pci"));
		ASSERT_EQ(2, sample_perm_users());
		EXPECT_FALSE(vfio_mdev_exists(UUID_B));
		ASSERT_EQ(0, open_pci(&self->pci, self->addr, &self->mdev));
		EXPECT_WORKS(&self->pci);
		vfio_dev_close(&self->pci);
	}
	EXPECT_WORKS(&self->mdev);
}

/* Each module can go when nobody has a device of its own. */
TEST_F(groups, modules_are_held_by_their_own_devices)
{
	EXPECT_EQ(-EAGAIN, sample_delete_module("vfio_pci"));
	EXPECT_EQ(-EAGAIN, sample_delete_module(SAMPLE_MODULE));
	EXPECT_EQ(-EWOULDBLOCK, sample_delete_module("vfio_pci_common"));
	vfio_dev_close(&self->pci);
	EXPECT_EQ(-EAGAIN, sample_delete_module(SAMPLE_MODULE));
	EXPECT_EQ(0, sample_delete_module("vfio_pci"));
	EXPECT_EQ(1, sample_perm_users());
	EXPECT_WORKS(&self->mdev);

	ASSERT_EQ(0, vfio_modprobe("vfio-pci"));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, "vfio-pci"));
	ASSERT_EQ(0, open_pci(&self->pci, self->addr, &self->mdev));
	EXPECT_WORKS(&self->pci);
	vfio_dev_close(&self->pci);
	vfio_dev_close(&self->mdev);
	EXPECT_EQ(0, sample_delete_module(SAMPLE_MODULE));
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_EQ(1, sample_perm_users());
	EXPECT_EQ(-EWOULDBLOCK, sample_delete_module("vfio_pci_common"));
	EXPECT_EQ(0, sample_delete_module("vfio_pci"));
	EXPECT_EQ(0, sample_delete_module("vfio_pci_common"));
	EXPECT_EQ(0, vfio_modprobe(SAMPLE));
}

/* ---------------------------------------------------------------------- modules */

FIXTURE(modules) {
	char pci[40];
	char parent[40];
};

static int unload(const char *module)
{
	char command[64];

	snprintf(command, sizeof(command), "/sbin/modprobe -r %s", module);
	return system(command);
}

FIXTURE_SETUP(modules)
{
	const struct vfio_target edu = { "edu" }, ivshmem = { "ivshmem" };

	sample_begin();
	VFIO_NEEDS(&edu);
	VFIO_NEEDS(&ivshmem);
	ASSERT_EQ(0, vfio_device_find("edu", self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, vfio_device_find("ivshmem", self->parent, sizeof(self->parent)));
	ASSERT_EQ(0, unload("vfio-pci"));
	ASSERT_EQ(0, unload(SAMPLE));
	ASSERT_EQ(-ENOENT, sample_perm_users());
}

FIXTURE_TEARDOWN(modules)
{
	vfio_modprobe(SAMPLE);
	vfio_driver_unbind(self->pci);
	vfio_driver_unbind(self->parent);
	unload("vfio-pci");
}

/* What is loaded has a device. */
static int load(const char *module, const char *addr)
{
	int ret = vfio_modprobe(module);

	if (!ret)
		ret = vfio_driver_bind(addr, module);
	if (!ret && !strcmp(module, SAMPLE))
		ret = vfio_mdev_create(addr, UUID_A);
	return ret;
}

/*
 * In these orders: P and M load vfio-pci and the sample, each with a device of
 * its own, p and m unload them.
 */
static const char *const orders[] = {
	"PMpm", "PMmp", "MPpm", "MPmp", "PpMm", "MmPp",
	"PMpPmp", "PMmMpm", "MPmMpm", "MPpPmp", "PMmMmMpPpm",
};

static int do_step(char step, const char *pci, const char *parent)
{
	switch (step) {
	case 'P':
		return load("vfio-pci", pci);
	case 'M':
		return load(SAMPLE, parent);
	case 'p':
		return unload("vfio-pci");
	default:
		return unload(SAMPLE);
	}
}

/* The library and its tables are there as long as one of them is. */
TEST_F_TIMEOUT(modules, in_any_order, 120)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		int loaded = 0;

		for (const char *step = orders[i]; *step; step++) {
			ASSERT_EQ(0, do_step(*step, self->pci, self->parent))
				TH_LOG("%c in %s", *step, orders[i]);
			loaded += *step < 'a' ? 1 : -1;
			EXPECT_EQ(loaded ?: -ENOENT, sample_perm_users())
				TH_LOG("%c in %s", *step, orders[i]);
		}
		EXPECT_EQ(-1, sample_module_users("vfio_pci_common"));
	}
}

/* Tables are for devices that a user could have, not for drivers or parents. */
TEST_F(modules, tables_are_there_for_whom)
{
	ASSERT_EQ(0, vfio_modprobe("vfio-pci"));
	EXPECT_EQ(0, sample_perm_users());
	ASSERT_EQ(0, vfio_modprobe(SAMPLE));
	EXPECT_EQ(0, sample_perm_users());
	ASSERT_EQ(0, vfio_driver_bind(self->parent, SAMPLE));
	EXPECT_EQ(0, sample_perm_users());
	ASSERT_EQ(0, vfio_driver_bind(self->pci, "vfio-pci"));
	EXPECT_EQ(1, sample_perm_users());
	ASSERT_EQ(0, vfio_mdev_create(self->parent, UUID_A));
	EXPECT_EQ(2, sample_perm_users());
	EXPECT_EQ(-EUSERS, vfio_mdev_create(self->parent, UUID_B));
	EXPECT_EQ(2, sample_perm_users());
	ASSERT_EQ(0, vfio_driver_unbind(self->pci));
	EXPECT_EQ(1, sample_perm_users());
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	EXPECT_EQ(0, sample_perm_users());
}

/* Bind and unbind, over and over; what fails meanwhile is its own affair */
static pid_t churn(const char *driver, const char *addr)
{
	pid_t child = fork();

	if (child)
		return child;
	if (!freopen("/dev/null", "w", stderr))
		_exit(1);
	for (;;) {
		vfio_driver_bind(addr, driver);
		vfio_mdev_create(addr, UUID_A);
		vfio_driver_unbind(addr);
	}
}

/* Both come and go while devices are bound to them and taken away. */
TEST_F_TIMEOUT(modules, at_the_same_time, 120)
{
	const int rounds = 1 + vfio_rounds(9);
	pid_t children[2];

	ASSERT_LT(0, children[0] = churn("vfio-pci", self->pci));
	ASSERT_LT(0, children[1] = churn(SAMPLE, self->parent));
	for (int i = 0; i < rounds; i++) {
		EXPECT_EQ(0, vfio_modprobe(i % 2 ? "vfio-pci" : SAMPLE));
		vfio_sleep_ms(50);
		EXPECT_EQ(0, vfio_modprobe(i % 2 ? SAMPLE : "vfio-pci"));
		vfio_sleep_ms(50);
		/* Somebody may be in the middle of it, which is told. */
		system("/sbin/modprobe -r vfio-pci 2>/dev/null");
		system("/sbin/modprobe -r " SAMPLE " 2>/dev/null");
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, kill(children[i], SIGKILL));
		EXPECT_EQ(-EINTR, vfio_file_write_end(children[i]));
	}
	EXPECT_EQ(0, unload("vfio-pci"));
	EXPECT_EQ(0, unload(SAMPLE));
	EXPECT_EQ(-ENOENT, sample_perm_users());
	EXPECT_EQ(-1, sample_module_users("vfio_pci_common"));
}

/* -------------------------------------------------------------------- one group */

/* Two functions of one slot: vfio-pci has the first one, the second is an mdev. */
FIXTURE(slot) {
	struct vfio_dev mdev;
	struct vfio_dev pci;
	char parent[40];
	char addr[40];
};

FIXTURE_SETUP(slot)
{
	const struct vfio_target multi0 = { "multi0" };

	sample_begin();
	self->mdev = VFIO_DEV_INIT;
	self->pci = VFIO_DEV_INIT;
	VFIO_NEEDS(&multi0);
	ASSERT_EQ(0, vfio_modprobe("vfio-pci"));
	ASSERT_EQ(0, vfio_modprobe("nvme"));
	ASSERT_EQ(0, vfio_modprobe("e1000e"));
	ASSERT_EQ(0, vfio_device_find("multi0", self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, "vfio-pci"));
	ASSERT_EQ(0, sample_bind_and_create("multi1", UUID_A, self->parent,
					    sizeof(self->parent)));
	ASSERT_EQ(vfio_group_number(self->addr), vfio_group_number(self->parent));
	VFIO_OPEN_OR_SKIP(&self->mdev, &mdev_a);
}

FIXTURE_TEARDOWN(slot)
{
	vfio_dev_close(&self->pci);
	vfio_dev_close(&self->mdev);
	vfio_driver_unbind(self->parent);
	vfio_driver_unbind(self->addr);
	EXPECT_EQ(0, sample_perm_users());
}

#define OPEN_PCI()	ASSERT_EQ(0, open_pci(&self->pci, self->addr, &self->mdev))

/* DEVICE_PCI_HOT_RESET, the group of @owner shown; a cdev needs none */
static int hot_reset(const struct vfio_dev *dev, const struct vfio_dev *owner)
{
	char args[sizeof(struct vfio_pci_hot_reset) + sizeof(int32_t)];
	struct vfio_pci_hot_reset header = {
		.argsz = sizeof(args), .count = dev->how != VFIO_HOW_CDEV,
	};

	memcpy(args, &header, sizeof(header));
	memcpy(args + sizeof(header), &owner->group, sizeof(int32_t));
	return vfio_ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, args);
}

#define NVME_CC		0x14	/* 0 after a reset */
#define NVME_CC_IOSQES	(6 << 16)

/* Write what a reset undoes, and see whether it is undone */
#define SET_REGISTERS()								\
	do {									\
		const uint32_t __ivar = 0x12345, __cc = NVME_CC_IOSQES;		\
										\
		if (self->pci.fd >= 0)						\
			ASSERT_EQ(4, vfio_region_write(&self->pci, 0,		\
						       E1000E_IVAR, &__ivar, 4));\
		ASSERT_EQ(4, vfio_region_write(&self->mdev, 0, NVME_CC, &__cc, 4));\
		EXPECT_REGISTERS(0x12345, NVME_CC_IOSQES);			\
	} while (0)

#define EXPECT_REGISTERS(ivar, cc)						\
	do {									\
		uint32_t __value = 0;						\
										\
		if (self->pci.fd >= 0) {					\
			EXPECT_EQ(4, vfio_region_read(&self->pci, 0,		\
						      E1000E_IVAR, &__value, 4));\
			EXPECT_EQ(ivar, __value);				\
		}								\
		EXPECT_EQ(4, vfio_region_read(&self->mdev, 0, NVME_CC,		\
					      &__value, 4));			\
		EXPECT_EQ(cc, __value);						\
	} while (0)

TEST_F(slot, both_are_open)
{
	OPEN_PCI();
	EXPECT_EQ(0x8086, vfio_cfg16(&self->pci, PCI_VENDOR_ID));
	EXPECT_EQ(0x1b36, vfio_cfg16(&self->mdev, PCI_VENDOR_ID));
	EXPECT_EQ(2, sample_perm_users());
}

/* The user has both: either of them resets both. */
TEST_F(slot, hot_reset_by_either)
{
	OPEN_PCI();
	SET_REGISTERS();
	EXPECT_EQ(0, hot_reset(&self->pci, &self->mdev));
	EXPECT_REGISTERS(0U, 0U);
	SET_REGISTERS();
	EXPECT_EQ(0, hot_reset(&self->mdev, &self->mdev));
	EXPECT_REGISTERS(0U, 0U);
}

/* The group is his, and nobody else can open what he has not opened. */
TEST_F(slot, hot_reset_with_one_open)
{
	SET_REGISTERS();
	EXPECT_EQ(0, hot_reset(&self->mdev, &self->mdev));
	EXPECT_REGISTERS(0U, 0U);
	/* And with the mdev closed */
	OPEN_PCI();
	close(self->mdev.fd);
	self->mdev.fd = -1;
	EXPECT_EQ(0, hot_reset(&self->pci, &self->mdev));
	EXPECT_WORKS(&self->pci);
}

/* Mapped and asleep meanwhile */
TEST_F(slot, hot_reset_wakes_the_mdev)
{
	uint32_t value;
	void *bar;

	OPEN_PCI();
	ASSERT_EQ(0, vfio_region_mmap(&self->mdev, 0, 0, 4096, PROT_READ, MAP_SHARED,
				      &bar));
	EXPECT_EQ(0, vfio_load(bar, 4, NULL));
	ASSERT_EQ(0, vfio_power(&self->mdev, 3));
	EXPECT_EQ(-EIO, vfio_region_read(&self->mdev, 0, 0, &value, 4));
	EXPECT_EQ(0, hot_reset(&self->pci, &self->mdev));
	EXPECT_WORKS(&self->mdev);
	EXPECT_EQ(0, vfio_load(bar, 4, NULL));
	munmap(bar, 4096);
}

/* Another group shows nothing. */
TEST_F(slot, hot_reset_with_another_group)
{
	struct vfio_dev other = VFIO_DEV_INIT;
	char edu[40];

	OPEN_PCI();
	SET_REGISTERS();
	ASSERT_EQ(0, vfio_device_find("edu", edu, sizeof(edu)));
	ASSERT_EQ(0, vfio_driver_bind(edu, "vfio-pci"));
	ASSERT_EQ(0, open_pci(&other, edu, &self->mdev));
	EXPECT_EQ(-EINVAL, hot_reset(&self->pci, &other));
	EXPECT_EQ(-EINVAL, hot_reset(&self->mdev, &other));
	EXPECT_REGISTERS(0x12345U, (uint32_t)NVME_CC_IOSQES);
	vfio_dev_close(&other);
	EXPECT_EQ(0, vfio_driver_unbind(edu));
}

/* By cdev it can't come to that: all of a group is in one iommufd. */
TEST_F(slot, another_iommufd)
{
	struct vfio_dev owner = self->mdev;

	owner.iommufd = open("/dev/iommu", O_RDWR);
	ASSERT_LE(0, owner.iommufd);
	EXPECT_EQ(-EPERM, open_pci(&self->pci, self->addr, &owner));
	EXPECT_EQ(0, hot_reset(&self->mdev, &self->mdev));
	close(owner.iommufd);
	OPEN_PCI();
	EXPECT_EQ(0, hot_reset(&self->pci, &self->mdev));
}

/* Without its mdev nobody answers for the second function: no reset. */
TEST_F(slot, hot_reset_with_a_parent_without_mdev)
{
	struct vfio_dev second = self->mdev;

	OPEN_PCI();
	close(self->mdev.fd);
	self->mdev.fd = -1;
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	EXPECT_EQ(-EINVAL, hot_reset(&self->pci, &second));
	EXPECT_WORKS(&self->pci);
	ASSERT_EQ(0, vfio_mdev_create(self->parent, UUID_B));
	EXPECT_EQ(0, hot_reset(&self->pci, &second));
	EXPECT_WORKS(&self->pci);
}

/* The same with the parts exchanged */
TEST_F(slot, hot_reset_with_nobody_on_the_first)
{
	SET_REGISTERS();
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_EQ(-EINVAL, hot_reset(&self->mdev, &self->mdev));
	EXPECT_REGISTERS(0x12345U, (uint32_t)NVME_CC_IOSQES);
	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	EXPECT_EQ(-EINVAL, hot_reset(&self->mdev, &self->mdev));
	EXPECT_REGISTERS(0x12345U, (uint32_t)NVME_CC_IOSQES);
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_B));
	EXPECT_EQ(0, hot_reset(&self->mdev, &self->mdev));
	EXPECT_REGISTERS(0x12345U, 0U);
}

/* The host drives the other one: the mdev can't be had. */
TEST_F(slot, sibling_with_a_host_driver)
{
	struct vfio_dev again;

	vfio_dev_close(&self->mdev);
	ASSERT_EQ(0, vfio_driver_unbind(self->parent));
	ASSERT_EQ(0, vfio_driver_bind(self->parent, "nvme"));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_EQ(-EPERM, vfio_dev_open(&again, &mdev_a));
	ASSERT_EQ(0, vfio_driver_bind(self->parent, "vfio-pci"));
	ASSERT_EQ(0, vfio_dev_open(&self->mdev, &mdev_a));
	EXPECT_EQ(0, hot_reset(&self->mdev, &self->mdev));
}

/* While the mdev is in use, the host does not get the other one back. */
TEST_F(slot, host_driver_is_refused_while_in_use)
{
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_EQ(-EBUSY, vfio_driver_bind(self->addr, "e1000e"));
	EXPECT_STREQ("", driver_of(self->addr));
	EXPECT_WORKS(&self->mdev);
}

/* The last close of the set, in either order, leaves both usable. */
TEST_F(slot, closed_in_either_order)
{
	OPEN_PCI();
	vfio_dev_close(&self->pci);
	EXPECT_WORKS(&self->mdev);
	OPEN_PCI();
	close(self->mdev.fd);
	self->mdev.fd = -1;
	EXPECT_WORKS(&self->pci);
	vfio_dev_close(&self->pci);
	vfio_dev_close(&self->mdev);
	ASSERT_EQ(0, vfio_dev_open(&self->mdev, &mdev_a));
	EXPECT_WORKS(&self->mdev);
	OPEN_PCI();
	EXPECT_WORKS(&self->pci);
}

/* ----------------------------------------------------------------------- memory */

#define WARM_UP		vfio_rounds(20)
#define MDEVS		vfio_rounds(500)

/* A parent and its mdev from beginning to end, used in between */
static int use_once(const char *addr)
{
	const int32_t fd = vfio_eventfd();
	struct vfio_dev dev;
	void *bar;
	int ret;

	ret = vfio_driver_bind(addr, SAMPLE) ?: vfio_mdev_create(addr, UUID_A);
	if (!ret)
		ret = vfio_dev_open(&dev, &mdev_a);
	if (ret)
		return ret;
	ret = vfio_region_mmap(&dev, 0, 0, 4096, PROT_READ, MAP_SHARED, &bar);
	if (!ret) {
		ret = vfio_load(bar, 4, NULL);
		munmap(bar, 4096);
	}
	if (!ret)
		ret = vfio_irq_eventfds(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd);
	if (!ret)
		ret = vfio_irq_eventfds(&dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd);
	vfio_dev_close(&dev);
	close(fd);
	return ret ?: vfio_mdev_remove(UUID_A) ?: vfio_driver_unbind(addr);
}

/* Nothing is left of 500 mdevs: neither memory nor users of modules. */
TEST_F_TIMEOUT(modules, nothing_is_left_of_many_mdevs, 400)
{
	const int rounds = MDEVS, warm_up = WARM_UP;
	struct memory before = { 0 }, after;
	long users;

	ASSERT_EQ(0, vfio_modprobe(SAMPLE));
	users = sample_module_users("mdev");
	for (int i = 0; i < warm_up + rounds; i++) {
		if (i == warm_up)
			before = memory_measure();
		ASSERT_EQ(0, use_once(self->pci)) TH_LOG("round %d", i);
	}
	after = memory_measure();
	TH_LOG("%d mdevs: slab %+ld, pages %+ld, vmalloc %+ld bytes", rounds,
	       after.slab - before.slab, after.pages - before.pages,
	       after.vmalloc - before.vmalloc);
	EXPECT_EQ(0, sample_module_users(SAMPLE_MODULE));
	EXPECT_EQ(users, sample_module_users("mdev"));
	EXPECT_EQ(0, sample_perm_users());
	EXPECT_GE(before.vmalloc + (64L << 10), after.vmalloc);
	if (memory_keeps_freed())
		return;
	/* A parent has 200 and more, an mdev thousands; the rest is noise. */
	EXPECT_GE(before.slab + 150L * rounds, after.slab);
	EXPECT_GE(before.pages + (2L << 20), after.pages);
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODES_MDEV, .why = "it is about mdevs" },
	{ .test = "hot_reset_with_another_group", .modes = VFIO_MODE_MDEV,
	  .why = "a cdev shows no group" },
	{ .test = "another_iommufd", .modes = VFIO_MODE_MDEV_CDEV,
	  .why = "a group has a container" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
