/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a network device of the host, as rtnetlink tells it. */
#ifndef NETIO_HOSTLINK_H
#define NETIO_HOSTLINK_H

#include <libos/netio.h>
#include <libos/netio_backends.h>

/**
 * struct hostlink - one watched device
 * @fd: netlink socket that becomes readable when some device changes; -1: none
 * @query_fd: netlink socket for questions
 * @ifindex: the device
 * @up_flags: IFF_* that must all be set for the link to count as up
 * @flags: IFF_* as last heard
 * @gone: the device has been deleted
 * @told: &struct libos_pollfd.told of @fd
 */
struct hostlink {
	int	fd;
	int	query_fd;
	int	ifindex;
	unsigned int up_flags;
	unsigned int flags;
	int	gone;
	__u8	told;
};

int hostlink_open(struct hostlink *hl, int ifindex, unsigned int up_flags, int fd_min,
		  struct netio_err *err);
void hostlink_close(struct hostlink *hl);
int hostlink_tx_dropped(const struct hostlink *hl, __u64 *dropped);

/* Context: hot. */
int hostlink_poll(struct hostlink *hl);

/**
 * hostlink_look() - at the end of rx: is it time to see what has changed?
 * @hl: the device
 * @io: its channel; link_up is set
 * @got: what rx returns
 *
 * A system call each time would be felt in a round trip.  But who is told once
 * has to look, also where frames have come along with the news.
 */
static inline __attribute__((always_inline)) void
hostlink_look(struct hostlink *hl, struct libos_netio *io, unsigned int got)
{
	if (got && io->link_up && !hl->told)
		return;
	hl->told = 0;
	io->link_up = hostlink_poll(hl);
}

#endif /* NETIO_HOSTLINK_H */
