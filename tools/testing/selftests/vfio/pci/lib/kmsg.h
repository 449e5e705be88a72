/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log, from a moment on. */
#ifndef SELFTESTS_VFIO_PCI_KMSG_H
#define SELFTESTS_VFIO_PCI_KMSG_H

#include <stdbool.h>

/* File that has what the kernel says from now on, or -errno */
int kmsg_open(void);

/**
 * kmsg_find() - wait for a message
 * @fd: as kmsg_open() returned it; messages up to the one found are consumed
 * @first: text that it contains
 * @second: text that it contains as well, may be NULL
 * @ms: how long to wait for it
 */
bool kmsg_find(int fd, const char *first, const char *second, int ms);

#endif /* SELFTESTS_VFIO_PCI_KMSG_H */
