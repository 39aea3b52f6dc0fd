/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the bytes of an IP packet to the tuples in it.
 *
 * One source, three users: the eBPF programs, the fuzzer and the tests.  Who
 * includes this defines MS_LOAD(ctx, off, to, len), which copies len bytes at
 * off and returns 0, or non-zero if the packet has not that many, and
 * MS_INLINE.
 *
 * Rules: every byte is asked for before it is looked at; the IP header's own
 * lengths bound what is looked at, not the frame's, so that padding is never
 * read as a header; nothing of a later fragment is read as ports.  A verdict
 * other than 0 says why the packet has no tuple; what that means (to the host
 * when received, dropped when sent) is the caller's.
 *
 * IPv6 extension headers are walked for at most MS_EXTHDR_MAX steps.
 * Hop-by-hop, routing, destination options and fragment headers are known;
 * everything else that RFC 7045 calls an extension header (AH, ESP, mobility,
 * HIP, shim6, the experiments) is MS_R_EXTHDR.
 */
#ifndef MULTISTACK_PARSE_H
#define MULTISTACK_PARSE_H

#include <linux/types.h>
#include "multistack_reason.h"

#define MS_EXTHDR_MAX	8

#define MS_ETH_HLEN	14

enum ms_frag {
	MS_FRAG_NONE,
	MS_FRAG_FIRST,		/* offset 0, more to come: has ports */
	MS_FRAG_LATER,		/* offset > 0: no ports */
};

/**
 * struct ms_pkt - what was found
 * @saddr: source; IPv4 in the first 4 bytes, the others 0
 * @daddr: destination
 * @frag_id: of fragments; IPv4's is zero-extended
 * @sport: network byte order; 0 if the protocol has no ports, or in a later
 *	fragment
 * @dport: the same
 * @l4: offset of the transport header
 * @end: offset of the end of the IP packet
 * @proto: transport protocol
 * @family: 4 or 6
 * @frag: enum ms_frag
 * @icmp_err: an ICMP error; the packet that it is about starts at @l4 + 8
 * @icmp_type: with @icmp_err, and for any other ICMP
 */
struct ms_pkt {
	__u8 saddr[16];
	__u8 daddr[16];
	__u32 frag_id;
	__be16 sport;
	__be16 dport;
	__u32 l4;
	__u32 end;
	__u8 proto;
	__u8 family;
	__u8 frag;
	__u8 icmp_err;
	__u8 icmp_type;
	__u8 pad[3];
};

#define MS_PROTO_ICMP		1
#define MS_PROTO_TCP		6
#define MS_PROTO_UDP		17
#define MS_PROTO_DCCP		33
#define MS_PROTO_ICMP6		58
#define MS_PROTO_SCTP		132
#define MS_PROTO_UDPLITE	136

/* Whether the first four bytes of the protocol's header are its ports. */
static MS_INLINE int ms_has_ports(__u8 proto)
{
	return proto == MS_PROTO_TCP || proto == MS_PROTO_UDP ||
	       proto == MS_PROTO_UDPLITE || proto == MS_PROTO_SCTP ||
	       proto == MS_PROTO_DCCP;
}

/* Least length of the transport header. */
static MS_INLINE __u32 ms_l4_min(__u8 proto)
{
	switch (proto) {
	case MS_PROTO_TCP:
		return 20;
	case MS_PROTO_UDP:
	case MS_PROTO_UDPLITE:
	case MS_PROTO_ICMP:
		return 8;
	case MS_PROTO_ICMP6:
		return 8;
	case MS_PROTO_SCTP:
	case MS_PROTO_DCCP:
		return 12;
	}
	return 0;
}

static MS_INLINE __u32 ms_get16(const __u8 *b)
{
	return (__u32)b[0] << 8 | b[1];
}

static MS_INLINE int ms_icmp_is_error(__u8 family, __u8 type)
{
	if (family == 6)	/* RFC 4443, 2.1: errors are 0 ... 127 */
		return type >= 1 && type <= 4;
	return type == 3 || type == 11 || type == 12;
}

/*
 * The transport header at p->l4.  @quoted: the packet is the excerpt in an
 * ICMP error, which may end after 8 bytes of the transport header.
 */
static MS_INLINE int ms_parse_l4(void *ctx, struct ms_pkt *p, int quoted)
{
	__u32 have = p->end - p->l4;
	__u32 need;
	__u8 b[4];

	if (p->frag == MS_FRAG_LATER)
		return 0;

	need = ms_l4_min(p->proto);
	if (quoted && need > 8)
		need = 8;
	if (p->frag == MS_FRAG_FIRST && need > 8)
		need = 8;
	if (!need)
		return 0;
	if (have < need)
		return MS_R_SHORT;
	if (MS_LOAD(ctx, p->l4, b, 4))
		return MS_R_SHORT;

	if (ms_has_ports(p->proto)) {
		__builtin_memcpy(&p->sport, b, 2);
		__builtin_memcpy(&p->dport, b + 2, 2);
		return 0;
	}
	if ((p->family == 4 && p->proto == MS_PROTO_ICMP) ||
	    (p->family == 6 && p->proto == MS_PROTO_ICMP6)) {
		p->icmp_type = b[0];
		p->icmp_err = ms_icmp_is_error(p->family, b[0]);
	}
	return 0;
}

/*
 * An IPv4 header at @off; @len: end of the frame; @gso: a super-packet, whose
 * total length may be 0 if it is longer than 65535 bytes.
 */
static MS_INLINE int ms_parse_v4(void *ctx, __u32 off, __u32 len, int gso,
				 int quoted, struct ms_pkt *p)
{
	__u32 hlen, total, fo;
	__u8 h[20];

	if (off + 20 > len || MS_LOAD(ctx, off, h, 20))
		return MS_R_SHORT;
	if (h[0] >> 4 != 4)
		return MS_R_MALFORMED;
	hlen = (h[0] & 15) * 4;
	total = ms_get16(h + 2);
	if (!total && gso)
		total = len - off;
	if (hlen < 20 || total < hlen)
		return MS_R_MALFORMED;
	if (off + hlen > len)
		return MS_R_SHORT;
	if (off + total > len) {
		if (!quoted)
			return MS_R_SHORT;
		total = len - off;
	}

	p->family = 4;
	__builtin_memcpy(p->saddr, h + 12, 4);
	__builtin_memcpy(p->daddr, h + 16, 4);
	p->proto = h[9];
	p->l4 = off + hlen;
	p->end = off + total;
	fo = ms_get16(h + 6);
	if (fo & 0x3fff) {
		p->frag_id = ms_get16(h + 4);
		p->frag = fo & 0x1fff ? MS_FRAG_LATER : MS_FRAG_FIRST;
	}
	return ms_parse_l4(ctx, p, quoted);
}

static MS_INLINE int ms_parse_v6(void *ctx, __u32 off, __u32 len, int gso,
				 int quoted, struct ms_pkt *p)
{
	__u32 total, fo;
	__u8 h[40], next;
	int i;

	if (off + 40 > len || MS_LOAD(ctx, off, h, 40))
		return MS_R_SHORT;
	if (h[0] >> 4 != 6)
		return MS_R_MALFORMED;
	total = ms_get16(h + 4) + 40;
	if (total == 40 && gso)
		total = len - off;
	if (off + total > len) {
		if (!quoted)
			return MS_R_SHORT;
		total = len - off;
	}

	p->family = 6;
	__builtin_memcpy(p->saddr, h + 8, 16);
	__builtin_memcpy(p->daddr, h + 24, 16);
	p->l4 = off + 40;
	p->end = off + total;
	next = h[6];

	for (i = 0; i < MS_EXTHDR_MAX; i++) {
		__u32 hlen = 8;

		switch (next) {
		case 0:		/* hop-by-hop, first only (RFC 8200, 4.1) */
			if (i)
				return MS_R_EXTHDR;
			break;
		case 43:	/* routing */
		case 60:	/* destination options */
		case 44:	/* fragment */
			break;
		case 50:	/* ESP */
		case 51:	/* AH */
		case 59:	/* no next header */
		case 135:	/* mobility */
		case 139:	/* HIP */
		case 140:	/* shim6 */
		case 253:
		case 254:
			return MS_R_EXTHDR;
		default:
			p->proto = next;
			return ms_parse_l4(ctx, p, quoted);
		}
		if (p->l4 + 8 > p->end)
			return MS_R_SHORT;
		if (MS_LOAD(ctx, p->l4, h, 8))
			return MS_R_SHORT;
		if (next == 44) {
			if (p->frag)		/* a fragment of a fragment */
				return MS_R_EXTHDR;
			fo = ms_get16(h + 2);
			p->frag_id = ms_get16(h + 4) << 16 | ms_get16(h + 6);
			if (fo & 0xfff8) {
				p->frag = MS_FRAG_LATER;
				/*
				 * What follows is payload.  The first
				 * fragment's "next" may name a further
				 * header, so this one is only a part of the
				 * key and not yet the protocol.
				 */
				p->proto = h[0];
				p->l4 += 8;
				return 0;
			}
			if (fo & 1)
				p->frag = MS_FRAG_FIRST;
		} else {
			hlen = ((__u32)h[1] + 1) * 8;
			if (p->l4 + hlen > p->end)
				return MS_R_SHORT;
		}
		next = h[0];
		p->l4 += hlen;
	}
	return MS_R_EXTHDR;
}

/**
 * ms_parse() - take an IP packet apart
 * @ctx: for MS_LOAD
 * @ethertype: 0x0800 or 0x86dd, host byte order
 * @off: offset of the IP header
 * @len: offset of the frame's end
 * @gso: whether it is a super-packet
 * @p: filled in; must be zeroed by the caller
 *
 * Return: 0 or enum ms_reason
 */
static MS_INLINE int ms_parse(void *ctx, __u32 ethertype, __u32 off, __u32 len,
			      int gso, struct ms_pkt *p)
{
	if (ethertype == 0x0800)
		return ms_parse_v4(ctx, off, len, gso, 0, p);
	if (ethertype == 0x86dd)
		return ms_parse_v6(ctx, off, len, gso, 0, p);
	return MS_R_NOT_IP;
}

/**
 * ms_parse_quoted() - the packet that an ICMP error is about
 * @ctx: for MS_LOAD
 * @outer: the ICMP error
 * @p: filled in; must be zeroed by the caller
 *
 * Return: 0 or enum ms_reason
 */
static MS_INLINE int ms_parse_quoted(void *ctx, const struct ms_pkt *outer,
				     struct ms_pkt *p)
{
	__u32 off = outer->l4 + 8;

	if (off >= outer->end)
		return MS_R_SHORT;
	if (outer->family == 4)
		return ms_parse_v4(ctx, off, outer->end, 0, 1, p);
	return ms_parse_v6(ctx, off, outer->end, 0, 1, p);
}

#endif /* MULTISTACK_PARSE_H */
