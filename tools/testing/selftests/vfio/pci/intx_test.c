// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx of devices that really raise it: each interrupt arrives once and masks
 * the line, masking and unmasking by ioctl, eventfd and the INTx-disable bit of
 * the configuration space. The devices can disable INTx by themselves; how it
 * is without that is in bind_test.c, which loads the module with nointxmask.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "irq_source.h"
#include "vfio_harness.h"

#define NONE		VFIO_IRQ_SET_DATA_NONE
#define BOOL		VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD		VFIO_IRQ_SET_DATA_EVENTFD
#define MASK		VFIO_IRQ_SET_ACTION_MASK
#define UNMASK		VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER		VFIO_IRQ_SET_ACTION_TRIGGER
#define INTX		VFIO_PCI_INTX_IRQ_INDEX

/* Long enough for an interrupt to arrive, and to say that none did */
#define ARRIVES_MS	2000
#define SILENT_MS	30

#define ROUNDS		vfio_rounds(1000)

FIXTURE(intx) {
	struct vfio_dev dev;
	struct irq_source source;
	int fd;
	int other;
	char line[64];
	int64_t before;	/* count of the line when it was enabled */
};

FIXTURE_VARIANT(intx) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(intx, edu) {
	.target = { "edu" },
};

FIXTURE_VARIANT_ADD(intx, e1000e) {
	.target = { "e1000e" },
};

FIXTURE_SETUP(intx)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	ASSERT_EQ(0, irq_source_open(&self->source, &self->dev));
	self->fd = vfio_eventfd();
	self->other = vfio_eventfd();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, irq_source_arm(&self->source, INTX));
	irq_line_name(self->line, sizeof(self->line), self->dev.addr, INTX, 0);
}

FIXTURE_TEARDOWN(intx)
{
	irq_source_close(&self->source);
	vfio_dev_close(&self->dev);
}

#define ENABLE()								\
	do {									\
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, INTX, 0, 1,		\
					       &self->fd));			\
		self->before = irq_line_count(self->line);			\
		ASSERT_LE(0, self->before);					\
	} while (0)

/* Interrupts that the kernel has handled since; the line's count goes on */
#define HANDLED()	(irq_line_count(self->line) - self->before)

#define SET(flags, count)							\
	vfio_irq_set(&self->dev, flags, INTX, 0, count, NULL, 0)

#define SET_BOOL(action, value)							\
({										\
	const char __value = (value);						\
	vfio_irq_set(&self->dev, BOOL | (action), INTX, 0, 1, &__value, 1);	\
})

#define SET_FD(action, value)							\
({										\
	const int32_t __fd = (value);						\
	vfio_irq_set(&self->dev, EVENTFD | (action), INTX, 0, 1, &__fd, 4);	\
})

#define RAISE()		irq_source_raise(&self->source, 0)
#define ACK()		irq_source_ack(&self->source, 0)

#define EXPECT_ARRIVES(fd)							\
	EXPECT_EQ(1, vfio_eventfd_wait(fd, ARRIVES_MS))
#define EXPECT_SILENT(fd)							\
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(fd, SILENT_MS))

/* What the device itself is told, whatever the user sees */
#define HW_MASKED()								\
	(!!(vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE))
#define EXPECT_MASKED()		EXPECT_TRUE(HW_MASKED())
#define EXPECT_UNMASKED()	EXPECT_FALSE(HW_MASKED())

TEST_F(intx, info)
{
	struct vfio_irq_info info;

	ASSERT_EQ(0, vfio_irq_info(&self->dev, INTX, &info));
	EXPECT_EQ(1U, info.count);
	EXPECT_EQ(0U | VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		  VFIO_IRQ_INFO_AUTOMASKED, info.flags);
	EXPECT_NE(0, vfio_cfg8(&self->dev, PCI_INTERRUPT_PIN));
}

TEST_F(intx, arrives_once_and_masks)
{
	ENABLE();
	EXPECT_UNMASKED();
	RAISE();
	EXPECT_ARRIVES(self->fd);
	EXPECT_MASKED();
	/* Still asserted, but the line is masked now. */
	EXPECT_SILENT(self->fd);
	EXPECT_EQ(1, HANDLED());
}

TEST_F(intx, masking_is_hidden_from_the_user)
{
	ENABLE();
	RAISE();
	EXPECT_ARRIVES(self->fd);
	EXPECT_MASKED();
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
}

TEST_F(intx, unmask_when_acknowledged)
{
	ENABLE();
	RAISE();
	EXPECT_ARRIVES(self->fd);
	ACK();
	EXPECT_EQ(0, SET(NONE | UNMASK, 1));
	EXPECT_UNMASKED();
	EXPECT_SILENT(self->fd);
	RAISE();
	EXPECT_ARRIVES(self->fd);
}

/* The level is high still, so the interrupt is there again. */
TEST_F(intx, unmask_when_asserted)
{
	ENABLE();
	RAISE();
	EXPECT_ARRIVES(self->fd);
	EXPECT_EQ(0, SET(NONE | UNMASK, 1));
	EXPECT_ARRIVES(self->fd);
	EXPECT_MASKED();
	EXPECT_EQ(0, SET_BOOL(UNMASK, 1));
	EXPECT_ARRIVES(self->fd);
	EXPECT_SILENT(self->fd);
}

TEST_F(intx, unmask_bool_zero_does_nothing)
{
	ENABLE();
	RAISE();
	EXPECT_ARRIVES(self->fd);
	ACK();
	EXPECT_EQ(0, SET_BOOL(UNMASK, 0));
	EXPECT_MASKED();
	EXPECT_EQ(0, SET_BOOL(UNMASK, 1));
	EXPECT_UNMASKED();
}

TEST_F(intx, none_is_lost)
{
	const int rounds = ROUNDS;
	int i;

	ENABLE();
	for (i = 0; i < rounds; i++) {
		RAISE();
		ASSERT_EQ(1, vfio_eventfd_wait(self->fd, ARRIVES_MS))
			TH_LOG("interrupt %d", i);
		ACK();
		ASSERT_EQ(0, SET(NONE | UNMASK, 1));
	}
	EXPECT_SILENT(self->fd);
	EXPECT_EQ(rounds, HANDLED());
}

TEST_F(intx, masked_by_the_user)
{
	ENABLE();
	EXPECT_EQ(0, SET(NONE | MASK, 1));
	EXPECT_MASKED();
	RAISE();
	EXPECT_SILENT(self->fd);
	EXPECT_EQ(0, SET(NONE | UNMASK, 1));
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, masked_twice_unmasked_once)
{
	ENABLE();
	EXPECT_EQ(0, SET(NONE | MASK, 1));
	EXPECT_EQ(0, SET_BOOL(MASK, 1));
	EXPECT_EQ(0, SET(NONE | UNMASK, 1));
	EXPECT_UNMASKED();
	EXPECT_EQ(0, SET(NONE | UNMASK, 1));
	RAISE();
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, mask_bool)
{
	ENABLE();
	EXPECT_EQ(0, SET_BOOL(MASK, 0));
	EXPECT_UNMASKED();
	EXPECT_EQ(0, SET_BOOL(MASK, 1));
	EXPECT_MASKED();
	RAISE();
	EXPECT_SILENT(self->fd);
}

TEST_F(intx, loopback)
{
	ENABLE();
	EXPECT_EQ(0, SET(NONE | TRIGGER, 1));
	EXPECT_ARRIVES(self->fd);
	EXPECT_EQ(0, SET_BOOL(TRIGGER, 1));
	EXPECT_ARRIVES(self->fd);
	EXPECT_EQ(0, SET_BOOL(TRIGGER, 0));
	EXPECT_SILENT(self->fd);
	/* It is not an interrupt, so nothing is masked by it. */
	EXPECT_UNMASKED();
	EXPECT_EQ(0, HANDLED());
}

/* ------------------------------------------------------------ unmask eventfd */

#define WAIT_UNTIL(condition)							\
({										\
	bool __true;								\
	int __ms;								\
	for (__ms = 0; !(__true = (condition)) && __ms < ARRIVES_MS; __ms++)	\
		vfio_sleep_ms(1);						\
	__true;									\
})

TEST_F(intx, unmask_eventfd)
{
	int i;

	ENABLE();
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	for (i = 0; i < 100; i++) {
		RAISE();
		ASSERT_EQ(1, vfio_eventfd_wait(self->fd, ARRIVES_MS));
		ACK();
		ASSERT_EQ(0, eventfd_write(self->other, 1));
		ASSERT_TRUE(WAIT_UNTIL(!HW_MASKED()));
	}
	EXPECT_EQ(100, HANDLED());
}

TEST_F(intx, unmask_eventfd_when_asserted)
{
	ENABLE();
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	RAISE();
	EXPECT_ARRIVES(self->fd);
	ASSERT_EQ(0, eventfd_write(self->other, 1));
	EXPECT_ARRIVES(self->fd);
	EXPECT_MASKED();
}

TEST_F(intx, unmask_eventfd_only_one)
{
	ENABLE();
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	EXPECT_EQ(-EBUSY, SET_FD(UNMASK, self->other));
	EXPECT_EQ(0, SET_FD(UNMASK, -1));
	EXPECT_EQ(0, SET_FD(UNMASK, -1));
	EXPECT_EQ(0, SET_FD(UNMASK, self->other));
}

TEST_F(intx, unmask_eventfd_removed)
{
	ENABLE();
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	ASSERT_EQ(0, SET_FD(UNMASK, -1));
	RAISE();
	EXPECT_ARRIVES(self->fd);
	ACK();
	ASSERT_EQ(0, eventfd_write(self->other, 1));
	vfio_sleep_ms(SILENT_MS);
	EXPECT_MASKED();
}

TEST_F(intx, unmask_eventfd_signalled_before)
{
	ENABLE();
	EXPECT_EQ(0, SET(NONE | MASK, 1));
	ASSERT_EQ(0, eventfd_write(self->other, 1));
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	EXPECT_TRUE(WAIT_UNTIL(!HW_MASKED()));
}

TEST_F(intx, unmask_eventfd_closed_by_the_user)
{
	int again = vfio_eventfd();
	int ret = -EBUSY;

	ENABLE();
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	ASSERT_EQ(0, close(self->other));
	/* The kernel lets go of it in a work item. */
	EXPECT_TRUE(WAIT_UNTIL((ret = SET_FD(UNMASK, again)) != -EBUSY));
	EXPECT_EQ(0, ret);
}

TEST_F(intx, unmask_eventfd_bad)
{
	int null = open("/dev/null", O_RDWR), closed = dup(null);

	ASSERT_EQ(0, close(closed));
	ENABLE();
	EXPECT_EQ(-EBADF, SET_FD(UNMASK, closed));
	EXPECT_EQ(-EINVAL, SET_FD(UNMASK, null));
	EXPECT_EQ(0, SET_FD(UNMASK, self->other));
}

TEST_F(intx, unmask_eventfd_goes_with_disable)
{
	ENABLE();
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, INTX));
	ENABLE();
	EXPECT_EQ(0, SET_FD(UNMASK, self->other));
}

/* ------------------------------------------------------- INTx-disable virtual */

#define SET_DISABLE_BIT()							\
	ASSERT_EQ(0, vfio_command(&self->dev, 0, PCI_COMMAND_INTX_DISABLE))
#define CLEAR_DISABLE_BIT()							\
	ASSERT_EQ(0, vfio_command(&self->dev, PCI_COMMAND_INTX_DISABLE, 0))

TEST_F(intx, disable_bit_masks)
{
	ENABLE();
	SET_DISABLE_BIT();
	EXPECT_MASKED();
	EXPECT_NE(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
	RAISE();
	EXPECT_SILENT(self->fd);
	CLEAR_DISABLE_BIT();
	EXPECT_ARRIVES(self->fd);
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
}

TEST_F(intx, disable_bit_by_byte_write)
{
	const uint8_t high = PCI_COMMAND_INTX_DISABLE >> 8;

	ENABLE();
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_COMMAND + 1, 1, high));
	EXPECT_MASKED();
	RAISE();
	EXPECT_SILENT(self->fd);
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_COMMAND + 1, 1, 0));
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, disable_bit_silences_loopback)
{
	ENABLE();
	SET_DISABLE_BIT();
	EXPECT_EQ(0, SET(NONE | TRIGGER, 1));
	EXPECT_EQ(0, SET_BOOL(TRIGGER, 1));
	EXPECT_SILENT(self->fd);
	CLEAR_DISABLE_BIT();
	EXPECT_SILENT(self->fd);
	EXPECT_EQ(0, SET(NONE | TRIGGER, 1));
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, disable_bit_outranks_unmask)
{
	ENABLE();
	ASSERT_EQ(0, SET_FD(UNMASK, self->other));
	SET_DISABLE_BIT();
	RAISE();
	EXPECT_EQ(0, SET(NONE | UNMASK, 1));
	EXPECT_MASKED();
	ASSERT_EQ(0, eventfd_write(self->other, 1));
	EXPECT_SILENT(self->fd);
	EXPECT_MASKED();
	CLEAR_DISABLE_BIT();
	EXPECT_ARRIVES(self->fd);
}

/* The bit counts from before INTx was enabled. */
TEST_F(intx, enabled_while_disable_bit_is_set)
{
	SET_DISABLE_BIT();
	ENABLE();
	EXPECT_MASKED();
	RAISE();
	EXPECT_SILENT(self->fd);
	CLEAR_DISABLE_BIT();
	EXPECT_ARRIVES(self->fd);
}

/* Nobody serves the line, but the device obeys. */
TEST_F(intx, disable_bit_without_interrupt)
{
	SET_DISABLE_BIT();
	EXPECT_MASKED();
	CLEAR_DISABLE_BIT();
	EXPECT_UNMASKED();
}

/* The PCI core turns INTx off for MSI, and on behind it. */
TEST_F(intx, disable_bit_outlasts_msi)
{
	if (vfio_stock())
		SKIP(return, "the stock driver leaves INTx on");
	SET_DISABLE_BIT();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1,
				       &self->fd));
	EXPECT_MASKED();
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, VFIO_PCI_MSI_IRQ_INDEX));
	EXPECT_MASKED();
	CLEAR_DISABLE_BIT();
	EXPECT_UNMASKED();
}

/* MSI that is set up while memory is off: the same */
TEST_F(intx, msi_without_memory)
{
	if (vfio_stock())
		SKIP(return, "the stock driver leaves INTx on");
	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1,
				       &self->fd));
	EXPECT_MASKED();
	EXPECT_FALSE(vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, VFIO_PCI_MSI_IRQ_INDEX));
	EXPECT_UNMASKED();
	ASSERT_EQ(0, vfio_memory(&self->dev, true));
}

/* ------------------------------------------------------------ trigger eventfd */

TEST_F(intx, eventfd_replaced)
{
	ENABLE();
	ASSERT_EQ(0, SET_FD(TRIGGER, self->other));
	RAISE();
	EXPECT_ARRIVES(self->other);
	EXPECT_SILENT(self->fd);
}

TEST_F(intx, eventfd_removed)
{
	ENABLE();
	ASSERT_EQ(0, SET_FD(TRIGGER, -1));
	EXPECT_EQ(0, HANDLED());
	RAISE();
	EXPECT_SILENT(self->fd);
	/* Taken note of by the kernel all the same */
	EXPECT_TRUE(WAIT_UNTIL(HW_MASKED()));
	EXPECT_EQ(1, HANDLED());
	EXPECT_EQ(0, SET(NONE | TRIGGER, 1));
	EXPECT_SILENT(self->fd);

	ASSERT_EQ(0, SET_FD(TRIGGER, self->fd));
	EXPECT_EQ(0, SET(NONE | UNMASK, 1));
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, enabled_without_eventfd)
{
	ASSERT_EQ(0, SET_FD(TRIGGER, -1));
	EXPECT_LE(0, irq_line_count(self->line));
	ASSERT_EQ(0, SET_FD(TRIGGER, self->fd));
	RAISE();
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, bad_eventfd_keeps_the_old_one)
{
	int null = open("/dev/null", O_RDWR), closed = dup(null);

	ASSERT_EQ(0, close(closed));
	ENABLE();
	EXPECT_EQ(-EBADF, SET_FD(TRIGGER, closed));
	EXPECT_EQ(-EINVAL, SET_FD(TRIGGER, null));
	RAISE();
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, not_enabled_with_bad_eventfd)
{
	int null = open("/dev/null", O_RDWR), closed = dup(null);

	ASSERT_EQ(0, close(closed));
	EXPECT_EQ(-EBADF, SET_FD(TRIGGER, closed));
	EXPECT_EQ(-EINVAL, SET_FD(TRIGGER, null));
	EXPECT_EQ(-ENOENT, irq_line_count(self->line));
}

TEST_F(intx, eventfd_closed_by_the_user)
{
	ENABLE();
	ASSERT_EQ(0, close(self->fd));
	RAISE();
	EXPECT_TRUE(WAIT_UNTIL(HW_MASKED()));
	EXPECT_EQ(1, HANDLED());
}

/* ------------------------------------------------------------------ life cycle */

TEST_F(intx, disabled)
{
	ENABLE();
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, INTX));
	EXPECT_EQ(-ENOENT, irq_line_count(self->line));
	RAISE();
	EXPECT_SILENT(self->fd);
	ACK();
	ENABLE();
	RAISE();
	EXPECT_ARRIVES(self->fd);
}

TEST_F(intx, enabled_and_disabled_often)
{
	const int rounds = vfio_rounds(200);
	int i;

	for (i = 0; i < rounds; i++) {
		ENABLE();
		RAISE();
		ASSERT_EQ(1, vfio_eventfd_wait(self->fd, ARRIVES_MS));
		ACK();
		ASSERT_EQ(0, vfio_irq_disable(&self->dev, INTX));
	}
	EXPECT_EQ(0, irq_lines_of_vfio(self->dev.addr));
}

TEST_F(intx, gone_after_close)
{
	ENABLE();
	RAISE();
	EXPECT_ARRIVES(self->fd);
	irq_source_close(&self->source);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(-ENOENT, irq_line_count(self->line));
}

VFIO_TEST_MAIN
