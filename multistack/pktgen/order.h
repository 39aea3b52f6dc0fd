/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * order.h - loss, reordering and duplicates of one numbered flow
 */
#ifndef PKTGEN_ORDER_H
#define PKTGEN_ORDER_H

#include <stdint.h>

#define PG_ORDER_WINDOW		1024	/* packets; a power of two */

/**
 * struct pg_order - what was seen of one flow
 * @next: one more than the highest sequence number seen
 * @first: sequence number of the first packet seen, where counting begins
 * @received: different packets
 * @reordered: packets that came after one with a higher number
 * @duplicate: packets seen before
 * @stale: packets older than the window: late or duplicate, nobody can tell
 * @seen: bit n % PG_ORDER_WINDOW tells whether n was seen
 *
 * All zero is the state before the first packet.
 */
struct pg_order {
	uint64_t next;
	uint64_t first;
	uint64_t received;
	uint64_t reordered;
	uint64_t duplicate;
	uint64_t stale;
	uint64_t seen[PG_ORDER_WINDOW / 64];
};

/** pg_order_see() - account for the arrival of packet @seq */
void pg_order_see(struct pg_order *order, uint64_t seq);

/**
 * pg_order_lost() - packets that are missing so far
 *
 * What is missing after the highest number seen is unknown here; a caller who
 * knows how many were sent compares with @received.
 */
uint64_t pg_order_lost(const struct pg_order *order);

#endif
