// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the calls that matter for a difference: leave out parts of what came
 * before, and see whether it is still there.  As the drivers can't be there at
 * the same time, all attempts of a round are made with one, then with the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

#define MAX_ROUNDS	24
#define MAX_PARTS	32

/**
 * struct hunt - a difference to be made small
 * @m: the device
 * @seed: seed of the run
 * @reopen: calls in a chunk
 * @use: command that changes the driver
 * @chunk: chunk it is in
 * @nr: call that differs
 * @keep: calls that are left
 */
struct hunt {
	struct model m;
	uint64_t seed;
	unsigned int reopen;
	const char *use;
	unsigned int chunk;
	unsigned int nr;
	bool keep[MAX_CALLS];
};

static unsigned int left(const struct hunt *h)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < h->nr; i++)
		n += h->keep[i];
	return n;
}

/* Without that one of so many parts of what is left; all of it if there are none */
static void without(const struct hunt *h, unsigned int part, unsigned int parts, bool *keep)
{
	unsigned int n = left(h), at = 0;

	memcpy(keep, h->keep, sizeof(h->keep));
	for (unsigned int i = 0; parts && i < h->nr; i++)
		if (keep[i] && at++ * parts / n == part)
			keep[i] = false;
}

static void attempts(const struct hunt *h, const char *driver, const char *path,
		     unsigned int parts)
{
	static bool keep[MAX_CALLS];
	char command[512];
	FILE *log = fopen(path, "w");

	snprintf(command, sizeof(command), "%s %s", h->use, driver);
	if (!log || system(command))
		die(command, -errno);
	for (unsigned int i = 0; !i || i < parts; i++) {
		without(h, i, parts, keep);
		run_chunk(log, &h->m, h->seed, h->chunk, h->reopen, keep, i);
	}
	fclose(log);
}

/* The first attempt that still shows it, or -1 */
static int differs(const struct hunt *h, bool print)
{
	const struct record *a, *b;
	struct past past = { 0 };
	struct log stock, ours;
	int row, found = -1;

	log_read(&stock, "/tmp/compare-stock.part");
	log_read(&ours, "/tmp/compare-ours.part");
	while (found < 0 && (a = log_next(&stock)) && (b = log_next(&ours))) {
		if (print && a->nr <= h->nr)
			call_line(a);
		if (same(&past, a, b, &row) || a->nr != h->nr)
			continue;
		found = a->chunk;
		if (print)
			difference_print(a, b);
	}
	log_free(&stock);
	log_free(&ours);
	return found;
}

static int round_of(const struct hunt *h, unsigned int parts, bool print)
{
	attempts(h, "stock", "/tmp/compare-stock.part", parts);
	attempts(h, "ours", "/tmp/compare-ours.part", parts);
	return differs(h, print);
}

static void cut(struct hunt *h)
{
	unsigned int parts = 2;

	/* Nothing after it matters */
	for (unsigned int i = 0; i < MAX_CALLS; i++)
		h->keep[i] = i <= h->nr;
	for (int i = 0; i < MAX_ROUNDS && left(h); i++) {
		static bool keep[MAX_CALLS];
		int part;

		if (parts > left(h))
			parts = left(h);
		part = round_of(h, parts, false);
		if (part < 0) {
			if (parts == left(h) || parts == MAX_PARTS)
				return;
			parts = parts * 2 > MAX_PARTS ? MAX_PARTS : parts * 2;
			continue;
		}
		without(h, part, parts, keep);
		memcpy(h->keep, keep, sizeof(keep));
		parts = parts > 2 ? parts - 1 : 2;
	}
}

static void hunt(struct hunt *h)
{
	cut(h);
	printf("# %s, chunk %u: %u calls before it matter\n", h->m.name, h->chunk, left(h));
	if (round_of(h, 0, true) < 0)
		printf("#     that alone does not show it: the device keeps something\n");
}

int shrink(uint64_t seed, unsigned int reopen, const char *finds, const char *use)
{
	static struct hunt h;
	FILE *f = fopen(finds, "r");
	char name[12];

	if (!f)
		die(finds, -errno);
	h.seed = seed;
	h.reopen = reopen;
	h.use = use;
	while (fscanf(f, "%11s %u %u", name, &h.chunk, &h.nr) == 3) {
		if (model_load(&h.m, name))
			die(name, -errno);
		hunt(&h);
	}
	fclose(f);
	return 0;
}
