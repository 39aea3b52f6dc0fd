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
 */
struct hostlink {
	int	fd;
	int	query_fd;
	int	ifindex;
	unsigned int up_flags;
	unsigned int flags;
	int	gone;
};

int hostlink_open(struct hostlink *hl, int ifindex, unsigned int up_flags, int fd_min,
		  struct netio_err *err);
void hostlink_close(struct hostlink *hl);
int hostlink_tx_dropped(const struct hostlink *hl, __u64 *dropped);

/* Context: hot. */
int hostlink_poll(struct hostlink *hl);

#endif /* NETIO_HOSTLINK_H */
