// SPDX-License-Identifier: GPL-2.0-only
/* Device features that let a device that is in use go to sleep */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_harness.h"

#define GET	VFIO_DEVICE_FEATURE_GET
#define SET	VFIO_DEVICE_FEATURE_SET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE
#define ENTRY	VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
#define WAKEUP	VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
#define EXIT	VFIO_DEVICE_FEATURE_LOW_POWER_EXIT

FIXTURE(low_power)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(low_power)
{
	struct vfio_target target;
};

FIXTURE_SETUP(low_power)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(low_power)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(low_power, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(low_power, e1000e)
{
	.target = { .name = "e1000e" },
};

FIXTURE_VARIANT_ADD(low_power, nvme)
{
	.target = { .name = "nvme" },
};

static int enter(const struct vfio_dev *d)
{
	return vfio_feature(d, ENTRY | SET, NULL, 0);
}

static int enter_with_wakeup(const struct vfio_dev *d, int32_t fd)
{
	struct vfio_device_low_power_entry_with_wakeup payload = {
		.wakeup_eventfd = fd,
	};

	return vfio_feature(d, WAKEUP | SET, &payload, sizeof(payload));
}

static int leave(const struct vfio_dev *d)
{
	return vfio_feature(d, EXIT | SET, NULL, 0);
}

static int map_bar0(const struct vfio_dev *d, void **p)
{
	return vfio_region_mmap(d, 0, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				p);
}

/* Until the kernel put it to sleep, or for two seconds */
static bool is_suspended(const struct vfio_dev *d)
{
	char text[32];

	for (int i = 0; i < 200; i++) {
		if (vfio_attr_read(d->addr, "power/runtime_status", text,
				   sizeof(text)) < 0)
			return false;
		if (!strcmp(text, "suspended"))
			return true;
		vfio_sleep_ms(10);
	}
	return false;
}

/* --- The requests ------------------------------------------------------- */

TEST_F(low_power, features_can_be_set_but_not_read)
{
	const uint32_t nr[] = { ENTRY, WAKEUP, EXIT };
	uint8_t data[8] = {};

	for (size_t i = 0; i < ARRAY_SIZE(nr); i++) {
		EXPECT_EQ(0, vfio_feature(&self->d, nr[i] | SET | PROBE, NULL, 0));
		EXPECT_EQ(-EINVAL, vfio_feature(&self->d, nr[i] | GET | PROBE,
						NULL, 0));
		EXPECT_EQ(-EINVAL, vfio_feature(&self->d, nr[i] | GET, data, 8));
		EXPECT_EQ(-EINVAL, vfio_feature(&self->d, nr[i], data, 8))
			TH_LOG("feature %u", nr[i]);
	}
}

TEST_F(low_power, a_probe_does_nothing)
{
	void *p;

	ASSERT_EQ(0, map_bar0(&self->d, &p));
	EXPECT_EQ(0, vfio_feature(&self->d, ENTRY | SET | PROBE, NULL, 0));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
	EXPECT_EQ(0, enter(&self->d));
}

TEST_F(low_power, is_entered_once_and_left_at_any_time)
{
	EXPECT_EQ(0, leave(&self->d));
	EXPECT_EQ(0, enter(&self->d));
	EXPECT_EQ(-EINVAL, enter(&self->d));
	EXPECT_EQ(0, leave(&self->d));
	EXPECT_EQ(0, leave(&self->d));
	EXPECT_EQ(0, enter(&self->d));
}

TEST_F(low_power, a_wakeup_needs_an_eventfd)
{
	int null = open("/dev/null", O_RDWR), closed = dup(null);
	int event = vfio_eventfd();

	close(closed);
	EXPECT_EQ(-EINVAL, enter_with_wakeup(&self->d, -1));
	EXPECT_EQ(-EINVAL, enter_with_wakeup(&self->d, INT32_MIN));
	EXPECT_EQ(-EBADF, enter_with_wakeup(&self->d, closed));
	EXPECT_EQ(-EINVAL, enter_with_wakeup(&self->d, null));
	/* None of which got anywhere */
	EXPECT_EQ(0, enter(&self->d));
	EXPECT_EQ(-EINVAL, enter_with_wakeup(&self->d, event));
	EXPECT_EQ(0, leave(&self->d));
	close(event);
	close(null);
}

TEST_F(low_power, an_incomplete_wakeup_is_refused)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_low_power_entry_with_wakeup body;
	} arg = { .head.flags = WAKEUP | SET, .body.wakeup_eventfd = -1 };

	arg.body.wakeup_eventfd = vfio_eventfd();
	for (uint32_t n = 8; n < sizeof(arg); n++) {
		EXPECT_EQ(-EINVAL, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE,
						   &arg, sizeof(arg), n))
			TH_LOG("argsz %u", n);
	}
	EXPECT_EQ(-EFAULT, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE, &arg,
					   sizeof(arg) - 1, sizeof(arg)));
	EXPECT_EQ(0, vfio_argsz_case(self->d.fd, VFIO_DEVICE_FEATURE, &arg,
				     sizeof(arg), sizeof(arg)));
	close(arg.body.wakeup_eventfd);
}

/* --- What it means ------------------------------------------------------ */

TEST_F(low_power, mappings_are_blocked_until_it_is_left)
{
	void *p;

	ASSERT_EQ(0, map_bar0(&self->d, &p));
	ASSERT_EQ(0, vfio_load(p, 4, NULL));
	ASSERT_EQ(0, enter(&self->d));
	EXPECT_EQ(SIGBUS, vfio_load(p, 4, NULL));
	ASSERT_EQ(0, leave(&self->d));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
}

TEST_F(low_power, leaving_does_not_make_up_for_decoding_that_is_off)
{
	void *p;

	ASSERT_EQ(0, map_bar0(&self->d, &p));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	ASSERT_EQ(0, enter(&self->d));
	ASSERT_EQ(0, leave(&self->d));
	EXPECT_EQ(SIGBUS, vfio_load(p, 4, NULL));
}

TEST_F(low_power, access_by_file_wakes_the_device_for_its_time)
{
	uint32_t id = vfio_cfg32(&self->d, PCI_VENDOR_ID), val;
	void *p;

	ASSERT_EQ(0, map_bar0(&self->d, &p));
	ASSERT_EQ(0, enter(&self->d));
	EXPECT_EQ(id, vfio_cfg32(&self->d, PCI_VENDOR_ID));
	EXPECT_EQ(4, vfio_region_read(&self->d, 0, 0, &val, 4));
	/* But that is not enough for a mapping */
	EXPECT_EQ(SIGBUS, vfio_load(p, 4, NULL));
}

TEST_F(low_power, the_last_close_leaves_it)
{
	void *p;

	ASSERT_EQ(0, enter(&self->d));
	vfio_dev_close(&self->d);
	ASSERT_EQ(0, vfio_dev_open(&self->d, &variant->target));
	ASSERT_EQ(0, map_bar0(&self->d, &p));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
	EXPECT_EQ(0, enter(&self->d));
}

/* --- Really asleep ------------------------------------------------------ */

TEST_F(low_power, an_engaged_device_falls_asleep)
{
	EXPECT_FALSE(is_suspended(&self->d));
	ASSERT_EQ(0, enter(&self->d));
	EXPECT_TRUE(is_suspended(&self->d));
	ASSERT_EQ(0, leave(&self->d));
	EXPECT_FALSE(is_suspended(&self->d));
}

TEST_F(low_power, it_falls_asleep_again_after_an_access)
{
	ASSERT_EQ(0, enter(&self->d));
	ASSERT_TRUE(is_suspended(&self->d));
	EXPECT_NE(~0U, vfio_cfg32(&self->d, PCI_VENDOR_ID));
	EXPECT_TRUE(is_suspended(&self->d));
}

TEST_F(low_power, waking_up_is_told_and_ends_it)
{
	int event = vfio_eventfd();
	void *p;

	ASSERT_EQ(0, map_bar0(&self->d, &p));
	ASSERT_EQ(0, enter_with_wakeup(&self->d, event));
	ASSERT_TRUE(is_suspended(&self->d));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(event, 0));
	EXPECT_EQ(SIGBUS, vfio_load(p, 4, NULL));

	EXPECT_NE(~0U, vfio_cfg32(&self->d, PCI_VENDOR_ID));
	EXPECT_EQ(1, vfio_eventfd_wait(event, 1000));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
	/* It was left, so that it can be entered again */
	EXPECT_EQ(0, enter(&self->d));
	close(event);
}

TEST_F(low_power, leaving_can_be_what_wakes_it)
{
	int event = vfio_eventfd();

	ASSERT_EQ(0, enter_with_wakeup(&self->d, event));
	ASSERT_TRUE(is_suspended(&self->d));
	EXPECT_EQ(0, leave(&self->d));
	EXPECT_EQ(1, vfio_eventfd_wait(event, 1000));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(event, 50));
	close(event);
}

VFIO_TEST_MAIN
