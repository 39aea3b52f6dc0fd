// SPDX-License-Identifier: GPL-2.0-only
/* test-payload.c - every change of a payload is noticed */
#include "../payload.h"

#include <string.h>

#include "tap.h"

static uint8_t a[PG_PAYLOAD_MAX], b[PG_PAYLOAD_MAX];

/* Flip each byte in turn; returns how many flips went unnoticed. */
static int unnoticed(const struct pg_pattern *p, size_t len,
		     enum pg_verdict want_stamp, enum pg_verdict want_rest)
{
	uint64_t seq, t;
	int missed = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		pg_payload_fill(p, a, len, 77, 123456789);
		a[i] ^= 0x40;
		if (pg_payload_check(p, a, len, 1, &seq, &t) !=
		    (i < PG_STAMP_LEN ? want_stamp : want_rest))
			missed++;
	}
	return missed;
}

int main(void)
{
	struct pg_pattern *one, *two;
	uint64_t seq = 0, t = 0;
	unsigned int i;
	int same = 0;

	tap_start();
	one = pg_pattern_new(1);
	two = pg_pattern_new(2);

	pg_payload_fill(one, a, 1000, 0xfedcba9876543210ull, 42);
	ok(pg_payload_check(one, a, 1000, 1, &seq, &t) == PG_GOOD,
	   "what was filled is good");
	ok(seq == 0xfedcba9876543210ull && t == 42,
	   "sequence number and time come back");
	ok(pg_payload_check(two, a, 1000, 1, &seq, &t) == PG_BAD_STAMP,
	   "another seed's payload is not ours");
	ok(pg_payload_check(one, a, PG_STAMP_LEN - 1, 1, &seq, &t) ==
	   PG_BAD_STAMP, "shorter than a stamp is not ours");
	ok(pg_payload_check(one, a, 500, 1, &seq, &t) == PG_GOOD,
	   "a payload cut by its own length is still ours");
	ok(!unnoticed(one, 300, PG_BAD_STAMP, PG_BAD_PATTERN),
	   "each single changed byte is noticed");

	a[999] ^= 1;
	pg_payload_fill(one, a, 1000, 5, 5);
	a[999] ^= 1;
	ok(pg_payload_check(one, a, 1000, 0, &seq, &t) == PG_GOOD,
	   "the stamp alone is checked when asked so");

	for (i = 0; i < 1000; i++) {
		pg_payload_fill(one, a, 1000, i, 0);
		pg_payload_fill(one, b, 1000, i + 1, 0);
		if (!memcmp(a + PG_STAMP_LEN, b + PG_STAMP_LEN,
			    1000 - PG_STAMP_LEN))
			same++;
	}
	ok(same < 3, "neighbours have different patterns (%d of 1000 same)",
	   same);

	pg_payload_fill(one, a, PG_PAYLOAD_MAX, ~0ull, ~0ull);
	ok(pg_payload_check(one, a, PG_PAYLOAD_MAX, 1, &seq, &t) == PG_GOOD,
	   "the longest payload");

	pg_pattern_free(one);
	pg_pattern_free(two);
	return tap_done();
}
