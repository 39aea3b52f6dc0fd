// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_packet.c - a packet socket (packet(7)) on an interface of this namespace
 *
 * For the far end of a test: it sees and sends the wire's frames with no
 * transport of the kernel between. It needs CAP_NET_RAW, and the kernel's own
 * stack on that interface sees what it receives, too.
 */
#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mmsg.h"

struct packet {
	struct pg_io io;
	int fd;
	struct pg_mmsg tx;
	struct pg_mmsg rx;
};

static struct packet *to_packet(struct pg_io *io)
{
	return (struct packet *)io;
}

static void packet_close(struct pg_io *io)
{
	struct packet *p = to_packet(io);

	pg_mmsg_fini(&p->tx);
	pg_mmsg_fini(&p->rx);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static int open_socket(struct packet *p, const struct pg_io_config *cfg)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(cfg->local.family == AF_INET6 ?
				      ETH_P_IPV6 : ETH_P_IP),
		.sll_ifindex = if_nametoindex(cfg->target),
	};
	struct ifreq ifr = { 0 };
	int one = 1;

	if (!ll.sll_ifindex) {
		fprintf(stderr, "ms-pktgen: packet: no interface \"%s\" in this network namespace\n",
			cfg->target);
		return -ENODEV;
	}
	/* protocol 0: nothing is received before the socket is bound */
	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (p->fd < 0) {
		fprintf(stderr, "ms-pktgen: packet: socket: %m (it needs CAP_NET_RAW)\n");
		return -errno;
	}
	pg_socket_buffers(p->fd);
	setsockopt(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	setsockopt(p->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		   sizeof(one));
	strncpy(ifr.ifr_name, cfg->target, IFNAMSIZ - 1);
	if (ioctl(p->fd, SIOCGIFHWADDR, &ifr) ||
	    bind(p->fd, (struct sockaddr *)&ll, sizeof(ll))) {
		fprintf(stderr, "ms-pktgen: packet: %s: %m\n", cfg->target);
		return -errno;
	}
	memcpy(p->io.mac, ifr.ifr_hwaddr.sa_data, 6);
	return 0;
}

static int packet_open(struct pg_io **out, const struct pg_io_config *cfg)
{
	struct packet *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->io.ops = &pg_io_packet;
	p->fd = -1;
	err = open_socket(p, cfg);
	if (err < 0)
		goto fail;
	err = pg_mmsg_init(&p->tx, p->fd, cfg->frame_len, 0, false);
	if (err < 0)
		goto fail;
	err = pg_mmsg_init(&p->rx, p->fd, PG_FRAME_MAX, 0, false);
	if (err < 0)
		goto fail;
	*out = &p->io;
	return 0;
fail:
	packet_close(&p->io);
	return err;
}

static void packet_tx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	pg_mmsg_tx_get(&to_packet(io)->tx, buf, n);
}

static int packet_tx_put(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	return pg_mmsg_tx_put(&to_packet(io)->tx, buf, n);
}

static int packet_rx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	return pg_mmsg_rx_get(&to_packet(io)->rx, buf, n);
}

static void packet_wait(struct pg_io *io, bool tx, int64_t timeout_ns)
{
	pg_io_poll(to_packet(io)->fd, tx, timeout_ns);
}

const struct pg_io_ops pg_io_packet = {
	.prefix = "packet:",
	.open = packet_open,
	.close = packet_close,
	.tx_get = packet_tx_get,
	.tx_put = packet_tx_put,
	.rx_get = packet_rx_get,
	.wait = packet_wait,
};
