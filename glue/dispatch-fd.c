// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that make, copy, change and close descriptors.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "dispatch.h"

long sys_close(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int fd = arg[0];
	long ret;

	if (fd >= f->nr)
		return -EBADF;
	if (likely(fd_plain_begin(f, fd))) {
		ret = glue_host(t, nr, arg);
		fd_plain_end(f, fd);
		return ret;
	}
	return fd_close(t, fd);
}

long sys_close_range(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return fd_close_range(t, arg[0], arg[1], arg[2]);
}

long sys_dup(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	long fd;

	switch (fd_kind(f, arg[0])) {
	case FD_STACK:
		return fd_dup_stack(t, arg[0], 0, false);
	case FD_BUSY:
	case FD_HIDDEN:
		return -EBADF;
	default:
		fd = glue_raw1(nr, arg[0]);
		if (fd >= 0)
			fd = fd_host_made(f, fd);
		if (fd >= 0 && fd_byte(f, (unsigned int)arg[0]) & FD_NEAR)
			fd_mark_near(f, fd);
		return fd;
	}
}

/* dup2 and dup3 */
long sys_dup2(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	bool two = nr == SYS_dup2;

	return fd_dup2(t, arg[0], arg[1], two ? 0 : arg[2], two);
}

/* The host made two descriptors, and wrote them to @at. */
long host_pair(struct glue_thread *t, long nr, const unsigned long arg[6], unsigned long at)
{
	struct glue_fdtab *f = t->prog->fds;
	long ret = glue_host(t, nr, arg);
	int fd[2];

	if (ret < 0 || glue_get_user(fd, at, sizeof(fd)))
		return ret;
	if (fd[0] < (int)f->soft && fd[1] < (int)f->soft)
		return ret;
	glue_raw1(SYS_close, fd[0]);
	glue_raw1(SYS_close, fd[1]);
	return -EMFILE;
}

long sys_pipe(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return host_pair(t, nr, arg, arg[0]);
}

/*
 * Who gets SIGIO and SIGURG.  The process, and its first thread, may have another
 * number in the stack than on the host (the home is 1); other threads have theirs on
 * both sides.
 */
static int pid_in(const struct glue_fdtab *f, int pid)
{
	return pid == f->pid || pid == -f->pid ? f->stack_pid : pid;
}

static int pid_out(const struct glue_fdtab *f, int pid)
{
	return pid == f->stack_pid ? f->pid : pid;
}

static long owner(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	struct f_owner_ex ex;
	long ret;

	switch ((int)arg[1]) {
	case F_SETOWN:
		return stack_now(t, nr, arg[0], F_SETOWN, pid_in(f, arg[2]));
	case F_GETOWN:
		ret = stack_now(t, nr, arg[0], F_GETOWN, 0);
		return ret > 0 ? pid_out(f, ret) : ret;
	case F_SETOWN_EX:
		if (glue_get_user(&ex, arg[2], sizeof(ex)))
			return -EFAULT;
		ex.pid = pid_in(f, ex.pid);
		return stack_now(t, nr, arg[0], F_SETOWN_EX, &ex);
	default:
		ret = stack_now(t, nr, arg[0], F_GETOWN_EX, &ex);
		if (ret < 0)
			return ret;
		ex.pid = pid_out(f, ex.pid);
		return glue_put_user(arg[2], &ex, sizeof(ex)) ? -EFAULT : ret;
	}
}

long sys_fcntl(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	int cmd = arg[1];
	enum fd_kind kind = fd_kind(f, arg[0]);
	long ret;

	switch (kind) {
	case FD_HIDDEN:
	case FD_BUSY:
		return -EBADF;
	case FD_HOST:
	case FD_WRAPPED:
		if (cmd != F_DUPFD && cmd != F_DUPFD_CLOEXEC)
			return glue_host(t, nr, arg);
		if ((unsigned int)arg[2] >= f->soft)
			return -EINVAL;
		ret = glue_raw3(nr, arg[0], arg[1], arg[2]);
		if (ret >= 0)
			ret = fd_host_made(f, ret);
		if (ret >= 0 && fd_byte(f, (unsigned int)arg[0]) & FD_NEAR)
			fd_mark_near(f, ret);
		return ret;
	case FD_STACK:
		break;
	}

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return fd_dup_stack(t, arg[0], arg[2], cmd == F_DUPFD_CLOEXEC);
	case F_SETFD:
		ret = to_stack(t, nr, arg);
		if (!ret)
			glue_raw3(nr, arg[0], arg[1], arg[2]);
		return ret;
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return owner(t, nr, arg);
	default:
		return to_stack(t, nr, arg);
	}
}

/*
 * Interface ioctls work on any socket, and programs use what they have: an
 * AF_UNIX one, say.  The interfaces are the stack's, so a socket of our own
 * stands in for the program's.
 */
static bool is_netdev_ioctl(unsigned int cmd)
{
	switch (cmd) {
	case SIOCADDRT: case SIOCDELRT:
	case SIOCGIFNAME ... SIOCGIFCOUNT:
	case SIOCGIFBR: case SIOCSIFBR:
	case SIOCGIFTXQLEN: case SIOCSIFTXQLEN:
	case SIOCETHTOOL ... SIOCSMIIREG:
	case SIOCWANDEV:
	case SIOCDARP ... SIOCSIFMAP:
	case SIOCADDDLCI: case SIOCDELDLCI:
	case SIOCGIFVLAN ... SIOCBONDCHANGEACTIVE:
	case SIOCBRADDBR ... SIOCGHWTSTAMP:
		return true;
	default:
		return false;
	}
}

static long netdev_ioctl(struct glue_thread *t, const unsigned long arg[6])
{
	unsigned long sock[6] = { AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0 };
	long fd = fd_reserve_own(t->prog->fds), s, ret;

	if (fd < 0)
		return fd;
	s = stack_now_fd(t, SYS_socket, sock, fd);
	ret = s < 0 ? s : stack_now(t, SYS_ioctl, s, arg[1], arg[2]);
	if (s >= 0)
		stack_now(t, SYS_close, s, 0, 0);
	fd_cancel(t->prog->fds, fd);
	return ret;
}

static bool is_socket(int fd)
{
	int type, len = sizeof(type);

	return !glue_raw5(SYS_getsockopt, fd, 1 /* SOL_SOCKET */, 3 /* SO_TYPE */, &type, &len);
}

long sys_ioctl(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int cmd = arg[1];
	long ret;
	int pid;

	switch (fd_kind(f, arg[0])) {
	case FD_HIDDEN:
		return -EBADF;
	case FD_STACK:
		if (cmd == FIOSETOWN || cmd == SIOCSPGRP) {
			if (glue_get_user(&pid, arg[2], sizeof(pid)))
				return -EFAULT;
			return stack_now(t, SYS_fcntl, arg[0], F_SETOWN, pid_in(f, pid));
		}
		ret = to_stack(t, nr, arg);
		if (!ret && (cmd == FIOCLEX || cmd == FIONCLEX))
			glue_raw3(SYS_fcntl, arg[0], F_SETFD, cmd == FIOCLEX ? FD_CLOEXEC : 0);
		return ret;
	default:
		if (unlikely(is_netdev_ioctl(cmd)) && t->prog->opts->stack && is_socket(arg[0]))
			return netdev_ioctl(t, arg);
		return glue_host(t, nr, arg);
	}
}

/* getrlimit, setrlimit, prlimit64: RLIMIT_NOFILE is ours, the rest the host's. */
long sys_rlimit(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	bool pr = nr == SYS_prlimit64;
	unsigned long new_limit[2], old_limit[2];
	unsigned long set = 0, get = 0;
	bool want = false;
	long ret;

	if ((int)arg[pr] != RLIMIT_NOFILE ||
	    (pr && arg[0] && (int)arg[0] != t->prog->fds->pid))
		return glue_host(t, nr, arg);
	if (pr) {
		set = arg[2];
		get = arg[3];
		want = get;
	} else if (nr == SYS_setrlimit) {
		set = arg[1];
		if (!set)
			return -EFAULT;
	} else {
		get = arg[1];
		want = true;
	}
	if (set && glue_get_user(new_limit, set, sizeof(new_limit)))
		return -EFAULT;
	ret = fd_rlimit(t, set ? new_limit : NULL, old_limit);
	if (!ret && want)
		ret = glue_put_user(get, old_limit, sizeof(old_limit));
	return ret;
}
