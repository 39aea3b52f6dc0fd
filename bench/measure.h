/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measuring programs share: clock, histogram, addresses, messages. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define NSEC_PER_SEC 1000000000ULL

/* Buckets: 64 to each power of two, so that a percentile is right within 1.6%. */
#define HIST_SUB_BITS 6
#define HIST_SUB (1u << HIST_SUB_BITS)
#define HIST_BUCKETS ((64 - HIST_SUB_BITS) * HIST_SUB)

/**
 * struct hist - how often which duration was seen
 * @count: of durations in @bucket
 * @bucket: log-linear, see hist_add()
 */
struct hist {
	uint64_t count;
	uint64_t bucket[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t ns);
/* @percent: 0 to 100. Return: the duration in ns, 0 of an empty histogram. */
uint64_t hist_percentile(const struct hist *h, double percent);

/* CLOCK_MONOTONIC in ns. */
uint64_t now_ns(void);

/* Print "PROGRAM: text: what errno says" (without the latter if it is 0), end with 1. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A number of an option, within bounds, or die() with the option's name. */
double number(const char *text, const char *what, double min, double max);

/* Numeric IPv4 address and port, either may be NULL for any. */
struct sockaddr_in address(const char *addr, const char *port);

/*
 * A server's socket at @port of all addresses: @type as of socket(), listening if it
 * is a stream; its requests are to be announced with say_ready().
 */
int serve_at(int type, const char *port);

/* A result: one line, "name value". Figures are read by name. */
void result(const char *name, double value);

/*
 * Tell whoever started this server that its socket takes requests, and from now on
 * end at SIGTERM with success: an end after which counters are still written.
 */
void say_ready(void);

#endif
