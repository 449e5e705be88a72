// SPDX-License-Identifier: GPL-2.0-only
/* Inputs that are worth keeping: each reached something that those before did not */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static struct kept *pool;
static unsigned int size;
static bool reached[MAX_PLACES];
static unsigned int places;

unsigned int pool_news(const struct reach *reach)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < reach->n; i++)
		n += !reached[reach->place[i]];
	return n;
}

void pool_add(const struct input *in, const struct reach *reach, bool found)
{
	size_t bytes = reach->n * sizeof(reach->place[0]);
	struct kept *k;

	if (!pool)
		pool = calloc(MAX_POOL, sizeof(*pool));
	if (!pool || size == MAX_POOL)
		die("keep an input", -ENOMEM);
	k = &pool[size++];
	*k = (struct kept){ *in, { reach->n, malloc(bytes) }, found };
	if (bytes && !k->reach.place)
		die("keep an input", -ENOMEM);
	memcpy(k->reach.place, reach->place, bytes);
	places += pool_news(reach);
	for (unsigned int i = 0; i < reach->n; i++)
		reached[reach->place[i]] = true;
}

unsigned int pool_places(void)
{
	return places;
}

unsigned int pool_size(void)
{
	return size;
}

const struct kept *pool_at(unsigned int i)
{
	return &pool[i];
}

/* What was found last is the least known */
const struct kept *pool_some(struct random *r)
{
	unsigned int last = size > 16 ? 16 : size;

	return random_percent(r, 30) ? &pool[size - 1 - random_below(r, last)] :
		&pool[random_below(r, size)];
}

static unsigned int adds(const struct reach *reach, const bool *covered)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < reach->n; i++)
		n += !covered[reach->place[i]];
	return n;
}

/* Of two that add as much, the one with fewer calls */
static const struct kept *best(const bool *covered)
{
	const struct kept *found = NULL;
	unsigned int most = 0;

	for (unsigned int i = 0; i < size; i++) {
		unsigned int n = adds(&pool[i].reach, covered);

		if (n > most || (n && n == most && pool[i].in.n < found->in.n)) {
			most = n;
			found = &pool[i];
		}
	}
	return found;
}

unsigned int pool_cover(const struct kept **chosen)
{
	static bool covered[MAX_PLACES];
	const struct kept *k;
	unsigned int n = 0;

	memset(covered, 0, sizeof(covered));
	while ((k = best(covered))) {
		for (unsigned int i = 0; i < k->reach.n; i++)
			covered[k->reach.place[i]] = true;
		chosen[n++] = k;
	}
	return n;
}
