// SPDX-License-Identifier: GPL-2.0-only
/* PCI Express: device control, function level reset, AER, SR-IOV */
#include "vfio_harness.h"

FIXTURE(express)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(express)
{
	struct vfio_target target;
};

FIXTURE_SETUP(express)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(express)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(express, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(express, nvme)
{
	.target = { .name = "nvme" },
};

FIXTURE_VARIANT_ADD(express, sriov)
{
	.target = { .name = "sriov" },
};

static unsigned int devctl(const struct vfio_dev *d)
{
	return vfio_cap_find(d, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
}

TEST_F(express, maximum_payload_is_only_remembered)
{
	unsigned int pos = devctl(&self->d);
	uint16_t orig = vfio_cfg16(&self->d, pos), hw = vfio_hw_cfg16(&self->d, pos);

	for (int size = 0; size < 8; size++) {
		uint16_t val = (orig & ~PCI_EXP_DEVCTL_PAYLOAD) | size << 5;

		EXPECT_EQ(0, vfio_cfg_write(&self->d, pos, 2, val));
		EXPECT_EQ(val, vfio_cfg16(&self->d, pos));
		EXPECT_EQ(hw, vfio_hw_cfg16(&self->d, pos));
	}
}

TEST_F(express, read_request_size_is_what_the_user_wrote)
{
	unsigned int pos = devctl(&self->d);
	uint16_t orig = vfio_cfg16(&self->d, pos);

	for (int size = 0; size < 8; size++) {
		uint16_t val = (orig & ~PCI_EXP_DEVCTL_READRQ) | size << 12;

		EXPECT_EQ(0, vfio_cfg_write(&self->d, pos, 2, val));
		EXPECT_EQ(val, vfio_cfg16(&self->d, pos));
	}
}

/* @offset in BAR0 is a register that keeps @mark until a reset */
FIXTURE(flr)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(flr)
{
	struct vfio_target target;
	uint32_t offset;
	uint32_t mark;
	bool capable;
};

FIXTURE_SETUP(flr)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(flr)
{
	vfio_dev_close(&self->d);
}

/* Controller configuration, not enabled */
FIXTURE_VARIANT_ADD(flr, nvme)
{
	.target = { .name = "nvme" },
	.offset = 0x14,
	.mark = 0x00460000,
	.capable = true,
};

FIXTURE_VARIANT_ADD(flr, sriov)
{
	.target = { .name = "sriov" },
	.offset = 0x14,
	.mark = 0x00460000,
	.capable = true,
};

/* Multicast table */
FIXTURE_VARIANT_ADD(flr, e1000e)
{
	.target = { .name = "e1000e" },
	.offset = 0x5200,
	.mark = 0x12345678,
	.capable = false,
};

TEST_F(flr, writing_the_bit_resets_a_device_that_can)
{
	uint32_t mark = variant->mark, val;
	unsigned int pos = devctl(&self->d);

	ASSERT_EQ(4, vfio_region_write(&self->d, 0, variant->offset, &mark, 4));
	ASSERT_EQ(4, vfio_region_read(&self->d, 0, variant->offset, &val, 4));
	ASSERT_EQ(mark, val);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, pos, 2,
				    vfio_cfg16(&self->d, pos) |
				    PCI_EXP_DEVCTL_BCR_FLR));
	EXPECT_EQ(0, vfio_cfg16(&self->d, pos) & PCI_EXP_DEVCTL_BCR_FLR);
	ASSERT_EQ(4, vfio_region_read(&self->d, 0, variant->offset, &val, 4));
	EXPECT_EQ(variant->capable ? 0 : mark, val);
}

TEST_F(flr, a_reset_leaves_what_the_user_configured)
{
	unsigned int pos = devctl(&self->d);
	uint16_t cmd;

	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_BASE_ADDRESS_0, 4, 0xa0000000));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_INTERRUPT_LINE, 1, 0x77));
	EXPECT_EQ(0, vfio_command(&self->d, 0, PCI_COMMAND_MASTER |
					       PCI_COMMAND_INTX_DISABLE));
	cmd = vfio_cfg16(&self->d, PCI_COMMAND);

	EXPECT_EQ(0, vfio_cfg_write(&self->d, pos + 1, 1,
				    vfio_cfg8(&self->d, pos + 1) |
				    PCI_EXP_DEVCTL_BCR_FLR >> 8));
	EXPECT_EQ(0xa0000000, vfio_cfg32(&self->d, PCI_BASE_ADDRESS_0) &
			      PCI_BASE_ADDRESS_MEM_MASK);
	EXPECT_EQ(0x77, vfio_cfg8(&self->d, PCI_INTERRUPT_LINE));
	EXPECT_EQ(cmd, vfio_cfg16(&self->d, PCI_COMMAND));
}

/* --- Extended capabilities ---------------------------------------------- */

FIXTURE(aer)
{
	struct vfio_dev d;
};

FIXTURE_SETUP(aer)
{
	const struct vfio_target t = { .name = "e1000e" };

	VFIO_OPEN_OR_SKIP(&self->d, &t);
}

FIXTURE_TEARDOWN(aer)
{
	vfio_dev_close(&self->d);
}

TEST_F(aer, masks_and_severity_reach_the_device)
{
	static const struct {
		unsigned int reg;
		uint32_t mask;
	} fields[] = {
		{ PCI_ERR_UNCOR_MASK,	0x03fff031 },
		{ PCI_ERR_UNCOR_SEVER,	0x03fff031 },
		{ PCI_ERR_COR_MASK,	0x0000f1c1 },
		{ PCI_ERR_CAP,		0x00000140 },
	};
	unsigned int aer = vfio_ecap_find(&self->d, PCI_EXT_CAP_ID_ERR);
	int changed = 0;

	ASSERT_NE(0, aer);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		unsigned int pos = aer + fields[i].reg;
		uint32_t before = vfio_hw_cfg32(&self->d, pos);
		uint32_t user, host;

		ASSERT_EQ(0, vfio_cfg_effect(&self->d, pos, 4, ~before,
					     fields[i].mask, &user, &host));
		EXPECT_EQ(host, user)
			TH_LOG("register 0x%x", fields[i].reg);
		changed += user != before;
	}
	EXPECT_LT(0, changed);
}

FIXTURE(pf)
{
	struct vfio_dev d;
};

FIXTURE_SETUP(pf)
{
	const struct vfio_target t = { .name = "sriov" };

	VFIO_OPEN_OR_SKIP(&self->d, &t);
}

FIXTURE_TEARDOWN(pf)
{
	vfio_dev_close(&self->d);
}

TEST_F(pf, virtual_functions_cannot_be_enabled_by_the_user)
{
	unsigned int cap = vfio_ecap_find(&self->d, PCI_EXT_CAP_ID_SRIOV);
	uint16_t ctrl;

	ASSERT_NE(0, cap);
	ctrl = vfio_hw_cfg16(&self->d, cap + PCI_SRIOV_CTRL);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, cap + PCI_SRIOV_NUM_VF, 2, 1));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, cap + PCI_SRIOV_CTRL, 2,
				    ctrl | PCI_SRIOV_CTRL_VFE |
				    PCI_SRIOV_CTRL_MSE));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, cap + PCI_SRIOV_NUM_VF));
	EXPECT_EQ(ctrl, vfio_hw_cfg16(&self->d, cap + PCI_SRIOV_CTRL));
}

VFIO_TEST_MAIN
