// SPDX-License-Identifier: GPL-2.0-only
/*
 * payload.c - stamps and patterns
 *
 * A payload is
 *
 *	 0       2               10              18
 *	+-------+---------------+---------------+------ - - -
 *	| check | sequence      | time in ns    | pattern
 *	+-------+---------------+---------------+------ - - -
 *
 * all big-endian. The check is a 16-bit hash of seed, sequence and time, so
 * that a packet of another run, or one whose stamp was damaged, is told apart
 * with an error of 2^-16. The pattern is a window into a block of pseudo-random
 * bytes made once from the seed; where the window begins depends on the
 * sequence number. Two neighbours thus differ in nearly every byte, a packet
 * that carries another's bytes is seen, and yet filling is one memcpy() and
 * checking one memcmp(): the generator must not be slower than what it
 * measures.
 */
#include "payload.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_STARTS	4096	/* power of two, in 8-byte steps */
#define BLOCK_LEN	(PG_PAYLOAD_MAX + WINDOW_STARTS * 8)

struct pg_pattern {
	uint64_t seed;
	uint8_t block[BLOCK_LEN];
};

/* The finalizer of splitmix64 (Steele, Lea, Flood: OOPSLA 2014). */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static uint16_t stamp_check(const struct pg_pattern *p, uint64_t seq,
			    uint64_t time_ns)
{
	return mix(mix(p->seed ^ seq) ^ time_ns) >> 48;
}

static const uint8_t *window(const struct pg_pattern *p, uint64_t seq)
{
	return p->block + (mix(p->seed + seq) & (WINDOW_STARTS - 1)) * 8;
}

struct pg_pattern *pg_pattern_new(uint64_t seed)
{
	struct pg_pattern *p = malloc(sizeof(*p));
	size_t i;

	if (!p)
		return NULL;
	p->seed = seed;
	for (i = 0; i < BLOCK_LEN; i += 8) {
		uint64_t word = mix(seed * 0x100000001b3ull + i);

		memcpy(p->block + i, &word, 8);
	}
	return p;
}

void pg_pattern_free(struct pg_pattern *p)
{
	free(p);
}

void pg_payload_stamp(const struct pg_pattern *p, void *buf, uint64_t seq,
		      uint64_t time_ns)
{
	uint16_t check = htobe16(stamp_check(p, seq, time_ns));
	uint64_t s = htobe64(seq), t = htobe64(time_ns);
	uint8_t *b = buf;

	memcpy(b, &check, 2);
	memcpy(b + 2, &s, 8);
	memcpy(b + 10, &t, 8);
}

void pg_payload_fill(const struct pg_pattern *p, void *buf, size_t len,
		     uint64_t seq, uint64_t time_ns)
{
	pg_payload_stamp(p, buf, seq, time_ns);
	memcpy((uint8_t *)buf + PG_STAMP_LEN, window(p, seq),
	       len - PG_STAMP_LEN);
}

enum pg_verdict pg_payload_check(const struct pg_pattern *p, const void *buf,
				 size_t len, int whole, uint64_t *seq,
				 uint64_t *time_ns)
{
	const uint8_t *b = buf;
	uint64_t s, t;
	uint16_t check;

	if (len < PG_STAMP_LEN || len > PG_PAYLOAD_MAX)
		return PG_BAD_STAMP;
	memcpy(&check, b, 2);
	memcpy(&s, b + 2, 8);
	memcpy(&t, b + 10, 8);
	s = be64toh(s);
	t = be64toh(t);
	if (be16toh(check) != stamp_check(p, s, t))
		return PG_BAD_STAMP;
	*seq = s;
	*time_ns = t;
	if (whole && memcmp(b + PG_STAMP_LEN, window(p, s), len - PG_STAMP_LEN))
		return PG_BAD_PATTERN;
	return PG_GOOD;
}
