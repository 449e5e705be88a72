// SPDX-License-Identifier: GPL-2.0-only
/* Do a call, and say what it was */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compare.h"

#define FILL	0xa5

/* Names of the calls, and what their arguments are called */
static const struct {
	const char *name;
	const char *args[NR_ARGS];
} names[NR_KINDS] = {
	[CFG_READ] = { "config read", { "pos", "len" } },
	[CFG_WRITE] = { "config write", { "pos", "len", "value" } },
	[REGION_READ] = { "read", { "region", "pos", "len" } },
	[REGION_WRITE] = { "write", { "region", "pos", "len", "value" } },
	[REGION_MMAP] = { "mmap", { "region", "pos", "len", "load" } },
	[GET_INFO] = { "GET_INFO", { "argsz" } },
	[GET_REGION_INFO] = { "GET_REGION_INFO", { "argsz", "index" } },
	[GET_IRQ_INFO] = { "GET_IRQ_INFO", { "argsz", "index" } },
	[SET_IRQS] = { "SET_IRQS", { "argsz", "flags", "index", "start", "count", "data" } },
	[RESET] = { "RESET" },
	[HOT_RESET_INFO] = { "GET_PCI_HOT_RESET_INFO", { "argsz" } },
	[HOT_RESET] = { "PCI_HOT_RESET", { "argsz", "flags", "count", "data" } },
	[IOEVENTFD] = { "IOEVENTFD", { "argsz", "flags", "offset", "value", "eventfd" } },
	[SIGNAL] = { "signal an ioeventfd" },
	[FEATURE] = { "DEVICE_FEATURE", { "argsz", "flags", "data" } },
	[OTHER_IOCTL] = { "ioctl", { "number" } },
	[HW_CONFIG] = { "config space of the device itself" },
};

static const char bad_address[] = " at a bad address";

void call_print(FILE *f, const struct call *c)
{
	fputs(names[c->kind].name, f);
	for (int i = 0; i < NR_ARGS && names[c->kind].args[i]; i++)
		fprintf(f, " %s=%#llx", names[c->kind].args[i],
			(unsigned long long)c->arg[i]);
	if (c->bad)
		fputs(bad_address, f);
}

unsigned int call_nr_args(uint32_t kind)
{
	unsigned int n = 0;

	while (n < NR_ARGS && names[kind].args[n])
		n++;
	return n;
}

/* The kind whose name @line begins with; @line is put behind it */
static int parse_kind(const char **line)
{
	for (int kind = 0; kind < NR_KINDS; kind++) {
		size_t len = strlen(names[kind].name);

		if (strncmp(*line, names[kind].name, len) ||
		    ((*line)[len] && (*line)[len] != ' '))
			continue;
		*line += len;
		return kind;
	}
	return -1;
}

static bool parse_arg(const char **line, const char *name, uint64_t *value)
{
	size_t len = strlen(name);
	char *end;

	if (**line != ' ' || strncmp(*line + 1, name, len) || (*line)[len + 1] != '=')
		return false;
	*value = strtoull(*line + len + 2, &end, 0);
	*line = end;
	return true;
}

bool call_parse(const char *line, struct call *c)
{
	int kind = parse_kind(&line);

	if (kind < 0)
		return false;
	*c = (struct call){ .kind = kind };
	for (unsigned int i = 0; i < call_nr_args(kind); i++)
		if (!parse_arg(&line, names[kind].args[i], &c->arg[i]))
			return false;
	c->bad = !strcmp(line, bad_address);
	return c->bad || !*line;
}

/* A file descriptor for a number: mostly one of the first @n eventfds */
static int32_t some_fd(const struct session *s, uint64_t number, unsigned int n)
{
	switch (number % 16) {
	case 0:
	case 1:
		return -1;
	case 2:
		return -2;
	case 3:
		/* Closed */
		return 999;
	case 4:
		/* No eventfd */
		return s->dev.fd;
	default:
		return s->fds[number / 16 % n];
	}
}

static int answer(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static int region_read(struct session *s, unsigned int index, uint64_t pos, size_t len,
		       uint8_t *data, uint32_t *done)
{
	int ret;

	memset(data, FILL, len);
	ret = answer(pread(s->dev.fd, data, len, ((uint64_t)index << 40) + pos));
	*done = ret > 0 ? ret : 0;
	return ret;
}

static int region_write(struct session *s, unsigned int index, uint64_t pos, size_t len,
			uint64_t value)
{
	uint8_t data[64];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = value >> i % 8 * 8;
	return answer(pwrite(s->dev.fd, data, len, ((uint64_t)index << 40) + pos));
}

static int region_mmap(struct session *s, const struct call *c, uint8_t *data,
		       uint32_t *len)
{
	uint64_t val = 0;
	void *addr;
	int ret;

	addr = mmap(NULL, c->arg[2], PROT_READ | PROT_WRITE, MAP_SHARED, s->dev.fd,
		    (c->arg[0] << 40) + c->arg[1]);
	if (addr == MAP_FAILED)
		return -errno;
	/* The number of the signal, if there is one */
	ret = c->arg[3] == ~0ULL ? 0 : vfio_load((char *)addr + c->arg[3], 4, &val);
	munmap(addr, c->arg[2]);
	memcpy(data, &val, 4);
	*len = 4;
	return ret;
}

/* How often each eventfd was signalled */
static void drain(const struct session *s, uint8_t *data)
{
	for (int i = 0; i < NR_EVENTFDS; i++) {
		uint64_t count = 0;

		if (read(s->fds[i], &count, sizeof(count)) < 0)
			count = 0;
		data[i] = count;
	}
}

static int set_irqs(struct session *s, const struct call *c, uint8_t *data)
{
	struct vfio_irq_set *set = (void *)data;
	struct random r = { c->arg[5] };

	*set = (struct vfio_irq_set){
		.argsz = c->arg[0], .flags = c->arg[1], .index = c->arg[2],
		.start = c->arg[3], .count = c->arg[4],
	};
	for (int i = 0; i < 64; i++) {
		if (c->arg[1] & VFIO_IRQ_SET_DATA_EVENTFD)
			((int32_t *)set->data)[i] = some_fd(s, random_next(&r), IO_EVENTFD);
		else
			set->data[i] = random_next(&r) & 3;
	}
	return vfio_ioctl(s->dev.fd, VFIO_DEVICE_SET_IRQS, c->bad ? VFIO_BAD_POINTER : set);
}

static void hot_reset_args(const struct session *s, const struct call *c, uint8_t *data)
{
	struct vfio_pci_hot_reset *reset = (void *)data;

	reset->flags = c->arg[1];
	reset->count = c->arg[2];
	reset->group_fds[0] = c->arg[3] & 3 ? s->dev.group : some_fd(s, c->arg[3] >> 2, 2);
	reset->group_fds[1] = some_fd(s, c->arg[3] >> 8, 2);
}

static void ioeventfd_args(const struct session *s, const struct call *c, uint8_t *data)
{
	struct vfio_device_ioeventfd *args = (void *)data;

	args->flags = c->arg[1];
	args->offset = c->arg[2];
	args->data = c->arg[3];
	args->fd = c->arg[4] < NR_EVENTFDS ? s->fds[c->arg[4]] :
		some_fd(s, c->arg[4] - 100, 1);
}

/* A part of a BAR, or two; one that is too big is refused */
static void dma_buf_args(struct random *r, uint8_t *data)
{
	struct vfio_device_feature_dma_buf *args = (void *)data;

	args->region_index = random_below(r, 7);
	args->open_flags = O_RDWR | O_CLOEXEC;
	args->flags = 0;
	args->nr_ranges = 1 + random_below(r, 2);
	for (unsigned int i = 0; i < args->nr_ranges; i++) {
		args->dma_ranges[i].offset = random_below(r, 4) << 12;
		args->dma_ranges[i].length = (1 + random_below(r, 2)) << 12;
	}
}

static void feature_args(const struct session *s, const struct call *c, uint8_t *data)
{
	struct vfio_device_feature *args = (void *)data;
	struct random r = { c->arg[2] };
	int32_t fd = some_fd(s, random_next(&r), IO_EVENTFD);

	args->flags = c->arg[1];
	for (int i = 0; i < 56; i++)
		args->data[i] = random_next(&r);
	/* What can't succeed with random data */
	if ((args->flags & 0xffff) == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP) {
		memcpy(args->data, &fd, 4);
		if (c->arg[2] & 7)
			memset(args->data + 4, 0, 4);
	} else if ((args->flags & 0xffff) == VFIO_DEVICE_FEATURE_DMA_BUF && c->arg[2] & 7) {
		dma_buf_args(&r, args->data);
	}
}

/* All ioctls whose argument begins with its size */
static int sized(struct session *s, const struct call *c, uint8_t *data)
{
	static const unsigned long requests[NR_KINDS] = {
		[GET_INFO] = VFIO_DEVICE_GET_INFO,
		[GET_REGION_INFO] = VFIO_DEVICE_GET_REGION_INFO,
		[GET_IRQ_INFO] = VFIO_DEVICE_GET_IRQ_INFO,
		[HOT_RESET_INFO] = VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
		[HOT_RESET] = VFIO_DEVICE_PCI_HOT_RESET,
		[IOEVENTFD] = VFIO_DEVICE_IOEVENTFD,
		[FEATURE] = VFIO_DEVICE_FEATURE,
	};
	unsigned long request = requests[c->kind];
	uint32_t argsz = c->kind == OTHER_IOCTL ? 64 : c->arg[0];
	uint32_t index = c->arg[1];

	memset(data, FILL, 128);
	memcpy(data, &argsz, 4);
	if (c->kind == GET_REGION_INFO || c->kind == GET_IRQ_INFO)
		memcpy(data + 8, &index, 4);
	else if (c->kind == HOT_RESET)
		hot_reset_args(s, c, data);
	else if (c->kind == IOEVENTFD)
		ioeventfd_args(s, c, data);
	else if (c->kind == FEATURE)
		feature_args(s, c, data);
	else if (c->kind == OTHER_IOCTL)
		request = _IO(VFIO_TYPE, VFIO_BASE + c->arg[0]);
	return vfio_ioctl(s->dev.fd, request, c->bad ? VFIO_BAD_POINTER : data);
}

static int call(struct session *s, const struct call *c, uint8_t *data, uint32_t *len)
{
	uint64_t one = 1;
	int ret;

	*len = 0;
	switch (c->kind) {
	case CFG_READ:
		return region_read(s, VFIO_PCI_CONFIG_REGION_INDEX, c->arg[0], c->arg[1],
				   data, len);
	case CFG_WRITE:
		return region_write(s, VFIO_PCI_CONFIG_REGION_INDEX, c->arg[0], c->arg[1],
				    c->arg[2]);
	case REGION_READ:
		return region_read(s, c->arg[0], c->arg[1], c->arg[2], data, len);
	case REGION_WRITE:
		return region_write(s, c->arg[0], c->arg[1], c->arg[2], c->arg[3]);
	case REGION_MMAP:
		return region_mmap(s, c, data, len);
	case RESET:
		return vfio_ioctl(s->dev.fd, VFIO_DEVICE_RESET, NULL);
	case SET_IRQS:
		ret = set_irqs(s, c, data);
		drain(s, data);
		*len = NR_EVENTFDS;
		return ret;
	case SIGNAL:
		return answer(write(s->fds[IO_EVENTFD], &one, sizeof(one)));
	case HW_CONFIG:
		ret = model_config(s->model, data);
		*len = ret > 0 ? ret : 0;
		return ret;
	default:
		ret = sized(s, c, data);
		*len = 128;
		return ret;
	}
}

static void keep_dma_buf(struct session *s, int fd)
{
	if (s->dma_buf >= 0)
		close(s->dma_buf);
	s->dma_buf = fd;
}

int call_do(struct session *s, const struct call *c, uint8_t *data, uint32_t *len)
{
	int ret = call(s, c, data, len);

	if (c->kind == FEATURE && !ret && !(c->arg[1] & VFIO_DEVICE_FEATURE_PROBE))
		s->low_power = true;
	else if (c->kind == FEATURE && ret > 0)
		keep_dma_buf(s, ret);
	/* The kernel suspends a device later, when it has nothing else to do */
	if (s->low_power)
		vfio_sleep_ms(5);
	return ret;
}

int session_open(struct session *s, const struct model *m)
{
	struct vfio_target t = { m->name };
	int ret;

	s->model = m;
	s->dev = VFIO_DEV_INIT;
	s->dma_buf = -1;
	s->low_power = false;
	/* The same numbers each time */
	for (int i = 0; i < NR_EVENTFDS; i++) {
		int fd = vfio_eventfd();

		if (fd < 0)
			return fd;
		s->fds[i] = dup2(fd, 100 + i);
		close(fd);
		if (s->fds[i] < 0)
			return -errno;
	}
	ret = vfio_dev_open(&s->dev, &t);
	return ret;
}

void session_close(struct session *s)
{
	vfio_dev_close(&s->dev);
	keep_dma_buf(s, -1);
	for (int i = 0; i < NR_EVENTFDS; i++)
		close(s->fds[i]);
}

/*
 * What is selected in virtio's common configuration (virtio 1.1, 4.1.4.3) outlasts its
 * user, and may be written through a window in config space, too.
 */
static void clear_virtio(const struct session *s)
{
	static const uint32_t select;

	if (strcmp(s->model->name, "virtio"))
		return;
	vfio_region_write(&s->dev, 4, 0x0, &select, sizeof(select));
	vfio_region_write(&s->dev, 4, 0x8, &select, sizeof(select));
}

void areas_clear(const struct session *s)
{
	static const char zero[0x10000];
	const struct area *a;

	clear_virtio(s);
	for (unsigned int i = 0; (a = area_at(i)); i++)
		if (a->write && !a->table && !strcmp(a->device, s->model->name))
			vfio_region_write(&s->dev, a->bar, a->start, zero, a->end - a->start);
}
