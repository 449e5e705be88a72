/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the Intel 82574 network card as is needed to make it raise an
 * interrupt by software: each of its five MSI-X vectors is bound to a cause of
 * its own, and writing the cause to a register raises it. Everything here
 * works on a mapping of BAR0.
 */
#ifndef SELFTESTS_VFIO_PCI_E1000E_H
#define SELFTESTS_VFIO_PCI_E1000E_H

#include <stdint.h>
#include <unistd.h>

#define E1000E_VENDOR		0x8086
#define E1000E_DEVICE		0x10d3
#define E1000E_BAR_SIZE		0x20000
#define E1000E_VECTORS		5

#define E1000E_STATUS		0x00008
#define E1000E_ICR		0x000c0	/* causes pending, write 1 to clear */
#define E1000E_ICS		0x000c8	/* raise causes */
#define E1000E_IMS		0x000d0	/* enable causes */
#define E1000E_IMC		0x000d8	/* disable causes */
#define E1000E_IVAR		0x000e4	/* cause to vector, four bits each */

/* Link status change: in INTx and MSI mode any cause will do. */
#define E1000E_CAUSE_LINK	0x4U
/* RX queue 0 and 1, TX queue 0 and 1, other: the causes with a vector. */
#define E1000E_CAUSE_VECTOR(n)	(0x100000U << (n))

static inline uint32_t e1000e_read(void *bar, unsigned long reg)
{
	return __atomic_load_n((uint32_t *)((char *)bar + reg), __ATOMIC_ACQUIRE);
}

static inline void e1000e_write(void *bar, unsigned long reg, uint32_t value)
{
	__atomic_store_n((uint32_t *)((char *)bar + reg), value, __ATOMIC_RELEASE);
}

static inline void e1000e_irq_quiet(void *bar)
{
	e1000e_write(bar, E1000E_IMC, ~0U);
	e1000e_write(bar, E1000E_ICR, ~0U);
}

/* Binds vector n to the cause that e1000e_irq_raise_vector(n) raises. */
static inline void e1000e_irq_bind_vectors(void *bar)
{
	uint32_t ivar = 0, causes = 0;
	unsigned int n;

	for (n = 0; n < E1000E_VECTORS; n++) {
		ivar |= (n | 8) << (4 * n);
		causes |= E1000E_CAUSE_VECTOR(n);
	}
	e1000e_irq_quiet(bar);
	e1000e_write(bar, E1000E_IVAR, ivar);
	e1000e_write(bar, E1000E_IMS, causes);
}

/*
 * For a moment after each interrupt the device holds the next one back.  QEMU's
 * aborts if MSI-X was turned on or off when that moment is over, so it is over
 * when this returns.
 */
#define E1000E_THROTTLE_US	20000

static inline void e1000e_irq_raise(void *bar, uint32_t causes)
{
	e1000e_write(bar, E1000E_ICS, causes);
	usleep(E1000E_THROTTLE_US);
}

static inline void e1000e_irq_ack(void *bar, uint32_t causes)
{
	e1000e_write(bar, E1000E_ICR, causes);
}

static inline void e1000e_irq_raise_vector(void *bar, unsigned int n)
{
	e1000e_irq_raise(bar, E1000E_CAUSE_VECTOR(n));
}

static inline void e1000e_irq_ack_vector(void *bar, unsigned int n)
{
	e1000e_irq_ack(bar, E1000E_CAUSE_VECTOR(n));
}

#endif /* SELFTESTS_VFIO_PCI_E1000E_H */
