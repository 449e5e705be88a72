// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEVICE_RESET, and the reset that a write to the PCI Express capability asks
 * for: which devices have one, that it reaches the device, and that nothing
 * that the user set up is lost by it.
 */
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irq_source.h"
#include "nvme.h"
#include "vfio_harness.h"

#define MSI		VFIO_PCI_MSI_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define ARRIVES_MS	2000

/* Registers of an NVMe controller; a reset clears the configuration */
#define NVME_CAP	0x00
#define NVME_CC		0x14
#define NVME_AQA	0x24

static int reset(const struct vfio_dev *dev)
{
	return vfio_ioctl(dev->fd, VFIO_DEVICE_RESET, NULL);
}

/* ---------------------------------------------------------- who has it, who has not */

FIXTURE(any) {
	struct vfio_dev dev;
};

FIXTURE_VARIANT(any) {
	struct vfio_target target;
	bool has_reset;
};

FIXTURE_VARIANT_ADD(any, nvme) {
	.target = { "nvme" }, .has_reset = true,
};

FIXTURE_VARIANT_ADD(any, e1000e) {
	.target = { "e1000e" }, .has_reset = true,
};

FIXTURE_VARIANT_ADD(any, edu) {
	.target = { "edu" }, .has_reset = false,
};

FIXTURE_VARIANT_ADD(any, ivshmem) {
	.target = { "ivshmem" }, .has_reset = false,
};

FIXTURE_SETUP(any)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
}

FIXTURE_TEARDOWN(any)
{
	vfio_dev_close(&self->dev);
}

TEST_F(any, announced)
{
	EXPECT_EQ(variant->has_reset, !!(self->dev.info.flags &
					 VFIO_DEVICE_FLAGS_RESET));
	EXPECT_EQ(variant->has_reset ? 0 : -EINVAL, reset(&self->dev));
}

TEST_F(any, often)
{
	int i;

	for (i = 0; i < 20; i++)
		ASSERT_EQ(variant->has_reset ? 0 : -EINVAL, reset(&self->dev));
}

/* What the user reads of configuration space is the same afterwards. */
TEST_F(any, configuration_is_kept)
{
	uint32_t before[64], after[64];
	int i;

	ASSERT_EQ(0, vfio_command(&self->dev, 0, PCI_COMMAND_MASTER |
				  PCI_COMMAND_INTX_DISABLE));
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_BASE_ADDRESS_0, 4, 0xabcd0000));
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_INTERRUPT_LINE, 1, 0x77));
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_ROM_ADDRESS, 4, ~0U));
	ASSERT_EQ(256, vfio_region_read(&self->dev, 7, 0, before, 256));
	EXPECT_EQ(variant->has_reset ? 0 : -EINVAL, reset(&self->dev));
	ASSERT_EQ(256, vfio_region_read(&self->dev, 7, 0, after, 256));
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(before[i], after[i])
			TH_LOG("register %#x", 4 * i);
	}
	EXPECT_NE(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
}

/* The device's own BARs, which the user never saw, are there again, too. */
TEST_F(any, addresses_are_restored)
{
	uint64_t start, size, flags;
	int bar;

	EXPECT_EQ(variant->has_reset ? 0 : -EINVAL, reset(&self->dev));
	for (bar = 0; bar < 6; bar++) {
		if (!self->dev.region[bar].size)
			continue;
		ASSERT_EQ(0, vfio_resource(self->dev.addr, bar, &start, &size, &flags));
		EXPECT_EQ((uint32_t)start,
			  vfio_hw_cfg32(&self->dev, PCI_BASE_ADDRESS_0 + 4 * bar) &
			  ~0xfU) TH_LOG("BAR %d", bar);
	}
}

/* ------------------------------------------------------------------- what it resets */

enum method { BY_IOCTL, BY_CONFIG };

FIXTURE(nvme) {
	struct vfio_dev dev;
	void *bar;
	size_t size;
};

FIXTURE_VARIANT(nvme) {
	enum method method;
};

FIXTURE_VARIANT_ADD(nvme, ioctl) {
	.method = BY_IOCTL,
};

FIXTURE_VARIANT_ADD(nvme, config) {
	.method = BY_CONFIG,
};

FIXTURE_SETUP(nvme)
{
	const struct vfio_target target = { "nvme" };

	VFIO_OPEN_OR_SKIP(&self->dev, &target);
	self->size = self->dev.region[0].size;
	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, self->size,
				      PROT_READ | PROT_WRITE, MAP_SHARED, &self->bar));
	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
}

FIXTURE_TEARDOWN(nvme)
{
	if (self->bar)
		munmap(self->bar, self->size);
	vfio_dev_close(&self->dev);
}

static int reset_by(const struct vfio_dev *dev, enum method method)
{
	unsigned int cap = vfio_cap_find(dev, PCI_CAP_ID_EXP);
	uint16_t control;

	if (method == BY_IOCTL)
		return reset(dev);
	control = vfio_cfg16(dev, cap + PCI_EXP_DEVCTL);
	return vfio_cfg_write(dev, cap + PCI_EXP_DEVCTL, 2,
			      control | PCI_EXP_DEVCTL_BCR_FLR);
}

#define RESET()		ASSERT_EQ(0, reset_by(&self->dev, variant->method))

static uint32_t load(void *bar, unsigned long reg)
{
	return __atomic_load_n((uint32_t *)((char *)bar + reg), __ATOMIC_ACQUIRE);
}

static void store(void *bar, unsigned long reg, uint32_t value)
{
	__atomic_store_n((uint32_t *)((char *)bar + reg), value, __ATOMIC_RELEASE);
}

TEST_F(nvme, running_controller_is_stopped)
{
	struct nvme nvme;

	ASSERT_EQ(0, nvme_start(&nvme, &self->dev, self->bar, 1));
	EXPECT_NE(0U, load(self->bar, NVME_CC));
	RESET();
	EXPECT_EQ(0U, load(self->bar, NVME_CC));
	nvme_stop(&nvme);
	ASSERT_EQ(0, nvme_start(&nvme, &self->dev, self->bar, 1));
	EXPECT_EQ(0, nvme_identify(&nvme, NVME_IOVA + NVME_MEMORY - NVME_PAGE));
	nvme_stop(&nvme);
}

TEST_F(nvme, bit_reads_zero)
{
	unsigned int cap = vfio_cap_find(&self->dev, PCI_CAP_ID_EXP);

	ASSERT_NE(0U, cap);
	RESET();
	EXPECT_EQ(0, vfio_cfg16(&self->dev, cap + PCI_EXP_DEVCTL) &
		     PCI_EXP_DEVCTL_BCR_FLR);
}

/* The mapping that there was can be used as if nothing had happened. */
TEST_F(nvme, mapping_is_kept)
{
	uint32_t cap = load(self->bar, NVME_CAP);
	int i;

	for (i = 0; i < 20; i++) {
		RESET();
		ASSERT_EQ(cap, load(self->bar, NVME_CAP));
	}
}

/* Reads of another process during resets wait; they never see anything else. */
TEST_F(nvme, mapping_is_used_meanwhile)
{
	uint32_t cap = load(self->bar, NVME_CAP);
	pid_t child;
	int status, i;

	child = fork();
	ASSERT_LE(0, child);
	while (!child)
		if (load(self->bar, NVME_CAP) != cap)
			_exit(1);
	for (i = 0; i < 20; i++)
		RESET();
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F(nvme, read_meanwhile)
{
	uint32_t cap = load(self->bar, NVME_CAP), value;
	pid_t child;
	int status, i;

	child = fork();
	ASSERT_LE(0, child);
	while (!child)
		if (vfio_region_read(&self->dev, 0, NVME_CAP, &value, 4) != 4 ||
		    value != cap)
			_exit(1);
	for (i = 0; i < 20; i++)
		RESET();
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F(nvme, memory_decoding_stays_off)
{
	uint32_t value;

	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	RESET();
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(-EIO, vfio_region_read(&self->dev, 0, 0, &value, 4));
	EXPECT_EQ(SIGBUS, vfio_load((char *)self->bar + NVME_CAP, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->dev, true));
	EXPECT_EQ(0, vfio_load((char *)self->bar + NVME_CAP, 4, NULL));
}

/* Vectors and their eventfds are as before, in the device as well. */
TEST_F(nvme, interrupts_are_kept)
{
	struct irq_source source;
	int32_t fd[5];
	int i, n;

	for (n = 0; n < 5; n++)
		fd[n] = vfio_eventfd();
	ASSERT_EQ(0, irq_source_open(&source, &self->dev));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, MSIX, 0, 5, fd));
	for (i = 0; i < 3; i++) {
		RESET();
		ASSERT_EQ(0, irq_source_arm(&source, MSIX));
		vfio_eventfd_wait(fd[0], 30);
		for (n = 0; n < 5; n++) {
			irq_source_raise(&source, n);
			EXPECT_EQ(1, vfio_eventfd_wait(fd[n], ARRIVES_MS))
				TH_LOG("reset %d, vector %d", i, n);
			irq_source_ack(&source, n);
		}
	}
	irq_source_close(&source);
}

TEST_F(nvme, notices_are_kept)
{
	int32_t fd = vfio_eventfd();
	uint32_t index;

	for (index = VFIO_PCI_ERR_IRQ_INDEX; index <= VFIO_PCI_REQ_IRQ_INDEX; index++) {
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, index, 0, 1, &fd));
		RESET();
		EXPECT_EQ(0, vfio_irq_set(&self->dev, VFIO_IRQ_SET_DATA_NONE |
					  VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 1,
					  NULL, 0));
		EXPECT_EQ(1, vfio_eventfd_wait(fd, ARRIVES_MS));
	}
}

TEST_F(nvme, ioeventfds_are_kept)
{
	struct vfio_device_ioeventfd args = {
		.argsz = sizeof(args),
		.flags = 4,
		.offset = vfio_region_pos(&self->dev, 0, NVME_AQA),
		.data = 0x00070007,
		.fd = vfio_eventfd(),
	};

	ASSERT_EQ(0, vfio_ioctl(self->dev.fd, VFIO_DEVICE_IOEVENTFD, &args));
	RESET();
	store(self->bar, NVME_AQA, 0);
	ASSERT_EQ(0, eventfd_write(args.fd, 1));
	vfio_sleep_ms(50);
	EXPECT_EQ(0x00070007U, load(self->bar, NVME_AQA));
}

/* ------------------------------------------------------------------------- power */

/* A device that the user put to sleep is awake after the ioctl. */
TEST(wakes_from_d3)
{
	const struct vfio_target target = { "nvme" };
	struct vfio_dev dev;
	unsigned int pm;
	uint32_t value;

	VFIO_OPEN_OR_SKIP(&dev, &target);
	pm = vfio_cap_find(&dev, PCI_CAP_ID_PM);
	ASSERT_NE(0U, pm);
	ASSERT_EQ(0, vfio_power(&dev, 3));
	EXPECT_EQ(3, vfio_cfg16(&dev, pm + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(-EIO, vfio_region_read(&dev, 0, NVME_CAP, &value, 4));
	ASSERT_EQ(0, reset(&dev));
	EXPECT_EQ(0, vfio_cfg16(&dev, pm + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(4, vfio_region_read(&dev, 0, NVME_CAP, &value, 4));
	vfio_dev_close(&dev);
}

/* The host took every way to reset it away meanwhile: that is not a success. */
TEST(no_way_left)
{
	const struct vfio_target target = { "nvme" };
	struct vfio_dev dev;

	VFIO_OPEN_OR_SKIP(&dev, &target);
	ASSERT_EQ(0, vfio_attr_write(dev.addr, "reset_method", "\n"));
	EXPECT_EQ(-ENOTTY, reset(&dev));
	EXPECT_EQ(0, vfio_attr_write(dev.addr, "reset_method", "default"));
	EXPECT_EQ(0, reset(&dev));
	vfio_dev_close(&dev);
}

/* What the FLR bit of a device without function level reset does: nothing. */
TEST(bit_without_flr)
{
	const struct vfio_target target = { "e1000e" };
	const unsigned int ivar = 0xe4;
	uint32_t value = 0x12345;
	struct vfio_dev dev;

	VFIO_OPEN_OR_SKIP(&dev, &target);
	ASSERT_EQ(4, vfio_region_write(&dev, 0, ivar, &value, 4));
	EXPECT_EQ(0, reset_by(&dev, BY_CONFIG));
	EXPECT_EQ(4, vfio_region_read(&dev, 0, ivar, &value, 4));
	EXPECT_EQ(0x12345U, value);
	vfio_dev_close(&dev);
}

VFIO_TEST_MAIN
