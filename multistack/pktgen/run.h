/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run.h - what the four modes share
 */
#ifndef PKTGEN_RUN_H
#define PKTGEN_RUN_H

#include <time.h>

#include "frame.h"
#include "io.h"
#include "options.h"
#include "order.h"
#include "payload.h"
#include "report.h"

/**
 * struct pg_run - one run
 * @tmpl: headers of the frames we send
 * @flows: number of flows: the larger of the two port ranges
 * @order: one for each flow; rx and pong
 * @rtt: ping
 * @now_ns: time of the burst in hand
 */
struct pg_run {
	struct pg_options options;
	struct pg_io *io;
	struct pg_pattern *pattern;
	struct pg_frame_template tmpl;
	unsigned int flows;
	struct pg_order *order;
	struct pg_histogram rtt;
	struct pg_counters counters;
	struct pg_report report;
	int64_t now_ns;
};

/**
 * struct pg_packet - one packet of a received frame
 * @payload: in the frame
 * @flow: below pg_run.flows
 * @sport: the sender's port, host byte order
 */
struct pg_packet {
	const uint8_t *payload;
	size_t len;
	size_t frame_len;
	unsigned int flow;
	uint16_t sport;
	uint16_t dport;
	uint64_t seq;
	uint64_t time_ns;
};

/* The modes. Return: 0, or a negative errno when the channel failed. */
int pg_mode_tx(struct pg_run *run);
int pg_mode_rx(struct pg_run *run);
int pg_mode_ping(struct pg_run *run);
int pg_mode_pong(struct pg_run *run);

/** pg_stopped() - has a signal asked to end? */
bool pg_stopped(void);

/**
 * pg_receive() - check a received frame
 * @use: called for each good packet in it, in order
 *
 * Counts what is wrong. A GSO frame holds several packets.
 */
void pg_receive(struct pg_run *run, const struct pg_buf *buf,
		void (*use)(struct pg_run *run, const struct pg_packet *packet));

/** pg_wait() - sleep for a frame (or room), or spin when asked to */
static inline void pg_wait(struct pg_run *run, bool tx, int64_t timeout_ns)
{
	if (!run->options.busy_poll && timeout_ns > 0)
		run->io->ops->wait(run->io, tx, timeout_ns);
}

static inline int64_t pg_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/** pg_count() - account for @n good packets at a time */
static inline void pg_count(struct pg_run *run, unsigned int n, size_t bytes,
			    int64_t now_ns)
{
	run->counters.packets += n;
	run->counters.bytes += bytes;
	if (!run->report.first_ns)
		run->report.first_ns = now_ns;
	run->report.last_ns = now_ns;
}

#endif
