/* SPDX-License-Identifier: GPL-2.0-only */
/* A TAP file that somebody else has made, as a channel. */
#ifndef NETIO_TAP_H
#define NETIO_TAP_H

#include <libos/netio.h>
#include <libos/netio_backends.h>

/**
 * struct tap_file - what tap_adopt() is to know of it
 * @kind: the channel's ops.name; a constant
 * @fd: the file, non-blocking, attached, with a virtio-net header of %VNET_LEN
 *	bytes, offloads set; the channel's, whatever tap_adopt() returns
 * @ifname: the host's device
 * @ifindex: its index
 * @features: LIBOS_NETIO_*
 * @max_mtu: bytes
 * @fd_min: lowest number for file descriptors that stay open
 * @release: called with @owner as the last act of close, on an ordinary thread
 * @owner: for @release and tap_owner()
 */
struct tap_file {
	const char *kind;
	int	fd;
	const char *ifname;
	int	ifindex;
	__u32	features;
	__u32	max_mtu;
	int	fd_min;
	void	(*release)(void *owner);
	void	*owner;
};

/**
 * tap_adopt() - make a channel of it
 *
 * Return: 0; on failure, with @err, @release is not called.
 */
int tap_adopt(const struct tap_file *file, struct libos_netio **out, struct netio_err *err);

/** tap_owner() - @owner of a channel that tap_adopt() made with @release; else NULL */
void *tap_owner(const struct libos_netio *io, void (*release)(void *owner));

#endif /* NETIO_TAP_H */
