// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between a user's buffer and device memory or ports.
 *
 * Bus accesses go in ascending order, each as wide as its offset and what is
 * left allow: 8, 4, 2 or 1 bytes.  User memory has the byte order of the
 * device, little endian.
 *
 * The gate is held while the device is accessed, not while user memory is: a
 * page fault there may need the gate itself.  So data goes through a buffer on
 * the stack.  The user's buffer is checked before the device is accessed: nothing
 * is taken from the device that can't be delivered, and a bad buffer changes
 * nothing.
 */
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "access.h"
#include "io.h"
#include "usercopy.h"

/*
 * Bytes moved under one hold of the gate; a multiple of the largest width, and
 * on the stack, of which 32-bit machines grant a function half as much.
 */
#define BOUNCE	(16 * BITS_PER_LONG)

static unsigned int access_width(u64 off, size_t len, unsigned int max)
{
	unsigned int width = max;

	while (width > len || off & (width - 1))
		width >>= 1;
	return width;
}

static __always_inline void read_one(const void __iomem *addr, bool port,
				     unsigned int width, u8 *data)
{
	switch (width) {
	case 8:
		put_unaligned_le64(readq(addr), data);
		break;
	case 4:
		put_unaligned_le32(port ? ioread32(addr) : readl(addr), data);
		break;
	case 2:
		put_unaligned_le16(port ? ioread16(addr) : readw(addr), data);
		break;
	default:
		*data = port ? ioread8(addr) : readb(addr);
	}
}

static __always_inline void write_one(void __iomem *addr, bool port,
				      unsigned int width, u64 val)
{
	switch (width) {
	case 8:
		writeq(val, addr);
		break;
	case 4:
		port ? iowrite32(val, addr) : writel(val, addr);
		break;
	case 2:
		port ? iowrite16(val, addr) : writew(val, addr);
		break;
	default:
		port ? iowrite8(val, addr) : writeb(val, addr);
	}
}

/* One access of @width bytes; 8 at ports are two of 4, low first */
void vfio_pci_io_write(void __iomem *addr, bool port, unsigned int width,
		       u64 val)
{
	if (port && width == 8) {
		write_one(addr, true, 4, lower_32_bits(val));
		write_one(addr + 4, true, 4, upper_32_bits(val));
		return;
	}
	write_one(addr, port, width, val);
}

static __always_inline u64 get_data(const u8 *data, unsigned int width)
{
	switch (width) {
	case 8:
		return get_unaligned_le64(data);
	case 4:
		return get_unaligned_le32(data);
	case 2:
		return get_unaligned_le16(data);
	default:
		return *data;
	}
}

/* @count accesses of 8 bytes to memory */
static void read_run(const void __iomem *addr, u8 *data, size_t count)
{
	for (; count; count--, addr += 8, data += 8)
		read_one(addr, false, 8, data);
}

static void write_run(void __iomem *addr, const u8 *data, size_t count)
{
	for (; count; count--, addr += 8, data += 8)
		write_one(addr, false, 8, get_data(data, 8));
}

static void read_bus(const struct vfio_pci_io *io, u64 off, u8 *data,
		     size_t len)
{
	unsigned int width;
	size_t bytes;

	for (; len; len -= bytes, off += bytes, data += bytes) {
		width = access_width(off, len, io->max_width);
		bytes = width;
		/* The bulk of a long access has one width */
		if (width == 8 && !io->port) {
			bytes = round_down(len, 8);
			read_run(io->base + off, data, bytes / 8);
		} else {
			read_one(io->base + off, io->port, width, data);
		}
	}
}

static void write_bus(const struct vfio_pci_io *io, u64 off, const u8 *data,
		      size_t len)
{
	unsigned int width;
	size_t bytes;

	for (; len; len -= bytes, off += bytes, data += bytes) {
		width = access_width(off, len, io->max_width);
		bytes = width;
		if (width == 8 && !io->port) {
			bytes = round_down(len, 8);
			write_run(io->base + off, data, bytes / 8);
		} else {
			write_one(io->base + off, io->port, width,
				  get_data(data, width));
		}
	}
}

/* Access the device with the gate held */
static int do_bus(struct vfio_pci_access *access, const struct vfio_pci_io *io,
		  u64 off, u8 *data, size_t len, bool iswrite)
{
	int ret;

	ret = vfio_pci_access_lock(access);
	if (ret)
		return ret;

	if (io->test_memory && !vfio_pci_memory_enabled(access->vdev))
		ret = -EIO;
	else if (iswrite)
		write_bus(io, off, data, len);
	else
		read_bus(io, off, data, len);

	vfio_pci_access_unlock(access);
	return ret;
}

static ssize_t do_chunks(struct vfio_pci_access *access,
			 const struct vfio_pci_io *io, char __user *buf,
			 size_t count, u64 off, bool iswrite)
{
	u8 bounce[BOUNCE] __aligned(8) __uninitialized;
	size_t len, done;
	int ret;

	for (done = 0; done < count; done += len) {
		/* A chunk ends where the widest access would */
		len = min_t(size_t, count - done,
			    BOUNCE - ((off + done) & (io->max_width - 1)));

		if (iswrite && vfio_pci_copy_in(bounce, buf + done, len))
			return -EFAULT;
		ret = do_bus(access, io, off + done, bounce, len, iswrite);
		if (ret)
			return ret;
		if (!iswrite && vfio_pci_copy_out(buf + done, bounce, len))
			return -EFAULT;
	}
	return 0;
}

/* What is not there reads as ones.  Returns 0 or -EFAULT. */
int vfio_pci_fill_ones(char __user *buf, size_t count)
{
	u8 ones[64];
	size_t len;

	memset(ones, 0xff, sizeof(ones));
	for (; count; count -= len, buf += len) {
		len = min(count, sizeof(ones));
		if (copy_to_user(buf, ones, len))
			return -EFAULT;
	}
	return 0;
}

/* One access, as most are: registers */
static bool is_register(const struct vfio_pci_io *io, size_t count, u64 off)
{
	return count <= io->max_width && is_power_of_2(count) &&
	       !(off & (count - 1)) &&
	       (off >= io->hole_end || off + count <= io->hole_start ||
		io->hole_start >= io->hole_end);
}

static ssize_t register_rw(struct vfio_pci_access *access,
			   const struct vfio_pci_io *io, char __user *buf,
			   size_t count, u64 off, bool iswrite)
{
	u64 data = 0;
	int ret;

	/* Storing something is the cheapest proof that the data can be stored */
	if (iswrite ? vfio_pci_copy_in(&data, buf, count) :
		      vfio_pci_copy_out(buf, &data, count))
		return -EFAULT;

	ret = vfio_pci_access_lock(access);
	if (ret)
		return ret;
	if (io->test_memory && !vfio_pci_memory_enabled(access->vdev))
		ret = -EIO;
	else if (iswrite)
		write_one(io->base + off, io->port, count,
			  get_data((u8 *)&data, count));
	else
		read_one(io->base + off, io->port, count, (u8 *)&data);
	vfio_pci_access_unlock(access);

	if (!ret && !iswrite && vfio_pci_copy_out(buf, &data, count))
		ret = -EFAULT;
	return ret ?: count;
}

/* How far from @off the range is all hole or all device */
static u64 same_kind(const struct vfio_pci_io *io, u64 off, bool *hole)
{
	*hole = off >= io->hole_start && off < io->hole_end;
	if (*hole)
		return io->hole_end - off;
	if (off < io->hole_start && io->hole_start < io->hole_end)
		return io->hole_start - off;
	return U64_MAX;
}

/*
 * Read or write @count bytes at @off, which the caller has checked against the
 * size of the range.  Returns @count; -EFAULT for a bad buffer, -EIO while
 * memory decoding is off or if the device can't be woken.
 */
ssize_t vfio_pci_io_rw(struct vfio_pci_access *access,
		       const struct vfio_pci_io *io, char __user *buf,
		       size_t count, u64 off, bool iswrite)
{
	size_t len, done;
	bool hole;
	int ret;

	if (is_register(io, count, off))
		return register_rw(access, io, buf, count, off, iswrite);

	if (iswrite ? fault_in_readable(buf, count) :
		      fault_in_writeable(buf, count))
		return -EFAULT;

	for (done = 0; done < count; done += len) {
		len = min_t(u64, count - done, same_kind(io, off + done, &hole));

		if (!hole)
			ret = do_chunks(access, io, buf + done, len, off + done,
					iswrite);
		else
			ret = iswrite ? 0 : vfio_pci_fill_ones(buf + done, len);
		if (ret)
			return ret;
	}
	return count;
}
