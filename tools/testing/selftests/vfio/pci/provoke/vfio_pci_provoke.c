// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each checker of a kernel is there to find, done once when this is loaded.
 * A test that the checkers are on, and that a run in the VM fails by them.
 */
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

struct thing {
	struct list_head entry;
	int value[4];
};

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

/* What the compiler does not know it can't warn of. */
static int forty = 40;
module_param(forty, int, 0);

static void out_of_bounds(struct thing *t)
{
	WRITE_ONCE(((char *)t)[sizeof(*t) + forty - 40], 1);
}

static void shift_too_far(struct thing *t)
{
	t->value[0] = 1 << forty;
}

static void locks_in_either_order(struct thing *t)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_in_atomic(struct thing *t)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
}

static void removed_twice(struct thing *t)
{
	LIST_HEAD(list);

	list_add(&t->entry, &list);
	list_del(&t->entry);
	list_del(&t->entry);
}

static void revived(struct thing *t)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void expired(struct timer_list *timer)
{
}

static void initialized_while_active(struct thing *t)
{
	static struct timer_list timer;

	timer_setup(&timer, expired, 0);
	mod_timer(&timer, jiffies + HZ);
	timer_setup(&timer, expired, 0);
	timer_delete_sync(&timer);
}

static void (*const wrongs[])(struct thing *) = {
	shift_too_far,
	sleep_in_atomic,
	removed_twice,
	revived,
	initialized_while_active,
	locks_in_either_order,
	out_of_bounds,
};

static int __init provoke_init(void)
{
	struct thing *t;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrongs); i++) {
		t = kzalloc(sizeof(*t), GFP_KERNEL);
		if (!t)
			return -ENOMEM;
		wrongs[i](t);
		kfree(t);
	}

	/* Leaks, some, as a pointer may still lie somewhere */
	for (i = 0; i < 8; i++) {
		t = kzalloc(sizeof(*t), GFP_KERNEL);
		if (t)
			t->value[0] = i;
	}
	return 0;
}
module_init(provoke_init);

static void __exit provoke_exit(void)
{
}
module_exit(provoke_exit);

MODULE_DESCRIPTION("Does what the checkers of a kernel are there to find");
MODULE_LICENSE("GPL");
