// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration space: how it is accessed, and the header in front of it.
 * BARs are in config_bar_test.c, capabilities in caps_test.c.
 */
#include "vfio_harness.h"

#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

FIXTURE(config)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(config)
{
	struct vfio_target target;
};

FIXTURE_SETUP(config)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(config)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(config, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(config, ivshmem)
{
	.target = { .name = "ivshmem" },
};

FIXTURE_VARIANT_ADD(config, testdev)
{
	.target = { .name = "testdev" },
};

FIXTURE_VARIANT_ADD(config, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(config, vga)
{
	.target = { .name = "vga" },
};

FIXTURE_VARIANT_ADD(config, hda)
{
	.target = { .name = "hda" },
};

FIXTURE_VARIANT_ADD(config, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(config, nvme)
{
	.target = { .name = "nvme" },
};

FIXTURE_VARIANT_ADD(config, sriov)
{
	.target = { .name = "sriov" },
};

static size_t config_size(const struct vfio_dev *d)
{
	return d->region[CONFIG].size;
}

/* --- Lengths, alignments, bounds ---------------------------------------- */

static int read_bytewise(const struct vfio_dev *d, uint8_t *bytes)
{
	for (size_t i = 0; i < config_size(d); i++)
		if (vfio_region_read(d, CONFIG, i, &bytes[i], 1) != 1)
			return -EIO;
	return 0;
}

TEST_F(config, all_of_it_is_read_at_once)
{
	size_t size = config_size(&self->d);
	uint8_t bytes[PCI_CFG_SPACE_EXP_SIZE], all[PCI_CFG_SPACE_EXP_SIZE];

	ASSERT_EQ(0, read_bytewise(&self->d, bytes));
	ASSERT_EQ(size, vfio_region_read(&self->d, CONFIG, 0, all, size));
	for (size_t i = 0; i < size; i++) {
		EXPECT_EQ(bytes[i], all[i])
			TH_LOG("offset 0x%zx", i);
	}
}

TEST_F(config, every_length_and_alignment_gives_the_same_bytes)
{
	uint8_t bytes[PCI_CFG_SPACE_EXP_SIZE], part[16];
	/* Header and capabilities are where chunks differ */
	size_t size = PCI_CFG_SPACE_SIZE;

	ASSERT_EQ(0, read_bytewise(&self->d, bytes));
	for (size_t len = 2; len <= 9; len++) {
		for (size_t i = 0; i + len <= size; i++) {
			ASSERT_EQ(len, vfio_region_read(&self->d, CONFIG, i, part, len));
			ASSERT_EQ(0, memcmp(bytes + i, part, len))
				TH_LOG("%zu bytes at 0x%zx", len, i);
		}
	}
}

TEST_F(config, nothing_is_read_beyond_the_end)
{
	size_t size = config_size(&self->d);
	uint8_t bytes[8];

	EXPECT_EQ(4, vfio_region_read(&self->d, CONFIG, size - 4, bytes, 4));
	EXPECT_EQ(1, vfio_region_read(&self->d, CONFIG, size - 1, bytes, 1));
	/* Not even the part in front of it */
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, size - 1, bytes, 2));
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, size - 4, bytes, 5));
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, size, bytes, 1));
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, size + 4, bytes, 4));
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, 1ULL << 32, bytes, 4));
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, (1ULL << 40) - 1,
					    bytes, 1));
	EXPECT_EQ(0, vfio_region_read(&self->d, CONFIG, 0, bytes, 0));
}

TEST_F(config, nothing_is_written_beyond_the_end)
{
	size_t size = config_size(&self->d);
	uint8_t last = vfio_hw_cfg8(&self->d, size - 1);
	uint8_t bytes[8];

	memset(bytes, ~last, sizeof(bytes));
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, CONFIG, size - 1, bytes, 2));
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, CONFIG, size - 4, bytes, 5));
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, CONFIG, size, bytes, 1));
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, CONFIG, 1ULL << 32, bytes, 4));
	EXPECT_EQ(last, vfio_hw_cfg8(&self->d, size - 1));
	EXPECT_EQ(0, vfio_region_write(&self->d, CONFIG, 0, bytes, 0));
}

TEST_F(config, bad_pointers_are_refused)
{
	uint16_t cmd = vfio_cfg16(&self->d, PCI_COMMAND);

	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, PCI_COMMAND,
					    VFIO_BAD_POINTER, 2));
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, CONFIG, PCI_COMMAND,
					     VFIO_BAD_POINTER, 2));
	EXPECT_EQ(cmd, vfio_cfg16(&self->d, PCI_COMMAND));
}

/* Of a buffer that cannot be read in full nothing is taken, however long it is */
static void write_with_bad_end(struct __test_metadata *_metadata,
			       const struct vfio_dev *d, size_t good, size_t bad)
{
	uint8_t old = vfio_cfg8(d, PCI_CACHE_LINE_SIZE);
	uint8_t *p = vfio_guarded(good);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(good, vfio_region_read(d, CONFIG, PCI_CACHE_LINE_SIZE, p, good));
	p[0] = old ^ 0x30;
	EXPECT_EQ(-EFAULT, vfio_region_write(d, CONFIG, PCI_CACHE_LINE_SIZE, p,
					     good + bad));
	EXPECT_EQ(old, vfio_cfg8(d, PCI_CACHE_LINE_SIZE));
	vfio_guarded_free(p);
}

TEST_F(config, a_bad_byte_changes_nothing)
{
	if (vfio_stock())
		SKIP(return, "the kernel's own driver does what precedes it");

	/* A dword that can be read is followed by a BAR that cannot */
	write_with_bad_end(_metadata, &self->d, 4, 4);
	if (config_size(&self->d) > 1024)
		write_with_bad_end(_metadata, &self->d, 600, 8);
}

TEST_F(config, what_precedes_a_bad_byte_is_read)
{
	uint8_t *p = vfio_guarded(4);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, CONFIG, 0, p, 8));
	EXPECT_EQ(vfio_cfg32(&self->d, 0), *(uint32_t *)p);
	vfio_guarded_free(p);
}

/* --- Who it is ---------------------------------------------------------- */

static uint32_t attr_number(const struct vfio_dev *d, const char *attr)
{
	char text[16];

	if (vfio_attr_read(d->addr, attr, text, sizeof(text)) < 0)
		return ~0U;
	return strtoul(text, NULL, 16);
}

TEST_F(config, identity_is_that_of_the_device)
{
	struct vfio_dev *d = &self->d;

	EXPECT_EQ(attr_number(d, "vendor"), vfio_cfg16(d, PCI_VENDOR_ID));
	EXPECT_EQ(attr_number(d, "device"), vfio_cfg16(d, PCI_DEVICE_ID));
	EXPECT_EQ(attr_number(d, "class"), vfio_cfg32(d, PCI_CLASS_REVISION) >> 8);
	EXPECT_EQ(attr_number(d, "revision"), vfio_cfg8(d, PCI_REVISION_ID));
	EXPECT_EQ(attr_number(d, "subsystem_vendor"),
		  vfio_cfg16(d, PCI_SUBSYSTEM_VENDOR_ID));
	EXPECT_EQ(attr_number(d, "subsystem_device"),
		  vfio_cfg16(d, PCI_SUBSYSTEM_ID));
	EXPECT_EQ(vfio_hw_cfg8(d, PCI_HEADER_TYPE), vfio_cfg8(d, PCI_HEADER_TYPE));
	EXPECT_EQ(vfio_hw_cfg8(d, PCI_INTERRUPT_PIN),
		  vfio_cfg8(d, PCI_INTERRUPT_PIN));
	EXPECT_EQ(vfio_hw_cfg16(d, PCI_STATUS), vfio_cfg16(d, PCI_STATUS));
}

/* --- Registers that nobody may write ------------------------------------ */

static const struct {
	const char *what;
	uint8_t first;
	uint8_t last;
} read_only[] = {
	{ "vendor and device",		0x00, 0x03 },
	{ "status to class",		0x06, 0x0b },
	{ "header type",		0x0e, 0x0e },
	{ "CIS and subsystem",		0x28, 0x2f },
	{ "capability pointer",		0x34, 0x37 },
	{ "reserved",			0x38, 0x3b },
	{ "pin, grant and latency",	0x3d, 0x3f },
};

TEST_F(config, read_only_bytes_cannot_be_changed)
{
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++) {
		for (int pos = read_only[i].first; pos <= read_only[i].last; pos++) {
			uint8_t user = vfio_cfg8(&self->d, pos);
			uint8_t hw = vfio_hw_cfg8(&self->d, pos);

			EXPECT_EQ(0, vfio_cfg_write(&self->d, pos, 1, ~user));
			EXPECT_EQ(user, vfio_cfg8(&self->d, pos))
				TH_LOG("%s, 0x%x", read_only[i].what, pos);
			EXPECT_EQ(hw, vfio_hw_cfg8(&self->d, pos));
		}
	}
}

TEST_F(config, read_only_words_cannot_be_changed)
{
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++) {
		for (int pos = (read_only[i].first + 1) & ~1;
		     pos < read_only[i].last; pos += 2) {
			uint16_t user = vfio_cfg16(&self->d, pos);

			EXPECT_EQ(0, vfio_cfg_write(&self->d, pos, 2, ~user));
			EXPECT_EQ(user, vfio_cfg16(&self->d, pos))
				TH_LOG("%s, 0x%x", read_only[i].what, pos);
		}
	}
}

TEST_F(config, a_write_over_the_whole_header_changes_no_identity)
{
	uint8_t ones[8];
	uint32_t id = vfio_cfg32(&self->d, PCI_VENDOR_ID);
	uint32_t class = vfio_cfg32(&self->d, PCI_CLASS_REVISION);

	memset(ones, 0xff, sizeof(ones));
	EXPECT_EQ(4, vfio_region_write(&self->d, CONFIG, PCI_VENDOR_ID, ones, 4));
	EXPECT_EQ(4, vfio_region_write(&self->d, CONFIG, PCI_CLASS_REVISION, ones, 4));
	EXPECT_EQ(id, vfio_cfg32(&self->d, PCI_VENDOR_ID));
	EXPECT_EQ(class, vfio_cfg32(&self->d, PCI_CLASS_REVISION));
}

/* --- Registers that are written through, or kept for the user ------------ */

TEST_F(config, cache_line_size_and_latency_reach_the_device)
{
	const uint8_t values[] = { 0x00, 0xff, 0x55, 0xa8 };
	const uint8_t regs[] = { PCI_CACHE_LINE_SIZE, PCI_LATENCY_TIMER };

	for (size_t i = 0; i < ARRAY_SIZE(regs) * ARRAY_SIZE(values); i++) {
		uint8_t reg = regs[i / ARRAY_SIZE(values)];
		uint32_t user, host;

		ASSERT_EQ(0, vfio_cfg_effect(&self->d, reg, 1,
					     values[i % ARRAY_SIZE(values)], 0xff,
					     &user, &host));
		EXPECT_EQ(host, user)
			TH_LOG("register 0x%x", reg);
	}
	/* Writable by the PCI specification, so that the above says something */
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_CACHE_LINE_SIZE, 1, 0x10));
	EXPECT_EQ(0x10, vfio_hw_cfg8(&self->d, PCI_CACHE_LINE_SIZE));
	EXPECT_EQ(0x10, vfio_cfg8(&self->d, PCI_CACHE_LINE_SIZE));
}

TEST_F(config, interrupt_line_is_a_scratch_register)
{
	uint8_t hw = vfio_hw_cfg8(&self->d, PCI_INTERRUPT_LINE);
	const uint8_t values[] = { 0x00, 0xff, 0x5a, 0xa5, 0x0b };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_INTERRUPT_LINE, 1,
					    values[i]));
		EXPECT_EQ(values[i], vfio_cfg8(&self->d, PCI_INTERRUPT_LINE));
		EXPECT_EQ(hw, vfio_hw_cfg8(&self->d, PCI_INTERRUPT_LINE));
	}
}

/* --- Command ------------------------------------------------------------ */

TEST_F(config, command_bits_reach_the_device)
{
	const uint16_t bits[] = { PCI_COMMAND_IO, PCI_COMMAND_MEMORY,
				  PCI_COMMAND_MASTER, PCI_COMMAND_SERR };

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		ASSERT_EQ(0, vfio_command(&self->d, bits[i], 0));
		EXPECT_EQ(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & bits[i]);
		EXPECT_EQ(0, vfio_cfg16(&self->d, PCI_COMMAND) & bits[i]);
		ASSERT_EQ(0, vfio_command(&self->d, 0, bits[i]));
		EXPECT_EQ(bits[i], vfio_hw_cfg16(&self->d, PCI_COMMAND) & bits[i])
			TH_LOG("bit 0x%x", bits[i]);
		EXPECT_EQ(bits[i], vfio_cfg16(&self->d, PCI_COMMAND) & bits[i]);
	}
}

TEST_F(config, other_command_bits_are_as_the_device_has_them)
{
	for (int bit = 0; bit < 16; bit++) {
		uint32_t val = vfio_cfg16(&self->d, PCI_COMMAND) ^ (1 << bit);
		uint32_t user, host;

		if (1 << bit == PCI_COMMAND_INTX_DISABLE)
			continue;
		ASSERT_EQ(0, vfio_cfg_effect(&self->d, PCI_COMMAND, 2, val,
					     0xffff & ~PCI_COMMAND_INTX_DISABLE,
					     &user, &host));
		EXPECT_EQ(host, user)
			TH_LOG("bit %d", bit);
	}
}

TEST_F(config, bus_mastering_is_off_after_open)
{
	EXPECT_EQ(0, vfio_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MASTER);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MASTER);
}

TEST_F(config, memory_decoding_is_on_after_open)
{
	EXPECT_NE(0, vfio_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_NE(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MEMORY);
}

TEST_F(config, intx_disable_can_be_set_and_cleared)
{
	uint16_t cmd = vfio_cfg16(&self->d, PCI_COMMAND);
	uint16_t bit = PCI_COMMAND_INTX_DISABLE;

	EXPECT_EQ(0, cmd & bit);
	EXPECT_EQ(0, vfio_command(&self->d, 0, bit));
	EXPECT_EQ(cmd | bit, vfio_cfg16(&self->d, PCI_COMMAND));
	EXPECT_EQ(bit, vfio_hw_cfg16(&self->d, PCI_COMMAND) & bit);
	EXPECT_EQ(0, vfio_command(&self->d, bit, 0));
	EXPECT_EQ(cmd, vfio_cfg16(&self->d, PCI_COMMAND));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & bit);
}

TEST_F(config, intx_disable_can_be_written_as_a_byte)
{
	uint16_t bit = PCI_COMMAND_INTX_DISABLE;
	uint8_t high = vfio_cfg8(&self->d, PCI_COMMAND + 1);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_COMMAND + 1, 1, high | bit >> 8));
	EXPECT_EQ(bit, vfio_cfg16(&self->d, PCI_COMMAND) & bit);
	EXPECT_EQ(bit, vfio_hw_cfg16(&self->d, PCI_COMMAND) & bit);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_COMMAND + 1, 1, high));
	EXPECT_EQ(0, vfio_cfg16(&self->d, PCI_COMMAND) & bit);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & bit);
}

TEST_F(config, intx_disable_is_what_the_user_wrote_whatever_the_device_says)
{
	uint16_t cmd = vfio_hw_cfg16(&self->d, PCI_COMMAND);

	ASSERT_EQ(0, vfio_hw_cfg_write(&self->d, PCI_COMMAND, 2,
				       cmd | PCI_COMMAND_INTX_DISABLE));
	EXPECT_EQ(cmd, vfio_cfg16(&self->d, PCI_COMMAND));
	EXPECT_EQ(0, vfio_hw_cfg_write(&self->d, PCI_COMMAND, 2, cmd));
}

/* --- Closing ------------------------------------------------------------ */

TEST_F(config, what_the_user_wrote_is_forgotten_with_the_last_close)
{
	uint32_t bar = vfio_cfg32(&self->d, PCI_BASE_ADDRESS_0);
	uint32_t line = vfio_cfg8(&self->d, PCI_INTERRUPT_LINE);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_BASE_ADDRESS_0, 4, ~bar));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_INTERRUPT_LINE, 1, ~line));
	EXPECT_EQ(0, vfio_command(&self->d, 0, PCI_COMMAND_INTX_DISABLE |
					       PCI_COMMAND_MASTER));
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));

	EXPECT_EQ(bar, vfio_cfg32(&self->d, PCI_BASE_ADDRESS_0));
	EXPECT_EQ(line, vfio_cfg8(&self->d, PCI_INTERRUPT_LINE));
	EXPECT_EQ(0, vfio_cfg16(&self->d, PCI_COMMAND) &
		     (PCI_COMMAND_INTX_DISABLE | PCI_COMMAND_MASTER));
}

VFIO_TEST_MAIN
