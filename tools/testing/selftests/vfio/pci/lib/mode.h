/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mode of a run: by which interface, and as what, all devices of a test
 * program are reached.  The variable VFIO_TEST_MODE names it:
 *
 *	group		/dev/vfio/<group> and a type1 container, the default
 *	compat		/dev/vfio/<group> and an iommufd in place of a container
 *	cdev		/dev/vfio/devices/vfioN and an iommufd
 *	mdev		group, an mdev that vfio-mdev-pci makes of the device
 *	mdev-cdev	cdev, the same mdev
 *
 * Tests name devices and leave the rest to the library.  What is about some of
 * the modes by its nature says so in the table of struct vfio_mode_rule that a
 * program hands to VFIO_TEST_MAIN_RULES(); in other modes it is not in the plan.
 */
#ifndef VFIO_MODE_H
#define VFIO_MODE_H

#include <stdbool.h>

#include "vfio_lib.h"

#define VFIO_MODE_GROUP		0x01
#define VFIO_MODE_COMPAT	0x02
#define VFIO_MODE_CDEV		0x04
#define VFIO_MODE_MDEV		0x08
#define VFIO_MODE_MDEV_CDEV	0x10

/* A group is opened; its container is type1's; the driver is vfio-pci; all */
#define VFIO_MODES_GROUP	(VFIO_MODE_GROUP | VFIO_MODE_COMPAT | VFIO_MODE_MDEV)
#define VFIO_MODES_CDEV		(VFIO_MODE_CDEV | VFIO_MODE_MDEV_CDEV)
#define VFIO_MODES_TYPE1	(VFIO_MODE_GROUP | VFIO_MODE_MDEV)
#define VFIO_MODES_PCI		(VFIO_MODE_GROUP | VFIO_MODE_COMPAT | VFIO_MODE_CDEV)
#define VFIO_MODES_MDEV		(VFIO_MODE_MDEV | VFIO_MODE_MDEV_CDEV)
#define VFIO_MODES_ALL		(VFIO_MODES_GROUP | VFIO_MODES_CDEV)

/**
 * struct vfio_mode - one way to reach devices
 * @name: as in VFIO_TEST_MODE
 * @bit: VFIO_MODE_*
 * @how: the interface that is opened
 * @mdev: whether an mdev is made of a device, and opened by its UUID
 */
struct vfio_mode {
	const char *name;
	unsigned int bit;
	enum vfio_how how;
	bool mdev;
};

/* That of this run; exits when VFIO_TEST_MODE names none */
const struct vfio_mode *vfio_mode(void);

/**
 * struct vfio_mode_rule - what is run in some modes only
 * @fixture: name of a fixture, or NULL
 * @test: name of a test (in all fixtures), or NULL; neither is all the program
 * @modes: VFIO_MODE_*, those it is run in
 * @why: the reason why not in others; printed there
 */
struct vfio_mode_rule {
	const char *fixture;
	const char *test;
	unsigned int modes;
	const char *why;
};

/* Print the modes that a program is run in, one a line: what "--modes" is */
int vfio_modes_print(const struct vfio_mode_rule *rules);

/**
 * vfio_mode_args() - leave out what is not for this mode
 * @rules: of the program, ends with one without modes
 * @argc: arguments of the program, in and out
 * @argv: the same
 *
 * Exits as kselftests do, with a plan of nothing, when nothing is left.
 *
 * Return: @argv with options of kselftest_harness.h in front that exclude it.
 */
char **vfio_mode_args(const struct vfio_mode_rule *rules, int *argc, char **argv);

#endif /* VFIO_MODE_H */
