// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hot reset: which devices are affected, whose groups have to be shown, what is
 * refused, and that devices and what was set up on them survive it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e1000e.h"
#include "fakecfg.h"
#include "irq_source.h"
#include "nvme.h"
#include "vfio_harness.h"

#define INFO_SIZE	sizeof(struct vfio_pci_hot_reset_info)
#define ENTRY_SIZE	sizeof(struct vfio_pci_dependent_device)
#define RESET_SIZE	sizeof(struct vfio_pci_hot_reset)
#define MAX_DEVICES	8

/* DEVICE_GET_PCI_HOT_RESET_INFO with room for that many devices */
static int get_info(const struct vfio_dev *dev,
		    struct vfio_pci_hot_reset_info *info, unsigned int room)
{
	memset(info, 0, INFO_SIZE + MAX_DEVICES * ENTRY_SIZE);
	info->argsz = INFO_SIZE + room * ENTRY_SIZE;
	return vfio_ioctl(dev->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
}

static struct vfio_pci_hot_reset_info *new_info(void)
{
	return calloc(1, INFO_SIZE + MAX_DEVICES * ENTRY_SIZE);
}

/* A device that is open: by its group, or by what its iommufd calls it */
static uint32_t id_of_open(const struct vfio_dev *dev)
{
	return dev->how == VFIO_HOW_CDEV ? dev->devid :
					   (uint32_t)vfio_group_number(dev->addr);
}

/* Another one of its group that is not open, as @dev is told */
static uint32_t id_of_closed(const struct vfio_dev *dev, const char *addr)
{
	return dev->how == VFIO_HOW_CDEV ? VFIO_PCI_DEVID_OWNED :
					   (uint32_t)vfio_group_number(addr);
}

/* One that no vfio driver has: nobody can own it */
static uint32_t id_of_unbound(const struct vfio_dev *dev, const char *addr)
{
	return dev->how == VFIO_HOW_CDEV ? (uint32_t)VFIO_PCI_DEVID_NOT_OWNED :
					   (uint32_t)vfio_group_number(addr);
}

/* Flags of an answer about devices that are all the caller's */
static uint32_t info_flags(const struct vfio_dev *dev)
{
	return dev->how == VFIO_HOW_CDEV ? VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
					   VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED : 0;
}

/* DEVICE_PCI_HOT_RESET with these group (or other) files */
static int hot_reset(const struct vfio_dev *dev, unsigned int count,
		     const int32_t *fds)
{
	size_t size = RESET_SIZE + count * sizeof(*fds);
	struct vfio_pci_hot_reset *args = calloc(1, size);
	int ret;

	args->argsz = size;
	args->count = count;
	memcpy(args->group_fds, fds, count * sizeof(*fds));
	ret = vfio_ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, args);
	free(args);
	return ret;
}

/*
 * By a user who has shown that the devices are his: with the group of @owner, or
 * without any, as the iommufd of a cdev tells as much.
 */
static int reset_owned(const struct vfio_dev *dev, const struct vfio_dev *owner)
{
	return hot_reset(dev, dev->how == VFIO_HOW_CDEV ? 0 : 1, &owner->group);
}

/* The header alone, with a count and flags of choice */
static int hot_reset_header(const struct vfio_dev *dev, uint32_t argsz,
			    uint32_t flags, uint32_t count)
{
	const struct vfio_pci_hot_reset header = {
		.argsz = argsz, .flags = flags, .count = count,
	};
	char *args = vfio_guarded(RESET_SIZE);
	int ret;

	memcpy(args, &header, RESET_SIZE);
	ret = vfio_ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, args);
	vfio_guarded_free(args);
	return ret;
}

/* ------------------------------------------------------------- a device on its own */

FIXTURE(alone) {
	struct vfio_dev dev;
	struct vfio_dev other;	/* another device, with a group of its own */
	struct vfio_pci_hot_reset_info *info;
};

FIXTURE_SETUP(alone)
{
	const struct vfio_target nvme = { "nvme" };
	const struct vfio_target edu = { "edu" };

	self->other = VFIO_DEV_INIT;
	VFIO_OPEN_OR_SKIP(&self->dev, &nvme);
	VFIO_OPEN_OR_SKIP(&self->other, &edu);
	self->info = new_info();
	ASSERT_NE(NULL, self->info);
}

FIXTURE_TEARDOWN(alone)
{
	vfio_dev_close(&self->other);
	vfio_dev_close(&self->dev);
}

TEST_F(alone, info)
{
	unsigned int segment, bus, slot, function;
	int fields = sscanf(self->dev.addr, "%x:%x:%x.%x", &segment, &bus, &slot,
			    &function);

	ASSERT_EQ(4, fields);
	ASSERT_EQ(0, get_info(&self->dev, self->info, 1));
	EXPECT_EQ(1U, self->info->count);
	EXPECT_EQ(info_flags(&self->dev), self->info->flags);
	EXPECT_EQ(segment, self->info->devices[0].segment);
	EXPECT_EQ(bus, self->info->devices[0].bus);
	EXPECT_EQ(slot << 3 | function, self->info->devices[0].devfn);
	EXPECT_EQ(id_of_open(&self->dev), self->info->devices[0].group_id);
	/* More room than needed is not touched. */
	ASSERT_EQ(0, get_info(&self->dev, self->info, MAX_DEVICES));
	EXPECT_EQ(1U, self->info->count);
	EXPECT_EQ(0U, self->info->devices[1].group_id);
}

TEST_F(alone, info_without_room)
{
	EXPECT_EQ(-ENOSPC, get_info(&self->dev, self->info, 0));
	EXPECT_EQ(1U, self->info->count);
	/* Nothing is said of entries that are not there */
	EXPECT_EQ(0U, self->info->flags);
	self->info->argsz = INFO_SIZE + ENTRY_SIZE - 1;
	self->info->count = 0;
	EXPECT_EQ(-ENOSPC, vfio_ioctl(self->dev.fd,
				      VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
				      self->info));
	EXPECT_EQ(1U, self->info->count);
}

TEST_F(alone, info_header)
{
	char *args = vfio_guarded(INFO_SIZE - 1);
	uint32_t argsz;

	for (argsz = 0; argsz < INFO_SIZE; argsz++) {
		self->info->argsz = argsz;
		EXPECT_EQ(-EINVAL, vfio_ioctl(self->dev.fd,
					      VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
					      self->info));
	}
	memset(args, 0x7f, INFO_SIZE - 1);
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd,
				      VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, args));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd,
				      VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
				      VFIO_BAD_POINTER));
	vfio_guarded_free(args);
}

/* Room was promised that is not there. */
TEST_F(alone, info_entries_not_writable)
{
	struct vfio_pci_hot_reset_info *args = vfio_guarded(INFO_SIZE);

	args->argsz = INFO_SIZE + ENTRY_SIZE;
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd,
				      VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, args));
	vfio_guarded_free(args);
}

TEST_F(alone, header)
{
	uint32_t argsz;

	for (argsz = 0; argsz < RESET_SIZE; argsz++)
		EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, argsz, 0, 1));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 1, 1));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 1U << 31, 1));
	EXPECT_EQ(-EFAULT, vfio_ioctl(self->dev.fd, VFIO_DEVICE_PCI_HOT_RESET,
				      VFIO_BAD_POINTER));
}

/* Groups are what a group's device is reset with, and a cdev without. */
TEST_F(alone, no_groups)
{
	EXPECT_EQ(self->dev.how == VFIO_HOW_CDEV ? 0 : -EINVAL,
		  hot_reset_header(&self->dev, RESET_SIZE, 0, 0));
}

TEST_F(alone, groups_of_a_cdev)
{
	int group = vfio_group_open(vfio_group_number(self->other.addr));
	const int32_t fds[] = { self->dev.iommufd, -1, self->dev.fd };
	size_t i;

	EXPECT_EQ(-EBUSY, group);
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		EXPECT_EQ(-EINVAL, hot_reset(&self->dev, 1, &fds[i]));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 0, 1));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 0, ~0U));
}

TEST_F(alone, count_too_large)
{
	const int32_t fds[2] = { self->dev.group, self->dev.group };

	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, 2, fds));
	/* Refused before a table of that size is allocated or read */
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 0, 2));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 0, 0x40000000));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 0, ~0U));
}

TEST_F(alone, table_not_readable)
{
	EXPECT_EQ(-EFAULT, hot_reset_header(&self->dev, RESET_SIZE + 4, 0, 1));
}

TEST_F(alone, not_a_group)
{
	const int32_t null = open("/dev/null", O_RDWR), closed = dup(null), none = -1;
	int32_t fd;

	ASSERT_EQ(0, close(closed));
	EXPECT_EQ(-EBADF, hot_reset(&self->dev, 1, &closed));
	EXPECT_EQ(-EBADF, hot_reset(&self->dev, 1, &none));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, 1, &null));
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, 1, &self->dev.fd));
	fd = vfio_dev_container(&self->dev);
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, 1, &fd));
}

TEST_F(alone, group_of_another_device)
{
	EXPECT_EQ(-EINVAL, hot_reset(&self->dev, 1, &self->other.group));
}

TEST_F(alone, resets)
{
	struct nvme nvme;
	uint32_t value;
	void *bar;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
		ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 8192, PROT_READ |
					      PROT_WRITE, MAP_SHARED, &bar));
		ASSERT_EQ(0, nvme_start(&nvme, &self->dev, bar, 1));
		ASSERT_EQ(4, vfio_region_read(&self->dev, 0, 0x14, &value, 4));
		EXPECT_NE(0U, value);
		ASSERT_EQ(0, reset_owned(&self->dev, &self->dev));
		ASSERT_EQ(4, vfio_region_read(&self->dev, 0, 0x14, &value, 4));
		EXPECT_EQ(0U, value);
		nvme_stop(&nvme);
		munmap(bar, 8192);
	}
}

TEST_F(alone, configuration_is_kept)
{
	uint32_t before[64], after[64];
	int i;

	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_BASE_ADDRESS_0, 4, 0xabcd0000));
	ASSERT_EQ(256, vfio_region_read(&self->dev, 7, 0, before, 256));
	ASSERT_EQ(0, reset_owned(&self->dev, &self->dev));
	ASSERT_EQ(256, vfio_region_read(&self->dev, 7, 0, after, 256));
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(before[i], after[i])
			TH_LOG("register %#x", 4 * i);
	}
	EXPECT_NE(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
}

TEST_F(alone, interrupts_are_kept)
{
	struct irq_source source;
	int32_t fd[5];
	int n;

	for (n = 0; n < 5; n++)
		fd[n] = vfio_eventfd();
	ASSERT_EQ(0, irq_source_open(&source, &self->dev));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 5, fd));
	ASSERT_EQ(0, reset_owned(&self->dev, &self->dev));
	ASSERT_EQ(0, irq_source_arm(&source, VFIO_PCI_MSIX_IRQ_INDEX));
	vfio_eventfd_wait(fd[0], 30);
	for (n = 0; n < 5; n++) {
		irq_source_raise(&source, n);
		EXPECT_EQ(1, vfio_eventfd_wait(fd[n], 2000));
		irq_source_ack(&source, n);
	}
	irq_source_close(&source);
}

/* INTx as well: set up once, it arrives before and after. */
TEST_F(alone, intx_is_kept)
{
	const struct vfio_target e1000e = { "e1000e" };
	struct irq_source source;
	struct vfio_dev dev;
	int32_t fd = vfio_eventfd();
	int i;

	VFIO_OPEN_OR_SKIP(&dev, &e1000e);
	ASSERT_EQ(0, vfio_irq_eventfds(&dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &fd));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, irq_source_open(&source, &dev));
		ASSERT_EQ(0, irq_source_arm(&source, VFIO_PCI_INTX_IRQ_INDEX));
		irq_source_raise(&source, 0);
		EXPECT_EQ(1, vfio_eventfd_wait(fd, 2000));
		irq_source_ack(&source, 0);
		EXPECT_EQ(0, vfio_irq_set(&dev, VFIO_IRQ_SET_DATA_NONE |
					  VFIO_IRQ_SET_ACTION_UNMASK,
					  VFIO_PCI_INTX_IRQ_INDEX, 0, 1, NULL, 0));
		irq_source_close(&source);
		ASSERT_EQ(0, reset_owned(&dev, &dev));
	}
	vfio_dev_close(&dev);
}

TEST_F(alone, wakes_from_d3)
{
	uint32_t value;

	ASSERT_EQ(0, vfio_power(&self->dev, 3));
	EXPECT_EQ(-EIO, vfio_region_read(&self->dev, 0, 0, &value, 4));
	ASSERT_EQ(0, reset_owned(&self->dev, &self->dev));
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
}

/* Who unbinds the device has it locked until its user is gone. */
TEST_F(alone, device_is_being_unbound)
{
	char path[128];
	uint32_t value;
	pid_t pid;

	vfio_driver_path("unbind", path, sizeof(path));
	pid = vfio_file_write_begin(path, self->dev.addr);
	ASSERT_LT(0, pid);
	vfio_sleep_ms(200);
	EXPECT_TRUE(vfio_file_write_waits(pid));
	EXPECT_EQ(-EAGAIN, reset_owned(&self->dev, &self->dev));
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
	EXPECT_NE(~0U, value);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(pid));
}

/* Mappings of another process are stopped meanwhile, and go on. */
TEST_F(alone, mapping_is_used_meanwhile)
{
	int status, ret, i;
	uint32_t cap;
	pid_t child;
	void *bar;

	ASSERT_EQ(0, vfio_region_mmap(&self->dev, 0, 0, 4096, PROT_READ, MAP_SHARED,
				      &bar));
	cap = __atomic_load_n((uint32_t *)bar, __ATOMIC_ACQUIRE);
	child = fork();
	ASSERT_LE(0, child);
	while (!child)
		if (__atomic_load_n((uint32_t *)bar, __ATOMIC_ACQUIRE) != cap)
			_exit(1);
	for (i = 0; i < 5; i++) {
		/* The other process may hold the lock just then: that is told. */
		do {
			ret = reset_owned(&self->dev, &self->dev);
		} while (ret == -EBUSY);
		EXPECT_EQ(0, ret);
	}
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

/* -------------------------------------------------------------- root bus: no reset */

FIXTURE(root_bus) {
	struct vfio_dev dev;
	struct vfio_pci_hot_reset_info *info;
};

FIXTURE_VARIANT(root_bus) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(root_bus, edu) {
	.target = { "edu" },
};

FIXTURE_VARIANT_ADD(root_bus, ivshmem) {
	.target = { "ivshmem" },
};

FIXTURE_SETUP(root_bus)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	self->info = new_info();
	ASSERT_NE(NULL, self->info);
}

FIXTURE_TEARDOWN(root_bus)
{
	vfio_dev_close(&self->dev);
}

TEST_F(root_bus, refused)
{
	EXPECT_EQ(-ENODEV, get_info(&self->dev, self->info, MAX_DEVICES));
	EXPECT_EQ(-ENODEV, get_info(&self->dev, self->info, 0));
	EXPECT_EQ(-ENODEV, reset_owned(&self->dev, &self->dev));
}

/* What is wrong with the call itself is told first. */
TEST_F(root_bus, refused_in_order)
{
	const bool cdev = self->dev.how == VFIO_HOW_CDEV;
	const int32_t none = -1;

	self->info->argsz = INFO_SIZE - 1;
	EXPECT_EQ(-EINVAL, vfio_ioctl(self->dev.fd,
				      VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
				      self->info));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE - 1, 0, 1));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->dev, RESET_SIZE, 1, 1));
	EXPECT_EQ(cdev ? -ENODEV : -EINVAL,
		  hot_reset_header(&self->dev, RESET_SIZE, 0, 0));
	EXPECT_EQ(cdev ? -EINVAL : -ENODEV,
		  hot_reset_header(&self->dev, RESET_SIZE, 0, ~0U));
	EXPECT_EQ(cdev ? -EINVAL : -ENODEV, hot_reset(&self->dev, 1, &none));
}

/* ----------------------------------------------------------- two functions, one slot */

FIXTURE(slot) {
	struct vfio_dev first;
	struct vfio_dev second;
	struct vfio_dev other;
	struct vfio_pci_hot_reset_info *info;
	char first_addr[40];
	char second_addr[40];
};

FIXTURE_SETUP(slot)
{
	const struct vfio_target first = { "multi0" };
	const struct vfio_target second = { "multi1" };
	const struct vfio_target edu = { "edu" };

	self->second = VFIO_DEV_INIT;
	self->other = VFIO_DEV_INIT;
	VFIO_NEEDS(&first);
	VFIO_NEEDS(&second);
	ASSERT_EQ(0, vfio_device_find("multi1", self->second_addr,
				      sizeof(self->second_addr)));
	ASSERT_EQ(0, vfio_driver_take(self->second_addr));
	ASSERT_EQ(0, vfio_dev_open(&self->first, &first));
	ASSERT_EQ(0, vfio_dev_open(&self->other, &edu));
	self->info = new_info();
	ASSERT_NE(NULL, self->info);
}

FIXTURE_TEARDOWN(slot)
{
	vfio_dev_close(&self->other);
	vfio_dev_close(&self->second);
	vfio_dev_close(&self->first);
	vfio_attr_write(self->first_addr, "reset_method", "default");
	vfio_attr_write(self->second_addr, "reset_method", "default");
}

#define OPEN_SECOND()								\
	do {									\
		const struct vfio_target __t = { "multi1" };	\
										\
		ASSERT_EQ(0, vfio_dev_open_with(&self->second, &__t,		\
						&self->first));			\
	} while (0)

TEST_F(slot, info_names_both)
{
	EXPECT_EQ(-ENOSPC, get_info(&self->first, self->info, 0));
	EXPECT_EQ(2U, self->info->count);
	EXPECT_EQ(-ENOSPC, get_info(&self->first, self->info, 1));
	EXPECT_EQ(2U, self->info->count);
	ASSERT_EQ(0, get_info(&self->first, self->info, 2));
	EXPECT_EQ(2U, self->info->count);
	EXPECT_EQ(0, self->info->devices[0].devfn);
	EXPECT_EQ(1, self->info->devices[1].devfn);
	EXPECT_EQ(self->info->devices[0].bus, self->info->devices[1].bus);
	EXPECT_EQ(info_flags(&self->first), self->info->flags);
	EXPECT_EQ(id_of_open(&self->first), self->info->devices[0].group_id);
	EXPECT_EQ(id_of_closed(&self->first, self->second_addr),
		  self->info->devices[1].group_id);

	OPEN_SECOND();
	ASSERT_EQ(0, get_info(&self->second, self->info, 2));
	EXPECT_EQ(info_flags(&self->first), self->info->flags);
	EXPECT_EQ(id_of_open(&self->first), self->info->devices[0].group_id);
	EXPECT_EQ(id_of_open(&self->second), self->info->devices[1].group_id);
}

/* The group that both are in is enough, open or not. */
TEST_F(slot, resets_with_second_not_open)
{
	uint32_t value = 0x12345;

	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &value, 4));
	ASSERT_EQ(0, reset_owned(&self->first, &self->first));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0U, value);
}

TEST_F(slot, resets_both)
{
	uint32_t ivar = 0x12345, cc;
	struct nvme nvme;
	void *bar;

	OPEN_SECOND();
	ASSERT_EQ(0, vfio_bus_master(&self->second, true));
	ASSERT_EQ(0, vfio_region_mmap(&self->second, 0, 0, 8192, PROT_READ |
				      PROT_WRITE, MAP_SHARED, &bar));
	ASSERT_EQ(0, nvme_start(&nvme, &self->second, bar, 1));
	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &ivar, 4));
	ASSERT_EQ(0, reset_owned(&self->first, &self->first));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &ivar, 4));
	EXPECT_EQ(0U, ivar);
	ASSERT_EQ(0, vfio_load((char *)bar + 0x14, 4, NULL));
	ASSERT_EQ(4, vfio_region_read(&self->second, 0, 0x14, &cc, 4));
	EXPECT_EQ(0U, cc);
	EXPECT_NE(0, vfio_hw_cfg16(&self->second, PCI_COMMAND) & PCI_COMMAND_MASTER);
	nvme_stop(&nvme);
	/* And by the other one of them. */
	ASSERT_EQ(0, reset_owned(&self->second, &self->first));
	munmap(bar, 8192);
}

TEST_F(slot, group_named_twice)
{
	const int32_t fds[2] = { self->first.group, self->first.group };

	EXPECT_EQ(0, hot_reset(&self->first, 2, fds));
}

TEST_F(slot, group_not_concerned_named_too)
{
	const int32_t fds[2] = { self->other.group, self->first.group };

	EXPECT_EQ(0, hot_reset(&self->first, 2, fds));
}

TEST_F(slot, second_entry_bad)
{
	const int32_t null = open("/dev/null", O_RDWR), closed = dup(null);
	int32_t fds[2] = { self->first.group, null };
	uint32_t value = 0x12345;

	ASSERT_EQ(0, close(closed));
	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(-EINVAL, hot_reset(&self->first, 2, fds));
	fds[1] = closed;
	EXPECT_EQ(-EBADF, hot_reset(&self->first, 2, fds));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0x12345U, value);
}

TEST_F(slot, only_the_wrong_group)
{
	uint32_t value = 0x12345;

	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(-EINVAL, hot_reset(&self->first, 1, &self->other.group));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0x12345U, value);
}

TEST_F(slot, three_groups_are_too_many)
{
	const int32_t fds[3] = {
		self->first.group, self->first.group, self->first.group,
	};

	EXPECT_EQ(-EINVAL, hot_reset(&self->first, 3, fds));
}

/* Nobody answers for the second function, so it is not reset, nor the first. */
TEST_F(slot, second_not_bound)
{
	uint32_t value = 0x12345;

	ASSERT_EQ(0, vfio_driver_bind(self->second_addr, NULL));
	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(-EINVAL, reset_owned(&self->first, &self->first));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0x12345U, value);
	/* It is told all the same. */
	EXPECT_EQ(0, get_info(&self->first, self->info, 2));
	EXPECT_EQ(2U, self->info->count);
	EXPECT_EQ(info_flags(&self->first) & ~VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED,
		  self->info->flags);
	EXPECT_EQ(id_of_open(&self->first), self->info->devices[0].group_id);
	EXPECT_EQ(id_of_unbound(&self->first, self->second_addr),
		  self->info->devices[1].group_id);
	ASSERT_EQ(0, vfio_driver_take(self->second_addr));
	EXPECT_EQ(0, reset_owned(&self->first, &self->first));
}

/*
 * A user of the second function who is another one, in an iommufd of his own or
 * by the group, would share the reset.  He is refused as long as the first one
 * is open, so the owner of that stays the owner of both.
 */
TEST_F(slot, second_for_another_user)
{
	const struct vfio_target second = { "multi1" };

	EXPECT_EQ(-EPERM, vfio_dev_open(&self->second, &second));
	EXPECT_EQ(-EBUSY, vfio_group_open(vfio_group_number(self->second_addr)));
	ASSERT_EQ(0, get_info(&self->first, self->info, 2));
	EXPECT_EQ(info_flags(&self->first), self->info->flags);
	EXPECT_EQ(0U + VFIO_PCI_DEVID_OWNED, self->info->devices[1].group_id);
	EXPECT_EQ(0, reset_owned(&self->first, &self->first));
}

/* Groups are refused however many devices there are; nothing is reset. */
TEST_F(slot, groups_of_cdevs)
{
	const int32_t fds[] = { self->first.iommufd, -1 };
	uint32_t value = 0x12345;

	OPEN_SECOND();
	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(-EINVAL, hot_reset(&self->first, 1, fds));
	EXPECT_EQ(-EINVAL, hot_reset(&self->first, 2, fds));
	EXPECT_EQ(-EINVAL, hot_reset_header(&self->second, RESET_SIZE, 0, 2));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0x12345U, value);
	EXPECT_EQ(0, hot_reset_header(&self->second, RESET_SIZE, 0, 0));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0U, value);
}

/* How the kernel may reset that function alone: "default", or "\\n" for no way */
static int set_reset_methods(const char *addr, const char *methods)
{
	return vfio_attr_write(addr, "reset_method", methods);
}

/*
 * A device that cannot be reset alone is, with all of its set, when nobody has
 * any of them open: what one user left behind is nothing for the next.
 */
TEST_F(slot, reset_at_the_last_close)
{
	const struct vfio_target first = { "multi0" };
	uint32_t value = 0x12345;

	vfio_dev_close(&self->first);
	ASSERT_EQ(0, set_reset_methods(self->second_addr, "\n"));
	ASSERT_EQ(0, vfio_device_find("multi0", self->first_addr,
				      sizeof(self->first_addr)));
	ASSERT_EQ(0, set_reset_methods(self->first_addr, "\n"));
	ASSERT_EQ(0, vfio_dev_open(&self->first, &first));
	EXPECT_EQ(0U, self->first.info.flags & VFIO_DEVICE_FLAGS_RESET);
	OPEN_SECOND();
	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &value, 4));

	/* As long as one is open it would be no good. */
	vfio_dev_close(&self->first);
	ASSERT_EQ(0, vfio_dev_open_with(&self->first, &first, &self->second));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0x12345U, value);

	vfio_dev_close(&self->first);
	vfio_dev_close(&self->second);
	ASSERT_EQ(0, vfio_dev_open(&self->first, &first));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0U, value);
}

/* Not if one of them is in other hands */
TEST_F(slot, no_reset_of_what_is_not_ours)
{
	const struct vfio_target first = { "multi0" };
	uint32_t value = 0x12345;

	vfio_dev_close(&self->first);
	ASSERT_EQ(0, vfio_device_find("multi0", self->first_addr,
				      sizeof(self->first_addr)));
	ASSERT_EQ(0, set_reset_methods(self->first_addr, "\n"));
	ASSERT_EQ(0, vfio_driver_bind(self->second_addr, NULL));
	ASSERT_EQ(0, vfio_dev_open(&self->first, &first));
	ASSERT_EQ(4, vfio_region_write(&self->first, 0, E1000E_IVAR, &value, 4));
	vfio_dev_close(&self->first);
	ASSERT_EQ(0, vfio_dev_open(&self->first, &first));
	ASSERT_EQ(4, vfio_region_read(&self->first, 0, E1000E_IVAR, &value, 4));
	EXPECT_EQ(0x12345U, value);
}

/* A reset at the last close concerns both; neither is the worse for it. */
TEST_F(slot, usable_after_close)
{
	uint32_t value;

	OPEN_SECOND();
	vfio_dev_close(&self->second);
	EXPECT_EQ(4, vfio_region_read(&self->first, 0, E1000E_STATUS, &value, 4));
	OPEN_SECOND();
	EXPECT_EQ(4, vfio_region_read(&self->second, 0, 0, &value, 4));
	EXPECT_NE(~0U, value);
}

/* ------------------------------------------- one slot, a group for each function */

/*
 * Functions that reset together, though nothing is wrong with two users having one
 * each: they have ACS, which no emulated endpoint has, so that it is faked.
 */
FIXTURE(isolated) {
	struct fakecfg fakes[2];
	struct vfio_dev first;
	struct vfio_dev second;
	struct vfio_pci_hot_reset_info *info;
	int other;	/* group of the second function, if it is open by itself */
};

static const struct vfio_target halves[2] = { { "multi0" }, { "multi1" } };

/*
 * ACS as the only extended capability, of a kind that can't be turned off, or
 * nothing of it.  A function that is found after boot is taken for one of several
 * if its own header says so, which that of the emulated second one doesn't.
 */
static int fake_acs(struct fakecfg *fake, bool acs)
{
	fakecfg_clear(fake);
	fakecfg_put(fake, PCI_HEADER_TYPE, 1, 0x80);
	if (acs) {
		fakecfg_put(fake, PCI_CFG_SPACE_SIZE, 4,
			    PCI_EXT_CAP_ID_ACS | 1 << 16);
		fakecfg_put(fake, PCI_CFG_SPACE_SIZE + PCI_ACS_CAP, 4, 0);
	}
	return fakecfg_load(fake);
}

/* Found anew together, so that the kernel groups them by what they are now */
static int isolate(struct fakecfg *fakes, bool isolated)
{
	int ret;

	ret = fake_acs(&fakes[0], isolated) ?: fake_acs(&fakes[1], isolated) ?:
	      vfio_attr_write(fakes[0].addr, "remove", "1") ?:
	      vfio_attr_write(fakes[1].addr, "remove", "1") ?:
	      vfio_file_write("/sys/bus/pci/rescan", "1");
	return ret ?: vfio_driver_take(fakes[0].addr) ?:
		      vfio_driver_take(fakes[1].addr);
}

FIXTURE_SETUP(isolated)
{
	const char *why = fakecfg_missing(&halves[1]);

	self->first = VFIO_DEV_INIT;
	self->second = VFIO_DEV_INIT;
	self->other = -1;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fakes[0], &halves[0]));
	ASSERT_EQ(0, fakecfg_add(&self->fakes[1], &halves[1]));
	ASSERT_EQ(0, isolate(self->fakes, true));
	ASSERT_NE(vfio_group_number(self->fakes[0].addr),
		  vfio_group_number(self->fakes[1].addr));
	ASSERT_EQ(0, vfio_dev_open(&self->first, &halves[0]));
	self->info = new_info();
	ASSERT_NE(NULL, self->info);
}

FIXTURE_TEARDOWN(isolated)
{
	vfio_dev_close(&self->second);
	vfio_dev_close(&self->first);
	if (self->other >= 0)
		close(self->other);
	if (!self->fakes[1].addr[0])
		return;
	EXPECT_EQ(0, isolate(self->fakes, false));
	EXPECT_EQ(vfio_group_number(self->fakes[0].addr),
		  vfio_group_number(self->fakes[1].addr));
	EXPECT_EQ(0, fakecfg_remove(&self->fakes[0]));
	EXPECT_EQ(0, fakecfg_remove(&self->fakes[1]));
}

/* Something in the first function that a reset clears, and whether it is there */
static int mark(const struct vfio_dev *dev)
{
	uint32_t value = 0x12345;

	return vfio_region_write(dev, 0, E1000E_IVAR, &value, 4) == 4 ? 0 : -EIO;
}

static bool is_marked(const struct vfio_dev *dev)
{
	uint32_t value = 0;

	return vfio_region_read(dev, 0, E1000E_IVAR, &value, 4) == 4 &&
	       value == 0x12345;
}

#define EXPECT_REFUSED(_reset)							\
	do {									\
		ASSERT_EQ(0, mark(&self->first));				\
		EXPECT_EQ(-EINVAL, _reset);					\
		EXPECT_TRUE(is_marked(&self->first));				\
	} while (0)

#define EXPECT_RESET(_reset)							\
	do {									\
		ASSERT_EQ(0, mark(&self->first));				\
		EXPECT_EQ(0, _reset);						\
		EXPECT_FALSE(is_marked(&self->first));				\
	} while (0)

/* A group for each is asked for, whether the device in it is open or not. */
TEST_F(isolated, group_of_the_second_is_shown_too)
{
	int32_t fds[2] = { self->first.group, self->first.group };
	int i;

	ASSERT_EQ(0, get_info(&self->first, self->info, 2));
	EXPECT_EQ(2U, self->info->count);
	for (i = 0; i < 2; i++)
		EXPECT_EQ((uint32_t)vfio_group_number(self->fakes[i].addr),
			  self->info->devices[i].group_id);
	EXPECT_REFUSED(hot_reset(&self->first, 1, fds));
	EXPECT_REFUSED(hot_reset(&self->first, 2, fds));

	self->other = vfio_group_open(vfio_group_number(self->fakes[1].addr));
	ASSERT_LE(0, self->other);
	fds[1] = self->other;
	EXPECT_REFUSED(hot_reset(&self->first, 1, &fds[1]));
	EXPECT_RESET(hot_reset(&self->first, 2, fds));
	fds[0] = self->other;
	fds[1] = self->first.group;
	EXPECT_RESET(hot_reset(&self->first, 2, fds));
}

TEST_F(isolated, both_are_open)
{
	int32_t fds[2];

	ASSERT_EQ(0, vfio_dev_open_with(&self->second, &halves[1], &self->first));
	fds[0] = self->first.group;
	fds[1] = self->second.group;
	ASSERT_NE(fds[0], fds[1]);
	EXPECT_REFUSED(hot_reset(&self->first, 1, fds));
	EXPECT_REFUSED(hot_reset(&self->second, 1, &fds[1]));
	EXPECT_REFUSED(hot_reset(&self->second, 1, fds));
	EXPECT_RESET(hot_reset(&self->first, 2, fds));
	EXPECT_RESET(hot_reset(&self->second, 2, fds));
}

/* Another user has the second one: he can't be made to lose what he set up. */
TEST_F(isolated, second_of_another_user)
{
	const int number = vfio_group_number(self->fakes[1].addr);
	const int32_t fds[2] = { self->first.group, self->first.group };
	int32_t both[2] = { self->first.group };
	int ready[2], status;
	pid_t user;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	user = fork();
	ASSERT_LE(0, user);
	if (!user) {
		vfio_dev_close(&self->first);
		if (vfio_dev_open(&self->second, &halves[1]) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(-EBUSY, vfio_group_open(number));
	EXPECT_REFUSED(hot_reset(&self->first, 1, fds));
	EXPECT_REFUSED(hot_reset(&self->first, 2, fds));
	ASSERT_EQ(0, kill(user, SIGKILL));
	ASSERT_EQ(user, waitpid(user, &status, 0));

	self->other = vfio_group_open(number);
	ASSERT_LE(0, self->other);
	both[1] = self->other;
	EXPECT_RESET(hot_reset(&self->first, 2, both));
}

/* What is said of the second one, and of all of them, to the first one's user */
#define EXPECT_SECOND(_id, _owned)						\
	do {									\
		uint32_t __flags = VFIO_PCI_HOT_RESET_FLAG_DEV_ID;		\
										\
		if (_owned)							\
			__flags |= VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;	\
		ASSERT_EQ(0, get_info(&self->first, self->info, 2));		\
		EXPECT_EQ(2U, self->info->count);				\
		EXPECT_EQ(__flags, self->info->flags);				\
		EXPECT_EQ(self->first.devid, self->info->devices[0].group_id);	\
		EXPECT_EQ((uint32_t)(_id), self->info->devices[1].group_id);	\
	} while (0)

/* Nobody has the second one, thus nobody owns it. */
TEST_F(isolated, second_in_no_iommufd)
{
	EXPECT_SECOND(VFIO_PCI_DEVID_NOT_OWNED, false);
	EXPECT_REFUSED(hot_reset(&self->first, 0, NULL));

	ASSERT_EQ(0, vfio_dev_open_with(&self->second, &halves[1], &self->first));
	EXPECT_SECOND(self->second.devid, true);
	EXPECT_RESET(hot_reset(&self->first, 0, NULL));
	EXPECT_RESET(hot_reset(&self->second, 0, NULL));

	vfio_dev_close(&self->second);
	EXPECT_SECOND(VFIO_PCI_DEVID_NOT_OWNED, false);
	EXPECT_REFUSED(hot_reset(&self->first, 0, NULL));
}

TEST_F(isolated, second_in_another_iommufd)
{
	ASSERT_EQ(0, vfio_dev_open(&self->second, &halves[1]));
	EXPECT_SECOND(VFIO_PCI_DEVID_NOT_OWNED, false);
	EXPECT_REFUSED(hot_reset(&self->first, 0, NULL));
	EXPECT_REFUSED(hot_reset(&self->second, 0, NULL));
}

/* The second one is open by its group: neither way shows that both are owned. */
TEST_F(isolated, second_by_its_group)
{
	const int iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	int32_t fds[2];

	self->other = vfio_group_open(vfio_group_number(self->fakes[1].addr));
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, vfio_ioctl(self->other, VFIO_GROUP_SET_CONTAINER, (void *)&iommufd));
	self->second = self->first;
	self->second.iommufd = -1;
	self->second.how = VFIO_HOW_COMPAT;
	self->second.group = self->other;
	self->second.fd = vfio_group_device_fd(self->other, self->fakes[1].addr);
	ASSERT_LE(0, self->second.fd);

	EXPECT_SECOND(VFIO_PCI_DEVID_NOT_OWNED, false);
	EXPECT_REFUSED(hot_reset(&self->first, 0, NULL));
	EXPECT_REFUSED(hot_reset(&self->first, 1, &self->other));
	fds[0] = self->other;
	fds[1] = self->other;
	EXPECT_REFUSED(hot_reset(&self->second, 0, NULL));
	EXPECT_REFUSED(hot_reset(&self->second, 1, fds));
	EXPECT_REFUSED(hot_reset(&self->second, 2, fds));
	/* A cdev is no group that could be shown. */
	fds[1] = self->first.fd;
	EXPECT_REFUSED(hot_reset(&self->second, 2, fds));
	self->other = -1;
}

#define SHOWS_GROUPS(name)							\
	{ .test = name, .modes = VFIO_MODES_GROUP, .why = "it shows groups" }

#define ABOUT_CDEVS(name)							\
	{ .test = name, .modes = VFIO_MODES_CDEV, .why = "it is about cdevs" }

static const struct vfio_mode_rule rules[] = {
	ABOUT_CDEVS("groups_of_a_cdev"),
	ABOUT_CDEVS("groups_of_cdevs"),
	ABOUT_CDEVS("second_for_another_user"),
	ABOUT_CDEVS("second_in_no_iommufd"),
	ABOUT_CDEVS("second_in_another_iommufd"),
	{ .test = "second_by_its_group", .modes = VFIO_MODE_CDEV,
	  .why = "one is a cdev, the other a group with a PCI address" },
	SHOWS_GROUPS("count_too_large"),
	SHOWS_GROUPS("table_not_readable"),
	SHOWS_GROUPS("not_a_group"),
	SHOWS_GROUPS("group_of_another_device"),
	SHOWS_GROUPS("group_named_twice"),
	SHOWS_GROUPS("group_not_concerned_named_too"),
	SHOWS_GROUPS("second_entry_bad"),
	SHOWS_GROUPS("only_the_wrong_group"),
	SHOWS_GROUPS("three_groups_are_too_many"),
	SHOWS_GROUPS("group_of_the_second_is_shown_too"),
	SHOWS_GROUPS("both_are_open"),
	SHOWS_GROUPS("second_of_another_user"),
	{}
};

VFIO_TEST_MAIN_RULES(rules)
