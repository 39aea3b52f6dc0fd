// SPDX-License-Identifier: GPL-2.0-only
/* The parser's oracle; see oracle.h. */
#include <string.h>

#include "multistack_reason.h"
#include "oracle.h"

/* How much of a transport header must be there, by protocol number. */
static const struct {
	int proto;
	size_t whole;
	int ports;
} transports[] = {
	{ 1, 8, 0 }, { 58, 8, 0 }, { 6, 20, 1 }, { 17, 8, 1 }, { 136, 8, 1 },
	{ 132, 12, 1 }, { 33, 12, 1 },
};

static unsigned int be16(const uint8_t *p)
{
	return p[0] * 256u + p[1];
}

static void transport(const uint8_t *frame, struct oracle *o, int quoted)
{
	const uint8_t *h = frame + o->l4;
	size_t have = o->end - o->l4, need = 0, i;

	if (o->frag == 2)
		return;
	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (transports[i].proto != o->proto)
			continue;
		need = transports[i].whole;
		/* RFC 792 quotes 8 bytes; a first fragment has at least 8 */
		if ((quoted || o->frag == 1) && need > 8)
			need = 8;
		if (have < need) {
			o->verdict = MS_R_SHORT;
			return;
		}
		if (transports[i].ports) {
			o->has_ports = 1;
			o->sport = be16(h);
			o->dport = be16(h + 2);
		}
	}
	if (o->family == 4 && o->proto == 1)
		o->icmp_err = h[0] == 3 || h[0] == 11 || h[0] == 12;
	if (o->family == 6 && o->proto == 58)
		o->icmp_err = h[0] == 1 || h[0] == 2 || h[0] == 3 || h[0] == 4;
}

static void v4(const uint8_t *frame, size_t len, size_t off, int gso, int quoted,
	       struct oracle *o)
{
	const uint8_t *h = frame + off;
	size_t room = len - off, ihl, total;
	unsigned int flags, offset;

	if (len < off || room < 20) {
		o->verdict = MS_R_SHORT;
		return;
	}
	if ((h[0] & 0xf0) != 0x40) {
		o->verdict = MS_R_MALFORMED;
		return;
	}
	ihl = (h[0] & 0x0f) << 2;
	total = be16(h + 2);
	if (gso && total == 0)
		total = room;
	if (ihl < 20 || ihl > total) {
		o->verdict = MS_R_MALFORMED;
		return;
	}
	if (ihl > room || (total > room && !quoted)) {
		o->verdict = MS_R_SHORT;
		return;
	}
	if (total > room)
		total = room;
	o->family = 4;
	memcpy(o->src, &h[12], 4);
	memcpy(o->dst, &h[16], 4);
	o->proto = h[9];
	flags = h[6] >> 5;
	offset = be16(h + 6) % 8192;
	if (offset)
		o->frag = 2;
	else if (flags & 1)
		o->frag = 1;
	if (o->frag)
		o->frag_id = be16(h + 4);
	o->l4 = off + ihl;
	o->end = off + total;
	transport(frame, o, quoted);
}

/* What RFC 7045 and RFC 8200 have to say of a Next Header value. */
static char kind(int next)
{
	switch (next) {
	case 0:
		return 'h';
	case 43: case 60:
		return 'o';
	case 44:
		return 'f';
	case 50: case 51: case 59: case 135: case 139: case 140: case 253: case 254:
		return 'x';
	}
	return 't';
}

static void v6(const uint8_t *frame, size_t len, size_t off, int gso, int quoted,
	       struct oracle *o)
{
	const uint8_t *h = frame + off;
	int next, steps = 0, frags = 0;
	size_t at, total;

	if (len < off + 40) {
		o->verdict = MS_R_SHORT;
		return;
	}
	if (h[0] / 16 != 6) {
		o->verdict = MS_R_MALFORMED;
		return;
	}
	total = 40 + be16(h + 4);
	if (gso && total == 40)
		total = len - off;
	if (total > len - off) {
		if (!quoted) {
			o->verdict = MS_R_SHORT;
			return;
		}
		total = len - off;
	}
	o->family = 6;
	memcpy(o->src, h + 8, 16);
	memcpy(o->dst, h + 24, 16);
	o->end = off + total;
	at = off + 40;
	next = h[6];
	while (kind(next) != 't') {
		const uint8_t *e = frame + at;

		/* the ninth header is not looked at, nor is what follows it */
		if (kind(next) == 'x' || steps == 8 || (kind(next) == 'h' && steps)) {
			o->verdict = MS_R_EXTHDR;
			return;
		}
		if (at + 8 > o->end) {
			o->verdict = MS_R_SHORT;
			return;
		}
		if (kind(next) == 'f') {
			unsigned int off13 = be16(e + 2) >> 3;

			if (frags) {
				o->verdict = MS_R_EXTHDR;
				return;
			}
			o->frag_id = be16(e + 4) * 65536u + be16(e + 6);
			if (off13) {
				o->frag = 2;
				o->proto = e[0];
				o->l4 = at + 8;
				return;
			}
			if (e[3] & 1) {
				o->frag = 1;
				frags = 1;
			}
			at += 8;
		} else {
			size_t hl = e[1] * 8 + 8;

			if (at + hl > o->end) {
				o->verdict = MS_R_SHORT;
				return;
			}
			at += hl;
		}
		next = e[0];
		steps++;
	}
	/* the parser's walk gives up after eight headers, transport included or not */
	if (steps == 8) {
		o->verdict = MS_R_EXTHDR;
		return;
	}
	o->proto = next;
	o->l4 = at;
	transport(frame, o, quoted);
}

void oracle_parse(const uint8_t *frame, size_t len, size_t off, int ethertype, int gso,
		  int quoted, struct oracle *o)
{
	memset(o, 0, sizeof(*o));
	if (ethertype == 0x0800)
		v4(frame, len, off, gso, quoted, o);
	else if (ethertype == 0x86dd)
		v6(frame, len, off, gso, quoted, o);
	else
		o->verdict = MS_R_NOT_IP;
}
