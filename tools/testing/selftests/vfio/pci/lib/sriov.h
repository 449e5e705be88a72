/* SPDX-License-Identifier: GPL-2.0-only */
/* A physical function that is ours, and its virtual functions. */
#ifndef SELFTESTS_VFIO_PCI_SRIOV_H
#define SELFTESTS_VFIO_PCI_SRIOV_H

#include <stdbool.h>
#include <stddef.h>

/* What the device table calls it */
#define SRIOV_PF	"sriov"

/* Whether the driver under test lets VFs be enabled */
int sriov_allow(bool yes);
int sriov_set_vfs(const char *pf, unsigned int count);

/*
 * What every test begins with: a PF that is ours, without VFs.  It is not reset
 * when it is opened and closed, as some emulated ones lose their VFs by that
 * but go on saying that they are enabled, so that nobody enables them again.
 */
int sriov_take_pf(char *addr, size_t len);

/* ... and ends with; nobody may have any of them open */
void sriov_give_pf_back(const char *addr);

#endif /* SELFTESTS_VFIO_PCI_SRIOV_H */
