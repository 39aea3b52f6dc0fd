/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine's files share: entry.S's labels, signal frames, threads,
 * memory, the net.  Hot unless a comment says otherwise.
 */
#ifndef GLUE_CORE_H
#define GLUE_CORE_H

#include "glue.h"

/*
 * The address space.  The kernel puts the launcher, its libraries, its stacks
 * and the vDSO above GLUE_LIB_LO, and we see to it that nothing executable of a
 * program gets there.  So one comparison tells whose instruction it is.
 */
#define GLUE_LIB_LO	0x500000000000UL
#define GLUE_LIB_HI	0x7ffffffff000UL
/* Of that, what the library does not use: data of programs may be here. */
#define GLUE_GAP_LO	0x580000000000UL
#define GLUE_GAP_HI	0x700000000000UL
/* Windows of programs; below, programs have what they ask for by address. */
#define GLUE_WIN_LO	0x200000000000UL
#define GLUE_PAGE	4096UL

#define GLUE_PAGE_DOWN(x)	((x) & ~(GLUE_PAGE - 1))
#define GLUE_PAGE_UP(x)		GLUE_PAGE_DOWN((x) + GLUE_PAGE - 1)

#define GLUE_SIGBIT(n)		(1UL << ((n) - 1))
#define GLUE_SYS_BIT		GLUE_SIGBIT(31)

/* The kernel's restart codes, of which user space has no header. */
#define GLUE_ERESTARTSYS	512
#define GLUE_ERESTARTNOINTR	513
#define GLUE_ERESTARTNOHAND	514
#define GLUE_ERESTART_BLOCK	516

/* --- entry.S ------------------------------------------------------------- */

extern char glue_entry[], glue_entry_reserve[], glue_entry_trap[], glue_entry_die[];
extern char glue_fast_sys[], glue_fast_done[], glue_fast_end[];
extern char glue_exit[], glue_exit_begin[], glue_exit_end[];
extern char glue_host_begin[], glue_host_sys[], glue_host_abort[];
extern char glue_copy_begin[], glue_copy_end[], glue_copy_fault[];
extern char glue_string_begin[], glue_string_end[];
extern char glue_restorer[], glue_restorer_hooked[];

long glue_clone(long nr, const unsigned long arg[6], struct glue_thread *child);
void glue_vanish(struct glue_thread *t, __u32 *busy) __attribute__((noreturn));
int glue_run(struct glue_thread *t, struct glue_frame *frame);
void glue_leave(struct glue_thread *t) __attribute__((noreturn));
void glue_leave_to(struct glue_thread *t, unsigned long sp, void (*fn)(struct glue_thread *t))
	__attribute__((noreturn));
void glue_sigreturn(unsigned long frame) __attribute__((noreturn));
void glue_set_fs(unsigned long base);
unsigned long glue_get_fs(void);
long glue_gate_call(unsigned long fs, long (*fn)(void *), void *arg);

/* Called by entry.S. */
void glue_enter(struct glue_frame *f);
void glue_deliver(struct glue_frame *f);
void glue_die(void) __attribute__((noreturn));
void glue_thread_start(struct glue_thread *t);

/* --- the host, cpu.c ------------------------------------------------------ */

/* Vector state: xsave mask and bytes; as the kernel saves it for a handler. */
struct glue_xstate {
	__u64	mask;
	__u64	size;
};
#define GLUE_XSTATE_MAX	16384
extern struct glue_xstate glue_xstate;
extern __u32 glue_fsgsbase;	/* user mode may execute wrfsbase */

int glue_cpu_init(void);	/* ordinary code */
struct glue_thread *glue_thread_here(void);	/* NULL: not a program's thread */
void glue_set_gs(unsigned long base);

/* --- signals: sigcall.c, sigdefer.c, sigframe.c --------------------------- */

struct glue_siginfo {
	int	signo, err, code, pad;
	union {
		struct { int pid; unsigned int uid; unsigned long value; } rt;
		struct { unsigned long addr; int nr; unsigned int arch; } sys;
		unsigned long addr;
		char	fill[112];
	};
};

struct glue_sigcontext {
	__u64	r8, r9, r10, r11, r12, r13, r14, r15;
	__u64	rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	__u16	cs, gs, fs, ss;
	__u64	err, trapno, oldmask, cr2;
	__u64	fpstate;
	__u64	reserved[8];
};

struct glue_ucontext {
	__u64	flags;
	__u64	link;
	struct glue_altstack stack;
	struct glue_sigcontext mc;
	__u64	sigmask;
};

/* At the stack pointer on entry of a handler, rt_sigframe of the kernel. */
struct glue_sigframe {
	__u64	restorer;
	struct glue_ucontext uc;
	struct glue_siginfo info;
};

#define GLUE_SA_NOCLDSTOP	0x1UL
#define GLUE_SA_NOCLDWAIT	0x2UL
#define GLUE_SA_SIGINFO		0x4UL
#define GLUE_SA_RESTORER	0x04000000UL
#define GLUE_SA_ONSTACK		0x08000000UL
#define GLUE_SA_RESTART		0x10000000UL
#define GLUE_SA_NODEFER		0x40000000UL
#define GLUE_SA_RESETHAND	0x80000000UL

/* Signals whose kernel handler is always ours. */
#define GLUE_SYNC_SIGNALS	(GLUE_SIGBIT(4) | GLUE_SIGBIT(5) | GLUE_SIGBIT(7) | \
				 GLUE_SIGBIT(8) | GLUE_SIGBIT(11) | GLUE_SYS_BIT)

/* Those whose default action makes a core, signal(7). */
#define GLUE_CORE_SIGNALS	(GLUE_SYNC_SIGNALS | GLUE_SIGBIT(3) | GLUE_SIGBIT(6) | \
				 GLUE_SIGBIT(24) | GLUE_SIGBIT(25))

void glue_on_signal(int sig, struct glue_siginfo *si, struct glue_ucontext *uc);
void glue_on_fault(int sig, struct glue_siginfo *si, struct glue_ucontext *uc);
void glue_on_sigsys(int sig, struct glue_siginfo *si, struct glue_ucontext *uc);
void glue_defer(struct glue_thread *t, int sig, const struct glue_siginfo *si,
		struct glue_ucontext *uc);
void glue_leave_windows(struct glue_thread *t, struct glue_ucontext *uc);
void glue_enter_handler(struct glue_thread *t, int sig, const struct glue_siginfo *si,
			struct glue_ucontext *uc);
unsigned long glue_program_ip(const struct glue_thread *t, const struct glue_sigcontext *mc);
int glue_sig_handled(struct glue_thread *t, int sig, unsigned long *flags);
void glue_fatal(struct glue_thread *t, int sig) __attribute__((noreturn));

long glue_sigframe_push(struct glue_thread *t, const struct glue_sigaction *act, int sig,
			const struct glue_siginfo *si, const struct glue_sigcontext *mc,
			__u64 saved_mask, const void *fpstate, unsigned long *frame);
int glue_sigframe_pop(struct glue_thread *t, unsigned long sp);

int glue_sigaction_set_kernel(int sig, const struct glue_sigaction *act);
int glue_sig_contained(const struct glue_prog *p, int sig);
int glue_sig_dooms(const struct glue_thread *t);
int glue_signals_begin(struct glue_prog *p);
void glue_signals_end(struct glue_prog *p, unsigned long blocked);
void glue_signals_exec(struct glue_prog *p);
void glue_signals_child(struct glue_prog *p, int clear);
void glue_signal_chain(int sig, struct glue_siginfo *si, struct glue_ucontext *uc);
void glue_sigmask_done(struct glue_thread *t);

static inline int glue_inside(const struct glue_thread *t)
{
	return t->hook_sp != t->hook_top;
}

/* --- threads: thread.c, gate.c -------------------------------------------- */

struct glue_thread *glue_thread_new(struct glue_prog *p);
void glue_thread_free(struct glue_thread *t);
int glue_thread_arm(struct glue_thread *t);
void glue_prog_end(struct glue_thread *t, int wstatus) __attribute__((noreturn));

#define GLUE_NLENDERS	2
extern struct glue_lender {
	unsigned long fs;		/* its FS base; 0 until it lends */
	__u32	busy;
} glue_lenders[GLUE_NLENDERS];
void *glue_gate_lend(void *lender);
int glue_gate_pool(void);	/* ordinary code: make what threads borrow */
void glue_gate_forget(void);	/* ordinary code: in a child of fork() */

/* --- net: net.c ------------------------------------------------------------ */

enum glue_net { GLUE_NET_NONE, GLUE_NET_SUD, GLUE_NET_SECCOMP };
extern enum glue_net glue_net;
int glue_net_init(unsigned int flags);	/* ordinary code */
int glue_net_arm(void);			/* the calling thread */
void glue_net_disarm(void);

/* --- calls without a frame: fast.c ------------------------------------------ */

const __u8 *glue_fast_table(const struct glue_prog *p);

/* --- time: vdso.c -------------------------------------------------------------- */

int glue_vdso_init(void);		/* ordinary code */

/* --- memory: mm.c ----------------------------------------------------------- */

int glue_mm_init(struct glue_prog *p, unsigned long window);
void glue_mm_empty(struct glue_prog *p);
void glue_mm_free(struct glue_prog *p);
void glue_mm_rings(struct glue_prog *p, struct glue_thread *t);
void glue_mm_lock(int on);	/* over fork(); so do text.c, arena.c, linkmap.c */
unsigned long glue_mm_place(struct glue_prog *p, unsigned long len);

/* --- the calls, by file ------------------------------------------------------ */

typedef long glue_call_fn(struct glue_thread *t, struct glue_frame *f);

glue_call_fn glue_sys_rt_sigaction, glue_sys_rt_sigprocmask, glue_sys_rt_sigreturn,
	glue_sys_rt_sigsuspend, glue_sys_rt_sigtimedwait, glue_sys_rt_sigpending,
	glue_sys_sigaltstack;
glue_call_fn glue_sys_clone, glue_sys_clone3, glue_sys_exit, glue_sys_exit_group,
	glue_sys_set_tid_address;
/* The kernel's struct clone_args, as of 5.7; larger ones have more at the end. */
struct glue_clone_args {
	__u64	flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	__u64	set_tid, set_tid_size, cgroup;
};

/* process.c: clone() without CLONE_THREAD */
long glue_process_new(struct glue_thread *t, struct glue_frame *f,
		      const struct glue_clone_args *c);
glue_call_fn glue_sys_fork, glue_sys_vfork, glue_sys_execve, glue_sys_execveat;
glue_call_fn glue_sys_brk, glue_sys_mmap, glue_sys_munmap, glue_sys_mremap, glue_sys_mprotect;
glue_call_fn glue_sys_arch_prctl, glue_sys_prctl, glue_sys_seccomp, glue_sys_rseq,
	glue_sys_personality;
glue_call_fn glue_sys_path0, glue_sys_path1, glue_sys_readlink, glue_sys_readlinkat;
glue_call_fn glue_sys_clock_gettime, glue_sys_gettimeofday, glue_sys_time, glue_sys_getcpu,
	glue_sys_timer_create;

#endif /* GLUE_CORE_H */
