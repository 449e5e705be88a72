// SPDX-License-Identifier: GPL-2.0-only
/* The mode of a run, see mode.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mode.h"

#define KSFT_SKIP	4

static const struct vfio_mode modes[] = {
	{ "group", VFIO_MODE_GROUP, VFIO_HOW_TYPE1, false },
	{ "compat", VFIO_MODE_COMPAT, VFIO_HOW_COMPAT, false },
	{ "cdev", VFIO_MODE_CDEV, VFIO_HOW_CDEV, false },
	{ "mdev", VFIO_MODE_MDEV, VFIO_HOW_TYPE1, true },
	{ "mdev-cdev", VFIO_MODE_MDEV_CDEV, VFIO_HOW_CDEV, true },
};

static const struct vfio_mode *find_mode(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	printf("Bail out! VFIO_TEST_MODE=%s: there is no such mode, try one of", name);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		printf(" %s", modes[i].name);
	printf("\n");
	exit(1);
}

const struct vfio_mode *vfio_mode(void)
{
	static const struct vfio_mode *mode;
	const char *name = getenv("VFIO_TEST_MODE");

	if (!mode)
		mode = find_mode(name ? name : modes[0].name);
	return mode;
}

static bool is_program(const struct vfio_mode_rule *rule)
{
	return !rule->fixture && !rule->test;
}

int vfio_modes_print(const struct vfio_mode_rule *rules)
{
	unsigned int fit = VFIO_MODES_ALL;

	for (; rules->modes; rules++)
		if (is_program(rules))
			fit &= rules->modes;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (fit & modes[i].bit)
			printf("%s\n", modes[i].name);
	return 0;
}

static void exclude(const struct vfio_mode_rule *rule, char **argv, int *argc)
{
	const char *name = vfio_mode()->name;

	if (is_program(rule)) {
		printf("TAP version 13\n1..0 # SKIP not for mode %s: %s\n", name,
		       rule->why);
		exit(KSFT_SKIP);
	}
	printf("# not for mode %s: %s, %s\n", name,
	       rule->fixture ?: rule->test, rule->why);
	argv[(*argc)++] = rule->fixture ? "-F" : "-T";
	argv[(*argc)++] = (char *)(rule->fixture ?: rule->test);
}

char **vfio_mode_args(const struct vfio_mode_rule *rules, int *argc, char **argv)
{
	int n = 1, count = 0;
	char **more;

	while (rules[count].modes)
		count++;
	more = calloc(*argc + 2 * count + 1, sizeof(*more));
	if (!more) {
		perror("calloc");
		exit(1);
	}
	more[0] = argv[0];
	for (; rules->modes; rules++)
		if (!(rules->modes & vfio_mode()->bit))
			exclude(rules, more, &n);
	memcpy(more + n, argv + 1, *argc * sizeof(*more));
	*argc += n - 1;
	return more;
}
