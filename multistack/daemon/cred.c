// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this socket proof that its holder owns this tuple?
 *
 * The kernel gives a tuple to one bound socket only, unless somebody asked for
 * an exception.  So the proof is a socket bound to the tuple, and the work is
 * to see that none of the exceptions applies:
 *
 * - another network namespace, where anybody may bind anything;
 * - IP_FREEBIND and IP_TRANSPARENT, which bind to addresses of others;
 * - SO_REUSEADDR and SO_REUSEPORT, which let sockets share a tuple;
 * - SO_BINDTODEVICE, which makes the same tuple on another device another one;
 * - an option of these that was set for bind() and cleared afterwards: UDP
 *   sockets that share the tuple are asked for by sock_diag, or else /proc/net.
 *
 * The checks are repeated now and then while the tuple lives (tuple_sweep()),
 * since the client holds the same socket and can still set options.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "msd.h"
#include "policy.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static int opt(int fd, int level, int name)
{
	int v = 0;
	socklen_t len = sizeof(v);

	return getsockopt(fd, level, name, &v, &len) ? 0 : v;
}

static bool all_zero(const uint8_t *a, size_t n)
{
	while (n--)
		if (*a++)
			return false;
	return true;
}

static bool v4_mapped(const uint8_t *a)
{
	return all_zero(a, 10) && a[10] == 0xff && a[11] == 0xff;
}

struct proto {
	int proto, type;
	const char *name;
};

static const struct proto protos[] = {
	{ IPPROTO_TCP, SOCK_STREAM, "TCP" },
	{ IPPROTO_UDP, SOCK_DGRAM, "UDP" },
	{ IPPROTO_UDPLITE, SOCK_DGRAM, "UDP-Lite" },
	{ IPPROTO_SCTP, SOCK_STREAM, "SCTP" },
	{ IPPROTO_SCTP, SOCK_SEQPACKET, "SCTP" },
	{ IPPROTO_DCCP, SOCK_DCCP, "DCCP" },
};

/* Whether the kernel knows sockets of the protocol. */
static bool kernel_has(int proto)
{
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		if (protos[i].proto != proto)
			continue;
		fd = socket(AF_INET, protos[i].type | SOCK_CLOEXEC, proto);
		if (fd >= 0)
			close(fd);
		return fd >= 0;
	}
	return false;
}

static int without_socket(struct msd *d, const struct ms_tuple *t, uid_t uid)
{
	if (kernel_has(t->protocol))
		return refuse(d, -EPROTOTYPE, "protocol %u needs a bound socket as its credential",
			      t->protocol);
	if (!policy_allows(d->policy, uid, t))
		return refuse(d, -EACCES, "protocol %u has no sockets here, and %s does not grant uid %u this tuple",
			      t->protocol, d->o.policy, uid);
	return 0;
}

/* ---- does anybody share the tuple? ---- */

struct sharing {
	const struct ms_tuple *t;
	bool v6only;		/* the credential leaves IPv4 alone */
	ino_t inode;		/* the credential's own */
	bool hit;
};

static void look_at(const struct diag_socket *o, void *arg)
{
	struct sharing *s = arg;
	uint8_t addr[16];
	bool theirs_any, ours_any;
	int family = o->family;

	if (s->hit || o->inode == s->inode)
		return;
	memcpy(addr, o->addr, 16);
	if (family == AF_INET6 && v4_mapped(addr)) {
		family = AF_INET;
		memmove(addr, addr + 12, 4);
		memset(addr + 4, 0, 12);
	}
	theirs_any = all_zero(addr, 16);
	ours_any = all_zero(s->t->addr, 16);
	if (family == s->t->family)
		s->hit = theirs_any || ours_any || !memcmp(addr, s->t->addr, 16);
	else if (family == AF_INET6)	/* "::" that covers our IPv4 */
		s->hit = theirs_any && !o->v6only;
	else				/* our "::" that covers their IPv4 */
		s->hit = ours_any && !s->v6only;
}

/* The same from /proc/net, where V6ONLY is not told: the worst is assumed. */
static int look_in_proc(const char *file, int family, struct sharing *s)
{
	struct diag_socket o;
	unsigned int port;
	unsigned long ino;
	char line[512];
	uint32_t a[4];
	FILE *f;
	int n;

	f = fopen(file, "re");
	if (!f)
		return -errno;
	while (!s->hit && fgets(line, sizeof(line), f)) {
		if (family == AF_INET)
			n = sscanf(line, "%*d: %8x:%x %*s %*s %*s %*s %*s %*s %*s %lu",
				   &a[0], &port, &ino) - 3;
		else
			n = sscanf(line, "%*d: %8x%8x%8x%8x:%x %*s %*s %*s %*s %*s %*s %*s %lu",
				   &a[0], &a[1], &a[2], &a[3], &port, &ino) - 6;
		if (n || port != ntohs(s->t->port))
			continue;
		memset(&o, 0, sizeof(o));
		o.family = family;
		o.inode = ino;
		memcpy(o.addr, a, family == AF_INET ? 4 : 16);
		look_at(&o, s);
	}
	fclose(f);
	return 0;
}

static bool is_shared(const struct ms_tuple *t, int fd, bool v6only)
{
	bool lite = t->protocol == IPPROTO_UDPLITE;
	struct sharing s = { .t = t, .v6only = v6only };
	struct stat st;

	if (t->protocol != IPPROTO_UDP && !lite)
		return false;
	if (fstat(fd, &st))
		return true;
	s.inode = st.st_ino;
	if (!diag_sockets(AF_INET, t->protocol, t->port, look_at, &s) &&
	    !diag_sockets(AF_INET6, t->protocol, t->port, look_at, &s))
		return s.hit;
	s.hit = false;
	if (look_in_proc(lite ? "/proc/net/udplite" : "/proc/net/udp", AF_INET, &s))
		return true;
	/* absent when IPv6 is */
	look_in_proc(lite ? "/proc/net/udplite6" : "/proc/net/udp6", AF_INET6, &s);
	return s.hit;
}

static int check_kind(struct msd *d, const struct ms_tuple *t, int fd)
{
	int domain, type, proto;
	struct stat st;
	unsigned int i;

	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode))
		return refuse(d, -ENOTSOCK, "the credential is not a socket");
	domain = opt(fd, SOL_SOCKET, SO_DOMAIN);
	type = opt(fd, SOL_SOCKET, SO_TYPE);
	proto = opt(fd, SOL_SOCKET, SO_PROTOCOL);
	if (domain != AF_INET && domain != AF_INET6)
		return refuse(d, -EAFNOSUPPORT, "the credential is a socket of family %d, neither IPv4 nor IPv6",
			      domain);
	if (type == SOCK_RAW || type == SOCK_PACKET)
		return refuse(d, -ESOCKTNOSUPPORT, "a raw socket owns no tuple");
	if (proto != t->protocol)
		return refuse(d, -EPROTONOSUPPORT, "the credential is a socket of protocol %d, the tuple's is %u",
			      proto, t->protocol);
	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (protos[i].proto == proto && protos[i].type == type)
			return 0;
	return refuse(d, -ESOCKTNOSUPPORT, "a socket of type %d and protocol %d is no credential",
		      type, proto);
}

static int check_exceptions(struct msd *d, struct nswitch *sw, int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int dev;

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) ||
	    cookie != d->netns_cookie)
		return refuse(d, -EXDEV, "the credential is a socket of another network namespace");
	if (opt(fd, IPPROTO_IP, IP_FREEBIND) || opt(fd, IPPROTO_IP, IP_TRANSPARENT) ||
	    opt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT) || opt(fd, IPPROTO_IPV6, IPV6_FREEBIND))
		return refuse(d, -EPERM, "the credential has IP_FREEBIND or IP_TRANSPARENT, with which any address can be bound");
	if (opt(fd, SOL_SOCKET, SO_REUSEADDR) || opt(fd, SOL_SOCKET, SO_REUSEPORT))
		return refuse(d, -ENOTUNIQ, "the credential has SO_REUSEADDR or SO_REUSEPORT, with which others can bind the same");
	dev = opt(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	if (dev && (uint32_t)dev != sw->st.ifindex)
		return refuse(d, -ENXIO, "the credential is bound to a device other than %s",
			      sw->st.nic);
	return 0;
}

static int check_name(struct msd *d, const struct ms_tuple *t, int fd, uint32_t *dual)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u = { 0 };
	socklen_t len = sizeof(u);
	uint8_t addr[16] = { 0 };
	uint16_t family, port;
	bool v6only = true;

	*dual = 0;
	if (getsockname(fd, &u.sa, &len))
		return refuse(d, -EINVAL, "the credential has no name: %s", strerror(errno));
	if (u.sa.sa_family == AF_INET) {
		family = AF_INET;
		port = u.in.sin_port;
		memcpy(addr, &u.in.sin_addr, 4);
	} else {
		family = AF_INET6;
		port = u.in6.sin6_port;
		memcpy(addr, &u.in6.sin6_addr, 16);
		v6only = opt(fd, IPPROTO_IPV6, IPV6_V6ONLY);
		if (v4_mapped(addr)) {
			family = AF_INET;
			memmove(addr, addr + 12, 4);
			memset(addr + 4, 0, 12);
		}
	}
	if (!port)
		return refuse(d, -EINVAL, "the credential is not bound to a port; bind() it first");
	if (port != t->port)
		return refuse(d, -EINVAL, "the credential is bound to port %u, not to %u",
			      ntohs(port), ntohs(t->port));
	if (all_zero(addr, 16)) {
		/* a wildcard covers its family, "::" usually both */
		if (family == AF_INET && t->family != AF_INET)
			return refuse(d, -EAFNOSUPPORT, "the credential is an IPv4 socket, the tuple's address is IPv6");
		if (family == AF_INET6 && t->family == AF_INET && v6only)
			return refuse(d, -EAFNOSUPPORT, "the credential is for IPv6 only, the tuple's address is IPv4");
		*dual = family == AF_INET6 && t->family == AF_INET6 && !v6only;
	} else {
		if (family != t->family)
			return refuse(d, -EAFNOSUPPORT, "the credential and the tuple's address are of different families");
		if (memcmp(addr, t->addr, 16))
			return refuse(d, -EINVAL, "the credential is bound to another address than the tuple's");
	}
	return 0;
}

static int check_tuple(struct msd *d, struct nswitch *sw, const struct ms_tuple *t)
{
	bool has_port = t->protocol == IPPROTO_TCP || t->protocol == IPPROTO_UDP ||
			t->protocol == IPPROTO_UDPLITE || t->protocol == IPPROTO_SCTP ||
			t->protocol == IPPROTO_DCCP;

	if (t->family != AF_INET && t->family != AF_INET6)
		return refuse(d, -EAFNOSUPPORT, "address family %u is neither IPv4 nor IPv6",
			      t->family);
	if (t->reserved || (t->family == AF_INET && !all_zero(t->addr + 4, 12)))
		return refuse(d, -EINVAL, "the tuple has bytes set that must be 0");
	/* the last three are parsed as extension headers, never as a protocol */
	if (!t->protocol || t->protocol > 255 || t->protocol == IPPROTO_ICMP ||
	    t->protocol == IPPROTO_ICMPV6 || t->protocol == IPPROTO_IGMP ||
	    t->protocol == 43 || t->protocol == 44 || t->protocol == 60)
		return refuse(d, -EPROTONOSUPPORT, "protocol %u is the host's and never a port's",
			      t->protocol);
	if (has_port && !t->port)
		return refuse(d, -EINVAL, "the tuple's port is 0");
	if (!has_port && t->port)
		return refuse(d, -EINVAL, "protocol %u has no ports; the tuple's port must be 0",
			      t->protocol);
	if (!all_zero(t->addr, 16) &&
	    !switch_has_addr(sw, t->family == AF_INET ? 4 : 6, t->addr))
		return refuse(d, -EADDRNOTAVAIL, "the address is not one of %s", sw->st.nic);
	return 0;
}

/* What can change while the socket is in two hands. */
static int check_socket(struct msd *d, struct nswitch *sw, const struct ms_tuple *t,
			int fd, uint32_t *dual)
{
	int err = check_kind(d, t, fd);

	if (!err)
		err = check_exceptions(d, sw, fd);
	if (!err)
		err = check_name(d, t, fd, dual);
	return err;
}

/* @fd -1: no socket, uid @uid wants it by policy. */
int cred_check(struct msd *d, struct nswitch *sw, const struct ms_tuple *t,
	       int fd, uid_t uid, uint32_t *dual)
{
	int err = check_tuple(d, sw, t);

	*dual = 0;
	if (err)
		return err;
	if (fd < 0)
		return without_socket(d, t, uid);
	err = check_socket(d, sw, t, fd, dual);
	if (!err && is_shared(t, fd, !*dual))
		err = refuse(d, -ENOTUNIQ, "another socket is bound to the same tuple");
	return err;
}

int cred_recheck(struct msd *d, struct nswitch *sw, const struct ms_tuple *t, int fd)
{
	uint32_t dual;

	return check_socket(d, sw, t, fd, &dual);
}
