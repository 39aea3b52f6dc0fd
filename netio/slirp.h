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
 * @fd_min: lowest number for files that stay open
 * @drops: frames to the guest that were dropped, counted by the thread
 */
struct slirpd_args {
	struct netio_slirp_opts opts;
	int	sock;
	int	other;
	int	fd_min;
	__u64	*drops;
};

struct slirpd;

int slirpd_start(struct slirpd **out, const struct slirpd_args *args, struct netio_err *err);
int slirpd_suspend(struct slirpd *sd);
int slirpd_resume(struct slirpd *sd);
void slirpd_stop(struct slirpd *sd);

/* slirppark.c */
struct park_file {
	int nr;			/* in the thread's table */
	int fd;			/* in the process's */
};

struct park {
	struct park_file *file;
	unsigned int n;
};

int park_send(int ctl);
int park_receive(int ctl, int fd_min, struct park *p);
int park_restore(const struct park *p);
void park_free(struct park *p);

#endif /* NETIO_SLIRP_H */
