/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The POSIX glue: unmodified programs on a stack of their own
 *
 * A program is loaded by glue_exec() beside the library in one process; each of
 * its system calls enters the glue instead of the kernel, without leaving user
 * mode, and is handed to glue_dispatch(), which carries it to the stack or to
 * the host.  README.md has the theory of operation.
 *
 *	program text            entry.S             enter.c
 *	------------            -------             -------
 *	jmp trampoline ----->   glue_entry  ----->  glue_enter()
 *	                        frame on the          signals, threads, memory
 *	                        hook stack            glue_dispatch() -+-> stack
 *	                                                               +-> host
 *	next instruction <----- glue_exit   <-----  signals delivered
 *
 * Hot code is what runs between glue_entry and glue_exit: it has the program's
 * FS base and the program's live vector registers, and no libc.  It is built
 * by the obj-hot rule, uses nothing but the functions marked hot here and in
 * <libos/libos.h>, and never copies a struct of more than a few words by
 * assignment (the compiler would call memcpy).  What needs a libc goes through
 * glue_gate().
 */
#ifndef GLUE_GLUE_H
#define GLUE_GLUE_H

#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

struct libos;
struct libos_thread;
struct glue_prog;
struct glue_thread;
struct glue_fdtab;		/* fd.c's; opaque to the rest */
struct glue_exec_req;		/* execve.c's */
struct glue_vfork;		/* process.c's */

/* --- for the launcher ---------------------------------------------------- */

/* Flags of &struct glue_opts. */
#define GLUE_FINAL	(1U << 0)	/* the process is this program: signals
					 * whose default action kills, kill it */
#define GLUE_HOME	(1U << 6)	/* with GLUE_FINAL: others use the stack of
					 * this process: such signals end the
					 * program, but for those that make a core */
#define GLUE_NOPATCH	(1U << 1)	/* rewrite nothing, trap every call */
#define GLUE_SECCOMP	(1U << 2)	/* net: seccomp, even if SUD is offered */
#define GLUE_NONET	(1U << 3)	/* no net; refuse text with a site
					 * that cannot be rewritten */
#define GLUE_STATS	(1U << 4)	/* counters to stderr at the end */
#define GLUE_NOCACHE	(1U << 5)	/* neither read nor write the site cache */

/**
 * struct glue_overlay - a host path that the program sees another file at
 * @path: absolute path as the program names it, e.g. "/etc/resolv.conf"
 * @file: host file opened instead
 */
struct glue_overlay {
	const char *path;
	const char *file;
};

/**
 * struct glue_cidr - destinations left to the host's stack
 * @family: AF_INET or AF_INET6
 * @prefix: length in bits
 * @addr: network byte order, 4 or 16 bytes used
 */
struct glue_cidr {
	__u16	family;
	__u8	prefix;
	__u8	pad;
	__u8	addr[16];
};

/**
 * struct glue_opts - how to run a program
 * @size: sizeof(struct glue_opts); members beyond it are taken as zero
 * @stack: the calling thread's identity towards the stack; NULL: no stack,
 *	every call goes to the host
 * @path: program; searched in PATH if it has no slash
 * @argv: NULL-terminated
 * @envp: NULL-terminated; NULL for the caller's environment
 * @flags: GLUE_*
 * @trace: 0 none; 1 the calls that went to the stack; 2 all calls
 * @trace_fd: where traces go; 0 for stderr
 * @overlay: host paths with another content, @noverlay of them
 * @bypass: destinations left to the host, @nbypass of them
 * @window: bytes of address space of the program, a power of two; 0 for 1 TiB
 */
struct glue_opts {
	size_t	size;
	struct libos_thread *stack;
	const char *path;
	char *const *argv;
	char *const *envp;
	unsigned int flags;
	int	trace;
	int	trace_fd;
	unsigned int noverlay;
	const struct glue_overlay *overlay;
	unsigned int nbypass;
	const struct glue_cidr *bypass;
	size_t	window;
};

/**
 * glue_exec() - run a program on the calling thread until it ends
 * @opts: what and how; the pointers must stay valid until it returns
 * @wstatus: how it ended, as from waitpid(2)
 *
 * The program's threads are threads of this process; all of them have ended
 * when it returns.  Other threads of the process go on meanwhile.  At most one
 * program at a time has the process's signals.
 *
 * Context: an ordinary thread with a libc; not reentrant on one thread.
 * Return: 0; before the program started: -ENOENT, -EACCES, -ENOEXEC, -ENOMEM,
 * -ENOTSUP (the host offers neither Syscall User Dispatch nor seccomp, or
 * GLUE_NONET and a call that cannot be rewritten, or the launcher does not lie
 * where the kernel puts position-independent ones),
 * -EADDRINUSE (the addresses of a fixed-position program are taken).
 */
int glue_exec(const struct glue_opts *opts, int *wstatus);

/* --- between the files of the room --------------------------------------- */

#define GLUE_NSIG	64
#define GLUE_RINGS	64	/* mappings of stack files, of a program */

/* The kernel's struct sigaction, as in the system call. */
struct glue_sigaction {
	unsigned long handler;
	unsigned long flags;
	unsigned long restorer;
	unsigned long mask;
};

/* The kernel's stack_t. */
struct glue_altstack {
	unsigned long sp;
	int	flags;
	int	pad;
	unsigned long size;
};

/**
 * struct glue_desc - one rewritten site, in the program's trampoline area
 * @ret_ip: what the program takes for the address after its system call
 * @cont: where it goes on: @ret_ip, or a copy of what was overwritten there
 * @restart_ip: an address that makes the same call once more
 */
struct glue_desc {
	unsigned long ret_ip;
	unsigned long cont;
	unsigned long restart_ip;
};

/**
 * struct glue_frame - the program's registers at a system call
 *
 * Pushed by entry.S in this order, from the last member up.  @nr is rax: the
 * number on the way in, the result on the way out.
 */
struct glue_frame {
	unsigned long nr;
	unsigned long arg[6];		/* rdi rsi rdx r10 r8 r9 */
	unsigned long r15, r14, r13, r12, rbp, rbx;
	const struct glue_desc *desc;
	unsigned long ret_ip;
	unsigned long cont;
	unsigned long sp;
};

/* Bits of &struct glue_thread.pending. */
#define GLUE_PEND_SIGNAL	1	/* a deferred signal waits in .info */
#define GLUE_PEND_DIE		2	/* the program ends; leave at once */

/**
 * struct glue_prog - one program in this process
 *
 * All state that belongs to the program and not to one of its threads.
 */
struct glue_prog {
	struct glue_prog *next;		/* all programs; under the room's lock */
	const struct glue_opts *opts;	/* &.own */
	struct glue_opts own;
	struct glue_fdtab *fds;		/* fd.c's */
	void	*dispatch;		/* dispatch.c's own, NULL at the start */
	unsigned int flags;		/* GLUE_* */

	/* image */
	char	exe[4096];		/* absolute path, what /proc/self/exe names */
	char	comm[16];
	unsigned long entry;		/* first instruction (the interpreter's) */
	unsigned long at_entry, at_base, at_phdr, at_phent, at_phnum;
	unsigned long img_lo, img_hi;	/* an ET_EXEC program, outside the window */
	unsigned long stack_lo, stack_hi;

	/* address space: [lo, hi), of which [map_lo, hi) for mmap() */
	unsigned long lo, hi, map_lo;
	unsigned long map_cursor;	/* next hint; atomic */
	unsigned long brk_lo, brk, brk_hi;	/* under .mm_lock */
	__u32	mm_lock;
	unsigned long ring[GLUE_RINGS];	/* where stack files are mapped */

	/* signals */
	__u32	sig_lock;
	struct glue_sigaction act[GLUE_NSIG + 1];

	/* threads */
	__u32	thread_lock;
	__u32	nthreads;		/* futex; the first one included */
	__u32	exiting;		/* .wstatus is valid, all leave */
	__u32	threaded;		/* has ever had a second thread */
	int	wstatus;
	struct glue_exec_req *exec;	/* with .exiting: what comes next */
	struct glue_thread *threads;	/* under .thread_lock */
	struct glue_thread *first;
	struct libos_thread *maker;	/* identity that makes those of threads */
	__u32	maker_lock;

	/* process */
	__u8	is_child;		/* of fork(): the process ends with it */
	__u8	dumpable;		/* PR_SET_DUMPABLE, virtual; see prctl.c */
	__u8	timers;			/* has called timer_create() */
	__u8	said_process;		/* the user was told that there is no fork() */
	int	last_timer;		/* highest id that is not its own; -1: none */
	struct glue_vfork *vfork;	/* a parent waits for us; process.c's */

	/* counters */
	unsigned long ncalls, ntraps, nsignals, ndeferred;	/* of threads that ended */
	unsigned long nsites[6];	/* enum glue_method: rewritten; [0]: not */
};

/**
 * struct glue_thread - one thread of a program; %gs points at it
 *
 * The members up to @lib_fs are known to entry.S (asm-offsets.h).
 */
struct glue_thread {
	struct glue_thread *self;
	unsigned long hook_sp;		/* top of what is free of the hook stack */
	__u32	pending;		/* GLUE_PEND_*; set from signal handlers */
	__u32	pad0;
	unsigned long lib_fs;		/* FS base of our libc for it, 0: borrow */
	unsigned long prog_fs;		/* program's FS base while in the gate */
	unsigned long exit_sp;		/* first thread: stack of glue_exec() */
	unsigned long clone_frame;	/* new thread: where its frame is */
	unsigned long hook_top;		/* hook_sp when outside the glue */
	const __u8 *fast;		/* by number: calls that are the host's, see fast.c */
	const struct glue_desc *fast_desc;	/* site of the fast call it makes */
	unsigned long nfast;
	/* known to entry.S up to here */

	struct glue_prog *prog;
	struct libos_thread *stack;	/* use glue_thread_stack() */
	struct glue_frame *frame;	/* of the call it is in */
	struct glue_thread *next, **pprev;	/* of the program; or of the free list */
	void	*dispatch;		/* dispatch.c's own, NULL at the start */
	int	tid;
	int	gate_depth;
	unsigned long ctid;		/* first thread: CLONE_CHILD_CLEARTID */

	/* signals */
	struct glue_altstack alt;	/* the program's, virtual */
	unsigned long sig_stack, sig_stack_size;	/* ours, the kernel's */
	unsigned long defer_mask;	/* mask when the pending signal came */
	unsigned long call_mask;	/* temporary mask of the running call */
	unsigned long saved_mask;	/* mask to go back to; with .mask_swapped */
	__u8	mask_sys;		/* the program believes SIGSYS blocked */
	__u8	has_call_mask;
	__u8	mask_swapped;		/* .call_mask was set by rt_sigprocmask */
	volatile __u8 stack_phase;	/* inside glue_stack(), see sigdefer.c */
	int	defer_sig;
	__u8	info[128];		/* siginfo of the pending signal */
	__u8	stepping;		/* single-stepped into libos_call() */

	struct glue_desc trap_desc;	/* of a call that trapped */
	unsigned long start_mask;	/* new thread: its signal mask; first one: in the end */
	__u32	busy;			/* its memory is in use, see glue_vanish() */
	unsigned long ncalls, ntraps, nsignals, ndeferred;
};

static inline struct glue_thread *glue_self(void)
{
	struct glue_thread *t;

	asm("mov %%gs:0, %0" : "=r" (t));
	return t;
}

/*
 * The program's calls.  glue_enter() has dealt with threads, signals, memory
 * and the program's identity before it comes here; the rest is dispatch.c's.
 */

/**
 * glue_dispatch() - perform one system call of a program
 * @t: the calling thread
 * @nr: number in the host's table; SYS_restart_syscall is made by the glue
 *	itself, to go on with a call of the stack that returned -516
 * @arg: six arguments, as in the registers; pointers are the program's and not
 *	to be trusted
 *
 * Context: hot.
 * Return: result or negative errno; -512..-516 (the kernel's restart codes) are
 * translated by the caller.
 */
long glue_dispatch(struct glue_thread *t, long nr, const unsigned long arg[6]);

/**
 * glue_fdtab_new() - a program starts: its table of file descriptors
 *
 * Called when the program is loaded and before its first instruction, on the
 * thread of glue_exec() with its libc.  Return: the table, or NULL with no
 * memory.
 */
struct glue_fdtab *glue_fdtab_new(struct glue_prog *p);

/** glue_fdtab_free() - a program has ended and has no thread left */
void glue_fdtab_free(struct glue_fdtab *f);

enum glue_fork_step { GLUE_FORK_BEFORE, GLUE_FORK_PARENT, GLUE_FORK_CHILD };

/**
 * glue_fdtab_fork() - the table over a fork()
 * @t: the thread that forks
 * @step: before: nothing changes from then on; in the parent: changes again; in the
 *	child, when it has its identity towards the stack: becomes the child's own
 *
 * Context: hot.
 */
void glue_fdtab_fork(struct glue_thread *t, enum glue_fork_step step);

/**
 * glue_fdtab_child() - in a child: close what is the library's and not wanted
 * @f: the table
 * @keep: numbers that stay, @n of them; reordered
 *
 * Context: ordinary code.
 */
void glue_fdtab_child(struct glue_fdtab *f, int *keep, int n);

/**
 * glue_fdtab_exec() - execve(): what is close-on-exec is closed
 * @t: the only thread
 *
 * Context: ordinary code.
 */
void glue_fdtab_exec(struct glue_thread *t);

/**
 * glue_on_thread() - a thread of a program was made, or ends
 * @t: the thread
 * @starts: 1 when made, on the thread itself before its first instruction; 0
 *	when it ends, its last call being over
 *
 * Context: hot.
 */
void glue_on_thread(struct glue_thread *t, int starts);

/*
 * What dispatch.c may use; all hot.
 */

/**
 * glue_host() - make a system call of the host that may block
 *
 * If a signal for the program is waiting, or comes before the kernel is
 * entered, the call is not made.
 *
 * Return: the kernel's result, or -513 (ERESTARTNOINTR) if it was not made.
 */
long glue_host(struct glue_thread *t, long nr, const unsigned long arg[6]);

/** glue_raw() - make a system call of the host that does not block, always */
long glue_raw(long nr, unsigned long a, unsigned long b, unsigned long c,
	      unsigned long d, unsigned long e, unsigned long f);

#define glue_raw0(nr)			glue_raw(nr, 0, 0, 0, 0, 0, 0)
#define glue_raw1(nr, a)		glue_raw(nr, (unsigned long)(a), 0, 0, 0, 0, 0)
#define glue_raw2(nr, a, b)		glue_raw(nr, (unsigned long)(a), \
						 (unsigned long)(b), 0, 0, 0, 0)
#define glue_raw3(nr, a, b, c)		glue_raw(nr, (unsigned long)(a), \
						 (unsigned long)(b), (unsigned long)(c), 0, 0, 0)
#define glue_raw4(nr, a, b, c, d)	glue_raw(nr, (unsigned long)(a), \
						 (unsigned long)(b), (unsigned long)(c), \
						 (unsigned long)(d), 0, 0)
#define glue_raw5(nr, a, b, c, d, e)	glue_raw(nr, (unsigned long)(a), \
						 (unsigned long)(b), (unsigned long)(c), \
						 (unsigned long)(d), (unsigned long)(e), 0)
#define glue_raw6(nr, a, b, c, d, e, f)	glue_raw(nr, (unsigned long)(a), \
						 (unsigned long)(b), (unsigned long)(c), \
						 (unsigned long)(d), (unsigned long)(e), \
						 (unsigned long)(f))

/**
 * glue_stack() - make a call into the program's stack, with signals handled
 * @fd_hint: see libos_call_fd(); -1 for none
 *
 * A signal that comes meanwhile ends the call as the stack's kernel sees fit.
 * Signals that the stack sends (SIGPIPE) are raised on the thread.  The program
 * must have a stack.
 *
 * Return: as libos_call(); -513 if a signal was there first.
 */
long glue_stack(struct glue_thread *t, long nr, const unsigned long arg[6], int fd_hint);

/**
 * glue_thread_stack() - a thread's identity towards its stack
 *
 * Made on first use.  Return: NULL if the program has no stack, or no memory.
 */
struct libos_thread *glue_thread_stack(struct glue_thread *t);

/**
 * glue_sigmask_set() - give the running call a signal mask of its own
 * @mask: the program's pointer to it; NULL: nothing is done
 * @size: bytes, 8 for a valid call
 *
 * For ppoll, pselect6 and epoll_pwait that run in the stack: afterwards make
 * the call with no mask.  The old mask is back when the program goes on.
 * Return: 0, -EINVAL, -EFAULT.
 */
long glue_sigmask_set(struct glue_thread *t, unsigned long mask, unsigned long size);

/**
 * glue_sigmask_filter() - a mask that may be given to the host
 * @mask: the program's pointer
 * @copy: room for the copy, which lacks SIGSYS
 *
 * For the same calls if they go to the host: pass the address of @copy.
 * Return: 0, -EINVAL, -EFAULT.
 */
long glue_sigmask_filter(struct glue_thread *t, unsigned long mask, unsigned long size,
			 unsigned long *copy);

/*
 * The program's memory.  Return 0 or -EFAULT; the string variant returns the
 * length without the NUL, -EFAULT, or -ENAMETOOLONG if there is no NUL within
 * @n bytes.
 */
long glue_get_user(void *dst, unsigned long src, size_t n);
long glue_put_user(unsigned long dst, const void *src, size_t n);
long glue_get_string(char *dst, unsigned long src, size_t n);

/**
 * glue_gate() - run a function that needs a libc
 * @fn: ordinary code: libc, vectors, TLS.  It must not wait for another thread
 *	of the program, and it must not make calls that block for long
 *
 * Context: hot; on the program's thread.  Signals stay deferred.
 * Return: what @fn returned.
 */
long glue_gate(struct glue_thread *t, long (*fn)(void *arg), void *arg);

/* Memory and strings for hot code, where the compiler must not make them up. */
static inline void glue_memcpy(void *dst, const void *src, size_t n)
{
	asm volatile("rep movsb" : "+D" (dst), "+S" (src), "+c" (n) : : "memory");
}

static inline void glue_memset(void *dst, int c, size_t n)
{
	asm volatile("rep stosb" : "+D" (dst), "+c" (n) : "a" (c) : "memory");
}

static inline size_t glue_strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static inline int glue_streq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* A lock of hot code: a futex word, 0 when free.  Signals stay deferred. */
void glue_lock(__u32 *lock);
void glue_unlock(__u32 *lock);

/**
 * glue_say() - one line to the program's user, from hot code
 * @fmt: a format with %s, %d (long), %x (unsigned long); newline is added
 *
 * Return: nothing; written with "nuse: " before it to stderr by one write().
 */
void glue_say(const char *fmt, ...);

#endif /* GLUE_GLUE_H */
