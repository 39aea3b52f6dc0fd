/* SPDX-License-Identifier: GPL-2.0-only */
/* The two halves of the slirp backend: slirp.c the channel, slirpd.c the router. */
#ifndef NETIO_SLIRP_H
#define NETIO_SLIRP_H

#include "room.h"

/**
 * struct slirpd_args - what the router's thread is started with
 * @opts: checked; strings and @opts.fwd stay valid until slirpd_start() returns
 * @sock: its end of the socket pair, one frame a packet
 * @other: the other end, to be closed in the thread's own file table
 * @drops: frames to the guest that were dropped, counted by the thread
 */
struct slirpd_args {
	struct netio_slirp_opts opts;
	int	sock;
	int	other;
	__u64	*drops;
};

struct slirpd;

int slirpd_start(struct slirpd **out, const struct slirpd_args *args, struct netio_err *err);
void slirpd_stop(struct slirpd *sd);

#endif /* NETIO_SLIRP_H */
