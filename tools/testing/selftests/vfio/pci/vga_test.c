// SPDX-License-Identifier: GPL-2.0-only
/* The VGA region: legacy memory and ports of a display, and nothing else */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakecfg.h"
#include "vfio_harness.h"

#define VGA		VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE	0xc0000

/* A sequencer register with four writable bits */
#define SEQ_INDEX	0x3c4
#define SEQ_DATA	0x3c5
#define SEQ_MAP_MASK	2

FIXTURE(vga)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(vga)
{
	struct vfio_target target;
};

FIXTURE_SETUP(vga)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(vga)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(vga, vga)
{
	.target = { .name = "vga" },
};

TEST_F(vga, region_is_there_to_be_read_and_written)
{
	struct vfio_region_info info;

	ASSERT_EQ(0, vfio_region_info(&self->d, VGA, &info, sizeof(info)));
	EXPECT_EQ(VGA_SIZE, info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
		  info.flags);
	EXPECT_EQ((uint64_t)VGA << 40, info.offset);
}

static int set_map_mask(const struct vfio_dev *d, uint8_t val)
{
	uint8_t index = SEQ_MAP_MASK;

	return vfio_region_write(d, VGA, SEQ_INDEX, &index, 1) == 1 &&
	       vfio_region_write(d, VGA, SEQ_DATA, &val, 1) == 1 ? 0 : -EIO;
}

TEST_F(vga, ports_are_those_of_the_card)
{
	uint8_t val = 0;

	for (int mask = 0; mask < 16; mask += 5) {
		ASSERT_EQ(0, set_map_mask(&self->d, mask));
		ASSERT_EQ(1, vfio_region_read(&self->d, VGA, SEQ_DATA, &val, 1));
		EXPECT_EQ(mask, val & 0xf);
	}
}

/* Index and data in one access of two bytes, as every driver does it */
TEST_F(vga, ports_are_written_as_words)
{
	uint16_t both = SEQ_MAP_MASK | 0x0900;
	uint8_t val = 0;

	ASSERT_EQ(0, set_map_mask(&self->d, 0x6));
	ASSERT_EQ(2, vfio_region_write(&self->d, VGA, SEQ_INDEX, &both, 2));
	ASSERT_EQ(1, vfio_region_read(&self->d, VGA, SEQ_DATA, &val, 1));
	EXPECT_EQ(0x9, val & 0xf);
}

TEST_F(vga, legacy_ranges_are_accepted)
{
	const uint64_t good[] = { 0xa0000, 0xa0001, 0xb8000, 0xbfffc,
				  0x3b0, 0x3b8, 0x3c0, 0x3d8, 0x3dc };
	uint32_t val;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(4, vfio_region_read(&self->d, VGA, good[i], &val, 4))
			TH_LOG("offset 0x%llx", (unsigned long long)good[i]);
	}
}

TEST_F(vga, everything_else_is_refused)
{
	const uint64_t bad[] = { 0, 0x60, 0x3af, 0x3bc, 0x3bf, 0x3e0, 0x400,
				 0x9ffff, 0xc0000, 0xc0001, 0xfffff, 1ULL << 32,
				 (1ULL << 40) - 1 };
	uint32_t val = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, VGA, bad[i], &val, 1))
			TH_LOG("offset 0x%llx", (unsigned long long)bad[i]);
		EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, VGA, bad[i], &val, 1));
	}
}

TEST_F(vga, access_is_cut_at_the_end_of_a_range)
{
	uint8_t bytes[8];

	EXPECT_EQ(1, vfio_region_read(&self->d, VGA, 0x3bb, bytes, 8));
	EXPECT_EQ(2, vfio_region_read(&self->d, VGA, 0x3de, bytes, 8));
	EXPECT_EQ(4, vfio_region_read(&self->d, VGA, 0xbfffc, bytes, 8));
}

TEST_F(vga, bad_pointers_are_refused)
{
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, VGA, SEQ_INDEX,
					    VFIO_BAD_POINTER, 1));
	EXPECT_EQ(-EFAULT, vfio_region_write(&self->d, VGA, SEQ_INDEX,
					     VFIO_BAD_POINTER, 1));
}

TEST_F(vga, memory_decoding_is_not_looked_at)
{
	uint32_t val;

	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(4, vfio_region_read(&self->d, VGA, 0xa0000, &val, 4));
}

TEST_F(vga, region_cannot_be_mapped)
{
	void *map;

	EXPECT_EQ(-EINVAL, vfio_region_mmap(&self->d, VGA, 0xa0000, 4096,
					    PROT_READ, MAP_SHARED, &map));
}

/* --- The arbiter ---------------------------------------------------------- */

/* Another display, which hda is made to look like; as seen by /dev/vga_arbiter */
FIXTURE(arbiter)
{
	struct fakecfg fake;
	struct vfio_dev d;
	int fd;
};

static int ask(int fd, const char *request)
{
	return write(fd, request, strlen(request)) < 0 ? -errno : 0;
}

FIXTURE_SETUP(arbiter)
{
	const struct vfio_target vga = { .name = "vga" };
	const struct vfio_target other = { .name = "hda" };
	const char *why = fakecfg_missing(&other);
	char text[64];

	self->d = VFIO_DEV_INIT;
	self->fd = -1;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fakecfg_add(&self->fake, &other));
	fakecfg_put(&self->fake, PCI_CLASS_DEVICE, 2, 0x0300);
	/* Without decoding it does not own the ranges before it asks for them. */
	fakecfg_put(&self->fake, PCI_COMMAND, 2, 0);
	ASSERT_EQ(0, fakecfg_load(&self->fake));
	ASSERT_EQ(0, fakecfg_rescan(&self->fake));
	VFIO_OPEN_OR_SKIP(&self->d, &vga);
	self->fd = open("/dev/vga_arbiter", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	snprintf(text, sizeof(text), "target PCI:%s", self->fake.addr);
	ASSERT_EQ(0, ask(self->fd, text));
}

FIXTURE_TEARDOWN(arbiter)
{
	if (self->fd >= 0)
		close(self->fd);
	vfio_dev_close(&self->d);
	if (!self->fake.addr[0])
		return;
	fakecfg_remove(&self->fake);
	EXPECT_EQ(0, fakecfg_rescan(&self->fake));
}

static void noticed(int signal)
{
}

/* In a process of its own, a read of a byte that a signal ends: its errno */
static pid_t start_read(const struct vfio_dev *d, uint64_t off)
{
	struct sigaction action = { .sa_handler = noticed };
	pid_t pid = fork();
	uint8_t val;
	int ret;

	if (pid)
		return pid;
	sigaction(SIGUSR1, &action, NULL);
	ret = vfio_region_read(d, VGA, off, &val, 1);
	_exit(ret < 0 ? -ret : 0);
}

static int end_of(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
	       WEXITSTATUS(status) : -1;
}

/* The other display has the legacy ranges: to wait for them can be given up. */
TEST_F(arbiter, wait_is_interrupted)
{
	static const struct {
		const char *lock, *unlock;
		uint64_t off;
	} cases[] = {
		{ "lock mem", "unlock mem", 0xa0000 },
		{ "lock io", "unlock io", 0x3c0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status;
		pid_t pid;

		ASSERT_EQ(0, ask(self->fd, cases[i].lock));
		pid = start_read(&self->d, cases[i].off);
		ASSERT_LT(0, pid);
		vfio_sleep_ms(300);
		EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
		ASSERT_EQ(0, kill(pid, SIGUSR1));
		EXPECT_EQ(EINTR, end_of(pid));

		pid = start_read(&self->d, cases[i].off);
		ASSERT_LT(0, pid);
		vfio_sleep_ms(300);
		EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
		ASSERT_EQ(0, ask(self->fd, cases[i].unlock));
		EXPECT_EQ(0, end_of(pid));
	}
}

/* --- Devices that are no display ---------------------------------------- */

FIXTURE(no_vga)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(no_vga)
{
	struct vfio_target target;
};

FIXTURE_SETUP(no_vga)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(no_vga)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(no_vga, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(no_vga, nvme)
{
	.target = { .name = "nvme" },
};

TEST_F(no_vga, region_is_refused)
{
	struct vfio_region_info info;
	uint8_t val = 0;

	EXPECT_EQ(-EINVAL, vfio_region_info(&self->d, VGA, &info, sizeof(info)));
	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, VGA, 0xa0000, &val, 1));
	EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, VGA, 0xa0000, &val, 1));
	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, VGA, 0x3c0, &val, 1));
}

VFIO_TEST_MAIN
