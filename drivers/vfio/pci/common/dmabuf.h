/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_DMABUF_H
#define VFIO_PCI_COMMON_DMABUF_H

#include <linux/vfio_pci_common.h>

#if IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
int vfio_pci_dmabuf_register(struct vfio_pci_device *vdev);
void vfio_pci_dmabuf_close(struct vfio_pci_device *vdev);
void vfio_pci_dmabuf_revoke(struct vfio_pci_device *vdev);
void vfio_pci_dmabuf_resume(struct vfio_pci_device *vdev);
int vfio_pci_dmabuf_get(struct vfio_pci_device *vdev, void __user *arg);
#else
static inline int vfio_pci_dmabuf_register(struct vfio_pci_device *vdev)
{
	return 0;
}

static inline void vfio_pci_dmabuf_close(struct vfio_pci_device *vdev) { }
static inline void vfio_pci_dmabuf_revoke(struct vfio_pci_device *vdev) { }
static inline void vfio_pci_dmabuf_resume(struct vfio_pci_device *vdev) { }
#endif

#endif /* VFIO_PCI_COMMON_DMABUF_H */
