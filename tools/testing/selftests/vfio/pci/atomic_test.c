// SPDX-License-Identifier: GPL-2.0-only
/*
 * Widths of AtomicOps that a device completes and that get to it: a capability of its
 * device info.  No emulated device has any, so a conventional one on the root bus is
 * shown to the PCI core as an endpoint that has them.  As no root port says what gets
 * there, the core believes who has enabled the device's own requests.
 */
#include <errno.h>
#include <string.h>

#include "fakecfg.h"
#include "vfio_harness.h"

static const struct vfio_target target = { .name = "edu" };

#define EXP		0x80
#define ENDPOINT	(2 | PCI_EXP_TYPE_ENDPOINT << 4)

#define REQUESTS	PCI_EXP_DEVCTL2_ATOMIC_REQ
#define COMP(bits)	(PCI_EXP_DEVCAP2_ATOMIC_COMP##bits)
#define WIDTH(bits)	(VFIO_PCI_ATOMIC_COMP##bits)

/**
 * struct answer - device info, with room for capabilities
 * @info: the struct itself
 * @caps: what is behind it
 */
struct answer {
	struct vfio_device_info info;
	uint8_t caps[64];
};

FIXTURE(atomic)
{
	struct fakecfg fake;
	struct vfio_dev d;
};

FIXTURE_VARIANT(atomic)
{
	uint32_t devcap2;
	uint16_t devctl2;
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(atomic, none) {
	.devcap2 = 0, .devctl2 = REQUESTS,
};

FIXTURE_VARIANT_ADD(atomic, routing_only) {
	.devcap2 = PCI_EXP_DEVCAP2_ATOMIC_ROUTE, .devctl2 = REQUESTS,
};

FIXTURE_VARIANT_ADD(atomic, no_way_to_it) {
	.devcap2 = COMP(32) | COMP(64), .devctl2 = 0,
};

FIXTURE_VARIANT_ADD(atomic, w32) {
	.devcap2 = COMP(32), .devctl2 = REQUESTS,
	.flags = WIDTH(32),
};

FIXTURE_VARIANT_ADD(atomic, w64) {
	.devcap2 = COMP(64), .devctl2 = REQUESTS,
	.flags = WIDTH(64),
};

FIXTURE_VARIANT_ADD(atomic, w128) {
	.devcap2 = COMP(128), .devctl2 = REQUESTS,
	.flags = WIDTH(128),
};

FIXTURE_VARIANT_ADD(atomic, all) {
	.devcap2 = COMP(32) | COMP(64) | COMP(128), .devctl2 = REQUESTS,
	.flags = WIDTH(32) | WIDTH(64) | WIDTH(128),
};

FIXTURE_SETUP(atomic)
{
	const char *why = fakecfg_missing(&target);

	self->d = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fake, &target));
	fakecfg_put(&self->fake, PCI_CAPABILITY_LIST, 1, EXP);
	fakecfg_fill(&self->fake, EXP, 0x3c, 0);
	fakecfg_put(&self->fake, EXP, 4, PCI_CAP_ID_EXP | ENDPOINT << 16);
	fakecfg_put(&self->fake, EXP + PCI_EXP_DEVCAP2, 4, variant->devcap2);
	fakecfg_put(&self->fake, EXP + PCI_EXP_DEVCTL2, 2, variant->devctl2);
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, fakecfg_rescan(&self->fake));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
}

FIXTURE_TEARDOWN(atomic)
{
	vfio_dev_close(&self->d);
	fakecfg_remove(&self->fake);
	EXPECT_EQ(0, fakecfg_rescan(&self->fake));
}

static int get(struct vfio_dev *d, struct answer *a, uint32_t argsz)
{
	memset(a, 0xa5, sizeof(*a));
	a->info.argsz = argsz;
	return vfio_ioctl(d->fd, VFIO_DEVICE_GET_INFO, a);
}

TEST_F_TIMEOUT(atomic, widths_are_told, 100)
{
	struct vfio_device_info_cap_pci_atomic_comp *cap;
	struct answer a;

	ASSERT_EQ(0, get(&self->d, &a, sizeof(a)));
	ASSERT_EQ(!!variant->flags, !!(a.info.flags & VFIO_DEVICE_FLAGS_CAPS));
	if (!variant->flags)
		return;
	/* That it fits does not say how long it was. */
	EXPECT_EQ(sizeof(a), a.info.argsz);
	/* The kernel's struct may be longer than this program's. */
	ASSERT_LE(sizeof(a.info), a.info.cap_offset);
	ASSERT_GE(sizeof(a) - sizeof(*cap), a.info.cap_offset);
	cap = (void *)&a + a.info.cap_offset;
	EXPECT_EQ(VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP, cap->header.id);
	EXPECT_EQ(1, cap->header.version);
	EXPECT_EQ(0, cap->header.next);
	EXPECT_EQ(variant->flags, cap->flags);
	EXPECT_EQ(0xa5, ((uint8_t *)cap)[sizeof(*cap)]);
}

TEST_F_TIMEOUT(atomic, room_is_asked_for, 100)
{
	struct answer a;
	uint32_t need;

	if (!variant->flags)
		return;
	ASSERT_EQ(0, get(&self->d, &a, sizeof(a)));
	need = a.info.cap_offset + sizeof(struct vfio_device_info_cap_pci_atomic_comp);
	for (uint32_t argsz = 16; argsz < need; argsz++) {
		ASSERT_EQ(0, get(&self->d, &a, argsz)) TH_LOG("argsz %u", argsz);
		ASSERT_EQ(need, a.info.argsz) TH_LOG("argsz %u", argsz);
		EXPECT_NE(0U, a.info.flags & VFIO_DEVICE_FLAGS_CAPS);
		if (argsz >= sizeof(a.info))
			EXPECT_EQ(0U, a.info.cap_offset);
		/* Not more is written than was asked for. */
		EXPECT_EQ(0xa5, ((uint8_t *)&a)[argsz]);
	}
	EXPECT_EQ(0, get(&self->d, &a, need));
	EXPECT_NE(0U, a.info.cap_offset);
	/* Just so much can be written, or one byte less. */
	EXPECT_EQ(0, vfio_argsz_case(self->d.fd, VFIO_DEVICE_GET_INFO, &a, need, need));
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_GET_INFO, &a, need - 1,
					   need));
}

VFIO_TEST_MAIN
