// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver on top of the library adds reaches the user: regions of its own,
 * with their capabilities, migration and logging.  One that is incomplete is
 * refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_harness.h"

#define DRIVER		"vfio-pci-ontop"
#define LACKS		"/sys/module/vfio_pci_ontop/parameters/lacks"
#define LACKS_MAX	7

#define REGION		VFIO_PCI_NUM_REGIONS	/* can be mapped in part */
#define PLAIN		(REGION + 1)
#define TYPE		(VFIO_REGION_TYPE_PCI_VENDOR_TYPE | 0x1234)
#define SUBTYPE		0x5678
#define PAGE		4096UL
#define SIZE		(2 * PAGE)

#define GET	VFIO_DEVICE_FEATURE_GET
#define SET	VFIO_DEVICE_FEATURE_SET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE

FIXTURE(ontop)
{
	struct vfio_dev d;
	struct vfio_region_info *info;
};

/* Open a device of another driver than the one that all tests are about */
static int open_device(struct vfio_dev *d)
{
	int ret;

	d->how = vfio_mode()->how;
	d->group = vfio_group_open(vfio_group_number(d->addr));
	d->container = vfio_container_open();
	if (d->group < 0 || d->container < 0)
		return -ENODEV;
	ret = vfio_ioctl(d->group, VFIO_GROUP_SET_CONTAINER, &d->container);
	if (!ret && d->how == VFIO_HOW_TYPE1)
		ret = vfio_ioctl(d->container, VFIO_SET_IOMMU,
				 (void *)VFIO_TYPE1v2_IOMMU);
	if (ret)
		return ret;
	d->fd = vfio_group_device_fd(d->group, d->addr);
	return d->fd < 0 ? d->fd : 0;
}

FIXTURE_SETUP(ontop)
{
	const struct vfio_target target = { .name = "edu" };

	self->d = VFIO_DEV_INIT;
	VFIO_NEEDS(&target);
	if (vfio_modprobe("vfio_pci_ontop"))
		SKIP(return, "no module vfio_pci_ontop: build ontop/ and insmod it");
	ASSERT_EQ(0, vfio_device_find("edu", self->d.addr, sizeof(self->d.addr)));
	ASSERT_LE(0, vfio_file_write(LACKS, "0"));
	ASSERT_EQ(0, vfio_driver_bind(self->d.addr, DRIVER));
	ASSERT_EQ(0, open_device(&self->d));
	self->info = calloc(1, PAGE);
}

FIXTURE_TEARDOWN(ontop)
{
	vfio_dev_close(&self->d);
	vfio_driver_unbind(self->d.addr);
	free(self->info);
	/* It is a user of the library, which other tests want to unload. */
	if (self->d.addr[0])
		EXPECT_EQ(0, vfio_modprobe_remove("vfio_pci_ontop"));
}

/* --- Regions -------------------------------------------------------------- */

/* A capability of what vfio_region_info() put there; NULL without it */
static const void *find_cap(const struct vfio_region_info *info, uint16_t id)
{
	const struct vfio_info_cap_header *cap;
	uint32_t off = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;

	for (; off; off = cap->next) {
		cap = (const void *)info + off;
		if (cap->id == id)
			return cap;
	}
	return NULL;
}

TEST_F(ontop, regions_are_described)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	const struct vfio_region_info_cap_type *type;
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ASSERT_EQ(0, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS + 2, info.num_regions);

	ASSERT_EQ(0, vfio_region_info(&self->d, REGION, self->info, PAGE));
	EXPECT_EQ(SIZE, self->info->size);
	EXPECT_EQ((uint64_t)REGION << 40, self->info->offset);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS,
		  self->info->flags);
	type = find_cap(self->info, VFIO_REGION_INFO_CAP_TYPE);
	ASSERT_NE(NULL, type);
	EXPECT_EQ(1, type->header.version);
	EXPECT_EQ(TYPE, type->type);
	EXPECT_EQ(SUBTYPE, type->subtype);
	sparse = find_cap(self->info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	ASSERT_NE(NULL, sparse);
	EXPECT_EQ(1, sparse->nr_areas);
	EXPECT_EQ(PAGE, sparse->areas[0].offset);
	EXPECT_EQ(PAGE, sparse->areas[0].size);

	ASSERT_EQ(0, vfio_region_info(&self->d, PLAIN, self->info, PAGE));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_CAPS, self->info->flags);
	type = find_cap(self->info, VFIO_REGION_INFO_CAP_TYPE);
	ASSERT_NE(NULL, type);
	EXPECT_EQ(SUBTYPE + 1, type->subtype);
	EXPECT_EQ(NULL, find_cap(self->info, VFIO_REGION_INFO_CAP_SPARSE_MMAP));

	EXPECT_EQ(-EINVAL, vfio_region_info(&self->d, PLAIN + 1, self->info, PAGE));
}

/* How much the capabilities take is told to who left no room. */
TEST_F(ontop, room_for_capabilities)
{
	const size_t head = sizeof(*self->info);
	uint32_t need;

	ASSERT_EQ(0, vfio_region_info(&self->d, REGION, self->info, head));
	need = self->info->argsz;
	EXPECT_LT(head, need);
	EXPECT_EQ(0, self->info->cap_offset);
	EXPECT_TRUE(self->info->flags & VFIO_REGION_INFO_FLAG_CAPS);

	ASSERT_EQ(0, vfio_region_info(&self->d, REGION, self->info, need - 1));
	EXPECT_EQ(need, self->info->argsz);
	EXPECT_EQ(0, self->info->cap_offset);
	ASSERT_EQ(0, vfio_region_info(&self->d, REGION, self->info, need));
	EXPECT_EQ(head, self->info->cap_offset);
	EXPECT_NE(NULL, find_cap(self->info, VFIO_REGION_INFO_CAP_SPARSE_MMAP));
}

TEST_F(ontop, regions_are_read_and_written)
{
	char bytes[16] = "0123456789abcdef", back[16] = {};

	EXPECT_EQ(16, vfio_region_write(&self->d, REGION, 100, bytes, 16));
	EXPECT_EQ(16, vfio_region_read(&self->d, REGION, 100, back, 16));
	EXPECT_EQ(0, memcmp(bytes, back, 16));
	EXPECT_EQ(4, vfio_region_read(&self->d, REGION, SIZE - 4, back, 16));
	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, REGION, SIZE, back, 1));
	EXPECT_EQ(16, vfio_region_read(&self->d, PLAIN, 100, back, 16));
	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, PLAIN + 1, 0, back, 1));
	EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, PLAIN + 1, 0, back, 1));
	/* Those of the device are where they are on any. */
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, 0, back, 4));
	EXPECT_EQ(4, vfio_region_read(&self->d, VFIO_PCI_CONFIG_REGION_INDEX, 0, back, 4));
}

TEST_F(ontop, region_is_mapped_by_its_driver)
{
	uint32_t value = 0x12345678;
	void *p;

	ASSERT_EQ(0, vfio_region_mmap(&self->d, REGION, PAGE, PAGE,
				      PROT_READ | PROT_WRITE, MAP_SHARED, &p));
	EXPECT_EQ(4, vfio_region_write(&self->d, REGION, PAGE + 8, &value, 4));
	EXPECT_EQ(value, ((uint32_t *)p)[2]);
	((uint32_t *)p)[3] = ~value;
	EXPECT_EQ(4, vfio_region_read(&self->d, REGION, PAGE + 12, &value, 4));
	EXPECT_EQ(~0x12345678U, value);
	munmap(p, PAGE);

	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, REGION, 0, PAGE, PROT_READ,
					    MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, REGION, PAGE, PAGE, PROT_READ,
					    MAP_PRIVATE, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, PLAIN, 0, PAGE, PROT_READ,
					    MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, PLAIN + 1, 0, PAGE, PROT_READ,
					    MAP_SHARED, &p));
}

/* What is in them is gone with the last close. */
TEST_F(ontop, regions_are_new_at_each_open)
{
	uint32_t value = 0x12345678;

	EXPECT_EQ(4, vfio_region_write(&self->d, PLAIN, 0, &value, 4));
	EXPECT_EQ(4, vfio_region_write(&self->d, REGION, 0, &value, 4));
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, open_device(&self->d));
	EXPECT_EQ(4, vfio_region_read(&self->d, PLAIN, 0, &value, 4));
	EXPECT_EQ(0U, value);
	EXPECT_EQ(4, vfio_region_read(&self->d, REGION, 0, &value, 4));
	EXPECT_EQ(0U, value);
}

/* --- Migration and logging ------------------------------------------------ */

TEST_F(ontop, migration_is_the_driver_s)
{
	struct vfio_device_feature_migration mig = {};
	struct vfio_device_feature_mig_state state = {};
	struct vfio_device_feature_mig_data_size size = {};

	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_MIGRATION | GET,
				  &mig, sizeof(mig)));
	EXPECT_EQ(VFIO_MIGRATION_STOP_COPY, mig.flags);
	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE | GET,
				  &size, sizeof(size)));
	EXPECT_EQ(SIZE, size.stop_copy_length);

	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | GET,
				  &state, sizeof(state)));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state.device_state);
	state.device_state = VFIO_DEVICE_STATE_STOP;
	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | SET,
				  &state, sizeof(state)));
	state.device_state = VFIO_DEVICE_STATE_RESUMING;
	EXPECT_EQ(-EOPNOTSUPP, vfio_feature(&self->d,
					    VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | SET,
					    &state, sizeof(state)));
	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | GET,
				  &state, sizeof(state)));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP, state.device_state);
}

TEST_F(ontop, logging_is_the_driver_s)
{
	struct vfio_device_feature_dma_logging_range range = {
		.iova = 0x100000, .length = 0x10000,
	};
	struct vfio_device_feature_dma_logging_control start = {
		.page_size = PAGE, .num_ranges = 1, .ranges = (uintptr_t)&range,
	};
	uint64_t bits[1] = {};
	struct vfio_device_feature_dma_logging_report report = {
		.iova = range.iova, .length = range.length, .page_size = PAGE,
		.bitmap = (uintptr_t)bits,
	};

	bool has_bitmaps;
	int ret;

	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_DMA_LOGGING_START |
				  SET | PROBE, NULL, 0));
	ret = vfio_feature(&self->d, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT | GET,
			   &report, sizeof(report));
	/* The vfio core has the bitmap from iommufd, and does without. */
	has_bitmaps = ret != -EOPNOTSUPP;
	if (has_bitmaps)
		EXPECT_EQ(-EINVAL, ret);
	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_DMA_LOGGING_START | SET,
				  &start, sizeof(start)));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_DMA_LOGGING_START |
					SET, &start, sizeof(start)));
	EXPECT_EQ(has_bitmaps ? 0 : -EOPNOTSUPP,
		  vfio_feature(&self->d, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT | GET,
			       &report, sizeof(report)));
	EXPECT_EQ(0U, bits[0]);
	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP | SET,
				  NULL, 0));
}

/* The library's own features are there beside the driver's. */
TEST_F(ontop, features_of_the_library)
{
	EXPECT_EQ(0, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | SET |
				  PROBE, NULL, 0));
	EXPECT_EQ(-ENOTTY, vfio_feature(&self->d, VFIO_DEVICE_FEATURE_PCI_VF_TOKEN | SET |
					PROBE, NULL, 0));
}

TEST_F(ontop, incomplete_driver_is_refused)
{
	char number[8];

	vfio_dev_close(&self->d);
	ASSERT_EQ(0, vfio_driver_unbind(self->d.addr));
	for (int i = 1; i <= LACKS_MAX; i++) {
		snprintf(number, sizeof(number), "%d", i);
		ASSERT_LE(0, vfio_file_write(LACKS, number));
		EXPECT_EQ(-EINVAL, vfio_driver_bind(self->d.addr, DRIVER))
			TH_LOG("without %d", i);
	}
	ASSERT_LE(0, vfio_file_write(LACKS, "0"));
	EXPECT_EQ(0, vfio_driver_bind(self->d.addr, DRIVER));
	EXPECT_EQ(0, open_device(&self->d));
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODE_GROUP | VFIO_MODE_COMPAT,
	  .why = "the driver is neither vfio-pci nor vfio-mdev-pci" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
