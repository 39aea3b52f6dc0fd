// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls that need neither the dispatcher nor a frame (entry.S).
 *
 * All of this must be true of one: it is the host's for any arguments, it has no
 * file descriptor or path, it never sleeps (a debugger could not look behind
 * it), and nothing of the engine depends on it.  A program that is traced, or
 * whose numbers and clocks are not the host's, has none.
 */
#include <sys/syscall.h>

#include "asm-offsets.h"
#include "core.h"

static const __u8 fast[FAST_CALLS] = {
	[SYS_getpid]		= FAST_YES,
	[SYS_getppid]		= FAST_YES,
	[SYS_gettid]		= FAST_YES,
	[SYS_getuid]		= FAST_YES,
	[SYS_geteuid]		= FAST_YES,
	[SYS_getgid]		= FAST_YES,
	[SYS_getegid]		= FAST_YES,
	[SYS_getpgrp]		= FAST_YES,
	[SYS_getrusage]		= FAST_YES,
	[SYS_times]		= FAST_YES,
	[SYS_sysinfo]		= FAST_YES,
	[SYS_umask]		= FAST_YES,
	[SYS_sched_yield]	= FAST_YES,
	[SYS_sched_getaffinity]	= FAST_YES,
	[SYS_sched_getparam]	= FAST_YES,
	[SYS_sched_getscheduler] = FAST_YES,
	[SYS_getpriority]	= FAST_YES,
	[SYS_setitimer]		= FAST_YES,
	[SYS_getitimer]		= FAST_YES,
	[SYS_alarm]		= FAST_YES,
	[SYS_timer_settime]	= FAST_YES,
	[SYS_timer_gettime]	= FAST_YES,
	[SYS_clock_getres]	= FAST_YES,
	[SYS_madvise]		= FAST_YES,
	[SYS_mincore]		= FAST_YES,
	[SYS_set_robust_list]	= FAST_YES,
	[SYS_futex]		= FAST_FUTEX,
};

static const __u8 none[FAST_CALLS];

const __u8 *glue_fast_table(const struct glue_prog *p)
{
	return p->opts->trace ? none : fast;
}
