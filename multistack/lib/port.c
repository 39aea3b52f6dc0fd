// SPDX-License-Identifier: LGPL-2.1-only
/* Opening, describing and closing ports; tuples. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "names.h"

#define CLOSE_MS 1000

static const struct ms_kind_ops *const kinds[] = {
	[MS_PORT_TAP] = &ms_tap_ops,
	[MS_PORT_XSK] = &ms_xsk_ops,
};

static int read_opts(struct ms_port_opts *o, const struct ms_port_opts *given)
{
	const uint8_t *b = (const uint8_t *)given;
	size_t i;

	memset(o, 0, sizeof(*o));
	if (!given)
		return 0;
	if (given->sz < offsetof(struct ms_port_opts, kind))
		return ms_fail(-EINVAL, "ms_port_opts.sz is too small");
	for (i = sizeof(*o); i < given->sz; i++)
		if (b[i])
			return ms_fail(-E2BIG, "an option that this library does not know is set");
	memcpy(o, given, given->sz < sizeof(*o) ? given->sz : sizeof(*o));
	if ((unsigned int)o->kind > MS_PORT_XSK)
		return ms_fail(-EINVAL, "port kind %d is unknown", o->kind);
	return 0;
}

static int check_name(const char *name)
{
	const char *colon = name ? strchr(name, ':') : NULL;

	if (!colon || !switch_name_ok(name, colon - name) ||
	    !port_name_ok(colon + 1, strlen(colon + 1)))
		return ms_fail(-EINVAL, "\"%s\" is no legal name of a port; valem:vp0 is one",
			       name ? name : "");
	return 0;
}

/* One try on a connection of its own. */
static int open_once(struct ms_port *p, const struct ms_req_open *req,
		     const struct ms_port_opts *o)
{
	size_t len = sizeof(p->desc);
	int fd, err;

	err = ms_conn_open(&p->conn, o->socket_path, o->timeout_ms);
	if (err)
		return err;
	err = ms_conn_call(&p->conn, MS_MSG_OPEN, req, sizeof(*req), -1, &p->desc, &len,
			   &fd, MS_CALL_ONCE);
	if (!err && (len != sizeof(p->desc) || fd < 0)) {
		if (fd >= 0)
			close(fd);
		err = ms_fail(-EPROTO, "the daemon's reply is not understood");
	}
	if (err) {
		ms_conn_close(&p->conn);
		return err;
	}
	p->ops = kinds[o->kind];
	p->frame_max = p->desc.gso_max_size ? p->desc.gso_max_size + 14 : p->desc.mtu + 14;
	err = p->ops->setup(p, fd);
	if (!err && o->kind == MS_PORT_XSK)
		err = ms_conn_call(&p->conn, MS_MSG_XSK_READY, NULL, 0, -1, NULL, NULL,
				   NULL, 0);
	if (err) {
		p->ops->teardown(p);
		ms_conn_close(&p->conn);
	}
	return err;
}

int ms_port_open(const char *name, const struct ms_port_opts *opts, struct ms_port **portp)
{
	struct ms_req_open req = { 0 };
	struct ms_port_opts o;
	struct timespec t0, t1;
	struct ms_port *p;
	int err;

	*portp = NULL;
	err = read_opts(&o, opts);
	if (!err)
		err = check_name(name);
	if (err)
		return err;
	strcpy(req.name, name);
	req.kind = o.kind;
	req.offloads = o.offloads;
	req.ring_size = o.ring_size;
	p = calloc(1, sizeof(*p));
	if (!p)
		return ms_fail(-ENOMEM, "out of memory");
	p->fd = -1;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	do {
		err = open_once(p, &req, &o);
		clock_gettime(CLOCK_MONOTONIC, &t1);
		/* a daemon that died over the request: its successor gets another */
	} while ((err == -ETIMEDOUT || err == -ECONNRESET) &&
		 (t1.tv_sec - t0.tv_sec) * 1000 <
		 (long)(o.timeout_ms ? o.timeout_ms : 10000) - 1000);
	if (err) {
		free(p);
		return err;
	}
	*portp = p;
	return 0;
}

void ms_port_close(struct ms_port *port)
{
	struct pollfd pfd = { .events = POLLIN };

	if (!port)
		return;
	pfd.fd = port->conn.fd;
	port->ops->teardown(port);
	/* the daemon hangs up when it has taken the port down */
	if (!shutdown(port->conn.fd, SHUT_WR))
		poll(&pfd, 1, CLOSE_MS);
	ms_conn_close(&port->conn);
	free(port);
}

int ms_port_fd(const struct ms_port *port)
{
	return port->fd;
}

int ms_port_life_fd(const struct ms_port *port)
{
	return port->conn.fd;
}

int ms_port_bind(struct ms_port *port, const struct ms_tuple *tuple, int sock)
{
	if (sock < -1 || (sock >= 0 && fcntl(sock, F_GETFD) < 0))
		return ms_fail(-EBADF, "the credential is not an open descriptor");
	return ms_conn_call(&port->conn, MS_MSG_BIND, tuple, sizeof(*tuple), sock, NULL,
			    NULL, NULL, 0);
}

int ms_port_unbind(struct ms_port *port, const struct ms_tuple *tuple)
{
	return ms_conn_call(&port->conn, MS_MSG_UNBIND, tuple, sizeof(*tuple), -1, NULL,
			    NULL, NULL, 0);
}

int ms_port_send(struct ms_port *port, const struct ms_frame *frames, unsigned int n)
{
	if (n > 0x7fffffff)
		n = 0x7fffffff;
	return port->ops->send(port, frames, n);
}

int ms_port_recv(struct ms_port *port, struct ms_frame *frames, unsigned int n)
{
	return port->ops->recv(port, frames, n < MS_BURST_MAX ? n : MS_BURST_MAX);
}

/* Give a caller with a shorter or longer structure what both know. */
static int give(void *to, size_t room, void *from, size_t len, size_t least)
{
	if (room < least)
		return ms_fail(-EINVAL, "the structure's sz is too small");
	*(size_t *)from = room;
	if (room > len)
		memset((char *)to + len, 0, room - len);
	memcpy(to, from, room < len ? room : len);
	return 0;
}

int ms_port_info(struct ms_port *port, struct ms_port_info *info)
{
	struct ms_port_info i = { 0 };
	struct ms_rep_open r;
	size_t len = sizeof(r);
	int err;

	err = ms_conn_call(&port->conn, MS_MSG_INFO, NULL, 0, -1, &r, &len, NULL, 0);
	if (err)
		return err;
	if (len != sizeof(r))
		return ms_fail(-EPROTO, "the daemon's reply is not understood");
	i.kind = r.kind;
	i.ifindex = r.ifindex;
	i.nic_ifindex = r.nic_ifindex;
	i.mtu = r.mtu;
	i.frame_max = port->frame_max;
	i.offloads = r.offloads;
	i.gso_max_size = r.gso_max_size;
	i.gso_max_segs = r.gso_max_segs;
	memcpy(i.mac, r.mac, sizeof(i.mac));
	memcpy(i.peer_mac, r.peer_mac, sizeof(i.peer_mac));
	memcpy(i.name, r.name, sizeof(i.name));
	memcpy(i.nic, r.nic, sizeof(i.nic));
	memcpy(i.ifname, r.ifname, sizeof(i.ifname));
	return give(info, info->sz, &i, sizeof(i), offsetof(struct ms_port_info, kind));
}

int ms_port_stats(struct ms_port *port, struct ms_port_stats *stats)
{
	struct ms_port_stats s = { 0 };
	struct ms_rep_stats r;
	size_t len = sizeof(r);
	int err;

	err = ms_conn_call(&port->conn, MS_MSG_STATS, NULL, 0, -1, &r, &len, NULL, 0);
	if (err)
		return err;
	if (len != sizeof(r))
		return ms_fail(-EPROTO, "the daemon's reply is not understood");
	s.rx_packets = r.rx_packets;
	s.rx_bytes = r.rx_bytes;
	s.tx_packets = r.tx_packets;
	s.tx_bytes = r.tx_bytes;
	s.rx_ring_full = r.rx_ring_full;
	memcpy(s.rx_drop, r.rx_drop, sizeof(s.rx_drop));
	memcpy(s.tx_drop, r.tx_drop, sizeof(s.tx_drop));
	return give(stats, stats->sz, &s, sizeof(s),
		    offsetof(struct ms_port_stats, rx_packets));
}

int ms_tuple_from_sock(struct ms_tuple *tuple, int sock)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
	socklen_t len = sizeof(u), l = sizeof(int);
	int proto = 0;

	memset(tuple, 0, sizeof(*tuple));
	memset(&u, 0, sizeof(u));
	if (getsockname(sock, &u.sa, &len))
		return ms_fail(-errno, "cannot read the socket's name: %s", strerror(errno));
	if (u.sa.sa_family != AF_INET && u.sa.sa_family != AF_INET6)
		return ms_fail(-EAFNOSUPPORT, "the socket is neither IPv4 nor IPv6");
	if (getsockopt(sock, SOL_SOCKET, SO_PROTOCOL, &proto, &l))
		return ms_fail(-errno, "cannot read the socket's protocol: %s", strerror(errno));
	tuple->protocol = proto;
	tuple->family = u.sa.sa_family;
	if (u.sa.sa_family == AF_INET) {
		tuple->port = u.in.sin_port;
		memcpy(tuple->addr, &u.in.sin_addr, 4);
	} else {
		tuple->port = u.in6.sin6_port;
		if (IN6_IS_ADDR_V4MAPPED(&u.in6.sin6_addr)) {
			tuple->family = AF_INET;
			memcpy(tuple->addr, u.in6.sin6_addr.s6_addr + 12, 4);
		} else {
			memcpy(tuple->addr, &u.in6.sin6_addr, 16);
		}
	}
	if (!tuple->port)
		return ms_fail(-EINVAL, "the socket is not bound to a port");
	return 0;
}
