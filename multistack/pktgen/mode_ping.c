// SPDX-License-Identifier: GPL-2.0-only
/*
 * mode_ping.c - round-trip times, one packet at a time
 *
 * A packet carries the time when it was handed to the channel; pong returns the
 * payload as it came. The next packet goes when the answer is there or its time
 * is over, or at the rate's next tick if that is later.
 */
#include "run.h"

#define NAP_NS		50000000

/* The number of the packet under way, and whether its answer has come. */
static struct {
	uint64_t seq;
	bool answered;
} pending;

static void take_answer(struct pg_run *run, const struct pg_packet *p)
{
	int64_t now_ns = pg_now();

	if (pending.answered || p->seq != pending.seq) {
		run->counters.duplicate++;
		return;
	}
	pending.answered = true;
	pg_histogram_add(&run->rtt, now_ns - p->time_ns);
	pg_count(run, 1, p->frame_len, now_ns);
}

static int send_one(struct pg_run *run, uint64_t seq)
{
	const struct pg_options *o = &run->options;
	const struct pg_frame_template *t = &run->tmpl;
	bool partial = run->io->csum_offload && t->csum_off;
	struct pg_buf buf;
	int sent;

	run->io->ops->tx_get(run->io, &buf, 1);
	buf.len = o->packet_len;
	buf.csum_partial = partial;
	buf.gso_size = 0;
	pg_payload_fill(run->pattern, buf.data + t->hdr_len,
			buf.len - t->hdr_len, seq, pg_now());
	pg_frame_write(t, buf.data, buf.len, o->io.local.port_first,
		       o->io.remote.port_first, seq,
		       partial ? PG_CSUM_PARTIAL : PG_CSUM_FULL);
	pending.seq = seq;
	pending.answered = false;
	sent = run->io->ops->tx_put(run->io, &buf, 1);
	if (!sent)
		run->counters.full++;
	return sent < 0 ? sent : 0;
}

static int await_answer(struct pg_run *run)
{
	int64_t end_ns = pg_now() + run->options.idle_ns, now_ns;
	struct pg_buf buf[PG_BURST_MAX];
	int got, i;

	while (!pending.answered && !pg_stopped()) {
		got = run->io->ops->rx_get(run->io, buf, run->options.burst);
		if (got < 0)
			return got;
		for (i = 0; i < got; i++)
			pg_receive(run, &buf[i], take_answer);
		if (got)
			continue;
		now_ns = pg_now();
		if (now_ns >= end_ns) {
			run->counters.lost++;
			return 0;
		}
		pg_wait(run, false, end_ns - now_ns < NAP_NS ?
				    end_ns - now_ns : NAP_NS);
	}
	return 0;
}

static void pace(const struct pg_run *run, int64_t due_ns)
{
	struct timespec ts;
	int64_t left;

	while (!pg_stopped() && (left = due_ns - pg_now()) > 0) {
		if (run->options.busy_poll)
			continue;
		ts.tv_sec = 0;
		ts.tv_nsec = left < NAP_NS ? left : NAP_NS;
		nanosleep(&ts, NULL);
	}
}

int pg_mode_ping(struct pg_run *run)
{
	const struct pg_options *o = &run->options;
	int64_t start_ns = pg_now(), now_ns = start_ns;
	uint64_t seq;
	int err;

	run->report.rtt = &run->rtt;
	for (seq = 0; !pg_stopped() && (!o->count || seq < o->count) &&
	     (!o->duration_ns || now_ns - start_ns < o->duration_ns); seq++) {
		if (o->rate)
			pace(run, start_ns +
			     (int64_t)((__uint128_t)seq * 1000000000 / o->rate));
		err = send_one(run, seq);
		if (!err)
			err = await_answer(run);
		if (err < 0)
			return err;
		now_ns = pg_now();
		pg_report_tick(&run->report, &run->counters, now_ns);
	}
	return 0;
}
