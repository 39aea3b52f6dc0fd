// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Frames over a TAP: one readv() or writev() each, a virtio-net header first.
 *
 * The receive buffers are one mapping, touched only as far as frames reach.
 * Their distance is an odd number of cache lines, so that the headers of a
 * burst do not all fall into the same cache set.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "client.h"

#define VNET_HLEN 12

struct tap {
	uint8_t *bufs;
	size_t stride;
	size_t len;
};

static int tap_setup(struct ms_port *p, int fd)
{
	struct tap *t = calloc(1, sizeof(*t));

	p->fd = fd;
	p->kind = t;
	if (!t)
		return ms_fail(-ENOMEM, "out of memory");
	t->stride = (65535 + 14 + 127) / 64 * 64;
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
	if (!f->gso_type && f->gso_size)
		return ms_fail(-EINVAL, "a segment size without a GSO type");
	return 0;
}

static int tap_send(struct ms_port *p, const struct ms_frame *f, unsigned int n)
{
	unsigned int i;
	int err;

	for (i = 0; i < n; i++, f++) {
		struct virtio_net_hdr_v1 h = { 0 };
		struct iovec iov[2] = { { &h, VNET_HLEN }, { f->data, f->len } };

		err = check_frame(p, f);
		if (err)
			return i ? (int)i : err;
		if (f->flags & MS_FRAME_NEEDS_CSUM) {
			h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
			h.csum_start = htole16(f->csum_start);
			h.csum_offset = htole16(f->csum_offset);
			h.gso_type = f->gso_type;
			h.gso_size = htole16(f->gso_size);
			h.hdr_len = htole16(f->hdr_len);
		}
		if (writev(p->fd, iov, 2) >= 0)
			continue;
		if (errno == EINTR) {
			i--;
			f--;
			continue;
		}
		if (i || errno == EAGAIN || errno == ENOBUFS)
			return i;
		if (errno == EIO || errno == EBADFD || errno == ENODEV)
			return ms_fail(-ENETDOWN, "the port is over");
		return ms_fail(-errno, "the kernel refused the frame: %s", strerror(errno));
	}
	return n;
}

static int tap_recv(struct ms_port *p, struct ms_frame *f, unsigned int n)
{
	struct tap *t = p->kind;
	unsigned int i;

	for (i = 0; i < n; i++, f++) {
		struct virtio_net_hdr_v1 h;
		uint8_t *buf = t->bufs + i * t->stride;
		struct iovec iov[2] = { { &h, VNET_HLEN }, { buf, t->stride } };
		ssize_t len = readv(p->fd, iov, 2);

		if (len < 0) {
			if (i || errno == EAGAIN || errno == EINTR)
				return i;
			return ms_fail(-ENETDOWN, "the port is over");
		}
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
	return i;
}

const struct ms_kind_ops ms_tap_ops = {
	.setup = tap_setup,
	.send = tap_send,
	.recv = tap_recv,
	.teardown = tap_teardown,
};
