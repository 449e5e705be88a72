/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of an NVMe controller as is needed to make it read and write memory
 * and interrupt: the admin queues and a few pairs of I/O queues, the completion
 * queue of pair n interrupting by vector n.
 */
#ifndef SELFTESTS_VFIO_PCI_NVME_H
#define SELFTESTS_VFIO_PCI_NVME_H

#include <stdint.h>

#include "vfio_lib.h"

#define NVME_MAX_QUEUES		8
#define NVME_QUEUE_DEPTH	32
#define NVME_PAGE		4096UL

/* All that the controller uses of memory, as it sees it */
#define NVME_IOVA		0x10000000UL
#define NVME_MEMORY		((2 * NVME_MAX_QUEUES + 1) * NVME_PAGE)

struct nvme_queue {
	unsigned int submitted;		/* tail of the submission queue */
	unsigned int completed;		/* head of the completion queue */
	unsigned int phase;		/* of the next completion */
};

/**
 * struct nvme - a controller in use
 * @dev: the device
 * @bar: mapping of BAR0
 * @memory: queues, and behind them a page for data; NVME_IOVA to the device
 * @queues: pairs of queues, the first one the admin queues
 * @count: how many of @queues there are
 */
struct nvme {
	const struct vfio_dev *dev;
	void *bar;
	char *memory;
	struct nvme_queue queues[NVME_MAX_QUEUES];
	unsigned int count;
};

/**
 * nvme_start() - reset the controller and create its queues
 * @nvme: filled in
 * @dev: the device; its bus mastering has to be on
 * @bar: mapping of BAR0
 * @count: pairs of queues
 *
 * When MSI-X is to be used it has to be enabled before: the emulator looks at
 * it while a queue is created.
 *
 * Return: 0 or -errno.
 */
int nvme_start(struct nvme *nvme, const struct vfio_dev *dev, void *bar,
	       unsigned int count);
/* Stop the controller and give its memory back */
void nvme_stop(struct nvme *nvme);

/* Hand over a command that does nothing; it completes with an interrupt. */
void nvme_submit_nop(struct nvme *nvme, unsigned int queue);

/**
 * nvme_complete() - take one completion off a queue, which ends its INTx
 * @nvme: the controller
 * @queue: which
 *
 * Waits up to two seconds.
 *
 * Return: the command's status, or -ETIMEDOUT.
 */
int nvme_complete(struct nvme *nvme, unsigned int queue);

/* Whether a completion waits on the queue, without taking it */
bool nvme_has_completed(const struct nvme *nvme, unsigned int queue);

/**
 * nvme_identify() - let the controller write who it is to memory
 * @nvme: the controller
 * @iova: page that it writes to
 *
 * Return: the command's status, or -ETIMEDOUT.
 */
int nvme_identify(struct nvme *nvme, uint64_t iova);

/* What the primary controller of a PF can do to the secondary one of a VF */
enum nvme_virtualization {
	NVME_SECONDARY_OFFLINE = 7,
	NVME_SECONDARY_ASSIGN = 8,
	NVME_SECONDARY_ONLINE = 9,
};

/* Of what it is given a number */
enum nvme_resource {
	NVME_RESOURCE_QUEUES,		/* pairs, the admin queues included */
	NVME_RESOURCE_INTERRUPTS,
};

/**
 * nvme_virtualize() - Virtualization Management
 * @nvme: the primary controller
 * @action: what to do
 * @resource: with which resource, for NVME_SECONDARY_ASSIGN
 * @secondary: number of the VF's controller, the first VF's being 1
 * @count: how many
 *
 * Return: the command's status, or -ETIMEDOUT.
 */
int nvme_virtualize(struct nvme *nvme, enum nvme_virtualization action,
		    enum nvme_resource resource, unsigned int secondary,
		    unsigned int count);

#endif /* SELFTESTS_VFIO_PCI_NVME_H */
