// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that the stack sends to a program, SIGIO and SIGURG above all, for which
 * nobody waits in a call: they become signals of the host, which finds a thread
 * that takes them, wakes it from whatever it sleeps in, and keeps them while they
 * are blocked.
 *
 * They come from kill(2), so a handler sees SI_USER in place of POLL_IN and its
 * descriptor.  The stack's task 1 is a process's first thread; others have their
 * thread's number on both sides.
 */
#include "instance.h"
#include "sys.h"

#define FIRST_TASK	1

FROM_KERNEL void signal_send(void *host, void *host_task, __u64 mask, int tid)
{
	const struct libos_thread *thr = host_task;
	int pid = thr->pid;
	long sig;

	if (!pid)
		pid = (int)sys(SYS_getpid);
	if (tid == FIRST_TASK)
		tid = pid;
	for (sig = 1; mask; sig++, mask >>= 1) {
		if (!(mask & 1))
			continue;
		/* A thread that has gone meanwhile leaves them to the process. */
		if (!tid || sys(SYS_tgkill, pid, tid, sig) < 0)
			sys(SYS_kill, pid, sig);
	}
}
