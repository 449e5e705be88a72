// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV: enabling virtual functions of a physical function that is ours, the
 * tokens by which the users of both trust each other, what a virtual function
 * looks like to its user, and how all of it comes to an end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kmsg.h"
#include "nvme.h"
#include "sriov.h"
#include "vfio_harness.h"

#define VFS		2

#define TOKEN		"83d8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define TOKEN_UPPER	"83D8F4F2-509F-382F-3C1E-E6BFE0FA1001"
/* They differ in the last digit only, or in the first. */
#define OTHER		"83d8f4f2-509f-382f-3c1e-e6bfe0fa1000"
#define ANOTHER		"03d8f4f2-509f-382f-3c1e-e6bfe0fa1001"

#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define REQ		VFIO_PCI_REQ_IRQ_INDEX
#define GET		VFIO_DEVICE_FEATURE_GET
#define SET		VFIO_DEVICE_FEATURE_SET
#define PROBE		VFIO_DEVICE_FEATURE_PROBE
#define VF_TOKEN	VFIO_DEVICE_FEATURE_PCI_VF_TOKEN

static const struct vfio_target pf_target = { .name = SRIOV_PF };

static const char *driver_of(const char *addr)
{
	static char driver[64];

	if (vfio_driver_of(addr, driver, sizeof(driver)))
		return "no such device";
	return driver;
}

static int count_vfs(const char *pf)
{
	char text[16];
	int ret = vfio_attr_read(pf, "sriov_numvfs", text, sizeof(text));

	return ret < 0 ? ret : atoi(text);
}

#define BAR_SIZE	8192

#define MAP_BAR(device, where)							\
	ASSERT_EQ(0, vfio_region_mmap(device, 0, 0, BAR_SIZE,			\
				      PROT_READ | PROT_WRITE, MAP_SHARED, where))

/* A mapping keeps a device in use as its file does */
static void unmap_bar(void **bar)
{
	if (*bar)
		munmap(*bar, BAR_SIZE);
	*bar = NULL;
}

/* ----------------------------------------------------------------- enabling by sysfs */

FIXTURE(enable) {
	char pf[40];
	char vf[40];
};

FIXTURE_SETUP(enable)
{
	VFIO_NEEDS(&pf_target);
	ASSERT_EQ(0, sriov_take_pf(self->pf, sizeof(self->pf)));
}

FIXTURE_TEARDOWN(enable)
{
	sriov_give_pf_back(self->pf);
}

#define FIND_VF(number)								\
	vfio_vf_find(self->pf, number, self->vf, sizeof(self->vf))

TEST_F(enable, refused_by_default)
{
	ASSERT_EQ(0, sriov_allow(false));
	EXPECT_EQ(-ENOENT, sriov_set_vfs(self->pf, 1));
	EXPECT_EQ(-ENOENT, sriov_set_vfs(self->pf, VFS));
	EXPECT_EQ(0, count_vfs(self->pf));
	EXPECT_EQ(-ENOENT, FIND_VF(0));
	/* The parameter is looked at anew each time. */
	ASSERT_EQ(0, sriov_allow(true));
	EXPECT_EQ(0, sriov_set_vfs(self->pf, 1));
	EXPECT_EQ(1, count_vfs(self->pf));
}

/* It rules disabling as well. */
TEST_F(enable, not_disabled_without_parameter)
{
	ASSERT_EQ(0, sriov_set_vfs(self->pf, VFS));
	ASSERT_EQ(0, sriov_allow(false));
	EXPECT_EQ(-ENOENT, sriov_set_vfs(self->pf, 0));
	EXPECT_EQ(VFS, count_vfs(self->pf));
	EXPECT_EQ(0, FIND_VF(VFS - 1));
}

TEST_F(enable, often)
{
	int i, n;

	for (i = 0; i < 3; i++)
		for (n = 1; n <= VFS; n++) {
			ASSERT_EQ(0, sriov_set_vfs(self->pf, n));
			EXPECT_EQ(n, count_vfs(self->pf));
			EXPECT_EQ(0, FIND_VF(n - 1));
			EXPECT_STREQ(vfio_driver(), driver_of(self->vf));
			EXPECT_EQ(-ENOENT, FIND_VF(n));
			ASSERT_EQ(0, sriov_set_vfs(self->pf, 0));
			EXPECT_EQ(0, count_vfs(self->pf));
			EXPECT_EQ(-ENOENT, FIND_VF(0));
			EXPECT_STREQ("no such device", driver_of(self->vf));
		}
}

TEST_F(enable, number_changed)
{
	ASSERT_EQ(0, sriov_set_vfs(self->pf, 1));
	EXPECT_EQ(-EBUSY, sriov_set_vfs(self->pf, VFS));
	EXPECT_EQ(-ERANGE, sriov_set_vfs(self->pf, VFS + 1));
	EXPECT_EQ(0, sriov_set_vfs(self->pf, 1));
	EXPECT_EQ(1, count_vfs(self->pf));
	ASSERT_EQ(0, sriov_set_vfs(self->pf, 0));
	EXPECT_EQ(0, sriov_set_vfs(self->pf, 0));
	EXPECT_EQ(0, sriov_set_vfs(self->pf, VFS));
}

/* Who has the PF has the VFs: no other driver may take them by their ids. */
TEST_F(enable, vfs_are_for_the_driver_of_the_pf)
{
	char text[64];
	int n;

	ASSERT_EQ(0, sriov_set_vfs(self->pf, VFS));
	for (n = 0; n < VFS; n++) {
		ASSERT_EQ(0, FIND_VF(n));
		EXPECT_STREQ(vfio_driver(), driver_of(self->vf));
		EXPECT_LT(0, vfio_attr_read(self->vf, "driver_override", text,
					    sizeof(text)));
		EXPECT_STREQ(vfio_driver(), text);
		EXPECT_LE(0, vfio_group_number(self->vf));
	}
}

/* The override is there before the VF looks for a driver, and comes first. */
TEST_F(enable, vfs_without_autoprobe)
{
	ASSERT_EQ(0, vfio_attr_write(self->pf, "sriov_drivers_autoprobe", "0"));
	ASSERT_EQ(0, sriov_set_vfs(self->pf, 1));
	ASSERT_EQ(0, FIND_VF(0));
	EXPECT_STREQ(vfio_driver(), driver_of(self->vf));
}

/* The host's administrator may all the same, and is told of it. */
TEST_F(enable, vf_bound_elsewhere)
{
	int log = kmsg_open();

	ASSERT_EQ(0, vfio_modprobe("pci-stub"));
	ASSERT_EQ(0, sriov_set_vfs(self->pf, 1));
	ASSERT_EQ(0, FIND_VF(0));
	EXPECT_FALSE(kmsg_find(log, self->vf, "bound to", 0));
	ASSERT_EQ(0, vfio_driver_bind(self->vf, "pci-stub"));
	EXPECT_TRUE(kmsg_find(log, self->vf, "bound to", 1000));
	EXPECT_STREQ("pci-stub", driver_of(self->vf));
	ASSERT_EQ(0, vfio_driver_take(self->vf));
	EXPECT_EQ(0, sriov_set_vfs(self->pf, 0));
}

/* Nobody else would know what to do with them. */
TEST_F(enable, unbound_with_vfs)
{
	ASSERT_EQ(0, sriov_set_vfs(self->pf, VFS));
	ASSERT_EQ(0, FIND_VF(1));
	ASSERT_EQ(0, vfio_driver_unbind(self->pf));
	EXPECT_EQ(0, count_vfs(self->pf));
	EXPECT_STREQ("no such device", driver_of(self->vf));
	ASSERT_EQ(0, vfio_driver_take(self->pf));
	EXPECT_EQ(0, sriov_set_vfs(self->pf, VFS));
	EXPECT_STREQ(vfio_driver(), driver_of(self->vf));
}

/* ---------------------------------------------------------------------------- tokens */

FIXTURE(token) {
	struct vfio_dev pf;
	struct vfio_dev vf[VFS];
	char pf_addr[40];
	char vf_addr[VFS][40];
};

FIXTURE_SETUP(token)
{
	const char *why = vfio_token_missing(&pf_target);
	int n;

	self->pf = VFIO_DEV_INIT;
	for (n = 0; n < VFS; n++)
		self->vf[n] = VFIO_DEV_INIT;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, sriov_take_pf(self->pf_addr, sizeof(self->pf_addr)));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, VFS));
	for (n = 0; n < VFS; n++)
		ASSERT_EQ(0, vfio_vf_find(self->pf_addr, n, self->vf_addr[n],
					  sizeof(self->vf_addr[n])));
}

FIXTURE_TEARDOWN(token)
{
	int n;

	for (n = 0; n < VFS; n++)
		vfio_dev_close(&self->vf[n]);
	vfio_dev_close(&self->pf);
	sriov_give_pf_back(self->pf_addr);
}

static int open_with_token(struct vfio_dev *dev, const char *addr,
			   const char *token)
{
	const struct vfio_target target = {
		.name = addr, .token = token,
	};

	return vfio_dev_open(dev, &target);
}

/* Who is to be let in: without a token where the kernel takes none, nor needs it */
static int open_trusted(struct vfio_dev *dev, const char *addr, const char *token)
{
	return open_with_token(dev, addr, vfio_token_missing(&pf_target) ? NULL : token);
}

/* No token is NULL */
#define OPEN_PF(text)								\
	open_with_token(&self->pf, self->pf_addr, text)
#define OPEN_VF(n, text)							\
	({									\
		unsigned int __n = (n);						\
										\
		open_with_token(&self->vf[__n], self->vf_addr[__n], text);	\
	})
#define CLOSE_PF()	vfio_dev_close(&self->pf)
#define CLOSE_VF(n)	vfio_dev_close(&self->vf[n])

/* Until somebody sets it, nobody knows the token. */
TEST_F(token, unknown_at_first)
{
	EXPECT_EQ(-EACCES, OPEN_VF(0, NULL));
	EXPECT_EQ(-EACCES, OPEN_VF(0, TOKEN));
	EXPECT_EQ(-EACCES, OPEN_VF(0, "00000000-0000-0000-0000-000000000000"));
	EXPECT_EQ(-EACCES, OPEN_VF(0, "ffffffff-ffff-ffff-ffff-ffffffffffff"));
	/* Opening the PF without one changes nothing. */
	ASSERT_EQ(0, OPEN_PF(NULL));
	EXPECT_EQ(-EACCES, OPEN_VF(0, NULL));
	EXPECT_EQ(-EACCES, OPEN_VF(0, TOKEN));
}

TEST_F(token, set_by_opening_the_pf)
{
	int n;

	ASSERT_EQ(0, OPEN_PF(TOKEN));
	for (n = 0; n < VFS; n++) {
		EXPECT_EQ(-EACCES, OPEN_VF(n, NULL));
		EXPECT_EQ(-EACCES, OPEN_VF(n, OTHER));
		EXPECT_EQ(-EACCES, OPEN_VF(n, ANOTHER));
		EXPECT_EQ(0, OPEN_VF(n, TOKEN));
	}
}

TEST_F(token, in_upper_case)
{
	ASSERT_EQ(0, OPEN_PF(TOKEN_UPPER));
	EXPECT_EQ(0, OPEN_VF(0, TOKEN));
	EXPECT_EQ(0, OPEN_VF(1, TOKEN_UPPER));
}

/* The order does not matter: it is the PF's token, whether that is open or not. */
TEST_F(token, kept_when_the_pf_is_closed)
{
	ASSERT_EQ(0, OPEN_PF(TOKEN));
	CLOSE_PF();
	EXPECT_EQ(-EACCES, OPEN_VF(0, NULL));
	EXPECT_EQ(-EACCES, OPEN_VF(0, OTHER));
	EXPECT_EQ(0, OPEN_VF(0, TOKEN));
	CLOSE_VF(0);
	/* Also by a user of the PF who names none. */
	ASSERT_EQ(0, OPEN_PF(NULL));
	EXPECT_EQ(-EACCES, OPEN_VF(0, NULL));
	EXPECT_EQ(0, OPEN_VF(0, TOKEN));
}

TEST_F(token, replaced_by_opening_the_pf)
{
	ASSERT_EQ(0, OPEN_PF(TOKEN));
	CLOSE_PF();
	ASSERT_EQ(0, OPEN_PF(OTHER));
	EXPECT_EQ(-EACCES, OPEN_VF(0, TOKEN));
	EXPECT_EQ(0, OPEN_VF(0, OTHER));
}

TEST_F(token, needed_for_the_pf_while_a_vf_is_open)
{
	uint32_t value;

	ASSERT_EQ(0, OPEN_PF(TOKEN));
	ASSERT_EQ(0, OPEN_VF(0, TOKEN));
	CLOSE_PF();
	EXPECT_EQ(-EACCES, OPEN_PF(NULL));
	EXPECT_EQ(-EACCES, OPEN_PF(OTHER));
	EXPECT_EQ(-EACCES, OPEN_PF(ANOTHER));
	/* What was refused has not become the token. */
	EXPECT_EQ(-EACCES, OPEN_VF(1, OTHER));
	EXPECT_EQ(0, OPEN_PF(TOKEN));
	EXPECT_EQ(4, vfio_region_read(&self->pf, 0, 0, &value, 4));
	EXPECT_EQ(0, OPEN_VF(1, TOKEN));
}

/* Users are counted: the last one who goes makes the difference. */
TEST_F(token, not_needed_any_more)
{
	int n;

	ASSERT_EQ(0, OPEN_PF(TOKEN));
	for (n = 0; n < VFS; n++)
		ASSERT_EQ(0, OPEN_VF(n, TOKEN));
	CLOSE_PF();
	for (n = 0; n < VFS; n++) {
		EXPECT_EQ(-EACCES, OPEN_PF(NULL));
		EXPECT_EQ(-EACCES, OPEN_PF(OTHER));
		CLOSE_VF(n);
	}
	EXPECT_EQ(0, OPEN_PF(NULL));
	CLOSE_PF();
	EXPECT_EQ(0, OPEN_PF(OTHER));
	EXPECT_EQ(-EACCES, OPEN_VF(0, TOKEN));
	EXPECT_EQ(0, OPEN_VF(0, OTHER));
	/* And they have not been miscounted below nothing. */
	CLOSE_PF();
	EXPECT_EQ(-EACCES, OPEN_PF(NULL));
}

/* A VF that could not be opened is no user. */
TEST_F(token, refused_ones_are_no_users)
{
	ASSERT_EQ(0, OPEN_PF(TOKEN));
	CLOSE_PF();
	EXPECT_EQ(-EACCES, OPEN_VF(0, NULL));
	EXPECT_EQ(-EACCES, OPEN_VF(1, OTHER));
	EXPECT_EQ(0, OPEN_PF(NULL));
}

/* By the PF's user, in a way that shows in no list of processes */
TEST_F(token, set_by_feature)
{
	uint8_t uuid[16];

	ASSERT_EQ(0, vfio_token_bytes(TOKEN, uuid));
	ASSERT_EQ(0, OPEN_PF(NULL));
	EXPECT_EQ(0, vfio_feature(&self->pf, VF_TOKEN | SET | PROBE, NULL, 0));
	/* A probe sets nothing. */
	EXPECT_EQ(0, vfio_feature(&self->pf, VF_TOKEN | SET | PROBE, uuid, 16));
	EXPECT_EQ(-EACCES, OPEN_VF(0, TOKEN));
	EXPECT_EQ(0, vfio_feature(&self->pf, VF_TOKEN | SET, uuid, 16));
	EXPECT_EQ(-EACCES, OPEN_VF(0, NULL));
	EXPECT_EQ(-EACCES, OPEN_VF(0, OTHER));
	EXPECT_EQ(0, OPEN_VF(0, TOKEN));
	/* Never read: who opened the PF later need not have set it. */
	EXPECT_EQ(-EINVAL, vfio_feature(&self->pf, VF_TOKEN | GET, uuid, 16));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->pf, VF_TOKEN | GET | PROBE, NULL, 0));
	EXPECT_EQ(-EINVAL, vfio_feature(&self->pf, VF_TOKEN | SET, uuid, 15));
	/* And not a VF's to set */
	EXPECT_EQ(-ENOTTY, vfio_feature(&self->vf[0], VF_TOKEN | SET, uuid, 16));
	EXPECT_EQ(-ENOTTY, vfio_feature(&self->vf[0], VF_TOKEN | SET | PROBE, NULL, 0));
}

/* The PF's user may do so at any time; who is in stays in. */
TEST_F(token, set_while_a_vf_is_open)
{
	uint8_t uuid[16];
	uint32_t value;

	ASSERT_EQ(0, vfio_token_bytes(OTHER, uuid));
	ASSERT_EQ(0, OPEN_PF(TOKEN));
	ASSERT_EQ(0, OPEN_VF(0, TOKEN));
	EXPECT_EQ(0, vfio_feature(&self->pf, VF_TOKEN | SET, uuid, 16));
	EXPECT_EQ(4, vfio_region_read(&self->vf[0], 0, 0, &value, 4));
	EXPECT_EQ(-EACCES, OPEN_VF(1, TOKEN));
	EXPECT_EQ(0, OPEN_VF(1, OTHER));
	CLOSE_PF();
	EXPECT_EQ(-EACCES, OPEN_PF(TOKEN));
	EXPECT_EQ(0, OPEN_PF(OTHER));
}

/* It belongs to the PF's time with the driver, not to the device. */
TEST_F(token, forgotten_when_the_pf_is_unbound)
{
	ASSERT_EQ(0, OPEN_PF(TOKEN));
	CLOSE_PF();
	ASSERT_EQ(0, vfio_driver_unbind(self->pf_addr));
	ASSERT_EQ(0, vfio_driver_take(self->pf_addr));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, VFS));
	EXPECT_EQ(-EACCES, OPEN_VF(0, TOKEN));
}

/* But not when only the VFs go */
TEST_F(token, kept_when_the_vfs_are_disabled)
{
	ASSERT_EQ(0, OPEN_PF(TOKEN));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 0));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, VFS));
	EXPECT_EQ(-EACCES, OPEN_VF(0, NULL));
	EXPECT_EQ(0, OPEN_VF(0, TOKEN));
}

/* Where there is nobody to be trusted, a token is a mistake. */
TEST_F(token, needless)
{
	struct vfio_dev dev;

	EXPECT_EQ(-EINVAL, open_with_token(&dev, "edu", TOKEN));
	EXPECT_EQ(-EINVAL, open_with_token(&dev, "e1000e", TOKEN));
	EXPECT_EQ(0, open_with_token(&dev, "edu", NULL));
	vfio_dev_close(&dev);
}

/* The PF is in the hands of the host's kernel. */
TEST_F(token, needless_for_vfs_of_another_driver)
{
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 0));
	ASSERT_EQ(0, vfio_modprobe("pci-pf-stub"));
	ASSERT_EQ(0, vfio_driver_bind(self->pf_addr, "pci-pf-stub"));
	ASSERT_EQ(0, vfio_attr_write(self->pf_addr, "sriov_drivers_autoprobe", "0"));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 1));
	EXPECT_STREQ("", driver_of(self->vf_addr[0]));
	EXPECT_EQ(-EINVAL, OPEN_VF(0, TOKEN));
	EXPECT_EQ(0, OPEN_VF(0, NULL));
	CLOSE_VF(0);
	ASSERT_EQ(0, vfio_driver_unbind(self->vf_addr[0]));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 0));
}

/* ----------------------------------------------------------- options behind the name */

/* The device's address goes where the row has "%s"; TOKEN is the right one. */
static const struct {
	const char name[128];
	int want;	/* 1: a file descriptor */
} name_rows[] = {
	{ "%s vf_token=" TOKEN, 1 },
	{ "%s   vf_token=" TOKEN, 1 },
	{ "%s vf_token=" TOKEN "   ", 1 },
	{ "%s \tvf_token=" TOKEN, -EINVAL },
	{ "%s vf_token=" TOKEN "\t", -EINVAL },
	{ "%s vf_token=" TOKEN "\n", -EINVAL },
	{ "%s vf_token=" TOKEN " \t", -EINVAL },
	{ "%s \t", -EINVAL },
	{ "%s vf_token=" TOKEN "x", -EINVAL },
	{ "%s vf_token=" TOKEN "0", -EINVAL },
	{ "%s vf_token=" TOKEN_UPPER, 1 },
	{ "%s", -EACCES },
	{ "%s ", -EACCES },
	{ "%s vf_token=" OTHER, -EACCES },
	{ "%s vf_token=" TOKEN " vf_token=" TOKEN, -EINVAL },
	{ "%s vf_token=" OTHER " vf_token=" TOKEN, -EINVAL },
	{ "%s vf_token=" TOKEN " x", -EINVAL },
	{ "%s x vf_token=" TOKEN, -EINVAL },
	{ "%s x", -EINVAL },
	{ "%s vf_token", -EINVAL },
	{ "%s vf_token=", -EINVAL },
	{ "%s vf_token= " TOKEN, -EINVAL },
	{ "%s vf_token=83d8f4f2-509f-382f-3c1e-e6bfe0fa100", -EINVAL },
	{ "%s vf_token=83d8f4f2x509f-382f-3c1e-e6bfe0fa1001", -EINVAL },
	{ "%s vf_token=83d8f4f2-509f-382f-3c1e-e6bfe0fa100g", -EINVAL },
	{ "%s vf_token={83d8f4f2-509f-382f-3c1e-e6bfe0fa1001}", -EINVAL },
	{ "%s vf_token=83d8f4f2509f382f3c1ee6bfe0fa100100000000", -EINVAL },
	{ "%s VF_TOKEN=" TOKEN, -EINVAL },
	{ "%s vf-token=" TOKEN, -EINVAL },
	{ "%svf_token=" TOKEN, -ENODEV },
	{ "%s,vf_token=" TOKEN, -ENODEV },
};

static int open_by_row(int group, const char *addr, const char *row)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), row, addr);
	fd = vfio_group_device_fd(group, name);
	if (fd < 0)
		return fd;
	close(fd);
	return 1;
}

FIXTURE(name) {
	struct vfio_dev pf;
	struct vfio_dev vf;
	struct vfio_dev second;
	char pf_addr[40];
	char vf_addr[40];
	char second_addr[40];
};

FIXTURE_SETUP(name)
{
	self->pf = VFIO_DEV_INIT;
	self->vf = VFIO_DEV_INIT;
	self->second = VFIO_DEV_INIT;
	VFIO_NEEDS(&pf_target);
	ASSERT_EQ(0, sriov_take_pf(self->pf_addr, sizeof(self->pf_addr)));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, VFS));
	ASSERT_EQ(0, vfio_vf_find(self->pf_addr, 0, self->vf_addr,
				  sizeof(self->vf_addr)));
	ASSERT_EQ(0, vfio_vf_find(self->pf_addr, 1, self->second_addr,
				  sizeof(self->second_addr)));
	ASSERT_EQ(0, open_with_token(&self->pf, self->pf_addr, TOKEN));
	ASSERT_EQ(0, open_with_token(&self->vf, self->vf_addr, TOKEN));
}

FIXTURE_TEARDOWN(name)
{
	vfio_dev_close(&self->second);
	vfio_dev_close(&self->vf);
	vfio_dev_close(&self->pf);
	sriov_give_pf_back(self->pf_addr);
}

/* Of a device that is open the file can be had again, by who has the token. */
TEST_F(name, of_a_vf)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(name_rows); i++) {
		EXPECT_EQ(name_rows[i].want,
			  open_by_row(self->vf.group, self->vf_addr, name_rows[i].name))
			TH_LOG("\"%s\"", name_rows[i].name);
	}
}

/* The same rules, as a VF is open */
TEST_F(name, of_a_pf)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(name_rows); i++) {
		EXPECT_EQ(name_rows[i].want,
			  open_by_row(self->pf.group, self->pf_addr, name_rows[i].name))
			TH_LOG("\"%s\"", name_rows[i].name);
	}
	/* None of them has changed the token. */
	EXPECT_EQ(0, open_with_token(&self->second, self->second_addr, TOKEN));
}

/* Two files of one device are one user of it. */
TEST_F(name, two_files)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), "%s vf_token=" TOKEN, self->vf_addr);
	fd = vfio_group_device_fd(self->vf.group, name);
	ASSERT_LE(0, fd);
	vfio_dev_close(&self->pf);
	ASSERT_EQ(0, close(self->vf.fd));
	self->vf.fd = fd;
	EXPECT_EQ(-EACCES, open_with_token(&self->pf, self->pf_addr, NULL));
	vfio_dev_close(&self->vf);
	EXPECT_EQ(0, open_with_token(&self->pf, self->pf_addr, NULL));
}

/* ------------------------------------------------------------- a VF as its user has it */

/*
 * The PF is open and its VF as well: with a controller in use in the PF, the
 * controller of the VF can be given resources and used in turn.
 */
FIXTURE(vf) {
	struct vfio_dev pf;
	struct vfio_dev dev;
	char pf_addr[40];
	char addr[40];
	struct nvme primary;
	struct nvme nvme;
	void *pf_bar;
	void *bar;
};

FIXTURE_SETUP(vf)
{
	self->pf = VFIO_DEV_INIT;
	self->dev = VFIO_DEV_INIT;
	VFIO_NEEDS(&pf_target);
	ASSERT_EQ(0, sriov_take_pf(self->pf_addr, sizeof(self->pf_addr)));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 1));
	ASSERT_EQ(0, vfio_vf_find(self->pf_addr, 0, self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, open_trusted(&self->pf, self->pf_addr, TOKEN));
	ASSERT_EQ(0, open_trusted(&self->dev, self->addr, TOKEN));
}

FIXTURE_TEARDOWN(vf)
{
	nvme_stop(&self->nvme);
	nvme_stop(&self->primary);
	unmap_bar(&self->bar);
	unmap_bar(&self->pf_bar);
	vfio_dev_close(&self->dev);
	vfio_dev_close(&self->pf);
	sriov_give_pf_back(self->pf_addr);
}

static unsigned int attr_number(const char *addr, const char *attr)
{
	char text[32];

	if (vfio_attr_read(addr, attr, text, sizeof(text)) < 0)
		return ~0U;
	return strtoul(text, NULL, 0);
}

/* The registers of a VF read as all ones; its user sees what it is. */
TEST_F(vf, ids)
{
	unsigned int vendor = attr_number(self->addr, "vendor");
	unsigned int device = attr_number(self->addr, "device");
	uint8_t head[8];
	int i;

	ASSERT_EQ(0xffffU, vfio_hw_cfg16(&self->dev, PCI_VENDOR_ID));
	ASSERT_EQ(0xffffU, vfio_hw_cfg16(&self->dev, PCI_DEVICE_ID));
	ASSERT_NE(0xffffU, vendor);
	ASSERT_NE(0xffffU, device);
	EXPECT_EQ(vendor, vfio_cfg16(&self->dev, PCI_VENDOR_ID));
	EXPECT_EQ(device, vfio_cfg16(&self->dev, PCI_DEVICE_ID));
	EXPECT_EQ(vendor | device << 16, vfio_cfg32(&self->dev, PCI_VENDOR_ID));
	EXPECT_EQ(vendor & 0xff, vfio_cfg8(&self->dev, PCI_VENDOR_ID));
	EXPECT_EQ(device >> 8, vfio_cfg8(&self->dev, PCI_DEVICE_ID + 1));
	ASSERT_EQ(8, vfio_region_read(&self->dev, VFIO_PCI_CONFIG_REGION_INDEX, 0,
				      head, 8));
	EXPECT_EQ(vendor >> 8, head[1]);
	EXPECT_EQ(device & 0xff, head[2]);
	/* Read-only, at a VF too */
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, vfio_cfg_write(&self->dev, i, 1, 0xa5));
	EXPECT_EQ(vendor | device << 16, vfio_cfg32(&self->dev, PCI_VENDOR_ID));
}

/* A VF decodes memory when its PF says so, and has no bit of its own for it. */
TEST_F(vf, memory_is_always_enabled)
{
	uint32_t value;

	MAP_BAR(&self->dev, &self->bar);
	EXPECT_NE(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_NE(0, vfio_cfg32(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	/* What is written there shows, and is all it does. */
	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	EXPECT_EQ(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
	ASSERT_EQ(0, vfio_memory(&self->dev, true));
	EXPECT_NE(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
}

/* Its BARs are the PF's to place: registers that are not there can be sized. */
TEST_F(vf, bars)
{
	uint64_t start, size;
	uint32_t mask;
	int i;

	ASSERT_EQ(0, vfio_resource(self->addr, 0, &start, &size, NULL));
	ASSERT_NE(0U, size);
	EXPECT_EQ(size, self->dev.region[0].size);
	EXPECT_EQ(0U, vfio_hw_cfg32(&self->dev, PCI_BASE_ADDRESS_0));
	EXPECT_EQ(PCI_BASE_ADDRESS_MEM_TYPE_64,
		  vfio_cfg32(&self->dev, PCI_BASE_ADDRESS_0));
	EXPECT_EQ(0U, vfio_cfg32(&self->dev, PCI_BASE_ADDRESS_1));

	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_BASE_ADDRESS_0, 4, ~0U));
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_BASE_ADDRESS_1, 4, ~0U));
	mask = vfio_cfg32(&self->dev, PCI_BASE_ADDRESS_0);
	EXPECT_EQ((uint32_t)-size, mask & PCI_BASE_ADDRESS_MEM_MASK);
	EXPECT_EQ(PCI_BASE_ADDRESS_MEM_TYPE_64, mask & ~PCI_BASE_ADDRESS_MEM_MASK);
	EXPECT_EQ(~0U, vfio_cfg32(&self->dev, PCI_BASE_ADDRESS_1));
	ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_BASE_ADDRESS_0, 4, 0xabcd0000));
	EXPECT_EQ(0xabcd0004, vfio_cfg32(&self->dev, PCI_BASE_ADDRESS_0));
	EXPECT_EQ(0U, vfio_hw_cfg32(&self->dev, PCI_BASE_ADDRESS_0));

	for (i = 2; i < 6; i++) {
		ASSERT_EQ(0, vfio_cfg_write(&self->dev, PCI_BASE_ADDRESS_0 + 4 * i, 4,
					    ~0U));
		EXPECT_EQ(0U, vfio_cfg32(&self->dev, PCI_BASE_ADDRESS_0 + 4 * i));
		EXPECT_EQ(0U, self->dev.region[i].size);
	}
	EXPECT_EQ(0U, self->dev.region[VFIO_PCI_ROM_REGION_INDEX].size);
}

/* A write of the command register finds no reset behind the driver's back. */
TEST_F(vf, bars_are_not_written_back)
{
	int log = kmsg_open();

	ASSERT_EQ(0, vfio_memory(&self->dev, false));
	ASSERT_EQ(0, vfio_memory(&self->dev, true));
	ASSERT_EQ(0, vfio_memory(&self->dev, true));
	EXPECT_FALSE(kmsg_find(log, self->addr, "BAR", 50));
}

TEST_F(vf, no_intx)
{
	struct vfio_irq_info info;
	int32_t fd = vfio_eventfd();

	EXPECT_EQ(0, vfio_cfg8(&self->dev, PCI_INTERRUPT_PIN));
	ASSERT_EQ(0, vfio_irq_info(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, &info));
	EXPECT_EQ(0U, info.count);
	EXPECT_EQ(-EINVAL, vfio_irq_eventfds(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1,
					     &fd));
}

/* VFs of one slot need not be reset together, and cannot be by their bus. */
TEST_F(vf, reset)
{
	EXPECT_NE(0U, self->dev.info.flags & VFIO_DEVICE_FLAGS_RESET);
	ASSERT_EQ(0, vfio_bus_master(&self->dev, true));
	EXPECT_EQ(0, vfio_ioctl(self->dev.fd, VFIO_DEVICE_RESET, NULL));
	EXPECT_NE(0, vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_MASTER);
	EXPECT_NE(0xffffU, vfio_cfg16(&self->dev, PCI_VENDOR_ID));
	EXPECT_EQ(1, count_vfs(self->pf_addr));
}

/* Give the VF's controller to its user: that is done at the PF's */
static int bring_online(struct nvme *primary)
{
	return nvme_virtualize(primary, NVME_SECONDARY_ASSIGN,
			       NVME_RESOURCE_INTERRUPTS, 1, 1) ?:
	       nvme_virtualize(primary, NVME_SECONDARY_ASSIGN, NVME_RESOURCE_QUEUES,
			       1, 2) ?:
	       nvme_virtualize(primary, NVME_SECONDARY_ONLINE, 0, 1, 0);
}

#define START_CONTROLLERS()							\
	do {									\
		ASSERT_EQ(0, vfio_bus_master(&self->pf, true));			\
		ASSERT_EQ(0, vfio_bus_master(&self->dev, true));		\
		MAP_BAR(&self->pf, &self->pf_bar);				\
		MAP_BAR(&self->dev, &self->bar);				\
		ASSERT_EQ(0, nvme_start(&self->primary, &self->pf,		\
					self->pf_bar, 1));			\
		ASSERT_EQ(0, bring_online(&self->primary));			\
	} while (0)

/* DMA and interrupts of both, each in an address space of its own */
TEST_F(vf, works_beside_its_pf)
{
	int32_t fd = vfio_eventfd();
	int i;

	START_CONTROLLERS();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, MSIX, 0, 1, &fd));
	ASSERT_EQ(0, nvme_start(&self->nvme, &self->dev, self->bar, 1));
	vfio_eventfd_wait(fd, 30);
	for (i = 0; i < 3; i++) {
		nvme_submit_nop(&self->nvme, 0);
		EXPECT_EQ(1, vfio_eventfd_wait(fd, 2000));
		EXPECT_EQ(0, nvme_complete(&self->nvme, 0));
		nvme_submit_nop(&self->primary, 0);
		EXPECT_EQ(0, nvme_complete(&self->primary, 0));
	}
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(fd, 30));
}

/* FLR: the VF's controller is stopped, the PF's is not. */
TEST_F(vf, reset_of_what_is_running)
{
	uint32_t cc;

	START_CONTROLLERS();
	ASSERT_EQ(0, nvme_start(&self->nvme, &self->dev, self->bar, 1));
	ASSERT_EQ(4, vfio_region_read(&self->dev, 0, 0x14, &cc, 4));
	EXPECT_NE(0U, cc);
	ASSERT_EQ(0, vfio_ioctl(self->dev.fd, VFIO_DEVICE_RESET, NULL));
	ASSERT_EQ(4, vfio_region_read(&self->dev, 0, 0x14, &cc, 4));
	EXPECT_EQ(0U, cc);
	ASSERT_EQ(4, vfio_region_read(&self->pf, 0, 0x14, &cc, 4));
	EXPECT_NE(0U, cc);
	nvme_submit_nop(&self->primary, 0);
	EXPECT_EQ(0, nvme_complete(&self->primary, 0));
	nvme_stop(&self->nvme);
	ASSERT_EQ(0, nvme_start(&self->nvme, &self->dev, self->bar, 1));
	nvme_submit_nop(&self->nvme, 0);
	EXPECT_EQ(0, nvme_complete(&self->nvme, 0));
}

/* ------------------------------------------------------------------- power management */

#define LOW_POWER(device)							\
	vfio_feature(device, SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0)
#define AWAKE(device)								\
	vfio_feature(device, SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0)

/* A PF sleeps while idle, but not as long as it has VFs: they would be gone. */
TEST_F(enable, pf_is_awake_while_it_has_vfs)
{
	ASSERT_TRUE(vfio_runtime_becomes(self->pf, "suspended"));
	ASSERT_EQ(0, sriov_set_vfs(self->pf, 1));
	ASSERT_EQ(0, FIND_VF(0));
	EXPECT_TRUE(vfio_runtime_becomes(self->vf, "suspended"));
	EXPECT_TRUE(vfio_runtime_stays(self->pf, "active"));
	ASSERT_EQ(0, sriov_set_vfs(self->pf, 0));
	EXPECT_TRUE(vfio_runtime_becomes(self->pf, "suspended"));
	/* References are balanced: once more it is the same. */
	ASSERT_EQ(0, sriov_set_vfs(self->pf, VFS));
	EXPECT_TRUE(vfio_runtime_stays(self->pf, "active"));
	ASSERT_EQ(0, sriov_set_vfs(self->pf, 0));
	EXPECT_TRUE(vfio_runtime_becomes(self->pf, "suspended"));
}

/* D3hot as a guest's driver would choose it: refused, which it can see */
TEST_F(vf, pf_stays_in_d0)
{
	unsigned int pm = vfio_cap_find(&self->pf, PCI_CAP_ID_PM);
	uint32_t value;

	ASSERT_NE(0U, pm);
	ASSERT_EQ(0, vfio_power(&self->pf, 3));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->pf, pm + PCI_PM_CTRL) &
		  PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(4, vfio_region_read(&self->pf, 0, 0, &value, 4));
	EXPECT_NE(~0U, value);
	/* Without VFs it may. */
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 0));
	ASSERT_EQ(0, vfio_power(&self->pf, 3));
	EXPECT_EQ(3, vfio_hw_cfg16(&self->pf, pm + PCI_PM_CTRL) &
		  PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(-EIO, vfio_region_read(&self->pf, 0, 0, &value, 4));
	/* And is woken when they come. */
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 1));
	EXPECT_EQ(0, vfio_hw_cfg16(&self->pf, pm + PCI_PM_CTRL) &
		  PCI_PM_CTRL_STATE_MASK);
	EXPECT_EQ(4, vfio_region_read(&self->pf, 0, 0, &value, 4));
}

/* Low power of the PF counts, for its user, but the device does not sleep. */
TEST_F(vf, pf_in_low_power)
{
	MAP_BAR(&self->pf, &self->pf_bar);
	MAP_BAR(&self->dev, &self->bar);
	ASSERT_EQ(0, LOW_POWER(&self->pf));
	EXPECT_TRUE(vfio_runtime_stays(self->pf_addr, "active"));
	EXPECT_EQ(SIGBUS, vfio_load(self->pf_bar, 4, NULL));
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
	ASSERT_EQ(0, AWAKE(&self->pf));
	EXPECT_EQ(0, vfio_load(self->pf_bar, 4, NULL));
	/* The VFs go, and so does what kept it awake. */
	ASSERT_EQ(0, LOW_POWER(&self->pf));
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 0));
	EXPECT_TRUE(vfio_runtime_becomes(self->pf_addr, "suspended"));
	/* Enabled in low power: awake again, for its own reasons */
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, 1));
	EXPECT_TRUE(vfio_runtime_stays(self->pf_addr, "active"));
	EXPECT_EQ(SIGBUS, vfio_load(self->pf_bar, 4, NULL));
	ASSERT_EQ(0, AWAKE(&self->pf));
	EXPECT_EQ(0, vfio_load(self->pf_bar, 4, NULL));
}

TEST_F(vf, vf_in_low_power)
{
	uint32_t value;

	MAP_BAR(&self->dev, &self->bar);
	ASSERT_EQ(0, LOW_POWER(&self->dev));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	EXPECT_EQ(SIGBUS, vfio_load(self->bar, 4, NULL));
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
	ASSERT_EQ(0, AWAKE(&self->dev));
	EXPECT_TRUE(vfio_runtime_stays(self->addr, "active"));
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	EXPECT_TRUE(vfio_runtime_becomes(self->addr, "suspended"));
}

/* ------------------------------------------------------------------ the VFs are wanted */

static const char *const ends[] = { "disabled", "unbound", "removed" };

/* In a process of its own, as it is going to wait for the VF's user */
static pid_t begin_end(const char *pf, const char *how)
{
	char path[128];

	if (!strcmp(how, "disabled"))
		return vfio_attr_write_begin(pf, "sriov_numvfs", "0");
	vfio_driver_path("unbind", path, sizeof(path));
	if (!strcmp(how, "unbound"))
		return vfio_file_write_begin(path, pf);
	return vfio_attr_write_begin(pf, "remove", "1");
}

FIXTURE(end) {
	struct vfio_dev pf;
	struct vfio_dev dev;
	char pf_addr[40];
	char addr[40];
	void *bar;
	int32_t req;
};

FIXTURE_VARIANT(end) {
	int how;
};

FIXTURE_VARIANT_ADD(end, vfs_disabled) {
	.how = 0,
};

FIXTURE_VARIANT_ADD(end, pf_unbound) {
	.how = 1,
};

FIXTURE_VARIANT_ADD(end, pf_removed) {
	.how = 2,
};

FIXTURE_SETUP(end)
{
	self->pf = VFIO_DEV_INIT;
	self->dev = VFIO_DEV_INIT;
	VFIO_NEEDS(&pf_target);
	ASSERT_EQ(0, sriov_take_pf(self->pf_addr, sizeof(self->pf_addr)));
	ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, VFS));
	ASSERT_EQ(0, vfio_vf_find(self->pf_addr, 1, self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, open_trusted(&self->pf, self->pf_addr, TOKEN));
	ASSERT_EQ(0, open_trusted(&self->dev, self->addr, TOKEN));
	vfio_dev_close(&self->pf);
	self->req = vfio_eventfd();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));
}

FIXTURE_TEARDOWN(end)
{
	unmap_bar(&self->bar);
	vfio_dev_close(&self->dev);
	vfio_dev_close(&self->pf);
	vfio_file_write("/sys/bus/pci/rescan", "1");
	vfio_driver_take(self->pf_addr);
	sriov_give_pf_back(self->pf_addr);
}

/* The VF's user is asked, keeps the VF until he closes it, and then it goes. */
TEST_F(end, waits_for_the_vfs_user)
{
	uint32_t value;
	pid_t pid;

	MAP_BAR(&self->dev, &self->bar);
	pid = begin_end(self->pf_addr, ends[variant->how]);
	ASSERT_LT(0, pid);
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 5000));
	vfio_sleep_ms(200);
	EXPECT_TRUE(vfio_file_write_waits(pid));
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
	EXPECT_EQ(0, vfio_load(self->bar, 4, NULL));
	EXPECT_NE(0xffffU, vfio_cfg16(&self->dev, PCI_VENDOR_ID));

	vfio_dev_close(&self->dev);
	vfio_sleep_ms(100);
	EXPECT_TRUE(vfio_file_write_waits(pid));
	unmap_bar(&self->bar);
	EXPECT_EQ(0, vfio_file_write_end(pid));
	EXPECT_STREQ("no such device", driver_of(self->addr));
}

/* Users of the PF are asked when it is their turn. */
TEST_F(end, pf_is_open_as_well)
{
	int32_t req = vfio_eventfd();
	bool disabled = !variant->how;
	pid_t pid;

	ASSERT_EQ(0, open_trusted(&self->pf, self->pf_addr, TOKEN));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->pf, REQ, 0, 1, &req));
	pid = begin_end(self->pf_addr, ends[variant->how]);
	ASSERT_LT(0, pid);
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 5000));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(req, 100));
	vfio_dev_close(&self->dev);
	if (!disabled)
		EXPECT_EQ(1, vfio_eventfd_wait(req, 5000));
	vfio_dev_close(&self->pf);
	EXPECT_EQ(0, vfio_file_write_end(pid));
	/* After that a user of the PF needs no token. */
	if (disabled)
		EXPECT_EQ(0, open_trusted(&self->pf, self->pf_addr, NULL));
}

/* Everything can be had again. */
TEST_F(end, again)
{
	pid_t pid;
	int i;

	for (i = 0; i < 2; i++) {
		pid = begin_end(self->pf_addr, ends[variant->how]);
		ASSERT_LT(0, pid);
		EXPECT_EQ(1, vfio_eventfd_wait(self->req, 5000));
		vfio_dev_close(&self->dev);
		ASSERT_EQ(0, vfio_file_write_end(pid));

		ASSERT_EQ(0, vfio_file_write("/sys/bus/pci/rescan", "1"));
		ASSERT_EQ(0, sriov_take_pf(self->pf_addr, sizeof(self->pf_addr)));
		ASSERT_EQ(0, sriov_set_vfs(self->pf_addr, VFS));
		ASSERT_EQ(0, open_trusted(&self->pf, self->pf_addr, OTHER));
		ASSERT_EQ(0, open_trusted(&self->dev, self->addr, OTHER));
		vfio_dev_close(&self->pf);
		ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, REQ, 0, 1, &self->req));
	}
}

static const struct vfio_mode_rule rules[] = {
	{ .modes = VFIO_MODES_PCI, .why = "vfio-mdev-pci does not enable VFs" },
	{ .fixture = "name", .modes = VFIO_MODES_GROUP,
	  .why = "a cdev is not opened by a name" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
