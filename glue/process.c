// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other processes: fork(2), vfork(2), clone(2) without CLONE_THREAD; execve(2)'s
 * first step; the end of a process that is not the stack's home.
 *
 * A child is a copy of this process as fork(2) makes it, library and all; towards
 * the stack it is a client from then on (fork.c).  The kernel's flags for clone(2)
 * that do not concern memory are carried out around that.
 *
 * vfork.  A child that shares its parent's memory could not become another program
 * in place, for that needs memory of its own.  So vfork() copies, too, and what
 * remains of it is the parent's waiting, for the child to execute a program or to
 * end:
 *
 *	parent		read(pipe) ........................... 0: goes on
 *	child		        runs         execve(): close(pipe)
 *			                or   _exit(): write(pipe) what it changed
 *
 * Some parents want to read in their own memory why an execve() failed: the one in
 * posix_spawn() of glibc, for one.  What a child that never executed anything has
 * changed of the caller's stack frames is therefore carried back when it ends.
 * Whatever else it changed is lost; vfork(2) allows it nothing else anyhow.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <libos/libos.h>

#include "asm-offsets.h"
#include "core.h"
#include "fd.h"
#include "process.h"
#include "stack.h"
#include "thread.h"

#define FRAMES		(32UL << 10)	/* of the caller's stack, carried back */
#define WORDS		256		/* carried at a time */
/* All but faults: those of our copies from and to the program must arrive. */
#define BLOCKED		(~GLUE_SYNC_SIGNALS | GLUE_SYS_BIT)
#define NS_FLAGS	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
			 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/* What a child of vfork() knows, in a mapping of its own. */
struct glue_vfork {
	int	fd;			/* the pipe's writing end */
	unsigned long lo, len;		/* the caller's frames */
	unsigned long words[FRAMES / sizeof(unsigned long)];	/* as they were */
};

/* Through the pipe. */
struct change {
	unsigned long addr, value;
};

/* --- what the program asks for ----------------------------------------------- */

static long refuse(struct glue_thread *t, const char *what)
{
	glue_say("%s: clone: %s is not possible for a program on a stack of its own",
		 t->prog->comm, what);
	return -EINVAL;
}

static long check(struct glue_thread *t, const struct glue_clone_args *c)
{
	unsigned long flags = c->flags;

	if (flags & CLONE_THREAD || (flags & CLONE_SIGHAND && !(flags & CLONE_VM)) ||
	    (flags & CLONE_PIDFD && flags & CLONE_DETACHED))
		return -EINVAL;
	if (flags & CLONE_VM && !(flags & CLONE_VFORK))
		return refuse(t, "a process that shares memory");
	if (flags & (CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_SYSVSEM))
		return refuse(t, "a process that shares descriptors, directory or handlers");
	if (flags & (CLONE_PARENT | CLONE_INTO_CGROUP) || c->set_tid_size)
		return refuse(t, "a process with another parent, cgroup or chosen number");
	if (flags & NS_FLAGS & ~(unsigned long)CLONE_NEWNET)
		return refuse(t, "a new namespace, but by unshare(2),");
	if (c->exit_signal != SIGCHLD)
		return refuse(t, "an exit signal other than SIGCHLD");
	return 0;
}

/* --- vfork ------------------------------------------------------------------- */

static long vfork_pipe(struct glue_fdtab *f, int fd[2])
{
	int low[2];
	long r = glue_raw2(SYS_pipe2, low, O_CLOEXEC);

	if (r < 0)
		return r;
	fd[0] = fd_hide(f, low[0]);
	fd[1] = fd_hide(f, low[1]);
	if (fd[0] >= 0 && fd[1] >= 0)
		return 0;
	if (fd[0] >= 0)
		glue_raw1(SYS_close, fd[0]);
	if (fd[1] >= 0)
		glue_raw1(SYS_close, fd[1]);
	return -EMFILE;
}

/* In the child: remember the frames, if they are memory that it believes shared. */
static void vfork_child(struct glue_prog *p, int fd, unsigned long sp, int shared)
{
	unsigned long at = glue_raw6(SYS_mmap, 0, sizeof(struct glue_vfork), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct glue_vfork *v = (struct glue_vfork *)at;
	unsigned long step;

	if (at > -GLUE_PAGE) {		/* the parent goes on too early then */
		glue_raw1(SYS_close, fd);
		return;
	}
	v->fd = fd;
	v->lo = sp & ~7UL;
	while (shared && v->len < FRAMES) {
		step = GLUE_PAGE - ((v->lo + v->len) & (GLUE_PAGE - 1));
		if (step > FRAMES - v->len)
			step = FRAMES - v->len;
		if (glue_get_user((char *)v->words + v->len, v->lo + v->len, step))
			break;
		v->len += step;
	}
	p->vfork = v;
}

/* The child ends without having executed anything. */
static void vfork_tell(const struct glue_vfork *v)
{
	struct change c[WORDS];
	unsigned long i, now;
	int n = 0;

	for (i = 0; i < v->len / sizeof(now); i++) {
		if (glue_get_user(&now, v->lo + i * sizeof(now), sizeof(now)))
			break;
		if (now == v->words[i])
			continue;
		c[n].addr = v->lo + i * sizeof(now);
		c[n++].value = now;
		if (n == WORDS) {
			glue_raw3(SYS_write, v->fd, c, sizeof(c));
			n = 0;
		}
	}
	if (n)
		glue_raw3(SYS_write, v->fd, c, n * sizeof(c[0]));
}

void glue_vfork_release(struct glue_prog *p)
{
	struct glue_vfork *v = p->vfork;

	if (!v)
		return;
	p->vfork = NULL;
	glue_raw1(SYS_close, v->fd);
	glue_raw2(SYS_munmap, v, sizeof(*v));
}

/*
 * Signals are those of the program now.  They do not end the wait, as in Linux;
 * those that kill, do.
 */
static void vfork_wait(struct glue_thread *t, int fd)
{
	struct change c;
	unsigned long arg[6] = { fd, (unsigned long)&c, sizeof(c) };
	long r;

	while (!glue_sig_dooms(t)) {
		r = t->pending ? glue_raw3(SYS_read, fd, &c, sizeof(c)) :
		    glue_host(t, SYS_read, arg);
		if (r == sizeof(c))
			glue_put_user(c.addr, &c.value, sizeof(c.value));
		else if (r != -EINTR && r != -GLUE_ERESTARTNOINTR)
			break;
	}
	glue_raw1(SYS_close, fd);
}

/* --- fork -------------------------------------------------------------------- */

/* The child, on its way to the program. */
static long in_child(struct glue_thread *t, struct glue_frame *f, const struct glue_clone_args *c,
		     int pipe)
{
	unsigned long flags = c->flags, arg[6] = { CLONE_NEWNET };
	int pid = t->tid;

	if (flags & CLONE_VFORK)
		vfork_child(t->prog, pipe, f->sp, !!(flags & CLONE_VM));
	if (flags & CLONE_NEWNET && t->stack && libos_call(t->stack, SYS_unshare, arg) < 0) {
		glue_say("a child gets no network namespace of its own: it ends");
		glue_raw1(SYS_exit_group, 127);
	}
	glue_raw2(SYS_set_robust_list, 0, 24);
	t->ctid = flags & CLONE_CHILD_CLEARTID ? c->child_tid : 0;
	if (flags & CLONE_CHILD_SETTID)
		glue_put_user(c->child_tid, &pid, sizeof(pid));
	if (flags & CLONE_PARENT_SETTID && flags & CLONE_VM)
		glue_put_user(c->parent_tid, &pid, sizeof(pid));
	if (flags & CLONE_SETTLS)
		glue_set_fs(c->tls);
	if (c->stack)
		f->sp = c->stack + c->stack_size;
	if (!(flags & CLONE_VM) || !(flags & CLONE_VFORK)) {
		/* The alternate stack is inherited. */
	} else if (c->stack) {
		t->alt.sp = t->alt.size = 0;
		t->alt.flags = 2;	/* SS_DISABLE */
	}
	return 0;
}

static void in_parent(struct glue_thread *t, const struct glue_clone_args *c, int pid)
{
	int fd;

	if (c->flags & CLONE_PARENT_SETTID)
		glue_put_user(c->parent_tid, &pid, sizeof(pid));
	if (c->flags & CLONE_PIDFD) {
		fd = fd_host_made(t->prog->fds, glue_raw2(SYS_pidfd_open, pid, 0));
		glue_put_user(c->pidfd, &fd, sizeof(fd));
	}
}

long glue_process_new(struct glue_thread *t, struct glue_frame *f,
		      const struct glue_clone_args *c)
{
	struct glue_fork_call call = { .t = t, .flags = c->flags, .keep = -1 };
	unsigned long all = BLOCKED, old;
	int pipe[2] = { -1, -1 };
	long r = check(t, c);

	if (r)
		return r;
	if (t->prog->opts->stack && !glue_thread_stack(t))
		return -ENOMEM;
	if (c->flags & CLONE_VFORK) {
		r = vfork_pipe(t->prog->fds, pipe);
		if (r)
			return r;
		call.keep = pipe[1];
	}

	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	if (t->pending) {		/* the mask is not the program's */
		if (!(t->pending & GLUE_PEND_SIGNAL))
			glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
		r = -GLUE_ERESTARTNOINTR;
	} else {
		glue_fdtab_fork(t, GLUE_FORK_BEFORE);
		glue_lock(&t->prog->maker_lock);
		r = glue_gate(t, glue_fork, &call);
		glue_unlock(&t->prog->maker_lock);
		glue_fdtab_fork(t, r ? GLUE_FORK_PARENT : GLUE_FORK_CHILD);
		if (!r)
			r = in_child(t, f, c, pipe[1]);
		else if (r > 0)
			in_parent(t, c, r);
		glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
	}
	if (pipe[0] < 0 || !r)
		return r;
	glue_raw1(SYS_close, pipe[1]);
	if (r > 0)
		vfork_wait(t, pipe[0]);
	else
		glue_raw1(SYS_close, pipe[0]);
	return r;
}

long glue_sys_fork(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_clone_args c;

	glue_memset(&c, 0, sizeof(c));
	c.exit_signal = SIGCHLD;
	return glue_process_new(t, f, &c);
}

long glue_sys_vfork(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_clone_args c;

	glue_memset(&c, 0, sizeof(c));
	c.flags = CLONE_VFORK | CLONE_VM;
	c.exit_signal = SIGCHLD;
	return glue_process_new(t, f, &c);
}

/* The maker shares the files. */
static long end_identities(void *arg)
{
	struct glue_thread *t = arg;
	struct libos_thread *id = t->stack;

	glue_stack_free(t->prog);
	t->stack = NULL;
	libos_thread_exit(id, 0);
	return 0;
}

/*
 * The last thread.  The stack's files are closed before the kernel tells the parent;
 * of a process that is killed the stack closes them when it finds it gone.
 */
void glue_process_exit(struct glue_thread *t, int wstatus)
{
	struct glue_prog *p = t->prog;
	unsigned long all = BLOCKED;

	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	if (p->vfork)
		vfork_tell(p->vfork);
	if (t->stack)
		glue_gate(t, end_identities, t);
	if (wstatus & 0x7f)
		glue_fatal(t, wstatus & 0x7f);
	for (;;)
		glue_raw1(SYS_exit_group, wstatus >> 8 & 0xff);
}

/* --- execve ------------------------------------------------------------------ */

static long execve_at(struct glue_thread *t, struct glue_exec_call *c)
{
	struct glue_prog *p = t->prog;
	unsigned long all = ~0UL, old;
	struct glue_thread *o;
	long r = glue_gate(t, glue_exec_prepare, c);

	if (r)
		return r;
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	if (t->pending) {
		if (t->pending & GLUE_PEND_SIGNAL)	/* the mask is not the program's */
			old = all;
		goto again;
	}
	c->req->mask = old;
	c->req->mask_sys = t->mask_sys;
	glue_lock(&p->thread_lock);
	if (p->exiting) {
		glue_unlock(&p->thread_lock);
		goto again;
	}
	p->exec = c->req;
	__atomic_store_n(&p->exiting, 1, __ATOMIC_SEQ_CST);
	for (o = p->threads; o; o = o->next)
		if (o != t)
			glue_kick(o);
	glue_unlock(&p->thread_lock);
	glue_die();

again:
	glue_gate(t, glue_exec_forget, c->req);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
	return -GLUE_ERESTARTNOINTR;
}

long glue_sys_execve(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_exec_call c = {
		.t = t, .dirfd = AT_FDCWD, .path = f->arg[0], .argv = f->arg[1], .envp = f->arg[2],
	};

	return execve_at(t, &c);
}

long glue_sys_execveat(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_exec_call c = {
		.t = t, .dirfd = f->arg[0], .path = f->arg[1], .argv = f->arg[2],
		.envp = f->arg[3], .flags = f->arg[4],
	};

	return execve_at(t, &c);
}
