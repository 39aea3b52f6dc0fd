// SPDX-License-Identifier: GPL-2.0-only
/* test-order.c - loss, reordering and duplicates against a plain model */
#include "../order.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define PACKETS		20000

/* Sequences written out, 'count' numbers each, with what they must give. */
static const struct {
	const char *name;
	int count;
	uint64_t seq[8];
	uint64_t received, lost, reordered, duplicate, stale;
} cases[] = {
	{ "in order", 4, { 0, 1, 2, 3 }, 4, 0, 0, 0, 0 },
	{ "starts late", 3, { 100, 101, 102 }, 3, 0, 0, 0, 0 },
	{ "one lost", 3, { 0, 1, 3 }, 3, 1, 0, 0, 0 },
	{ "two swapped", 4, { 0, 2, 1, 3 }, 4, 0, 1, 0, 0 },
	{ "one twice", 4, { 0, 1, 1, 2 }, 3, 0, 0, 1, 0 },
	{ "first is late", 3, { 1, 0, 2 }, 3, 0, 1, 0, 0 },
	{ "word border", 4, { 62, 65, 64, 63 }, 4, 0, 2, 0, 0 },
	{ "jump over the window", 3, { 0, 5000, 5001 }, 3, 4999, 0, 0, 0 },
	{ "older than the window", 3, { 0, 5000, 1 }, 2, 4999, 0, 0, 1 },
	{ "end of numbers", 2, { ~0ull - 2, ~0ull - 1 }, 2, 0, 0, 0, 0 },
};

/* Shuffle inside small groups, drop and repeat some; count in a plain array. */
static void random_run(unsigned int seed)
{
	static uint64_t seq[PACKETS * 2];
	static unsigned char seen[PACKETS];
	uint64_t received = 0, reordered = 0, duplicate = 0, highest = 0;
	struct pg_order o = { 0 };
	int n = 0, i, j;

	srand(seed);
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < PACKETS; i++) {
		if (i && i < PACKETS - 1 && rand() % 50 == 0)
			continue;
		seq[n++] = i;
		if (rand() % 70 == 0)
			seq[n++] = i;
	}
	for (i = 1; i + 100 < n; i += 100)
		for (j = 0; j < 10; j++) {
			int x = i + rand() % 100, y = i + rand() % 100;
			uint64_t t = seq[x];

			seq[x] = seq[y];
			seq[y] = t;
		}
	for (i = 0; i < n; i++) {
		pg_order_see(&o, seq[i]);
		if (seen[seq[i]]++) {
			duplicate++;
			continue;
		}
		received++;
		if (seq[i] < highest)
			reordered++;
		else
			highest = seq[i];
	}
	ok(o.received == received && o.duplicate == duplicate &&
	   o.reordered == reordered && !o.stale &&
	   pg_order_lost(&o) == highest + 1 - received,
	   "random arrivals, seed %u: %llu received, %llu reordered, %llu twice",
	   seed, (unsigned long long)received, (unsigned long long)reordered,
	   (unsigned long long)duplicate);
}

int main(void)
{
	unsigned int i;
	int j;

	tap_start();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pg_order o = { 0 };

		for (j = 0; j < cases[i].count; j++)
			pg_order_see(&o, cases[i].seq[j]);
		ok(o.received == cases[i].received &&
		   pg_order_lost(&o) == cases[i].lost &&
		   o.reordered == cases[i].reordered &&
		   o.duplicate == cases[i].duplicate &&
		   o.stale == cases[i].stale, "%s", cases[i].name);
	}
	for (i = 1; i <= 5; i++)
		random_run(i);
	return tap_done();
}
