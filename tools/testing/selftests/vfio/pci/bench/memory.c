// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this thread makes the kernel allocate and keep, to the byte: the trace of
 * allocations, less those that are freed again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define TRACING		"/sys/kernel/tracing/"
#define SETTLE_MS	200
/* Of each CPU */
#define BUFFER_KB	"16384"

static const char * const events[] = {
	"kmalloc", "kfree", "kmem_cache_alloc", "kmem_cache_free",
};

#define BUCKETS		65536

struct block {
	struct block *next;
	unsigned long ptr;
	long bytes;
};

static void set(const char *file, const char *value)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), TRACING "%s", file);
	ret = vfio_file_write(path, value);
	if (ret < 0)
		die(path, ret);
}

static void set_events(const char *value)
{
	char file[64];

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(file, sizeof(file), "events/kmem/%s/enable", events[i]);
		set(file, value);
	}
}

/* By a file that is open already, as opening one allocates */
static int tracing_on = -1;

static void trace(bool on)
{
	if (write(tracing_on, on ? "1" : "0", 1) != 1)
		die(TRACING "tracing_on", -errno);
}

void memory_begin(void)
{
	if (tracing_on < 0)
		tracing_on = open(TRACING "tracing_on", O_WRONLY | O_CLOEXEC);
	trace(false);
	/* Hashed pointers may all be the same */
	set("options/hash-ptr", "0");
	set("buffer_size_kb", BUFFER_KB);
	close(open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	set_events("1");
	vfio_sleep_ms(SETTLE_MS);
	trace(true);
}

static long field(const char *line, const char *name, int base)
{
	const char *p = strstr(line, name);

	return p ? (long)strtoul(p + strlen(name), NULL, base) : 0;
}

/* One event; returns by how much it changes what is kept */
static long account(struct block **table, const char *line, bool mine)
{
	unsigned long ptr = field(line, " ptr=", 16);
	struct block **slot = &table[ptr % BUCKETS], *b;
	long bytes;

	while (*slot && (*slot)->ptr != ptr)
		slot = &(*slot)->next;
	b = *slot;
	/* Freed, or freed without a trace and allocated anew */
	bytes = b ? -b->bytes : 0;
	if (b) {
		*slot = b->next;
		free(b);
	}
	if (!mine || !strstr(line, " bytes_alloc="))
		return bytes;

	b = malloc(sizeof(*b));
	if (!b)
		die("allocate memory", -ENOMEM);
	*b = (struct block){ table[ptr % BUCKETS], ptr,
			     field(line, " bytes_alloc=", 10) };
	table[ptr % BUCKETS] = b;
	return bytes + b->bytes;
}

long memory_end(void)
{
	struct block **table = calloc(BUCKETS, sizeof(*table));
	char line[1024], me[32];
	long kept = 0;
	FILE *f;

	vfio_sleep_ms(SETTLE_MS);
	trace(false);
	set_events("0");
	snprintf(me, sizeof(me), "-%d ", getpid());

	f = fopen(TRACING "trace", "r");
	if (!f || !table)
		die("read the trace", -errno);
	while (fgets(line, sizeof(line), f)) {
		char *at = strstr(line, me), *bracket = strchr(line, '[');
		unsigned long there, written;

		if (sscanf(line, "# entries-in-buffer/entries-written: %lu/%lu",
			   &there, &written) == 2 && there != written)
			die("keep the whole trace of allocations", -ENOSPC);
		if (line[0] != '#')
			kept += account(table, line, at && bracket && at < bracket);
	}
	fclose(f);
	for (int i = 0; i < BUCKETS; i++)
		for (struct block *b = table[i], *next; b; b = next) {
			next = b->next;
			free(b);
		}
	free(table);
	return kept;
}
