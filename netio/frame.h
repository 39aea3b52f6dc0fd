/* SPDX-License-Identifier: GPL-2.0-only */
/* Walking the scatter list of a frame; all of it may be used by tx and rx. */
#ifndef NETIO_FRAME_H
#define NETIO_FRAME_H

#include <libos/netio.h>

#include "hot.h"

/* A 64 KiB GSO packet behind an Ethernet header with a VLAN tag. */
#define NETIO_FRAME_MAX		(65536 + 18)
#define NETIO_FRAME_MIN		14

/* The virtio-net header (VIRTIO 1.2, 5.1.6); the host's uapi may be older. */
#define VNET_F_NEEDS_CSUM	1
#define VNET_F_DATA_VALID	2
#define VNET_GSO_NONE		0
#define VNET_GSO_TCPV4		1
#define VNET_GSO_UDP		3
#define VNET_GSO_TCPV6		4
#define VNET_GSO_UDP_L4		5
#define VNET_GSO_ECN		0x80
#define VNET_LEN		12	/* struct libos_vnet_hdr */
#define VNET_LEN_V0		10	/* without num_buffers: struct virtio_net_hdr */

/**
 * frame_iov() - the bytes of a frame that leaves, as iovecs
 * @f: the frame
 * @iov: room for %LIBOS_FRAME_SEGS
 *
 * Return: how many; 0 if the segments are not what the frame says.
 */
__hot_inline unsigned int frame_iov(const struct libos_frame *f, struct iovec *iov)
{
	unsigned int i;
	__u64 sum = 0;

	if (f->nseg - 1 >= LIBOS_FRAME_SEGS)
		return 0;
	for (i = 0; i < f->nseg; i++) {
		iov[i].iov_base = f->seg[i].base;
		iov[i].iov_len = f->seg[i].len;
		sum += f->seg[i].len;
	}
	return sum == f->len ? i : 0;
}

/**
 * frame_room_iov() - the room of a frame that is to be filled, as iovecs
 * @f: the frame
 * @iov: room for %LIBOS_FRAME_SEGS
 * @room: bytes of it
 *
 * Return: how many.
 */
__hot_inline unsigned int frame_room_iov(const struct libos_frame *f, struct iovec *iov,
					 __u64 *room)
{
	unsigned int i, n = f->nseg < LIBOS_FRAME_SEGS ? f->nseg : LIBOS_FRAME_SEGS;
	__u64 sum = 0;

	for (i = 0; i < n; i++) {
		iov[i].iov_base = f->seg[i].base;
		iov[i].iov_len = f->seg[i].len;
		sum += f->seg[i].len;
	}
	*room = sum;
	return n;
}

__hot_inline __u64 frame_room(const struct libos_frame *f)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < f->nseg && i < LIBOS_FRAME_SEGS; i++)
		sum += f->seg[i].len;
	return sum;
}

/*
 * The segment that byte @off of the frame is in, and where in it.  At the very
 * end of the frame that is a segment past the last.
 */
__hot_inline unsigned int frame_seek(const struct libos_frame *f, __u64 *off)
{
	unsigned int i;

	for (i = 0; i < f->nseg && *off >= f->seg[i].len; i++)
		*off -= f->seg[i].len;
	return i;
}

/* Copy @len bytes at @off of the frame to @dst, which has room for them. */
__hot_inline void frame_gather(const struct libos_frame *f, __u64 off, void *dst, __u64 len)
{
	unsigned int i = frame_seek(f, &off);

	for (; len && i < f->nseg; i++, off = 0) {
		__u64 n = f->seg[i].len - off < len ? f->seg[i].len - off : len;

		hot_copy(dst, (char *)f->seg[i].base + off, n);
		dst = (char *)dst + n;
		len -= n;
	}
}

/* Copy @len bytes from @src to @off of the frame, which has room for them. */
__hot_inline void frame_scatter(struct libos_frame *f, __u64 off, const void *src, __u64 len)
{
	unsigned int i = frame_seek(f, &off);

	for (; len && i < f->nseg; i++, off = 0) {
		__u64 n = f->seg[i].len - off < len ? f->seg[i].len - off : len;

		hot_copy((char *)f->seg[i].base + off, src, n);
		src = (const char *)src + n;
		len -= n;
	}
}

/* The iovecs of @len bytes of a frame's room from @off on. */
__hot_inline unsigned int frame_part_iov(const struct libos_frame *f, __u64 off, __u64 len,
					 struct iovec *iov)
{
	unsigned int i = frame_seek(f, &off), n = 0;

	for (; len && i < f->nseg; i++, off = 0) {
		__u64 part = f->seg[i].len - off < len ? f->seg[i].len - off : len;

		if (!part)
			continue;
		iov[n].iov_base = (char *)f->seg[i].base + off;
		iov[n++].iov_len = part;
		len -= part;
	}
	return n;
}

__hot_inline __u8 *frame_byte(const struct libos_frame *f, __u64 off)
{
	unsigned int i = frame_seek(f, &off);

	return (__u8 *)f->seg[i].base + off;
}

__hot_inline bool frame_is_gso(const struct libos_frame *f)
{
	return f->vnet.gso_type != VNET_GSO_NONE;
}

void frame_move(struct libos_frame *dst, const struct libos_frame *src);
bool frame_insert(struct libos_frame *f, __u32 off, const void *bytes, __u32 len);
bool frame_checksum(struct libos_frame *f);
void netio_stats_add(struct libos_netio_stats *to, const struct libos_netio_stats *from);

#endif /* NETIO_FRAME_H */
