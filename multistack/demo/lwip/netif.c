// SPDX-License-Identifier: GPL-2.0-only
/*
 * netif.c - lwIP over a MultiStack port
 *
 *	NIC -> MultiStack -> port -> our thread -> tcpip_input() -> lwIP's thread
 *	NIC <- MultiStack <- port <------------- output() <-------- lwIP's thread
 *
 * The host's kernel resolves neighbours, so there is no ARP here: the interface
 * is a point-to-point IP link for lwIP, and the Ethernet header is put on and
 * taken off in this file. The port was opened without receive offloads, so
 * each frame is one packet with complete checksums, as lwIP needs it.
 *
 * Every output() happens with lwIP's core lock held and every ms_port_recv() on
 * our thread, which is what libmultistack asks for: one sender, one receiver.
 */
#include "netif.h"

#include <errno.h>
#include <lwip/tcpip.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETH_LEN		14
#define FRAME_MAX	(ETH_LEN + 1500)

static err_t transmit(struct port_netif *pn, struct pbuf *p, uint16_t type)
{
	uint8_t frame[FRAME_MAX];
	struct ms_frame f = { .data = frame, .len = ETH_LEN + p->tot_len };

	if (f.len > sizeof(frame))
		return ERR_BUF;
	memset(frame, 0, 6);	/* the host fills in the neighbour's address */
	memcpy(frame + 6, pn->mac, 6);
	frame[12] = type >> 8;
	frame[13] = type;
	pbuf_copy_partial(p, frame + ETH_LEN, p->tot_len, 0);
	if (ms_port_send(pn->ms, &f, 1) != 1) {
		pn->tx_full++;
		return ERR_MEM;	/* TCP sends it again */
	}
	pn->tx++;
	return ERR_OK;
}

static err_t output_ip4(struct netif *netif, struct pbuf *p,
			const ip4_addr_t *next_hop)
{
	(void)next_hop;
	return transmit(netif->state, p, 0x0800);
}

static err_t output_ip6(struct netif *netif, struct pbuf *p,
			const ip6_addr_t *next_hop)
{
	(void)next_hop;
	return transmit(netif->state, p, 0x86dd);
}

static err_t set_up_netif(struct netif *netif)
{
	struct port_netif *pn = netif->state;

	netif->name[0] = 'm';
	netif->name[1] = 's';
	netif->mtu = pn->mtu;
	netif->output = output_ip4;
	netif->output_ip6 = output_ip6;
	return ERR_OK;
}

static void deliver(struct port_netif *pn, const struct ms_frame *f)
{
	uint32_t len = f->len - ETH_LEN;
	struct pbuf *p;

	p = len <= UINT16_MAX ? pbuf_alloc(PBUF_RAW, len, PBUF_POOL) : NULL;
	if (!p) {
		pn->rx_nomem++;
		return;
	}
	pbuf_take(p, (uint8_t *)f->data + ETH_LEN, len);
	if (pn->netif.input(p, &pn->netif) != ERR_OK) {
		pn->rx_nomem++;
		pbuf_free(p);
		return;
	}
	pn->rx++;
}

static void *receive_loop(void *arg)
{
	struct port_netif *pn = arg;
	struct pollfd pfd[2] = {
		{ .fd = ms_port_fd(pn->ms), .events = POLLIN },
		{ .fd = pn->stop_fd, .events = POLLIN },
	};
	struct ms_frame frames[MS_BURST_MAX];
	int n, i;

	for (;;) {
		n = ms_port_recv(pn->ms, frames, MS_BURST_MAX);
		if (n < 0) {
			fprintf(stderr, "lwip-httpd: port: %s\n",
				strerror(-n));
			break;
		}
		for (i = 0; i < n; i++)
			deliver(pn, &frames[i]);
		if (!n)
			poll(pfd, 2, -1);
		if (pfd[1].revents)
			break;
	}
	return NULL;
}

static void add_netif(struct port_netif *pn, int family, const void *addr)
{
	ip4_addr_t ip4 = { 0 }, mask = { 0 }, none = { 0 };

	if (family == AF_INET) {
		memcpy(&ip4.addr, addr, 4);
		mask.addr = UINT32_MAX;
	}
	netif_add(&pn->netif, &ip4, &mask, &none, pn, set_up_netif,
		  tcpip_input);
	netif_set_default(&pn->netif);
	netif_set_link_up(&pn->netif);
	netif_set_up(&pn->netif);
	if (family == AF_INET6) {
		ip6_addr_t ip6 = { 0 };

		memcpy(ip6.addr, addr, 16);
		netif_ip6_addr_set(&pn->netif, 0, &ip6);
		/* the host has done duplicate detection and asked routers */
		netif_ip6_addr_set_state(&pn->netif, 0, IP6_ADDR_PREFERRED);
		pn->netif.rs_count = 0;
	}
}

int port_netif_start(struct port_netif *pn, struct ms_port *ms, int family,
		     const void *addr)
{
	struct ms_port_info info = { .sz = sizeof(info) };
	int err;

	err = ms_port_info(ms, &info);
	if (err < 0)
		return err;
	pn->ms = ms;
	pn->mtu = info.mtu < 1500 ? info.mtu : 1500;
	memcpy(pn->mac, info.mac, 6);
	pn->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (pn->stop_fd < 0)
		return -errno;

	LOCK_TCPIP_CORE();
	add_netif(pn, family, addr);
	UNLOCK_TCPIP_CORE();

	err = pthread_create(&pn->thread, NULL, receive_loop, pn);
	if (err)
		close(pn->stop_fd);
	return -err;
}

void port_netif_stop(struct port_netif *pn)
{
	uint64_t one = 1;

	if (write(pn->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(pn->thread, NULL);
	close(pn->stop_fd);
}
