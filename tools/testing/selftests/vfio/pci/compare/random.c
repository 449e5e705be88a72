// SPDX-License-Identifier: GPL-2.0-only
/* Numbers that look random and are the same for the same seed (splitmix64) */
#include "compare.h"

uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

struct random random_of(uint64_t seed, const char *name, unsigned int chunk)
{
	struct random r = { seed };

	for (; *name; name++)
		r.state = random_next(&r) ^ (uint8_t)*name;
	r.state = random_next(&r) ^ chunk;
	return r;
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return random_next(r) % n;
}

bool random_percent(struct random *r, unsigned int percent)
{
	return random_below(r, 100) < percent;
}
