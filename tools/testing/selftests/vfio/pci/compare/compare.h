/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to a device, what they are made of, and what came of them.
 *
 * A device is used in chunks: opened, called some hundred times, closed.  Which
 * calls these are follows from the seed, the device's name and the number of the
 * chunk, never from an answer: so two drivers get the same ones.
 */
#ifndef SELFTESTS_VFIO_PCI_COMPARE_H
#define SELFTESTS_VFIO_PCI_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vfio_lib.h"

#define CONFIG_SIZE	4096
#define MAX_CALLS	4096
/* A call's data, at most */
#define MAX_DATA	(CONFIG_SIZE + 64)

/** enum kind - calls.  What their arguments mean is in calls.c, with the names. */
enum kind {
	CFG_READ,
	CFG_WRITE,
	REGION_READ,
	REGION_WRITE,
	REGION_MMAP,
	GET_INFO,
	GET_REGION_INFO,
	GET_IRQ_INFO,
	SET_IRQS,
	RESET,
	HOT_RESET_INFO,
	HOT_RESET,
	IOEVENTFD,
	SIGNAL,
	FEATURE,
	OTHER_IOCTL,
	/* What is in the device itself, as sysfs shows it */
	HW_CONFIG,
	NR_KINDS
};

#define NR_ARGS	7

/**
 * struct call - one call
 * @kind: what is called, enum kind
 * @bad: with a pointer to nowhere
 * @arg: arguments
 */
struct call {
	uint32_t kind;
	uint32_t bad;
	uint64_t arg[NR_ARGS];
};

/**
 * struct record - one call and what came of it
 * @device: name of the device
 * @chunk: number of the chunk, or of the variant of one
 * @nr: number of the call in it
 * @call: the call
 * @ret: what it returned, or -errno
 * @len: bytes of data
 * @data: the data, padded to a multiple of 8 bytes in a log
 */
struct record {
	char device[12];
	uint32_t chunk;
	uint32_t nr;
	struct call call;
	int32_t ret;
	uint32_t len;
	uint8_t data[];
};

/**
 * struct model - a device as it was before any driver under test had it
 * @name: name of the device
 * @addr: its address
 * @config: what was in its config space
 * @config_size: bytes of that
 * @bar_size: sizes of its BARs; other regions have 0
 */
struct model {
	char name[12];
	char addr[16];
	uint8_t config[CONFIG_SIZE];
	unsigned int config_size;
	uint64_t bar_size[VFIO_NR_REGIONS];
};

/* Print why, and end with 2; @ret is a negative errno or 0 */
void die(const char *what, int ret);

/* --- random.c ----------------------------------------------------------------- */

struct random {
	uint64_t state;
};

struct random random_of(uint64_t seed, const char *name, unsigned int chunk);
uint64_t random_next(struct random *r);
/* A number below @n */
uint32_t random_below(struct random *r, uint32_t n);
/* True in @percent of all cases */
bool random_percent(struct random *r, unsigned int percent);

/* --- model.c ------------------------------------------------------------------ */

/* Look at a device, or at what the file says that model_save() wrote */
int model_look(struct model *m, const char *name);
int model_load(struct model *m, const char *name);
int model_save(const struct model *m);
/* Give the device back what it had in config space */
int model_restore(const struct model *m);
/* Read what is in its config space, into @config */
int model_config(const struct model *m, uint8_t *config);

/**
 * struct area - part of a region that answers the same every time
 * @device: name of the device
 * @bar: number of the region
 * @start: first byte
 * @end: behind the last byte
 * @write: it may be written as well
 * @table: it has an MSI-X table, whose messages are different ones each time
 */
struct area {
	const char *device;
	unsigned int bar;
	uint32_t start;
	uint32_t end;
	bool write;
	bool table;
};

/* Area number @i of all devices, NULL behind the last one */
const struct area *area_at(unsigned int i);
/* Some area of a device, or NULL; @write: that may be written */
const struct area *area_some(const struct model *m, struct random *r, bool write);

/* --- make.c ------------------------------------------------------------------- */

/* One call */
void make_call(const struct model *m, struct random *r, struct call *c);
/* The calls of a chunk */
void make_calls(const struct model *m, uint64_t seed, unsigned int chunk,
		struct call *calls, unsigned int n);

/* --- calls.c ------------------------------------------------------------------ */

/* eventfds: those for interrupts, and those for ioeventfds */
#define NR_EVENTFDS	8
#define IO_EVENTFD	6

/**
 * struct session - a device in use
 * @dev: the device, open
 * @model: which it is
 * @fds: eventfds
 * @dma_buf: the dma-buf that was had last, or -1
 * @low_power: it may be in low power
 */
struct session {
	struct vfio_dev dev;
	const struct model *model;
	int fds[NR_EVENTFDS];
	int dma_buf;
	bool low_power;
};

/* Open and close; 0 or -errno */
int session_open(struct session *s, const struct model *m);
void session_close(struct session *s);
/* Clear what can be written: it would be there for the next user */
void areas_clear(const struct session *s);

/*
 * Do a call, and wait for what comes of it.  At @data are MAX_DATA bytes; @len says
 * how many of them came back
 */
int call_do(struct session *s, const struct call *c, uint8_t *data, uint32_t *len);
/* A call in words, and back: false if these are no call's */
void call_print(FILE *f, const struct call *c);
bool call_parse(const char *line, struct call *c);
/* How many arguments such calls have */
unsigned int call_nr_args(uint32_t kind);

/* --- meant.c ------------------------------------------------------------------ */

/* What answers may depend on for the rest of a chunk */
enum event {
	ANYTHING,
	/* Its command register was written in D3hot, where the device forgets it. */
	COMMAND_IN_D3HOT,
	/* A SET_IRQS for vectors was refused. */
	VECTORS_REFUSED,
	NR_EVENTS
};

/**
 * struct past - what calls before in the same chunk have to do with an answer
 * @chunk: the chunk
 * @nr: the call that came last
 * @asleep: the device is in D3hot
 * @happened: what did
 */
struct past {
	unsigned int chunk;
	unsigned int nr;
	bool asleep;
	bool happened[NR_EVENTS];
};

/* Take a call and its answer into account */
void past_add(struct past *past, const struct record *r);
/* Number of the row that says why two answers may differ, or -1 */
int meant(const struct past *past, const struct record *stock, const struct record *ours);
const char *meant_reason(int row);
#define MAX_MEANT	32

/* --- diff.c ------------------------------------------------------------------- */

/**
 * struct log - records in memory
 * @bytes: all of it
 * @len: how much
 * @pos: where the next one is
 */
struct log {
	uint8_t *bytes;
	size_t len;
	size_t pos;
};

void log_read(struct log *l, const char *path);
/* The next one, NULL at the end */
const struct record *log_next(struct log *l);
void log_free(struct log *l);

/*
 * Whether two answers are the same, or meant to differ; @row as of meant().  It is
 * asked of each call in turn, with the same @past.
 */
bool same(struct past *past, const struct record *a, const struct record *b, int *row);
/* A call and what it returned, in a line */
void call_line(const struct record *r);
void difference_print(const struct record *stock, const struct record *ours);

/* Compare two logs; 0, or 1 if they differ */
int diff(const char *stock, const char *ours, const char *finds);

/* --- shrink.c ----------------------------------------------------------------- */

/*
 * Find the calls that matter for what "diff" found; the command "USE stock" or
 * "USE ours" changes the driver
 */
int shrink(uint64_t seed, unsigned int reopen, const char *finds, const char *use);

/* --- compare.c ---------------------------------------------------------------- */

/* Do those calls of a chunk that are in @keep, all of them if it is NULL */
void run_chunk(FILE *log, const struct model *m, uint64_t seed, unsigned int chunk,
	       unsigned int n, const bool *keep, unsigned int name);

#endif /* SELFTESTS_VFIO_PCI_COMPARE_H */
