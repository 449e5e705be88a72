// SPDX-License-Identifier: GPL-2.0-only
/* The MSI-X table in a BAR is out of reach for read and write */
#include <sys/mman.h>

#include "vfio_harness.h"

FIXTURE(table)
{
	struct vfio_dev d;
	int bar;
	uint64_t start;
	uint64_t end;
	uint64_t pba;
};

FIXTURE_VARIANT(table)
{
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(table, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(table, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(table, nvme)
{
	.target = { .name = "nvme" },
};

FIXTURE_SETUP(table)
{
	unsigned int cap;
	uint32_t table;

	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
	cap = vfio_cap_find(&self->d, PCI_CAP_ID_MSIX);
	ASSERT_NE(0, cap);
	table = vfio_cfg32(&self->d, cap + PCI_MSIX_TABLE);
	self->bar = table & PCI_MSIX_TABLE_BIR;
	self->start = table & PCI_MSIX_TABLE_OFFSET;
	self->end = self->start + 16 *
		    ((vfio_cfg16(&self->d, cap + PCI_MSIX_FLAGS) &
		      PCI_MSIX_FLAGS_QSIZE) + 1);
	self->pba = vfio_cfg32(&self->d, cap + PCI_MSIX_PBA) & PCI_MSIX_PBA_OFFSET;
}

FIXTURE_TEARDOWN(table)
{
	vfio_dev_close(&self->d);
}

TEST_F(table, reads_as_all_ones)
{
	for (uint64_t off = self->start; off < self->end; off++) {
		uint8_t byte = 0;

		ASSERT_EQ(1, vfio_region_read(&self->d, self->bar, off, &byte, 1));
		ASSERT_EQ(0xff, byte)
			TH_LOG("offset 0x%llx", (unsigned long long)off);
	}
}

TEST_F(table, reads_as_all_ones_in_one_go)
{
	size_t len = self->end - self->start;
	uint8_t bytes[2048];

	ASSERT_GT(sizeof(bytes), len);
	memset(bytes, 0, sizeof(bytes));
	ASSERT_EQ(len, vfio_region_read(&self->d, self->bar, self->start, bytes, len));
	for (size_t i = 0; i < len; i++)
		ASSERT_EQ(0xff, bytes[i]);
}

TEST_F(table, what_lies_around_it_is_read)
{
	uint32_t before[8], mixed[12], behind;

	ASSERT_EQ(4, vfio_region_read(&self->d, self->bar, self->end, &behind, 4));
	memset(mixed, 0, sizeof(mixed));
	ASSERT_EQ(12, vfio_region_read(&self->d, self->bar, self->end - 8, mixed, 12));
	EXPECT_EQ(~0U, mixed[0]);
	EXPECT_EQ(~0U, mixed[1]);
	EXPECT_EQ(behind, mixed[2]);
	EXPECT_NE(~0U, behind);

	if (!self->start)
		return;
	ASSERT_EQ(8, vfio_region_read(&self->d, self->bar, self->start - 8, before, 8));
	memset(mixed, 0, sizeof(mixed));
	ASSERT_EQ(16, vfio_region_read(&self->d, self->bar, self->start - 8, mixed, 16));
	EXPECT_EQ(0, memcmp(before, mixed, 8));
	EXPECT_EQ(~0U, mixed[2]);
	EXPECT_EQ(~0U, mixed[3]);
}

TEST_F(table, writes_are_dropped)
{
	uint8_t zeroes[2048] = {};
	size_t len = self->end - self->start;
	uint64_t before[4], after[4];
	uint64_t *map;

	/* The mapping is the way around, and shows what the device holds */
	ASSERT_EQ(0, vfio_region_mmap(&self->d, self->bar,
				      self->start & ~0xfffULL, 4096,
				      PROT_READ | PROT_WRITE, MAP_SHARED,
				      (void **)&map));
	map += (self->start & 0xfff) / 8;
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, vfio_store(&map[i], 4, 0x10 * i));
		ASSERT_EQ(0, vfio_load(&map[i], 4, &before[i]));
	}
	memset(zeroes, 0xa0, sizeof(zeroes));
	EXPECT_EQ(len, vfio_region_write(&self->d, self->bar, self->start, zeroes, len));
	EXPECT_EQ(1, vfio_region_write(&self->d, self->bar, self->start + 1, zeroes, 1));
	EXPECT_EQ(8, vfio_region_write(&self->d, self->bar, self->start + 8, zeroes, 8));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, vfio_load(&map[i], 4, &after[i]));
		EXPECT_EQ(before[i], after[i]);
	}
}

TEST_F(table, pending_bits_are_read)
{
	uint64_t bits = ~0ULL;

	ASSERT_EQ(8, vfio_region_read(&self->d, self->bar, self->pba, &bits, 8));
	EXPECT_EQ(0, bits);
}

/* Nothing is asked of the device for the table, so that nothing is missing */
TEST_F(table, reads_as_all_ones_while_decoding_is_off)
{
	uint32_t val = 0;

	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(4, vfio_region_read(&self->d, self->bar, self->start, &val, 4));
	EXPECT_EQ(~0U, val);
	EXPECT_EQ(4, vfio_region_write(&self->d, self->bar, self->start, &val, 4));
	EXPECT_EQ(-EIO, vfio_region_read(&self->d, self->bar, self->end, &val, 4));
}

VFIO_TEST_MAIN
