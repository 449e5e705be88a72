// SPDX-License-Identifier: GPL-2.0-only
/* What many devices, and many vectors of one device, cost */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define MAX_DEVICES	128
#define MAX_VECTORS	2048
#define SETTLE_MS	100

static char addrs[MAX_DEVICES][16];
static struct vfio_dev devs[MAX_DEVICES];
static pthread_barrier_t barrier;

static double wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Do something to each device: the median of the instructions it takes */
static void each(const char *what, unsigned int n, int (*op)(unsigned int i))
{
	double v[MAX_DEVICES], last = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t start = thread_instructions();
		int ret = op(i);

		v[i] = thread_instructions() - start;
		last = v[i];
		if (ret)
			die(what, ret);
	}
	qsort(v, n, sizeof(*v), compare);
	printf("scale|%u|%s, instructions|%.0f\n", n, what, v[n / 2]);
	printf("scale|%u|%s the last one, instructions|%.0f\n", n, what, last);
}

static int bind_one(unsigned int i)
{
	return vfio_driver_take(addrs[i]);
}

static int unbind_one(unsigned int i)
{
	return vfio_driver_unbind(addrs[i]);
}

static int open_one(unsigned int i)
{
	devs[i].fd = vfio_group_device_fd(devs[i].group, addrs[i]);
	return devs[i].fd < 0 ? devs[i].fd : 0;
}

static int close_one(unsigned int i)
{
	int ret = close(devs[i].fd);

	devs[i].fd = -1;
	return ret ? -errno : 0;
}

static void memory_of(const char *what, unsigned int n,
		      int (*op)(unsigned int i))
{
	int ret;

	vfio_sleep_ms(SETTLE_MS);
	memory_begin();
	ret = op(n - 1);
	if (ret)
		die(what, ret);
	printf("scale|%u|memory of one more %s, bytes|%ld\n", n, what,
	       memory_end());
}

static void *open_thread(void *arg)
{
	pthread_barrier_wait(&barrier);
	return (void *)(long)open_one((unsigned long)arg);
}

static void open_all_at_once(unsigned int n)
{
	pthread_t threads[MAX_DEVICES];
	double start;

	pthread_barrier_init(&barrier, NULL, n + 1);
	for (unsigned long i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, open_thread, (void *)i))
			die("start a thread", -errno);
	vfio_sleep_ms(SETTLE_MS);
	start = wall_ms();
	pthread_barrier_wait(&barrier);
	for (unsigned int i = 0; i < n; i++) {
		void *ret;

		pthread_join(threads[i], &ret);
		if (ret)
			die("open in parallel", (long)ret);
	}
	printf("scale|%u|open all in parallel, ms of wall time|%.1f\n", n,
	       wall_ms() - start);
}

/* The virtual functions that there are */
static unsigned int find_functions(const char *pf)
{
	char path[128], link[256];
	unsigned int n;
	ssize_t len;

	for (n = 0; n < MAX_DEVICES; n++) {
		snprintf(path, sizeof(path),
			 "/sys/bus/pci/devices/%s/virtfn%u", pf, n);
		len = readlink(path, link, sizeof(link) - 1);
		if (len < 0)
			break;
		link[len] = '\0';
		snprintf(addrs[n], sizeof(addrs[n]), "%.15s", basename(link));
	}
	return n;
}

/* All in one container, of which the cost is not the driver's */
static void attach(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct vfio_target t = { addrs[i] };
		int ret = i ? vfio_dev_open_with(&devs[i], &t, &devs[0]) :
			      vfio_dev_open(&devs[i], &t);

		if (ret)
			die("open a device", ret);
	}
	for (unsigned int i = 0; i < n; i++)
		close_one(i);
}

void scale(const char *pf, unsigned int n)
{
	double start;

	if (find_functions(pf) < n)
		die("find as many virtual functions", -ENODEV);

	/* What is allocated but once */
	bind_one(0);
	unbind_one(0);

	each("bind", n, bind_one);
	unbind_one(n - 1);
	memory_of("bound", n, bind_one);

	attach(n);
	start = wall_ms();
	each("open", n, open_one);
	printf("scale|%u|open all in turn, ms of wall time|%.1f\n", n,
	       wall_ms() - start);
	close_one(n - 1);
	memory_of("open", n, open_one);
	each("close", n, close_one);

	open_all_at_once(n);
	for (unsigned int i = 0; i < n; i++)
		vfio_dev_close(&devs[i]);
	each("unbind", n, unbind_one);
	fflush(stdout);
}

struct vector_cost {
	double enable;
	double disable;
};

static void change_vectors(unsigned int n, const int32_t *fds,
			   struct vector_cost *cost)
{
	uint64_t start = thread_instructions(), middle;
	int ret;

	ret = vfio_irq_eventfds(&devs[0], VFIO_PCI_MSIX_IRQ_INDEX, 0, n, fds);
	middle = thread_instructions();
	if (!ret)
		ret = vfio_irq_disable(&devs[0], VFIO_PCI_MSIX_IRQ_INDEX);
	if (ret)
		die("enable and disable the vectors", ret);
	if (cost)
		*cost = (struct vector_cost){ middle - start,
					      thread_instructions() - middle };
	vfio_sleep_ms(SETTLE_MS);
}

/* Enable that many MSI-X vectors of a device, and disable them */
void vectors(const char *addr, unsigned int n)
{
	struct rlimit files = { MAX_VECTORS + 100, MAX_VECTORS + 100 };
	struct vfio_target t = { addr };
	struct vector_cost cost;
	int32_t fds[MAX_VECTORS];
	long bytes;
	int ret;

	setrlimit(RLIMIT_NOFILE, &files);
	ret = vfio_dev_open(&devs[0], &t);
	if (ret)
		die("open a device", ret);
	for (unsigned int i = 0; i < n; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC);
		if (fds[i] < 0)
			die("get an eventfd", -errno);
	}

	/* The first time allocates what the next one uses */
	change_vectors(n, fds, NULL);
	change_vectors(n, fds, &cost);
	memory_begin();
	ret = vfio_irq_eventfds(&devs[0], VFIO_PCI_MSIX_IRQ_INDEX, 0, n, fds);
	bytes = memory_end();
	if (ret)
		die("enable the vectors", ret);
	vfio_irq_disable(&devs[0], VFIO_PCI_MSIX_IRQ_INDEX);
	printf("vectors|%u|enable, instructions of each|%.0f\n", n,
	       cost.enable / n);
	printf("vectors|%u|disable, instructions of each|%.0f\n", n,
	       cost.disable / n);
	printf("vectors|%u|memory, bytes of each|%ld\n", n, bytes / (long)n);
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
	vfio_dev_close(&devs[0]);
	fflush(stdout);
}
