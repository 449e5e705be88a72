/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of vfio-mdev-pci itself share.  Conventions are those of
 * vfio_lib.h.
 */
#ifndef SELFTESTS_VFIO_PCI_SAMPLE_H
#define SELFTESTS_VFIO_PCI_SAMPLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "vfio_lib.h"

#define SAMPLE		"vfio-mdev-pci"
#define SAMPLE_MODULE	"vfio_mdev_pci"
#define SAMPLE_TYPE	"vfio-mdev-pci-device"

#define UUID_A		"0f3b9a52-1c8e-4d75-b6a1-93e2c47d5f08"
#define UUID_A_UPPER	"0F3B9A52-1C8E-4D75-B6A1-93E2C47D5F08"
#define UUID_B		"7d51e6c4-88f2-4b0a-9e37-2c1d6fa05b93"

/* Load it, and unbind what a test left bound that failed */
void sample_begin(void);
/* Bind a device of the table to the sample; its address */
int sample_bind(const char *name, char *addr, size_t len);
/* The same, with an mdev of that UUID */
int sample_bind_and_create(const char *name, const char *uuid, char *addr,
			   size_t len);
/* Attribute of the type; length of the text */
int sample_type_read(const char *addr, const char *attr, char *text, size_t len);
/* Number in available_instances of the type; -errno, such as without a type */
int sample_available(const char *addr);

/* A file of a device in sysfs, which may be a directory, is there */
bool sample_attr_exists(const char *addr, const char *attr);
/* Last component of where a link of a device leads to, "" without the link */
const char *sample_link(const char *addr, const char *link);
/* How many mdevs there are */
int sample_mdevs(void);

/* Remove an mdev, unbind from the sample: for vfio_file_write_end() */
pid_t sample_start_remove(const char *uuid);
pid_t sample_start_unbind(const char *addr);

/* Users of the permission tables; -errno without the library or debugfs */
int sample_perm_users(void);
/* Users of a module; -1 if it is not loaded */
long sample_module_users(const char *module);
/* rmmod: 0 or -errno */
int sample_delete_module(const char *module);

#endif /* SELFTESTS_VFIO_PCI_SAMPLE_H */
