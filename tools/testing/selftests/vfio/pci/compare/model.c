// SPDX-License-Identifier: GPL-2.0-only
/* What a device is like, and what may be done to it */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"

/*
 * No timers, no counters, nothing that a read changes, and no write that lets
 * the device do something on its own
 */
static const struct area areas[] = {
	/* Identification; a register that reads back inverted */
	{ "edu",	0, 0x0,		0x8,	 false },
	{ "edu",	0, 0x4,		0x8,	 true },
	{ "ivshmem",	0, 0x0,		0x10,	 false },
	{ "ivshmem",	2, 0x0,		0x1000,	 true },
	{ "testdev",	0, 0x0,		0x20,	 false },
	{ "testdev",	1, 0x0,		0x20,	 false },
	{ "testdev",	2, 0x0,		0x10000, true },
	/* MSI-X table and pending bits */
	{ "virtio",	1, 0x0,		0x1000,	 true, true },
	{ "virtio",	4, 0x0,		0x14,	 false },
	{ "vga",	0, 0x0,		0x1000,	 true },
	/* EDID */
	{ "vga",	2, 0x0,		0x100,	 false },
	{ "vga",	8, 0xa0000,	0xa1000, true },
	{ "hda",	0, 0x0,		0x8,	 false },
	/* Multicast table; MSI-X table and pending bits */
	{ "e1000e",	0, 0x5200,	0x5400,	 true },
	{ "e1000e",	3, 0x0,		0x4000,	 true, true },
	/* Capabilities and version; MSI-X table */
	{ "nvme",	0, 0x0,		0xc,	 false },
	{ "nvme",	0, 0x2000,	0x2400,	 false, true },
	{ "sriov",	0, 0x0,		0xc,	 false },
};

const struct area *area_at(unsigned int i)
{
	return i < ARRAY_SIZE(areas) ? &areas[i] : NULL;
}

const struct area *area_some(const struct model *m, struct random *r, bool write)
{
	const struct area *found = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++)
		if (!strcmp(areas[i].device, m->name) && (areas[i].write || !write) &&
		    !random_below(r, ++n))
			found = &areas[i];
	return found;
}

static int config_open(const struct model *m, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", m->addr);
	return open(path, flags | O_CLOEXEC);
}

int model_config(const struct model *m, uint8_t *config)
{
	int fd = config_open(m, O_RDONLY);
	int n;

	if (fd < 0)
		return -errno;
	n = pread(fd, config, CONFIG_SIZE, 0);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

int model_look(struct model *m, const char *name)
{
	int ret;

	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", name);
	ret = vfio_device_find(name, m->addr, sizeof(m->addr));
	if (ret)
		return ret;
	for (int i = 0; i < 6; i++) {
		uint64_t start, flags;

		if (vfio_resource(m->addr, i, &start, &m->bar_size[i], &flags))
			m->bar_size[i] = 0;
	}
	ret = model_config(m, m->config);
	if (ret < 0)
		return ret;
	m->config_size = ret;
	return 0;
}

static int model_file(const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/compare.%s", name);
	return open(path, flags | O_CLOEXEC, 0600);
}

int model_save(const struct model *m)
{
	int fd = model_file(m->name, O_CREAT | O_TRUNC | O_WRONLY);
	int n;

	if (fd < 0)
		return -errno;
	n = write(fd, m, sizeof(*m));
	close(fd);
	return n == sizeof(*m) ? 0 : -EIO;
}

int model_load(struct model *m, const char *name)
{
	int fd = model_file(name, O_RDONLY);
	int n;

	if (fd < 0)
		return -errno;
	n = read(fd, m, sizeof(*m));
	close(fd);
	return n == sizeof(*m) ? 0 : -EIO;
}

int model_restore(const struct model *m)
{
	uint8_t now[CONFIG_SIZE], want[CONFIG_SIZE];
	int fd, size = model_config(m, now);

	if (size < 0)
		return size;
	memcpy(want, m->config, sizeof(want));
	/* Decoding is on or off as the kernel knows it */
	want[PCI_COMMAND] &= ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	want[PCI_COMMAND] |= now[PCI_COMMAND] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	fd = config_open(m, O_RDWR);
	if (fd < 0)
		return -errno;
	for (int i = 0; i + 4 <= size; i += 4)
		if (memcmp(now + i, want + i, 4) && pwrite(fd, want + i, 4, i) != 4)
			perror("config");
	close(fd);
	return 0;
}
