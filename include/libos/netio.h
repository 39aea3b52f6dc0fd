/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Frames in and out of an instance
 *
 * A netio is one channel for Ethernet frames: a TAP device, a packet socket, a
 * pipe, a slirp.  The kernel layer's network driver is its only caller.  All
 * ops move arrays of frames, so that a channel that can batch does.
 *
 * Directions are seen from the library's stack: tx leaves it, rx enters it.
 *
 * A frame is a virtio-net header and a scatter list:
 *
 *	struct libos_frame
 *	+--------+------+-----+     +-----------+  +--------+     +--------+
 *	| vnet   | nseg | len | --> | seg[0]    |  | seg[1] | ... | seg[n] |
 *	+--------+------+-----+     +-----------+  +--------+     +--------+
 *	                             Ethernet header, then payload
 *
 * Segments point into the instance's arena (ordinary memory of the process),
 * so that a channel may hand them to readv(), writev(), sendmmsg() as they are.
 */
#ifndef LIBOS_NETIO_H
#define LIBOS_NETIO_H

#include <linux/types.h>

struct libos_netio;

/* A 64 KiB GSO frame in 4 KiB pages, with its header apart. */
#define LIBOS_FRAME_SEGS	19
/* The most frames that one tx or rx call is given. */
#define LIBOS_BURST		64

/* Laid out as struct iovec, so that an array of them can be one. */
struct libos_seg {
	void	*base;
	__u64	len;
};

/*
 * Laid out as struct virtio_net_hdr_v1 (VIRTIO 1.2, section 5.1.6), 12 bytes,
 * fields little-endian.
 */
struct libos_vnet_hdr {
	__u8	flags;		/* VIRTIO_NET_HDR_F_* */
	__u8	gso_type;	/* VIRTIO_NET_HDR_GSO_* */
	__u16	hdr_len;	/* bytes of all headers of a GSO frame */
	__u16	gso_size;	/* bytes of payload per segment */
	__u16	csum_start;	/* bytes from the start of the frame */
	__u16	csum_offset;	/* bytes from csum_start */
	__u16	num_buffers;
};

/**
 * struct libos_frame - one Ethernet frame
 * @vnet: checksum and segmentation state; all zero for a plain frame
 * @nseg: segments in use, 1..%LIBOS_FRAME_SEGS
 * @len: bytes of the frame, without @vnet and without FCS.  On rx the backend
 *	sets it; segments are then filled in order, each to its end before the
 *	next
 * @tstamp_ns: rx: the host's time of arrival on CLOCK_REALTIME, or 0
 * @seg: on tx the frame's bytes; on rx the room there is for them
 */
struct libos_frame {
	struct libos_vnet_hdr vnet;
	__u32	nseg;
	__u32	len;
	__u32	pad;
	__u64	tstamp_ns;
	struct libos_seg seg[LIBOS_FRAME_SEGS];
};

/* Features of a channel, &struct libos_netio.features. */
#define LIBOS_NETIO_TX_CSUM	(1U << 0)	/* takes VIRTIO_NET_HDR_F_NEEDS_CSUM */
#define LIBOS_NETIO_TX_TSO4	(1U << 1)	/* takes frames with GSO_TCPV4 */
#define LIBOS_NETIO_TX_TSO6	(1U << 2)
#define LIBOS_NETIO_TX_ECN	(1U << 3)
#define LIBOS_NETIO_TX_USO	(1U << 4)	/* takes GSO_UDP_L4 */
#define LIBOS_NETIO_RX_CSUM	(1U << 8)	/* vnet.flags on rx are to be believed */
#define LIBOS_NETIO_RX_GSO	(1U << 9)	/* may give frames of up to 64 KiB */

/* Why a channel lost a frame; index of &struct libos_netio_stats.drop. */
enum libos_netio_drop {
	LIBOS_DROP_TX_ERROR,	/* the host refused the frame */
	LIBOS_DROP_TX_TOOBIG,	/* longer than the channel carries */
	LIBOS_DROP_TX_DOWN,	/* the channel is closed or its peer is gone */
	LIBOS_DROP_RX_ERROR,	/* reading failed */
	LIBOS_DROP_RX_TRUNC,	/* longer than the buffers given */
	LIBOS_DROP_RX_RUNT,	/* shorter than an Ethernet header, or malformed */
	LIBOS_DROP_RX_OVERRUN,	/* the channel dropped before we read */
	LIBOS_DROP_IMPAIR,	/* dropped on purpose by the impairment wrapper */
	LIBOS_DROP_END
};

/**
 * struct libos_netio_stats - counters of a channel, kept by the backend
 * @rx_frames: frames given to the stack, and @rx_bytes their bytes
 * @tx_frames: frames taken from the stack, and @tx_bytes their bytes
 * @rx_calls: host system calls made to receive
 * @tx_calls: host system calls made to send
 * @drop: frames lost, by reason
 */
struct libos_netio_stats {
	__u64	rx_frames, rx_bytes, tx_frames, tx_bytes;
	__u64	rx_calls, tx_calls;
	__u64	drop[LIBOS_DROP_END];
};

/**
 * struct libos_pollfd - a host file that tells when a channel has work
 * @fd: host file descriptor, non-blocking
 * @events: POLLIN for rx, POLLOUT for room to send (watched only while @tx
 *	has returned less than it was given)
 * @queue: which queue it is about
 * @told: whoever polls sets it to 1 when @fd is ready, before rx is called, with
 *	the token held; NULL where rx notices by itself.  It is for files that tell
 *	of something else than frames, at which rx does not look each time
 */
struct libos_pollfd {
	__s32	fd;
	__u16	events;
	__u16	queue;
	__u8	*told;
};

/**
 * struct libos_netio_ops - a kind of channel
 * @name: one word: "tap", "raw", "pipe", "slirp"
 * @tx: send @n frames (1..%LIBOS_BURST) on @queue.  Returns how many were
 *	consumed, in order; fewer than @n means that the channel is full, and
 *	that the driver waits for POLLOUT or for the next event.  A frame that
 *	can never be sent is consumed and counted in @stats.  The frames'
 *	memory is the caller's again on return
 * @rx: receive up to @n frames from @queue into the room that each names.
 *	Returns how many; fewer than @n means that the channel is empty.
 *	Frames are delivered in order of arrival
 * @pollfds: write up to @max files to watch to @fds; returns how many there are.
 *	Called once, when the channel is attached
 * @deadline_ns: the host's monotonic time at which rx should be called although
 *	no file is ready (delayed frames), ~0 for none; NULL for never
 * @stats: add the channel's counters to @s (wrappers add theirs to those of
 *	what they wrap)
 * @suspend: the process is about to fork(2), and the child is to have the channel:
 *	stop what threads the channel has.  0, or a negative errno (-EOPNOTSUPP: it
 *	cannot be done).  NULL: there is nothing to stop
 * @resume: go on, in the child, or in the same process if nothing came of it; also
 *	without an earlier @suspend, and then does nothing
 * @close: release everything, the &struct libos_netio too
 *
 * Context: tx, rx and stats run inside the kernel layer with the token held, on
 * a kernel stack (4 KiB left), with an application's FS base and vector
 * registers: no libc, no TLS, no vector instructions, no blocking.  deadline_ns
 * is called by the thread that polls: no libc either.  The other ops run on an
 * ordinary thread.
 * Source: docs/netio.md.
 */
struct libos_netio_ops {
	const char *name;
	int	(*tx)(struct libos_netio *io, unsigned int queue,
		      struct libos_frame *const *frames, unsigned int n);
	int	(*rx)(struct libos_netio *io, unsigned int queue,
		      struct libos_frame *const *frames, unsigned int n);
	int	(*pollfds)(struct libos_netio *io, struct libos_pollfd *fds, int max);
	__u64	(*deadline_ns)(struct libos_netio *io);
	void	(*stats)(struct libos_netio *io, struct libos_netio_stats *s);
	void	(*close)(struct libos_netio *io);
	int	(*suspend)(struct libos_netio *io);
	int	(*resume)(struct libos_netio *io);
};

/**
 * struct libos_netio - one channel
 * @ops: its kind
 * @features: LIBOS_NETIO_*
 * @queues: pairs of rx and tx queues, at least 1
 * @max_mtu: largest MTU that the channel carries, bytes
 * @link_up: 1 while the channel is connected; the driver mirrors it as carrier
 * @tx_blocked: set by the driver while it waits for room to send: @tx has
 *	returned less than it was given.  The host watches POLLOUT then, and
 *	calls netdev_event() when there is room
 *
 * A backend embeds it as first member of its own struct.
 */
struct libos_netio {
	const struct libos_netio_ops *ops;
	__u32	features;
	__u32	queues;
	__u32	max_mtu;
	__u32	link_up;
	__u32	tx_blocked;
	__u32	pad;
};

#endif /* LIBOS_NETIO_H */
