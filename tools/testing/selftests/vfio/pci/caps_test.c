// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every capability, byte by byte: what the user may see, what stays with the
 * virtual copy and what reaches the device.
 *
 * Most capabilities are found on no emulated device, so that the module
 * vfio_pci_fakecfg serves them.  A variant of the fixture is a row of the
 * specification: the capability's image and the rules of its registers.  To
 * each byte, and then to each dword, the opposite of what it holds is written;
 * what the user reads back and what the device has seen must be as the rules
 * say, as must be the bytes behind the capability, which are nobody's and go
 * to the device.
 */
#include <endian.h>

#include "fakecfg.h"
#include "vfio_harness.h"

/* A device with nothing from 0xc0 on in either part of its config space */
static const struct vfio_target target = { .name = "nvme" };

#define STD_POS		0xc0	/* the standard capability that is tested */
#define STD_TAIL	0xf8	/* and the one behind it */
#define EXT_FIRST	0x100	/* an extended one that leads to */
#define EXT_POS		0x200	/* the one that is tested, and to */
#define EXT_TAIL	0x600	/* one behind it */
#define EXT_END		0x610
#define GAP		4	/* bytes looked at behind a capability */

#define AF_LENGTH	6

/** enum kind - what becomes of the bytes that no rule of a row is about */
enum kind {
	/** @TABLE: read from the device, not writable */
	TABLE,
	/** @READONLY: the same, but the user's writes are not even looked at */
	READONLY,
	/** @RAW_WRITE: writes go to the device as they are */
	RAW_WRITE,
	/** @HIDDEN: not on the chain the user sees; its bytes are nobody's */
	HIDDEN,
	/** @HEADER: no capability, the header of the config space */
	HEADER,
};

/** enum odd - what a handler does beyond the bits of a rule */
enum odd {
	/** @ECHOES: it gives the device the word that the user then reads */
	ECHOES = 1,
	/** @MAY_ECHO: the same, but it may as well do nothing */
	MAY_ECHO = 2,
	/** @MORE: it writes to the device once more */
	MORE = 4,
	/** @COOKED: what the user reads depends on more than the last write */
	COOKED = 8,
	/** @IMPROVED: the kernel's own driver is known to do otherwise */
	IMPROVED = 16,
};

/**
 * struct rule - a register, as the specification's tables have it
 * @off: offset in the capability
 * @width: bytes, at most 4
 * @virt: bits that the user reads from the virtual copy
 * @vwrite: those of @virt that take what the user writes
 * @hw: bits of a write that reach the device
 * @clear: bits of @virt that are 0 at open, whatever the device has
 * @odd: exceptions
 */
struct rule {
	unsigned int off;
	int width;
	uint32_t virt;
	uint32_t vwrite;
	uint32_t hw;
	uint32_t clear;
	unsigned int odd;
};

/** struct reg - part of an image: a register and its contents */
struct reg {
	unsigned int off;
	int width;
	uint32_t val;
};

#define MAX_HIDDEN	32

/**
 * struct subject - a fake with a capability in it, opened
 * @fake: the fake
 * @d: the device
 * @pos: where the capability is
 * @len: its length
 * @end: bytes that are looked at
 */
struct subject {
	struct fakecfg fake;
	struct vfio_dev d;
	unsigned int pos;
	unsigned int len;
	unsigned int end;
};

/**
 * struct row - a row of the specification
 * @ext: an extended capability
 * @id: its ID
 * @len: length that the user is to see, for HIDDEN ones: of each
 * @kind: see there
 * @image: what is not filled with a pattern
 * @rules: what is not as @kind says
 * @hidden: instead of @id: several, one behind the other
 * @nr_hidden: how many
 * @rescan: the PCI core must have found it as well
 */
struct row {
	bool ext;
	uint16_t id;
	unsigned int len;
	enum kind kind;
	struct reg image[8];
	struct rule rules[12];
	uint16_t hidden[MAX_HIDDEN];
	int nr_hidden;
	bool rescan;
};

FIXTURE(cap) {
	struct subject s;
};

FIXTURE_VARIANT(cap) {
	struct row row;
};

/*
 * Images
 */

/* Neither 0 nor all ones, different from byte to byte */
static uint8_t pattern(unsigned int off)
{
	return 0x5a ^ (off * 7);
}

static void put_header(struct fakecfg *f, bool ext, unsigned int pos,
		       unsigned int id, unsigned int next)
{
	if (ext)
		fakecfg_put(f, pos, 4, id | 1 << 16 | next << 20);
	else
		fakecfg_put(f, pos, 2, id | next << 8);
}

static void put_hidden(struct fakecfg *f, const struct row *v, unsigned int pos,
		       unsigned int tail)
{
	for (int i = 0; i < v->nr_hidden; i++, pos += v->len)
		put_header(f, v->ext, pos, v->hidden[i],
			   i + 1 < v->nr_hidden ? pos + v->len : tail);
}

static void put_cap(struct fakecfg *f, const struct row *v, unsigned int pos,
		    unsigned int tail)
{
	if (v->nr_hidden)
		put_hidden(f, v, pos, tail);
	else
		put_header(f, v->ext, pos, v->id, tail);
	for (const struct reg *r = v->image; r->width; r++)
		fakecfg_put(f, pos + r->off, r->width, r->val);
}

static void put_pattern(struct fakecfg *f, unsigned int pos, unsigned int end)
{
	for (unsigned int i = pos; i < end; i++)
		fakecfg_put(f, i, 1, pattern(i));
	fakecfg_allow(f, pos, end - pos);
}

/* Advanced Features: short, and refuses resets without FLR */
static void put_af(struct fakecfg *f, unsigned int pos, uint8_t features)
{
	fakecfg_put(f, pos, 4, PCI_CAP_ID_AF | AF_LENGTH << 16 | features << 24);
	fakecfg_put(f, pos + PCI_AF_CTRL, 2, 0);
}

static void put_std(struct fakecfg *f, const struct row *v)
{
	put_pattern(f, STD_POS, PCI_CFG_SPACE_SIZE);
	fakecfg_put(f, PCI_CAPABILITY_LIST, 1, STD_POS);
	put_cap(f, v, STD_POS, STD_TAIL);
	put_af(f, STD_TAIL, 0);
}

static void put_ext(struct fakecfg *f, const struct row *v)
{
	put_pattern(f, EXT_FIRST, EXT_END);
	put_header(f, true, EXT_FIRST, PCI_EXT_CAP_ID_DSN, EXT_POS);
	put_cap(f, v, EXT_POS, EXT_TAIL);
	put_header(f, true, EXT_TAIL, PCI_EXT_CAP_ID_ARI, 0);
}

/* The device's own header, so that the kernel can work with it */
static void copy_header(struct fakecfg *f, const struct vfio_dev *d)
{
	for (unsigned int i = 0; i < PCI_STD_HEADER_SIZEOF; i += 4)
		fakecfg_put(f, i, 4, vfio_hw_cfg32(d, i));
	fakecfg_allow(f, 0, PCI_STD_HEADER_SIZEOF);
}

FIXTURE_SETUP(cap)
{
	const struct row *v = &variant->row;
	const char *why = fakecfg_missing(&target);
	struct subject *s = &self->s;

	s->d = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&s->fake, &target));
	s->len = v->nr_hidden ? v->len * v->nr_hidden : v->len;
	s->end = s->len + GAP;

	if (v->kind == HEADER) {
		s->end = s->len;
		ASSERT_EQ(0, vfio_dev_open(&s->d, &target));
		copy_header(&s->fake, &s->d);
		vfio_dev_close(&s->d);
	} else if (v->ext) {
		s->pos = EXT_POS;
		put_ext(&s->fake, v);
	} else {
		s->pos = STD_POS;
		put_std(&s->fake, v);
	}
	ASSERT_EQ(0, fakecfg_load(&s->fake));
	if (v->rescan)
		ASSERT_EQ(0, fakecfg_rescan(&s->fake));
	ASSERT_EQ(0, vfio_dev_open(&s->d, &target));
}

FIXTURE_TEARDOWN(cap)
{
	vfio_dev_close(&self->s.d);
	fakecfg_remove(&self->s.fake);
	if (variant->row.rescan)
		EXPECT_EQ(0, fakecfg_rescan(&self->s.fake));
}

/*
 * Rules
 */

/* A capability's own header, and what is behind it */
static struct rule kind_rule(const struct subject *s, const struct row *v,
			     unsigned int off)
{
	struct rule r = { .off = off, .width = 1 };

	if (off >= s->len || v->kind == HIDDEN || v->kind == RAW_WRITE)
		r.hw = 0xff;
	if (off >= s->len || v->kind == HIDDEN || v->kind == HEADER)
		return r;
	/* Next is as the user is to see it, and so is all of an extended one. */
	if (off == 1 || (v->ext && off < 4))
		r.virt = 0xff;
	/* Mainline lets writes to the header through to the device. */
	if (off < (v->ext ? 4 : 2) && v->kind == RAW_WRITE) {
		r.hw = 0;
		r.odd = IMPROVED;
	}
	return r;
}

static bool rule_covers(const struct rule *r, unsigned int off)
{
	return off >= r->off && off < r->off + r->width;
}

/* The byte at @off of the rule that covers it */
static struct rule byte_rule(const struct subject *s, const struct row *v,
			     unsigned int off)
{
	const struct rule *r;
	int shift;

	for (r = v->rules; r->width; r++) {
		if (!rule_covers(r, off))
			continue;
		shift = 8 * (off - r->off);
		return (struct rule){
			.off = off,
			.width = 1,
			.virt = r->virt >> shift & 0xff,
			.vwrite = r->vwrite >> shift & 0xff,
			.hw = r->hw >> shift & 0xff,
			.clear = r->clear >> shift & 0xff,
			.odd = r->odd,
		};
	}
	return kind_rule(s, v, off);
}

static struct rule wide_rule(const struct subject *s, const struct row *v,
			     unsigned int off, int width)
{
	struct rule sum = { .off = off, .width = width };
	struct rule r;

	for (int i = 0; i < width; i++) {
		r = byte_rule(s, v, off + i);
		sum.virt |= r.virt << (8 * i);
		sum.vwrite |= r.vwrite << (8 * i);
		sum.hw |= r.hw << (8 * i);
		sum.clear |= r.clear << (8 * i);
		sum.odd |= r.odd;
	}
	return sum;
}

static uint32_t bits_of(int width)
{
	return width == 4 ? ~0U : (1U << (8 * width)) - 1;
}

/* What a register becomes whose @mask bits are written */
static uint32_t written(uint32_t old, uint32_t new, uint32_t mask)
{
	return (old & ~mask) | (new & mask);
}

/* The bits that the user finds changed after a write */
static uint32_t user_mask(const struct rule *r)
{
	return (r->virt & r->vwrite) | (~r->virt & r->hw);
}

/*
 * Checks: each says what is wrong and counts it; 0 is as it should be
 */

static int is(const char *what, const struct rule *r, uint32_t want, uint32_t got)
{
	if (want == got)
		return 0;
	fprintf(stderr, "# +0x%x, %d bytes: %s: 0x%x, not 0x%x\n",
		r->off, r->width, what, got, want);
	return 1;
}

/* Drop the reads */
static int writes_only(struct fakecfg_access *log, int n)
{
	int writes = 0;

	for (int i = 0; i < n; i++)
		if (log[i].write)
			log[writes++] = log[i];
	return writes;
}

#define LOG	16

/* Writes that reached this part of the device since the log was cleared */
static int writes_seen(const struct fakecfg *f, unsigned int pos, size_t len,
		       struct fakecfg_access *log)
{
	int n = fakecfg_log(f, pos, len, log, LOG);

	return n < 0 || n > LOG ? -EOVERFLOW : writes_only(log, n);
}

/* Of a write that is to change @want in the device, exactly that is seen. */
static int check_one_write(const struct subject *s, const struct rule *r,
			   uint32_t want)
{
	struct fakecfg_access log[LOG];
	int n = writes_seen(&s->fake, s->pos, s->end, log);
	int wrong;

	if (is("writes that reached the device", r, r->hw ? 1 : 0, n))
		return 1;
	if (!n)
		return 0;
	wrong = is("offset of the write", r, s->pos + r->off, log[0].offset);
	wrong += is("width of the write", r, r->width, log[0].width);
	return wrong + is("value written to the device", r, want, log[0].value);
}

static int check_echoes(const struct subject *s, const struct rule *r)
{
	struct fakecfg_access log[LOG];
	int n = writes_seen(&s->fake, s->pos, s->end, log);
	int wrong = 0;

	for (int i = 0; i < n; i++) {
		wrong += is("width of the echo", r, 2, log[i].width);
		wrong += is("value echoed", r, vfio_cfg16(&s->d, log[i].offset),
			    log[i].value);
	}
	if (!n && r->odd & MAY_ECHO)
		return 0;
	return wrong + is("echoes", r, 1, n);
}

static uint32_t user_reads(const struct subject *s, unsigned int off, int width)
{
	uint32_t val;

	return vfio_cfg_read(&s->d, s->pos + off, width, &val) ? ~0U : val;
}

static int check_write(const struct subject *s, const struct row *v,
		       const struct rule *r)
{
	unsigned int at = s->pos + r->off;
	uint32_t bits = bits_of(r->width);
	uint32_t user = user_reads(s, r->off, r->width);
	uint32_t hw = fakecfg_peek(&s->fake, at, r->width);
	uint32_t new = ~user & bits;
	uint32_t want = written(hw, new, r->hw);
	int wrong;

	if (r->odd & IMPROVED && vfio_stock()) {
		fprintf(stderr, "# SKIP +0x%x, %d bytes: the stock driver does otherwise\n",
			r->off, r->width);
		return 0;
	}

	fakecfg_log_clear(&s->fake);
	wrong = is("result of the write", r, 0,
		   vfio_cfg_write(&s->d, at, r->width, new));
	if (r->odd & (ECHOES | MAY_ECHO))
		wrong += check_echoes(s, r);
	else if (r->odd & MORE)
		wrong += is("contents of the device", r, want,
			    fakecfg_peek(&s->fake, at, r->width));
	else
		wrong += check_one_write(s, r, want);
	if (!(r->odd & COOKED))
		wrong += is("read back", r, written(user, new, user_mask(r)),
			    user_reads(s, r->off, r->width));
	return wrong;
}

static int check_read(const struct subject *s, const struct row *v, const struct rule *r)
{
	unsigned int at = s->pos + r->off;
	struct fakecfg_access log[LOG];
	uint32_t got;
	int wrong, n;

	if (r->odd & COOKED)
		return 0;
	fakecfg_log_clear(&s->fake);
	got = user_reads(s, r->off, r->width);
	n = fakecfg_log(&s->fake, at, r->width, log, LOG);
	wrong = is("read", r, fakecfg_peek(&s->fake, at, r->width) & ~r->clear,
		   got);
	if (v->kind == TABLE && r->virt == bits_of(r->width))
		wrong += is("reads of the device", r, 0, n);
	return wrong;
}

/*
 * Rows: standard capabilities
 */

FIXTURE_VARIANT_ADD(cap, power_management) { .row = {
	.id = PCI_CAP_ID_PM, .len = 8, .kind = TABLE,
	/* D0, PME possible from each state, enabled and signalled */
	.image = { { 2, 2, 0xffc3 }, { 4, 4, 0x5a3c9f08 } },
	.rules = {
		{ 2, 2, .virt = 0xf800, .clear = 0xf800 },
		{ 4, 4, .virt = 0x8100, .clear = 0x8100, .hw = ~0x8103 },
	},
} };

FIXTURE_VARIANT_ADD(cap, agp) { .row = {
	.id = PCI_CAP_ID_AGP, .len = 12, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, vpd) { .row = {
	.id = PCI_CAP_ID_VPD, .len = 8, .kind = TABLE,
	.rules = {
		{ 2, 2, .virt = 0xffff, .vwrite = 0xffff },
		{ 4, 4, .virt = ~0, .vwrite = ~0 },
	},
} };

/*
 * MSI is not in use here, so that Enable is refused and the queue size is 0.
 * The other bits of the low control byte are the device's; mainline lets the
 * user find there what he wrote.  It also takes a write that ends just before
 * the control word for one to it.
 */
#define MSI_NEXT	{ 1, 1, .virt = 0xff, .odd = MAY_ECHO }
#define MSI_CONTROL	{ 2, 1, .virt = 0xff, .odd = ECHOES | IMPROVED }

FIXTURE_VARIANT_ADD(cap, msi_32) { .row = {
	.id = PCI_CAP_ID_MSI, .len = 10, .kind = TABLE,
	.image = { { 2, 2, 0xa402 } },
	.rules = {
		MSI_NEXT, MSI_CONTROL,
		{ 4, 4, .virt = ~0, .vwrite = ~0 },
		{ 8, 2, .virt = 0xffff, .vwrite = 0xffff },
	},
} };

FIXTURE_VARIANT_ADD(cap, msi_64) { .row = {
	.id = PCI_CAP_ID_MSI, .len = 14, .kind = TABLE,
	.image = { { 2, 2, 0xa484 } },
	.rules = {
		MSI_NEXT, MSI_CONTROL,
		{ 4, 4, .virt = ~0, .vwrite = ~0 },
		{ 8, 4, .virt = ~0, .vwrite = ~0 },
		{ 12, 2, .virt = 0xffff, .vwrite = 0xffff },
	},
} };

FIXTURE_VARIANT_ADD(cap, msi_32_mask) { .row = {
	.id = PCI_CAP_ID_MSI, .len = 20, .kind = TABLE,
	.image = { { 2, 2, 0xa50a } },
	.rules = {
		MSI_NEXT, MSI_CONTROL,
		{ 4, 4, .virt = ~0, .vwrite = ~0 },
		{ 8, 2, .virt = 0xffff, .vwrite = 0xffff },
		{ 12, 4, .hw = ~0 },
		{ 16, 4, .hw = ~0 },
	},
} };

FIXTURE_VARIANT_ADD(cap, msi_64_mask) { .row = {
	.id = PCI_CAP_ID_MSI, .len = 24, .kind = TABLE,
	.image = { { 2, 2, 0xa58a } },
	.rules = {
		MSI_NEXT, MSI_CONTROL,
		{ 4, 4, .virt = ~0, .vwrite = ~0 },
		{ 8, 4, .virt = ~0, .vwrite = ~0 },
		{ 12, 2, .virt = 0xffff, .vwrite = 0xffff },
		{ 16, 4, .hw = ~0 },
		{ 20, 4, .hw = ~0 },
	},
} };

FIXTURE_VARIANT_ADD(cap, pcix_v0) { .row = {
	.id = PCI_CAP_ID_PCIX, .len = 8, .kind = TABLE,
	.image = { { 2, 2, 0x005a } },
	.rules = { { 2, 2, .hw = 0xffff } },
} };

FIXTURE_VARIANT_ADD(cap, pcix_v1) { .row = {
	.id = PCI_CAP_ID_PCIX, .len = 24, .kind = TABLE,
	.image = { { 2, 2, 0x105a } },
	.rules = { { 2, 2, .hw = 0xffff }, { 8, 4, .hw = ~0 } },
} };

FIXTURE_VARIANT_ADD(cap, pcix_v2) { .row = {
	.id = PCI_CAP_ID_PCIX, .len = 24, .kind = TABLE,
	.image = { { 2, 2, 0x205a } },
	.rules = { { 2, 2, .hw = 0xffff }, { 8, 4, .hw = ~0 } },
} };

FIXTURE_VARIANT_ADD(cap, hypertransport_host) { .row = {
	.id = PCI_CAP_ID_HT, .len = 28, .kind = READONLY,
	.image = { { 2, 2, 0x1f5a } },
} };

FIXTURE_VARIANT_ADD(cap, hypertransport_other) { .row = {
	.id = PCI_CAP_ID_HT, .len = 24, .kind = READONLY,
	.image = { { 2, 2, 0xa05a } },
} };

FIXTURE_VARIANT_ADD(cap, vendor_specific) { .row = {
	.id = PCI_CAP_ID_VNDR, .len = 0x2b, .kind = RAW_WRITE,
	.image = { { 2, 1, 0x2b } },
} };

/*
 * Payload size, read request and function reset stay with the virtual copy.
 * The kernel then sets the read request in the device if it can: to the same
 * value here.
 */
#define PCIE_DEVCTL \
	{ PCI_EXP_DEVCTL, 2, .virt = 0xf0e0, .vwrite = 0x70e0, .hw = 0x7d1f, \
	  .odd = MORE }
#define PCIE_DEVCTL2 \
	{ PCI_EXP_DEVCTL2, 2, .hw = 0xffdf }
/* No reset in the device capabilities, 512 bytes for payload and request */
#define PCIE_NO_RESET	{ PCI_EXP_DEVCAP, 4, 0x05a08fc2 }
#define PCIE_512	{ PCI_EXP_DEVCTL, 2, 0x2a5a }

FIXTURE_VARIANT_ADD(cap, pcie_v1) { .row = {
	.id = PCI_CAP_ID_EXP, .len = 20, .kind = TABLE, .rescan = true,
	.image = { { PCI_EXP_FLAGS, 2, 0x0001 }, PCIE_NO_RESET, PCIE_512 },
	.rules = { PCIE_DEVCTL },
} };

FIXTURE_VARIANT_ADD(cap, pcie_v1_integrated) { .row = {
	.id = PCI_CAP_ID_EXP, .len = 12, .kind = TABLE, .rescan = true,
	.image = { { PCI_EXP_FLAGS, 2, 0x0091 }, PCIE_NO_RESET, PCIE_512 },
	.rules = { PCIE_DEVCTL },
} };

FIXTURE_VARIANT_ADD(cap, pcie_v2) { .row = {
	.id = PCI_CAP_ID_EXP, .len = 0x34, .kind = TABLE, .rescan = true,
	.image = { { PCI_EXP_FLAGS, 2, 0x0002 }, PCIE_NO_RESET, PCIE_512 },
	.rules = { PCIE_DEVCTL, PCIE_DEVCTL2 },
} };

FIXTURE_VARIANT_ADD(cap, pcie_v2_integrated) { .row = {
	.id = PCI_CAP_ID_EXP, .len = 0x2c, .kind = TABLE, .rescan = true,
	.image = { { PCI_EXP_FLAGS, 2, 0x0092 }, PCIE_NO_RESET, PCIE_512 },
	.rules = { PCIE_DEVCTL, PCIE_DEVCTL2 },
} };

FIXTURE_VARIANT_ADD(cap, msix) { .row = {
	.id = PCI_CAP_ID_MSIX, .len = 12, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, sata) { .row = {
	.id = PCI_CAP_ID_SATA, .len = 8, .kind = READONLY,
	.image = { { 4, 4, 0x00005a44 } },
} };

FIXTURE_VARIANT_ADD(cap, sata_inline) { .row = {
	.id = PCI_CAP_ID_SATA, .len = 16, .kind = READONLY,
	.image = { { 4, 4, 0x00005a4f } },
} };

FIXTURE_VARIANT_ADD(cap, advanced_features) { .row = {
	.id = PCI_CAP_ID_AF, .len = AF_LENGTH, .kind = TABLE,
	/* Reset is refused: no FLR.  The bit that asks for it always reads 0. */
	.image = { { PCI_AF_CAP, 3, PCI_AF_CAP_TP | 0x5a0000 } },
	.rules = { { PCI_AF_CTRL, 1, .virt = PCI_AF_CTRL_FLR } },
} };

FIXTURE_VARIANT_ADD(cap, hidden_standard) { .row = {
	.len = 4, .kind = HIDDEN,
	.hidden = { 0x00, PCI_CAP_ID_SLOTID, PCI_CAP_ID_CHSWP, PCI_CAP_ID_DBG,
		    PCI_CAP_ID_CCRC, PCI_CAP_ID_SHPC, PCI_CAP_ID_SSVID,
		    PCI_CAP_ID_AGP3, PCI_CAP_ID_SECDEV, PCI_CAP_ID_EA,
		    0x15, 0x7f, 0xff },
	.nr_hidden = 13,
} };

/*
 * Rows: extended capabilities
 */

FIXTURE_VARIANT_ADD(cap, aer) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_ERR, .len = 0x2c, .kind = TABLE,
	.rules = {
		{ 0, 4, .virt = ~0 },
		{ PCI_ERR_UNCOR_STATUS, 4, .hw = 0x03fff031 },
		{ PCI_ERR_UNCOR_MASK, 4, .hw = 0x03fff031 },
		{ PCI_ERR_UNCOR_SEVER, 4, .hw = 0x03fff031 },
		{ PCI_ERR_COR_STATUS, 4, .hw = 0x0000f1c1 },
		{ PCI_ERR_COR_MASK, 4, .hw = 0x0000f1c1 },
		{ PCI_ERR_CAP, 4, .hw = 0x140 },
	},
} };

/* One virtual channel, then up to eight, then with arbitration tables */
FIXTURE_VARIANT_ADD(cap, vc) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_VC, .len = 0x1c, .kind = READONLY,
	.image = { { PCI_VC_PORT_CAP1, 4, 0x5a58 }, { PCI_VC_PORT_CAP2, 4, 0 } },
} };

FIXTURE_VARIANT_ADD(cap, vc9_eight) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_VC9, .len = 0x70, .kind = READONLY,
	.image = { { PCI_VC_PORT_CAP1, 4, 7 }, { PCI_VC_PORT_CAP2, 4, 0x01 } },
} };

FIXTURE_VARIANT_ADD(cap, vc_128_phases) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_VC, .len = 0x70, .kind = READONLY,
	.image = { { PCI_VC_PORT_CAP1, 4, 1 },
		   { PCI_VC_PORT_CAP2, 4, 0x03000008 } },
} };

FIXTURE_VARIANT_ADD(cap, mfvc_64_phases) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_MFVC, .len = 0x60, .kind = READONLY,
	.image = { { PCI_VC_PORT_CAP1, 4, 2 },
		   { PCI_VC_PORT_CAP2, 4, 0x04000006 } },
} };

FIXTURE_VARIANT_ADD(cap, vc_32_phases) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_VC, .len = 0x80, .kind = READONLY,
	.image = { { PCI_VC_PORT_CAP1, 4, 7 },
		   { PCI_VC_PORT_CAP2, 4, 0x05000002 } },
} };

FIXTURE_VARIANT_ADD(cap, serial_number) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_DSN, .len = 12, .kind = READONLY,
} };

/* The selector is open; mainline opens the data register instead. */
FIXTURE_VARIANT_ADD(cap, power_budgeting) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_PWR, .len = 16, .kind = TABLE,
	.rules = {
		{ 0, 4, .virt = ~0 },
		{ PCI_PWR_DSR, 1, .hw = 0xff, .odd = IMPROVED },
		{ PCI_PWR_DATA, 1, .odd = IMPROVED },
	},
} };

FIXTURE_VARIANT_ADD(cap, vendor_specific_extended) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_VNDR, .len = 0x1a, .kind = RAW_WRITE,
	.image = { { 4, 4, 0x01a51234 } },
} };

FIXTURE_VARIANT_ADD(cap, acs) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_ACS, .len = 8, .kind = READONLY,
	.image = { { PCI_ACS_CAP, 2, 0x285f } },
} };

FIXTURE_VARIANT_ADD(cap, acs_egress) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_ACS, .len = 16, .kind = READONLY,
	.image = { { PCI_ACS_CAP, 2, 0x287f } },
} };

FIXTURE_VARIANT_ADD(cap, acs_egress_256) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_ACS, .len = 40, .kind = READONLY,
	.image = { { PCI_ACS_CAP, 2, 0x007f } },
} };

FIXTURE_VARIANT_ADD(cap, ari) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_ARI, .len = 8, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, ats) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_ATS, .len = 8, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, sriov) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_SRIOV, .len = 0x40, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, multicast) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_MCAST, .len = 40, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, pri) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_PRI, .len = 16, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, rebar_one) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_REBAR, .len = 12, .kind = READONLY,
	.image = { { 8, 1, 0x3f } },
} };

FIXTURE_VARIANT_ADD(cap, rebar_six) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_REBAR, .len = 52, .kind = READONLY,
	.image = { { 8, 1, 0xdf } },
} };

FIXTURE_VARIANT_ADD(cap, dpa) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_DPA, .len = 22, .kind = READONLY,
	.image = { { 4, 1, 0xe5 } },
} };

FIXTURE_VARIANT_ADD(cap, dpa_max) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_DPA, .len = 48, .kind = READONLY,
	.image = { { 4, 1, 0x1f } },
} };

FIXTURE_VARIANT_ADD(cap, tph) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_TPH, .len = 12, .kind = READONLY,
	.image = { { PCI_TPH_CAP, 4, 0x00070000 } },
} };

FIXTURE_VARIANT_ADD(cap, tph_table) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_TPH, .len = 28, .kind = READONLY,
	.image = { { PCI_TPH_CAP, 4, 0x00070200 } },
} };

FIXTURE_VARIANT_ADD(cap, tph_table_msix) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_TPH, .len = 12, .kind = READONLY,
	.image = { { PCI_TPH_CAP, 4, 0x00070400 } },
} };

FIXTURE_VARIANT_ADD(cap, ltr) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_LTR, .len = 8, .kind = READONLY,
} };

FIXTURE_VARIANT_ADD(cap, dvsec) { .row = {
	.ext = true, .id = PCI_EXT_CAP_ID_DVSEC, .len = 0x16, .kind = RAW_WRITE,
	.image = { { 4, 4, 0x01601234 } },
} };

FIXTURE_VARIANT_ADD(cap, hidden_extended) { .row = {
	.ext = true, .len = 8, .kind = HIDDEN,
	.hidden = { 0x05, 0x06, 0x07, 0x0a, 0x0c, 0x11, 0x14, 0x19, 0x1a, 0x1b,
		    0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x24, 0x25, 0x26,
		    0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30,
		    0x31, 0x7fff },
	.nr_hidden = 32,
} };

/*
 * Row: the header
 */

FIXTURE_VARIANT_ADD(cap, header) { .row = {
	.len = PCI_STD_HEADER_SIZEOF, .kind = HEADER,
	.rules = {
		{ PCI_VENDOR_ID, 4, .virt = ~0 },
		/* INTx-disable follows in the device if it can */
		{ PCI_COMMAND, 2, .virt = 0x0400, .vwrite = 0x0400,
		  .hw = 0xffff, .odd = MORE },
		{ PCI_STATUS, 2, .virt = 0x0010 },
		{ PCI_CACHE_LINE_SIZE, 2, .hw = 0xffff },
		{ PCI_BIST, 1, .hw = 0xff },
		{ PCI_BASE_ADDRESS_0, 4, .virt = ~0, .odd = COOKED },
		{ PCI_BASE_ADDRESS_1, 4, .virt = ~0, .odd = COOKED },
		{ PCI_BASE_ADDRESS_2, 16, .virt = ~0, .odd = COOKED },
		{ PCI_ROM_ADDRESS, 4, .virt = ~0, .odd = COOKED },
		{ PCI_CAPABILITY_LIST, 1, .virt = 0xff },
		{ PCI_INTERRUPT_LINE, 2, .virt = 0xffff, .vwrite = 0x00ff },
	},
} };

/* Each byte, then each dword of the capability */
static int each_access(const struct subject *s, const struct row *v,
		       int (*check)(const struct subject *s,
				    const struct row *v, const struct rule *r))
{
	struct rule r;
	int wrong = 0;

	for (unsigned int off = 0; off < s->end; off++) {
		r = wide_rule(s, v, off, 1);
		wrong += check(s, v, &r);
	}
	for (unsigned int off = 0; off + 4 <= s->len; off += 4) {
		r = wide_rule(s, v, off, 4);
		wrong += check(s, v, &r);
	}
	return wrong;
}

static int check_std_chain(const struct subject *s,
			   const struct row *v)
{
	struct rule r = { .off = PCI_CAPABILITY_LIST, .width = 1 };
	unsigned int shown = v->kind != HIDDEN;
	struct vfio_cap caps[VFIO_MAX_CAPS];
	int n = vfio_caps(&s->d, false, caps);
	int wrong = is("capabilities", &r, 1 + shown, n);

	if (wrong)
		return wrong;
	if (shown)
		wrong = is("first position", &r, STD_POS, caps[0].pos) +
			is("first ID", &r, v->id, caps[0].id);
	return wrong + is("last position", &r, STD_TAIL, caps[shown].pos);
}

static int check_ext_chain(const struct subject *s,
			   const struct row *v)
{
	struct rule r = { .off = EXT_FIRST, .width = 4 };
	unsigned int shown = v->kind != HIDDEN;
	struct vfio_cap caps[VFIO_MAX_CAPS];
	int n = vfio_ecaps(&s->d, false, caps);
	int wrong = is("capabilities", &r, 2 + shown, n);

	if (wrong)
		return wrong;
	wrong = is("first position", &r, EXT_FIRST, caps[0].pos);
	if (shown)
		wrong += is("second position", &r, EXT_POS, caps[1].pos) +
			 is("second ID", &r, v->id, caps[1].id);
	return wrong + is("last position", &r, EXT_TAIL, caps[1 + shown].pos);
}

static int check_chain(const struct subject *s,
		       const struct row *v)
{
	if (v->kind == HEADER)
		return 0;
	return v->ext ? check_ext_chain(s, v) : check_std_chain(s, v);
}

/* The capability is on the chain and holds what the device has */
TEST_F(cap, read)
{
	EXPECT_EQ(0, check_chain(&self->s, &variant->row));
	EXPECT_EQ(0, each_access(&self->s, &variant->row, check_read));
}

TEST_F(cap, write)
{
	EXPECT_EQ(0, each_access(&self->s, &variant->row, check_write));
}

/*
 * What a write makes the kernel do
 */

#define REAL_PM		0x60	/* capabilities that the device has itself */
#define REAL_PCIE	0x80

FIXTURE(act) {
	struct fakecfg fake;
	struct vfio_dev d;
	bool rescan;
};

FIXTURE_SETUP(act)
{
	const char *why = fakecfg_missing(&target);

	self->d = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fake, &target));
	put_pattern(&self->fake, STD_POS, PCI_CFG_SPACE_SIZE);
	fakecfg_put(&self->fake, PCI_CAPABILITY_LIST, 1, STD_POS);
}

FIXTURE_TEARDOWN(act)
{
	vfio_dev_close(&self->d);
	fakecfg_remove(&self->fake);
	if (self->rescan)
		EXPECT_EQ(0, fakecfg_rescan(&self->fake));
}

static int act_open(const struct fakecfg *f, struct vfio_dev *d, bool rescan)
{
	int ret = fakecfg_load(f);

	if (!ret && rescan)
		ret = fakecfg_rescan(f);
	if (!ret)
		ret = vfio_dev_open(d, &target);
	if (!ret)
		ret = fakecfg_log_clear(f);
	return ret;
}

/* Whether these bits of a word were written in the device with that value */
static bool device_got(const struct fakecfg *f, unsigned int pos,
		       uint16_t mask, uint16_t val)
{
	static struct fakecfg_access log[FAKECFG_MAX_LOG];
	int n = fakecfg_log(f, pos, 2, log, FAKECFG_MAX_LOG);

	for (int i = 0; i < n; i++)
		if (log[i].write && log[i].offset == pos && log[i].width >= 2 &&
		    (log[i].value & mask) == val)
			return true;
	return false;
}

static bool device_was_reset(const struct fakecfg *f)
{
	return device_got(f, REAL_PCIE + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR,
			  PCI_EXP_DEVCTL_BCR_FLR);
}

static void put_pcie(struct fakecfg *f, uint32_t devcap)
{
	fakecfg_put(f, STD_POS, 4, PCI_CAP_ID_EXP | 0x0002 << 16);
	fakecfg_put(f, STD_POS + PCI_EXP_DEVCAP, 4, devcap);
	fakecfg_put(f, STD_POS + PCI_EXP_DEVCTL, 2, 0x2810);
}

TEST_F(act, pcie_function_reset)
{
	unsigned int ctl = STD_POS + PCI_EXP_DEVCTL;

	put_pcie(&self->fake, PCI_EXP_DEVCAP_FLR);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl, 2, 0xa810));
	EXPECT_TRUE(device_was_reset(&self->fake));
	EXPECT_EQ(0x2810, vfio_cfg16(&self->d, ctl));
	EXPECT_EQ(0x2810, fakecfg_peek(&self->fake, ctl, 2));

	/* By the high byte alone; by a write that has no reset in it: not */
	fakecfg_log_clear(&self->fake);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl, 2, 0x2810));
	EXPECT_FALSE(device_was_reset(&self->fake));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl + 1, 1, 0xa8));
	EXPECT_TRUE(device_was_reset(&self->fake));
	EXPECT_EQ(0x2810, vfio_cfg16(&self->d, ctl));
}

TEST_F(act, pcie_function_reset_not_offered)
{
	unsigned int ctl = STD_POS + PCI_EXP_DEVCTL;

	put_pcie(&self->fake, 0);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl, 2, 0xa810));
	EXPECT_FALSE(device_was_reset(&self->fake));
	EXPECT_EQ(0x2810, vfio_cfg16(&self->d, ctl));
	EXPECT_EQ(0x2810, fakecfg_peek(&self->fake, ctl, 2));
}

TEST_F(act, af_function_reset)
{
	put_af(&self->fake, STD_POS, PCI_AF_CAP_TP | PCI_AF_CAP_FLR);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, STD_POS + PCI_AF_CTRL, 1, 0xfe));
	EXPECT_FALSE(device_was_reset(&self->fake));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, STD_POS + PCI_AF_CTRL, 1,
				    PCI_AF_CTRL_FLR));
	EXPECT_TRUE(device_was_reset(&self->fake));
	EXPECT_EQ(0, vfio_cfg8(&self->d, STD_POS + PCI_AF_CTRL));
	EXPECT_EQ(0, fakecfg_peek(&self->fake, STD_POS + PCI_AF_CTRL, 1));
}

/* The device needs to have both, else it is not asked */
TEST_F(act, af_function_reset_not_offered)
{
	static const uint8_t features[] = { 0, PCI_AF_CAP_TP, PCI_AF_CAP_FLR };

	put_af(&self->fake, STD_POS, 0);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	for (int i = 0; i < 3; i++) {
		fakecfg_poke(&self->fake, STD_POS + PCI_AF_CAP, 1, features[i]);
		EXPECT_EQ(0, vfio_cfg_write(&self->d, STD_POS + PCI_AF_CTRL, 1,
					    PCI_AF_CTRL_FLR));
		EXPECT_FALSE(device_was_reset(&self->fake))
			TH_LOG("features 0x%x", features[i]);
		EXPECT_EQ(0, vfio_cfg8(&self->d, STD_POS + PCI_AF_CTRL));
	}
}

static ssize_t bar_read(const struct vfio_dev *d)
{
	uint32_t val;

	return vfio_region_read(d, VFIO_PCI_BAR0_REGION_INDEX, 0, &val, 4);
}

/* The kernel changes the state, in the capability that it knows. */
TEST_F(act, power_state)
{
	unsigned int ctl = STD_POS + PCI_PM_CTRL;
	unsigned int real = REAL_PM + PCI_PM_CTRL;

	fakecfg_put(&self->fake, STD_POS, 4, PCI_CAP_ID_PM | 3 << 16);
	fakecfg_put(&self->fake, ctl, 4, PCI_PM_CTRL_NO_SOFT_RESET);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(4, bar_read(&self->d));

	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl, 2, 3));
	EXPECT_TRUE(device_got(&self->fake, real, PCI_PM_CTRL_STATE_MASK, 3));
	EXPECT_EQ(-EIO, bar_read(&self->d));
	EXPECT_EQ(0, fakecfg_peek(&self->fake, ctl, 1) & PCI_PM_CTRL_STATE_MASK);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl, 1, 0));
	EXPECT_TRUE(device_got(&self->fake, real, PCI_PM_CTRL_STATE_MASK, 0));
	EXPECT_EQ(4, bar_read(&self->d));

	/* Only writes that begin with the state's byte are about it. */
	fakecfg_log_clear(&self->fake);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl + 1, 1, 3));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, ctl + 2, 2, 3));
	EXPECT_FALSE(device_got(&self->fake, real, PCI_PM_CTRL_STATE_MASK, 3));
	EXPECT_EQ(4, bar_read(&self->d));
}

/*
 * The fake has no VPD behind it.  Its flag does not change, so that the kernel
 * finds each operation done at once which ends with the flag as it is; and
 * its data are always the same: twice the beginning of a tag of 4 bytes, and
 * in the end an end tag, that is VPD of 8 bytes.
 */
#define VPD_DATA	0x78000482
#define VPD_FLAG	PCI_VPD_ADDR_F

static void put_vpd(struct fakecfg *f, uint16_t flag)
{
	fakecfg_put(f, STD_POS, 4, PCI_CAP_ID_VPD | (uint32_t)flag << 16);
	fakecfg_put(f, STD_POS + PCI_VPD_DATA, 4, VPD_DATA);
	memset(f->writable + STD_POS, 0, 8);
}

static uint16_t vpd_addr(const struct vfio_dev *d)
{
	return vfio_cfg16(d, STD_POS + PCI_VPD_ADDR);
}

static int vpd_start(const struct vfio_dev *d, uint16_t addr)
{
	return vfio_cfg_write(d, STD_POS + PCI_VPD_ADDR, 2, addr);
}

TEST_F(act, vpd_read)
{
	unsigned int data = STD_POS + PCI_VPD_DATA;

	self->rescan = true;
	put_vpd(&self->fake, VPD_FLAG);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	for (int addr = 0; addr < 8; addr += 4) {
		EXPECT_EQ(0, vfio_cfg_write(&self->d, data, 4, 0));
		EXPECT_EQ(0, vpd_start(&self->d, addr));
		EXPECT_EQ(VPD_FLAG | addr, vpd_addr(&self->d));
		EXPECT_EQ(VPD_DATA, vfio_cfg32(&self->d, data));
	}

	/* Behind the end nothing is read, and that is done, too. */
	EXPECT_EQ(0, vpd_start(&self->d, 8));
	EXPECT_EQ(VPD_FLAG | 8, vpd_addr(&self->d));
	EXPECT_EQ(0, vfio_cfg32(&self->d, data));

	/* The byte without the flag starts nothing, the one with it does. */
	EXPECT_EQ(0, vfio_cfg_write(&self->d, STD_POS + PCI_VPD_ADDR, 1, 4));
	EXPECT_EQ(VPD_FLAG | 4, vpd_addr(&self->d));
	EXPECT_EQ(0, vfio_cfg32(&self->d, data));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, STD_POS + PCI_VPD_ADDR + 1, 1, 0));
	EXPECT_EQ(VPD_FLAG | 4, vpd_addr(&self->d));
	EXPECT_EQ(VPD_DATA, vfio_cfg32(&self->d, data));
}

TEST_F(act, vpd_write)
{
	unsigned int data = STD_POS + PCI_VPD_DATA;
	struct fakecfg_access log[LOG];
	int n;

	self->rescan = true;
	put_vpd(&self->fake, VPD_FLAG);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	/* The kernel learns how much VPD there is, then the flag turns around. */
	EXPECT_EQ(0, vpd_start(&self->d, 0));
	EXPECT_EQ(VPD_FLAG, vpd_addr(&self->d));
	fakecfg_poke(&self->fake, STD_POS + PCI_VPD_ADDR, 2, 0);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, data, 4, 0xcafe1234));
	fakecfg_log_clear(&self->fake);
	EXPECT_EQ(0, vpd_start(&self->d, VPD_FLAG | 4));
	EXPECT_EQ(4, vpd_addr(&self->d));
	n = writes_seen(&self->fake, STD_POS, 8, log);
	ASSERT_EQ(2, n);
	EXPECT_EQ(data, log[0].offset);
	EXPECT_EQ(0xcafe1234, log[0].value);
	EXPECT_EQ(STD_POS + PCI_VPD_ADDR, log[1].offset);
	EXPECT_EQ(VPD_FLAG | 4, log[1].value);
}

/* Failure is that the flag does not change, as with a device that is stuck. */
TEST_F(act, vpd_failure)
{
	self->rescan = true;
	put_vpd(&self->fake, VPD_FLAG);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	EXPECT_EQ(0, vpd_start(&self->d, 0));
	EXPECT_EQ(VPD_FLAG, vpd_addr(&self->d));

	/* The device does not finish a write, nor is there anything at 8. */
	EXPECT_EQ(0, vpd_start(&self->d, VPD_FLAG | 4));
	EXPECT_EQ(VPD_FLAG | 4, vpd_addr(&self->d));
	EXPECT_EQ(0, vpd_start(&self->d, VPD_FLAG | 8));
	EXPECT_EQ(VPD_FLAG | 8, vpd_addr(&self->d));

	/* Nor does it finish a read now. */
	fakecfg_poke(&self->fake, STD_POS + PCI_VPD_ADDR, 2, 0);
	EXPECT_EQ(0, vpd_start(&self->d, 4));
	EXPECT_EQ(4, vpd_addr(&self->d));
}

/* Four vectors possible, with 64 bit addresses and mask bits */
#define MSI_FLAGS	(PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT | 2 << 1)
#define MSI_QSIZE(n)	((n) << 4)

TEST_F(act, msi_in_use)
{
	unsigned int flags = STD_POS + PCI_MSI_FLAGS;
	unsigned int lo = STD_POS + PCI_MSI_ADDRESS_LO;
	struct vfio_irq_info info;
	int32_t fds[2];
	uint32_t addr;

	self->rescan = true;
	fakecfg_fill(&self->fake, STD_POS, 24, 0);
	fakecfg_put(&self->fake, STD_POS, 4, PCI_CAP_ID_MSI | MSI_FLAGS << 16);
	ASSERT_EQ(0, act_open(&self->fake, &self->d, self->rescan));
	ASSERT_EQ(0, vfio_irq_info(&self->d, VFIO_PCI_MSI_IRQ_INDEX, &info));
	ASSERT_EQ(4, info.count);

	/* Not in use: no way to enable it */
	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2,
				    MSI_FLAGS | MSI_QSIZE(2) | 1));
	EXPECT_EQ(MSI_FLAGS, vfio_cfg16(&self->d, flags));
	EXPECT_EQ(MSI_FLAGS, fakecfg_peek(&self->fake, flags, 2));

	fds[0] = vfio_eventfd();
	fds[1] = vfio_eventfd();
	ASSERT_LE(0, fds[1]);
	ASSERT_EQ(0, vfio_irq_eventfds(&self->d, VFIO_PCI_MSI_IRQ_INDEX, 0, 2,
				       fds));
	addr = fakecfg_peek(&self->fake, lo, 4);
	EXPECT_EQ(0xfee00000, addr & 0xfff00000);
	EXPECT_EQ(MSI_FLAGS | MSI_QSIZE(1) | 1,
		  fakecfg_peek(&self->fake, flags, 2));

	/* In use with two vectors: at most these, address and data are ours */
	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2,
				    MSI_FLAGS | MSI_QSIZE(5) | 1));
	EXPECT_EQ(MSI_FLAGS | MSI_QSIZE(1) | 1, vfio_cfg16(&self->d, flags));
	EXPECT_EQ(MSI_FLAGS | MSI_QSIZE(1) | 1,
		  fakecfg_peek(&self->fake, flags, 2));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2, MSI_FLAGS | 1));
	EXPECT_EQ(MSI_FLAGS | 1, fakecfg_peek(&self->fake, flags, 2));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, lo, 4, 0x12345678));
	EXPECT_EQ(0x12345678, vfio_cfg32(&self->d, lo));
	EXPECT_EQ(addr, fakecfg_peek(&self->fake, lo, 4));

	/* The user may turn it off in the device, but mask bits are his. */
	EXPECT_EQ(0, vfio_cfg_write(&self->d, STD_POS + PCI_MSI_MASK_64, 4, 3));
	EXPECT_EQ(3, fakecfg_peek(&self->fake, STD_POS + PCI_MSI_MASK_64, 4));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2, MSI_FLAGS));
	EXPECT_EQ(MSI_FLAGS, fakecfg_peek(&self->fake, flags, 2));
	EXPECT_EQ(0, vfio_irq_disable(&self->d, VFIO_PCI_MSI_IRQ_INDEX));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2, MSI_FLAGS | 1));
	EXPECT_EQ(MSI_FLAGS, vfio_cfg16(&self->d, flags));
	EXPECT_EQ(MSI_FLAGS, fakecfg_peek(&self->fake, flags, 2));
}

VFIO_TEST_MAIN
