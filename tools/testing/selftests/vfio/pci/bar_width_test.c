// SPDX-License-Identifier: GPL-2.0-only
/* BARs by read and write: that each byte is the right one, and access widths */
#include <unistd.h>

#include "edu.h"
#include "vfio_harness.h"

FIXTURE(ram)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(ram)
{
	struct vfio_target target;
};

FIXTURE_SETUP(ram)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(ram)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(ram, ivshmem)
{
	.target = { .name = "ivshmem" },
};

#define RAM		2	/* BAR that is memory and nothing else */

static void pattern(uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = i * 7 + (i >> 8) + 1;
}

TEST_F(ram, every_length_and_alignment_reads_the_same_bytes)
{
	uint8_t all[64], part[64];

	pattern(all, sizeof(all));
	ASSERT_EQ(64, vfio_region_write(&self->d, RAM, 0x1000, all, 64));
	for (size_t off = 0; off < 16; off++) {
		for (size_t len = 1; len + off <= 48; len++) {
			ASSERT_EQ(len, vfio_region_read(&self->d, RAM,
							0x1000 + off, part, len));
			ASSERT_EQ(0, memcmp(all + off, part, len))
				TH_LOG("%zu bytes at %zu", len, off);
		}
	}
}

TEST_F(ram, every_length_and_alignment_writes_those_bytes_only)
{
	uint8_t fresh[64], want[64], got[64];

	pattern(fresh, sizeof(fresh));
	for (size_t off = 0; off < 16; off++) {
		for (size_t len = 1; len + off <= 48; len++) {
			memset(want, 0xee, sizeof(want));
			ASSERT_EQ(64, vfio_region_write(&self->d, RAM, 0x2000, want, 64));
			ASSERT_EQ(len, vfio_region_write(&self->d, RAM,
							 0x2000 + off, fresh, len));
			memcpy(want + off, fresh, len);
			ASSERT_EQ(64, vfio_region_read(&self->d, RAM, 0x2000, got, 64));
			ASSERT_EQ(0, memcmp(want, got, 64))
				TH_LOG("%zu bytes at %zu", len, off);
		}
	}
}

TEST_F(ram, a_long_access_is_done_in_full)
{
	size_t len = 256 * 1024 + 13;
	uint8_t *out = malloc(len), *in = calloc(1, len);

	pattern(out, len);
	EXPECT_EQ(len, vfio_region_write(&self->d, RAM, 5, out, len));
	EXPECT_EQ(len, vfio_region_read(&self->d, RAM, 5, in, len));
	EXPECT_EQ(0, memcmp(out, in, len));
	free(out);
	free(in);
}

TEST_F(ram, survives_decoding_off_and_on)
{
	uint64_t mark = 0x0123456789abcdef, val = 0;

	ASSERT_EQ(8, vfio_region_write(&self->d, RAM, 0x3000, &mark, 8));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(-EIO, vfio_region_write(&self->d, RAM, 0x3000, &val, 8));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	ASSERT_EQ(8, vfio_region_read(&self->d, RAM, 0x3000, &val, 8));
	EXPECT_EQ(mark, val);
}

/* --- Access widths ------------------------------------------------------ */

/*
 * The edu device tells widths apart: its low registers answer to 4 bytes; an
 * access of 8 gives all ones and writes nothing, one of 1 or 2 gives zeroes
 * and writes nothing.  So what comes back shows how a read was split.
 */
FIXTURE(width)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(width)
{
	struct vfio_target target;
};

FIXTURE_SETUP(width)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(width)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(width, edu)
{
	.target = { .name = "edu" },
};

#define ID	"\xed\x00\x00\x01"			/* at 0 */
#define LIVE	"\xef\xbe\xad\xde"			/* at 4, as written below */
#define FACT	"\x01\x00\x00\x00"			/* at 8 */
#define ONES	"\xff\xff\xff\xff\xff\xff\xff\xff"
#define NONE	"\0"					/* each of 1 or 2 bytes */

static const struct {
	int off;
	int len;
	const char *split;
	const char *want;
} reads[] = {
	{ 0, 1,  "1",		NONE },
	{ 0, 2,  "2",		NONE NONE },
	{ 0, 3,  "2 1",		NONE NONE NONE },
	{ 0, 4,  "4",		ID },
	{ 1, 3,  "1 2",		NONE NONE NONE },
	{ 2, 4,  "2 2",		NONE NONE NONE NONE },
	{ 0, 5,  "4 1",		ID NONE },
	{ 0, 7,  "4 2 1",	ID NONE NONE NONE },
	{ 0, 8,  "8",		ONES },
	{ 0, 12, "8 4",		ONES FACT },
	{ 4, 4,  "4",		LIVE },
	{ 4, 8,  "4 4",		LIVE FACT },
	{ 4, 12, "4 8",		LIVE ONES },
	{ 3, 5,  "1 4",		NONE LIVE },
	{ 2, 6,  "2 4",		NONE NONE LIVE },
	{ 1, 7,  "1 2 4",	NONE NONE NONE LIVE },
	{ 1, 16, "1 2 4 8 1",	NONE NONE NONE LIVE ONES NONE },
};

static int set_edu(const struct vfio_dev *d)
{
	uint32_t live = ~0xdeadbeefU, one = 1;

	return vfio_region_write(d, 0, EDU_LIVENESS, &live, 4) == 4 &&
	       vfio_region_write(d, 0, EDU_FACTORIAL, &one, 4) == 4 ? 0 : -EIO;
}

TEST_F(width, reads_are_as_wide_as_alignment_allows)
{
	ASSERT_EQ(0, set_edu(&self->d));
	vfio_sleep_ms(20);	/* the factorial takes a moment */
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		uint8_t bytes[20];

		ASSERT_EQ(reads[i].len, vfio_region_read(&self->d, 0, reads[i].off,
							 bytes, reads[i].len));
		EXPECT_EQ(0, memcmp(reads[i].want, bytes, reads[i].len))
			TH_LOG("%d bytes at %d are not read as %s", reads[i].len,
			       reads[i].off, reads[i].split);
	}
}

static const struct {
	int off;
	int len;
	const char *split;
	bool takes;		/* a write of 4 at the register is part of it */
} writes[] = {
	{ 4, 1, "1",		false },
	{ 4, 2, "2",		false },
	{ 4, 3, "2 1",		false },
	{ 4, 4, "4",		true },
	{ 4, 6, "4 2",		true },
	{ 0, 8, "8",		false },
	{ 1, 7, "1 2 4",	true },
	{ 2, 4, "2 2",		false },
	{ 3, 4, "1 2 1",	false },
	{ 3, 5, "1 4",		true },
	{ 6, 2, "2",		false },
};

TEST_F(width, writes_are_as_wide_as_alignment_allows)
{
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		const uint8_t zeroes[8] = {};
		uint32_t val;

		ASSERT_EQ(0, set_edu(&self->d));
		ASSERT_EQ(writes[i].len,
			  vfio_region_write(&self->d, 0, writes[i].off, zeroes,
					    writes[i].len));
		ASSERT_EQ(4, vfio_region_read(&self->d, 0, EDU_LIVENESS, &val, 4));
		EXPECT_EQ(writes[i].takes ? 0xffffffff : 0xdeadbeef, val)
			TH_LOG("%d bytes at %d are not written as %s",
			       writes[i].len, writes[i].off, writes[i].split);
	}
}

/* Plain read() and write() begin with the first BAR */
TEST_F(width, the_file_position_moves_with_the_bytes)
{
	uint32_t id, live;

	ASSERT_EQ(0, set_edu(&self->d));
	ASSERT_EQ(4, read(self->d.fd, &id, 4));
	ASSERT_EQ(4, read(self->d.fd, &live, 4));
	EXPECT_EQ(0x010000ed, id);
	EXPECT_EQ(0xdeadbeef, live);
}

VFIO_TEST_MAIN
