// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers whose writes do more than store: one function per hook of the
 * permission tables, each for one step of a write.
 *
 * A hook stores what the rules allow (vfio_pci_config_commit()) and does the
 * rest through the kernel: sizes BARs, closes the gate while memory decoding
 * goes off, masks INTx, sets the power state, resets the function, transfers
 * VPD.  All run under config.lock and may sleep.
 *
 * A write to config space has no way to fail for the user's driver.  What the
 * kernel refuses shows as it would on hardware: the register doesn't change.
 */
#include <linux/bitfield.h>
#include <linux/pci.h>

#include "access.h"
#include "config.h"
#include "emul.h"
#include "intx.h"
#include "perm.h"
#include "power.h"
#include "reset.h"

#define COMMAND_DECODE	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

/* BARs ------------------------------------------------------------------ */

static u32 bar_type_bits(const struct resource *res)
{
	u32 bits = PCI_BASE_ADDRESS_SPACE_MEMORY;

	if (res->flags & IORESOURCE_IO)
		return PCI_BASE_ADDRESS_SPACE_IO;
	if (res->flags & IORESOURCE_PREFETCH)
		bits |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	if (res->flags & IORESOURCE_MEM_64)
		bits |= PCI_BASE_ADDRESS_MEM_TYPE_64;
	return bits;
}

/* Make BAR @bar read as its size demands; returns the registers it takes */
static unsigned int size_bar(struct vfio_pci_device *vdev, unsigned int bar)
{
	const struct resource *res = &vdev->pdev->resource[bar];
	u16 pos = PCI_BASE_ADDRESS_0 + 4 * bar;
	u64 mask;

	if (!res->start) {
		vfio_pci_vcopy_set_dword(vdev, pos, 0);
		return 1;
	}

	mask = ~(u64)(resource_size(res) - 1);
	vfio_pci_vcopy_set_dword(vdev, pos,
				 (vfio_pci_vcopy_dword(vdev, pos) & mask) |
				 bar_type_bits(res));

	/* The last register has no upper half, whatever the device says */
	if (!(res->flags & IORESOURCE_MEM_64) || bar + 1 == PCI_STD_NUM_BARS)
		return 1;

	vfio_pci_vcopy_set_dword(vdev, pos + 4,
				 vfio_pci_vcopy_dword(vdev, pos + 4) &
				 (mask >> 32));
	return 2;
}

/* A ROM that firmware handed over is shown as a BAR that could hold it */
static u64 rom_bar_size(struct pci_dev *pdev)
{
	if (pci_resource_start(pdev, PCI_ROM_RESOURCE))
		return pci_resource_len(pdev, PCI_ROM_RESOURCE);
	if (pdev->rom && pdev->romlen)
		return roundup_pow_of_two(pdev->romlen);
	return 0;
}

static void size_bars(struct vfio_pci_device *vdev)
{
	u64 rom = rom_bar_size(vdev->pdev);
	unsigned int bar;
	u32 mask = 0;

	for (bar = 0; bar < PCI_STD_NUM_BARS;)
		bar += size_bar(vdev, bar);

	if (rom)
		mask = ~(u32)(rom - 1) | PCI_ROM_ADDRESS_ENABLE;
	vfio_pci_vcopy_set_dword(vdev, PCI_ROM_ADDRESS,
				 vfio_pci_vcopy_dword(vdev, PCI_ROM_ADDRESS) &
				 mask);
}

static int write_bar(const struct vfio_pci_config_write *w)
{
	int ret = vfio_pci_config_commit(w);

	size_bars(w->vdev);
	return ret;
}

/* Command --------------------------------------------------------------- */

static bool bars_lost(struct vfio_pci_device *vdev)
{
	unsigned int i;
	u32 hw;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (!vdev->config.bars[i])
			continue;
		pci_user_read_config_dword(vdev->pdev,
					   PCI_BASE_ADDRESS_0 + 4 * i, &hw);
		if (hw != vdev->config.bars[i])
			return true;
	}
	return false;
}

/*
 * Was the device reset since the user wrote @command?  A reset turns decoding
 * off: if the user has some on, that tells; if not, the BARs do.
 */
static bool was_reset(struct vfio_pci_device *vdev, u16 command)
{
	u16 hw, decode = command & COMMAND_DECODE;

	if (vdev->pdev->no_command_memory)
		decode &= ~PCI_COMMAND_MEMORY;
	if (!decode)
		return bars_lost(vdev);

	pci_user_read_config_word(vdev->pdev, PCI_COMMAND, &hw);
	return decode & ~hw;
}

/*
 * A user can reset a device by means that neither the kernel nor this driver
 * sees (a register in a BAR, say).  The BARs are lost then, and with decoding
 * turned on the device would answer at address 0.
 */
static void heal_backdoor_reset(struct vfio_pci_device *vdev, u16 command)
{
	struct pci_dev *pdev = vdev->pdev;
	const u32 *bars = vdev->config.bars;
	unsigned int i;

	if (pdev->is_virtfn || !was_reset(vdev, command))
		return;

	pci_info_ratelimited(pdev, "reset behind the driver's back, restoring BARs\n");
	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		pci_user_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i,
					    bars[i]);
	pci_user_write_config_dword(pdev, PCI_ROM_ADDRESS,
				    bars[PCI_STD_NUM_BARS]);
	vfio_pci_intx_keep_hidden(vdev);
}

/* A write that starts at the low byte, where the decode bits are */
static int write_decode(const struct vfio_pci_config_write *w)
{
	struct vfio_pci_device *vdev = w->vdev;
	u16 old = vfio_pci_vcopy_word(vdev, PCI_COMMAND);
	int ret;

	if (w->val & PCI_COMMAND_MEMORY)
		vfio_pci_gate_hold(vdev);
	else
		vfio_pci_gate_stop(vdev);

	heal_backdoor_reset(vdev, old);
	ret = vfio_pci_config_commit_command(w);
	if (!ret) {
		u16 now = vfio_pci_vcopy_word(vdev, PCI_COMMAND);

		vfio_pci_vcopy_set_word(vdev, PCI_COMMAND,
					(now & ~COMMAND_DECODE) |
					(w->val & COMMAND_DECODE));
	}
	vfio_pci_gate_resume(vdev);
	return ret;
}

static int write_command(const struct vfio_pci_config_write *w)
{
	int ret;

	ret = w->pos == PCI_COMMAND ? write_decode(w) :
				      vfio_pci_config_commit_command(w);
	if (ret)
		return ret;

	vfio_pci_intx_set_disabled(w->vdev,
				   vfio_pci_vcopy_word(w->vdev, PCI_COMMAND) &
				   PCI_COMMAND_INTX_DISABLE);
	return 0;
}

/* Power management ------------------------------------------------------ */

static int write_pm(const struct vfio_pci_config_write *w)
{
	u16 owner = vfio_pci_config_owner(w->vdev, w->pos);
	int ret = vfio_pci_config_commit(w);

	if (ret || w->pos != owner + PCI_PM_CTRL)
		return ret;

	/* PCI_D0 .. PCI_D3hot are the values of the field */
	vfio_pci_power_user_state(w->vdev,
				  (__force pci_power_t)
				  (w->val & PCI_PM_CTRL_STATE_MASK));
	return 0;
}

/* The user gets neither PME support nor a PME that is pending or enabled */
void vfio_pci_emul_init_pm(struct vfio_pci_device *vdev, u16 pos)
{
	u16 pmc = vfio_pci_vcopy_word(vdev, pos + PCI_PM_PMC);
	u16 ctrl = vfio_pci_vcopy_word(vdev, pos + PCI_PM_CTRL);

	vfio_pci_vcopy_set_word(vdev, pos + PCI_PM_PMC,
				pmc & ~PCI_PM_CAP_PME_MASK);
	vfio_pci_vcopy_set_word(vdev, pos + PCI_PM_CTRL,
				ctrl & ~(PCI_PM_CTRL_PME_ENABLE |
					 PCI_PM_CTRL_PME_STATUS));
}

/* Vital product data ---------------------------------------------------- */

/*
 * Writing the high byte of the address starts a transfer in the direction of
 * the flag; inverting the flag reports it done (PCI 3.0, appendix I).
 */
static int write_vpd(const struct vfio_pci_config_write *w)
{
	struct vfio_pci_device *vdev = w->vdev;
	u16 owner = vfio_pci_config_owner(vdev, w->pos);
	u16 flag, addr;
	__le32 data;
	int ret;

	ret = vfio_pci_config_commit(w);
	if (ret || !vfio_pci_config_covers(w, owner + PCI_VPD_ADDR + 1))
		return ret;

	addr = vfio_pci_vcopy_word(vdev, owner + PCI_VPD_ADDR);
	flag = addr & PCI_VPD_ADDR_F;
	addr &= PCI_VPD_ADDR_MASK;

	if (flag) {
		data = cpu_to_le32(vfio_pci_vcopy_dword(vdev,
							owner + PCI_VPD_DATA));
		if (pci_write_vpd(vdev->pdev, addr, 4, &data) != 4)
			return 0;
	} else {
		data = 0;
		if (pci_read_vpd(vdev->pdev, addr, 4, &data) < 0)
			return 0;
		vfio_pci_vcopy_set_dword(vdev, owner + PCI_VPD_DATA,
					 le32_to_cpu(data));
	}

	vfio_pci_vcopy_set_word(vdev, owner + PCI_VPD_ADDR,
				addr | (flag ^ PCI_VPD_ADDR_F));
	return 0;
}

/* MSI ------------------------------------------------------------------- */

/*
 * The kernel set the device up for the vectors it allocated; the user can
 * turn that off and on again, and use fewer, but no more.  Fields that are
 * read-only at the device stay as the device has them.
 */
static int write_msi(const struct vfio_pci_config_write *w)
{
	struct vfio_pci_device *vdev = w->vdev;
	u16 owner = vfio_pci_config_owner(vdev, w->pos);
	u16 pos = owner + PCI_MSI_FLAGS;
	u16 old, flags, qsize;
	int ret;

	old = vfio_pci_vcopy_word(vdev, pos);
	ret = vfio_pci_config_commit(w);
	if (ret || !vfio_pci_config_covers(w, pos))
		return ret;

	flags = vfio_pci_vcopy_word(vdev, pos);
	flags &= PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE;
	if (READ_ONCE(vdev->irq.type) != VFIO_PCI_MSI_IRQ_INDEX)
		flags &= ~PCI_MSI_FLAGS_ENABLE;

	qsize = min_t(u16, FIELD_GET(PCI_MSI_FLAGS_QSIZE, flags),
		      vdev->irq.msi_qmax);
	flags &= ~PCI_MSI_FLAGS_QSIZE;
	flags |= FIELD_PREP(PCI_MSI_FLAGS_QSIZE, qsize);
	flags |= old & ~(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);

	vfio_pci_vcopy_set_word(vdev, pos, flags);
	return pci_user_write_config_word(vdev->pdev, pos, flags);
}

/* PCI Express and Advanced Features ------------------------------------- */

static void apply_readrq(struct pci_dev *pdev, u16 devctl)
{
	int readrq = 128 << FIELD_GET(PCI_EXP_DEVCTL_READRQ, devctl);

	/* Smaller than a payload makes some devices fail */
	pcie_set_readrq(pdev, max(readrq, pcie_get_mps(pdev)));
}

/* The bit reads as 0; who sets it at a device without the reset gets none */
static void function_level_reset(struct vfio_pci_device *vdev, u16 owner)
{
	u16 pos = owner + PCI_EXP_DEVCTL;
	u32 cap;

	vfio_pci_vcopy_set_word(vdev, pos, vfio_pci_vcopy_word(vdev, pos) &
					   ~PCI_EXP_DEVCTL_BCR_FLR);
	if (!pci_user_read_config_dword(vdev->pdev, owner + PCI_EXP_DEVCAP,
					&cap) && cap & PCI_EXP_DEVCAP_FLR)
		vfio_pci_reset_by_config(vdev);
}

static int write_exp(const struct vfio_pci_config_write *w)
{
	struct vfio_pci_device *vdev = w->vdev;
	u16 owner = vfio_pci_config_owner(vdev, w->pos);
	u16 pos = owner + PCI_EXP_DEVCTL;
	u16 old, devctl;
	int ret;

	old = vfio_pci_vcopy_word(vdev, pos);
	ret = vfio_pci_config_commit(w);
	if (ret)
		return ret;

	devctl = vfio_pci_vcopy_word(vdev, pos);
	if (devctl & PCI_EXP_DEVCTL_BCR_FLR)
		function_level_reset(vdev, owner);
	/* Written with the reset, it is for the time after it */
	if ((old ^ devctl) & PCI_EXP_DEVCTL_READRQ)
		apply_readrq(vdev->pdev, devctl);
	return 0;
}

#define AF_CAP_RESETS	(PCI_AF_CAP_TP | PCI_AF_CAP_FLR)

static int write_af(const struct vfio_pci_config_write *w)
{
	struct vfio_pci_device *vdev = w->vdev;
	u16 owner = vfio_pci_config_owner(vdev, w->pos);
	u8 *ctrl = &vdev->config.vcopy[owner + PCI_AF_CTRL];
	u8 cap;
	int ret;

	ret = vfio_pci_config_commit(w);
	if (ret || !(*ctrl & PCI_AF_CTRL_FLR))
		return ret;

	*ctrl &= ~PCI_AF_CTRL_FLR;
	ret = pci_user_read_config_byte(vdev->pdev, owner + PCI_AF_CAP, &cap);
	if (!ret && (cap & AF_CAP_RESETS) == AF_CAP_RESETS)
		vfio_pci_reset_by_config(vdev);
	return 0;
}

/* ----------------------------------------------------------------------- */

static int (*const hooks[PERM_NR_HOOKS])(const struct vfio_pci_config_write *) = {
	[PERM_HOOK_NONE]	= vfio_pci_config_commit,
	[PERM_HOOK_COMMAND]	= write_command,
	[PERM_HOOK_BAR]		= write_bar,
	[PERM_HOOK_PM]		= write_pm,
	[PERM_HOOK_VPD]		= write_vpd,
	[PERM_HOOK_MSI]		= write_msi,
	[PERM_HOOK_EXP]		= write_exp,
	[PERM_HOOK_AF]		= write_af,
};

int vfio_pci_emul_write(const struct vfio_pci_config_write *w)
{
	lockdep_assert_held(&w->vdev->config.lock);

	return hooks[w->hook](w);
}

/* First values of virtual registers that differ from the device's */
void vfio_pci_emul_init(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u8 *vcopy = vdev->config.vcopy;

	lockdep_assert_held(&vdev->config.lock);

	if (pdev->is_virtfn) {
		/* Reads as all ones at a VF (SR-IOV 1.1, 3.4.1) */
		vfio_pci_vcopy_set_word(vdev, PCI_VENDOR_ID, pdev->vendor);
		vfio_pci_vcopy_set_word(vdev, PCI_DEVICE_ID, pdev->device);
	}

	if (pdev->no_command_memory)
		vcopy[PCI_COMMAND] |= PCI_COMMAND_MEMORY;

	if (!vfio_pci_intx_visible(vdev))
		vcopy[PCI_INTERRUPT_PIN] = 0;

	size_bars(vdev);
}
