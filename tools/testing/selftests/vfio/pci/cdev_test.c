// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's own file, step by step: nothing works before it is bound to an
 * iommufd, and what is refused when it is bound, attached and detached.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_harness.h"

/* ATTACH and DETACH as of Linux 6.15, which older headers know without PASID */
struct attach_pasid {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
	__u32 pasid;
};

struct detach_pasid {
	__u32 argsz;
	__u32 flags;
	__u32 pasid;
};

#define WITH_PASID	1

/* ------------------------------------------------------------- not bound yet */

FIXTURE(opened)
{
	char addr[40];
	char name[40];
	int fd;
	int iommufd;
};

FIXTURE_SETUP(opened)
{
	const struct vfio_target target = { .name = "edu" };

	self->fd = -1;
	self->iommufd = -1;
	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find("edu", self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	vfio_device_name(self->addr, self->name, sizeof(self->name));
	self->fd = vfio_cdev_open(self->name);
	self->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->iommufd);
}

FIXTURE_TEARDOWN(opened)
{
	close(self->fd);
	close(self->iommufd);
}

static int bind_to(int fd, int iommufd, uint32_t argsz, uint32_t flags)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = argsz, .flags = flags, .iommufd = iommufd,
	};

	return vfio_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

#define BIND_SIZE	sizeof(struct vfio_device_bind_iommufd)

TEST_F(opened, nothing_works_before_it_is_bound)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	const off_t config = (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40;
	uint32_t value = 0;

	EXPECT_EQ(-EINVAL, vfio_ioctl(self->fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(-EINVAL, vfio_ioctl(self->fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(-EINVAL, vfio_ioctl(self->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
	EXPECT_EQ(-1, pread(self->fd, &value, 4, config));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(self->fd, &value, 4, config));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);

	ASSERT_EQ(0, bind_to(self->fd, self->iommufd, BIND_SIZE, 0));
	EXPECT_EQ(0, vfio_ioctl(self->fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(4, pread(self->fd, &value, 4, config));
}

TEST_F(opened, what_it_is_bound_to)
{
	const int null = open("/dev/null", O_RDWR), closed = dup(null);

	ASSERT_EQ(0, close(closed));
	for (uint32_t argsz = 0; argsz < BIND_SIZE; argsz++)
		EXPECT_EQ(-EINVAL, bind_to(self->fd, self->iommufd, argsz, 0));
	EXPECT_EQ(-EINVAL, bind_to(self->fd, self->iommufd, BIND_SIZE, 1U << 31));
	EXPECT_EQ(-EINVAL, bind_to(self->fd, -1, BIND_SIZE, 0));
	EXPECT_EQ(-EBADF, bind_to(self->fd, closed, BIND_SIZE, 0));
	EXPECT_EQ(-EBADFD, bind_to(self->fd, null, BIND_SIZE, 0));
	EXPECT_EQ(-EBADFD, bind_to(self->fd, self->fd, BIND_SIZE, 0));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->fd, VFIO_DEVICE_BIND_IOMMUFD,
				      VFIO_BAD_POINTER));
	EXPECT_EQ(0, bind_to(self->fd, self->iommufd, BIND_SIZE, 0));
}

/* Unlike a group's device it has one user. */
TEST_F(opened, is_bound_once)
{
	int again = vfio_cdev_open(self->name);

	ASSERT_LE(0, again);
	ASSERT_EQ(0, bind_to(self->fd, self->iommufd, BIND_SIZE, 0));
	EXPECT_EQ(-EINVAL, bind_to(self->fd, self->iommufd, BIND_SIZE, 0));
	EXPECT_EQ(-EINVAL, bind_to(again, self->iommufd, BIND_SIZE, 0));
	close(self->fd);
	self->fd = again;
	EXPECT_EQ(0, bind_to(again, self->iommufd, BIND_SIZE, 0));
}

TEST_F(opened, group_is_in_use)
{
	int group = vfio_group_open(vfio_group_number(self->addr));

	ASSERT_LE(0, group);
	EXPECT_EQ(-EBUSY, bind_to(self->fd, self->iommufd, BIND_SIZE, 0));
	close(group);
	EXPECT_EQ(0, bind_to(self->fd, self->iommufd, BIND_SIZE, 0));
}

/* ----------------------------------------------------------------- bound */

FIXTURE(bound)
{
	struct vfio_dev d;
};

FIXTURE_SETUP(bound)
{
	const struct vfio_target target = { .name = "edu" };

	VFIO_OPEN_OR_SKIP(&self->d, &target);
}

FIXTURE_TEARDOWN(bound)
{
	vfio_dev_close(&self->d);
}

#define ATTACH(...)								\
	vfio_ioctl(self->d.fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT,			\
		   (&(struct attach_pasid){ __VA_ARGS__ }))
#define DETACH(...)								\
	vfio_ioctl(self->d.fd, VFIO_DEVICE_DETACH_IOMMUFD_PT,			\
		   (&(struct detach_pasid){ __VA_ARGS__ }))

TEST_F(bound, is_attached_and_detached)
{
	for (uint32_t argsz = 0; argsz < 12; argsz++)
		EXPECT_EQ(-EINVAL, ATTACH(argsz, 0, self->d.ioas));
	for (uint32_t argsz = 0; argsz < 8; argsz++)
		EXPECT_EQ(-EINVAL, DETACH(argsz, 0));
	EXPECT_EQ(-EINVAL, ATTACH(12, 1U << 31, self->d.ioas));
	EXPECT_EQ(-EINVAL, DETACH(8, 1U << 31));
	EXPECT_EQ(-ENOENT, ATTACH(12, 0, 0x7fffffff));
	EXPECT_EQ(0, ATTACH(12, 0, self->d.ioas));
	EXPECT_EQ(0, DETACH(8, 0));
	EXPECT_EQ(0, DETACH(8, 0));
	EXPECT_EQ(0, ATTACH(12, 0, self->d.ioas));
}

/* By a PASID too: a driver without these operations is not told from no PASID. */
TEST_F(bound, takes_pasids)
{
	if (DETACH(12, WITH_PASID, 1) == -EINVAL)
		SKIP(return, "this kernel's cdevs take no PASID (Linux 6.15's do)");
	EXPECT_EQ(0, DETACH(12, WITH_PASID, 1));
	EXPECT_EQ(-EINVAL, DETACH(11, WITH_PASID, 1));
	EXPECT_EQ(-EINVAL, ATTACH(15, WITH_PASID, self->d.ioas, 1));
	/* The emulated IOMMU has none. */
	EXPECT_GT(0, ATTACH(16, WITH_PASID, self->d.ioas, 1));
	EXPECT_EQ(0, DETACH(12, WITH_PASID, 1));
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODES_CDEV, .why = "it is about cdevs" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
