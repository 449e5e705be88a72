// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEVICE_SET_IRQS: which calls are refused and with what, for every index, and
 * what the index-independent interrupts (error, request) do. Interrupts that
 * really arrive are in intx_test.c and msi_test.c.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfio_harness.h"

#define NONE		VFIO_IRQ_SET_DATA_NONE
#define BOOL		VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD		VFIO_IRQ_SET_DATA_EVENTFD
#define MASK		VFIO_IRQ_SET_ACTION_MASK
#define UNMASK		VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER		VFIO_IRQ_SET_ACTION_TRIGGER

#define INTX		VFIO_PCI_INTX_IRQ_INDEX
#define MSI		VFIO_PCI_MSI_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define ERR		VFIO_PCI_ERR_IRQ_INDEX
#define REQ		VFIO_PCI_REQ_IRQ_INDEX

#define HEADER		((uint32_t)sizeof(struct vfio_irq_set))

/* struct vfio_irq_set without what follows it */
struct header {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

static_assert(sizeof(struct header) == sizeof(struct vfio_irq_set), "");

/*
 * Calls with an argsz of choice; behind the header only @room bytes of @data
 * exist for the kernel to read.
 */
static int set_irqs_raw(const struct vfio_dev *dev, struct header header,
			const void *data, size_t room)
{
	char *args = vfio_guarded(sizeof(header) + room);
	int ret;

	if (!args)
		return -ENOMEM;
	memcpy(args, &header, sizeof(header));
	memcpy(args + sizeof(header), data, room);
	ret = vfio_ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, args);
	vfio_guarded_free(args);
	return ret;
}

/* Whether the index has no interrupt here that every device has in 7.3 */
static bool lacks_err(const struct vfio_dev *dev, uint32_t index)
{
	return vfio_stock() && index == ERR && !vfio_hw_cap_find(dev, PCI_CAP_ID_EXP);
}

FIXTURE(arguments) {
	struct vfio_dev dev;
	int req;	/* the request eventfd, set before each test */
};

FIXTURE_VARIANT(arguments) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(arguments, edu) {
	.target = { "edu" },
};

FIXTURE_VARIANT_ADD(arguments, e1000e) {
	.target = { "e1000e" },
};

FIXTURE_VARIANT_ADD(arguments, nvme) {
	.target = { "nvme" },
};

FIXTURE_SETUP(arguments)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	self->req = vfio_eventfd();
	ASSERT_LE(0, self->req);
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));
}

FIXTURE_TEARDOWN(arguments)
{
	vfio_dev_close(&self->dev);
}

/* What was refused has changed nothing: the request eventfd is in place. */
#define EXPECT_REQ_STILL_SET()							\
	do {									\
		EXPECT_EQ(0, vfio_irq_set(&self->dev, NONE | TRIGGER, REQ, 0, 1,\
					  NULL, 0));				\
		EXPECT_EQ(1, vfio_eventfd_wait(self->req, 1000));		\
	} while (0)

/* Everything is right for the request interrupt but what the row names. */
static const struct {
	char what[28];
	struct header set;
	int want;
} header_rows[] = {
	{ "argsz 0", { 0, NONE | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "argsz one short", { 19, NONE | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "index 5", { 20, NONE | TRIGGER, 5, 0, 1 }, -EINVAL },
	{ "index 2^31", { 20, NONE | TRIGGER, 1U << 31, 0, 1 }, -EINVAL },
	{ "index all ones", { 20, NONE | TRIGGER, ~0U, 0, 1 }, -EINVAL },
	{ "count all ones", { 20, NONE | TRIGGER, REQ, 0, ~0U }, -EINVAL },
	{ "start + count wraps", { 20, NONE | TRIGGER, REQ, 1, ~0U }, -EINVAL },
	{ "start + count all ones", { 20, NONE | TRIGGER, REQ, 1, ~0U - 1 }, -EINVAL },
	{ "start all ones", { 20, NONE | TRIGGER, REQ, ~0U, 0 }, -EINVAL },
	{ "start + count wraps to 1", { 20, NONE | TRIGGER, REQ, ~0U, 2 }, -EINVAL },
	{ "flag bit 6", { 20, NONE | TRIGGER | 1U << 6, REQ, 0, 1 }, -EINVAL },
	{ "flag bit 31", { 20, NONE | TRIGGER | 1U << 31, REQ, 0, 1 }, -EINVAL },
	{ "unknown flag alone", { 20, 1U << 7, REQ, 0, 1 }, -EINVAL },
	{ "start beyond", { 20, NONE | TRIGGER, REQ, 1, 1 }, -EINVAL },
	{ "start beyond, count 0", { 20, NONE | TRIGGER, REQ, 1, 0 }, -EINVAL },
	{ "count beyond", { 20, NONE | TRIGGER, REQ, 0, 2 }, -EINVAL },
	{ "no data type", { 20, TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "no flag at all", { 20, 0, REQ, 0, 1 }, -EINVAL },
	{ "none and bool", { 32, NONE | BOOL | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "none and eventfd", { 32, NONE | EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "bool and eventfd", { 32, BOOL | EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "all data types", { 32, NONE | BOOL | EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "bool without room", { 20, BOOL | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "eventfd without room", { 20, EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "eventfd one byte short", { 23, EVENTFD | TRIGGER, REQ, 0, 1 }, -EINVAL },
	{ "no action", { 20, NONE, REQ, 0, 1 }, -ENOTTY },
	{ "mask and unmask", { 20, NONE | MASK | UNMASK, REQ, 0, 1 }, -ENOTTY },
	{ "mask and trigger", { 20, NONE | MASK | TRIGGER, REQ, 0, 1 }, -ENOTTY },
	{ "unmask and trigger", { 20, NONE | UNMASK | TRIGGER, REQ, 0, 1 }, -ENOTTY },
	{ "all actions", { 20, NONE | MASK | UNMASK | TRIGGER, REQ, 0, 1 }, -ENOTTY },
	/* The first check that fails decides. */
	{ "bad argsz and action", { 19, NONE, REQ, 0, 1 }, -EINVAL },
	{ "bad data type and action", { 20, 0, REQ, 0, 1 }, -EINVAL },
	{ "bad count and action", { 20, NONE, REQ, 0, 2 }, -EINVAL },
};

TEST_F(arguments, header)
{
	const char data[12] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(header_rows); i++) {
		EXPECT_EQ(header_rows[i].want,
			  set_irqs_raw(&self->dev, header_rows[i].set, data, 12))
			TH_LOG("%s", header_rows[i].what);
	}
	EXPECT_REQ_STILL_SET();
}

TEST_F(arguments, header_not_readable)
{
	char *args = vfio_guarded(HEADER - 1);

	ASSERT_NE(NULL, args);
	memset(args, 0, HEADER - 1);
	args[0] = HEADER;
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS, args));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS,
				      VFIO_BAD_POINTER));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS, NULL));
	vfio_guarded_free(args);
	EXPECT_REQ_STILL_SET();
}

TEST_F(arguments, data_not_readable)
{
	struct header bools = { HEADER + 1, BOOL | TRIGGER, REQ, 0, 1 };
	struct header fds = { HEADER + 4, EVENTFD | TRIGGER, REQ, 0, 1 };
	const char data[4] = { 0 };

	EXPECT_EQ(-EFAULT, set_irqs_raw(&self->dev, bools, data, 0));
	EXPECT_EQ(-EFAULT, set_irqs_raw(&self->dev, fds, data, 0));
	EXPECT_EQ(-EFAULT, set_irqs_raw(&self->dev, fds, data, 3));
	EXPECT_REQ_STILL_SET();
}

/* Longer than needed is no mistake, and what lies behind is not looked at. */
TEST_F(arguments, argsz_longer_than_needed)
{
	struct header none = { HEADER + 100, NONE | TRIGGER, REQ, 0, 1 };
	struct header bools = { ~0U, BOOL | TRIGGER, REQ, 0, 1 };
	const char one = 1;

	EXPECT_EQ(0, set_irqs_raw(&self->dev, none, NULL, 0));
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 1000));
	EXPECT_EQ(0, set_irqs_raw(&self->dev, bools, &one, 1));
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 1000));
}

/* The number of interrupts is a bound for every data type and action. */
TEST_F(arguments, start_and_count_in_range)
{
	static const uint32_t data_types[] = { NONE, BOOL, EVENTFD };
	struct vfio_irq_info info;
	uint32_t index;
	char *data;
	size_t i;

	for (index = INTX; index <= REQ; index++) {
		if (vfio_irq_info(&self->dev, index, &info))
			continue;
		data = calloc(info.count + 2, 4);
		ASSERT_NE(NULL, data);
		memset(data, 0xff, (info.count + 2) * 4);
		for (i = 0; i < ARRAY_SIZE(data_types); i++) {
			uint32_t flags = data_types[i] | TRIGGER;

			EXPECT_EQ(-EINVAL, vfio_irq_set(&self->dev, flags, index, 0,
							info.count + 1, data,
							(info.count + 1) * 4))
				TH_LOG("index %u, one too many", index);
			EXPECT_EQ(-EINVAL, vfio_irq_set(&self->dev, flags, index,
							info.count, 0, NULL, 0))
				TH_LOG("index %u, start behind the last", index);
			EXPECT_EQ(-EINVAL, vfio_irq_set(&self->dev, flags, index,
							info.count, 1, data, 4))
				TH_LOG("index %u, the one behind the last", index);
			EXPECT_EQ(-EINVAL, vfio_irq_set(&self->dev, flags, index, 1,
							info.count, data,
							info.count * 4))
				TH_LOG("index %u, start 1 and all of them", index);
		}
		free(data);
	}
	EXPECT_REQ_STILL_SET();
}

/* An index without an interrupt refuses even what would do nothing. */
TEST_F(arguments, index_without_interrupts)
{
	struct vfio_irq_info info;
	uint32_t index;

	for (index = INTX; index <= REQ; index++) {
		if (vfio_irq_info(&self->dev, index, &info) || info.count)
			continue;
		EXPECT_EQ(-EINVAL, vfio_irq_disable(&self->dev, index));
		EXPECT_EQ(-EINVAL, vfio_irq_set(&self->dev, EVENTFD | TRIGGER, index,
						0, 0, NULL, 0));
		EXPECT_EQ(-EINVAL, vfio_irq_set(&self->dev, NONE | MASK, index, 0, 0,
						NULL, 0));
		EXPECT_EQ(-EINVAL, vfio_irq_eventfds(&self->dev, index, 0, 1,
						     &self->req));
	}
	EXPECT_REQ_STILL_SET();
}

/* ------------------------------------------------------------------------- */

/* What an interrupt index is before the call of a row */
enum state { IDLE, ENABLED };

/* The payload of a row */
enum payload { NOTHING, ZERO, ONE, GOOD, MINUS_1, MINUS_2, CLOSED, NO_EVENTFD };

/**
 * struct rule - one call and its result
 * @index: the index called, and enabled before when @state says so
 * @state: what the index is at first
 * @flags: data type and action
 * @count: interrupts named by the call
 * @payload: what follows the header
 * @want: result
 */
struct rule {
	uint32_t index;
	enum state state;
	uint32_t flags;
	uint32_t count;
	enum payload payload;
	int want;
};

/* Every combination for INTx. */
static const struct rule intx_rules[] = {
	{ INTX, IDLE,	 EVENTFD | TRIGGER, 1, GOOD,	   0 },
	{ INTX, IDLE,	 EVENTFD | TRIGGER, 1, MINUS_1,	   0 },
	{ INTX, IDLE,	 EVENTFD | TRIGGER, 1, MINUS_2,	   0 },
	{ INTX, IDLE,	 EVENTFD | TRIGGER, 1, CLOSED,	   -EBADF },
	{ INTX, IDLE,	 EVENTFD | TRIGGER, 1, NO_EVENTFD, -EINVAL },
	{ INTX, IDLE,	 EVENTFD | TRIGGER, 0, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 NONE | TRIGGER,    0, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 NONE | TRIGGER,    1, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 BOOL | TRIGGER,    1, ONE,	   -EINVAL },
	{ INTX, IDLE,	 BOOL | TRIGGER,    1, ZERO,	   -EINVAL },
	{ INTX, IDLE,	 BOOL | TRIGGER,    0, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 NONE | MASK,	    1, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 NONE | MASK,	    0, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 BOOL | MASK,	    1, ONE,	   -EINVAL },
	{ INTX, IDLE,	 EVENTFD | MASK,    1, GOOD,	   -EINVAL },
	{ INTX, IDLE,	 NONE | UNMASK,	    1, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 NONE | UNMASK,	    0, NOTHING,	   -EINVAL },
	{ INTX, IDLE,	 BOOL | UNMASK,	    1, ONE,	   -EINVAL },
	{ INTX, IDLE,	 EVENTFD | UNMASK,  1, GOOD,	   -EINVAL },

	{ INTX, ENABLED, EVENTFD | TRIGGER, 1, GOOD,	   0 },
	{ INTX, ENABLED, EVENTFD | TRIGGER, 1, MINUS_1,	   0 },
	{ INTX, ENABLED, EVENTFD | TRIGGER, 1, CLOSED,	   -EBADF },
	{ INTX, ENABLED, EVENTFD | TRIGGER, 1, NO_EVENTFD, -EINVAL },
	{ INTX, ENABLED, EVENTFD | TRIGGER, 0, NOTHING,	   -EINVAL },
	{ INTX, ENABLED, NONE | TRIGGER,    0, NOTHING,	   0 },
	{ INTX, ENABLED, NONE | TRIGGER,    1, NOTHING,	   0 },
	{ INTX, ENABLED, BOOL | TRIGGER,    1, ONE,	   0 },
	{ INTX, ENABLED, BOOL | TRIGGER,    1, ZERO,	   0 },
	{ INTX, ENABLED, BOOL | TRIGGER,    0, NOTHING,	   -EINVAL },
	{ INTX, ENABLED, NONE | MASK,	    1, NOTHING,	   0 },
	{ INTX, ENABLED, NONE | MASK,	    0, NOTHING,	   -EINVAL },
	{ INTX, ENABLED, BOOL | MASK,	    1, ONE,	   0 },
	{ INTX, ENABLED, BOOL | MASK,	    1, ZERO,	   0 },
	{ INTX, ENABLED, BOOL | MASK,	    0, NOTHING,	   -EINVAL },
	{ INTX, ENABLED, EVENTFD | MASK,    1, GOOD,	   -ENOTTY },
	{ INTX, ENABLED, EVENTFD | MASK,    0, NOTHING,	   -EINVAL },
	{ INTX, ENABLED, NONE | UNMASK,	    1, NOTHING,	   0 },
	{ INTX, ENABLED, NONE | UNMASK,	    0, NOTHING,	   -EINVAL },
	{ INTX, ENABLED, BOOL | UNMASK,	    1, ONE,	   0 },
	{ INTX, ENABLED, BOOL | UNMASK,	    1, ZERO,	   0 },
	{ INTX, ENABLED, BOOL | UNMASK,	    0, NOTHING,	   -EINVAL },
	{ INTX, ENABLED, EVENTFD | UNMASK,  1, GOOD,	   0 },
	{ INTX, ENABLED, EVENTFD | UNMASK,  1, MINUS_1,	   0 },
	{ INTX, ENABLED, EVENTFD | UNMASK,  1, CLOSED,	   -EBADF },
	{ INTX, ENABLED, EVENTFD | UNMASK,  1, NO_EVENTFD, -EINVAL },
	{ INTX, ENABLED, EVENTFD | UNMASK,  0, NOTHING,	   -EINVAL },
};

/* The same for both kinds of message: the index is filled in by the test. */
static const struct rule message_rules[] = {
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, GOOD,	0 },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, MINUS_1,	0 },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, MINUS_2,	0 },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, CLOSED,	-EBADF },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, NO_EVENTFD, -EINVAL },
	{ 0, IDLE,    EVENTFD | TRIGGER, 0, NOTHING,	-ERANGE },
	{ 0, IDLE,    NONE | TRIGGER,	 0, NOTHING,	-EINVAL },
	{ 0, IDLE,    NONE | TRIGGER,	 1, NOTHING,	-EINVAL },
	{ 0, IDLE,    BOOL | TRIGGER,	 0, NOTHING,	-EINVAL },
	{ 0, IDLE,    BOOL | TRIGGER,	 1, ONE,	-EINVAL },
	{ 0, IDLE,    NONE | MASK,	 1, NOTHING,	-ENOTTY },
	{ 0, IDLE,    NONE | UNMASK,	 1, NOTHING,	-ENOTTY },
	{ 0, IDLE,    BOOL | MASK,	 1, ONE,	-ENOTTY },
	{ 0, IDLE,    EVENTFD | UNMASK,	 1, GOOD,	-ENOTTY },

	{ 0, ENABLED, EVENTFD | TRIGGER, 1, GOOD,	0 },
	{ 0, ENABLED, EVENTFD | TRIGGER, 1, MINUS_1,	0 },
	{ 0, ENABLED, EVENTFD | TRIGGER, 1, CLOSED,	-EBADF },
	{ 0, ENABLED, EVENTFD | TRIGGER, 1, NO_EVENTFD, -EINVAL },
	{ 0, ENABLED, EVENTFD | TRIGGER, 0, NOTHING,	0 },
	{ 0, ENABLED, NONE | TRIGGER,	 0, NOTHING,	0 },
	{ 0, ENABLED, NONE | TRIGGER,	 1, NOTHING,	0 },
	{ 0, ENABLED, BOOL | TRIGGER,	 0, NOTHING,	0 },
	{ 0, ENABLED, BOOL | TRIGGER,	 1, ONE,	0 },
	{ 0, ENABLED, BOOL | TRIGGER,	 1, ZERO,	0 },
	{ 0, ENABLED, NONE | MASK,	 0, NOTHING,	-ENOTTY },
	{ 0, ENABLED, NONE | MASK,	 1, NOTHING,	-ENOTTY },
	{ 0, ENABLED, BOOL | MASK,	 1, ONE,	-ENOTTY },
	{ 0, ENABLED, EVENTFD | MASK,	 1, GOOD,	-ENOTTY },
	{ 0, ENABLED, NONE | UNMASK,	 0, NOTHING,	-ENOTTY },
	{ 0, ENABLED, NONE | UNMASK,	 1, NOTHING,	-ENOTTY },
	{ 0, ENABLED, BOOL | UNMASK,	 1, ONE,	-ENOTTY },
	{ 0, ENABLED, EVENTFD | UNMASK,	 1, GOOD,	-ENOTTY },
};

/* The same for the error and the request interrupt. */
static const struct rule notice_rules[] = {
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, GOOD,	0 },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, MINUS_1,	0 },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, MINUS_2,	-EINVAL },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, CLOSED,	-EBADF },
	{ 0, IDLE,    EVENTFD | TRIGGER, 1, NO_EVENTFD, -EINVAL },
	{ 0, IDLE,    EVENTFD | TRIGGER, 0, NOTHING,	-EINVAL },
	{ 0, IDLE,    NONE | TRIGGER,	 0, NOTHING,	-EINVAL },
	{ 0, IDLE,    NONE | TRIGGER,	 1, NOTHING,	-EINVAL },
	{ 0, IDLE,    BOOL | TRIGGER,	 0, NOTHING,	-EINVAL },
	{ 0, IDLE,    BOOL | TRIGGER,	 1, ONE,	0 },
	{ 0, IDLE,    BOOL | TRIGGER,	 1, ZERO,	0 },

	{ 0, ENABLED, EVENTFD | TRIGGER, 1, GOOD,	0 },
	{ 0, ENABLED, EVENTFD | TRIGGER, 1, MINUS_1,	0 },
	{ 0, ENABLED, EVENTFD | TRIGGER, 1, MINUS_2,	-EINVAL },
	{ 0, ENABLED, EVENTFD | TRIGGER, 1, CLOSED,	-EBADF },
	{ 0, ENABLED, EVENTFD | TRIGGER, 1, NO_EVENTFD, -EINVAL },
	{ 0, ENABLED, EVENTFD | TRIGGER, 0, NOTHING,	-EINVAL },
	{ 0, ENABLED, NONE | TRIGGER,	 0, NOTHING,	0 },
	{ 0, ENABLED, NONE | TRIGGER,	 1, NOTHING,	0 },
	{ 0, ENABLED, BOOL | TRIGGER,	 0, NOTHING,	-EINVAL },
	{ 0, ENABLED, BOOL | TRIGGER,	 1, ONE,	0 },
	{ 0, ENABLED, BOOL | TRIGGER,	 1, ZERO,	0 },
	{ 0, ENABLED, NONE | MASK,	 0, NOTHING,	-ENOTTY },
	{ 0, ENABLED, NONE | MASK,	 1, NOTHING,	-ENOTTY },
	{ 0, ENABLED, BOOL | MASK,	 1, ONE,	-ENOTTY },
	{ 0, ENABLED, EVENTFD | MASK,	 1, GOOD,	-ENOTTY },
	{ 0, ENABLED, NONE | UNMASK,	 0, NOTHING,	-ENOTTY },
	{ 0, ENABLED, NONE | UNMASK,	 1, NOTHING,	-ENOTTY },
	{ 0, ENABLED, BOOL | UNMASK,	 1, ONE,	-ENOTTY },
	{ 0, ENABLED, EVENTFD | UNMASK,	 1, GOOD,	-ENOTTY },
};

FIXTURE(rules) {
	struct vfio_dev dev;
	int first;	/* eventfd that enables an index */
	int other;	/* eventfd for calls afterwards */
	int closed;	/* number of a file that is not open */
	int null;	/* open file that is no eventfd */
};

FIXTURE_VARIANT(rules) {
	struct vfio_target target;
	uint32_t index;
	const struct rule *rules;
	size_t count;
};

FIXTURE_VARIANT_ADD(rules, edu_intx) {
	.target = { "edu" }, .index = INTX,
	.rules = intx_rules, .count = ARRAY_SIZE(intx_rules),
};

FIXTURE_VARIANT_ADD(rules, e1000e_intx) {
	.target = { "e1000e" }, .index = INTX,
	.rules = intx_rules, .count = ARRAY_SIZE(intx_rules),
};

FIXTURE_VARIANT_ADD(rules, edu_msi) {
	.target = { "edu" }, .index = MSI,
	.rules = message_rules, .count = ARRAY_SIZE(message_rules),
};

FIXTURE_VARIANT_ADD(rules, e1000e_msi) {
	.target = { "e1000e" }, .index = MSI,
	.rules = message_rules, .count = ARRAY_SIZE(message_rules),
};

FIXTURE_VARIANT_ADD(rules, e1000e_msix) {
	.target = { "e1000e" }, .index = MSIX,
	.rules = message_rules, .count = ARRAY_SIZE(message_rules),
};

FIXTURE_VARIANT_ADD(rules, nvme_msix) {
	.target = { "nvme" }, .index = MSIX,
	.rules = message_rules, .count = ARRAY_SIZE(message_rules),
};

FIXTURE_VARIANT_ADD(rules, nvme_err) {
	.target = { "nvme" }, .index = ERR,
	.rules = notice_rules, .count = ARRAY_SIZE(notice_rules),
};

/* Not a PCI Express device: it will never report, but may be asked to. */
FIXTURE_VARIANT_ADD(rules, edu_err) {
	.target = { "edu" }, .index = ERR,
	.rules = notice_rules, .count = ARRAY_SIZE(notice_rules),
};

FIXTURE_VARIANT_ADD(rules, nvme_req) {
	.target = { "nvme" }, .index = REQ,
	.rules = notice_rules, .count = ARRAY_SIZE(notice_rules),
};

FIXTURE_VARIANT_ADD(rules, edu_req) {
	.target = { "edu" }, .index = REQ,
	.rules = notice_rules, .count = ARRAY_SIZE(notice_rules),
};

FIXTURE_SETUP(rules)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	if (lacks_err(&self->dev, variant->index))
		SKIP(return, "before 7.3 only PCI Express devices had it");
	self->first = vfio_eventfd();
	self->other = vfio_eventfd();
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->first);
	ASSERT_LE(0, self->other);
	ASSERT_LE(0, self->null);
	self->closed = dup(self->null);
	ASSERT_EQ(0, close(self->closed));
}

FIXTURE_TEARDOWN(rules)
{
	vfio_dev_close(&self->dev);
}

static size_t payload_of(const struct _test_data_rules *self,
			 enum payload payload, char *data)
{
	const int32_t fds[] = {
		[GOOD] = self->other, [MINUS_1] = -1, [MINUS_2] = -2,
		[CLOSED] = self->closed, [NO_EVENTFD] = self->null,
	};

	if (payload == NOTHING)
		return 0;
	if (payload == ZERO || payload == ONE) {
		data[0] = payload == ONE;
		return 1;
	}
	memcpy(data, &fds[payload], sizeof(fds[payload]));
	return sizeof(fds[payload]);
}

/* The index may be idle already, then this is refused. */
static void make_idle(struct vfio_dev *dev, uint32_t index)
{
	int ret = vfio_irq_disable(dev, index);

	if (ret && ret != -EINVAL)
		abort();
}

TEST_F(rules, each)
{
	const struct vfio_dev *dev = &self->dev;
	char data[4];
	size_t i, len;

	for (i = 0; i < variant->count; i++) {
		const struct rule *rule = &variant->rules[i];

		make_idle(&self->dev, variant->index);
		if (rule->state == ENABLED) {
			ASSERT_EQ(0, vfio_irq_eventfds(dev, variant->index, 0, 1,
						       &self->first));
		}
		len = payload_of(self, rule->payload, data);
		EXPECT_EQ(rule->want, vfio_irq_set(dev, rule->flags, variant->index,
						   0, rule->count, data, len))
			TH_LOG("row %zu: flags %#x, count %u, payload %d", i,
			       rule->flags, rule->count, rule->payload);
	}
}

/* What each refused call left behind: the eventfd that was there still works. */
TEST_F(rules, refused_changes_nothing)
{
	const struct vfio_dev *dev = &self->dev;
	char data[4];
	size_t i, len;

	for (i = 0; i < variant->count; i++) {
		const struct rule *rule = &variant->rules[i];

		/* A bad eventfd takes the one that it was to replace with it. */
		if (rule->state != ENABLED || rule->want >= 0 ||
		    (variant->index != INTX && (rule->payload == CLOSED ||
						rule->payload == NO_EVENTFD)))
			continue;
		make_idle(&self->dev, variant->index);
		ASSERT_EQ(0, vfio_irq_eventfds(dev, variant->index, 0, 1,
					       &self->first));
		len = payload_of(self, rule->payload, data);
		ASSERT_EQ(rule->want, vfio_irq_set(dev, rule->flags, variant->index,
						   0, rule->count, data, len));
		EXPECT_EQ(0, vfio_irq_set(dev, NONE | TRIGGER, variant->index, 0, 1,
					  NULL, 0));
		EXPECT_EQ(1, vfio_eventfd_wait(self->first, 1000))
			TH_LOG("row %zu: flags %#x, count %u, payload %d", i,
			       rule->flags, rule->count, rule->payload);
	}
}

/* A call that failed to enable left the index idle, ready to be enabled. */
TEST_F(rules, enables_after_refusal)
{
	const struct vfio_dev *dev = &self->dev;
	char data[4];
	size_t i, len;

	for (i = 0; i < variant->count; i++) {
		const struct rule *rule = &variant->rules[i];

		if (rule->state != IDLE || rule->want >= 0)
			continue;
		make_idle(&self->dev, variant->index);
		len = payload_of(self, rule->payload, data);
		ASSERT_EQ(rule->want, vfio_irq_set(dev, rule->flags, variant->index,
						   0, rule->count, data, len));
		EXPECT_EQ(-EINVAL, vfio_irq_set(dev, NONE | TRIGGER, variant->index,
						0, 1, NULL, 0));
		EXPECT_EQ(0, vfio_irq_eventfds(dev, variant->index, 0, 1,
					       &self->first));
	}
}

/* ------------------------------------------------------------------------- */

/* One type at a time; the others are refused until it is disabled. */
FIXTURE(types) {
	struct vfio_dev dev;
	int fd[3];
};

FIXTURE_VARIANT(types) {
	struct vfio_target target;
	uint32_t active;
};

FIXTURE_VARIANT_ADD(types, intx) {
	.target = { "e1000e" }, .active = INTX,
};

FIXTURE_VARIANT_ADD(types, msi) {
	.target = { "e1000e" }, .active = MSI,
};

FIXTURE_VARIANT_ADD(types, msix) {
	.target = { "e1000e" }, .active = MSIX,
};

FIXTURE_SETUP(types)
{
	int i;

	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	for (i = 0; i < 3; i++) {
		self->fd[i] = vfio_eventfd();
		ASSERT_LE(0, self->fd[i]);
	}
}

FIXTURE_TEARDOWN(types)
{
	vfio_dev_close(&self->dev);
}

TEST_F(types, others_are_refused)
{
	const struct vfio_dev *dev = &self->dev;
	const char one = 1;
	uint32_t index;

	ASSERT_EQ(0, vfio_irq_eventfds(dev, variant->active, 0, 1, &self->fd[0]));
	for (index = INTX; index <= MSIX; index++) {
		if (index == variant->active)
			continue;
		EXPECT_EQ(-EINVAL, vfio_irq_eventfds(dev, index, 0, 1, &self->fd[1]));
		EXPECT_EQ(-EINVAL, vfio_irq_disable(dev, index));
		EXPECT_EQ(-EINVAL, vfio_irq_set(dev, NONE | TRIGGER, index, 0, 1,
						NULL, 0));
		EXPECT_EQ(-EINVAL, vfio_irq_set(dev, BOOL | TRIGGER, index, 0, 1,
						&one, 1));
	}
	EXPECT_EQ(0, vfio_irq_set(dev, NONE | TRIGGER, variant->active, 0, 1,
				  NULL, 0));
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd[0], 1000));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd[1], 0));
}

TEST_F(types, follow_each_other)
{
	const struct vfio_dev *dev = &self->dev;
	uint32_t index;
	int round;

	for (round = 0; round < 3; round++) {
		for (index = INTX; index <= MSIX; index++) {
			ASSERT_EQ(0, vfio_irq_eventfds(dev, index, 0, 1,
						       &self->fd[index]));
			EXPECT_EQ(0, vfio_irq_set(dev, NONE | TRIGGER, index, 0, 1,
						  NULL, 0));
			EXPECT_EQ(1, vfio_eventfd_wait(self->fd[index], 1000));
			ASSERT_EQ(0, vfio_irq_disable(dev, index));
			EXPECT_EQ(-EINVAL, vfio_irq_disable(dev, index));
		}
	}
}

/* The error and request eventfds are nobody's concern but their own. */
TEST_F(types, notices_are_independent)
{
	const struct vfio_dev *dev = &self->dev;
	uint32_t index;

	ASSERT_EQ(0, vfio_irq_eventfds(dev, ERR, 0, 1, &self->fd[1]));
	ASSERT_EQ(0, vfio_irq_eventfds(dev, REQ, 0, 1, &self->fd[2]));
	ASSERT_EQ(0, vfio_irq_eventfds(dev, variant->active, 0, 1, &self->fd[0]));
	ASSERT_EQ(0, vfio_irq_disable(dev, variant->active));
	for (index = ERR; index <= REQ; index++) {
		EXPECT_EQ(0, vfio_irq_set(dev, NONE | TRIGGER, index, 0, 1, NULL, 0));
		EXPECT_EQ(1, vfio_eventfd_wait(self->fd[index - ERR + 1], 1000));
	}
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd[0], 0));
}

/* ------------------------------------------------------------------------- */

/* The error and the request interrupt, which any device has. */
FIXTURE(notice) {
	struct vfio_dev dev;
	int one;
	int two;
};

FIXTURE_VARIANT(notice) {
	struct vfio_target target;
	uint32_t index;
};

FIXTURE_VARIANT_ADD(notice, nvme_err) {
	.target = { "nvme" }, .index = ERR,
};

FIXTURE_VARIANT_ADD(notice, nvme_req) {
	.target = { "nvme" }, .index = REQ,
};

FIXTURE_VARIANT_ADD(notice, edu_err) {
	.target = { "edu" }, .index = ERR,
};

FIXTURE_VARIANT_ADD(notice, edu_req) {
	.target = { "edu" }, .index = REQ,
};

FIXTURE_SETUP(notice)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	if (lacks_err(&self->dev, variant->index))
		SKIP(return, "before 7.3 only PCI Express devices had it");
	self->one = vfio_eventfd();
	self->two = vfio_eventfd();
	ASSERT_LE(0, self->one);
	ASSERT_LE(0, self->two);
}

FIXTURE_TEARDOWN(notice)
{
	vfio_dev_close(&self->dev);
}

#define SIGNAL(result)								\
	EXPECT_EQ(result, vfio_irq_set(&self->dev, NONE | TRIGGER,		\
				       variant->index, 0, 1, NULL, 0))

#define SIGNAL_BOOL(value)							\
	do {									\
		const char __value = (value);					\
										\
		EXPECT_EQ(0, vfio_irq_set(&self->dev, BOOL | TRIGGER,		\
					  variant->index, 0, 1, &__value, 1));	\
	} while (0)

TEST_F(notice, info)
{
	struct vfio_irq_info info;

	ASSERT_EQ(0, vfio_irq_info(&self->dev, variant->index, &info));
	EXPECT_EQ(1U, info.count);
	EXPECT_EQ(0U | VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, info.flags);
}

TEST_F(notice, signals)
{
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->one));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->one, 0));
	SIGNAL(0);
	SIGNAL(0);
	SIGNAL_BOOL(0);
	SIGNAL_BOOL(1);
	SIGNAL_BOOL(-1);
	EXPECT_EQ(4, vfio_eventfd_wait(self->one, 1000));
}

TEST_F(notice, replaced)
{
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->one));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->two));
	SIGNAL(0);
	EXPECT_EQ(1, vfio_eventfd_wait(self->two, 1000));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->one, 0));
}

TEST_F(notice, bad_eventfd_keeps_the_old_one)
{
	int32_t null = open("/dev/null", O_RDWR), closed = dup(null);

	ASSERT_LE(0, null);
	ASSERT_EQ(0, close(closed));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->one));
	EXPECT_EQ(-EBADF, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &closed));
	EXPECT_EQ(-EINVAL, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &null));
	SIGNAL(0);
	EXPECT_EQ(1, vfio_eventfd_wait(self->one, 1000));
}

TEST_F(notice, removed_by_minus_one)
{
	const int32_t none = -1;

	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->one));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &none));
	SIGNAL(-EINVAL);
	SIGNAL_BOOL(1);
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->one, 0));
}

TEST_F(notice, removed_by_count_zero)
{
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->one));
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, variant->index));
	EXPECT_EQ(-EINVAL, vfio_irq_disable(&self->dev, variant->index));
	SIGNAL(-EINVAL);
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->one, 0));
}

/* The kernel holds the eventfd, not its number. */
TEST_F(notice, closed_by_the_user)
{
	int duplicate = dup(self->one);

	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->one));
	ASSERT_EQ(0, close(self->one));
	SIGNAL(0);
	EXPECT_EQ(1, vfio_eventfd_wait(duplicate, 1000));
	ASSERT_EQ(0, close(duplicate));
	SIGNAL(0);
}

TEST_F(notice, gone_after_close)
{
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, &self->one));
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
	SIGNAL(-EINVAL);
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->one, 0));
}

VFIO_TEST_MAIN
