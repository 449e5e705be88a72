// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of a device, and the eventfds they arrive on */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vfio_lib.h"

int vfio_irq_set(const struct vfio_dev *d, uint32_t flags, uint32_t index,
		 uint32_t start, uint32_t count, const void *data, size_t len)
{
	struct vfio_irq_set *set = calloc(1, sizeof(*set) + len);
	int ret;

	if (!set)
		return -ENOMEM;
	set->argsz = sizeof(*set) + len;
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	if (len)
		memcpy(set->data, data, len);
	ret = vfio_ioctl(d->fd, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return ret;
}

int vfio_irq_eventfds(const struct vfio_dev *d, uint32_t index, uint32_t start,
		      uint32_t count, const int32_t *fds)
{
	return vfio_irq_set(d, VFIO_IRQ_SET_DATA_EVENTFD |
			    VFIO_IRQ_SET_ACTION_TRIGGER,
			    index, start, count, fds, count * sizeof(*fds));
}

int vfio_irq_disable(const struct vfio_dev *d, uint32_t index)
{
	return vfio_irq_set(d, VFIO_IRQ_SET_DATA_NONE |
			    VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0, NULL, 0);
}

int vfio_irq_info(const struct vfio_dev *d, uint32_t index,
		  struct vfio_irq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return vfio_ioctl(d->fd, VFIO_DEVICE_GET_IRQ_INFO, info);
}

int vfio_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int64_t vfio_eventfd_wait(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t count;
	int n = poll(&p, 1, ms);

	if (n <= 0)
		return n ? -errno : -ETIMEDOUT;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return -errno;
	return count;
}
