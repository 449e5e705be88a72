// SPDX-License-Identifier: GPL-2.0-only
/* Inputs as text, and the devices that they are for */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static struct model devices[MAX_FUZZED];
static unsigned int nr_devices;

void devices_look(char **names)
{
	for (; *names; names++) {
		int ret = -E2BIG;

		if (nr_devices < MAX_FUZZED)
			ret = model_look(&devices[nr_devices], *names);
		if (ret)
			die(*names, ret);
		nr_devices++;
	}
}

const struct model *device_some(struct random *r)
{
	return &devices[random_below(r, nr_devices)];
}

const struct model *device_named(const char *name)
{
	for (unsigned int i = 0; i < nr_devices; i++)
		if (!strcmp(devices[i].name, name))
			return &devices[i];
	return NULL;
}

void input_print(FILE *f, const struct input *in)
{
	fprintf(f, "device %s\n", in->m->name);
	for (unsigned int i = 0; i < in->n; i++) {
		call_print(f, &in->calls[i]);
		fputc('\n', f);
	}
}

void input_put(const char *what, const struct input *in)
{
	printf("@%s\n", what);
	input_print(stdout, in);
	printf("@end\n");
	fflush(stdout);
}

/* Empty lines and those that begin with # are for people */
static bool next_line(FILE *f, char *line, size_t len)
{
	while (fgets(line, len, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			return true;
	}
	return false;
}

static void read_calls(FILE *f, struct input *in)
{
	char line[256];

	while (next_line(f, line, sizeof(line)))
		if (in->n == MAX_INPUT_CALLS || !call_parse(line, &in->calls[in->n++]))
			die(line, -EINVAL);
}

void input_read(const char *path, struct input *in)
{
	FILE *f = fopen(path, "r");
	char line[256], name[12];

	if (!f)
		die(path, -errno);
	if (!next_line(f, line, sizeof(line)) || sscanf(line, "device %11s", name) != 1)
		die(path, -EINVAL);
	in->m = device_named(name);
	in->n = 0;
	if (!in->m)
		die(name, -ENODEV);
	read_calls(f, in);
	fclose(f);
}
