// SPDX-License-Identifier: GPL-2.0-only
/* Where ours is meant to differ from the distribution's driver, and why */
#include <errno.h>
#include <string.h>

#include "compare.h"

#define ANY	(-1)
/* Devices without PCIe capability */
#define CONVENTIONAL	"edu ivshmem testdev virtio vga hda"

/**
 * struct row - one difference that is meant
 * @devices: of these devices; NULL for any
 * @kind: of these calls
 * @arg: number of an argument that has to be @value, or ANY
 * @value: see there
 * @stock: what the distribution's driver returns
 * @ours: what ours returns, or ANY; where both are ANY, only data differ
 * @first: first byte of the data that may differ
 * @last: last one
 * @mask: bits of these bytes
 * @reason: why
 * @only_ours: where they differ, the bits are set in ours
 * @after: only after that happened
 */
struct row {
	const char *devices;
	enum kind kind;
	int arg;
	uint64_t value;
	int stock;
	int ours;
	unsigned int first;
	unsigned int last;
	uint8_t mask;
	const char *reason;
	bool only_ours;
	enum event after;
};

/* In "first" and "last": the low byte of the control register */
#define MSI_CONTROL(_device, ...)						\
	{ _device, CFG_READ, ANY, 0, ANY, ANY, __VA_ARGS__,			\
	  PCI_MSI_FLAGS_QMASK | PCI_MSI_FLAGS_64BIT,				\
	  "read-only fields of the MSI control register keep their value" }

#define MSI_ENABLE(_device, ...)						\
	{ _device, HW_CONFIG, ANY, 0, ANY, ANY, __VA_ARGS__,			\
	  PCI_MSI_FLAGS_ENABLE,							\
	  "a write that ends before the MSI control register doesn't turn MSI off",	\
	  true }

#define VECTORS_STAY	"vectors of a block that is refused stay as they are"

/* Address and data, which are zeroed when there is no handler any more */
#define MSI_MESSAGE(_device, _first, _last)					\
	{ _device, HW_CONFIG, ANY, 0, ANY, ANY, _first, _last, 0xff, VECTORS_STAY,	\
	  true, VECTORS_REFUSED }

#define WRITTEN_ASLEEP(_kind, _first, _last, _reason)				\
	{ "e1000e", _kind, ANY, 0, ANY, ANY, _first, _last, 0xff, _reason,	\
	  .after = COMMAND_IN_D3HOT }

#define BARS_AS_WRITTEN								\
	"memory is decoded as written to the command register in D3hot"

static const struct row rows[] = {
	{ CONVENTIONAL, GET_IRQ_INFO, 1, VFIO_PCI_ERR_IRQ_INDEX, -EINVAL, 0, 0, 127, 0xff,
	  "the error interrupt of conventional devices is there on all kernels" },
	{ CONVENTIONAL, SET_IRQS, 2, VFIO_PCI_ERR_IRQ_INDEX, -EINVAL, ANY, 0, NR_EVENTFDS - 1,
	  0xff,
	  "the error interrupt of conventional devices can be used on all kernels" },
	{ NULL, HW_CONFIG, ANY, 0, ANY, ANY, PCI_COMMAND + 1, PCI_COMMAND + 1,
	  PCI_COMMAND_INTX_DISABLE >> 8, "INTx is off at a device that uses MSI", true },
	/* They were reset, or woke up from D3hot, while MSI or MSI-X was on. */
	{ "e1000e nvme sriov", HW_CONFIG, ANY, 0, ANY, ANY, PCI_COMMAND + 1, PCI_COMMAND + 1,
	  PCI_COMMAND_INTX_DISABLE >> 8,
	  "INTx Disable of a device is what the user set, after MSI and a reset, too" },
	{ NULL, SET_IRQS, 2, VFIO_PCI_MSI_IRQ_INDEX, ANY, ANY, 0, NR_EVENTFDS - 1, 0xff,
	  VECTORS_STAY, true, VECTORS_REFUSED },
	{ NULL, SET_IRQS, 2, VFIO_PCI_MSIX_IRQ_INDEX, ANY, ANY, 0, NR_EVENTFDS - 1, 0xff,
	  VECTORS_STAY, true, VECTORS_REFUSED },
	MSI_MESSAGE("edu", 0x44, 0x4d),
	MSI_MESSAGE("hda", 0x64, 0x6d),
	MSI_MESSAGE("e1000e", 0xd4, 0xdd),
	/* The INTx Disable bit is in the second byte. */
	WRITTEN_ASLEEP(HW_CONFIG, PCI_COMMAND, PCI_COMMAND + 1,
		       "what is written to the command register in D3hot lasts"),
	WRITTEN_ASLEEP(CFG_READ, PCI_COMMAND, PCI_COMMAND + 1,
		       "what is written to the command register in D3hot lasts, and is read"),
	/* With memory decoding off there, but on for the user, they read as nothing. */
	WRITTEN_ASLEEP(REGION_READ, 0, MAX_DATA - 1, BARS_AS_WRITTEN),
	WRITTEN_ASLEEP(REGION_MMAP, 0, MAX_DATA - 1, BARS_AS_WRITTEN),
	{ "e1000e", REGION_READ, 0, VFIO_PCI_ROM_REGION_INDEX, -ENOMEM, ANY, 0, MAX_DATA - 1,
	  0xff, BARS_AS_WRITTEN, .after = COMMAND_IN_D3HOT },
	MSI_ENABLE("edu", 0x42, 0x42),
	MSI_ENABLE("hda", 0x62, 0x62),
	MSI_ENABLE("e1000e", 0xd2, 0xd2),
	MSI_CONTROL("edu", 0x42, 0x42),
	MSI_CONTROL("hda", 0x62, 0x62),
	MSI_CONTROL("e1000e", 0xd2, 0xd2),
};

/* Data of config space count from where it was read, others from 0 */
static bool byte_fits(const struct row *row, const struct record *a, const struct record *b,
		      unsigned int i)
{
	unsigned int at = i + (a->call.kind == CFG_READ ? a->call.arg[0] : 0);

	return at >= row->first && at <= row->last &&
	       !((a->data[i] ^ b->data[i]) & ~row->mask) &&
	       !(row->only_ours && a->data[i] & ~b->data[i]);
}

/* Devices without No_Soft_Reset, and their power management control register */
static const struct {
	const char *device;
	unsigned int pmcsr;
} forgetful[] = {
	{ "e1000e", 0xcc },
};

/* Was that byte of config space written, and what? */
static bool wrote(const struct record *r, unsigned int at, uint8_t *byte)
{
	uint64_t pos = r->call.arg[0];

	if (r->call.kind != CFG_WRITE || r->ret < 0 || at < pos || at >= pos + r->ret)
		return false;
	*byte = r->call.arg[2] >> (at - pos) % 8 * 8;
	return true;
}

void past_add(struct past *past, const struct record *r)
{
	uint8_t byte;

	if (r->chunk != past->chunk || r->nr < past->nr)
		*past = (struct past){ .chunk = r->chunk };
	past->nr = r->nr;
	if ((r->call.kind == RESET || r->call.kind == HOT_RESET) && !r->ret)
		past->asleep = false;
	if (past->asleep && (wrote(r, PCI_COMMAND, &byte) || wrote(r, PCI_COMMAND + 1, &byte)))
		past->happened[COMMAND_IN_D3HOT] = true;
	if (r->call.kind == SET_IRQS && r->ret < 0 &&
	    (r->call.arg[2] == VFIO_PCI_MSI_IRQ_INDEX ||
	     r->call.arg[2] == VFIO_PCI_MSIX_IRQ_INDEX))
		past->happened[VECTORS_REFUSED] = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(forgetful); i++) {
		if (strcmp(r->device, forgetful[i].device) ||
		    !wrote(r, forgetful[i].pmcsr, &byte))
			continue;
		/* D1 and D2 are refused by the device. */
		if ((byte & PCI_PM_CTRL_STATE_MASK) == 3)
			past->asleep = true;
		else if ((byte & PCI_PM_CTRL_STATE_MASK) == 0)
			past->asleep = false;
	}
}

static bool fits(const struct row *row, const struct past *past, const struct record *a,
		 const struct record *b)
{
	if (row->after && !past->happened[row->after])
		return false;
	if (row->devices && !strstr(row->devices, a->device))
		return false;
	if (row->kind != a->call.kind)
		return false;
	if (row->arg != ANY && a->call.arg[row->arg] != row->value)
		return false;
	return row->stock == ANY ? a->ret == b->ret :
	       a->ret == row->stock && (row->ours == ANY || b->ret == row->ours);
}

static int meant_byte(const struct past *past, const struct record *a,
		      const struct record *b, unsigned int byte)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		if (fits(&rows[i], past, a, b) && byte_fits(&rows[i], a, b, byte))
			return i;
	return -1;
}

/* Whether what they returned may differ, and so how much data came back */
static int meant_answer(const struct past *past, const struct record *a,
			const struct record *b)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		if (fits(&rows[i], past, a, b))
			return i;
	return -1;
}

int meant(const struct past *past, const struct record *stock, const struct record *ours)
{
	uint32_t len = stock->len < ours->len ? stock->len : ours->len;
	int row = -1;

	if (stock->ret != ours->ret)
		row = meant_answer(past, stock, ours);
	if (row < 0 && (stock->ret != ours->ret || stock->len != ours->len))
		return -1;
	for (unsigned int i = 0; i < len; i++) {
		if (stock->data[i] == ours->data[i])
			continue;
		row = meant_byte(past, stock, ours, i);
		if (row < 0)
			return -1;
	}
	return row;
}

const char *meant_reason(int row)
{
	return rows[row].reason;
}
