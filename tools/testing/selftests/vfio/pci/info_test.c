// SPDX-License-Identifier: GPL-2.0-only
/* What a device says about itself, DEVICE_GET_INFO and GET_IRQ_INFO */
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_harness.h"

FIXTURE(info)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(info)
{
	struct vfio_target target;
};

FIXTURE_SETUP(info)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(info)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(info, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(info, ivshmem)
{
	.target = { .name = "ivshmem" },
};

FIXTURE_VARIANT_ADD(info, testdev)
{
	.target = { .name = "testdev" },
};

FIXTURE_VARIANT_ADD(info, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(info, vga)
{
	.target = { .name = "vga" },
};

FIXTURE_VARIANT_ADD(info, hda)
{
	.target = { .name = "hda" },
};

FIXTURE_VARIANT_ADD(info, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(info, nvme)
{
	.target = { .name = "nvme" },
};

static bool has_attr(const struct vfio_dev *d, const char *attr)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", d->sysfs, attr);
	return !access(path, F_OK);
}

/* --- DEVICE_GET_INFO ---------------------------------------------------- */

TEST_F(info, device_is_pci_with_nine_regions_and_five_irqs)
{
	EXPECT_TRUE(self->d.info.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_EQ(0, self->d.info.flags & ~(VFIO_DEVICE_FLAGS_PCI |
					    VFIO_DEVICE_FLAGS_RESET |
					    VFIO_DEVICE_FLAGS_CAPS));
	EXPECT_EQ(VFIO_NR_REGIONS, self->d.info.num_regions);
	EXPECT_EQ(VFIO_NR_IRQS, self->d.info.num_irqs);
}

TEST_F(info, reset_flag_says_whether_a_reset_works)
{
	bool can = self->d.info.flags & VFIO_DEVICE_FLAGS_RESET;

	EXPECT_EQ(has_attr(&self->d, "reset"), can);
	EXPECT_EQ(can ? 0 : -EINVAL,
		  vfio_ioctl(self->d.fd, VFIO_DEVICE_RESET, NULL));
}

TEST_F(info, device_info_obeys_argsz)
{
	struct vfio_device_info_full arg = {};

	EXPECT_ARGSZ_RULES(self->d.fd, VFIO_DEVICE_GET_INFO, arg, 16, 0);
}

TEST_F(info, device_info_writes_no_more_than_argsz)
{
	for (uint32_t n = 16; n <= sizeof(struct vfio_device_info_full); n++) {
		struct vfio_device_info_full arg;

		memset(&arg, 0xa5, sizeof(arg));
		EXPECT_EQ(0, vfio_argsz_case(self->d.fd, VFIO_DEVICE_GET_INFO,
					     &arg, sizeof(arg), n));
		EXPECT_EQ(VFIO_NR_IRQS, arg.num_irqs);
		for (uint32_t i = n; i < sizeof(arg); i++) {
			EXPECT_EQ(0xa5, ((uint8_t *)&arg)[i])
				TH_LOG("argsz %u, byte %u", n, i);
		}
	}
}

TEST_F(info, device_info_refuses_bad_pointers)
{
	struct vfio_device_info_full arg = { .argsz = sizeof(arg) };

	EXPECT_EQ(-EFAULT, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_INFO, NULL));
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_GET_INFO,
					   &arg, 15, 16));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_INFO,
				      vfio_read_only(&arg, sizeof(arg))));
}

/* --- DEVICE_GET_IRQ_INFO ------------------------------------------------ */

static uint32_t intx_count(const struct vfio_dev *d)
{
	return vfio_cfg8(d, PCI_INTERRUPT_PIN) ? 1 : 0;
}

static uint32_t msi_count(const struct vfio_dev *d)
{
	unsigned int cap = vfio_hw_cap_find(d, PCI_CAP_ID_MSI);

	if (!cap)
		return 0;
	return 1 << ((vfio_hw_cfg16(d, cap + PCI_MSI_FLAGS) &
		      PCI_MSI_FLAGS_QMASK) >> 1);
}

static uint32_t msix_count(const struct vfio_dev *d)
{
	unsigned int cap = vfio_hw_cap_find(d, PCI_CAP_ID_MSIX);

	if (!cap)
		return 0;
	return (vfio_hw_cfg16(d, cap + PCI_MSIX_FLAGS) &
		PCI_MSIX_FLAGS_QSIZE) + 1;
}

TEST_F(info, irq_counts_are_those_of_the_hardware)
{
	struct vfio_irq_info info;

	ASSERT_EQ(0, vfio_irq_info(&self->d, VFIO_PCI_INTX_IRQ_INDEX, &info));
	EXPECT_EQ(intx_count(&self->d), info.count);
	ASSERT_EQ(0, vfio_irq_info(&self->d, VFIO_PCI_MSI_IRQ_INDEX, &info));
	EXPECT_EQ(msi_count(&self->d), info.count);
	ASSERT_EQ(0, vfio_irq_info(&self->d, VFIO_PCI_MSIX_IRQ_INDEX, &info));
	EXPECT_EQ(msix_count(&self->d), info.count);
	ASSERT_EQ(0, vfio_irq_info(&self->d, VFIO_PCI_REQ_IRQ_INDEX, &info));
	EXPECT_EQ(1, info.count);
}

TEST_F(info, irq_flags_say_what_each_index_can_do)
{
	const uint32_t want[] = {
		[VFIO_PCI_INTX_IRQ_INDEX] = VFIO_IRQ_INFO_EVENTFD |
			VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED,
		[VFIO_PCI_MSI_IRQ_INDEX] = VFIO_IRQ_INFO_EVENTFD |
			VFIO_IRQ_INFO_NORESIZE,
		/* The VM's interrupt remapping can add vectors later on */
		[VFIO_PCI_MSIX_IRQ_INDEX] = VFIO_IRQ_INFO_EVENTFD |
			(msix_count(&self->d) ? 0 : VFIO_IRQ_INFO_NORESIZE),
	};
	struct vfio_irq_info info;

	for (uint32_t i = 0; i < ARRAY_SIZE(want); i++) {
		ASSERT_EQ(0, vfio_irq_info(&self->d, i, &info));
		EXPECT_EQ(i, info.index);
		EXPECT_EQ(want[i], info.flags)
			TH_LOG("index %u", i);
	}
	ASSERT_EQ(0, vfio_irq_info(&self->d, VFIO_PCI_REQ_IRQ_INDEX, &info));
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, info.flags);
}

TEST_F(info, error_irq_is_there_for_every_device)
{
	bool pcie = vfio_hw_cap_find(&self->d, PCI_CAP_ID_EXP);
	struct vfio_irq_info info;
	int ret = vfio_irq_info(&self->d, VFIO_PCI_ERR_IRQ_INDEX, &info);

	/* Before 7.3 only PCI Express devices had it */
	if (vfio_stock() && !pcie) {
		EXPECT_EQ(-EINVAL, ret);
		return;
	}
	ASSERT_EQ(0, ret);
	EXPECT_EQ(1, info.count);
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, info.flags);
}

TEST_F(info, irqs_that_do_not_exist_are_refused)
{
	const uint32_t bad[] = { VFIO_NR_IRQS, 6, 1 << 16, INT32_MAX, 1U << 31,
				 UINT32_MAX };
	struct vfio_irq_info info;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, vfio_irq_info(&self->d, bad[i], &info))
			TH_LOG("index %u", bad[i]);
	}
}

TEST_F(info, irq_info_obeys_argsz)
{
	struct vfio_irq_info arg = { .index = VFIO_PCI_REQ_IRQ_INDEX };

	EXPECT_ARGSZ_RULES(self->d.fd, VFIO_DEVICE_GET_IRQ_INFO, arg,
			   sizeof(arg), 0);
}

TEST_F(info, irq_info_refuses_bad_pointers)
{
	struct vfio_irq_info arg = { .argsz = sizeof(arg) };

	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_GET_IRQ_INFO,
					   &arg, 15, 16));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_IRQ_INFO,
				      vfio_read_only(&arg, sizeof(arg))));
}

/* --- What is no ioctl of a PCI device ----------------------------------- */

TEST_F(info, unknown_ioctls_are_not_supported)
{
	const int numbers[] = { 0, 1, 6, 14, 15, 21, 22, 23, 99, 155 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(-ENOTTY, vfio_ioctl(self->d.fd,
					      _IO(VFIO_TYPE, VFIO_BASE + numbers[i]),
					      NULL))
			TH_LOG("VFIO_BASE + %d", numbers[i]);
	}
	EXPECT_EQ(-ENOTTY, vfio_ioctl(self->d.fd, _IO('x', VFIO_BASE + 7), NULL));
	EXPECT_EQ(-ENOTTY, vfio_ioctl(self->d.fd,
				      _IOWR(VFIO_TYPE, VFIO_BASE + 7, uint32_t),
				      NULL));
}

TEST_F(info, a_device_from_a_group_is_not_attached_to_an_iommufd)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = 12 };
	struct vfio_device_detach_iommufd_pt detach = { .argsz = 8 };

	EXPECT_EQ(-ENOTTY, vfio_ioctl(self->d.fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT,
				      &attach));
	EXPECT_EQ(-ENOTTY, vfio_ioctl(self->d.fd, VFIO_DEVICE_DETACH_IOMMUFD_PT,
				      &detach));
}

static const struct vfio_mode_rule rules[] = {
	{ .test = "a_device_from_a_group_is_not_attached_to_an_iommufd",
	  .modes = VFIO_MODES_GROUP, .why = "that of a cdev is" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
