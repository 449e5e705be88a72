// SPDX-License-Identifier: GPL-2.0-only
/* Which calls a chunk is made of */
#include <string.h>

#include "compare.h"

/**
 * struct maker - a chunk being made
 * @m: the device
 * @r: random numbers
 * @sweep: where the sweep over config space is
 * @pm: where the power management capability is, or 0
 */
struct maker {
	const struct model *m;
	struct random r;
	unsigned int sweep;
	unsigned int pm;
};

#define PICK(r, ...) ({							\
	static const uint64_t values[] = { __VA_ARGS__ };		\
	values[random_below(r, ARRAY_SIZE(values))];			\
})

static unsigned int find_cap(const struct model *m, uint8_t id)
{
	unsigned int pos = m->config[PCI_CAPABILITY_LIST];

	for (int n = 0; pos >= PCI_STD_HEADER_SIZEOF && pos < 0xff && n < VFIO_MAX_CAPS; n++) {
		if (m->config[pos] == id)
			return pos;
		pos = m->config[pos + 1];
	}
	return 0;
}

/* Much of an extended config space is empty */
static unsigned int some_pos(struct maker *k)
{
	unsigned int size = k->m->config_size;

	switch (random_below(&k->r, 8)) {
	case 0:
	case 1:
		k->sweep = (k->sweep + 1) % (size > 0x300 ? 0x300 : size);
		return k->sweep;
	case 2:
	case 3:
		return random_below(&k->r, 0x40);
	case 4:
	case 5:
		return random_below(&k->r, 0x100);
	case 6:
		return size > 0x100 ? 0x100 + random_below(&k->r, 0x200) :
			random_below(&k->r, size);
	default:
		return random_percent(&k->r, 80) ? random_below(&k->r, size) :
			size - 8 + random_below(&k->r, 16);
	}
}

static unsigned int some_len(struct maker *k)
{
	return random_percent(&k->r, 90) ? PICK(&k->r, 1, 2, 4) :
		PICK(&k->r, 0, 3, 5, 6, 7, 8, 12, 16, 33);
}

/* Usually aligned, as programs do it */
static void some_place(struct maker *k, uint64_t *pos, uint64_t *len)
{
	*pos = some_pos(k);
	*len = some_len(k);
	if (*len && !(*len & (*len - 1)) && random_percent(&k->r, 80))
		*pos &= ~(*len - 1);
}

static uint64_t some_value(struct maker *k)
{
	uint64_t bit = 1ULL << random_below(&k->r, 32);

	switch (random_below(&k->r, 6)) {
	case 0:
		return 0;
	case 1:
		return ~0ULL;
	case 2:
		return bit | bit << 32;
	case 3:
		return ~(bit | bit << 32);
	default:
		return random_next(&k->r);
	}
}

static void cfg_read(struct maker *k, struct call *c)
{
	some_place(k, &c->arg[0], &c->arg[1]);
	if (random_percent(&k->r, 2)) {
		c->arg[0] = 0;
		c->arg[1] = k->m->config_size;
	}
}

static void cfg_write(struct maker *k, struct call *c)
{
	some_place(k, &c->arg[0], &c->arg[1]);
	c->arg[2] = some_value(k);
	/* Back to where most can be seen */
	if (random_percent(&k->r, 6)) {
		c->arg[0] = PCI_COMMAND;
		c->arg[1] = 2;
		c->arg[2] = PICK(&k->r, 2, 3, 7, 0x402);
	} else if (k->pm && random_percent(&k->r, 6)) {
		c->arg[0] = k->pm + PCI_PM_CTRL;
		c->arg[1] = 2;
		c->arg[2] = PICK(&k->r, 0, 0, 0, 1, 2, 3);
	}
}

static void region(struct maker *k, struct call *c)
{
	const struct area *a = area_some(k->m, &k->r, c->kind == REGION_WRITE);
	uint32_t at;

	c->arg[3] = some_value(k);
	c->arg[2] = some_len(k);
	if (a && random_percent(&k->r, 90)) {
		at = random_below(&k->r, a->end - a->start);
		if (c->arg[2] && random_percent(&k->r, 80))
			at -= at % c->arg[2];
		if (at + c->arg[2] > a->end - a->start &&
		    a->end != k->m->bar_size[a->bar])
			at = 0;
		if (c->arg[2] > a->end - a->start)
			c->arg[2] = 4;
		c->arg[0] = a->bar;
		c->arg[1] = a->start + at;
		return;
	}
	/* Nothing is there */
	c->arg[0] = PICK(&k->r, 0, 1, 2, 3, 4, 5, 6, 9, 10, 255, 0x7fffff);
	if (c->arg[0] == VFIO_PCI_ROM_REGION_INDEX)
		c->arg[1] = random_below(&k->r, 0x400);
	else
		c->arg[1] = (c->arg[0] < 6 ? k->m->bar_size[c->arg[0]] : 0) +
			random_below(&k->r, 64);
}

static void region_mmap(struct maker *k, struct call *c)
{
	const struct area *a = area_some(k->m, &k->r, false);

	if (a && random_percent(&k->r, 70)) {
		c->arg[0] = a->bar;
		c->arg[1] = a->start & ~0xfff;
		c->arg[3] = a->table ? ~0ULL : a->start & 0xfff;
	} else {
		c->arg[0] = random_below(&k->r, 11);
		c->arg[1] = PICK(&k->r, 0, 0x1000, 0x2000, 0x10000, 0x10000000);
		c->arg[3] = ~0ULL;
	}
	c->arg[2] = PICK(&k->r, 0x1000, 0x1000, 0x1000, 1, 0, 0x2000, 0x20000);
}

static void info(struct maker *k, struct call *c)
{
	c->arg[0] = random_percent(&k->r, 60) ? 64 : random_below(&k->r, 72);
	c->arg[1] = random_percent(&k->r, 95) ? random_below(&k->r, 12) :
		random_next(&k->r);
}

static void set_irqs(struct maker *k, struct call *c)
{
	uint32_t data = random_percent(&k->r, 95) ? PICK(&k->r, 1, 2, 4, 4, 4) :
		random_below(&k->r, 8);
	uint32_t action = random_percent(&k->r, 60) ? VFIO_IRQ_SET_ACTION_TRIGGER :
		PICK(&k->r, 8, 16, 0, 24, 64);
	uint32_t count = PICK(&k->r, 0, 0, 1, 1, 1, 1, 2, 3, 5, 8, 64, 0x10000, 0xffffffff);

	c->arg[1] = data | action;
	c->arg[2] = random_below(&k->r, 6);
	c->arg[3] = PICK(&k->r, 0, 0, 0, 0, 0, 0, 1, 2, 3, 7, 0x800, 0xffffffff);
	c->arg[4] = count;
	c->arg[5] = random_next(&k->r);
	/* Big enough, most times */
	c->arg[0] = sizeof(struct vfio_irq_set) +
		(data & VFIO_IRQ_SET_DATA_EVENTFD ? 4 : 1) * (count > 64 ? 64 : count);
	if (random_percent(&k->r, 8))
		c->arg[0] = random_below(&k->r, 64);
}

static void hot_reset(struct maker *k, struct call *c)
{
	c->arg[0] = random_percent(&k->r, 70) ? 64 : random_below(&k->r, 32);
	c->arg[1] = random_percent(&k->r, 90) ? 0 : random_next(&k->r);
	c->arg[2] = PICK(&k->r, 0, 1, 1, 1, 2, 1000000);
	c->arg[3] = random_next(&k->r);
}

static void ioeventfd(struct maker *k, struct call *c)
{
	const struct area *a = area_some(k->m, &k->r, true);
	uint32_t bar = a ? a->bar : random_below(&k->r, 6);

	c->arg[0] = random_percent(&k->r, 95) ? 32 : random_below(&k->r, 40);
	c->arg[1] = random_percent(&k->r, 90) ? PICK(&k->r, 1, 2, 4, 8) :
		random_below(&k->r, 0x20);
	c->arg[2] = a ? a->start + random_below(&k->r, a->end - a->start) % 64 :
		(k->m->bar_size[bar] - 4 + random_below(&k->r, 8)) & 0xffffffffff;
	if (random_percent(&k->r, 5)) {
		bar = random_below(&k->r, 12);
		a = NULL;
	}
	c->arg[2] |= (uint64_t)bar << 40;
	c->arg[3] = PICK(&k->r, 0, 1, 0xffffffffffffffff, 0x0123456789abcdef);
	/* Numbers of eventfds, or what is none */
	c->arg[4] = PICK(&k->r, IO_EVENTFD, IO_EVENTFD, IO_EVENTFD + 1, IO_EVENTFD + 1,
			 100, 101, 102, 103);
	/* Where a write would do something, none must come to pass */
	if (!a && c->arg[4] < 100)
		c->arg[4] = IO_EVENTFD + 1;
}

static void feature(struct maker *k, struct call *c)
{
	uint32_t nr = random_percent(&k->r, 95) ? random_below(&k->r, 20) :
		random_below(&k->r, 0x10000);
	uint32_t what = PICK(&k->r, VFIO_DEVICE_FEATURE_PROBE,
			     VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET,
			     VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET,
			     VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
			     VFIO_DEVICE_FEATURE_GET,
			     VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_SET,
			     VFIO_DEVICE_FEATURE_SET,
			     VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_GET, 0);

	c->arg[0] = random_percent(&k->r, 70) ? 64 : random_below(&k->r, 32);
	c->arg[1] = nr | what;
	if (random_percent(&k->r, 3))
		c->arg[1] |= random_next(&k->r) & 0xffffffff;
	c->arg[2] = random_next(&k->r);
}

static void other_ioctl(struct maker *k, struct call *c)
{
	/* What all devices have is elsewhere */
	c->arg[0] = PICK(&k->r, 0, 1, 2, 3, 4, 5, 6, 14, 15, 18, 19, 20, 21, 22, 23, 30,
			 50, 99, 155);
}

static const struct {
	enum kind kind;
	unsigned int weight;
	void (*make)(struct maker *k, struct call *c);
} makers[] = {
	{ CFG_READ,		300, cfg_read },
	{ CFG_WRITE,		300, cfg_write },
	{ REGION_READ,		70, region },
	{ REGION_WRITE,		50, region },
	{ REGION_MMAP,		20, region_mmap },
	{ GET_INFO,		15, info },
	{ GET_REGION_INFO,	30, info },
	{ GET_IRQ_INFO,		25, info },
	{ SET_IRQS,		90, set_irqs },
	{ RESET,		5, NULL },
	{ HOT_RESET_INFO,	15, info },
	{ HOT_RESET,		5, hot_reset },
	{ IOEVENTFD,		30, ioeventfd },
	{ SIGNAL,		10, NULL },
	{ FEATURE,		30, feature },
	{ OTHER_IOCTL,		5, other_ioctl },
};

static void make(struct maker *k, struct call *c)
{
	uint32_t at, all = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(makers); i++)
		all += makers[i].weight;
	at = random_below(&k->r, all);
	for (i = 0; at >= makers[i].weight; i++)
		at -= makers[i].weight;

	memset(c, 0, sizeof(*c));
	c->kind = makers[i].kind;
	if (makers[i].make)
		makers[i].make(k, c);
	/* A driver that copied nothing would do what is asked for */
	c->bad = c->kind >= GET_INFO && c->kind != RESET && c->kind != SIGNAL &&
		 random_percent(&k->r, 2);
}

void make_call(const struct model *m, struct random *r, struct call *c)
{
	struct maker k = { .m = m, .pm = find_cap(m, PCI_CAP_ID_PM) };

	k.sweep = random_next(r) % 0x300;
	k.r = *r;
	make(&k, c);
	r->state = k.r.state;
}

void make_calls(const struct model *m, uint64_t seed, unsigned int chunk,
		struct call *calls, unsigned int n)
{
	struct maker k = {
		.m = m,
		.r = random_of(seed, m->name, chunk),
		.pm = find_cap(m, PCI_CAP_ID_PM),
	};

	/* The last one sees what became of the device */
	k.sweep = random_next(&k.r) % 0x300;
	for (unsigned int i = 0; i + 1 < n; i++)
		make(&k, &calls[i]);
	memset(&calls[n - 1], 0, sizeof(*calls));
	calls[n - 1].kind = HW_CONFIG;
}
