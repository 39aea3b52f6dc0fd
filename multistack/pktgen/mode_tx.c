// SPDX-License-Identifier: GPL-2.0-only
/*
 * mode_tx.c - send numbered packets, as fast as possible or at a rate
 *
 * Packet n of a run belongs to flow n % flows and is number n / flows there, so
 * that neighbours go to different tuples and no state is kept for a flow. What
 * the channel does not take is sent again with the same number: a gap that a
 * receiver sees was made behind the channel.
 */
#include "run.h"

#define NAP_NS		1000000		/* longest sleep while the channel is full */

static void fill_frame(struct pg_run *run, struct pg_buf *buf, uint64_t n,
		       uint64_t time_ns)
{
	const struct pg_options *o = &run->options;
	const struct pg_frame_template *t = &run->tmpl;
	size_t chunk = o->packet_len - t->hdr_len;
	unsigned int flow = n / o->gso_segs % run->flows, i;
	uint64_t seq = n / o->gso_segs / run->flows * o->gso_segs;
	uint16_t sport = o->io.local.port_first +
			 flow % pg_endpoint_ports(&o->io.local);
	uint16_t dport = o->io.remote.port_first +
			 flow % pg_endpoint_ports(&o->io.remote);

	buf->len = o->io.frame_len;
	buf->csum_partial = run->io->csum_offload && t->csum_off;
	buf->gso_size = o->gso_segs > 1 ? chunk : 0;
	for (i = 0; i < o->gso_segs; i++) {
		uint8_t *payload = buf->data + t->hdr_len + i * chunk;

		if (o->check)
			pg_payload_fill(run->pattern, payload, chunk, seq + i,
					time_ns);
		else
			pg_payload_stamp(run->pattern, payload, seq + i,
					 time_ns);
	}
	pg_frame_write(t, buf->data, buf->len, sport, dport, seq * chunk,
		       buf->csum_partial ? PG_CSUM_PARTIAL : PG_CSUM_FULL);
}

/* How many frames may go now; 0 and the time to wait for when none may. */
static unsigned int allowance(const struct pg_run *run, int64_t start_ns,
			      int64_t now_ns, int64_t *wait_ns)
{
	const struct pg_options *o = &run->options;
	uint64_t sent = run->counters.packets, due, n;

	n = o->burst * o->gso_segs;
	if (o->count && o->count - sent < n)
		n = o->count - sent;
	if (o->rate) {
		due = (__uint128_t)(now_ns - start_ns) * o->rate / 1000000000 +
		      1;
		if (due <= sent) {
			*wait_ns = (__uint128_t)sent * 1000000000 / o->rate -
				   (now_ns - start_ns) + 1;
			return 0;
		}
		if (due - sent < n)
			n = due - sent;
	}
	return (n + o->gso_segs - 1) / o->gso_segs;
}

static void sleep_ns(const struct pg_run *run, int64_t ns)
{
	struct timespec ts = { .tv_nsec = ns < 999999999 ? ns : 999999999 };

	if (!run->options.busy_poll)
		nanosleep(&ts, NULL);
}

static int send_burst(struct pg_run *run, unsigned int frames, int64_t now_ns)
{
	const struct pg_options *o = &run->options;
	struct pg_buf buf[PG_BURST_MAX];
	unsigned int i;
	int sent;

	run->io->ops->tx_get(run->io, buf, frames);
	for (i = 0; i < frames; i++)
		fill_frame(run, &buf[i],
			   run->counters.packets + i * o->gso_segs, now_ns);
	sent = run->io->ops->tx_put(run->io, buf, frames);
	if (sent < 0)
		return sent;
	if (sent)
		pg_count(run, sent * o->gso_segs, sent * o->io.frame_len,
			 now_ns);
	if ((unsigned int)sent < frames) {
		run->counters.full++;
		pg_wait(run, true, NAP_NS);
	}
	return 0;
}

int pg_mode_tx(struct pg_run *run)
{
	const struct pg_options *o = &run->options;
	int64_t start_ns = pg_now(), now_ns = start_ns, wait_ns = 0;
	unsigned int frames;
	int err;

	while (!pg_stopped() &&
	       (!o->count || run->counters.packets < o->count) &&
	       (!o->duration_ns || now_ns - start_ns < o->duration_ns)) {
		frames = allowance(run, start_ns, now_ns, &wait_ns);
		if (!frames) {
			sleep_ns(run, wait_ns);
		} else {
			err = send_burst(run, frames, now_ns);
			if (err < 0)
				return err;
		}
		now_ns = pg_now();
		pg_report_tick(&run->report, &run->counters, now_ns);
	}
	run->report.last_ns = now_ns;
	return 0;
}
