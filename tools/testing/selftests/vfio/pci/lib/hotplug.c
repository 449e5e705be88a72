// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hotplug.h"

#define MONITOR		"/dev/qemu-monitor"
#define DEVICES		"/etc/vm-devices"
#define PROMPT		"(qemu) "

const char *hotplug_missing(const struct vfio_target *t)
{
	const char *why = vfio_target_missing(t);
	char addr[40], path[128];

	if (why)
		return why;
	if (access(MONITOR, F_OK))
		return "devices can only be unplugged in the test VM";
	if (vfio_device_find(t->name, addr, sizeof(addr)) ||
	    hotplug_slot_power(addr, path, sizeof(path)))
		return "the device is in no slot with hot plug";
	return NULL;
}

/* What it says, up to its next prompt: 0, -EEXIST, or another -errno */
static int read_answer(int fd)
{
	const char *error;
	char said[8192];
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, said + len, sizeof(said) - 1 - len);
		if (n <= 0)
			return n ? -errno : -EIO;
		len += n;
		said[len] = '\0';
	} while (!strstr(said, "\n" PROMPT) && len < sizeof(said) - 1);
	error = strstr(said, "Error: ");
	if (!error)
		return 0;
	/* Its name, or what it is made of, is in use */
	if (strstr(error, "Duplicate") || strstr(error, "Permission conflict"))
		return -EEXIST;
	fprintf(stderr, "# the monitor says: %s\n", error);
	return -EIO;
}

int hotplug_monitor(const char *command)
{
	char line[512];
	int fd, ret, len;

	fd = open(MONITOR, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = snprintf(line, sizeof(line), "%s\n", command);
	ret = write(fd, line, len) == len ? read_answer(fd) : -EIO;
	close(fd);
	return ret;
}

int hotplug_eject(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "device_del %s", name);
	return hotplug_monitor(command);
}

/* Taken out for the kernel is not yet out for the emulator */
static int add_device(const char *args)
{
	char command[432];
	int ret, tries = 0;

	snprintf(command, sizeof(command), "device_add %s", args);
	do {
		ret = hotplug_monitor(command);
		if (ret == -EEXIST)
			vfio_sleep_ms(100);
	} while (ret == -EEXIST && ++tries < 100);
	return ret;
}

/*
 * The kernel waits a second after it turned a slot's power off, as PCIe 6.7.1.8 wants,
 * and then forgets what happened in the slot meanwhile.
 */
static void wait_for_power_off(void)
{
	vfio_sleep_ms(1300 + 200 * vfio_slowness());
}

int hotplug_insert(const char *name)
{
	char line[512], known[16], args[400];
	FILE *f = fopen(DEVICES, "r");
	int ret = -ENODEV;

	if (!f)
		return -errno;
	wait_for_power_off();
	while (ret == -ENODEV && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%15s %*s %*s %399s", known, args) == 2 &&
		    !strcmp(known, name))
			ret = add_device(args);
	}
	fclose(f);
	return ret;
}

/* A slot's address is that of its devices without the function */
static bool is_slot_of(const char *path, const char *addr)
{
	char slot[32];

	return vfio_file_read(path, slot, sizeof(slot)) > 0 &&
	       !strncmp(addr, slot, strlen(slot)) && addr[strlen(slot)] == '.';
}

int hotplug_slot_power(const char *addr, char *path, size_t len)
{
	int ret = -ENODEV;
	glob_t slots;

	if (glob("/sys/bus/pci/slots/*/address", 0, NULL, &slots))
		return ret;
	for (size_t i = 0; i < slots.gl_pathc && ret; i++) {
		if (!is_slot_of(slots.gl_pathv[i], addr))
			continue;
		*strrchr(slots.gl_pathv[i], '/') = '\0';
		snprintf(path, len, "%s/power", slots.gl_pathv[i]);
		ret = access(path, W_OK) ? -errno : 0;
	}
	globfree(&slots);
	return ret;
}

static bool is_there(const char *addr)
{
	char found[40];

	return !vfio_device_find(addr, found, sizeof(found));
}

static bool wait_for(const char *addr, bool there)
{
	int ms;

	for (ms = 0; is_there(addr) != there; ms += 10) {
		if (ms > 30000)
			return false;
		vfio_sleep_ms(10);
	}
	return true;
}

bool hotplug_appears(const char *addr)
{
	return wait_for(addr, true);
}

bool hotplug_disappears(const char *addr)
{
	return wait_for(addr, false);
}
