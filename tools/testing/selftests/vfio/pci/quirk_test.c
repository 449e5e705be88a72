// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that the driver treats by name: those it refuses, and those whose
 * INTx it hides.  No emulated device has their IDs, so one is given them.
 */
#include "fakecfg.h"
#include "vfio_harness.h"

#define INTEL	0x8086

static const struct vfio_target target = { .name = "e1000e" };

FIXTURE(quirk)
{
	struct fakecfg fake;
	struct vfio_dev d;
	char addr[40];
};

FIXTURE_SETUP(quirk)
{
	const char *why = fakecfg_missing(&target);

	self->d = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, vfio_device_find(target.name, self->addr,
				      sizeof(self->addr)));
	ASSERT_EQ(0, fakecfg_add(&self->fake, &target));
}

FIXTURE_TEARDOWN(quirk)
{
	vfio_dev_close(&self->d);
	fakecfg_remove(&self->fake);
	EXPECT_EQ(0, fakecfg_rescan(&self->fake));
	EXPECT_EQ(0, vfio_driver_reload(""));
}

/* The PCI core finds the device with another ID, which is bound; its errno */
static int become(struct fakecfg *fake, uint16_t device)
{
	fakecfg_put(fake, PCI_VENDOR_ID, 2, INTEL);
	fakecfg_put(fake, PCI_DEVICE_ID, 2, device);
	return fakecfg_load(fake) ?: fakecfg_rescan(fake);
}

TEST_F_TIMEOUT(quirk, devices_with_errata_are_refused, 100)
{
	static const uint16_t denied[] = {
		0x0435, 0x0443, 0x0b25, 0x0cfe, 0x19e2, 0x19e3, 0x37c8, 0x37c9,
	};

	for (int i = 0; i < 8; i++) {
		EXPECT_EQ(-EINVAL, become(&self->fake, denied[i]))
			TH_LOG("device %04x", denied[i]);
		EXPECT_FALSE(vfio_driver_has(self->addr));
	}
	/* Their neighbours are not */
	EXPECT_EQ(0, become(&self->fake, 0x0436));
	EXPECT_TRUE(vfio_driver_has(self->addr));
}

TEST_F_TIMEOUT(quirk, devices_with_errata_can_be_allowed, 100)
{
	ASSERT_EQ(0, vfio_driver_reload("disable_denylist=1"));
	EXPECT_EQ(0, become(&self->fake, 0x0b25));
	EXPECT_TRUE(vfio_driver_has(self->addr));
}

TEST_F_TIMEOUT(quirk, broken_intx_is_hidden, 100)
{
	struct vfio_irq_info info;
	int32_t fd = vfio_eventfd();

	ASSERT_EQ(0, become(&self->fake, 0x1572));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));

	EXPECT_EQ(0, vfio_cfg8(&self->d, PCI_INTERRUPT_PIN));
	ASSERT_EQ(0, vfio_irq_info(&self->d, VFIO_PCI_INTX_IRQ_INDEX, &info));
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(-EINVAL, vfio_irq_eventfds(&self->d, VFIO_PCI_INTX_IRQ_INDEX,
					     0, 1, &fd));

	/* ... and off, whatever the user does with his own bit */
	EXPECT_NE(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) &
		     PCI_COMMAND_INTX_DISABLE);
	EXPECT_EQ(0, vfio_command(&self->d, 0, PCI_COMMAND_INTX_DISABLE));
	EXPECT_EQ(0, vfio_command(&self->d, PCI_COMMAND_INTX_DISABLE, 0));
	EXPECT_NE(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) &
		     PCI_COMMAND_INTX_DISABLE);

	/* ... also after MSI was used */
	ASSERT_EQ(0, vfio_irq_eventfds(&self->d, VFIO_PCI_MSI_IRQ_INDEX, 0, 1,
				       &fd));
	ASSERT_EQ(0, vfio_irq_disable(&self->d, VFIO_PCI_MSI_IRQ_INDEX));
	EXPECT_NE(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) &
		     PCI_COMMAND_INTX_DISABLE);
}

/* With nointxmask the line is masked, so nothing has to be hidden */
TEST_F_TIMEOUT(quirk, broken_intx_is_used_with_nointxmask, 100)
{
	ASSERT_EQ(0, vfio_driver_reload("nointxmask=1"));
	ASSERT_EQ(0, become(&self->fake, 0x1572));
	ASSERT_EQ(0, vfio_dev_open(&self->d, &target));
	EXPECT_NE(0, vfio_cfg8(&self->d, PCI_INTERRUPT_PIN));
}

VFIO_TEST_MAIN
