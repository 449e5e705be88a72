// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of BARs while decoding is off, in low power states, after a reset */
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_harness.h"

#define PAGE	4096UL
#define RW	(PROT_READ | PROT_WRITE)

/* ivshmem: 256 bytes in BAR0, memory and nothing else in BAR2 */
#define SMALL	0
#define RAM	2

FIXTURE(map)
{
	struct vfio_dev d;
	uint64_t size;
	uint32_t *p;	/* the first four pages of RAM */
};

FIXTURE_VARIANT(map)
{
	struct vfio_target target;
};

FIXTURE_SETUP(map)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
	self->size = self->d.region[RAM].size;
	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, 0, 4 * PAGE, RW, MAP_SHARED,
				      (void **)&self->p));
}

FIXTURE_TEARDOWN(map)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(map, group)
{
	.target = { .name = "ivshmem" },
};

static void *page(const void *p, int n)
{
	return (char *)p + n * PAGE;
}

/* --- Decoding off ------------------------------------------------------- */

TEST_F(map, pages_are_gone_while_decoding_is_off)
{
	uint64_t got;

	ASSERT_EQ(0, vfio_store(self->p, 4, 0xabcd));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	/* A page that was mapped, and one that never was */
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	EXPECT_EQ(SIGBUS, vfio_store(self->p, 4, 0));
	EXPECT_EQ(SIGBUS, vfio_load(page(self->p, 2), 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(0, vfio_load(self->p, 4, &got));
	EXPECT_EQ(0xabcd, got);
	EXPECT_EQ(0, vfio_load(page(self->p, 2), 4, NULL));
}

TEST_F(map, each_time_decoding_goes_off_pages_go)
{
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, vfio_memory(&self->d, false));
		ASSERT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
		ASSERT_EQ(0, vfio_memory(&self->d, true));
		ASSERT_EQ(0, vfio_load(self->p, 4, NULL));
	}
}

TEST_F(map, decoding_can_be_switched_by_a_byte)
{
	uint8_t cmd = vfio_cfg8(&self->d, PCI_COMMAND);

	ASSERT_EQ(0, vfio_cfg_write(&self->d, PCI_COMMAND, 1,
				    cmd & ~PCI_COMMAND_MEMORY));
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	ASSERT_EQ(0, vfio_cfg_write(&self->d, PCI_COMMAND, 1, cmd));
	EXPECT_EQ(0, vfio_load(self->p, 4, NULL));
}

TEST_F(map, other_command_bits_do_not_matter)
{
	ASSERT_EQ(0, vfio_command(&self->d, PCI_COMMAND_IO | PCI_COMMAND_MASTER,
				  PCI_COMMAND_SERR));
	EXPECT_EQ(0, vfio_load(self->p, 4, NULL));
}

TEST_F(map, mapping_itself_takes_no_decoding)
{
	void *p;

	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, 0, PAGE, RW, MAP_SHARED, &p));
	EXPECT_EQ(SIGBUS, vfio_load(p, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
}

TEST_F(map, all_mappings_go_at_once)
{
	void *ram, *small;

	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, self->size / 2, PAGE, RW,
				      MAP_SHARED, &ram));
	ASSERT_EQ(0, vfio_region_mmap(&self->d, SMALL, 0, PAGE, RW, MAP_SHARED,
				      &small));
	EXPECT_EQ(0, vfio_load(ram, 4, NULL));
	EXPECT_EQ(0, vfio_load(small, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	EXPECT_EQ(SIGBUS, vfio_load(ram, 4, NULL));
	EXPECT_EQ(SIGBUS, vfio_load(small, 4, NULL));
}

TEST_F(map, a_system_call_gets_an_error_instead_of_a_signal)
{
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	EXPECT_EQ(4, write(fds[1], self->p, 4));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(-1, write(fds[1], self->p, 4));
	EXPECT_EQ(EFAULT, errno);
	close(fds[0]);
	close(fds[1]);
}

/* --- Power and reset ---------------------------------------------------- */

FIXTURE(state)
{
	struct vfio_dev d;
	uint32_t *p;
};

FIXTURE_VARIANT(state)
{
	struct vfio_target target;
};

FIXTURE_SETUP(state)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
	ASSERT_EQ(0, vfio_region_mmap(&self->d, 0, 0, self->d.region[0].size, RW,
				      MAP_SHARED, (void **)&self->p));
	ASSERT_EQ(0, vfio_load(self->p, 4, NULL));
}

FIXTURE_TEARDOWN(state)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(state, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(state, nvme)
{
	.target = { .name = "nvme" },
};

TEST_F(state, pages_are_gone_in_d3hot)
{
	ASSERT_EQ(0, vfio_power(&self->d, 3));
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	ASSERT_EQ(0, vfio_power(&self->d, 0));
	EXPECT_EQ(0, vfio_load(self->p, 4, NULL));
}

TEST_F(state, d0_does_not_make_up_for_decoding_that_is_off)
{
	ASSERT_EQ(0, vfio_power(&self->d, 3));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(0, vfio_power(&self->d, 0));
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(0, vfio_load(self->p, 4, NULL));
}

/* Asleep, a device without a state of its own takes what it will do when awake. */
TEST_F(state, decoding_can_be_switched_in_d3hot)
{
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(0, vfio_power(&self->d, 3));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	ASSERT_EQ(0, vfio_power(&self->d, 0));
	EXPECT_NE(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, vfio_load(self->p, 4, NULL));

	ASSERT_EQ(0, vfio_power(&self->d, 3));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(0, vfio_power(&self->d, 0));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
}

TEST_F(state, pages_come_back_after_a_reset)
{
	ASSERT_EQ(0, vfio_ioctl(self->d.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(0, vfio_load(self->p, 4, NULL));
}

TEST_F(state, a_reset_does_not_make_up_for_decoding_that_is_off)
{
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(0, vfio_ioctl(self->d.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(0, vfio_load(self->p, 4, NULL));
}

/* Interrupt remapping makes it harmless, and drivers look at it */
TEST_F(state, the_msix_table_can_be_mapped)
{
	unsigned int cap = vfio_cap_find(&self->d, PCI_CAP_ID_MSIX);
	uint32_t table = vfio_cfg32(&self->d, cap + PCI_MSIX_TABLE);
	void *p;

	ASSERT_NE(0, cap);
	ASSERT_EQ(0, vfio_region_mmap(&self->d, table & PCI_MSIX_TABLE_BIR,
				      table & PCI_MSIX_TABLE_OFFSET, PAGE, RW,
				      MAP_SHARED, &p));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
}

VFIO_TEST_MAIN
