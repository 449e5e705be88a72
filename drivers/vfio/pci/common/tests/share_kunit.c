// SPDX-License-Identifier: GPL-2.0-only
/*
 * The permission tables come with their first user and go with the last one,
 * and where memory runs out on the way nothing is left of them.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/vfio_pci_common.h>

#include "../perm.h"

#define MAX_ALLOCS	64

/**
 * struct memory - what the tables are allocated from, as far as this test asks
 * @allocs: asked for so far
 * @fail: number of the one that fails, 0 if none does
 * @live: allocated and not freed
 * @wrong: frees of what was not allocated
 */
struct memory {
	unsigned int	allocs;
	unsigned int	fail;
	void		*live[MAX_ALLOCS];
	unsigned int	wrong;
};

static struct memory *memory_of_test(void)
{
	return kunit_get_current_test()->priv;
}

static void *counted_alloc(size_t size)
{
	struct memory *memory = memory_of_test();
	unsigned int i;

	if (++memory->allocs == memory->fail)
		return NULL;
	for (i = 0; i < MAX_ALLOCS; i++)
		if (!memory->live[i])
			return memory->live[i] = kzalloc(size, GFP_KERNEL);
	return NULL;
}

static void counted_free(void *mem)
{
	struct memory *memory = memory_of_test();
	unsigned int i;

	if (!mem)
		return;
	for (i = 0; i < MAX_ALLOCS; i++) {
		if (memory->live[i] != mem)
			continue;
		memory->live[i] = NULL;
		kfree(mem);
		return;
	}
	memory->wrong++;
}

static unsigned int live(const struct memory *memory)
{
	unsigned int i, nr = 0;

	for (i = 0; i < MAX_ALLOCS; i++)
		nr += !!memory->live[i];
	return nr;
}

/* Tables that somebody else has a reference on are none of the test's */
static int share_init(struct kunit *test)
{
	const struct vfio_pci_perm_tables *tables;
	struct memory *memory = kunit_kzalloc(test, sizeof(*memory),
					      GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, memory);
	test->priv = memory;
	kunit_activate_static_stub(test, vfio_pci_perm_alloc, counted_alloc);
	kunit_activate_static_stub(test, vfio_pci_perm_free, counted_free);

	memory->fail = 1;
	tables = vfio_pci_common_perm_get();
	memory->fail = 0;
	if (!IS_ERR(tables)) {
		vfio_pci_common_perm_put(tables);
		kunit_skip(test, "a device is bound: unbind it and try again");
	}
	memory->allocs = 0;
	return 0;
}

static void expect_nothing_left(struct kunit *test)
{
	struct memory *memory = test->priv;

	KUNIT_EXPECT_EQ(test, live(memory), 0);
	KUNIT_EXPECT_EQ(test, memory->wrong, 0);
}

static const struct vfio_pci_perm_tables *get(struct kunit *test)
{
	const struct vfio_pci_perm_tables *tables = vfio_pci_common_perm_get();

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(tables));
	return tables;
}

static void test_first_gets_last_puts(struct kunit *test)
{
	struct memory *memory = test->priv;
	const struct vfio_pci_perm_tables *a, *b;
	unsigned int allocs;

	a = get(test);
	allocs = memory->allocs;
	KUNIT_EXPECT_GT(test, allocs, 1);
	KUNIT_EXPECT_EQ(test, live(memory), allocs);

	b = get(test);
	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_EQ(test, memory->allocs, allocs);

	vfio_pci_common_perm_put(a);
	KUNIT_EXPECT_EQ(test, live(memory), allocs);
	vfio_pci_common_perm_put(b);
	expect_nothing_left(test);
}

static void test_again(struct kunit *test)
{
	struct memory *memory = test->priv;
	unsigned int i, allocs = 0;

	for (i = 0; i < 3; i++) {
		memory->allocs = 0;
		vfio_pci_common_perm_put(get(test));
		expect_nothing_left(test);
		/* Made anew, as the first time */
		KUNIT_EXPECT_GT(test, memory->allocs, 0);
		if (i)
			KUNIT_EXPECT_EQ(test, memory->allocs, allocs);
		allocs = memory->allocs;
	}
}

/* Two users in a row get the same rules, by the same numbers */
static void test_same_tables(struct kunit *test)
{
	const struct vfio_pci_perm_tables *tables = get(test);
	struct vfio_pci_perm_tables *first =
		kunit_kzalloc(test, sizeof(*first), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, first);
	*first = *tables;
	vfio_pci_common_perm_put(tables);
	tables = get(test);
	KUNIT_EXPECT_EQ(test, tables->nr_rules, first->nr_rules);
	KUNIT_EXPECT_MEMEQ(test, tables->rules, first->rules,
			   sizeof(first->rules));
	vfio_pci_common_perm_put(tables);
}

static void test_each_allocation_fails_once(struct kunit *test)
{
	struct memory *memory = test->priv;
	const struct vfio_pci_perm_tables *tables;
	unsigned int allocs, i;

	vfio_pci_common_perm_put(get(test));
	allocs = memory->allocs;

	for (i = 1; i <= allocs; i++) {
		memory->allocs = 0;
		memory->fail = i;
		tables = vfio_pci_common_perm_get();
		KUNIT_ASSERT_EQ_MSG(test, PTR_ERR_OR_ZERO(tables), -ENOMEM,
				    "allocation %u", i);
		KUNIT_EXPECT_EQ(test, memory->allocs, i);
		expect_nothing_left(test);

		/* It had no effect on the next one */
		memory->allocs = 0;
		memory->fail = 0;
		tables = get(test);
		KUNIT_EXPECT_EQ(test, memory->allocs, allocs);
		vfio_pci_common_perm_put(tables);
		expect_nothing_left(test);
	}
}

/* Who has a reference is not touched by another's lack of memory */
static void test_failure_while_in_use(struct kunit *test)
{
	struct memory *memory = test->priv;
	const struct vfio_pci_perm_tables *a = get(test);

	memory->fail = memory->allocs + 1;
	/* Nothing is allocated, so nothing fails */
	KUNIT_EXPECT_PTR_EQ(test, vfio_pci_common_perm_get(), a);
	vfio_pci_common_perm_put(a);
	KUNIT_EXPECT_GT(test, live(memory), 0);
	vfio_pci_common_perm_put(a);
	expect_nothing_left(test);
}

/* Concurrent users ------------------------------------------------------ */

#define NR_USERS	4
#define ROUNDS		200

/**
 * struct perm_user - a driver that comes and goes
 * @start: for all at once
 * @done: this one is
 * @wrong: tables that were not what they should be
 * @seed: of how long it stays
 */
struct perm_user {
	struct completion	*start;
	struct completion	done;
	unsigned int		wrong;
	u32			seed;
};

static bool tables_good(const struct vfio_pci_perm_tables *tables)
{
	return tables->nr_rules > PERM_NR_FIXED_RULES &&
	       tables->nr_rules <= PERM_MAX_RULES &&
	       tables->rules[PERM_RULE_VIRT].virt == 0xff &&
	       tables->rules[PERM_RULE_VIRT].write == 0xff &&
	       tables->rule[PERM_NR_IDS - 1];
}

static int use(void *data)
{
	struct perm_user *user = data;
	unsigned int i;

	wait_for_completion(user->start);
	for (i = 0; i < ROUNDS; i++) {
		const struct vfio_pci_perm_tables *tables =
			vfio_pci_common_perm_get();

		if (IS_ERR_OR_NULL(tables)) {
			user->wrong++;
			continue;
		}
		user->wrong += !tables_good(tables);
		user->seed = user->seed * 1664525 + 1013904223;
		if (user->seed >> 30)
			schedule();
		/* They stay for as long as there is a user */
		user->wrong += !tables_good(tables);
		vfio_pci_common_perm_put(tables);
	}
	complete(&user->done);
	return 0;
}

static void test_concurrent_users(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(start);
	struct memory *memory = test->priv;
	struct perm_user *users = kunit_kcalloc(test, NR_USERS, sizeof(*users),
					   GFP_KERNEL);
	unsigned int i, started = 0;

	KUNIT_ASSERT_NOT_NULL(test, users);
	for (i = 0; i < NR_USERS; i++) {
		struct task_struct *task;

		init_completion(&users[i].done);
		users[i].start = &start;
		users[i].seed = i + 1;
		task = kthread_run(use, &users[i], "perm-user/%u", i);
		if (IS_ERR(task))
			break;
		started++;
	}
	complete_all(&start);
	for (i = 0; i < started; i++) {
		wait_for_completion(&users[i].done);
		KUNIT_EXPECT_EQ(test, users[i].wrong, 0);
	}
	KUNIT_EXPECT_EQ(test, started, NR_USERS);

	/* They left nothing: the next one starts afresh */
	memory->allocs = 0;
	vfio_pci_common_perm_put(get(test));
	KUNIT_EXPECT_GT(test, memory->allocs, 0);
	expect_nothing_left(test);
}

static struct kunit_case share_tests[] = {
	KUNIT_CASE(test_first_gets_last_puts),
	KUNIT_CASE(test_again),
	KUNIT_CASE(test_same_tables),
	KUNIT_CASE(test_each_allocation_fails_once),
	KUNIT_CASE(test_failure_while_in_use),
	KUNIT_CASE(test_concurrent_users),
	{ }
};

static struct kunit_suite share_suite = {
	.name = "vfio_pci_share",
	.init = share_init,
	.test_cases = share_tests,
};

kunit_test_suite(share_suite);
