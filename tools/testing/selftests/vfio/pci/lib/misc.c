// SPDX-License-Identifier: GPL-2.0-only
/* Device features, the length rules of ioctls, and what the kernel counts */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vfio_lib.h"

#define TAIL		64
#define TAIL_BYTE	0xa5

int vfio_feature(const struct vfio_dev *d, uint32_t flags, void *data,
		 size_t len)
{
	struct vfio_device_feature *f = calloc(1, sizeof(*f) + len);
	int ret;

	if (!f)
		return -ENOMEM;
	f->argsz = sizeof(*f) + len;
	f->flags = flags;
	if (len)
		memcpy(f->data, data, len);
	ret = vfio_ioctl(d->fd, VFIO_DEVICE_FEATURE, f);
	if (ret >= 0 && len)
		memcpy(data, f->data, len);
	free(f);
	return ret;
}

int vfio_argsz_case(int fd, unsigned long request, void *arg, size_t size,
		    uint32_t argsz)
{
	char *p = vfio_guarded(size);
	int ret;

	if (!p)
		return -ENOMEM;
	memcpy(p, arg, size);
	memcpy(p, &argsz, sizeof(argsz));
	ret = vfio_ioctl(fd, request, p);
	memcpy(arg, p, size);
	vfio_guarded_free(p);
	return ret;
}

int vfio_argsz_tail(int fd, unsigned long request, void *arg, size_t size,
		    bool *touched)
{
	uint32_t argsz = size + TAIL;
	char *p = vfio_guarded(argsz);
	int ret;

	if (!p)
		return -ENOMEM;
	memcpy(p, arg, size);
	memcpy(p, &argsz, sizeof(argsz));
	memset(p + size, TAIL_BYTE, TAIL);
	ret = vfio_ioctl(fd, request, p);
	memcpy(arg, p, size);
	*touched = false;
	for (int i = 0; i < TAIL; i++)
		if (p[size + i] != (char)TAIL_BYTE)
			*touched = true;
	vfio_guarded_free(p);
	return ret;
}

bool vfio_stock(void)
{
	const char *stock = getenv("VFIO_TEST_STOCK");

	return stock && !strcmp(stock, "1");
}

unsigned int vfio_slowness(void)
{
	const char *text = getenv("VFIO_TEST_SLOWNESS");
	int factor = text ? atoi(text) : 1;

	return factor > 0 ? factor : 1;
}

/* --- What the kernel counts --------------------------------------------- */

long vfio_slab_objects(const char *prefix)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[512], name[128];
	long active, sum = 0;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%127s %ld", name, &active) == 2 &&
		    !strncmp(name, prefix, strlen(prefix)))
			sum += active;
	fclose(f);
	return sum;
}

long vfio_meminfo_kb(const char *field)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128], name[64];
	long val, found = -ENOENT;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld", name, &val) == 2 &&
		    !strcmp(name, field))
			found = val;
	fclose(f);
	return found;
}

int vfio_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return -errno;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3;	/* ".", ".." and the directory itself */
}

int64_t vfio_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void vfio_sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
}
