// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Frames over AF_XDP, in copy mode.
 *
 * The socket comes from the daemon, made in the namespace where the port's
 * link is; this process registers its memory with it and binds it.  libxdp's
 * functions work the rings.  Its set-up takes a link's name and looks it up in
 * the process's own namespace, where this one is not, so that is done here.
 *
 *	umem:  | rx frames: ring + MS_BURST_MAX | tx frames: ring |
 *
 * rx frames that ms_port_recv() has handed out go back to the fill ring with
 * the next call.  tx frames are taken from a stack and come back to it by the
 * completion ring.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/xsk.h>

#include "client.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

#define KERNEL_HEADROOM 256	/* XDP_PACKET_HEADROOM */
#define KERNEL_BATCH 32		/* frames sent by one system call */

struct ring_map {
	void *mem;
	size_t len;
};

struct xsk {
	void *area;
	size_t area_len;
	uint32_t frame_size;
	uint32_t ring;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons comp, rx;
	struct ring_map map[4];
	uint64_t held[MS_BURST_MAX];
	unsigned int nheld;
	uint64_t *free_tx;
	unsigned int nfree;
	unsigned int idle;
};

/* A ring's memory; the shared part of producer and consumer rings is the same. */
static int map_ring(struct ring_map *m, int fd, const struct xdp_ring_offset *off,
		    uint32_t n, size_t entry, off_t page)
{
	m->len = off->desc + n * entry;
	m->mem = mmap(NULL, m->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      fd, page);
	if (m->mem == MAP_FAILED) {
		m->mem = NULL;
		return -errno;
	}
	return 0;
}

static void set_prod(struct xsk_ring_prod *r, const struct ring_map *m,
		     const struct xdp_ring_offset *off, uint32_t n)
{
	r->mask = n - 1;
	r->size = n;
	r->producer = (uint32_t *)((char *)m->mem + off->producer);
	r->consumer = (uint32_t *)((char *)m->mem + off->consumer);
	r->flags = (uint32_t *)((char *)m->mem + off->flags);
	r->ring = (char *)m->mem + off->desc;
	r->cached_prod = *r->producer;
	/* one ring ahead of the consumer, as libxdp's functions expect */
	r->cached_cons = *r->consumer + n;
}

static void set_cons(struct xsk_ring_cons *r, const struct ring_map *m,
		     const struct xdp_ring_offset *off, uint32_t n)
{
	r->mask = n - 1;
	r->size = n;
	r->producer = (uint32_t *)((char *)m->mem + off->producer);
	r->consumer = (uint32_t *)((char *)m->mem + off->consumer);
	r->flags = (uint32_t *)((char *)m->mem + off->flags);
	r->ring = (char *)m->mem + off->desc;
	r->cached_prod = *r->producer;
	r->cached_cons = *r->consumer;
}

static int set_up(struct xsk *x, int fd)
{
	struct xdp_umem_reg reg = {
		.addr = (uintptr_t)x->area, .len = x->area_len,
		.chunk_size = x->frame_size,
	};
	uint32_t fill = x->ring * 2, n = x->ring;
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	int err;

	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &fill, sizeof(fill)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &n, sizeof(n)) ||
	    setsockopt(fd, SOL_XDP, XDP_RX_RING, &n, sizeof(n)) ||
	    setsockopt(fd, SOL_XDP, XDP_TX_RING, &n, sizeof(n)) ||
	    getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return -errno;
	err = map_ring(&x->map[0], fd, &off.fr, fill, 8, XDP_UMEM_PGOFF_FILL_RING);
	if (!err)
		err = map_ring(&x->map[1], fd, &off.cr, n, 8, XDP_UMEM_PGOFF_COMPLETION_RING);
	if (!err)
		err = map_ring(&x->map[2], fd, &off.rx, n, sizeof(struct xdp_desc),
			       XDP_PGOFF_RX_RING);
	if (!err)
		err = map_ring(&x->map[3], fd, &off.tx, n, sizeof(struct xdp_desc),
			       XDP_PGOFF_TX_RING);
	if (err)
		return err;
	set_prod(&x->fill, &x->map[0], &off.fr, fill);
	set_cons(&x->comp, &x->map[1], &off.cr, n);
	set_cons(&x->rx, &x->map[2], &off.rx, n);
	set_prod(&x->tx, &x->map[3], &off.tx, n);
	return 0;
}

static int bind_it(const struct ms_port *p, int fd)
{
	struct sockaddr_xdp sa = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = p->desc.peer_ifindex,
		.sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};

	return bind(fd, (void *)&sa, sizeof(sa)) ? -errno : 0;
}

static void fill_one(struct xsk *x, uint64_t addr)
{
	uint32_t idx;

	if (xsk_ring_prod__reserve(&x->fill, 1, &idx) == 1) {
		*xsk_ring_prod__fill_addr(&x->fill, idx) = addr;
		xsk_ring_prod__submit(&x->fill, 1);
	}
}

static int xsk_setup(struct ms_port *p, int fd)
{
	struct xsk *x = calloc(1, sizeof(*x));
	unsigned int i, frames;
	int err;

	p->fd = fd;
	p->kind = x;
	if (!x)
		return ms_fail(-ENOMEM, "out of memory");
	x->ring = p->desc.ring_size;
	x->frame_size = p->desc.mtu + 14 + KERNEL_HEADROOM <= 2048 ? 2048 : 4096;
	if (p->desc.mtu + 14 + KERNEL_HEADROOM > x->frame_size)
		return ms_fail(-EOPNOTSUPP, "AF_XDP ports need an MTU of %u or less, the NIC has %u",
			       4096 - 14 - KERNEL_HEADROOM, p->desc.mtu);
	/* the fill ring has twice the ring's size, so it holds all rx frames */
	frames = x->ring * 2 + MS_BURST_MAX;
	x->area_len = (size_t)frames * x->frame_size;
	x->area = mmap(NULL, x->area_len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	x->free_tx = calloc(x->ring, sizeof(*x->free_tx));
	if (x->area == MAP_FAILED || !x->free_tx) {
		if (x->area == MAP_FAILED)
			x->area = NULL;
		return ms_fail(-ENOMEM, "out of memory");
	}
	err = set_up(x, fd);
	if (!err)
		err = bind_it(p, fd);
	if (err)
		return ms_fail(err, "cannot set up the AF_XDP socket: %s%s", strerror(-err),
			       err == -ENOBUFS || err == -EPERM ?
			       "; RLIMIT_MEMLOCK may be too low, or use smaller rings" : "");
	for (i = 0; i < x->ring + MS_BURST_MAX; i++)
		fill_one(x, (uint64_t)i * x->frame_size);
	for (; i < frames; i++)
		x->free_tx[x->nfree++] = (uint64_t)i * x->frame_size;
	return 0;
}

static void xsk_teardown(struct ms_port *p)
{
	struct xsk *x = p->kind;
	int i;

	if (x) {
		for (i = 0; i < 4; i++)
			if (x->map[i].mem)
				munmap(x->map[i].mem, x->map[i].len);
		if (x->area)
			munmap(x->area, x->area_len);
		free(x->free_tx);
		free(x);
	}
	p->kind = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* Sum as RFC 1071, over bytes in memory order; carries folded at the end. */
static void finish_csum(uint8_t *frame, const struct ms_frame *f)
{
	const uint8_t *b = frame + f->csum_start;
	size_t n = f->len - f->csum_start;
	uint64_t sum = 0;
	uint16_t w;

	for (; n >= 2; b += 2, n -= 2) {
		memcpy(&w, b, 2);
		sum += w;
	}
	if (n) {
		w = 0;
		memcpy(&w, b, 1);
		sum += w;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	w = ~sum;
	if (!w)		/* 0 would mean "none" in UDP; both are the same number */
		w = 0xffff;
	memcpy(frame + f->csum_start + f->csum_offset, &w, 2);
}

static void reclaim(struct xsk *x)
{
	uint32_t idx, i, n = xsk_ring_cons__peek(&x->comp, x->ring, &idx);

	for (i = 0; i < n; i++)
		x->free_tx[x->nfree++] = *xsk_ring_cons__comp_addr(&x->comp, idx + i);
	if (n)
		xsk_ring_cons__release(&x->comp, n);
}

static int over(struct ms_port *p)
{
	char c;

	return recv(p->conn.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Tell the kernel to send what is in the tx ring. */
static int kick(struct ms_port *p, unsigned int n)
{
	unsigned int tries = n / KERNEL_BATCH + 2;

	while (tries--) {
		if (sendto(p->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
			return 0;
		if (errno == ENETDOWN || errno == ENXIO || errno == EBADF)
			return ms_fail(-ENETDOWN, "the port is over");
		if (errno != EAGAIN && errno != EBUSY && errno != EINTR)
			return 0;
	}
	return 0;
}

static int check_frame(const struct ms_port *p, const struct ms_frame *f)
{
	if (f->gso_type || f->gso_size)
		return ms_fail(-EOPNOTSUPP, "AF_XDP ports have no GSO");
	if (f->len < 14 || f->len > p->frame_max)
		return ms_fail(-EMSGSIZE, "a frame has 14 to %u bytes, not %u",
			       p->frame_max, f->len);
	if ((f->flags & MS_FRAME_NEEDS_CSUM) &&
	    (uint32_t)f->csum_start + f->csum_offset + 2 > f->len)
		return ms_fail(-EINVAL, "the checksum is beyond the frame's end");
	return 0;
}

static int xsk_send(struct ms_port *p, const struct ms_frame *f, unsigned int n)
{
	struct xsk *x = p->kind;
	unsigned int i;
	uint32_t idx;
	int err = 0;

	if (x->nfree < n) {
		reclaim(x);
		if (!x->nfree && n) {
			/* all are in the ring: let them go, then look again */
			err = kick(p, x->ring);
			if (err)
				return err;
			reclaim(x);
		}
	}
	for (i = 0; i < n && x->nfree; i++, f++) {
		struct xdp_desc *desc;
		uint8_t *buf;

		err = check_frame(p, f);
		if (err)
			break;
		if (xsk_ring_prod__reserve(&x->tx, 1, &idx) != 1)
			break;
		desc = xsk_ring_prod__tx_desc(&x->tx, idx);
		memset(desc, 0, sizeof(*desc));
		desc->addr = x->free_tx[--x->nfree];
		desc->len = f->len;
		buf = (uint8_t *)x->area + desc->addr;
		memcpy(buf, f->data, f->len);
		if (f->flags & MS_FRAME_NEEDS_CSUM)
			finish_csum(buf, f);
	}
	if (i) {
		xsk_ring_prod__submit(&x->tx, i);
		err = kick(p, i);
		if (err == -ENETDOWN)
			return err;
		return i;
	}
	return err;
}

static int xsk_recv(struct ms_port *p, struct ms_frame *f, unsigned int n)
{
	struct xsk *x = p->kind;
	uint32_t idx, i;

	if (x->nheld) {
		if (xsk_ring_prod__reserve(&x->fill, x->nheld, &idx) == x->nheld) {
			for (i = 0; i < x->nheld; i++)
				*xsk_ring_prod__fill_addr(&x->fill, idx + i) = x->held[i];
			xsk_ring_prod__submit(&x->fill, x->nheld);
			x->nheld = 0;
		}
	}
	n = xsk_ring_cons__peek(&x->rx, n, &idx);
	if (!n) {
		if (!(++x->idle & 255) && over(p))
			return ms_fail(-ENETDOWN, "the port is over");
		return 0;
	}
	for (i = 0; i < n; i++, f++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&x->rx, idx + i);

		memset(f, 0, sizeof(*f));
		f->data = (uint8_t *)x->area + desc->addr;
		f->len = desc->len;
		/* in aligned mode the frame starts at a multiple of its size */
		x->held[i] = desc->addr - desc->addr % x->frame_size;
	}
	x->nheld = n;
	xsk_ring_cons__release(&x->rx, n);
	return n;
}

const struct ms_kind_ops ms_xsk_ops = {
	.setup = xsk_setup,
	.send = xsk_send,
	.recv = xsk_recv,
	.teardown = xsk_teardown,
};
