// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_tap.c - a TAP interface that exists already, or a macvtap
 *
 * For comparison with other ways to share a NIC: behind a bridge, or on top of
 * the NIC. Both are character devices with the same interface (tuntap.rst of
 * the kernel's documentation): one frame a read() or write(), a virtio-net
 * header in front of it. They differ in how the descriptor is got.
 */
#include "io.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tapdev.h"

/* linux/virtio_net.h, since 6.2 */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#define RX_BURST	64	/* frames of up to 64 KiB */
#define HEADROOM	64	/* before each frame, for the virtio-net header */
#define RX_STRIDE	(HEADROOM + PG_FRAME_MAX)

struct tap {
	struct pg_io io;
	int fd;
	size_t room;
	size_t stride;
	uint8_t *tx_mem;
	uint8_t *rx_mem;
	uint8_t gso_type;
};

static struct tap *to_tap(struct pg_io *io)
{
	return (struct tap *)io;
}

static void tap_close(struct pg_io *io)
{
	struct tap *t = to_tap(io);

	if (t->fd >= 0)
		close(t->fd);
	free(t->tx_mem);
	free(t->rx_mem);
	free(t);
}

static int alloc_buffers(struct tap *t, const struct pg_io_config *cfg)
{
	t->room = cfg->frame_len;
	t->stride = HEADROOM + ((t->room + 63) & ~63ul);
	t->tx_mem = aligned_alloc(64, t->stride * PG_BURST_MAX);
	t->rx_mem = malloc((size_t)RX_BURST * RX_STRIDE);
	if (!t->tx_mem || !t->rx_mem)
		return -ENOMEM;
	memset(t->tx_mem, 0, t->stride * PG_BURST_MAX);
	return 0;
}

static uint8_t gso_type(const struct pg_io_config *cfg)
{
	if (cfg->protocol == IPPROTO_TCP)
		return cfg->local.family == AF_INET6 ?
			VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	return VIRTIO_NET_HDR_GSO_UDP_L4;
}

static int open_either(struct pg_io **out, const struct pg_io_config *cfg,
		       const struct pg_io_ops *ops,
		       int (*open_fd)(const char *ifname, bool offload))
{
	struct tap *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->io.ops = ops;
	t->io.csum_offload = cfg->offload;
	t->io.gso = cfg->offload;
	t->gso_type = gso_type(cfg);
	t->fd = open_fd(cfg->target, cfg->offload);
	err = t->fd;
	if (err >= 0)
		err = pg_tapdev_mac(cfg->target, t->io.mac);
	if (err < 0) {
		fprintf(stderr, "ms-pktgen: %s%s: %s\n", ops->prefix,
			cfg->target, strerror(-err));
		goto fail;
	}
	err = alloc_buffers(t, cfg);
	if (err < 0)
		goto fail;
	*out = &t->io;
	return 0;
fail:
	tap_close(&t->io);
	return err;
}

static int tap_open(struct pg_io **out, const struct pg_io_config *cfg)
{
	return open_either(out, cfg, &pg_io_tap, pg_tapdev_open);
}

static int macvtap_open(struct pg_io **out, const struct pg_io_config *cfg)
{
	return open_either(out, cfg, &pg_io_macvtap, pg_tapdev_open_macvtap);
}

static void tap_tx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	struct tap *t = to_tap(io);
	unsigned int i;

	for (i = 0; i < n; i++)
		buf[i] = (struct pg_buf) {
			.data = t->tx_mem + i * t->stride + HEADROOM,
			.room = t->room,
		};
}

static int tap_tx_put(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	const struct pg_frame_template *tmpl = io->tmpl;
	struct tap *t = to_tap(io);
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct virtio_net_hdr_v1 vh = { 0 };
		uint8_t *start = buf[i].data - sizeof(vh);

		if (buf[i].csum_partial) {
			vh.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
			vh.hdr_len = htole16(tmpl->hdr_len);
			vh.csum_start = htole16(tmpl->l4_off);
			vh.csum_offset = htole16(tmpl->csum_off);
		}
		if (buf[i].gso_size) {
			vh.gso_type = t->gso_type;
			vh.gso_size = htole16(buf[i].gso_size);
		}
		memcpy(start, &vh, sizeof(vh));
		if (write(t->fd, start, sizeof(vh) + buf[i].len) < 0) {
			if (i || errno == EAGAIN || errno == ENOBUFS)
				break;
			return -errno;
		}
	}
	return i;
}

static int tap_rx_get(struct pg_io *io, struct pg_buf *buf, unsigned int n)
{
	struct tap *t = to_tap(io);
	unsigned int i;

	if (n > RX_BURST)
		n = RX_BURST;
	for (i = 0; i < n; i++) {
		uint8_t *frame = t->rx_mem + (size_t)i * RX_STRIDE + HEADROOM;
		struct virtio_net_hdr_v1 vh;
		ssize_t len = read(t->fd, frame - sizeof(vh),
				   sizeof(vh) + PG_FRAME_MAX);

		if (len < (ssize_t)sizeof(vh)) {
			if (i || len >= 0 || errno == EAGAIN)
				break;
			return -errno;
		}
		memcpy(&vh, frame - sizeof(vh), sizeof(vh));
		buf[i] = (struct pg_buf) {
			.data = frame,
			.len = len - sizeof(vh),
			.gso_size = vh.gso_type ? le16toh(vh.gso_size) : 0,
			.csum_partial = vh.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM,
		};
	}
	return i;
}

static void tap_wait(struct pg_io *io, bool tx, int64_t timeout_ns)
{
	pg_io_poll(to_tap(io)->fd, tx, timeout_ns);
}

const struct pg_io_ops pg_io_tap = {
	.prefix = "tap:",
	.open = tap_open,
	.close = tap_close,
	.tx_get = tap_tx_get,
	.tx_put = tap_tx_put,
	.rx_get = tap_rx_get,
	.wait = tap_wait,
};

const struct pg_io_ops pg_io_macvtap = {
	.prefix = "macvtap:",
	.open = macvtap_open,
	.close = tap_close,
	.tx_get = tap_tx_get,
	.tx_put = tap_tx_put,
	.rx_get = tap_rx_get,
	.wait = tap_wait,
};
