// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every register of every capability: what the user reads from the virtual
 * copy, what of a write reaches the device, and by which accesses.
 *
 * The expected bits are those of the PCI specifications and of what users of
 * vfio-pci rely on; nothing here is taken from the library's own descriptors.
 */
#include <kunit/test.h>

#include "fake.h"

/* What a write does beyond storing bits */
enum also {
	NOTHING,
	COMMAND,	/* decode bits are kept in the virtual copy as well */
	BAR,		/* reads back as its size demands */
	MSI,		/* enable and queue size are what the kernel allows */
	FLR,		/* the reset bit goes off at once */
	OTHER,		/* through the kernel; nothing comes of it here */
};

/**
 * struct row - a register
 * @offset: from the start of the capability
 * @width: 1, 2 or 4 bytes
 * @virt: bits read from the virtual copy
 * @write: bits that may be written
 * @also: enum also
 * @flr: for FLR, the bit
 */
struct row {
	u8	offset;
	u8	width;
	u32	virt;
	u32	write;
	u8	also;
	u32	flr;
};

/**
 * struct perm_case - a capability
 * @name: of the test
 * @pos: where it is put
 * @len: bytes it owns; what follows is raw
 * @regs: registers from @pos on; those behind have a pattern
 * @rows: registers that are not as the rest of the capability, up to one
 *	without width
 * @raw: the rest is written at will, else it is read-only
 * @no_mem: a function without memory enable bit
 */
struct perm_case {
	const char		*name;
	u16			pos;
	u8			len;
	u8			regs[16];
	const struct row	*rows;
	bool			raw;
	bool			no_mem;
};

static const struct row header_rows[] = {
	{ 0x00, 2, 0xffff },
	{ 0x02, 2, 0xffff },
	{ 0x04, 2, 0x0400, 0xffff, COMMAND },
	{ 0x06, 2, 0x0010 },
	{ 0x0c, 1, 0, 0xff },
	{ 0x0d, 1, 0, 0xff },
	{ 0x0f, 1, 0, 0xff },
	{ 0x10, 4, ~0u, ~0u, BAR },
	{ 0x14, 4, ~0u, ~0u, BAR },
	{ 0x18, 4, ~0u, ~0u, BAR },
	{ 0x1c, 4, ~0u, ~0u, BAR },
	{ 0x20, 4, ~0u, ~0u, BAR },
	{ 0x24, 4, ~0u, ~0u, BAR },
	{ 0x30, 4, ~0u, ~0u, BAR },
	{ 0x34, 1, 0xff },
	{ 0x3c, 1, 0xff, 0xff },
	{ 0x3d, 1, 0xff },
	{ }
};

/* Memory enable is virtual; everything else as above */
static const struct row no_mem_rows[] = {
	{ 0x00, 2, 0xffff },
	{ 0x02, 2, 0xffff },
	{ 0x04, 2, 0x0402, 0xffff, COMMAND },
	{ 0x06, 2, 0x0010 },
	{ 0x0c, 1, 0, 0xff },
	{ 0x0d, 1, 0, 0xff },
	{ 0x0f, 1, 0, 0xff },
	{ 0x10, 4, ~0u, ~0u, BAR },
	{ 0x14, 4, ~0u, ~0u, BAR },
	{ 0x18, 4, ~0u, ~0u, BAR },
	{ 0x1c, 4, ~0u, ~0u, BAR },
	{ 0x20, 4, ~0u, ~0u, BAR },
	{ 0x24, 4, ~0u, ~0u, BAR },
	{ 0x30, 4, ~0u, ~0u, BAR },
	{ 0x34, 1, 0xff },
	{ 0x3c, 1, 0xff, 0xff },
	{ 0x3d, 1, 0xff },
	{ }
};

static const struct row pm_rows[] = {
	{ 2, 2, 0xf800 },
	{ 4, 4, 0x8100, 0xffff7efc, OTHER },
	{ }
};

static const struct row vpd_rows[] = {
	{ 2, 2, 0xffff, 0xffff, OTHER },
	{ 4, 4, ~0u, ~0u },
	{ }
};

static const struct row msi_32_rows[] = {
	{ 2, 1, 0xff, 0xff, MSI },
	{ 4, 4, ~0u, ~0u },
	{ 8, 2, 0xffff, 0xffff },
	{ }
};

static const struct row msi_64_rows[] = {
	{ 2, 1, 0xff, 0xff, MSI },
	{ 4, 4, ~0u, ~0u },
	{ 8, 4, ~0u, ~0u },
	{ 12, 2, 0xffff, 0xffff },
	{ }
};

static const struct row msi_32_mask_rows[] = {
	{ 2, 1, 0xff, 0xff, MSI },
	{ 4, 4, ~0u, ~0u },
	{ 8, 2, 0xffff, 0xffff },
	{ 12, 4, 0, ~0u },
	{ 16, 4, 0, ~0u },
	{ }
};

static const struct row msi_64_mask_rows[] = {
	{ 2, 1, 0xff, 0xff, MSI },
	{ 4, 4, ~0u, ~0u },
	{ 8, 4, ~0u, ~0u },
	{ 12, 2, 0xffff, 0xffff },
	{ 16, 4, 0, ~0u },
	{ 20, 4, 0, ~0u },
	{ }
};

static const struct row pcix_0_rows[] = {
	{ 2, 2, 0, 0xffff },
	{ }
};

static const struct row pcix_2_rows[] = {
	{ 2, 2, 0, 0xffff },
	{ 8, 4, 0, ~0u },
	{ }
};

static const struct row exp_1_rows[] = {
	{ 8, 2, 0xf0e0, 0xfdff, FLR, 0x8000 },
	{ }
};

static const struct row exp_2_rows[] = {
	{ 8, 2, 0xf0e0, 0xfdff, FLR, 0x8000 },
	{ 0x28, 2, 0, 0xffdf },
	{ }
};

static const struct row af_rows[] = {
	{ 4, 1, 0x01, 0x01, FLR, 0x01 },
	{ }
};

static const struct row err_rows[] = {
	{ 0x04, 4, 0, 0x03fff031 },
	{ 0x08, 4, 0, 0x03fff031 },
	{ 0x0c, 4, 0, 0x03fff031 },
	{ 0x10, 4, 0, 0x0000f1c1 },
	{ 0x14, 4, 0, 0x0000f1c1 },
	{ 0x18, 4, 0, 0x00000140 },
	{ }
};

/* The selector; the kernel's own vfio-pci opens the data register instead */
static const struct row pwr_rows[] = {
	{ 4, 1, 0, 0xff },
	{ }
};

static const struct perm_case perm_cases[] = {
	{ "header", 0, 64, { }, header_rows },
	{ "header without memory enable", 0, 64, { }, no_mem_rows,
	  .no_mem = true },

	{ "PM", 0x40, 8, { 0x01, 0, 0x03, 0xfe, 0x08, 0xa1 }, pm_rows },
	{ "AGP", 0x40, 12, { 0x02, 0 } },
	{ "VPD", 0x40, 8, { 0x03, 0 }, vpd_rows },
	{ "MSI 32", 0x40, 10, { 0x05, 0, 0x0a, 0 }, msi_32_rows },
	{ "MSI 64", 0x40, 14, { 0x05, 0, 0x8a, 0 }, msi_64_rows },
	{ "MSI 32 with masks", 0x40, 20, { 0x05, 0, 0x0a, 1 },
	  msi_32_mask_rows },
	{ "MSI 64 with masks", 0x40, 24, { 0x05, 0, 0x8a, 1 },
	  msi_64_mask_rows },
	{ "PCI-X 1", 0x40, 8, { 0x07, 0, 0, 0x00 }, pcix_0_rows },
	{ "PCI-X with ECC", 0x40, 24, { 0x07, 0, 0, 0x10 }, pcix_2_rows },
	{ "PCI-X 2", 0x40, 24, { 0x07, 0, 0, 0x20 }, pcix_2_rows },
	{ "HyperTransport slave", 0x40, 28, { 0x08, 0, 0, 0x00 } },
	{ "HyperTransport interrupt", 0x40, 24, { 0x08, 0, 0, 0x80 } },
	{ "vendor specific", 0x40, 20, { 0x09, 0, 20 }, .raw = true },
	{ "PCIe 1 endpoint", 0x40, 20, { 0x10, 0, 0x01 }, exp_1_rows },
	{ "PCIe 1 integrated endpoint", 0x40, 12, { 0x10, 0, 0x91 },
	  exp_1_rows },
	{ "PCIe 2 endpoint", 0x40, 0x34, { 0x10, 0, 0x02 }, exp_2_rows },
	{ "PCIe 2 legacy endpoint", 0x40, 0x34, { 0x10, 0, 0x12 },
	  exp_2_rows },
	{ "PCIe 2 integrated endpoint", 0x40, 0x2c, { 0x10, 0, 0x92 },
	  exp_2_rows },
	{ "MSI-X", 0x40, 12, { 0x11, 0, 0x03, 0 } },
	{ "SATA", 0x40, 8, { 0x12, 0, 0x10, 0, 0x08 } },
	{ "SATA inline", 0x40, 16, { 0x12, 0, 0x10, 0, 0x0f } },
	{ "AF", 0x40, 6, { 0x13, 0, 6, 0x03 }, af_rows },

	{ "AER", 0x100, 0x2c, { 0x01, 0, 2, 0 }, err_rows },
	{ "VC", 0x100, 0x1c, { 0x02, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ "VC with 8 channels", 0x100, 0x70,
	  { 0x02, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0 } },
	{ "VC with 32 phases", 0x100, 0x30,
	  { 0x02, 0, 1, 0, 0, 0, 0, 0, 0x02, 0, 0, 0 } },
	{ "VC with 64 phases", 0x100, 0x40,
	  { 0x02, 0, 1, 0, 0, 0, 0, 0, 0x06, 0, 0, 0 } },
	{ "VC with 128 phases", 0x100, 0x70,
	  { 0x02, 0, 1, 0, 1, 0, 0, 0, 0x0e, 0, 0, 0 } },
	{ "MFVC", 0x100, 0x1c, { 0x08, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ "VC with MFVC", 0x100, 0x28,
	  { 0x09, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0 } },
	{ "serial number", 0x100, 12, { 0x03, 0, 1, 0 } },
	{ "power budgeting", 0x100, 16, { 0x04, 0, 1, 0 }, pwr_rows },
	{ "vendor specific extended", 0x100, 0x24,
	  { 0x0b, 0, 1, 0, 1, 0, 0x41, 0x02 }, .raw = true },
	{ "ACS", 0x100, 8, { 0x0d, 0, 1, 0, 0x1f, 0 } },
	{ "ACS with egress control", 0x100, 12, { 0x0d, 0, 1, 0, 0x20, 5 } },
	{ "ACS with 33 egress bits", 0x100, 16, { 0x0d, 0, 1, 0, 0x20, 33 } },
	{ "ACS with 256 egress bits", 0x100, 40, { 0x0d, 0, 1, 0, 0x20, 0 } },
	{ "ARI", 0x100, 8, { 0x0e, 0, 1, 0 } },
	{ "ATS", 0x100, 8, { 0x0f, 0, 1, 0 } },
	{ "SR-IOV", 0x100, 0x40, { 0x10, 0, 1, 0 } },
	{ "multicast", 0x100, 40, { 0x12, 0, 1, 0 } },
	{ "PRI", 0x100, 16, { 0x13, 0, 1, 0 } },
	{ "resizable BAR", 0x100, 28,
	  { 0x15, 0, 1, 0, 0, 0, 0, 0, 0x60, 0, 0, 0 } },
	{ "DPA", 0x100, 20, { 0x16, 0, 1, 0, 0x03, 0, 0, 0 } },
	{ "TPH", 0x100, 12, { 0x17, 0, 1, 0, 0, 0x00, 0x07, 0 } },
	{ "TPH with table", 0x100, 28, { 0x17, 0, 1, 0, 0, 0x02, 0x07, 0 } },
	{ "TPH with table in MSI-X", 0x100, 12,
	  { 0x17, 0, 1, 0, 0, 0x04, 0x07, 0 } },
	{ "LTR", 0x100, 8, { 0x18, 0, 1, 0 } },
	{ "DVSEC", 0x100, 0x18, { 0x23, 0, 1, 0, 0x98, 0x1e, 0x81, 0x01 },
	  .raw = true },
};

static void perm_desc(const struct perm_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(perm, perm_cases, perm_desc);

/* BARs of the header cases: as the device has them, and as they are sized */
static const struct bar {
	u8	pos;
	u32	hw;
	u32	and;
	u32	or;
	u8	resource;
	u64	start;
	u64	size;
	u32	flags;
} bars[] = {
	{ 0x10, 0xfebf0000, 0xfffff000, 0x0, 0, 0xfebf0000, 0x1000,
	  IORESOURCE_MEM },
	{ 0x14, 0x0000c001, 0xffffffe0, 0x1, 1, 0xc000, 0x20,
	  IORESOURCE_IO },
	{ 0x18, 0x0000000c, 0xffff0000, 0xc, 2, 0x800000000, 0x10000,
	  IORESOURCE_MEM | IORESOURCE_MEM_64 | IORESOURCE_PREFETCH },
	{ 0x1c, 0x00000008, 0xffffffff, 0x0 },
	{ 0x20, 0x00000000, 0x00000000, 0x0 },
	{ 0x24, 0xfe000000, 0xfff00000, 0x0, 5, 0xfe000000, 0x100000,
	  IORESOURCE_MEM },
	{ 0x30, 0xfea00000, 0xffff0001, 0x0, PCI_ROM_RESOURCE, 0xfea00000,
	  0x10000, IORESOURCE_MEM },
};

/**
 * struct model - what the test expects, by byte of config space
 * @virt: bits read from the virtual copy
 * @write: bits that may be written
 * @also: enum also
 * @flr: bits that go off at once
 * @hw: what the device has
 * @vcopy: the virtual copy, where @virt has bits
 */
struct model {
	u8	virt[PCI_CFG_SPACE_EXP_SIZE];
	u8	write[PCI_CFG_SPACE_EXP_SIZE];
	u8	also[PCI_CFG_SPACE_EXP_SIZE];
	u8	flr[PCI_CFG_SPACE_EXP_SIZE];
	u8	hw[PCI_CFG_SPACE_EXP_SIZE];
	u8	vcopy[PCI_CFG_SPACE_EXP_SIZE];
};

/**
 * struct perm_test - a device with a capability
 * @fake: the device
 * @model: what is expected of it
 * @c: the capability
 * @end: of the bytes that are looked at
 */
struct perm_test {
	struct fake_pci		*fake;
	struct model		*model;
	const struct perm_case	*c;
	u16			end;
};

static u16 space_size(const struct perm_case *c)
{
	return c->pos < PCI_CFG_SPACE_SIZE ? PCI_CFG_SPACE_SIZE :
					     PCI_CFG_SPACE_EXP_SIZE;
}

static void set_bars(struct fake_pci *fake)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		fake_put(&fake->hw[bars[i].pos], 4, bars[i].hw);
		if (!bars[i].size)
			continue;
		fake->pdev.resource[bars[i].resource] =
			(struct resource)DEFINE_RES_NAMED(bars[i].start,
							  bars[i].size, NULL,
							  bars[i].flags);
	}
}

static void set_registers(struct fake_pci *fake, const struct perm_case *c)
{
	unsigned int i;

	memset(fake->hw, 0, sizeof(fake->hw));
	for (i = 0; i < 0x40; i++)
		fake->hw[i] = 0x21 + 7 * i;
	fake_put(&fake->hw[PCI_COMMAND], 2, c->no_mem ? 0x0001 : 0x0003);
	fake_put(&fake->hw[PCI_STATUS], 2, 0);
	fake->hw[PCI_CAPABILITY_LIST] = 0;
	set_bars(fake);
	if (!c->pos)
		return;

	fake_put(&fake->hw[PCI_STATUS], 2, PCI_STATUS_CAP_LIST);
	fake->hw[PCI_CAPABILITY_LIST] = 0x40;
	for (i = 0; i < c->len + 4; i++)
		fake->hw[c->pos + i] = 0x35 + 11 * i;
	memcpy(&fake->hw[c->pos], c->regs, sizeof(c->regs));
	if (c->pos >= PCI_CFG_SPACE_SIZE)
		fake_express(fake, 0x40, 0);
}

/* Where BARs are in the virtual copy, they read as their size demands */
static void size_model_bars(struct model *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		u8 *bar = &m->vcopy[bars[i].pos];

		fake_put(bar, 4, (fake_get(bar, 4) & bars[i].and) | bars[i].or);
	}
}

static void model_row(struct model *m, const struct perm_case *c,
		      const struct row *row)
{
	unsigned int pos = c->pos + row->offset;

	fake_put(&m->virt[pos], row->width, row->virt);
	fake_put(&m->write[pos], row->width, row->write);
	fake_put(&m->flr[pos], row->width, row->flr);
	memset(&m->also[pos], row->also, row->width);
}

/* ID and next pointer are virtual, of extended capabilities the whole dword */
static unsigned int header_len(const struct perm_case *c)
{
	if (!c->pos)
		return 0;
	return c->pos < PCI_CFG_SPACE_SIZE ? 2 : 4;
}

static void make_model(struct model *m, const struct perm_case *c,
		       const struct fake_pci *fake)
{
	const struct row *row;

	/* The header belongs to the first cases, the rest to nobody */
	memset(m->write, 0xff, sizeof(m->write));
	memset(&m->write[c->pos], c->raw ? 0xff : 0, c->len);
	memset(&m->write[c->pos], 0, header_len(c));
	memset(&m->virt[c->pos], 0xff, header_len(c));
	for (row = c->rows; row && row->width; row++)
		model_row(m, c, row);

	memcpy(m->hw, fake->hw, sizeof(m->hw));
	memcpy(m->vcopy, fake->hw, sizeof(m->vcopy));
	if (!c->pos)
		size_model_bars(m);
	if (c->no_mem)
		m->vcopy[PCI_COMMAND] |= PCI_COMMAND_MEMORY;
	if (c->rows == pm_rows) {
		/* No PME: bits 15:11 of PMC, 15 and 8 of PMCSR */
		m->vcopy[c->pos + 3] &= 0x07;
		m->vcopy[c->pos + 5] &= 0x7e;
	}
}

static void open_case(struct kunit *test, struct perm_test *t)
{
	t->c = test->param_value;
	t->fake = fake_create(test, "fake");
	t->model = kunit_kzalloc(test, sizeof(*t->model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->model);

	set_registers(t->fake, t->c);
	t->fake->pdev.no_command_memory = t->c->no_mem;
	make_model(t->model, t->c, t->fake);
	/* With four bytes of what follows, which are nobody's */
	t->end = t->c->pos + t->c->len + (t->c->pos ? 4 : 0);
	KUNIT_ASSERT_EQ(test, fake_open(t->fake, space_size(t->c)), 0);
}

/* Does an access lie in one owner? */
static bool whole(const struct perm_test *t, u16 pos, unsigned int len)
{
	u16 end = t->c->pos + t->c->len;

	return pos + len <= t->end && (pos >= end || pos + len <= end);
}

/* Every access of the user that lies in one owner, up to a mistake */
static void each_access(struct kunit *test, struct perm_test *t,
			void (*check)(struct kunit *test, struct perm_test *t,
				      u16 pos, unsigned int len))
{
	unsigned int len;
	u16 pos;

	for (len = 1; len <= 4; len *= 2)
		for (pos = t->c->pos; pos < t->end; pos += len)
			if (whole(t, pos, len) &&
			    READ_ONCE(test->status) != KUNIT_FAILURE)
				check(test, t, pos, len);
}

/* The device changes all bits, other than ID and what has to keep its value */
static void flip_device(struct perm_test *t)
{
	unsigned int i;

	for (i = t->c->pos + (t->c->pos ? 1 : 0); i < t->end; i++)
		t->fake->hw[i] ^= 0xff;
	if (t->c->no_mem)
		t->fake->hw[PCI_COMMAND] &= ~PCI_COMMAND_MEMORY;
	memcpy(t->model->hw, t->fake->hw, sizeof(t->model->hw));
}

static void expect_read(struct kunit *test, struct perm_test *t, u16 pos,
			unsigned int len)
{
	u32 virt = fake_get(&t->model->virt[pos], len);
	u32 hw = fake_get(&t->model->hw[pos], len);
	u32 vcopy = fake_get(&t->model->vcopy[pos], len);
	const struct fake_access *log = t->fake->log;
	bool at_device = virt != ~0u >> (32 - 8 * len);

	fake_forget(t->fake);
	KUNIT_EXPECT_EQ_MSG(test, fake_read(test, t->fake, pos, len),
			    (hw & ~virt) | (vcopy & virt),
			    "%u bytes at +%#x, device %#x, copy %#x", len,
			    pos - t->c->pos, hw, vcopy);

	KUNIT_EXPECT_EQ_MSG(test, t->fake->nr_log, at_device,
			    "accesses for %u bytes at +%#x", len,
			    pos - t->c->pos);
	if (t->fake->nr_log)
		KUNIT_EXPECT_TRUE_MSG(test, !log->write && log->pos == pos &&
				      log->len == len,
				      "%u bytes at +%#x: access to %u at %#x",
				      len, pos - t->c->pos, log->len, log->pos);
}

/* Each bit comes from the device or the copy; the copy alone costs no access */
static void test_read(struct kunit *test)
{
	struct perm_test t;

	open_case(test, &t);
	each_access(test, &t, expect_read);
	flip_device(&t);
	each_access(test, &t, expect_read);
	fake_close(t.fake);
}

static u8 also_of(const struct model *m, u16 pos, unsigned int len)
{
	for (; len--; pos++)
		if (m->also[pos])
			return m->also[pos];
	return NOTHING;
}

static void model_msi(struct model *m, u16 flags, u8 old)
{
	/* Neither enabled nor allocated: enable and queue size are 0 */
	m->vcopy[flags] = old & ~0x71;
	memcpy(&m->hw[flags], &m->vcopy[flags], 2);
}

/* What a write leaves behind */
static void model_write(struct perm_test *t, u16 pos, unsigned int len,
			u32 val)
{
	struct model *m = t->model;
	u8 msi = m->vcopy[t->c->pos + 2];
	unsigned int i;

	for (i = pos; i < pos + len; i++, val >>= 8) {
		u8 to_copy = m->write[i] & m->virt[i];
		u8 to_hw = m->write[i] & ~m->virt[i];

		m->vcopy[i] = (m->vcopy[i] & ~to_copy) | (val & to_copy);
		m->hw[i] = (m->hw[i] & ~to_hw) | (val & to_hw);
		if (i == PCI_COMMAND && pos == PCI_COMMAND)
			m->vcopy[i] = (m->vcopy[i] & ~3) | (val & 3);
		m->vcopy[i] &= ~m->flr[i];
	}

	switch (also_of(m, pos, len)) {
	case BAR:
		size_model_bars(m);
		break;
	case MSI:
		model_msi(m, t->c->pos + 2, msi);
		break;
	}
}

/* New values for the device, other than where it would be healed */
static void stir_device(struct perm_test *t, u16 pos, unsigned int len, u32 mix)
{
	unsigned int i;

	for (i = pos; i < pos + len; i++, mix = ror32(mix, 7)) {
		if (t->model->also[i] == BAR)
			continue;
		t->fake->hw[i] = mix * 0x9e3779b1 >> 24;
		if (i == PCI_COMMAND)
			t->fake->hw[i] |= t->c->no_mem ? 0x01 : 0x03;
		t->model->hw[i] = t->fake->hw[i];
	}
}

/* The accesses of a write: one, of its width, after one read if it is partial */
static void expect_accesses(struct kunit *test, struct perm_test *t, u16 pos,
			    unsigned int len, u32 old)
{
	u32 virt = fake_get(&t->model->virt[pos], len);
	u32 write = fake_get(&t->model->write[pos], len);
	u32 now = fake_get(&t->model->hw[pos], len);
	const struct fake_access *log = t->fake->log;
	unsigned int want = 0;

	if (write & ~virt)
		want = (write & ~virt) == ~0u >> (32 - 8 * len) ? 1 : 2;
	KUNIT_EXPECT_EQ_MSG(test, t->fake->nr_log, want,
			    "accesses for %u bytes at +%#x", len,
			    pos - t->c->pos);
	if (t->fake->nr_log != want)
		return;
	if (want == 2) {
		KUNIT_EXPECT_TRUE_MSG(test, !log->write && log->pos == pos &&
				      log->len == len && log->val == old,
				      "%u bytes at +%#x: read of %u at %#x",
				      len, pos - t->c->pos, log->len, log->pos);
		log++;
	}
	if (want)
		KUNIT_EXPECT_TRUE_MSG(test, log->write && log->pos == pos &&
				      log->len == len && log->val == now,
				      "%u bytes at +%#x: write of %u at %#x: %#x",
				      len, pos - t->c->pos, log->len, log->pos,
				      log->val);
}

/*
 * The same where the kernel has a part in it, which may look at other
 * registers: of the bytes themselves there is one write.
 */
static void expect_writes(struct kunit *test, struct perm_test *t, u16 pos,
			  unsigned int len)
{
	u32 virt = fake_get(&t->model->virt[pos], len);
	u32 write = fake_get(&t->model->write[pos], len);
	unsigned int want = write & ~virt ? 1 : 0, i, nr = 0;

	if (also_of(t->model, pos, len) == MSI) {
		/* The control word, whatever part of it was written */
		pos = t->c->pos + 2;
		len = 2;
		want = 1;
	}

	KUNIT_ASSERT_LE(test, t->fake->nr_log, FAKE_LOG);
	for (i = 0; i < t->fake->nr_log; i++) {
		const struct fake_access *log = &t->fake->log[i];

		if (!log->write || log->pos + log->len <= pos ||
		    log->pos >= pos + len)
			continue;
		KUNIT_EXPECT_TRUE_MSG(test, log->pos == pos && log->len == len,
				      "%u bytes at +%#x: write of %u at %#x",
				      len, pos - t->c->pos, log->len, log->pos);
		nr++;
	}
	KUNIT_EXPECT_EQ_MSG(test, nr, want, "writes for %u bytes at +%#x", len,
			    pos - t->c->pos);
}

static void expect_state(struct kunit *test, struct perm_test *t, u16 pos,
			 unsigned int len, u32 val)
{
	const u8 *vcopy = t->fake->vdev.config.vcopy;
	const struct model *m = t->model;
	unsigned int i, size = space_size(t->c);

	for (i = 0; i < size; i++) {
		u8 virt = i < t->c->pos || i >= t->end ? 0 : m->virt[i];

		/* The decode bits are judged by, but not read */
		if (i == PCI_COMMAND && !t->c->pos)
			virt |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
		if (t->fake->hw[i] == m->hw[i] &&
		    !((vcopy[i] ^ m->vcopy[i]) & virt))
			continue;
		KUNIT_FAIL(test,
			   "%#x in %u bytes at +%#x: byte %#x has %02x and copy %02x, not %02x and %02x (%02x)",
			   val, len, pos - t->c->pos, i, t->fake->hw[i],
			   vcopy[i], m->hw[i], m->vcopy[i], virt);
		/* One report for one mistake */
		memcpy(t->fake->hw, m->hw, size);
		memcpy(t->fake->vdev.config.vcopy, m->vcopy, size);
		return;
	}
}

static void expect_write(struct kunit *test, struct perm_test *t, u16 pos,
			 unsigned int len, u32 val)
{
	u32 old;

	stir_device(t, pos, len, val + pos + len);
	old = fake_get(&t->model->hw[pos], len);
	fake_forget(t->fake);
	fake_write(test, t->fake, pos, len, val);

	model_write(t, pos, len, val);
	if (also_of(t->model, pos, len) == NOTHING)
		expect_accesses(test, t, pos, len, old);
	else
		expect_writes(test, t, pos, len);
	expect_state(test, t, pos, len, val);
	expect_read(test, t, pos, len);
}

static void expect_all_writes(struct kunit *test, struct perm_test *t, u16 pos,
			      unsigned int len)
{
	static const u32 vals[] = {
		0x5a5a5a5a, 0xa5a5a5a5, ~0u, 0, 0x12345678,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vals); i++)
		expect_write(test, t, pos, len, vals[i]);
}

/* Each bit reaches the device, the copy or nothing; all others keep */
static void test_write(struct kunit *test)
{
	struct perm_test t;

	open_case(test, &t);
	each_access(test, &t, expect_all_writes);
	fake_close(t.fake);
}

static struct kunit_case perm_tests[] = {
	KUNIT_CASE_PARAM(test_read, perm_gen_params),
	KUNIT_CASE_PARAM(test_write, perm_gen_params),
	{ }
};

static struct kunit_suite perm_suite = {
	.name = "vfio_pci_perm",
	.test_cases = perm_tests,
};

kunit_test_suite(perm_suite);
