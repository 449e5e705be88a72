// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "e1000e.h"
#include "edu.h"
#include "irq_source.h"

#define NVME_VECTORS	5

/**
 * struct irq_source_ops - how one kind of device raises interrupts
 * @device: its name in the device table
 * @arm: let it raise interrupts of source->index, none being pending
 * @raise: raise that of this vector
 * @ack: end it
 */
struct irq_source_ops {
	const char *device;
	int (*arm)(struct irq_source *source);
	void (*raise)(struct irq_source *source, unsigned int vector);
	void (*ack)(struct irq_source *source, unsigned int vector);
};

static int edu_arm(struct irq_source *source)
{
	edu_irq_ack_all(source->bar);
	return 0;
}

static void edu_raise(struct irq_source *source, unsigned int vector)
{
	edu_irq_raise(source->bar, 1U << vector);
}

static void edu_ack(struct irq_source *source, unsigned int vector)
{
	edu_irq_ack_all(source->bar);
}

/*
 * INTx only: messages are throttled by the emulated card, which may send one
 * more of them later than asked for.
 */
static int e1000e_arm(struct irq_source *source)
{
	if (source->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -ENODEV;
	e1000e_irq_quiet(source->bar);
	e1000e_write(source->bar, E1000E_IMS, E1000E_CAUSE_LINK);
	return 0;
}

static void e1000e_raise(struct irq_source *source, unsigned int vector)
{
	e1000e_irq_raise(source->bar, E1000E_CAUSE_LINK);
}

static void e1000e_ack(struct irq_source *source, unsigned int vector)
{
	e1000e_irq_ack(source->bar, ~0U);
}

/* MSI-X only: the emulated controller may forget to lower its INTx. */
static int nvme_arm(struct irq_source *source)
{
	if (source->index != VFIO_PCI_MSIX_IRQ_INDEX)
		return -ENODEV;
	nvme_stop(&source->nvme);
	return nvme_start(&source->nvme, source->dev, source->bar, NVME_VECTORS);
}

static void nvme_raise(struct irq_source *source, unsigned int vector)
{
	nvme_submit_nop(&source->nvme, vector);
}

static void nvme_ack(struct irq_source *source, unsigned int vector)
{
	nvme_complete(&source->nvme, vector);
}

static const struct irq_source_ops devices[] = {
	{ "edu", edu_arm, edu_raise, edu_ack },
	{ "e1000e", e1000e_arm, e1000e_raise, e1000e_ack },
	{ "nvme", nvme_arm, nvme_raise, nvme_ack },
};

static const struct irq_source_ops *find_ops(const char *device)
{
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (!strcmp(devices[i].device, device))
			return &devices[i];
	return NULL;
}

int irq_source_open(struct irq_source *source, const struct vfio_dev *dev)
{
	int ret;

	*source = (struct irq_source){ .dev = dev };
	source->ops = find_ops(dev->target.name);
	if (!source->ops)
		return -ENODEV;
	/* A message is a write to memory. */
	ret = vfio_bus_master(dev, true);
	if (ret)
		return ret;
	ret = vfio_region_mmap(dev, VFIO_PCI_BAR0_REGION_INDEX, 0,
			       dev->region[0].size, PROT_READ | PROT_WRITE,
			       MAP_SHARED, &source->bar);
	if (ret)
		source->bar = NULL;
	return ret;
}

void irq_source_close(struct irq_source *source)
{
	if (!source->bar)
		return;
	nvme_stop(&source->nvme);
	munmap(source->bar, source->dev->region[0].size);
	source->bar = NULL;
}

int irq_source_arm(struct irq_source *source, uint32_t index)
{
	source->index = index;
	return source->ops->arm(source);
}

void irq_source_raise(struct irq_source *source, unsigned int vector)
{
	source->ops->raise(source, vector);
}

void irq_source_ack(struct irq_source *source, unsigned int vector)
{
	source->ops->ack(source, vector);
}

void irq_line_name(char *text, size_t size, const char *addr, uint32_t index,
		   unsigned int vector)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		snprintf(text, size, "vfio-intx(%s)", addr);
	else
		snprintf(text, size, "vfio-msi%s[%u](%s)",
			 index == VFIO_PCI_MSIX_IRQ_INDEX ? "x" : "", vector, addr);
}

/* "  31:   12   0  IR-PCI-MSI ...": the numbers behind the colon, summed up */
static int64_t line_sum(const char *line)
{
	const char *p = strchr(line, ':');
	int64_t sum = 0;
	char *end;

	if (!p)
		return 0;
	for (p++;; p = end) {
		long long count = strtoll(p, &end, 10);

		if (end == p || (*end != ' ' && *end != '\n'))
			return sum;
		sum += count;
	}
}

int64_t irq_line_count(const char *action)
{
	FILE *file = fopen("/proc/interrupts", "r");
	int64_t count = -ENOENT;
	char line[4096];

	if (!file)
		return -errno;
	while (count < 0 && fgets(line, sizeof(line), file))
		if (strstr(line, action))
			count = line_sum(line);
	fclose(file);
	return count;
}

int irq_lines_of_vfio(const char *addr)
{
	FILE *file = fopen("/proc/interrupts", "r");
	char line[4096];
	int lines = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (strstr(line, " vfio-") && (!addr || strstr(line, addr)))
			lines++;
	fclose(file);
	return lines;
}
