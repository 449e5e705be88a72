// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "sriov.h"
#include "vfio_lib.h"

int sriov_allow(bool yes)
{
	char path[128];

	vfio_driver_module_path("parameters/enable_sriov", path, sizeof(path));
	return vfio_file_write(path, yes ? "Y" : "N");
}

int sriov_set_vfs(const char *pf, unsigned int count)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", count);
	return vfio_attr_write(pf, "sriov_numvfs", text);
}

int sriov_take_pf(char *addr, size_t len)
{
	int ret = vfio_device_find(SRIOV_PF, addr, len);

	return ret ?: vfio_attr_write(addr, "reset_method", "\n") ?:
	       vfio_driver_take(addr) ?: sriov_allow(true);
}

void sriov_give_pf_back(const char *addr)
{
	sriov_allow(true);
	sriov_set_vfs(addr, 0);
	sriov_allow(false);
	vfio_attr_write(addr, "sriov_drivers_autoprobe", "1");
	vfio_driver_unbind(addr);
	vfio_attr_write(addr, "reset_method", "default");
}
