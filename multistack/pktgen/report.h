/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - rates each second, and the summary at the end
 */
#ifndef PKTGEN_REPORT_H
#define PKTGEN_REPORT_H

#include "histogram.h"
#include "options.h"

/**
 * struct pg_counters - what a run counted
 * @packets: sent, or received and good
 * @bytes: of their frames, without FCS; a GSO frame's headers count once
 * @full: bursts that the channel did not take whole
 * @lost: never came, by sequence numbers; ping: no answer in time
 * @reordered: came after a later one
 * @duplicate: came again; ping: answers after their time
 * @corrupt: payload differs from what was sent
 * @bad_csum: transport checksum wrong
 * @foreign: not of this run: other tuple, other seed, not IP
 */
struct pg_counters {
	uint64_t packets;
	uint64_t bytes;
	uint64_t full;
	uint64_t lost;
	uint64_t reordered;
	uint64_t duplicate;
	uint64_t corrupt;
	uint64_t bad_csum;
	uint64_t foreign;
};

/**
 * struct pg_report - the printing side of a run
 * @rtt: round trips in ns, ping only; NULL otherwise
 * @first_ns: when the first packet was counted; 0 before
 * @last_ns: when the last one was
 * @cpu_ns: processor time that the process had used at the start
 */
struct pg_report {
	const struct pg_options *options;
	const struct pg_histogram *rtt;
	int64_t first_ns;
	int64_t last_ns;
	int64_t start_ns;
	int64_t tick_ns;
	int64_t cpu_ns;
	struct pg_counters before;
};

void pg_report_start(struct pg_report *r, const struct pg_options *options,
		     int64_t now_ns);

/** pg_report_tick() - print a line when a second is over */
void pg_report_tick(struct pg_report *r, const struct pg_counters *c,
		    int64_t now_ns);

/** pg_report_end() - print the summary */
void pg_report_end(const struct pg_report *r, const struct pg_counters *c);

#endif
