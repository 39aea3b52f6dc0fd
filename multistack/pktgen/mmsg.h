/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmsg.h - bursts of buffers over a datagram socket, for the backends that
 * are one
 */
#ifndef PKTGEN_MMSG_H
#define PKTGEN_MMSG_H

#include <sys/socket.h>

#include "io.h"

/**
 * struct pg_mmsg - one direction of a socket
 * @fd: the socket, not owned
 * @skip: bytes at the front of each frame that the socket does not carry
 * @room: bytes of a whole frame
 * @stride: from one buffer to the next
 * @mem: PG_BURST_MAX buffers
 */
struct pg_mmsg {
	int fd;
	size_t skip;
	size_t room;
	size_t stride;
	uint8_t *mem;
	struct mmsghdr hdr[PG_BURST_MAX];
	struct iovec iov[PG_BURST_MAX];
	struct sockaddr_storage name[PG_BURST_MAX];
};

/**
 * pg_mmsg_init() - allocate the buffers of one direction
 * @named: messages carry an address
 *
 * Return: 0 or -ENOMEM.
 */
int pg_mmsg_init(struct pg_mmsg *m, int fd, size_t room, size_t skip,
		 bool named);
void pg_mmsg_fini(struct pg_mmsg *m);

/** pg_mmsg_tx_get(), pg_mmsg_tx_put(), pg_mmsg_rx_get(): as in pg_io_ops */
void pg_mmsg_tx_get(struct pg_mmsg *m, struct pg_buf *buf, unsigned int n);
int pg_mmsg_tx_put(struct pg_mmsg *m, struct pg_buf *buf, unsigned int n);
int pg_mmsg_rx_get(struct pg_mmsg *m, struct pg_buf *buf, unsigned int n);

/** pg_socket_buffers() - ask for large socket buffers, as large as allowed */
void pg_socket_buffers(int fd);

#endif
