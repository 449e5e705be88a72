// SPDX-License-Identifier: GPL-2.0-only
/* What a device says about its regions, DEVICE_GET_REGION_INFO */
#include <sys/stat.h>

#include "vfio_harness.h"

#define NR_BARS		6
#define REGION_MIN	32	/* bytes of a region info without capabilities */
#define IORESOURCE_IO	0x100

FIXTURE(regions)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(regions)
{
	struct vfio_target target;
};

FIXTURE_SETUP(regions)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(regions)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(regions, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(regions, ivshmem)
{
	.target = { .name = "ivshmem" },
};

FIXTURE_VARIANT_ADD(regions, testdev)
{
	.target = { .name = "testdev" },
};

FIXTURE_VARIANT_ADD(regions, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(regions, vga)
{
	.target = { .name = "vga" },
};

FIXTURE_VARIANT_ADD(regions, hda)
{
	.target = { .name = "hda" },
};

FIXTURE_VARIANT_ADD(regions, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(regions, nvme)
{
	.target = { .name = "nvme" },
};

TEST_F(regions, regions_lie_forty_bits_apart)
{
	for (uint32_t i = 0; i < VFIO_PCI_VGA_REGION_INDEX; i++) {
		struct vfio_region_info info;

		ASSERT_EQ(0, vfio_region_info(&self->d, i, &info, sizeof(info)));
		EXPECT_EQ(i, info.index);
		EXPECT_EQ((uint64_t)i << 40, info.offset);
	}
}

TEST_F(regions, bar_sizes_are_those_of_the_resources)
{
	int present = 0;

	for (int i = 0; i < NR_BARS; i++) {
		uint64_t size;

		ASSERT_EQ(0, vfio_resource(self->d.addr, i, NULL, &size, NULL));
		EXPECT_EQ(size, self->d.region[i].size)
			TH_LOG("BAR %d", i);
		present += size != 0;
	}
	EXPECT_LT(0, present);
}

static uint32_t bar_flags(uint64_t size, uint64_t type)
{
	if (!size)
		return 0;
	if (type & IORESOURCE_IO)
		return VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	return VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
	       VFIO_REGION_INFO_FLAG_MMAP;
}

TEST_F(regions, bar_flags_follow_from_the_resource)
{
	for (int i = 0; i < NR_BARS; i++) {
		uint32_t flags = self->d.region[i].flags & ~VFIO_REGION_INFO_FLAG_CAPS;
		uint64_t size, type;

		ASSERT_EQ(0, vfio_resource(self->d.addr, i, NULL, &size, &type));
		EXPECT_EQ(bar_flags(size, type), flags)
			TH_LOG("BAR %d", i);
	}
}

TEST_F(regions, config_region_has_the_size_of_config_space)
{
	const struct vfio_region_info *config =
		&self->d.region[VFIO_PCI_CONFIG_REGION_INDEX];
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/config", self->d.sysfs);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ((uint64_t)st.st_size, config->size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
		  config->flags);
}

TEST_F(regions, regions_that_do_not_exist_are_refused)
{
	const uint32_t bad[] = { VFIO_NR_REGIONS, 10, 64, 1 << 24, INT32_MAX,
				 1U << 31, UINT32_MAX };
	struct vfio_region_info info;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, vfio_region_info(&self->d, bad[i], &info,
						    sizeof(info)))
			TH_LOG("index %u", bad[i]);
	}
}

TEST_F(regions, region_info_obeys_argsz)
{
	for (uint32_t i = 0; i < VFIO_PCI_VGA_REGION_INDEX; i++) {
		struct vfio_region_info arg = { .index = i };

		if (self->d.region[i].flags & VFIO_REGION_INFO_FLAG_CAPS)
			continue;
		EXPECT_ARGSZ_RULES(self->d.fd, VFIO_DEVICE_GET_REGION_INFO, arg,
				   REGION_MIN, 0);
	}
}

TEST_F(regions, region_info_refuses_bad_pointers)
{
	struct vfio_region_info arg = { .argsz = sizeof(arg) };

	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_GET_REGION_INFO,
					   &arg, REGION_MIN - 1, REGION_MIN));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_REGION_INFO,
				      vfio_read_only(&arg, sizeof(arg))));
}

/* BAR with the MSI-X table, or -1 */
static int msix_bar(const struct vfio_dev *d)
{
	unsigned int cap = vfio_hw_cap_find(d, PCI_CAP_ID_MSIX);

	if (!cap)
		return -1;
	return vfio_hw_cfg32(d, cap + PCI_MSIX_TABLE) & PCI_MSIX_TABLE_BIR;
}

TEST_F(regions, only_the_msix_bar_has_a_capability)
{
	int msix = msix_bar(&self->d);

	for (int i = 0; i < VFIO_PCI_VGA_REGION_INDEX; i++) {
		bool caps = self->d.region[i].flags & VFIO_REGION_INFO_FLAG_CAPS;

		EXPECT_EQ(i == msix, caps)
			TH_LOG("region %d", i);
	}
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

TEST_F(msix, msix_bar_announces_a_mappable_table)
{
	union {
		struct vfio_region_info info;
		uint8_t bytes[128];
	} u;
	const struct vfio_info_cap_header *cap;
	int bar = msix_bar(&self->d);

	ASSERT_LE(0, bar);

	ASSERT_EQ(0, vfio_region_info(&self->d, bar, &u.info, sizeof(u)));
	EXPECT_EQ(REGION_MIN, u.info.cap_offset);
	cap = vfio_info_cap(&u, sizeof(u), u.info.cap_offset,
			    VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
	ASSERT_NE(NULL, cap);
	EXPECT_EQ(1, cap->version);
	EXPECT_EQ(0, cap->next);
}

TEST_F(msix, too_short_for_the_capability_is_told_how_much_it_takes)
{
	int bar = msix_bar(&self->d);
	uint32_t need = REGION_MIN + sizeof(struct vfio_info_cap_header);

	ASSERT_LE(0, bar);

	for (uint32_t n = REGION_MIN; n < need; n++) {
		union {
			struct vfio_region_info info;
			uint8_t bytes[64];
		} u;

		memset(&u, 0xa5, sizeof(u));
		u.info.index = bar;
		EXPECT_EQ(0, vfio_argsz_case(self->d.fd,
					     VFIO_DEVICE_GET_REGION_INFO,
					     &u, sizeof(u), n));
		EXPECT_EQ(need, u.info.argsz);
		EXPECT_EQ(0, u.info.cap_offset);
		EXPECT_TRUE(u.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
		EXPECT_EQ(self->d.region[bar].size, u.info.size);
		for (uint32_t i = REGION_MIN; i < sizeof(u); i++)
			EXPECT_EQ(0xa5, u.bytes[i]);
	}
}

VFIO_TEST_MAIN
