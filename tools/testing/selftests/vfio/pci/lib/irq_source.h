/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that raise an interrupt when a test wants one, and what the kernel
 * says about interrupts in /proc/interrupts.
 */
#ifndef SELFTESTS_VFIO_PCI_IRQ_SOURCE_H
#define SELFTESTS_VFIO_PCI_IRQ_SOURCE_H

#include <stdint.h>

#include "nvme.h"
#include "vfio_lib.h"

struct irq_source_ops;

/**
 * struct irq_source - an open device that raises interrupts
 * @ops: how this kind of device does it
 * @dev: the device
 * @bar: mapping of its BAR0
 * @index: VFIO_PCI_*_IRQ_INDEX that it is armed for
 * @nvme: its queues, where it is a controller
 */
struct irq_source {
	const struct irq_source_ops *ops;
	const struct vfio_dev *dev;
	void *bar;
	uint32_t index;
	struct nvme nvme;
};

/**
 * irq_source_open() - use a device as a source of interrupts
 * @source: filled in
 * @dev: an open edu, e1000e or nvme; bus mastering is turned on
 *
 * Return: 0, -ENODEV for another kind of device, or another -errno.
 */
int irq_source_open(struct irq_source *source, const struct vfio_dev *dev);
void irq_source_close(struct irq_source *source);

/**
 * irq_source_arm() - let the device raise interrupts, none being pending
 * @source: the device
 * @index: kind of interrupt; has to be enabled before
 *
 * Return: 0 or -errno.
 */
int irq_source_arm(struct irq_source *source, uint32_t index);
/* Raise the interrupt of this vector; INTx stays asserted until ... */
void irq_source_raise(struct irq_source *source, unsigned int vector);
/* ... it is acknowledged; needed after a message, too */
void irq_source_ack(struct irq_source *source, unsigned int vector);

/**
 * irq_line_count() - interrupts that arrived so far
 * @action: name of the handler, such as "vfio-intx(0000:00:03.0)"
 *
 * Return: the count of all CPUs in the line of /proc/interrupts that has this
 * name, or -ENOENT when there is none.
 */
int64_t irq_line_count(const char *action);

/* The name of the handler of an interrupt, written to @text */
void irq_line_name(char *text, size_t size, const char *addr, uint32_t index,
		   unsigned int vector);

/* Number of lines with a handler of vfio, of this device or (NULL) of any */
int irq_lines_of_vfio(const char *addr);

#endif /* SELFTESTS_VFIO_PCI_IRQ_SOURCE_H */
