// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the devices read and write: memory that was mapped for them, at the
 * address and with the rights it was mapped with, and nothing else; and nothing
 * at all without bus mastering, or when the device is closed.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "kmsg.h"
#include "nvme.h"
#include "vfio_harness.h"

#define PAGE		4096UL
#define IOVA		0x200000UL
#define SIZE		(4 * PAGE)
/* What is transferred where the length does not matter */
#define CHUNK		3000U
/* What is to fail: a fault for each word, and the kernel reports but a few */
#define WORD		4U
/* Longer than the device takes to start a transfer it was told to make */
#define TRANSFER_MS	400
#define FAULT_MS	2000

static void fill(unsigned char *bytes, size_t length, unsigned int seed)
{
	size_t i;

	for (i = 0; i < length; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = seed >> 16;
	}
}

static bool is_all(const unsigned char *bytes, size_t length, unsigned char value)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* The device's buffer outlives a user: what is in it has to be known. */
static int load_device(const struct vfio_dev *dev, void *bar, unsigned char value)
{
	const uint64_t iova = 0x1000000;
	unsigned char *memory = vfio_buffer(PAGE);
	int ret;

	memset(memory, value, PAGE);
	ret = vfio_dma_map(dev, memory, PAGE, iova) ?:
	      edu_dma_in(bar, iova, 0, CHUNK) ?:
	      vfio_dma_unmap(dev, iova, PAGE);
	vfio_buffer_free(memory, PAGE);
	return ret;
}

FIXTURE(edu) {
	struct vfio_dev dev;
	void *bar;
	unsigned char *memory;
	int log;
};

FIXTURE_SETUP(edu)
{
	const struct vfio_target target = { "edu" };

	VFIO_OPEN_OR_SKIP(&self->dev, &target);
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, EDU_BAR_SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED, &self->bar));
	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	self->memory = vfio_buffer(SIZE);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, load_device(&self->dev, self->bar, 0x77));
	self->log = kmsg_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(edu)
{
	munmap(self->bar, EDU_BAR_SIZE);
	vfio_dev_close(&self->dev);
}

#define MAP()									\
	ASSERT_EQ(0, vfio_dma_map(&self->dev, self->memory, SIZE, IOVA))

/* The IOMMU has reported that it stopped the device at that address. */
#define EXPECT_FAULT(direction)							\
	EXPECT_TRUE(kmsg_find(self->log, "DMA " direction,			\
			      strchr(self->dev.addr, ':') + 1, FAULT_MS))
#define EXPECT_NO_FAULT()							\
	EXPECT_FALSE(kmsg_find(self->log, "fault addr",				\
			       strchr(self->dev.addr, ':') + 1, 20))

TEST_F(edu, there_and_back)
{
	static const unsigned int lengths[] = { 1, 2, 3, 4, 7, 64, 511, 2048, EDU_BUF_SIZE };
	unsigned int length;
	size_t i;

	MAP();
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		length = lengths[i];
		memset(self->memory, 0x5a, SIZE);
		fill(self->memory, length, length);
		ASSERT_EQ(0, edu_dma_in(self->bar, IOVA, 0, length));
		ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA + 2 * PAGE, length));
		EXPECT_EQ(0, memcmp(self->memory, self->memory + 2 * PAGE, length))
			TH_LOG("%u bytes", length);
		EXPECT_TRUE(is_all(self->memory + 2 * PAGE + length,
				   2 * PAGE - length, 0x5a))
			TH_LOG("behind %u bytes", length);
	}
	EXPECT_NO_FAULT();
}

/* From the middle of one page to the middle of the next */
TEST_F(edu, across_pages)
{
	MAP();
	fill(self->memory, 2 * PAGE, 1);
	ASSERT_EQ(0, edu_dma_in(self->bar, IOVA + 1234, 0, CHUNK));
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA + 2 * PAGE + 2077, CHUNK));
	EXPECT_EQ(0, memcmp(self->memory + 1234, self->memory + 2 * PAGE + 2077,
			    CHUNK));
	EXPECT_TRUE(is_all(self->memory + 2 * PAGE, 2077, 0));
	EXPECT_TRUE(is_all(self->memory + 2 * PAGE + 2077 + CHUNK,
			   2 * PAGE - 2077 - CHUNK, 0));
}

/* One page of memory at two addresses, two pages in the other order */
TEST_F(edu, addresses_are_translated)
{
	ASSERT_EQ(0, vfio_dma_map(&self->dev, self->memory, PAGE, IOVA + PAGE));
	ASSERT_EQ(0, vfio_dma_map(&self->dev, self->memory + PAGE, PAGE, IOVA));
	fill(self->memory, PAGE, 1);
	fill(self->memory + PAGE, PAGE, 2);
	ASSERT_EQ(0, vfio_dma_map(&self->dev, self->memory + 2 * PAGE, 2 * PAGE,
				  IOVA + 16 * PAGE));
	ASSERT_EQ(0, edu_dma_in(self->bar, IOVA + PAGE, 0, CHUNK));
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA + 16 * PAGE, CHUNK));
	ASSERT_EQ(0, edu_dma_in(self->bar, IOVA, 0, CHUNK));
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA + 17 * PAGE, CHUNK));
	EXPECT_EQ(0, memcmp(self->memory, self->memory + 2 * PAGE, CHUNK));
	EXPECT_EQ(0, memcmp(self->memory + PAGE, self->memory + 3 * PAGE, CHUNK));
}

TEST_F(edu, write_to_unmapped)
{
	MAP();
	memset(self->memory, 0x5a, SIZE);
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA + SIZE, WORD));
	EXPECT_FAULT("Write");
	EXPECT_TRUE(is_all(self->memory, SIZE, 0x5a));
}

/* What is in memory at that address of the machine does not get to the device. */
TEST_F(edu, read_of_unmapped)
{
	uint32_t word;

	MAP();
	ASSERT_EQ(0, edu_dma_in(self->bar, 0x100000, 0, WORD));
	EXPECT_FAULT("Read");
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA, CHUNK));
	/* The emulator gives the device zeroes, or nothing at all. */
	memcpy(&word, self->memory, WORD);
	EXPECT_TRUE(word == 0 || word == 0x77777777 || word == ~0U);
	EXPECT_TRUE(is_all(self->memory + WORD, CHUNK - WORD, 0x77));
}

TEST_F(edu, unmapped_again)
{
	MAP();
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA, CHUNK));
	EXPECT_NO_FAULT();
	ASSERT_EQ(0, vfio_dma_unmap(&self->dev, IOVA, SIZE));
	memset(self->memory, 0x5a, SIZE);
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA, WORD));
	EXPECT_FAULT("Write");
	EXPECT_TRUE(is_all(self->memory, SIZE, 0x5a));
}

TEST_F(edu, mapped_for_reading)
{
	ASSERT_EQ(0, vfio_dma_map_rights(&self->dev, self->memory, PAGE, IOVA,
					 VFIO_DMA_MAP_FLAG_READ));
	memset(self->memory, 0x5a, PAGE);
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA, CHUNK));
	/* Stopped; the emulated IOMMU does not always report this kind. */
	EXPECT_TRUE(is_all(self->memory, PAGE, 0x5a));
	ASSERT_EQ(0, edu_dma_in(self->bar, IOVA, 0, CHUNK));
	ASSERT_EQ(0, vfio_dma_map(&self->dev, self->memory + PAGE, PAGE, IOVA + PAGE));
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA + PAGE, CHUNK));
	EXPECT_TRUE(is_all(self->memory + PAGE, CHUNK, 0x5a));
}

/* Bus mastering is the user's to turn on, and off. */
TEST_F(edu, without_bus_master)
{
	MAP();
	memset(self->memory, 0x5a, SIZE);
	ASSERT_EQ(0, vfio_bus_master(&self->dev, false));
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA, CHUNK));
	EXPECT_TRUE(is_all(self->memory, SIZE, 0x5a));
	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	ASSERT_EQ(0, edu_dma_out(self->bar, 0, IOVA, CHUNK));
	EXPECT_TRUE(is_all(self->memory, CHUNK, 0x77));
}

TEST_F(edu, bus_master_is_off_at_open)
{
	vfio_dev_close(&self->dev);
	munmap(self->bar, EDU_BAR_SIZE);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &(struct vfio_target){
					  "edu" }));
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, EDU_BAR_SIZE, PROT_READ,
				      MAP_SHARED, &self->bar));
}

/* Start a transfer to memory that the device has not made yet. */
static void start_transfer(void *bar)
{
	edu_write64(bar, EDU_DMA_SRC, EDU_BUF);
	edu_write64(bar, EDU_DMA_DST, IOVA);
	edu_write64(bar, EDU_DMA_COUNT, CHUNK);
	edu_write(bar, EDU_DMA_CMD, EDU_DMA_RUN | EDU_DMA_TO_RAM);
}

TEST_F(edu, closed_during_transfer)
{
	MAP();
	memset(self->memory, 0x5a, SIZE);
	start_transfer(self->bar);
	munmap(self->bar, EDU_BAR_SIZE);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
	vfio_sleep_ms(TRANSFER_MS);
	EXPECT_TRUE(is_all(self->memory, SIZE, 0x5a));
	/* The device does not even try. */
	EXPECT_NO_FAULT();
}

/* The same test sees a transfer that nobody stops. */
TEST_F(edu, not_closed_during_transfer)
{
	MAP();
	memset(self->memory, 0x5a, SIZE);
	start_transfer(self->bar);
	vfio_sleep_ms(TRANSFER_MS);
	EXPECT_TRUE(is_all(self->memory, CHUNK, 0x77));
}

TEST(killed_during_transfer)
{
	const struct vfio_target target = { "edu" };
	unsigned char *memory;
	struct vfio_dev dev;
	int status, pipes[2];
	pid_t child;
	char byte;

	VFIO_NEEDS(&target);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	memset(memory, 0x5a, PAGE);
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		void *bar;

		if (vfio_dev_open(&dev, &target) || vfio_bus_master(&dev, true) ||
		    vfio_dma_map(&dev, memory, PAGE, IOVA) ||
		    vfio_region_mmap(&dev, 0, 0, EDU_BAR_SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, &bar) ||
		    load_device(&dev, bar, 0x77))
			_exit(1);
		start_transfer(bar);
		if (write(pipes[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	vfio_sleep_ms(TRANSFER_MS);
	EXPECT_TRUE(is_all(memory, PAGE, 0x5a));
	ASSERT_EQ(0, vfio_dev_open(&dev, &target));
	vfio_dev_close(&dev);
	munmap(memory, PAGE);
}

/* ------------------------------------------------------------- two devices, two users */

/* The same address is another page for each of them. */
TEST(containers_are_separate)
{
	const struct vfio_target edu = { "edu" };
	const struct vfio_target nvme = { "nvme" };
	unsigned char *one = vfio_buffer(PAGE), *two = vfio_buffer(PAGE);
	struct vfio_dev first, second;
	struct nvme controller;
	void *first_bar, *second_bar;

	VFIO_OPEN_OR_SKIP(&first, &edu);
	VFIO_OPEN_OR_SKIP(&second, &nvme);
	ASSERT_EQ(0, vfio_bus_master(&first, true));
	ASSERT_EQ(0, vfio_bus_master(&second, true));
	ASSERT_EQ(0, vfio_region_mmap(&first, 0, 0, EDU_BAR_SIZE, PROT_READ | PROT_WRITE,
				      MAP_SHARED, &first_bar));
	ASSERT_EQ(0, vfio_region_mmap(&second, 0, 0, 8192, PROT_READ | PROT_WRITE,
				      MAP_SHARED, &second_bar));
	ASSERT_EQ(0, load_device(&first, first_bar, 0x77));
	ASSERT_EQ(0, vfio_dma_map(&first, one, PAGE, IOVA));
	ASSERT_EQ(0, vfio_dma_map(&second, two, PAGE, IOVA));
	ASSERT_EQ(0, nvme_start(&controller, &second, second_bar, 1));

	memset(one, 0x11, PAGE);
	ASSERT_EQ(0, nvme_identify(&controller, IOVA));
	EXPECT_TRUE(is_all(one, PAGE, 0x11));
	EXPECT_EQ(0, memcmp(two + 4, "vm-nvme", 7));

	memset(two, 0x22, PAGE);
	ASSERT_EQ(0, edu_dma_out(first_bar, 0, IOVA, CHUNK));
	EXPECT_TRUE(is_all(one, CHUNK, 0x77));
	EXPECT_TRUE(is_all(two, PAGE, 0x22));

	nvme_stop(&controller);
	vfio_dev_close(&first);
	vfio_dev_close(&second);
}

VFIO_TEST_MAIN
