// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network devices: a channel is joined to the kernel's driver and to the epoll.
 *
 * The kernel layer calls the channel's own ops, except for tx and rx, which pass
 * here for the sake of the stack's alignment; and a tx that comes back short is the
 * only sign that the channel is full, and that POLLOUT must be watched (poll.c).
 */
#include "instance.h"
#include "sys.h"

static struct netdev *of_channel(struct libos_netio *io)
{
	return link_entry(io->ops, struct netdev, ops);
}

/* Hot: inside the kernel layer. */
FROM_KERNEL int netdev_tx(struct libos_netio *io, unsigned int queue,
			  struct libos_frame *const *frames, unsigned int n)
{
	struct netdev *nd = of_channel(io);
	int sent;

	if (nd->os->serving)
		channel_early(nd->os);
	sent = nd->lower->tx(io, queue, frames, n);
	if (unlikely(sent < (int)n) && !(nd->full & 1U << queue)) {
		nd->full |= 1U << queue;
		nd->os->full_changed = true;
	}
	return sent;
}

FROM_KERNEL int netdev_rx(struct libos_netio *io, unsigned int queue,
			  struct libos_frame *const *frames, unsigned int n)
{
	return of_channel(io)->lower->rx(io, queue, frames, n);
}
