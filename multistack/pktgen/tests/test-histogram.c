// SPDX-License-Identifier: GPL-2.0-only
/* test-histogram.c - quantiles against a sorted array */
#include "../histogram.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define SAMPLES		5000

static struct pg_histogram h;
static uint64_t sample[SAMPLES];

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void compare(const char *name)
{
	static const double q[] = { 0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1 };
	unsigned int i, rank;
	int bad = 0;

	memset(&h, 0, sizeof(h));
	for (i = 0; i < SAMPLES; i++)
		pg_histogram_add(&h, sample[i]);
	qsort(sample, SAMPLES, sizeof(sample[0]), by_value);
	for (i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
		uint64_t got = pg_histogram_quantile(&h, q[i]), want;

		rank = q[i] * SAMPLES;
		if (rank < q[i] * SAMPLES || !rank)
			rank++;
		want = sample[rank - 1];
		if (got < want || got - want > want / 64)
			bad++;
	}
	ok(!bad && h.min == sample[0] && h.max == sample[SAMPLES - 1],
	   "%s: quantiles within 1/64, ends exact", name);
}

int main(void)
{
	unsigned int i;

	tap_start();
	ok(pg_histogram_quantile(&h, 0.5) == 0, "empty gives 0");
	pg_histogram_add(&h, ~0ull);
	pg_histogram_add(&h, 0);
	ok(pg_histogram_quantile(&h, 1) == ~0ull &&
	   pg_histogram_quantile(&h, 0.5) == 0, "both ends of the range");

	for (i = 0; i < SAMPLES; i++)
		sample[i] = i;
	compare("small numbers");
	srand(7);
	for (i = 0; i < SAMPLES; i++)
		sample[i] = (uint64_t)rand() << (rand() % 33);
	compare("numbers of every size");
	for (i = 0; i < SAMPLES; i++)
		sample[i] = 5123;
	compare("always the same");
	return tap_done();
}
