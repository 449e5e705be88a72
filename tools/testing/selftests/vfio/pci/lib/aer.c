// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "aer.h"

/* What the kernel's own module for that takes through /dev/aer_inject */
struct aer_error {
	uint8_t bus;
	uint8_t dev;
	uint8_t fn;
	uint32_t uncorrectable;
	uint32_t correctable;
	uint32_t header_log[4];
	uint32_t domain;
};

int aer_inject(const char *addr, uint32_t uncorrectable, uint32_t correctable)
{
	struct aer_error error = {
		.uncorrectable = uncorrectable, .correctable = correctable,
	};
	unsigned int domain, bus, slot, function;
	int fd, ret = 0;

	if (sscanf(addr, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return -EINVAL;
	error.domain = domain;
	error.bus = bus;
	error.dev = slot;
	error.fn = function;
	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &error, sizeof(error)) != (ssize_t)sizeof(error))
		ret = -errno;
	close(fd);
	return ret;
}
