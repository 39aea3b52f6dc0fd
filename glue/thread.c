// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of a program: made, ended, and ended all together.
 *
 * A program's thread is a thread of the host, made with the very flags that the
 * program gave, so that its stack, thread pointer and clear-tid word are the
 * kernel's business.  Ours is a block of memory, which %gs points at:
 *
 *	guard | hook stack | guard | stack of our signal handlers | glue_thread
 *
 * Blocks are kept for the next thread.  A thread cannot free what it runs on,
 * so it puts its block on the free list still marked busy, and takes the mark
 * off with its last instruction but one (glue_vanish()).
 *
 * The end of a program.  exit_group(), or a signal that would have killed the
 * process, sets .exiting and kicks all threads; each leaves at its next way out
 * of the glue.  The first one, which is glue_exec()'s caller, waits for the
 * others and returns there.  A process that fork() made has nowhere to return to
 * and ends, after the stack has closed its files: so its parent finds them closed.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "asm-offsets.h"
#include "core.h"
#include "process.h"
#include "stack.h"
#include "thread.h"

#define HOOK_STACK	(HOOK_LEVELS * HOOK_RESERVE)
#define SIG_STACK	0x10000UL
#define BLOCK_SIZE	(GLUE_PAGE + HOOK_STACK + GLUE_PAGE + SIG_STACK + GLUE_PAGE)
#define ALL_SIGNALS	(~0UL)
#define LIFE_STACK	(512UL << 10)

_Static_assert(sizeof(struct glue_thread) <= GLUE_PAGE, "struct glue_thread");

/* Memory of the process, not of a program. */
static struct glue_thread *blocks;
static __u32 blocks_lock;

static struct glue_thread *block_get(void)
{
	struct glue_thread **p, *t;
	unsigned long b;

	glue_lock(&blocks_lock);
	for (p = &blocks; (t = *p); p = &t->next)
		if (!__atomic_load_n(&t->busy, __ATOMIC_ACQUIRE)) {
			*p = t->next;
			break;
		}
	glue_unlock(&blocks_lock);
	if (t)
		return t;

	b = glue_raw6(SYS_mmap, 0, BLOCK_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b > -GLUE_PAGE)
		return NULL;
	glue_raw3(SYS_mprotect, b, GLUE_PAGE, PROT_NONE);
	glue_raw3(SYS_mprotect, b + GLUE_PAGE + HOOK_STACK, GLUE_PAGE, PROT_NONE);
	return (struct glue_thread *)(b + BLOCK_SIZE - GLUE_PAGE);
}

static void block_put(struct glue_thread *t)
{
	glue_lock(&blocks_lock);
	t->next = blocks;
	blocks = t;
	glue_unlock(&blocks_lock);
}

void glue_blocks_lock(int on)
{
	if (on)
		glue_lock(&blocks_lock);
	else
		glue_unlock(&blocks_lock);
}

struct glue_thread *glue_thread_new(struct glue_prog *p)
{
	struct glue_thread *t = block_get();
	unsigned long b = (unsigned long)t;

	if (!t)
		return NULL;
	glue_memset(t, 0, sizeof(*t));
	t->self = t;
	t->prog = p;
	t->fast = glue_fast_table(p);
	t->busy = 1;
	t->sig_stack = b - SIG_STACK;
	t->sig_stack_size = SIG_STACK;
	t->hook_top = t->hook_sp = b - SIG_STACK - GLUE_PAGE;
	t->alt.flags = 2;		/* SS_DISABLE */
	return t;
}

void glue_thread_free(struct glue_thread *t)
{
	t->busy = 0;
	block_put(t);
}

/* The calling thread's own: alternate stack and net.  Signals are blocked. */
int glue_thread_arm(struct glue_thread *t)
{
	struct glue_altstack ss = { .sp = t->sig_stack, .size = t->sig_stack_size };

	t->tid = glue_raw0(SYS_gettid);
	glue_raw2(SYS_sigaltstack, &ss, 0);
	return glue_net_arm();
}

void glue_thread_link(struct glue_thread *t)
{
	struct glue_prog *p = t->prog;

	glue_lock(&p->thread_lock);
	t->next = p->threads;
	t->pprev = &p->threads;
	if (t->next)
		t->next->pprev = &t->next;
	p->threads = t;
	p->nthreads++;
	glue_unlock(&p->thread_lock);
}

/* With the locks held. */
void glue_threads_forked(struct glue_thread *t)
{
	struct glue_prog *p = t->prog;
	struct glue_thread *o, *next;

	for (o = p->threads; o; o = next) {
		next = o->next;
		glue_on_thread(o, 0);
		if (o == t)
			continue;
		o->next = blocks;
		blocks = o;
	}
	/* Those that were about to vanish have done so. */
	for (o = blocks; o; o = o->next)
		o->busy = 0;
	t->next = NULL;
	t->pprev = &p->threads;
	p->threads = p->first = t;
	p->nthreads = 1;
	p->threaded = 0;
	t->exit_sp = 0;
}

static void unlink_thread(struct glue_thread *t)
{
	struct glue_prog *p = t->prog;

	glue_lock(&p->thread_lock);
	*t->pprev = t->next;
	if (t->next)
		t->next->pprev = t->pprev;
	p->ncalls += t->ncalls + t->nfast;
	p->ntraps += t->ntraps;
	p->nsignals += t->nsignals;
	p->ndeferred += t->ndeferred;
	__atomic_fetch_sub(&p->nthreads, 1, __ATOMIC_RELEASE);
	glue_unlock(&p->thread_lock);
	glue_raw3(SYS_futex, &p->nthreads, FUTEX_WAKE_PRIVATE, 1);
}

/* First code of a new thread, from glue_clone(); afterwards it is the program's. */
void glue_thread_start(struct glue_thread *t)
{
	glue_thread_arm(t);
	if (__atomic_load_n(&t->prog->exiting, __ATOMIC_SEQ_CST))
		__atomic_or_fetch(&t->pending, GLUE_PEND_DIE, __ATOMIC_RELAXED);
	glue_on_thread(t, 1);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &t->start_mask, 0, 8);
}

static long make_pool(void *arg)
{
	return glue_gate_pool();
}

/* What the first thread sees to before there is a second. */
static long prepare(struct glue_thread *t)
{
	long r;

	if (t->prog->threaded)
		return 0;
	r = glue_gate(t, make_pool, NULL);
	if (!r)
		r = glue_stack_maker(t);
	if (!r)
		t->prog->threaded = 1;
	return r;
}

static long clone_thread(struct glue_thread *t, struct glue_frame *f, long nr,
			 const unsigned long arg[6])
{
	unsigned long all = ALL_SIGNALS, old;
	struct glue_thread *c;
	struct glue_frame *cf;
	long r;

	r = prepare(t);
	if (r)
		return -EAGAIN;
	c = glue_thread_new(t->prog);
	if (!c)
		return -EAGAIN;
	cf = (struct glue_frame *)(c->hook_sp - F_SIZE);
	c->hook_sp -= HOOK_RESERVE;
	c->clone_frame = (unsigned long)cf;
	glue_memcpy(cf, f, sizeof(*cf));
	cf->nr = 0;
	if (f->desc == &t->trap_desc) {
		glue_memcpy(&c->trap_desc, &t->trap_desc, sizeof(c->trap_desc));
		cf->desc = &c->trap_desc;
	}

	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	if (t->pending) {		/* the mask is not the program's */
		if (!(t->pending & GLUE_PEND_SIGNAL))
			glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
		glue_thread_free(c);
		return -GLUE_ERESTARTNOINTR;
	}
	c->start_mask = old;
	c->mask_sys = t->mask_sys;
	glue_thread_link(c);
	r = glue_clone(nr, arg, c);
	if (r < 0) {
		unlink_thread(c);
		glue_thread_free(c);
	}
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
	return r;
}

static int makes_thread(unsigned long flags)
{
	return (flags & (CLONE_THREAD | CLONE_VM)) == (CLONE_THREAD | CLONE_VM);
}

long glue_sys_clone(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_clone_args c;

	if (makes_thread(f->arg[0]))
		return f->arg[1] ? clone_thread(t, f, SYS_clone, f->arg) : -EINVAL;
	glue_memset(&c, 0, sizeof(c));
	c.flags = (__u32)f->arg[0] & ~CSIGNAL;
	c.exit_signal = f->arg[0] & CSIGNAL;
	c.stack = f->arg[1];
	c.pidfd = c.parent_tid = f->arg[2];
	c.child_tid = f->arg[3];
	c.tls = f->arg[4];
	if (c.flags & CLONE_PIDFD && c.flags & CLONE_PARENT_SETTID)
		return -EINVAL;
	return glue_process_new(t, f, &c);
}

long glue_sys_clone3(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long arg[6] = { f->arg[0], f->arg[1] };
	struct glue_clone_args ca;
	size_t size = f->arg[1];

	if (size < offsetof(struct glue_clone_args, set_tid))
		return -EINVAL;
	if (size > sizeof(ca))
		return -E2BIG;
	glue_memset(&ca, 0, sizeof(ca));
	if (glue_get_user(&ca, f->arg[0], size))
		return -EFAULT;
	if (!makes_thread(ca.flags))
		return glue_process_new(t, f, &ca);
	if (!ca.stack)
		return -EINVAL;
	arg[0] = (unsigned long)&ca;
	return clone_thread(t, f, SYS_clone3, arg);
}

/* Only the first thread has a clear-tid word that the kernel does not know. */
long glue_sys_set_tid_address(struct glue_thread *t, struct glue_frame *f)
{
	if (t != t->prog->first)
		return glue_raw1(SYS_set_tid_address, f->arg[0]);
	t->ctid = f->arg[0];
	return t->tid;
}

/* Signals of the process that @t had taken, and will not see to any more. */
static void requeue(struct glue_thread *t)
{
	const struct glue_siginfo *si = (const struct glue_siginfo *)t->info;

	if (t->pending & GLUE_PEND_SIGNAL && si->code != SI_TKILL)
		glue_raw3(SYS_rt_sigqueueinfo, glue_raw0(SYS_getpid), t->defer_sig, si);
}

static void leave_other(struct glue_thread *t) __attribute__((noreturn));
static void leave_other(struct glue_thread *t)
{
	unsigned long all = ALL_SIGNALS;

	glue_on_thread(t, 0);
	glue_stack_exit(t);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	requeue(t);
	if (t->prog->exiting) {
		/* The memory will be another program's. */
		glue_raw1(SYS_set_tid_address, 0);
		glue_raw2(SYS_set_robust_list, 0, 24);
	}
	unlink_thread(t);
	block_put(t);
	glue_vanish(t, &t->busy);
}

/* The others leave; kick those that were about to sleep when kicked before. */
static void wait_others(struct glue_prog *p)
{
	struct { long sec, nsec; } ts = { 0, 10000000 };
	struct glue_thread *t;
	__u32 n;

	while ((n = __atomic_load_n(&p->nthreads, __ATOMIC_ACQUIRE)) > 1) {
		if (p->exiting) {
			glue_lock(&p->thread_lock);
			for (t = p->threads; t; t = t->next)
				if (t != p->first)
					glue_kick(t);
			glue_unlock(&p->thread_lock);
		}
		glue_raw4(SYS_futex, &p->nthreads, FUTEX_WAIT_PRIVATE, n, &ts);
	}
}

/* All others have left, and the program goes on as another one: execve.c. */
static void leave_for_exec(struct glue_thread *t) __attribute__((noreturn));
static void leave_for_exec(struct glue_thread *t)
{
	unsigned long all = ALL_SIGNALS, at;

	/* A last kick may be under way to this thread: it comes here, at the latest. */
	glue_raw0(SYS_sched_yield);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	requeue(t);
	if (t->exit_sp)
		glue_leave(t);
	at = glue_raw6(SYS_mmap, 0, LIFE_STACK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at > -GLUE_PAGE)
		glue_fatal(t, SIGKILL);
	glue_leave_to(t, at + LIFE_STACK, glue_child_life);
}

static void leave_first(struct glue_thread *t) __attribute__((noreturn));
static void leave_first(struct glue_thread *t)
{
	struct glue_prog *p = t->prog;
	unsigned long mask = ~GLUE_SYNC_SIGNALS;

	/* Signals of the process are the others' now; a kick may still come. */
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &t->start_mask, 8);
	if (t->pending & GLUE_PEND_SIGNAL)
		t->start_mask = t->defer_mask;
	wait_others(p);
	glue_on_thread(t, 0);
	if (p->exec)
		leave_for_exec(t);
	if (p->is_child)
		glue_process_exit(t, p->wstatus);
	unlink_thread(t);
	glue_leave(t);
}

void glue_die(void)
{
	struct glue_thread *t = glue_self();

	if (t == t->prog->first)
		leave_first(t);
	leave_other(t);
}

void glue_prog_end(struct glue_thread *t, int wstatus)
{
	struct glue_prog *p = t->prog;
	struct glue_thread *o;

	glue_lock(&p->thread_lock);
	if (!p->exiting) {
		p->wstatus = wstatus;
		__atomic_store_n(&p->exiting, 1, __ATOMIC_SEQ_CST);
		for (o = p->threads; o; o = o->next)
			if (o != t)
				glue_kick(o);
	}
	glue_unlock(&p->thread_lock);
	glue_die();
}

long glue_sys_exit_group(struct glue_thread *t, struct glue_frame *f)
{
	glue_prog_end(t, (f->arg[0] & 0xff) << 8);
}

/* One thread.  The program ends with its last one. */
long glue_sys_exit(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_prog *p = t->prog;
	__u32 zero = 0;

	if (t != p->first)
		leave_other(t);

	/* We stay, as glue_exec()'s caller, but for the program we are gone. */
	if (t->ctid) {
		glue_put_user(t->ctid, &zero, sizeof(zero));
		glue_raw3(SYS_futex, t->ctid, FUTEX_WAKE, 1);
	}
	glue_raw2(SYS_set_robust_list, 0, 24);
	if (!p->exiting)
		p->wstatus = (f->arg[0] & 0xff) << 8;
	leave_first(t);
}
