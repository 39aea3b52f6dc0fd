// SPDX-License-Identifier: GPL-2.0-only
/* A cable that leads nowhere: takes every frame, gives none. */
#include <stdlib.h>

#include "frame.h"
#include "room.h"

struct null {
	struct libos_netio io;
	struct libos_netio_stats stats;
};

#define to_null(p)	container_of(p, struct null, io)

static __hot int null_tx(struct libos_netio *io, unsigned int queue,
			 struct libos_frame *const *frames, unsigned int n)
{
	struct null *null = to_null(io);
	unsigned int i;

	for (i = 0; i < n; i++) {
		null->stats.tx_frames++;
		null->stats.tx_bytes += frames[i]->len;
	}
	return n;
}

static __hot int null_rx(struct libos_netio *io, unsigned int queue,
			 struct libos_frame *const *frames, unsigned int n)
{
	return 0;
}

static int null_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	return 0;
}

static __hot void null_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	netio_stats_add(s, &to_null(io)->stats);
}

static void null_close(struct libos_netio *io)
{
	free(to_null(io));
}

static const struct libos_netio_ops null_ops = {
	.name		= "null",
	.tx		= null_tx,
	.rx		= null_rx,
	.pollfds	= null_pollfds,
	.stats		= null_stats,
	.close		= null_close,
};

int netio_null_open(struct libos_netio **out)
{
	struct null *null = calloc(1, sizeof(*null));

	if (!null)
		return -ENOMEM;
	null->io.ops = &null_ops;
	null->io.features = LIBOS_NETIO_TX_CSUM | LIBOS_NETIO_TX_TSO4 | LIBOS_NETIO_TX_TSO6 |
			    LIBOS_NETIO_TX_ECN | LIBOS_NETIO_TX_USO;
	null->io.queues = 1;
	null->io.max_mtu = 65535;
	null->io.link_up = 1;
	*out = &null->io;
	return 0;
}
