/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * histogram.h - percentiles of times without keeping every sample
 */
#ifndef PKTGEN_HISTOGRAM_H
#define PKTGEN_HISTOGRAM_H

#include <stdint.h>

#define PG_HIST_SUB_BITS	6
#define PG_HIST_BUCKETS		((64 - PG_HIST_SUB_BITS + 1) << PG_HIST_SUB_BITS)

/**
 * struct pg_histogram - counts of values on a logarithmic scale
 *
 * Values below 2^PG_HIST_SUB_BITS are exact, larger ones within 1/64 of their
 * size. All zero is empty.
 */
struct pg_histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint64_t bucket[PG_HIST_BUCKETS];
};

void pg_histogram_add(struct pg_histogram *hist, uint64_t value);

/**
 * pg_histogram_quantile() - the value that a share of all samples do not exceed
 * @hist: the samples
 * @quantile: 0.0 … 1.0
 *
 * Return: the upper end of the bucket that holds the sample, at most the
 * largest sample; 0 when there is none.
 */
uint64_t pg_histogram_quantile(const struct pg_histogram *hist,
			       double quantile);

#endif
