// SPDX-License-Identifier: GPL-2.0-only
/* Make inputs, and change them */
#include <string.h>

#include "fuzz.h"

#define PICK(r, ...) ({							\
	static const uint64_t values[] = { __VA_ARGS__ };		\
	values[random_below(r, ARRAY_SIZE(values))];			\
})

/* --- What must not be --------------------------------------------------------- */

/*
 * Besides those of ../compare; these let the device do something on its own, but
 * no harm: an interrupt is raised and acknowledged
 */
static const struct area more[] = {
	{ "edu",	0, 0x60,	0x68,	true },
};

static bool is_inside(const struct model *m, const struct area *a, uint64_t region,
		      uint64_t at, uint64_t len)
{
	return a->write && a->bar == region && !strcmp(a->device, m->name) &&
	       at >= a->start && at <= a->end &&
	       (len <= a->end - at || a->end == m->bar_size[region]);
}

/*
 * A device model that is told to do nonsense may end the emulator; a write that the
 * device never sees may be any
 */
static bool may_write(const struct model *m, uint64_t pos, uint64_t len)
{
	uint64_t region = pos >> 40, at = pos & ((1ULL << 40) - 1);
	const struct area *a;

	if (region > VFIO_PCI_BAR5_REGION_INDEX && region != VFIO_PCI_VGA_REGION_INDEX)
		return true;
	if (region <= VFIO_PCI_BAR5_REGION_INDEX && at >= m->bar_size[region])
		return true;
	for (unsigned int i = 0; (a = area_at(i)); i++)
		if (is_inside(m, a, region, at, len))
			return true;
	for (unsigned int i = 0; i < ARRAY_SIZE(more); i++)
		if (is_inside(m, &more[i], region, at, len))
			return true;
	return false;
}

static void at_most(uint64_t *value, uint64_t limit)
{
	if (*value > limit)
		*value %= limit + 1;
}

void tame(const struct model *m, struct call *c)
{
	switch (c->kind) {
	case CFG_READ:
		at_most(&c->arg[1], CONFIG_SIZE);
		break;
	case CFG_WRITE:
		/* Not another region */
		at_most(&c->arg[0], 1 << 20);
		at_most(&c->arg[1], 64);
		break;
	case REGION_READ:
		at_most(&c->arg[2], CONFIG_SIZE);
		break;
	case REGION_WRITE:
		at_most(&c->arg[2], 64);
		if (!may_write(m, (c->arg[0] << 40) + c->arg[1], c->arg[2]))
			c->kind = REGION_READ;
		break;
	case REGION_MMAP:
		at_most(&c->arg[2], 1 << 30);
		if (c->arg[3] > c->arg[2] || c->arg[2] - c->arg[3] < 4)
			c->arg[3] = ~0ULL;
		break;
	case IOEVENTFD:
		/* Signalled is the other one */
		if (!may_write(m, c->arg[2], c->arg[1] & 0xf) && c->arg[4] < NR_EVENTFDS)
			c->arg[4] = IO_EVENTFD + 1;
		break;
	case OTHER_IOCTL:
		at_most(&c->arg[0], 155);
		break;
	}
}

/* --- What may be -------------------------------------------------------------- */

/* As many as a device may have, all of which have data; lengths like to end at these */
static void many_vectors(struct random *r, struct call *c)
{
	uint64_t index = c->arg[2], count = 1 + random_below(r, 64);

	if (random_below(r, 2))
		count = PICK(r, 15, 16, 17, 31, 32, 33, 63, 64);
	if (random_below(r, 2))
		c->arg[1] = VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD;
	if (index != VFIO_PCI_MSI_IRQ_INDEX && index != VFIO_PCI_MSIX_IRQ_INDEX)
		return;
	c->arg[0] = sizeof(struct vfio_irq_set) + count * sizeof(int32_t);
	c->arg[3] = random_below(r, 4) ? 0 : random_below(r, 64);
	c->arg[4] = count;
}

static void some_call(struct random *r, const struct model *m, struct call *c)
{
	const struct area *a = &more[0];

	make_call(m, r, c);
	if (!strcmp(a->device, m->name) && !random_below(r, 10))
		*c = (struct call){
			.kind = REGION_WRITE,
			.arg = { a->bar, a->start + 4 * random_below(r, 2), 4,
				 random_next(r) },
		};
	else if (c->kind == SET_IRQS && random_below(r, 2))
		many_vectors(r, c);
}

void input_new(struct random *r, struct input *in)
{
	in->m = device_some(r);
	in->n = 1 + random_below(r, NEW_INPUT);
	for (unsigned int i = 0; i < in->n; i++)
		some_call(r, in->m, &in->calls[i]);
}

static uint64_t other_value(struct random *r, uint64_t value)
{
	switch (random_below(r, 8)) {
	case 0:
		return PICK(r, 0, 1, 2, 3, 4, 8, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 0x7fffffff,
			    0x80000000, 0xffffffff, 0x100000000, ~0ULL);
	case 1:
		return value ^ 1ULL << random_below(r, 64);
	case 2:
		return value ^ 1ULL << random_below(r, 8);
	case 3:
		return value + 1 + random_below(r, 8);
	case 4:
		return value - 1 - random_below(r, 8);
	case 5:
		return value << 1;
	case 6:
		return value >> 1;
	default:
		return random_below(r, 4096);
	}
}

static void change_arg(struct random *r, struct input *in, unsigned int at)
{
	struct call *c = &in->calls[at];
	unsigned int n = call_nr_args(c->kind);
	uint64_t *arg = &c->arg[random_below(r, n ?: 1)];

	if (n)
		*arg = other_value(r, *arg);
}

static void change_bad(struct random *r, struct input *in, unsigned int at)
{
	struct call *c = &in->calls[at];

	if (c->kind >= GET_INFO && c->kind != RESET && c->kind != SIGNAL)
		c->bad = !c->bad;
}

static void change_call(struct random *r, struct input *in, unsigned int at)
{
	some_call(r, in->m, &in->calls[at]);
}

/* Make room for a call at @at */
static bool open_gap(struct input *in, unsigned int at)
{
	if (in->n == MAX_INPUT_CALLS)
		return false;
	memmove(&in->calls[at + 1], &in->calls[at], (in->n - at) * sizeof(in->calls[0]));
	in->n++;
	return true;
}

static void add_call(struct random *r, struct input *in, unsigned int at)
{
	if (open_gap(in, at))
		some_call(r, in->m, &in->calls[at]);
}

static void repeat_call(struct random *r, struct input *in, unsigned int at)
{
	struct call c = in->calls[at];
	unsigned int to = random_below(r, in->n + 1);

	if (open_gap(in, to))
		in->calls[to] = c;
}

static void remove_call(struct random *r, struct input *in, unsigned int at)
{
	if (in->n == 1)
		return;
	in->n--;
	memmove(&in->calls[at], &in->calls[at + 1], (in->n - at) * sizeof(in->calls[0]));
}

static void swap_calls(struct random *r, struct input *in, unsigned int at)
{
	unsigned int with = random_below(r, in->n);
	struct call c = in->calls[at];

	in->calls[at] = in->calls[with];
	in->calls[with] = c;
}

static const struct {
	unsigned int weight;
	void (*change)(struct random *r, struct input *in, unsigned int at);
} changes[] = {
	{ 40, change_arg },
	{ 5, change_bad },
	{ 10, change_call },
	{ 20, add_call },
	{ 5, repeat_call },
	{ 10, remove_call },
	{ 10, swap_calls },
};

static void change(struct random *r, struct input *in)
{
	uint32_t at = random_below(r, 100);
	unsigned int i;

	for (i = 0; at >= changes[i].weight; i++)
		at -= changes[i].weight;
	changes[i].change(r, in, random_below(r, in->n));
}

/* Its beginning, and the end of another one */
static void splice(struct random *r, struct input *in, const struct input *other)
{
	unsigned int at = random_below(r, in->n + 1);
	unsigned int from = random_below(r, other->n);
	unsigned int n = other->n - from;

	if (n > MAX_INPUT_CALLS - at)
		n = MAX_INPUT_CALLS - at;
	memcpy(&in->calls[at], &other->calls[from], n * sizeof(in->calls[0]));
	in->n = at + n;
}

void input_mutate(struct random *r, struct input *in, const struct input *other)
{
	if (random_percent(r, 15))
		splice(r, in, other);
	if (random_percent(r, 5))
		in->m = device_some(r);
	for (unsigned int i = 1 + random_below(r, 4); i; i--)
		change(r, in);
	for (unsigned int i = 0; i < in->n; i++)
		tame(in->m, &in->calls[i]);
}
