// SPDX-License-Identifier: GPL-2.0-only
/* Finding a device by its name, and opening it in each of the ways there are */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "devices.h"
#include "mode.h"
#include "vfio_lib.h"

/* --- Finding ------------------------------------------------------------ */

int vfio_device_find(const char *name, char *addr, size_t len)
{
	const struct vfio_device_row *rows;
	int n = vfio_device_table(&rows);
	char path[128];

	if (vfio_is_uuid(name))
		return vfio_mdev_parent(name, addr, len) ? -ENODEV : 0;
	for (int i = 0; i < n; i++)
		if (!strcmp(rows[i].name, name))
			name = rows[i].addr;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", name);
	if (access(path, F_OK))
		return errno == ENOENT ? -ENODEV : -errno;
	snprintf(addr, len, "%s", name);
	return 0;
}

void vfio_device_name(const char *addr, char *name, size_t len)
{
	if (vfio_mode()->mdev)
		vfio_mdev_uuid(addr, name, len);
	else
		snprintf(name, len, "%s", addr);
}

static bool cdev_path(const char *name, char *path, size_t len)
{
	char dir[128];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(dir, sizeof(dir), "/sys/bus/%s/devices/%s/vfio-dev",
		 vfio_is_uuid(name) ? "mdev" : "pci", name);
	d = opendir(dir);
	if (!d)
		return false;
	while ((e = readdir(d)))
		if (!strncmp(e->d_name, "vfio", 4)) {
			snprintf(path, len, "/dev/vfio/devices/%s", e->d_name);
			found = true;
		}
	closedir(d);
	return found;
}

const char *vfio_target_missing(const struct vfio_target *t)
{
	const struct vfio_mode *mode = vfio_mode();
	static char reason[128];
	char addr[40];

	if (vfio_device_find(t->name, addr, sizeof(addr))) {
		snprintf(reason, sizeof(reason), "this machine has no %s", t->name);
		return reason;
	}
	if (mode->mdev && !vfio_driver_is_loaded())
		return "this machine has no vfio-mdev-pci: build and insmod it";
	if (mode->how != VFIO_HOW_TYPE1 && access("/dev/iommu", F_OK))
		return "this kernel has no iommufd (/dev/iommu)";
	if (mode->how == VFIO_HOW_CDEV && access("/sys/class/vfio-dev", F_OK))
		return "this kernel has no vfio device cdevs (/dev/vfio/devices)";
	return NULL;
}

/*
 * A kernel that knows the flag looks where it points to, and whether there is an
 * iommufd; the others refuse it.  A negative number is refused by both.
 */
static bool cdev_takes_token(void)
{
	struct vfio_device_bind_iommufd_token bind = {
		.argsz = sizeof(bind),
		.flags = VFIO_DEVICE_BIND_FLAG_TOKEN,
		.token_uuid_ptr = (uintptr_t)VFIO_BAD_POINTER,
	};
	char addr[40], name[40];
	int fd, ret;

	ret = vfio_device_find("edu", addr, sizeof(addr)) ?:
	      vfio_driver_take(addr);
	if (ret)
		return false;
	vfio_device_name(addr, name, sizeof(name));
	fd = vfio_cdev_open(name);
	if (fd < 0)
		return false;
	bind.iommufd = fd;
	ret = vfio_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	close(fd);
	return ret != -EINVAL;
}

const char *vfio_token_missing(const struct vfio_target *t)
{
	const char *why = vfio_target_missing(t);

	if (why || vfio_mode()->how != VFIO_HOW_CDEV || cdev_takes_token())
		return why;
	return "this kernel takes no VF token where a cdev is bound (Linux 6.17 does)";
}

int vfio_token_bytes(const char *text, uint8_t *uuid)
{
	for (int i = 0; i < 16; i++, text += 2) {
		if (*text == '-')
			text++;
		if (sscanf(text, "%2hhx", &uuid[i]) != 1)
			return -EINVAL;
	}
	return *text ? -EINVAL : 0;
}

/* --- Opening, step by step ---------------------------------------------- */

static int open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vfio_container_open(void)
{
	return open_path(vfio_mode()->how == VFIO_HOW_TYPE1 ? "/dev/vfio/vfio" :
							      "/dev/iommu");
}

int vfio_group_number(const char *addr)
{
	char path[128], link[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", addr);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = '\0';
	return atoi(basename(link));
}

int vfio_group_open(int number)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	return open_path(path);
}

int vfio_group_device_fd(int group, const char *name)
{
	return vfio_ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
}

int vfio_cdev_open(const char *name)
{
	char path[320];

	if (!cdev_path(name, path, sizeof(path)))
		return -ENODEV;
	return open_path(path);
}

static int keep(int *slot, int fd)
{
	*slot = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static int share(int *slot, int fd)
{
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return keep(slot, fd < 0 ? -errno : fd);
}

/* A group that is not "viable" has members driven by the host */
static int check_viable(struct vfio_dev *d)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret;

	ret = vfio_ioctl(d->group, VFIO_GROUP_GET_STATUS, &status);
	if (ret)
		return ret;
	if (status.flags & VFIO_GROUP_FLAGS_VIABLE)
		return 0;
	fprintf(stderr, "# %s: another device of its IOMMU group has a host driver\n",
		d->addr);
	return -EPERM;
}

static int open_container(struct vfio_dev *d, const struct vfio_dev *owner)
{
	bool compat = d->how == VFIO_HOW_COMPAT;
	int *slot = compat ? &d->iommufd : &d->container;

	if (owner)
		return share(slot, compat ? owner->iommufd : owner->container);
	return keep(slot, vfio_container_open());
}

int vfio_dev_container(const struct vfio_dev *d)
{
	return d->how == VFIO_HOW_TYPE1 ? d->container : d->iommufd;
}

static int open_group(struct vfio_dev *d, const struct vfio_dev *owner)
{
	int number = vfio_group_number(d->addr);

	if (number < 0)
		return number;
	if (owner && vfio_group_number(owner->addr) == number)
		return share(&d->group, owner->group);
	return keep(&d->group, vfio_group_open(number));
}

static int attach_group(struct vfio_dev *d, const struct vfio_dev *owner)
{
	int fd = vfio_dev_container(d);
	int ret;

	if (owner && vfio_group_number(owner->addr) == vfio_group_number(d->addr))
		return 0;
	ret = check_viable(d);
	if (ret)
		return ret;
	ret = vfio_ioctl(d->group, VFIO_GROUP_SET_CONTAINER, &fd);
	if (ret || owner)
		return ret;
	return vfio_ioctl(fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
}

static int open_fd_of_group(const struct vfio_dev *d)
{
	char name[128];

	if (!d->target.token)
		return vfio_group_device_fd(d->group, d->name);
	snprintf(name, sizeof(name), "%s vf_token=%s", d->name, d->target.token);
	return vfio_group_device_fd(d->group, name);
}

static int open_by_group(struct vfio_dev *d, const struct vfio_dev *owner)
{
	int ret;

	ret = open_group(d, owner);
	if (!ret)
		ret = open_container(d, owner);
	if (!ret)
		ret = attach_group(d, owner);
	if (!ret)
		ret = keep(&d->fd, open_fd_of_group(d));
	return ret;
}

static int bind_cdev(struct vfio_dev *d)
{
	struct vfio_device_bind_iommufd_token bind = {
		.argsz = 16,	/* the struct without a VF token */
		.iommufd = d->iommufd,
	};
	uint8_t uuid[16];
	int ret;

	if (d->target.token) {
		if (vfio_token_bytes(d->target.token, uuid))
			return -EINVAL;
		bind.argsz = sizeof(bind);
		bind.flags = VFIO_DEVICE_BIND_FLAG_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)uuid;
	}
	ret = vfio_ioctl(d->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	d->devid = bind.out_devid;
	return ret;
}

static int attach_cdev(struct vfio_dev *d, const struct vfio_dev *owner)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = 12 };
	int ret = 0;

	if (!owner)
		ret = vfio_ioctl(d->iommufd, IOMMU_IOAS_ALLOC, &alloc);
	if (ret)
		return ret;
	d->ioas = owner ? owner->ioas : alloc.out_ioas_id;
	attach.pt_id = d->ioas;
	return vfio_ioctl(d->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

static int open_by_cdev(struct vfio_dev *d, const struct vfio_dev *owner)
{
	int ret;

	ret = owner ? share(&d->iommufd, owner->iommufd) :
		      keep(&d->iommufd, open_path("/dev/iommu"));
	if (!ret)
		ret = keep(&d->fd, vfio_cdev_open(d->name));
	if (!ret)
		ret = bind_cdev(d);
	if (!ret)
		ret = attach_cdev(d, owner);
	return ret;
}

static int read_info(struct vfio_dev *d)
{
	int ret;

	d->info.argsz = sizeof(d->info);
	ret = vfio_ioctl(d->fd, VFIO_DEVICE_GET_INFO, &d->info);
	if (ret)
		return ret;
	for (int i = 0; i < VFIO_NR_REGIONS; i++)
		if (vfio_region_info(d, i, &d->region[i], sizeof(d->region[i])))
			d->region[i].size = 0;
	return 0;
}

static int find_and_bind(struct vfio_dev *d)
{
	int ret = vfio_device_find(d->target.name, d->addr, sizeof(d->addr));

	if (ret)
		return ret;
	snprintf(d->sysfs, sizeof(d->sysfs), "/sys/bus/pci/devices/%s", d->addr);
	if (vfio_is_uuid(d->target.name)) {
		snprintf(d->name, sizeof(d->name), "%s", d->target.name);
		return 0;
	}
	vfio_device_name(d->addr, d->name, sizeof(d->name));
	return vfio_driver_take(d->addr);
}

static int open_dev(struct vfio_dev *d, const struct vfio_target *t,
		    const struct vfio_dev *owner)
{
	const char *step = "bind";
	int ret;

	*d = VFIO_DEV_INIT;
	d->target = *t;
	d->how = owner ? owner->how : vfio_mode()->how;

	ret = find_and_bind(d);
	if (!ret) {
		step = "open";
		ret = d->how == VFIO_HOW_CDEV ? open_by_cdev(d, owner) :
						       open_by_group(d, owner);
	}
	if (!ret) {
		step = "query";
		ret = read_info(d);
	}
	if (!ret)
		return 0;
	fprintf(stderr, "# cannot %s %s: %s\n", step, t->name, strerror(-ret));
	vfio_dev_close(d);
	return ret;
}

int vfio_dev_open(struct vfio_dev *d, const struct vfio_target *t)
{
	return open_dev(d, t, NULL);
}

int vfio_dev_open_with(struct vfio_dev *d, const struct vfio_target *t,
		       const struct vfio_dev *owner)
{
	return open_dev(d, t, owner);
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vfio_dev_close(struct vfio_dev *d)
{
	drop(&d->fd);
	drop(&d->group);
	drop(&d->container);
	drop(&d->iommufd);
}
