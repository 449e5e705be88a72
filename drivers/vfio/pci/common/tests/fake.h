/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that is nothing but a config space, which remembers how it was
 * accessed.  It has a bus of its own and is not known to the driver core, so
 * that a test does to it what it likes.
 *
 * fake_read() and fake_write() are the user's accesses, by way of the device
 * file's operations; fake->hw is what the device has in its registers.
 */
#ifndef VFIO_PCI_COMMON_TESTS_FAKE_H
#define VFIO_PCI_COMMON_TESTS_FAKE_H

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/pci.h>
#include <linux/unaligned.h>
#include <linux/vfio_pci_common.h>

#define FAKE_LOG	64

/**
 * struct fake_access - an access that the device saw
 * @pos: in config space
 * @len: bytes
 * @write: else it is a read
 * @val: what was read or written
 */
struct fake_access {
	u16	pos;
	u8	len;
	bool	write;
	u32	val;
};

/**
 * struct fake_pci - the device, and its user
 * @bus: the bus it is on
 * @pdev: the PCI device
 * @vdev: the same in the hands of the user
 * @inode: the device file
 * @mapping: of @inode
 * @user: page in the test's address space that user accesses go to and from
 * @hw: registers; all keep what is written to them
 * @vpd: where a VPD capability answers transfers, 0 if none does
 * @rom: what @vpd transfers
 * @fail_at: an access to this byte fails, 0 for none
 * @nr_log: accesses since fake_forget(), those beyond FAKE_LOG included
 * @log: the first of them
 */
struct fake_pci {
	struct pci_bus		bus;
	struct pci_dev		pdev;
	struct vfio_pci_device	vdev;
	struct inode		inode;
	struct address_space	mapping;
	u8 __user		*user;
	u8			hw[PCI_CFG_SPACE_EXP_SIZE];
	u16			vpd;
	u8			rom[64];
	u16			fail_at;
	unsigned int		nr_log;
	struct fake_access	log[FAKE_LOG];
};

struct fake_pci *fake_create(struct kunit *test, const char *name);
int fake_open(struct fake_pci *fake, u16 size);
void fake_close(struct fake_pci *fake);

/* Return what the operations of the device file return */
ssize_t fake_read_bytes(struct fake_pci *fake, u64 pos, void *buf, size_t len);
ssize_t fake_write_bytes(struct fake_pci *fake, u64 pos, const void *buf,
			 size_t len);

/* Of 1, 2 or 4 bytes, which succeed */
u32 fake_read(struct kunit *test, struct fake_pci *fake, u16 pos,
	      unsigned int len);
void fake_write(struct kunit *test, struct fake_pci *fake, u16 pos,
		unsigned int len, u32 val);

static inline void fake_forget(struct fake_pci *fake)
{
	fake->nr_log = 0;
}

/* Little endian, of 1 to 4 bytes */
static inline u32 fake_get(const u8 *bytes, unsigned int len)
{
	u32 val = 0;

	while (len--)
		val = val << 8 | bytes[len];
	return val;
}

static inline void fake_put(u8 *bytes, unsigned int len, u32 val)
{
	for (; len--; val >>= 8)
		*bytes++ = val;
}

void fake_std_cap(struct fake_pci *fake, u8 pos, u8 id, u8 next);
void fake_ext_cap(struct fake_pci *fake, u16 pos, u16 id, u8 version,
		  u16 next);
void fake_express(struct fake_pci *fake, u8 pos, u8 next);

#endif /* VFIO_PCI_COMMON_TESTS_FAKE_H */
