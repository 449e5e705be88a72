/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_BAR_H
#define VFIO_PCI_COMMON_BAR_H

#include <linux/types.h>
#include <linux/vfio_pci_common.h>

struct vfio_pci_access;

void vfio_pci_bars_init(struct vfio_pci_device *vdev);
void vfio_pci_bars_open(struct vfio_pci_device *vdev);
void vfio_pci_bars_close(struct vfio_pci_device *vdev);
int vfio_pci_msix_table_open(struct vfio_pci_device *vdev);
int vfio_pci_bar_claim(struct vfio_pci_device *vdev, unsigned int bar);
void __iomem *vfio_pci_bar_map(struct vfio_pci_device *vdev, unsigned int bar);
bool vfio_pci_bar_hits_msix(struct vfio_pci_device *vdev, unsigned int bar,
			    u64 off, u64 len);
ssize_t vfio_pci_common_bar_rw(struct vfio_pci_access *access,
			       unsigned int bar, char __user *buf, size_t count,
			       u64 off, bool iswrite);

/* The kernel's mapping of BAR @bar if it was needed before, else NULL */
static inline void __iomem *vfio_pci_bar_mapped(struct vfio_pci_device *vdev,
						unsigned int bar)
{
	/* Pairs with a release: a mapping that is seen is complete */
	return smp_load_acquire(&vdev->bars.bar[bar].io);
}

#endif /* VFIO_PCI_COMMON_BAR_H */
