/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_IOEVENTFD_H
#define VFIO_PCI_COMMON_IOEVENTFD_H

struct vfio_device_ioeventfd;
struct vfio_pci_device;

void vfio_pci_ioeventfd_init(struct vfio_pci_device *vdev);
int vfio_pci_ioeventfd_set(struct vfio_pci_device *vdev,
			   const struct vfio_device_ioeventfd *arg);
void vfio_pci_ioeventfd_close(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_IOEVENTFD_H */
