/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_IGD_H
#define VFIO_PCI_COMMON_IGD_H

#include <linux/errno.h>

struct pci_dev;
struct vfio_pci_device;

#ifdef CONFIG_VFIO_PCI_IGD
int vfio_pci_igd_open(struct vfio_pci_device *vdev);
#else
static inline int vfio_pci_igd_open(struct vfio_pci_device *vdev)
{
	return 0;
}
#endif

#if IS_ENABLED(CONFIG_KUNIT)
struct pci_dev *vfio_pci_igd_get_bridge(unsigned int devfn);
#endif

#endif /* VFIO_PCI_COMMON_IGD_H */
