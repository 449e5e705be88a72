// SPDX-License-Identifier: GPL-2.0-only
/* Small files: attributes of devices, and what /sys says about resources */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vfio_lib.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define MDEV_DEVICES	"/sys/bus/mdev/devices"

int vfio_file_read(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int vfio_file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void attr_path(char *path, size_t len, const char *addr, const char *attr)
{
	const char *bus = strchr(addr, ':') ? PCI_DEVICES : MDEV_DEVICES;

	snprintf(path, len, "%s/%s/%s", bus, addr, attr);
}

int vfio_attr_read(const char *addr, const char *attr, char *buf, size_t len)
{
	char path[256];

	attr_path(path, sizeof(path), addr, attr);
	return vfio_file_read(path, buf, len);
}

int vfio_attr_write(const char *addr, const char *attr, const char *text)
{
	char path[256];

	attr_path(path, sizeof(path), addr, attr);
	return vfio_file_write(path, text);
}

int vfio_resource(const char *addr, int index, uint64_t *start, uint64_t *size,
		  uint64_t *flags)
{
	unsigned long long s, e, f;
	char text[4096];
	char *line = text;
	int ret;

	ret = vfio_attr_read(addr, "resource", text, sizeof(text));
	if (ret < 0)
		return ret;
	while (index-- && line)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	if (!line || sscanf(line, "%llx %llx %llx", &s, &e, &f) != 3)
		return -ENOENT;
	if (start)
		*start = s;
	if (size)
		*size = e ? e - s + 1 : 0;
	if (flags)
		*flags = f;
	return 0;
}
