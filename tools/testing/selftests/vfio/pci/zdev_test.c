// SPDX-License-Identifier: GPL-2.0-only
/* What a zPCI function of s390 says about itself, beside what sysfs says */
#include <endian.h>
#include <fcntl.h>
#include <linux/vfio_zdev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_harness.h"

#define GET	VFIO_DEVICE_FEATURE_GET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE
#define ERROR	VFIO_DEVICE_FEATURE_ZPCI_ERROR

#define STORE_BLOCK	128	/* bytes that the kernel writes at a time */
#define ERROR_LENGTH	32	/* of the firmware's record of an error */

struct answer {
	struct vfio_device_info_full info;
	uint8_t caps[512] __attribute__((aligned(8)));
};

FIXTURE(zdev)
{
	struct vfio_dev d;
	struct answer answer;
};

FIXTURE_SETUP(zdev)
{
	const struct vfio_target target = { .name = "virtio" };
	char addr[40], fid[16];

	self->d = VFIO_DEV_INIT;
	if (vfio_device_find(target.name, addr, sizeof(addr)) ||
	    vfio_attr_read(addr, "function_id", fid, sizeof(fid)) < 0)
		SKIP(return, "this machine has no zPCI, that is s390's");
	VFIO_OPEN_OR_SKIP(&self->d, &target);

	self->answer.info.argsz = sizeof(self->answer);
	ASSERT_EQ(0, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_INFO,
				&self->answer));
	ASSERT_TRUE(self->answer.info.flags & VFIO_DEVICE_FLAGS_CAPS);
}

FIXTURE_TEARDOWN(zdev)
{
	vfio_dev_close(&self->d);
}

static const void *cap(const struct answer *a, uint16_t id)
{
	return vfio_info_cap(a, a->info.argsz, a->info.cap_offset, id);
}

/* All of them are numbers there; -1 if it is missing */
static long long attr(const struct vfio_dev *d, const char *name)
{
	char text[32];

	if (vfio_attr_read(d->addr, name, text, sizeof(text)) < 0)
		return -1;
	return strtoll(text, NULL, 0);
}

/* Version 3, which headers of the build host may lack */
static uint32_t error_length(const struct answer *a)
{
	const struct vfio_device_info_cap_zpci_base *base =
		cap(a, VFIO_DEVICE_INFO_CAP_ZPCI_BASE);

	return base && base->header.version >= 3 ? *(&base->fh + 1) : 0;
}

TEST_F(zdev, base_is_what_sysfs_says)
{
	const struct vfio_device_info_cap_zpci_base *base =
		cap(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_BASE);

	ASSERT_NE(NULL, base);
	EXPECT_EQ(attr(&self->d, "pchid"), base->pchid);
	EXPECT_EQ(attr(&self->d, "vfn"), base->vfn);
	EXPECT_EQ(attr(&self->d, "pft"), base->pft);
	EXPECT_EQ(attr(&self->d, "pfgid"), base->gid);
	EXPECT_EQ(attr(&self->d, "function_handle"), base->fh);
	EXPECT_LT(base->start_dma, base->end_dma);
}

TEST_F(zdev, base_says_how_long_a_record_is_where_there_are_any)
{
	const struct vfio_info_cap_header *base =
		cap(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_BASE);
	bool errors = !vfio_feature(&self->d, ERROR | GET | PROBE, NULL, 0);

	ASSERT_NE(NULL, base);
	EXPECT_EQ(errors ? 3 : 2, base->version);
	EXPECT_EQ(errors ? ERROR_LENGTH : 0, error_length(&self->answer));
}

TEST_F(zdev, group_is_refreshed_and_stores_blocks_as_the_kernel_does)
{
	const struct vfio_device_info_cap_zpci_group *group =
		cap(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_GROUP);

	ASSERT_NE(NULL, group);
	EXPECT_EQ(2, group->header.version);
	EXPECT_EQ(VFIO_DEVICE_INFO_ZPCI_FLAG_REFRESH, group->flags);
	EXPECT_EQ(STORE_BLOCK, group->maxstbl);
	EXPECT_LT(0, group->imaxstbl);
	EXPECT_LT(0, group->noi);
	EXPECT_EQ(0, group->reserved);
}

TEST_F(zdev, path_is_what_sysfs_says)
{
	const struct vfio_device_info_cap_zpci_pfip *path =
		cap(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_PFIP);

	ASSERT_NE(NULL, path);
	EXPECT_EQ(1, path->header.version);
	ASSERT_EQ(4, path->size);
	for (unsigned int i = 0; i < path->size; i++) {
		char name[32];

		snprintf(name, sizeof(name), "pfip/segment%u", i);
		EXPECT_EQ(attr(&self->d, name), path->pfip[i]) TH_LOG("%s", name);
	}
}

TEST_F(zdev, utility_string_is_what_sysfs_says)
{
	const struct vfio_device_info_cap_zpci_util *util =
		cap(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_UTIL);
	uint8_t str[64];
	char path[160];
	int fd;

	if (!util)
		SKIP(return, "this firmware has no utility strings");
	snprintf(path, sizeof(path), "%s/util_string", self->d.sysfs);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(sizeof(str), read(fd, str, sizeof(str)));
	close(fd);

	EXPECT_EQ(1, util->header.version);
	ASSERT_EQ(sizeof(str), util->size);
	EXPECT_EQ(0, memcmp(str, util->util_str, sizeof(str)));
}

TEST_F(zdev, no_interrupt_pin)
{
	struct vfio_irq_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_INTX_IRQ_INDEX,
	};

	EXPECT_EQ(0, vfio_cfg8(&self->d, PCI_INTERRUPT_PIN));
	EXPECT_EQ(0, vfio_ioctl(self->d.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(0, info.count);
}

TEST_F(zdev, bar_without_an_address_is_not_mapped)
{
	void *map;

	for (int bar = 0; bar < 6; bar++) {
		uint64_t start, size, flags;

		if (vfio_resource(self->d.addr, bar, &start, &size, &flags) ||
		    !(start & 1ULL << 62))
			continue;
		EXPECT_EQ(size, self->d.region[bar].size);
		EXPECT_EQ(0, self->d.region[bar].flags & VFIO_REGION_INFO_FLAG_MMAP);
		EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, bar, 0, 4096, PROT_READ,
						    MAP_SHARED, &map));
	}
}

TEST_F(zdev, no_record_without_an_error)
{
	uint8_t record[ERROR_LENGTH];
	uint64_t buf = (uintptr_t)record;

	if (!error_length(&self->answer))
		SKIP(return, "this kernel keeps no records of zPCI errors");

	EXPECT_EQ(-ENOMSG, vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf)));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf) - 1));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, ERROR | VFIO_DEVICE_FEATURE_SET,
					&buf, sizeof(buf)));
	buf = 0;
	EXPECT_EQ(-EINVAL, vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf)));
	buf = (uintptr_t)VFIO_BAD_POINTER;
	EXPECT_EQ(-EFAULT, vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf)));
}

/* --- An error: virtio's DMA at an address that is not mapped ------------- */

/* Structures of virtio, as numbered in its capabilities */
#define COMMON	1
#define NOTIFY	2

/* Registers of the common structure */
#define DEVICE_FEATURE		4
#define DRIVER_FEATURE_SELECT	8
#define DRIVER_FEATURE		12
#define DEVICE_STATUS		20
#define QUEUE_SELECT		22
#define QUEUE_ENABLE		28
#define QUEUE_DESC		32
#define QUEUE_DRIVER		40
#define QUEUE_DEVICE		48

/* Steps of a driver: found, can drive, has chosen features, is ready */
#define STATUS_FOUND		3
#define STATUS_FEATURES		11
#define STATUS_READY		15

/* Features 32 and 33: version 1, DMA goes through the IOMMU */
#define FEATURES_HIGH		3

#define TRANSMIT	1	/* number of the queue */

struct where {
	unsigned int bar;
	uint32_t offset;
};

static bool find_structure(const struct vfio_dev *d, uint8_t type, struct where *w)
{
	unsigned int pos = vfio_cfg8(d, PCI_CAPABILITY_LIST);

	for (; pos; pos = vfio_cfg8(d, pos + PCI_CAP_LIST_NEXT)) {
		if (vfio_cfg8(d, pos) != PCI_CAP_ID_VNDR ||
		    vfio_cfg8(d, pos + 3) != type)
			continue;
		w->bar = vfio_cfg8(d, pos + 4);
		w->offset = vfio_cfg32(d, pos + 8);
		return true;
	}
	return false;
}

static bool put(const struct vfio_dev *d, const struct where *w, unsigned int reg,
		size_t width, uint64_t val)
{
	val = htole64(val);
	return vfio_region_write(d, w->bar, w->offset + reg, &val, width) ==
	       (ssize_t)width;
}

/* Have the device look into a queue that is nowhere */
static bool provoke(const struct vfio_dev *d, uint64_t nowhere)
{
	struct where common, notify;

	return find_structure(d, COMMON, &common) &&
	       find_structure(d, NOTIFY, &notify) &&
	       !vfio_cfg_write(d, PCI_COMMAND, 2,
			       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER) &&
	       put(d, &common, DEVICE_STATUS, 1, 0) &&
	       put(d, &common, DEVICE_STATUS, 1, STATUS_FOUND) &&
	       put(d, &common, DRIVER_FEATURE_SELECT, 4, 1) &&
	       put(d, &common, DRIVER_FEATURE, 4, FEATURES_HIGH) &&
	       put(d, &common, DEVICE_STATUS, 1, STATUS_FEATURES) &&
	       put(d, &common, QUEUE_SELECT, 2, TRANSMIT) &&
	       put(d, &common, QUEUE_DESC, 4, nowhere) &&
	       put(d, &common, QUEUE_DESC + 4, 4, nowhere >> 32) &&
	       put(d, &common, QUEUE_DRIVER, 4, nowhere + 4096) &&
	       put(d, &common, QUEUE_DRIVER + 4, 4, nowhere >> 32) &&
	       put(d, &common, QUEUE_DEVICE, 4, nowhere + 8192) &&
	       put(d, &common, QUEUE_DEVICE + 4, 4, nowhere >> 32) &&
	       put(d, &common, QUEUE_ENABLE, 2, 1) &&
	       put(d, &common, DEVICE_STATUS, 1, STATUS_READY) &&
	       put(d, &notify, 0, 2, TRANSMIT);
}

/* The kernel has the device locked while it tells of the error */
static int reset(const struct vfio_dev *d)
{
	int ret = -EAGAIN;

	for (int i = 0; ret == -EAGAIN && i < 100; i++) {
		usleep(10000);
		ret = vfio_ioctl(d->fd, VFIO_DEVICE_RESET, NULL);
	}
	return ret;
}

/* Bytes of one of its registers that can be read */
static ssize_t read_features(const struct vfio_dev *d)
{
	struct where common;
	uint32_t features;

	if (!find_structure(d, COMMON, &common))
		return -ENODEV;
	return vfio_region_read(d, common.bar, common.offset + DEVICE_FEATURE, &features, 4);
}

/* A record of the firmware's, as far as it matters here */
struct record {
	uint32_t reserved;
	uint32_t fh;
	uint32_t fid;
	uint8_t rest[ERROR_LENGTH - 12];
};

TEST_F(zdev, error_is_told_once_and_left_to_the_user)
{
	const struct vfio_device_info_cap_zpci_base *base =
		cap(&self->answer, VFIO_DEVICE_INFO_CAP_ZPCI_BASE);
	struct record record = {};
	uint64_t buf = (uintptr_t)VFIO_BAD_POINTER;
	int32_t fd = vfio_eventfd();

	if (!error_length(&self->answer))
		SKIP(return, "this kernel keeps no records of zPCI errors");

	/* As a virtual machine does when it starts */
	ASSERT_EQ(0, reset(&self->d));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->d, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &fd));
	ASSERT_TRUE(provoke(&self->d, base->start_dma));
	if (vfio_eventfd_wait(fd, 2000) < 0)
		SKIP(return, "this device has no IOMMU, see iommu_platform=on");

	/* Nothing is lost to a user who has no place for it */
	EXPECT_EQ(-EFAULT, vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf)));
	buf = (uintptr_t)&record;
	EXPECT_EQ(0, vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf)));
	EXPECT_EQ(base->fh, record.fh);
	EXPECT_EQ(attr(&self->d, "function_id"), record.fid);

	/* He recovers; further errors may have come meanwhile, but not without end */
	EXPECT_EQ(0, reset(&self->d));
	for (int i = 0; i < 4; i++)
		vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf));
	EXPECT_EQ(-ENOMSG, vfio_feature(&self->d, ERROR | GET, &buf, sizeof(buf)));

	/* The device is back, and is what he left */
	EXPECT_EQ(vfio_cfg32(&self->d, PCI_VENDOR_ID), vfio_hw_cfg32(&self->d, PCI_VENDOR_ID));
	EXPECT_EQ(vfio_cfg16(&self->d, PCI_COMMAND), vfio_hw_cfg16(&self->d, PCI_COMMAND));
	EXPECT_EQ(4, read_features(&self->d));
	close(fd);
}

VFIO_TEST_MAIN
