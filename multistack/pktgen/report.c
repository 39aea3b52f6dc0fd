// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - ms-pktgen's output
 *
 * Rates are of whole frames without FCS, preamble and inter-frame gap. The
 * summary's time runs from the first to the last packet, so that a receiver
 * that was started early does not dilute its rate.
 *
 * Processor time is the process's whole, kernel included. On a veth pair that
 * is all that a packet costs up to the queue where the other side takes it, for
 * the far end's receiving happens inside the sender's system call; unlike a
 * rate it does not depend on what else the machine does.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND		1000000000ll

static double gbps(uint64_t bytes, double seconds)
{
	return seconds > 0 ? bytes * 8 / seconds / 1e9 : 0;
}

static double pps(uint64_t packets, double seconds)
{
	return seconds > 0 ? packets / seconds : 0;
}

static int64_t cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

void pg_report_start(struct pg_report *r, const struct pg_options *options,
		     int64_t now_ns)
{
	memset(r, 0, sizeof(*r));
	r->options = options;
	r->start_ns = now_ns;
	r->tick_ns = now_ns;
	r->cpu_ns = cpu_now();
}

static void print_faults(const struct pg_counters *c, const char *mode)
{
	if (!strcmp(mode, "tx")) {
		printf("full %" PRIu64, c->full);
		return;
	}
	printf("lost %" PRIu64 ", reordered %" PRIu64 ", duplicate %" PRIu64
	       ", corrupt %" PRIu64 ", bad checksum %" PRIu64
	       ", foreign %" PRIu64, c->lost, c->reordered, c->duplicate,
	       c->corrupt, c->bad_csum, c->foreign);
}

void pg_report_tick(struct pg_report *r, const struct pg_counters *c,
		    int64_t now_ns)
{
	double seconds = (now_ns - r->tick_ns) / 1e9;

	if (now_ns - r->tick_ns < SECOND)
		return;
	if (!r->options->quiet) {
		printf("%s %6.1f s %10.0f pps %8.3f Gbit/s  ",
		       r->options->mode, (now_ns - r->start_ns) / 1e9,
		       pps(c->packets - r->before.packets, seconds),
		       gbps(c->bytes - r->before.bytes, seconds));
		print_faults(c, r->options->mode);
		printf("\n");
		fflush(stdout);
	}
	r->before = *c;
	r->tick_ns = now_ns;
}

static const struct {
	const char *name;
	double quantile;
} quantiles[] = {
	{ "p50", 0.50 },
	{ "p90", 0.90 },
	{ "p99", 0.99 },
	{ "p99.9", 0.999 },
};

#define N_QUANTILES	(sizeof(quantiles) / sizeof(quantiles[0]))

static void print_json(const struct pg_report *r, const struct pg_counters *c,
		       double seconds)
{
	const struct pg_histogram *h = r->rtt;
	unsigned int i;

	printf("{\"mode\":\"%s\",\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"pps\":%.0f,\"gbps\":%.6f,\"full\":%" PRIu64
	       ",\"lost\":%" PRIu64 ",\"reordered\":%" PRIu64
	       ",\"duplicate\":%" PRIu64 ",\"corrupt\":%" PRIu64
	       ",\"bad_csum\":%" PRIu64 ",\"foreign\":%" PRIu64,
	       r->options->mode, c->packets, c->bytes, seconds,
	       (cpu_now() - r->cpu_ns) / 1e9,
	       pps(c->packets, seconds), gbps(c->bytes, seconds), c->full,
	       c->lost, c->reordered, c->duplicate, c->corrupt, c->bad_csum,
	       c->foreign);
	if (h) {
		printf(",\"rtt_ns\":{\"min\":%" PRIu64 ",\"mean\":%" PRIu64,
		       h->min, h->count ? h->sum / h->count : 0);
		for (i = 0; i < N_QUANTILES; i++)
			printf(",\"%s\":%" PRIu64, quantiles[i].name,
			       pg_histogram_quantile(h, quantiles[i].quantile));
		printf(",\"max\":%" PRIu64 "}", h->max);
	}
	printf("}\n");
}

static void print_text(const struct pg_report *r, const struct pg_counters *c,
		       double seconds)
{
	const struct pg_histogram *h = r->rtt;
	unsigned int i;

	printf("%s: %" PRIu64 " packets, %" PRIu64
	       " bytes in %.3f s: %.0f pps, %.3f Gbit/s\n%s: ",
	       r->options->mode, c->packets, c->bytes, seconds,
	       pps(c->packets, seconds), gbps(c->bytes, seconds),
	       r->options->mode);
	print_faults(c, r->options->mode);
	printf("\n");
	if (h && h->count) {
		printf("%s: round trip min %.1f us, mean %.1f us",
		       r->options->mode, h->min / 1e3,
		       (double)h->sum / h->count / 1e3);
		for (i = 0; i < N_QUANTILES; i++)
			printf(", %s %.1f us", quantiles[i].name,
			       pg_histogram_quantile(h, quantiles[i].quantile) /
			       1e3);
		printf(", max %.1f us\n", h->max / 1e3);
	}
}

void pg_report_end(const struct pg_report *r, const struct pg_counters *c)
{
	double seconds = (r->last_ns - r->first_ns) / 1e9;

	if (r->options->json)
		print_json(r, c, seconds);
	else
		print_text(r, c, seconds);
	fflush(stdout);
}
