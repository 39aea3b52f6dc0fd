// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-call [rounds]: nanoseconds for a trivial system call, best of several
 * rounds: getppid (goes to the host), clock_gettime (the vDSO), and an unknown
 * number.  Run it natively and under grun, and compare.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS	200000

static inline long call(long nr, long a, void *b)
{
	long r;

	asm volatile("syscall" : "=a" (r) : "0" (nr), "D" (a), "S" (b) : "rcx", "r11", "memory");
	return r;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double measure(long nr, int rounds)
{
	double best = 1e9, start, t;
	struct timespec ts;
	int i;

	while (rounds--) {
		start = now();
		for (i = 0; i < CALLS; i++)
			call(nr, CLOCK_MONOTONIC, &ts);
		t = (now() - start) / CALLS;
		if (t < best)
			best = t;
	}
	return best;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10;

	printf("getppid %.1f\n", measure(SYS_getppid, rounds));
	printf("sched_yield %.1f\n", measure(SYS_sched_yield, rounds));
	printf("clock_gettime %.1f\n", measure(SYS_clock_gettime, rounds));
	printf("unknown %.1f\n", measure(1000, rounds));
	return 0;
}
