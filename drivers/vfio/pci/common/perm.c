// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared permission tables.
 *
 * The descriptors of perm_desc.c say what the user may do, one row per
 * register.  The first vfio_pci_common_perm_get() compiles them into tables
 * with one byte per byte of a capability; the byte is the number of a rule,
 * and equal rules share a number.  All devices use the same tables; the last
 * vfio_pci_common_perm_put() frees them.
 *
 * State: one pointer and one count, both under perm_lock.  The tables never
 * change once published, so that holders of a reference read them without a
 * lock.  A compilation that fails frees what it had built: the next get starts
 * afresh.  Callers may sleep.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vfio_pci_common.h>

#include "perm.h"

static DEFINE_MUTEX(perm_lock);
static struct vfio_pci_perm_tables *perm_tables;
static unsigned int perm_users;

static const struct vfio_pci_rule fixed_rules[PERM_NR_FIXED_RULES] = {
	[PERM_RULE_RAW]		= { .write = 0xff },
	[PERM_RULE_RO]		= { },
	[PERM_RULE_VIRT_RO]	= { .virt = 0xff },
	[PERM_RULE_VIRT]	= { .virt = 0xff, .write = 0xff },
};

/* Tests put theirs in place of these two, to count and to fail */
VISIBLE_IF_KUNIT void *vfio_pci_perm_alloc(size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(vfio_pci_perm_alloc, size);

	return kzalloc(size, GFP_KERNEL_ACCOUNT);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_perm_alloc);

VISIBLE_IF_KUNIT void vfio_pci_perm_free(void *mem)
{
	KUNIT_STATIC_STUB_REDIRECT(vfio_pci_perm_free, mem);

	kfree(mem);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_perm_free);

static bool rule_equal(const struct vfio_pci_rule *a,
		       const struct vfio_pci_rule *b)
{
	return a->virt == b->virt && a->write == b->write && a->hook == b->hook;
}

/* The number of @rule, which is added if it is new */
static int rule_number(struct vfio_pci_perm_tables *t,
		       const struct vfio_pci_rule *rule)
{
	unsigned int i;

	for (i = 0; i < t->nr_rules; i++)
		if (rule_equal(&t->rules[i], rule))
			return i;

	if (WARN_ON_ONCE(i == PERM_MAX_RULES))
		return -E2BIG;

	t->rules[t->nr_rules++] = *rule;
	return i;
}

static int compile_field(struct vfio_pci_perm_tables *t, u8 *table,
			 const struct vfio_pci_perm_field *field)
{
	unsigned int i;

	for (i = 0; i < field->width; i++) {
		struct vfio_pci_rule rule = {
			.virt = field->virt >> (8 * i),
			.write = field->write >> (8 * i),
			.hook = field->hook,
		};
		int nr = rule_number(t, &rule);

		if (nr < 0)
			return nr;
		table[field->offset + i] = nr;
	}
	return 0;
}

static int compile_desc(struct vfio_pci_perm_tables *t, unsigned int id)
{
	const struct vfio_pci_perm_desc *desc = &vfio_pci_perm_descs[id];
	unsigned int i;
	int ret;

	t->rule[id] = vfio_pci_perm_alloc(desc->len);
	if (!t->rule[id])
		return -ENOMEM;

	memset(t->rule[id], desc->body, desc->len);
	memset(t->rule[id], PERM_RULE_VIRT_RO, desc->header);

	for (i = 0; i < desc->nr_fields; i++) {
		ret = compile_field(t, t->rule[id], &desc->fields[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static void free_tables(struct vfio_pci_perm_tables *t)
{
	unsigned int id;

	for (id = 0; id < PERM_NR_IDS; id++)
		vfio_pci_perm_free(t->rule[id]);
	vfio_pci_perm_free(t);
}

static struct vfio_pci_perm_tables *compile_tables(void)
{
	struct vfio_pci_perm_tables *t;
	unsigned int id;
	int ret;

	t = vfio_pci_perm_alloc(sizeof(*t));
	if (!t)
		return ERR_PTR(-ENOMEM);

	/* Before all others, so that their numbers are those of the enum */
	memcpy(t->rules, fixed_rules, sizeof(fixed_rules));
	t->nr_rules = PERM_NR_FIXED_RULES;

	for (id = 0; id < PERM_NR_IDS; id++) {
		ret = compile_desc(t, id);
		if (ret) {
			free_tables(t);
			return ERR_PTR(ret);
		}
	}
	return t;
}

/**
 * vfio_pci_common_perm_get - take a reference on the permission tables
 *
 * The first reference compiles them.  vfio_pci_common_register_device() takes
 * one for each device, so drivers need not.
 *
 * Context: may sleep; takes the tables' mutex.
 * Return: the tables, or an ERR_PTR: -ENOMEM if there is no memory for them,
 * -E2BIG if the descriptors have more different rules than a map can number.
 */
const struct vfio_pci_perm_tables *vfio_pci_common_perm_get(void)
{
	guard(mutex)(&perm_lock);

	if (!perm_users) {
		struct vfio_pci_perm_tables *t = compile_tables();

		if (IS_ERR(t))
			return t;
		perm_tables = t;
	}
	perm_users++;
	return perm_tables;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_perm_get);

/**
 * vfio_pci_common_perm_put - drop a reference on the permission tables
 * @tables: what vfio_pci_common_perm_get() returned
 *
 * The last reference frees them.
 *
 * Context: may sleep; takes the tables' mutex.
 */
void vfio_pci_common_perm_put(const struct vfio_pci_perm_tables *tables)
{
	guard(mutex)(&perm_lock);

	if (WARN_ON_ONCE(!perm_users || tables != perm_tables))
		return;
	if (--perm_users)
		return;

	free_tables(perm_tables);
	perm_tables = NULL;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_perm_put);

void vfio_pci_perm_lay(const struct vfio_pci_perm_tables *tables,
		       enum vfio_pci_perm_id id, u8 *map, unsigned int len)
{
	const struct vfio_pci_perm_desc *desc = &vfio_pci_perm_descs[id];
	unsigned int described = min_t(unsigned int, len, desc->len);

	memcpy(map, tables->rule[id], described);
	memset(map + described, desc->body, len - described);
	map[0] |= PERM_OWNER_START;
}

static int perm_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	guard(mutex)(&perm_lock);

	seq_printf(m, "users %u\n", perm_users);
	for (i = 0; perm_tables && i < perm_tables->nr_rules; i++)
		seq_printf(m, "rule %3u virt %02x write %02x hook %u\n", i,
			   perm_tables->rules[i].virt,
			   perm_tables->rules[i].write,
			   perm_tables->rules[i].hook);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(perm);

static struct dentry *perm_dir;

/* <debugfs>/vfio-pci-common/permissions: who uses the tables, and the rules */
void vfio_pci_perm_debugfs_init(void)
{
	perm_dir = debugfs_create_dir("vfio-pci-common", NULL);
	debugfs_create_file("permissions", 0400, perm_dir, NULL, &perm_fops);
}

void vfio_pci_perm_debugfs_exit(void)
{
	debugfs_remove(perm_dir);
}
