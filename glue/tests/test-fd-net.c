// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets: whose they are, what they share with the host, and how they move.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd-direct.h"

static bool of_stack(long fd)
{
	return fd >= 0 && fd_is_stack(direct_prog.fds, fd);
}

static bool of_host(long fd)
{
	return fd >= 0 && fd_kind(direct_prog.fds, fd) == FD_HOST;
}

static void families(void)
{
	static const struct {
		int family, type, protocol;
		bool stack;
		const char *name;
	} f[] = {
		{ AF_INET, SOCK_STREAM, 0, true, "TCP" },
		{ AF_INET, SOCK_DGRAM, 0, true, "UDP" },
		{ AF_INET, SOCK_RAW, IPPROTO_ICMP, true, "raw ICMP" },
		{ AF_PACKET, SOCK_RAW, 0, true, "packet" },
		{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, true, "rtnetlink" },
		{ AF_NETLINK, SOCK_RAW, NETLINK_GENERIC, true, "generic netlink" },
		{ AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT, false, "uevent netlink" },
		{ AF_UNIX, SOCK_STREAM, 0, false, "unix stream" },
		{ AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, false, "unix datagram" },
	};
	int v[2];

	for (size_t i = 0; i < sizeof(f) / sizeof(f[0]); i++) {
		long s = sc(SYS_socket, f[i].family, f[i].type, f[i].protocol);

		ok(f[i].stack ? of_stack(s) : of_host(s), "%s is the %s's", f[i].name,
		   f[i].stack ? "stack" : "host");
		sc(SYS_close, s);
	}
	ok(sc(SYS_socket, AF_INET, 77, 0) == -EINVAL, "a bad type");
	ok_ret(sc(SYS_socketpair, AF_INET, SOCK_STREAM, 0, v), -EOPNOTSUPP, "socketpair(AF_INET)");
	ok_ret(sc(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, v), 0, "socketpair(AF_UNIX)");
	ok(of_host(v[0]) && of_host(v[1]), "is the host's");
	sc(SYS_close, v[0]);
	sc(SYS_close, v[1]);
	ok_ret(sc(SYS_io_uring_setup, 8, 0), -ENOSYS, "io_uring_setup");
}

static void ioctls(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	long u = sc(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), s = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);
	struct f_owner_ex ex = { F_OWNER_PID, getpid() };
	struct stat st;
	int on = 1, n;

	ok_ret(sc(SYS_ioctl, u, SIOCGIFINDEX, &ifr), 0, "an interface ioctl on an AF_UNIX socket");
	ok_ret(ifr.ifr_ifindex, 1, "asks the stack");
	strcpy(ifr.ifr_name, "lo");
	ok_ret(sc(SYS_ioctl, u, SIOCGIFMTU, &ifr), 0, "so does SIOCGIFMTU");
	ok_ret(ifr.ifr_mtu, 65536, "whose lo has 65536");
	strcpy(ifr.ifr_name, "none0");
	ok_ret(sc(SYS_ioctl, u, SIOCGIFFLAGS, &ifr), -ENODEV, "an interface that is not there");
	ok_ret(sc(SYS_ioctl, s, FIONBIO, &on), 0, "FIONBIO");
	ok(sc(SYS_fcntl, s, F_GETFL) & O_NONBLOCK, "sets O_NONBLOCK");
	ok_ret(sc(SYS_ioctl, s, FIOCLEX), 0, "FIOCLEX");
	ok(fcntl(s, F_GETFD) == FD_CLOEXEC && sc(SYS_fcntl, s, F_GETFD) == FD_CLOEXEC, "in both tables");
	ok_ret(sc(SYS_ioctl, s, FIONCLEX), 0, "FIONCLEX");
	ok(fcntl(s, F_GETFD) == 0 && sc(SYS_fcntl, s, F_GETFD) == 0, "in both tables");
	ok_ret(sc(SYS_fcntl, s, F_SETOWN, getpid()), 0, "F_SETOWN");
	ok_ret(sc(SYS_fcntl, s, F_GETOWN), getpid(), "F_GETOWN");
	ok_ret(sc(SYS_fcntl, s, F_SETOWN_EX, &ex), 0, "F_SETOWN_EX");
	memset(&ex, 0, sizeof(ex));
	ok_ret(sc(SYS_fcntl, s, F_GETOWN_EX, &ex), 0, "F_GETOWN_EX");
	ok_ret(ex.pid, getpid(), "is the process");
	ok(!sc(SYS_fstat, s, &st) && S_ISSOCK(st.st_mode), "fstat");
	ok_ret(sc(SYS_ioctl, s, FIONREAD, &n), 0, "FIONREAD");
	ok_ret(sc(SYS_ioctl, 150, FIONBIO, &on), -EBADF, "ioctl of a closed number");
	ok_ret(sc(SYS_ftruncate, s, 0), -EINVAL, "ftruncate of a socket");
	ok_ret(sc(SYS_fchmod, s, 0600), 0, "fchmod of a socket");
	sc(SYS_close, u);
	sc(SYS_close, s);
}

/* --- descriptors in messages --------------------------------------------- */

static long send_fds(long via, const int *fds, int n)
{
	char control[CMSG_SPACE(4 * sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return sc(SYS_sendmsg, via, &m, 0);
}

static long recv_fds(long via, int *fds, int n, int flags)
{
	char control[CMSG_SPACE(4 * sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	long ret = sc(SYS_recvmsg, via, &m, flags);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (ret < 0)
		return ret;
	if (!c || c->cmsg_len != CMSG_LEN(n * sizeof(int)))
		return -1000;
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	return ret;
}

static void rights(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET }, sa2;
	socklen_t len = sizeof(sa);
	int v[2], fds[3], out[3] = { -1, -1, -1 }, peek[3];
	long s = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0), f;
	char buf[8];

	sc(SYS_bind, s, &sa, sizeof(sa));
	sc(SYS_getsockname, s, &sa, &len);
	sc(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, v);
	f = sc(SYS_open, "/dev/null", O_RDONLY);
	fds[0] = s;
	fds[1] = f;
	fds[2] = s;
	ok_ret(send_fds(v[0], fds, 3), 1, "stack and host files in one message");
	ok_ret(sc(SYS_close, s), 0, "the sender closes its own");
	ok_ret(recv_fds(v[1], peek, 3, MSG_PEEK), 1, "peeking at them");
	ok(of_stack(peek[0]) && !of_stack(peek[1]), "gives descriptors");
	for (int i = 0; i < 3; i++)
		sc(SYS_close, peek[i]);
	ok_ret(recv_fds(v[1], out, 3, MSG_CMSG_CLOEXEC), 1, "receiving them");
	ok(of_stack(out[0]) && of_host(out[1]) && of_stack(out[2]), "gives each its kind: %d %d %d",
	   out[0], out[1], out[2]);
	ok_ret(sc(SYS_fcntl, out[0], F_GETFD), FD_CLOEXEC, "close-on-exec as asked for");
	len = sizeof(sa2);
	ok_ret(sc(SYS_getsockname, out[0], &sa2, &len), 0, "the socket works");
	ok(sa2.sin_port == sa.sin_port, "and is the one that was sent");
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok_ret(sc(SYS_sendto, out[0], "hello", 5, 0, &sa, sizeof(sa)), 5, "send to itself");
	ok_ret(sc(SYS_recvfrom, out[2], buf, 8, 0, 0, 0), 5, "received on its other name");
	for (int i = 0; i < 3; i++)
		sc(SYS_close, out[i]);
	s = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	ok_ret(sc(SYS_bind, s, &sa, sizeof(sa)), 0, "its port is free again: nothing leaks");
	sc(SYS_close, s);

	fds[0] = 150;
	ok_ret(send_fds(v[0], fds, 1), -EBADF, "a closed number in a message");
	fds[0] = direct_prog.fds->master;
	ok_ret(send_fds(v[0], fds, 1), -EBADF, "one of the library's");
	fds[0] = f;
	ok_ret(send_fds(v[0], fds, 1), 1, "a host file alone");
	ok_ret(recv_fds(v[1], out, 1, 0), 1, "arrives");
	ok(of_host(out[0]), "as one");
	sc(SYS_close, out[0]);
	sc(SYS_close, v[0]);
	sc(SYS_close, v[1]);
	sc(SYS_close, f);
}

/* --- destinations of the host's ------------------------------------------ */

static int host_listener(struct sockaddr_in *sa)
{
	socklen_t len = sizeof(*sa);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), high;

	*sa = (struct sockaddr_in){ .sin_family = AF_INET };
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	high = fcntl(l, F_DUPFD_CLOEXEC, 300);
	close(l);
	if (bind(high, (void *)sa, sizeof(*sa)) || listen(high, 5) ||
	    getsockname(high, (void *)sa, &len))
		return -1;
	return high;
}

static void bypass(void)
{
	static const struct glue_cidr cidr[] = {
		{ .family = AF_INET, .prefix = 8, .addr = { 127 } },
		{ .family = AF_INET6, .prefix = 128, .addr = { [15] = 1 } },
	};
	struct sockaddr_in sa, other = { .sin_family = AF_INET, .sin_port = htons(9) }, name;
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 0x123456789abULL }, got;
	int l = host_listener(&sa), peer, on = 1, size;
	socklen_t len = sizeof(int);
	long s, ep, d;
	char buf[8];

	direct_opts.bypass = cidr;
	direct_opts.nbypass = 2;

	s = sc(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ep = sc(SYS_epoll_create1, 0);
	sc(SYS_setsockopt, s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	size = 20000;
	sc(SYS_setsockopt, s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, s, &ev);
	ok(of_stack(s), "a socket begins in the stack");
	ok_ret(sc(SYS_connect, s, &sa, sizeof(sa)), 0, "connect to an address left to the host");
	ok(fd_kind(direct_prog.fds, s) == FD_WRAPPED, "moves it to the host, with its epoll set");
	peer = fcntl(accept(l, NULL, NULL), F_DUPFD_CLOEXEC, 300);
	ok(peer > 0, "where a host socket accepts it");
	ok_ret(sc(SYS_fcntl, s, F_GETFD), FD_CLOEXEC, "close-on-exec is kept");
	on = 0;
	ok(!sc(SYS_getsockopt, s, IPPROTO_TCP, TCP_NODELAY, &on, &len) && on, "TCP_NODELAY is kept");
	ok(!sc(SYS_getsockopt, s, SOL_SOCKET, SO_RCVBUF, &size, &len) && size == 40000,
	   "SO_RCVBUF is kept: %d", size);
	ok_ret(sc(SYS_epoll_wait, ep, &got, 1, 0), 0, "nothing to read yet");
	ok(write(peer, "abc", 3) == 3, "the peer writes");
	ok_ret(sc(SYS_epoll_wait, ep, &got, 1, 2000), 1, "the epoll set reports it");
	ok(got.data.u64 == 0x123456789abULL, "with the data it was given");
	ok_ret(sc(SYS_read, s, buf, 8), 3, "and it is read");
	sc(SYS_close, s);
	close(peer);

	s = sc(SYS_socket, AF_INET6, SOCK_STREAM, 0);
	if (s >= 0) {
		mapped.sin6_port = sa.sin_port;
		memcpy(&mapped.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
		ok_ret(sc(SYS_connect, s, &mapped, sizeof(mapped)), 0, "a mapped address");
		close(accept(l, NULL, NULL));
		ok(of_host(s), "moves, too");
		sc(SYS_close, s);
	}
	s = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	other.sin_addr.s_addr = htonl(0x0a000001);
	sc(SYS_connect, s, &other, sizeof(other));
	ok(of_stack(s), "another destination leaves the socket in the stack");
	sc(SYS_close, s);

	s = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	d = sc(SYS_dup, s);
	sa.sin_port = htons(9);
	sc(SYS_sendto, s, "x", 1, 0, &sa, sizeof(sa));
	ok(of_host(s) && of_stack(d), "sendto moves a datagram socket, not its duplicate");
	sc(SYS_close, d);
	sc(SYS_close, s);
	s = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);
	sa.sin_port = 0;
	ok_ret(sc(SYS_bind, s, &sa, sizeof(sa)), 0, "bind to an address left to the host");
	len = sizeof(name);
	ok(of_host(s) && !sc(SYS_getsockname, s, &name, &len) &&
	   name.sin_addr.s_addr == htonl(INADDR_LOOPBACK), "moves the socket");
	sc(SYS_close, s);
	sc(SYS_close, ep);
	close(l);
	direct_opts.nbypass = 0;
}

/* --- broken connections -------------------------------------------------- */

static void broken(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);
	long l = sc(SYS_socket, AF_INET, SOCK_STREAM, 0), c, a;
	char buf[8];

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sc(SYS_bind, l, &sa, sizeof(sa));
	sc(SYS_listen, l, 1);
	sc(SYS_getsockname, l, &sa, &len);
	c = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);
	sc(SYS_connect, c, &sa, sizeof(sa));
	a = sc(SYS_accept, l, 0, 0);
	sc(SYS_close, a);
	ok_ret(sc(SYS_read, c, buf, 8), 0, "the peer has closed");
	sc(SYS_write, c, "x", 1);
	for (int i = 0; i < 100 && (a = sc(SYS_sendto, c, "x", 1, MSG_NOSIGNAL, 0, 0)) > 0; i++)
		usleep(1000);
	ok_ret(a, -EPIPE, "MSG_NOSIGNAL: EPIPE");
	ok(!(libos_take_signals(direct_self()->stack) >> (SIGPIPE - 1) & 1), "and no SIGPIPE");
	ok_ret(sc(SYS_write, c, "x", 1), -EPIPE, "write: EPIPE");
	ok(libos_take_signals(direct_self()->stack) >> (SIGPIPE - 1) & 1, "and SIGPIPE");
	sc(SYS_close, c);
	ok_ret(sc(SYS_read, c, buf, 8), -EBADF, "read of a closed number");
	ok_ret(sc(SYS_recvfrom, l, 1, 8, MSG_DONTWAIT, 0, 0), -ENOTCONN, "recv on a listener");
	ok_ret(sc(SYS_getsockname, l, 1, &len), -EFAULT, "a bad pointer");
	sc(SYS_close, l);
}

int main(void)
{
	alarm(60);
	signal(SIGPIPE, SIG_IGN);
	if (!direct_start())
		return 0;
	families();
	ioctls();
	rights();
	bypass();
	broken();
	direct_stop();
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}
