// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability chains: which bytes of config space belong to which capability.
 *
 * Done once per open.  A chain is walked in three steps: collect the
 * capabilities that the user may see, unlink the others in the virtual copy,
 * and lay the permission tables of the visible ones over the map.
 *
 * What a device says of itself is not trusted.  Every position is visited at
 * most once, so a loop ends and is cut; a pointer into the header or past the
 * end, or to all ones, ends the chain; the length of a capability is clipped
 * at the end of the space it lies in.  A capability that is clipped or overlaps
 * another becomes read-only, so that those with a table are always whole: the
 * emulation of their registers (emul.c) relies on it.
 *
 * Terms: pos is the offset of a capability in config space; a gap is what no
 * visible capability owns.  Gaps are raw: some devices keep registers there
 * that their drivers need.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/unaligned.h>
#include <linux/vfio_pci_common.h>

#include "caps.h"
#include "emul.h"
#include "perm.h"

/* A capability takes at least one dword */
#define MAX_STD_CAPS	((PCI_CFG_SPACE_SIZE - PCI_STD_HEADER_SIZEOF) / 4)
#define MAX_EXT_CAPS	((PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 4)

/**
 * struct cap - a capability the user sees
 * @pos: in config space
 * @len: bytes it owns
 * @perm: whose rules it has
 */
struct cap {
	u16	pos;
	u16	len;
	u8	perm;
};

/**
 * struct cap_type - what is known of a capability ID
 * @perm: rules, enum vfio_pci_perm_id
 * @len: bytes, 0 if @length has to be asked
 * @length: reads the length from the device; 0 hides the capability.  May
 *	choose other rules for this instance.
 *
 * An ID with neither is hidden from the user.
 */
struct cap_type {
	u8	perm;
	u8	len;
	int	(*length)(struct vfio_pci_device *vdev, struct cap *cap);
};

/*
 * Registers of a capability may lie behind the end of config space, if the
 * device says so: there is nothing to read.
 */
static int read_byte(struct vfio_pci_device *vdev, int pos, u8 *val)
{
	if (pos + 1 > vdev->config.size)
		return -ENXIO;
	return pcibios_err_to_errno(pci_read_config_byte(vdev->pdev, pos, val));
}

static int read_word(struct vfio_pci_device *vdev, int pos, u16 *val)
{
	u8 low, high;
	int ret;

	/* A pointer that is not aligned is followed as it is */
	ret = read_byte(vdev, pos, &low) ?: read_byte(vdev, pos + 1, &high);
	if (!ret)
		*val = low | high << 8;
	return ret;
}

static int read_dword(struct vfio_pci_device *vdev, int pos, u32 *val)
{
	if (pos + 4 > vdev->config.size)
		return -ENXIO;
	/* The header was read a moment ago, to be restored at close */
	if (pos < PCI_STD_HEADER_SIZEOF && IS_ALIGNED(pos, 4) &&
	    vdev->pdev->state_saved) {
		*val = vdev->pdev->saved_config_space[pos / 4];
		return 0;
	}
	return pcibios_err_to_errno(pci_read_config_dword(vdev->pdev, pos,
							  val));
}

/* MSI: four layouts (PCI 3.0, 6.8.1) */
static int msi_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	static const u8 layouts[] = {
		PERM_MSI_32, PERM_MSI_64, PERM_MSI_32_MASK, PERM_MSI_64_MASK,
	};
	unsigned int layout = 0;
	u16 flags;
	int ret;

	ret = read_word(vdev, cap->pos + PCI_MSI_FLAGS, &flags);
	if (ret)
		return ret;

	if (flags & PCI_MSI_FLAGS_64BIT)
		layout |= 1;
	if (flags & PCI_MSI_FLAGS_MASKBIT)
		layout |= 2;

	cap->perm = layouts[layout];
	return vfio_pci_perm_descs[cap->perm].len;
}

static int pcix_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u16 cmd;
	int ret = read_word(vdev, cap->pos + PCI_X_CMD, &cmd);

	if (ret)
		return ret;
	return PCI_X_CMD_VERSION(cmd) ? PCI_CAP_PCIX_SIZEOF_V2 :
					PCI_CAP_PCIX_SIZEOF_V0;
}

static int ht_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u8 type;
	int ret = read_byte(vdev, cap->pos + 3, &type);

	if (ret)
		return ret;
	return (type & HT_3BIT_CAP_MASK) ? HT_CAP_SIZEOF_SHORT :
					   HT_CAP_SIZEOF_LONG;
}

static int vndr_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u8 len;
	int ret = read_byte(vdev, cap->pos + PCI_CAP_FLAGS, &len);

	return ret ?: len;
}

/* PCIe: an integrated endpoint has no link registers (PCIe 6.0, 7.5.3) */
static int exp_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	bool v1, no_link;
	u16 flags;
	int ret;

	ret = read_word(vdev, cap->pos + PCI_EXP_FLAGS, &flags);
	if (ret)
		return ret;

	v1 = (flags & PCI_EXP_FLAGS_VERS) == 1;
	no_link = FIELD_GET(PCI_EXP_FLAGS_TYPE, flags) == PCI_EXP_TYPE_RC_END;
	if (v1)
		return no_link ? PCI_CAP_EXP_RC_ENDPOINT_SIZEOF_V1 :
				 PCI_CAP_EXP_ENDPOINT_SIZEOF_V1;
	return no_link ? PCI_CAP_EXP_RC_ENDPOINT_SIZEOF_V2 :
			 PCI_CAP_EXP_ENDPOINT_SIZEOF_V2;
}

static int sata_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u8 regs;
	int ret = read_byte(vdev, cap->pos + PCI_SATA_REGS, &regs);

	if (ret)
		return ret;
	return (regs & PCI_SATA_REGS_MASK) == PCI_SATA_REGS_INLINE ?
	       PCI_SATA_SIZEOF_LONG : PCI_SATA_SIZEOF_SHORT;
}

/* Vendor specific, extended: the length stands in its own header */
static int vsec_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u32 header;
	int ret = read_dword(vdev, cap->pos + PCI_VNDR_HEADER, &header);

	return ret ?: PCI_VNDR_HEADER_LEN(header);
}

static int dvsec_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u32 header;
	int ret = read_dword(vdev, cap->pos + PCI_DVSEC_HEADER1, &header);

	return ret ?: PCI_DVSEC_HEADER1_LEN(header);
}

/* Virtual channels, with the arbitration table if there is one */
static int vc_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	static const struct { u32 bit; u16 phases; } arbitration[] = {
		{ PCI_VC_CAP2_128_PHASE, 128 },
		{ PCI_VC_CAP2_64_PHASE, 64 },
		{ PCI_VC_CAP2_32_PHASE, 32 },
	};
	u32 cap1, cap2;
	int i, len, ret;

	ret = read_dword(vdev, cap->pos + PCI_VC_PORT_CAP1, &cap1) ?:
	      read_dword(vdev, cap->pos + PCI_VC_PORT_CAP2, &cap2);
	if (ret)
		return ret;

	len = PCI_CAP_VC_BASE_SIZEOF +
	      (1 + (cap1 & PCI_VC_CAP1_EVCC)) * PCI_CAP_VC_PER_VC_SIZEOF;
	for (i = 0; i < ARRAY_SIZE(arbitration); i++)
		if (cap2 & arbitration[i].bit)
			/* four bits a phase, on a 16-byte boundary */
			return round_up(len, 16) + arbitration[i].phases / 2;
	return len;
}

static int acs_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u8 caps, bits;
	int ret;

	ret = read_byte(vdev, cap->pos + PCI_ACS_CAP, &caps) ?:
	      read_byte(vdev, cap->pos + PCI_ACS_EGRESS_BITS, &bits);
	if (ret)
		return ret;
	if (!(caps & PCI_ACS_EC))
		return PCI_ACS_EGRESS_CTL_V;
	return PCI_ACS_EGRESS_CTL_V + (bits ? round_up(bits, 32) : 256) / 8;
}

static int rebar_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u32 ctrl;
	int ret = read_dword(vdev, cap->pos + PCI_REBAR_CTRL, &ctrl);

	return ret ?: 4 + 8 * FIELD_GET(PCI_REBAR_CTRL_NBAR_MASK, ctrl);
}

static int dpa_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u8 substates;
	int ret = read_byte(vdev, cap->pos + PCI_DPA_CAP, &substates);

	return ret ?: PCI_DPA_BASE_SIZEOF +
		      (substates & PCI_DPA_CAP_SUBSTATE_MASK) + 1;
}

static int tph_length(struct vfio_pci_device *vdev, struct cap *cap)
{
	u32 caps;
	int ret = read_dword(vdev, cap->pos + PCI_TPH_CAP, &caps);

	if (ret)
		return ret;
	if ((caps & PCI_TPH_CAP_LOC_MASK) != PCI_TPH_LOC_CAP)
		return PCI_TPH_BASE_SIZEOF;
	return PCI_TPH_BASE_SIZEOF +
	       2 * FIELD_GET(PCI_TPH_CAP_ST_MASK, caps) + 2;
}

static const struct cap_type std_types[] = {
	[PCI_CAP_ID_PM]	    = { PERM_PM, PCI_PM_SIZEOF },
	[PCI_CAP_ID_AGP]    = { PERM_RO, PCI_AGP_SIZEOF },
	[PCI_CAP_ID_VPD]    = { PERM_VPD, PCI_CAP_VPD_SIZEOF },
	[PCI_CAP_ID_MSI]    = { .length = msi_length },
	[PCI_CAP_ID_PCIX]   = { PERM_PCIX, .length = pcix_length },
	[PCI_CAP_ID_HT]	    = { PERM_RO, .length = ht_length },
	[PCI_CAP_ID_VNDR]   = { PERM_RAW_WRITE, .length = vndr_length },
	[PCI_CAP_ID_EXP]    = { PERM_EXP, .length = exp_length },
	[PCI_CAP_ID_MSIX]   = { PERM_RO, PCI_CAP_MSIX_SIZEOF },
	[PCI_CAP_ID_SATA]   = { PERM_RO, .length = sata_length },
	[PCI_CAP_ID_AF]	    = { PERM_AF, PCI_CAP_AF_SIZEOF },
};

static const struct cap_type ext_types[] = {
	[PCI_EXT_CAP_ID_ERR]   = { PERM_ERR, PCI_ERR_ROOT_COMMAND },
	[PCI_EXT_CAP_ID_VC]    = { PERM_EXT_RO, .length = vc_length },
	[PCI_EXT_CAP_ID_DSN]   = { PERM_EXT_RO, PCI_EXT_CAP_DSN_SIZEOF },
	[PCI_EXT_CAP_ID_PWR]   = { PERM_PWR, PCI_EXT_CAP_PWR_SIZEOF },
	[PCI_EXT_CAP_ID_MFVC]  = { PERM_EXT_RO, .length = vc_length },
	[PCI_EXT_CAP_ID_VC9]   = { PERM_EXT_RO, .length = vc_length },
	[PCI_EXT_CAP_ID_VNDR]  = { PERM_EXT_RAW_WRITE, .length = vsec_length },
	[PCI_EXT_CAP_ID_ACS]   = { PERM_EXT_RO, .length = acs_length },
	[PCI_EXT_CAP_ID_ARI]   = { PERM_EXT_RO, PCI_EXT_CAP_ARI_SIZEOF },
	[PCI_EXT_CAP_ID_ATS]   = { PERM_EXT_RO, PCI_EXT_CAP_ATS_SIZEOF },
	[PCI_EXT_CAP_ID_SRIOV] = { PERM_EXT_RO, PCI_EXT_CAP_SRIOV_SIZEOF },
	[PCI_EXT_CAP_ID_MCAST] = { PERM_EXT_RO,
				   PCI_EXT_CAP_MCAST_ENDPOINT_SIZEOF },
	[PCI_EXT_CAP_ID_PRI]   = { PERM_EXT_RO, PCI_EXT_CAP_PRI_SIZEOF },
	[PCI_EXT_CAP_ID_REBAR] = { PERM_EXT_RO, .length = rebar_length },
	[PCI_EXT_CAP_ID_DPA]   = { PERM_EXT_RO, .length = dpa_length },
	[PCI_EXT_CAP_ID_TPH]   = { PERM_EXT_RO, .length = tph_length },
	[PCI_EXT_CAP_ID_LTR]   = { PERM_EXT_RO, PCI_EXT_CAP_LTR_SIZEOF },
	[PCI_EXT_CAP_ID_DVSEC] = { PERM_EXT_RAW_WRITE,
				   .length = dvsec_length },
};

/* Fill @cap from the table; 1 if the user sees it, 0 if it is hidden */
static int cap_look_up(struct vfio_pci_device *vdev,
		       const struct cap_type *types, size_t nr_types,
		       unsigned int id, struct cap *cap)
{
	const struct cap_type *type;
	int len;

	if (id >= nr_types)
		return 0;

	type = &types[id];
	cap->perm = type->perm;
	len = type->len;
	if (type->length)
		len = type->length(vdev, cap);
	if (len == -ENXIO)
		return 0;
	if (len <= 0)
		return len;

	cap->len = len;
	return 1;
}

/* Read what the tables answer from the virtual copy, a dword at a time */
static int fill_vcopy(struct vfio_pci_device *vdev, unsigned int pos,
		      unsigned int len)
{
	struct vfio_pci_config *config = &vdev->config;
	const struct vfio_pci_rule *rules = config->tables->rules;
	unsigned int end = pos + len;
	u8 dword[4];
	u32 val;
	int ret;

	while (pos < end) {
		unsigned int i, stop = min(end, ALIGN_DOWN(pos, 4) + 4);
		u8 virt = 0;

		for (i = pos; i < stop; i++)
			virt |= rules[config->map[i] & PERM_RULE_MASK].virt;

		if (virt) {
			ret = read_dword(vdev, ALIGN_DOWN(pos, 4), &val);
			if (ret)
				return ret;
			put_unaligned_le32(val, dword);
			memcpy(&config->vcopy[pos], &dword[pos % 4],
			       stop - pos);
		}
		pos = stop;
	}
	return 0;
}

static int cap_cmp(const void *a, const void *b)
{
	return ((const struct cap *)a)->pos - ((const struct cap *)b)->pos;
}

static bool is_raw(const struct cap *cap)
{
	return cap->perm == PERM_RAW_WRITE || cap->perm == PERM_EXT_RAW_WRITE;
}

/*
 * A capability that claims bytes of the next one, or that don't exist, is not
 * what it says: its registers can be read, but not written.
 */
static void distrust(struct vfio_pci_device *vdev, struct cap *cap,
		     unsigned int next, unsigned int limit)
{
	unsigned int end = cap->pos + cap->len;

	if (end <= min(next, limit))
		return;

	pci_info_ratelimited(vdev->pdev,
			     "capability at %#x claims %u bytes, has room for %u\n",
			     cap->pos, cap->len, min(next, limit) - cap->pos);
	cap->len = min(end, limit) - cap->pos;
	if (!is_raw(cap))
		cap->perm = cap->pos < PCI_CFG_SPACE_SIZE ? PERM_RO :
							    PERM_EXT_RO;
}

static void lay_cap(struct vfio_pci_device *vdev, const struct cap *cap,
		    unsigned int limit)
{
	u8 *map = vdev->config.map;
	unsigned int end = cap->pos + cap->len;

	vfio_pci_perm_lay(vdev->config.tables, cap->perm, &map[cap->pos],
			  cap->len);
	if (end < limit)
		map[end] |= PERM_OWNER_START;
}

/*
 * Lay the tables of @caps, sorted, over the map.  Where they overlap, what the
 * user may write at will gives way, and so does who began earlier.
 */
static void lay_sorted(struct vfio_pci_device *vdev, const struct cap *caps,
		       unsigned int nr, unsigned int limit)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (is_raw(&caps[i]))
			lay_cap(vdev, &caps[i], limit);
	for (i = 0; i < nr; i++)
		if (!is_raw(&caps[i]))
			lay_cap(vdev, &caps[i], limit);
}

/* Give each of @caps, in chain order, its bytes below @limit */
static int lay_caps(struct vfio_pci_device *vdev, struct cap *caps,
		    unsigned int nr, unsigned int limit)
{
	unsigned int i;
	int ret;

	sort(caps, nr, sizeof(*caps), cap_cmp, NULL);

	for (i = 0; i < nr; i++)
		distrust(vdev, &caps[i], i + 1 < nr ? caps[i + 1].pos : limit,
			 limit);
	lay_sorted(vdev, caps, nr, limit);

	for (i = 0; i < nr; i++) {
		ret = fill_vcopy(vdev, caps[i].pos, caps[i].len);
		if (ret)
			return ret;
		if (caps[i].perm == PERM_PM)
			vfio_pci_emul_init_pm(vdev, caps[i].pos);
	}
	return 0;
}

/* Collect the visible standard capabilities in chain order, or an errno */
static int collect_std(struct vfio_pci_device *vdev, struct cap *caps)
{
	DECLARE_BITMAP(seen, PCI_CFG_SPACE_SIZE) = { };
	u8 pos = vdev->config.vcopy[PCI_CAPABILITY_LIST];
	int steps, ret, nr = 0;

	for (steps = 0; steps < MAX_STD_CAPS; steps++) {
		u8 id, next;

		if (pos < PCI_STD_HEADER_SIZEOF ||
		    pos > PCI_CFG_SPACE_SIZE - 4 ||
		    __test_and_set_bit(pos, seen))
			break;

		ret = read_byte(vdev, pos + PCI_CAP_LIST_ID, &id) ?:
		      read_byte(vdev, pos + PCI_CAP_LIST_NEXT, &next);
		if (ret)
			return ret;
		caps[nr].pos = pos;
		ret = cap_look_up(vdev, std_types, ARRAY_SIZE(std_types), id,
				  &caps[nr]);
		if (ret < 0)
			return ret;
		nr += ret;
		pos = next;
	}
	return nr;
}

/*
 * Each capability's next pointer, in the order the device has them.  The
 * pointers are known before lay_caps() sorts, and written after it has filled
 * the virtual copy.
 */
static void link_std(struct vfio_pci_device *vdev, const u16 *chain,
		     unsigned int nr)
{
	u8 *vcopy = vdev->config.vcopy;
	unsigned int i, at = PCI_CAPABILITY_LIST;

	for (i = 0; i < nr; i++) {
		vcopy[at] = chain[i];
		at = chain[i] + PCI_CAP_LIST_NEXT;
	}
	vcopy[at] = 0;

	if (!nr)
		vcopy[PCI_STATUS] &= ~PCI_STATUS_CAP_LIST;
}

static void remember_chain(const struct cap *caps, unsigned int nr, u16 *chain)
{
	while (nr--)
		chain[nr] = caps[nr].pos;
}

static bool announces_extended(const struct cap *cap)
{
	return cap->perm == PERM_EXP ||
	       (cap->perm == PERM_PCIX && cap->len == PCI_CAP_PCIX_SIZEOF_V2);
}

/* Map the standard capabilities; 1 if there may be extended ones behind them */
static int map_std(struct vfio_pci_device *vdev)
{
	struct cap caps[MAX_STD_CAPS];
	u16 chain[MAX_STD_CAPS];
	bool extended = false;
	int i, nr = 0, ret;

	if (vdev->config.vcopy[PCI_STATUS] & PCI_STATUS_CAP_LIST)
		nr = collect_std(vdev, caps);
	if (nr < 0)
		return nr;

	for (i = 0; i < nr; i++)
		extended |= announces_extended(&caps[i]);

	remember_chain(caps, nr, chain);
	ret = lay_caps(vdev, caps, nr, PCI_CFG_SPACE_SIZE);
	if (ret)
		return ret;
	link_std(vdev, chain, nr);
	return extended;
}

static int collect_ext(struct vfio_pci_device *vdev, struct cap *caps)
{
	DECLARE_BITMAP(seen, PCI_CFG_SPACE_EXP_SIZE) = { };
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	int ret, nr = 0;
	u32 header;

	while (pos >= PCI_CFG_SPACE_SIZE && pos + 4 <= vdev->config.size &&
	       !__test_and_set_bit(pos, seen)) {
		ret = read_dword(vdev, pos, &header);
		if (ret)
			return ret;
		if (PCI_POSSIBLE_ERROR(header))
			break;

		caps[nr].pos = pos;
		ret = cap_look_up(vdev, ext_types, ARRAY_SIZE(ext_types),
				  PCI_EXT_CAP_ID(header), &caps[nr]);
		if (ret < 0)
			return ret;
		nr += ret;
		pos = PCI_EXT_CAP_NEXT(header);
	}
	return nr;
}

/* The next field is bits 31:20 of a capability's first dword (PCIe, 7.6.3) */
static void set_ext_next(u8 *header, unsigned int next)
{
	u32 val = get_unaligned_le32(header) & GENMASK(19, 0);

	put_unaligned_le32(val | next << 20, header);
}

/*
 * The chain begins at 0x100, whether the user sees the capability there or
 * not.  If not, a header with nothing but the next field takes its place.
 */
static void link_ext(struct vfio_pci_device *vdev, const u16 *chain,
		     unsigned int nr)
{
	u8 *vcopy = vdev->config.vcopy;
	u8 *map = vdev->config.map;
	unsigned int i, at = PCI_CFG_SPACE_SIZE;

	if (!nr || chain[0] != PCI_CFG_SPACE_SIZE) {
		memset(&map[at], PERM_RULE_VIRT_RO, 4);
		map[at] |= PERM_OWNER_START;
		map[at + 4] |= PERM_OWNER_START;
		memset(&vcopy[at], 0, 4);
	}

	for (i = 0; i < nr; i++) {
		if (chain[i] != at)
			set_ext_next(&vcopy[at], chain[i]);
		at = chain[i];
	}
	set_ext_next(&vcopy[at], 0);
}

static int map_ext(struct vfio_pci_device *vdev)
{
	struct cap *caps __free(kfree) = kmalloc_objs(*caps, MAX_EXT_CAPS);
	u16 *chain __free(kfree) = kmalloc_objs(*chain, MAX_EXT_CAPS);
	int nr, ret;

	if (!caps || !chain)
		return -ENOMEM;

	nr = collect_ext(vdev, caps);
	if (nr < 0)
		return nr;

	remember_chain(caps, nr, chain);
	ret = lay_caps(vdev, caps, nr, vdev->config.size);
	if (ret)
		return ret;
	link_ext(vdev, chain, nr);
	return 0;
}

/* Extended config space that nothing answers in is left raw */
static bool has_extended(struct vfio_pci_device *vdev)
{
	u32 header;

	return vdev->config.size > PCI_CFG_SPACE_SIZE &&
	       !read_dword(vdev, PCI_CFG_SPACE_SIZE, &header) &&
	       header && !PCI_POSSIBLE_ERROR(header);
}

int vfio_pci_caps_map(struct vfio_pci_device *vdev)
{
	struct vfio_pci_config *config = &vdev->config;
	int ret;

	/* PERM_RULE_RAW is 0: what nobody claims is a gap */
	static_assert(PERM_RULE_RAW == 0);

	vfio_pci_perm_lay(config->tables, PERM_HEADER, config->map,
			  PCI_STD_HEADER_SIZEOF);
	if (vdev->pdev->no_command_memory)
		vfio_pci_perm_lay(config->tables, PERM_COMMAND_NO_MEM,
				  &config->map[PCI_COMMAND], 2);
	config->map[PCI_STD_HEADER_SIZEOF] |= PERM_OWNER_START;

	ret = fill_vcopy(vdev, 0, PCI_STD_HEADER_SIZEOF);
	if (ret)
		return ret;

	ret = map_std(vdev);
	if (ret > 0 && has_extended(vdev))
		ret = map_ext(vdev);
	return min(ret, 0);
}
