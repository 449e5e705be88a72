/* SPDX-License-Identifier: GPL-2.0-only */
/* How much memory the kernel holds, to see whether it gives it back. */
#ifndef SELFTESTS_VFIO_PCI_MEMORY_H
#define SELFTESTS_VFIO_PCI_MEMORY_H

#include <stdbool.h>

/*
 * What the kernel holds: @slab in objects, @pages in whole pages and @vmalloc
 * in mappings. All bytes.
 */
struct memory {
	long slab;
	long pages;
	long vmalloc;
};

/* Measured when what is freed late is freed and caches are dropped */
struct memory memory_measure(void);

/*
 * Whether this kernel keeps what was freed, so that slabs and pages say nothing;
 * a line in the output says so
 */
bool memory_keeps_freed(void);

#endif /* SELFTESTS_VFIO_PCI_MEMORY_H */
