// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "nvme.h"

#define REG_CAP			0x00
#define REG_CC			0x14
#define REG_CSTS		0x1c
#define REG_AQA			0x24
#define REG_ASQ			0x28
#define REG_ACQ			0x30
#define REG_DOORBELLS		0x1000

#define CC_ENABLE		0x1
#define CC_ENTRY_SIZES		(6 << 16 | 4 << 20)	/* 64 and 16 bytes */
#define CSTS_READY		0x1

#define ADMIN_CREATE_SQ		0x01
#define ADMIN_CREATE_CQ		0x05
#define ADMIN_IDENTIFY		0x06
#define ADMIN_GET_FEATURES	0x0a
#define ADMIN_VIRTUALIZATION	0x1c
#define FEATURE_QUEUES		0x07
#define IDENTIFY_CONTROLLER	0x01
#define IO_FLUSH		0x00

#define QUEUE_CONTIGUOUS	0x1
#define QUEUE_INTERRUPTS	0x2

#define PHASE_BIT		16
#define TIMEOUT_MS		2000

struct command {
	uint32_t opcode;
	uint32_t nsid;
	uint64_t reserved[2];
	uint64_t prp[2];
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t cdw12[4];
};

struct completion {
	uint32_t result;
	uint32_t reserved;
	uint32_t queue;
	uint32_t status;
};

static uint32_t read32(const struct nvme *nvme, unsigned long reg)
{
	return __atomic_load_n((uint32_t *)((char *)nvme->bar + reg),
			       __ATOMIC_ACQUIRE);
}

static void write32(struct nvme *nvme, unsigned long reg, uint32_t value)
{
	__atomic_store_n((uint32_t *)((char *)nvme->bar + reg), value,
			 __ATOMIC_RELEASE);
}

static void write64(struct nvme *nvme, unsigned long reg, uint64_t value)
{
	write32(nvme, reg, value);
	write32(nvme, reg + 4, value >> 32);
}

static void ring(struct nvme *nvme, unsigned int queue, bool completion,
		 uint32_t value)
{
	unsigned int stride = 4 << (read32(nvme, REG_CAP + 4) & 0xf);

	write32(nvme, REG_DOORBELLS + (2 * queue + completion) * stride, value);
}

/* Where the rings of a pair of queues lie: two pages each */
static unsigned long sq_offset(unsigned int queue)
{
	return 2 * queue * NVME_PAGE;
}

static unsigned long cq_offset(unsigned int queue)
{
	return (2 * queue + 1) * NVME_PAGE;
}

static void submit(struct nvme *nvme, unsigned int queue,
		   const struct command *command)
{
	struct command *ring_of = (void *)(nvme->memory + sq_offset(queue));
	struct nvme_queue *q = &nvme->queues[queue];

	ring_of[q->submitted] = *command;
	q->submitted = (q->submitted + 1) % NVME_QUEUE_DEPTH;
	ring(nvme, queue, false, q->submitted);
}

static uint32_t next_status(const struct nvme *nvme, unsigned int queue)
{
	struct completion *ring_of = (void *)(nvme->memory + cq_offset(queue));

	return __atomic_load_n(&ring_of[nvme->queues[queue].completed].status,
			       __ATOMIC_ACQUIRE);
}

bool nvme_has_completed(const struct nvme *nvme, unsigned int queue)
{
	return (next_status(nvme, queue) >> PHASE_BIT & 1) ==
	       nvme->queues[queue].phase;
}

int nvme_complete(struct nvme *nvme, unsigned int queue)
{
	struct nvme_queue *q = &nvme->queues[queue];
	uint32_t status;
	int ms;

	for (ms = 0; !nvme_has_completed(nvme, queue); ms++) {
		if (ms == TIMEOUT_MS)
			return -ETIMEDOUT;
		vfio_sleep_ms(1);
	}
	status = next_status(nvme, queue) >> (PHASE_BIT + 1);
	q->completed = (q->completed + 1) % NVME_QUEUE_DEPTH;
	if (!q->completed)
		q->phase ^= 1;
	ring(nvme, queue, true, q->completed);
	return status;
}

static int run_admin(struct nvme *nvme, const struct command *command)
{
	submit(nvme, 0, command);
	return nvme_complete(nvme, 0);
}

static int create_queues(struct nvme *nvme, unsigned int queue)
{
	struct command cq = {
		.opcode = ADMIN_CREATE_CQ,
		.prp[0] = NVME_IOVA + cq_offset(queue),
		.cdw10 = (NVME_QUEUE_DEPTH - 1) << 16 | queue,
		.cdw11 = queue << 16 | QUEUE_INTERRUPTS | QUEUE_CONTIGUOUS,
	};
	struct command sq = {
		.opcode = ADMIN_CREATE_SQ,
		.prp[0] = NVME_IOVA + sq_offset(queue),
		.cdw10 = (NVME_QUEUE_DEPTH - 1) << 16 | queue,
		.cdw11 = queue << 16 | QUEUE_CONTIGUOUS,
	};

	return run_admin(nvme, &cq) || run_admin(nvme, &sq) ? -EIO : 0;
}

static int set_enabled(struct nvme *nvme, bool enabled)
{
	int ms;

	write32(nvme, REG_CC, enabled ? CC_ENTRY_SIZES | CC_ENABLE : 0);
	for (ms = 0; ms < TIMEOUT_MS; ms++) {
		if ((read32(nvme, REG_CSTS) & CSTS_READY) == enabled)
			return 0;
		vfio_sleep_ms(1);
	}
	return -ETIMEDOUT;
}

static int start_controller(struct nvme *nvme)
{
	unsigned int depth = NVME_QUEUE_DEPTH - 1;
	unsigned int queue;
	int ret;

	ret = set_enabled(nvme, false);
	if (ret)
		return ret;
	for (queue = 0; queue < nvme->count; queue++)
		nvme->queues[queue] = (struct nvme_queue){ .phase = 1 };
	write32(nvme, REG_AQA, depth << 16 | depth);
	write64(nvme, REG_ASQ, NVME_IOVA + sq_offset(0));
	write64(nvme, REG_ACQ, NVME_IOVA + cq_offset(0));
	ret = set_enabled(nvme, true);
	for (queue = 1; !ret && queue < nvme->count; queue++)
		ret = create_queues(nvme, queue);
	return ret;
}

int nvme_start(struct nvme *nvme, const struct vfio_dev *dev, void *bar,
	       unsigned int count)
{
	int ret;

	*nvme = (struct nvme){ .dev = dev, .bar = bar, .count = count };
	nvme->memory = vfio_buffer(NVME_MEMORY);
	if (!nvme->memory)
		return -ENOMEM;
	ret = vfio_dma_map(dev, nvme->memory, NVME_MEMORY, NVME_IOVA);
	if (ret) {
		vfio_buffer_free(nvme->memory, NVME_MEMORY);
		nvme->memory = NULL;
		return ret;
	}
	ret = start_controller(nvme);
	if (ret)
		nvme_stop(nvme);
	return ret;
}

void nvme_stop(struct nvme *nvme)
{
	if (!nvme->memory)
		return;
	set_enabled(nvme, false);
	vfio_dma_unmap(nvme->dev, NVME_IOVA, NVME_MEMORY);
	vfio_buffer_free(nvme->memory, NVME_MEMORY);
	nvme->memory = NULL;
}

void nvme_submit_nop(struct nvme *nvme, unsigned int queue)
{
	static const struct command admin = {
		.opcode = ADMIN_GET_FEATURES, .cdw10 = FEATURE_QUEUES,
	};
	static const struct command io = { .opcode = IO_FLUSH, .nsid = 1 };

	submit(nvme, queue, queue ? &io : &admin);
}

int nvme_identify(struct nvme *nvme, uint64_t iova)
{
	struct command command = {
		.opcode = ADMIN_IDENTIFY,
		.prp[0] = iova,
		.cdw10 = IDENTIFY_CONTROLLER,
	};

	return run_admin(nvme, &command);
}

int nvme_virtualize(struct nvme *nvme, enum nvme_virtualization action,
		    enum nvme_resource resource, unsigned int secondary,
		    unsigned int count)
{
	struct command command = {
		.opcode = ADMIN_VIRTUALIZATION,
		.cdw10 = secondary << 16 | resource << 8 | action,
		.cdw11 = count,
	};

	return run_admin(nvme, &command);
}
