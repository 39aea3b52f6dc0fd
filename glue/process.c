// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other processes: fork(2), vfork(2), clone(2) without CLONE_THREAD, execve(2).
 *
 * Not supported yet.  A child would be a remote client of this process's stack;
 * until then the calls fail, and the user is told once why.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "core.h"

static long refuse(struct glue_thread *t, const char *what)
{
	if (!__atomic_exchange_n(&t->prog->said_process, 1, __ATOMIC_RELAXED))
		glue_say("%s: %s: a program on a stack of its own cannot start other "
			 "processes yet", t->prog->comm, what);
	return -ENOSYS;
}

long glue_sys_fork(struct glue_thread *t, struct glue_frame *f)
{
	return refuse(t, f->nr == SYS_fork ? "fork" : "clone");
}

long glue_sys_vfork(struct glue_thread *t, struct glue_frame *f)
{
	return refuse(t, "vfork");
}

long glue_sys_execve(struct glue_thread *t, struct glue_frame *f)
{
	return refuse(t, "execve");
}
