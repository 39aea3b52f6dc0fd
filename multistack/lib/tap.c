// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Frames over a TAP, each with a virtio-net header first.
 *
 * A frame is read into a buffer where its header precedes it.  To send, a small
 * frame is copied behind its header, which costs less than a second segment
 * does in the kernel.  A burst is one system call where there is io_uring
 * (tapring.c), else a read() or write() each.  How many frames to ask for is
 * guessed from how many there were last time; a large frame, sent, goes alone.
 *
 * The receive buffers are one mapping, touched only as far as frames reach.
 * Their distance is an odd number of cache lines, so that the headers of a
 * burst do not all fall into the same cache set.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "client.h"
#include "tapring.h"

#define VNET_HLEN	12
#define RX_DATA		18	/* in a receive buffer: aligns the IP header */
#define RING_MIN	4	/* frames for which the ring is the cheaper way */
#define SMALL_MAX	2048	/* to copy, header included */

/* A ring, made when first needed.  One may send while another receives. */
struct ring {
	struct tapring *r;
	bool tried;
};

struct tap {
	uint8_t *bufs;
	size_t stride;
	size_t len;
	struct ring rx;
	struct ring tx;
	uint8_t (*small)[SMALL_MAX];	/* with tx.r */
	unsigned int expect;		/* frames that the last call received */
};

static struct tapring *ring_get(struct ring *ring)
{
	if (ring->r && tapring_foreign(ring->r)) {
		tapring_free(ring->r);
		*ring = (struct ring){ 0 };
	}
	if (!ring->tried) {
		ring->tried = true;
		ring->r = tapring_new();
	}
	return ring->r && !tapring_broken(ring->r) ? ring->r : NULL;
}

static int tap_setup(struct ms_port *p, int fd)
{
	struct tap *t = calloc(1, sizeof(*t));

	p->fd = fd;
	p->kind = t;
	if (!t)
		return ms_fail(-ENOMEM, "out of memory");
	t->stride = (RX_DATA + 65535 + 14 + 127) / 64 * 64;
	if (!(t->stride / 64 % 2))
		t->stride += 64;
	t->len = t->stride * MS_BURST_MAX;
	t->bufs = mmap(NULL, t->len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->bufs == MAP_FAILED) {
		t->bufs = NULL;
		return ms_fail(-ENOMEM, "out of memory");
	}
	return 0;
}

static void tap_teardown(struct ms_port *p)
{
	struct tap *t = p->kind;

	if (t && t->bufs)
		munmap(t->bufs, t->len);
	if (t) {
		tapring_free(t->rx.r);
		tapring_free(t->tx.r);
		free(t->small);
	}
	free(t);
	p->kind = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static int check_frame(const struct ms_port *p, const struct ms_frame *f)
{
	if (f->len < 14 || f->len > p->frame_max)
		return ms_fail(-EMSGSIZE, "a frame has 14 to %u bytes, not %u",
			       p->frame_max, f->len);
	if ((f->flags & MS_FRAME_NEEDS_CSUM) &&
	    (uint32_t)f->csum_start + f->csum_offset + 2 > f->len)
		return ms_fail(-EINVAL, "the checksum is beyond the frame's end");
	if (f->gso_type && (!(f->flags & MS_FRAME_NEEDS_CSUM) || !f->gso_size))
		return ms_fail(-EINVAL, "GSO needs a segment size and MS_FRAME_NEEDS_CSUM");
	if (f->gso_type == MS_GSO_UDP && !(p->desc.offloads & MS_OFFLOAD_USO))
		return ms_fail(-EOPNOTSUPP, "the kernel divides no UDP frames from a TAP (Linux 6.2)");
	if (!f->gso_type && f->gso_size)
		return ms_fail(-EINVAL, "a segment size without a GSO type");
	return 0;
}

static void fill_header(struct virtio_net_hdr_v1 *h, const struct ms_frame *f)
{
	memset(h, 0, sizeof(*h));
	if (!(f->flags & MS_FRAME_NEEDS_CSUM))
		return;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = htole16(f->csum_start);
	h->csum_offset = htole16(f->csum_offset);
	h->gso_type = f->gso_type;
	h->gso_size = htole16(f->gso_size);
	h->hdr_len = htole16(f->hdr_len);
}

static bool is_small(const struct ms_frame *f)
{
	return f->len <= SMALL_MAX - VNET_HLEN && !f->gso_type;
}

/* A frame behind its header; returns the length of both. */
static uint32_t lay_out(uint8_t *to, const struct ms_frame *f)
{
	struct virtio_net_hdr_v1 h;

	fill_header(&h, f);
	memcpy(to, &h, VNET_HLEN);
	memcpy(to + VNET_HLEN, f->data, f->len);
	return VNET_HLEN + f->len;
}

/* The small frames at the head of @f by the ring; 0 if there are too few. */
static int send_burst(struct ms_port *p, const struct ms_frame *f, unsigned int n)
{
	uint32_t len[TAPRING_FRAMES];
	struct tap *t = p->kind;
	struct tapring *r;
	unsigned int i;

	/* in this order: who has no ring must not count the burst for each frame */
	r = n < RING_MIN ? NULL : ring_get(&t->tx);
	if (r && !t->small)
		t->small = malloc(sizeof(*t->small) * TAPRING_FRAMES);
	if (!r || !t->small)
		return 0;
	for (i = 0; i < n && i < TAPRING_FRAMES && is_small(f + i); i++)
		if (check_frame(p, f + i))
			break;
	n = i;
	if (n < RING_MIN)
		return 0;
	for (i = 0; i < n; i++)
		len[i] = lay_out(t->small[i], f + i);
	return tapring_send(r, p->fd, t->small[0], SMALL_MAX, len, n);
}

static ssize_t send_one(struct ms_port *p, const struct ms_frame *f)
{
	struct virtio_net_hdr_v1 h;
	struct iovec iov[2] = { { &h, VNET_HLEN }, { f->data, f->len } };
	uint8_t small[SMALL_MAX];
	ssize_t len;

	do {
		if (is_small(f)) {
			len = write(p->fd, small, lay_out(small, f));
		} else {
			fill_header(&h, f);
			len = writev(p->fd, iov, 2);
		}
	} while (len < 0 && errno == EINTR);
	return len;
}

static int tap_send(struct ms_port *p, const struct ms_frame *f, unsigned int n)
{
	unsigned int i = 0;
	int err, sent;

	while (i < n) {
		sent = send_burst(p, f + i, n - i);
		if (!sent) {
			err = check_frame(p, f + i);
			if (err)
				return i ? (int)i : err;
			sent = send_one(p, f + i) < 0 ? -errno : 1;
		}
		if (sent > 0) {
			i += sent;
			continue;
		}
		if (i || sent == -EAGAIN || sent == -ENOBUFS)
			return i;
		if (sent == -EIO || sent == -EBADFD || sent == -ENODEV)
			return ms_fail(-ENETDOWN, "the port is over");
		return ms_fail(sent, "the kernel refused the frame: %s", strerror(-sent));
	}
	return n;
}

/* What was read to @buf, the header before it, @len bytes in all. */
static void take(struct ms_frame *f, uint8_t *buf, int len)
{
	struct virtio_net_hdr_v1 h;

	memcpy(&h, buf - VNET_HLEN, VNET_HLEN);
	memset(f, 0, sizeof(*f));
	f->data = buf;
	f->len = len - VNET_HLEN;
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		f->flags |= MS_FRAME_NEEDS_CSUM;
		f->csum_start = le16toh(h.csum_start);
		f->csum_offset = le16toh(h.csum_offset);
	}
	if (h.flags & VIRTIO_NET_HDR_F_DATA_VALID)
		f->flags |= MS_FRAME_CSUM_VALID;
	f->gso_type = h.gso_type;
	f->gso_size = le16toh(h.gso_size);
	f->hdr_len = le16toh(h.hdr_len);
}

static int tap_recv(struct ms_port *p, struct ms_frame *f, unsigned int n)
{
	struct tap *t = p->kind;
	uint32_t room = t->stride - RX_DATA + VNET_HLEN;
	unsigned int i = 0, k, burst = t->expect < n ? t->expect : n;
	uint8_t *buf = t->bufs + RX_DATA;
	int len[TAPRING_FRAMES];
	struct tapring *r;

	burst = burst < TAPRING_FRAMES ? burst : TAPRING_FRAMES;
	r = burst >= RING_MIN ? ring_get(&t->rx) : NULL;
	if (r) {
		tapring_recv(r, p->fd, buf - VNET_HLEN, t->stride, room, len, burst);
		for (k = 0; k < burst; k++, buf += t->stride)
			if (len[k] >= VNET_HLEN)
				take(f + i++, buf, len[k]);
		if (i && i < burst)
			n = i;
		if (!i)		/* why not? */
			buf = t->bufs + RX_DATA;
	}
	for (; i < n; i++, buf += t->stride) {
		ssize_t got = read(p->fd, buf - VNET_HLEN, room);

		if (got < 0 && !i && errno != EAGAIN && errno != EINTR)
			return ms_fail(-ENETDOWN, "the port is over");
		if (got < VNET_HLEN)
			break;
		take(f + i, buf, got);
	}
	t->expect = i;
	return i;
}

const struct ms_kind_ops ms_tap_ops = {
	.setup = tap_setup,
	.send = tap_send,
	.recv = tap_recv,
	.teardown = tap_teardown,
};
