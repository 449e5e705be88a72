// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call vfio-pci with inputs that are changed at random, and keep those that reach
 * new code.  See usage().
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void usage(void)
{
	fprintf(stderr,
		"Usage: fuzz run SEED RUNS DIR DEVICE...\n"
		"       fuzz leaks SEED RUNS DIR DEVICE...\n"
		"       fuzz minimise DIR DEVICE...\n"
		"       fuzz replay DIR DEVICE...\n"
		"\n"
		"  run       so many inputs, beginning with those in DIR\n"
		"  leaks     the same, and find those by which memory is lost\n"
		"  minimise  choose from those in DIR, and make them short\n"
		"  replay    those in DIR, in the order of their names\n"
		"\n"
		"Each input is printed before it is run.  Ends with 1 if the kernel\n"
		"complains.\n");
	exit(2);
}

void die(const char *what, int ret)
{
	fprintf(stderr, "fuzz: cannot use \"%s\"%s%s\n", what, ret ? ": " : "",
		ret ? strerror(-ret) : "");
	exit(2);
}

/* What an input reached, until the next one */
static uint32_t place[MAX_PLACES];
static struct reach reach = { .place = place };

static int not_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void run_corpus(const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, not_hidden, alphasort);

	if (n < 0)
		die(dir, -errno);
	for (int i = 0; i < n; i++) {
		char path[512];
		struct input in;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		input_read(path, &in);
		input_run(&in, &reach);
		pool_add(&in, &reach, false);
		free(entries[i]);
	}
	free(entries);
}

static void next_input(struct random *r, struct input *in)
{
	if (!pool_size() || random_percent(r, 15)) {
		input_new(r, in);
		return;
	}
	*in = pool_some(r)->in;
	input_mutate(r, in, &pool_some(r)->in);
}

static void fuzz(uint64_t seed, unsigned int n)
{
	struct random r = random_of(seed, "fuzz", 0);
	struct input in;

	while (runs() < n) {
		next_input(&r, &in);
		input_run(&in, &reach);
		if (pool_news(&reach))
			pool_add(&in, &reach, true);
	}
}

static unsigned int print_found(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < pool_size(); i++) {
		if (!pool_at(i)->found)
			continue;
		input_put("keep", &pool_at(i)->in);
		n++;
	}
	return n;
}

static void run_all(uint64_t seed, unsigned int n, const char *dir)
{
	unsigned int places, known;

	run_corpus(dir);
	places = pool_places();
	known = pool_size();
	fuzz(seed, n);
	if (!pool_places())
		die("KCOV: nothing was reached", 0);
	fprintf(stderr, "# %u inputs run, those of the corpus (%u) reached %u places\n", runs(),
		known, places);
	fprintf(stderr, "# %u inputs reached %u places more\n", print_found(),
		pool_places() - places);
}

int main(int argc, char **argv)
{
	bool leaks = argc > 1 && !strcmp(argv[1], "leaks");
	bool is_run = leaks || (argc > 1 && !strcmp(argv[1], "run"));
	int at = is_run ? 4 : 2;

	if (argc < at + 2)
		usage();
	devices_look(argv + at + 1);
	watch_open();
	kcov_open();
	if (leaks)
		leaks_open();
	if (is_run) {
		run_all(strtoull(argv[2], NULL, 0), strtoul(argv[3], NULL, 0), argv[at]);
		leaks_check();
	} else if (!strcmp(argv[1], "minimise")) {
		run_corpus(argv[at]);
		minimise();
	} else if (!strcmp(argv[1], "replay")) {
		run_corpus(argv[at]);
		fprintf(stderr, "# %u inputs run, they reached %u places\n", runs(),
			pool_places());
	} else {
		usage();
	}
	return 0;
}
