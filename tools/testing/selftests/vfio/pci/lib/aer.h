/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI Express errors that did not happen. */
#ifndef SELFTESTS_VFIO_PCI_AER_H
#define SELFTESTS_VFIO_PCI_AER_H

#include <stdint.h>

/**
 * aer_inject() - have the kernel believe that a device reported an error
 * @addr: PCI address
 * @uncorrectable: PCI_ERR_UNC_*
 * @correctable: PCI_ERR_COR_*
 *
 * The module aer_inject has to be loaded.
 *
 * Return: 0 or -errno.
 */
int aer_inject(const char *addr, uint32_t uncorrectable, uint32_t correctable);

#endif /* SELFTESTS_VFIO_PCI_AER_H */
