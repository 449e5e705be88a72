/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking devices out of their slots and putting them back in, for which the
 * test VM has its monitor.
 */
#ifndef SELFTESTS_VFIO_PCI_HOTPLUG_H
#define SELFTESTS_VFIO_PCI_HOTPLUG_H

#include <stdbool.h>
#include <stddef.h>

#include "vfio_lib.h"

/* Why that cannot be done with the target here, as text for SKIP(), or NULL */
const char *hotplug_missing(const struct vfio_target *t);

/* A command for the emulator's monitor; -EEXIST or -EIO when it answers with an error */
int hotplug_monitor(const char *command);

/* Press the button of the slot; the kernel waits five seconds, then for users */
int hotplug_eject(const char *name);
/* Put the device in, as it was when the VM started */
int hotplug_insert(const char *name);

/* File by which the slot of a device is turned off and on; -ENODEV */
int hotplug_slot_power(const char *addr, char *path, size_t len);

/* Whether the kernel has the device, or has it no more, within 30 seconds */
bool hotplug_appears(const char *addr);
bool hotplug_disappears(const char *addr);

#endif /* SELFTESTS_VFIO_PCI_HOTPLUG_H */
