// SPDX-License-Identifier: GPL-2.0-only
/* Regions of a device: pread(), pwrite(), mmap(), and touching a mapping */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_lib.h"

#define REGION_SHIFT	40

int vfio_ioctl(int fd, unsigned long request, const void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

uint64_t vfio_region_pos(const struct vfio_dev *d, unsigned int index,
			 uint64_t offset)
{
	if (index < VFIO_NR_REGIONS && d->region[index].size)
		return d->region[index].offset + offset;
	return ((uint64_t)index << REGION_SHIFT) + offset;
}

ssize_t vfio_region_read(const struct vfio_dev *d, unsigned int index,
			 uint64_t offset, void *buf, size_t len)
{
	ssize_t n = pread(d->fd, buf, len, vfio_region_pos(d, index, offset));

	return n < 0 ? -errno : n;
}

ssize_t vfio_region_write(const struct vfio_dev *d, unsigned int index,
			  uint64_t offset, const void *buf, size_t len)
{
	ssize_t n = pwrite(d->fd, buf, len, vfio_region_pos(d, index, offset));

	return n < 0 ? -errno : n;
}

int vfio_region_info(const struct vfio_dev *d, unsigned int index,
		     struct vfio_region_info *info, size_t argsz)
{
	memset(info, 0, argsz);
	info->argsz = argsz;
	info->index = index;
	return vfio_ioctl(d->fd, VFIO_DEVICE_GET_REGION_INFO, info);
}

const struct vfio_info_cap_header *
vfio_info_cap(const void *info, uint32_t argsz, uint32_t cap_offset,
	      uint16_t id)
{
	const struct vfio_info_cap_header *cap;

	for (int n = 0; cap_offset && n < VFIO_MAX_CAPS; n++) {
		if (cap_offset + sizeof(*cap) > argsz)
			return NULL;
		cap = (const void *)((const char *)info + cap_offset);
		if (cap->id == id)
			return cap;
		cap_offset = cap->next;
	}
	return NULL;
}

int vfio_region_mmap(const struct vfio_dev *d, unsigned int index,
		     uint64_t offset, size_t len, int prot, int flags,
		     void **addr)
{
	*addr = mmap(NULL, len, prot, flags, d->fd,
		     vfio_region_pos(d, index, offset));
	return *addr == MAP_FAILED ? -errno : 0;
}

/* --- Touching memory that may answer with a signal ---------------------- */

static sigjmp_buf caught;

static void on_fault(int sig)
{
	siglongjmp(caught, sig);
}

/* Atomics, because they are exactly one access of that width */
static uint64_t read_width(const void *addr, int width)
{
	switch (width) {
	case 1:
		return __atomic_load_n((const uint8_t *)addr, __ATOMIC_RELAXED);
	case 2:
		return __atomic_load_n((const uint16_t *)addr, __ATOMIC_RELAXED);
	case 4:
		return __atomic_load_n((const uint32_t *)addr, __ATOMIC_RELAXED);
	default:
		return __atomic_load_n((const uint64_t *)addr, __ATOMIC_RELAXED);
	}
}

static void write_width(void *addr, int width, uint64_t val)
{
	switch (width) {
	case 1:
		return __atomic_store_n((uint8_t *)addr, val, __ATOMIC_RELAXED);
	case 2:
		return __atomic_store_n((uint16_t *)addr, val, __ATOMIC_RELAXED);
	case 4:
		return __atomic_store_n((uint32_t *)addr, val, __ATOMIC_RELAXED);
	default:
		return __atomic_store_n((uint64_t *)addr, val, __ATOMIC_RELAXED);
	}
}

/* One access with both signals caught; @in is NULL for a read into @out */
static int touch(void *addr, int width, const uint64_t *in, uint64_t *out)
{
	struct sigaction act = { .sa_handler = on_fault };
	struct sigaction bus, segv;
	int sig;

	sigaction(SIGBUS, &act, &bus);
	sigaction(SIGSEGV, &act, &segv);
	sig = sigsetjmp(caught, 1);
	if (!sig) {
		if (in)
			write_width(addr, width, *in);
		else
			*out = read_width(addr, width);
	}
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return sig;
}

int vfio_load(const void *addr, int width, uint64_t *val)
{
	uint64_t ignored;

	return touch((void *)addr, width, NULL, val ? val : &ignored);
}

int vfio_store(void *addr, int width, uint64_t val)
{
	return touch(addr, width, &val, NULL);
}
