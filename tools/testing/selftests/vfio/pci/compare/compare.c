// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drive a device by calls that follow from a seed, and write down what came of
 * each; compare two such logs.  See usage().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"

static void usage(void)
{
	fprintf(stderr,
		"Usage: compare look DEVICE...\n"
		"       compare run LOG SEED CALLS REOPEN DEVICE...\n"
		"       compare trace LOG SEED CALLS REOPEN DEVICE...\n"
		"       compare calls LOG\n"
		"       compare diff LOG LOG FINDS\n"
		"       compare shrink SEED REOPEN FINDS USE\n"
		"\n"
		"  look    remember what the devices are like\n"
		"  run     CALLS calls to each, opening it anew after REOPEN of them\n"
		"  trace   the same, with marks between them in QEMU's trace\n"
		"  calls   print them, and where in the trace their devices are\n"
		"  diff    compare what two drivers did, and write what differs to FINDS\n"
		"  shrink  run that again, to find the calls that matter; the command\n"
		"          \"USE stock\" or \"USE ours\" changes the driver\n");
	exit(2);
}

void die(const char *what, int ret)
{
	fprintf(stderr, "compare: cannot %s%s%s\n", what, ret ? ": " : "",
		ret ? strerror(-ret) : "");
	exit(2);
}

static void look(const char *name)
{
	struct model m;
	int ret = model_look(&m, name);

	if (!ret)
		ret = model_save(&m);
	if (ret)
		die(name, ret);
}

/* Marks in the trace: a driver begins, a call, one to a device in low power, its end */
enum { MARK_DRIVER = 1, MARK_CALL, MARK_ASLEEP, MARK_END };

static bool marks;

static void mark(uint8_t number)
{
	int ret = marks ? vfio_trace_mark(number) : 0;

	if (ret)
		die("mark the trace", ret);
}

static void put(FILE *log, const struct record *rec, const uint8_t *data)
{
	size_t len = (rec->len + 7) & ~7;

	if (fwrite(rec, sizeof(*rec), 1, log) != 1 || fwrite(data, 1, len, log) != len)
		die("write the log", -errno);
}

void run_chunk(FILE *log, const struct model *m, uint64_t seed, unsigned int chunk,
	       unsigned int n, const bool *keep, unsigned int name)
{
	static struct call calls[MAX_CALLS];
	static uint8_t data[MAX_DATA];
	struct session s;
	int ret;

	make_calls(m, seed, chunk, calls, n);
	/* What the last user left is nothing to this one */
	model_restore(m);
	ret = session_open(&s, m);
	if (ret)
		die(m->name, ret);
	areas_clear(&s);
	for (unsigned int i = 0; i < n; i++) {
		struct record rec = { .chunk = name, .nr = i, .call = calls[i] };

		if (keep && !keep[i])
			continue;
		memcpy(rec.device, m->name, sizeof(rec.device));
		/* It is woken up, and goes to sleep again some time later. */
		mark(s.low_power ? MARK_ASLEEP : MARK_CALL);
		rec.ret = call_do(&s, &calls[i], data, &rec.len);
		mark(MARK_END);
		put(log, &rec, data);
	}
	session_close(&s);
}

static void run(const char *path, uint64_t seed, unsigned int n, unsigned int reopen,
		char **devices)
{
	FILE *log = fopen(path, "w");

	if (!log || !reopen || reopen > MAX_CALLS)
		die(path, -errno);
	mark(MARK_DRIVER);
	for (; *devices; devices++) {
		struct model m;
		int ret = model_load(&m, *devices);

		if (ret)
			die(*devices, ret);
		for (unsigned int chunk = 0; chunk * reopen < n; chunk++)
			run_chunk(log, &m, seed, chunk, reopen, NULL, chunk);
	}
	if (fclose(log))
		die(path, -errno);
}

static void device_print(const char *name)
{
	uint64_t start, size, flags;
	struct model m;
	int ret = model_load(&m, name);

	if (ret)
		die(name, ret);
	printf("device %s %s", name, m.addr);
	for (int i = 0; i < PCI_STD_NUM_BARS; i++)
		if (!vfio_resource(m.addr, i, &start, &size, &flags) && size)
			printf(" %#llx %#llx", (unsigned long long)start,
			       (unsigned long long)(start + size - 1));
	putchar('\n');
}

static void calls_print(const char *path)
{
	const struct record *r;
	char device[sizeof(r->device)] = "";
	struct log l;

	log_read(&l, path);
	while ((r = log_next(&l))) {
		if (strcmp(device, r->device))
			device_print(r->device);
		memcpy(device, r->device, sizeof(device));
		call_line(r);
	}
	log_free(&l);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		usage();
	if (!strcmp(argv[1], "look")) {
		for (int i = 2; i < argc; i++)
			look(argv[i]);
	} else if (!strcmp(argv[1], "calls") && argc == 3) {
		calls_print(argv[2]);
	} else if ((!strcmp(argv[1], "run") || !strcmp(argv[1], "trace")) && argc > 6) {
		marks = !strcmp(argv[1], "trace");
		run(argv[2], strtoull(argv[3], NULL, 0), strtoul(argv[4], NULL, 0),
		    strtoul(argv[5], NULL, 0), argv + 6);
	} else if (!strcmp(argv[1], "diff") && argc == 5) {
		return diff(argv[2], argv[3], argv[4]);
	} else if (!strcmp(argv[1], "shrink") && argc == 6) {
		return shrink(strtoull(argv[2], NULL, 0), strtoul(argv[3], NULL, 0),
			      argv[4], argv[5]);
	} else {
		usage();
	}
	return 0;
}
