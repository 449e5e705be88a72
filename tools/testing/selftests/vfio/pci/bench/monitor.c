// SPDX-License-Identifier: GPL-2.0-only
/* The QEMU monitor, and marks in what QEMU traces */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* Read until the monitor said this */
static void wait_for(int fd, const char *text)
{
	char said[4096];
	size_t len = 0;
	ssize_t n;

	while (1) {
		n = read(fd, said + len, sizeof(said) - 1 - len);
		if (n <= 0)
			die("read from the QEMU monitor", -errno);
		len += n;
		said[len] = '\0';
		if (strstr(said, text))
			return;
		/* Keep the end, in which the text may have begun */
		if (len > sizeof(said) / 2) {
			memmove(said, said + len - 64, 64);
			len = 64;
		}
	}
}

void monitor(const char *command)
{
	static int fd = -1, number = 1000000;
	char text[128];

	if (fd < 0)
		fd = open("/dev/qemu-monitor", O_RDWR);
	if (fd < 0)
		die("open the QEMU monitor, which only the test VM has", -errno);

	/* The answer to a sum is not in the echo of what is typed */
	number += 2;
	snprintf(text, sizeof(text), "%s\nprint /d %d+1\n", command, number);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write to the QEMU monitor", -errno);
	snprintf(text, sizeof(text), "%d\r\n", number + 1);
	wait_for(fd, text);
}

void mark(unsigned int number)
{
	int ret = vfio_trace_mark(number);

	if (ret)
		die("mark the trace of accesses", ret);
}
