/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device names that tests use, for the library itself.
 *
 * The test VM says which device is where in /etc/vm-devices, one line "name
 * address vendor:device" each; the variable VFIO_TEST_DEVICES names another
 * file.  Without one, the first device with the ids of QEMU's model is taken.
 */
#ifndef VFIO_DEVICES_H
#define VFIO_DEVICES_H

#define VFIO_MAX_DEVICES	16

/**
 * struct vfio_device_row - one device of this machine that tests may use
 * @name: what tests call it
 * @addr: its PCI address
 */
struct vfio_device_row {
	char name[16];
	char addr[16];
};

/**
 * vfio_device_table() - the devices that have a name
 * @rows: the table, read once
 *
 * Return: number of rows.
 */
int vfio_device_table(const struct vfio_device_row **rows);

#endif /* VFIO_DEVICES_H */
