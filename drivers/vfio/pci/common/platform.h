/* SPDX-License-Identifier: GPL-2.0-only */
/* What only some architectures do while a device is open */
#ifndef VFIO_PCI_COMMON_PLATFORM_H
#define VFIO_PCI_COMMON_PLATFORM_H

#include <linux/pci.h>

#if IS_ENABLED(CONFIG_EEH)
#include <asm/eeh.h>

static inline void vfio_pci_platform_open(struct pci_dev *pdev)
{
	eeh_dev_open(pdev);
}

static inline void vfio_pci_platform_close(struct pci_dev *pdev)
{
	eeh_dev_release(pdev);
}
#else
static inline void vfio_pci_platform_open(struct pci_dev *pdev)
{
}

static inline void vfio_pci_platform_close(struct pci_dev *pdev)
{
}
#endif

#endif /* VFIO_PCI_COMMON_PLATFORM_H */
