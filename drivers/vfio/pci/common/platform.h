/* SPDX-License-Identifier: GPL-2.0-only */
/* What only some architectures do or have while a device is open */
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

#ifdef CONFIG_S390
#include <asm/pci_io.h>

/* Without memory I/O a BAR has a number for the PCI instructions, no address */
static inline bool vfio_pci_platform_has_address(const struct resource *res)
{
	return !(res->start & ZPCI_IOMAP_ADDR_BASE);
}

/* After an error the platform blocks all access until a reset */
static inline bool vfio_pci_platform_blocks(const struct pci_dev *pdev)
{
	return pdev->error_state == pci_channel_io_frozen;
}
#else
static inline bool vfio_pci_platform_has_address(const struct resource *res)
{
	return true;
}

static inline bool vfio_pci_platform_blocks(const struct pci_dev *pdev)
{
	return false;
}
#endif

#endif /* VFIO_PCI_COMMON_PLATFORM_H */
