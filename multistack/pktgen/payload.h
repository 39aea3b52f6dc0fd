/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * payload.h - what ms-pktgen writes into a packet and expects to find there
 */
#ifndef PKTGEN_PAYLOAD_H
#define PKTGEN_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

/* Bytes in front of the pattern: check, sequence number, time stamp. */
#define PG_STAMP_LEN		18

/* A payload is at most one GSO super-packet. */
#define PG_PAYLOAD_MAX		65536

enum pg_verdict {
	PG_GOOD,
	PG_BAD_STAMP,	/* not ours, of another seed, or its stamp was changed */
	PG_BAD_PATTERN,	/* ours, but bytes after the stamp were changed */
};

struct pg_pattern;

/**
 * pg_pattern_new() - make the byte pattern of a seed
 * @seed: both sides must use the same one
 *
 * Context: any thread; allocates. The pattern is read-only afterwards.
 * Return: the pattern, released by pg_pattern_free(), or NULL without memory.
 */
struct pg_pattern *pg_pattern_new(uint64_t seed);
void pg_pattern_free(struct pg_pattern *pattern);

/**
 * pg_payload_fill() - write stamp and pattern
 * @pattern: of the run's seed
 * @buf: at least @len bytes
 * @len: PG_STAMP_LEN … PG_PAYLOAD_MAX bytes
 * @seq: number of the packet in its flow, from 0
 * @time_ns: CLOCK_MONOTONIC when sent; comes back to the sender in ping mode
 */
void pg_payload_fill(const struct pg_pattern *pattern, void *buf, size_t len,
		     uint64_t seq, uint64_t time_ns);

/**
 * pg_payload_stamp() - write the stamp alone, leaving the pattern's bytes
 *
 * For runs in which the receiver does not check the pattern.
 */
void pg_payload_stamp(const struct pg_pattern *pattern, void *buf,
		      uint64_t seq, uint64_t time_ns);

/**
 * pg_payload_check() - read the stamp and compare the pattern
 * @pattern: of the run's seed
 * @buf: the payload
 * @len: bytes in @buf, any number
 * @whole: compare the pattern too, not the stamp alone
 * @seq: filled unless the answer is PG_BAD_STAMP
 * @time_ns: likewise
 *
 * Return: the verdict; never reads past @len.
 */
enum pg_verdict pg_payload_check(const struct pg_pattern *pattern,
				 const void *buf, size_t len, int whole,
				 uint64_t *seq, uint64_t *time_ns);

#endif
