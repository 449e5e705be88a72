// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "vfio_lib.h"

int vfio_trace_mark(uint8_t number)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/sys/bus/pci/devices/0000:00:00.0/config", O_RDWR | O_CLOEXEC);
	return pwrite(fd, &number, 1, PCI_INTERRUPT_LINE) == 1 ? 0 : -errno;
}
