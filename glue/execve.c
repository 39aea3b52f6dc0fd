// SPDX-License-Identifier: GPL-2.0-only
/*
 * execve(2) of a program: another one takes its place, in the same process.
 *
 * The kernel's own execve() is of no use.  In the stack's home it would end the
 * stack; elsewhere it would cost a launch, and the connection to the home.  So the
 * program's memory goes, and the next one is mapped where it was.
 *
 *	prepare		copy path, arguments, environment; open the file and its
 *			interpreter, look at them.  Errors are the caller's, who
 *			goes on as if nothing had happened.
 *	---------------------- no way back ------------------------------------
 *	gather		all threads leave, whoever asked: the first one stays, since
 *			it is the process's main thread, with the right ids
 *	replace		close-on-exec, signal actions, timers, credentials,
 *			memory; map, and go.  What fails now kills, as in Linux.
 *
 * "No way back" is .exec of the program, set together with .exiting: from then on
 * the threads leave just as at the program's end.  The first one leaves the hook
 * stack for an ordinary one: that of glue_exec(), or in a process that fork() made
 * one of its own (glue_child_life()).
 *
 * Limits: a file that cannot be read cannot be executed; capabilities that a
 * process has given up do not come back to root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "asm-offsets.h"
#include "core.h"
#include "fd.h"
#include "leftover.h"
#include "linkmap.h"
#include "process.h"
#include "site.h"
#include "start.h"
#include "thread.h"

#define MAX_STRINGS	(6UL << 20)	/* as Linux: 3/4 of the default stack */
#define MIN_STRINGS	(128UL << 10)
#define MAX_STRING	(128UL << 10)

/* --- prepare --------------------------------------------------------------- */

/* Room for what is copied: vectors grow from its start, strings follow. */
struct copy {
	char	*at;
	size_t	left;
};

static long copy_vector(struct copy *c, unsigned long from, char ***out)
{
	unsigned long ptr;
	size_t n = 0, i;
	char **v;
	long len;

	for (;; n++) {
		if (from && glue_get_user(&ptr, from + n * sizeof(ptr), sizeof(ptr)))
			return -EFAULT;
		if (!from || !ptr)
			break;
		if ((n + 2) * sizeof(ptr) > c->left)
			return -E2BIG;
	}
	v = (char **)c->at;
	c->at += (n + 1) * sizeof(ptr);
	c->left -= (n + 1) * sizeof(ptr);
	for (i = 0; i < n; i++) {
		/* Another thread may be changing it. */
		if (glue_get_user(&ptr, from + i * sizeof(ptr), sizeof(ptr)))
			return -EFAULT;
		len = glue_get_string(c->at, ptr, c->left < MAX_STRING ? c->left : MAX_STRING);
		if (len < 0)
			return len == -ENAMETOOLONG ? -E2BIG : len;
		v[i] = c->at;
		c->at += len + 1;
		c->left -= len + 1;
	}
	v[n] = NULL;
	/* What comes next may be a vector. */
	i = -(unsigned long)c->at & (sizeof(ptr) - 1);
	if (i + sizeof(ptr) > c->left)
		return -E2BIG;
	c->at += i;
	c->left -= i;
	*out = v;
	return 0;
}

static long copy_strings(struct glue_exec_call *c, char ***argv, char ***envp)
{
	struct glue_exec_req *req = c->req;
	struct copy room;
	struct rlimit rl;
	long r;

	req->len = MAX_STRINGS;
	if (!getrlimit(RLIMIT_STACK, &rl) && rl.rlim_cur / 4 < req->len)
		req->len = rl.rlim_cur / 4 > MIN_STRINGS ? rl.rlim_cur / 4 : MIN_STRINGS;
	req->strings = mmap(NULL, req->len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (req->strings == MAP_FAILED) {
		req->strings = NULL;
		return -ENOMEM;
	}
	room.at = req->strings;
	room.left = req->len;
	r = copy_vector(&room, c->argv, argv);
	return r ? r : copy_vector(&room, c->envp, envp);
}

/* The path that opens the file. */
static long copy_path(struct glue_exec_call *c, char path[4096])
{
	const struct glue_fdtab *f = c->t->prog->fds;
	struct stat st;
	long n;
	int at = 0;

	n = glue_get_string(path, c->path, 4096);
	if (n < 0)
		return n;
	if (!n && !(c->flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (c->flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	if (c->dirfd != AT_FDCWD && path[0] != '/') {
		if (f->nr && fd_kind(f, c->dirfd) != FD_HOST && fd_kind(f, c->dirfd) != FD_WRAPPED)
			return -EBADF;
		if (fcntl(c->dirfd, F_GETFD) < 0)
			return -EBADF;
		at = snprintf(path, 4096, "/proc/self/fd/%d%s", c->dirfd, n ? "/" : "");
		if (n + at >= 4096)
			return -ENAMETOOLONG;
		n = glue_get_string(path + at, c->path, 4096 - at);
		if (n < 0)
			return n;
	} else if (!n) {
		return -EACCES;		/* the working directory */
	}
	if (glue_names_exe(c->t, c->path))
		strcpy(path, c->t->prog->exe);
	if (c->flags & AT_SYMLINK_NOFOLLOW && n && !lstat(path, &st) && S_ISLNK(st.st_mode))
		return -ELOOP;
	return 0;
}

long glue_exec_prepare(void *arg)
{
	struct glue_exec_call *c = arg;
	struct glue_exec_req *req = calloc(1, sizeof(*req));
	char **argv, **envp, path[4096];
	long r;

	if (!req)
		return -ENOMEM;
	c->req = req;
	req->start.fd = -1;
	r = copy_path(c, path);
	if (!r)
		r = copy_strings(c, &argv, &envp);
	if (!r)
		r = glue_start_init(&req->start, argv, envp);
	if (!r)
		r = glue_start_open(&req->start, path);
	if (!r)
		r = glue_start_check(&req->start);
	if (!r) {		/* out of the way of close-on-exec */
		r = fd_hide(c->t->prog->fds, req->start.fd);
		req->start.fd = r;
		r = r < 0 ? r : 0;
	}
	if (r) {
		glue_exec_forget(req);
		c->req = NULL;
	}
	return r;
}

long glue_exec_forget(void *arg)
{
	struct glue_exec_req *req = arg;

	glue_start_free(&req->start);
	if (req->strings)
		munmap(req->strings, req->len);
	free(req);
	return 0;
}

/* --- replace --------------------------------------------------------------- */

/* Saved ids become the effective ones; without root, capabilities are lost. */
static void credentials(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	__u32 ambient[2] = { 0 };
	uid_t r, e, s;
	gid_t g;
	int i;

	if (!getresgid(&g, &g, &g) && g != getegid())
		glue_raw3(SYS_setresgid, -1, -1, getegid());
	if (getresuid(&r, &e, &s))
		return;
	if (s != e)
		glue_raw3(SYS_setresuid, -1, -1, e);
	glue_raw5(SYS_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (!r || !e || glue_raw2(SYS_capget, &h, d) || !(d[0].permitted | d[1].permitted))
		return;
	for (i = 0; i <= CAP_LAST_CAP; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ambient[i / 32] |= 1U << i % 32;
	for (i = 0; i < 2; i++)
		d[i].permitted = d[i].effective = ambient[i];
	glue_raw2(SYS_capset, &h, d);
}

/* The old program is gone, the new one in its place. */
static int replace(struct glue_thread *t, unsigned long *sp, unsigned long *mask)
{
	struct glue_prog *p = t->prog;
	struct glue_exec_req *req = p->exec;
	int r;

	glue_vfork_release(p);
	glue_fdtab_exec(t);
	if (p->timers)
		glue_leftover_drop_timers(p->last_timer);
	p->timers = 0;
	glue_signals_exec(p);
	credentials();
	/* A change of ids has ended that on the host; who serves the stack needs it. */
	if (getuid() == geteuid() && getgid() == getegid())
		glue_raw5(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	p->dumpable = 1;

	t->alt.sp = t->alt.size = 0;
	t->alt.flags = 2;		/* SS_DISABLE */
	t->ctid = 0;
	t->mask_sys = req->mask_sys;
	t->has_call_mask = t->mask_swapped = 0;
	t->frame = NULL;
	t->gate_depth = 0;
	glue_raw2(SYS_set_robust_list, 0, 24);

	glue_linkmap_remove(p);
	glue_arena_free(p);
	glue_mm_rings(p, t);
	glue_mm_empty(p);
	p->at_base = 0;
	r = glue_start_load(p, &req->start, sp);
	glue_raw5(SYS_prctl, PR_SET_NAME, p->comm, 0, 0, 0);
	*mask = req->mask;
	if (r)
		glue_say("%s: %s: its memory cannot be made, and the program that executed it "
			 "is gone", p->comm, strerror(-r));

	p->exec = NULL;
	glue_exec_forget(req);
	t->pending = 0;
	__atomic_store_n(&p->exiting, 0, __ATOMIC_SEQ_CST);
	return r;
}

/* --- lives ----------------------------------------------------------------- */

static struct glue_frame *first_frame(struct glue_thread *t, unsigned long sp)
{
	static const struct glue_desc start;
	struct glue_frame *f = (struct glue_frame *)(t->hook_top - F_SIZE);

	t->hook_sp = t->hook_top - HOOK_RESERVE;
	memset(f, 0, sizeof(*f));
	f->desc = &start;
	f->cont = f->ret_ip = t->prog->entry;
	f->sp = sp;
	return f;
}

void glue_life(struct glue_thread *t, unsigned long sp, unsigned long mask)
{
	struct glue_prog *p = t->prog;
	unsigned long all = ~0UL;
	struct glue_frame *f;

	for (;;) {
		f = first_frame(t, sp);
		mask &= ~GLUE_SYS_BIT;
		glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
		glue_run(t, f);
		glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
		if (!p->exec)
			return;
		if (replace(t, &sp, &mask)) {
			p->wstatus = SIGKILL;
			return;
		}
	}
}

void glue_child_life(struct glue_thread *t)
{
	struct glue_prog *p = t->prog;
	unsigned long all = ~0UL, sp, mask;

	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	if (replace(t, &sp, &mask))
		p->wstatus = SIGKILL;
	else
		glue_life(t, sp, mask);
	glue_process_exit(t, p->wstatus);
}
