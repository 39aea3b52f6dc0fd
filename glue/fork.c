// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fork itself: a copy of this process that can go on as a client of the stack.
 *
 * It is libc's fork(), made in the gate, so that libc's own locks are free in the
 * child.  Ours are taken for the time of it, all that threads other than the caller
 * may hold: so what they guard is whole in the child, and nobody who is not there
 * holds them.  Outermost first, as they nest elsewhere:
 *
 *	fd.c	range_lock, lock, cwd_lock	glue_fdtab_fork()
 *	stack.c	maker_lock			process.c
 *	gate	---				a lender, that nobody who waits for us has
 *	text.c, linkmap.c, arena.c, mm.c, sigcall.c, thread.c	below
 *
 * The child has one thread, the caller.  Everything of ours that belonged to others
 * is dropped: their blocks, lenders, identities, and the descriptors that the home
 * needs and a client does not (devices, epoll, sockets of other clients).  The
 * thread's FS base for our libc is the one that it forked with: its own if it has
 * one, else what it had borrowed, which is its own from then on.
 *
 * Hello.  Most children execute a program that never asks the stack for anything.  So a
 * child that has no file of the stack becomes a client at its first call for it
 * (glue_fork_join()), which is before it has a second thread or child of its own.
 * Until then its task is the home's affair, which ends it when the child ends.
 *
 * A child's process is its program: signals that kill, kill; there is no
 * glue_exec() to return to, and exit means exit.
 */
#include <errno.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libos/remote.h>

#include "core.h"
#include "fd.h"
#include "linkmap.h"
#include "process.h"
#include "site.h"
#include "thread.h"

static void lock_all(struct glue_prog *p)
{
	glue_text_lock(1);
	glue_linkmap_lock(1);
	glue_arena_lock(1);
	glue_mm_lock(1);
	glue_lock(&p->mm_lock);
	glue_lock(&p->sig_lock);
	glue_lock(&p->thread_lock);
	glue_blocks_lock(1);
}

static void unlock_all(struct glue_prog *p)
{
	glue_blocks_lock(0);
	glue_unlock(&p->thread_lock);
	glue_unlock(&p->sig_lock);
	glue_unlock(&p->mm_lock);
	glue_mm_lock(0);
	glue_arena_lock(0);
	glue_linkmap_lock(0);
	glue_text_lock(0);
}

/* Descriptors that stay: see glue_fdtab_child(). */
#define MAX_KEEP	32

struct libos_fork *glue_fork_pending;

long glue_fork_join(void *thread)
{
	struct glue_thread *t = thread;
	struct glue_prog *p = t->prog;
	static const unsigned long no_args[6];
	struct libos_fork *f = glue_fork_pending;
	int r = libos_fork_child(f, &t->stack);

	glue_fork_pending = NULL;
	free(f);
	if (r) {
		t->stack = NULL;
		glue_say("%s: a child process cannot reach the stack (error %d)", p->comm, (long)-r);
		return r;
	}
	p->own.stack = t->stack;
	if (p->fds)
		p->fds->stack_pid = libos_call(t->stack, SYS_getpid, no_args);
	return 0;
}

static void child(struct glue_fork_call *c, struct libos_fork *f)
{
	struct glue_thread *t = c->t;
	struct glue_prog *p = t->prog;
	int keep[MAX_KEEP], n = 0;

	t->lib_fs = glue_get_fs();
	glue_gate_forget();
	glue_threads_forked(t);
	p->is_child = 1;
	p->vfork = NULL;
	p->maker = NULL;
	p->flags &= ~GLUE_STATS;
	p->timers = 0;
	p->last_timer = -1;
	glue_thread_arm(t);
	glue_signals_child(p, !!(c->flags & CLONE_CLEAR_SIGHAND));

	if (c->keep >= 0)
		keep[n++] = c->keep;
	if (f)
		n += libos_fork_fds(f, keep + n, MAX_KEEP - n);
	n += glue_text_fds(keep + n, MAX_KEEP - n);
	glue_fdtab_child(p->fds, keep, n);
	t->stack = NULL;
	if (!f) {
		p->own.stack = NULL;
		return;
	}
	/* .own.stack, the parent's, is no more than a sign that there is one. */
	libos_fork_part(f);
	glue_fork_pending = f;
	if ((c->flags & CLONE_NEWNET || glue_fdtab_uses_stack(p->fds)) && glue_fork_join(t))
		_exit(127);
}

long glue_fork(void *arg)
{
	struct glue_fork_call *c = arg;
	struct glue_prog *p = c->t->prog;
	struct libos_fork *f = NULL;
	long r = 0;
	int pid;

	glue_text_keep(p);
	lock_all(p);
	if (p->exiting) {
		r = -GLUE_ERESTARTNOINTR;
		goto out;
	}
	if (c->t->stack) {
		r = libos_fork_begin(c->t->stack, &f);
		if (r == -ENOSYS && !__atomic_exchange_n(&p->said_process, 1, __ATOMIC_RELAXED))
			glue_say("%s: clone: a program on a stack of its own cannot start other "
				 "processes yet", p->comm);
		if (r)
			goto out;
	}
	pid = fork();
	r = pid < 0 ? -errno : pid;
	if (!pid)
		child(c, f);
	else if (f)
		libos_fork_end(f, pid);
out:
	unlock_all(p);
	return r;
}
