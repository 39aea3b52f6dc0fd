// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser under libFuzzer and ASan, against the oracle.
 *
 * Input: one byte of options, then an Ethernet frame.  Bit 0 of the options: a
 * super-packet.  The frame is copied into a block of exactly its size, so that
 * a read beyond it is seen; MS_LOAD also traps on reads beyond.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

struct buf {
	const uint8_t *data;
	size_t len;
};

static int load(void *ctx, uint32_t off, void *to, uint32_t len)
{
	struct buf *b = ctx;

	if (off > b->len || len > b->len - off)
		return -1;
	memcpy(to, b->data + off, len);
	return 0;
}

#define MS_INLINE inline
#define MS_LOAD(ctx, off, to, len) load(ctx, off, to, len)
#include "parse.h"

static void differ(const char *what, long got, long want)
{
	fprintf(stderr, "%s: the parser says %ld, the oracle %ld\n", what, got, want);
	abort();
}

#define SAME(what, a, b) do { \
	if ((long)(a) != (long)(b)) \
		differ(what, (long)(a), (long)(b)); \
} while (0)

static void compare(int verdict, const struct ms_pkt *p, const struct oracle *o)
{
	SAME("verdict", verdict, o->verdict);
	if (verdict)
		return;
	SAME("family", p->family, o->family);
	SAME("protocol", p->proto, o->proto);
	SAME("fragment", p->frag, o->frag);
	if (o->frag)
		SAME("fragment id", p->frag_id, o->frag_id);
	SAME("ICMP error", p->icmp_err, o->icmp_err);
	SAME("sport", p->sport, __builtin_bswap16(o->has_ports ? o->sport : 0));
	SAME("dport", p->dport, __builtin_bswap16(o->has_ports ? o->dport : 0));
	SAME("source", memcmp(p->saddr, o->src, 16), 0);
	SAME("destination", memcmp(p->daddr, o->dst, 16), 0);
	SAME("transport's offset", p->l4, o->l4);
	SAME("packet's end", p->end, o->end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_pkt p = { 0 }, q = { 0 };
	struct oracle o;
	struct buf b;
	uint8_t *copy;
	int gso, type, verdict;

	if (size < 15 || size > 70000)
		return 0;
	gso = data[0] & 1;
	b.len = size - 1;
	copy = malloc(b.len);
	memcpy(copy, data + 1, b.len);
	b.data = copy;
	type = copy[12] << 8 | copy[13];

	verdict = ms_parse(&b, type, MS_ETH_HLEN, b.len, gso, &p);
	oracle_parse(copy, b.len, MS_ETH_HLEN, type, gso, 0, &o);
	compare(verdict, &p, &o);
	if (!verdict && p.icmp_err) {
		size_t end = o.end, at = o.l4 + 8;
		int v = ms_parse_quoted(&b, &p, &q);

		oracle_parse(copy, end, at, type, 0, 1, &o);
		compare(v, &q, &o);
	}
	free(copy);
	return 0;
}
