// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame that a program's signal handler finds on its stack, as the kernel
 * would have made it, and the way back from it.
 *
 *	stack pointer		or top of the program's alternate stack
 *	red zone, 128 bytes	(not on a fresh alternate stack)
 *	vector state		aligned to 64, with the kernel's magic words
 *	struct glue_sigframe	return address = the program's restorer,
 *				ucontext, siginfo
 *
 * The alternate stack is virtual: the kernel's is ours, so that its handlers
 * never touch a program's stack.
 *
 * The program's restorer makes rt_sigreturn(2), which is never rewritten
 * (unwinders know a signal frame by those very bytes) and traps.  Then the frame
 * is edited in place - the mask without SIGSYS, the kernel's alternate stack, an
 * instruction pointer into overwritten code replaced by that of the copy - and
 * given to the kernel.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "core.h"
#include "site.h"

#define RED_ZONE	128
#define SIG_SETMASK	2
#define MINSIGSTKSZ	2048
#define SS_ONSTACK	1
#define SS_DISABLE	2
#define SS_AUTODISARM	(1 << 31)
#define XSTATE_HEADER	512

static int on_alt(const struct glue_thread *t, unsigned long sp)
{
	return !(t->alt.flags & (SS_DISABLE | SS_AUTODISARM)) && t->alt.size &&
	       sp > t->alt.sp && sp - t->alt.sp <= t->alt.size;
}

/* The program's vector state, live in the registers, as a frame has it. */
static long put_live_fp(unsigned long dst)
{
	/* On our own stack first: xsave cannot be told to return -EFAULT. */
	char buf[GLUE_XSTATE_MAX + 64];
	char *p = (char *)(((unsigned long)buf + 63) & ~63UL);
	__u32 magic2 = 0x46505845, size = glue_xstate.size;
	struct {
		__u32	magic1, extended_size;
		__u64	xfeatures;
		__u32	xstate_size, pad[7];
	} sw;

	glue_memset(p, 0, size);
	asm volatile("xsave64 (%0)" : : "r" (p), "a" ((__u32)glue_xstate.mask),
		     "d" ((__u32)(glue_xstate.mask >> 32)) : "memory");
	glue_memset(&sw, 0, sizeof(sw));
	sw.magic1 = 0x46505853;
	sw.extended_size = size;
	sw.xfeatures = glue_xstate.mask;
	sw.xstate_size = size - 4;
	glue_memcpy(p + 464, &sw, sizeof(sw));
	glue_memcpy(p + size - 4, &magic2, 4);
	return glue_put_user(dst, p, size);
}

/**
 * glue_sigframe_push() - put a handler's frame on the program's stack
 * @mc: the interrupted registers; .fpstate is set
 * @saved_mask: what the program's mask becomes when the handler returns
 * @fpstate: vector state as the kernel saved it; NULL if it is in the registers
 * @frame: where the frame is: the handler's stack pointer
 */
long glue_sigframe_push(struct glue_thread *t, const struct glue_sigaction *act, int sig,
			const struct glue_siginfo *si, const struct glue_sigcontext *mc,
			__u64 saved_mask, const void *fpstate, unsigned long *frame)
{
	unsigned long sp = mc->rsp - RED_ZONE, fp;
	struct glue_sigframe sf;
	int enters_alt = 0;

	if ((act->flags & GLUE_SA_ONSTACK) && t->alt.size && !(t->alt.flags & SS_DISABLE) &&
	    !on_alt(t, mc->rsp)) {
		sp = t->alt.sp + t->alt.size;
		enters_alt = 1;
	}
	fp = (sp - glue_xstate.size) & ~63UL;
	sp = ((fp - sizeof(sf) + 8) & ~15UL) - 8;
	if ((enters_alt || on_alt(t, mc->rsp)) && sp < t->alt.sp)
		return -EFAULT;

	sf.restorer = glue_net == GLUE_NET_NONE ? (unsigned long)glue_restorer_hooked :
		      act->restorer;
	sf.uc.flags = 7;	/* UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS */
	sf.uc.link = 0;
	sf.uc.stack.sp = t->alt.sp;
	sf.uc.stack.size = t->alt.size;
	sf.uc.stack.pad = 0;
	sf.uc.stack.flags = (t->alt.flags & SS_AUTODISARM) |
			    (!t->alt.size ? SS_DISABLE : on_alt(t, mc->rsp) ? SS_ONSTACK : 0);
	glue_memcpy(&sf.uc.mc, mc, sizeof(sf.uc.mc));
	sf.uc.mc.fpstate = fp;
	sf.uc.mc.oldmask = saved_mask;
	sf.uc.sigmask = saved_mask | (t->mask_sys ? GLUE_SYS_BIT : 0);
	glue_memcpy(&sf.info, si, sizeof(sf.info));

	if (fpstate ? glue_put_user(fp, fpstate, glue_xstate.size) : put_live_fp(fp))
		return -EFAULT;
	if (glue_put_user(sp, &sf, sizeof(sf)))
		return -EFAULT;
	if (t->alt.flags & SS_AUTODISARM) {
		t->alt.size = t->alt.sp = 0;
		t->alt.flags = SS_DISABLE;
	}
	*frame = sp;
	return 0;
}

/**
 * glue_sigframe_pop() - make the frame at @sp fit for the kernel's rt_sigreturn
 * @sp: stack pointer at the system call: the frame without its return address
 */
int glue_sigframe_pop(struct glue_thread *t, unsigned long sp)
{
	struct glue_ucontext uc;

	if (glue_get_user(&uc, sp, sizeof(uc)))
		return -EFAULT;

	t->mask_sys = !!(uc.sigmask & GLUE_SYS_BIT);
	uc.sigmask &= ~GLUE_SYS_BIT;
	uc.mc.rip = glue_site_map(uc.mc.rip);
	if (!on_alt(t, sp)) {
		t->alt.sp = uc.stack.sp;
		t->alt.size = uc.stack.flags & SS_DISABLE ? 0 : uc.stack.size;
		t->alt.flags = uc.stack.flags & (SS_AUTODISARM | SS_DISABLE);
	}
	uc.stack.sp = t->sig_stack;
	uc.stack.size = t->sig_stack_size;
	uc.stack.flags = 0;
	return glue_put_user(sp, &uc, sizeof(uc));
}

/*
 * A signal that was deferred on the way here belongs after the frame's context and
 * mask have been restored, not to the handler that ends: send it again, and the
 * kernel delivers it there.
 */
long glue_sys_rt_sigreturn(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long all = ~GLUE_SYNC_SIGNALS;

	if (glue_sigframe_pop(t, f->sp))
		glue_fatal(t, 11);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	if (t->pending & GLUE_PEND_DIE)
		glue_die();
	if (t->pending & GLUE_PEND_SIGNAL) {
		__atomic_and_fetch(&t->pending, ~GLUE_PEND_SIGNAL, __ATOMIC_RELAXED);
		glue_raw4(SYS_rt_tgsigqueueinfo, glue_raw0(SYS_getpid), t->tid, t->defer_sig,
			  t->info);
	}
	t->frame = NULL;
	glue_sigreturn(f->sp);
}

long glue_sys_sigaltstack(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long sp = f->sp;
	struct glue_altstack new, old;

	if (f->arg[0] && glue_get_user(&new, f->arg[0], sizeof(new)))
		return -EFAULT;
	old.sp = t->alt.sp;
	old.size = t->alt.size;
	old.pad = 0;
	old.flags = (t->alt.flags & SS_AUTODISARM) |
		    (!t->alt.size ? SS_DISABLE : on_alt(t, sp) ? SS_ONSTACK : 0);
	if (f->arg[0]) {
		int mode = new.flags & ~SS_AUTODISARM;

		if (on_alt(t, sp))
			return -EPERM;
		if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
			return -EINVAL;
		if (mode == SS_DISABLE)
			new.sp = new.size = 0;
		else if (new.size < MINSIGSTKSZ)
			return -ENOMEM;
		t->alt.sp = new.sp;
		t->alt.size = new.size;
		t->alt.flags = new.flags & (SS_AUTODISARM | SS_DISABLE);
	}
	if (f->arg[1] && glue_put_user(f->arg[1], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}
