// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping BARs: what can be mapped, and what a process does with a mapping.
 * What takes mappings away is in mmap_state_test.c.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfio_harness.h"

#define PAGE	4096UL
#define RW	(PROT_READ | PROT_WRITE)

/* ivshmem: 256 bytes in BAR0, memory and nothing else in BAR2 */
#define SMALL	0
#define RAM	2

FIXTURE(map)
{
	struct vfio_dev d;
	uint64_t size;
	uint32_t *p;	/* the first four pages of RAM */
};

FIXTURE_VARIANT(map)
{
	struct vfio_target target;
};

FIXTURE_SETUP(map)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
	self->size = self->d.region[RAM].size;
	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, 0, 4 * PAGE, RW, MAP_SHARED,
				      (void **)&self->p));
}

FIXTURE_TEARDOWN(map)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(map, group)
{
	.target = { .name = "ivshmem" },
};

static void *page(const void *p, int n)
{
	return (char *)p + n * PAGE;
}

/* --- What can be mapped ------------------------------------------------- */

TEST_F(map, the_whole_bar)
{
	void *p;

	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, 0, self->size, RW, MAP_SHARED,
				      &p));
	EXPECT_EQ(0, vfio_store(p, 4, 1));
	EXPECT_EQ(0, vfio_store((char *)p + self->size - 4, 4, 2));
	EXPECT_EQ(0, munmap(p, self->size));
}

TEST_F(map, a_part_in_the_middle_shows_those_bytes)
{
	uint32_t mark = 0xcafe0001;
	uint64_t val;
	void *p;

	ASSERT_EQ(4, vfio_region_write(&self->d, RAM, 0x123000 + 8, &mark, 4));
	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, 0x123000, 2 * PAGE, RW,
				      MAP_SHARED, &p));
	ASSERT_EQ(0, vfio_load((char *)p + 8, 4, &val));
	EXPECT_EQ(mark, val);
}

TEST_F(map, the_last_page_but_nothing_behind_it)
{
	void *p;

	EXPECT_EQ(0, vfio_region_mmap(&self->d, RAM, self->size - PAGE, PAGE, RW,
				      MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, self->size - PAGE,
					    2 * PAGE, RW, MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, self->size, PAGE, RW,
					    MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, 0, self->size + PAGE,
					    RW, MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, (1ULL << 40) - PAGE,
					    PAGE, RW, MAP_SHARED, &p));
	/* From the last page of this region into the next one */
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, (1ULL << 40) - PAGE,
					    2 * PAGE, RW, MAP_SHARED, &p));
}

TEST_F(map, offsets_have_to_be_page_aligned)
{
	void *p;

	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, 8, PAGE, RW,
					    MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, PAGE / 2, PAGE, RW,
					    MAP_SHARED, &p));
}

TEST_F(map, private_mappings_are_refused)
{
	void *p;

	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, 0, PAGE, RW,
					    MAP_PRIVATE, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, RAM, 0, PAGE, PROT_READ,
					    MAP_PRIVATE, &p));
}

TEST_F(map, only_bars_can_be_mapped)
{
	const unsigned int bad[] = {
		1, 3, 4, 5,	/* absent, and the upper half of RAM's */
		VFIO_PCI_ROM_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
		VFIO_PCI_VGA_REGION_INDEX, VFIO_NR_REGIONS, 255, 0x7fffff,
	};
	void *p;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, bad[i], 0, PAGE,
						    PROT_READ, MAP_SHARED, &p))
			TH_LOG("region %u", bad[i]);
	}
}

/* The rest of its page is nobody else's, so that it can be mapped with it */
TEST_F(map, a_bar_smaller_than_a_page_is_mapped_as_one)
{
	void *p;

	ASSERT_EQ(256, self->d.region[SMALL].size);
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, SMALL, 0, 2 * PAGE, RW,
					    MAP_SHARED, &p));
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, SMALL, PAGE, PAGE, RW,
					    MAP_SHARED, &p));
	ASSERT_EQ(0, vfio_region_mmap(&self->d, SMALL, 0, PAGE, RW, MAP_SHARED,
				      &p));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
}

TEST_F(map, protection_is_as_asked_for)
{
	void *p;

	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, 0, PAGE, PROT_READ,
				      MAP_SHARED, &p));
	EXPECT_EQ(0, vfio_load(p, 4, NULL));
	EXPECT_EQ(SIGSEGV, vfio_store(p, 4, 0));
}

/* --- Bytes -------------------------------------------------------------- */

TEST_F(map, stores_are_read_back_and_writes_are_loaded)
{
	uint64_t val = 0x1122334455667788, got = 0;

	EXPECT_EQ(0, vfio_store(self->p + 4, 8, val));
	EXPECT_EQ(8, vfio_region_read(&self->d, RAM, 16, &got, 8));
	EXPECT_EQ(val, got);
	val = ~val;
	EXPECT_EQ(8, vfio_region_write(&self->d, RAM, PAGE, &val, 8));
	EXPECT_EQ(0, vfio_load(page(self->p, 1), 8, &got));
	EXPECT_EQ(val, got);
}

TEST_F(map, two_mappings_show_the_same)
{
	uint64_t got = 0;
	void *p;

	ASSERT_EQ(0, vfio_region_mmap(&self->d, RAM, PAGE, PAGE, RW, MAP_SHARED,
				      &p));
	EXPECT_EQ(0, vfio_store(page(self->p, 1), 4, 0x600d600d));
	EXPECT_EQ(0, vfio_load(p, 4, &got));
	EXPECT_EQ(0x600d600d, got);
}

/* --- What a process does with its mappings ------------------------------ */

/* The child answers with 0, or with the number of the step that failed */
static int child_steps(struct vfio_dev *d, uint32_t *p)
{
	uint64_t got;

	if (vfio_load(p, 4, &got) || got != 0x1234)
		return 1;
	if (vfio_store(p, 4, 0x5678))
		return 2;
	if (vfio_memory(d, false))
		return 3;
	if (vfio_load(p, 4, NULL) != SIGBUS)
		return 4;
	return 0;
}

TEST_F(map, a_child_shares_it_and_loses_it_alike)
{
	uint64_t got;
	int status;
	pid_t pid;

	ASSERT_EQ(0, vfio_store(self->p, 4, 0x1234));
	pid = fork();
	if (!pid)
		_exit(child_steps(&self->d, self->p));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));

	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(0, vfio_load(self->p, 4, &got));
	EXPECT_EQ(0x5678, got);
}

TEST_F(map, can_be_unmapped_in_part)
{
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, vfio_store(page(self->p, i), 4, i + 1));
	ASSERT_EQ(0, munmap(page(self->p, 1), PAGE));
	EXPECT_EQ(SIGSEGV, vfio_load(page(self->p, 1), 4, NULL));
	/* Both ends are still taken away and given back */
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(SIGBUS, vfio_load(self->p, 4, NULL));
	EXPECT_EQ(SIGBUS, vfio_load(page(self->p, 2), 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	for (int i = 0; i < 4; i++) {
		uint64_t got = i + 1;

		EXPECT_EQ(i == 1 ? SIGSEGV : 0, vfio_load(page(self->p, i), 4, &got));
		EXPECT_EQ(i + 1, got);
	}
}

TEST_F(map, protection_can_be_changed)
{
	ASSERT_EQ(0, mprotect(page(self->p, 1), PAGE, PROT_READ));
	EXPECT_EQ(SIGSEGV, vfio_store(page(self->p, 1), 4, 0));
	EXPECT_EQ(0, vfio_load(page(self->p, 1), 4, NULL));
	ASSERT_EQ(0, mprotect(self->p, PAGE, PROT_NONE));
	EXPECT_EQ(SIGSEGV, vfio_load(self->p, 4, NULL));
	ASSERT_EQ(0, mprotect(self->p, 4 * PAGE, RW));
	EXPECT_EQ(0, vfio_store(self->p, 4, 0));
	EXPECT_EQ(0, vfio_store(page(self->p, 1), 4, 0));
}

TEST_F(map, can_be_moved_but_not_grown)
{
	void *to = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	uint64_t got;

	ASSERT_EQ(0, vfio_store(page(self->p, 3), 4, 0x3333));
	EXPECT_EQ(MAP_FAILED, mremap(self->p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(to, mremap(self->p, 4 * PAGE, 4 * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(0, vfio_load(page(to, 3), 4, &got));
	EXPECT_EQ(0x3333, got);
	EXPECT_EQ(SIGSEGV, vfio_load(page(self->p, 3), 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(SIGBUS, vfio_load(page(to, 3), 4, NULL));
}

TEST_F(map, keeps_the_device_after_the_file_is_closed)
{
	uint64_t got;

	ASSERT_EQ(0, vfio_store(self->p, 4, 0x77));
	vfio_dev_close(&self->d);
	EXPECT_EQ(0, vfio_load(self->p, 4, &got));
	EXPECT_EQ(0x77, got);
	EXPECT_EQ(0, vfio_load(page(self->p, 2), 4, NULL));
}

/* The line of smaps that says what the kernel may do with a mapping */
static bool has_vm_flag(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool here = false, found = false;
	char line[256];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start == (unsigned long)p;
		if (here && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	fclose(f);
	return found;
}

TEST_F(map, is_neither_dumped_nor_expanded)
{
	EXPECT_TRUE(has_vm_flag(self->p, " io"));
	EXPECT_TRUE(has_vm_flag(self->p, " pf"));
	EXPECT_TRUE(has_vm_flag(self->p, " de"));
	EXPECT_TRUE(has_vm_flag(self->p, " dd"));
	EXPECT_FALSE(has_vm_flag(self->p, " dc"));
}

/* --- Large pages ---------------------------------------------------------- */

#define LARGE	(2UL << 20)

/* Page faults that it takes to read a word of each page */
static long count_faults(const char *p, size_t len)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (size_t off = 0; off < len; off += PAGE)
		__atomic_load_n((uint32_t *)(p + off), __ATOMIC_RELAXED);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

/* Map @len bytes from @off of the BAR at @skew behind the beginning of a large page */
static char *map_at(const struct vfio_dev *d, uint64_t off, size_t skew, size_t len)
{
	const size_t room = len + skew + 2 * LARGE;
	char *all = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at;

	if (all == MAP_FAILED)
		return NULL;
	at = (char *)(((uintptr_t)all + LARGE - 1) & -LARGE) + skew;
	at = mmap(at, len, RW, MAP_SHARED | MAP_FIXED, d->fd,
		  vfio_region_pos(d, RAM, off));
	return at == MAP_FAILED ? NULL : at;
}

/* Each page of the mapping is the one it is of the BAR: marked there, seen here */
static int count_wrong_pages(const struct vfio_dev *d, const char *p, uint64_t off,
			     size_t len)
{
	int wrong = 0;

	for (uint64_t at = 0; at < len; at += 64 * PAGE) {
		uint32_t mark = 0x40000000 + (off + at) / PAGE;

		if (vfio_region_write(d, RAM, off + at, &mark, 4) != 4 ||
		    __atomic_load_n((uint32_t *)(p + at), __ATOMIC_ACQUIRE) != mark)
			wrong++;
	}
	return wrong;
}

/* As far as the kernel tells, which many don't */
static bool has_large_pages(void)
{
	return !vfio_kernel_has("CONFIG_MMU") ||
	       vfio_kernel_has("CONFIG_ARCH_SUPPORTS_PMD_PFNMAP");
}

static const char no_large_pages[] = "this kernel maps devices by small pages only";

TEST_F(map, aligned_is_made_of_large_pages)
{
	char *p = map_at(&self->d, 2 * LARGE, 0, 4 * LARGE);
	long faults;

	if (!has_large_pages())
		SKIP(return, "%s", no_large_pages);
	ASSERT_NE(NULL, p);
	faults = count_faults(p, 4 * LARGE);
	EXPECT_LE(4, faults);
	EXPECT_GE(8, faults);
	EXPECT_EQ(0, count_wrong_pages(&self->d, p, 2 * LARGE, 4 * LARGE));
}

/* Where addresses of BAR and process don't lie alike, by small ones, and the same */
TEST_F(map, unaligned_works_by_small_pages)
{
	char *p = map_at(&self->d, 2 * LARGE + PAGE, 0, 2 * LARGE);

	ASSERT_NE(NULL, p);
	EXPECT_LE((long)(2 * LARGE / PAGE), count_faults(p, 2 * LARGE));
	EXPECT_EQ(0, count_wrong_pages(&self->d, p, 2 * LARGE + PAGE, 2 * LARGE));
}

/* They lie alike, but begin and end within a large page */
TEST_F(map, ends_within_large_pages)
{
	const size_t half = LARGE / 2;
	char *p = map_at(&self->d, 2 * LARGE + half, half, 2 * LARGE);
	long faults;

	if (!has_large_pages())
		SKIP(return, "%s", no_large_pages);
	ASSERT_NE(NULL, p);
	faults = count_faults(p, 2 * LARGE);
	EXPECT_LE((long)(2 * half / PAGE) + 1, faults);
	EXPECT_GE((long)(2 * half / PAGE) + 5, faults);
	EXPECT_EQ(0, count_wrong_pages(&self->d, p, 2 * LARGE + half, 2 * LARGE));
}

/* They go and come back as small ones do, and can be split. */
TEST_F(map, large_pages_are_taken_away_and_split)
{
	char *p = map_at(&self->d, 0, 0, 2 * LARGE);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, vfio_load(p + PAGE, 4, NULL));
	EXPECT_EQ(0, vfio_load(p + LARGE + PAGE, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_NE(0, vfio_load(p + PAGE, 4, NULL));
	EXPECT_NE(0, vfio_load(p + LARGE + PAGE, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(0, count_wrong_pages(&self->d, p, 0, 2 * LARGE));

	ASSERT_EQ(0, munmap(p + LARGE / 2, PAGE));
	EXPECT_NE(0, vfio_load(p + LARGE / 2, 4, NULL));
	EXPECT_EQ(0, vfio_load(p + LARGE / 2 + PAGE, 4, NULL));
	EXPECT_EQ(0, count_wrong_pages(&self->d, p + LARGE, LARGE, LARGE));
	EXPECT_EQ(0, count_wrong_pages(&self->d, p, 0, LARGE / 2));
}

/* --- Ports -------------------------------------------------------------- */

FIXTURE(ports)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(ports)
{
	struct vfio_target target;
};

FIXTURE_SETUP(ports)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(ports)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(ports, testdev)
{
	.target = { .name = "testdev" },
};

TEST_F(ports, cannot_be_mapped)
{
	void *p;

	ASSERT_EQ(256, self->d.region[1].size);
	EXPECT_EQ(0, self->d.region[1].flags & VFIO_REGION_INFO_FLAG_MMAP);
	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, 1, 0, PAGE, PROT_READ,
					    MAP_SHARED, &p));
}

VFIO_TEST_MAIN
