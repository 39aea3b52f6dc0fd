/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smallest guest: answers ARP and ICMP echo through a channel's ops, so that
 * the host's stack can be asked whether frames arrive whole.
 */
#ifndef NETIO_TESTS_GUEST_H
#define NETIO_TESTS_GUEST_H

#include <arpa/inet.h>

#include "t.h"

#define GUEST_MAC	"\x02\x4c\x4f\x53\x00\x01"

struct guest {
	struct libos_netio *io;
	__u32	addr;			/* network byte order */
	struct pool pool;
	char	*flat;
	unsigned int arps, echos, others, gso, csum;
	__u32	longest;
};

static UNUSED void guest_init(struct guest *g, struct libos_netio *io, const char *addr)
{
	memset(g, 0, sizeof(*g));
	g->io = io;
	g->addr = inet_addr(addr);
	g->flat = malloc(1 << 17);
	pool_init(&g->pool, 18, 4096);
}

static UNUSED __u16 guest_sum(const unsigned char *p, size_t len)
{
	__u32 sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* Turn a request in g->flat into its answer; 0 if there is none. */
static UNUSED __u32 guest_answer(struct guest *g, __u32 len)
{
	unsigned char *p = (unsigned char *)g->flat, tmp[4];
	unsigned int ihl;
	__u16 sum;

	if (len >= 42 && p[12] == 8 && p[13] == 6 && p[21] == 1 &&
	    !memcmp(p + 38, &g->addr, 4)) {
		g->arps++;
		p[21] = 2;
		memcpy(tmp, p + 28, 4);
		memcpy(p + 32, p + 22, 6);
		memcpy(p + 22, GUEST_MAC, 6);
		memcpy(p + 28, &g->addr, 4);
		memcpy(p + 38, tmp, 4);
	} else if (len >= 42 && p[12] == 8 && p[13] == 0 && p[23] == 1 &&
		   !memcmp(p + 30, &g->addr, 4) && p[14 + (p[14] & 15) * 4] == 8) {
		ihl = (p[14] & 15) * 4;
		g->echos++;
		memcpy(tmp, p + 26, 4);
		memcpy(p + 26, p + 30, 4);
		memcpy(p + 30, tmp, 4);
		p[14 + ihl] = 0;
		p[16 + ihl] = p[17 + ihl] = 0;
		sum = guest_sum(p + 14 + ihl, (p[16] << 8 | p[17]) - ihl);
		memcpy(p + 16 + ihl, &sum, 2);
	} else {
		g->others++;
		return 0;
	}
	memcpy(p, p + 6, 6);
	memcpy(p + 6, GUEST_MAC, 6);
	return len;
}

/* One round: what is there is answered. */
static UNUSED int guest_round(struct guest *g)
{
	struct libos_frame *f;
	int n, i;

	pool_reset(&g->pool);
	n = g->io->ops->rx(g->io, 0, g->pool.f, LIBOS_BURST);
	for (i = 0; i < n; i++) {
		struct libos_frame out = { 0 }, *po = &out;

		f = g->pool.f[i];
		g->gso += f->vnet.gso_type != 0;
		g->csum += f->vnet.flags & 1;
		if (f->len > g->longest)
			g->longest = f->len;
		frame_read(f, g->flat, f->len);
		out.len = guest_answer(g, f->len);
		if (!out.len)
			continue;
		out.nseg = 2;
		out.seg[0].base = g->flat;
		out.seg[0].len = 14;
		out.seg[1].base = g->flat + 14;
		out.seg[1].len = out.len - 14;
		send_all(g->io, &po, 1);
	}
	return n;
}

/* Serve until a child ends; its exit status. */
static UNUSED int guest_until(struct guest *g, pid_t child)
{
	int status = 0;

	while (!ended(child, &status)) {
		io_wait(g->io, false, 20);
		guest_round(g);
	}
	return status;
}

#endif /* NETIO_TESTS_GUEST_H */
