/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's newest interface on older kernels.
 *
 * The sources are written against the newest kernel; this header is included
 * before each of them and gives older ones what they lack; for the newest one it
 * is empty.  It is the only place that knows kernel versions, and compares them
 * with "<" only, see the script "needed".  What is built and tried is 6.12; 7.3
 * builds; versions between them were not looked at.
 */
#ifndef VFIO_PCI_COMPAT_H
#define VFIO_PCI_COMPAT_H

#include <linux/version.h>

#ifndef __ASSEMBLY__

/*
 * A quirk of s390's ISM device, and the flag for it, came with 6.16; no BAR
 * could be mapped by the user there until then.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define vfio_pci_bars_non_mappable(pdev) ((void)(pdev), false)
#define vfio_pci_bars_mmap	(!IS_ENABLED(CONFIG_S390))
#endif

/* The producer's token and interrupt became arguments */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/irqbypass.h>

struct eventfd_ctx;

static inline int
vfio_pci_compat_register_producer(struct irq_bypass_producer *producer,
				  struct eventfd_ctx *eventfd, int irq)
{
	producer->token = eventfd;
	producer->irq = irq;
	return irq_bypass_register_producer(producer);
}

#define irq_bypass_register_producer(producer, eventfd, irq) \
	vfio_pci_compat_register_producer(producer, eventfd, irq)
#endif

/* Page frame numbers lost their type */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/mm.h>
#include <linux/huge_mm.h>
#include <linux/pfn_t.h>

#define vmf_insert_pfn_pmd(vmf, pfn, write) \
	vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write)
#define vmf_insert_pfn_pud(vmf, pfn, write) \
	vmf_insert_pfn_pud(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write)
#endif

/* Symbol namespaces became strings */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#include <linux/module.h>

#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, ns)
#endif

/*
 * Operations that struct vfio_device_ops doesn't have: the ioctl operation
 * answers VFIO_DEVICE_GET_REGION_INFO itself, the match operation checks
 * tokens, and there are no PASIDs.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define VFIO_PCI_COMMON_NEWEST_OPS
#endif

#endif /* __ASSEMBLY__ */

#endif /* VFIO_PCI_COMPAT_H */
