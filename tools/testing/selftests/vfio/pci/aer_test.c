// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uncorrectable errors that the port above a device reports (AER): its user is
 * told, recovery comes out well, and the device works as before, whether
 * somebody has it open or not.  Errors are injected by the kernel's own module.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aer.h"
#include "e1000e.h"
#include "kmsg.h"
#include "vfio_harness.h"

#define ERR		VFIO_PCI_ERR_IRQ_INDEX
#define REQ		VFIO_PCI_REQ_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX

/* By the default of the severity register */
#define NON_FATAL	PCI_ERR_UNC_COMP_TIME
#define FATAL		PCI_ERR_UNC_MALF_TLP
#define CORRECTABLE	PCI_ERR_COR_BAD_TLP

/*
 * What the port says when all drivers concerned are through.  It resets the
 * link after a fatal error.
 */
static bool has_recovered(int log)
{
	return kmsg_find(log, "device recovery successful", NULL, 10000);
}

FIXTURE(aer) {
	struct vfio_dev dev;
	char addr[40];
	int32_t err;
	int32_t req;
	int log;
};

FIXTURE_VARIANT(aer) {
	struct vfio_target target;
	uint32_t error;
};

FIXTURE_VARIANT_ADD(aer, e1000e_non_fatal) {
	.target = { .name = "e1000e" },
	.error = NON_FATAL,
};

FIXTURE_VARIANT_ADD(aer, e1000e_fatal) {
	.target = { .name = "e1000e" },
	.error = FATAL,
};

/* Two functions, of which the first one reports */
FIXTURE_VARIANT_ADD(aer, multi0_non_fatal) {
	.target = { .name = "multi0" },
	.error = NON_FATAL,
};

FIXTURE_SETUP(aer)
{
	self->dev = VFIO_DEV_INIT;
	VFIO_NEEDS(&variant->target);
	ASSERT_EQ(0, vfio_modprobe("aer_inject"));
	ASSERT_EQ(0, vfio_device_find(variant->target.name, self->addr,
				      sizeof(self->addr)));
	if (!strcmp(variant->target.name, "multi0")) {
		char other[40];

		ASSERT_EQ(0, vfio_device_find("multi1", other, sizeof(other)));
		ASSERT_EQ(0, vfio_driver_take(other));
	}
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	self->log = kmsg_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(aer)
{
	vfio_dev_close(&self->dev);
}

#define OPEN()									\
	do {									\
		ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));	\
		self->err = vfio_eventfd();					\
		self->req = vfio_eventfd();					\
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));\
	} while (0)
#define LISTEN()								\
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, ERR, 0, 1, &self->err))

/* Told once, and nothing but that */
TEST_F_TIMEOUT(aer, user_is_told, 60)
{
	int i;

	OPEN();
	LISTEN();
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, aer_inject(self->addr, variant->error, 0));
		EXPECT_EQ(1, vfio_eventfd_wait(self->err, 5000));
		EXPECT_TRUE(has_recovered(self->log));
		EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->err, 200));
		EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->req, 0));
	}
}

/* Nobody listens, which stands in nobody's way. */
TEST_F_TIMEOUT(aer, without_eventfd, 60)
{
	OPEN();
	ASSERT_EQ(0, aer_inject(self->addr, variant->error, 0));
	EXPECT_TRUE(has_recovered(self->log));
	/* And whoever listened once is not told any more. */
	LISTEN();
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->err, 0));
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, ERR));
	ASSERT_EQ(0, aer_inject(self->addr, variant->error, 0));
	EXPECT_TRUE(has_recovered(self->log));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->err, 200));
}

/* Bound, perhaps asleep, but not open */
TEST_F_TIMEOUT(aer, not_open, 60)
{
	uint32_t value = ~0U;

	ASSERT_EQ(0, aer_inject(self->addr, variant->error, 0));
	EXPECT_TRUE(has_recovered(self->log));
	OPEN();
	LISTEN();
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 8, &value, 4));
	EXPECT_NE(~0U, value);
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->err, 0));
}

/* Of one open that is over the next is told nothing. */
TEST_F_TIMEOUT(aer, opened_again, 60)
{
	int32_t err;

	OPEN();
	LISTEN();
	err = self->err;
	vfio_dev_close(&self->dev);
	OPEN();
	ASSERT_EQ(0, aer_inject(self->addr, variant->error, 0));
	EXPECT_TRUE(has_recovered(self->log));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(err, 200));
	LISTEN();
	ASSERT_EQ(0, aer_inject(self->addr, variant->error, 0));
	EXPECT_EQ(1, vfio_eventfd_wait(self->err, 5000));
	EXPECT_TRUE(has_recovered(self->log));
}

/* What the user does upon it: reset the device, and go on */
TEST_F_TIMEOUT(aer, works_after_it, 60)
{
	int32_t irq[E1000E_VECTORS];
	uint32_t value = ~0U;
	void *bar;
	int n;

	OPEN();
	LISTEN();
	for (n = 0; n < E1000E_VECTORS; n++)
		irq[n] = vfio_eventfd();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, MSIX, 0, E1000E_VECTORS, irq));
	ASSERT_EQ(0, aer_inject(self->addr, variant->error, 0));
	EXPECT_EQ(1, vfio_eventfd_wait(self->err, 5000));
	ASSERT_TRUE(has_recovered(self->log));
	EXPECT_EQ(0, vfio_irq_disable(&self->dev, MSIX));

	vfio_dev_close(&self->dev);
	OPEN();
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 8, &value, 4));
	EXPECT_NE(~0U, value);
	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, E1000E_BAR_SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED, &bar));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, MSIX, 0, E1000E_VECTORS, irq));
	e1000e_irq_bind_vectors(bar);
	EXPECT_EQ(0xcba98U, e1000e_read(bar, E1000E_IVAR));
	/*
	 * The emulated card sends no message any more after its link was reset
	 * while they were enabled, whatever its registers say and whoever
	 * drives it.
	 */
	for (n = 0; n < E1000E_VECTORS && variant->error != FATAL; n++) {
		vfio_eventfd_wait(irq[n], 30);
		e1000e_irq_raise_vector(bar, n);
		EXPECT_EQ(1, vfio_eventfd_wait(irq[n], 2000));
		e1000e_irq_ack_vector(bar, n);
	}
	e1000e_irq_quiet(bar);
	munmap(bar, E1000E_BAR_SIZE);
}

/* What the hardware has mended is not the user's business. */
TEST_F(aer, correctable)
{
	OPEN();
	LISTEN();
	ASSERT_EQ(0, aer_inject(self->addr, 0, CORRECTABLE));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->err, 500));
	EXPECT_FALSE(kmsg_find(self->log, "recovery", NULL, 0));
}

VFIO_TEST_MAIN
