/* SPDX-License-Identifier: GPL-2.0-only */
/* A channel for tests of wrappers: what is sent is kept, what is put in is received. */
#ifndef NETIO_TESTS_LOOP_H
#define NETIO_TESTS_LOOP_H

#include "t.h"

struct loop {
	struct libos_netio io;
	struct libos_netio_stats stats;
	struct pool sent;		/* the last burst */
	unsigned int nsent;
	struct pool put;		/* to be received */
	unsigned int nput, taken;
	unsigned int room;		/* frames that tx takes at a time */
	bool	closed;
	void	(*on_tx)(struct loop *l, const struct libos_frame *f);
	void	*arg;
};

static UNUSED int loop_tx(struct libos_netio *io, unsigned int q, struct libos_frame *const *f,
			  unsigned int n)
{
	struct loop *l = (struct loop *)io;
	unsigned int i;

	if (n > l->room)
		n = l->room;
	for (i = 0; i < n; i++) {
		l->stats.tx_frames++;
		l->stats.tx_bytes += f[i]->len;
		if (l->on_tx)
			l->on_tx(l, f[i]);
	}
	return n;
}

static UNUSED int loop_rx(struct libos_netio *io, unsigned int q, struct libos_frame *const *f,
			  unsigned int n)
{
	struct loop *l = (struct loop *)io;
	unsigned int i, k;

	for (i = 0; i < n && l->taken < l->nput; i++, l->taken++) {
		struct libos_frame *src = l->put.f[l->taken];
		char *flat = malloc(src->len + 1), *at = flat;
		__u32 left = src->len;

		frame_read(src, flat, src->len);
		for (k = 0; k < f[i]->nseg && left; k++) {
			__u32 part = f[i]->seg[k].len < left ? f[i]->seg[k].len : left;

			memcpy(f[i]->seg[k].base, at, part);
			at += part;
			left -= part;
		}
		f[i]->len = src->len;
		f[i]->vnet = src->vnet;
		f[i]->tstamp_ns = src->tstamp_ns;
		l->stats.rx_frames++;
		l->stats.rx_bytes += src->len;
		free(flat);
	}
	return i;
}

static UNUSED int loop_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	return 0;
}

static UNUSED void loop_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	struct loop *l = (struct loop *)io;

	s->rx_frames += l->stats.rx_frames;
	s->rx_bytes += l->stats.rx_bytes;
	s->tx_frames += l->stats.tx_frames;
	s->tx_bytes += l->stats.tx_bytes;
}

static UNUSED void loop_close(struct libos_netio *io)
{
	((struct loop *)io)->closed = true;
}

static const struct libos_netio_ops loop_ops = {
	.name = "loop", .tx = loop_tx, .rx = loop_rx, .pollfds = loop_pollfds,
	.stats = loop_stats, .close = loop_close,
};

static UNUSED void loop_init(struct loop *l)
{
	memset(l, 0, sizeof(*l));
	l->io.ops = &loop_ops;
	l->io.queues = 1;
	l->io.max_mtu = 65535;
	l->io.link_up = 1;
	l->io.features = 0x31f;
	l->room = ~0U;
	pool_init(&l->put, 1, 70000);
}

#endif /* NETIO_TESTS_LOOP_H */
