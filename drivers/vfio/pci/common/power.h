/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_POWER_H
#define VFIO_PCI_COMMON_POWER_H

#include <linux/pci.h>

struct vfio_pci_device;

/* States can be compared: the larger, the less power */
static inline int vfio_pci_power_level(pci_power_t state)
{
	return (__force int)state;
}

/* In D3hot or less, where a function answers config accesses at most */
static inline bool vfio_pci_asleep(struct pci_dev *pdev)
{
	return vfio_pci_power_level(pdev->current_state) >=
	       vfio_pci_power_level(PCI_D3hot);
}

int vfio_pci_power_set(struct vfio_pci_device *vdev, pci_power_t state);
void vfio_pci_power_user_state(struct vfio_pci_device *vdev,
			       pci_power_t state);

void vfio_pci_power_register(struct vfio_pci_device *vdev);
void vfio_pci_power_unregister(struct vfio_pci_device *vdev);
int vfio_pci_power_open(struct vfio_pci_device *vdev);
void vfio_pci_power_wake_for_close(struct vfio_pci_device *vdev);
void vfio_pci_power_close(struct vfio_pci_device *vdev);

int vfio_pci_low_power_entry(struct vfio_pci_device *vdev, void __user *arg);
int vfio_pci_low_power_entry_wakeup(struct vfio_pci_device *vdev,
				    void __user *arg);
int vfio_pci_low_power_exit(struct vfio_pci_device *vdev, void __user *arg);

#endif /* VFIO_PCI_COMMON_POWER_H */
