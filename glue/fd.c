// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file descriptors of a program: which are the stack's.
 *
 * Problem.  A program sees one table of descriptors, and two kernels keep one
 * each.  Numbers must be those that Linux would have given: the lowest free
 * one, with limits, dup2() onto anything, and threads racing each other.
 *
 * Design.  The host's table is the one that hands out numbers.  A stack file
 * occupies its number there by a *placeholder*, an O_PATH descriptor on which
 * the host allows next to nothing (EBADF, as for a closed one), and has the
 * same number in the stack's table.  A byte per number says which it is:
 *
 *	           fd_reserve            fd_publish
 *	FD_HOST ---------------> FD_BUSY ----------> FD_STACK
 *	  |  ^  <--------------    ^                    |
 *	  |  |      fd_cancel      |     fd_close       |
 *	  |  +---------------------+--------------------+
 *	  |  ^                     |     fd_close       |
 *	  |  +---------------------+--------------------+
 *	  |            fd_wrap                          |
 *	  +---------------------------------------> FD_WRAPPED
 *
 * A host file that the stack's poll has to wait for gets a stack file of its
 * own, a *wrapper*, at the same number.  It refers to the host file by an
 * internal duplicate, so that a poll that is under way never looks at a file
 * which took over the number.
 *
 * Invariants.  A byte is not FD_HOST only while the number is occupied on the
 * host.  The stack has a file at a number if its byte is FD_STACK or
 * FD_WRAPPED.  FD_BUSY: the number is taken, its file not there yet or no
 * longer; the host answers EBADF for the placeholder, close() and dup2() must
 * answer EBADF and EBUSY as Linux does for an accept() under way.
 *
 * Locking.  Bytes change with the lock held, together with the host's table,
 * with one exception: close() of a host file may block in the host, so it only
 * marks the byte FD_HELD and takes no lock (but while close_range() is at work).  Who is about to change a number that
 * is held waits until it is not, lest that close() takes away a placeholder;
 * who changes a number that is in use holds it likewise.
 * The stack's table changes between FD_BUSY and the next state, without the
 * lock where that may block (close with SO_LINGER).  Reading a byte takes no
 * lock: read() on a stack file costs one load.  A thread that read the byte
 * before another closed the number reaches a closed file in the stack, and gets
 * EBADF there.  A reader that still sees FD_BUSY of a number which the host has
 * given to somebody else meanwhile goes to the host, where it is right.
 *
 * Limits.  The library needs descriptors, too.  They live above the program's:
 * the hard limit is raised if we may, else the program's is lowered by a
 * fraction.  What was open close-on-exec when the program started is the
 * library's, wherever it is, since the program cannot have inherited it.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <libos/remote.h>

#include "dispatch.h"
#include "fd.h"

#define PLACE	"libos"		/* name of the memfd behind placeholders */

static void set_byte(struct glue_fdtab *f, unsigned int fd, unsigned int byte)
{
	__atomic_store_n(&f->kind[fd], byte, __ATOMIC_RELEASE);
	if (byte && fd >= f->top) {
		f->top = fd + 1;
		if (fd >= f->high)
			__atomic_store_n(&f->high, fd + 1, __ATOMIC_RELAXED);
	}
}

/*
 * Hold number @fd: with the lock, which is let go while another holds it.
 * Returns what the byte was; set_byte() ends it.
 */
static unsigned int hold(struct glue_fdtab *f, unsigned int fd)
{
	for (;;) {
		__u8 byte = fd_byte(f, fd);

		if (byte & FD_HELD) {
			glue_unlock(&f->lock);
			glue_raw0(SYS_sched_yield);
			glue_lock(&f->lock);
		} else if (__atomic_compare_exchange_n(&f->kind[fd], &byte, byte | FD_HELD, false,
						       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			return byte;
		}
	}
}

/* --- placeholders -------------------------------------------------------- */

/* Take over @fd, which the host has just given us. */
static bool claim(struct glue_fdtab *f, unsigned int fd)
{
	for (int tries = 0; tries < 10000; tries++) {
		__u8 byte = fd_byte(f, fd);

		if (byte & FD_HELD)	/* a close() that is about to return */
			glue_raw0(SYS_sched_yield);
		else if (__atomic_compare_exchange_n(&f->kind[fd], &byte, FD_BUSY, false,
						     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/*
 * Between the host's giving us a number and our claiming it, a stray close() of
 * that number, which works without the lock, may take it away.  So look again if
 * there was any close() meanwhile.
 */
long fd_reserve(struct glue_fdtab *f, unsigned int min, bool cloexec)
{
	int cmd = cloexec ? F_DUPFD_CLOEXEC : F_DUPFD;
	__u64 closers;
	long fd, flags;

	if (min >= f->soft)
		return -EINVAL;
	glue_lock(&f->lock);
	for (;;) {
		closers = __atomic_load_n(&f->closers, __ATOMIC_SEQ_CST);
		fd = glue_raw3(SYS_fcntl, f->master, cmd, min);
		if (fd >= (long)f->soft) {
			glue_raw1(SYS_close, fd);
			fd = -EMFILE;
		}
		if (fd < 0)
			break;
		if (!claim(f, fd)) {
			/* A close() that takes its time: not free yet. */
			glue_raw1(SYS_close, fd);
			min = fd + 1;
			continue;
		}
		set_byte(f, fd, FD_BUSY);
		if (!(__u32)closers && closers == __atomic_load_n(&f->closers, __ATOMIC_SEQ_CST))
			break;
		flags = glue_raw2(SYS_fcntl, fd, F_GETFL);
		if (flags >= 0 && flags & O_PATH)
			break;
		set_byte(f, fd, FD_HOST);
	}
	glue_unlock(&f->lock);
	return fd;
}

/*
 * Not a number above the program's: the stack's table would have to grow to it,
 * which is megabytes of its memory where limits are high.
 */
long fd_reserve_own(struct glue_fdtab *f)
{
	long fd = fd_reserve(f, f->soft > 1024 ? 512 : f->soft / 2, true);

	return fd < 0 ? fd_reserve(f, 0, true) : fd;
}

void fd_publish(struct glue_fdtab *f, unsigned int fd, unsigned int flags)
{
	glue_lock(&f->lock);
	hold(f, fd);
	set_byte(f, fd, FD_STACK | flags);
	glue_unlock(&f->lock);
}

void fd_cancel(struct glue_fdtab *f, unsigned int fd)
{
	glue_lock(&f->lock);
	glue_raw1(SYS_close, fd);
	set_byte(f, fd, FD_HOST);
	glue_unlock(&f->lock);
}

long fd_settle(struct glue_thread *t, unsigned int fd, long ret, unsigned int flags)
{
	struct glue_fdtab *f = t->prog->fds;

	if (ret < 0) {
		fd_cancel(f, fd);
		return ret;
	}
	if (ret != (long)fd) {
		/* The stack had a file there that we do not know of. */
		glue_say("descriptor %d is %d in the stack", (long)fd, ret);
		stack_now(t, SYS_close, ret, 0, 0);
		fd_cancel(f, fd);
		return -ENFILE;
	}
	fd_publish(f, fd, flags);
	return ret;
}

/* --- the library's own numbers ------------------------------------------- */

/*
 * Numbers are handed out in a circle: one that is still in the host's poll set,
 * or in the hands of a call that is ending, is not used again soon.
 */
long fd_internal(struct glue_fdtab *f, int fd)
{
	__u32 from = __atomic_load_n(&f->next_internal, __ATOMIC_RELAXED);
	long n;

	n = glue_raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from);
	if (n == -EMFILE || n == -EINVAL)
		n = glue_raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, f->nr);
	if (n >= 0)
		__atomic_store_n(&f->next_internal, n + 1 < f->end ? n + 1 : f->nr,
				 __ATOMIC_RELAXED);
	return n;
}

long fd_hide(struct glue_fdtab *f, int fd)
{
	long n = fd_internal(f, fd);

	glue_raw1(SYS_close, fd);
	return n;
}

long fd_host_made(struct glue_fdtab *f, long fd)
{
	if (fd < (long)f->soft)
		return fd;
	glue_raw1(SYS_close, fd);
	return -EMFILE;
}

void fd_mark_near(struct glue_fdtab *f, unsigned int fd)
{
	glue_lock(&f->lock);
	if (hold(f, fd) == FD_HOST)
		set_byte(f, fd, FD_HOST | FD_NEAR);
	else
		set_byte(f, fd, fd_byte(f, fd) & ~FD_HELD);
	glue_unlock(&f->lock);
}

/* --- close --------------------------------------------------------------- */

/* The wrapper of @fd is gone; so goes the file it stood for. */
static void unwrap(struct glue_fdtab *f, unsigned int fd)
{
	if (!f->hostfd[fd])
		return;
	glue_raw1(SYS_close, f->hostfd[fd]);
	f->hostfd[fd] = 0;
}

/* The number @fd is FD_BUSY and its stack file gone: let the host have it. */
static void release(struct glue_fdtab *f, unsigned int fd)
{
	glue_lock(&f->lock);
	unwrap(f, fd);
	glue_raw1(SYS_close, fd);
	set_byte(f, fd, FD_HOST);
	glue_unlock(&f->lock);
}

long fd_close(struct glue_thread *t, unsigned int fd)
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int byte;
	long ret;

	glue_lock(&f->lock);
	byte = hold(f, fd);
	switch (byte & FD_KIND) {
	case FD_HOST:
		/* It may be nobody's, and then the library's for a moment. */
		libos_fd_hold();
		ret = glue_raw1(SYS_close, fd);
		libos_fd_release();
		set_byte(f, fd, FD_HOST);
		glue_unlock(&f->lock);
		return ret;
	case FD_BUSY:
	case FD_HIDDEN:
		set_byte(f, fd, byte);
		glue_unlock(&f->lock);
		return -EBADF;
	}
	set_byte(f, fd, FD_BUSY);
	glue_unlock(&f->lock);

	ret = stack_now(t, SYS_close, fd, 0, 0);
	release(f, fd);
	return (byte & FD_KIND) == FD_WRAPPED || ret == -EBADF ? 0 : ret;
}

/*
 * close_range() takes what is there when it looks, number by number; an
 * accept() under way keeps its own, as it does in Linux.
 */
long fd_close_range(struct glue_thread *t, unsigned int first, unsigned int last,
		    unsigned int flags)
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int fd, from, end;
	long ret = 0;

	if (first > last)
		return -EINVAL;
	if (flags & ~(1U << 1 | 1U << 2))	/* CLOSE_RANGE_UNSHARE, _CLOEXEC */
		return -EINVAL;
	/* A table of its own a thread cannot have; a process has one. */
	if (flags & 1U << 1 && t->prog->nthreads > 1)
		return -EINVAL;
	flags &= ~(1U << 1);
	if (first >= f->nr)
		return 0;
	if (last >= f->nr)
		last = f->nr - 1;

	if (flags & 1U << 2) {
		stack_now(t, SYS_close_range, first, last, flags);
		return glue_raw3(SYS_close_range, first, last, flags);
	}

	glue_lock(&f->range_lock);
	__atomic_store_n(&f->ranging, 1, __ATOMIC_SEQ_CST);
	while ((__u32)__atomic_load_n(&f->closers, __ATOMIC_SEQ_CST))
		glue_raw0(SYS_sched_yield);
	glue_lock(&f->lock);
	end = last < f->high ? last + 1 : f->high;
	for (fd = first; fd < end; fd++) {
		unsigned int byte = fd_byte(f, fd);

		if (!byte)
			continue;
		byte = hold(f, fd);
		if ((byte & FD_KIND) == FD_STACK || (byte & FD_KIND) == FD_WRAPPED)
			byte = FD_BUSY | FD_CLOSING;
		set_byte(f, fd, byte);
	}
	glue_unlock(&f->lock);

	for (fd = first; fd < end; fd++)
		if (fd_byte(f, fd) & FD_CLOSING)
			stack_now(t, SYS_close, fd, 0, 0);

	/* Now the host's, in runs between the numbers that must stay. */
	glue_lock(&f->lock);
	end = last < f->high ? last + 1 : f->high;
	for (fd = from = first; fd < end; fd++) {
		unsigned int byte = fd_byte(f, fd);

		if (byte & FD_CLOSING)
			unwrap(f, fd);
		if (byte & FD_CLOSING || (byte & FD_KIND) == FD_HOST)
			continue;
		if (fd > from)
			ret = glue_raw3(SYS_close_range, from, fd - 1, 0);
		from = fd + 1;
	}
	if (from <= last && !ret)
		ret = glue_raw3(SYS_close_range, from, last, 0);
	for (fd = first; fd < end; fd++) {
		if (fd_byte(f, fd) & FD_CLOSING)
			set_byte(f, fd, FD_HOST);
	}
	glue_unlock(&f->lock);
	__atomic_store_n(&f->ranging, 0, __ATOMIC_RELEASE);
	glue_unlock(&f->range_lock);
	return ret;
}

/* --- dup ----------------------------------------------------------------- */

long fd_dup_stack(struct glue_thread *t, unsigned int old, unsigned int min, bool cloexec)
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int flags = fd_byte(f, old) & FD_EPOLL;
	unsigned long arg[6] = { old, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD };
	long fd = fd_reserve(f, min, cloexec);

	if (fd < 0)
		return fd;
	/* With the hint, too: that of an accept() that waits would be in force else. */
	arg[2] = fd;
	return fd_settle(t, fd, stack_now_fd(t, SYS_fcntl, arg, fd), flags);
}

/*
 * Each order below keeps the number open throughout for other threads: they see
 * the old file, then the new one.
 */
long fd_dup2(struct glue_thread *t, unsigned int old, unsigned int fd, unsigned int flags,
	     bool same)
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int from, to;
	long ret;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	if (old == fd && !same)
		return -EINVAL;
	if (fd_kind(f, old) == FD_HIDDEN)
		return -EBADF;
	if (fd >= f->soft)
		return -EBADF;
	glue_lock(&f->lock);
	to = hold(f, fd);
	from = old == fd ? to : fd_byte(f, old);
	if ((from & FD_KIND) == FD_BUSY || (to & FD_KIND) == FD_HIDDEN) {
		ret = -EBADF;
	} else if ((to & FD_KIND) == FD_BUSY) {
		ret = -EBUSY;
	} else if (old == fd) {
		ret = glue_raw2(SYS_fcntl, old, F_GETFD);
		ret = ret < 0 ? ret : (long)fd;
	} else if ((from & FD_KIND) != FD_STACK) {
		libos_fd_hold();
		ret = glue_raw3(SYS_dup3, old, fd, flags);
		libos_fd_release();
		if (ret >= 0) {
			set_byte(f, fd, FD_HOST | FD_HELD);
			if ((to & FD_KIND) == FD_STACK || (to & FD_KIND) == FD_WRAPPED)
				stack_now(t, SYS_close, fd, 0, 0);
			unwrap(f, fd);
			to = FD_HOST | (from & FD_NEAR);
		}
	} else {
		ret = stack_now(t, SYS_dup3, old, fd, flags);
		if (ret >= 0) {
			set_byte(f, fd, FD_STACK | (from & FD_EPOLL) | FD_HELD);
			ret = glue_raw3(SYS_dup3, f->master, fd, flags);
			if (ret >= 0)
				to = FD_STACK | (from & FD_EPOLL);
			else		/* EBUSY: an open() of the host is about to get it */
				stack_now(t, SYS_close, fd, 0, 0);
			unwrap(f, fd);
		}
	}
	set_byte(f, fd, to);
	glue_unlock(&f->lock);
	return ret;
}

/* --- host files in the stack, and the other way round -------------------- */

long fd_wrap(struct glue_thread *t, unsigned int fd)
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned long arg[6] = { 0 };
	long dup, ret = 0;
	unsigned int byte;

	if (fd >= f->nr)
		return -EBADF;
	glue_lock(&f->lock);
	byte = hold(f, fd);
	if ((byte & FD_KIND) != FD_HOST) {
		ret = (byte & FD_KIND) == FD_BUSY ? -EBADF : 0;
		goto out;
	}
	dup = fd_internal(f, fd);
	if (dup < 0 && dup != -EMFILE) {
		ret = dup;
		goto out;
	}
	/* With no number left the wrapper watches the program's own. */
	arg[0] = dup < 0 ? fd : dup;
	ret = stack_now_fd(t, LIBOS_NR_HOSTFILE, arg, fd);
	if (ret == (long)fd) {
		f->hostfd[fd] = dup < 0 ? 0 : dup;
		byte = FD_WRAPPED | (byte & ~FD_KIND);
		ret = 0;
		goto out;
	}
	if (ret >= 0)
		stack_now(t, SYS_close, ret, 0, 0);
	if (dup >= 0)
		glue_raw1(SYS_close, dup);
	ret = ret < 0 ? ret : -ENFILE;
out:
	set_byte(f, fd, byte);
	glue_unlock(&f->lock);
	return ret;
}

long fd_migrate(struct glue_thread *t, unsigned int fd, int host)
{
	struct glue_fdtab *f = t->prog->fds;
	long flags, ret = -EBADF;
	unsigned int byte;

	glue_lock(&f->lock);
	byte = hold(f, fd);
	if ((byte & FD_KIND) == FD_STACK) {
		flags = glue_raw2(SYS_fcntl, fd, F_GETFD);
		ret = glue_raw3(SYS_dup3, host, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
		if (ret >= 0) {
			set_byte(f, fd, FD_HOST | FD_HELD);
			stack_now(t, SYS_close, fd, 0, 0);
			byte = FD_HOST;
			ret = 0;
		}
	}
	set_byte(f, fd, byte);
	glue_unlock(&f->lock);
	glue_raw1(SYS_close, host);
	return ret;
}

long fd_adopt(struct glue_thread *t, unsigned int fd, __u64 token, unsigned int kind)
{
	struct glue_fdtab *f = t->prog->fds;
	long flags, ret = -EBADF;
	unsigned int byte;

	glue_lock(&f->lock);
	byte = hold(f, fd);
	flags = glue_raw2(SYS_fcntl, fd, F_GETFD);
	if ((byte & FD_KIND) == FD_HOST)
		ret = libos_fd_take(glue_thread_stack(t), token, fd);
	if (ret == (long)fd) {
		byte = FD_STACK | kind;
		set_byte(f, fd, byte | FD_HELD);
		if (flags & FD_CLOEXEC)
			stack_now(t, SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
		glue_raw3(SYS_dup3, f->master, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	} else if (ret >= 0) {
		stack_now(t, SYS_close, ret, 0, 0);
		ret = -ENFILE;
	}
	set_byte(f, fd, byte);
	glue_unlock(&f->lock);
	return ret;
}

/* --- limits -------------------------------------------------------------- */

/*
 * RLIMIT_NOFILE as the program knows it.  The host's own stays where
 * glue_fdtab_new() put it; its numbers beyond the program's are ours.
 */
long fd_rlimit(struct glue_thread *t, const unsigned long *new_limit, unsigned long *old_limit)
{
	struct glue_fdtab *f = t->prog->fds;

	if (old_limit) {
		old_limit[0] = f->soft;
		old_limit[1] = f->hard;
	}
	if (new_limit) {
		if (new_limit[0] > new_limit[1])
			return -EINVAL;
		if (new_limit[1] > f->hard)
			return -EPERM;
		__atomic_store_n(&f->soft, new_limit[0], __ATOMIC_RELAXED);
		__atomic_store_n(&f->hard, new_limit[1], __ATOMIC_RELAXED);
	}
	return 0;
}
