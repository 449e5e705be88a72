// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drives PCI devices from user space and says at each step what it saw. Made to
 * be read: every VFIO call stands where it is needed, nothing is wrapped away.
 *
 *	vfio-demo EDU NIC
 *	vfio-demo UUID
 *
 * EDU is the PCI address of QEMU's educational device, NIC that of an Intel
 * 82574 (e1000e); both are bound to vfio-pci already. UUID is an mdev that is an
 * educational device. The program prints one line for each step and ends with 1
 * at the first one that is not as expected.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "../lib/e1000e.h"
#include "../lib/edu.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* A page of ours appears to the devices at this address. */
#define DMA_IOVA		0x100000UL
#define DMA_SIZE		4096UL
/* Nothing appears to them here. */
#define UNMAPPED_IOVA		0x200000UL

struct device {
	const char *name;	/* PCI address or UUID: what VFIO calls it */
	char directory[256];	/* its, below /sys/devices */
	char address[16];	/* PCI address: what the IOMMU calls it */
	int group;
	int fd;
	void *bar0;
	size_t bar0_size;
};

/* ------------------------------------------------------------ what one sees */

static void seen(const char *step, const char *format, ...)
{
	va_list args;

	printf("[ ok ] %-20s ", step);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void detail(const char *format, ...)
{
	va_list args;

	printf("       %-20s ", "");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void __attribute__((noreturn)) failed(const char *step,
					     const char *format, ...)
{
	va_list args;

	printf("[FAIL] %-20s ", step);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

static const char *human_size(uint64_t size)
{
	static char text[32];

	if (size >= 1 << 20)
		snprintf(text, sizeof(text), "%" PRIu64 " MiB", size >> 20);
	else if (size >= 1 << 10)
		snprintf(text, sizeof(text), "%" PRIu64 " KiB", size >> 10);
	else
		snprintf(text, sizeof(text), "%" PRIu64 " bytes", size);
	return text;
}

/* -------------------------------------------------------- container, device */

static int open_container(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR);

	if (container < 0)
		failed("container", "/dev/vfio/vfio: %m (is the vfio module loaded?)");
	if (ioctl(container, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		failed("container", "unknown API version");
	if (!ioctl(container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU))
		failed("container", "no type1 IOMMU (is vfio_iommu_type1 loaded?)");

	seen("container", "/dev/vfio/vfio, API version %d, type1v2 IOMMU",
	     VFIO_API_VERSION);
	return container;
}

/* An mdev lies in the directory of its parent, the PCI device. */
static void find_device(struct device *device)
{
	static const char * const buses[] = { "pci", "mdev" };
	char link[128], *path = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buses) && !path; i++) {
		snprintf(link, sizeof(link), "/sys/bus/%s/devices/%s", buses[i],
			 device->name);
		path = realpath(link, NULL);
	}
	if (!path)
		failed("device", "there is no PCI device and no mdev %s",
		       device->name);

	snprintf(device->directory, sizeof(device->directory), "%s", path);
	if (i == ARRAY_SIZE(buses))
		*strrchr(path, '/') = '\0';
	snprintf(device->address, sizeof(device->address), "%s",
		 strrchr(path, '/') + 1);
	free(path);
}

/* A device's IOMMU group is the name of the directory this link points to. */
static int group_number(struct device *device)
{
	char link[300], target[256];
	ssize_t length;

	snprintf(link, sizeof(link), "%s/iommu_group", device->directory);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		failed("group", "%s: %m (is the IOMMU switched on?)", link);
	target[length] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static void open_group(struct device *device, int container)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int number = group_number(device);
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	device->group = open(path, O_RDWR);
	if (device->group < 0)
		failed("group", "%s: %m", path);

	if (ioctl(device->group, VFIO_GROUP_GET_STATUS, &status))
		failed("group", "VFIO_GROUP_GET_STATUS: %m");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		failed("group", "%s is not viable: bind all its devices to vfio-pci",
		       path);
	if (ioctl(device->group, VFIO_GROUP_SET_CONTAINER, &container))
		failed("group", "VFIO_GROUP_SET_CONTAINER: %m");

	seen("group", "%s, viable, attached to the container", path);
}

static void open_device(struct device *device)
{
	device->fd = ioctl(device->group, VFIO_GROUP_GET_DEVICE_FD, device->name);
	if (device->fd < 0)
		failed("open", "VFIO_GROUP_GET_DEVICE_FD %s: %m", device->name);

	seen("open", "%s is file descriptor %d", device->name, device->fd);
}

static void show_device_info(struct device *device)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (ioctl(device->fd, VFIO_DEVICE_GET_INFO, &info))
		failed("device info", "VFIO_DEVICE_GET_INFO: %m");
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		failed("device info", "not a PCI device, flags %#x", info.flags);

	seen("device info", "PCI, %s, %u regions, %u interrupt types",
	     info.flags & VFIO_DEVICE_FLAGS_RESET ? "can be reset" : "no reset",
	     info.num_regions, info.num_irqs);
}

/* -------------------------------------------------------------------- regions */

static struct vfio_region_info region_info(struct device *device, uint32_t index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		failed("regions", "VFIO_DEVICE_GET_REGION_INFO %u: %m", index);
	return info;
}

static void show_regions(struct device *device)
{
	static const char * const names[] = {
		"BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM", "config",
	};
	uint32_t index;

	seen("regions", "those with a size:");
	for (index = 0; index < ARRAY_SIZE(names); index++) {
		struct vfio_region_info info = region_info(device, index);

		if (!info.size)
			continue;
		detail("%-7s %10s  %c%c%c  at %#llx of the descriptor",
		       names[index], human_size(info.size),
		       info.flags & VFIO_REGION_INFO_FLAG_READ ? 'r' : '-',
		       info.flags & VFIO_REGION_INFO_FLAG_WRITE ? 'w' : '-',
		       info.flags & VFIO_REGION_INFO_FLAG_MMAP ? 'm' : '-',
		       (unsigned long long)info.offset);
	}
}

static void map_bar0(struct device *device)
{
	struct vfio_region_info info = region_info(device, VFIO_PCI_BAR0_REGION_INDEX);

	device->bar0 = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    device->fd, info.offset);
	if (device->bar0 == MAP_FAILED)
		failed("map BAR0", "mmap: %m");
	device->bar0_size = info.size;
}

/* --------------------------------------------------------- configuration space */

static uint32_t config_read(struct device *device, unsigned int where, size_t size)
{
	struct vfio_region_info info = region_info(device, VFIO_PCI_CONFIG_REGION_INDEX);
	uint32_t value = 0;

	if (pread(device->fd, &value, size, info.offset + where) != (ssize_t)size)
		failed("config space", "read of %zu at %#x: %m", size, where);
	return value;
}

static void config_write(struct device *device, unsigned int where, uint32_t value,
			 size_t size)
{
	struct vfio_region_info info = region_info(device, VFIO_PCI_CONFIG_REGION_INDEX);

	if (pwrite(device->fd, &value, size, info.offset + where) != (ssize_t)size)
		failed("config space", "write of %zu at %#x: %m", size, where);
}

static const char *capability_name(uint8_t id)
{
	static const char * const names[] = {
		[PCI_CAP_ID_PM]		= "Power Management",
		[PCI_CAP_ID_VPD]	= "Vital Product Data",
		[PCI_CAP_ID_MSI]	= "MSI",
		[PCI_CAP_ID_VNDR]	= "Vendor specific",
		[PCI_CAP_ID_EXP]	= "PCI Express",
		[PCI_CAP_ID_MSIX]	= "MSI-X",
		[PCI_CAP_ID_AF]		= "Advanced Features",
	};

	return id < ARRAY_SIZE(names) && names[id] ? names[id] : "other";
}

static const char *ext_capability_name(uint16_t id)
{
	static const char * const names[] = {
		[PCI_EXT_CAP_ID_ERR]	= "Advanced Error Reporting",
		[PCI_EXT_CAP_ID_DSN]	= "Device Serial Number",
		[PCI_EXT_CAP_ID_ARI]	= "Alternative Routing-ID",
		[PCI_EXT_CAP_ID_SRIOV]	= "SR-IOV",
	};

	return id < ARRAY_SIZE(names) && names[id] ? names[id] : "other";
}

static void show_capabilities(struct device *device)
{
	unsigned int where = config_read(device, PCI_CAPABILITY_LIST, 1);
	unsigned int count = 0;
	uint32_t header;

	seen("capabilities", "as the user sees them:");
	for (; where; where = config_read(device, where + PCI_CAP_LIST_NEXT, 1)) {
		uint8_t id = config_read(device, where, 1);

		detail("%#05x  id %#04x  %s", where, id, capability_name(id));
		if (++count > 48)
			failed("capabilities", "the chain does not end");
	}
	if (region_info(device, VFIO_PCI_CONFIG_REGION_INDEX).size <= 256)
		return;
	for (where = 0x100; where; where = PCI_EXT_CAP_NEXT(header)) {
		header = config_read(device, where, 4);
		if (!header)
			break;
		detail("%#05x  id %#06x  %s", where, PCI_EXT_CAP_ID(header),
		       ext_capability_name(PCI_EXT_CAP_ID(header)));
		if (++count > 1000)
			failed("capabilities", "the chain does not end");
	}
}

/*
 * The way firmware and kernels find a BAR's size: write ones, see which bits
 * stay. The device keeps its address meanwhile: what is written here never
 * reaches it.
 */
static void size_bar0(struct device *device)
{
	uint64_t size = region_info(device, VFIO_PCI_BAR0_REGION_INDEX).size;
	uint32_t address = config_read(device, PCI_BASE_ADDRESS_0, 4);
	uint32_t mask;

	config_write(device, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	mask = config_read(device, PCI_BASE_ADDRESS_0, 4);
	config_write(device, PCI_BASE_ADDRESS_0, address, 4);

	if ((uint32_t)-(mask & ~0xfU) != size)
		failed("BAR sizing", "mask %#010x does not fit %s", mask,
		       human_size(size));
	if (config_read(device, PCI_BASE_ADDRESS_0, 4) != address)
		failed("BAR sizing", "BAR0 did not take its address back");
	seen("BAR sizing", "BAR0 %#010x, all ones read back %#010x: %s",
	     address, mask, human_size(size));
}

static void enable_bus_master(struct device *device)
{
	uint16_t command = config_read(device, PCI_COMMAND, 2);

	config_write(device, PCI_COMMAND,
		     command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void use_registers_of_edu(struct device *edu)
{
	uint32_t result;

	map_bar0(edu);
	if (!edu_is_edu(edu->bar0) || !edu_is_alive(edu->bar0))
		failed("registers", "id reads %#010x", edu_read(edu->bar0, EDU_ID));
	if (edu_factorial(edu->bar0, 10, &result) || result != 3628800)
		failed("registers", "the device thinks that 10! is %u", result);
	seen("registers", "BAR0 mapped, id %#010x, the device computes 10! = %u",
	     edu_read(edu->bar0, EDU_ID), result);
}

/* ------------------------------------------------------------------------ DMA */

static void *map_for_dma(int container)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = DMA_IOVA,
		.size = DMA_SIZE,
	};
	void *page = mmap(NULL, DMA_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		failed("map for DMA", "no memory: %m");
	map.vaddr = (uintptr_t)page;
	if (ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		failed("map for DMA", "VFIO_IOMMU_MAP_DMA: %m");

	seen("map for DMA", "our page %p appears to the device at %#lx", page,
	     DMA_IOVA);
	return page;
}

static void unmap_for_dma(int container, void *page)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = DMA_IOVA,
		.size = DMA_SIZE,
	};

	if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		failed("unmap", "VFIO_IOMMU_UNMAP_DMA: %m");
	munmap(page, DMA_SIZE);
}

/* The first half of the page goes to the device and back to the second half. */
static void transfer(struct device *edu, unsigned char *page)
{
	const unsigned int half = DMA_SIZE / 2;
	unsigned int i;

	for (i = 0; i < half; i++)
		page[i] = i * 7 + (i >> 8);
	memset(page + half, 0, half);

	if (edu_dma_in(edu->bar0, DMA_IOVA, 0, half) ||
	    edu_dma_out(edu->bar0, 0, DMA_IOVA + half, half))
		failed("DMA", "the engine did not finish");
	for (i = 0; i < half; i++)
		if (page[i] != page[half + i])
			failed("DMA", "byte %u: sent %#04x, got %#04x", i, page[i],
			       page[half + i]);
	seen("DMA", "%u bytes to the device and back, equal byte for byte", half);
}

/* The kernel's log, from now on. */
static int open_kernel_log(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		failed("kernel log", "/dev/kmsg: %m");
	return log;
}

/* Waits for the IOMMU's report of a fault of @device. */
static bool find_fault(int log, const char *device, char *line, size_t size)
{
	const char *slot = strchr(device, ':') + 1;
	char record[1024];
	ssize_t length;
	int ms;

	for (ms = 0; ms < 2000; ms++) {
		while ((length = read(log, record, sizeof(record) - 1)) > 0) {
			record[length] = '\0';
			record[strcspn(record, "\n")] = '\0';
			if (!strstr(record, "fault addr") || !strstr(record, slot))
				continue;
			snprintf(line, size, "%s", strchr(record, ';') + 1);
			return true;
		}
		usleep(1000);
	}
	return false;
}

static void transfer_to_unmapped(struct device *edu, unsigned char *page)
{
	int log = open_kernel_log();
	unsigned char before[DMA_SIZE];
	char fault[512];

	memcpy(before, page, DMA_SIZE);
	if (edu_dma_out(edu->bar0, 0, UNMAPPED_IOVA, DMA_SIZE / 2))
		failed("DMA, unmapped", "the engine did not finish");
	if (!find_fault(log, edu->address, fault, sizeof(fault)))
		failed("DMA, unmapped", "the IOMMU reported no fault at %#lx",
		       UNMAPPED_IOVA);
	if (memcmp(before, page, DMA_SIZE))
		failed("DMA, unmapped", "our page has changed");
	seen("DMA, unmapped", "the same to %#lx was stopped by the IOMMU:",
	     UNMAPPED_IOVA);
	detail("%s", fault);
	close(log);
}

/* ----------------------------------------------------------------- interrupts */

static void set_irqs(struct device *device, uint32_t index, uint32_t flags,
		     const int *fds, uint32_t count)
{
	size_t argsz = sizeof(struct vfio_irq_set) + count * sizeof(*fds);
	struct vfio_irq_set *set = calloc(1, argsz);

	if (!set)
		failed("interrupt", "no memory");
	set->argsz = argsz;
	set->flags = flags | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = count;
	memcpy(set->data, fds, count * sizeof(*fds));
	if (ioctl(device->fd, VFIO_DEVICE_SET_IRQS, set))
		failed("interrupt", "VFIO_DEVICE_SET_IRQS: %m");
	free(set);
}

static void enable_irqs(struct device *device, uint32_t index, int *fds,
			uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (fds[i] < 0)
			failed("interrupt", "eventfd: %m");
	}
	set_irqs(device, index, VFIO_IRQ_SET_DATA_EVENTFD, fds, count);
}

static void disable_irqs(struct device *device, uint32_t index, int *fds,
			 uint32_t count)
{
	set_irqs(device, index, VFIO_IRQ_SET_DATA_NONE, NULL, 0);
	while (count--)
		close(fds[count]);
}

/* How often the eventfd was signalled; waits up to two seconds for the first. */
static uint64_t wait_irq(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t count = 0;

	if (poll(&pollfd, 1, 2000) == 1 && read(fd, &count, sizeof(count)) < 0)
		return 0;
	return count;
}

static void interrupt_by_msi(struct device *edu)
{
	int fd;

	enable_irqs(edu, VFIO_PCI_MSI_IRQ_INDEX, &fd, 1);
	edu_irq_raise(edu->bar0, 0x5);
	if (wait_irq(fd) != 1)
		failed("MSI", "no interrupt arrived on the eventfd");
	seen("MSI", "raised with 0x5, arrived once on eventfd %d, status %#x", fd,
	     edu_irq_status(edu->bar0));
	edu_irq_ack_all(edu->bar0);
	disable_irqs(edu, VFIO_PCI_MSI_IRQ_INDEX, &fd, 1);
}

static void interrupts_by_msix(struct device *nic)
{
	int fds[E1000E_VECTORS];
	unsigned int n;

	enable_irqs(nic, VFIO_PCI_MSIX_IRQ_INDEX, fds, E1000E_VECTORS);
	e1000e_irq_bind_vectors(nic->bar0);
	for (n = 0; n < E1000E_VECTORS; n++) {
		e1000e_irq_raise_vector(nic->bar0, n);
		if (wait_irq(fds[n]) != 1)
			failed("MSI-X", "vector %u did not arrive on its eventfd", n);
		e1000e_irq_ack_vector(nic->bar0, n);
	}
	seen("MSI-X", "vectors 0 to %u raised, each arrived once on its eventfd",
	     E1000E_VECTORS - 1);
	e1000e_irq_quiet(nic->bar0);
	/* The card spaces its interrupts out; MSI-X has to stay on until then. */
	usleep(100000);
	disable_irqs(nic, VFIO_PCI_MSIX_IRQ_INDEX, fds, E1000E_VECTORS);
}

/* ------------------------------------------------------------- reset and close */

/* The function alone; what the user set up in its configuration space stays. */
static void reset_function(struct device *nic)
{
	uint16_t command = config_read(nic, PCI_COMMAND, 2);
	uint32_t address = config_read(nic, PCI_BASE_ADDRESS_0, 4);

	if (ioctl(nic->fd, VFIO_DEVICE_RESET))
		failed("reset", "VFIO_DEVICE_RESET: %m");
	if (config_read(nic, PCI_COMMAND, 2) != command ||
	    config_read(nic, PCI_BASE_ADDRESS_0, 4) != address)
		failed("reset", "the configuration was not restored");
	seen("reset", "of the function; command %#06x and BAR0 %#010x as before",
	     command, address);
}

/* All functions that share a bus, so all their groups have to be ours. */
static void reset_bus(struct device *nic)
{
	size_t argsz = sizeof(struct vfio_pci_hot_reset) + sizeof(nic->group);
	struct vfio_pci_hot_reset *reset = calloc(1, argsz);
	uint32_t before = e1000e_read(nic->bar0, E1000E_IVAR);
	uint32_t after;

	if (!reset)
		failed("hot reset", "no memory");
	reset->argsz = argsz;
	reset->count = 1;
	reset->group_fds[0] = nic->group;
	if (ioctl(nic->fd, VFIO_DEVICE_PCI_HOT_RESET, reset))
		failed("hot reset", "VFIO_DEVICE_PCI_HOT_RESET: %m");
	free(reset);

	after = e1000e_read(nic->bar0, E1000E_IVAR);
	if (!before || after)
		failed("hot reset", "register IVAR was %#x, is %#x, expected 0",
		       before, after);
	seen("hot reset", "of the bus; register IVAR %#x before, %#x after",
	     before, after);
}

static void close_device(struct device *device)
{
	munmap(device->bar0, device->bar0_size);
	if (close(device->fd) || close(device->group))
		failed("close", "%m");
	seen("close", "%s and its group", device->name);
}

/* ----------------------------------------------------------------------- main */

static void attach_iommu(int container)
{
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		failed("IOMMU", "VFIO_SET_IOMMU: %m");
	seen("IOMMU", "the container translates for its groups from now on");
}

static void show_edu(int container, struct device *edu)
{
	void *page;

	printf("\n%s, QEMU's edu device\n", edu->name);
	find_device(edu);
	open_group(edu, container);
	attach_iommu(container);
	open_device(edu);
	show_device_info(edu);
	show_regions(edu);
	show_capabilities(edu);
	size_bar0(edu);
	use_registers_of_edu(edu);
	enable_bus_master(edu);
	page = map_for_dma(container);
	transfer(edu, page);
	transfer_to_unmapped(edu, page);
	interrupt_by_msi(edu);
	unmap_for_dma(container, page);
	close_device(edu);
}

/* What is not known of an edu device yet: that an mdev does it, too. */
static void show_mdev(int container, struct device *mdev)
{
	void *page;

	find_device(mdev);
	open_group(mdev, container);
	attach_iommu(container);
	open_device(mdev);
	show_device_info(mdev);
	use_registers_of_edu(mdev);
	enable_bus_master(mdev);
	page = map_for_dma(container);
	transfer(mdev, page);
	transfer_to_unmapped(mdev, page);
	interrupt_by_msi(mdev);
	unmap_for_dma(container, page);
	close_device(mdev);
}

static void show_nic(int container, struct device *nic)
{
	printf("\n%s, Intel 82574 network card\n", nic->name);
	find_device(nic);
	open_group(nic, container);
	attach_iommu(container);
	open_device(nic);
	show_device_info(nic);
	show_regions(nic);
	show_capabilities(nic);
	size_bar0(nic);
	map_bar0(nic);
	enable_bus_master(nic);
	interrupts_by_msix(nic);
	reset_function(nic);
	reset_bus(nic);
	close_device(nic);
}

int main(int argc, char **argv)
{
	int container;

	if (argc != 2 && argc != 3) {
		fprintf(stderr,
			"usage: %s EDU NIC  (PCI addresses, e.g. 0000:00:03.0)\n"
			"       %s UUID     (of an mdev)\n", argv[0], argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	container = open_container();
	if (argc == 2) {
		show_mdev(container, &(struct device){ .name = argv[1] });
	} else {
		show_edu(container, &(struct device){ .name = argv[1] });
		show_nic(container, &(struct device){ .name = argv[2] });
	}
	close(container);
	return 0;
}
