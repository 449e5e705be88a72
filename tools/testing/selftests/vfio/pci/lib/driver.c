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
#include "mode.h"
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

int vfio_driver_attr_write(const char *driver, const char *attr,
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
	return vfio_driver_attr_write(driver, "unbind", addr);
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
	ret = vfio_driver_attr_write(driver, "bind", addr);
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
	return vfio_driver_attr_write(driver, "new_id", id);
}

int vfio_driver_remove_id(const char *driver, const char *id)
{
	return vfio_driver_attr_write(driver, "remove_id", id);
}

/* --- The driver under test ---------------------------------------------- */

static const char *const drivers[] = { "vfio-pci", "vfio-mdev-pci" };

const char *vfio_driver(void)
{
	return drivers[vfio_mode()->mdev];
}

const char *vfio_driver_module(void)
{
	return vfio_mode()->mdev ? "vfio_mdev_pci" : "vfio_pci";
}

void vfio_driver_path(const char *file, char *path, size_t len)
{
	snprintf(path, len, PCI_DRIVERS "/%s/%s", vfio_driver(), file);
}

static bool is_loaded(const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DRIVERS "/%s", driver);
	return !access(path, F_OK);
}

bool vfio_driver_is_loaded(void)
{
	return is_loaded(vfio_driver());
}

bool vfio_driver_has(const char *addr)
{
	char driver[64] = "";

	return !vfio_driver_of(addr, driver, sizeof(driver)) &&
	       !strcmp(driver, vfio_driver());
}

int vfio_driver_take(const char *addr)
{
	char uuid[40];
	int ret = vfio_driver_bind(addr, vfio_driver());

	if (ret || !vfio_mode()->mdev)
		return ret;
	vfio_mdev_uuid(addr, uuid, sizeof(uuid));
	return vfio_mdev_exists(uuid) ? 0 : vfio_mdev_create(addr, uuid);
}

void vfio_driver_module_path(const char *file, char *path, size_t len)
{
	snprintf(path, len, "/sys/module/%s/%s", vfio_driver_module(), file);
}

/* The exit code that a shell would show */
static int run(const char *command, const char *driver, const char *argument)
{
	char line[512];
	int status;

	snprintf(line, sizeof(line), "%s %s %s", command, driver, argument);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int vfio_driver_unload(void)
{
	return run("/sbin/modprobe -r", vfio_driver(), "");
}

int vfio_driver_load(const char *parameters)
{
	return run("/sbin/modprobe", vfio_driver(), parameters);
}

int vfio_driver_reload(const char *parameters)
{
	return vfio_driver_unload() ?: vfio_driver_load(parameters);
}

int vfio_other_driver_unload(void)
{
	const char *other = drivers[!vfio_mode()->mdev];

	return is_loaded(other) ? run("/sbin/modprobe -r", other, "") : 0;
}

int vfio_modprobe_remove(const char *module)
{
	return run("/sbin/modprobe -r", module, "");
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

	if (!vfio_driver_is_loaded() && vfio_modprobe(vfio_driver()))
		fprintf(stderr,
			"# %s is not loaded and cannot be: install it or insmod it first\n",
			vfio_driver());
	/* Not a dependency of vfio-pci, only a hint that not every modprobe takes */
	if (access("/sys/module/vfio_iommu_type1", F_OK))
		vfio_modprobe("vfio_iommu_type1");

	owner = getpid();
	for (int i = 0; i < n; i++)
		vfio_driver_of(rows[i].addr, before[i], sizeof(before[i]));
	atexit(put_all_back);
}
