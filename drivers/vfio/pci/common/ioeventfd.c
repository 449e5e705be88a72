// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eventfds that write a fixed value to a BAR when they are signalled, so that
 * a hypervisor's doorbells need no exit to user space.
 *
 * The write happens in the wake-up of the eventfd if the gate can be had
 * without waiting, else in a work item.  Writes while memory decoding is off
 * are lost, as they would be on the bus.
 *
 * Owns vfio_pci_device.ioeventfds, under its lock.
 */
#include <linux/cleanup.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "access.h"
#include "bar.h"
#include "io.h"
#include "ioeventfd.h"

#define MAX_IOEVENTFDS	1000

/**
 * struct vfio_pci_ioeventfd - an eventfd and what it writes
 * @next: on vfio_pci_ioeventfds.list
 * @vdev: the device
 * @virqfd: the eventfd's side
 * @addr: in the kernel's mapping of @bar
 * @off: in @bar
 * @data: to write
 * @bar: number
 * @width: in bytes
 * @port: @bar is an I/O BAR, which has no memory decoding to test
 */
struct vfio_pci_ioeventfd {
	struct list_head	next;
	struct vfio_pci_device	*vdev;
	struct virqfd		*virqfd;
	void __iomem		*addr;
	u64			off;
	u64			data;
	u8			bar;
	u8			width;
	bool			port;
};

void vfio_pci_ioeventfd_init(struct vfio_pci_device *vdev)
{
	mutex_init(&vdev->ioeventfds.lock);
	INIT_LIST_HEAD(&vdev->ioeventfds.list);
}

static void do_write(struct vfio_pci_ioeventfd *e)
{
	if (!e->port && !vfio_pci_memory_enabled(e->vdev))
		return;
	vfio_pci_io_write(e->addr, e->port, e->width, e->data);
}

/* From the wake-up of the eventfd; 1 asks for the thread */
static int fire(void *opaque, void *unused)
{
	struct vfio_pci_ioeventfd *e = opaque;

	/* In low power the device has to be woken, which sleeps */
	if (!down_read_trylock(&e->vdev->gate.lock))
		return 1;
	if (e->vdev->power.low_power) {
		up_read(&e->vdev->gate.lock);
		return 1;
	}
	do_write(e);
	up_read(&e->vdev->gate.lock);
	return 0;
}

static void fire_thread(void *opaque, void *unused)
{
	struct vfio_pci_ioeventfd *e = opaque;
	struct vfio_pci_access access = { .vdev = e->vdev };

	if (!vfio_pci_access_lock(&access)) {
		do_write(e);
		vfio_pci_access_unlock(&access);
	}
	vfio_pci_access_end(&access);
}

static void remove(struct vfio_pci_device *vdev, struct vfio_pci_ioeventfd *e)
{
	vfio_virqfd_disable(&e->virqfd);
	/* The shutdown of the virqfd waits for its thread; see virqfd.c */
	list_del(&e->next);
	vdev->ioeventfds.nr--;
	kfree(e);
}

static struct vfio_pci_ioeventfd *find(struct vfio_pci_device *vdev,
				       const struct vfio_pci_ioeventfd *key)
{
	struct vfio_pci_ioeventfd *e;

	lockdep_assert_held(&vdev->ioeventfds.lock);

	list_for_each_entry(e, &vdev->ioeventfds.list, next)
		if (e->bar == key->bar && e->off == key->off &&
		    e->data == key->data && e->width == key->width)
			return e;
	return NULL;
}

static int add(struct vfio_pci_device *vdev,
	       const struct vfio_pci_ioeventfd *key, int fd)
{
	struct vfio_pci_ioeventfd *e;
	int ret;

	if (vdev->ioeventfds.nr >= MAX_IOEVENTFDS)
		return -ENOSPC;

	e = kmemdup(key, sizeof(*key), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;

	ret = vfio_virqfd_enable(e, fire, fire_thread, NULL, &e->virqfd, fd);
	if (ret) {
		kfree(e);
		return ret;
	}
	list_add(&e->next, &vdev->ioeventfds.list);
	vdev->ioeventfds.nr++;
	return 0;
}

/* Check the request's numbers and fill @key from them */
static int parse(struct vfio_pci_device *vdev,
		 const struct vfio_device_ioeventfd *arg,
		 struct vfio_pci_ioeventfd *key)
{
	u64 off = arg->offset & VFIO_PCI_COMMON_OFFSET_MASK;
	unsigned int bar = vfio_pci_common_offset_to_index(arg->offset);
	unsigned int width = arg->flags & VFIO_DEVICE_IOEVENTFD_SIZE_MASK;

	if (arg->flags & ~VFIO_DEVICE_IOEVENTFD_SIZE_MASK ||
	    hweight32(width) != 1 || arg->fd < -1)
		return -EINVAL;
	if (bar > VFIO_PCI_BAR5_REGION_INDEX)
		return -EINVAL;
	if (off + width > pci_resource_len(vdev->pdev, bar) ||
	    vfio_pci_bar_hits_msix(vdev, bar, off, width))
		return -EINVAL;

	key->vdev = vdev;
	key->off = off;
	key->data = arg->data;
	key->bar = bar;
	key->width = width;
	key->port = pci_resource_flags(vdev->pdev, bar) & IORESOURCE_IO;

	key->addr = vfio_pci_bar_map(vdev, bar);
	if (IS_ERR(key->addr))
		return PTR_ERR(key->addr);
	key->addr += off;
	return 0;
}

/*
 * VFIO_DEVICE_IOEVENTFD.  Returns 0; -EINVAL for flags, an offset or a file
 * that are none; -EEXIST or -ENODEV if the same write is there already, or not
 * there to be removed; -ENOSPC past MAX_IOEVENTFDS; -EBADF for a closed fd;
 * -ENOMEM; or why the BAR can't be used.
 */
int vfio_pci_ioeventfd_set(struct vfio_pci_device *vdev,
			   const struct vfio_device_ioeventfd *arg)
{
	struct vfio_pci_ioeventfd key = { }, *e;
	int ret;

	ret = parse(vdev, arg, &key);
	if (ret)
		return ret;

	guard(mutex)(&vdev->ioeventfds.lock);

	e = find(vdev, &key);
	if (arg->fd >= 0)
		return e ? -EEXIST : add(vdev, &key, arg->fd);
	if (!e)
		return -ENODEV;
	remove(vdev, e);
	return 0;
}

void vfio_pci_ioeventfd_close(struct vfio_pci_device *vdev)
{
	struct vfio_pci_ioeventfd *e, *next;

	guard(mutex)(&vdev->ioeventfds.lock);

	list_for_each_entry_safe(e, next, &vdev->ioeventfds.list, next)
		remove(vdev, e);
}
