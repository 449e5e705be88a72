/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's config space, faked by the module vfio_pci_fakecfg, see there.
 *
 * A test composes the fake in a struct fakecfg, loads it, and from then on
 * drivers see it.  Conventions are those of vfio_lib.h: 0 or a count, or
 * -errno; nothing asserts.
 */
#ifndef VFIO_FAKECFG_H
#define VFIO_FAKECFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio_lib.h"

#define FAKECFG_SIZE		4096
/* Room for what the module remembers at most */
#define FAKECFG_MAX_LOG		16384

/**
 * struct fakecfg - the fake of one device
 * @addr: PCI address
 * @image: contents of the faked bytes, as composed by the test
 * @mask: 0xff for each faked byte
 * @writable: bits of @image that a write by a driver changes
 */
struct fakecfg {
	char addr[40];
	uint8_t image[FAKECFG_SIZE];
	uint8_t mask[FAKECFG_SIZE];
	uint8_t writable[FAKECFG_SIZE];
};

/**
 * struct fakecfg_access - a config access that a driver made
 * @write: direction
 * @offset: first byte
 * @width: 1, 2 or 4
 * @value: what was read or written
 * @faked: bit n is set when byte n was the fake's
 */
struct fakecfg_access {
	bool write;
	unsigned int offset;
	unsigned int width;
	uint32_t value;
	unsigned int faked;
};

/* Why the target cannot have a fake here, as text for SKIP(); NULL if it can */
const char *fakecfg_missing(const struct vfio_target *t);

/*
 * Have the driver under test drive the target, and give it a fake in which nothing is faked
 * yet; what a killed test left behind goes first
 */
int fakecfg_add(struct fakecfg *f, const struct vfio_target *t);
/* Take the fake off the device and forget it */
int fakecfg_remove(struct fakecfg *f);

/* Compose: fake these bytes, with this contents, little endian */
void fakecfg_put(struct fakecfg *f, unsigned int pos, int width, uint32_t val);
/* Fake a range of bytes with one value */
void fakecfg_fill(struct fakecfg *f, unsigned int pos, size_t len, uint8_t val);
/* Allow drivers to change all bits of a range */
void fakecfg_allow(struct fakecfg *f, unsigned int pos, size_t len);
/* Fake nothing again; has effect at the next fakecfg_load() */
void fakecfg_clear(struct fakecfg *f);

/* Give the composed fake to the module and lay it over the device */
int fakecfg_load(const struct fakecfg *f);
/* Lay it over the device, or take it away but keep it */
int fakecfg_enable(const struct fakecfg *f, bool on);
/* A dead device reads all ones and ignores writes; needs to be enabled */
int fakecfg_dead(const struct fakecfg *f, bool on);
/* No access succeeds: the bus itself is gone; needs to be enabled */
int fakecfg_cut_off(const struct fakecfg *f, bool on);

/*
 * Have the kernel remove and find the device again, so that the PCI core knows
 * it as the fake shows it, and vfio_driver_take() it
 */
int fakecfg_rescan(const struct fakecfg *f);

/* Contents of faked bytes now: what "hardware" holds */
uint32_t fakecfg_peek(const struct fakecfg *f, unsigned int pos, int width);
int fakecfg_poke(const struct fakecfg *f, unsigned int pos, int width,
		 uint32_t val);

int fakecfg_log_clear(const struct fakecfg *f);

/**
 * fakecfg_log() - the accesses since the log was cleared, oldest first
 * @f: the fake
 * @pos: only accesses that touch this range, whoever answered them
 * @len: its length
 * @log: filled in
 * @max: entries of @log; further accesses are counted, but not stored
 *
 * Return: number of such accesses, -EOVERFLOW when the module lost some.
 */
int fakecfg_log(const struct fakecfg *f, unsigned int pos, size_t len,
		struct fakecfg_access *log, int max);

#endif /* VFIO_FAKECFG_H */
