// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEVICE_IOEVENTFD: an eventfd that writes to a BAR when it is signalled. What
 * was written is read back: from memory of all sizes (ivshmem), from a register
 * that accepts one width only (edu), and from an I/O port (e1000e).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "e1000e.h"
#include "edu.h"
#include "vfio_harness.h"

/* The struct without what later headers have behind it */
#define ARGSZ		(offsetof(struct vfio_device_ioeventfd, fd) + sizeof(int32_t))
#define MAX_IOEVENTFDS	1000

static int set_ioeventfd(const struct vfio_dev *dev, unsigned int bar,
			 uint64_t offset, unsigned int width, uint64_t data, int fd)
{
	struct vfio_device_ioeventfd args = {
		.argsz = ARGSZ,
		.flags = width,
		.offset = vfio_region_pos(dev, bar, offset),
		.data = data,
		.fd = fd,
	};

	return vfio_ioctl(dev->fd, VFIO_DEVICE_IOEVENTFD, &args);
}

static uint64_t read_bar(const struct vfio_dev *dev, unsigned int bar,
			 uint64_t offset, size_t width)
{
	uint64_t value = 0;

	if (vfio_region_read(dev, bar, offset, &value, width) != (ssize_t)width)
		return ~0ULL;
	return value;
}

/* The write may be left to a work item. */
static bool becomes(const struct vfio_dev *dev, unsigned int bar, uint64_t offset,
		    size_t width, uint64_t want)
{
	int ms;

	for (ms = 0; ms < 1000; ms++) {
		if (read_bar(dev, bar, offset, width) == want)
			return true;
		vfio_sleep_ms(1);
	}
	return false;
}

/* ---------------------------------------------------------------- what is refused */

FIXTURE(refused) {
	struct vfio_dev dev;
	int fd;
	int closed;
	int null;
};

FIXTURE_VARIANT(refused) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(refused, edu) {
	.target = { "edu" },
};

FIXTURE_VARIANT_ADD(refused, e1000e) {
	.target = { "e1000e" },
};

FIXTURE_SETUP(refused)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	self->fd = vfio_eventfd();
	ASSERT_LE(0, self->fd);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	self->closed = dup(self->null);
	ASSERT_EQ(0, close(self->closed));
}

FIXTURE_TEARDOWN(refused)
{
	vfio_dev_close(&self->dev);
}

/* Right in every respect but what the row names; no such ioeventfd exists. */
static const struct {
	char what[24];
	struct vfio_device_ioeventfd args;
	int want;
} header_rows[] = {
	{ "argsz 0", { 0, 4, 0, 0, -1 }, -EINVAL },
	{ "argsz one short", { ARGSZ - 1, 4, 0, 0, -1 }, -EINVAL },
	{ "no width", { ARGSZ, 0, 0, 0, -1 }, -EINVAL },
	{ "widths 1 and 2", { ARGSZ, 1 | 2, 0, 0, -1 }, -EINVAL },
	{ "widths 4 and 8", { ARGSZ, 4 | 8, 0, 0, -1 }, -EINVAL },
	{ "all widths", { ARGSZ, 0xf, 0, 0, -1 }, -EINVAL },
	{ "flag bit 4", { ARGSZ, 0x10, 0, 0, -1 }, -EINVAL },
	{ "width 4 and flag bit 4", { ARGSZ, 4 | 0x10, 0, 0, -1 }, -EINVAL },
	{ "width 4 and flag bit 31", { ARGSZ, 4 | 1U << 31, 0, 0, -1 }, -EINVAL },
	{ "eventfd -2", { ARGSZ, 4, 0, 0, -2 }, -EINVAL },
	{ "smallest eventfd", { ARGSZ, 4, 0, 0, INT32_MIN }, -EINVAL },
	{ "nothing wrong", { ARGSZ, 4, 0, 0, -1 }, -ENODEV },
	{ "argsz longer", { ARGSZ + 100, 4, 0, 0, -1 }, -ENODEV },
	{ "argsz all ones", { ~0U, 4, 0, 0, -1 }, -ENODEV },
};

TEST_F(refused, header)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(header_rows); i++) {
		EXPECT_EQ(header_rows[i].want,
			  vfio_ioctl(self->dev.fd, VFIO_DEVICE_IOEVENTFD,
				     &header_rows[i].args))
			TH_LOG("%s", header_rows[i].what);
	}
}

TEST_F(refused, header_not_readable)
{
	struct vfio_device_ioeventfd args = { .argsz = ARGSZ, .flags = 4, .fd = -1 };
	char *guarded = vfio_guarded(ARGSZ - 1);

	memcpy(guarded, &args, ARGSZ - 1);
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd, VFIO_DEVICE_IOEVENTFD, guarded));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd, VFIO_DEVICE_IOEVENTFD,
				      VFIO_BAD_POINTER));
	vfio_guarded_free(guarded);
}

/* The last one is negative for those who shift an offset as a signed number. */
TEST_F(refused, region)
{
	static const unsigned int regions[] = {
		VFIO_PCI_ROM_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
		VFIO_PCI_VGA_REGION_INDEX, 9, 10, 255, 65535, (1 << 24) - 1,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		struct vfio_device_ioeventfd args = {
			.argsz = ARGSZ, .flags = 4, .fd = self->fd,
			.offset = (uint64_t)regions[i] << 40,
		};

		/* The kernel's own driver takes the last one for the BAR before BAR0. */
		if (vfio_stock() && i == ARRAY_SIZE(regions) - 1)
			continue;
		EXPECT_EQ(-EINVAL, vfio_ioctl(self->dev.fd, VFIO_DEVICE_IOEVENTFD,
					      &args))
			TH_LOG("region %u", regions[i]);
		args.fd = -1;
		EXPECT_EQ(-EINVAL, vfio_ioctl(self->dev.fd, VFIO_DEVICE_IOEVENTFD,
					      &args))
			TH_LOG("region %u", regions[i]);
	}
}

TEST_F(refused, absent_bar)
{
	unsigned int bar;

	for (bar = 0; bar < 6; bar++)
		if (!self->dev.region[bar].size) {
			EXPECT_EQ(-EINVAL, set_ioeventfd(&self->dev, bar, 0, 1, 0,
							 self->fd))
				TH_LOG("BAR %u", bar);
		}
}

TEST_F(refused, beyond_the_bar)
{
	const uint64_t size = self->dev.region[0].size;
	unsigned int width;

	for (width = 1; width <= 8; width *= 2) {
		EXPECT_EQ(-EINVAL, set_ioeventfd(&self->dev, 0, size - width + 1,
						 width, 0, self->fd));
		EXPECT_EQ(-EINVAL, set_ioeventfd(&self->dev, 0, size, width, 0,
						 self->fd));
		EXPECT_EQ(-EINVAL, set_ioeventfd(&self->dev, 0, (1ULL << 40) - width,
						 width, 0, self->fd));
		EXPECT_EQ(-EINVAL, set_ioeventfd(&self->dev, 0, (1ULL << 40) - 1,
						 width, 0, self->fd));
		EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, size - width, width, 0,
					   self->fd));
	}
}

TEST_F(refused, eventfd)
{
	EXPECT_EQ(-EBADF, set_ioeventfd(&self->dev, 0, 0, 4, 0, self->closed));
	EXPECT_EQ(-EINVAL, set_ioeventfd(&self->dev, 0, 0, 4, 0, self->null));
	EXPECT_EQ(-EBADF, set_ioeventfd(&self->dev, 0, 0, 4, 0, INT32_MAX));
	EXPECT_EQ(-ENODEV, set_ioeventfd(&self->dev, 0, 0, 4, 0, -1));
}

TEST_F(refused, twice)
{
	int other = vfio_eventfd();

	ASSERT_EQ(0, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, self->fd));
	EXPECT_EQ(-EEXIST, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, self->fd));
	EXPECT_EQ(-EEXIST, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, other));
	EXPECT_EQ(-EEXIST, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, self->closed));
	/* Another width, value or place is another one. */
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0x40, 8, 7, self->fd));
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0x40, 4, 8, self->fd));
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0x44, 4, 7, self->fd));
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, -1));
	EXPECT_EQ(-ENODEV, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, -1));
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, other));
}

TEST_F(refused, removal_of_another)
{
	ASSERT_EQ(0, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, self->fd));
	EXPECT_EQ(-ENODEV, set_ioeventfd(&self->dev, 0, 0x40, 8, 7, -1));
	EXPECT_EQ(-ENODEV, set_ioeventfd(&self->dev, 0, 0x40, 4, 8, -1));
	EXPECT_EQ(-ENODEV, set_ioeventfd(&self->dev, 0, 0x44, 4, 7, -1));
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0x40, 4, 7, -1));
}

TEST_F(refused, one_too_many)
{
	unsigned int i;

	for (i = 0; i < MAX_IOEVENTFDS; i++) {
		ASSERT_EQ(0, set_ioeventfd(&self->dev, 0, 0, 4, i, self->fd))
			TH_LOG("ioeventfd %u", i);
	}
	EXPECT_EQ(-ENOSPC, set_ioeventfd(&self->dev, 0, 0, 4, i, self->fd));
	EXPECT_EQ(-EEXIST, set_ioeventfd(&self->dev, 0, 0, 4, 0, self->fd));
	EXPECT_EQ(-ENODEV, set_ioeventfd(&self->dev, 0, 0, 4, i, -1));
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0, 4, 500, -1));
	EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, 0, 4, i, self->fd));
	EXPECT_EQ(-ENOSPC, set_ioeventfd(&self->dev, 0, 0, 4, 500, self->fd));
}

/* ------------------------------------------------------------------- MSI-X table */

FIXTURE(msix_table) {
	struct vfio_dev dev;
	unsigned int bar;
	uint64_t start;
	uint64_t end;
	int fd;
};

FIXTURE_VARIANT(msix_table) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(msix_table, e1000e) {
	.target = { "e1000e" },
};

FIXTURE_VARIANT_ADD(msix_table, nvme) {
	.target = { "nvme" },
};

FIXTURE_SETUP(msix_table)
{
	unsigned int cap;
	uint32_t table;

	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	self->fd = vfio_eventfd();
	ASSERT_LE(0, self->fd);
	cap = vfio_cap_find(&self->dev, PCI_CAP_ID_MSIX);
	ASSERT_NE(0U, cap);
	table = vfio_cfg32(&self->dev, cap + PCI_MSIX_TABLE);
	self->bar = table & PCI_MSIX_TABLE_BIR;
	self->start = table & PCI_MSIX_TABLE_OFFSET;
	self->end = self->start + 16 * (1 + (vfio_cfg16(&self->dev,
							cap + PCI_MSIX_FLAGS) &
					     PCI_MSIX_FLAGS_QSIZE));
}

FIXTURE_TEARDOWN(msix_table)
{
	vfio_dev_close(&self->dev);
}

#define SET(offset, width)							\
	set_ioeventfd(&self->dev, self->bar, offset, width, 0, self->fd)

TEST_F(msix_table, out_of_reach)
{
	uint64_t offset;
	unsigned int width;

	for (width = 1; width <= 8; width *= 2) {
		for (offset = self->start; offset < self->end; offset += width) {
			EXPECT_EQ(-EINVAL, SET(offset, width))
				TH_LOG("offset %#llx width %u",
				       (unsigned long long)offset, width);
		}
		EXPECT_EQ(-EINVAL, SET(self->end - 1, width));
		EXPECT_EQ(0, SET(self->end, width));
	}
}

/* What ends where the table begins does not touch it; in another BAR nothing does. */
TEST_F(msix_table, neighbours)
{
	if (self->start) {
		EXPECT_EQ(-EINVAL, SET(self->start - 1, 2));
		EXPECT_EQ(-EINVAL, SET(self->start - 3, 4));
		EXPECT_EQ(-EINVAL, SET(self->start - 7, 8));
		EXPECT_EQ(0, SET(self->start - 8, 8));
		EXPECT_EQ(0, SET(self->start - 1, 1));
	} else {
		ASSERT_NE(0U, self->bar);
		EXPECT_EQ(0, set_ioeventfd(&self->dev, 0, self->start, 4, 0,
					   self->fd));
	}
}

/* ----------------------------------------------------------------- what is written */

#define MEMORY_BAR	2

FIXTURE(memory) {
	struct vfio_dev dev;
	int fd;
};

FIXTURE_VARIANT(memory) {
	unsigned int width;
	uint64_t offset;
	uint64_t data;
	uint64_t mask;
};

FIXTURE_VARIANT_ADD(memory, byte) {
	.width = 1, .offset = 0x101, .data = 0xa1b2c3d4e5f60718, .mask = 0xff,
};

FIXTURE_VARIANT_ADD(memory, word) {
	.width = 2, .offset = 0x202, .data = 0xa1b2c3d4e5f60718, .mask = 0xffff,
};

FIXTURE_VARIANT_ADD(memory, dword) {
	.width = 4, .offset = 0x304, .data = 0xa1b2c3d4e5f60718, .mask = 0xffffffff,
};

FIXTURE_VARIANT_ADD(memory, qword) {
	.width = 8, .offset = 0x408, .data = 0xa1b2c3d4e5f60718, .mask = ~0ULL,
};

FIXTURE_VARIANT_ADD(memory, last_dword) {
	.width = 4, .offset = (256 << 20) - 4, .data = 0x12345678, .mask = ~0ULL,
};

FIXTURE_VARIANT_ADD(memory, dword_not_aligned) {
	.width = 4, .offset = 0x506, .data = 0x12345678, .mask = ~0ULL,
};

FIXTURE_SETUP(memory)
{
	const struct vfio_target target = { "ivshmem" };
	const uint64_t zero = 0;

	VFIO_OPEN_OR_SKIP(&self->dev, &target);
	self->fd = vfio_eventfd();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ((ssize_t)variant->width,
		  vfio_region_write(&self->dev, MEMORY_BAR, variant->offset, &zero,
				    variant->width));
}

FIXTURE_TEARDOWN(memory)
{
	vfio_dev_close(&self->dev);
}

#define ADD()									\
	ASSERT_EQ(0, set_ioeventfd(&self->dev, MEMORY_BAR, variant->offset,	\
				   variant->width, variant->data, self->fd))
#define REMOVE()								\
	ASSERT_EQ(0, set_ioeventfd(&self->dev, MEMORY_BAR, variant->offset,	\
				   variant->width, variant->data, -1))
#define WRITTEN()								\
	becomes(&self->dev, MEMORY_BAR, variant->offset, variant->width,	\
		variant->data & variant->mask)
#define EXPECT_NOT_WRITTEN()							\
	do {									\
		vfio_sleep_ms(20);						\
		EXPECT_EQ(0ULL, read_bar(&self->dev, MEMORY_BAR,		\
					 variant->offset, variant->width));	\
	} while (0)

TEST_F(memory, written_when_signalled)
{
	const uint64_t zero = 0;
	int i;

	ADD();
	EXPECT_NOT_WRITTEN();
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, eventfd_write(self->fd, 1));
		ASSERT_TRUE(WRITTEN());
		vfio_region_write(&self->dev, MEMORY_BAR, variant->offset, &zero,
				  variant->width);
	}
	EXPECT_NOT_WRITTEN();
}

TEST_F(memory, neighbours_untouched)
{
	const uint64_t before = variant->offset - 8;
	unsigned char bytes[8 + 8 + 8] = { 0 };
	size_t length = 8 + variant->width, i;

	if (variant->offset + variant->width < self->dev.region[MEMORY_BAR].size)
		length += 8;
	memset(bytes, 0x5a, sizeof(bytes));
	memset(bytes + 8, 0, variant->width);
	vfio_region_write(&self->dev, MEMORY_BAR, before, bytes, length);
	ADD();
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	ASSERT_TRUE(WRITTEN());
	ASSERT_EQ((ssize_t)length, vfio_region_read(&self->dev, MEMORY_BAR, before,
						    bytes, length));
	for (i = 0; i < length; i++)
		if (i < 8 || i >= 8 + variant->width)
			EXPECT_EQ(0x5a, bytes[i]);
}

TEST_F(memory, signalled_before)
{
	ASSERT_EQ(0, eventfd_write(self->fd, 3));
	ADD();
	EXPECT_TRUE(WRITTEN());
}

TEST_F(memory, removed)
{
	ADD();
	REMOVE();
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_NOT_WRITTEN();
	/* Nobody has taken the event: it is still there. */
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd, 0));
}

/* Dropped, not kept for later. */
TEST_F(memory, dropped_without_memory_decoding)
{
	ADD();
	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	vfio_sleep_ms(20);
	ASSERT_EQ(0, vfio_memory(&self->dev, true));
	EXPECT_NOT_WRITTEN();
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_TRUE(WRITTEN());
}

/* The library holds the eventfd as long as the entry exists. */
TEST_F(memory, eventfd_closed_by_the_user)
{
	ADD();
	ASSERT_EQ(0, close(self->fd));
	self->fd = vfio_eventfd();
	EXPECT_EQ(-EEXIST, set_ioeventfd(&self->dev, MEMORY_BAR, variant->offset,
					 variant->width, variant->data, self->fd));
	REMOVE();
	ADD();
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_TRUE(WRITTEN());
}

TEST_F(memory, gone_after_close)
{
	const struct vfio_target target = self->dev.target;

	ADD();
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd, 0));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &target));
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_NOT_WRITTEN();
	ADD();
	EXPECT_TRUE(WRITTEN());
}

/* ------------------------------------------------------------------- other devices */

/* One eventfd may write to several places. */
TEST(several_by_one_eventfd)
{
	const struct vfio_target target = { "ivshmem" };
	const uint32_t zeroes[16] = { 0 };
	struct vfio_dev dev;
	int fd = vfio_eventfd();
	uint64_t i;

	VFIO_OPEN_OR_SKIP(&dev, &target);
	vfio_region_write(&dev, MEMORY_BAR, 0x1000, zeroes, sizeof(zeroes));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, set_ioeventfd(&dev, MEMORY_BAR, 0x1000 + 4 * i, 4, i + 1,
					   fd));
	}
	ASSERT_EQ(0, eventfd_write(fd, 1));
	for (i = 0; i < 16; i++)
		EXPECT_TRUE(becomes(&dev, MEMORY_BAR, 0x1000 + 4 * i, 4, i + 1));
	vfio_dev_close(&dev);
}

TEST(register_of_edu)
{
	const struct vfio_target target = { "edu" };
	const uint32_t all = ~0U;
	struct vfio_dev dev;
	int fd = vfio_eventfd();

	VFIO_OPEN_OR_SKIP(&dev, &target);
	/* It has no reset: what others have raised is there still. */
	ASSERT_EQ(4, vfio_region_write(&dev, 0, EDU_IRQ_ACK, &all, 4));
	ASSERT_EQ(0, set_ioeventfd(&dev, 0, EDU_IRQ_RAISE, 4, 0x42, fd));
	ASSERT_EQ(0, eventfd_write(fd, 1));
	EXPECT_TRUE(becomes(&dev, 0, EDU_IRQ_STATUS, 4, 0x42));
	vfio_dev_close(&dev);
}

/* Ports do not care for memory decoding. */
TEST(port_of_e1000e)
{
	const struct vfio_target target = { "e1000e" };
	const unsigned int port_bar = 2;
	struct vfio_dev dev;
	int fd = vfio_eventfd();

	VFIO_OPEN_OR_SKIP(&dev, &target);
	ASSERT_EQ(0, set_ioeventfd(&dev, port_bar, 0, 4, 0x38, fd));
	ASSERT_EQ(0, eventfd_write(fd, 1));
	EXPECT_TRUE(becomes(&dev, port_bar, 0, 4, 0x38));

	ASSERT_EQ(0, set_ioeventfd(&dev, port_bar, 0, 4, 0x28, fd));
	ASSERT_EQ(0, set_ioeventfd(&dev, port_bar, 0, 4, 0x38, -1));
	ASSERT_EQ(0, vfio_memory(&dev, false));
	ASSERT_EQ(0, eventfd_write(fd, 1));
	EXPECT_TRUE(becomes(&dev, port_bar, 0, 4, 0x28));
	vfio_dev_close(&dev);
}

VFIO_TEST_MAIN
