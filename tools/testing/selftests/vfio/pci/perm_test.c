// SPDX-License-Identifier: GPL-2.0-only
/*
 * The permission tables that all devices share: there while a device needs
 * them, gone when none does, whoever comes and goes meanwhile.  Seen in debugfs.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfio_harness.h"

#define PERMISSIONS	"/sys/kernel/debug/vfio-pci-common/permissions"
#define DEVICES		4
#define ROUNDS		vfio_rounds(40)

static const char *const names[DEVICES] = { "edu", "ivshmem", "testdev", "hda" };

/* What the file says; -errno without it */
static int users(void)
{
	char text[8192];
	int ret, n;

	ret = vfio_file_read(PERMISSIONS, text, sizeof(text));
	if (ret < 0)
		return ret;
	return sscanf(text, "users %d", &n) == 1 ? n : -EINVAL;
}

/* Number of rules, each of which must be there once; -EEXIST if one is not */
static int rules(void)
{
	unsigned int virt, write, hook, n = 0, seen[128];
	char text[8192], *line, *save;

	if (vfio_file_read(PERMISSIONS, text, sizeof(text)) < 0)
		return -ENOENT;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "rule %*u virt %x write %x hook %u", &virt,
			   &write, &hook) != 3)
			continue;
		seen[n] = virt << 16 | write << 8 | hook;
		for (unsigned int i = 0; i < n; i++)
			if (seen[i] == seen[n])
				return -EEXIST;
		n++;
	}
	return n;
}

FIXTURE(perm)
{
	char addr[DEVICES][40];
};

FIXTURE_SETUP(perm)
{
	if (vfio_stock())
		SKIP(return, "the kernel's own driver keeps its tables to itself");
	ASSERT_EQ(0, vfio_other_driver_unload());
	ASSERT_EQ(0, vfio_driver_load(""));
	for (int i = 0; i < DEVICES; i++) {
		const struct vfio_target target = { .name = names[i] };

		VFIO_NEEDS(&target);
		ASSERT_EQ(0, vfio_device_find(names[i], self->addr[i],
					      sizeof(self->addr[i])));
	}
}

FIXTURE_TEARDOWN(perm)
{
	for (int i = 0; i < DEVICES; i++)
		vfio_driver_give_back(self->addr[i]);
}

TEST_F(perm, each_device_counts)
{
	ASSERT_EQ(0, users());
	EXPECT_EQ(0, rules());
	for (int i = 0; i < DEVICES; i++) {
		ASSERT_EQ(0, vfio_driver_take(self->addr[i]));
		EXPECT_EQ(i + 1, users());
		EXPECT_LT(4, rules());
	}
	/* In another order than they came */
	for (int i = 0; i < DEVICES; i++) {
		EXPECT_LT(4, rules());
		ASSERT_EQ(0, vfio_driver_unbind(self->addr[(i + 2) % DEVICES]));
		EXPECT_EQ(DEVICES - 1 - i, users());
	}
	EXPECT_EQ(0, rules());
}

TEST_F(perm, an_open_device_has_no_more)
{
	const struct vfio_target target = { .name = "edu" };
	struct vfio_dev d = VFIO_DEV_INIT;

	ASSERT_EQ(0, vfio_dev_open(&d, &target));
	EXPECT_EQ(1, users());
	vfio_dev_close(&d);
	EXPECT_EQ(1, users());
	ASSERT_EQ(0, vfio_driver_unbind(self->addr[0]));
	EXPECT_EQ(0, users());
}

/* A device that is refused leaves nothing behind */
TEST_F(perm, a_refused_device_does_not_count)
{
	ASSERT_EQ(0, users());
	/* The bridge above e1000e */
	EXPECT_NE(0, vfio_driver_take("0000:00:10.0"));
	EXPECT_EQ(0, users());
	EXPECT_EQ(0, rules());
	vfio_driver_give_back("0000:00:10.0");
}

/* Bind and unbind, over and over; what fails meanwhile is the child's own */
static pid_t churn(const char *addr, int rounds)
{
	pid_t child = fork();

	if (child)
		return child;
	for (int i = 0; i < rounds; i++) {
		vfio_driver_take(addr);
		vfio_driver_unbind(addr);
	}
	_exit(0);
}

static int wait_for(const pid_t *children, int count)
{
	int status, bad = 0;

	for (int i = 0; i < count; i++)
		if (waitpid(children[i], &status, 0) != children[i] || status)
			bad++;
	return bad;
}

TEST_F_TIMEOUT(perm, last_put_races_next_get, 100)
{
	pid_t children[DEVICES];

	for (int i = 0; i < DEVICES; i++)
		ASSERT_LT(0, children[i] = churn(self->addr[i], ROUNDS));
	EXPECT_EQ(0, wait_for(children, DEVICES));
	EXPECT_EQ(0, users());
	EXPECT_EQ(0, rules());

	ASSERT_EQ(0, vfio_driver_take(self->addr[0]));
	EXPECT_EQ(1, users());
	EXPECT_LT(4, rules());
}

/* The module goes and comes back while devices are bound to it and taken away */
TEST_F_TIMEOUT(perm, modules_come_and_go, 100)
{
	pid_t children[DEVICES];

	for (int i = 0; i < DEVICES; i++)
		ASSERT_LT(0, children[i] = churn(self->addr[i], ROUNDS));
	for (int i = 0; i < 8; i++) {
		vfio_driver_unload();
		EXPECT_EQ(0, vfio_driver_load(""));
	}
	EXPECT_EQ(0, wait_for(children, DEVICES));
	for (int i = 0; i < DEVICES; i++) {
		ASSERT_EQ(0, vfio_driver_take(self->addr[i]));
		EXPECT_EQ(1, users());
		ASSERT_EQ(0, vfio_driver_unbind(self->addr[i]));
	}
	EXPECT_EQ(0, users());

	/* Nothing holds the modules any more */
	EXPECT_EQ(0, vfio_driver_unload());
	EXPECT_EQ(-ENOENT, users());
	EXPECT_EQ(0, vfio_driver_load(""));
	EXPECT_EQ(0, users());
}

VFIO_TEST_MAIN
