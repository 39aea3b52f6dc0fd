// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_host.c - an ordinary datagram socket of the host's stack
 *
 * The baseline that the other backends are compared with. The modes hand over
 * whole frames; this backend sends what lies behind the headers, to the port
 * that the transport header names, and writes headers in front of what it
 * receives, so that both sides of the seam stay the same.
 */
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "mmsg.h"

struct host {
	struct pg_io io;
	int fd;
	uint16_t local_port;
	struct pg_endpoint remote;
	struct pg_frame_template in;
	struct pg_mmsg tx;
	struct pg_mmsg rx;
};

static struct host *to_host(struct pg_io *io)
{
	return (struct host *)io;
}

static void host_close(struct pg_io *io)
{
	struct host *h = to_host(io);

	pg_mmsg_fini(&h->tx);
	pg_mmsg_fini(&h->rx);
	if (h->fd >= 0)
		close(h->fd);
	free(h);
}

static int check_config(const struct pg_io_config *cfg)
{
	if (cfg->protocol != IPPROTO_UDP && cfg->protocol != IPPROTO_UDPLITE) {
		fprintf(stderr, "ms-pktgen: host: a plain socket carries udp and udplite only; leave out -P or use another -i\n");
		return -EPROTONOSUPPORT;
	}
	if (pg_endpoint_ports(&cfg->local) > 1) {
		fprintf(stderr, "ms-pktgen: host: one socket has one port; give one local port with -s\n");
		return -EINVAL;
	}
	return 0;
}

static int open_socket(struct host *h, const struct pg_io_config *cfg)
{
	char text[PG_ENDPOINT_STRLEN];
	struct sockaddr_storage sa;
	socklen_t len;

	h->fd = socket(cfg->local.family, SOCK_DGRAM | SOCK_CLOEXEC,
		       cfg->protocol);
	if (h->fd < 0) {
		fprintf(stderr, "ms-pktgen: host: socket: %m\n");
		return -errno;
	}
	pg_socket_buffers(h->fd);
	len = pg_endpoint_sockaddr(&cfg->local, cfg->local.port_first, &sa);
	if (bind(h->fd, (struct sockaddr *)&sa, len)) {
		fprintf(stderr, "ms-pktgen: host: cannot bind %s: %m\n",
			pg_endpoint_format(&cfg->local, text));
		return -errno;
	}
	h->local_port = cfg->local.port_first;
	return 0;
}

static int host_open(struct pg_io **out, const struct pg_io_config *cfg)
{
	static const uint8_t mac[6] = { 2 };
	struct host *h;
	size_t skip;
	int err;

	err = check_config(cfg);
	if (err < 0)
		return err;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->io.ops = &pg_io_host;
	h->fd = -1;
	h->remote = cfg->remote;
	memcpy(h->io.mac, mac, 6);
	h->io.knows_peer = true;
	err = open_socket(h, cfg);
	if (err < 0)
		goto fail;

	pg_frame_template_init(&h->in, cfg->remote.family ? &cfg->remote :
			       &cfg->local, &cfg->local, cfg->protocol, mac,
			       mac);
	skip = h->in.hdr_len;
	err = pg_mmsg_init(&h->tx, h->fd, cfg->frame_len, skip, true);
	if (err < 0)
		goto fail;
	err = pg_mmsg_init(&h->rx, h->fd, PG_FRAME_MAX, skip, true);
	if (err < 0)
		goto fail;
	*out = &h->io;
	return 0;
fail:
	host_close(&h->io);
	return err;
}

static void host_tx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	pg_mmsg_tx_get(&to_host(io)->tx, buf, n);
}

static int host_tx_put(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	struct host *h = to_host(io);
	unsigned int i;

	for (i = 0; i < n; i++) {
		const uint8_t *port = buf[i].data + h->in.l4_off + 2;

		h->tx.hdr[i].msg_hdr.msg_namelen =
			pg_endpoint_sockaddr(&h->remote,
					     port[0] << 8 | port[1],
					     &h->tx.name[i]);
	}
	return pg_mmsg_tx_put(&h->tx, buf, n);
}

static int host_rx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	struct host *h = to_host(io);
	int got = pg_mmsg_rx_get(&h->rx, buf, n), i;

	for (i = 0; i < got; i++) {
		/* sin_port and sin6_port lie at the same place */
		const struct sockaddr_in *from =
			(const struct sockaddr_in *)&h->rx.name[i];

		pg_frame_write(&h->in, buf[i].data, buf[i].len,
			       ntohs(from->sin_port), h->local_port, 0,
			       PG_CSUM_PARTIAL);
		buf[i].csum_partial = true;
	}
	return got;
}

static void host_wait(struct pg_io *io, bool tx, int64_t timeout_ns)
{
	pg_io_poll(to_host(io)->fd, tx, timeout_ns);
}

const struct pg_io_ops pg_io_host = {
	.prefix = "host",
	.open = host_open,
	.close = host_close,
	.tx_get = host_tx_get,
	.tx_put = host_tx_put,
	.rx_get = host_rx_get,
	.wait = host_wait,
};
