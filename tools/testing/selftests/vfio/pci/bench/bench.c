// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count what operations of a user of vfio-pci cost: instructions, device
 * accesses, and where the instructions go.  See usage().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define LOOPS		15
#define FLOOR_OPS	500
/* What an operation leaves to others (RCU, workqueues) is done within this */
#define SETTLE_MS	50

static void usage(void)
{
	fprintf(stderr,
		"Usage: bench COMMAND [ROW]...\n"
		"       bench scale|vectors ADDRESS NUMBER...\n"
		"\n"
		"  list     the rows: number|limit|of what|floor|kind|device|text\n"
		"  floors   instructions of system calls that do nothing\n"
		"  count    instructions of each row\n"
		"  access   do each row once while QEMU traces accesses\n"
		"  profile  do each row once while QEMU logs each instruction\n"
		"\n"
		"Without a ROW: all.  The last two need the test VM.\n"
		"\n"
		"  scale    NUMBERs of virtual functions of ADDRESS\n"
		"  vectors  NUMBERs of MSI-X vectors of ADDRESS\n");
	exit(2);
}

void die(const char *what, int ret)
{
	fprintf(stderr, "bench: cannot %s%s%s\n", what, ret ? ": " : "",
		ret ? strerror(-ret) : "");
	exit(1);
}

uint64_t thread_instructions(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), compare);
	return n & 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* What reading the clock twice costs by itself */
static double clock_cost(void)
{
	double v[101];

	for (unsigned int i = 0; i < ARRAY_SIZE(v); i++) {
		uint64_t start = thread_instructions();

		v[i] = thread_instructions() - start;
	}
	return median(v, ARRAY_SIZE(v));
}

static void fail(const char *text, const char *step, int ret)
{
	fprintf(stderr, "bench: %s: %s: %s\n", text, step, strerror(-ret));
	exit(1);
}

static void floors(void)
{
	struct bench b = { .dev.fd = open("/dev/null", O_RDWR) };
	double v[LOOPS], clock = clock_cost();
	char buf[4096];
	int ret = 0;

	b.buf = buf;
	for (int f = 0; f < NR_FLOORS; f++) {
		for (int l = 0; l < LOOPS; l++) {
			uint64_t start = thread_instructions();

			for (int i = 0; i < FLOOR_OPS; i++)
				ret |= floor_rows[f].op(&b);
			v[l] = (thread_instructions() - start - clock) / FLOOR_OPS;
		}
		if (ret)
			fail("floor", floor_rows[f].name, -EIO);
		printf("floor|%s|%.1f\n", floor_rows[f].name, median(v, LOOPS));
	}
}

static void begin(struct bench *b, const struct row *r)
{
	struct vfio_target t = { r->device };
	int ret;

	*b = (struct bench){ .dev = VFIO_DEV_INIT };
	b->buf = mmap(NULL, BENCH_BUF, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (b->buf == MAP_FAILED)
		die("allocate memory", -errno);
	ret = vfio_dev_open(&b->dev, &t);
	if (!ret && r->begin)
		ret = r->begin(b);
	if (ret)
		fail(r->text, "begin", ret);
}

static void end(struct bench *b, const struct row *r)
{
	if (r->end)
		r->end(b);
	vfio_dev_close(&b->dev);
	munmap(b->buf, BENCH_BUF);
}

static void undo(struct bench *b, const struct row *r)
{
	if (r->undo)
		r->undo(b);
	vfio_sleep_ms(SETTLE_MS);
}

static void once(struct bench *b, const struct row *r)
{
	int ret = r->op(b);

	if (ret)
		fail(r->text, "operation", ret);
}

static void count(unsigned int nr, const struct row *r)
{
	unsigned int things = r->ops * (r->per ? r->per : 1);
	double v[LOOPS], clock = clock_cost();
	struct bench b;
	int ret = 0;

	begin(&b, r);
	/* The first ones may allocate what the next ones use */
	for (int i = 0; i < 3; i++) {
		once(&b, r);
		undo(&b, r);
	}
	for (int l = 0; l < LOOPS; l++) {
		uint64_t start = thread_instructions();

		for (unsigned int i = 0; i < r->ops; i++)
			ret |= r->op(&b);
		v[l] = (thread_instructions() - start - clock) / things;
		undo(&b, r);
	}
	if (ret)
		fail(r->text, "operation", -EIO);
	end(&b, r);
	median(v, LOOPS);
	printf("count|%u|%.1f|%.1f|%.1f\n", nr, v[LOOPS / 2], v[0], v[LOOPS - 1]);
	fflush(stdout);
}

/* Between the marks are the accesses of one operation */
static void access_once(unsigned int nr, const struct row *r)
{
	struct bench b;

	begin(&b, r);
	once(&b, r);
	undo(&b, r);

	monitor("trace-event pci_cfg_* on");
	monitor("trace-event memory_region_ops_* on");
	mark(nr + 1);
	once(&b, r);
	mark(0xff);
	monitor("trace-event memory_region_ops_* off");
	monitor("trace-event pci_cfg_* off");
	undo(&b, r);

	printf("device|%u|%s", nr, b.dev.addr);
	for (int i = 0; i < 6; i++) {
		uint64_t start, size, flags;

		if (!vfio_resource(b.dev.addr, i, &start, &size, &flags) && size)
			printf("|0x%llx 0x%llx", (unsigned long long)start,
			       (unsigned long long)(start + size - 1));
	}
	putchar('\n');
	end(&b, r);
}

static void profile(unsigned int nr, const struct row *r)
{
	struct bench b;

	begin(&b, r);
	for (int i = 0; i < 3; i++) {
		once(&b, r);
		undo(&b, r);
	}
	monitor("trace-event pci_cfg_* on");
	monitor("singlestep on");
	monitor("log exec,nochain");
	/* What the marks themselves cost */
	mark(0xfe);
	mark(0xff);
	mark(nr + 1);
	once(&b, r);
	mark(0xff);
	monitor("log none");
	monitor("singlestep off");
	monitor("trace-event pci_cfg_* off");
	undo(&b, r);
	end(&b, r);
}

static void list(unsigned int nr, const struct row *r)
{
	printf("row|%u|%g|%s|%s|%s|%s|%s\n", nr, r->limit,
	       r->cost ? "cost" : "total", floor_rows[r->floor].name,
	       r->ram ? "ram" : "device", r->device, r->text);
}

static const struct {
	const char *name;
	void (*run)(unsigned int nr, const struct row *r);
} commands[] = {
	{ "list", list },
	{ "count", count },
	{ "access", access_once },
	{ "profile", profile },
};

static void run_all(void (*run)(unsigned int nr, const struct row *r),
		    char **which)
{
	for (unsigned int i = 0; i < nr_rows && !*which; i++)
		run(i, &rows[i]);
	for (; *which; which++) {
		unsigned int nr = atoi(*which);

		if (nr >= nr_rows)
			usage();
		run(nr, &rows[nr]);
	}
}

static void run_numbers(void (*run)(const char *addr, unsigned int n),
			char **args)
{
	if (!args[0])
		usage();
	for (char **n = args + 1; *n; n++)
		run(args[0], atoi(*n));
}

int main(int argc, char **argv)
{
	if (argc < 2)
		usage();
	if (!strcmp(argv[1], "scale") || !strcmp(argv[1], "vectors")) {
		run_numbers(argv[1][0] == 's' ? scale : vectors, argv + 2);
		return 0;
	}
	if (!strcmp(argv[1], "floors")) {
		floors();
		return 0;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name)) {
			run_all(commands[i].run, argv + 2);
			return 0;
		}
	usage();
}
