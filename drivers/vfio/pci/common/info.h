/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_INFO_H
#define VFIO_PCI_COMMON_INFO_H

struct vfio_device_info;
struct vfio_irq_info;
struct vfio_pci_device;
struct vfio_region_info;

int vfio_pci_info_device(struct vfio_pci_device *vdev,
			 struct vfio_device_info *info, void __user *arg);
int vfio_pci_info_irq(struct vfio_pci_device *vdev, struct vfio_irq_info *info,
		      void __user *arg);
int vfio_pci_info_region(struct vfio_pci_device *vdev,
			 struct vfio_region_info *info, void __user *arg);

#endif /* VFIO_PCI_COMMON_INFO_H */
