/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io.h - the seam between ms-pktgen's traffic and what carries its frames
 *
 * A backend lends buffers and takes them back, in bursts. The modes write and
 * read whole Ethernet frames in them and do not know which backend they have;
 * a backend that has no Ethernet header (a plain socket) makes one up.
 *
 *	tx_get(n) -> fill -> tx_put(n)		rx_get(n) -> read
 *
 * Lent buffers are valid until the next call in the same direction, and no more
 * than PG_BURST_MAX are lent at a time.
 */
#ifndef PKTGEN_IO_H
#define PKTGEN_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "frame.h"

#define PG_BURST_MAX		256

/* A frame is at most one GSO super-packet with its headers. */
#define PG_FRAME_MAX		(65535 + 14)

struct pg_io;

/**
 * struct pg_buf - one frame in a backend's memory
 * @data: the frame
 * @len: bytes in the frame: set by the user on tx, by the backend on rx
 * @room: bytes that fit at @data
 * @gso_size: payload bytes of each packet that a super-packet divides into;
 *	0 when it is one packet
 * @csum_partial: tx: the device completes the checksum; rx: the sender's
 *	device would have, so the field in the frame is not to be checked
 */
struct pg_buf {
	uint8_t *data;
	uint32_t len;
	uint32_t room;
	uint16_t gso_size;
	bool csum_partial;
};

/**
 * struct pg_io_config - what a backend is opened with
 * @target: the -i option without its prefix: "valem:vp0", "eth1", "tap0", ""
 * @kind: the -k option: "tap" or "xdp"; NULL for the default
 * @local: this side: the tuples to receive and to send from
 * @remote: the other side; its family is 0 when not given
 * @protocol: IP protocol number
 * @frame_len: longest frame that the run sends, bytes
 * @offload: ask for checksum and segmentation offload
 */
struct pg_io_config {
	const char *target;
	const char *kind;
	struct pg_endpoint local;
	struct pg_endpoint remote;
	int protocol;
	size_t frame_len;
	bool offload;
};

/**
 * struct pg_io_ops - a backend
 *
 * Context: every call from the one thread that opened it; none but wait()
 * blocks.
 */
struct pg_io_ops {
	/** @prefix: how -i selects it, with the colon; "" matches what is left */
	const char *prefix;

	/**
	 * @open: get the channel ready to send and receive
	 *
	 * Return: 0 and @io, or a negative errno after one line on standard
	 * error that says what failed and what to do.
	 */
	int (*open)(struct pg_io **io, const struct pg_io_config *config);

	/** @close: give back everything that open() took */
	void (*close)(struct pg_io *io);

	/** @tx_get: borrow @n buffers */
	void (*tx_get)(struct pg_io *io, struct pg_buf *buf, unsigned int n);

	/**
	 * @tx_put: send the first @n of the buffers borrowed last
	 *
	 * Return: how many were taken by the channel, from the first; the rest
	 * were not sent. Negative errno when the channel has failed for good.
	 */
	int (*tx_put)(struct pg_io *io, struct pg_buf *buf, unsigned int n);

	/**
	 * @rx_get: borrow up to @n received frames
	 *
	 * Return: how many, 0 when none waits, negative errno when the channel
	 * has failed for good.
	 */
	int (*rx_get)(struct pg_io *io, struct pg_buf *buf, unsigned int n);

	/**
	 * @wait: sleep until a frame waits (or, with @tx, until room does)
	 * @timeout_ns: at most so long
	 */
	void (*wait)(struct pg_io *io, bool tx, int64_t timeout_ns);
};

/**
 * struct pg_io - what every backend has in common; each embeds it first
 * @ops: its table
 * @csum_offload: a frame may be sent with csum_partial
 * @gso: a frame may be longer than the MTU
 * @mac: source address of sent frames
 * @peer_mac: destination address, when @knows_peer
 * @tmpl: set by the user before the first tx_put(): where the headers end and
 *	the checksum lies
 */
struct pg_io {
	const struct pg_io_ops *ops;
	bool csum_offload;
	bool gso;
	uint8_t mac[6];
	uint8_t peer_mac[6];
	bool knows_peer;
	const struct pg_frame_template *tmpl;
};

extern const struct pg_io_ops pg_io_host;
extern const struct pg_io_ops pg_io_packet;
extern const struct pg_io_ops pg_io_tap;
extern const struct pg_io_ops pg_io_macvtap;
extern const struct pg_io_ops pg_io_multistack;

/**
 * pg_io_open() - choose the backend by the prefix of @name and open it
 * @name: the -i option
 * @config: the rest; its target is set here
 */
int pg_io_open(struct pg_io **io, const char *name,
	       struct pg_io_config *config);

/** pg_io_poll() - poll(2) one fd with a time limit in ns, for wait() */
void pg_io_poll(int fd, bool tx, int64_t timeout_ns);

#endif
