// SPDX-License-Identifier: GPL-2.0-only
/* What the tests of vfio-mdev-pci itself share, see sample.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sample.h"

void sample_begin(void)
{
	struct dirent *entry;
	DIR *d;

	if (!vfio_driver_is_loaded())
		vfio_modprobe(SAMPLE);
	d = opendir("/sys/bus/pci/drivers/" SAMPLE);
	while (d && (entry = readdir(d)))
		if (strchr(entry->d_name, ':'))
			vfio_driver_unbind(entry->d_name);
	if (d)
		closedir(d);
}

int sample_bind(const char *name, char *addr, size_t len)
{
	int ret = vfio_device_find(name, addr, len);

	return ret ?: vfio_driver_bind(addr, SAMPLE);
}

int sample_bind_and_create(const char *name, const char *uuid, char *addr,
			   size_t len)
{
	return sample_bind(name, addr, len) ?: vfio_mdev_create(addr, uuid);
}

int sample_type_read(const char *addr, const char *attr, char *text, size_t len)
{
	char path[128];

	snprintf(path, sizeof(path), "mdev_supported_types/" SAMPLE_TYPE "/%s", attr);
	return vfio_attr_read(addr, path, text, len);
}

int sample_available(const char *addr)
{
	char text[16];
	int ret = sample_type_read(addr, "available_instances", text, sizeof(text));

	return ret < 0 ? ret : atoi(text);
}

static void path_of(const char *addr, const char *attr, char *path, size_t len)
{
	snprintf(path, len, "/sys/bus/%s/devices/%s/%s",
		 vfio_is_uuid(addr) ? "mdev" : "pci", addr, attr);
}

bool sample_attr_exists(const char *addr, const char *attr)
{
	char path[256];

	path_of(addr, attr, path, sizeof(path));
	return !access(path, F_OK);
}

const char *sample_link(const char *addr, const char *link)
{
	static char target[256];
	char path[256];
	ssize_t n;

	path_of(addr, link, path, sizeof(path));
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return "";
	target[n] = '\0';
	return basename(target);
}

int sample_mdevs(void)
{
	DIR *d = opendir("/sys/bus/mdev/devices");
	struct dirent *entry;
	int n = 0;

	if (!d)
		return -errno;
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

pid_t sample_start_remove(const char *uuid)
{
	return vfio_attr_write_begin(uuid, "remove", "1");
}

pid_t sample_start_unbind(const char *addr)
{
	return vfio_file_write_begin("/sys/bus/pci/drivers/" SAMPLE "/unbind", addr);
}

int sample_perm_users(void)
{
	char text[8192];
	int ret, n;

	ret = vfio_file_read("/sys/kernel/debug/vfio-pci-common/permissions", text,
			     sizeof(text));
	if (ret < 0)
		return ret;
	return sscanf(text, "users %d", &n) == 1 ? n : -EINVAL;
}

long sample_module_users(const char *module)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return vfio_file_read(path, text, sizeof(text)) < 0 ? -1 : atol(text);
}

int sample_delete_module(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}
