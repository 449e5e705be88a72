// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group interface as far as the driver has a say in it: who may open a
 * group, which names give a device, and what a device is without its container.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfio_harness.h"

#define UUID	"83d8f4f2-509f-382f-3c1e-e6bfe0fa1001"

static int set_container(int group, int container)
{
	return vfio_ioctl(group, VFIO_GROUP_SET_CONTAINER, &container);
}

static int set_iommu(int container)
{
	return vfio_ioctl(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
}

static int group_flags(int group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret = vfio_ioctl(group, VFIO_GROUP_GET_STATUS, &status);

	return ret ?: (int)status.flags;
}

/* ------------------------------------------------------------------- step by step */

FIXTURE(steps) {
	char addr[40];
	char name[40];
	int number;
	int group;
	int container;
};

FIXTURE_VARIANT(steps) {
	const char *device;
};

FIXTURE_VARIANT_ADD(steps, edu) {
	.device = "edu",
};

FIXTURE_VARIANT_ADD(steps, nvme) {
	.device = "nvme",
};

FIXTURE_SETUP(steps)
{
	const struct vfio_target target = { variant->device };

	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find(variant->device, self->addr,
				      sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	vfio_device_name(self->addr, self->name, sizeof(self->name));
	self->number = vfio_group_number(self->addr);
	self->group = vfio_group_open(self->number);
	self->container = vfio_container_open();
	ASSERT_LE(0, self->group);
	ASSERT_LE(0, self->container);
}

FIXTURE_TEARDOWN(steps)
{
	close(self->group);
	close(self->container);
}

TEST_F(steps, second_open_of_the_group)
{
	int status;
	pid_t child;

	EXPECT_EQ(-EBUSY, vfio_group_open(self->number));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(-vfio_group_open(self->number));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(EBUSY, WEXITSTATUS(status));
	ASSERT_EQ(0, close(self->group));
	self->group = vfio_group_open(self->number);
	EXPECT_LE(0, self->group);
}

TEST_F(steps, no_container)
{
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE, group_flags(self->group));
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->group, self->name));
}

TEST_F(steps, container_without_iommu)
{
	ASSERT_EQ(0, set_container(self->group, self->container));
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->group, self->name));
	ASSERT_EQ(0, set_iommu(self->container));
	EXPECT_LE(0, vfio_group_device_fd(self->group, self->name));
}

TEST_F(steps, iommu_without_group)
{
	EXPECT_NE(0, set_iommu(self->container));
}

TEST_F(steps, not_a_container)
{
	const int null = open("/dev/null", O_RDWR), closed = dup(null);

	ASSERT_EQ(0, close(closed));
	EXPECT_EQ(-EBADF, set_container(self->group, closed));
	EXPECT_EQ(-EBADF, set_container(self->group, -1));
	EXPECT_EQ(-EBADFD, set_container(self->group, null));
	EXPECT_EQ(-EBADFD, set_container(self->group, self->group));
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE, group_flags(self->group));
}

TEST_F(steps, container_set_twice)
{
	ASSERT_EQ(0, set_container(self->group, self->container));
	EXPECT_EQ(-EINVAL, set_container(self->group, self->container));
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET,
		  group_flags(self->group));
	EXPECT_EQ(0, vfio_ioctl(self->group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	EXPECT_EQ(-EINVAL, vfio_ioctl(self->group, VFIO_GROUP_UNSET_CONTAINER, NULL));
}

/* The device depends on the container as long as it is open. */
TEST_F(steps, container_unset_while_open)
{
	int device;

	ASSERT_EQ(0, set_container(self->group, self->container));
	ASSERT_EQ(0, set_iommu(self->container));
	device = vfio_group_device_fd(self->group, self->name);
	ASSERT_LE(0, device);
	EXPECT_EQ(-EBUSY, vfio_ioctl(self->group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	ASSERT_EQ(0, close(device));
	EXPECT_EQ(0, vfio_ioctl(self->group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->group, self->name));
}

/* It holds an iommufd by itself: the group may forget it, nobody else gets in. */
TEST_F(steps, iommufd_unset_while_open)
{
	uint32_t flags;
	int device;

	ASSERT_EQ(0, set_container(self->group, self->container));
	device = vfio_group_device_fd(self->group, self->name);
	ASSERT_LE(0, device);
	EXPECT_EQ(0, vfio_ioctl(self->group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	EXPECT_EQ(4, pread(device, &flags, 4, 0));
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->group, self->name));
	ASSERT_EQ(0, close(device));
	EXPECT_EQ(-EINVAL, vfio_ioctl(self->group, VFIO_GROUP_UNSET_CONTAINER, NULL));
}

/* Not bound: there is no such group, or no such device in it. */
TEST_F(steps, device_not_bound)
{
	ASSERT_EQ(0, close(self->group));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, NULL));
	EXPECT_EQ(-ENOENT, vfio_group_open(self->number));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	self->group = vfio_group_open(self->number);
	EXPECT_LE(0, self->group);
}

/* -------------------------------------------------------------------------- names */

FIXTURE(names) {
	struct vfio_dev dev;
};

FIXTURE_SETUP(names)
{
	const struct vfio_target target = { "edu" };

	VFIO_OPEN_OR_SKIP(&self->dev, &target);
}

FIXTURE_TEARDOWN(names)
{
	vfio_dev_close(&self->dev);
}

/* The device's own name goes where the row has "%s". */
static const struct {
	const char name[80];
	int want;	/* 1: a file descriptor */
} name_rows[] = {
	{ "%s", 1 },
	{ "%s ", 1 },
	{ "%s    ", 1 },
	{ "", -ENODEV },
	{ " ", -ENODEV },
	{ " %s", -ENODEV },
	{ "%s0", -ENODEV },
	{ "%sx", -ENODEV },
	{ "%s,", -ENODEV },
	{ "%s\n", -ENODEV },
	{ "%s\t", -ENODEV },
	{ "0000", -ENODEV },
	{ "0000:00:03", -ENODEV },
	{ "00:03.0", -ENODEV },
	{ "0000:00:04.0", -ENODEV },
	{ "ffff:ff:1f.7", -ENODEV },
	{ "vfio-pci", -ENODEV },
	{ "%s vf_token=" UUID, -EINVAL },
	{ "%s   vf_token=" UUID "  ", -EINVAL },
	{ "%s vf_token=", -EINVAL },
	{ "%s vf_token=83d8f4f2-509f-382f-3c1e-e6bfe0fa100", -EINVAL },
	{ "%s vf_token=83d8f4f2x509f-382f-3c1e-e6bfe0fa1001", -EINVAL },
	{ "%s vf_token=zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", -EINVAL },
	{ "%s vf_token", -EINVAL },
	{ "%s vf_token " UUID, -EINVAL },
	{ "%s VF_TOKEN=" UUID, -EINVAL },
	{ "%s token=" UUID, -EINVAL },
	{ "%s x", -EINVAL },
	{ "%s %s", -EINVAL },
	{ "%s=", -ENODEV },
};

static int open_by_row(const struct vfio_dev *dev, const char *row)
{
	char name[256];

	snprintf(name, sizeof(name), row, dev->name, dev->name);
	return vfio_group_device_fd(dev->group, name);
}

TEST_F(names, each)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(name_rows); i++) {
		ret = open_by_row(&self->dev, name_rows[i].name);
		/* Any file descriptor is as good as another. */
		EXPECT_EQ(name_rows[i].want, ret < 0 ? ret : 1)
			TH_LOG("\"%s\"", name_rows[i].name);
		if (ret >= 0)
			close(ret);
	}
}

TEST_F(names, vf_token_twice)
{
	char name[200];

	snprintf(name, sizeof(name), "%s vf_token=" UUID " vf_token=" UUID,
		 self->dev.name);
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->dev.group, name));
}

TEST_F(names, too_long)
{
	char *name = malloc(8192);

	memset(name, ' ', 8192);
	memcpy(name, self->dev.name, strlen(self->dev.name));
	name[8191] = '\0';
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->dev.group, name));
	name[4096] = '\0';
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->dev.group, name));
	free(name);
}

TEST_F(names, not_readable)
{
	char *name = vfio_guarded(4);

	EXPECT_EQ(-EFAULT, vfio_group_device_fd(self->dev.group, VFIO_BAD_POINTER));
	memcpy(name, "0000", 4);
	EXPECT_EQ(-EFAULT, vfio_group_device_fd(self->dev.group, name));
	vfio_guarded_free(name);
}

TEST_F(names, device_of_another_group)
{
	char addr[40], name[40];

	ASSERT_EQ(0, vfio_device_find("nvme", addr, sizeof(addr)));
	vfio_device_name(addr, name, sizeof(name));
	EXPECT_EQ(-ENODEV, vfio_group_device_fd(self->dev.group, name));
	ASSERT_EQ(0, vfio_driver_take(addr));
	EXPECT_EQ(-ENODEV, vfio_group_device_fd(self->dev.group, name));
}

/* An mdev has one name: the device it is made of cannot be had behind its back. */
TEST_F(names, parent_of_the_mdev)
{
	EXPECT_EQ(-ENODEV, vfio_group_device_fd(self->dev.group, self->dev.addr));
}

/* ------------------------------------------------------------- one device, two files */

FIXTURE(twice) {
	struct vfio_dev dev;
	struct vfio_dev again;
};

FIXTURE_VARIANT(twice) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(twice, edu) {
	.target = { "edu" },
};

FIXTURE_VARIANT_ADD(twice, nvme) {
	.target = { "nvme" },
};

FIXTURE_SETUP(twice)
{
	self->again = VFIO_DEV_INIT;
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	ASSERT_EQ(0, vfio_dev_open_with(&self->again, &variant->target, &self->dev));
}

FIXTURE_TEARDOWN(twice)
{
	vfio_dev_close(&self->again);
	vfio_dev_close(&self->dev);
}

TEST_F(twice, same_device)
{
	ASSERT_NE(self->dev.fd, self->again.fd);
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_INTERRUPT_LINE, 1, 0x5c));
	EXPECT_EQ(0x5c, vfio_cfg8(&self->again, PCI_INTERRUPT_LINE));
	ASSERT_EQ(0, vfio_memory(&self->again, false));
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
}

/* Closing one of them is not the end of the other's set-up. */
TEST_F(twice, one_is_closed)
{
	int32_t fd = vfio_eventfd();
	uint32_t value;

	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_INTERRUPT_LINE, 1, 0x5c));
	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, close(self->dev.fd));
	self->dev.fd = -1;
	EXPECT_EQ(0x5c, vfio_cfg8(&self->again, PCI_INTERRUPT_LINE));
	EXPECT_NE(0, vfio_hw_cfg16(&self->again, PCI_COMMAND) & PCI_COMMAND_MASTER);
	EXPECT_EQ(4, vfio_region_read(&self->again, 0, 0, &value, 4));
	EXPECT_EQ(0, vfio_irq_set(&self->again, VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_TRIGGER,
				  VFIO_PCI_REQ_IRQ_INDEX, 0, 1, NULL, 0));
	EXPECT_EQ(1, vfio_eventfd_wait(fd, 1000));
}

/* Both are closed: what was set up is gone, as the next one sees. */
TEST_F(twice, both_are_closed)
{
	uint8_t line = vfio_cfg8(&self->dev, PCI_INTERRUPT_LINE);

	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_INTERRUPT_LINE, 1, line ^ 0xff));
	vfio_dev_close(&self->again);
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
	EXPECT_EQ(line, vfio_cfg8(&self->dev, PCI_INTERRUPT_LINE));
}

/* ---------------------------------------------------------------------- viability */

FIXTURE(viability) {
	char first[40];
	char name[40];
	char second[40];
	int number;
};

FIXTURE_SETUP(viability)
{
	const struct vfio_target target = { "multi0" };

	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find("multi0", self->first, sizeof(self->first)));
	ASSERT_EQ(0, vfio_device_find("multi1", self->second, sizeof(self->second)));
	vfio_device_name(self->first, self->name, sizeof(self->name));
	self->number = vfio_group_number(self->first);
	ASSERT_EQ(self->number, vfio_group_number(self->second));
	ASSERT_EQ(0, vfio_modprobe("nvme"));
	ASSERT_EQ(0, vfio_driver_take(self->first));
}

FIXTURE_TEARDOWN(viability)
{
	vfio_driver_unbind(self->second);
	vfio_driver_unbind(self->first);
}

/* A member that the host drives: the group cannot be had. */
TEST_F(viability, member_with_a_host_driver)
{
	const bool type1 = vfio_mode()->how == VFIO_HOW_TYPE1;
	int group, device, container = vfio_container_open();

	ASSERT_EQ(0, vfio_driver_bind(self->second, "nvme"));
	group = vfio_group_open(self->number);
	ASSERT_LE(0, group);
	EXPECT_EQ(0, group_flags(group));
	/* An iommufd claims the group when a device of it is opened. */
	EXPECT_EQ(type1 ? -EPERM : 0, set_container(group, container));
	EXPECT_EQ(type1 ? -EINVAL : -EPERM, vfio_group_device_fd(group, self->name));

	ASSERT_EQ(0, vfio_driver_take(self->second));
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE |
		  (type1 ? 0 : VFIO_GROUP_FLAGS_CONTAINER_SET), group_flags(group));
	if (type1) {
		EXPECT_EQ(0, set_container(group, container));
		EXPECT_EQ(0, set_iommu(container));
	}
	device = vfio_group_device_fd(group, self->name);
	EXPECT_LE(0, device);
	close(device);
	close(group);
	close(container);
}

/* A member that nobody drives does no harm. */
TEST_F(viability, member_without_driver)
{
	const struct vfio_target target = { "multi0" };
	struct vfio_dev dev;

	ASSERT_EQ(0, vfio_driver_bind(self->second, NULL));
	ASSERT_EQ(0, vfio_dev_open(&dev, &target));
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET,
		  group_flags(dev.group));
	vfio_dev_close(&dev);
}

/* While the user has the group, the host does not get a member back. */
TEST_F(viability, host_driver_is_refused_while_in_use)
{
	const struct vfio_target target = { "multi0" };
	struct vfio_dev dev;
	char driver[40];

	ASSERT_EQ(0, vfio_driver_bind(self->second, NULL));
	ASSERT_EQ(0, vfio_dev_open(&dev, &target));
	EXPECT_EQ(-EBUSY, vfio_driver_bind(self->second, "nvme"));
	ASSERT_EQ(0, vfio_driver_of(self->second, driver, sizeof(driver)));
	EXPECT_STREQ("", driver);
	EXPECT_EQ(0, vfio_driver_take(self->second));
	vfio_dev_close(&dev);
	EXPECT_EQ(0, vfio_driver_bind(self->second, "nvme"));
}

/* -------------------------------------------------------------------- other ioctls */

TEST(unknown_ioctls)
{
	const struct vfio_target target = { "edu" };
	char args[256] = { 0 };
	struct vfio_dev dev;
	unsigned int nr;

	VFIO_OPEN_OR_SKIP(&dev, &target);
	for (nr = 0; nr < 256; nr++) {
		/* 7 to 13, 16 and 17 are answered by devices, 18 by the core. */
		unsigned int n = nr - VFIO_BASE;

		if ((n >= 7 && n <= 13) || n == 16 || n == 17 || n == 18)
			continue;
		EXPECT_EQ(-ENOTTY, vfio_ioctl(dev.fd, _IO(VFIO_TYPE, nr), args))
			TH_LOG("number %u", nr);
	}
	EXPECT_EQ(-ENOTTY, vfio_ioctl(dev.fd, _IO('<', VFIO_BASE + 7), args));
	EXPECT_EQ(-ENOTTY, vfio_ioctl(dev.fd, _IOR(VFIO_TYPE, VFIO_BASE + 7, int),
				      args));
	vfio_dev_close(&dev);
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODES_GROUP, .why = "there is no group" },
	{ .test = "container_without_iommu", .modes = VFIO_MODES_TYPE1,
	  .why = "an iommufd has its address space from the start" },
	{ .test = "container_unset_while_open", .modes = VFIO_MODES_TYPE1,
	  .why = "an iommufd may be, see iommufd_unset_while_open" },
	{ .test = "iommufd_unset_while_open", .modes = VFIO_MODE_COMPAT,
	  .why = "there is no iommufd" },
	{ .test = "parent_of_the_mdev", .modes = VFIO_MODES_MDEV,
	  .why = "there is no mdev" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
