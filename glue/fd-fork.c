// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program's table of descriptors over fork().
 *
 * The host copies its table, the stack copies its own (libos_fork_begin()), and the
 * bytes that connect the two are memory, which is copied as well.  They agree because
 * nothing changes while the locks are held, but for two things that go on without a
 * lock:
 *
 * - What is FD_BUSY belongs to a call of another thread that is under way.  In the
 *   child there is no such thread: the number becomes free, as the number of an
 *   accept() under way is in the child of a Linux process.
 * - close() of a host file by another thread (FD_HELD): in the child it has happened
 *   or not, and the host knows.
 *
 * Wrappers stand for host files by numbers of the process that made them.  The child
 * drops them, and makes its own when it needs them.
 */
#include "dispatch.h"
#include "fd.h"

/* What other threads had under way does not exist in the child. */
static void settle_child(struct glue_thread *t)
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int fd;

	if ((__u32)f->closers)
		for (fd = 0; fd < f->nr; fd++)
			f->kind[fd] &= ~FD_HELD;
	f->closers = 0;
	for (fd = 0; fd < f->top; fd++) {
		unsigned int kind = f->kind[fd] & FD_KIND;

		f->kind[fd] &= ~FD_HELD;
		if (kind == FD_BUSY || kind == FD_WRAPPED) {
			if (t->stack)
				stack_now(t, SYS_close, fd, 0, 0);
			if (kind == FD_BUSY)
				glue_raw1(SYS_close, fd);
			f->kind[fd] = FD_HOST;
			f->hostfd[fd] = 0;	/* closed with all of the library's */
		}
	}
	f->pid = glue_raw0(SYS_getpid);
	if (!t->stack)		/* else it has been asked: glue_fork_join() */
		f->stack_pid = f->pid;
}

void glue_fdtab_fork(struct glue_thread *t, enum glue_fork_step step)
{
	struct glue_fdtab *f = t->prog->fds;

	if (step == GLUE_FORK_BEFORE) {
		glue_lock(&f->range_lock);
		__atomic_store_n(&f->ranging, 1, __ATOMIC_SEQ_CST);
		glue_lock(&f->lock);
		glue_lock(&f->cwd_lock);
		return;
	}
	if (step == GLUE_FORK_CHILD)
		settle_child(t);
	glue_unlock(&f->cwd_lock);
	glue_unlock(&f->lock);
	__atomic_store_n(&f->ranging, 0, __ATOMIC_RELEASE);
	glue_unlock(&f->range_lock);
}
