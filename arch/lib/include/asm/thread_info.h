/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIB_THREAD_INFO_H
#define _LIB_THREAD_INFO_H

#include <linux/const.h>
#include <asm/page.h>

/* KASAN's redzones make frames about twice as large. */
#ifdef CONFIG_KASAN
#define THREAD_SIZE_ORDER	3
#else
#define THREAD_SIZE_ORDER	2
#endif
#define THREAD_SIZE		(PAGE_SIZE << THREAD_SIZE_ORDER)

#ifndef __ASSEMBLY__
struct thread_info {
	unsigned long flags;
	int preempt_count;
	unsigned int cpu;
};

#define INIT_THREAD_INFO(tsk)	{ .preempt_count = INIT_PREEMPT_COUNT }
#endif

#define TIF_NOTIFY_RESUME	1
#define TIF_SIGPENDING		2
#define TIF_NEED_RESCHED	3
#define TIF_NOTIFY_SIGNAL	4
#define TIF_RESTORE_SIGMASK	5
#define TIF_MEMDIE		6
#define TIF_POLLING_NRFLAG	7
#define TIF_SYSCALL_TRACE	8
#define TIF_SYSCALL_AUDIT	9
#define TIF_SYSCALL_TRACEPOINT	10
#define TIF_SECCOMP		11

#define _TIF_NOTIFY_RESUME	(1 << TIF_NOTIFY_RESUME)
#define _TIF_SIGPENDING		(1 << TIF_SIGPENDING)
#define _TIF_NEED_RESCHED	(1 << TIF_NEED_RESCHED)
#define _TIF_NOTIFY_SIGNAL	(1 << TIF_NOTIFY_SIGNAL)
#define _TIF_RESTORE_SIGMASK	(1 << TIF_RESTORE_SIGMASK)
#define _TIF_POLLING_NRFLAG	(1 << TIF_POLLING_NRFLAG)

/* What to look at before a call completes. */
#define _TIF_WORK_MASK	(_TIF_NOTIFY_RESUME | _TIF_SIGPENDING | \
			 _TIF_NEED_RESCHED | _TIF_NOTIFY_SIGNAL)

#endif
