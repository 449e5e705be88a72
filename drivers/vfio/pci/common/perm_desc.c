// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permission descriptors: which bits of config space the user reads from the
 * virtual copy, and which he may write.
 *
 * One row per register.  A written bit that is virtual goes to the virtual
 * copy, one that is not goes to the device.  Bits no row opens are read-only.
 * Register names are those of <uapi/linux/pci_regs.h>; the rules rest on the
 * PCI Local Bus specification 3.0 chapter 6, the PCI Express base
 * specification chapter 7, and on what users of vfio-pci have come to expect.
 */
#include <linux/kernel.h>
#include <linux/pci_regs.h>

#include "perm.h"

#define ALL8	0xffu
#define ALL16	0xffffu
#define ALL32	0xffffffffu

#define FIELD(_offset, _width, _virt, _write, _hook)			\
	{ .offset = (_offset), .width = (_width), .virt = (_virt),	\
	  .write = (_write), .hook = PERM_HOOK_##_hook }

/* The type 0 header.  BARs never reach the device: the kernel placed them. */
static const struct vfio_pci_perm_field header_fields[] = {
	FIELD(PCI_VENDOR_ID, 2, ALL16, 0, NONE),
	FIELD(PCI_DEVICE_ID, 2, ALL16, 0, NONE),
	FIELD(PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE, ALL16, COMMAND),
	/* Error bits are the host's to clear */
	FIELD(PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0, NONE),
	FIELD(PCI_CACHE_LINE_SIZE, 1, 0, ALL8, NONE),
	FIELD(PCI_LATENCY_TIMER, 1, 0, ALL8, NONE),
	FIELD(PCI_BIST, 1, 0, ALL8, NONE),
	FIELD(PCI_BASE_ADDRESS_0, 4, ALL32, ALL32, BAR),
	FIELD(PCI_BASE_ADDRESS_1, 4, ALL32, ALL32, BAR),
	FIELD(PCI_BASE_ADDRESS_2, 4, ALL32, ALL32, BAR),
	FIELD(PCI_BASE_ADDRESS_3, 4, ALL32, ALL32, BAR),
	FIELD(PCI_BASE_ADDRESS_4, 4, ALL32, ALL32, BAR),
	FIELD(PCI_BASE_ADDRESS_5, 4, ALL32, ALL32, BAR),
	FIELD(PCI_ROM_ADDRESS, 4, ALL32, ALL32, BAR),
	FIELD(PCI_CAPABILITY_LIST, 1, ALL8, 0, NONE),
	/* Scratch for the user: the line is routed by the host */
	FIELD(PCI_INTERRUPT_LINE, 1, ALL8, ALL8, NONE),
	FIELD(PCI_INTERRUPT_PIN, 1, ALL8, 0, NONE),
};

/*
 * What differs for functions without Memory Space Enable, such as VFs
 * (SR-IOV 1.1, 3.4.1.3): the user gets a virtual one.
 */
static const struct vfio_pci_perm_field command_no_mem_fields[] = {
	FIELD(0, 2, PCI_COMMAND_INTX_DISABLE | PCI_COMMAND_MEMORY, ALL16,
	      COMMAND),
};

/*
 * PM: the power state is changed by the kernel, which has to know it; PME
 * belongs to the host.
 */
#define PM_CTRL_KEPT \
	(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE | \
	 PCI_PM_CTRL_PME_STATUS)

static const struct vfio_pci_perm_field pm_fields[] = {
	FIELD(PCI_PM_PMC, 2, PCI_PM_CAP_PME_MASK, 0, NONE),
	FIELD(PCI_PM_CTRL, 4,
	      PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS,
	      ~(u32)PM_CTRL_KEPT, PM),
};

/* VPD: address and data go through the kernel, which owns the protocol */
static const struct vfio_pci_perm_field vpd_fields[] = {
	FIELD(PCI_VPD_ADDR, 2, ALL16, ALL16, VPD),
	FIELD(PCI_VPD_DATA, 4, ALL32, ALL32, NONE),
};

/*
 * MSI: address and data are the kernel's, the user's are kept but not used.
 * Mask bits are the device's own.
 */
static const struct vfio_pci_perm_field msi_32_fields[] = {
	FIELD(PCI_MSI_FLAGS, 1, ALL8, ALL8, MSI),
	FIELD(PCI_MSI_ADDRESS_LO, 4, ALL32, ALL32, NONE),
	FIELD(PCI_MSI_DATA_32, 2, ALL16, ALL16, NONE),
};

static const struct vfio_pci_perm_field msi_64_fields[] = {
	FIELD(PCI_MSI_FLAGS, 1, ALL8, ALL8, MSI),
	FIELD(PCI_MSI_ADDRESS_LO, 4, ALL32, ALL32, NONE),
	FIELD(PCI_MSI_ADDRESS_HI, 4, ALL32, ALL32, NONE),
	FIELD(PCI_MSI_DATA_64, 2, ALL16, ALL16, NONE),
};

static const struct vfio_pci_perm_field msi_32_mask_fields[] = {
	FIELD(PCI_MSI_FLAGS, 1, ALL8, ALL8, MSI),
	FIELD(PCI_MSI_ADDRESS_LO, 4, ALL32, ALL32, NONE),
	FIELD(PCI_MSI_DATA_32, 2, ALL16, ALL16, NONE),
	FIELD(PCI_MSI_MASK_32, 4, 0, ALL32, NONE),
	FIELD(PCI_MSI_PENDING_32, 4, 0, ALL32, NONE),
};

static const struct vfio_pci_perm_field msi_64_mask_fields[] = {
	FIELD(PCI_MSI_FLAGS, 1, ALL8, ALL8, MSI),
	FIELD(PCI_MSI_ADDRESS_LO, 4, ALL32, ALL32, NONE),
	FIELD(PCI_MSI_ADDRESS_HI, 4, ALL32, ALL32, NONE),
	FIELD(PCI_MSI_DATA_64, 2, ALL16, ALL16, NONE),
	FIELD(PCI_MSI_MASK_64, 4, 0, ALL32, NONE),
	FIELD(PCI_MSI_PENDING_64, 4, 0, ALL32, NONE),
};

static const struct vfio_pci_perm_field pcix_fields[] = {
	FIELD(PCI_X_CMD, 2, 0, ALL16, NONE),
	FIELD(PCI_X_ECC_CSR, 4, 0, ALL32, NONE),
};

/*
 * PCIe: payload size is a property of the hierarchy and stays virtual; read
 * request size and FLR are applied by the kernel; phantom functions could
 * take requester IDs of other functions, ARI forwarding is the host's.
 */
static const struct vfio_pci_perm_field exp_fields[] = {
	FIELD(PCI_EXP_DEVCTL, 2,
	      PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_READRQ |
	      PCI_EXP_DEVCTL_BCR_FLR,
	      (u16)~PCI_EXP_DEVCTL_PHANTOM, EXP),
	FIELD(PCI_EXP_DEVCTL2, 2, 0, (u16)~PCI_EXP_DEVCTL2_ARI, NONE),
};

static const struct vfio_pci_perm_field af_fields[] = {
	FIELD(PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR, PCI_AF_CTRL_FLR, AF),
};

/* AER: status bits are RW1C, so what is opened can be cleared by the user */
#define AER_UNCOR \
	(PCI_ERR_UNC_UND | PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | \
	 PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP | PCI_ERR_UNC_COMP_TIME | \
	 PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP | \
	 PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC | \
	 PCI_ERR_UNC_UNSUP | PCI_ERR_UNC_ACSV | PCI_ERR_UNC_INTN | \
	 PCI_ERR_UNC_MCBTLP | PCI_ERR_UNC_ATOMEG | PCI_ERR_UNC_TLPPRE)

#define AER_COR \
	(PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP | \
	 PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | \
	 PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER)

static const struct vfio_pci_perm_field err_fields[] = {
	FIELD(PCI_ERR_UNCOR_STATUS, 4, 0, AER_UNCOR, NONE),
	FIELD(PCI_ERR_UNCOR_MASK, 4, 0, AER_UNCOR, NONE),
	FIELD(PCI_ERR_UNCOR_SEVER, 4, 0, AER_UNCOR, NONE),
	FIELD(PCI_ERR_COR_STATUS, 4, 0, AER_COR, NONE),
	FIELD(PCI_ERR_COR_MASK, 4, 0, AER_COR, NONE),
	FIELD(PCI_ERR_CAP, 4, 0, PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE,
	      NONE),
};

static_assert(AER_UNCOR == 0x03fff031);
static_assert(AER_COR == 0x0000f1c1);

/* Power budgeting: the selector, without which only entry 0 can be read */
static const struct vfio_pci_perm_field pwr_fields[] = {
	FIELD(PCI_PWR_DSR, 1, 0, ALL8, NONE),
};

#define DESC(_rows, _len, _header)					\
	{ .fields = _rows##_fields,					\
	  .nr_fields = ARRAY_SIZE(_rows##_fields), .len = (_len),	\
	  .header = (_header), .body = PERM_RULE_RO }

#define STD(rows, len)	DESC(rows, len, 2)
#define EXT(rows, len)	DESC(rows, len, 4)

const struct vfio_pci_perm_desc vfio_pci_perm_descs[PERM_NR_IDS] = {
	[PERM_HEADER] = DESC(header, PCI_STD_HEADER_SIZEOF, 0),
	[PERM_COMMAND_NO_MEM] = DESC(command_no_mem, 2, 0),
	[PERM_RO] = { .len = 4, .header = 2, .body = PERM_RULE_RO },
	[PERM_RAW_WRITE] = { .len = 4, .header = 2, .body = PERM_RULE_RAW },
	[PERM_PM] = STD(pm, PCI_PM_SIZEOF),
	[PERM_VPD] = STD(vpd, PCI_CAP_VPD_SIZEOF),
	[PERM_MSI_32] = STD(msi_32, 10),
	[PERM_MSI_64] = STD(msi_64, 14),
	[PERM_MSI_32_MASK] = STD(msi_32_mask, 20),
	[PERM_MSI_64_MASK] = STD(msi_64_mask, 24),
	[PERM_PCIX] = STD(pcix, PCI_CAP_PCIX_SIZEOF_V2),
	[PERM_EXP] = STD(exp, 0x34),
	[PERM_AF] = STD(af, PCI_CAP_AF_SIZEOF),
	[PERM_EXT_RO] = { .len = 4, .header = 4, .body = PERM_RULE_RO },
	[PERM_EXT_RAW_WRITE] = { .len = 4, .header = 4,
				 .body = PERM_RULE_RAW },
	[PERM_ERR] = EXT(err, PCI_ERR_ROOT_COMMAND),
	[PERM_PWR] = EXT(pwr, PCI_EXT_CAP_PWR_SIZEOF),
};
