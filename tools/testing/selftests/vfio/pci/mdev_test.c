// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-mdev-pci in sysfs, and by what names an mdev is opened: what the type
 * says, what create and remove take and refuse, where links lead, and that the
 * PCI device behind an mdev has no other way in.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"
#include "vfio_harness.h"

#define EDU_ID		"1234 11e8"
#define FAKE_ADDR	"fa4e:00:00.0"
#define TOKEN		"83d8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define TOKEN_WRONG	"83d8f4f2-509f-382f-3c1e-e6bfe0fa1002"

/* Entries of a directory of a device that are not "." and ".." */
static int entries(const char *addr, const char *dir)
{
	struct dirent *entry;
	char path[256];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/%s",
		 vfio_is_uuid(addr) ? "mdev" : "pci", addr, dir);
	d = opendir(path);
	if (!d)
		return -errno;
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

/* -------------------------------------------------------------------- a parent */

/* edu and ivshmem are parents without an mdev. */
FIXTURE(parent) {
	char addr[40];
	char other[40];
};

FIXTURE_SETUP(parent)
{
	const struct vfio_target edu = { "edu" }, ivshmem = { "ivshmem" };

	sample_begin();
	VFIO_NEEDS(&edu);
	VFIO_NEEDS(&ivshmem);
	ASSERT_EQ(0, sample_bind("edu", self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, sample_bind("ivshmem", self->other, sizeof(self->other)));
	ASSERT_EQ(0, sample_mdevs());
}

FIXTURE_TEARDOWN(parent)
{
	vfio_driver_unbind(self->addr);
	vfio_driver_unbind(self->other);
	EXPECT_EQ(0, sample_mdevs());
}

#define EXPECT_NO_MDEV()							\
	do {									\
		EXPECT_EQ(1, sample_available(self->addr));			\
		EXPECT_EQ(0, sample_mdevs());					\
		EXPECT_EQ(0, entries(self->addr, "mdev_supported_types/"	\
				     SAMPLE_TYPE "/devices"));			\
		EXPECT_EQ(0, sample_perm_users());				\
	} while (0)

static const struct {
	const char *attr;
	mode_t mode;
	const char *text;
} type_attrs[] = {
	{ "name", 0444, "Whole PCI device" },
	{ "device_api", 0444, "vfio-pci" },
	{ "available_instances", 0444, "1" },
	{ "description", 0444,
	  "PCI device 1234:11e8, class 00ff00, at 0000:00:03.0" },
	{ "create", 0200, NULL },
};

TEST_F(parent, type)
{
	char path[256], text[128];
	struct stat status;

	EXPECT_EQ(1, entries(self->addr, "mdev_supported_types"));
	EXPECT_EQ(0, entries(self->addr, "mdev_supported_types/" SAMPLE_TYPE
			     "/devices"));
	for (size_t i = 0; i < ARRAY_SIZE(type_attrs); i++) {
		snprintf(path, sizeof(path),
			 "/sys/bus/pci/devices/%s/mdev_supported_types/"
			 SAMPLE_TYPE "/%s", self->addr, type_attrs[i].attr);
		ASSERT_EQ(0, stat(path, &status)) TH_LOG("%s", path);
		EXPECT_EQ(type_attrs[i].mode, status.st_mode & 0777)
			TH_LOG("%s", path);
		if (!type_attrs[i].text)
			continue;
		EXPECT_LT(0, sample_type_read(self->addr, type_attrs[i].attr, text,
					      sizeof(text)));
		EXPECT_STREQ(type_attrs[i].text, text);
	}
}

/* Each device says what it is. */
TEST_F(parent, description_of_another)
{
	char text[128];

	ASSERT_LT(0, sample_type_read(self->other, "description", text,
				      sizeof(text)));
	EXPECT_STREQ("PCI device 1af4:1110, class 050000, at 0000:00:04.0", text);
}

/* Where programs look for parents */
TEST_F(parent, is_in_the_class_of_parents)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/mdev_bus/%s", self->addr);
	EXPECT_EQ(0, access(path, F_OK));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_NE(0, access(path, F_OK));
	EXPECT_FALSE(sample_attr_exists(self->addr, "mdev_supported_types"));
	EXPECT_TRUE(sample_attr_exists(self->other, "mdev_supported_types"));
}

/* However it was bound, a device is a parent. */
TEST_F(parent, bound_by_new_id)
{
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_new_id(SAMPLE, EDU_ID));
	EXPECT_EQ(1, sample_available(self->addr));
	EXPECT_EQ(0, vfio_driver_remove_id(SAMPLE, EDU_ID));
}

TEST_F(parent, bound_by_ids)
{
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_unbind(self->other));
	ASSERT_EQ(0, vfio_driver_reload("ids=1234:11e8"));
	EXPECT_EQ(1, sample_available(self->addr));
	EXPECT_EQ(-ENOENT, sample_available(self->other));
	ASSERT_EQ(0, vfio_driver_unload());
	EXPECT_EQ(-ENOENT, sample_available(self->addr));
	ASSERT_EQ(0, vfio_driver_load(""));
}

/* The kernel's messages to udev and the like, from now on; -errno */
static int uevents_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (void *)&addr, sizeof(addr)))
		return -errno;
	return fd;
}

/* Whether there is one whose first line ends in @path and that has @line */
static bool uevent_find(int fd, const char *path, const char *line)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char text[4096];
	ssize_t n;

	while (poll(&ready, 1, 2000) == 1) {
		n = recv(fd, text, sizeof(text) - 1, 0);
		if (n <= 0)
			break;
		text[n] = '\0';
		if (strlen(text) < strlen(path) ||
		    strcmp(text + strlen(text) - strlen(path), path))
			continue;
		for (char *p = text; p < text + n; p += strlen(p) + 1)
			if (!strcmp(p, line))
				return true;
	}
	return false;
}

TEST_F(parent, uevents)
{
	int fd = uevents_open();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_TRUE(uevent_find(fd, self->addr, "MDEV_STATE=unregistered"));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	EXPECT_TRUE(uevent_find(fd, self->addr, "MDEV_STATE=registered"));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_TRUE(uevent_find(fd, UUID_A, "ACTION=add"));
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	EXPECT_TRUE(uevent_find(fd, UUID_A, "ACTION=remove"));
	close(fd);
}

/* ---------------------------------------------------------------------- create */

TEST_F(parent, create_and_remove)
{
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
		EXPECT_EQ(0, sample_available(self->addr));
		EXPECT_EQ(1, sample_mdevs());
		EXPECT_EQ(1, sample_perm_users());
		ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
		EXPECT_NO_MDEV();
	}
}

/* Where programs go from the UUID */
TEST_F(parent, links_of_the_mdev)
{
	char name[64], group[64];
	struct stat one, two;

	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_STREQ(SAMPLE, sample_link(UUID_A, "driver"));
	EXPECT_STREQ(SAMPLE_TYPE, sample_link(UUID_A, "mdev_type"));
	EXPECT_STREQ("mdev", sample_link(UUID_A, "subsystem"));
	EXPECT_STREQ(UUID_A, sample_link(self->addr, "mdev_supported_types/"
					 SAMPLE_TYPE "/devices/" UUID_A));

	snprintf(group, sizeof(group), "%s", sample_link(self->addr, "iommu_group"));
	EXPECT_STREQ(group, sample_link(UUID_A, "iommu_group"));
	ASSERT_EQ(0, stat("/sys/bus/mdev/devices/" UUID_A "/iommu_group", &one));
	snprintf(name, sizeof(name), "/sys/kernel/iommu_groups/%.32s", group);
	ASSERT_EQ(0, stat(name, &two));
	EXPECT_EQ(two.st_ino, one.st_ino);
	/* The only member is the PCI device: the mdev does no DMA of its own. */
	EXPECT_EQ(1, entries(self->addr, "iommu_group/devices"));

	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	EXPECT_EQ(0, access(name, F_OK));
	EXPECT_STREQ(group, sample_link(self->addr, "iommu_group"));
}

/* The vfio device is the mdev's, the PCI device has none. */
TEST_F(parent, vfio_device_of_the_mdev)
{
	EXPECT_FALSE(sample_attr_exists(self->addr, "vfio-dev"));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_EQ(1, entries(UUID_A, "vfio-dev"));
	EXPECT_FALSE(sample_attr_exists(self->addr, "vfio-dev"));
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	EXPECT_FALSE(sample_attr_exists(self->addr, "vfio-dev"));
}

TEST_F(parent, create_twice)
{
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_EQ(-EUSERS, vfio_mdev_create(self->addr, UUID_B));
	EXPECT_EQ(-EEXIST, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_EQ(-EEXIST, vfio_mdev_create(self->addr, UUID_A_UPPER));
	/* Of all parents there are */
	EXPECT_EQ(-EEXIST, vfio_mdev_create(self->other, UUID_A));
	EXPECT_EQ(1, sample_available(self->other));
	EXPECT_EQ(1, sample_mdevs());
	EXPECT_EQ(1, sample_perm_users());
	EXPECT_EQ(0, vfio_mdev_create(self->other, UUID_B));
	EXPECT_EQ(2, sample_mdevs());
	EXPECT_EQ(2, sample_perm_users());

	/* It can go to another one when its first one is without it. */
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	ASSERT_EQ(0, vfio_mdev_remove(UUID_B));
	EXPECT_EQ(0, vfio_mdev_create(self->other, UUID_A));
	EXPECT_STREQ(SAMPLE_TYPE, sample_link(UUID_A, "mdev_type"));
	EXPECT_EQ(0, vfio_mdev_create(self->addr, UUID_B));
}

static const char *const good_uuids[] = {
	UUID_A,
	UUID_A "\n",
	UUID_A_UPPER,
	"0F3b9a52-1c8E-4d75-B6a1-93e2c47D5f08",
};

/* Whatever is written, the name is lower case. */
TEST_F(parent, uuids)
{
	for (size_t i = 0; i < ARRAY_SIZE(good_uuids); i++) {
		ASSERT_EQ(0, vfio_mdev_create(self->addr, good_uuids[i]))
			TH_LOG("\"%s\"", good_uuids[i]);
		EXPECT_TRUE(vfio_mdev_exists(UUID_A));
		ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	}
}

static const char *const bad_uuids[] = {
	"\n",
	"1",
	"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f0",
	"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f0\n",
	"0f3b9a521c8e4d75b6a193e2c47d5f08",
	"0f3b9a52-1c8e-4d75-b6a193e2c47d5f08",
	"0f3b9a52-1c8e-4d75-b6a193e2c47d5f088",
	"0f3b9a521-c8e-4d75-b6a1-93e2c47d5f08",
	"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f0g",
	"gf3b9a52-1c8e-4d75-b6a1-93e2c47d5f08",
	"0f3b9a52:1c8e:4d75:b6a1:93e2c47d5f08",
	"0f3b9a52 1c8e 4d75 b6a1 93e2c47d5f08",
	"------------------------------------",
	"0x3b9a52-1c8e-4d75-b6a1-93e2c47d5f08",
	" 0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f08",
	"{0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f08}",
	"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f08\n\n",
	"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f08\t\n",
	"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f0800",
	"/0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f0",
	"../../../../../../../../../../../etc",
	"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f0\xff",
};

TEST_F(parent, malformed_uuids)
{
	char longest[4096];

	for (size_t i = 0; i < ARRAY_SIZE(bad_uuids); i++) {
		EXPECT_EQ(-EINVAL, vfio_mdev_create(self->addr, bad_uuids[i]))
			TH_LOG("\"%s\"", bad_uuids[i]);
		EXPECT_NO_MDEV();
	}
	memset(longest, '0', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	EXPECT_EQ(-EINVAL, vfio_mdev_create(self->addr, longest));
	EXPECT_NO_MDEV();
	/* Nothing was written, which is not an error and makes nothing. */
	EXPECT_EQ(0, vfio_mdev_create(self->addr, ""));
	EXPECT_NO_MDEV();
	/* It is said before it is looked whether there is room. */
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_EQ(-EINVAL, vfio_mdev_create(self->addr, bad_uuids[1]));
}

static const struct {
	const char *text;
	int want;
	bool removed;
} remove_rows[] = {
	{ "0", 0, false },
	{ "0\n", 0, false },
	{ "0x0", 0, false },
	{ "", 0, false },
	{ "\n", -EINVAL, false },
	{ " 1", -EINVAL, false },
	{ "-1", -EINVAL, false },
	{ "1 1", -EINVAL, false },
	{ "1.0", -EINVAL, false },
	{ "y", -EINVAL, false },
	{ UUID_A, -EINVAL, false },
	{ "99999999999999999999", -EINVAL, false },
	{ "1", 0, true },
	{ "1\n", 0, true },
	{ "2", 0, true },
	{ "0x10", 0, true },
};

TEST_F(parent, what_remove_takes)
{
	for (size_t i = 0; i < ARRAY_SIZE(remove_rows); i++) {
		if (!vfio_mdev_exists(UUID_A))
			ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
		EXPECT_EQ(remove_rows[i].want,
			  vfio_attr_write(UUID_A, "remove", remove_rows[i].text))
			TH_LOG("\"%s\"", remove_rows[i].text);
		EXPECT_EQ(!remove_rows[i].removed, vfio_mdev_exists(UUID_A))
			TH_LOG("\"%s\"", remove_rows[i].text);
		EXPECT_EQ(remove_rows[i].removed, sample_available(self->addr));
	}
}

/* An mdev that its driver has left could never be had again. */
TEST_F(parent, mdev_is_removed_not_unbound)
{
	EXPECT_NE(0, access("/sys/bus/mdev/drivers/" SAMPLE "/unbind", F_OK));
	EXPECT_NE(0, access("/sys/bus/mdev/drivers/" SAMPLE "/bind", F_OK));
	EXPECT_EQ(0, access("/sys/bus/pci/drivers/" SAMPLE "/unbind", F_OK));
}

/* The PCI device goes, and so does what was made of it. */
TEST_F(parent, unbind_takes_the_mdev_along)
{
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	ASSERT_EQ(0, vfio_mdev_create(self->other, UUID_B));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_TRUE(vfio_mdev_exists(UUID_B));
	EXPECT_EQ(1, sample_perm_users());
	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	EXPECT_EQ(1, sample_available(self->addr));
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
}

/* ------------------------------------------------------- a device without a group */

FIXTURE(no_group) {
	char addr[40];
};

FIXTURE_SETUP(no_group)
{
	sample_begin();
	if (vfio_modprobe("vfio_pci_fakebus"))
		SKIP(return, "no device without an IOMMU: build and insmod fakebus/");
	snprintf(self->addr, sizeof(self->addr), FAKE_ADDR);
	ASSERT_FALSE(sample_attr_exists(self->addr, "iommu_group"));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
}

FIXTURE_TEARDOWN(no_group)
{
	EXPECT_EQ(0, sample_delete_module("vfio_pci_fakebus"));
}

/* Nothing could isolate its DMA: it is a parent that can't have an mdev. */
TEST_F(no_group, create)
{
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-ENODEV, vfio_mdev_create(self->addr, UUID_A));
		EXPECT_NO_MDEV();
	}
	EXPECT_FALSE(sample_attr_exists(self->addr, "vfio-dev"));
	EXPECT_FALSE(sample_attr_exists(self->addr, "iommu_group"));
	EXPECT_EQ(-EINVAL, vfio_mdev_create(self->addr, "1"));
}

/* The UUID is free for a device that can have it. */
TEST_F(no_group, uuid_is_not_used_up)
{
	const struct vfio_target edu = { "edu" };
	char addr[40];

	VFIO_NEEDS(&edu);
	EXPECT_EQ(-ENODEV, vfio_mdev_create(self->addr, UUID_A));
	ASSERT_EQ(0, sample_bind_and_create("edu", UUID_A, addr, sizeof(addr)));
	EXPECT_EQ(-EEXIST, vfio_mdev_create(self->addr, UUID_A));
	EXPECT_EQ(0, vfio_driver_unbind(addr));
}

TEST_F(no_group, description)
{
	char text[128];

	ASSERT_LT(0, sample_type_read(self->addr, "description", text,
				      sizeof(text)));
	EXPECT_STREQ("PCI device 1234:fa4e, class ff0000, at " FAKE_ADDR, text);
}

/* ----------------------------------------------------------------------- names */

/* The mdev of edu is open, and its group is at hand. */
FIXTURE(names) {
	struct vfio_dev dev;
	char addr[40];
};

FIXTURE_SETUP(names)
{
	const struct vfio_target edu = { "edu" }, mdev = { UUID_A };

	sample_begin();
	self->dev = VFIO_DEV_INIT;
	VFIO_NEEDS(&edu);
	ASSERT_EQ(0, sample_bind_and_create("edu", UUID_A, self->addr,
					    sizeof(self->addr)));
	VFIO_OPEN_OR_SKIP(&self->dev, &mdev);
}

FIXTURE_TEARDOWN(names)
{
	vfio_dev_close(&self->dev);
	vfio_driver_unbind(self->addr);
}

static const struct {
	const char *name;
	int want;	/* 1: a file descriptor */
} name_rows[] = {
	{ UUID_A, 1 },
	{ UUID_A " ", 1 },
	/* As the directory is called, and as nothing else is */
	{ UUID_A_UPPER, -ENODEV },
	{ "0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f0", -ENODEV },
	{ "0f3b9a52", -ENODEV },
	{ "0f3b9a521c8e4d75b6a193e2c47d5f08", -ENODEV },
	{ UUID_A "0", -ENODEV },
	{ UUID_A "\n", -ENODEV },
	{ UUID_A "\t", -ENODEV },
	{ UUID_A "/", -ENODEV },
	{ " " UUID_A, -ENODEV },
	{ UUID_B, -ENODEV },
	{ "", -ENODEV },
	{ "vfio0", -ENODEV },
	{ SAMPLE, -ENODEV },
	{ SAMPLE_TYPE, -ENODEV },
	/* Not the PCI device, with a token or without */
	{ "0000:00:03.0", -ENODEV },
	{ "0000:00:03.0 ", -ENODEV },
	{ "0000:00:03.0 " UUID_A, -ENODEV },
	{ "0000:00:03.0 vf_token=" UUID_A, -ENODEV },
	/* edu has no VFs that a token could be for. */
	{ UUID_A " vf_token=" TOKEN, -EINVAL },
	{ UUID_A " vf_token=" UUID_A, -EINVAL },
	{ UUID_A " vf_token=" TOKEN "0", -EINVAL },
	{ UUID_A " vf_token=", -EINVAL },
	{ UUID_A " vf_token", -EINVAL },
	{ UUID_A " x", -EINVAL },
	{ UUID_A " " UUID_A, -EINVAL },
};

TEST_F(names, of_the_group)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_rows); i++) {
		int ret = vfio_group_device_fd(self->dev.group, name_rows[i].name);

		EXPECT_EQ(name_rows[i].want, ret < 0 ? ret : 1)
			TH_LOG("\"%s\"", name_rows[i].name);
		if (ret >= 0)
			close(ret);
	}
}

/* The only cdev is that of the mdev. */
TEST_F(names, of_cdevs)
{
	char path[300], name[64] = "";
	struct dirent *entry;
	int n = 0;
	DIR *d;

	EXPECT_EQ(-ENODEV, vfio_cdev_open(self->addr));
	d = opendir("/sys/class/vfio-dev");
	ASSERT_NE(NULL, d);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%.32s", entry->d_name);
		n++;
	}
	closedir(d);
	EXPECT_EQ(1, n);
	snprintf(path, sizeof(path), "vfio-dev/%s/dev", name);
	/* It has a number where the kernel has cdevs. */
	EXPECT_EQ(!access("/dev/vfio/devices", F_OK), sample_attr_exists(UUID_A, path));
}

/* ------------------------------------------------------- two mdevs in one group */

FIXTURE(two) {
	struct vfio_dev first;
	struct vfio_dev second;
	char addr[2][40];
};

FIXTURE_SETUP(two)
{
	const struct vfio_target multi0 = { "multi0" };
	const struct vfio_target mdev = { UUID_A };

	sample_begin();
	self->first = VFIO_DEV_INIT;
	self->second = VFIO_DEV_INIT;
	VFIO_NEEDS(&multi0);
	ASSERT_EQ(0, sample_bind_and_create("multi0", UUID_A, self->addr[0], 40));
	ASSERT_EQ(0, sample_bind_and_create("multi1", UUID_B, self->addr[1], 40));
	ASSERT_EQ(vfio_group_number(self->addr[0]), vfio_group_number(self->addr[1]));
	VFIO_OPEN_OR_SKIP(&self->first, &mdev);
}

FIXTURE_TEARDOWN(two)
{
	vfio_dev_close(&self->second);
	vfio_dev_close(&self->first);
	vfio_driver_unbind(self->addr[0]);
	vfio_driver_unbind(self->addr[1]);
}

/* The one that is asked first says no, and the other one is asked. */
TEST_F(two, both_open)
{
	const struct vfio_target second = { UUID_B };

	EXPECT_EQ(0x8086, vfio_cfg16(&self->first, PCI_VENDOR_ID));
	ASSERT_EQ(0, vfio_dev_open_with(&self->second, &second, &self->first));
	EXPECT_EQ(0x1b36, vfio_cfg16(&self->second, PCI_VENDOR_ID));
}

/* Whichever is asked first, what is wrong with one name is not its affair. */
TEST_F(two, each_by_its_name)
{
	const char *const uuids[] = { UUID_A, UUID_B };
	char name[128];
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(uuids); i++) {
		fd = vfio_group_device_fd(self->first.group, uuids[i]);
		EXPECT_LE(0, fd);
		close(fd);
		snprintf(name, sizeof(name), "%s vf_token=" TOKEN, uuids[i]);
		EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->first.group, name));
		EXPECT_EQ(-ENODEV, vfio_group_device_fd(self->first.group,
							self->addr[i]));
	}
}

/* One is removed: the other one is as it was. */
TEST_F(two, one_is_removed)
{
	ASSERT_EQ(0, vfio_mdev_remove(UUID_B));
	EXPECT_EQ(0x8086, vfio_cfg16(&self->first, PCI_VENDOR_ID));
	ASSERT_EQ(0, vfio_mdev_create(self->addr[1], UUID_B));
}

/* ---------------------------------------------------------------------- tokens */

/* A physical function as mdev, and no virtual function in user space */
FIXTURE(pf) {
	struct vfio_dev dev;
	char addr[40];
};

FIXTURE_SETUP(pf)
{
	const struct vfio_target sriov = { "sriov" }, mdev = { UUID_A };

	sample_begin();
	self->dev = VFIO_DEV_INIT;
	VFIO_NEEDS(&sriov);
	ASSERT_EQ(0, sample_bind_and_create("sriov", UUID_A, self->addr,
					    sizeof(self->addr)));
	VFIO_OPEN_OR_SKIP(&self->dev, &mdev);
}

FIXTURE_TEARDOWN(pf)
{
	vfio_dev_close(&self->dev);
	vfio_driver_unbind(self->addr);
}

TEST_F(pf, token)
{
	const uint8_t token[16] = { 1 };
	int fd;

	EXPECT_EQ(0, vfio_feature(&self->dev, VFIO_DEVICE_FEATURE_SET |
				  VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
				  (void *)token, sizeof(token)));
	if (self->dev.how == VFIO_HOW_CDEV)
		return;
	/* It sets one with its name, which is wrong for nobody yet. */
	fd = vfio_group_device_fd(self->dev.group, UUID_A " vf_token=" TOKEN);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->dev.group,
						UUID_A " vf_token=x"));
}

/* The sample does not make virtual functions. */
TEST_F(pf, has_no_vfs)
{
	EXPECT_EQ(-ENOENT, vfio_attr_write(self->addr, "sriov_numvfs", "1"));
	EXPECT_FALSE(sample_attr_exists(self->addr, "virtfn0"));
}

/*
 * A virtual function as mdev, its physical function is open by vfio-pci: before
 * it has virtual functions, as the reset at open takes those of QEMU away.
 */
FIXTURE(vf) {
	char pf[40];
	char addr[40];
	int container;
	int pf_group;
	int pf_fd;
	int group;
};

/* A group in the container; the container gets its IOMMU with the first one */
static int attach(int number, int container, bool first)
{
	int group = vfio_group_open(number);
	int ret;

	if (group < 0)
		return group;
	ret = vfio_ioctl(group, VFIO_GROUP_SET_CONTAINER, &container);
	if (!ret && first)
		ret = vfio_ioctl(container, VFIO_SET_IOMMU,
				 (void *)VFIO_TYPE1v2_IOMMU);
	return ret ?: group;
}

FIXTURE_SETUP(vf)
{
	const struct vfio_target sriov = { "sriov" };
	char name[128];

	sample_begin();
	VFIO_NEEDS(&sriov);
	ASSERT_EQ(0, vfio_modprobe("vfio-pci"));
	ASSERT_EQ(0, vfio_file_write("/sys/module/vfio_pci/parameters/enable_sriov",
				     "Y"));
	ASSERT_EQ(0, vfio_device_find("sriov", self->pf, sizeof(self->pf)));
	ASSERT_EQ(0, vfio_driver_bind(self->pf, "vfio-pci"));
	self->container = vfio_container_open();
	ASSERT_LE(0, self->container);
	self->pf_group = attach(vfio_group_number(self->pf), self->container, true);
	ASSERT_LE(0, self->pf_group);
	snprintf(name, sizeof(name), "%s vf_token=" TOKEN, self->pf);
	self->pf_fd = vfio_group_device_fd(self->pf_group, name);
	ASSERT_LE(0, self->pf_fd);

	ASSERT_EQ(0, vfio_attr_write(self->pf, "sriov_numvfs", "1"));
	snprintf(self->addr, sizeof(self->addr), "%s", sample_link(self->pf, "virtfn0"));
	ASSERT_EQ(0, vfio_driver_bind(self->addr, SAMPLE));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_A));
	self->group = attach(vfio_group_number(self->addr), self->container, false);
	ASSERT_LE(0, self->group);
}

FIXTURE_TEARDOWN(vf)
{
	close(self->group);
	EXPECT_EQ(0, vfio_attr_write(self->pf, "sriov_numvfs", "0"));
	close(self->pf_fd);
	close(self->pf_group);
	close(self->container);
	EXPECT_EQ(0, vfio_driver_unbind(self->pf));
	EXPECT_EQ(0, vfio_file_write("/sys/module/vfio_pci/parameters/enable_sriov",
				     "N"));
}

/* The physical function is in user space: its token opens the virtual one. */
TEST_F(vf, token_of_its_pf)
{
	int fd;

	EXPECT_EQ(-EACCES, vfio_group_device_fd(self->group, UUID_A));
	EXPECT_EQ(-EACCES, vfio_group_device_fd(self->group, UUID_A
						" vf_token=" TOKEN_WRONG));
	EXPECT_EQ(-EINVAL, vfio_group_device_fd(self->group, UUID_A " vf_token="));
	EXPECT_EQ(-ENODEV, vfio_group_device_fd(self->group, UUID_A_UPPER
						" vf_token=" TOKEN));
	fd = vfio_group_device_fd(self->group, UUID_A " vf_token=" TOKEN);
	EXPECT_LE(0, fd);
	close(fd);
}

/* And while the virtual one is open, the physical one needs it as well. */
TEST_F(vf, token_while_it_is_open)
{
	char name[128];
	int fd, again;

	fd = vfio_group_device_fd(self->group, UUID_A " vf_token=" TOKEN);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, vfio_group_device_fd(self->pf_group, self->pf));
	snprintf(name, sizeof(name), "%s vf_token=" TOKEN_WRONG, self->pf);
	EXPECT_EQ(-EACCES, vfio_group_device_fd(self->pf_group, name));
	snprintf(name, sizeof(name), "%s vf_token=" TOKEN, self->pf);
	again = vfio_group_device_fd(self->pf_group, name);
	EXPECT_LE(0, again);
	close(again);
	close(fd);
	/* Nobody is left to be protected. */
	again = vfio_group_device_fd(self->pf_group, self->pf);
	EXPECT_LE(0, again);
	close(again);
}

/* An mdev that is made while the physical function is open is no way around. */
TEST_F(vf, created_later)
{
	ASSERT_EQ(0, close(self->group));
	ASSERT_EQ(0, vfio_mdev_remove(UUID_A));
	ASSERT_EQ(0, vfio_mdev_create(self->addr, UUID_B));
	self->group = attach(vfio_group_number(self->addr), self->container, false);
	ASSERT_LE(0, self->group);
	EXPECT_EQ(-EACCES, vfio_group_device_fd(self->group, UUID_B));
	EXPECT_EQ(-ENODEV, vfio_group_device_fd(self->group, UUID_A
						" vf_token=" TOKEN));
}

/* The virtual function goes, and its mdev with it. */
TEST_F(vf, vfs_are_disabled)
{
	EXPECT_EQ(2, sample_perm_users());
	ASSERT_EQ(0, vfio_attr_write(self->pf, "sriov_numvfs", "0"));
	EXPECT_FALSE(vfio_mdev_exists(UUID_A));
	EXPECT_EQ(1, sample_perm_users());
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODES_MDEV, .why = "it is about mdevs" },
	{ .test = "of_the_group", .modes = VFIO_MODE_MDEV,
	  .why = "a cdev has no name to be told" },
	{ .test = "each_by_its_name", .modes = VFIO_MODE_MDEV,
	  .why = "a cdev has no name to be told" },
	{ .fixture = "vf", .modes = VFIO_MODE_MDEV,
	  .why = "a token comes with a name" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
