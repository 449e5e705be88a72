// SPDX-License-Identifier: GPL-2.0-only
/* Make a corpus small: few inputs, of few calls, that reach the same */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static bool covered[MAX_PLACES];
static bool wanted[MAX_PLACES];

/* What only this one has to reach, as those before it do not */
static unsigned int want(const struct reach *reach)
{
	unsigned int n = 0;

	memset(wanted, 0, sizeof(wanted));
	for (unsigned int i = 0; i < reach->n; i++) {
		if (covered[reach->place[i]])
			continue;
		wanted[reach->place[i]] = true;
		n++;
	}
	return n;
}

static unsigned int have(const struct reach *reach)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < reach->n; i++)
		n += wanted[reach->place[i]];
	return n;
}

/* Leave out @len calls at @at, if the others still reach @n of what is wanted */
static void leave_out(struct input *in, unsigned int at, unsigned int len,
		      struct reach *reach, unsigned int n)
{
	struct input less = *in;

	if (len == in->n)
		return;
	less.n -= len;
	memmove(&less.calls[at], &less.calls[at + len], (less.n - at) * sizeof(less.calls[0]));
	input_run(&less, reach);
	if (have(reach) == n)
		*in = less;
}

/* From the last to the first: what came before can't need what comes after */
static void trim(struct input *in, struct reach *reach, unsigned int n)
{
	for (unsigned int len = in->n / 2; len; len /= 2)
		for (int at = in->n - len; at >= 0; at -= len)
			leave_out(in, at, len, reach, n);
}

static void keep(const struct kept *k, struct reach *reach)
{
	struct input in = k->in;
	unsigned int n = want(&k->reach);

	/* Trimming others may have made it needless; or it was luck */
	input_run(&in, reach);
	if (!n || have(reach) != n)
		n = have(reach);
	if (!n)
		return;
	trim(&in, reach, n);
	input_run(&in, reach);
	for (unsigned int i = 0; i < reach->n; i++)
		covered[reach->place[i]] = true;
	input_put("keep", &in);
}

void minimise(void)
{
	const struct kept **chosen = calloc(pool_size(), sizeof(*chosen));
	struct reach reach = { .place = calloc(MAX_PLACES, sizeof(uint32_t)) };
	unsigned int n;

	if (!chosen || !reach.place)
		die("minimise", 0);
	n = pool_cover(chosen);
	for (unsigned int i = 0; i < n; i++)
		keep(chosen[i], &reach);
}
