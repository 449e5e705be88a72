// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs as dma-bufs: another device reaches a BAR by the buffer that was exported
 * of it, and only as long as its owner could reach it as well.
 *
 * The exporter is ivshmem, whose BAR 2 is memory.  The importer is edu, which
 * copies to and from the addresses that iommufd maps for it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "vfio_harness.h"

#define PAGE		4096UL
#define SIZE		(4 * PAGE)
#define OFFSET		(3 * PAGE)	/* of the buffer in the BAR */
#define IOVA		0x200000UL
#define LENGTH		256U
#define BAR		2

/* A buffer of up to two ranges: a file, or -errno */
static int export(const struct vfio_dev *d, uint64_t offset, uint64_t length,
		  unsigned int nr_ranges)
{
	struct {
		struct vfio_device_feature head;
		uint32_t region, open_flags, flags, nr_ranges;
		struct vfio_region_dma_range range[2];
	} arg = {
		.head.argsz = sizeof(arg),
		.head.flags = VFIO_DEVICE_FEATURE_DMA_BUF |
			      VFIO_DEVICE_FEATURE_GET,
		.region = BAR,
		.open_flags = O_RDWR | O_CLOEXEC,
		.nr_ranges = nr_ranges,
		.range = { { offset, length }, { offset + length, length } },
	};

	return vfio_ioctl(d->fd, VFIO_DEVICE_FEATURE, &arg);
}

/* Map a buffer for a device at IOVA: 0 or -errno */
static int import(const struct vfio_dev *d, int fd, uint64_t length)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = d->ioas,
		.fd = fd,
		.length = length,
		.iova = IOVA,
	};

	return vfio_ioctl(d->iommufd, IOMMU_IOAS_MAP_FILE, &map);
}

FIXTURE(dmabuf) {
	struct vfio_dev owner;
	struct vfio_dev other;
	void *edu;
	unsigned char *bar;
	int fd;
};

FIXTURE_SETUP(dmabuf)
{
	const struct vfio_target owner = { .name = "ivshmem" };
	const struct vfio_target other = { .name = "edu" };
	uint32_t probe = VFIO_DEVICE_FEATURE_DMA_BUF | VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_PROBE;

	VFIO_OPEN_OR_SKIP(&self->owner, &owner);
	VFIO_OPEN_OR_SKIP(&self->other, &other);
	if (vfio_feature(&self->owner, probe, NULL, 0) == -ENOTTY)
		SKIP(return, "this kernel's peer-to-peer DMA can't be revoked");

	ASSERT_EQ(0, vfio_region_mmap(&self->other, 0, 0, EDU_BAR_SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED,
				      &self->edu));
	ASSERT_EQ(0, vfio_bus_master(&self->other, true));
	ASSERT_EQ(0, vfio_region_mmap(&self->owner, BAR, OFFSET, SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED,
				      (void **)&self->bar));
	memset(self->bar, 0x11, SIZE);
	self->fd = export(&self->owner, OFFSET, SIZE, 1);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(dmabuf)
{
	if (self->edu)
		munmap(self->edu, EDU_BAR_SIZE);
	if (self->bar)
		munmap(self->bar, SIZE);
	vfio_dev_close(&self->owner);
	vfio_dev_close(&self->other);
}

/* edu writes its buffer, which it is given first, to IOVA + @offset */
static int write_by_edu(void *edu, const struct vfio_dev *d, unsigned char value,
			uint64_t offset)
{
	const uint64_t from = 0x1000000;
	unsigned char *memory = vfio_buffer(PAGE);
	int ret;

	memset(memory, value, PAGE);
	ret = vfio_dma_map(d, memory, PAGE, from) ?:
	      edu_dma_in(edu, from, 0, LENGTH) ?:
	      vfio_dma_unmap(d, from, PAGE) ?:
	      edu_dma_out(edu, 0, IOVA + offset, LENGTH);
	vfio_buffer_free(memory, PAGE);
	return ret;
}

#define EXPECT_WRITTEN(_value)							\
	do {									\
		unsigned char __v = (_value);					\
										\
		EXPECT_EQ(0, write_by_edu(self->edu, &self->other, __v, PAGE));	\
		EXPECT_EQ(__v, self->bar[PAGE]);				\
		EXPECT_EQ(__v, self->bar[PAGE + LENGTH - 1]);			\
		EXPECT_EQ(0x11, self->bar[PAGE + LENGTH]);			\
		EXPECT_EQ(0x11, self->bar[PAGE - 1]);				\
	} while (0)

TEST_F(dmabuf, is_as_long_as_its_ranges)
{
	EXPECT_EQ(SIZE, lseek(self->fd, 0, SEEK_END));
	close(self->fd);
	self->fd = export(&self->owner, 0, PAGE, 2);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(2 * PAGE, lseek(self->fd, 0, SEEK_END));
}

TEST_F(dmabuf, another_device_reaches_the_bar)
{
	ASSERT_EQ(0, import(&self->other, self->fd, SIZE));
	EXPECT_WRITTEN(0x22);

	/* And reads it */
	memset(self->bar, 0x33, LENGTH);
	ASSERT_EQ(0, edu_dma_in(self->edu, IOVA, 0, LENGTH));
	ASSERT_EQ(0, edu_dma_out(self->edu, 0, IOVA + 2 * PAGE, LENGTH));
	EXPECT_EQ(0, memcmp(self->bar, self->bar + 2 * PAGE, LENGTH));
}

TEST_F(dmabuf, of_several_ranges_has_no_one_address)
{
	int fd = export(&self->owner, 0, PAGE, 2);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, import(&self->other, fd, 2 * PAGE));
	close(fd);
}

TEST_F(dmabuf, lives_without_its_file)
{
	ASSERT_EQ(0, import(&self->other, self->fd, SIZE));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_WRITTEN(0x22);
}

/* Not reachable any more, nor when that is over: iommufd has to import again */
#define EXPECT_REVOKED_BY(stop, resume)						\
	do {									\
		ASSERT_EQ(0, import(&self->other, self->fd, SIZE));		\
		ASSERT_EQ(0, stop);						\
		write_by_edu(self->edu, &self->other, 0x44, PAGE);		\
		EXPECT_EQ(0, vfio_dma_unmap(&self->other, IOVA, SIZE));		\
		EXPECT_EQ(-ENODEV, import(&self->other, self->fd, SIZE));	\
		ASSERT_EQ(0, resume);						\
		EXPECT_EQ(0x11, self->bar[PAGE]);				\
		ASSERT_EQ(0, import(&self->other, self->fd, SIZE));		\
		EXPECT_WRITTEN(0x55);						\
	} while (0)

static int set_memory(const struct vfio_dev *d, bool on)
{
	return vfio_cfg_write(d, PCI_COMMAND, 2, on ? PCI_COMMAND_MEMORY : 0);
}

TEST_F(dmabuf, is_revoked_while_memory_decoding_is_off)
{
	EXPECT_REVOKED_BY(set_memory(&self->owner, false),
			  set_memory(&self->owner, true));
}

static int low_power(const struct vfio_dev *d, uint32_t what)
{
	return vfio_feature(d, what | VFIO_DEVICE_FEATURE_SET, NULL, 0);
}

TEST_F(dmabuf, is_revoked_in_low_power)
{
	EXPECT_REVOKED_BY(low_power(&self->owner,
				    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY),
			  low_power(&self->owner,
				    VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
}

TEST_F(dmabuf, made_with_decoding_off_works_when_it_is_on)
{
	int fd;

	ASSERT_EQ(0, set_memory(&self->owner, false));
	fd = export(&self->owner, OFFSET, SIZE, 1);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENODEV, import(&self->other, fd, SIZE));
	ASSERT_EQ(0, set_memory(&self->owner, true));
	ASSERT_EQ(0, import(&self->other, fd, SIZE));
	EXPECT_WRITTEN(0x22);
	close(fd);
}

TEST_F(dmabuf, is_dead_when_its_device_is_closed)
{
	const struct vfio_target again = { .name = "ivshmem" };

	ASSERT_EQ(0, import(&self->other, self->fd, SIZE));
	ASSERT_EQ(0, munmap(self->bar, SIZE));
	vfio_dev_close(&self->owner);
	write_by_edu(self->edu, &self->other, 0x44, PAGE);
	EXPECT_EQ(0, vfio_dma_unmap(&self->other, IOVA, SIZE));

	ASSERT_EQ(0, vfio_dev_open(&self->owner, &again));
	ASSERT_EQ(0, vfio_region_mmap(&self->owner, BAR, OFFSET, SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED,
				      (void **)&self->bar));
	EXPECT_EQ(0x11, self->bar[PAGE]);
	EXPECT_EQ(-ENODEV, import(&self->other, self->fd, SIZE));
}

/* Whichever goes first: files, mappings and the device in any order */
TEST_F(dmabuf, many_come_and_go)
{
	int fds[16];

	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = export(&self->owner, i * PAGE, PAGE, 1 + i % 2);
		ASSERT_LE(0, fds[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i += 3)
		close(fds[i]);
	ASSERT_EQ(0, set_memory(&self->owner, false));
	ASSERT_EQ(0, set_memory(&self->owner, true));
	/* A mapping would keep the device open */
	ASSERT_EQ(0, munmap(self->bar, SIZE));
	self->bar = NULL;
	vfio_dev_close(&self->owner);
	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++)
		if (i % 3)
			EXPECT_EQ(-ENODEV, import(&self->other, fds[i], PAGE));
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODES_CDEV, .why = "only an iommufd imports dma-bufs" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
