/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - Ethernet frames with IPv4 or IPv6 and one transport header
 */
#ifndef PKTGEN_FRAME_H
#define PKTGEN_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define PG_FRAME_HDR_MAX	(14 + 40 + 28)

enum pg_csum {
	PG_CSUM_FULL,		/* the transport checksum is computed here */
	PG_CSUM_PARTIAL,	/* its pseudo header only; the device adds the rest */
};

/**
 * struct pg_frame_template - the headers that all frames of a run share
 * @hdr: Ethernet, IP and transport header, lengths and checksums still zero
 * @hdr_len: bytes in @hdr; the payload follows
 * @l4_off: where the transport header begins
 * @csum_off: where the transport checksum lies after @l4_off; 0 for none
 * @pseudo: sum of the pseudo header, without its length
 */
struct pg_frame_template {
	uint8_t hdr[PG_FRAME_HDR_MAX];
	size_t hdr_len;
	size_t l4_off;
	size_t csum_off;
	uint64_t pseudo;
	int family;
	int protocol;
};

/**
 * struct pg_frame_view - where the parts of a received frame are
 * @saddr: source address, in the frame
 * @daddr: destination address, in the frame
 * @sport: host byte order; 0 for a protocol without ports
 * @dport: likewise
 * @l4_off: where the transport header begins
 * @l4_len: bytes from there to the end of the IP packet
 * @payload: first byte after the transport header, in the frame
 */
struct pg_frame_view {
	int family;
	int protocol;
	const uint8_t *saddr;
	const uint8_t *daddr;
	uint16_t sport;
	uint16_t dport;
	size_t l4_off;
	size_t l4_len;
	const uint8_t *payload;
	size_t payload_len;
};

/**
 * pg_frame_template_init() - fix what does not change from frame to frame
 * @t: filled
 * @src: source address; its ports come with each frame
 * @dst: destination address, of the same family
 * @protocol: IP protocol number
 * @src_mac: 6 bytes
 * @dst_mac: 6 bytes
 */
void pg_frame_template_init(struct pg_frame_template *t,
			    const struct pg_endpoint *src,
			    const struct pg_endpoint *dst, int protocol,
			    const uint8_t *src_mac, const uint8_t *dst_mac);

/**
 * pg_frame_write() - write the headers in front of a payload
 * @t: the run's template
 * @frame: @len bytes; the payload lies at @t->hdr_len already
 * @len: @t->hdr_len … PG_PAYLOAD_MAX bytes
 * @sport: host byte order; ignored without ports
 * @dport: likewise
 * @seq: becomes TCP's, SCTP's and DCCP's sequence number
 * @csum: who computes the checksum; SCTP's CRC is always complete
 */
void pg_frame_write(const struct pg_frame_template *t, uint8_t *frame,
		    size_t len, uint16_t sport, uint16_t dport, uint32_t seq,
		    enum pg_csum csum);

/**
 * pg_frame_parse() - find the parts of a received frame
 * @frame: as it came
 * @len: any number
 * @view: filled on success; points into @frame
 *
 * Return: 0; -EPROTONOSUPPORT when it is not an unfragmented IPv4 or IPv6
 * packet without extension headers; -EINVAL when a length in it is wrong.
 */
int pg_frame_parse(const uint8_t *frame, size_t len,
		   struct pg_frame_view *view);

/** pg_frame_csum_ok() - is the transport checksum of a parsed frame right? */
int pg_frame_csum_ok(const uint8_t *frame, const struct pg_frame_view *view);

#endif
