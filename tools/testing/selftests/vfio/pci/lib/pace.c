// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels that check each access to memory take several times as long, and some
 * keep what is freed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vfio_lib.h"

bool vfio_kernel_has(const char *option)
{
	/* Where there is no such file, it is not said. */
	FILE *f = popen("zcat /proc/config.gz 2> /dev/null", "r");
	size_t length = strlen(option);
	char line[256];
	bool has = false;

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, option, length) && line[length] == '=')
			has = true;
	pclose(f);
	return has;
}

bool vfio_kernel_is_slow(void)
{
	static int slow = -1;

	if (slow < 0)
		slow = vfio_kernel_has("CONFIG_KASAN") || vfio_kernel_has("CONFIG_KCSAN");
	return slow;
}

int vfio_rounds(int full)
{
	const char *all = getenv("VFIO_TEST_LONG");

	if ((all && !strcmp(all, "1")) || !vfio_kernel_is_slow())
		return full;
	return (full + 19) / 20;
}
