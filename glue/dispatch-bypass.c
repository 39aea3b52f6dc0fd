// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destinations that are left to the host's stack.
 *
 * A socket is the stack's when it is made; where it is to go is known when it is
 * bound, connected or first sends.  If that address is one of those that the
 * configuration leaves to the host, the socket *moves*: a host socket of the
 * same kind is made, what was set on the old one is set on the new one, and it
 * takes over the number.  From then on it is a host file like any other.
 *
 *	socket()        setsockopt(), fcntl(), epoll_ctl()      connect(127.0.0.1)
 *	   | stack            | stack                              | moves
 *	   v                  v                                    v
 *	[stack socket] ---- options, flags, epoll sets ----> [host socket]
 *
 * Limits.  The whole socket moves: a datagram socket that has sent to the host
 * once, sends and receives there ever after.  Options with a structure (filters,
 * multicast memberships, IPsec policies) are not carried over, nor is what was
 * received before.  Duplicates of the number stay in the stack.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "dispatch.h"

static bool prefix_equal(const __u8 *a, const __u8 *b, unsigned int bits)
{
	for (; bits >= 8; bits -= 8)
		if (*a++ != *b++)
			return false;
	return !bits || !((*a ^ *b) >> (8 - bits));
}

bool bypass_wanted(const struct glue_prog *p, const void *addr, unsigned int len)
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct sockaddr_in6 *in6 = addr;
	const struct sockaddr_in *in = addr;
	const struct glue_opts *o = p->opts;
	int family = in->sin_family;
	const __u8 *a;

	if (family == AF_INET && len >= sizeof(*in)) {
		a = (const __u8 *)&in->sin_addr;
	} else if (family == AF_INET6 && len >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		a = (const __u8 *)&in6->sin6_addr;
		if (prefix_equal(a, mapped, 96)) {
			a += 12;
			family = AF_INET;
		}
	} else {
		return false;
	}
	for (unsigned int i = 0; i < o->nbypass; i++)
		if (o->bypass[i].family == family &&
		    prefix_equal(a, o->bypass[i].addr, o->bypass[i].prefix))
			return true;
	return false;
}

/* Options that are an integer, or a small flat structure. */
static const struct option {
	__u16 level, name, size;
} options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, 4 },
	{ SOL_SOCKET, SO_REUSEPORT, 4 },
	{ SOL_SOCKET, SO_DONTROUTE, 4 },
	{ SOL_SOCKET, SO_BROADCAST, 4 },
	{ SOL_SOCKET, SO_KEEPALIVE, 4 },
	{ SOL_SOCKET, SO_OOBINLINE, 4 },
	{ SOL_SOCKET, SO_PRIORITY, 4 },
	{ SOL_SOCKET, SO_LINGER, 8 },
	{ SOL_SOCKET, SO_RCVLOWAT, 4 },
	{ SOL_SOCKET, SO_RCVTIMEO, 16 },
	{ SOL_SOCKET, SO_SNDTIMEO, 16 },
	{ SOL_SOCKET, SO_TIMESTAMP, 4 },
	{ SOL_SOCKET, SO_TIMESTAMPNS, 4 },
	{ SOL_SOCKET, SO_RXQ_OVFL, 4 },
	{ SOL_SOCKET, SO_BUSY_POLL, 4 },
	{ SOL_SOCKET, SO_ZEROCOPY, 4 },
	{ IPPROTO_IP, IP_TOS, 4 },
	{ IPPROTO_IP, IP_TTL, 4 },
	{ IPPROTO_IP, IP_PKTINFO, 4 },
	{ IPPROTO_IP, IP_MTU_DISCOVER, 4 },
	{ IPPROTO_IP, IP_RECVERR, 4 },
	{ IPPROTO_IP, IP_RECVTTL, 4 },
	{ IPPROTO_IP, IP_RECVTOS, 4 },
	{ IPPROTO_IP, IP_FREEBIND, 4 },
	{ IPPROTO_IP, IP_MULTICAST_TTL, 4 },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, 4 },
	{ IPPROTO_IPV6, IPV6_V6ONLY, 4 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 4 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 4 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 4 },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, 4 },
	{ IPPROTO_IPV6, IPV6_RECVERR, 4 },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 4 },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 4 },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, 4 },
	{ IPPROTO_IPV6, IPV6_TCLASS, 4 },
	{ IPPROTO_TCP, TCP_NODELAY, 4 },
	{ IPPROTO_TCP, TCP_CORK, 4 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 4 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 4 },
	{ IPPROTO_TCP, TCP_KEEPCNT, 4 },
	{ IPPROTO_TCP, TCP_SYNCNT, 4 },
	{ IPPROTO_TCP, TCP_LINGER2, 4 },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, 4 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 4 },
	{ IPPROTO_TCP, TCP_CONGESTION, 16 },
	{ IPPROTO_TCP, TCP_FASTOPEN, 4 },
	{ IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 4 },
};

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK	72
#endif

static void copy_option(struct glue_thread *t, unsigned int fd, int host, const struct option *o)
{
	unsigned long ours[2] = { 0, 0 }, theirs[2] = { 0, 0 };
	unsigned int len = o->size, hlen = o->size;

	if (stack_now5(t, SYS_getsockopt, fd, o->level, o->name, ours, &len))
		return;
	if (!glue_raw5(SYS_getsockopt, host, o->level, o->name, theirs, &hlen) &&
	    hlen == len && ours[0] == theirs[0] && ours[1] == theirs[1])
		return;
	glue_raw5(SYS_setsockopt, host, o->level, o->name, ours, len);
}

/* Buffer sizes only if the program chose them; they are reported doubled. */
static void copy_buffers(struct glue_thread *t, unsigned int fd, int host)
{
	static const int name[2] = { SO_SNDBUF, SO_RCVBUF };
	int lock = 0, size;
	unsigned int len = sizeof(lock);

	if (stack_now5(t, SYS_getsockopt, fd, SOL_SOCKET, SO_BUF_LOCK, &lock, &len))
		return;
	for (int i = 0; i < 2; i++) {
		len = sizeof(size);
		if (!(lock >> i & 1) ||
		    stack_now5(t, SYS_getsockopt, fd, SOL_SOCKET, name[i], &size, &len))
			continue;
		size /= 2;
		glue_raw5(SYS_setsockopt, host, SOL_SOCKET, name[i], &size, len);
	}
}

/* A local address that was chosen stays, as far as it exists on the host. */
static long copy_name(struct glue_thread *t, unsigned int fd, int host)
{
	struct sockaddr_in6 sa;		/* the larger of the two */
	struct sockaddr_in *in = (void *)&sa;
	unsigned int len = sizeof(sa);

	glue_memset(&sa, 0, sizeof(sa));
	if (stack_now(t, SYS_getsockname, fd, &sa, &len) || !in->sin_port)
		return 0;
	if (!bypass_wanted(t->prog, &sa, len))
		glue_memset(sa.sin6_family == AF_INET6 ? (void *)&sa.sin6_addr :
			    (void *)&in->sin_addr, 0, sa.sin6_family == AF_INET6 ? 16 : 4);
	return glue_raw3(SYS_bind, host, &sa, len);
}

/* --- epoll sets ---------------------------------------------------------- */

/* A number after @key in a line of fdinfo; moves on to behind it. */
static bool field(const char **p, const char *key, unsigned int base, unsigned long *v)
{
	const char *s = *p;
	bool any = false;

	for (; *s && *s != '\n'; s++) {
		const char *k = key, *c = s;

		while (*k && *c == *k) {
			c++;
			k++;
		}
		if (!*k) {
			s = c;
			break;
		}
	}
	while (*s == ' ')
		s++;
	for (*v = 0;; s++, any = true) {
		unsigned int digit = *s >= '0' && *s <= '9' ? *s - '0' :
				     *s >= 'a' && *s <= 'f' ? *s - 'a' + 10 : 99;

		if (digit >= base)
			break;
		*v = *v * base + digit;
	}
	*p = s;
	return any;
}

/*
 * What epoll set @ep has registered for @fd, from the stack's fdinfo:
 * "tfd:        5 events:       19 data:                5 ...".
 */
static bool registered(struct glue_thread *t, unsigned int ep, unsigned int fd,
		       struct epoll_event *ev)
{
	struct dispatch_thread *d = dispatch_thread(t);
	unsigned long arg[6] = { 0 };
	char path[48];
	const char *s = "/proc/self/fdinfo/";
	char *p = path;
	long own, file, n, got = 0;
	char digits[12];

	if (!d)
		return false;
	while (*s)
		*p++ = *s++;
	for (n = 0; !n || ep; ep /= 10)
		digits[n++] = '0' + ep % 10;
	while (n)
		*p++ = digits[--n];
	*p = '\0';
	arg[0] = (unsigned long)path;
	arg[1] = O_RDONLY | O_CLOEXEC;
	own = fd_reserve_own(t->prog->fds);
	file = own < 0 ? own : stack_now_fd(t, SYS_open, arg, own);
	while (file >= 0 && got < BOUNCE - 1) {
		n = stack_now(t, SYS_read, file, d->bounce + got, BOUNCE - 1 - got);
		if (n <= 0)
			break;
		got += n;
	}
	if (file >= 0)
		stack_now(t, SYS_close, file, 0, 0);
	if (own >= 0)
		fd_cancel(t->prog->fds, own);
	d->bounce[got] = '\0';

	for (s = d->bounce; *s; s += *s == '\n') {
		unsigned long tfd, events, data;

		if (s[0] == 't' && s[1] == 'f' && field(&s, "tfd:", 10, &tfd) && tfd == fd &&
		    field(&s, "events:", 16, &events) && field(&s, "data:", 16, &data)) {
			ev->events = events;
			ev->data.u64 = data;
			return true;
		}
		while (*s && *s != '\n')
			s++;
	}
	return false;
}

#define EPOLLS	16

long bypass_move(struct glue_thread *t, unsigned int fd)
{
	struct glue_fdtab *f = t->prog->fds;
	int domain, type, protocol, host, nep = 0;
	struct epoll_event ev[EPOLLS];
	unsigned int len = sizeof(int), ep[EPOLLS];
	long ret, flags;

	if (stack_now5(t, SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) ||
	    stack_now5(t, SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    stack_now5(t, SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len))
		return -ENOTSOCK;
	if (domain != AF_INET && domain != AF_INET6)
		return 0;
	ret = glue_raw3(SYS_socket, domain, type | SOCK_CLOEXEC, protocol);
	if (ret < 0)
		return ret;
	host = fd_hide(f, ret);
	if (host < 0)
		return host;

	for (unsigned int i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].level != IPPROTO_TCP || type == SOCK_STREAM)
			copy_option(t, fd, host, &options[i]);
	copy_buffers(t, fd, host);
	flags = stack_now(t, SYS_fcntl, fd, F_GETFL, 0);
	if (flags > 0)
		glue_raw3(SYS_fcntl, host, F_SETFL, flags);
	ret = copy_name(t, fd, host);
	if (ret < 0) {
		glue_raw1(SYS_close, host);
		return ret;
	}

	for (unsigned int i = 0; i < f->high && nep < EPOLLS; i++)
		if (fd_byte(f, i) & FD_EPOLL && fd_is_stack(f, i) &&
		    registered(t, i, fd, &ev[nep]))
			ep[nep++] = i;
	ret = fd_migrate(t, fd, host);
	if (ret < 0)
		return ret;
	if (nep)
		fd_wrap(t, fd);
	while (nep--)
		stack_now5(t, SYS_epoll_ctl, ep[nep], EPOLL_CTL_ADD, fd, &ev[nep], 0);
	return 0;
}
