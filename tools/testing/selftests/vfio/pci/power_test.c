// SPDX-License-Identifier: GPL-2.0-only
/* The power management capability: D3hot and back, and what it does */
#include "vfio_harness.h"

FIXTURE(power)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(power)
{
	struct vfio_target target;
};

FIXTURE_SETUP(power)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(power)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(power, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(power, nvme)
{
	.target = { .name = "nvme" },
};

#define D0	0
#define D1	1
#define D2	2
#define D3HOT	3

static unsigned int power_state(const struct vfio_dev *d)
{
	return vfio_cfg16(d, vfio_cap_find(d, PCI_CAP_ID_PM) + PCI_PM_CTRL) &
	       PCI_PM_CTRL_STATE_MASK;
}

static unsigned int hw_power_state(const struct vfio_dev *d)
{
	return vfio_hw_cfg16(d, vfio_cap_find(d, PCI_CAP_ID_PM) + PCI_PM_CTRL) &
	       PCI_PM_CTRL_STATE_MASK;
}

TEST_F(power, device_goes_to_d3hot_and_back)
{
	EXPECT_EQ(D0, power_state(&self->d));
	EXPECT_EQ(0, vfio_power(&self->d, D3HOT));
	EXPECT_EQ(D3HOT, power_state(&self->d));
	EXPECT_EQ(D3HOT, hw_power_state(&self->d));
	EXPECT_EQ(0, vfio_power(&self->d, D0));
	EXPECT_EQ(D0, power_state(&self->d));
	EXPECT_EQ(D0, hw_power_state(&self->d));
}

TEST_F(power, state_can_be_written_as_byte_and_dword)
{
	unsigned int csr = vfio_cap_find(&self->d, PCI_CAP_ID_PM) + PCI_PM_CTRL;

	EXPECT_EQ(0, vfio_cfg_write(&self->d, csr, 1, D3HOT));
	EXPECT_EQ(D3HOT, hw_power_state(&self->d));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, csr, 4, D0));
	EXPECT_EQ(D0, hw_power_state(&self->d));
}

TEST_F(power, states_the_device_lacks_are_ignored)
{
	EXPECT_EQ(0, vfio_power(&self->d, D1));
	EXPECT_EQ(D0, power_state(&self->d));
	EXPECT_EQ(0, vfio_power(&self->d, D2));
	EXPECT_EQ(D0, power_state(&self->d));
	EXPECT_EQ(D0, hw_power_state(&self->d));
}

TEST_F(power, config_space_is_there_in_d3hot)
{
	uint32_t id = vfio_cfg32(&self->d, PCI_VENDOR_ID);

	ASSERT_EQ(0, vfio_power(&self->d, D3HOT));
	EXPECT_EQ(id, vfio_cfg32(&self->d, PCI_VENDOR_ID));
	EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_INTERRUPT_LINE, 1, 0x3c));
	EXPECT_EQ(0x3c, vfio_cfg8(&self->d, PCI_INTERRUPT_LINE));
}

TEST_F(power, bars_are_out_of_reach_in_d3hot)
{
	uint32_t before, val;

	ASSERT_EQ(4, vfio_region_read(&self->d, 0, 0, &before, 4));
	ASSERT_EQ(0, vfio_power(&self->d, D3HOT));
	EXPECT_EQ(-EIO, vfio_region_read(&self->d, 0, 0, &val, 4));
	EXPECT_EQ(-EIO, vfio_region_write(&self->d, 0, 0, &before, 4));
	ASSERT_EQ(0, vfio_power(&self->d, D0));
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, 0, &val, 4));
}

TEST_F(power, memory_decoding_survives_d3hot)
{
	uint32_t bar = vfio_hw_cfg32(&self->d, PCI_BASE_ADDRESS_0);

	ASSERT_EQ(0, vfio_cfg_write(&self->d, PCI_CACHE_LINE_SIZE, 1, 0x20));
	ASSERT_EQ(0, vfio_power(&self->d, D3HOT));
	ASSERT_EQ(0, vfio_power(&self->d, D0));
	EXPECT_EQ(bar, vfio_hw_cfg32(&self->d, PCI_BASE_ADDRESS_0));
	EXPECT_EQ(0x20, vfio_cfg8(&self->d, PCI_CACHE_LINE_SIZE));
	EXPECT_TRUE(vfio_hw_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MEMORY);
}

TEST_F(power, wakeup_by_the_device_is_not_offered)
{
	unsigned int pm = vfio_cap_find(&self->d, PCI_CAP_ID_PM);
	uint16_t pme = PCI_PM_CTRL_PME_STATUS | PCI_PM_CTRL_PME_ENABLE;

	EXPECT_EQ(0, vfio_cfg16(&self->d, pm + PCI_PM_PMC) & PCI_PM_CAP_PME_MASK);
	EXPECT_EQ(0, vfio_cfg16(&self->d, pm + PCI_PM_CTRL) & pme);
	EXPECT_EQ(0, vfio_cfg_write(&self->d, pm + PCI_PM_CTRL, 2, pme));
	EXPECT_EQ(0, vfio_cfg16(&self->d, pm + PCI_PM_CTRL) & pme);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, pm + PCI_PM_CTRL) & pme);
}

TEST_F(power, device_is_in_d0_when_it_is_opened_again)
{
	ASSERT_EQ(0, vfio_power(&self->d, D3HOT));
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));
	EXPECT_EQ(D0, power_state(&self->d));
}

VFIO_TEST_MAIN
