/* SPDX-License-Identifier: GPL-2.0-only */
/* rtnetlink as far as multistackd needs it.  All return 0 or negative errno. */
#ifndef MSD_NL_H
#define MSD_NL_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct nl_link {
	uint32_t ifindex;
	uint32_t mtu;
	bool up;
	uint8_t mac[6];
	char name[IFNAMSIZ];
	char alias[64];
	uint64_t tx_dropped;
};

struct mnl_socket *nl_open(unsigned int groups);

/* by @ifindex, or if that is 0 by @name */
int nl_link_get(struct mnl_socket *nl, uint32_t ifindex, const char *name,
		struct nl_link *link);
int nl_link_list(struct mnl_socket *nl, void (*fn)(const struct nl_link *, void *),
		 void *arg);
int nl_link_del(struct mnl_socket *nl, uint32_t ifindex);

struct nl_link_set {
	uint32_t up_mask;	/* IFF_* flags to change, ... */
	uint32_t flags;		/* ... and their values */
	uint32_t mtu;		/* 0: leave */
	uint32_t txqlen;	/* 0: leave */
	const char *alias;
	int xdp_fd;		/* -1: leave */
};
int nl_link_set(struct mnl_socket *nl, uint32_t ifindex, const struct nl_link_set *s);

/*
 * A veth pair: @name here and @peer in the netns @ns_fd.  The kernel heeds the
 * peer's ifindex only if this end has one, too.
 */
int nl_veth_add(struct mnl_socket *nl, const char *name, uint32_t ifindex,
		const char *peer, uint32_t peer_ifindex, int ns_fd);

/* No queueing discipline: who sends puts the frame into the ring himself. */
int nl_noqueue(struct mnl_socket *nl, uint32_t ifindex);

int nl_addr_list(struct mnl_socket *nl,
		 void (*fn)(uint32_t ifindex, int family, const void *addr, void *arg),
		 void *arg);

#endif /* MSD_NL_H */
