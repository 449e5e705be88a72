// SPDX-License-Identifier: GPL-2.0-only
/* What a device says of itself in <debugfs>/vfio/<device>/pci/ */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfio_harness.h"

#define ROOT	"/sys/kernel/debug/vfio"

FIXTURE(debugfs) {
	char addr[40];
};

static void file_path(char *path, size_t size, const char *addr, const char *name)
{
	snprintf(path, size, ROOT "/%s/pci/%s", addr, name);
}

/* What a file says, "" if it can't be read */
static const char *shown(const char *addr, const char *name)
{
	static char text[16];
	char path[128];

	file_path(path, sizeof(path), addr, name);
	if (vfio_file_read(path, text, sizeof(text)) < 0)
		text[0] = '\0';
	return text;
}

/* The driver, loaded with these parameters, has the device */
static int take_with(const char *addr, const char *parameters)
{
	return vfio_driver_unbind(addr) ?: vfio_driver_reload(parameters) ?:
	       vfio_driver_take(addr);
}

FIXTURE_SETUP(debugfs)
{
	const struct vfio_target target = { "edu" };

	if (access(ROOT, F_OK))
		SKIP(return, "this kernel has no CONFIG_VFIO_DEBUGFS");
	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find("edu", self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
}

FIXTURE_TEARDOWN(debugfs)
{
	if (!self->addr[0])
		return;
	vfio_driver_unbind(self->addr);
	vfio_driver_reload("");
}

TEST_F(debugfs, defaults)
{
	EXPECT_STREQ("N", shown(self->addr, "nointxmask"));
	EXPECT_STREQ("N", shown(self->addr, "disable_idle_d3"));
}

TEST_F(debugfs, nointxmask)
{
	ASSERT_EQ(0, take_with(self->addr, "nointxmask=1"));
	EXPECT_STREQ("Y", shown(self->addr, "nointxmask"));
	EXPECT_STREQ("N", shown(self->addr, "disable_idle_d3"));
}

TEST_F(debugfs, disable_idle_d3)
{
	ASSERT_EQ(0, take_with(self->addr, "disable_idle_d3=1"));
	EXPECT_STREQ("N", shown(self->addr, "nointxmask"));
	EXPECT_STREQ("Y", shown(self->addr, "disable_idle_d3"));
}

/* It is the device that is shown, not a parameter that changed since. */
TEST_F(debugfs, parameter_changed_later)
{
	char parameter[128];

	vfio_driver_module_path("parameters/nointxmask", parameter,
				sizeof(parameter));
	ASSERT_EQ(0, vfio_file_write(parameter, "Y"));
	EXPECT_STREQ("N", shown(self->addr, "nointxmask"));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_take(self->addr));
	EXPECT_STREQ("Y", shown(self->addr, "nointxmask"));
}

TEST_F(debugfs, read_only)
{
	static const char * const names[] = { "nointxmask", "disable_idle_d3" };
	char path[128];
	struct stat st;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		file_path(path, sizeof(path), self->addr, names[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0U, st.st_mode & 0222);
		EXPECT_GT(0, vfio_file_write(path, "Y"));
		EXPECT_STREQ("N", shown(self->addr, names[i]));
	}
}

/* A file that is still open when the device has gone shows nothing of it. */
TEST_F(debugfs, device_gone_while_open)
{
	char path[128], c;
	int fd, i;

	for (i = 0; i < 5; i++) {
		file_path(path, sizeof(path), self->addr, "nointxmask");
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, vfio_driver_unbind(self->addr));
		EXPECT_EQ(-1, pread(fd, &c, 1, 0));
		EXPECT_EQ(EIO, errno);
		EXPECT_EQ(-1, access(path, F_OK));
		ASSERT_EQ(0, vfio_driver_take(self->addr));
		EXPECT_EQ(-1, pread(fd, &c, 1, 0));
		close(fd);
	}
}

VFIO_TEST_MAIN
