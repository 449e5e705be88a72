// SPDX-License-Identifier: GPL-2.0-only
/* Who drives a PCI device: bind, unbind, and put things back as they were */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices.h"
#include "vfio_lib.h"

#define PCI_DRIVERS	"/sys/bus/pci/drivers"

int vfio_driver_of(const char *addr, char *driver, size_t len)
{
	char path[128], link[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", addr);
	if (access(path, F_OK))
		return -errno;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", addr);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0) {
		driver[0] = '\0';
		return 0;
	}
	link[n] = '\0';
	snprintf(driver, len, "%s", basename(link));
	return 0;
}

static int driver_attr_write(const char *driver, const char *attr,
			     const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), PCI_DRIVERS "/%s/%s", driver, attr);
	return vfio_file_write(path, text);
}

static int detach(const char *addr)
{
	char driver[64];
	int ret;

	ret = vfio_driver_of(addr, driver, sizeof(driver));
	if (ret || !driver[0])
		return ret;
	return driver_attr_write(driver, "unbind", addr);
}

int vfio_driver_unbind(const char *addr)
{
	int ret = detach(addr);

	if (ret)
		return ret;
	return vfio_attr_write(addr, "driver_override", "\n");
}

int vfio_driver_bind(const char *addr, const char *driver)
{
	char now[64];
	int ret;

	if (!driver)
		return vfio_driver_unbind(addr);
	ret = vfio_driver_of(addr, now, sizeof(now));
	if (ret)
		return ret;
	if (!strcmp(now, driver))
		return 0;

	ret = detach(addr);
	if (ret)
		return ret;
	ret = vfio_attr_write(addr, "driver_override", driver);
	if (ret)
		return ret;
	ret = driver_attr_write(driver, "bind", addr);
	if (ret)
		vfio_attr_write(addr, "driver_override", "\n");
	return ret;
}

int vfio_driver_give_back(const char *addr)
{
	int ret = vfio_driver_unbind(addr);

	if (ret)
		return ret;
	return vfio_file_write("/sys/bus/pci/drivers_probe", addr);
}

int vfio_vf_find(const char *pf, unsigned int number, char *addr, size_t len)
{
	char path[128], link[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%u", pf, number);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = '\0';
	snprintf(addr, len, "%s", basename(link));
	return 0;
}

int vfio_driver_new_id(const char *driver, const char *id)
{
	return driver_attr_write(driver, "new_id", id);
}

int vfio_driver_remove_id(const char *driver, const char *id)
{
	return driver_attr_write(driver, "remove_id", id);
}

int vfio_modprobe(const char *module)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		execlp("modprobe", "modprobe", module, NULL);
		perror("modprobe");
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ENOENT;
}

/* The driver that each device of the table had when the program started */
static char before[VFIO_MAX_DEVICES][64];
static pid_t owner;

static void put_back(const struct vfio_device_row *row, const char *driver)
{
	char now[64];
	int ret;

	if (vfio_driver_of(row->addr, now, sizeof(now)) || !strcmp(now, driver))
		return;
	ret = driver[0] ? vfio_driver_give_back(row->addr) :
			  vfio_driver_unbind(row->addr);
	if (ret)
		fprintf(stderr, "# %s (%s) is not back with driver \"%s\": %s\n",
			row->name, row->addr, driver, strerror(-ret));
}

static void put_all_back(void)
{
	const struct vfio_device_row *rows;
	int n = vfio_device_table(&rows);

	/* A child that a test left by exit() owns nothing */
	for (int i = 0; i < n && getpid() == owner; i++)
		put_back(&rows[i], before[i]);
}

void vfio_test_begin(void)
{
	const struct vfio_device_row *rows;
	int n = vfio_device_table(&rows);

	if (access(PCI_DRIVERS "/vfio-pci", F_OK) && vfio_modprobe("vfio-pci"))
		fprintf(stderr,
			"# vfio-pci is not loaded and cannot be: install it or insmod it first\n");
	/* Not a dependency of vfio-pci, only a hint that not every modprobe takes */
	if (access("/sys/module/vfio_iommu_type1", F_OK))
		vfio_modprobe("vfio_iommu_type1");

	owner = getpid();
	for (int i = 0; i < n; i++)
		vfio_driver_of(rows[i].addr, before[i], sizeof(before[i]));
	atexit(put_all_back);
}
