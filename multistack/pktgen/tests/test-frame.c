// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-frame.c - frames that are written can be read, and damaged ones cannot
 *
 * Checksums are held against a second implementation, the plainest there is,
 * and CRC32c against the check value of its definition (RFC 3720, B.4 uses the
 * same polynomial), so that writer and reader cannot be wrong together.
 */
#include "../frame.h"

#include <errno.h>
#include <string.h>

#include "tap.h"

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 2 };
static uint8_t frame[65550];

static const struct {
	const char *name;
	const char *src, *dst;
	int protocol;
	size_t hdr_len;
} cases[] = {
	{ "udp", "10.0.0.1:1", "10.0.0.2:2", IPPROTO_UDP, 42 },
	{ "udplite", "10.0.0.1:1", "10.0.0.2:2", IPPROTO_UDPLITE, 42 },
	{ "tcp", "10.0.0.1:1", "10.0.0.2:2", IPPROTO_TCP, 54 },
	{ "sctp", "10.0.0.1:1", "10.0.0.2:2", IPPROTO_SCTP, 62 },
	{ "dccp", "10.0.0.1:1", "10.0.0.2:2", IPPROTO_DCCP, 50 },
	{ "gre", "10.0.0.1", "10.0.0.2", 47, 34 },
	{ "udp6", "[fd00::1]:1", "[fd00::2]:2", IPPROTO_UDP, 62 },
	{ "udplite6", "[fd00::1]:1", "[fd00::2]:2", IPPROTO_UDPLITE, 62 },
	{ "tcp6", "[fd00::1]:1", "[fd00::2]:2", IPPROTO_TCP, 74 },
	{ "sctp6", "[fd00::1]:1", "[fd00::2]:2", IPPROTO_SCTP, 82 },
	{ "dccp6", "[fd00::1]:1", "[fd00::2]:2", IPPROTO_DCCP, 70 },
	{ "gre6", "fd00::1", "fd00::2", 47, 54 },
};

/* RFC 1071 word by word over pseudo header and packet: 0xffff when right. */
static unsigned int plain_sum(const uint8_t *addr, size_t addrs_len,
			      int protocol, const uint8_t *l4, size_t len)
{
	unsigned long sum = protocol + len;
	size_t i;

	for (i = 0; i < addrs_len; i += 2)
		sum += addr[i] << 8 | addr[i + 1];
	for (i = 0; i < len; i++)
		sum += i & 1 ? l4[i] : l4[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Bit by bit, to hold against the table. */
static uint32_t plain_crc32c(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;
	int i;

	for (; len; p++, len--) {
		crc ^= *p;
		for (i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

static size_t build(unsigned int c, size_t payload, enum pg_csum csum)
{
	struct pg_frame_template t;
	struct pg_endpoint src, dst;
	size_t i;

	pg_endpoint_parse(cases[c].src, &src);
	pg_endpoint_parse(cases[c].dst, &dst);
	pg_frame_template_init(&t, &src, &dst, cases[c].protocol, mac_a,
			       mac_b);
	for (i = 0; i < payload; i++)
		frame[t.hdr_len + i] = i * 31 + 7;
	pg_frame_write(&t, frame, t.hdr_len + payload, 0xabcd, 0x1234, 99,
		       csum);
	return t.hdr_len + payload;
}

static int independent_csum_ok(const struct pg_frame_view *v)
{
	uint8_t *l4 = frame + v->l4_off, crc[4];
	uint32_t want;
	int good;

	if (v->protocol == IPPROTO_SCTP) {
		memcpy(crc, l4 + 8, 4);
		memset(l4 + 8, 0, 4);
		want = plain_crc32c(l4, v->l4_len);
		memcpy(l4 + 8, crc, 4);
		good = crc[0] == (want & 255) && crc[3] == want >> 24;
		return good;
	}
	if (v->protocol == 47)
		return 1;
	return plain_sum(v->saddr, v->family == AF_INET6 ? 32 : 8,
			 v->protocol, l4, v->l4_len) == 0xffff;
}

static void round_trip(unsigned int c, size_t payload)
{
	size_t len = build(c, payload, PG_CSUM_FULL);
	struct pg_frame_view v = { 0 };
	int ports = pg_protocol_has_ports(cases[c].protocol);
	int err = pg_frame_parse(frame, len, &v);

	ok(!err && len == cases[c].hdr_len + payload &&
	   v.protocol == cases[c].protocol && v.payload_len == payload &&
	   v.payload == frame + cases[c].hdr_len &&
	   v.sport == (ports ? 0xabcd : 0) && v.dport == (ports ? 0x1234 : 0),
	   "%s with %zu bytes is read as written", cases[c].name, payload);
	ok(!err && independent_csum_ok(&v) && pg_frame_csum_ok(frame, &v),
	   "%s with %zu bytes: checksum", cases[c].name, payload);
}

static void damage(unsigned int c)
{
	struct pg_frame_view v;
	size_t len, i, missed = 0;

	if (cases[c].protocol == 47)
		return;
	len = build(c, 101, PG_CSUM_FULL);
	for (i = cases[c].hdr_len - 8; i < len; i++) {
		frame[i] ^= 0x10;
		if (!pg_frame_parse(frame, len, &v) &&
		    pg_frame_csum_ok(frame, &v))
			missed++;
		frame[i] ^= 0x10;
	}
	ok(!missed, "%s: each damaged byte is noticed", cases[c].name);
}

/* Every shorter length must be refused, and read no byte beyond it. */
static void truncated(unsigned int c)
{
	size_t len = build(c, 20, PG_CSUM_FULL), i, taken = 0;
	struct pg_frame_view v;

	for (i = 0; i < len; i++)
		if (!pg_frame_parse(frame, i, &v))
			taken++;
	ok(!taken, "%s: no truncated frame is taken", cases[c].name);
}

static void malformed(void)
{
	struct pg_frame_view v;
	size_t len = build(0, 20, PG_CSUM_FULL);

	frame[14] = 0x44;
	ok(pg_frame_parse(frame, len, &v) == -EINVAL, "IHL of 16 bytes");
	build(0, 20, PG_CSUM_FULL);
	frame[14] = 0x4f;
	ok(pg_frame_parse(frame, len, &v) == -EINVAL,
	   "IHL of 60 bytes beyond the total length");
	build(0, 20, PG_CSUM_FULL);
	frame[20] = 0x20;
	ok(pg_frame_parse(frame, len, &v) == -EPROTONOSUPPORT, "a fragment");
	build(0, 20, PG_CSUM_FULL);
	frame[12] = 0x81;
	ok(pg_frame_parse(frame, len, &v) == -EPROTONOSUPPORT, "a VLAN tag");
	len = build(2, 20, PG_CSUM_FULL);
	frame[14 + 20 + 12] = 0xf0;
	ok(pg_frame_parse(frame, len, &v) == -EINVAL,
	   "a TCP header longer than the packet");
}

static void partial(void)
{
	size_t len = build(0, 33, PG_CSUM_PARTIAL);
	struct pg_frame_view v;
	unsigned int sum;

	/* what a device does: sum from the transport header on, write it */
	pg_frame_parse(frame, len, &v);
	sum = plain_sum(NULL, 0, -(int)v.l4_len, frame + v.l4_off, v.l4_len);
	sum = ~sum & 0xffff;
	frame[v.l4_off + 6] = sum >> 8;
	frame[v.l4_off + 7] = sum;
	ok(pg_frame_csum_ok(frame, &v) && independent_csum_ok(&v),
	   "a partial checksum is right once a device has finished it");
}

int main(void)
{
	static const size_t payloads[] = { 0, 1, 18, 63, 1000, 1447, 65000 };
	unsigned int c, i;

	tap_start();
	ok(plain_crc32c((const uint8_t *)"123456789", 9) == 0xe3069283,
	   "CRC32c check value");
	for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
			round_trip(c, payloads[i]);
		damage(c);
		truncated(c);
	}
	malformed();
	partial();
	return tap_done();
}
