/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file descriptors of a program: which are the stack's.
 */
#ifndef GLUE_FD_H
#define GLUE_FD_H

#include <errno.h>
#include <stdbool.h>

#include "glue.h"
#include "path.h"

/* What a number stands for: the low bits of its byte in the table. */
enum fd_kind {
	FD_HOST,	/* the host's, or free */
	FD_STACK,	/* a stack file, with a placeholder on the host */
	FD_WRAPPED,	/* the host's, with a stack file for the stack's poll */
	FD_BUSY,	/* about to become something, or to be closed */
	FD_HIDDEN,	/* the library's own; the program must not see it */
};
#define FD_KIND		0x07
#define FD_NEAR		0x10	/* a host directory above or beside stack paths */
#define FD_EPOLL	0x20	/* a stack epoll file */
#define FD_CLOSING	0x40	/* with FD_BUSY: close_range() is about to take it */
#define FD_HELD		0x80	/* somebody is changing it: wait, then look again */

/**
 * struct glue_fdtab - the descriptors of one program
 * @kind: a byte per number; written with @lock held, read without
 * @nr: numbers below it are the program's, those from it on the library's
 * @high: one more than the highest number that was ever not FD_HOST
 * @top: likewise, but for FD_HIDDEN ones
 * @hidden: numbers that are FD_HIDDEN, @nhidden of them
 * @trace: glue_opts.trace, where the hot path has it at hand
 * @soft: the program's idea of its soft RLIMIT_NOFILE; at most @nr
 * @hard: and of the hard one
 * @lock: held for what changes @kind; over host calls, and stack calls that do
 *	not block
 * @range_lock: held by close_range(), outside of @lock: one at a time
 * @ranging: close_range() is at work: close() takes the lock
 * @closers: calls of close() that work without it: how many now in the lower
 *	half, how many there ever were in the upper
 * @master: the file that placeholders are duplicates of
 * @probe: host epoll file that tells whether a file can be polled
 * @next_internal: where the search for an internal number begins
 * @end: one more than the highest number there can be
 * @hostfd: by number: internal duplicate that a wrapper stands for, 0 if none
 * @prog: the program
 * @pid: its process on the host
 * @stack_pid: and in the stack
 * @cwd_lock: for @cwd
 * @cwd_room: enum path_room of the working directory; PATH_HOST: @cwd is unused
 * @cwd: its path
 * @unlisted: calls made that sctable.def does not know, a bit each
 * @old_soft: RLIMIT_NOFILE to go back to
 * @old_hard: likewise
 */
struct glue_fdtab {
	__u8	*kind;
	__u32	nr;
	int	trace;
	__u32	high;
	__u32	top;
	__u32	nhidden;
	__u32	*hidden;
	__u32	soft;
	__u32	hard;
	__u32	lock;
	__u32	range_lock;
	__u32	ranging;
	__u64	closers;
	int	master;
	int	probe;
	__u32	next_internal;
	__u32	end;
	__u32	*hostfd;
	struct glue_prog *prog;
	int	pid;
	int	stack_pid;
	__u32	cwd_lock;
	int	cwd_room;
	char	cwd[PATH_BUF];
	unsigned long unlisted[8];
	unsigned long old_soft, old_hard;
};

static inline unsigned int fd_byte(const struct glue_fdtab *f, unsigned int fd)
{
	return __atomic_load_n(&f->kind[fd], __ATOMIC_ACQUIRE);
}

/* Has the program any file that the stack knows of? */
bool glue_fdtab_uses_stack(const struct glue_fdtab *f);

/* FD_*; FD_HIDDEN for what cannot be a descriptor of the program. */
static inline enum fd_kind fd_kind(const struct glue_fdtab *f, unsigned long fd)
{
	unsigned int n = fd;	/* system calls look at 32 bits */

	return n < f->nr ? fd_byte(f, n) & FD_KIND : FD_HIDDEN;
}

static inline bool fd_is_stack(const struct glue_fdtab *f, unsigned long fd)
{
	return fd_kind(f, fd) == FD_STACK;
}

/*
 * A stack file in the making.  fd_reserve() gives it a number: the lowest free
 * one that is at least @min, held by a placeholder.  Then the stack's call is
 * made with that number as its hint, and fd_settle() publishes the result or
 * gives the number back.
 */
long fd_reserve(struct glue_fdtab *f, unsigned int min, bool cloexec);
void fd_publish(struct glue_fdtab *f, unsigned int fd, unsigned int flags);
void fd_cancel(struct glue_fdtab *f, unsigned int fd);
long fd_settle(struct glue_thread *t, unsigned int fd, long ret, unsigned int flags);

/*
 * Begin and end close(2) of a host file without the lock.  False: it is not as
 * plain as that, fd_close() must do it.
 */
static inline bool fd_plain_begin(struct glue_fdtab *f, unsigned int fd)
{
	__u8 plain = FD_HOST;

	__atomic_fetch_add(&f->closers, 1ULL << 32 | 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&f->ranging, __ATOMIC_SEQ_CST) &&
	    __atomic_compare_exchange_n(&f->kind[fd], &plain, FD_HOST | FD_HELD, false,
					__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return true;
	__atomic_fetch_sub(&f->closers, 1, __ATOMIC_RELEASE);
	return false;
}

static inline void fd_plain_end(struct glue_fdtab *f, unsigned int fd)
{
	__atomic_store_n(&f->kind[fd], FD_HOST, __ATOMIC_RELEASE);
	__atomic_fetch_sub(&f->closers, 1, __ATOMIC_RELEASE);
}

/*
 * A stack file of the library's own takes a number like any other, but one that
 * programs rarely come to, and stays FD_BUSY.  fd_cancel() gives it back.
 */
long fd_reserve_own(struct glue_fdtab *f);

/* close(2), dup3(2) (with @same: dup2(2)), close_range(2). */
long fd_close(struct glue_thread *t, unsigned int fd);
long fd_dup2(struct glue_thread *t, unsigned int old, unsigned int fd, unsigned int flags,
	     bool same);
long fd_close_range(struct glue_thread *t, unsigned int first, unsigned int last,
		    unsigned int flags);
/* fcntl(F_DUPFD) of a stack file. */
long fd_dup_stack(struct glue_thread *t, unsigned int old, unsigned int min, bool cloexec);

/* Give host file @fd a stack file, so that the stack can poll it. */
long fd_wrap(struct glue_thread *t, unsigned int fd);

/* Replace stack file @fd by the host file @host, which is consumed. */
long fd_migrate(struct glue_thread *t, unsigned int fd, int host);
/* Replace host file @fd by the stack file that @token stands for; @kind: FD_EPOLL or 0. */
long fd_adopt(struct glue_thread *t, unsigned int fd, __u64 token, unsigned int kind);

/* The host made @fd for the program: enforce its soft limit. */
long fd_host_made(struct glue_fdtab *f, long fd);
/* Remember that host file @fd is a directory that needs care. */
void fd_mark_near(struct glue_fdtab *f, unsigned int fd);

/* A number of the library's own for host file @fd, which stays as it is. */
long fd_internal(struct glue_fdtab *f, int fd);
/* The same, @fd is closed. */
long fd_hide(struct glue_fdtab *f, int fd);

long fd_rlimit(struct glue_thread *t, const unsigned long *new_limit, unsigned long *old_limit);

/* For the engine: would mmap() of this descriptor be the stack's? */
static inline bool glue_fd_is_stack(const struct glue_prog *p, unsigned long fd)
{
	return p->fds && fd_is_stack(p->fds, fd);
}

#endif /* GLUE_FD_H */
