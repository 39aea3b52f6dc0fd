// SPDX-License-Identifier: GPL-2.0-only
/*
 * order.c - a sliding window over sequence numbers
 *
 * The window is a ring of bits, one a packet, that ends at the highest number
 * seen: as an anti-replay window (RFC 6479) does, moving it clears whole words
 * and never shifts. A number behind the window's tail was either lost and came
 * very late or came twice; it is counted apart and not guessed about.
 */
#include "order.h"

#define WORDS	(PG_ORDER_WINDOW / 64)

static uint64_t bit(uint64_t seq)
{
	return 1ull << (seq & 63);
}

static uint64_t *word(struct pg_order *o, uint64_t seq)
{
	return &o->seen[(seq / 64) % WORDS];
}

/* Forget the numbers that leave the window when its head moves to @seq. */
static void advance(struct pg_order *o, uint64_t seq)
{
	uint64_t from = o->next ? (o->next - 1) / 64 : 0, to = seq / 64;
	uint64_t i;

	if (to - from >= WORDS) {
		for (i = 0; i < WORDS; i++)
			o->seen[i] = 0;
	} else {
		for (i = from + 1; i <= to; i++)
			o->seen[i % WORDS] = 0;
	}
	o->next = seq + 1;
}

void pg_order_see(struct pg_order *o, uint64_t seq)
{
	if (!o->received)
		o->first = seq;

	if (!o->received || seq >= o->next) {
		advance(o, seq);
	} else if (o->next - seq > PG_ORDER_WINDOW - 64) {
		/* the head's word is partly in the future: 64 fewer are known */
		o->stale++;
		return;
	} else if (*word(o, seq) & bit(seq)) {
		o->duplicate++;
		return;
	} else {
		o->reordered++;
		if (seq < o->first)
			o->first = seq;
	}
	*word(o, seq) |= bit(seq);
	o->received++;
}

uint64_t pg_order_lost(const struct pg_order *o)
{
	return o->received ? o->next - o->first - o->received : 0;
}
