/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_COMMON_PERM_H
#define VFIO_PCI_COMMON_PERM_H

#include <linux/bits.h>
#include <linux/types.h>

/*
 * A map byte is the number of a rule, plus a mark on the first byte of each
 * owner (a capability, or the gap behind one).
 */
#define PERM_OWNER_START	BIT(7)
#define PERM_RULE_MASK		GENMASK(6, 0)
#define PERM_MAX_RULES		128

/* Rules every map can count on; the others are made from the descriptors */
enum vfio_pci_perm_fixed_rule {
	PERM_RULE_RAW,		/* nobody's: read and written at the device */
	PERM_RULE_RO,		/* read at the device, writes dropped */
	PERM_RULE_VIRT_RO,	/* read from the virtual copy, writes dropped */
	PERM_RULE_VIRT,		/* read and written in the virtual copy */
	PERM_NR_FIXED_RULES,
};

/* What a write to a field does beyond storing its bits; see emul.c */
enum vfio_pci_perm_hook {
	PERM_HOOK_NONE,
	PERM_HOOK_COMMAND,
	PERM_HOOK_BAR,
	PERM_HOOK_PM,
	PERM_HOOK_VPD,
	PERM_HOOK_MSI,
	PERM_HOOK_EXP,
	PERM_HOOK_AF,
	PERM_NR_HOOKS,
};

/**
 * struct vfio_pci_perm_field - the rule of one register, a row of a descriptor
 * @offset: from the start of the capability
 * @width: 1, 2 or 4 bytes
 * @hook: enum vfio_pci_perm_hook
 * @virt: bits that the user reads from the virtual copy
 * @write: bits that the user may write
 */
struct vfio_pci_perm_field {
	u16	offset;
	u8	width;
	u8	hook;
	u32	virt;
	u32	write;
};

/**
 * struct vfio_pci_perm_desc - the rules of one capability
 * @fields: rows; a byte that no row names has rule @body
 * @nr_fields: number of rows
 * @len: bytes described; longer instances go on with rule @body
 * @body: enum vfio_pci_perm_fixed_rule
 * @header: bytes at the start that are virtual and read-only: 2 for a standard
 *	capability (ID, next), 4 for an extended one
 */
struct vfio_pci_perm_desc {
	const struct vfio_pci_perm_field *fields;
	u8	nr_fields;
	u8	len;
	u8	body;
	u8	header;
};

/* Descriptors that are not a capability ID's own */
enum vfio_pci_perm_id {
	PERM_HEADER,		/* type 0 header */
	PERM_COMMAND_NO_MEM,	/* its command, without a memory enable bit */
	PERM_RO,		/* any standard capability that is read-only */
	PERM_RAW_WRITE,		/* any standard one the user may write at will */
	PERM_PM,
	PERM_VPD,
	PERM_MSI_32,
	PERM_MSI_64,
	PERM_MSI_32_MASK,
	PERM_MSI_64_MASK,
	PERM_PCIX,
	PERM_EXP,
	PERM_AF,
	PERM_EXT_RO,
	PERM_EXT_RAW_WRITE,
	PERM_ERR,
	PERM_PWR,
	PERM_NR_IDS,
};

/**
 * struct vfio_pci_rule - what the user may do with one byte
 * @virt: bits read from the virtual copy
 * @write: bits that may be written
 * @hook: enum vfio_pci_perm_hook
 */
struct vfio_pci_rule {
	u8	virt;
	u8	write;
	u8	hook;
};

/**
 * struct vfio_pci_perm_tables - the descriptors, compiled
 * @rules: all different rules; immutable once compiled
 * @nr_rules: in use
 * @rule: per descriptor, the rule number of each of its bytes
 */
struct vfio_pci_perm_tables {
	struct vfio_pci_rule	rules[PERM_MAX_RULES];
	unsigned int		nr_rules;
	u8			*rule[PERM_NR_IDS];
};

extern const struct vfio_pci_perm_desc vfio_pci_perm_descs[PERM_NR_IDS];

/* Lay descriptor @id over @len bytes of a map, as a new owner */
void vfio_pci_perm_lay(const struct vfio_pci_perm_tables *tables,
		       enum vfio_pci_perm_id id, u8 *map, unsigned int len);

#if IS_ENABLED(CONFIG_KUNIT)
void *vfio_pci_perm_alloc(size_t size);
void vfio_pci_perm_free(void *mem);
#endif

void vfio_pci_perm_debugfs_init(void);
void vfio_pci_perm_debugfs_exit(void);

#endif /* VFIO_PCI_COMMON_PERM_H */
