// SPDX-License-Identifier: GPL-2.0-only
/* The user's end of the module vfio_pci_fakecfg */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fakecfg.h"
#include "vfio_lib.h"

#define FAKECFG_DIR	"/sys/kernel/debug/vfio_pci_fakecfg"

const char *fakecfg_missing(const struct vfio_target *t)
{
	const char *why = vfio_target_missing(t);

	if (why)
		return why;
	if (access("/sys/kernel/debug/tracing", F_OK))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access(FAKECFG_DIR "/add", F_OK) && vfio_modprobe("vfio_pci_fakecfg"))
		return "no module vfio_pci_fakecfg: build fakecfg/ and insmod it";
	if (access(FAKECFG_DIR "/add", W_OK))
		return "debugfs is not mounted, or not for writing by this user";
	return NULL;
}

static void file_of(const struct fakecfg *f, const char *name, char *path,
		    size_t len)
{
	snprintf(path, len, FAKECFG_DIR "/%s/%s", f->addr, name);
}

static int put_text(const struct fakecfg *f, const char *name, const char *text)
{
	char path[128];

	file_of(f, name, path, sizeof(path));
	return vfio_file_write(path, text);
}

static int put_bytes(const struct fakecfg *f, const char *name,
		     unsigned int pos, const void *bytes, size_t len)
{
	char path[128];
	int ret = 0;
	int fd;

	file_of(f, name, path, sizeof(path));
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, bytes, len, pos) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int fakecfg_add(struct fakecfg *f, const struct vfio_target *t)
{
	int ret;

	memset(f, 0, sizeof(*f));
	ret = vfio_device_find(t->name, f->addr, sizeof(f->addr));
	if (ret)
		return ret;
	fakecfg_remove(f);
	ret = vfio_driver_take(f->addr);
	if (ret)
		return ret;
	return vfio_file_write(FAKECFG_DIR "/add", f->addr);
}

int fakecfg_remove(struct fakecfg *f)
{
	return vfio_file_write(FAKECFG_DIR "/remove", f->addr);
}

void fakecfg_put(struct fakecfg *f, unsigned int pos, int width, uint32_t val)
{
	for (; width--; pos++, val >>= 8)
		fakecfg_fill(f, pos, 1, val & 0xff);
}

/* What lies beyond the end is cut off, so that tests may put things there. */
static size_t cut(unsigned int pos, size_t len)
{
	if (pos >= FAKECFG_SIZE)
		return 0;
	return len < FAKECFG_SIZE - pos ? len : FAKECFG_SIZE - pos;
}

void fakecfg_fill(struct fakecfg *f, unsigned int pos, size_t len, uint8_t val)
{
	len = cut(pos, len);
	memset(f->image + pos, val, len);
	memset(f->mask + pos, 0xff, len);
}

void fakecfg_allow(struct fakecfg *f, unsigned int pos, size_t len)
{
	memset(f->writable + pos, 0xff, cut(pos, len));
}

void fakecfg_clear(struct fakecfg *f)
{
	memset(f->image, 0, sizeof(f->image));
	memset(f->mask, 0, sizeof(f->mask));
	memset(f->writable, 0, sizeof(f->writable));
}

int fakecfg_load(const struct fakecfg *f)
{
	int ret;

	ret = put_bytes(f, "image", 0, f->image, FAKECFG_SIZE);
	if (!ret)
		ret = put_bytes(f, "mask", 0, f->mask, FAKECFG_SIZE);
	if (!ret)
		ret = put_bytes(f, "writable", 0, f->writable, FAKECFG_SIZE);
	if (!ret)
		ret = fakecfg_enable(f, true);
	return ret;
}

int fakecfg_enable(const struct fakecfg *f, bool on)
{
	return put_text(f, "enable", on ? "1" : "0");
}

int fakecfg_dead(const struct fakecfg *f, bool on)
{
	return put_text(f, "dead", on ? "1" : "0");
}

int fakecfg_cut_off(const struct fakecfg *f, bool on)
{
	return put_text(f, "cut_off", on ? "1" : "0");
}

int fakecfg_rescan(const struct fakecfg *f)
{
	int ret;

	ret = vfio_attr_write(f->addr, "remove", "1");
	if (!ret)
		ret = vfio_file_write("/sys/bus/pci/rescan", "1");
	if (!ret)
		ret = vfio_driver_take(f->addr);
	return ret;
}

uint32_t fakecfg_peek(const struct fakecfg *f, unsigned int pos, int width)
{
	uint8_t bytes[4] = { 0xff, 0xff, 0xff, 0xff };
	char path[128];
	uint32_t val = 0;
	int fd;

	file_of(f, "image", path, sizeof(path));
	fd = open(path, O_RDONLY);
	if (fd < 0 || pread(fd, bytes, width, pos) != width)
		fprintf(stderr, "# cannot read %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	while (width--)
		val = val << 8 | bytes[width];
	return val;
}

int fakecfg_poke(const struct fakecfg *f, unsigned int pos, int width,
		 uint32_t val)
{
	uint8_t bytes[4];

	for (int i = 0; i < width; i++)
		bytes[i] = val >> (8 * i);
	return put_bytes(f, "image", pos, bytes, width);
}

int fakecfg_log_clear(const struct fakecfg *f)
{
	return put_text(f, "log", "0");
}

static bool parse(const char *line, struct fakecfg_access *a)
{
	char dir;

	if (sscanf(line, "%c %x %x %x %x", &dir, &a->offset, &a->width,
		   &a->value, &a->faked) != 5)
		return false;
	a->write = dir == 'w';
	return true;
}

static bool touches(const struct fakecfg_access *a, unsigned int pos, size_t len)
{
	return a->offset + a->width > pos && a->offset < pos + len;
}

int fakecfg_log(const struct fakecfg *f, unsigned int pos, size_t len,
		struct fakecfg_access *log, int max)
{
	struct fakecfg_access a;
	char line[64], path[128];
	FILE *file;
	int n = 0;

	file_of(f, "log", path, sizeof(path));
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (n >= 0 && fgets(line, sizeof(line), file)) {
		if (!parse(line, &a))
			n = -EOVERFLOW;
		else if (touches(&a, pos, len) && n++ < max)
			log[n - 1] = a;
	}
	fclose(file);
	return n;
}
