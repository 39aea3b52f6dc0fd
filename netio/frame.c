// SPDX-License-Identifier: GPL-2.0-only
/* The rarer things that are done to a frame, and adding up counters; see frame.h. */
#include "frame.h"

/*
 * Copy a received frame into the room of another one.  A backend that receives
 * a burst and then finds a bad frame in it closes the gap so.
 */
__hot void frame_move(struct libos_frame *dst, const struct libos_frame *src)
{
	__u64 off = 0, left = src->len;
	unsigned int i;

	for (i = 0; left && i < src->nseg; i++) {
		__u64 n = src->seg[i].len < left ? src->seg[i].len : left;

		frame_scatter(dst, off, src->seg[i].base, n);
		off += n;
		left -= n;
	}
	dst->vnet = src->vnet;
	dst->len = src->len;
	dst->tstamp_ns = src->tstamp_ns;
}

/*
 * Insert @len bytes at @off of a received frame and adjust its header.  False
 * if its room does not suffice.  Byte by byte from the end: segments may be of
 * any size, and the frames that need it are few.
 */
__hot bool frame_insert(struct libos_frame *f, __u32 off, const void *bytes, __u32 len)
{
	__u32 i;

	if (f->len < off || frame_room(f) < (__u64)f->len + len)
		return false;
	if (f->seg[0].len >= (__u64)f->len + len) {
		char *base = f->seg[0].base;

		hot_copy_up(base + off + len, base + off, f->len - off);
	} else {
		for (i = f->len; i-- > off;)
			*frame_byte(f, i + len) = *frame_byte(f, i);
	}
	frame_scatter(f, off, bytes, len);
	f->len += len;
	if (f->vnet.flags & VNET_F_NEEDS_CSUM)
		f->vnet.csum_start += len;
	if (frame_is_gso(f))
		f->vnet.hdr_len += len;
	return true;
}

/*
 * Do what VIRTIO_NET_HDR_F_NEEDS_CSUM asks for, RFC 1071.  False if the header
 * points outside the frame.
 */
__hot bool frame_checksum(struct libos_frame *f)
{
	__u32 start = f->vnet.csum_start, at = start + f->vnet.csum_offset, i;
	__u64 sum = 0;

	if (!(f->vnet.flags & VNET_F_NEEDS_CSUM))
		return true;
	if (start >= f->len || at + 2 > f->len)
		return false;
	for (i = start; i < f->len; i++)
		sum += (i - start) & 1 ? *frame_byte(f, i) : *frame_byte(f, i) << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	if (!sum)
		sum = 0xffff;	/* for UDP, zero says "no checksum" */
	*frame_byte(f, at) = sum >> 8;
	*frame_byte(f, at + 1) = sum;
	f->vnet.flags &= ~VNET_F_NEEDS_CSUM;
	return true;
}

/* For the stats op, which runs where tx and rx do. */
__hot void netio_stats_add(struct libos_netio_stats *to, const struct libos_netio_stats *from)
{
	int i;

	to->rx_frames += from->rx_frames;
	to->rx_bytes += from->rx_bytes;
	to->tx_frames += from->tx_frames;
	to->tx_bytes += from->tx_bytes;
	to->rx_calls += from->rx_calls;
	to->tx_calls += from->tx_calls;
	for (i = 0; i < LIBOS_DROP_END; i++)
		to->drop[i] += from->drop[i];
}
