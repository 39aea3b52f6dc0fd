// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll, ppoll, select, pselect6: waiting for files of both kernels.
 *
 * If no stack file is among the descriptors, the host's call serves.  Else the
 * stack's does, and host files are wrapped: they get a stack file at the same
 * number, whose readiness the host reports to the stack (see fd.c).  A wrapper
 * stays until its number is closed, so that only the first call pays for it.
 *
 * Descriptors that are not open are left alone: the stack does not know them
 * either, and says what Linux says.
 */
#include <linux/poll.h>
#include <sys/epoll.h>

#include "dispatch.h"

#define CHUNK	32

/* Does @fn hold for a descriptor of the array?  -EFAULT: it cannot be read. */
static long each_pollfd(struct glue_thread *t, unsigned long fds, unsigned long nfds,
			long (*fn)(struct glue_thread *t, unsigned int fd))
{
	struct pollfd chunk[CHUNK];

	while (nfds) {
		unsigned long n = nfds < CHUNK ? nfds : CHUNK;

		if (glue_get_user(chunk, fds, n * sizeof(chunk[0])))
			return -EFAULT;
		for (unsigned long i = 0; i < n; i++) {
			long ret = chunk[i].fd < 0 ? 0 : fn(t, chunk[i].fd);

			if (ret)
				return ret;
		}
		fds += n * sizeof(chunk[0]);
		nfds -= n;
	}
	return 0;
}

static long is_stack(struct glue_thread *t, unsigned int fd)
{
	return fd_is_stack(t->prog->fds, fd);
}

static long wrap(struct glue_thread *t, unsigned int fd)
{
	enum fd_kind kind = fd_kind(t->prog->fds, fd);
	long ret;

	if (kind != FD_HOST)
		return 0;
	ret = fd_wrap(t, fd);
	return ret == -EBADF ? 0 : ret;
}

long sys_poll(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	unsigned long call[6] = { arg[0], arg[1], arg[2], arg[3], arg[4], 0 };
	bool mask = nr == SYS_ppoll && arg[3];
	unsigned long filtered;
	long ret = 0;

	if (arg[1] <= t->prog->fds->soft && t->prog->opts->stack)
		ret = each_pollfd(t, arg[0], (unsigned int)arg[1], is_stack);
	if (ret <= 0) {
		/* The host finds out by itself what is wrong with the array. */
		if (mask) {
			ret = glue_sigmask_filter(t, arg[3], arg[4], &filtered);
			if (ret)
				return ret;
			call[3] = (unsigned long)&filtered;
		}
		return glue_host(t, nr, call);
	}

	ret = each_pollfd(t, arg[0], (unsigned int)arg[1], wrap);
	if (ret < 0)
		return ret;
	if (mask) {
		ret = glue_sigmask_set(t, arg[3], arg[4]);
		if (ret)
			return ret;
		call[3] = 0;
	}
	return to_stack(t, nr, call);
}

/* --- select -------------------------------------------------------------- */

#define LONGBITS	64

static long each_bit(struct glue_thread *t, unsigned int n, const unsigned long sets[3],
		     long (*fn)(struct glue_thread *t, unsigned int fd))
{
	for (unsigned int base = 0; base < n; base += LONGBITS) {
		unsigned long all = 0, word;

		for (int i = 0; i < 3; i++) {
			if (!sets[i])
				continue;
			if (glue_get_user(&word, sets[i] + base / 8, sizeof(word)))
				return -EFAULT;
			all |= word;
		}
		if (n - base < LONGBITS)
			all &= (1UL << (n - base)) - 1;
		while (all) {
			long ret = fn(t, base + __builtin_ctzl(all));

			if (ret)
				return ret;
			all &= all - 1;
		}
	}
	return 0;
}

/* select and pselect6; the latter's last argument points to {mask, size} */
long sys_select(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	unsigned long call[6] = { arg[0], arg[1], arg[2], arg[3], arg[4], arg[5] };
	unsigned long sig[2] = { 0, 0 }, filtered;
	unsigned int n = arg[0];
	long ret = 0;

	if (n > t->prog->fds->nr)
		n = (int)n < 0 ? 0 : t->prog->fds->nr;
	if (t->prog->opts->stack)
		ret = each_bit(t, n, &arg[1], is_stack);
	if (nr == SYS_pselect6 && arg[5] && glue_get_user(sig, arg[5], sizeof(sig)))
		return -EFAULT;

	if (ret <= 0) {
		if (sig[0]) {
			ret = glue_sigmask_filter(t, sig[0], sig[1], &filtered);
			if (ret)
				return ret;
			sig[0] = (unsigned long)&filtered;
			call[5] = (unsigned long)sig;
		}
		return glue_host(t, nr, call);
	}

	ret = each_bit(t, n, &arg[1], wrap);
	if (ret < 0)
		return ret;
	if (sig[0]) {
		ret = glue_sigmask_set(t, sig[0], sig[1]);
		if (ret)
			return ret;
	}
	if (nr == SYS_pselect6)
		call[5] = 0;
	return to_stack(t, nr, call);
}

/* --- epoll --------------------------------------------------------------- */

/* A new epoll file is always the stack's: who knows what will be added. */
long sys_epoll_create(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	bool cloexec = nr == SYS_epoll_create1 && arg[0] & EPOLL_CLOEXEC;
	long fd;

	if (!t->prog->opts->stack) {
		fd = glue_host(t, nr, arg);
		return fd < 0 ? fd : fd_host_made(f, fd);
	}
	fd = fd_reserve(f, 0, cloexec);
	if (fd < 0)
		return fd;
	return fd_settle(t, fd, to_stack_fd(t, nr, arg, fd), FD_EPOLL);
}

/*
 * Host files that cannot be polled (regular files, directories) are refused by
 * epoll, and only the host knows which: ask it with an epoll file of our own.
 */
static long may_epoll(struct glue_thread *t, unsigned int fd)
{
	struct glue_fdtab *f = t->prog->fds;
	struct epoll_event none = { 0 };
	long ret;

	ret = glue_raw4(SYS_epoll_ctl, f->probe, EPOLL_CTL_ADD, fd, &none);
	if (!ret)
		glue_raw4(SYS_epoll_ctl, f->probe, EPOLL_CTL_DEL, fd, &none);
	/* EEXIST: another thread asks, too.  ELOOP: let the stack say it. */
	return ret == -EPERM || ret == -EBADF ? ret : 0;
}

long sys_epoll_ctl(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	long ret;

	if (!fd_is_stack(f, arg[0]))
		return by_fd(t, nr, arg, arg[0]);
	switch (fd_kind(f, arg[2])) {
	case FD_STACK:
	case FD_WRAPPED:
		break;
	case FD_BUSY:
	case FD_HIDDEN:
		return -EBADF;
	case FD_HOST:
		if ((int)arg[1] == EPOLL_CTL_ADD) {
			ret = may_epoll(t, arg[2]);
			if (ret)
				return ret;
		}
		ret = fd_wrap(t, arg[2]);
		if (ret)
			return ret;
	}
	return to_stack(t, nr, arg);
}

/* epoll_wait, epoll_pwait, epoll_pwait2: the last two have a mask at the end */
long sys_epoll_wait(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	unsigned long call[6] = { arg[0], arg[1], arg[2], arg[3], arg[4], arg[5] };
	bool mask = nr != SYS_epoll_wait && arg[4];
	unsigned long filtered;
	long ret;

	if (fd_is_stack(t->prog->fds, arg[0])) {
		if (mask) {
			ret = glue_sigmask_set(t, arg[4], arg[5]);
			if (ret)
				return ret;
			call[4] = 0;
		}
		return to_stack(t, nr, call);
	}
	if (mask) {
		ret = glue_sigmask_filter(t, arg[4], arg[5], &filtered);
		if (ret)
			return ret;
		call[4] = (unsigned long)&filtered;
	}
	return by_fd(t, nr, call, arg[0]);
}
