// SPDX-License-Identifier: GPL-2.0-only
/* Configuration space: registers as the user sees them and as they are */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vfio_lib.h"

#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

int vfio_cfg_read(const struct vfio_dev *d, unsigned int pos, int width,
		  uint32_t *val)
{
	uint32_t le = 0;
	ssize_t n = vfio_region_read(d, CONFIG, pos, &le, width);

	*val = n == width ? le32toh(le) : ~0U;
	if (n == width)
		return 0;
	return n < 0 ? n : -EIO;
}

int vfio_cfg_write(const struct vfio_dev *d, unsigned int pos, int width,
		   uint32_t val)
{
	uint32_t le = htole32(val);
	ssize_t n = vfio_region_write(d, CONFIG, pos, &le, width);

	if (n != width)
		return n < 0 ? n : -EIO;
	return 0;
}

uint32_t vfio_cfg(const struct vfio_dev *d, unsigned int pos, int width)
{
	uint32_t val;
	int ret = vfio_cfg_read(d, pos, width, &val);

	if (!ret)
		return val;
	fprintf(stderr, "# %s: reading %d bytes of config space at 0x%x: %s\n",
		d->addr, width, pos, strerror(-ret));
	return ~0U;
}

uint8_t vfio_cfg8(const struct vfio_dev *d, unsigned int pos)
{
	return vfio_cfg(d, pos, 1);
}

uint16_t vfio_cfg16(const struct vfio_dev *d, unsigned int pos)
{
	return vfio_cfg(d, pos, 2);
}

uint32_t vfio_cfg32(const struct vfio_dev *d, unsigned int pos)
{
	return vfio_cfg(d, pos, 4);
}

/* --- The device itself, by sysfs ---------------------------------------- */

static int hw_open(const struct vfio_dev *d)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/config", d->sysfs);
	return open(path, O_RDWR | O_CLOEXEC);
}

int vfio_hw_cfg_write(const struct vfio_dev *d, unsigned int pos, int width,
		      uint32_t val)
{
	uint32_t le = htole32(val);
	int fd = hw_open(d);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (pwrite(fd, &le, width, pos) != width)
		ret = -EIO;
	close(fd);
	return ret;
}

uint32_t vfio_hw_cfg(const struct vfio_dev *d, unsigned int pos, int width)
{
	uint32_t le = 0;
	ssize_t n = -1;
	int fd = hw_open(d);

	if (fd >= 0) {
		n = pread(fd, &le, width, pos);
		close(fd);
	}
	if (n == width)
		return le32toh(le);
	fprintf(stderr, "# cannot read %d bytes of %s/config at 0x%x\n", width,
		d->sysfs, pos);
	return ~0U;
}

uint8_t vfio_hw_cfg8(const struct vfio_dev *d, unsigned int pos)
{
	return vfio_hw_cfg(d, pos, 1);
}

uint16_t vfio_hw_cfg16(const struct vfio_dev *d, unsigned int pos)
{
	return vfio_hw_cfg(d, pos, 2);
}

uint32_t vfio_hw_cfg32(const struct vfio_dev *d, unsigned int pos)
{
	return vfio_hw_cfg(d, pos, 4);
}

int vfio_cfg_effect(const struct vfio_dev *d, unsigned int pos, int width,
		    uint32_t val, uint32_t mask, uint32_t *by_user,
		    uint32_t *by_host)
{
	uint32_t orig = vfio_hw_cfg(d, pos, width);
	int ret;

	ret = vfio_cfg_write(d, pos, width, val);
	if (ret)
		return ret;
	*by_user = vfio_hw_cfg(d, pos, width);
	ret = vfio_hw_cfg_write(d, pos, width, orig);
	if (ret)
		return ret;
	ret = vfio_hw_cfg_write(d, pos, width, (orig & ~mask) | (val & mask));
	if (ret)
		return ret;
	*by_host = vfio_hw_cfg(d, pos, width);
	return vfio_hw_cfg_write(d, pos, width, orig);
}

/* --- Capability chains -------------------------------------------------- */

static uint32_t reg32(const struct vfio_dev *d, bool hw, unsigned int pos)
{
	return hw ? vfio_hw_cfg32(d, pos) : vfio_cfg32(d, pos);
}

static uint16_t reg16(const struct vfio_dev *d, bool hw, unsigned int pos)
{
	return hw ? vfio_hw_cfg16(d, pos) : vfio_cfg16(d, pos);
}

int vfio_caps(const struct vfio_dev *d, bool hw, struct vfio_cap *caps)
{
	uint16_t head;
	uint8_t pos;
	int n = 0;

	if (!(reg16(d, hw, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	for (pos = reg16(d, hw, PCI_CAPABILITY_LIST); pos; pos = head >> 8) {
		if (n == VFIO_MAX_CAPS)
			return -ELOOP;
		head = reg16(d, hw, pos);
		caps[n++] = (struct vfio_cap){ .id = head & 0xff, .pos = pos };
	}
	return n;
}

int vfio_ecaps(const struct vfio_dev *d, bool hw, struct vfio_cap *caps)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	uint32_t head;
	int n = 0;

	if (d->region[CONFIG].size <= PCI_CFG_SPACE_SIZE)
		return 0;
	for (; pos >= PCI_CFG_SPACE_SIZE; pos = PCI_EXT_CAP_NEXT(head)) {
		if (n == VFIO_MAX_CAPS)
			return -ELOOP;
		head = reg32(d, hw, pos);
		if (PCI_EXT_CAP_ID(head))
			caps[n++] = (struct vfio_cap){
				.id = PCI_EXT_CAP_ID(head), .pos = pos };
	}
	return n;
}

static unsigned int pick(const struct vfio_cap *caps, int n, uint16_t id)
{
	for (int i = 0; i < n; i++)
		if (caps[i].id == id)
			return caps[i].pos;
	return 0;
}

unsigned int vfio_cap_find(const struct vfio_dev *d, uint8_t id)
{
	struct vfio_cap caps[VFIO_MAX_CAPS];

	return pick(caps, vfio_caps(d, false, caps), id);
}

unsigned int vfio_ecap_find(const struct vfio_dev *d, uint16_t id)
{
	struct vfio_cap caps[VFIO_MAX_CAPS];

	return pick(caps, vfio_ecaps(d, false, caps), id);
}

unsigned int vfio_hw_cap_find(const struct vfio_dev *d, uint8_t id)
{
	struct vfio_cap caps[VFIO_MAX_CAPS];

	return pick(caps, vfio_caps(d, true, caps), id);
}

unsigned int vfio_hw_ecap_find(const struct vfio_dev *d, uint16_t id)
{
	struct vfio_cap caps[VFIO_MAX_CAPS];

	return pick(caps, vfio_ecaps(d, true, caps), id);
}

/* --- Switches ----------------------------------------------------------- */

int vfio_command(const struct vfio_dev *d, uint16_t clear, uint16_t set)
{
	uint32_t cmd;
	int ret = vfio_cfg_read(d, PCI_COMMAND, 2, &cmd);

	if (ret)
		return ret;
	return vfio_cfg_write(d, PCI_COMMAND, 2, (cmd & ~clear) | set);
}

int vfio_memory(const struct vfio_dev *d, bool on)
{
	return vfio_command(d, PCI_COMMAND_MEMORY, on ? PCI_COMMAND_MEMORY : 0);
}

int vfio_bus_master(const struct vfio_dev *d, bool on)
{
	return vfio_command(d, PCI_COMMAND_MASTER, on ? PCI_COMMAND_MASTER : 0);
}

int vfio_power(const struct vfio_dev *d, unsigned int state)
{
	unsigned int pm = vfio_cap_find(d, PCI_CAP_ID_PM);
	uint32_t csr;
	int ret;

	if (!pm)
		return -ENODEV;
	ret = vfio_cfg_read(d, pm + PCI_PM_CTRL, 2, &csr);
	if (ret)
		return ret;
	csr = (csr & ~PCI_PM_CTRL_STATE_MASK) | state;
	return vfio_cfg_write(d, pm + PCI_PM_CTRL, 2, csr);
}
