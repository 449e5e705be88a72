// SPDX-License-Identifier: GPL-2.0-only
/* Compare what two drivers did */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compare.h"

/* Differences to print for each device */
#define PRINTED		5
/* Calls to print that came before one */
#define BEFORE		12

void log_read(struct log *l, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t len = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (len < 0)
		die(path, -errno);
	*l = (struct log){ .len = len };
	/* It is in memory already; nothing can be mapped of an empty one */
	if (len)
		l->bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (l->bytes == MAP_FAILED)
		die(path, -errno);
	close(fd);
}

void log_free(struct log *l)
{
	if (l->len)
		munmap(l->bytes, l->len);
}

const struct record *log_next(struct log *l)
{
	const struct record *r = (const void *)(l->bytes + l->pos);

	if (l->pos == l->len)
		return NULL;
	l->pos += sizeof(*r) + ((r->len + 7) & ~7);
	return r;
}

bool same(struct past *past, const struct record *a, const struct record *b, int *row)
{
	*row = -1;
	past_add(past, a);
	if (a->nr != b->nr || memcmp(&a->call, &b->call, sizeof(a->call)))
		die("compare logs of different calls", 0);
	if (a->ret == b->ret && a->len == b->len && !memcmp(a->data, b->data, a->len))
		return true;
	*row = meant(past, a, b);
	return *row >= 0;
}

static void answer_print(const char *who, const struct record *r)
{
	if (r->ret < 0)
		printf("#     %s: %s\n", who, strerror(-r->ret));
	else
		printf("#     %s: %d\n", who, r->ret);
}

void difference_print(const struct record *stock, const struct record *ours)
{
	unsigned int n = 0, base = stock->call.kind == CFG_READ ? stock->call.arg[0] : 0;

	answer_print("stock", stock);
	answer_print("ours", ours);
	for (unsigned int i = 0; i < stock->len && i < ours->len; i++) {
		if (stock->data[i] == ours->data[i] || n++ >= 16)
			continue;
		printf("#     byte %#x: stock %02x, ours %02x\n", base + i, stock->data[i],
		       ours->data[i]);
	}
	if (n > 16)
		printf("#     and %u bytes more\n", n - 16);
}

void call_line(const struct record *r)
{
	printf("#   %4u ", r->nr);
	call_print(stdout, &r->call);
	if (r->ret < 0)
		printf(": %s\n", strerror(-r->ret));
	else
		printf(": %d\n", r->ret);
}

/**
 * struct state - a comparison under way
 * @stock: log of the distribution's driver
 * @ours: log of ours
 * @finds: where first differences are written
 * @device: name of the device
 * @calls: calls compared
 * @chunks: chunks of them
 * @bad: chunks that differ
 * @meant: differences that are meant, for each row
 * @before: calls before this one in its chunk
 */
struct state {
	struct log stock;
	struct log ours;
	FILE *finds;
	char device[12];
	unsigned int calls;
	unsigned int chunks;
	unsigned int bad;
	unsigned int meant[MAX_MEANT];
	const struct record *before[MAX_CALLS];
};

static void find(struct state *s, const struct record *a, const struct record *b)
{
	unsigned int first = a->nr > BEFORE ? a->nr - BEFORE : 0;

	if (!s->bad)
		fprintf(s->finds, "%s %u %u\n", a->device, a->chunk, a->nr);
	if (s->bad++ >= PRINTED)
		return;
	printf("# %s, chunk %u:\n", a->device, a->chunk);
	for (unsigned int i = first; i < a->nr; i++)
		call_line(s->before[i]);
	call_line(a);
	difference_print(a, b);
}

/* All records of a device; returns the first one that is of another */
static const struct record *compare_device(struct state *s, const struct record *a)
{
	unsigned int chunk = ~0, bad = ~0;
	struct past past = { 0 };
	const struct record *b;
	int row;

	memcpy(s->device, a->device, sizeof(s->device));
	s->calls = 0;
	s->chunks = 0;
	s->bad = 0;
	for (; a && !strcmp(s->device, a->device); a = log_next(&s->stock)) {
		b = log_next(&s->ours);
		if (!b)
			die("compare logs of different lengths", 0);
		if (a->chunk != chunk)
			s->chunks++;
		chunk = a->chunk;
		s->before[a->nr % MAX_CALLS] = a;
		s->calls++;
		/* What comes after a difference may come from it */
		if (chunk == bad)
			continue;
		if (!same(&past, a, b, &row)) {
			bad = chunk;
			find(s, a, b);
		} else if (row >= 0) {
			s->meant[row]++;
		}
	}
	return a;
}

int diff(const char *stock, const char *ours, const char *finds)
{
	static struct state s;
	const struct record *a;
	unsigned int devices = 0;
	int ret = 0;

	log_read(&s.stock, stock);
	log_read(&s.ours, ours);
	s.finds = fopen(finds, "w");
	if (!s.finds)
		die(finds, -errno);
	for (a = log_next(&s.stock); a; ) {
		a = compare_device(&s, a);
		printf("%sok %u %s # %u calls, %u of %u chunks differ\n",
		       s.bad ? "not " : "", ++devices, s.device, s.calls, s.bad, s.chunks);
		ret |= s.bad > 0;
	}
	for (int i = 0; i < MAX_MEANT; i++)
		if (s.meant[i])
			printf("# %u differences are meant: %s\n", s.meant[i], meant_reason(i));
	printf("1..%u\n", devices);
	fclose(s.finds);
	log_free(&s.stock);
	log_free(&s.ours);
	return ret;
}
