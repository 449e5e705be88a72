// SPDX-License-Identifier: GPL-2.0-only
/* Small files: attributes of devices, and what /sys says about resources */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfio_lib.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define MDEV_DEVICES	"/sys/bus/mdev/devices"

int vfio_file_read(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int vfio_file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void attr_path(char *path, size_t len, const char *addr, const char *attr)
{
	const char *bus = strchr(addr, ':') ? PCI_DEVICES : MDEV_DEVICES;

	snprintf(path, len, "%s/%s/%s", bus, addr, attr);
}

int vfio_attr_read(const char *addr, const char *attr, char *buf, size_t len)
{
	char path[256];

	attr_path(path, sizeof(path), addr, attr);
	return vfio_file_read(path, buf, len);
}

int vfio_attr_write(const char *addr, const char *attr, const char *text)
{
	char path[256];

	attr_path(path, sizeof(path), addr, attr);
	return vfio_file_write(path, text);
}

/* --- Writes that wait --------------------------------------------------- */

static bool is_of_device(const char *line)
{
	return strstr(line, "[vfio-device]") || strstr(line, " /dev/vfio/devices/");
}

/* A mapping keeps a device open as its file does */
static void unmap_devices(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (is_of_device(line) &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2)
			munmap((void *)start, end - start);
	if (f)
		fclose(f);
}

pid_t vfio_file_write_begin(const char *path, const char *text)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	close_range(3, ~0U, 0);
	unmap_devices();
	_exit(-vfio_file_write(path, text));
}

pid_t vfio_attr_write_begin(const char *addr, const char *attr,
			    const char *text)
{
	char path[256];

	attr_path(path, sizeof(path), addr, attr);
	return vfio_file_write_begin(path, text);
}

bool vfio_file_write_waits(pid_t pid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid;
}

int vfio_file_write_end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

/* --- Runtime power management ------------------------------------------- */

static bool is_runtime_state(const char *addr, const char *state)
{
	char now[32];

	return vfio_attr_read(addr, "power/runtime_status", now, sizeof(now)) >= 0 &&
	       !strcmp(now, state);
}

bool vfio_runtime_becomes(const char *addr, const char *state)
{
	for (int ms = 0; ms < 3000; ms++) {
		if (is_runtime_state(addr, state))
			return true;
		vfio_sleep_ms(1);
	}
	return false;
}

bool vfio_runtime_stays(const char *addr, const char *state)
{
	for (int ms = 0; ms < 100; ms++) {
		if (!is_runtime_state(addr, state))
			return false;
		vfio_sleep_ms(1);
	}
	return true;
}

/* --- Resources ---------------------------------------------------------- */

int vfio_resource(const char *addr, int index, uint64_t *start, uint64_t *size,
		  uint64_t *flags)
{
	unsigned long long s, e, f;
	char text[4096];
	char *line = text;
	int ret;

	ret = vfio_attr_read(addr, "resource", text, sizeof(text));
	if (ret < 0)
		return ret;
	while (index-- && line)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	if (!line || sscanf(line, "%llx %llx %llx", &s, &e, &f) != 3)
		return -ENOENT;
	if (start)
		*start = s;
	if (size)
		*size = e ? e - s + 1 : 0;
	if (flags)
		*flags = f;
	return 0;
}
