// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program's table of descriptors is made, and goes.
 *
 * Ordinary code with a libc: it runs before the program's first instruction and
 * after its last.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <libos/remote.h>

#include "dispatch.h"
#include "fd.h"

#define NR_USUAL	(1U << 14)	/* descriptors that a program may have */
#define NR_MAX		(1U << 16)	/* and the most, if its soft limit is that high */
#define INTERNAL_MIN	64
#define NSTD		3

/*
 * Where the program's numbers end and ours begin.  With the right to do so the
 * hard limit is raised, and the program keeps all it had.
 *
 * Not higher up than is useful: fork() copies the host's table of descriptors up to
 * the highest that is open, which is one of ours.  Who wants a program to have more
 * than usual raises its soft limit beforehand.
 */
static void split_limit(struct glue_fdtab *f)
{
	struct rlimit old, lim;
	unsigned long end, hard;

	getrlimit(RLIMIT_NOFILE, &old);
	f->old_soft = old.rlim_cur;
	f->old_hard = old.rlim_max;

	hard = old.rlim_cur < NR_USUAL ? NR_USUAL : old.rlim_cur < NR_MAX ? old.rlim_cur : NR_MAX;
	if (hard > old.rlim_max)
		hard = old.rlim_max;
	end = hard + (hard / 8 > 1024 ? hard / 8 : 1024);
	lim.rlim_cur = end;
	lim.rlim_max = end > old.rlim_max ? end : old.rlim_max;
	f->nr = hard;
	if (setrlimit(RLIMIT_NOFILE, &lim)) {
		end = old.rlim_max;
		lim.rlim_cur = lim.rlim_max = end;
		setrlimit(RLIMIT_NOFILE, &lim);
		f->nr = end - end / 16;
		if (end - f->nr < INTERNAL_MIN && end > 2 * INTERNAL_MIN)
			f->nr = end - INTERNAL_MIN;
		if (f->nr > hard)
			f->nr = hard;
	}
	f->end = end;

	f->hard = f->nr;
	f->soft = old.rlim_cur < f->nr ? old.rlim_cur : f->nr;
	f->next_internal = f->nr;
}

/* What is open close-on-exec was opened in this process: the library's. */
static void hide_own(struct glue_fdtab *f)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	__u32 *hidden;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		unsigned int fd = strtoul(e->d_name, NULL, 10);
		int flags;

		if (e->d_name[0] == '.' || fd >= f->nr || (int)fd == dirfd(dir))
			continue;
		flags = fcntl(fd, F_GETFD);
		if (flags < 0 || !(flags & FD_CLOEXEC))
			continue;
		hidden = reallocarray(f->hidden, f->nhidden + 1, sizeof(*hidden));
		if (!hidden)
			continue;
		f->hidden = hidden;
		f->hidden[f->nhidden++] = fd;
		f->kind[fd] = FD_HIDDEN;
		if (fd >= f->high)
			f->high = fd + 1;
	}
	closedir(dir);
}

/*
 * Placeholders are O_PATH descriptors of one memfd, so that they can be told
 * by its inode, also in a child process; it holds the pid of the stack's home.
 */
static int make_master(struct glue_fdtab *f)
{
	char path[64];
	int mem, fd;

	mem = memfd_create("libos", MFD_CLOEXEC);
	if (mem < 0)
		return -1;
	dprintf(mem, "%d\n", getpid());
	snprintf(path, sizeof(path), "/proc/self/fd/%d", mem);
	fd = open(path, O_PATH | O_CLOEXEC);
	close(mem);
	if (fd < 0)
		return -1;
	return fd_hide(f, fd);
}

static void stack_dir(struct libos_thread *thr, const char *path)
{
	unsigned long arg[6] = { (unsigned long)path, 0755 };

	libos_call(thr, SYS_mkdir, arg);
}

/*
 * The stack's side: room for as many files as the program may have and ours
 * above them, and the directories of its tree that programs expect.
 */
static void prepare_stack(struct glue_fdtab *f, struct libos_thread *thr)
{
	unsigned long limit[2] = { NR_MAX, NR_MAX };
	unsigned long arg[6] = { RLIMIT_NOFILE, (unsigned long)limit };
	unsigned long tun[6] = { (unsigned long)"/dev/net/tun", S_IFCHR | 0666,
				 makedev(10, 200) };

	libos_call(thr, SYS_setrlimit, arg);
	stack_dir(thr, "/run");
	stack_dir(thr, "/dev");
	stack_dir(thr, "/dev/net");
	libos_call(thr, SYS_mknod, tun);
}

struct glue_fdtab *glue_fdtab_new(struct glue_prog *p)
{
	static const unsigned long no_args[6];
	struct glue_fdtab *f = calloc(1, sizeof(*f));
	int probe;

	if (!f)
		return NULL;
	f->prog = p;
	f->trace = p->opts->trace;
	f->pid = getpid();
	split_limit(f);
	f->kind = mmap(NULL, f->nr, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	f->hostfd = mmap(NULL, f->nr * sizeof(f->hostfd[0]), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->kind == MAP_FAILED || f->hostfd == MAP_FAILED)
		goto fail;
	f->master = make_master(f);
	probe = epoll_create1(EPOLL_CLOEXEC);
	f->probe = probe < 0 ? -1 : fd_hide(f, probe);
	if (f->master < 0 || f->probe < 0)
		goto fail;
	hide_own(f);
	path_cwd_changed(f);
	f->stack_pid = f->pid;
	if (p->opts->stack) {
		prepare_stack(f, p->opts->stack);
		f->stack_pid = libos_call(p->opts->stack, SYS_getpid, no_args);
	}
	libos_fd_floor(f->nr);
	return f;

fail:
	glue_fdtab_free(f);
	return NULL;
}

/* What the program left open is closed: another one may run in this process. */
static void close_left(struct glue_fdtab *f)
{
	struct libos_thread *thr = f->prog->opts->stack;
	unsigned long arg[6] = { 0 };

	for (unsigned int fd = 0; fd < f->high; fd++) {
		unsigned int kind = f->kind[fd] & FD_KIND;

		if (kind != FD_STACK && kind != FD_WRAPPED && kind != FD_BUSY)
			continue;	/* FD_BUSY: parked, in a message nobody received */
		arg[0] = fd;
		libos_call(thr, SYS_close, arg);
		if (f->hostfd[fd])
			close(f->hostfd[fd]);
		if (kind != FD_WRAPPED)
			close(fd);
		f->kind[fd] = FD_HOST;
	}
}

/*
 * The host's files likewise, if the process is to end with the program but may have
 * to stay for others on its stack: who waits for the end of a pipe must not wait for
 * that.  (A launcher that goes on by itself keeps account: leftover.c.)
 */
static void close_host(struct glue_fdtab *f)
{
	unsigned int fd, from = NSTD;

	for (fd = NSTD; fd < f->high; fd++) {
		if (f->kind[fd] != FD_HIDDEN)
			continue;
		if (fd > from)
			close_range(from, fd - 1, 0);
		from = fd + 1;
	}
	close_range(from, f->nr - 1, 0);
}

static void list_unlisted(struct glue_fdtab *f)
{
	for (int nr = 0; nr < SYSENTS; nr++)
		if (f->unlisted[nr / 64] >> nr % 64 & 1)
			fprintf(stderr, "nuse: call %d (%s) is not known and went to the host\n",
				nr, sctable[nr].name ? sctable[nr].name : "?");
}

void glue_fdtab_free(struct glue_fdtab *f)
{
	struct rlimit old;

	if (!f)
		return;
	old.rlim_cur = f->old_soft;
	old.rlim_max = f->old_hard;
	if (f->prog->opts->trace || f->prog->flags & GLUE_STATS)
		list_unlisted(f);
	if (f->kind && f->kind != MAP_FAILED && f->hostfd && f->hostfd != MAP_FAILED) {
		if (f->prog->opts->stack) {
			close_left(f);
			if (f->prog->flags & GLUE_FINAL)
				close_host(f);
		}
	}
	if (f->kind && f->kind != MAP_FAILED)
		munmap(f->kind, f->nr);
	if (f->hostfd && f->hostfd != MAP_FAILED)
		munmap(f->hostfd, f->nr * sizeof(f->hostfd[0]));
	if (f->master > 0)
		close(f->master);
	if (f->probe > 0)
		close(f->probe);
	setrlimit(RLIMIT_NOFILE, &old);
	free(f->hidden);
	free(f);
}
