// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames through a virtual port of a NIC that MultiStack shares.
 *
 * The NIC stays the host's, and so does its address.  What goes to a tuple
 * <address, port, protocol> of ours comes to our port; everything else, ARP,
 * neighbour discovery and ICMP echo too, is the host's stack's.  What we send
 * must come from a tuple of ours, or it is dropped and counted at the port
 * (multistackctl -l).  Both MAC addresses of what we send may be anything.
 *
 *	our stack          tap.c                     eBPF (multistackd)
 *	frame ---------->  writev(vnet, seg[]) --->  ours? ---------->  NIC
 *	frame <----------  readv(vnet, seg[])  <---  tuple of ours? <-  NIC
 *
 * A port is a TAP file whose header tap.c knows, so tap.c moves the frames.  Here
 * is what comes before and after: the library and the daemon.
 *
 * libmultistack is loaded at run time, so that only those need it who use it.
 * Its connection to the daemon is the life of the port, but the program must
 * neither see it nor be able to close it.  It therefore belongs to a thread that
 * has a file table of its own:
 *
 *	caller				owner thread
 *	netio_multistack_open() ----->	open the port, bind() a socket to each
 *	  waits				tuple, hand it over as the credential
 *					leave the caller's file table, with a
 *	  gets the TAP file    <-----	copy; drop all but the port's files
 *	  closes the port's files	sleep
 *	io->ops->close()       ----->	close the port
 *
 * The credentials are closed as soon as the daemon has its duplicates: at no time
 * is there a socket of the host that the program could find.
 *
 * Source: multistack/include/multistack.h, docs/multistack.md.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"
#include "multistack/include/multistack.h"
#include "room.h"
#include "tap.h"

#define LIBRARY	"libmultistack.so.1"

#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE	136
#endif

/* What we use of libmultistack. */
struct library {
	void	*handle;
	typeof(ms_port_open) *open;
	typeof(ms_port_close) *close;
	typeof(ms_port_fd) *fd;
	typeof(ms_port_life_fd) *life_fd;
	typeof(ms_port_info) *info;
	typeof(ms_port_bind) *bind;
	typeof(ms_last_error) *last_error;
};

struct owner {
	struct library lib;
	const struct netio_multistack_opts *opts;	/* until it is open */
	struct ms_port *port;
	struct ms_port_info info;
	int	tap_fd, life_fd;	/* the caller's copies, until it is open */
	struct netio_err err;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int	result;
	bool	ready;			/* the thread has set @result */
	bool	over;			/* the thread is to close the port */
};

/* The library */

static int load(struct library *lib, struct netio_err *err)
{
	const struct {
		const char *name;
		void	*to;
	} symbols[] = {
		{ "ms_port_open", &lib->open }, { "ms_port_close", &lib->close },
		{ "ms_port_fd", &lib->fd }, { "ms_port_life_fd", &lib->life_fd },
		{ "ms_port_info", &lib->info }, { "ms_port_bind", &lib->bind },
		{ "ms_last_error", &lib->last_error },
	};
	size_t i;

	lib->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return netio_fail(err, -ELIBACC,
				  "multistack: cannot load " LIBRARY " (is MultiStack installed?): %s",
				  dlerror());
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *p = dlsym(lib->handle, symbols[i].name);

		if (!p)
			return netio_fail(err, -ELIBACC, "multistack: " LIBRARY " has no %s",
					  symbols[i].name);
		*(void **)symbols[i].to = p;
	}
	return 0;
}

/* Options */

static const struct protocol {
	const char *name;
	int	number;
	int	type;
} protocols[] = {
	{ "tcp", IPPROTO_TCP, SOCK_STREAM },
	{ "udp", IPPROTO_UDP, SOCK_DGRAM },
	{ "udplite", IPPROTO_UDPLITE, SOCK_DGRAM },
	{ "sctp", IPPROTO_SCTP, SOCK_STREAM },
	{ "dccp", IPPROTO_DCCP, SOCK_DCCP },
};

static const struct protocol *find_protocol(int number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == number)
			return &protocols[i];
	return NULL;
}

static int family(const char *addr)
{
	unsigned char buf[sizeof(struct in6_addr)];

	if (addr && inet_pton(AF_INET, addr, buf) == 1)
		return AF_INET;
	return addr && inet_pton(AF_INET6, addr, buf) == 1 ? AF_INET6 : 0;
}

static int check(const struct netio_multistack_opts *o, struct netio_err *err)
{
	unsigned int i, ports = 0;

	if (!o->port || !*o->port)
		return netio_fail(err, -EINVAL,
				  "multistack: port is missing: the virtual port to open, such as valem:vp0");
	if (!o->ntuples)
		return netio_fail(err, -EINVAL,
				  "multistack: tuple is missing: what the stack owns, such as tcp:10.0.0.1:8080");
	if (o->offload > NETIO_OFFLOAD_CSUM)
		return netio_fail(err, -EINVAL, "multistack: offload %u is unknown", o->offload);
	for (i = 0; i < o->ntuples; i++) {
		const struct netio_multistack_tuple *t = &o->tuples[i];

		if (!find_protocol(t->protocol))
			return netio_fail(err, -EINVAL,
					  "multistack: tuple: protocol %d is none of tcp, udp, udplite, sctp",
					  t->protocol);
		if (!family(t->address))
			return netio_fail(err, -EINVAL, "multistack: tuple: \"%.40s\" is no address",
					  t->address ? t->address : "");
		if (!t->first || (t->last && t->last < t->first))
			return netio_fail(err, -EINVAL,
					  "multistack: tuple: ports are 1 to 65535, the first of a range first");
		ports += (t->last ? t->last : t->first) - t->first + 1;
	}
	if (ports > NETIO_MULTISTACK_PORTS)
		return netio_fail(err, -EINVAL, "multistack: tuple: %u ports; at most %d are possible",
				  ports, NETIO_MULTISTACK_PORTS);
	return 0;
}

static uint32_t offloads(const struct netio_multistack_opts *o)
{
	switch (o->offload) {
	case NETIO_OFFLOAD_NONE:	return 0;
	case NETIO_OFFLOAD_CSUM:	return MS_OFFLOAD_CSUM;
	default:			return MS_OFFLOAD_ALL;
	}
}

static __u32 features(const struct owner *ow)
{
	uint32_t both = ow->info.offloads & offloads(ow->opts);
	__u32 f = 0;

	if (both & MS_OFFLOAD_CSUM)
		f |= LIBOS_NETIO_TX_CSUM | LIBOS_NETIO_RX_CSUM;
	if (both & (MS_OFFLOAD_TSO4 | MS_OFFLOAD_TSO6))
		f |= LIBOS_NETIO_RX_GSO;
	if (!ow->info.gso_max_size)
		return f;
	if (both & MS_OFFLOAD_TSO4)
		f |= LIBOS_NETIO_TX_TSO4 | LIBOS_NETIO_TX_ECN;
	if (both & MS_OFFLOAD_TSO6)
		f |= LIBOS_NETIO_TX_TSO6 | LIBOS_NETIO_TX_ECN;
	if (both & MS_OFFLOAD_USO)
		f |= LIBOS_NETIO_TX_USO;
	return f;
}

/* The owner thread */

/* A socket of the host that is bound to the tuple, or -errno. */
static int credential(const struct protocol *p, int fam, const char *address, __u16 port,
		      struct ms_tuple *t)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u = { .sa.sa_family = fam };
	int fd, ret, one = 1;

	memset(t, 0, sizeof(*t));
	t->family = fam;
	t->protocol = p->number;
	t->port = htons(port);
	inet_pton(fam, address, t->addr);
	fd = socket(fam, p->type | SOCK_CLOEXEC, p->number);
	if (fd < 0)
		return -errno;
	if (fam == AF_INET) {
		u.in.sin_port = t->port;
		memcpy(&u.in.sin_addr, t->addr, sizeof(u.in.sin_addr));
	} else {
		u.in6.sin6_port = t->port;
		memcpy(&u.in6.sin6_addr, t->addr, sizeof(u.in6.sin6_addr));
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	}
	if (!bind(fd, &u.sa, fam == AF_INET ? sizeof(u.in) : sizeof(u.in6)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static const char *bind_hint(int ret)
{
	switch (ret) {
	case -EADDRINUSE:
		return ": a program of the host or another stack has it";
	case -EADDRNOTAVAIL:
		return ": the host has no such address";
	case -EACCES:
		return ": ports below the host's net.ipv4.ip_unprivileged_port_start take CAP_NET_BIND_SERVICE";
	default:
		return "";
	}
}

static int own(struct owner *ow, const struct netio_multistack_tuple *t, __u16 port)
{
	const struct protocol *p = find_protocol(t->protocol);
	int fam = family(t->address), sock, ret;
	const char *open = fam == AF_INET6 ? "[" : "", *end = fam == AF_INET6 ? "]" : "";
	struct ms_tuple tuple;

	sock = credential(p, fam, t->address, port, &tuple);
	/* No such socket on this host: the daemon's policy file may grant it. */
	if (sock == -EPROTONOSUPPORT || sock == -ESOCKTNOSUPPORT)
		sock = -1;
	else if (sock < 0)
		return netio_fail(&ow->err, sock, "multistack: cannot bind %s %s%s%s:%u on the host: %s%s",
				  p->name, open, t->address, end, port, strerror(-sock),
				  bind_hint(sock));
	ret = ow->lib.bind(ow->port, &tuple, sock);
	if (sock >= 0)
		close(sock);
	if (ret)
		netio_fail(&ow->err, ret, "multistack: %s cannot have %s %s%s%s:%u: %.120s",
			   ow->opts->port, p->name, open, t->address, end, port,
			   ow->lib.last_error());
	return ret;
}

static int open_port(struct owner *ow)
{
	const struct netio_multistack_opts *o = ow->opts;
	struct ms_port_opts po = {
		.sz = sizeof(po), .socket_path = o->socket, .kind = MS_PORT_TAP,
		.offloads = offloads(o), .ring_size = o->txqlen,
	};
	unsigned int i, port;
	int ret;

	ret = ow->lib.open(o->port, &po, &ow->port);
	if (ret)
		return netio_fail(&ow->err, ret, "multistack: cannot open %.47s: %.160s", o->port,
				  ow->lib.last_error());
	ow->info.sz = sizeof(ow->info);
	ret = ow->lib.info(ow->port, &ow->info);
	if (ret)
		return netio_fail(&ow->err, ret, "multistack: %s: %.160s", o->port,
				  ow->lib.last_error());
	for (i = 0; i < o->ntuples && !ret; i++) {
		const struct netio_multistack_tuple *t = &o->tuples[i];

		for (port = t->first; port <= (t->last ? t->last : t->first) && !ret; port++)
			ret = own(ow, t, port);
	}
	return ret;
}

/* Leave the caller's file table; keep the port's two files and nothing else. */
static int leave(struct owner *ow)
{
	unsigned int a = ow->tap_fd < ow->life_fd ? ow->tap_fd : ow->life_fd;
	unsigned int b = ow->tap_fd < ow->life_fd ? ow->life_fd : ow->tap_fd;

	if (unshare(CLONE_FILES) < 0)
		return netio_fail(&ow->err, -errno, "multistack: unshare: %s", strerror(errno));
	/* Whoever reads the program's standard output must see it being closed. */
	if (a)
		syscall(SYS_close_range, 0, a - 1, 0);
	if (a + 1 < b)
		syscall(SYS_close_range, a + 1, b - 1, 0);
	syscall(SYS_close_range, b + 1, ~0U, 0);
	return 0;
}

static void *owner_main(void *arg)
{
	struct owner *ow = arg;
	int ret = open_port(ow);

	if (!ret) {
		ow->tap_fd = ow->lib.fd(ow->port);
		ow->life_fd = ow->lib.life_fd(ow->port);
		ret = leave(ow);
	}
	pthread_mutex_lock(&ow->lock);
	ow->result = ret;
	ow->ready = true;
	pthread_cond_signal(&ow->cond);
	while (!ret && !ow->over)
		pthread_cond_wait(&ow->cond, &ow->lock);
	pthread_mutex_unlock(&ow->lock);
	ow->lib.close(ow->port);
	return NULL;
}

static int start(struct owner *ow, struct netio_err *err)
{
	sigset_t all, old;
	int ret;

	/* Signals are for the program's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&ow->thread, NULL, owner_main, ow);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return netio_fail(err, -ret, "multistack: cannot start a thread: %s", strerror(ret));
	pthread_mutex_lock(&ow->lock);
	while (!ow->ready)
		pthread_cond_wait(&ow->cond, &ow->lock);
	pthread_mutex_unlock(&ow->lock);
	if (!ow->result)
		return 0;
	pthread_join(ow->thread, NULL);
	return netio_fail(err, ow->result, "%s", ow->err.text);
}

/* The channel */

static void owner_free(struct owner *ow)
{
	if (ow->lib.handle)
		dlclose(ow->lib.handle);
	pthread_mutex_destroy(&ow->lock);
	pthread_cond_destroy(&ow->cond);
	free(ow);
}

static void release(void *arg)
{
	struct owner *ow = arg;

	pthread_mutex_lock(&ow->lock);
	ow->over = true;
	pthread_cond_signal(&ow->cond);
	pthread_mutex_unlock(&ow->lock);
	pthread_join(ow->thread, NULL);
	owner_free(ow);
}

static int check_mac(const struct owner *ow, const __u8 *mac, struct netio_err *err)
{
	const __u8 *m = ow->info.mac;

	if (!memcmp(mac, "\0\0\0\0\0", 6) || !memcmp(mac, m, 6))
		return 0;
	return netio_fail(err, -EINVAL,
			  "multistack: the stack's hardware address must be %02x:%02x:%02x:%02x:%02x:%02x, that of the NIC %s",
			  m[0], m[1], m[2], m[3], m[4], m[5], ow->info.nic);
}

int netio_multistack_open(const struct netio_multistack_opts *opts, struct libos_netio **out,
			  struct netio_err *err)
{
	struct netio_multistack_opts o;
	struct tap_file file = { .kind = "multistack", .release = release };
	struct owner *ow;
	int ret;

	ret = netio_opts_copy(&o, sizeof(o), opts, err);
	if (!ret)
		ret = check(&o, err);
	if (ret)
		return ret;
	ow = calloc(1, sizeof(*ow));
	if (!ow)
		return netio_fail(err, -ENOMEM, "multistack: out of memory");
	pthread_mutex_init(&ow->lock, NULL);
	pthread_cond_init(&ow->cond, NULL);
	ow->opts = &o;
	ret = load(&ow->lib, err);
	if (!ret)
		ret = start(ow, err);
	if (ret) {
		owner_free(ow);
		return ret;
	}
	close(ow->life_fd);		/* the thread has its own */
	file.fd = ow->tap_fd;
	file.ifname = ow->info.ifname;
	file.ifindex = ow->info.ifindex;
	file.features = features(ow);
	file.max_mtu = ow->info.mtu;
	file.fd_min = o.fd_min;
	file.owner = ow;
	ow->opts = NULL;
	ret = check_mac(ow, o.mac, err);
	if (ret)
		close(file.fd);
	else
		ret = tap_adopt(&file, out, err);
	if (ret)
		release(ow);
	return ret;
}

int netio_multistack_info(const struct libos_netio *io, struct netio_multistack_info *info)
{
	const struct owner *ow = tap_owner(io, release);

	if (!ow)
		return -EINVAL;
	memset(info, 0, sizeof(*info));
	memcpy(info->mac, ow->info.mac, sizeof(info->mac));
	info->mtu = ow->info.mtu;
	snprintf(info->nic, sizeof(info->nic), "%s", ow->info.nic);
	snprintf(info->ifname, sizeof(info->ifname), "%s", ow->info.ifname);
	return 0;
}
