/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_EMUL_H
#define VFIO_PCI_COMMON_EMUL_H

#include <linux/types.h>

struct vfio_pci_config_write;
struct vfio_pci_device;

void vfio_pci_emul_init(struct vfio_pci_device *vdev);
void vfio_pci_emul_init_pm(struct vfio_pci_device *vdev, u16 pos);
int vfio_pci_emul_write(const struct vfio_pci_config_write *w);

#endif /* VFIO_PCI_COMMON_EMUL_H */
