// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals of a program.
 *
 * The kernel's handler of every signal that a program handles is ours, on a
 * stack of ours, with everything blocked.  What it does depends on where the
 * thread was:
 *
 * In the program: a frame is put on the program's stack, and the kernel's frame
 * is changed so that the kernel's sigreturn goes to the program's handler, with
 * the handler's mask: mask and instruction pointer change at once.
 *
 * In the glue: the signal is deferred.  Its siginfo is kept in the thread and
 * everything is blocked (so there is never more than one; the others wait in
 * the kernel, in its order).  A blocking call ends at once: one that is asleep
 * in the kernel by being interrupted, one that is about to be made because the
 * instruction pointer is in the window before the syscall instruction and is
 * moved to the way out, one in the stack by libos_interrupt().  On the way back
 * to the program, entry.S finds .pending set and calls glue_deliver(), which
 * builds the frame and enters the handler by a sigreturn of our own making.
 *
 * Synchronous faults and SIGSYS stay unblocked always.  A fault of the program
 * is its own affair (handler, or death at the very instruction).  A fault of
 * the glue in a copy from or to the program's memory ends the copy; one inside
 * the kernel layer is offered to libos_fault().
 *
 * A call into the stack has a gap that no address range describes: between our
 * look at .pending and the point inside libos_call() from which
 * libos_interrupt() works.  A signal there makes the handler single-step the
 * thread (TF) until one of the two is true: libos_in_call(), or the call is
 * over.  That is some dozens of instructions, once in a blue moon.
 *
 * Threads of the process that are no program's (helpers of the host) pass
 * process-directed signals on to the program's first thread.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "asm-offsets.h"
#include "core.h"
#include "site.h"
#include "stack.h"

#define EFLAGS_TF	0x100
#define EFLAGS_DF	0x400
#define USER_CS		0x33
#define USER_SS		0x2b
#define ALL_BUT_SYNC	(~GLUE_SYNC_SIGNALS)

static int in_range(__u64 ip, const char *lo, const char *hi)
{
	return ip >= (unsigned long)lo && ip < (unsigned long)hi;
}

/**
 * glue_leave_windows() - a signal found the thread in the glue: make it notice
 *
 * Call with .pending set.
 */
void glue_leave_windows(struct glue_thread *t, struct glue_ucontext *uc)
{
	struct glue_sigcontext *mc = &uc->mc;

	if (in_range(mc->rip, glue_host_begin, glue_host_sys + 1)) {
		mc->rip = (unsigned long)glue_host_abort;
	} else if (in_range(mc->rip, glue_exit_begin, glue_exit_end)) {
		mc->rip = (unsigned long)glue_exit_begin;
		mc->rsp = t->hook_sp + HOOK_RESERVE - F_SIZE;
	} else if (t->stack_phase) {
		if (glue_stack_inside(t)) {
			glue_stack_interrupt(t);
		} else {
			t->stepping = 1;
			mc->eflags |= EFLAGS_TF;
		}
	}
}

/*
 * A synchronous signal that somebody sent, at a moment when it cannot be taken:
 * block it for the interrupted code, and send it again.
 */
static void come_again(struct glue_thread *t, int sig, const struct glue_siginfo *si,
		       struct glue_ucontext *uc)
{
	uc->sigmask |= GLUE_SIGBIT(sig);
	glue_raw4(SYS_rt_tgsigqueueinfo, glue_raw0(SYS_getpid), t->tid, sig, si);
}

/* The thread is in the glue: keep the signal until it leaves. */
void glue_defer(struct glue_thread *t, int sig, const struct glue_siginfo *si,
		struct glue_ucontext *uc)
{
	if (t->pending & GLUE_PEND_SIGNAL) {
		come_again(t, sig, si, uc);
		return;
	}
	glue_memcpy(t->info, si, sizeof(t->info));
	t->defer_sig = sig;
	t->defer_mask = uc->sigmask;
	uc->sigmask |= ALL_BUT_SYNC;
	__atomic_or_fetch(&t->pending, GLUE_PEND_SIGNAL, __ATOMIC_RELAXED);
	t->ndeferred++;
	glue_leave_windows(t, uc);
}

/*
 * Where the program is, in its own terms: between the jump at a rewritten site
 * and the first instruction of the glue, or in the copy of what was
 * overwritten, it is still at the site.
 */
unsigned long glue_program_ip(const struct glue_thread *t, const struct glue_sigcontext *mc)
{
	/* A fast call: r11 is lost once it has been made. */
	if (mc->rip == (unsigned long)glue_fast_sys)
		return t->fast_desc->restart_ip;
	if (in_range(mc->rip, glue_fast_done, glue_fast_end))
		return t->fast_desc->ret_ip;
	if (in_range(mc->rip, glue_entry, glue_entry_reserve + 1))
		return ((const struct glue_desc *)mc->r11)->restart_ip;
	if (mc->rip == (unsigned long)glue_exit_end)
		return glue_site_unmap(mc->r11);
	return glue_site_unmap(mc->rip);
}

/* What is to be done with a signal: its action, with SA_RESETHAND carried out. */
static int take_action(struct glue_thread *t, int sig, struct glue_sigaction *act)
{
	struct glue_prog *p = t->prog;
	struct glue_sigaction *a = &p->act[sig];

	glue_lock(&p->sig_lock);
	glue_memcpy(act, a, sizeof(*act));
	if (act->handler > 1 && (act->flags & GLUE_SA_RESETHAND)) {
		a->handler = 0;
		glue_sigaction_set_kernel(sig, a);
	}
	glue_unlock(&p->sig_lock);
	return act->handler > 1;
}

int glue_sig_handled(struct glue_thread *t, int sig, unsigned long *flags)
{
	int handled;

	glue_lock(&t->prog->sig_lock);
	handled = t->prog->act[sig].handler > 1;
	*flags = t->prog->act[sig].flags;
	glue_unlock(&t->prog->sig_lock);
	return handled;
}

static __u64 handler_mask(struct glue_thread *t, const struct glue_sigaction *act, int sig,
			  __u64 base)
{
	__u64 mask = base | act->mask;

	if (!(act->flags & GLUE_SA_NODEFER))
		mask |= GLUE_SIGBIT(sig);
	if (act->mask & GLUE_SYS_BIT)
		t->mask_sys = 1;
	return mask & ~GLUE_SYS_BIT;
}

/* The registers that a handler starts with. */
static void handler_regs(struct glue_sigcontext *mc, const struct glue_sigaction *act, int sig,
			 unsigned long frame)
{
	mc->rip = act->handler;
	mc->rsp = frame;
	mc->rdi = sig;
	mc->rsi = frame + offsetof(struct glue_sigframe, info);
	mc->rdx = frame + offsetof(struct glue_sigframe, uc);
	mc->rax = 0;
	mc->eflags &= ~(EFLAGS_DF | EFLAGS_TF);
}

/* No handler, and the default is to end the program, which is for us to do. */
static int ends_program(const struct glue_thread *t, int sig, const struct glue_sigaction *act)
{
	return act->handler != 1 &&
	       ((GLUE_SIGBIT(sig) & GLUE_SYNC_SIGNALS) || glue_sig_contained(t->prog, sig));
}

/* A call that no signal ends, but by ending the program: is that to be? */
int glue_sig_dooms(const struct glue_thread *t)
{
	return t->pending & GLUE_PEND_DIE ||
	       (t->pending & GLUE_PEND_SIGNAL && !t->prog->act[t->defer_sig].handler &&
		ends_program(t, t->defer_sig, &t->prog->act[t->defer_sig]));
}

/* No handler: the kernel does what it does by default. */
static void default_action(struct glue_thread *t, int sig, const struct glue_siginfo *si)
{
	if (t->prog->act[sig].handler == 1)
		return;
	glue_raw4(SYS_rt_tgsigqueueinfo, glue_raw0(SYS_getpid), t->tid, sig, si);
}

/* In the program: change the kernel's frame to enter the handler. */
void glue_enter_handler(struct glue_thread *t, int sig, const struct glue_siginfo *si,
			struct glue_ucontext *uc)
{
	struct glue_sigaction act;
	struct glue_sigcontext mc;
	unsigned long frame;
	char *fp = (char *)uc->mc.fpstate;

	t->nsignals++;
	if (!take_action(t, sig, &act)) {
		if (ends_program(t, sig, &act))
			glue_fatal(t, sig);
		if (!(GLUE_SIGBIT(sig) & GLUE_SYNC_SIGNALS))
			default_action(t, sig, si);
		return;
	}
	glue_memcpy(&mc, &uc->mc, sizeof(mc));
	mc.rip = glue_program_ip(t, &mc);
	if (glue_sigframe_push(t, &act, sig, si, &mc, uc->sigmask, fp, &frame))
		glue_fatal(t, SIGSEGV);

	uc->sigmask = handler_mask(t, &act, sig, uc->sigmask);
	handler_regs(&uc->mc, &act, sig, frame);
	/* The handler starts with vector registers as after execve(). */
	if (fp) {
		glue_memset(fp + 512, 0, 8);
		*(__u32 *)(fp + 24) = 0x1f80;
	}
}

void glue_on_signal(int sig, struct glue_siginfo *si, struct glue_ucontext *uc)
{
	struct glue_thread *t = glue_thread_here();

	if (!t)
		glue_signal_chain(sig, si, uc);
	else if (uc->mc.rsp - t->sig_stack < t->sig_stack_size)
		come_again(t, sig, si, uc);	/* in another handler of ours */
	else if (glue_inside(t))
		glue_defer(t, sig, si, uc);
	else
		glue_enter_handler(t, sig, si, uc);
}

/* One more step towards libos_call(); see above. */
static void stepped(struct glue_thread *t, struct glue_ucontext *uc)
{
	if (t->stack_phase && !glue_stack_inside(t))
		return;
	uc->mc.eflags &= ~EFLAGS_TF;
	t->stepping = 0;
	if (t->stack_phase)
		glue_stack_interrupt(t);
}

/* SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP. */
void glue_on_fault(int sig, struct glue_siginfo *si, struct glue_ucontext *uc)
{
	struct glue_thread *t = glue_thread_here();
	struct glue_sigcontext *mc = &uc->mc;
	unsigned long fixup;

	if (!t) {
		glue_signal_chain(sig, si, uc);
		return;
	}
	if (si->code <= 0) {		/* somebody sent it */
		glue_on_signal(sig, si, uc);
		return;
	}
	if (sig == SIGTRAP && t->stepping) {
		stepped(t, uc);
		return;
	}
	/* Our copies run in the glue and in its signal handlers. */
	if (in_range(mc->rip, glue_copy_begin, glue_copy_end) ||
	    in_range(mc->rip, glue_string_begin, glue_string_end)) {
		mc->rip = (unsigned long)glue_copy_fault;
		return;
	}
	if (glue_inside(t)) {
		fixup = glue_stack_fault(t, mc->rip);
		if (fixup) {
			mc->rip = fixup;
			return;
		}
		glue_say("fault in the library: signal %d at %x, address %x, hook stack %x", (long)sig,
			 mc->rip, mc->cr2, t->hook_sp);
	} else if (t->prog->act[sig].handler > 1) {
		glue_enter_handler(t, sig, si, uc);
		return;
	}

	/* Fatal.  Let the kernel find it at the instruction itself. */
	if (glue_sig_contained(t->prog, sig) && !glue_inside(t))
		glue_fatal(t, sig);
	t->prog->act[sig].handler = 0;
	glue_raw4(SYS_rt_sigaction, sig, &(struct glue_sigaction){ 0 }, 0, 8);
	if (sig == SIGTRAP)
		glue_raw4(SYS_rt_tgsigqueueinfo, glue_raw0(SYS_getpid), t->tid, sig, si);
}

/* The program, or the process, dies of @sig, wherever the thread is. */
void glue_fatal(struct glue_thread *t, int sig)
{
	unsigned long mask = ~GLUE_SIGBIT(sig);

	if (glue_sig_contained(t->prog, sig))
		glue_prog_end(t, sig | (GLUE_SIGBIT(sig) & GLUE_CORE_SIGNALS ? 0x80 : 0));
	glue_raw4(SYS_rt_sigaction, sig, &(struct glue_sigaction){ 0 }, 0, 8);
	glue_raw3(SYS_tgkill, glue_raw0(SYS_getpid), t->tid, sig);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
	for (;;)
		glue_raw1(SYS_exit_group, 128 + sig);
}

/* On the way out of the glue, with something pending; all signals blocked. */
void glue_deliver(struct glue_frame *f)
{
	struct glue_thread *t = glue_self();
	struct glue_siginfo si;
	struct glue_sigaction act;
	struct glue_sigframe k;
	struct glue_sigcontext *mc = &k.uc.mc;
	__u64 saved, base;
	unsigned long frame;
	int sig;

	if (t->pending & GLUE_PEND_DIE)
		glue_die();

	sig = t->defer_sig;
	glue_memcpy(&si, t->info, sizeof(si));
	saved = t->mask_swapped ? t->saved_mask : t->defer_mask;
	base = t->has_call_mask ? t->call_mask : t->defer_mask;
	t->has_call_mask = t->mask_swapped = 0;

	if (!take_action(t, sig, &act)) {
		if (ends_program(t, sig, &act))
			glue_fatal(t, sig);
		__atomic_and_fetch(&t->pending, ~GLUE_PEND_SIGNAL, __ATOMIC_RELAXED);
		default_action(t, sig, &si);
		glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &saved, 0, 8);
		return;
	}

	glue_memset(&k, 0, sizeof(k));
	mc->rax = f->nr;
	mc->rdi = f->arg[0];
	mc->rsi = f->arg[1];
	mc->rdx = f->arg[2];
	mc->r10 = f->arg[3];
	mc->r8 = f->arg[4];
	mc->r9 = f->arg[5];
	mc->rbx = f->rbx;
	mc->rbp = f->rbp;
	mc->r12 = f->r12;
	mc->r13 = f->r13;
	mc->r14 = f->r14;
	mc->r15 = f->r15;
	mc->rcx = f->ret_ip;
	mc->r11 = mc->eflags = 0x202;
	mc->cs = USER_CS;
	mc->ss = USER_SS;
	mc->rsp = f->sp;
	mc->rip = glue_site_unmap(f->cont);
	if (glue_sigframe_push(t, &act, sig, &si, mc, saved, NULL, &frame))
		glue_fatal(t, SIGSEGV);

	handler_regs(mc, &act, sig, frame);
	k.uc.flags = 6;
	k.uc.sigmask = handler_mask(t, &act, sig, base);
	k.uc.stack.sp = t->sig_stack;
	k.uc.stack.size = t->sig_stack_size;
	t->frame = NULL;
	__atomic_and_fetch(&t->pending, ~GLUE_PEND_SIGNAL, __ATOMIC_RELAXED);
	glue_sigreturn((unsigned long)&k.uc);
}
