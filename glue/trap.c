// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIGSYS: a system call that was not rewritten, or a kick.
 *
 * A call that trapped is not performed in the handler.  The handler makes the
 * frame that the fast path would have made and returns into it, so that the
 * call runs as all others do: with signals deliverable, on the hook stack.
 *
 * The site is left as it is.  Whatever the decoder could prove was rewritten
 * when it was mapped, before any thread could run it; so no code is ever changed
 * under a thread's feet, and what traps goes on trapping.
 *
 * The one exception is rt_sigreturn, done right here: see sigframe.c.
 *
 * A kick is a SIGSYS that we send to a thread of a program that ends.  SIGSYS
 * is never blocked, so it always arrives.
 */
#include <signal.h>
#include <sys/syscall.h>

#include "asm-offsets.h"
#include "core.h"
#include "thread.h"

#define SYSCALL_INSN	0x050f
#define CODE_SECCOMP	1
#define CODE_DISPATCH	2
#define KICK		0x676c75656b69636bUL

void glue_kick(struct glue_thread *t)
{
	struct glue_siginfo si;
	int pid = glue_raw0(SYS_getpid);

	glue_memset(&si, 0, sizeof(si));
	si.signo = SIGSYS;
	si.code = SI_QUEUE;
	si.rt.pid = pid;
	si.rt.value = KICK;
	if (t->tid)
		glue_raw4(SYS_rt_tgsigqueueinfo, pid, t->tid, SIGSYS, &si);
}

static void trapped(struct glue_thread *t, struct glue_ucontext *uc)
{
	struct glue_sigcontext *mc = &uc->mc;
	unsigned long site = mc->rip - 2;
	struct glue_frame *f;
	__u16 insn;

	if (mc->rax == SYS_rt_sigreturn) {
		if (glue_sigframe_pop(t, mc->rsp))
			glue_fatal(t, SIGSEGV);
		/* The handler's mask is in force until the frame is restored. */
		mc->rip = (unsigned long)glue_restorer;
		return;
	}
	t->ntraps++;
	/* Another thread was faster? */
	if (!glue_get_user(&insn, site, 2) && insn != SYSCALL_INSN) {
		mc->rip = site;
		return;
	}
	t->trap_desc.ret_ip = t->trap_desc.cont = site + 2;
	t->trap_desc.restart_ip = site;

	f = (struct glue_frame *)(t->hook_sp - F_SIZE);
	t->hook_sp -= HOOK_RESERVE;
	f->nr = mc->rax;
	f->arg[0] = mc->rdi;
	f->arg[1] = mc->rsi;
	f->arg[2] = mc->rdx;
	f->arg[3] = mc->r10;
	f->arg[4] = mc->r8;
	f->arg[5] = mc->r9;
	f->r15 = mc->r15;
	f->r14 = mc->r14;
	f->r13 = mc->r13;
	f->r12 = mc->r12;
	f->rbp = mc->rbp;
	f->rbx = mc->rbx;
	f->desc = &t->trap_desc;
	f->ret_ip = f->cont = site + 2;
	f->sp = mc->rsp;
	mc->rsp = (unsigned long)f;
	mc->rip = (unsigned long)glue_entry_trap;
}

static void kicked(struct glue_thread *t, struct glue_ucontext *uc)
{
	__atomic_or_fetch(&t->pending, GLUE_PEND_DIE, __ATOMIC_RELAXED);
	if (glue_inside(t)) {
		glue_leave_windows(t, uc);
		return;
	}
	uc->mc.rsp = t->hook_sp - F_SIZE;
	uc->mc.rip = (unsigned long)glue_entry_die;
	t->hook_sp -= HOOK_RESERVE;
}

void glue_on_sigsys(int sig, struct glue_siginfo *si, struct glue_ucontext *uc)
{
	struct glue_thread *t = glue_thread_here();

	if (!t)
		return;
	if (si->code == CODE_DISPATCH ||
	    (si->code == CODE_SECCOMP && glue_net == GLUE_NET_SECCOMP))
		trapped(t, uc);
	else if (si->code == SI_QUEUE && si->rt.value == KICK &&
		 si->rt.pid == glue_raw0(SYS_getpid))
		kicked(t, uc);
	else
		glue_on_signal(sig, si, uc);
}
