// SPDX-License-Identifier: GPL-2.0-only
/* Mediated devices: made of PCI devices that vfio-mdev-pci drives */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfio_lib.h"

bool vfio_is_uuid(const char *name)
{
	return strlen(name) == 36 && name[8] == '-';
}

/* The address is the end of it, so that a log says whose it is. */
void vfio_mdev_uuid(const char *addr, char *uuid, size_t len)
{
	unsigned int domain = 0, bus = 0, slot = 0, function = 0;

	if (sscanf(addr, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		fprintf(stderr, "# %s is no PCI address\n", addr);
	snprintf(uuid, len, "76666973-7465-4374-8000-%04x%02x%02x%04x",
		 domain & 0xffff, bus & 0xff, slot & 0xff, function & 0xf);
}

int vfio_mdev_parent(const char *uuid, char *addr, size_t len)
{
	char path[128], *real;

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s", uuid);
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	snprintf(addr, len, "%s", basename(dirname(real)));
	free(real);
	return 0;
}

bool vfio_mdev_exists(const char *uuid)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s", uuid);
	return !access(path, F_OK);
}

/* The sample has one type only. */
static int find_type(const char *addr, char *type, size_t len)
{
	struct dirent *entry;
	char path[128];
	DIR *d;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/mdev_supported_types",
		 addr);
	d = opendir(path);
	if (!d)
		return -errno;
	do {
		entry = readdir(d);
	} while (entry && entry->d_name[0] == '.');
	if (entry)
		snprintf(type, len, "%.63s", entry->d_name);
	closedir(d);
	return entry ? 0 : -ENOENT;
}

int vfio_mdev_create(const char *addr, const char *uuid)
{
	char type[64], attr[128];
	int ret = find_type(addr, type, sizeof(type));

	if (ret)
		return ret;
	snprintf(attr, sizeof(attr), "mdev_supported_types/%s/create", type);
	return vfio_attr_write(addr, attr, uuid);
}

int vfio_mdev_remove(const char *uuid)
{
	return vfio_attr_write(uuid, "remove", "1");
}
