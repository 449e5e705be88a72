// SPDX-License-Identifier: GPL-2.0-only
/* The table of device names, see devices.h */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "vfio_lib.h"

static const struct {
	const char *name;
	unsigned int vendor;
	unsigned int device;
} models[] = {
	{ "edu",	0x1234, 0x11e8 },
	{ "ivshmem",	0x1af4, 0x1110 },
	{ "testdev",	0x1b36, 0x0005 },
	{ "virtio",	0x1af4, 0x1041 },
	{ "vga",	0x1234, 0x1111 },
	{ "hda",	0x8086, 0x293e },
	{ "e1000e",	0x8086, 0x10d3 },
	{ "nvme",	0x1b36, 0x0010 },
};

static struct vfio_device_row table[VFIO_MAX_DEVICES];
static int used;

static unsigned int id_of(const char *addr, const char *attr)
{
	char text[16];

	if (vfio_attr_read(addr, attr, text, sizeof(text)) < 0)
		return 0;
	return strtoul(text, NULL, 16);
}

static void add(const char *name, const char *addr)
{
	if (used == VFIO_MAX_DEVICES)
		return;
	snprintf(table[used].name, sizeof(table[used].name), "%s", name);
	snprintf(table[used].addr, sizeof(table[used].addr), "%.15s", addr);
	used++;
}

/* A line counts when the device is there and is what the line says */
static void add_line(const char *line)
{
	unsigned int vendor, device;
	char name[16], addr[16];

	if (sscanf(line, "%15s %15s %x:%x", name, addr, &vendor, &device) == 4 &&
	    id_of(addr, "vendor") == vendor && id_of(addr, "device") == device)
		add(name, addr);
}

static bool read_file(void)
{
	const char *path = getenv("VFIO_TEST_DEVICES");
	char line[128];
	FILE *f = fopen(path ? path : "/etc/vm-devices", "r");

	if (!f && path)
		perror(path);
	if (!f)
		return path;
	while (fgets(line, sizeof(line), f))
		add_line(line);
	fclose(f);
	return true;
}

static void add_by_ids(const char *addr)
{
	unsigned int vendor = id_of(addr, "vendor");
	unsigned int device = id_of(addr, "device");

	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i].vendor == vendor && models[i].device == device)
			add(models[i].name, addr);
}

static void scan_bus(void)
{
	struct dirent **list;
	int n = scandir("/sys/bus/pci/devices", &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (strchr(list[i]->d_name, ':'))
			add_by_ids(list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

int vfio_device_table(const struct vfio_device_row **rows)
{
	static bool known;

	if (!known && !read_file())
		scan_bus();
	known = true;
	*rows = table;
	return used;
}
