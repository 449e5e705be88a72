// SPDX-License-Identifier: GPL-2.0-only
/* The operations that are measured */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "edu.h"

static inline int done(ssize_t ret, ssize_t expected)
{
	if (ret == expected)
		return 0;
	return ret < 0 ? -errno : -EIO;
}

static uint64_t config_pos(const struct bench *b, unsigned int reg)
{
	return b->dev.region[VFIO_PCI_CONFIG_REGION_INDEX].offset + reg;
}

static uint64_t bar_pos(const struct bench *b, unsigned int bar)
{
	return b->dev.region[bar].offset;
}

static int read_at(const struct bench *b, uint64_t pos, size_t len)
{
	return done(pread(b->dev.fd, b->buf, len, pos), len);
}

static int write_at(const struct bench *b, uint64_t pos, size_t len)
{
	return done(pwrite(b->dev.fd, b->buf, len, pos), len);
}

/* --- config space --------------------------------------------------------- */

static int read_virtual(struct bench *b)
{
	return read_at(b, config_pos(b, PCI_BASE_ADDRESS_0), 4);
}

static int read_command(struct bench *b)
{
	return read_at(b, config_pos(b, PCI_COMMAND), 2);
}

static int begin_command(struct bench *b)
{
	b->command = vfio_cfg16(&b->dev, PCI_COMMAND);
	return 0;
}

static int write_command(struct bench *b)
{
	return done(pwrite(b->dev.fd, &b->command, 2,
			   config_pos(b, PCI_COMMAND)), 2);
}

static int read_config_256(struct bench *b)
{
	return read_at(b, config_pos(b, 0), 256);
}

static int read_config_4096(struct bench *b)
{
	return read_at(b, config_pos(b, 0), 4096);
}

/* --- BARs ----------------------------------------------------------------- */

static int begin_memory(struct bench *b)
{
	return vfio_memory(&b->dev, true);
}

static int read_bar_4(struct bench *b)
{
	return read_at(b, bar_pos(b, 0), 4);
}

static int read_bar_4k(struct bench *b)
{
	return read_at(b, bar_pos(b, 0), 4096);
}

static int read_bar_1m(struct bench *b)
{
	return read_at(b, bar_pos(b, 0), 1UL << 20);
}

static int read_ram_4k(struct bench *b)
{
	return read_at(b, bar_pos(b, 2), 4096);
}

static int read_ram_1m(struct bench *b)
{
	return read_at(b, bar_pos(b, 2), 1UL << 20);
}

static int write_ram_1m(struct bench *b)
{
	return write_at(b, bar_pos(b, 2), 1UL << 20);
}

#define MAP_STEP	(64UL << 10)

static int map_touch_unmap(struct bench *b)
{
	size_t size = b->dev.region[2].size;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       b->dev.fd, bar_pos(b, 2));

	if (p == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < size; i += MAP_STEP)
		*(volatile char *)(p + i);
	return done(munmap(p, size), 0);
}

/* --- interrupts ----------------------------------------------------------- */

static int set_irqs(const struct bench *b, uint32_t index, uint32_t count,
		    const int32_t *fds)
{
	struct {
		struct vfio_irq_set set;
		int32_t fds[64];
	} arg = {
		.set = {
			.argsz = sizeof(arg.set) + count * sizeof(*fds),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = index,
			.count = count,
		},
	};

	memcpy(arg.fds, fds, count * sizeof(*fds));
	return done(ioctl(b->dev.fd, VFIO_DEVICE_SET_IRQS, &arg), 0);
}

static int begin_eventfds(struct bench *b)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(b->fds); i++) {
		b->fds[i] = vfio_eventfd();
		if (b->fds[i] < 0)
			return b->fds[i];
	}
	return vfio_bus_master(&b->dev, true);
}

static void end_eventfds(struct bench *b)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(b->fds); i++)
		close(b->fds[i]);
}

static int enable_msix(struct bench *b)
{
	return set_irqs(b, VFIO_PCI_MSIX_IRQ_INDEX, ARRAY_SIZE(b->fds), b->fds);
}

static void disable_msix(struct bench *b)
{
	vfio_irq_disable(&b->dev, VFIO_PCI_MSIX_IRQ_INDEX);
}

static int begin_vector(struct bench *b)
{
	int ret = begin_eventfds(b);

	return ret ? ret : set_irqs(b, VFIO_PCI_MSIX_IRQ_INDEX, 4, b->fds);
}

static void end_vector(struct bench *b)
{
	disable_msix(b);
	end_eventfds(b);
}

static int replace_eventfd(struct bench *b)
{
	b->turn ^= 1;
	return set_irqs(b, VFIO_PCI_MSIX_IRQ_INDEX, 1, b->fds + 8 + b->turn);
}

static int trigger(struct bench *b)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = 1,
	};

	return done(ioctl(b->dev.fd, VFIO_DEVICE_SET_IRQS, &set), 0);
}

static int begin_interrupt(struct bench *b)
{
	int ret = begin_eventfds(b);

	if (!ret)
		ret = vfio_memory(&b->dev, true);
	if (!ret)
		ret = set_irqs(b, VFIO_PCI_MSI_IRQ_INDEX, 1, b->fds);
	if (!ret)
		ret = vfio_region_mmap(&b->dev, VFIO_PCI_BAR0_REGION_INDEX, 0,
				       EDU_BAR_SIZE, PROT_READ | PROT_WRITE,
				       MAP_SHARED, &b->bar);
	return ret;
}

/* The device sends its message at once, so that the event is there. */
static int interrupt(struct bench *b)
{
	uint64_t events;

	edu_irq_raise(b->bar, 1);
	if (read(b->fds[0], &events, sizeof(events)) != sizeof(events))
		return -errno;
	edu_irq_ack(b->bar, 1);
	return done(events, 1);
}

static void end_interrupt(struct bench *b)
{
	munmap(b->bar, EDU_BAR_SIZE);
	vfio_irq_disable(&b->dev, VFIO_PCI_MSI_IRQ_INDEX);
	end_eventfds(b);
}

/* --- the rest ------------------------------------------------------------- */

static int device_info(struct bench *b)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return done(ioctl(b->dev.fd, VFIO_DEVICE_GET_INFO, &info), 0);
}

static int region_info(struct bench *b)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};

	return done(ioctl(b->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
}

static int begin_open(struct bench *b)
{
	close(b->dev.fd);
	b->dev.fd = -1;
	return 0;
}

static int open_close(struct bench *b)
{
	int fd = ioctl(b->dev.group, VFIO_GROUP_GET_DEVICE_FD, b->dev.addr);

	return fd < 0 ? -errno : done(close(fd), 0);
}

/* --- the floors ----------------------------------------------------------- */

static int floor_none(struct bench *b)
{
	return 0;
}

static int floor_read(struct bench *b)
{
	return done(pread(b->dev.fd, b->buf, 4, 0), 0);
}

static int floor_write(struct bench *b)
{
	return done(pwrite(b->dev.fd, b->buf, 4, 0), 4);
}

static int floor_ioctl(struct bench *b)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return done(ioctl(b->dev.fd, VFIO_DEVICE_GET_INFO, &info), -1);
}

const struct floor_row floor_rows[NR_FLOORS] = {
	[FLOOR_NONE]	= { "none", floor_none },
	[FLOOR_READ]	= { "read", floor_read },
	[FLOOR_WRITE]	= { "write", floor_write },
	[FLOOR_IOCTL]	= { "ioctl", floor_ioctl },
};

const struct row rows[] = {
	{ "read 4 bytes of a virtual config register", "ivshmem",
	  .op = read_virtual, .ops = 500, .floor = FLOOR_READ,
	  .limit = 0.5, .cost = true },
	{ "read 2 bytes of the command register", "ivshmem",
	  .op = read_command, .ops = 500, .floor = FLOOR_READ,
	  .limit = 0.6, .cost = true },
	{ "write the command register, unchanged bits", "ivshmem",
	  .begin = begin_command, .op = write_command, .ops = 500,
	  .floor = FLOOR_WRITE, .limit = 0.7, .cost = true },
	{ "read 256 bytes of config space in one call", "ivshmem",
	  .op = read_config_256, .ops = 50, .limit = 0.3 },
	{ "read 4096 bytes of config space in one call", "nvme",
	  .op = read_config_4096, .ops = 5, .limit = 0.12 },
	{ "read 4 bytes of a BAR", "edu",
	  .begin = begin_memory, .op = read_bar_4, .ops = 500,
	  .floor = FLOOR_READ, .limit = 0.6, .cost = true },
	{ "read 4 KiB of a BAR in one call", "edu",
	  .begin = begin_memory, .op = read_bar_4k, .ops = 20, .limit = 0.15 },
	{ "read 1 MiB of a BAR in one call", "edu",
	  .begin = begin_memory, .op = read_bar_1m, .ops = 1, .limit = 0.12 },
	{ "read 4 KiB of a BAR that is memory", "ivshmem",
	  .begin = begin_memory, .op = read_ram_4k, .ops = 20, .limit = 0.15,
	  .ram = true },
	{ "read 1 MiB of a BAR that is memory", "ivshmem",
	  .begin = begin_memory, .op = read_ram_1m, .ops = 1, .limit = 0.12,
	  .ram = true },
	{ "write 1 MiB of a BAR that is memory", "ivshmem",
	  .begin = begin_memory, .op = write_ram_1m, .ops = 1, .limit = 0.12,
	  .ram = true },
	{ "map a 256 MiB BAR, touch every 64 KiB, unmap", "ivshmem",
	  .begin = begin_memory, .op = map_touch_unmap, .ops = 4, .limit = 0.5,
	  .ram = true },
	{ "enable an MSI-X vector (per vector, 64 of them)", "nvme",
	  .begin = begin_eventfds, .op = enable_msix, .undo = disable_msix,
	  .end = end_eventfds, .ops = 1, .per = 64, .limit = 1.0 },
	{ "replace the eventfd of a live vector", "nvme",
	  .begin = begin_vector, .op = replace_eventfd, .end = end_vector,
	  .ops = 20, .limit = 0.15 },
	{ "trigger a vector by ioctl (loopback)", "nvme",
	  .begin = begin_vector, .op = trigger, .end = end_vector,
	  .ops = 500, .floor = FLOOR_IOCTL, .limit = 0.8, .cost = true },
	{ "interrupt to eventfd and back (MSI)", "edu",
	  .begin = begin_interrupt, .op = interrupt, .end = end_interrupt,
	  .ops = 200, .limit = 1.0 },
	{ "get device info", "ivshmem",
	  .op = device_info, .ops = 500, .floor = FLOOR_IOCTL,
	  .limit = 0.7, .cost = true },
	{ "get region info", "ivshmem",
	  .op = region_info, .ops = 500, .floor = FLOOR_IOCTL,
	  .limit = 0.7, .cost = true },
	{ "open and close (no reset)", "ivshmem",
	  .begin = begin_open, .op = open_close, .ops = 10, .limit = 0.7 },
	{ "open and close", "edu",
	  .begin = begin_open, .op = open_close, .ops = 10, .limit = 0.5 },
};

const unsigned int nr_rows = ARRAY_SIZE(rows);
