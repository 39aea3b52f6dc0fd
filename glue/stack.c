// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls into the program's stack, and the threads' identities towards it.
 *
 * The first thread has the identity that glue_exec() was given.  The others get
 * theirs at their first call into the stack, and most never make one.  It must
 * be made by an identity that is not in use; for that the program has one more,
 * the maker, under a lock.  In a child process the first thread has none, either,
 * until it wants one (fork.c).
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include <libos/libos.h>

#include "core.h"
#include "process.h"
#include "stack.h"

#define IDENTITY	(CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD)

#define barrier()	asm volatile("" : : : "memory")

/* Raise what the stack sent (SIGPIPE, SIGURG, SIGIO) on this thread. */
static __attribute__((noinline)) void raise_signals(struct glue_thread *t, __u64 mask)
{
	int sig;

	for (sig = 1; sig <= GLUE_NSIG; sig++)
		if (mask & GLUE_SIGBIT(sig))
			glue_raw3(SYS_tgkill, glue_raw0(SYS_getpid), t->tid, sig);
}

long glue_stack(struct glue_thread *t, long nr, const unsigned long arg[6], int fd_hint)
{
	struct libos_thread *id = glue_thread_stack(t);
	__u64 signals;
	long r;

	if (!id)
		return -ENOMEM;
	t->stack_phase = 1;
	barrier();
	if (__atomic_load_n(&t->pending, __ATOMIC_RELAXED)) {
		t->stack_phase = 0;
		return -GLUE_ERESTARTNOINTR;
	}
	r = libos_call_fd(id, nr, arg, fd_hint);
	barrier();
	t->stack_phase = 0;

	signals = libos_take_signals(id);
	if (signals)
		raise_signals(t, signals);
	return r;
}

int glue_stack_inside(const struct glue_thread *t)
{
	return t->stack && libos_in_call(t->stack);
}

void glue_stack_interrupt(struct glue_thread *t)
{
	libos_interrupt(t->stack);
}

unsigned long glue_stack_fault(struct glue_thread *t, unsigned long ip)
{
	return t->stack ? libos_fault(t->stack, ip) : 0;
}

/* In the gate. */
static long make_identity(void *arg)
{
	struct glue_thread *t = arg;
	struct glue_prog *p = t->prog;
	int r = 0;

	if (!p->maker)
		r = libos_thread_new(p->opts->stack, IDENTITY, 0, &p->maker);
	if (!r && t != p->first)
		r = libos_thread_new(p->maker, IDENTITY, t->tid, &t->stack);
	return r;
}

struct libos_thread *glue_thread_stack(struct glue_thread *t)
{
	struct glue_prog *p = t->prog;

	if (__builtin_expect(!t->stack, 0) && p->opts->stack) {
		if (glue_fork_pending)
			glue_gate(t, glue_fork_join, t);
		glue_lock(&p->maker_lock);
		if (p->maker)
			glue_gate(t, make_identity, t);
		glue_unlock(&p->maker_lock);
	}
	return t->stack;
}

/* The first thread is about to have company. */
int glue_stack_maker(struct glue_thread *t)
{
	if (!t->prog->opts->stack || t->prog->maker)
		return 0;
	if (!glue_thread_stack(t))
		return -ENOMEM;
	return glue_gate(t, make_identity, t);
}

static long end_identity(void *arg)
{
	libos_thread_exit(arg, 0);
	return 0;
}

void glue_stack_exit(struct glue_thread *t)
{
	struct libos_thread *id = t->stack;

	t->stack = NULL;
	if (id && t != t->prog->first)
		glue_gate(t, end_identity, id);
}

/* The program has ended; the caller's identity stays its own. */
void glue_stack_free(struct glue_prog *p)
{
	if (p->maker)
		libos_thread_exit(p->maker, 0);
	p->maker = NULL;
}
