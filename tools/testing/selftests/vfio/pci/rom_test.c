// SPDX-License-Identifier: GPL-2.0-only
/* The expansion ROM region: what it shows, and that it is for reading only */
#include <fcntl.h>
#include <unistd.h>

#include "vfio_harness.h"

#define ROM	VFIO_PCI_ROM_REGION_INDEX

FIXTURE(rom)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(rom)
{
	struct vfio_target target;
};

FIXTURE_SETUP(rom)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(rom)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(rom, virtio)
{
	.target = { .name = "virtio" },
};

FIXTURE_VARIANT_ADD(rom, e1000e)
{
	.target = { .name = "e1000e" },
};

static uint64_t rom_size(const struct vfio_dev *d)
{
	uint64_t size = 0;

	vfio_resource(d->addr, ROM, NULL, &size, NULL);
	return size;
}

/* The image as the host reads it; its length, or -errno */
static ssize_t host_image(const struct vfio_dev *d, uint8_t *image, size_t len)
{
	ssize_t n, sum = 0;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/rom", d->sysfs);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return -errno;
	if (write(fd, "1", 1) != 1)
		sum = -errno;
	while (sum >= 0 && (n = pread(fd, image + sum, len - sum, sum)) > 0)
		sum += n;
	pwrite(fd, "0", 1, 0);
	close(fd);
	return sum;
}

TEST_F(rom, region_has_the_size_of_the_resource)
{
	ASSERT_NE(0, rom_size(&self->d));
	EXPECT_EQ(rom_size(&self->d), self->d.region[ROM].size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ, self->d.region[ROM].flags);
}

TEST_F(rom, image_is_the_one_the_host_reads)
{
	size_t size = self->d.region[ROM].size;
	uint8_t *host = malloc(size), *user = malloc(size);
	ssize_t len = host_image(&self->d, host, size);

	ASSERT_LT(0, len);
	ASSERT_EQ(size, vfio_region_read(&self->d, ROM, 0, user, size));
	EXPECT_EQ(0x55, user[0]);
	EXPECT_EQ(0xaa, user[1]);
	EXPECT_EQ(0, memcmp(host, user, len));
	/* What is behind the image is not the device's any more */
	for (size_t i = len; i < size; i++)
		ASSERT_EQ(0xff, user[i]);
	free(host);
	free(user);
}

TEST_F(rom, every_length_and_alignment_reads_the_same_bytes)
{
	uint8_t all[64], part[64];

	ASSERT_EQ(64, vfio_region_read(&self->d, ROM, 0, all, 64));
	for (size_t off = 0; off < 8; off++) {
		for (size_t len = 1; len + off <= 24; len++) {
			ASSERT_EQ(len, vfio_region_read(&self->d, ROM, off, part, len));
			ASSERT_EQ(0, memcmp(all + off, part, len))
				TH_LOG("%zu bytes at %zu", len, off);
		}
	}
}

TEST_F(rom, reading_is_cut_at_the_end)
{
	uint64_t size = self->d.region[ROM].size;
	uint8_t bytes[8];

	EXPECT_EQ(4, vfio_region_read(&self->d, ROM, size - 4, bytes, 8));
	EXPECT_EQ(1, vfio_region_read(&self->d, ROM, size - 1, bytes, 8));
	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, ROM, size, bytes, 1));
	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, ROM, size + 64, bytes, 1));
}

TEST_F(rom, writing_is_refused)
{
	uint32_t before, val = 0;
	uint64_t size = self->d.region[ROM].size;

	ASSERT_EQ(4, vfio_region_read(&self->d, ROM, 0, &before, 4));
	EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, ROM, 0, &val, 4));
	EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, ROM, size - 1, &val, 1));
	EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, ROM, size, &val, 4));
	EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, ROM, 0, VFIO_BAD_POINTER, 4));
	ASSERT_EQ(4, vfio_region_read(&self->d, ROM, 0, &val, 4));
	EXPECT_EQ(before, val);
}

TEST_F(rom, bad_pointers_are_refused)
{
	EXPECT_EQ(-EFAULT, vfio_region_read(&self->d, ROM, 0, VFIO_BAD_POINTER, 4));
}

TEST_F(rom, the_user_s_enable_bit_makes_no_difference)
{
	uint32_t bar = vfio_cfg32(&self->d, PCI_ROM_ADDRESS);
	uint16_t magic = 0;

	for (int on = 0; on < 2; on++) {
		EXPECT_EQ(0, vfio_cfg_write(&self->d, PCI_ROM_ADDRESS, 4,
					    (bar & ~PCI_ROM_ADDRESS_ENABLE) | on));
		EXPECT_EQ(2, vfio_region_read(&self->d, ROM, 0, &magic, 2));
		EXPECT_EQ(0xaa55, magic);
		EXPECT_EQ(on, vfio_cfg32(&self->d, PCI_ROM_ADDRESS) &
			      PCI_ROM_ADDRESS_ENABLE);
	}
}

TEST_F(rom, decoding_of_the_rom_is_off_again_after_a_read)
{
	uint16_t magic;

	EXPECT_EQ(2, vfio_region_read(&self->d, ROM, 0, &magic, 2));
	EXPECT_EQ(0, vfio_hw_cfg32(&self->d, PCI_ROM_ADDRESS) &
		     PCI_ROM_ADDRESS_ENABLE);
}

TEST_F(rom, cannot_be_read_while_memory_decoding_is_off)
{
	struct vfio_region_info info;
	uint32_t val;

	ASSERT_EQ(0, vfio_memory(&self->d, false));
	EXPECT_EQ(-ENOMEM, vfio_region_read(&self->d, ROM, 0, &val, 4));
	/* The question what it is finds a way, and leaves decoding as it was */
	ASSERT_EQ(0, vfio_region_info(&self->d, ROM, &info, sizeof(info)));
	EXPECT_EQ(self->d.region[ROM].size, info.size);
	EXPECT_EQ(0, vfio_hw_cfg16(&self->d, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	ASSERT_EQ(0, vfio_memory(&self->d, true));
	EXPECT_EQ(4, vfio_region_read(&self->d, ROM, 0, &val, 4));
}

/* --- Devices without one ------------------------------------------------ */

FIXTURE(no_rom)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(no_rom)
{
	struct vfio_target target;
};

FIXTURE_SETUP(no_rom)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(no_rom)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(no_rom, edu)
{
	.target = { .name = "edu" },
};

FIXTURE_VARIANT_ADD(no_rom, ivshmem)
{
	.target = { .name = "ivshmem" },
};

FIXTURE_VARIANT_ADD(no_rom, nvme)
{
	.target = { .name = "nvme" },
};

TEST_F(no_rom, region_is_empty)
{
	EXPECT_EQ(0, self->d.region[ROM].size);
	EXPECT_EQ(0, self->d.region[ROM].flags);
}

TEST_F(no_rom, access_is_refused)
{
	uint32_t val = 0;

	EXPECT_EQ(-EINVAL, vfio_region_read(&self->d, ROM, 0, &val, 4));
	EXPECT_EQ(-EINVAL, vfio_region_write(&self->d, ROM, 0, &val, 4));
}

/* --- The shadow of a video BIOS ----------------------------------------- */

/*
 * The resource of a boot VGA is the shadow at 0xc0000.  Where no BIOS ran, as
 * in the test VM, there is no image, and the region is as good as none.
 */
FIXTURE(shadow)
{
	struct vfio_dev d;
};

FIXTURE_VARIANT(shadow)
{
	struct vfio_target target;
};

FIXTURE_SETUP(shadow)
{
	VFIO_OPEN_OR_SKIP(&self->d, &variant->target);
}

FIXTURE_TEARDOWN(shadow)
{
	vfio_dev_close(&self->d);
}

FIXTURE_VARIANT_ADD(shadow, vga)
{
	.target = { .name = "vga" },
};

TEST_F(shadow, is_offered_if_it_can_be_read)
{
	uint64_t size = self->d.region[ROM].size;
	uint16_t magic = 0;

	ASSERT_EQ(0x20000, rom_size(&self->d));
	if (!size) {
		EXPECT_EQ(0, self->d.region[ROM].flags);
		EXPECT_EQ(-ENOMEM, vfio_region_read(&self->d, ROM, 0, &magic, 2));
		return;
	}
	EXPECT_EQ(0x20000, size);
	EXPECT_EQ(2, vfio_region_read(&self->d, ROM, 0, &magic, 2));
	EXPECT_EQ(0xaa55, magic);
}

VFIO_TEST_MAIN
