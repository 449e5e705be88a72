/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's educational PCI device: a register that inverts what is written, an
 * interrupt on request and a DMA engine with a buffer of its own. Everything
 * here works on a mapping of BAR0.
 */
#ifndef SELFTESTS_VFIO_PCI_EDU_H
#define SELFTESTS_VFIO_PCI_EDU_H

#include <errno.h>
#include <stdint.h>
#include <stdbool.h>
#include <unistd.h>

#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8
#define EDU_BAR_SIZE		0x100000

#define EDU_ID			0x00	/* 0xRRrr00ed */
#define EDU_LIVENESS		0x04	/* reads back inverted */
#define EDU_FACTORIAL		0x08
#define EDU_STATUS		0x20
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98

#define EDU_STATUS_COMPUTING	0x01
#define EDU_STATUS_IRQ		0x80	/* interrupt when the factorial is done */

#define EDU_IRQ_FACTORIAL	0x001
#define EDU_IRQ_DMA		0x100

#define EDU_DMA_RUN		0x01
#define EDU_DMA_TO_RAM		0x02	/* without it: from RAM to the device */
#define EDU_DMA_IRQ		0x04

/* The device's own buffer; the emulator aborts on a transfer that ends behind it. */
#define EDU_BUF			0x40000
#define EDU_BUF_SIZE		4095

/* The engine cannot form an address above this. */
#define EDU_DMA_MASK		((1UL << 28) - 1)

static inline uint32_t edu_read(void *bar, unsigned long reg)
{
	return __atomic_load_n((uint32_t *)((char *)bar + reg), __ATOMIC_ACQUIRE);
}

static inline void edu_write64(void *bar, unsigned long reg, uint64_t value)
{
	__atomic_store_n((uint64_t *)((char *)bar + reg), value, __ATOMIC_RELEASE);
}

static inline void edu_write(void *bar, unsigned long reg, uint32_t value)
{
	__atomic_store_n((uint32_t *)((char *)bar + reg), value, __ATOMIC_RELEASE);
}

static inline bool edu_is_edu(void *bar)
{
	return (edu_read(bar, EDU_ID) & 0xffff) == 0x00ed;
}

static inline bool edu_is_alive(void *bar)
{
	edu_write(bar, EDU_LIVENESS, 0x12345678);
	return edu_read(bar, EDU_LIVENESS) == ~0x12345678U;
}

static inline void edu_irq_raise(void *bar, uint32_t bits)
{
	edu_write(bar, EDU_IRQ_RAISE, bits);
}

static inline uint32_t edu_irq_status(void *bar)
{
	return edu_read(bar, EDU_IRQ_STATUS);
}

static inline void edu_irq_ack(void *bar, uint32_t bits)
{
	edu_write(bar, EDU_IRQ_ACK, bits);
}

static inline void edu_irq_ack_all(void *bar)
{
	edu_irq_ack(bar, edu_irq_status(bar));
}

/* Polls @reg every millisecond until @busy is clear. */
static inline int edu_wait(void *bar, unsigned long reg, uint32_t busy)
{
	int ms;

	for (ms = 0; ms < 5000; ms++) {
		if (!(edu_read(bar, reg) & busy))
			return 0;
		usleep(1000);
	}
	return -ETIMEDOUT;
}

/* Returns @n!, which has to fit 32 bits, computed by the device. */
static inline int edu_factorial(void *bar, uint32_t n, uint32_t *result)
{
	int ret;

	edu_write(bar, EDU_FACTORIAL, n);
	ret = edu_wait(bar, EDU_STATUS, EDU_STATUS_COMPUTING);
	*result = edu_read(bar, EDU_FACTORIAL);
	return ret;
}

/*
 * Starts one transfer and waits until the engine is idle again. Success says
 * only that the engine is done: it is not told whether the bus let it through.
 */
static inline int edu_dma(void *bar, uint64_t src, uint64_t dst, uint32_t count,
			  uint32_t cmd)
{
	edu_write64(bar, EDU_DMA_SRC, src);
	edu_write64(bar, EDU_DMA_DST, dst);
	edu_write64(bar, EDU_DMA_COUNT, count);
	edu_write(bar, EDU_DMA_CMD, cmd | EDU_DMA_RUN);
	return edu_wait(bar, EDU_DMA_CMD, EDU_DMA_RUN);
}

/* RAM at @iova to @offset in the device's buffer. */
static inline int edu_dma_in(void *bar, uint64_t iova, uint32_t offset,
			     uint32_t count)
{
	return edu_dma(bar, iova, EDU_BUF + offset, count, 0);
}

/* @offset in the device's buffer to RAM at @iova. */
static inline int edu_dma_out(void *bar, uint32_t offset, uint64_t iova,
			      uint32_t count)
{
	return edu_dma(bar, EDU_BUF + offset, iova, count, EDU_DMA_TO_RAM);
}

#endif /* SELFTESTS_VFIO_PCI_EDU_H */
