// SPDX-License-Identifier: GPL-2.0-only
/* BARs by read and write: bounds, bad memory, decoding, ports */
#include <unistd.h>

#include "vfio_harness.h"

#define NR_BARS		6
#define IORESOURCE_IO	0x100

FIXTURE(bar)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(bar)
{
	struct vfio_target target;
};

FIXTURE_SETUP(bar)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(bar)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(bar, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(bar, ivshmem)
{
	.target = { .name = "ivshmem" },
};

FIXTURE_VARIANT_ADD(bar, testdev)
{
	.target = { .name = "testdev" },
};

FIXTURE_VARIANT_ADD(bar, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(bar, vga)
{
	.target = { .name = "vga" },
};

FIXTURE_VARIANT_ADD(bar, hda)
{
	.target = { .name = "hda" },
};

FIXTURE_VARIANT_ADD(bar, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(bar, nvme)
{
	.target = { .name = "nvme" },
};

static bool is_io(const struct vfio_dev *d, int bar)
{
	uint64_t flags = 0;

	vfio_resource(d->addr, bar, NULL, NULL, &flags);
	return flags & IORESOURCE_IO;
}

/* Where there is a register, but in no device the MSI-X table */
static uint64_t last_dword(const struct vfio_dev *d, int bar)
{
	return d->region[bar].size - 4;
}

/* First BAR with memory; every device of the VM has one */
static int memory_bar(const struct vfio_dev *d)
{
	int bar = 0;

	while (!d->region[bar].size || is_io(d, bar))
		bar++;
	return bar;
}

/* --- Bounds ------------------------------------------------------------- */

TEST_F(bar, access_is_cut_at_the_end)
{
	for (int bar = 0; bar < NR_BARS; bar++) {
		uint64_t size = self->d.region[bar].size;
		uint8_t bytes[16];

		if (!size)
			continue;
		EXPECT_EQ(8, vfio_region_read(&self->d, bar, size - 8, bytes, 8));
		EXPECT_EQ(8, vfio_region_read(&self->d, bar, size - 8, bytes, 16))
			TH_LOG("BAR %d", bar);
		EXPECT_EQ(4, vfio_region_read(&self->d, bar, size - 4, bytes, 5));
		EXPECT_EQ(1, vfio_region_read(&self->d, bar, size - 1, bytes, 16));
		/* What was just read, so that no register changes */
		EXPECT_EQ(1, vfio_region_write(&self->d, bar, size - 1, bytes, 16));
	}
}

TEST_F(bar, nothing_is_behind_the_end)
{
	for (int bar = 0; bar < NR_BARS; bar++) {
		uint64_t size = self->d.region[bar].size;
		const uint64_t beyond[] = { size, size + 1, size + 4096,
					    1ULL << 39, (1ULL << 40) - 1 };
		uint32_t val = 0;

		for (size_t i = 0; size && i < ARRAY_SIZE(beyond); i++) {
			EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, bar,
							    beyond[i], &val, 4))
				TH_LOG("BAR %d, 0x%llx", bar,
				       (unsigned long long)beyond[i]);
			EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, bar,
							     beyond[i], &val, 4));
		}
	}
}

TEST_F(bar, bars_that_are_not_there_are_refused)
{
	uint32_t val = 0;
	int absent = 0;

	for (int bar = 0; bar < NR_BARS; bar++) {
		if (self->d.region[bar].size)
			continue;
		EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, bar, 0, &val, 4))
			TH_LOG("BAR %d", bar);
		EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, bar, 0, &val, 4));
		absent++;
	}
	EXPECT_LT(0, absent);
}

TEST_F(bar, regions_that_are_not_there_are_refused)
{
	const unsigned int bad[] = { VFIO_NR_REGIONS, 10, 255, 0x7fffff };
	uint32_t val = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, bad[i], 0, &val, 4))
			TH_LOG("region %u", bad[i]);
		EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, bad[i], 0, &val, 4));
	}
	EXPECT_EQ(-1, pread(self->d.fd, &val, 4, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(self->d.fd, &val, 4, INT64_MIN));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(bar, no_bytes_are_no_access)
{
	int bar = memory_bar(&self->d);
	uint8_t byte = 0;

	EXPECT_EQ(0, vfio_region_read(&self->d, bar, 0, &byte, 0));
	EXPECT_EQ(0, vfio_region_write(&self->d, bar, 0, &byte, 0));
	EXPECT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(0, vfio_region_read(&self->d, bar, 0, &byte, 0));
}

/* --- Bad memory of the user --------------------------------------------- */

TEST_F(bar, bad_pointers_are_refused)
{
	int bar = memory_bar(&self->d);
	uint64_t pos = last_dword(&self->d, bar);

	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, bar, pos,
					    VFIO_BAD_POINTER, 4));
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, bar, pos,
					     VFIO_BAD_POINTER, 4));
}

TEST_F(bar, a_buffer_that_ends_too_early_is_refused)
{
	int bar = memory_bar(&self->d);
	uint64_t pos = last_dword(&self->d, bar) - 4;
	uint32_t *p = vfio_guarded(4);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(4, vfio_region_read(&self->d, bar, pos, p, 4));
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, bar, pos, p, 8));
	vfio_guarded_free(p);
}

/* --- Decoding off ------------------------------------------------------- */

TEST_F(bar, memory_is_out_of_reach_while_decoding_is_off)
{
	for (int bar = 0; bar < NR_BARS; bar++) {
		uint64_t pos = last_dword(&self->d, bar);
		uint32_t before = 0, val = 0;

		if (!self->d.region[bar].size || is_io(&self->d, bar))
			continue;
		ASSERT_EQ(4, vfio_region_read(&self->d, bar, pos, &before, 4));
		ASSERT_EQ(0, vfio_memory(&self->d, false));
		EXPECT_EQ(-EIO, vfio_region_read(&self->d, bar, pos, &val, 4))
			TH_LOG("BAR %d", bar);
		EXPECT_EQ(-EIO, vfio_region_read(&self->d, bar, pos, &val, 1));
		EXPECT_EQ(-EIO, vfio_region_write(&self->d, bar, pos, &before, 4));
		/* That it is not there counts more */
		EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, bar,
						    self->d.region[bar].size,
						    &val, 4));
		ASSERT_EQ(0, vfio_memory(&self->d, true));
		EXPECT_EQ(4, vfio_region_read(&self->d, bar, pos, &val, 4));
	}
}

TEST_F(bar, host_view_of_decoding_does_not_matter)
{
	int bar = memory_bar(&self->d);
	uint64_t pos = last_dword(&self->d, bar);
	uint16_t cmd = vfio_hw_cfg16(&self->d, PCI_COMMAND);
	uint32_t val;

	/* Off for the user only, then in the device only */
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(0, vfio_hw_cfg_write(&self->d, PCI_COMMAND, 2, cmd));
	EXPECT_EQ(-EIO, vfio_region_read(&self->d, bar, pos, &val, 4));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	ASSERT_EQ(0, vfio_hw_cfg_write(&self->d, PCI_COMMAND, 2,
				       cmd & ~PCI_COMMAND_MEMORY));
	EXPECT_EQ(4, vfio_region_read(&self->d, bar, pos, &val, 4));
	ASSERT_EQ(0, vfio_hw_cfg_write(&self->d, PCI_COMMAND, 2, cmd));
}

/* --- Ports -------------------------------------------------------------- */

FIXTURE(ports)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(ports)
{
	struct vfio_target target;
};

FIXTURE_SETUP(ports)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(ports)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(ports, testdev)
{
	.target = { .name = "testdev" },
};

#define PORTS		1	/* BAR */
#define PORTS_NAME	16	/* of the test that byte 0 selects */

TEST_F(ports, are_read_and_written)
{
	char name[32];
	uint8_t select = 0;

	ASSERT_TRUE(is_io(&self->d, PORTS));
	ASSERT_EQ(1, vfio_region_write(&self->d, PORTS, 0, &select, 1));
	ASSERT_EQ(32, vfio_region_read(&self->d, PORTS, PORTS_NAME, name, 32));
	EXPECT_STREQ("portio-no-eventfd", name);
}

TEST_F(ports, are_reached_without_memory_decoding)
{
	uint8_t select = 0;
	char name[18];

	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(1, vfio_region_write(&self->d, PORTS, 0, &select, 1));
	ASSERT_EQ(18, vfio_region_read(&self->d, PORTS, PORTS_NAME, name, 18));
	EXPECT_STREQ("portio-no-eventfd", name);
}

TEST_F(ports, without_decoding_are_not_refused)
{
	uint8_t byte;

	ASSERT_EQ(0, vfio_command(&self->d, PCI_COMMAND_IO, 0));
	EXPECT_EQ(1, vfio_region_read(&self->d, PORTS, 0, &byte, 1));
	EXPECT_EQ(0xff, byte);
}

VFIO_TEST_MAIN
