// SPDX-License-Identifier: GPL-2.0-only
/*
 * histogram.c - buckets that are exact below 64 and within 1/64 above
 *
 * The bucket of a value is its highest set bit (which power of two) and the six
 * bits below it (which 64th of that). Every uint64_t has a bucket, so no sample
 * is ever out of range.
 */
#include "histogram.h"

#define SUB		(1u << PG_HIST_SUB_BITS)

static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < SUB)
		return value;
	shift = 63 - __builtin_clzll(value) - PG_HIST_SUB_BITS;
	return (shift + 1) * SUB + (unsigned int)((value >> shift) - SUB);
}

static uint64_t bucket_end(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < SUB)
		return bucket;
	shift = bucket / SUB - 1;
	return ((((uint64_t)bucket % SUB) + SUB + 1) << shift) - 1;
}

void pg_histogram_add(struct pg_histogram *h, uint64_t value)
{
	if (!h->count || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count++;
	h->sum += value;
	h->bucket[bucket_of(value)]++;
}

uint64_t pg_histogram_quantile(const struct pg_histogram *h, double quantile)
{
	uint64_t below = 0, want;
	unsigned int i;

	if (!h->count)
		return 0;
	want = quantile * h->count;
	if (want < quantile * h->count || !want)
		want++;
	for (i = 0; i < PG_HIST_BUCKETS; i++) {
		below += h->bucket[i];
		if (below >= want)
			return bucket_end(i) < h->max ? bucket_end(i) : h->max;
	}
	return h->max;
}
