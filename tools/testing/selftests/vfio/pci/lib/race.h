/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that do things to a device at the same time.
 *
 * Each contender does one thing over and over.  The first one is the caller, who does
 * it for a fixed number of rounds; the others are processes of their own, which go on
 * until he is done.
 */
#ifndef SELFTESTS_VFIO_PCI_RACE_H
#define SELFTESTS_VFIO_PCI_RACE_H

/**
 * struct contender - what one of the processes does
 * @name: for messages
 * @once: does it; @round counts from 0; 0, or -errno when something is wrong: what a
 *	race may bring about, such as -EBUSY, is for this function to know
 */
struct contender {
	const char *name;
	int (*once)(void *scene, int round);
};

/**
 * race_run() - let contenders run, and wait for them
 * @contenders: ends with one without a name
 * @scene: passed to each; what others than the first one leave there for the caller has
 *	to be in memory of race_memory()
 * @rounds: of the first one
 *
 * They begin together.  Which of them found something wrong, in which round,
 * is printed.
 *
 * Return: how many did, or -errno.
 */
int race_run(const struct contender *contenders, void *scene, int rounds);

/* Zeroed memory that the contenders share with the test; NULL without memory */
void *race_memory(unsigned long size);

#endif /* SELFTESTS_VFIO_PCI_RACE_H */
