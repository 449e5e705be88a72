// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI and MSI-X: interrupts that really arrive, each on the eventfd of its
 * vector, and what becomes of the vectors when some of them are set, replaced,
 * removed or refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "irq_source.h"
#include "vfio_harness.h"

#define NONE		VFIO_IRQ_SET_DATA_NONE
#define BOOL		VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD		VFIO_IRQ_SET_DATA_EVENTFD
#define TRIGGER		VFIO_IRQ_SET_ACTION_TRIGGER
#define MSI		VFIO_PCI_MSI_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX

#define ARRIVES_MS	2000
#define SILENT_MS	30
#define ROUNDS		vfio_rounds(1000)
#define MAX_VECTORS	80

#define EXPECT_SILENT(fd)							\
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(fd, SILENT_MS))

/* Enable bit of the capability in the device itself */
static bool hw_enabled(const struct vfio_dev *dev, uint32_t index)
{
	unsigned int msix = vfio_hw_cap_find(dev, PCI_CAP_ID_MSIX);
	unsigned int msi = vfio_hw_cap_find(dev, PCI_CAP_ID_MSI);

	if (index == MSIX)
		return vfio_hw_cfg16(dev, msix + PCI_MSIX_FLAGS) &
		       PCI_MSIX_FLAGS_ENABLE;
	return vfio_hw_cfg16(dev, msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE;
}

static int64_t line_count(const struct vfio_dev *dev, uint32_t index,
			  unsigned int vector)
{
	char line[64];

	irq_line_name(line, sizeof(line), dev->addr, index, vector);
	return irq_line_count(line);
}

/* ------------------------------------------------------ interrupts that arrive */

FIXTURE(arriving) {
	struct vfio_dev dev;
	struct irq_source source;
	bool armed;
	int32_t fd[8];
	int64_t before[8];	/* counts of the lines when enabled */
};

FIXTURE_VARIANT(arriving) {
	struct vfio_target target;
	uint32_t index;
	unsigned int vectors;
};

FIXTURE_VARIANT_ADD(arriving, edu_msi) {
	.target = { "edu" }, .index = MSI, .vectors = 1,
};

FIXTURE_VARIANT_ADD(arriving, nvme_msix) {
	.target = { "nvme" }, .index = MSIX, .vectors = 5,
};

FIXTURE_SETUP(arriving)
{
	unsigned int i;

	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	ASSERT_EQ(0, irq_source_open(&self->source, &self->dev));
	for (i = 0; i < ARRAY_SIZE(self->fd); i++) {
		self->fd[i] = vfio_eventfd();
		ASSERT_LE(0, self->fd[i]);
	}
}

FIXTURE_TEARDOWN(arriving)
{
	/* A test may have left it off. */
	vfio_memory(&self->dev, true);
	irq_source_close(&self->source);
	vfio_dev_close(&self->dev);
}

#define ENABLE_ALL_UNARMED()							\
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0,		\
				       variant->vectors, self->fd))

/* Arming may raise interrupts of its own: those are forgotten. */
#define ARM()									\
	do {									\
		if (!self->armed) {						\
			ASSERT_EQ(0, irq_source_arm(&self->source,		\
						    variant->index));		\
		}								\
		self->armed = true;						\
		vfio_eventfd_wait(self->fd[0], SILENT_MS);			\
		for (unsigned int __n = 0; __n < variant->vectors; __n++)	\
			self->before[__n] = line_count(&self->dev,		\
						       variant->index, __n);	\
	} while (0)

#define ENABLE_ALL()								\
	do {									\
		ENABLE_ALL_UNARMED();						\
		ARM();								\
	} while (0)

/* Interrupts of a vector that the kernel has handled since */
#define HANDLED(vector)								\
({										\
	unsigned int __v = (vector);						\
	line_count(&self->dev, variant->index, __v) - self->before[__v];	\
})

#define RAISE(vector)	irq_source_raise(&self->source, vector)
#define ACK(vector)	irq_source_ack(&self->source, vector)

/* The vector arrives on this eventfd, once. */
#define EXPECT_ARRIVES(vector, fd)						\
	do {									\
		unsigned int __vector = (vector);				\
										\
		RAISE(__vector);						\
		EXPECT_EQ(1, vfio_eventfd_wait(fd, ARRIVES_MS))			\
			TH_LOG("vector %u", __vector);				\
		ACK(__vector);							\
	} while (0)

TEST_F(arriving, each_on_its_eventfd)
{
	unsigned int n, other;

	ENABLE_ALL();
	EXPECT_TRUE(hw_enabled(&self->dev, variant->index));
	for (n = 0; n < variant->vectors; n++) {
		EXPECT_ARRIVES(n, self->fd[n]);
		EXPECT_EQ(1, HANDLED(n));
		for (other = 0; other < variant->vectors; other++)
			EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd[other], 0));
	}
}

TEST_F(arriving, none_is_lost)
{
	const int rounds = ROUNDS;
	unsigned int n;
	int i;

	ENABLE_ALL();
	for (i = 0; i < rounds; i++) {
		n = i % variant->vectors;
		RAISE(n);
		ASSERT_EQ(1, vfio_eventfd_wait(self->fd[n], ARRIVES_MS))
			TH_LOG("interrupt %d, vector %u", i, n);
		ACK(n);
	}
	for (n = 0; n < variant->vectors; n++) {
		EXPECT_EQ(rounds / (int)variant->vectors, HANDLED(n));
		EXPECT_SILENT(self->fd[n]);
	}
}

/* Read only after all of them: the eventfd has counted. */
TEST_F(arriving, counted_by_the_eventfd)
{
	int i;

	ENABLE_ALL();
	for (i = 1; i <= 100; i++) {
		RAISE(0);
		for (int ms = 0; ms < ARRIVES_MS; ms++) {
			if (HANDLED(0) == i)
				break;
			vfio_sleep_ms(1);
		}
		ACK(0);
	}
	EXPECT_EQ(100, vfio_eventfd_wait(self->fd[0], ARRIVES_MS));
}

TEST_F(arriving, eventfd_replaced)
{
	unsigned int last = variant->vectors - 1;

	ENABLE_ALL();
	EXPECT_ARRIVES(last, self->fd[last]);
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, last, 1,
				       &self->fd[7]));
	EXPECT_ARRIVES(last, self->fd[7]);
	EXPECT_SILENT(self->fd[last]);
}

/* The others go on when one vector is removed, and so does it when it is back. */
TEST_F(arriving, eventfd_removed)
{
	unsigned int last = variant->vectors - 1;
	const int32_t none = -1;

	ENABLE_ALL();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, last, 1, &none));
	EXPECT_EQ(-ENOENT, line_count(&self->dev, variant->index, last));
	EXPECT_TRUE(hw_enabled(&self->dev, variant->index));
	if (last)
		EXPECT_ARRIVES(0, self->fd[0]);
	RAISE(last);
	EXPECT_SILENT(self->fd[last]);
	ACK(last);

	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, last, 1,
				       &self->fd[last]));
	/* What was raised meanwhile may be delivered now. */
	vfio_eventfd_wait(self->fd[last], SILENT_MS);
	EXPECT_ARRIVES(last, self->fd[last]);
}

TEST_F(arriving, disabled_and_enabled_again)
{
	unsigned int n, last = variant->vectors - 1;
	int round;

	for (round = 0; round < 20; round++) {
		ENABLE_ALL();
		EXPECT_ARRIVES(last, self->fd[last]);
		ASSERT_EQ(0, vfio_irq_disable(&self->dev, variant->index));
		EXPECT_FALSE(hw_enabled(&self->dev, variant->index));
		EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));
	}
	RAISE(last);
	for (n = 0; n < variant->vectors; n++)
		EXPECT_SILENT(self->fd[n]);
}

TEST_F(arriving, eventfd_closed_by_the_user)
{
	ENABLE_ALL();
	ASSERT_EQ(0, close(self->fd[0]));
	RAISE(0);
	vfio_sleep_ms(SILENT_MS);
	EXPECT_EQ(1, HANDLED(0));
}

/* Without bus mastering the message does not leave the device. */
TEST_F(arriving, silent_without_bus_master)
{
	ENABLE_ALL();
	ASSERT_EQ(0, vfio_bus_master(&self->dev, false));
	RAISE(0);
	EXPECT_SILENT(self->fd[0]);
	ACK(0);
	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	EXPECT_ARRIVES(0, self->fd[0]);
}

/* Neither enabling nor disabling needs memory decoding, nor turns it on. */
TEST_F(arriving, enabled_without_memory_decoding)
{
	uint32_t value;

	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	ENABLE_ALL_UNARMED();
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(-EIO, vfio_region_read(&self->dev, 0, 0, &value, 4));
	ASSERT_EQ(0, vfio_memory(&self->dev, true));
	ARM();
	EXPECT_ARRIVES(0, self->fd[0]);
	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, variant->index));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
}

/*
 * Vectors that are added while the device runs are as good as those of the first
 * call, and what lies between is left alone.
 */
TEST_F(arriving, added_while_it_runs)
{
	const int32_t none = -1;
	struct vfio_irq_info info;
	int round;

	ASSERT_EQ(0, vfio_irq_info(&self->dev, variant->index, &info));
	EXPECT_EQ(variant->index == MSIX ? 0 : VFIO_IRQ_INFO_NORESIZE,
		  info.flags & VFIO_IRQ_INFO_NORESIZE);
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 0, 1, self->fd));
	ARM();
	if (variant->vectors == 1)
		return;
	EXPECT_ARRIVES(0, self->fd[0]);
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 3, 1,
					       &self->fd[3]));
		EXPECT_EQ(-ENOENT, line_count(&self->dev, variant->index, 1));
		EXPECT_EQ(-ENOENT, line_count(&self->dev, variant->index, 2));
		EXPECT_EQ(2, irq_lines_of_vfio(self->dev.addr));
		/* What was raised while it had none may be delivered now. */
		vfio_eventfd_wait(self->fd[3], SILENT_MS);
		EXPECT_ARRIVES(0, self->fd[0]);
		EXPECT_ARRIVES(3, self->fd[3]);
		EXPECT_SILENT(self->fd[0]);

		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, variant->index, 3, 1,
					       &none));
		EXPECT_EQ(-ENOENT, line_count(&self->dev, variant->index, 3));
		RAISE(3);
		EXPECT_SILENT(self->fd[3]);
		ACK(3);
		EXPECT_ARRIVES(0, self->fd[0]);
	}

	ASSERT_EQ(0, vfio_irq_disable(&self->dev, variant->index));
	EXPECT_FALSE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));
}

/* INTx is usable again when the messages are off. */
TEST_F(arriving, intx_is_not_left_disabled)
{
	ENABLE_ALL();
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, variant->index));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
}

TEST_F(arriving, gone_after_close)
{
	ENABLE_ALL();
	irq_source_close(&self->source);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
	EXPECT_FALSE(hw_enabled(&self->dev, variant->index));
}

/* --------------------------------------------------- which vectors have eventfds */

/*
 * Vectors are signalled by loopback here: a vector with an eventfd signals it,
 * one without is skipped. So devices with many vectors can be used that raise
 * none by themselves.
 */
FIXTURE(vectors) {
	struct vfio_dev dev;
	struct vfio_irq_info info;
	uint32_t n;
	int32_t fd[MAX_VECTORS];
	int closed;
	int null;
};

FIXTURE_VARIANT(vectors) {
	struct vfio_target target;
	uint32_t index;
};

FIXTURE_VARIANT_ADD(vectors, e1000e_msix) {
	.target = { "e1000e" }, .index = MSIX,
};

FIXTURE_VARIANT_ADD(vectors, nvme_msix) {
	.target = { "nvme" }, .index = MSIX,
};

FIXTURE_SETUP(vectors)
{
	uint32_t i;

	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	ASSERT_EQ(0, vfio_irq_info(&self->dev, variant->index, &self->info));
	self->n = self->info.count;
	ASSERT_LE(5, self->n);
	ASSERT_LE(self->n + 1, MAX_VECTORS);
	for (i = 0; i <= self->n; i++) {
		self->fd[i] = vfio_eventfd();
		ASSERT_LE(0, self->fd[i]);
	}
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	self->closed = dup(self->null);
	ASSERT_EQ(0, close(self->closed));
}

FIXTURE_TEARDOWN(vectors)
{
	vfio_dev_close(&self->dev);
}

#define SET(start, count, fds)							\
	vfio_irq_eventfds(&self->dev, variant->index, start, count, fds)
#define DISABLE()								\
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, variant->index))
#define LOOPBACK(start, count)							\
	vfio_irq_set(&self->dev, NONE | TRIGGER, variant->index, start, count,	\
		     NULL, 0)

/* Which of the eventfds is signalled when all vectors are, as a bit mask. */
static uint64_t signalled(const struct vfio_dev *dev, uint32_t index, uint32_t n,
			  const int32_t *fd)
{
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < n && i < 64; i++)
		vfio_eventfd_wait(fd[i], 0);
	if (vfio_irq_set(dev, NONE | TRIGGER, index, 0, n, NULL, 0))
		return ~0ULL;
	for (i = 0; i < n && i < 64; i++)
		if (vfio_eventfd_wait(fd[i], 0) == 1)
			mask |= 1ULL << i;
	return mask;
}

#define SIGNALLED()								\
	signalled(&self->dev, variant->index, self->n, self->fd)

TEST_F(vectors, all)
{
	uint32_t i;

	ASSERT_EQ(0, SET(0, self->n, self->fd));
	EXPECT_EQ((int)self->n, irq_lines_of_vfio(self->dev.addr));
	ASSERT_EQ(0, LOOPBACK(0, self->n));
	for (i = 0; i < self->n; i++)
		EXPECT_EQ(1, vfio_eventfd_wait(self->fd[i], ARRIVES_MS));
}

TEST_F(vectors, loopback_none_signals_a_range)
{
	ASSERT_EQ(0, SET(0, self->n, self->fd));
	ASSERT_EQ(0, LOOPBACK(1, 2));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd[0], 0));
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd[1], 0));
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd[2], 0));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd[3], 0));
}

TEST_F(vectors, loopback_bool_signals_a_pattern)
{
	const char pattern[] = { 0, 1, 0, -1 };
	int i;

	ASSERT_EQ(0, SET(0, self->n, self->fd));
	ASSERT_EQ(0, vfio_irq_set(&self->dev, BOOL | TRIGGER, variant->index, 1, 4,
				  pattern, 4));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd[0], 0));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(pattern[i] ? 1 : -ETIMEDOUT,
			  vfio_eventfd_wait(self->fd[i + 1], 0));
	}
}

TEST_F(vectors, first_call_with_gaps)
{
	const int32_t fds[] = { self->fd[0], -1, self->fd[2], -1 };

	ASSERT_EQ(0, SET(0, 4, fds));
	EXPECT_EQ(2, irq_lines_of_vfio(self->dev.addr));
	EXPECT_EQ(0x5ULL, SIGNALLED());
}

/* Vectors below the first one named are allocated too. */
TEST_F(vectors, first_call_in_the_middle)
{
	ASSERT_EQ(0, SET(2, 2, &self->fd[2]));
	EXPECT_EQ(0xcULL, SIGNALLED());
	ASSERT_EQ(0, SET(0, 2, &self->fd[0]));
	EXPECT_EQ(0xfULL, SIGNALLED());
}

TEST_F(vectors, first_call_with_no_eventfd)
{
	const int32_t none[] = { -1, -1, -1 };

	ASSERT_EQ(0, SET(0, 3, none));
	EXPECT_TRUE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));
	EXPECT_EQ(0ULL, SIGNALLED());
	ASSERT_EQ(0, SET(1, 1, &self->fd[1]));
	EXPECT_EQ(0x2ULL, SIGNALLED());
}

/* No vector is named: none from 0 on is refused, none from 2 on gives two. */
TEST_F(vectors, first_call_with_count_zero)
{
	EXPECT_EQ(-ERANGE, SET(0, 0, NULL));
	EXPECT_FALSE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(0, SET(2, 0, NULL));
	EXPECT_TRUE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(0ULL, SIGNALLED());
	ASSERT_EQ(0, SET(0, 2, self->fd));
	EXPECT_EQ(0x3ULL, SIGNALLED());
}

/* Later calls concern the vectors they name. */
TEST_F(vectors, later_calls_leave_the_others)
{
	const int32_t none = -1;

	ASSERT_EQ(0, SET(0, 5, self->fd));
	ASSERT_EQ(0, SET(1, 1, &none));
	ASSERT_EQ(0, SET(3, 1, &none));
	EXPECT_EQ(0x15ULL, SIGNALLED());
	ASSERT_EQ(0, SET(3, 1, &self->fd[3]));
	EXPECT_EQ(0x1dULL, SIGNALLED());
	EXPECT_EQ(4, irq_lines_of_vfio(self->dev.addr));
}

TEST_F(vectors, replaced)
{
	ASSERT_EQ(0, SET(0, 3, self->fd));
	ASSERT_EQ(0, SET(1, 1, &self->fd[self->n]));
	EXPECT_EQ(0x5ULL, SIGNALLED());
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd[self->n], 0));
}

/* One eventfd for several vectors counts them all. */
TEST_F(vectors, share_an_eventfd)
{
	const int32_t fds[] = { self->fd[0], self->fd[0], self->fd[0] };

	ASSERT_EQ(0, SET(0, 3, fds));
	ASSERT_EQ(0, LOOPBACK(0, 3));
	EXPECT_EQ(3, vfio_eventfd_wait(self->fd[0], ARRIVES_MS));
}

TEST_F(vectors, bad_eventfd_in_first_call)
{
	const int32_t closed[] = { self->fd[0], self->closed, self->fd[2] };
	const int32_t null[] = { self->fd[0], self->fd[1], self->null };

	EXPECT_EQ(-EBADF, SET(0, 3, closed));
	EXPECT_FALSE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(-EINVAL, SET(0, 3, null));
	EXPECT_FALSE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));
	EXPECT_EQ(-EINVAL, LOOPBACK(0, 1));
	EXPECT_EQ(-EINVAL, vfio_irq_disable(&self->dev, variant->index));
	EXPECT_EQ(0, SET(0, 3, self->fd));
	EXPECT_EQ(0x7ULL, SIGNALLED());
}

/* Nothing changes, before the bad one or behind it. */
TEST_F(vectors, bad_eventfd_in_later_call)
{
	const int32_t fds[] = { -1, self->closed, self->fd[0] };

	if (vfio_stock())
		SKIP(return, "the kernel's own driver clears what it has touched");

	ASSERT_EQ(0, SET(0, 5, self->fd));
	EXPECT_EQ(-EBADF, SET(1, 3, fds));
	EXPECT_TRUE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(0x1fULL, SIGNALLED());
	ASSERT_EQ(0, SET(1, 3, &self->fd[1]));
	EXPECT_EQ(0x1fULL, SIGNALLED());
}

TEST_F(vectors, data_not_readable_in_later_call)
{
	struct vfio_irq_set *set = vfio_guarded(sizeof(*set) + 4);

	ASSERT_EQ(0, SET(0, 5, self->fd));
	set->argsz = sizeof(*set) + 12;
	set->flags = EVENTFD | TRIGGER;
	set->index = variant->index;
	set->start = 0;
	set->count = 3;
	memset(set->data, 0xff, 4);
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS, set));
	EXPECT_EQ(0x1fULL, SIGNALLED());
	vfio_guarded_free(set);
}

/*
 * Vectors that the first call did not allocate: they can be added where the
 * index says that it can be resized, and only there.
 */
TEST_F(vectors, added_later)
{
	const bool dynamic = !(self->info.flags & VFIO_IRQ_INFO_NORESIZE);
	const int32_t none = -1;

	ASSERT_EQ(0, SET(0, 2, self->fd));
	EXPECT_EQ(dynamic ? 0 : -EINVAL, SET(4, 1, &self->fd[4]));
	EXPECT_EQ(dynamic ? 0x13ULL : 0x3ULL, SIGNALLED());
	/* Removing what is not there is no mistake. */
	EXPECT_EQ(0, SET(3, 1, &none));
	EXPECT_EQ(dynamic ? 0 : -EINVAL, SET(1, 3, &self->fd[1]));
	EXPECT_EQ(dynamic ? 0x1fULL : 0x1ULL, SIGNALLED());
}

TEST_F(vectors, added_removed_and_added)
{
	const int32_t none = -1;
	int round;

	if (self->info.flags & VFIO_IRQ_INFO_NORESIZE)
		SKIP(return, "vectors cannot be added here");
	ASSERT_EQ(0, SET(0, 1, self->fd));
	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, SET(3, 1, &self->fd[3]));
		EXPECT_EQ(0x9ULL, SIGNALLED());
		ASSERT_EQ(0, SET(3, 1, &none));
		EXPECT_EQ(0x1ULL, SIGNALLED());
	}
	DISABLE();
	ASSERT_EQ(0, SET(0, self->n, self->fd));
	EXPECT_EQ((int)self->n, irq_lines_of_vfio(self->dev.addr));
}

/* There are no vectors behind the last one, not even if they can be added. */
TEST_F(vectors, added_behind_the_last)
{
	ASSERT_EQ(0, SET(0, 1, self->fd));
	EXPECT_EQ(-EINVAL, SET(self->n, 1, self->fd));
	EXPECT_EQ(-EINVAL, SET(self->n - 1, 2, self->fd));
	EXPECT_EQ(-EINVAL, SET(~0U, 1, self->fd));
	EXPECT_EQ(-EINVAL, SET(~0U, 2, self->fd));
	EXPECT_EQ(1, irq_lines_of_vfio(self->dev.addr));
	EXPECT_EQ(0x1ULL, SIGNALLED());
	EXPECT_EQ(0, SET(self->n - 1, 1, &self->fd[self->n - 1]));
	EXPECT_EQ(2, irq_lines_of_vfio(self->dev.addr));
}

/* A block that would add some, swap some and has a bad one changes nothing. */
TEST_F(vectors, bad_eventfd_among_added)
{
	const int32_t fds[] = { self->fd[0], self->fd[1], self->fd[2], self->closed };

	if (vfio_stock())
		SKIP(return, "the kernel's own driver clears what it has touched");

	ASSERT_EQ(0, SET(1, 1, &self->fd[3]));
	EXPECT_EQ(-EBADF, SET(0, 4, fds));
	EXPECT_TRUE(hw_enabled(&self->dev, variant->index));
	EXPECT_EQ(1, irq_lines_of_vfio(self->dev.addr));
	EXPECT_EQ(0x8ULL, SIGNALLED());
	ASSERT_EQ(0, SET(0, 3, fds));
	EXPECT_EQ(0x7ULL, SIGNALLED());
	EXPECT_EQ(3, irq_lines_of_vfio(self->dev.addr));
}

/* An Intel IOMMU that remaps interrupts lets MSI-X vectors be added. */
TEST_F(vectors, info)
{
	EXPECT_EQ(0U | VFIO_IRQ_INFO_EVENTFD, self->info.flags);
}

TEST_F(vectors, enabled_and_disabled_often)
{
	const int rounds = vfio_rounds(50);
	int i;

	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, SET(0, self->n, self->fd));
		DISABLE();
	}
	EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));
}

/* Asleep: no message can be written to its table. */
TEST_F(vectors, refused_in_d3)
{
	if (vfio_power(&self->dev, 3) == -ENODEV)
		SKIP(return, "the device has no power management");
	EXPECT_EQ(-EINVAL, SET(0, 1, self->fd));
	ASSERT_EQ(0, vfio_power(&self->dev, 0));
	EXPECT_EQ(0, SET(0, 1, self->fd));
	EXPECT_EQ(0x1ULL, SIGNALLED());
}

/* The user may not enable MSI-X behind the library's back. */
TEST_F(vectors, capability_is_read_only)
{
	unsigned int cap = vfio_cap_find(&self->dev, PCI_CAP_ID_MSIX);
	uint16_t flags = vfio_cfg16(&self->dev, cap + PCI_MSIX_FLAGS);

	ASSERT_NE(0U, cap);
	EXPECT_EQ(0, flags & PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(0, vfio_cfg_write(&self->dev, cap + PCI_MSIX_FLAGS, 2,
				    flags | PCI_MSIX_FLAGS_ENABLE |
				    PCI_MSIX_FLAGS_MASKALL));
	EXPECT_EQ(flags, vfio_cfg16(&self->dev, cap + PCI_MSIX_FLAGS));
	EXPECT_EQ(flags, vfio_hw_cfg16(&self->dev, cap + PCI_MSIX_FLAGS));
	ASSERT_EQ(0, SET(0, 1, self->fd));
	EXPECT_NE(0, vfio_cfg16(&self->dev, cap + PCI_MSIX_FLAGS) &
		     PCI_MSIX_FLAGS_ENABLE);
}

VFIO_TEST_MAIN
