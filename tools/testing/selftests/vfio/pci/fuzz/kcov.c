// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which code of the modules this process reached, as KCOV says.  What interrupts and
 * threads of the kernel reach, it does not.
 *
 * A place is the number of a module and how far it is into its code: the same each
 * time, wherever modules are loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0
/* Of a single call */
#define KCOV_SIZE	0x40000UL

static struct {
	const char *name;
	uint64_t base;
	uint64_t size;
} modules[] = { { "vfio_pci_common" }, { "vfio_pci" } };

static uint64_t *cover;
/* In which round a place was seen last */
static uint32_t seen[MAX_PLACES];
static uint32_t round_now;

#define PLACES_EACH	(MAX_PLACES / ARRAY_SIZE(modules))

static void find_modules(void)
{
	FILE *f = fopen("/proc/modules", "r");
	char line[1024], name[64];
	uint64_t size, base;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size, &base) != 3)
			continue;
		for (unsigned int i = 0; i < ARRAY_SIZE(modules); i++) {
			if (strcmp(name, modules[i].name))
				continue;
			modules[i].base = base;
			modules[i].size = size;
		}
	}
	if (f)
		fclose(f);
	for (unsigned int i = 0; i < ARRAY_SIZE(modules); i++) {
		if (!modules[i].base)
			die(modules[i].name, -ENOENT);
		if (modules[i].size > PLACES_EACH)
			die(modules[i].name, -EFBIG);
	}
}

void kcov_open(void)
{
	const char *path = "/sys/kernel/debug/kcov";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	find_modules();
	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, KCOV_SIZE))
		die(path, -errno);
	cover = mmap(NULL, KCOV_SIZE * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		die(path, -errno);
}

void kcov_start(void)
{
	__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
}

static bool place_of(uint64_t pc, uint32_t *place)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(modules); i++) {
		if (pc - modules[i].base < modules[i].size) {
			*place = i * PLACES_EACH + (pc - modules[i].base);
			return true;
		}
	}
	return false;
}

void reach_start(struct reach *r)
{
	r->n = 0;
	round_now++;
}

void kcov_add(struct reach *r)
{
	uint64_t n = __atomic_load_n(&cover[0], __ATOMIC_RELAXED);
	uint32_t place;

	for (uint64_t i = 1; i <= n; i++) {
		if (!place_of(cover[i], &place) || seen[place] == round_now)
			continue;
		seen[place] = round_now;
		r->place[r->n++] = place;
	}
	kcov_start();
}
