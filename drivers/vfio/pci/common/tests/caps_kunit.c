// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability chains, as devices have them and as no device should.  Whatever a
 * device says, the user finds a chain that ends, capabilities that do not reach
 * into each other or out of config space, and everything else raw.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>

#include "fake.h"

#define STD_SIZE	PCI_CFG_SPACE_SIZE
#define EXT_SIZE	PCI_CFG_SPACE_EXP_SIZE

/* Capabilities with and without a place in what the user sees, and lengths */
#define ID_PM		0x01	/* 8 bytes */
#define ID_SLOTID	0x04	/* hidden */
#define ID_MSI		0x05	/* 10 bytes with no flag */
#define ID_VNDR		0x09	/* length at +2, written at will */
#define ID_MSIX		0x11	/* 12 bytes, read-only */
#define EXT_AER		0x01	/* 0x2c bytes */
#define EXT_RCLD	0x05	/* hidden */
#define EXT_VSEC	0x0b	/* length in bits 31:20 of +4, written at will */
#define EXT_DSN		0x03	/* 12 bytes, read-only */
#define EXT_LTR		0x18	/* 8 bytes, read-only */

enum rights { RAW, RO, VIRT_RO };

static const char * const rights_names[] = {
	[RAW] = "raw", [RO] = "read-only", [VIRT_RO] = "virtual",
};

/* A device whose chain begins at @first */
static struct fake_pci *create(struct kunit *test, u8 first)
{
	struct fake_pci *fake = fake_create(test, "fake");
	unsigned int i;

	/* All of it answers, with zero for a header of no capability */
	for (i = 0x40; i < STD_SIZE; i++)
		fake->hw[i] = i;
	fake->hw[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	fake->hw[PCI_CAPABILITY_LIST] = first;
	return fake;
}

/* The same with extended config space, announced at 0x40 */
static struct fake_pci *create_ext(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_express(fake, 0x40, 0);
	return fake;
}

static void open(struct kunit *test, struct fake_pci *fake, u16 size)
{
	KUNIT_ASSERT_EQ(test, fake_open(fake, size), 0);
}

/* What the user may do with a byte, by trying; the device ends as it was */
static enum rights rights_of(struct kunit *test, struct fake_pci *fake, u16 pos)
{
	u8 old = fake->hw[pos];
	bool reached, seen;

	fake_write(test, fake, pos, 1, old ^ 0xff);
	reached = fake->hw[pos] != old;
	fake->hw[pos] = old ^ 0xff;
	seen = fake_read(test, fake, pos, 1) == (old ^ 0xff);
	fake->hw[pos] = old;
	if (reached)
		return RAW;
	return seen ? RO : VIRT_RO;
}

static void expect_rights(struct kunit *test, struct fake_pci *fake, u16 from,
			  u16 to, enum rights want)
{
	u16 pos;

	for (pos = from; pos < to; pos++) {
		enum rights is = rights_of(test, fake, pos);

		KUNIT_EXPECT_EQ_MSG(test, is, want, "byte %#x is %s, not %s",
				    pos, rights_names[is], rights_names[want]);
	}
}

/* The chain that the user follows, and the ID he finds at each place */
static void expect_std(struct kunit *test, struct fake_pci *fake,
		       const u8 *want, unsigned int nr)
{
	u8 pos = fake_read(test, fake, PCI_CAPABILITY_LIST, 1);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, !!nr, !!(fake_read(test, fake, PCI_STATUS, 2) &
				       PCI_STATUS_CAP_LIST));
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_EQ_MSG(test, pos, want[i], "capability %u", i);
		KUNIT_EXPECT_EQ_MSG(test, fake_read(test, fake, pos, 1),
				    (u32)fake->hw[pos], "ID at %#x", pos);
		pos = fake_read(test, fake, pos + PCI_CAP_LIST_NEXT, 1);
	}
	KUNIT_EXPECT_EQ_MSG(test, pos, 0, "behind the last capability");
}

#define EXPECT_STD(test, fake, ...)					\
	expect_std(test, fake, (const u8[]){ __VA_ARGS__ },		\
		   sizeof((u8[]){ __VA_ARGS__ }))

static void expect_ext(struct kunit *test, struct fake_pci *fake,
		       const u16 *want, unsigned int nr)
{
	u32 first = fake_read(test, fake, STD_SIZE, 4), header = first;
	u16 pos = STD_SIZE;
	unsigned int i;

	if (!nr)
		KUNIT_EXPECT_EQ(test, first, 0);
	/* A place holder, where the first is hidden, has a next pointer only */
	if (nr && want[0] != STD_SIZE) {
		KUNIT_EXPECT_EQ(test, first & 0xfffff, 0);
		pos = first >> 20;
	}
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_EQ_MSG(test, pos, want[i], "capability %u", i);
		header = fake_read(test, fake, pos, 4);
		KUNIT_EXPECT_EQ_MSG(test, header & 0xfffff,
				    fake_get(&fake->hw[pos], 4) & 0xfffff,
				    "ID and version at %#x", pos);
		pos = header >> 20;
	}
	if (nr)
		KUNIT_EXPECT_EQ_MSG(test, pos, 0, "behind the last capability");
}

#define EXPECT_EXT(test, fake, ...)					\
	expect_ext(test, fake, (const u16[]){ __VA_ARGS__ },		\
		   ARRAY_SIZE(((const u16[]){ __VA_ARGS__ })))

/* Standard capabilities ------------------------------------------------- */

static void test_order_of_the_device_is_kept(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x80);

	fake_std_cap(fake, 0x80, ID_PM, 0x40);
	fake_std_cap(fake, 0x40, ID_MSIX, 0xc0);
	fake_std_cap(fake, 0xc0, ID_MSI, 0);
	fake_put(&fake->hw[0xc2], 2, 0);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x80, 0x40, 0xc0);
	expect_rights(test, fake, 0x40, 0x42, VIRT_RO);
	expect_rights(test, fake, 0x42, 0x4c, RO);
	expect_rights(test, fake, 0x4c, 0x80, RAW);
	expect_rights(test, fake, 0x88, 0xc0, RAW);
	expect_rights(test, fake, 0xca, 0x100, RAW);
	fake_close(fake);
}

static void test_no_capability(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	/* What is there does not count if the status doesn't say so */
	fake_std_cap(fake, 0x40, ID_MSIX, 0);
	fake->hw[PCI_STATUS] = 0;
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake);
	expect_rights(test, fake, 0x40, 0x100, RAW);
	fake_close(fake);
}

static void test_hidden(struct kunit *test)
{
	static const u8 ids[] = {
		0x00, 0x04, 0x06, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x14,
		0x15, 0x16, 0x7f, 0xff,
	};
	struct fake_pci *fake = create(test, 0x40);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		fake_std_cap(fake, 0x40, ids[i], 0x60);
		fake_std_cap(fake, 0x60, ID_MSIX, 0x80);
		fake_std_cap(fake, 0x80, ids[i], 0xa0);
		fake_std_cap(fake, 0xa0, ID_PM, 0xc0);
		fake_std_cap(fake, 0xc0, ids[i], 0);
		open(test, fake, STD_SIZE);
		EXPECT_STD(test, fake, 0x60, 0xa0);
		expect_rights(test, fake, 0x40, 0x60, RAW);
		expect_rights(test, fake, 0x80, 0xa0, RAW);
		expect_rights(test, fake, 0xc0, 0x100, RAW);
		fake_close(fake);
	}
}

static void test_all_hidden(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_SLOTID, 0x60);
	fake_std_cap(fake, 0x60, ID_SLOTID, 0);
	open(test, fake, STD_SIZE);
	/* The status says that there is none, whatever the device says */
	EXPECT_STD(test, fake);
	expect_rights(test, fake, 0x40, 0x100, RAW);
	fake_close(fake);
}

static void test_empty_vendor_specific_is_hidden(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_VNDR, 0x60);
	fake->hw[0x42] = 0;
	fake_std_cap(fake, 0x60, ID_MSIX, 0);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x60);
	expect_rights(test, fake, 0x40, 0x60, RAW);
	fake_close(fake);
}

static void test_loop_to_itself(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_MSIX, 0x40);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x40);
	fake_close(fake);
}

static void test_loop(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_PM, 0x60);
	fake_std_cap(fake, 0x60, ID_MSIX, 0x80);
	fake_std_cap(fake, 0x80, ID_MSIX, 0x60);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x40, 0x60, 0x80);
	fake_close(fake);
}

static void test_loop_of_hidden(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_MSIX, 0x60);
	fake_std_cap(fake, 0x60, ID_SLOTID, 0x80);
	fake_std_cap(fake, 0x80, ID_SLOTID, 0x60);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x40);
	fake_close(fake);
}

/* Pointers into the header, and where no capability fits, end the chain */
static void test_pointer_to_nowhere(struct kunit *test)
{
	static const u8 nexts[] = { 0x01, 0x04, 0x20, 0x3f, 0xfd, 0xfe, 0xff };
	struct fake_pci *fake = create(test, 0x40);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nexts); i++) {
		fake_std_cap(fake, 0x40, ID_MSIX, nexts[i]);
		open(test, fake, STD_SIZE);
		EXPECT_STD(test, fake, 0x40);
		expect_rights(test, fake, 0x4c, 0x100, RAW);
		fake_close(fake);
	}
}

static void test_first_pointer_to_nowhere(struct kunit *test)
{
	static const u8 firsts[] = { 0x00, 0x04, 0x3f, 0xfd, 0xff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		struct fake_pci *fake = create(test, firsts[i]);

		open(test, fake, STD_SIZE);
		EXPECT_STD(test, fake);
		expect_rights(test, fake, 0x40, 0x100, RAW);
		fake_close(fake);
	}
}

/* Low bits of a pointer are not masked: some devices mean them */
static void test_unaligned_pointer(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x41);

	fake_std_cap(fake, 0x41, ID_MSIX, 0x62);
	fake_std_cap(fake, 0x62, ID_MSI, 0);
	fake_put(&fake->hw[0x64], 2, PCI_MSI_FLAGS_64BIT);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x41, 0x62);
	expect_rights(test, fake, 0x40, 0x41, RAW);
	expect_rights(test, fake, 0x41, 0x43, VIRT_RO);
	expect_rights(test, fake, 0x43, 0x4d, RO);
	expect_rights(test, fake, 0x4d, 0x62, RAW);
	expect_rights(test, fake, 0x62 + 14, 0x100, RAW);
	fake_close(fake);
}

/* As many as there is room for, with and without an end */
static void test_full(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);
	u8 chain[48];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(chain); i++) {
		chain[i] = 0x40 + 4 * i;
		fake_std_cap(fake, chain[i], ID_VNDR, chain[i] + 4);
		fake->hw[chain[i] + 2] = 4;
	}
	/* The last one points to 0; then to the first one */
	for (i = 0; i < 2; i++) {
		open(test, fake, STD_SIZE);
		expect_std(test, fake, chain, ARRAY_SIZE(chain));
		expect_rights(test, fake, 0xfc, 0xfe, VIRT_RO);
		expect_rights(test, fake, 0xfe, 0x100, RAW);
		fake_close(fake);
		fake->hw[0xfd] = 0x40;
	}
}

/* More than there is room for, each in the middle of the one before */
static void test_too_long(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);
	u8 chain[48];
	unsigned int i;

	for (i = 0x40; i < STD_SIZE; i += 2)
		fake_std_cap(fake, i, ID_VNDR, i + 2);
	for (i = 0; i < ARRAY_SIZE(chain); i++)
		chain[i] = 0x40 + 2 * i;
	open(test, fake, STD_SIZE);
	expect_std(test, fake, chain, ARRAY_SIZE(chain));
	fake_close(fake);
}

/* A capability that claims bytes of another is read, but not written */
static void test_overlap(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_MSI, 0x44);
	fake_put(&fake->hw[0x42], 2, 0);
	fake_std_cap(fake, 0x44, ID_MSIX, 0);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x40, 0x44);
	expect_rights(test, fake, 0x40, 0x42, VIRT_RO);
	expect_rights(test, fake, 0x42, 0x44, RO);
	expect_rights(test, fake, 0x44, 0x46, VIRT_RO);
	expect_rights(test, fake, 0x46, 0x50, RO);
	expect_rights(test, fake, 0x50, 0x100, RAW);
	fake_close(fake);
}

/* What may be written at will gives no right to another's bytes */
static void test_overlap_by_raw(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_VNDR, 0x50);
	fake->hw[0x42] = 0x80;
	fake_std_cap(fake, 0x50, ID_MSIX, 0);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x40, 0x50);
	expect_rights(test, fake, 0x42, 0x50, RAW);
	expect_rights(test, fake, 0x50, 0x52, VIRT_RO);
	expect_rights(test, fake, 0x52, 0x5c, RO);
	expect_rights(test, fake, 0x5c, 0xc0, RAW);
	fake_close(fake);
}

/* What reaches behind the end ends there, and is read-only */
static void test_clipped(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0xf0);

	fake_express(fake, 0xf0, 0);
	memset(&fake->hw[STD_SIZE], 0x11, 0x40);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0xf0);
	expect_rights(test, fake, 0xf0, 0xf2, VIRT_RO);
	expect_rights(test, fake, 0xf2, 0x100, RO);
	fake_close(fake);
}

static void test_clipped_raw(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0xf8);

	fake_std_cap(fake, 0xf8, ID_VNDR, 0);
	fake->hw[0xfa] = 0xff;
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0xf8);
	expect_rights(test, fake, 0xf8, 0xfa, VIRT_RO);
	expect_rights(test, fake, 0xfa, 0x100, RAW);
	fake_close(fake);
}

/* A length register that would lie behind the end */
static void test_length_behind_the_end(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0xfc);

	/* SATA has it at +4 */
	fake_std_cap(fake, 0xfc, PCI_CAP_ID_SATA, 0);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake);
	expect_rights(test, fake, 0xfc, 0x100, RAW);
	fake_close(fake);
}

/* Extended capabilities ------------------------------------------------- */

static void test_ext(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_DSN, 1, 0x800);
	fake_ext_cap(fake, 0x800, EXT_LTR, 15, 0x140);
	fake_ext_cap(fake, 0x140, EXT_AER, 2, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100, 0x800, 0x140);
	expect_rights(test, fake, 0x100, 0x104, VIRT_RO);
	expect_rights(test, fake, 0x104, 0x10c, RO);
	expect_rights(test, fake, 0x10c, 0x140, RAW);
	expect_rights(test, fake, 0x16c, 0x180, RAW);
	expect_rights(test, fake, 0x800, 0x804, VIRT_RO);
	expect_rights(test, fake, 0x804, 0x808, RO);
	expect_rights(test, fake, 0xff0, 0x1000, RAW);
	fake_close(fake);
}

static void test_ext_by_pcix(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, PCI_CAP_ID_PCIX, 0);
	fake_put(&fake->hw[0x42], 2, 0x2000);
	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100);
	expect_rights(test, fake, 0x100, 0x104, VIRT_RO);
	fake_close(fake);
}

/* Extended space of a device that announces none, and one that is empty */
static void test_ext_not_announced(struct kunit *test)
{
	struct fake_pci *fake = create(test, 0x40);

	fake_std_cap(fake, 0x40, ID_PM, 0);
	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0);
	open(test, fake, EXT_SIZE);
	expect_rights(test, fake, 0x100, 0x120, RAW);
	fake_close(fake);

	fake_std_cap(fake, 0x40, PCI_CAP_ID_PCIX, 0);
	fake_put(&fake->hw[0x42], 2, 0x0000);
	open(test, fake, EXT_SIZE);
	expect_rights(test, fake, 0x100, 0x120, RAW);
	fake_close(fake);
}

static void test_ext_empty(struct kunit *test)
{
	static const u32 headers[] = { 0, ~0u };
	struct fake_pci *fake = create_ext(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		fake_put(&fake->hw[0x100], 4, headers[i]);
		open(test, fake, EXT_SIZE);
		expect_rights(test, fake, 0x100, 0x120, RAW);
		KUNIT_EXPECT_EQ(test, fake_read(test, fake, 0x100, 4),
				headers[i]);
		fake_close(fake);
	}
}

/* 256 bytes are all there is, whatever is announced */
static void test_ext_of_small_space(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);
	u64 pos = vfio_pci_common_index_to_offset(VFIO_PCI_CONFIG_REGION_INDEX);
	u8 byte;

	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0);
	open(test, fake, STD_SIZE);
	EXPECT_STD(test, fake, 0x40);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(fake, pos + 0x100, &byte, 1),
			-EFAULT);
	fake_close(fake);
}

static void test_ext_hidden(struct kunit *test)
{
	static const u16 ids[] = {
		0x00, 0x05, 0x06, 0x07, 0x0a, 0x0c, 0x11, 0x14, 0x19, 0x1a,
		0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x24, 0x25,
		0x26, 0x29, 0x2a, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0xff, 0x101,
		0xfffe,
	};
	struct fake_pci *fake = create_ext(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0x120);
		fake_ext_cap(fake, 0x120, ids[i], 1, 0x140);
		fake_ext_cap(fake, 0x140, EXT_DSN, 1, 0x160);
		fake_ext_cap(fake, 0x160, ids[i], 1, 0);
		open(test, fake, EXT_SIZE);
		EXPECT_EXT(test, fake, 0x100, 0x140);
		expect_rights(test, fake, 0x120, 0x140, RAW);
		expect_rights(test, fake, 0x160, 0x180, RAW);
		fake_close(fake);
	}
}

/* The chain begins at 0x100: there the header, alone, is virtual */
static void test_ext_first_hidden(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_RCLD, 3, 0x120);
	fake_ext_cap(fake, 0x120, EXT_RCLD, 3, 0x140);
	fake_ext_cap(fake, 0x140, EXT_LTR, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x140);
	expect_rights(test, fake, 0x100, 0x104, VIRT_RO);
	expect_rights(test, fake, 0x104, 0x140, RAW);
	fake_close(fake);
}

static void test_ext_all_hidden(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_RCLD, 1, 0x120);
	fake_ext_cap(fake, 0x120, EXT_RCLD, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake);
	expect_rights(test, fake, 0x100, 0x104, VIRT_RO);
	expect_rights(test, fake, 0x104, 0x140, RAW);
	fake_close(fake);
}

/* ID 0 with a next pointer is a place holder, and the chain goes on */
static void test_ext_null_first(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, 0, 0, 0x200);
	fake_ext_cap(fake, 0x200, EXT_LTR, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x200);
	expect_rights(test, fake, 0x100, 0x104, VIRT_RO);
	fake_close(fake);
}

static void test_ext_zero_header_ends(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0x200);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100);
	expect_rights(test, fake, 0x200, 0x208, RAW);
	fake_close(fake);
}

static void test_ext_all_ones_ends(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0x200);
	fake_put(&fake->hw[0x200], 4, ~0u);
	/* Where its next field leads to */
	fake_ext_cap(fake, 0xffc, EXT_LTR, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100);
	expect_rights(test, fake, 0x200, 0x208, RAW);
	fake_close(fake);
}

static void test_ext_pointer_to_header(struct kunit *test)
{
	static const u16 nexts[] = { 0x004, 0x040, 0x0fc };
	struct fake_pci *fake = create_ext(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nexts); i++) {
		fake_ext_cap(fake, 0x100, EXT_LTR, 1, nexts[i]);
		open(test, fake, EXT_SIZE);
		EXPECT_EXT(test, fake, 0x100);
		fake_close(fake);
	}
}

/* The two low bits of a pointer are reserved (PCIe 6.0, 7.6.3) */
static void test_ext_unaligned_pointer(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0x203);
	fake_ext_cap(fake, 0x200, EXT_LTR, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_STD(test, fake, 0x40);
	KUNIT_EXPECT_EQ(test, fake_read(test, fake, 0x100, 4) >> 20 & ~3u,
			0x200);
	expect_rights(test, fake, 0x200, 0x204, VIRT_RO);
	fake_close(fake);
}

static void test_ext_loop(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0x120);
	fake_ext_cap(fake, 0x120, EXT_DSN, 1, 0x100);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100, 0x120);
	fake_close(fake);

	fake_ext_cap(fake, 0x120, EXT_DSN, 1, 0x120);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100, 0x120);
	fake_close(fake);
}

static void test_ext_overlap(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	/* AER has writable registers from +4 on */
	fake_ext_cap(fake, 0x100, EXT_AER, 1, 0x110);
	fake_ext_cap(fake, 0x110, EXT_LTR, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100, 0x110);
	expect_rights(test, fake, 0x104, 0x110, RO);
	expect_rights(test, fake, 0x110, 0x114, VIRT_RO);
	expect_rights(test, fake, 0x114, 0x118, RO);
	fake_close(fake);
}

static void test_ext_overlap_by_raw(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_VSEC, 1, 0x200);
	fake_put(&fake->hw[0x104], 4, 0xfffu << 20);
	fake_ext_cap(fake, 0x200, EXT_DSN, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100, 0x200);
	expect_rights(test, fake, 0x104, 0x108, RAW);
	expect_rights(test, fake, 0x200, 0x204, VIRT_RO);
	expect_rights(test, fake, 0x204, 0x20c, RO);
	expect_rights(test, fake, 0xffc, 0x1000, RAW);
	fake_close(fake);
}

static void test_ext_clipped(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0xff0);
	fake_ext_cap(fake, 0xff0, EXT_AER, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100, 0xff0);
	expect_rights(test, fake, 0xff0, 0xff4, VIRT_RO);
	expect_rights(test, fake, 0xff4, 0x1000, RO);
	fake_close(fake);
}

/* A length register that would lie behind the end */
static void test_ext_length_behind_the_end(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);

	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0xffc);
	fake_ext_cap(fake, 0xffc, EXT_VSEC, 1, 0);
	open(test, fake, EXT_SIZE);
	EXPECT_EXT(test, fake, 0x100);
	expect_rights(test, fake, 0xffc, 0x1000, RAW);
	fake_close(fake);
}

/* One at every dword: each overlaps the next */
static void test_ext_full(struct kunit *test)
{
	struct fake_pci *fake = create_ext(test);
	u16 *chain = kunit_kcalloc(test, 960, sizeof(*chain), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, chain);
	for (i = 0; i < 960; i++) {
		chain[i] = 0x100 + 4 * i;
		fake_ext_cap(fake, chain[i], EXT_LTR, 1,
			     (chain[i] + 4) % EXT_SIZE);
	}
	open(test, fake, EXT_SIZE);
	expect_ext(test, fake, chain, 960);
	fake_close(fake);
}

/* A device that stops to answer while its chains are walked */
static void test_error_fails_the_open(struct kunit *test)
{
	static const u16 bytes[] = {
		0x04, 0x34, 0x40, 0x41, 0x42, 0x60, 0x62, 0x100, 0x120, 0x124,
	};
	struct fake_pci *fake = create_ext(test);
	unsigned int i;

	fake_express(fake, 0x40, 0x60);
	fake_std_cap(fake, 0x60, ID_MSI, 0);
	fake_ext_cap(fake, 0x100, EXT_LTR, 1, 0x120);
	fake_ext_cap(fake, 0x120, EXT_VSEC, 1, 0);
	fake_put(&fake->hw[0x124], 4, 0x10u << 20);
	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		int ret;

		fake->fail_at = bytes[i];
		ret = fake_open(fake, EXT_SIZE);
		/* Without an answer at 0x100 there is no extended space */
		if (bytes[i] == 0x100 && !ret) {
			expect_rights(test, fake, 0x120, 0x140, RAW);
			fake_close(fake);
			continue;
		}
		KUNIT_EXPECT_EQ_MSG(test, ret, -ENODEV, "byte %#x", bytes[i]);
		KUNIT_EXPECT_NULL(test, fake->vdev.config.map);
		KUNIT_EXPECT_NULL(test, fake->vdev.config.vcopy);
	}
	fake->fail_at = 0;
	open(test, fake, EXT_SIZE);
	EXPECT_STD(test, fake, 0x40, 0x60);
	EXPECT_EXT(test, fake, 0x100, 0x120);
	fake_close(fake);
}

static struct kunit_case caps_tests[] = {
	KUNIT_CASE(test_order_of_the_device_is_kept),
	KUNIT_CASE(test_no_capability),
	KUNIT_CASE(test_hidden),
	KUNIT_CASE(test_all_hidden),
	KUNIT_CASE(test_empty_vendor_specific_is_hidden),
	KUNIT_CASE(test_loop_to_itself),
	KUNIT_CASE(test_loop),
	KUNIT_CASE(test_loop_of_hidden),
	KUNIT_CASE(test_pointer_to_nowhere),
	KUNIT_CASE(test_first_pointer_to_nowhere),
	KUNIT_CASE(test_unaligned_pointer),
	KUNIT_CASE(test_full),
	KUNIT_CASE(test_too_long),
	KUNIT_CASE(test_overlap),
	KUNIT_CASE(test_overlap_by_raw),
	KUNIT_CASE(test_clipped),
	KUNIT_CASE(test_clipped_raw),
	KUNIT_CASE(test_length_behind_the_end),
	KUNIT_CASE(test_ext),
	KUNIT_CASE(test_ext_by_pcix),
	KUNIT_CASE(test_ext_not_announced),
	KUNIT_CASE(test_ext_empty),
	KUNIT_CASE(test_ext_of_small_space),
	KUNIT_CASE(test_ext_hidden),
	KUNIT_CASE(test_ext_first_hidden),
	KUNIT_CASE(test_ext_all_hidden),
	KUNIT_CASE(test_ext_null_first),
	KUNIT_CASE(test_ext_zero_header_ends),
	KUNIT_CASE(test_ext_all_ones_ends),
	KUNIT_CASE(test_ext_pointer_to_header),
	KUNIT_CASE(test_ext_unaligned_pointer),
	KUNIT_CASE(test_ext_loop),
	KUNIT_CASE(test_ext_overlap),
	KUNIT_CASE(test_ext_overlap_by_raw),
	KUNIT_CASE(test_ext_clipped),
	KUNIT_CASE(test_ext_length_behind_the_end),
	KUNIT_CASE(test_ext_full),
	KUNIT_CASE(test_error_fails_the_open),
	{ }
};

static struct kunit_suite caps_suite = {
	.name = "vfio_pci_caps",
	.test_cases = caps_tests,
};

kunit_test_suite(caps_suite);
