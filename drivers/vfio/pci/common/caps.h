/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_CAPS_H
#define VFIO_PCI_COMMON_CAPS_H

struct vfio_pci_device;

/* Walk the capability chains and fill the map and the virtual copy */
int vfio_pci_caps_map(struct vfio_pci_device *vdev);

#endif /* VFIO_PCI_COMMON_CAPS_H */
