// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities of the devices there are: the chain, and what registers do.
 * The rights of each byte of each capability there could be are the subject of
 * caps_test.c.
 */
#include "vfio_harness.h"

#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX

FIXTURE(caps)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(caps)
{
	struct vfio_target target;
};

FIXTURE_SETUP(caps)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(caps)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(caps, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(caps, ivshmem)
{
	.target = { .name = "ivshmem" },
};

FIXTURE_VARIANT_ADD(caps, testdev)
{
	.target = { .name = "testdev" },
};

FIXTURE_VARIANT_ADD(caps, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(caps, vga)
{
	.target = { .name = "vga" },
};

FIXTURE_VARIANT_ADD(caps, hda)
{
	.target = { .name = "hda" },
};

FIXTURE_VARIANT_ADD(caps, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(caps, nvme)
{
	.target = { .name = "nvme" },
};

FIXTURE_VARIANT_ADD(caps, sriov)
{
	.target = { .name = "sriov" },
};

/* --- The chains --------------------------------------------------------- */

/* Standard and extended capabilities that users may see */
static const uint8_t visible[] = {
	PCI_CAP_ID_PM, PCI_CAP_ID_AGP, PCI_CAP_ID_VPD, PCI_CAP_ID_MSI,
	PCI_CAP_ID_PCIX, PCI_CAP_ID_HT, PCI_CAP_ID_VNDR, PCI_CAP_ID_EXP,
	PCI_CAP_ID_MSIX, PCI_CAP_ID_SATA, PCI_CAP_ID_AF,
};

static const uint8_t visible_ext[] = {
	PCI_EXT_CAP_ID_ERR, PCI_EXT_CAP_ID_VC, PCI_EXT_CAP_ID_DSN,
	PCI_EXT_CAP_ID_PWR, PCI_EXT_CAP_ID_MFVC, PCI_EXT_CAP_ID_VC9,
	PCI_EXT_CAP_ID_VNDR, PCI_EXT_CAP_ID_ACS, PCI_EXT_CAP_ID_ARI,
	PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ID_SRIOV, PCI_EXT_CAP_ID_MCAST,
	PCI_EXT_CAP_ID_PRI, PCI_EXT_CAP_ID_REBAR, PCI_EXT_CAP_ID_DPA,
	PCI_EXT_CAP_ID_TPH, PCI_EXT_CAP_ID_LTR, PCI_EXT_CAP_ID_DVSEC,
};

static bool is_in(uint16_t id, const uint8_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == id)
			return true;
	return false;
}

/* Drop what is not in the list from an array of capabilities */
static int filter(struct vfio_cap *caps, int n, const uint8_t *list, size_t len)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (is_in(caps[i].id, list, len))
			caps[kept++] = caps[i];
	return kept;
}

TEST_F(caps, chain_is_the_device_s_without_what_is_hidden)
{
	struct vfio_cap hw[VFIO_MAX_CAPS], user[VFIO_MAX_CAPS];
	int n = vfio_caps(&self->d, true, hw);

	n = filter(hw, n, visible, ARRAY_SIZE(visible));
	ASSERT_EQ(n, vfio_caps(&self->d, false, user));
	for (int i = 0; i < n; i++) {
		EXPECT_EQ(hw[i].id, user[i].id);
		EXPECT_EQ(hw[i].pos, user[i].pos);
	}
}

TEST_F(caps, extended_chain_is_the_device_s_without_what_is_hidden)
{
	struct vfio_cap hw[VFIO_MAX_CAPS], user[VFIO_MAX_CAPS];
	int n = vfio_ecaps(&self->d, true, hw);

	n = filter(hw, n, visible_ext, ARRAY_SIZE(visible_ext));
	ASSERT_EQ(n, vfio_ecaps(&self->d, false, user));
	for (int i = 0; i < n; i++) {
		EXPECT_EQ(hw[i].id, user[i].id);
		EXPECT_EQ(hw[i].pos, user[i].pos);
	}
}

/* --- Bytes that belong to no capability --------------------------------- */

static int msi_length(const struct vfio_dev *d, unsigned int pos)
{
	uint16_t flags = vfio_hw_cfg16(d, pos + PCI_MSI_FLAGS);

	return 10 + (flags & PCI_MSI_FLAGS_64BIT ? 4 : 0) +
	       (flags & PCI_MSI_FLAGS_MASKBIT ? 10 : 0);
}

static int cap_length(const struct vfio_dev *d, const struct vfio_cap *cap)
{
	switch (cap->id) {
	case PCI_CAP_ID_PM:
		return 8;
	case PCI_CAP_ID_MSI:
		return msi_length(d, cap->pos);
	case PCI_CAP_ID_VNDR:
		return vfio_hw_cfg8(d, cap->pos + 2);
	case PCI_CAP_ID_EXP:
		return (vfio_hw_cfg16(d, cap->pos + PCI_EXP_FLAGS) &
			PCI_EXP_FLAGS_VERS) == 1 ? 20 : 0x34;
	case PCI_CAP_ID_MSIX:
		return 12;
	default:
		return -1;
	}
}

TEST_F(caps, bytes_between_capabilities_are_the_device_s)
{
	struct vfio_cap caps[VFIO_MAX_CAPS];
	bool owned[PCI_CFG_SPACE_SIZE] = {};
	int n = vfio_caps(&self->d, false, caps);
	int gaps = 0;

	for (int i = 0; i < n; i++) {
		int len = cap_length(&self->d, &caps[i]);

		ASSERT_LT(0, len);
		memset(owned + caps[i].pos, true, len);
	}
	for (int pos = PCI_STD_HEADER_SIZEOF; pos < PCI_CFG_SPACE_SIZE; pos++) {
		uint32_t user, host;

		if (owned[pos])
			continue;
		ASSERT_EQ(0, vfio_cfg_effect(&self->d, pos, 1,
					     ~vfio_hw_cfg8(&self->d, pos), 0xff,
					     &user, &host));
		EXPECT_EQ(host, user)
			TH_LOG("offset 0x%x", pos);
		EXPECT_EQ(vfio_hw_cfg8(&self->d, pos), vfio_cfg8(&self->d, pos));
		gaps++;
	}
	EXPECT_LT(0, gaps);
}

/* --- MSI and MSI-X ------------------------------------------------------ */

FIXTURE(msi)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(msi)
{
	struct vfio_target target;
};

FIXTURE_SETUP(msi)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(msi)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(msi, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(msi, hda)
{
	.target = { .name = "hda" },
};

FIXTURE_VARIANT_ADD(msi, e1000e)
{
	.target = { .name = "e1000e" },
};

static unsigned int msi_data(const struct vfio_dev *d, unsigned int msi)
{
	bool wide = vfio_cfg16(d, msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_64BIT;

	return msi + (wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32);
}

TEST_F(msi, message_is_the_user_s_and_never_reaches_the_device)
{
	unsigned int msi = vfio_cap_find(&self->d, PCI_CAP_ID_MSI);
	unsigned int data = msi_data(&self->d, msi);
	uint32_t address = vfio_hw_cfg32(&self->d, msi + PCI_MSI_ADDRESS_LO);
	uint16_t hw_data = vfio_hw_cfg16(&self->d, data);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, msi + PCI_MSI_ADDRESS_LO, 4,
				    0xfee01234));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, data, 2, 0x4041));
	EXPECT_EQ(0xfee01234, vfio_cfg32(&self->d, msi + PCI_MSI_ADDRESS_LO));
	EXPECT_EQ(0x4041, vfio_cfg16(&self->d, data));
	EXPECT_EQ(address, vfio_hw_cfg32(&self->d, msi + PCI_MSI_ADDRESS_LO));
	EXPECT_EQ(hw_data, vfio_hw_cfg16(&self->d, data));
}

TEST_F(msi, enabling_takes_an_ioctl)
{
	unsigned int flags = vfio_cap_find(&self->d, PCI_CAP_ID_MSI) +
			     PCI_MSI_FLAGS;
	uint16_t orig = vfio_cfg16(&self->d, flags);

	EXPECT_EQ(0, orig & PCI_MSI_FLAGS_ENABLE);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2,
				    orig | PCI_MSI_FLAGS_ENABLE));
	EXPECT_EQ(orig, vfio_cfg16(&self->d, flags));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, flags) & PCI_MSI_FLAGS_ENABLE);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 1,
				    (orig | PCI_MSI_FLAGS_ENABLE) & 0xff));
	EXPECT_EQ(orig, vfio_cfg16(&self->d, flags));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, flags) & PCI_MSI_FLAGS_ENABLE);
}

TEST_F(msi, no_more_vectors_are_enabled_than_were_allocated)
{
	unsigned int flags = vfio_cap_find(&self->d, PCI_CAP_ID_MSI) +
			     PCI_MSI_FLAGS;
	uint16_t orig = vfio_cfg16(&self->d, flags);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2,
				    orig | PCI_MSI_FLAGS_QSIZE));
	EXPECT_EQ(0, vfio_cfg16(&self->d, flags) & PCI_MSI_FLAGS_QSIZE);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, flags) & PCI_MSI_FLAGS_QSIZE);
}

FIXTURE(msix)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(msix)
{
	struct vfio_target target;
};

FIXTURE_SETUP(msix)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(msix)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(msix, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(msix, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(msix, nvme)
{
	.target = { .name = "nvme" },
};

TEST_F(msix, enabling_takes_an_ioctl)
{
	unsigned int flags = vfio_cap_find(&self->d, PCI_CAP_ID_MSIX) +
			     PCI_MSIX_FLAGS;
	uint16_t orig = vfio_cfg16(&self->d, flags);
	const uint16_t bits[] = { PCI_MSIX_FLAGS_ENABLE, PCI_MSIX_FLAGS_MASKALL,
				  PCI_MSIX_FLAGS_QSIZE, 0xffff };

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		EXPECT_EQ(0, vfio_cfg_write(&self->d, flags, 2, orig ^ bits[i]));
		EXPECT_EQ(orig, vfio_cfg16(&self->d, flags));
		EXPECT_EQ(orig, vfio_hw_cfg16(&self->d, flags));
	}
}

/* A register that ignores writes refuses a bad buffer like any other */
TEST_F(msix, writes_need_a_buffer)
{
	unsigned int cap = vfio_cap_find(&self->d, PCI_CAP_ID_MSIX);

	if (vfio_stock())
		SKIP(return, "the kernel's own driver does not look at it");
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, CONFIG, cap,
					     VFIO_BAD_POINTER, 4));
}

VFIO_TEST_MAIN
