// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system calls about signals, and which actions the kernel is given.
 *
 * A program's action is kept in its table.  The kernel has ours where the
 * program has a handler, with those of the program's flags that the kernel acts
 * on; SIG_IGN and SIG_DFL it has as they are, so that ignoring, stopping,
 * continuing and dying are its own work.  Synchronous signals and SIGSYS always
 * have our handler.
 *
 * The signal mask is the kernel's, but SIGSYS is never in it (a blocked SIGSYS
 * would kill at the next trap); that the program blocked it is remembered.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core.h"

#define KERNEL_FLAGS	(GLUE_SA_NOCLDSTOP | GLUE_SA_NOCLDWAIT | GLUE_SA_RESTART)
#define OUR_FLAGS	(GLUE_SA_SIGINFO | GLUE_SA_ONSTACK | GLUE_SA_RESTORER)

/*
 * What the process had before a program came.  One set: at a time one program
 * has the signals of the process, which are the kernel's and not ours to share.
 */
static struct glue_sigaction before[GLUE_NSIG + 1];
static struct glue_prog *owner;

static int is_sync(int sig)
{
	return !!(GLUE_SIGBIT(sig) & GLUE_SYNC_SIGNALS);
}

/* Does @sig end a program that does nothing about it? */
static int kills(int sig)
{
	return !(GLUE_SIGBIT(sig) & (GLUE_SIGBIT(SIGCHLD) | GLUE_SIGBIT(SIGCONT) |
				     GLUE_SIGBIT(SIGURG) | GLUE_SIGBIT(SIGWINCH) |
				     GLUE_SIGBIT(SIGSTOP) | GLUE_SIGBIT(SIGTSTP) |
				     GLUE_SIGBIT(SIGTTIN) | GLUE_SIGBIT(SIGTTOU)));
}

/*
 * The process must outlive the program: what @sig does by default is not for the
 * kernel to carry out.  A home's own core is worth more than its stack.
 */
int glue_sig_contained(const struct glue_prog *p, int sig)
{
	if (!kills(sig))
		return 0;
	return !(p->flags & GLUE_FINAL) ||
	       (p->flags & GLUE_HOME && !(GLUE_SIGBIT(sig) & GLUE_CORE_SIGNALS));
}

/* Let the kernel act on @sig as the program's action @act demands. */
int glue_sigaction_set_kernel(int sig, const struct glue_sigaction *act)
{
	struct glue_sigaction k;

	k.flags = (act->flags & KERNEL_FLAGS) | OUR_FLAGS;
	k.restorer = (unsigned long)glue_restorer;
	k.mask = ~0UL;
	if (sig == SIGSYS) {
		k.handler = (unsigned long)glue_on_sigsys;
		k.flags |= GLUE_SA_RESTART | GLUE_SA_NODEFER;
	} else if (is_sync(sig)) {
		k.handler = (unsigned long)glue_on_fault;
		k.flags |= GLUE_SA_NODEFER;
		/* A fault in the handler's own copy to the program is fixed up. */
		k.mask = ~GLUE_SYNC_SIGNALS;
	} else if (act->handler > 1 ||
		   (!act->handler && owner && glue_sig_contained(owner, sig))) {
		k.handler = (unsigned long)glue_on_signal;
		k.mask = ~GLUE_SYNC_SIGNALS;
	} else {
		k.handler = act->handler;
	}
	return glue_raw4(SYS_rt_sigaction, sig, &k, 0, 8);
}

int glue_signals_begin(struct glue_prog *p)
{
	int sig;

	if (__atomic_exchange_n(&owner, p, __ATOMIC_ACQ_REL))
		return -EBUSY;
	for (sig = 1; sig <= GLUE_NSIG; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		glue_raw4(SYS_rt_sigaction, sig, 0, &before[sig], 8);
		p->act[sig].handler = before[sig].handler == 1;
		if (is_sync(sig) || before[sig].handler > 1 ||
		    (!before[sig].handler && glue_sig_contained(p, sig)))
			glue_sigaction_set_kernel(sig, &p->act[sig]);
	}
	return 0;
}

/* @blocked: the mask that the program's first thread had in the end */
void glue_signals_end(struct glue_prog *p, unsigned long blocked)
{
	static const struct glue_sigaction ignore = { .handler = 1 };
	int sig;

	for (sig = 1; sig <= GLUE_NSIG; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		/* Those that the program had a use for and that still wait, were its own. */
		if (p->act[sig].handler || blocked & GLUE_SIGBIT(sig))
			glue_raw4(SYS_rt_sigaction, sig, &ignore, 0, 8);
		glue_raw4(SYS_rt_sigaction, sig, &before[sig], 0, 8);
	}
	__atomic_store_n(&owner, NULL, __ATOMIC_RELEASE);
}

/* What is handled is not any more, for the program's next image; the mask stays. */
void glue_signals_exec(struct glue_prog *p)
{
	int sig;

	for (sig = 1; sig <= GLUE_NSIG; sig++) {
		struct glue_sigaction *a = &p->act[sig];
		int handled = a->handler > 1;

		if (sig == SIGKILL || sig == SIGSTOP || (!handled && !a->flags && !a->mask))
			continue;
		a->flags = a->restorer = a->mask = 0;
		if (handled)
			a->handler = 0;
		glue_sigaction_set_kernel(sig, a);
	}
}

/*
 * In a child of fork(): the process is the program, and what kills it is the
 * kernel's business now.  @clear: CLONE_CLEAR_SIGHAND.
 */
void glue_signals_child(struct glue_prog *p, int clear)
{
	unsigned int was = p->flags;
	int sig;

	p->flags = (was & ~GLUE_HOME) | GLUE_FINAL;
	for (sig = 1; was != p->flags && sig <= GLUE_NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && !p->act[sig].handler && kills(sig))
			glue_sigaction_set_kernel(sig, &p->act[sig]);
	if (clear)
		glue_signals_exec(p);
}

/* A signal on a thread that is no program's. */
void glue_signal_chain(int sig, struct glue_siginfo *si, struct glue_ucontext *uc)
{
	struct glue_prog *p = __atomic_load_n(&owner, __ATOMIC_ACQUIRE);
	void (*old)(int, struct glue_siginfo *, struct glue_ucontext *);

	if (si->code > 0 && is_sync(sig)) {
		if (before[sig].handler > 1) {
			old = (void *)before[sig].handler;
			old(sig, si, uc);
			return;
		}
		glue_raw4(SYS_rt_sigaction, sig, &before[sig], 0, 8);
		return;
	}
	if (p && p->first)
		glue_raw4(SYS_rt_tgsigqueueinfo, glue_raw0(SYS_getpid), p->first->tid, sig, si);
}

long glue_sys_rt_sigaction(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_prog *p = t->prog;
	struct glue_sigaction new, old;
	long sig = (int)f->arg[0], r = 0;

	if (f->arg[3] != 8 || sig < 1 || sig > GLUE_NSIG)
		return -EINVAL;
	if (f->arg[1]) {
		if (sig == SIGKILL || sig == SIGSTOP)
			return -EINVAL;
		if (glue_get_user(&new, f->arg[1], sizeof(new)))
			return -EFAULT;
		new.mask &= ~(GLUE_SIGBIT(SIGKILL) | GLUE_SIGBIT(SIGSTOP));
	}
	glue_lock(&p->sig_lock);
	glue_memcpy(&old, &p->act[sig], sizeof(old));
	if (f->arg[1]) {
		glue_memcpy(&p->act[sig], &new, sizeof(new));
		r = glue_sigaction_set_kernel(sig, &new);
	}
	glue_unlock(&p->sig_lock);
	if (!r && f->arg[2] && glue_put_user(f->arg[2], &old, sizeof(old)))
		return -EFAULT;
	return r;
}

long glue_sys_rt_sigprocmask(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long set = 0, old, arg[6] = { f->arg[0], 0, (unsigned long)&old, 8 };
	__u8 had = t->mask_sys;
	long r;

	if (f->arg[3] != 8)
		return -EINVAL;
	if (f->arg[1]) {
		if (glue_get_user(&set, f->arg[1], 8))
			return -EFAULT;
		arg[1] = (unsigned long)&set;
	}
	/* In the window: with a signal deferred the mask is not the program's. */
	if (set & GLUE_SYS_BIT) {
		set &= ~GLUE_SYS_BIT;
		r = glue_host(t, SYS_rt_sigprocmask, arg);
		if (!r)
			t->mask_sys = (int)f->arg[0] != SIG_UNBLOCK;
	} else {
		r = glue_host(t, SYS_rt_sigprocmask, arg);
		if (!r && f->arg[1] && (int)f->arg[0] == SIG_SETMASK)
			t->mask_sys = 0;
	}
	if (r)
		return r;
	if (had)
		old |= GLUE_SYS_BIT;
	if (f->arg[2] && glue_put_user(f->arg[2], &old, 8))
		return -EFAULT;
	return 0;
}

long glue_sigmask_filter(struct glue_thread *t, unsigned long mask, unsigned long size,
			 unsigned long *copy)
{
	if (size != 8)
		return -EINVAL;
	if (glue_get_user(copy, mask, 8))
		return -EFAULT;
	*copy &= ~GLUE_SYS_BIT;
	t->call_mask = *copy;
	t->has_call_mask = 1;
	return 0;
}

long glue_sigmask_set(struct glue_thread *t, unsigned long mask, unsigned long size)
{
	unsigned long new, old;
	unsigned long arg[6] = { SIG_SETMASK, (unsigned long)&new, (unsigned long)&old, 8 };
	long r;

	if (!mask || t->mask_swapped)
		return 0;
	if (size != 8)
		return -EINVAL;
	if (glue_get_user(&new, mask, 8))
		return -EFAULT;
	new &= ~GLUE_SYS_BIT;

	/*
	 * A signal that the new mask lets in comes while the kernel returns.  By
	 * then the thread must be known to have a temporary mask, or the old one
	 * would be lost: so ask for that one first.
	 */
	arg[1] = 0;
	r = glue_host(t, SYS_rt_sigprocmask, arg);
	if (r)
		return r;
	t->saved_mask = old;
	t->call_mask = new;
	arg[1] = (unsigned long)&new;
	arg[2] = 0;
	r = glue_host(t, SYS_rt_sigprocmask, arg);
	if (!r)
		t->has_call_mask = t->mask_swapped = 1;
	return r;
}

/* The call with a mask of its own is over, and no signal came. */
void glue_sigmask_done(struct glue_thread *t)
{
	unsigned long arg[6] = { SIG_SETMASK, (unsigned long)&t->saved_mask, 0, 8 };

	/* If one comes now, glue_deliver() does it. */
	if (t->mask_swapped && glue_host(t, SYS_rt_sigprocmask, arg))
		return;
	t->has_call_mask = t->mask_swapped = 0;
}

long glue_sys_rt_sigsuspend(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long mask, arg[6] = { (unsigned long)&mask, 8 };
	long r = glue_sigmask_filter(t, f->arg[0], f->arg[1], &mask);

	return r ? r : glue_host(t, SYS_rt_sigsuspend, arg);
}

long glue_sys_rt_sigtimedwait(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long set, arg[6] = { (unsigned long)&set, f->arg[1], f->arg[2], 8 };

	if (f->arg[3] != 8)
		return -EINVAL;
	if (glue_get_user(&set, f->arg[0], 8))
		return -EFAULT;
	set &= ~GLUE_SYS_BIT;
	return glue_host(t, SYS_rt_sigtimedwait, arg);
}

long glue_sys_rt_sigpending(struct glue_thread *t, struct glue_frame *f)
{
	return glue_host(t, SYS_rt_sigpending, f->arg);
}
