// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody else in the kernel has a BAR of the device, keeps the device asleep
 * or has it locked: what the user is told, and that it ends with the cause.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_harness.h"

#define PARAMETERS	"/sys/module/vfio_pci_obstruct/parameters/"
#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
/* A register of e1000e that a reset clears */
#define IVAR		0xe4
/* One of nvme that its own reset clears */
#define CC		0x14

static const char no_module[] =
	"no module vfio_pci_obstruct: build obstruct/ and insmod it";

/* Have the module own that BAR; without an address, none */
static int claim(const char *addr, int bar)
{
	char text[64] = "\n";

	if (addr)
		snprintf(text, sizeof(text), "%s %d", addr, bar);
	return vfio_file_write(PARAMETERS "claim", text);
}

/* Have the module keep the device in the state it is in; without one, none */
static int keep_asleep(const char *addr)
{
	return vfio_file_write(PARAMETERS "asleep", addr ?: "\n");
}

/* Have the module hold the device's lock; without one, none */
static int lock(const char *addr)
{
	return vfio_file_write(PARAMETERS "locked", addr ?: "\n");
}

/* With the group of @d, or as the owner of its iommufd */
static int hot_reset(const struct vfio_dev *d)
{
	struct {
		struct vfio_pci_hot_reset head;
		int32_t group;
	} arg = {
		.head.argsz = sizeof(arg),
		.head.count = d->how != VFIO_HOW_CDEV,
		.group = d->group,
	};

	return vfio_ioctl(d->fd, VFIO_DEVICE_PCI_HOT_RESET, &arg);
}

/* ----------------------------------------------------------- a BAR of another's */

FIXTURE(bar)
{
	struct vfio_dev d;
	char addr[40];
};

FIXTURE_VARIANT(bar)
{
	struct vfio_target target;
	int bar;	/* the one that is claimed */
	int free;	/* one that is not, -1 if there is no other */
};

FIXTURE_VARIANT_ADD(bar, memory)
{
	.target = { .name = "ivshmem" }, .bar = 2, .free = 0,
};

FIXTURE_VARIANT_ADD(bar, memory_of_e1000e)
{
	.target = { .name = "e1000e" }, .bar = 0, .free = 1,
};

FIXTURE_VARIANT_ADD(bar, ports)
{
	.target = { .name = "e1000e" }, .bar = 2, .free = 0,
};

FIXTURE_SETUP(bar)
{
	self->d = VFIO_DEV_INIT;
	VFIO_NEEDS(&variant->target);
	if (vfio_modprobe("vfio_pci_obstruct"))
		SKIP(return, "%s", no_module);
	ASSERT_EQ(0, vfio_device_find(variant->target.name, self->addr,
				      sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	ASSERT_EQ(0, claim(self->addr, variant->bar));
	/* That it is another's is no reason not to have the rest. */
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));
}

FIXTURE_TEARDOWN(bar)
{
	claim(NULL, 0);
	vfio_dev_close(&self->d);
}

static int ioeventfd(const struct vfio_dev *d, int bar, int fd)
{
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_IOEVENTFD_8,
		.offset = vfio_region_pos(d, bar, 0),
		.fd = fd,
	};

	return vfio_ioctl(d->fd, VFIO_DEVICE_IOEVENTFD, &arg);
}

TEST_F(bar, is_not_read_or_written)
{
	uint32_t value = 0;

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(-EBUSY, vfio_region_read(&self->d, variant->bar, 0, &value, 4));
		EXPECT_EQ(-EBUSY, vfio_region_write(&self->d, variant->bar, 0, &value, 4));
	}
	/* What is wrong with the access itself is told first. */
	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, variant->bar,
					    self->d.region[variant->bar].size,
					    &value, 4));
	EXPECT_EQ(4, vfio_region_read(&self->d, variant->free, 0, &value, 4));
	EXPECT_EQ(4, vfio_region_read(&self->d, CONFIG, 0, &value, 4));
}

TEST_F(bar, is_not_mapped)
{
	const bool ports = !(self->d.region[variant->bar].flags &
			     VFIO_REGION_INFO_FLAG_MMAP);
	void *p;

	EXPECT_EQ(ports ? -EINVAL : -EBUSY,
		  vfio_region_mmap(&self->d, variant->bar, 0, 4096, PROT_READ,
				   MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, variant->bar, 0, 4096,
					    PROT_READ, MAP_PRIVATE, &p));
	if (self->d.region[variant->free].size < 4096)
		return;
	ASSERT_EQ(0, vfio_region_mmap(&self->d, variant->free, 0, 4096, PROT_READ,
				      MAP_SHARED, &p));
	munmap(p, 4096);
}

TEST_F(bar, has_no_ioeventfd)
{
	int fd = vfio_eventfd();

	EXPECT_EQ(-EBUSY, ioeventfd(&self->d, variant->bar, fd));
	EXPECT_EQ(-EBUSY, ioeventfd(&self->d, variant->bar, -1));
	EXPECT_EQ(0, ioeventfd(&self->d, variant->free, fd));
}

TEST_F(bar, has_no_dmabuf)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf buf;
		struct vfio_region_dma_range range;
	} arg = {
		.head.argsz = sizeof(arg),
		.head.flags = VFIO_DEVICE_FEATURE_DMA_BUF | VFIO_DEVICE_FEATURE_GET,
		.buf = { .region_index = variant->bar, .nr_ranges = 1 },
		.range.length = 4096,
	};
	int ret = vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &arg);

	if (ret == -ENOTTY)
		SKIP(return, "this kernel exports no dma-bufs of PCI devices");
	EXPECT_EQ(-ENODEV, ret);
}

TEST_F(bar, is_there_for_the_next_user)
{
	uint32_t value;

	EXPECT_EQ(-EBUSY, vfio_region_read(&self->d, variant->bar, 0, &value, 4));
	vfio_dev_close(&self->d);
	/* That user had nothing to give back: it is the other's still. */
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));
	EXPECT_EQ(-EBUSY, vfio_region_read(&self->d, variant->bar, 0, &value, 4));
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, claim(NULL, 0));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));
	EXPECT_EQ(4, vfio_region_read(&self->d, variant->bar, 0, &value, 4));
	EXPECT_EQ(-EBUSY, claim(self->addr, variant->bar));
}

/* ------------------------------------------------------------- kept asleep */

FIXTURE(asleep)
{
	struct vfio_dev d;
	char addr[40];
};

FIXTURE_VARIANT(asleep)
{
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(asleep, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(asleep, nvme)
{
	.target = { .name = "nvme" },
};

FIXTURE_SETUP(asleep)
{
	self->d = VFIO_DEV_INIT;
	VFIO_NEEDS(&variant->target);
	if (vfio_modprobe("vfio_pci_obstruct"))
		SKIP(return, "%s", no_module);
	ASSERT_EQ(0, vfio_device_find(variant->target.name, self->addr,
				      sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
}

FIXTURE_TEARDOWN(asleep)
{
	keep_asleep(NULL);
	vfio_dev_close(&self->d);
}

#define LOW_POWER(what)								\
	vfio_feature(&self->d, VFIO_DEVICE_FEATURE_SET | (what), NULL, 0)

#define OPEN_AND_KEEP_ASLEEP()							\
	do {									\
		ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));	\
		ASSERT_EQ(0, LOW_POWER(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));	\
		ASSERT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));	\
		ASSERT_EQ(0, keep_asleep(self->addr));				\
	} while (0)

TEST_F(asleep, is_not_accessed)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	uint32_t value = 0;

	OPEN_AND_KEEP_ASLEEP();
	EXPECT_EQ(-EIO, vfio_region_read(&self->d, CONFIG, 0, &value, 4));
	EXPECT_EQ(-EIO, vfio_region_write(&self->d, CONFIG, PCI_COMMAND, &value, 2));
	EXPECT_EQ(-EIO, vfio_region_read(&self->d, 0, 0, &value, 4));
	EXPECT_EQ(-EIO, vfio_region_write(&self->d, 0, 0, &value, 4));
	EXPECT_EQ(-EIO, vfio_region_read(&self->d, VFIO_PCI_ROM_REGION_INDEX, 0,
					 &value, 4));
	/* The vfio core wakes a device for each request. */
	EXPECT_EQ(-EIO, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(-EIO, vfio_ioctl(self->d.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(-EIO, LOW_POWER(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));

	ASSERT_EQ(0, keep_asleep(NULL));
	EXPECT_EQ(4, vfio_region_read(&self->d, CONFIG, 0, &value, 4));
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, 0, &value, 4));
	EXPECT_NE(~0U, value);
	EXPECT_EQ(0, LOW_POWER(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
}

/* Nothing is left of the attempt: one that succeeds ends as any other. */
TEST_F(asleep, is_not_opened)
{
	ASSERT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	ASSERT_EQ(0, keep_asleep(self->addr));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EACCES, vfio_dev_open(&self->d, &variant->target));

	ASSERT_EQ(0, keep_asleep(NULL));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));
	vfio_dev_close(&self->d);
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
}

/* A close cannot fail, and leaves a device that can be had again. */
TEST_F(asleep, is_closed)
{
	uint32_t value;

	OPEN_AND_KEEP_ASLEEP();
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, keep_asleep(NULL));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, 0, &value, 4));
	EXPECT_NE(~0U, value);
	vfio_dev_close(&self->d);
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
}

/* One of a set that can't be woken keeps all of it from being reset. */
TEST(member_asleep)
{
	const struct vfio_target first = { "multi0" }, second = { "multi1" };
	uint32_t value = 0x12345;
	struct vfio_dev d;
	char addr[40];

	VFIO_NEEDS(&second);
	if (vfio_modprobe("vfio_pci_obstruct"))
		SKIP(return, "%s", no_module);
	ASSERT_EQ(0, vfio_device_find("multi1", addr, sizeof(addr)));
	ASSERT_EQ(0, vfio_driver_take(addr));
	VFIO_OPEN_OR_SKIP(&d, &first);
	ASSERT_EQ(4, vfio_region_write(&d, 0, IVAR, &value, 4));
	ASSERT_TRUE(vfio_runtime_becomes(addr, "suspended"));
	ASSERT_EQ(0, keep_asleep(addr));
	EXPECT_EQ(-EACCES, hot_reset(&d));
	EXPECT_EQ(4, vfio_region_read(&d, 0, IVAR, &value, 4));
	EXPECT_EQ(0x12345U, value);

	ASSERT_EQ(0, keep_asleep(NULL));
	EXPECT_EQ(0, hot_reset(&d));
	EXPECT_TRUE(vfio_runtime_becomes(addr, "suspended"));
	vfio_dev_close(&d);
}

/* ------------------------------------------------------------- locked by another */

FIXTURE(locked)
{
	struct vfio_dev d;
	char addr[40];
};

FIXTURE_SETUP(locked)
{
	const struct vfio_target target = { .name = "nvme" };

	self->d = VFIO_DEV_INIT;
	VFIO_NEEDS(&target);
	if (vfio_modprobe("vfio_pci_obstruct"))
		SKIP(return, "%s", no_module);
	ASSERT_EQ(0, vfio_device_find("nvme", self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
}

FIXTURE_TEARDOWN(locked)
{
	lock(NULL);
	vfio_dev_close(&self->d);
}

/* Who has it locked may be about to do anything to it. */
TEST_F(locked, is_not_reset)
{
	uint32_t value = 0x460000;

	ASSERT_EQ(4, vfio_region_write(&self->d, 0, CC, &value, 4));
	ASSERT_EQ(0, lock(self->addr));
	EXPECT_EQ(-EAGAIN, vfio_ioctl(self->d.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(-EAGAIN, hot_reset(&self->d));
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, CC, &value, 4));
	EXPECT_EQ(0x460000U, value);

	ASSERT_EQ(0, lock(NULL));
	EXPECT_EQ(0, vfio_ioctl(self->d.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, CC, &value, 4));
	EXPECT_EQ(0U, value);
	EXPECT_EQ(0, hot_reset(&self->d));
}

/* What the last user left would be there: nobody else gets it without a reset. */
TEST_F(locked, is_not_opened)
{
	const struct vfio_target target = { .name = "nvme" };

	vfio_dev_close(&self->d);
	ASSERT_EQ(0, lock(self->addr));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EAGAIN, vfio_dev_open(&self->d, &target));
	ASSERT_EQ(0, lock(NULL));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	EXPECT_EQ(0, vfio_dev_open(&self->d, &target));
}

/* A close does not wait for it. */
TEST_F(locked, is_closed)
{
	const struct vfio_target target = { .name = "nvme" };
	uint32_t value = 0x460000;

	ASSERT_EQ(4, vfio_region_write(&self->d, 0, CC, &value, 4));
	ASSERT_EQ(0, lock(self->addr));
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, lock(NULL));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, CC, &value, 4));
	EXPECT_EQ(0U, value);
}

VFIO_TEST_MAIN
