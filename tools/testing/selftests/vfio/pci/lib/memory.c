// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include "memory.h"
#include "vfio_lib.h"

/* Bytes in objects of all slab caches */
static long slab_bytes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	long active, total, size, bytes = 0;
	char line[512], name[128];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%127s %ld %ld %ld", name, &active, &total, &size) == 4)
			bytes += active * size;
	fclose(file);
	return bytes;
}

struct memory memory_measure(void)
{
	struct memory memory;

	/* What is freed after a grace period, or by a work item */
	vfio_sleep_ms(300);
	vfio_file_write("/proc/sys/vm/drop_caches", "3");
	vfio_sleep_ms(300);
	memory.slab = slab_bytes();
	memory.pages = -1024 * vfio_meminfo_kb("MemFree");
	memory.vmalloc = 1024 * vfio_meminfo_kb("VmallocUsed");
	return memory;
}

/*
 * KASAN keeps what was freed, up to a part of all memory, so that slabs and pages
 * say nothing; but such a kernel has kmemleak, which the VM asks in the end.
 */
bool memory_keeps_freed(void)
{
	if (!vfio_kernel_has("CONFIG_KASAN"))
		return false;
	printf("# slabs and pages are not compared: KASAN keeps what was freed\n");
	return true;
}
