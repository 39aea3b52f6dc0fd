/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netif.h - a MultiStack port as a network interface of lwIP
 */
#ifndef DEMO_LWIP_NETIF_H
#define DEMO_LWIP_NETIF_H

#include <lwip/netif.h>
#include <multistack.h>
#include <pthread.h>
#include <stdatomic.h>

/**
 * struct port_netif - lwIP's interface and the port below it
 * @netif: lwIP's part
 * @ms: the port; the caller's
 * @mac: of the NIC; source of what we send
 * @mtu: bytes of an IP packet
 * @rx: frames given to lwIP
 * @tx: frames given to the port
 * @tx_full: frames lost since the port took no more
 * @rx_nomem: frames lost since lwIP had no memory or no room in its queue
 */
struct port_netif {
	struct netif netif;
	struct ms_port *ms;
	uint8_t mac[6];
	uint16_t mtu;
	pthread_t thread;
	int stop_fd;
	atomic_ulong rx;
	atomic_ulong tx;
	atomic_ulong tx_full;
	atomic_ulong rx_nomem;
};

/**
 * port_netif_start() - add the interface to lwIP and start receiving
 * @pn: zeroed; must stay until port_netif_stop()
 * @ms: an open port with its tuples bound
 * @family: AF_INET or AF_INET6
 * @addr: the host's address, 4 or 16 bytes in network byte order
 *
 * Context: after tcpip_init(), not on lwIP's thread.
 * Return: 0 or a negative errno.
 */
int port_netif_start(struct port_netif *pn, struct ms_port *ms, int family,
		     const void *addr);

/**
 * port_netif_stop() - stop receiving
 *
 * lwIP's side stays, since a tcpip thread cannot be ended; the process is
 * expected to.
 */
void port_netif_stop(struct port_netif *pn);

#endif
