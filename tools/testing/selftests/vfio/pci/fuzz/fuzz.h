/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to a device that are changed at random, and kept if they reach code that no
 * others did.
 *
 * An input is a device and some calls; a run of it opens the device, makes the calls
 * and closes it.  Calls are those of ../compare, where they are made, done and said
 * in words: an input is a text that a person can read and write.
 */
#ifndef SELFTESTS_VFIO_PCI_FUZZ_H
#define SELFTESTS_VFIO_PCI_FUZZ_H

#include "../compare/compare.h"

/* Calls in an input, and in a new one */
#define MAX_INPUT_CALLS	48
#define NEW_INPUT	12
#define MAX_FUZZED	16
#define MAX_POOL	4096

/**
 * struct input - calls to a device
 * @m: the device
 * @n: how many calls
 * @calls: the calls
 */
struct input {
	const struct model *m;
	unsigned int n;
	struct call calls[MAX_INPUT_CALLS];
};

/* --- input.c ------------------------------------------------------------------ */

/* The devices that are fuzzed */
void devices_look(char **names);
const struct model *device_some(struct random *r);
const struct model *device_named(const char *name);

void input_print(FILE *f, const struct input *in);
/* Print it between two lines that tell programs what it is; @what is one word */
void input_put(const char *what, const struct input *in);
void input_read(const char *path, struct input *in);

/* --- kcov.c ------------------------------------------------------------------- */

/**
 * struct reach - code that was reached
 * @n: how many places
 * @place: these, each once
 */
struct reach {
	unsigned int n;
	uint32_t *place;
};

#define MAX_PLACES	0x200000

void kcov_open(void);
/* Forget what was reached before */
void kcov_start(void);
/* Add what was reached since */
void kcov_add(struct reach *r);
void reach_start(struct reach *r);

/* --- mutate.c ----------------------------------------------------------------- */

/* What no device or program could stand is made something else */
void tame(const struct model *m, struct call *c);
void input_new(struct random *r, struct input *in);
/* Change @in; @other: part of this may come to be in it */
void input_mutate(struct random *r, struct input *in, const struct input *other);

/* --- pool.c ------------------------------------------------------------------- */

/**
 * struct kept - an input that reached something
 * @in: the input
 * @reach: what it reached
 * @found: it is not of the corpus
 */
struct kept {
	struct input in;
	struct reach reach;
	bool found;
};

/* Places of @reach that nothing in the pool reaches */
unsigned int pool_news(const struct reach *reach);
void pool_add(const struct input *in, const struct reach *reach, bool found);
unsigned int pool_places(void);
unsigned int pool_size(void);
const struct kept *pool_some(struct random *r);
const struct kept *pool_at(unsigned int i);
/*
 * Choose inputs that together reach all that the pool does, those that reach most
 * first.  @chosen has room for the whole pool.  Returns how many.
 */
unsigned int pool_cover(const struct kept **chosen);

/* --- run.c -------------------------------------------------------------------- */

/* Whether the kernel complained since */
void watch_open(void);
bool watch_complained(void);
/* Run an input, and see what it reaches; ends when the kernel complains */
void input_run(const struct input *in, struct reach *reach);
/*
 * Look for lost memory.  What was run since is run again to find what loses it; this
 * ends with it
 */
void leaks_open(void);
void leaks_check(void);
unsigned int runs(void);

/* --- minimise.c --------------------------------------------------------------- */

/* Print what is left of a pool when nothing in it is without need */
void minimise(void);

#endif /* SELFTESTS_VFIO_PCI_FUZZ_H */
