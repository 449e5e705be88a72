/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_ZDEV_H
#define VFIO_PCI_COMMON_ZDEV_H

#include <linux/vfio.h>

struct vfio_pci_device;

/* Kernels without the feature recover by themselves and keep no records. */
#if defined(CONFIG_VFIO_PCI_ZDEV_KVM) && defined(VFIO_DEVICE_FEATURE_ZPCI_ERROR)
#define VFIO_PCI_ZDEV_ERRORS
#endif

#ifdef CONFIG_VFIO_PCI_ZDEV_KVM
int vfio_pci_zdev_open(struct vfio_pci_device *vdev);
void vfio_pci_zdev_close(struct vfio_pci_device *vdev);
int vfio_pci_zdev_add_caps(struct vfio_pci_device *vdev,
			   struct vfio_info_cap *caps);
#else
static inline int vfio_pci_zdev_open(struct vfio_pci_device *vdev)
{
	return 0;
}

static inline void vfio_pci_zdev_close(struct vfio_pci_device *vdev)
{
}

static inline int vfio_pci_zdev_add_caps(struct vfio_pci_device *vdev,
					 struct vfio_info_cap *caps)
{
	return 0;
}
#endif

#ifdef VFIO_PCI_ZDEV_ERRORS
int vfio_pci_zdev_get_error(struct vfio_pci_device *vdev, void __user *arg);
#endif

#endif /* VFIO_PCI_COMMON_ZDEV_H */
