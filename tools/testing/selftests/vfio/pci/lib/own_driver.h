/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a device works with the driver that it has when it is not a user's. */
#ifndef SELFTESTS_VFIO_PCI_OWN_DRIVER_H
#define SELFTESTS_VFIO_PCI_OWN_DRIVER_H

#include <stdbool.h>

/**
 * own_driver_bind() - give a device to its own driver, which is loaded first
 * @addr: PCI address of an NVMe controller or an 82574 network card
 *
 * Return: 0 or -errno; -ENODEV for another kind of device.
 */
int own_driver_bind(const char *addr);

/* Whether it works there: a block can be read, the link comes up */
bool own_driver_works(const char *addr);

#endif /* SELFTESTS_VFIO_PCI_OWN_DRIVER_H */
