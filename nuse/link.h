/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: From an interface block to a channel
 */
#ifndef NUSE_LINK_H
#define NUSE_LINK_H

#include <libos/netio_backends.h>
#include "conf.h"

/**
 * struct nuse_link - an interface that has been opened
 * @conf: its block
 * @mac: hardware address, of the block or random; MULTISTACK: the NIC's
 * @io: channel with its wrappers; the instance's once it was given the device
 * @inner: the channel itself
 * @host: the host's interface, NIC or TAP device; "" if there is none
 * @impaired: the impairment wrapper, for its counters; NULL if there is none
 * @mtu: that the stack's device is to have
 */
struct nuse_link {
	const struct nuse_if *conf;
	uint8_t mac[6];
	struct libos_netio *io, *inner, *impaired;
	char host[16];
	unsigned int mtu;
};

/**
 * nuse_link_open() - open an interface's channel
 * @os: release of the stack's kernel and @application name of the program, for
 *	captures
 * @fd_min: lowest number for file descriptors that stay open
 *
 * Return: 0, or a negative errno with @err, which names the interface.
 */
int nuse_link_open(struct nuse_link *l, const struct nuse_if *conf, const char *os,
		   const char *application, int fd_min, struct nuse_err *err);

/** nuse_hostaddr_add() - give interface @name of the host an address */
int nuse_hostaddr_add(const char *name, const struct nuse_addr *a);

#endif /* NUSE_LINK_H */
