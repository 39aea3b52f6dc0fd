// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets: which are the stack's, and how they come into being.
 *
 * The address family decides.  What talks to other machines, or configures who
 * does, is the stack's; what talks to programs or services of this machine
 * (AF_UNIX, AF_VSOCK, AF_ALG, the audit and uevent netlinks ...) is the host's.
 * DISPATCH.md has the list and the reasons.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "dispatch.h"

/* <linux/sctp.h>; names as there but for SCTP_SOCKOPT_. */
#define SOL_SCTP		132
#define SCTP_PEELOFF		102
#define SCTP_PEELOFF_FLAGS	122

#ifndef AF_MCTP
#define AF_MCTP	45
#endif

static bool is_stack_socket(const struct glue_prog *p, int family, int protocol)
{
	if (!p->opts->stack)
		return false;
	switch (family) {
	case AF_INET:
	case AF_INET6:
	case AF_PACKET:
	case AF_KEY:
	case AF_XDP:
	case AF_SMC:
	case AF_RDS:
	case AF_TIPC:
	case AF_RXRPC:
	case AF_PPPOX:
	case AF_LLC:
	case AF_CAN:
	case AF_IEEE802154:
	case AF_MCTP:
	case AF_MPLS:
	case AF_PHONET:
		return true;
	case AF_NETLINK:
		switch (protocol) {
		case NETLINK_SELINUX:
		case NETLINK_ISCSI:
		case NETLINK_AUDIT:
		case NETLINK_CONNECTOR:
		case NETLINK_KOBJECT_UEVENT:
		case NETLINK_SCSITRANSPORT:
		case NETLINK_RDMA:
		case NETLINK_CRYPTO:
			return false;
		}
		return true;
	default:
		return false;
	}
}

long sys_socket(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	long fd;

	if (!is_stack_socket(t->prog, arg[0], arg[2])) {
		fd = glue_host(t, nr, arg);
		return fd < 0 ? fd : fd_host_made(f, fd);
	}
	fd = fd_reserve(f, 0, arg[1] & SOCK_CLOEXEC);
	if (fd < 0)
		return fd;
	return fd_settle(t, fd, to_stack_fd(t, nr, arg, fd), 0);
}

/*
 * The hint names the first descriptor of two; the second takes the lowest free
 * number of the stack's table and is moved to where it belongs.
 */
long sys_socketpair(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	bool cloexec = arg[1] & SOCK_CLOEXEC;
	unsigned long call[6] = { arg[0], arg[1], arg[2], 0, 0, 0 };
	int sv[2] = { -1, -1 };
	long a, b, ret;

	if (!is_stack_socket(t->prog, arg[0], arg[2]))
		return host_pair(t, nr, arg, arg[3]);
	a = fd_reserve(f, 0, cloexec);
	if (a < 0)
		return a;
	b = fd_reserve(f, 0, cloexec);
	if (b < 0) {
		fd_cancel(f, a);
		return b;
	}
	call[3] = (unsigned long)sv;
	ret = to_stack_fd(t, nr, call, a);
	if (ret < 0)
		goto cancel;
	if (sv[1] != b) {
		ret = stack_now(t, SYS_dup3, sv[1], b, cloexec ? O_CLOEXEC : 0);
		stack_now(t, SYS_close, sv[1], 0, 0);
		sv[1] = b;
	}
	if (ret < 0 || sv[0] != a)
		goto undo;
	ret = glue_put_user(arg[3], sv, sizeof(sv));
	if (ret < 0)
		goto undo;
	fd_publish(f, a, 0);
	fd_publish(f, b, 0);
	return 0;

undo:
	stack_now(t, SYS_close, sv[0], 0, 0);
	stack_now(t, SYS_close, sv[1], 0, 0);
	ret = ret < 0 ? ret : -ENFILE;
cancel:
	fd_cancel(f, a);
	fd_cancel(f, b);
	return ret;
}

/*
 * As in Linux the number is taken before accept() waits.  A listener that does
 * not block is asked first whether there is anything: an event loop accepts
 * until EAGAIN, and should not pay for a number each time.
 */
long sys_accept(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	struct pollfd ready = { .fd = arg[0], .events = POLLIN };
	bool cloexec = nr == SYS_accept4 && arg[3] & SOCK_CLOEXEC;
	long fd;

	switch (fd_kind(f, arg[0])) {
	case FD_HIDDEN:
		return -EBADF;
	case FD_STACK:
		break;
	default:
		fd = glue_host(t, nr, arg);
		return fd < 0 ? fd : fd_host_made(f, fd);
	}

	if (!stack_now(t, SYS_poll, &ready, 1, 0)) {
		long flags = stack_now(t, SYS_fcntl, arg[0], F_GETFL, 0);

		if (flags >= 0 && flags & O_NONBLOCK)
			return -EAGAIN;
	}
	fd = fd_reserve(f, 0, cloexec);
	if (fd < 0)
		return fd;
	return fd_settle(t, fd, to_stack_fd(t, nr, arg, fd), 0);
}

/*
 * Almost always data only; but SCTP takes an association off its socket so, and
 * makes a descriptor of it (RFC 6458, section 9.2).  The flags are behind the
 * association and the number.
 */
long sys_getsockopt(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	struct glue_fdtab *f = t->prog->fds;
	unsigned int flags = 0;
	long fd;

	if (likely((int)arg[1] != SOL_SCTP) || !fd_is_stack(f, arg[0]) ||
	    ((int)arg[2] != SCTP_PEELOFF && (int)arg[2] != SCTP_PEELOFF_FLAGS))
		return by_fd(t, nr, arg, arg[0]);
	if ((int)arg[2] == SCTP_PEELOFF_FLAGS && glue_get_user(&flags, arg[3] + 8, sizeof(flags)))
		return -EFAULT;
	fd = fd_reserve(f, 0, flags & SOCK_CLOEXEC);
	if (fd < 0)
		return fd;
	return fd_settle(t, fd, to_stack_fd(t, nr, arg, fd), 0);
}

/* --- calls that name a destination --------------------------------------- */

/* The destination is the host's: move the socket, if it is the stack's. */
static long bypass(struct glue_thread *t, unsigned long fd, unsigned long addr, unsigned long len)
{
	struct sockaddr_storage ss;

	if (likely(!t->prog->opts->nbypass) || !addr || len > sizeof(ss) ||
	    !fd_is_stack(t->prog->fds, fd) || glue_get_user(&ss, addr, len) ||
	    !bypass_wanted(t->prog, &ss, len))
		return 0;
	return bypass_move(t, fd);
}

long sys_connect(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	long ret = bypass(t, arg[0], arg[1], arg[2]);

	return ret < 0 ? ret : by_fd(t, nr, arg, arg[0]);
}

long sys_bind(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return sys_connect(t, nr, arg);
}

long sys_sendto(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	long ret = bypass(t, arg[0], arg[4], (unsigned int)arg[5]);

	return ret < 0 ? ret : by_fd(t, nr, arg, arg[0]);
}

/* sendmsg and sendmmsg, whose first message decides for all. */
static long bypass_msg(struct glue_thread *t, unsigned long fd, unsigned long msg)
{
	struct msghdr m;

	if (likely(!t->prog->opts->nbypass) || !msg || !fd_is_stack(t->prog->fds, fd) ||
	    glue_get_user(&m, msg, sizeof(m)))
		return 0;
	return bypass(t, fd, (unsigned long)m.msg_name, m.msg_namelen);
}

/* A message of the host's may bring files of the stack along. */
static long by_fd_with_files(struct glue_thread *t, long nr, const unsigned long arg[6],
			     long (*scm)(struct glue_thread *t, long nr,
					 const unsigned long arg[6]))
{
	enum fd_kind kind = fd_kind(t->prog->fds, arg[0]);

	return kind == FD_STACK || kind == FD_HIDDEN ? by_fd(t, nr, arg, arg[0]) :
	       scm(t, nr, arg);
}

long sys_sendmsg(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	long ret = bypass_msg(t, arg[0], arg[1]);

	return ret < 0 ? ret : by_fd_with_files(t, nr, arg, scm_send);
}

long sys_sendmmsg(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	long ret = bypass_msg(t, arg[0], arg[1]);

	return ret < 0 ? ret : by_fd_with_files(t, nr, arg, scm_send_many);
}

long sys_recvmsg(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return by_fd_with_files(t, nr, arg, scm_recv);
}

long sys_recvmmsg(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return by_fd_with_files(t, nr, arg, scm_recv_many);
}
