/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MSD_DIAG_H
#define MSD_DIAG_H

#include <stdbool.h>
#include <stdint.h>

struct diag_socket {
	int family;
	uint32_t inode;
	bool v6only;
	uint8_t addr[16];	/* IPv4 in the first 4 bytes */
};

typedef void (*diag_fn)(const struct diag_socket *s, void *arg);

/*
 * Call @fn for each socket of @family and @protocol (UDP or UDP-Lite) that is
 * bound to @port (network byte order).  Return: 0, or -ENOENT and others where
 * the kernel cannot tell (CONFIG_INET_UDP_DIAG).
 */
int diag_sockets(int family, int protocol, uint16_t port, diag_fn fn, void *arg);

#endif /* MSD_DIAG_H */
