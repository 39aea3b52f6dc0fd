// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_multistack.c - a port of a MultiStack switch
 *
 * What a user-level stack does, in its smallest form: open the port, prove each
 * tuple with a bound socket, then move frames. A port of either kind works
 * without a difference here. Frames for ms_port_send() are built in memory of
 * our own; received ones are the library's until the next ms_port_recv().
 */
#include "io.h"

#include <errno.h>
#include <multistack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct port {
	struct pg_io io;
	struct ms_port *ms;
	size_t stride;
	size_t room;
	uint8_t *mem;
	struct ms_frame tx[PG_BURST_MAX];
	struct ms_frame rx[MS_BURST_MAX];
	uint8_t gso_type;
};

static struct port *to_port(struct pg_io *io)
{
	return (struct port *)io;
}

static void port_close(struct pg_io *io)
{
	struct port *p = to_port(io);

	ms_port_close(p->ms);
	free(p->mem);
	free(p);
}

static int parse_kind(const char *text, enum ms_port_kind *kind)
{
	if (!text || !strcmp(text, "tap"))
		*kind = MS_PORT_TAP;
	else if (!strcmp(text, "xdp"))
		*kind = MS_PORT_XSK;
	else
		return -EINVAL;
	return 0;
}

/*
 * Own one tuple. The socket is the proof and nothing else; the daemon keeps a
 * duplicate, so ours is closed at once. Where the kernel has no socket for the
 * protocol there is no proof either, and the daemon's policy file decides.
 */
static int bind_tuple(struct port *p, const struct pg_io_config *cfg,
		      uint16_t portnr)
{
	int type = cfg->protocol == IPPROTO_UDP ||
		   cfg->protocol == IPPROTO_UDPLITE ? SOCK_DGRAM :
		   cfg->protocol == IPPROTO_DCCP ? SOCK_DCCP : SOCK_STREAM;
	struct ms_tuple tuple = {
		.family = cfg->local.family,
		.protocol = cfg->protocol,
		.port = htons(portnr),
	};
	char text[PG_ENDPOINT_STRLEN];
	struct sockaddr_storage sa;
	socklen_t len;
	int fd = -1, err;

	memcpy(tuple.addr, cfg->local.addr, sizeof(tuple.addr));
	if (pg_protocol_has_ports(cfg->protocol))
		fd = socket(cfg->local.family, type | SOCK_CLOEXEC,
			    cfg->protocol);
	if (fd >= 0) {
		len = pg_endpoint_sockaddr(&cfg->local, portnr, &sa);
		if (bind(fd, (struct sockaddr *)&sa, len)) {
			err = -errno;
			fprintf(stderr, "ms-pktgen: cannot bind port %u of %s: %m\n",
				portnr, pg_endpoint_format(&cfg->local, text));
			close(fd);
			return err;
		}
		err = ms_tuple_from_sock(&tuple, fd);
		if (err < 0)
			goto fail;
	}
	err = ms_port_bind(p->ms, &tuple, fd);
fail:
	if (err < 0)
		fprintf(stderr, "ms-pktgen: %s\n", ms_last_error());
	if (fd >= 0)
		close(fd);
	return err;
}

static uint8_t gso_type(const struct pg_io_config *cfg)
{
	if (cfg->protocol == IPPROTO_TCP)
		return cfg->local.family == AF_INET6 ? MS_GSO_TCPV6 :
						       MS_GSO_TCPV4;
	return MS_GSO_UDP;
}

static int set_up(struct port *p, const struct pg_io_config *cfg)
{
	struct ms_port_info info = { .sz = sizeof(info) };
	unsigned int portnr;
	int err;

	err = ms_port_info(p->ms, &info);
	if (err < 0) {
		fprintf(stderr, "ms-pktgen: %s\n", ms_last_error());
		return err;
	}
	if (cfg->frame_len > info.frame_max) {
		fprintf(stderr, "ms-pktgen: %s: frames of %zu bytes asked for, the port takes %u\n",
			cfg->target, cfg->frame_len, info.frame_max);
		return -EMSGSIZE;
	}
	memcpy(p->io.mac, info.mac, 6);
	memcpy(p->io.peer_mac, info.peer_mac, 6);
	p->io.knows_peer = true;
	p->io.csum_offload = info.kind == MS_PORT_TAP && cfg->offload;
	p->io.gso = info.gso_max_size > 0;
	p->gso_type = gso_type(cfg);

	for (portnr = cfg->local.port_first; portnr <= cfg->local.port_last;
	     portnr++) {
		err = bind_tuple(p, cfg, portnr);
		if (err < 0)
			return err;
	}
	return 0;
}

static int port_open(struct pg_io **out, const struct pg_io_config *cfg)
{
	struct ms_port_opts opts = {
		.sz = sizeof(opts),
		.ring_size = 4096,
	};
	struct port *p;
	int err;

	if (parse_kind(cfg->kind, &opts.kind) < 0) {
		fprintf(stderr, "ms-pktgen: -k %s: port kinds are \"tap\" and \"xdp\"\n",
			cfg->kind);
		return -EINVAL;
	}
	if (cfg->offload && opts.kind == MS_PORT_TAP)
		opts.offloads = MS_OFFLOAD_ALL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->io.ops = &pg_io_multistack;
	p->room = cfg->frame_len;
	p->stride = (p->room + 63) & ~63ul;
	p->mem = aligned_alloc(64, p->stride * PG_BURST_MAX);
	err = p->mem ? 0 : -ENOMEM;
	if (err < 0)
		goto fail;
	memset(p->mem, 0, p->stride * PG_BURST_MAX);

	err = ms_port_open(cfg->target, &opts, &p->ms);
	if (err < 0) {
		fprintf(stderr, "ms-pktgen: %s\n", ms_last_error());
		goto fail;
	}
	err = set_up(p, cfg);
	if (err < 0)
		goto fail;
	*out = &p->io;
	return 0;
fail:
	port_close(&p->io);
	return err;
}

static void port_tx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	struct port *p = to_port(io);
	unsigned int i;

	for (i = 0; i < n; i++)
		buf[i] = (struct pg_buf) {
			.data = p->mem + i * p->stride,
			.room = p->room,
		};
}

static int port_tx_put(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	struct port *p = to_port(io);
	const struct pg_frame_template *t = io->tmpl;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct ms_frame *f = &p->tx[i];

		*f = (struct ms_frame) {
			.data = buf[i].data,
			.len = buf[i].len,
		};
		if (buf[i].csum_partial) {
			f->flags = MS_FRAME_NEEDS_CSUM;
			f->hdr_len = t->hdr_len;
			f->csum_start = t->l4_off;
			f->csum_offset = t->csum_off;
		}
		if (buf[i].gso_size) {
			f->gso_type = p->gso_type;
			f->gso_size = buf[i].gso_size;
		}
	}
	return ms_port_send(p->ms, p->tx, n);
}

static int port_rx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	struct port *p = to_port(io);
	int got, i;

	if (n > MS_BURST_MAX)
		n = MS_BURST_MAX;
	got = ms_port_recv(p->ms, p->rx, n);
	for (i = 0; i < got; i++)
		buf[i] = (struct pg_buf) {
			.data = p->rx[i].data,
			.len = p->rx[i].len,
			.gso_size = p->rx[i].gso_size,
			.csum_partial = p->rx[i].flags & MS_FRAME_NEEDS_CSUM,
		};
	return got;
}

static void port_wait(struct pg_io *io, bool tx, int64_t timeout_ns)
{
	pg_io_poll(ms_port_fd(to_port(io)->ms), tx, timeout_ns);
}

const struct pg_io_ops pg_io_multistack = {
	.prefix = "",
	.open = port_open,
	.close = port_close,
	.tx_get = port_tx_get,
	.tx_put = port_tx_put,
	.rx_get = port_rx_get,
	.wait = port_wait,
};
