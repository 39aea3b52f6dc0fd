// SPDX-License-Identifier: GPL-2.0-only
/*
 * frame.c - writing and reading of test frames
 *
 * A frame is Ethernet, IPv4 (RFC 791) or IPv6 (RFC 8200) without options, and
 * the smallest legal header of its transport:
 *
 *	UDP, UDP-Lite	8 bytes		(RFC 768, RFC 3828: full coverage)
 *	TCP		20 bytes	(RFC 9293: ACK and PSH)
 *	SCTP		12 + 16 bytes	(RFC 9260: one DATA chunk)
 *	DCCP		16 bytes	(RFC 4340: Data, 48-bit sequence numbers)
 *	any other	none
 *
 * Sums are kept as host-order words of the packet's memory, since the Internet
 * checksum does not depend on byte order (RFC 1071, section 2).
 */
#include "frame.h"

#include <errno.h>
#include <string.h>

#define ETH_LEN		14
#define IPV4_LEN	20
#define IPV6_LEN	40
#define SCTP_LEN	(12 + 16)
#define DCCP_LEN	16
#define DCCP_DATA	2

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint64_t sum_add(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

static uint64_t sum_bytes(uint64_t sum, const uint8_t *p, size_t len)
{
	uint64_t w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		sum = sum_add(sum, w);
	}
	w = 0;
	memcpy(&w, p, len);
	return sum_add(sum, w);
}

static uint16_t sum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

/* One big-endian 16-bit word as it lies in memory. */
static uint64_t word(uint16_t v)
{
	uint8_t b[2];
	uint16_t w;

	put16(b, v);
	memcpy(&w, b, 2);
	return w;
}

/* CRC32c (RFC 9260, appendix A), reflected, four bits at a time. */
static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};

	for (; len; p++, len--) {
		crc ^= *p;
		crc = nibble[crc & 15] ^ (crc >> 4);
		crc = nibble[crc & 15] ^ (crc >> 4);
	}
	return crc;
}

/* The CRC of an SCTP packet, its own field (bytes 8 to 11) taken as zero. */
static uint32_t sctp_crc(const uint8_t *l4, size_t len)
{
	static const uint8_t zero[4];
	uint32_t crc = ~0u;

	crc = crc32c(crc, l4, 8);
	crc = crc32c(crc, zero, 4);
	return ~crc32c(crc, l4 + 12, len - 12);
}

static size_t transport_len(int protocol)
{
	switch (protocol) {
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return 8;
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_SCTP:
		return SCTP_LEN;
	case IPPROTO_DCCP:
		return DCCP_LEN;
	}
	return 0;
}

static size_t csum_offset(int protocol)
{
	switch (protocol) {
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return 6;
	case IPPROTO_TCP:
		return 16;
	}
	return 0;
}

static uint64_t pseudo_sum(const uint8_t *saddr, const uint8_t *daddr,
			   size_t addr_len, int protocol)
{
	uint64_t sum = word(protocol);

	sum = sum_bytes(sum, saddr, addr_len);
	return sum_bytes(sum, daddr, addr_len);
}

void pg_frame_template_init(struct pg_frame_template *t,
			    const struct pg_endpoint *src,
			    const struct pg_endpoint *dst, int protocol,
			    const uint8_t *src_mac, const uint8_t *dst_mac)
{
	size_t addr_len = pg_endpoint_addr_len(src);
	uint8_t *ip = t->hdr + ETH_LEN, *l4;

	memset(t, 0, sizeof(*t));
	t->family = src->family;
	t->protocol = protocol;
	t->csum_off = csum_offset(protocol);
	t->pseudo = pseudo_sum(src->addr, dst->addr, addr_len, protocol);

	memcpy(t->hdr, dst_mac, 6);
	memcpy(t->hdr + 6, src_mac, 6);
	if (t->family == AF_INET6) {
		put16(t->hdr + 12, 0x86dd);
		t->l4_off = ETH_LEN + IPV6_LEN;
		ip[0] = 0x60;
		ip[6] = protocol;
		ip[7] = 64;
		memcpy(ip + 8, src->addr, 16);
		memcpy(ip + 24, dst->addr, 16);
	} else {
		put16(t->hdr + 12, 0x0800);
		t->l4_off = ETH_LEN + IPV4_LEN;
		ip[0] = 0x45;
		ip[6] = 0x40;	/* don't fragment */
		ip[8] = 64;
		ip[9] = protocol;
		memcpy(ip + 12, src->addr, 4);
		memcpy(ip + 16, dst->addr, 4);
	}

	l4 = t->hdr + t->l4_off;
	switch (protocol) {
	case IPPROTO_TCP:
		l4[12] = 20 / 4 << 4;
		l4[13] = 0x18;		/* ACK, PSH */
		put16(l4 + 14, 65535);
		break;
	case IPPROTO_SCTP:
		l4[12 + 1] = 0x07;	/* unordered, first and last fragment */
		break;
	case IPPROTO_DCCP:
		l4[4] = DCCP_LEN / 4;
		l4[8] = DCCP_DATA << 1 | 1;
		break;
	}
	t->hdr_len = t->l4_off + transport_len(protocol);
}

static void write_ip(const struct pg_frame_template *t, uint8_t *ip,
		     size_t ip_len)
{
	uint16_t sum;

	if (t->family == AF_INET6) {
		put16(ip + 4, ip_len - IPV6_LEN);
		return;
	}
	put16(ip + 2, ip_len);
	sum = ~sum_fold(sum_bytes(0, ip, IPV4_LEN));
	memcpy(ip + 10, &sum, 2);
}

static void write_csum(const struct pg_frame_template *t, uint8_t *l4,
		       size_t l4_len, enum pg_csum csum)
{
	uint64_t sum = sum_add(t->pseudo, word(l4_len));
	uint16_t v;

	if (csum == PG_CSUM_PARTIAL) {
		v = sum_fold(sum);
	} else {
		v = ~sum_fold(sum_bytes(sum, l4, l4_len));
		if (!v && t->protocol != IPPROTO_TCP)
			v = 0xffff;	/* 0 means "none" in UDP */
	}
	memcpy(l4 + t->csum_off, &v, 2);
}

void pg_frame_write(const struct pg_frame_template *t, uint8_t *frame,
		    size_t len, uint16_t sport, uint16_t dport, uint32_t seq,
		    enum pg_csum csum)
{
	uint8_t *l4 = frame + t->l4_off;
	size_t l4_len = len - t->l4_off;
	uint32_t crc;

	memcpy(frame, t->hdr, t->hdr_len);
	write_ip(t, frame + ETH_LEN, len - ETH_LEN);
	if (pg_protocol_has_ports(t->protocol)) {
		put16(l4, sport);
		put16(l4 + 2, dport);
	}
	switch (t->protocol) {
	case IPPROTO_UDP:
		put16(l4 + 4, l4_len);
		break;
	case IPPROTO_TCP:
		put32(l4 + 4, seq);
		break;
	case IPPROTO_DCCP:
		put32(l4 + 12, seq);
		break;
	case IPPROTO_SCTP:
		put16(l4 + 12 + 2, l4_len - 12);
		put32(l4 + 12 + 4, seq);
		crc = sctp_crc(l4, l4_len);
		l4[8] = crc;
		l4[9] = crc >> 8;
		l4[10] = crc >> 16;
		l4[11] = crc >> 24;
		break;
	}
	if (t->csum_off)
		write_csum(t, l4, l4_len, csum);
}

static int parse_ipv4(const uint8_t *ip, size_t len, struct pg_frame_view *v)
{
	size_t hlen, total;

	if (len < IPV4_LEN)
		return -EINVAL;
	hlen = (ip[0] & 15) * 4;
	total = get16(ip + 2);
	if (ip[0] >> 4 != 4 || hlen < IPV4_LEN || total < hlen || total > len)
		return -EINVAL;
	if (get16(ip + 6) & 0x3fff)
		return -EPROTONOSUPPORT;
	v->family = AF_INET;
	v->protocol = ip[9];
	v->saddr = ip + 12;
	v->daddr = ip + 16;
	v->l4_off = ETH_LEN + hlen;
	v->l4_len = total - hlen;
	return 0;
}

static int parse_ipv6(const uint8_t *ip, size_t len, struct pg_frame_view *v)
{
	if (len < IPV6_LEN || ip[0] >> 4 != 6 ||
	    get16(ip + 4) > len - IPV6_LEN)
		return -EINVAL;
	v->family = AF_INET6;
	v->protocol = ip[6];
	v->saddr = ip + 8;
	v->daddr = ip + 24;
	v->l4_off = ETH_LEN + IPV6_LEN;
	v->l4_len = get16(ip + 4);
	return 0;
}

/* Bytes in the transport header of a received packet, or -EINVAL. */
static int parse_transport(const uint8_t *l4, size_t len, int protocol)
{
	size_t min = transport_len(protocol), hlen = min;

	if (len < min)
		return -EINVAL;
	if (protocol == IPPROTO_TCP)
		hlen = (l4[12] >> 4) * 4;
	else if (protocol == IPPROTO_DCCP)
		hlen = l4[4] * 4;
	return hlen < min || hlen > len ? -EINVAL : (int)hlen;
}

int pg_frame_parse(const uint8_t *frame, size_t len, struct pg_frame_view *v)
{
	const uint8_t *l4;
	int err;

	if (len < ETH_LEN)
		return -EINVAL;
	switch (get16(frame + 12)) {
	case 0x0800:
		err = parse_ipv4(frame + ETH_LEN, len - ETH_LEN, v);
		break;
	case 0x86dd:
		err = parse_ipv6(frame + ETH_LEN, len - ETH_LEN, v);
		break;
	default:
		return -EPROTONOSUPPORT;
	}
	if (err < 0)
		return err;

	l4 = frame + v->l4_off;
	err = parse_transport(l4, v->l4_len, v->protocol);
	if (err < 0)
		return err;
	v->payload = l4 + err;
	v->payload_len = v->l4_len - err;
	v->sport = 0;
	v->dport = 0;
	if (pg_protocol_has_ports(v->protocol)) {
		v->sport = get16(l4);
		v->dport = get16(l4 + 2);
	}
	return 0;
}

int pg_frame_csum_ok(const uint8_t *frame, const struct pg_frame_view *v)
{
	size_t addr_len = v->family == AF_INET6 ? 16 : 4;
	const uint8_t *l4 = frame + v->l4_off;
	uint64_t sum;

	if (v->protocol == IPPROTO_SCTP)
		return sctp_crc(l4, v->l4_len) ==
		       (l4[8] | l4[9] << 8 | l4[10] << 16 |
			(uint32_t)l4[11] << 24);
	if (!csum_offset(v->protocol))
		return 1;
	if (v->protocol == IPPROTO_UDP && !get16(l4 + 6))
		return v->family == AF_INET;
	sum = pseudo_sum(v->saddr, v->daddr, addr_len, v->protocol);
	sum = sum_add(sum, word(v->l4_len));
	return sum_fold(sum_bytes(sum, l4, v->l4_len)) == 0xffff;
}
