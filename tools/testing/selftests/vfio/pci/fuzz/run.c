// SPDX-License-Identifier: GPL-2.0-only
/* Run an input, and see what the kernel says of it */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "kmsg.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
/* Inputs to look at when something is lost */
#define MAX_RECENT	2048

static int kmsg = -1;
static unsigned int nr_runs;

static struct input *recent;
static unsigned int nr_recent;

void watch_open(void)
{
	kmsg = kmsg_open();
	if (kmsg < 0)
		die("/dev/kmsg", kmsg);
}

/* Whatever a report says, it shows the stack */
bool watch_complained(void)
{
	return kmsg_find(kmsg, "Call Trace:", NULL, 0);
}

unsigned int runs(void)
{
	return nr_runs;
}

static void calls_do(const struct input *in, struct reach *reach)
{
	static uint8_t data[MAX_DATA];
	struct session s;
	uint32_t len;
	int ret;

	/* What the last user left is nothing to this one */
	model_restore(in->m);
	kcov_start();
	ret = session_open(&s, in->m);
	if (ret)
		die(in->m->name, ret);
	for (unsigned int i = 0; i < in->n; i++) {
		kcov_add(reach);
		call_do(&s, &in->calls[i], data, &len);
	}
	session_close(&s);
	kcov_add(reach);
}

static void report(const struct input *in)
{
	fprintf(stderr, "# the kernel complained of what %s was called with\n", in->m->name);
	input_put("bad", in);
	exit(1);
}

static void remember(const struct input *in)
{
	if (nr_recent == MAX_RECENT)
		leaks_check();
	recent[nr_recent++] = *in;
}

void input_run(const struct input *in, struct reach *reach)
{
	if (recent)
		remember(in);
	nr_runs++;
	/* Should the kernel not survive it, that is what is known of it. */
	input_put("run", in);
	reach_start(reach);
	calls_do(in, reach);
	if (watch_complained())
		report(in);
}

/* --- kmemleak ------------------------------------------------------------------ */

/* Objects younger than 5 s are not reported, and a second scan makes sure. */
static bool has_leak(void)
{
	char text[256] = "";

	vfio_sleep_ms(6000);
	vfio_file_write(KMEMLEAK, "scan");
	vfio_file_write(KMEMLEAK, "scan");
	return vfio_file_read(KMEMLEAK, text, sizeof(text)) > 0 && text[0];
}

/* Does one of these lose anything? */
static bool again(unsigned int from, unsigned int to)
{
	static uint32_t place[MAX_PLACES];
	struct reach reach = { .place = place };

	vfio_file_write(KMEMLEAK, "clear");
	for (unsigned int i = from; i < to; i++) {
		reach_start(&reach);
		calls_do(&recent[i], &reach);
	}
	return has_leak();
}

static void find_leak(void)
{
	unsigned int from = 0, to = nr_recent;

	fprintf(stderr, "# something was lost, looking for what loses it\n");
	while (to - from > 1) {
		unsigned int middle = (from + to) / 2;

		if (again(from, middle))
			to = middle;
		else
			from = middle;
	}
	report(&recent[from]);
}

void leaks_open(void)
{
	recent = calloc(MAX_RECENT, sizeof(*recent));
	if (!recent || access(KMEMLEAK, W_OK))
		die(KMEMLEAK, -errno);
}

void leaks_check(void)
{
	if (recent && has_leak())
		find_leak();
	nr_recent = 0;
}
