/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is measured, how, and what comes out.
 *
 * The clock is CLOCK_THREAD_CPUTIME_ID in a machine whose nanoseconds are
 * instructions, see "run".  A figure is the median of several loops, so that
 * the timer interrupt that hits a loop now and then does not count.
 */
#ifndef SELFTESTS_VFIO_PCI_BENCH_H
#define SELFTESTS_VFIO_PCI_BENCH_H

#include <stdint.h>

#include "vfio_lib.h"

/** enum floor - the same system call on a device that does nothing */
enum floor {
	FLOOR_NONE,
	FLOOR_READ,
	FLOOR_WRITE,
	FLOOR_IOCTL,
	NR_FLOORS,
};

/**
 * struct bench - a device in use
 * @dev: the device, open
 * @buf: BENCH_BUF bytes
 * @bar: mapping of BAR0, if the operation needs one
 * @fds: eventfds
 * @turn: which of @fds comes next
 * @command: the command register
 */
struct bench {
	struct vfio_dev dev;
	char *buf;
	void *bar;
	int32_t fds[64];
	unsigned int turn;
	uint16_t command;
};

#define BENCH_BUF	(1UL << 20)

/**
 * struct row - one operation
 * @text: its name in the table
 * @device: in the device table
 * @begin: before any operation; 0 or -errno
 * @op: the operation; 0 or -errno
 * @undo: after each operation and not counted; optional
 * @end: afterwards; optional
 * @ops: how often it is done in a loop, 1 where there is @undo
 * @per: things done in one operation, 0 for one
 * @floor: what of the figure is the system call
 * @limit: ours at most, as a fraction of stock's
 * @cost: @limit is about the figure without the floor
 * @ram: what is accessed is memory to the machine, whose accesses leave no trace
 */
struct row {
	const char *text;
	const char *device;
	int (*begin)(struct bench *b);
	int (*op)(struct bench *b);
	void (*undo)(struct bench *b);
	void (*end)(struct bench *b);
	unsigned int ops;
	unsigned int per;
	enum floor floor;
	double limit;
	bool cost;
	bool ram;
};

extern const struct row rows[];
extern const unsigned int nr_rows;

/* The same of /dev/null, which @b->dev.fd is */
extern const struct floor_row {
	const char *name;
	int (*op)(struct bench *b);
} floor_rows[NR_FLOORS];

/* Instructions that this thread has used */
uint64_t thread_instructions(void);
/* Print why, and end with 1; @ret is a negative errno or 0 */
void die(const char *what, int ret);

/* --- scale.c: many devices, many vectors; they print what they find -------- */

/* Bind, open and close the first @n virtual functions of @pf */
void scale(const char *pf, unsigned int n);
/* Enable and disable the first @n vectors of the device at @addr */
void vectors(const char *addr, unsigned int n);

/* --- memory.c ------------------------------------------------------------- */

/* From here on the kernel's allocations are traced, which costs time */
void memory_begin(void);
/* Bytes that were allocated for this thread since then and not freed */
long memory_end(void);

/* --- monitor.c: the machine around this one ----------------------------- */

/* Have the QEMU monitor do something; it is done when this returns */
void monitor(const char *command);
/* Write a number that the trace of device accesses shows */
void mark(unsigned int number);

#endif /* SELFTESTS_VFIO_PCI_BENCH_H */
