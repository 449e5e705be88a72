// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"
#include "vfio_lib.h"

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		return -errno;
	return fd;
}

/* One record is one read; EPIPE says that some were lost, the next follows. */
static bool next_record(int fd, char *record, size_t size)
{
	ssize_t length;

	do {
		length = read(fd, record, size - 1);
	} while (length < 0 && (errno == EPIPE || errno == EINTR));
	if (length <= 0)
		return false;
	record[length] = '\0';
	return true;
}

bool kmsg_find(int fd, const char *first, const char *second, int ms)
{
	char record[4096];

	for (;; ms--) {
		while (next_record(fd, record, sizeof(record)))
			if (strstr(record, first) &&
			    (!second || strstr(record, second)))
				return true;
		if (ms <= 0)
			return false;
		vfio_sleep_ms(1);
	}
}
