// SPDX-License-Identifier: GPL-2.0-only
/*
 * One system call of a program, from the frame that entry.S made to the result.
 *
 * The calls that make a program what it is (its threads, signals, memory,
 * identity) have their function here in a table; all others are the
 * dispatcher's.
 *
 * Restarting.  Signals that come while we are inside wait until the program
 * goes on (sigdefer.c).  A call that ended because of one returns a restart
 * code, from the stack's kernel or from glue_host(); what becomes of it depends
 * on the signal's action:
 *
 *	code			handler with		handler		no
 *				SA_RESTART		without		handler
 *	-ERESTARTNOINTR		again			again		again
 *	-ERESTARTSYS		again			EINTR		again
 *	-ERESTARTNOHAND		EINTR			EINTR		again
 *	-ERESTART_RESTARTBLOCK	EINTR			EINTR		restart_syscall
 *
 * "Again" with a handler means that the handler runs first and finds the
 * instruction pointer at the call, as with the kernel.  Calls of the host need
 * no table: our kernel handler has the SA_RESTART flag of the program's, so the
 * kernel decides, and either returns EINTR or puts the thread back before the
 * syscall instruction, which is in the window that returns -ERESTARTNOINTR.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "core.h"

static glue_call_fn *const calls[] = {
	[SYS_rt_sigaction]	= glue_sys_rt_sigaction,
	[SYS_rt_sigprocmask]	= glue_sys_rt_sigprocmask,
	[SYS_rt_sigreturn]	= glue_sys_rt_sigreturn,
	[SYS_rt_sigsuspend]	= glue_sys_rt_sigsuspend,
	[SYS_rt_sigtimedwait]	= glue_sys_rt_sigtimedwait,
	[SYS_rt_sigpending]	= glue_sys_rt_sigpending,
	[SYS_sigaltstack]	= glue_sys_sigaltstack,

	[SYS_clone]		= glue_sys_clone,
	[SYS_clone3]		= glue_sys_clone3,
	[SYS_exit]		= glue_sys_exit,
	[SYS_exit_group]	= glue_sys_exit_group,
	[SYS_set_tid_address]	= glue_sys_set_tid_address,

	[SYS_fork]		= glue_sys_fork,
	[SYS_vfork]		= glue_sys_vfork,
	[SYS_execve]		= glue_sys_execve,
	[SYS_execveat]		= glue_sys_execveat,

	[SYS_brk]		= glue_sys_brk,
	[SYS_mmap]		= glue_sys_mmap,
	[SYS_munmap]		= glue_sys_munmap,
	[SYS_mremap]		= glue_sys_mremap,
	[SYS_mprotect]		= glue_sys_mprotect,

	[SYS_arch_prctl]	= glue_sys_arch_prctl,
	[SYS_prctl]		= glue_sys_prctl,
	[SYS_seccomp]		= glue_sys_seccomp,
	[SYS_rseq]		= glue_sys_rseq,
	[SYS_personality]	= glue_sys_personality,

	[SYS_open]		= glue_sys_path0,
	[SYS_stat]		= glue_sys_path0,
	[SYS_access]		= glue_sys_path0,
	[SYS_openat]		= glue_sys_path1,
	[SYS_newfstatat]	= glue_sys_path1,
	[SYS_statx]		= glue_sys_path1,
	[SYS_faccessat]		= glue_sys_path1,
	[SYS_faccessat2]	= glue_sys_path1,
	[SYS_openat2]		= glue_sys_path1,
	[SYS_readlink]		= glue_sys_readlink,
	[SYS_readlinkat]	= glue_sys_readlinkat,

	[SYS_clock_gettime]	= glue_sys_clock_gettime,
	[SYS_gettimeofday]	= glue_sys_gettimeofday,
	[SYS_time]		= glue_sys_time,
	[SYS_getcpu]		= glue_sys_getcpu,
	[SYS_timer_create]	= glue_sys_timer_create,
};

/* The number to make the call with once more, or -1: @f->nr has the result. */
static __attribute__((noinline)) long restart(struct glue_thread *t, struct glue_frame *f,
					      long nr, long code)
{
	unsigned long flags = 0;
	int handled = 0;

	if (t->pending & GLUE_PEND_SIGNAL)
		handled = glue_sig_handled(t, t->defer_sig, &flags);

	if (code == -GLUE_ERESTARTNOINTR && t->mask_swapped)
		code = -GLUE_ERESTARTNOHAND;
	if (handled && (code == -GLUE_ERESTARTNOHAND || code == -GLUE_ERESTART_BLOCK ||
			(code == -GLUE_ERESTARTSYS && !(flags & GLUE_SA_RESTART)))) {
		f->nr = -EINTR;
		return -1;
	}
	if (code == -GLUE_ERESTARTNOINTR || handled)
		t->has_call_mask = t->mask_swapped;
	if (t->pending) {
		f->nr = nr;
		f->cont = f->desc->restart_ip;
		return -1;
	}
	return code == -GLUE_ERESTART_BLOCK ? SYS_restart_syscall : nr;
}

void glue_enter(struct glue_frame *f)
{
	struct glue_thread *t = glue_self();
	struct glue_frame *outer = t->frame;
	long first = f->nr, nr = first, r;
	glue_call_fn *fn;

	t->frame = f;
	t->ncalls++;
	do {
		fn = (unsigned long)nr < sizeof(calls) / sizeof(calls[0]) ? calls[nr] : NULL;
		r = fn ? fn(t, f) : glue_dispatch(t, nr, f->arg);
		if (__builtin_expect(r > -512 || r < -516, 1)) {
			f->nr = r;
			break;
		}
		nr = restart(t, f, first, r);
	} while (nr >= 0);
	if (__builtin_expect(t->has_call_mask, 0) && !(t->pending & GLUE_PEND_SIGNAL))
		glue_sigmask_done(t);
	t->frame = outer;
}
