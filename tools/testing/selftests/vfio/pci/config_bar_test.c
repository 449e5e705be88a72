// SPDX-License-Identifier: GPL-2.0-only
/* The BAR registers in configuration space: the user's own, for sizing */
#include "vfio_harness.h"

#define CONFIG			VFIO_PCI_CONFIG_REGION_INDEX
#define NR_BARS			6
#define BAR(n)			(PCI_BASE_ADDRESS_0 + 4 * (n))
#define IORESOURCE_IO		0x00000100
#define IORESOURCE_PREFETCH	0x00002000
#define IORESOURCE_MEM_64	0x00100000

FIXTURE(bars)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(bars)
{
	struct vfio_target target;
};

FIXTURE_SETUP(bars)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(bars)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(bars, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(bars, ivshmem)
{
	.target = { .name = "ivshmem" },
};

FIXTURE_VARIANT_ADD(bars, testdev)
{
	.target = { .name = "testdev" },
};

FIXTURE_VARIANT_ADD(bars, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(bars, vga)
{
	.target = { .name = "vga" },
};

FIXTURE_VARIANT_ADD(bars, hda)
{
	.target = { .name = "hda" },
};

FIXTURE_VARIANT_ADD(bars, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(bars, nvme)
{
	.target = { .name = "nvme" },
};

FIXTURE_VARIANT_ADD(bars, sriov)
{
	.target = { .name = "sriov" },
};

/**
 * struct bar_bits - what a BAR register can hold
 * @mask: address bits
 * @type: fixed bits
 */
struct bar_bits {
	uint32_t mask;
	uint32_t type;
};

static uint32_t bar_type(uint64_t flags)
{
	if (flags & IORESOURCE_IO)
		return PCI_BASE_ADDRESS_SPACE_IO;
	return (flags & IORESOURCE_PREFETCH ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0) |
	       (flags & IORESOURCE_MEM_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0);
}

static int bar_bits(const struct vfio_dev *d, struct bar_bits *bits)
{
	memset(bits, 0, NR_BARS * sizeof(*bits));
	for (int i = 0; i < NR_BARS; i++) {
		uint64_t start, size, flags;

		if (vfio_resource(d->addr, i, &start, &size, &flags))
			return -ENODEV;
		if (!size)
			continue;
		bits[i].mask = ~(size - 1);
		bits[i].type = bar_type(flags);
		if (flags & IORESOURCE_MEM_64)
			bits[++i].mask = ~(size - 1) >> 32;
	}
	return 0;
}

TEST_F(bars, bars_begin_with_what_the_device_has)
{
	for (int i = 0; i < NR_BARS; i++)
		EXPECT_EQ(vfio_hw_cfg32(&self->d, BAR(i)),
			  vfio_cfg32(&self->d, BAR(i)));
}

TEST_F(bars, sizing_a_bar_shows_its_size_and_type)
{
	struct bar_bits bits[NR_BARS];

	ASSERT_EQ(0, bar_bits(&self->d, bits));
	for (int i = 0; i < NR_BARS; i++) {
		uint32_t hw = vfio_hw_cfg32(&self->d, BAR(i));
		uint32_t old = vfio_cfg32(&self->d, BAR(i));

		EXPECT_EQ(0, vfio_cfg_write(&self->d, BAR(i), 4, ~0U));
		EXPECT_EQ(bits[i].mask | bits[i].type, vfio_cfg32(&self->d, BAR(i)))
			TH_LOG("BAR %d", i);
		EXPECT_EQ(hw, vfio_hw_cfg32(&self->d, BAR(i)));
		EXPECT_EQ(0, vfio_cfg_write(&self->d, BAR(i), 4, old));
		EXPECT_EQ(old, vfio_cfg32(&self->d, BAR(i)));
	}
}

TEST_F(bars, bars_hold_any_address_that_is_aligned_to_their_size)
{
	const uint32_t values[] = { 0, 0x12345678, 0xfedcba98, 0x80000000, 0x7 };
	struct bar_bits bits[NR_BARS];

	ASSERT_EQ(0, bar_bits(&self->d, bits));
	for (int i = 0; i < NR_BARS; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			EXPECT_EQ(0, vfio_cfg_write(&self->d, BAR(i), 4, values[k]));
			EXPECT_EQ((values[k] & bits[i].mask) | bits[i].type,
				  vfio_cfg32(&self->d, BAR(i)))
				TH_LOG("BAR %d, 0x%x", i, values[k]);
		}
	}
}

TEST_F(bars, all_bars_can_be_sized_in_one_write)
{
	uint32_t regs[NR_BARS];
	struct bar_bits bits[NR_BARS];

	ASSERT_EQ(0, bar_bits(&self->d, bits));
	memset(regs, 0xff, sizeof(regs));
	ASSERT_EQ(sizeof(regs), vfio_region_write(&self->d, CONFIG, BAR(0), regs,
						  sizeof(regs)));
	ASSERT_EQ(sizeof(regs), vfio_region_read(&self->d, CONFIG, BAR(0), regs,
						 sizeof(regs)));
	for (int i = 0; i < NR_BARS; i++)
		EXPECT_EQ(bits[i].mask | bits[i].type, regs[i]);
}

TEST_F(bars, bars_can_be_written_byte_by_byte)
{
	struct bar_bits bits[NR_BARS];

	ASSERT_EQ(0, bar_bits(&self->d, bits));
	for (int i = 0; i < NR_BARS; i++) {
		EXPECT_EQ(0, vfio_cfg_write(&self->d, BAR(i), 4, 0));
		for (int byte = 0; byte < 4; byte++)
			EXPECT_EQ(0, vfio_cfg_write(&self->d, BAR(i) + byte, 1, 0xff));
		EXPECT_EQ(bits[i].mask | bits[i].type, vfio_cfg32(&self->d, BAR(i)))
			TH_LOG("BAR %d", i);
		for (int byte = 0; byte < 4; byte++)
			EXPECT_EQ((bits[i].mask | bits[i].type) >> (8 * byte) & 0xff,
				  vfio_cfg8(&self->d, BAR(i) + byte));
	}
}

TEST_F(bars, sizing_the_rom_bar_shows_its_size_and_enable_bit)
{
	uint32_t hw = vfio_hw_cfg32(&self->d, PCI_ROM_ADDRESS);
	uint32_t old = vfio_cfg32(&self->d, PCI_ROM_ADDRESS);
	uint32_t want = 0;
	uint64_t size;

	ASSERT_EQ(0, vfio_resource(self->d.addr, 6, NULL, &size, NULL));
	if (size)
		want = ~(size - 1) | PCI_ROM_ADDRESS_ENABLE;
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_ROM_ADDRESS, 4, ~0U));
	EXPECT_EQ(want, vfio_cfg32(&self->d, PCI_ROM_ADDRESS));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_ROM_ADDRESS, 4, 0));
	EXPECT_EQ(0, vfio_cfg32(&self->d, PCI_ROM_ADDRESS));
	EXPECT_EQ(hw, vfio_hw_cfg32(&self->d, PCI_ROM_ADDRESS));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_ROM_ADDRESS, 4, old));
}

/* A reset that the driver did not see leaves BARs of 0 and decoding off */
TEST_F(bars, lost_by_a_reset_come_back_with_the_next_command)
{
	uint32_t bar[NR_BARS], rom = vfio_hw_cfg32(&self->d, PCI_ROM_ADDRESS);

	ASSERT_EQ(0, vfio_hw_cfg_write(&self->d, PCI_COMMAND, 2, 0));
	for (int i = 0; i < NR_BARS; i++) {
		bar[i] = vfio_hw_cfg32(&self->d, BAR(i));
		ASSERT_EQ(0, vfio_hw_cfg_write(&self->d, BAR(i), 4, 0));
	}
	ASSERT_EQ(0, vfio_hw_cfg_write(&self->d, PCI_ROM_ADDRESS, 4, 0));

	EXPECT_EQ(0, vfio_command(&self->d, 0,
				  PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
	for (int i = 0; i < NR_BARS; i++) {
		EXPECT_EQ(bar[i], vfio_hw_cfg32(&self->d, BAR(i)))
			TH_LOG("BAR %d", i);
	}
	EXPECT_EQ(rom, vfio_hw_cfg32(&self->d, PCI_ROM_ADDRESS));
	EXPECT_EQ(PCI_COMMAND_MEMORY,
		  vfio_hw_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MEMORY);
}

VFIO_TEST_MAIN
