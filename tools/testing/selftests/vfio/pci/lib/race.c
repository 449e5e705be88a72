// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "race.h"

#define MAX_CONTENDERS	16

/**
 * struct start - what all processes of a race see
 * @ready: how many of them are about to begin
 * @over: the first one is done
 */
struct start {
	int ready;
	bool over;
};

void *race_memory(unsigned long size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* 1 if something was wrong, which is said */
static int do_once(const struct contender *c, void *scene, int round)
{
	int ret = c->once(scene, round);

	if (ret >= 0)
		return 0;
	printf("# %s, round %d: %s\n", c->name, round, strerror(-ret));
	fflush(stdout);
	return 1;
}

static void wait_for_others(struct start *start, int count)
{
	__atomic_add_fetch(&start->ready, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&start->ready, __ATOMIC_ACQUIRE) < count)
		sched_yield();
}

/* What a process exits with */
static int follow(const struct contender *c, void *scene, struct start *start, int count)
{
	int round, bad = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What the library says of what is refused, which may well be */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	wait_for_others(start, count);
	for (round = 0; !bad && !__atomic_load_n(&start->over, __ATOMIC_ACQUIRE); round++)
		bad = do_once(c, scene, round);
	return bad;
}

/* 1 if it ended badly */
static int wait_for_end(const struct contender *c, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return 1;
	if (WIFSIGNALED(status))
		printf("# %s was ended by signal %d\n", c->name, WTERMSIG(status));
	return status != 0;
}

int race_run(const struct contender *contenders, void *scene, int rounds)
{
	struct start *start = race_memory(sizeof(*start));
	int i, count = 0, bad = 0;
	pid_t pids[MAX_CONTENDERS];

	if (!start)
		return -ENOMEM;
	while (contenders[count].name)
		count++;
	if (count > MAX_CONTENDERS)
		return -E2BIG;
	fflush(stdout);
	for (i = 1; i < count; i++) {
		pids[i] = fork();
		/* Those that have begun end with the caller */
		if (pids[i] < 0)
			return -errno;
		if (!pids[i])
			_exit(follow(&contenders[i], scene, start, count));
	}
	wait_for_others(start, count);
	for (i = 0; !bad && i < rounds; i++)
		bad = do_once(&contenders[0], scene, i);
	__atomic_store_n(&start->over, true, __ATOMIC_RELEASE);
	for (i = 1; i < count; i++)
		bad += wait_for_end(&contenders[i], pids[i]);
	munmap(start, sizeof(*start));
	return bad;
}
