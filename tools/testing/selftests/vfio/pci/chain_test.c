// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability chains as no device should have them, served to the driver by the
 * module vfio_pci_fakecfg.
 *
 * A variant of the fixture is a config space: what differs from an empty one,
 * and the chain that the user is to see.  With each of them the device opens
 * without delay, all of config space and nothing beyond it can be read and
 * written, and the device is as before when it is closed and opened without the
 * fake.
 *
 * Rows that are marked "improved" are about what the kernel's own vfio-pci does
 * not check, memory corruption included; with VFIO_TEST_STOCK=1 in the
 * environment they are skipped.
 */
#include "fakecfg.h"
#include "vfio_harness.h"

/*
 * A device with nothing from 0xc0 on in either part of its config space, whose
 * own chain has a PCIe capability: extended capabilities are looked for.
 */
static const struct vfio_target target = { .name = "nvme" };

#define FREE		0xc0
#define MAX_OPEN_MS	10000

/** struct reg - a register of the fake and its contents */
struct reg {
	unsigned int pos;
	int width;
	uint32_t val;
};

/* Where the standard chain begins; a capability's header */
#define START(pos)		{ PCI_CAPABILITY_LIST, 1, pos }
#define CAP(pos, id, next)	{ pos, 2, (id) | (next) << 8 }
#define ECAP(pos, id, next)	{ pos, 4, (id) | 1 << 16 | (uint32_t)(next) << 20 }
/* The length of a vendor specific capability */
#define LEN(pos, len)		{ (pos) + PCI_CAP_FLAGS, 1, len }
#define ELEN(pos, len)		{ (pos) + PCI_VNDR_HEADER, 4, (uint32_t)(len) << 20 }

#define AF		PCI_CAP_ID_AF
#define PM		PCI_CAP_ID_PM
#define VS		PCI_CAP_ID_VNDR
#define UNKNOWN		0x7f
#define DSN		PCI_EXT_CAP_ID_DSN
#define VSEC		PCI_EXT_CAP_ID_VNDR
#define EUNKNOWN	0x77e

#define MAX_SEEN	512

FIXTURE(chain) {
	struct fakecfg fake;
	struct vfio_dev d;
	int64_t open_ms;
};

/*
 * @ext: the row is about the extended chain; the standard one is the device's
 * @image: contents of the fake; what is not named is 0
 * @sees: what the user finds when he walks the chain
 * @loops: he may get to where he was before
 * @reads: registers as the user reads them
 * @raw: bytes that are nobody's, the device gets what is written to them
 * @kept: bytes which the device does not get written
 * @improved: not to be run with the kernel's own driver
 */
FIXTURE_VARIANT(chain) {
	bool ext;
	struct reg image[16];
	struct vfio_cap sees[8];
	bool loops;
	struct reg reads[4];
	uint16_t raw[8];
	uint16_t kept[8];
	bool improved;
};

FIXTURE_SETUP(chain)
{
	const char *why = fakecfg_missing(&target);

	self->d = VFIO_DEV_INIT;
	if (variant->improved && vfio_stock())
		SKIP(return, "the stock driver does not check this");
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fake, &target));
	fakecfg_fill(&self->fake, FREE, FAKECFG_SIZE - FREE, 0);
	for (const struct reg *r = variant->image; r->width; r++)
		fakecfg_put(&self->fake, r->pos, r->width, r->val);
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	self->open_ms = vfio_now_ms();
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	self->open_ms = vfio_now_ms() - self->open_ms;
}

FIXTURE_TEARDOWN(chain)
{
	vfio_dev_close(&self->d);
	if (self->fake.addr[0])
		fakecfg_remove(&self->fake);
}

/*
 * Rows: standard chain
 */

FIXTURE_VARIANT_ADD(chain, plain) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xe0), CAP(0xe0, VS, 0),
		   LEN(0xe0, 8) },
	.sees = { { AF, 0xc0 }, { VS, 0xe0 } },
	.raw = { 0xc6, 0xdf, 0xe4, 0xe8 },
	.kept = { 0xc0, 0xc1, 0xc3 },
};

FIXTURE_VARIANT_ADD(chain, loop_of_one) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xc0) },
	.sees = { { AF, 0xc0 } }, .loops = true,
	.raw = { 0xc6 }, .kept = { 0xc1, 0xc3 },
};

FIXTURE_VARIANT_ADD(chain, loop_of_two) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xe0), CAP(0xe0, PM, 0xc0) },
	.sees = { { AF, 0xc0 }, { PM, 0xe0 } }, .loops = true,
	.raw = { 0xc6, 0xe8 }, .kept = { 0xc3, 0xe3 },
};

FIXTURE_VARIANT_ADD(chain, loop_of_hidden) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xe0), CAP(0xe0, UNKNOWN, 0xe0) },
	.sees = { { AF, 0xc0 } }, .loops = true,
	.raw = { 0xe0, 0xe1 }, .kept = { 0xc3 },
	.improved = true,
};

/* A capability cannot be where the header is, whose rules stand. */
FIXTURE_VARIANT_ADD(chain, next_in_header) {
	.image = { START(0xc0), CAP(0xc0, AF, 0x10), CAP(0x10, VS, 0xe0),
		   LEN(0x10, 0x30), CAP(0xe0, AF, 0) },
	.sees = { { AF, 0xc0 } },
	.kept = { 0x10, 0x11, 0x14, 0x24, 0x34 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, start_in_header) {
	.image = { START(0x3c), CAP(0x3c, VS, 0xc0), CAP(0xc0, AF, 0) },
	.kept = { 0x3c, 0x3d },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, start_1) {
	.image = { START(1), CAP(0xc0, AF, 0) },
	.kept = { 0x01, 0x02 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, empty) {
	.image = { START(0) },
	.raw = { 0xc0 },
};

/* Pointers are taken as they are. */
FIXTURE_VARIANT_ADD(chain, next_unaligned) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xd2), CAP(0xd2, AF, 0xdb),
		   CAP(0xdb, AF, 0) },
	.sees = { { AF, 0xc0 }, { AF, 0xd2 }, { AF, 0xdb } },
	.raw = { 0xd0, 0xd8, 0xe1 },
	.kept = { 0xd2, 0xd3, 0xd5, 0xdb, 0xdc, 0xde },
};

FIXTURE_VARIANT_ADD(chain, at_the_end) {
	.image = { START(0xfc), CAP(0xfc, VS, 0), LEN(0xfc, 4) },
	.sees = { { VS, 0xfc } },
	.reads = { { 0xfc, 2, VS } },
	.raw = { 0xf8, 0xfe },
};

FIXTURE_VARIANT_ADD(chain, overrun_at_fc) {
	.image = { START(0xfc), CAP(0xfc, AF, 0) },
	.sees = { { AF, 0xfc } },
	.raw = { 0x100, 0x101 }, .kept = { 0xfc, 0xff },
	.improved = true,
};

/* Where there is no room for a dword, there is none for a capability. */
FIXTURE_VARIANT_ADD(chain, start_fe) {
	.image = { START(0xfe), CAP(0xfe, AF, 0) },
	.raw = { 0xfe, 0xff, 0x100 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, next_ff) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xff), CAP(0xff, AF, 0xe0) },
	.sees = { { AF, 0xc0 } },
	.raw = { 0xff, 0x100 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, overrun_vendor_specific) {
	.image = { START(0xc0), CAP(0xc0, VS, 0), LEN(0xc0, 0xff) },
	.sees = { { VS, 0xc0 } },
	.raw = { 0xc4, 0xff, 0x100, 0x1be },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, overrun_pcie) {
	.image = { START(0xf0), CAP(0xf0, PCI_CAP_ID_EXP, 0), { 0xf2, 2, 2 } },
	.sees = { { PCI_CAP_ID_EXP, 0xf0 } },
	.raw = { 0x100, 0x123 }, .kept = { 0xf2, 0xff },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, msi_fits) {
	.image = { START(0xe8), CAP(0xe8, PCI_CAP_ID_MSI, 0),
		   { 0xea, 2, 0x0180 } },
	.sees = { { PCI_CAP_ID_MSI, 0xe8 } },
	.raw = { 0xe7, 0xf8, 0xff, 0x100 }, .kept = { 0xeb, 0xec, 0xf4 },
};

FIXTURE_VARIANT_ADD(chain, overrun_msi) {
	.image = { START(0xf0), CAP(0xf0, PCI_CAP_ID_MSI, 0),
		   { 0xf2, 2, 0x0180 } },
	.sees = { { PCI_CAP_ID_MSI, 0xf0 } },
	.raw = { 0x100, 0x104 }, .kept = { 0xf3, 0xf4, 0xfc },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, overrun_msi_header) {
	.image = { START(0xfc), CAP(0xfc, PCI_CAP_ID_MSI, 0),
		   { 0xfe, 2, 0x0180 } },
	.sees = { { PCI_CAP_ID_MSI, 0xfc } },
	.raw = { 0x100, 0x110 }, .kept = { 0xff },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, vendor_specific_without_length) {
	.image = { START(0xc0), CAP(0xc0, VS, 0xe0), LEN(0xc0, 0),
		   CAP(0xe0, AF, 0) },
	.sees = { { AF, 0xe0 } },
	.raw = { 0xc0, 0xc1, 0xc2, 0xc3 },
};

/* The second one has rules of its own. */
FIXTURE_VARIANT_ADD(chain, abutting) {
	.image = { START(0xc0), CAP(0xc0, PM, 0xc8), CAP(0xc8, PM, 0xd0),
		   { 0xca, 2, 0xfa23 }, CAP(0xd0, PM, 0) },
	.sees = { { PM, 0xc0 }, { PM, 0xc8 }, { PM, 0xd0 } },
	/* PME support is hidden in each */
	.reads = { { 0xca, 2, 0x0223 } },
	.raw = { 0xc6, 0xce, 0xcf, 0xd6, 0xd8 },
	.kept = { 0xc2, 0xca, 0xcb, 0xd2 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, abutting_af) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xc6), CAP(0xc6, AF, 0) },
	.sees = { { AF, 0xc0 }, { AF, 0xc6 } },
	.raw = { 0xcc }, .kept = { 0xc5, 0xc6, 0xc7, 0xca },
	.improved = true,
};

/* The one that is found last has the bytes. */
FIXTURE_VARIANT_ADD(chain, overlapping) {
	.image = { START(0xc0), CAP(0xc0, VS, 0xc8), LEN(0xc0, 0x20),
		   CAP(0xc8, PM, 0) },
	.sees = { { VS, 0xc0 }, { PM, 0xc8 } },
	.raw = { 0xc4, 0xce, 0xd0, 0xdf }, .kept = { 0xc9, 0xca, 0xcb },
};

/* ... and what is behind its end is still protected. */
FIXTURE_VARIANT_ADD(chain, overlapping_inside) {
	.image = { START(0xc0), CAP(0xc0, PCI_CAP_ID_HT, 0xc8),
		   CAP(0xc8, AF, 0) },
	.sees = { { PCI_CAP_ID_HT, 0xc0 }, { AF, 0xc8 } },
	.raw = { 0xdc }, .kept = { 0xc4, 0xc8, 0xcb, 0xce, 0xd8, 0xdb },
};

FIXTURE_VARIANT_ADD(chain, hidden_first) {
	.image = { START(0xc0), CAP(0xc0, UNKNOWN, 0xd0), CAP(0xd0, 0, 0xe0),
		   CAP(0xe0, AF, 0) },
	.sees = { { AF, 0xe0 } },
	.reads = { { PCI_CAPABILITY_LIST, 1, 0xe0 } },
	.raw = { 0xc0, 0xc1, 0xd0, 0xd1 }, .kept = { 0xe1 },
};

FIXTURE_VARIANT_ADD(chain, hidden_middle) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xd0), CAP(0xd0, UNKNOWN, 0xd8),
		   CAP(0xd8, PCI_CAP_ID_EA, 0xe0), CAP(0xe0, AF, 0) },
	.sees = { { AF, 0xc0 }, { AF, 0xe0 } },
	.raw = { 0xd0, 0xd1, 0xd8, 0xd9 }, .kept = { 0xc1, 0xe1 },
};

FIXTURE_VARIANT_ADD(chain, hidden_last) {
	.image = { START(0xc0), CAP(0xc0, AF, 0xd0), CAP(0xd0, UNKNOWN, 0) },
	.sees = { { AF, 0xc0 } },
	.raw = { 0xd0, 0xd1 }, .kept = { 0xc1 },
};

FIXTURE_VARIANT_ADD(chain, hidden_all) {
	.image = { START(0xc0), CAP(0xc0, UNKNOWN, 0xd0), CAP(0xd0, 0xff, 0) },
	.reads = { { PCI_CAPABILITY_LIST, 1, 0 } },
	.raw = { 0xc0, 0xc1, 0xd0, 0xd1 },
};

/* Without PCIe or PCI-X nobody looks for an extended chain. */
FIXTURE_VARIANT_ADD(chain, extended_not_looked_for) {
	.image = { START(0xc0), CAP(0xc0, AF, 0), ECAP(0x100, DSN, 0) },
	.sees = { { AF, 0xc0 } },
	.reads = { { 0x100, 4, DSN | 1 << 16 } },
	.raw = { 0x100, 0x102, 0x104 },
};

FIXTURE_VARIANT_ADD(chain, all_ones) {
	.image = { START(0xff), { 0xc0, 4, ~0 }, { 0xfc, 4, ~0 } },
	.raw = { 0xc0, 0xff },
	.improved = true,
};

/*
 * Rows: extended chain
 */

FIXTURE_VARIANT_ADD(chain, extended_plain) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200), ECAP(0x200, VSEC, 0),
		   ELEN(0x200, 0x10) },
	.sees = { { DSN, 0x100 }, { VSEC, 0x200 } },
	.raw = { 0x10c, 0x1ff, 0x208, 0x20f, 0x210, 0xfff },
	.kept = { 0x100, 0x103, 0x10b },
};

FIXTURE_VARIANT_ADD(chain, extended_none) {
	.ext = true,
	.image = { { 0x100, 4, 0 }, ECAP(0x200, DSN, 0) },
	.reads = { { 0x200, 4, DSN | 1 << 16 } },
	.raw = { 0x100, 0x200 },
};

FIXTURE_VARIANT_ADD(chain, extended_loop_of_one) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x100) },
	.sees = { { DSN, 0x100 } }, .loops = true,
	.raw = { 0x10c }, .kept = { 0x100, 0x104 },
};

FIXTURE_VARIANT_ADD(chain, extended_loop_of_two) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200), ECAP(0x200, DSN, 0x300),
		   ECAP(0x300, DSN, 0x200) },
	.sees = { { DSN, 0x100 }, { DSN, 0x200 }, { DSN, 0x300 } },
	.loops = true,
	.raw = { 0x20c }, .kept = { 0x204, 0x304 },
};

FIXTURE_VARIANT_ADD(chain, extended_loop_of_hidden) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200), ECAP(0x200, EUNKNOWN, 0x200) },
	.sees = { { DSN, 0x100 } }, .loops = true,
	.raw = { 0x200 }, .kept = { 0x104 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, extended_next_below) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0xc0), ECAP(0xc0, DSN, 0x200),
		   ECAP(0x200, DSN, 0) },
	.sees = { { DSN, 0x100 } },
	.raw = { 0xc4, 0x204 }, .kept = { 0x104 },
};

FIXTURE_VARIANT_ADD(chain, extended_next_ffc) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0xffc), ECAP(0xffc, DSN, 0) },
	.sees = { { DSN, 0x100 }, { DSN, 0xffc } },
	.raw = { 0xffb }, .kept = { 0xffc, 0xfff },
	.improved = true,
};

/* The register with its length would be behind the end. */
FIXTURE_VARIANT_ADD(chain, extended_vsec_ffc) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0xffc), ECAP(0xffc, VSEC, 0) },
	.sees = { { DSN, 0x100 } },
	.raw = { 0xffc, 0xfff },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, extended_vsec_fits) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0xff0), ECAP(0xff0, VSEC, 0),
		   ELEN(0xff0, 0x10) },
	.sees = { { DSN, 0x100 }, { VSEC, 0xff0 } },
	.reads = { { 0xff0, 4, VSEC | 1 << 16 } },
	.raw = { 0xfef, 0xff8, 0xfff },
};

FIXTURE_VARIANT_ADD(chain, extended_vsec_overrun) {
	.ext = true,
	.image = { ECAP(0x100, VSEC, 0x200), ELEN(0x100, 0xfff),
		   ECAP(0x200, DSN, 0) },
	.sees = { { VSEC, 0x100 }, { DSN, 0x200 } },
	.raw = { 0x108, 0xfff }, .kept = { 0x200, 0x204 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, extended_vsec_without_length) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200), ECAP(0x200, VSEC, 0x300),
		   ECAP(0x300, DSN, 0) },
	.sees = { { DSN, 0x100 }, { DSN, 0x300 } },
	.raw = { 0x200, 0x204 }, .kept = { 0x304 },
};

FIXTURE_VARIANT_ADD(chain, extended_dvsec_without_length) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200),
		   ECAP(0x200, PCI_EXT_CAP_ID_DVSEC, 0) },
	.sees = { { DSN, 0x100 } },
	.raw = { 0x200, 0x204 },
};

FIXTURE_VARIANT_ADD(chain, extended_tph_overrun) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0xf00),
		   ECAP(0xf00, PCI_EXT_CAP_ID_TPH, 0),
		   { 0xf00 + PCI_TPH_CAP, 4, 0x07ff0200 } },
	.sees = { { DSN, 0x100 }, { PCI_EXT_CAP_ID_TPH, 0xf00 } },
	.raw = { 0xeff }, .kept = { 0xf00, 0xf0c, 0xfff },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, extended_vc_overrun) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0xff0), ECAP(0xff0, PCI_EXT_CAP_ID_VC, 0),
		   { 0xff0 + PCI_VC_PORT_CAP1, 4, 7 } },
	.sees = { { DSN, 0x100 }, { PCI_EXT_CAP_ID_VC, 0xff0 } },
	.raw = { 0xfef }, .kept = { 0xff0, 0xfff },
	.improved = true,
};

/* Status bits could be cleared, were the capability whole. */
FIXTURE_VARIANT_ADD(chain, extended_aer_overrun) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0xff0), ECAP(0xff0, PCI_EXT_CAP_ID_ERR, 0) },
	.sees = { { DSN, 0x100 }, { PCI_EXT_CAP_ID_ERR, 0xff0 } },
	.raw = { 0xfef }, .kept = { 0xff0, 0xff3, 0xff4, 0xfff },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, extended_overlapping) {
	.ext = true,
	.image = { ECAP(0x100, VSEC, 0x110), ELEN(0x100, 0x40),
		   ECAP(0x110, DSN, 0) },
	.sees = { { VSEC, 0x100 }, { DSN, 0x110 } },
	.raw = { 0x108, 0x11c, 0x140 }, .kept = { 0x110, 0x114 },
};

FIXTURE_VARIANT_ADD(chain, extended_abutting) {
	.ext = true,
	.image = { ECAP(0x100, PCI_EXT_CAP_ID_ERR, 0x12c),
		   ECAP(0x12c, PCI_EXT_CAP_ID_ERR, 0) },
	.sees = { { PCI_EXT_CAP_ID_ERR, 0x100 }, { PCI_EXT_CAP_ID_ERR, 0x12c } },
	.raw = { 0x104, 0x130, 0x158 }, .kept = { 0x11c, 0x12c, 0x148 },
	.improved = true,
};

/* A placeholder leads on; the rest of it is the device's */
FIXTURE_VARIANT_ADD(chain, extended_hidden_first) {
	.ext = true,
	.image = { ECAP(0x100, PCI_EXT_CAP_ID_L1SS, 0x200),
		   ECAP(0x200, DSN, 0) },
	.sees = { { DSN, 0x200 } },
	.reads = { { 0x100, 4, 0x20000000 } },
	.raw = { 0x104 }, .kept = { 0x100, 0x103, 0x204 },
};

FIXTURE_VARIANT_ADD(chain, extended_hidden_first_two) {
	.ext = true,
	.image = { ECAP(0x100, PCI_EXT_CAP_ID_L1SS, 0x180),
		   ECAP(0x180, EUNKNOWN, 0x200), ECAP(0x200, DSN, 0) },
	.sees = { { DSN, 0x200 } },
	.reads = { { 0x100, 4, 0x20000000 } },
	.raw = { 0x104, 0x180, 0x183 }, .kept = { 0x100, 0x103, 0x204 },
};

/* Its ID ends like that of a serial number */
FIXTURE_VARIANT_ADD(chain, extended_hidden_first_unknown) {
	.ext = true,
	.image = { ECAP(0x100, 0x103, 0x200), ECAP(0x200, DSN, 0) },
	.sees = { { DSN, 0x200 } },
	.reads = { { 0x100, 4, 0x20000000 } },
	.raw = { 0x104 }, .kept = { 0x100, 0x103 },
};

FIXTURE_VARIANT_ADD(chain, extended_hidden_first_ff) {
	.ext = true,
	.image = { ECAP(0x100, 0xff, 0x200), ECAP(0x200, DSN, 0) },
	.sees = { { DSN, 0x200 } },
	.reads = { { 0x100, 4, 0x20000000 } },
	.raw = { 0x104 }, .kept = { 0x100, 0x103 },
	.improved = true,
};

FIXTURE_VARIANT_ADD(chain, extended_first_null) {
	.ext = true,
	.image = { ECAP(0x100, 0, 0x200), ECAP(0x200, DSN, 0) },
	.sees = { { DSN, 0x200 } },
	.raw = { 0x104, 0x20c }, .kept = { 0x100, 0x204 },
};

FIXTURE_VARIANT_ADD(chain, extended_hidden_middle) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200), ECAP(0x200, EUNKNOWN, 0x280),
		   ECAP(0x280, PCI_EXT_CAP_ID_PTM, 0x300),
		   ECAP(0x300, DSN, 0) },
	.sees = { { DSN, 0x100 }, { DSN, 0x300 } },
	.reads = { { 0x100, 4, 0x30010003 } },
	.raw = { 0x200, 0x204, 0x280 }, .kept = { 0x103, 0x303 },
};

FIXTURE_VARIANT_ADD(chain, extended_hidden_last) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200), ECAP(0x200, EUNKNOWN, 0) },
	.sees = { { DSN, 0x100 } },
	.reads = { { 0x100, 4, 0x00010003 } },
	.raw = { 0x200, 0x204 }, .kept = { 0x103 },
};

FIXTURE_VARIANT_ADD(chain, extended_hidden_all) {
	.ext = true,
	.image = { ECAP(0x100, EUNKNOWN, 0x200),
		   ECAP(0x200, PCI_EXT_CAP_ID_PTM, 0) },
	.reads = { { 0x100, 4, 0 } },
	.raw = { 0x104, 0x200, 0x203 }, .kept = { 0x100, 0x103 },
};

/* Nothing answers there, so that there are no rules. */
FIXTURE_VARIANT_ADD(chain, extended_all_ones) {
	.ext = true,
	.image = { { 0x100, 4, ~0 }, { 0xffc, 4, ~0 } },
	.sees = { { 0xffff, 0x100 }, { 0xffff, 0xffc } }, .loops = true,
	.reads = { { 0x100, 4, ~0 } },
	.raw = { 0x100, 0x103, 0x104, 0xffc },
	.improved = true,
};

/* ... and this is where it stops to answer. */
FIXTURE_VARIANT_ADD(chain, extended_ones_end_it) {
	.ext = true,
	.image = { ECAP(0x100, DSN, 0x200), { 0x200, 4, ~0 },
		   ECAP(0xffc, DSN, 0) },
	.sees = { { DSN, 0x100 } },
	.reads = { { 0x100, 4, DSN | 1 << 16 } },
	.raw = { 0x200, 0xffc },
	.improved = true,
};

/*
 * Checks
 */

static bool seen_before(const struct vfio_cap *seen, int n, unsigned int pos)
{
	while (n--)
		if (seen[n].pos == pos)
			return true;
	return false;
}

/*
 * Walk as a driver would, taking pointers as they are.  Answers the number of
 * capabilities, or -ELOOP when the chain is not to end but may.
 */
static int walk(const struct vfio_dev *d, bool loops, struct vfio_cap *seen)
{
	unsigned int pos = vfio_cfg8(d, PCI_CAPABILITY_LIST);
	unsigned int header;
	int n;

	if (!(vfio_cfg16(d, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return pos ? -EINVAL : 0;
	for (n = 0; pos; n++) {
		if (seen_before(seen, n, pos))
			return loops ? n : -ELOOP;
		header = vfio_cfg16(d, pos);
		seen[n] = (struct vfio_cap){ .id = header & 0xff, .pos = pos };
		pos = header >> 8;
	}
	return n;
}

static int ext_walk(const struct vfio_dev *d, bool loops, struct vfio_cap *seen)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	uint32_t header;
	int n = 0;

	while (pos >= PCI_CFG_SPACE_SIZE) {
		if (n == MAX_SEEN || seen_before(seen, n, pos))
			return loops ? n : -ELOOP;
		header = vfio_cfg32(d, pos);
		/* What has no ID is no capability, but may lead to one */
		if (PCI_EXT_CAP_ID(header))
			seen[n++] = (struct vfio_cap){
				.id = PCI_EXT_CAP_ID(header), .pos = pos,
			};
		pos = PCI_EXT_CAP_NEXT(header);
	}
	return n;
}

TEST_F(chain, user_sees)
{
	static struct vfio_cap seen[MAX_SEEN];
	const struct reg *r;
	int n;

	EXPECT_GT(MAX_OPEN_MS, self->open_ms);
	n = variant->ext ? ext_walk(&self->d, variant->loops, seen) :
			   walk(&self->d, variant->loops, seen);
	ASSERT_LE(0, n);
	for (int i = 0; i < n; i++) {
		EXPECT_EQ(variant->sees[i].id, seen[i].id)
			TH_LOG("capability %d, at 0x%x", i, seen[i].pos);
		EXPECT_EQ(variant->sees[i].pos, seen[i].pos);
	}
	EXPECT_EQ(0, variant->sees[n].pos)
		TH_LOG("only %d capabilities", n);

	for (r = variant->reads; r->width; r++) {
		uint32_t val;

		EXPECT_EQ(0, vfio_cfg_read(&self->d, r->pos, r->width, &val));
		EXPECT_EQ(r->val, val)
			TH_LOG("%d bytes at 0x%x", r->width, r->pos);
	}
}

/* How many writes the device gets when the user inverts a byte */
static int writes_of(const struct fakecfg *f, const struct vfio_dev *d,
		     unsigned int pos)
{
	struct fakecfg_access log[4];
	int n, writes = 0;

	fakecfg_log_clear(f);
	if (vfio_cfg_write(d, pos, 1, ~vfio_cfg8(d, pos)))
		return -EIO;
	n = fakecfg_log(f, pos, 1, log, 4);
	for (int i = 0; i < n && i < 4; i++)
		writes += log[i].write;
	return writes;
}

TEST_F(chain, device_gets)
{
	for (int i = 0; i < 8 && variant->raw[i]; i++) {
		EXPECT_EQ(1, writes_of(&self->fake, &self->d,
				       variant->raw[i]))
			TH_LOG("0x%x is nobody's", variant->raw[i]);
	}
	for (int i = 0; i < 8 && variant->kept[i]; i++) {
		EXPECT_EQ(0, writes_of(&self->fake, &self->d,
				       variant->kept[i]))
			TH_LOG("0x%x is protected", variant->kept[i]);
	}
}

/* Everything can be reached, nothing is behind it, and nothing stays. */
TEST_F(chain, all_of_it)
{
	uint8_t *all = vfio_guarded(FAKECFG_SIZE);
	uint32_t val;

	ASSERT_NE(NULL, all);
	EXPECT_EQ(FAKECFG_SIZE,
		  vfio_region_read(&self->d, VFIO_PCI_CONFIG_REGION_INDEX, 0,
				   all, FAKECFG_SIZE));
	for (int pos = FREE; pos < FAKECFG_SIZE; pos++) {
		EXPECT_EQ(0, vfio_cfg_write(&self->d, pos, 1, (uint8_t)~all[pos]))
			TH_LOG("0x%x", pos);
	}
	EXPECT_EQ(FAKECFG_SIZE - FREE,
		  vfio_region_write(&self->d, VFIO_PCI_CONFIG_REGION_INDEX, FREE,
				    all + FREE, FAKECFG_SIZE - FREE));
	for (int pos = FAKECFG_SIZE - 3; pos < FAKECFG_SIZE + 4; pos++) {
		EXPECT_EQ(-EFAULT, vfio_cfg_read(&self->d, pos, 4, &val));
		EXPECT_EQ(-EFAULT, vfio_cfg_write(&self->d, pos, 4, 0));
	}
	vfio_guarded_free(all);

	vfio_dev_close(&self->d);
	ASSERT_EQ(0, fakecfg_enable(&self->fake, false));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_NE(0, vfio_cap_find(&self->d, PCI_CAP_ID_MSIX));
	EXPECT_NE(0, vfio_cap_find(&self->d, PCI_CAP_ID_EXP));
	EXPECT_EQ(0, vfio_cfg32(&self->d, PCI_CFG_SPACE_SIZE));
}

/*
 * Long chains and dead devices
 */

/* A reset that the device does not survive may take a second, not a minute. */
#define MAX_DEAD_MS	10000

FIXTURE(broken) {
	struct fakecfg fake;
	struct vfio_dev d;
};

FIXTURE_SETUP(broken)
{
	const char *why = fakecfg_missing(&target);

	self->d = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fake, &target));
}

FIXTURE_TEARDOWN(broken)
{
	fakecfg_dead(&self->fake, false);
	fakecfg_cut_off(&self->fake, false);
	vfio_dev_close(&self->d);
	if (!self->fake.addr[0])
		return;
	fakecfg_remove(&self->fake);
	/*
	 * What the kernel kept of a dead device, when it was put to sleep, is what
	 * it gives to the living one: all ones.  It has to be found anew.
	 */
	EXPECT_EQ(0, fakecfg_rescan(&self->fake));
}

#define LONGEST	((FAKECFG_SIZE - PCI_CFG_SPACE_SIZE) / PCI_EXT_CAP_ARI_SIZEOF)

/* As many of the shortest ones as fit */
TEST_F(broken, longest_chain)
{
	static struct vfio_cap seen[MAX_SEEN];
	unsigned int pos = PCI_CFG_SPACE_SIZE;

	for (; pos < FAKECFG_SIZE; pos += PCI_EXT_CAP_ARI_SIZEOF)
		fakecfg_put(&self->fake, pos, 4, PCI_EXT_CAP_ID_ARI | 1 << 16 |
			    (pos + PCI_EXT_CAP_ARI_SIZEOF) << 20);
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_EQ(LONGEST, ext_walk(&self->d, false, seen));
	EXPECT_EQ(FAKECFG_SIZE - 8, seen[LONGEST - 1].pos);
}

/* What a healthy device shows, after it was dead */
static bool healthy(const struct vfio_dev *d)
{
	return vfio_cfg32(d, PCI_VENDOR_ID) == 0x00101b36 &&
	       vfio_cap_find(d, PCI_CAP_ID_MSIX) &&
	       vfio_cap_find(d, PCI_CAP_ID_EXP);
}

/*
 * The kernel's own driver resets a device that is gone, and waits a minute for
 * it to come back: for a killed test as well, so that the VM takes it for hung.
 */
static const char stock_hangs[] = "the stock driver would wait for a minute";

TEST_F_TIMEOUT(broken, dead_at_open, 100)
{
	int64_t start;
	int ret;

	if (vfio_stock())
		SKIP(return, "%s", stock_hangs);
	ASSERT_EQ(0, fakecfg_dead(&self->fake, true));
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	start = vfio_now_ms();
	ret = vfio_dev_open(&self->d, &target);
	EXPECT_GT(MAX_DEAD_MS, vfio_now_ms() - start)
		TH_LOG("open: %s", ret ? strerror(-ret) : "success");
	start = vfio_now_ms();
	vfio_dev_close(&self->d);
	EXPECT_GT(MAX_DEAD_MS, vfio_now_ms() - start);

	ASSERT_EQ(0, fakecfg_dead(&self->fake, false));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_TRUE(healthy(&self->d));
}

TEST_F_TIMEOUT(broken, dead_while_open, 100)
{
	struct fakecfg_access log[4];
	uint8_t all[FAKECFG_SIZE];
	int64_t start;
	uint32_t val;

	if (vfio_stock())
		SKIP(return, "%s", stock_hangs);
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	ASSERT_EQ(0, fakecfg_dead(&self->fake, true));

	/* What is virtual stays, the rest is ones, whatever the access */
	EXPECT_EQ(0x00101b36, vfio_cfg32(&self->d, PCI_VENDOR_ID));
	EXPECT_EQ(0xffff, vfio_cfg16(&self->d, PCI_SUBSYSTEM_ID));
	EXPECT_EQ(0xff, vfio_cfg8(&self->d, FREE + 1));
	EXPECT_EQ(~0U, vfio_cfg32(&self->d, FAKECFG_SIZE - 4));
	EXPECT_EQ(FAKECFG_SIZE,
		  vfio_region_read(&self->d, VFIO_PCI_CONFIG_REGION_INDEX, 0,
				   all, FAKECFG_SIZE));

	fakecfg_log_clear(&self->fake);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, FREE, 4, 0x12345678));
	EXPECT_EQ(1, fakecfg_log(&self->fake, FREE, 4, log, 4));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_COMMAND, 2, 0));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_COMMAND, 2,
				    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
	EXPECT_EQ(-EFAULT, vfio_cfg_read(&self->d, FAKECFG_SIZE, 4, &val));
	for (int pos = FREE; pos < FAKECFG_SIZE; pos += 4) {
		EXPECT_EQ(0, vfio_cfg_write(&self->d, pos, 4, 0))
			TH_LOG("0x%x", pos);
	}

	start = vfio_now_ms();
	vfio_dev_close(&self->d);
	EXPECT_GT(MAX_DEAD_MS, vfio_now_ms() - start);
	ASSERT_EQ(0, fakecfg_dead(&self->fake, false));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_TRUE(healthy(&self->d));
}

/* It comes back before the last close: a short break of the link */
TEST_F(broken, dead_for_a_moment)
{
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	ASSERT_EQ(0, fakecfg_dead(&self->fake, true));
	EXPECT_EQ(0, vfio_memory(&self->d, true));
	ASSERT_EQ(0, fakecfg_dead(&self->fake, false));
	EXPECT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_TRUE(healthy(&self->d));
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_TRUE(healthy(&self->d));
}

/* The bus tells that it can't reach the device, and so does the driver. */
TEST_F(broken, cut_off_while_open)
{
	uint32_t val = 0x5a5a5a5a;

	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	ASSERT_EQ(0, fakecfg_cut_off(&self->fake, true));
	EXPECT_EQ(-ENODEV, vfio_cfg_read(&self->d, PCI_CLASS_REVISION, 4, &val));
	EXPECT_EQ(-ENODEV, vfio_cfg_read(&self->d, PCI_SUBSYSTEM_ID, 2, &val));
	EXPECT_EQ(-ENODEV, vfio_cfg_read(&self->d, FREE + 1, 1, &val));
	EXPECT_EQ(-ENODEV, vfio_cfg_write(&self->d, FREE, 4, 0));
	EXPECT_EQ(-ENODEV, vfio_cfg_write(&self->d, PCI_CACHE_LINE_SIZE, 1, 0));
	/* Nobody is asked for what is virtual. */
	EXPECT_EQ(0, vfio_cfg_read(&self->d, PCI_VENDOR_ID, 4, &val));
	EXPECT_EQ(0x00101b36, val);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_INTERRUPT_LINE, 1, 0x5c));
	EXPECT_EQ(0, vfio_cfg_read(&self->d, PCI_INTERRUPT_LINE, 1, &val));
	EXPECT_EQ(0x5c, val);

	ASSERT_EQ(0, fakecfg_cut_off(&self->fake, false));
	EXPECT_TRUE(healthy(&self->d));
}

TEST_F(broken, cut_off_at_open)
{
	ASSERT_EQ(0, fakecfg_cut_off(&self->fake, true));
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	EXPECT_EQ(-ENODEV, vfio_dev_open(&self->d, &target));
	ASSERT_EQ(0, fakecfg_cut_off(&self->fake, false));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_TRUE(healthy(&self->d));
}

VFIO_TEST_MAIN
