/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_CONFIG_H
#define VFIO_PCI_COMMON_CONFIG_H

#include <linux/types.h>
#include <linux/unaligned.h>
#include <linux/vfio_pci_common.h>

struct vfio_pci_access;

/**
 * struct vfio_pci_config_write - one step of a write to config space
 * @vdev: the device
 * @pos: in config space
 * @len: 1, 2 or 4; within a dword, and within one owner
 * @hook: enum vfio_pci_perm_hook
 * @val: what the user writes
 * @virt: bits of @val that are virtual
 * @write: bits of @val that may be written
 */
struct vfio_pci_config_write {
	struct vfio_pci_device	*vdev;
	u16			pos;
	u8			len;
	u8			hook;
	u32			val;
	u32			virt;
	u32			write;
};

int vfio_pci_config_open(struct vfio_pci_device *vdev);
void vfio_pci_config_close(struct vfio_pci_device *vdev);
ssize_t vfio_pci_common_config_rw(struct vfio_pci_access *access,
				  char __user *buf, size_t count, u64 pos,
				  bool iswrite);

/* For the emulation of registers, with config.lock held */
int vfio_pci_config_commit(const struct vfio_pci_config_write *w);
int vfio_pci_config_commit_command(const struct vfio_pci_config_write *w);
u16 vfio_pci_config_owner(struct vfio_pci_device *vdev, u16 pos);

static inline bool
vfio_pci_config_covers(const struct vfio_pci_config_write *w, u16 pos)
{
	return w->pos <= pos && pos < w->pos + w->len;
}

static inline u16 vfio_pci_vcopy_word(struct vfio_pci_device *vdev, u16 pos)
{
	return get_unaligned_le16(&vdev->config.vcopy[pos]);
}

static inline void vfio_pci_vcopy_set_word(struct vfio_pci_device *vdev,
					   u16 pos, u16 val)
{
	put_unaligned_le16(val, &vdev->config.vcopy[pos]);
}

static inline u32 vfio_pci_vcopy_dword(struct vfio_pci_device *vdev, u16 pos)
{
	return get_unaligned_le32(&vdev->config.vcopy[pos]);
}

static inline void vfio_pci_vcopy_set_dword(struct vfio_pci_device *vdev,
					    u16 pos, u32 val)
{
	put_unaligned_le32(val, &vdev->config.vcopy[pos]);
}

#endif /* VFIO_PCI_COMMON_CONFIG_H */
