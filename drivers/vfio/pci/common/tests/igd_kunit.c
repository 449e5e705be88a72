// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel integrated graphics: the OpRegion as firmware may leave it, and the
 * config spaces of the two bridges.
 *
 * Firmware is played by pages of the kernel's own below 4 GiB, the bridges by
 * fake devices.
 */
#include <kunit/resource.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vfio.h>

#include "../igd.h"
#include "fake.h"

#define ASLS		0xfc
#define OPREGION	8192
#define VBT_GAP		4096	/* from the end of the OpRegion to its VBT */
#define VBT		6144
#define FIRMWARE	(OPREGION + VBT_GAP + VBT)

#define KIB		0x10
#define VERSION		0x16
#define RVDA		0x3ba
#define RVDS		0x3c2

#define FIRST		VFIO_PCI_NUM_REGIONS

/**
 * struct igd_test - the graphics device and what it stands among
 * @gfx: the device, open
 * @bridge: host bridge and LPC bridge, NULL if it is missing
 * @firmware: memory with the OpRegion, and a VBT behind it
 * @addr: of @firmware
 */
struct igd_test {
	struct fake_pci	*gfx;
	struct fake_pci	*bridge[2];
	u8		*firmware;
	u32		addr;
};

static struct pci_dev *get_bridge(unsigned int devfn)
{
	struct igd_test *t = kunit_get_current_test()->priv;
	struct fake_pci *bridge = t->bridge[devfn == PCI_DEVFN(0x1f, 0)];

	return bridge ? pci_dev_get(&bridge->pdev) : NULL;
}

static void free_firmware(void *mem)
{
	free_pages_exact(mem, 2 * FIRMWARE);
}

/* The OpRegion of a version, whose RVDA and RVDS are as given */
static void set_opregion(struct igd_test *t, u16 version, u64 rvda, u32 rvds)
{
	unsigned int i;

	for (i = 0; i < FIRMWARE; i++)
		t->firmware[i] = i * 167 >> 3;
	memcpy(t->firmware, "IntelGraphicsMem", 16);
	put_unaligned_le32(8, t->firmware + KIB);
	put_unaligned_le16(version, t->firmware + VERSION);
	put_unaligned_le64(rvda, t->firmware + RVDA);
	put_unaligned_le32(rvds, t->firmware + RVDS);
}

static void make_firmware(struct kunit *test, struct igd_test *t)
{
	/* With room to move it */
	t->firmware = alloc_pages_exact(2 * FIRMWARE, GFP_KERNEL | GFP_DMA32);
	KUNIT_ASSERT_NOT_NULL(test, t->firmware);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_firmware,
							   t->firmware));
	t->addr = virt_to_phys(t->firmware);
	set_opregion(t, 0x0100, 0, 0);
}

static struct fake_pci *make_bridge(struct kunit *test, const char *name,
				    unsigned int class)
{
	struct fake_pci *bridge = fake_create(test, name);
	unsigned int i;

	bridge->pdev.vendor = PCI_VENDOR_ID_INTEL;
	bridge->pdev.class = class << 8;
	bridge->pdev.cfg_size = PCI_CFG_SPACE_SIZE;
	for (i = 0; i < PCI_CFG_SPACE_SIZE; i++)
		bridge->hw[i] = i ^ class;
	return bridge;
}

static int igd_init(struct kunit *test)
{
	struct igd_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	make_firmware(test, t);
	t->bridge[0] = make_bridge(test, "host", PCI_CLASS_BRIDGE_HOST);
	t->bridge[1] = make_bridge(test, "lpc", PCI_CLASS_BRIDGE_ISA);
	kunit_activate_static_stub(test, vfio_pci_igd_get_bridge, get_bridge);

	t->gfx = fake_create(test, "gfx");
	t->gfx->pdev.vendor = PCI_VENDOR_ID_INTEL;
	t->gfx->pdev.class = PCI_CLASS_DISPLAY_VGA << 8;
	put_unaligned_le32(t->addr, &t->gfx->hw[ASLS]);
	return fake_open(t->gfx, PCI_CFG_SPACE_SIZE);
}

/* As the close of a device does */
static void release_regions(struct fake_pci *fake)
{
	struct vfio_pci_device *vdev = &fake->vdev;

	while (vdev->nr_regions) {
		struct vfio_pci_region *region =
			&vdev->regions[--vdev->nr_regions];

		region->ops->release(vdev, region);
	}
	kfree(vdev->regions);
	vdev->regions = NULL;
}

static unsigned int references(const struct fake_pci *fake)
{
	return kref_read(&fake->pdev.dev.kobj.kref);
}

static void igd_exit(struct kunit *test)
{
	struct igd_test *t = test->priv;
	unsigned int i;

	if (!t || !t->gfx || !t->gfx->vdev.config.map)
		return;
	release_regions(t->gfx);
	fake_close(t->gfx);
	for (i = 0; i < ARRAY_SIZE(t->bridge); i++)
		if (t->bridge[i])
			KUNIT_EXPECT_EQ_MSG(test, references(t->bridge[i]), 1,
					    "a bridge is still held");
}

static u64 offset(unsigned int region, u64 off)
{
	return vfio_pci_common_index_to_offset(FIRST + region) + off;
}

static void expect_region(struct kunit *test, unsigned int nr, u32 subtype,
			  size_t size)
{
	struct igd_test *t = test->priv;
	const struct vfio_pci_region *region = &t->gfx->vdev.regions[nr];

	KUNIT_ASSERT_GT(test, t->gfx->vdev.nr_regions, nr);
	KUNIT_EXPECT_EQ(test, region->type, 0x80008086);
	KUNIT_EXPECT_EQ(test, region->subtype, subtype);
	KUNIT_EXPECT_EQ(test, region->flags, VFIO_REGION_INFO_FLAG_READ);
	KUNIT_EXPECT_EQ(test, region->size, size);
}

/* All three regions, the first one of @size bytes */
static void expect_open(struct kunit *test, size_t size)
{
	struct igd_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, vfio_pci_igd_open(&t->gfx->vdev), 0);
	KUNIT_ASSERT_EQ(test, t->gfx->vdev.nr_regions, 3);
	expect_region(test, 0, 1, size);
	expect_region(test, 1, 2, PCI_CFG_SPACE_SIZE);
	expect_region(test, 2, 3, PCI_CFG_SPACE_SIZE);
}

static void expect_refused(struct kunit *test, int error)
{
	struct igd_test *t = test->priv;
	int ret = vfio_pci_igd_open(&t->gfx->vdev);

	KUNIT_EXPECT_EQ(test, ret, error);
}

/* OpRegion -------------------------------------------------------------- */

/* The OpRegion the user reads, and what is behind it */
static void expect_opregion(struct kunit *test, u16 version, u64 rvda,
			    const u8 *vbt, u32 vbt_size)
{
	struct igd_test *t = test->priv;
	u8 *want = kunit_kzalloc(test, OPREGION + VBT, GFP_KERNEL);
	u8 *got = kunit_kzalloc(test, OPREGION + VBT, GFP_KERNEL);
	size_t size = OPREGION + vbt_size, done;
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_ASSERT_NOT_NULL(test, got);
	memcpy(want, t->firmware, OPREGION);
	put_unaligned_le16(version, want + VERSION);
	put_unaligned_le64(rvda, want + RVDA);
	if (vbt_size)
		memcpy(want + OPREGION, vbt, vbt_size);

	expect_open(test, size);
	/* In pieces: the user's page holds no more */
	for (done = 0; done < size; done += ret) {
		ret = fake_read_bytes(t->gfx, offset(0, done), got + done,
				      min(size - done, PAGE_SIZE));
		KUNIT_ASSERT_GT(test, ret, 0);
	}
	KUNIT_EXPECT_MEMEQ(test, got, want, size);
}

static u8 *vbt_of(struct igd_test *t)
{
	return t->firmware + OPREGION + VBT_GAP;
}

/* Before 2.0 the two fields have no meaning, and are shown as they are */
static void test_version_1(struct kunit *test)
{
	struct igd_test *t = test->priv;

	set_opregion(t, 0x0100, t->addr + OPREGION + VBT_GAP, VBT);
	expect_opregion(test, 0x0100, t->addr + OPREGION + VBT_GAP, NULL, 0);
}

static void test_version_1_ff(struct kunit *test)
{
	struct igd_test *t = test->priv;

	set_opregion(t, 0x01ff, OPREGION + VBT_GAP, VBT);
	expect_opregion(test, 0x01ff, OPREGION + VBT_GAP, NULL, 0);
}

static void test_version_2_0(struct kunit *test)
{
	set_opregion(test->priv, 0x0200, 0, 0);
	expect_opregion(test, 0x0200, 0, NULL, 0);
}

/* RVDA is an address, which the user gets as an offset, in version 2.1 */
static void test_version_2_0_vbt(struct kunit *test)
{
	struct igd_test *t = test->priv;

	set_opregion(t, 0x0200, t->addr + OPREGION + VBT_GAP, VBT);
	expect_opregion(test, 0x0201, OPREGION, vbt_of(t), VBT);
}

static void test_version_2_1(struct kunit *test)
{
	set_opregion(test->priv, 0x0201, 0, 0);
	expect_opregion(test, 0x0201, 0, NULL, 0);
}

static void test_version_2_1_vbt(struct kunit *test)
{
	struct igd_test *t = test->priv;

	set_opregion(t, 0x0201, OPREGION + VBT_GAP, VBT);
	expect_opregion(test, 0x0201, OPREGION, vbt_of(t), VBT);
}

static void test_version_3_vbt(struct kunit *test)
{
	struct igd_test *t = test->priv;

	set_opregion(t, 0x0300, OPREGION + VBT_GAP, VBT);
	expect_opregion(test, 0x0300, OPREGION, vbt_of(t), VBT);
}

/* One of the two fields alone is none */
static void test_size_without_vbt(struct kunit *test)
{
	set_opregion(test->priv, 0x0201, 0, VBT);
	expect_opregion(test, 0x0201, 0, NULL, 0);
}

static void test_vbt_without_size(struct kunit *test)
{
	set_opregion(test->priv, 0x0201, OPREGION + VBT_GAP, 0);
	expect_opregion(test, 0x0201, 0, NULL, 0);
}

/* A VBT of one byte, where the OpRegion is not aligned to a page */
static void test_odd_places(struct kunit *test)
{
	struct igd_test *t = test->priv;

	t->firmware += 0x18;
	t->addr += 0x18;
	set_opregion(t, 0x0201, OPREGION + 3, 1);
	put_unaligned_le32(t->addr, &t->gfx->hw[ASLS]);
	expect_opregion(test, 0x0201, OPREGION, t->firmware + OPREGION + 3, 1);
}

/* More than there can be: refused, without a complaint of the kernel's */
static void test_vbt_too_large(struct kunit *test)
{
	static const u32 sizes[] = {
		~0u, 0xffffe000, 0x80000000, 0x7fffffff,
	};
	struct igd_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		set_opregion(t, 0x0201, OPREGION, sizes[i]);
		expect_refused(test, -ENOMEM);
		KUNIT_EXPECT_EQ(test, t->gfx->vdev.nr_regions, 0);
	}
}

static void test_no_opregion(struct kunit *test)
{
	struct igd_test *t = test->priv;

	put_unaligned_le32(0, &t->gfx->hw[ASLS]);
	expect_refused(test, -ENODEV);
	put_unaligned_le32(~0u, &t->gfx->hw[ASLS]);
	expect_refused(test, -ENODEV);
	KUNIT_EXPECT_EQ(test, t->gfx->vdev.nr_regions, 0);
}

static void test_bad_signature(struct kunit *test)
{
	struct igd_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		t->firmware[i] ^= 0x20;
		expect_refused(test, -EINVAL);
		t->firmware[i] ^= 0x20;
	}
	KUNIT_EXPECT_EQ(test, t->gfx->vdev.nr_regions, 0);
}

static void test_size_of_zero(struct kunit *test)
{
	struct igd_test *t = test->priv;

	put_unaligned_le32(0, t->firmware + KIB);
	expect_refused(test, -EINVAL);
	KUNIT_EXPECT_EQ(test, t->gfx->vdev.nr_regions, 0);
}

static void test_device_does_not_answer(struct kunit *test)
{
	struct igd_test *t = test->priv;

	t->gfx->fail_at = ASLS;
	expect_refused(test, -ENODEV);
	KUNIT_EXPECT_EQ(test, t->gfx->vdev.nr_regions, 0);
}

/* The copy is of the time of the open */
static void test_opregion_is_a_copy(struct kunit *test)
{
	struct igd_test *t = test->priv;
	u8 byte;

	expect_open(test, OPREGION);
	t->firmware[0x500] ^= 0xff;
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(0, 0x500), &byte,
					      1), 1);
	KUNIT_EXPECT_EQ(test, byte, (u8)~t->firmware[0x500]);
}

static void test_opregion_ends(struct kunit *test)
{
	struct igd_test *t = test->priv;
	u8 bytes[16] = { };

	expect_open(test, OPREGION);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(0, OPREGION - 5),
					      bytes, 16), 5);
	KUNIT_EXPECT_MEMEQ(test, bytes, t->firmware + OPREGION - 5, 5);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(0, OPREGION),
					      bytes, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(0, 1ULL << 39),
					      bytes, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_write_bytes(t->gfx, offset(0, 0), bytes, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(3, 0), bytes, 1),
			-EINVAL);
}

/* The address is for the user to read and to change, and no more */
static void test_asls_is_virtual(struct kunit *test)
{
	struct igd_test *t = test->priv;

	expect_open(test, OPREGION);
	KUNIT_EXPECT_EQ(test, fake_read(test, t->gfx, ASLS, 4), t->addr);
	fake_forget(t->gfx);
	fake_write(test, t->gfx, ASLS, 4, 0x12345678);
	fake_write(test, t->gfx, ASLS + 1, 1, 0xaa);
	KUNIT_EXPECT_EQ(test, fake_read(test, t->gfx, ASLS, 4), 0x1234aa78);
	KUNIT_EXPECT_EQ(test, t->gfx->nr_log, 0);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(&t->gfx->hw[ASLS]), t->addr);
	/* What is in front of it is the device's */
	fake_write(test, t->gfx, ASLS - 4, 4, 0x87654321);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(&t->gfx->hw[ASLS - 4]),
			0x87654321);
}

/* Bridges --------------------------------------------------------------- */

static void expect_bridge(struct kunit *test, unsigned int nr)
{
	struct igd_test *t = test->priv;
	struct fake_pci *bridge = t->bridge[nr];
	u8 bytes[PCI_CFG_SPACE_SIZE] = { };

	KUNIT_EXPECT_EQ(test, references(bridge), 2);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(nr + 1, 0), bytes,
					      sizeof(bytes)), 256);
	KUNIT_EXPECT_MEMEQ(test, bytes, bridge->hw, sizeof(bytes));
}

/* 1 + 2 + 4 + 2 + 1 bytes from an odd place */
static void expect_aligned_steps(struct kunit *test, unsigned int nr)
{
	static const struct fake_access want[] = {
		{ 1, 1 }, { 2, 2 }, { 4, 4 }, { 8, 2 }, { 10, 1 },
	};
	struct igd_test *t = test->priv;
	struct fake_pci *bridge = t->bridge[nr];
	u8 bytes[10] = { };
	unsigned int i;

	fake_forget(bridge);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(nr + 1, 1), bytes,
					      10), 10);
	KUNIT_EXPECT_MEMEQ(test, bytes, bridge->hw + 1, 10);
	KUNIT_ASSERT_EQ(test, bridge->nr_log, ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		KUNIT_EXPECT_EQ(test, bridge->log[i].pos, want[i].pos);
		KUNIT_EXPECT_EQ(test, bridge->log[i].len, want[i].len);
		KUNIT_EXPECT_FALSE(test, bridge->log[i].write);
	}
}

static void test_bridges(struct kunit *test)
{
	unsigned int i;

	expect_open(test, OPREGION);
	for (i = 0; i < 2; i++) {
		expect_bridge(test, i);
		expect_aligned_steps(test, i);
	}
}

static void test_bridges_end(struct kunit *test)
{
	struct igd_test *t = test->priv;
	unsigned int i;
	u8 bytes[4];

	expect_open(test, OPREGION);
	for (i = 1; i < 3; i++) {
		fake_forget(t->bridge[i - 1]);
		KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(i, 254),
						      bytes, 4), 2);
		KUNIT_EXPECT_EQ(test, t->bridge[i - 1]->nr_log, 1);
		KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(i, 256),
						      bytes, 1), -EINVAL);
		fake_forget(t->bridge[i - 1]);
		KUNIT_EXPECT_EQ(test, fake_write_bytes(t->gfx, offset(i, 0),
						       bytes, 4), -EINVAL);
		KUNIT_EXPECT_EQ(test, t->bridge[i - 1]->nr_log, 0);
	}
}

static void test_bridge_does_not_answer(struct kunit *test)
{
	struct igd_test *t = test->priv;
	u8 bytes[4];

	expect_open(test, OPREGION);
	t->bridge[1]->fail_at = 8;
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(2, 8), bytes, 4),
			-ENODEV);
	KUNIT_EXPECT_EQ(test, fake_read_bytes(t->gfx, offset(2, 4), bytes, 4),
			4);
}

static void test_no_bridge(struct kunit *test)
{
	struct igd_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct fake_pci *bridge = t->bridge[i];

		t->bridge[i] = NULL;
		expect_refused(test, -ENODEV);
		t->bridge[i] = bridge;
		release_regions(t->gfx);
		KUNIT_EXPECT_EQ(test, references(bridge), 1);
	}
}

static void expect_wrong_bridge(struct kunit *test, struct fake_pci *bridge)
{
	struct igd_test *t = test->priv;

	expect_refused(test, -EINVAL);
	release_regions(t->gfx);
	KUNIT_EXPECT_EQ(test, references(bridge), 1);
}

static void test_wrong_bridge(struct kunit *test)
{
	struct igd_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct pci_dev *pdev = &t->bridge[i]->pdev;
		unsigned int class = pdev->class;

		pdev->vendor = PCI_VENDOR_ID_AMD;
		expect_wrong_bridge(test, t->bridge[i]);
		pdev->vendor = PCI_VENDOR_ID_INTEL;
		pdev->class = PCI_CLASS_BRIDGE_PCI_NORMAL;
		expect_wrong_bridge(test, t->bridge[i]);
		pdev->class = class;
	}
	expect_open(test, OPREGION);
}

/* Devices --------------------------------------------------------------- */

static void test_other_devices(struct kunit *test)
{
	static const struct {
		u16 vendor;
		u32 class;
	} others[] = {
		{ PCI_VENDOR_ID_AMD, PCI_CLASS_DISPLAY_VGA },
		{ PCI_VENDOR_ID_INTEL, PCI_CLASS_NETWORK_ETHERNET },
		{ PCI_VENDOR_ID_INTEL, PCI_CLASS_NOT_DEFINED_VGA },
	};
	struct igd_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		t->gfx->pdev.vendor = others[i].vendor;
		t->gfx->pdev.class = others[i].class << 8;
		KUNIT_EXPECT_EQ(test, vfio_pci_igd_open(&t->gfx->vdev), 0);
		KUNIT_EXPECT_EQ(test, t->gfx->vdev.nr_regions, 0);
	}
	KUNIT_EXPECT_EQ(test, t->gfx->nr_log, 0);
}

static void test_display_classes(struct kunit *test)
{
	static const u32 classes[] = {
		PCI_CLASS_DISPLAY_VGA, PCI_CLASS_DISPLAY_3D,
		PCI_CLASS_DISPLAY_OTHER,
	};
	struct igd_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		t->gfx->pdev.class = classes[i] << 8;
		expect_open(test, OPREGION);
		release_regions(t->gfx);
	}
}

static struct kunit_case igd_tests[] = {
	KUNIT_CASE(test_version_1),
	KUNIT_CASE(test_version_1_ff),
	KUNIT_CASE(test_version_2_0),
	KUNIT_CASE(test_version_2_0_vbt),
	KUNIT_CASE(test_version_2_1),
	KUNIT_CASE(test_version_2_1_vbt),
	KUNIT_CASE(test_version_3_vbt),
	KUNIT_CASE(test_size_without_vbt),
	KUNIT_CASE(test_vbt_without_size),
	KUNIT_CASE(test_odd_places),
	KUNIT_CASE(test_vbt_too_large),
	KUNIT_CASE(test_no_opregion),
	KUNIT_CASE(test_bad_signature),
	KUNIT_CASE(test_size_of_zero),
	KUNIT_CASE(test_device_does_not_answer),
	KUNIT_CASE(test_opregion_is_a_copy),
	KUNIT_CASE(test_opregion_ends),
	KUNIT_CASE(test_asls_is_virtual),
	KUNIT_CASE(test_bridges),
	KUNIT_CASE(test_bridges_end),
	KUNIT_CASE(test_bridge_does_not_answer),
	KUNIT_CASE(test_no_bridge),
	KUNIT_CASE(test_wrong_bridge),
	KUNIT_CASE(test_other_devices),
	KUNIT_CASE(test_display_classes),
	{ }
};

static struct kunit_suite igd_suite = {
	.name = "vfio_pci_igd",
	.init = igd_init,
	.exit = igd_exit,
	.test_cases = igd_tests,
};

kunit_test_suite(igd_suite);
