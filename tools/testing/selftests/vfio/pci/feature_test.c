// SPDX-License-Identifier: GPL-2.0-only
/* DEVICE_FEATURE: its own rules, what there is not, VF tokens, dma-bufs */
#include <unistd.h>

#include "vfio_harness.h"

#define GET	VFIO_DEVICE_FEATURE_GET
#define SET	VFIO_DEVICE_FEATURE_SET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE

FIXTURE(feature)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(feature)
{
	struct vfio_target target;
};

FIXTURE_SETUP(feature)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(feature)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(feature, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(feature, e1000e)
{
	.target = { .name = "e1000e" },
};

/* --- Rules for all features --------------------------------------------- */

TEST_F(feature, request_obeys_argsz)
{
	struct vfio_device_feature arg = {
		.flags = VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | SET | PROBE,
	};

	EXPECT_ARGSZ_RULES(self->d.fd, VFIO_DEVICE_FEATURE, arg, sizeof(arg), 0);
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE, &arg,
					   sizeof(arg) - 1, sizeof(arg)));
}

TEST_F(feature, unknown_flags_are_refused)
{
	for (int bit = 19; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL,
			  vfio_feature(&self->d, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT |
				       SET | PROBE | 1U << bit, NULL, 0))
			TH_LOG("bit %d", bit);
	}
}

TEST_F(feature, get_and_set_go_together_in_a_probe_only)
{
	uint32_t exit = VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;

	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, exit | GET | SET, NULL, 0));
	/* In a probe, both have to be supported */
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, exit | GET | SET | PROBE, NULL, 0));
	EXPECT_EQ(0, vfio_feature(&self->d, exit | SET | PROBE, NULL, 0));
}

TEST_F(feature, unknown_ones_are_not_supported)
{
	const uint32_t numbers[] = { 14, 15, 100, 0x7fff, 0xffff };
	const uint32_t flags[] = { 0, GET, SET, PROBE, GET | PROBE, SET | PROBE };
	uint8_t data[64] = {};

	for (size_t i = 0; i < ARRAY_SIZE(numbers) * ARRAY_SIZE(flags); i++) {
		uint32_t nr = numbers[i / ARRAY_SIZE(flags)];
		uint32_t how = flags[i % ARRAY_SIZE(flags)];

		EXPECT_EQ(-ENOTTY, vfio_feature(&self->d, nr | how, data, sizeof(data)))
			TH_LOG("feature %u, flags 0x%x", nr, how);
	}
}

/* --- What a PCI device without a driver of its own does not have -------- */

static const struct {
	const char *name;
	uint32_t nr;
} absent[] = {
	{ "VF token",		VFIO_DEVICE_FEATURE_PCI_VF_TOKEN },
	{ "migration",		VFIO_DEVICE_FEATURE_MIGRATION },
	{ "migration state",	VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE },
	{ "DMA logging start",	VFIO_DEVICE_FEATURE_DMA_LOGGING_START },
	{ "DMA logging stop",	VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP },
	{ "DMA logging report",	VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT },
	{ "migration size",	VFIO_DEVICE_FEATURE_MIG_DATA_SIZE },
	{ "bus master",		VFIO_DEVICE_FEATURE_BUS_MASTER },
	{ "zPCI error",		VFIO_DEVICE_FEATURE_ZPCI_ERROR },
};

TEST_F(feature, those_for_other_devices_are_not_supported)
{
	const uint32_t flags[] = { GET, SET, GET | PROBE, SET | PROBE };
	uint8_t data[64] = {};

	for (size_t i = 0; i < ARRAY_SIZE(absent) * ARRAY_SIZE(flags); i++) {
		uint32_t how = flags[i % ARRAY_SIZE(flags)];
		size_t k = i / ARRAY_SIZE(flags);

		EXPECT_EQ(-ENOTTY, vfio_feature(&self->d, absent[k].nr | how, data,
						sizeof(data)))
			TH_LOG("%s, flags 0x%x", absent[k].name, how);
	}
}

/* MIG_PRECOPY_INFOv2: a vfio core that knows it asks for a driver that can migrate. */
TEST_F(feature, precopy_takes_migration)
{
	const uint32_t nr = 12;
	const uint32_t flags[] = { GET, SET, GET | PROBE, SET | PROBE };
	uint8_t data[64] = {};
	int want = vfio_feature(&self->d, nr | GET, data, sizeof(data));

	EXPECT_TRUE(want == -EINVAL || want == -ENOTTY);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(want, vfio_feature(&self->d, nr | flags[i], data,
					     sizeof(data)))
			TH_LOG("flags 0x%x", flags[i]);
	}
}

/* --- VF tokens ---------------------------------------------------------- */

FIXTURE(token)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(token)
{
	struct vfio_target target;
};

FIXTURE_SETUP(token)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(token)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(token, sriov)
{
	.target = { .name = "sriov" },
};

#define TOKEN	VFIO_DEVICE_FEATURE_PCI_VF_TOKEN

TEST_F(token, of_a_physical_function_can_be_set)
{
	uint8_t uuid[16] = { 1, 2, 3 };

	EXPECT_EQ(0, vfio_feature(&self->d, TOKEN | SET | PROBE, NULL, 0));
	EXPECT_EQ(0, vfio_feature(&self->d, TOKEN | SET, uuid, sizeof(uuid)));
}

TEST_F(token, is_a_secret)
{
	uint8_t uuid[16] = {};

	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, TOKEN | GET, uuid, sizeof(uuid)));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, TOKEN | GET | PROBE, NULL, 0));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, TOKEN, uuid, sizeof(uuid)));
}

TEST_F(token, that_is_incomplete_is_refused)
{
	struct {
		struct vfio_device_feature head;
		uint8_t uuid[16];
	} arg = { .head.flags = TOKEN | SET };

	for (uint32_t n = 8; n < sizeof(arg); n++) {
		EXPECT_EQ(-EINVAL, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE,
						   &arg, sizeof(arg), n))
			TH_LOG("argsz %u", n);
	}
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE, &arg,
					   sizeof(arg) - 1, sizeof(arg)));
}

/* --- dma-bufs ----------------------------------------------------------- */

FIXTURE(dmabuf)
{
	struct vfio_dev d;
	struct {
		struct vfio_device_feature head;
		uint32_t region;
		uint32_t open_flags;
		uint32_t flags;
		uint32_t nr_ranges;
		struct vfio_region_dma_range range;
	} arg;
};

FIXTURE_SETUP(dmabuf)
{
	const struct vfio_target t = { .name = "ivshmem" };
	uint32_t nr = VFIO_DEVICE_FEATURE_DMA_BUF;

	VFIO_OPEN_OR_SKIP(&self->d, &t);
	if (vfio_feature(&self->d, nr | GET | PROBE, NULL, 0) == -ENOTTY)
		SKIP(return, "this kernel exports no dma-bufs of PCI devices");
	self->arg.head.argsz = sizeof(self->arg);
	self->arg.head.flags = nr | GET;
	self->arg.region = 2;
	self->arg.open_flags = 02;
	self->arg.nr_ranges = 1;
	self->arg.range.length = 0x1000;
}

FIXTURE_TEARDOWN(dmabuf)
{
	vfio_dev_close(&self->d);
}

TEST_F(dmabuf, is_a_file)
{
	int fd = vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &self->arg);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, close(fd));
}

TEST_F(dmabuf, ranges_are_checked)
{
	static const struct {
		uint64_t offset;
		uint64_t length;
		int want;
	} cases[] = {
		{ 0, 0, -EINVAL },
		{ 0, 0x800, -EINVAL },
		{ 0x800, 0x1000, -EINVAL },
		{ 0, 1ULL << 29, -EINVAL },
		{ 0x10000000, 0x1000, -EINVAL },
		{ -0x1000ULL, 0x2000, -EOVERFLOW },
		{ 0, 1ULL << 63, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		self->arg.range.offset = cases[i].offset;
		self->arg.range.length = cases[i].length;
		EXPECT_EQ(cases[i].want, vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE,
						    &self->arg))
			TH_LOG("range %zu", i);
	}
}

TEST_F(dmabuf, arguments_are_checked)
{
	self->arg.nr_ranges = 0;
	EXPECT_EQ(-EINVAL, vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &self->arg));
	self->arg.nr_ranges = 1;
	self->arg.flags = 1;
	EXPECT_EQ(-EINVAL, vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &self->arg));
	self->arg.flags = 0;
	self->arg.region = VFIO_PCI_CONFIG_REGION_INDEX;
	EXPECT_EQ(-ENODEV, vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &self->arg));
	self->arg.region = 5;
	EXPECT_EQ(-ENODEV, vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &self->arg));
}

TEST_F(dmabuf, can_be_got_only)
{
	uint32_t nr = VFIO_DEVICE_FEATURE_DMA_BUF;
	uint8_t data[64] = {};

	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, nr | SET, data, sizeof(data)));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, nr | SET | PROBE, NULL, 0));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, nr, data, sizeof(data)));
	for (size_t n = 0; n < 16; n++) {
		EXPECT_EQ(-EINVAL, vfio_feature(&self->d, nr | GET, data, n))
			TH_LOG("payload of %zu bytes", n);
	}
}

/* The part that is needed first, and the ranges behind it */
TEST_F(dmabuf, arguments_have_to_be_readable)
{
	const size_t head = sizeof(self->arg) - sizeof(self->arg.range);

	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE,
					   &self->arg, head - 1, sizeof(self->arg)));
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE,
					   &self->arg, head, sizeof(self->arg)));
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE,
					   &self->arg, sizeof(self->arg) - 1,
					   sizeof(self->arg)));
	self->arg.nr_ranges = 2;
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE,
					   &self->arg, sizeof(self->arg),
					   sizeof(self->arg)));
	/* A table of which no machine has a copy */
	self->arg.nr_ranges = ~0U;
	EXPECT_EQ(-ENOMEM, vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &self->arg));
}

/* Who still has one does not keep a device from being unbound when it is closed. */
TEST_F(dmabuf, of_a_device_that_is_unbound)
{
	char path[128];
	pid_t pid;
	int fd;

	vfio_driver_path("unbind", path, sizeof(path));
	pid = vfio_file_write_begin(path, self->d.addr);
	ASSERT_LT(0, pid);
	vfio_sleep_ms(500);
	EXPECT_TRUE(vfio_file_write_waits(pid));
	fd = vfio_ioctl(self->d.fd, VFIO_DEVICE_FEATURE, &self->arg);
	EXPECT_LE(0, fd);
	vfio_dev_close(&self->d);
	EXPECT_EQ(0, vfio_file_write_end(pid));
	close(fd);
}

/* Nobody's DMA reaches ports. */
TEST(dmabuf_of_ports)
{
	const struct vfio_target t = { .name = "e1000e" };
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf buf;
		struct vfio_region_dma_range range;
	} arg = {
		.head.argsz = sizeof(arg),
		.head.flags = VFIO_DEVICE_FEATURE_DMA_BUF | GET,
		.buf = { .region_index = 2, .nr_ranges = 1 },
		.range.length = 0x1000,
	};
	struct vfio_dev d;

	VFIO_OPEN_OR_SKIP(&d, &t);
	if (vfio_feature(&d, VFIO_DEVICE_FEATURE_DMA_BUF | GET | PROBE, NULL, 0) ==
	    -ENOTTY)
		SKIP(return, "this kernel exports no dma-bufs of PCI devices");
	EXPECT_EQ(-EINVAL, vfio_ioctl(d.fd, VFIO_DEVICE_FEATURE, &arg));
	vfio_dev_close(&d);
}

VFIO_TEST_MAIN
