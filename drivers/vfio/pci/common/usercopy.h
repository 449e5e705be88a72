/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of a register's size, which most accesses have, without the cost of a
 * copy of any size.
 */
#ifndef VFIO_PCI_COMMON_USERCOPY_H
#define VFIO_PCI_COMMON_USERCOPY_H

#include <linux/uaccess.h>

/* Returns 0 or -EFAULT */
static inline int vfio_pci_copy_in(void *to, const void __user *from,
				   size_t len)
{
	switch (len) {
	case 1:
		return get_user(*(u8 *)to, (const u8 __user *)from);
	case 2:
		return get_user(*(u16 *)to, (const u16 __user *)from);
	case 4:
		return get_user(*(u32 *)to, (const u32 __user *)from);
	default:
		return copy_from_user(to, from, len) ? -EFAULT : 0;
	}
}

/* Returns 0 or -EFAULT */
static inline int vfio_pci_copy_out(void __user *to, const void *from,
				    size_t len)
{
	switch (len) {
	case 1:
		return put_user(*(const u8 *)from, (u8 __user *)to);
	case 2:
		return put_user(*(const u16 *)from, (u16 __user *)to);
	case 4:
		return put_user(*(const u32 *)from, (u32 __user *)to);
	default:
		return copy_to_user(to, from, len) ? -EFAULT : 0;
	}
}

#endif /* VFIO_PCI_COMMON_USERCOPY_H */
