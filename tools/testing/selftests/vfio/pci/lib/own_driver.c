// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own_driver.h"
#include "vfio_lib.h"

/* The first entry of a directory of the device with that prefix */
static bool find_entry(const char *addr, const char *dir, const char *prefix,
		       char *name, size_t size)
{
	struct dirent *entry;
	char path[256];
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", addr, dir);
	d = opendir(path);
	while (d && !found && (entry = readdir(d))) {
		found = !strncmp(entry->d_name, prefix, strlen(prefix));
		if (found)
			snprintf(name, size, "%s", entry->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

static bool wait_for_entry(const char *addr, const char *dir, const char *prefix,
			   char *name, size_t size)
{
	int ms;

	for (ms = 0; ms < 10000; ms += 10) {
		if (find_entry(addr, dir, prefix, name, size))
			return true;
		vfio_sleep_ms(10);
	}
	return false;
}

/* Reads from the first namespace of the controller, wherever it appears. */
static bool nvme_reads(const char *addr)
{
	char controller[256], namespace[256], dir[300], path[300];
	char block[4096];
	ssize_t length = -1;
	int fd, ms;

	if (!wait_for_entry(addr, "nvme", "nvme", controller, sizeof(controller)))
		return false;
	snprintf(dir, sizeof(dir), "nvme/%s", controller);
	if (!wait_for_entry(addr, dir, "nvme", namespace, sizeof(namespace)))
		return false;
	snprintf(path, sizeof(path), "/dev/%s", namespace);
	for (ms = 0; ms < 5000 && length < 0; ms += 10) {
		fd = open(path, O_RDONLY | O_DIRECT);
		if (fd >= 0) {
			void *aligned = vfio_buffer(4096);

			length = read(fd, aligned, sizeof(block));
			vfio_buffer_free(aligned, 4096);
			close(fd);
		}
		vfio_sleep_ms(10);
	}
	return length == sizeof(block);
}

static bool e1000e_works(const char *addr)
{
	char name[256], path[300], text[32];
	int ms;

	if (!wait_for_entry(addr, "net", "eth", name, sizeof(name)))
		return false;
	snprintf(path, sizeof(path), "ip link set %s up", name);
	if (system(path))
		return false;
	snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", name);
	for (ms = 0; ms < 10000; ms += 10) {
		if (vfio_file_read(path, text, sizeof(text)) > 0 && !strcmp(text, "1"))
			return true;
		vfio_sleep_ms(10);
	}
	return false;
}

/**
 * struct own_driver - a kind of device
 * @id: what its file "device" says
 * @name: its driver
 * @works: whether a device works with it
 */
struct own_driver {
	const char *id;
	const char *name;
	bool (*works)(const char *addr);
};

static const struct own_driver drivers[] = {
	{ "0x0010", "nvme", nvme_reads },
	{ "0x10d3", "e1000e", e1000e_works },
};

static const struct own_driver *find_driver(const char *addr)
{
	char id[16];
	size_t i;

	if (vfio_attr_read(addr, "device", id, sizeof(id)) < 0)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(drivers); i++)
		if (!strcmp(drivers[i].id, id))
			return &drivers[i];
	return NULL;
}

int own_driver_bind(const char *addr)
{
	const struct own_driver *own = find_driver(addr);

	if (!own)
		return -ENODEV;
	return vfio_modprobe(own->name) ?: vfio_driver_bind(addr, own->name);
}

bool own_driver_works(const char *addr)
{
	const struct own_driver *own = find_driver(addr);

	return own && own->works(addr);
}
