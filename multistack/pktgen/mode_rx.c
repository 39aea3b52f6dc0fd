// SPDX-License-Identifier: GPL-2.0-only
/*
 * mode_rx.c - receive, check, count; and pong, which sends it back
 *
 * Loss is known two ways. Gaps in a flow's numbers are counted as they stand;
 * when -n says how many packets there are, what is missing behind the last one
 * that came is loss, too.
 */
#include <string.h>

#include "run.h"

#define NAP_NS		50000000	/* how often limits are looked at */

static void account(struct pg_run *run, const struct pg_packet *p)
{
	pg_order_see(&run->order[p->flow], p->seq);
	pg_count(run, 1, p->frame_len, run->now_ns);
}

/* Sum up the flows: called for a line of output, not for a packet. */
static void gather(struct pg_run *run)
{
	struct pg_counters *c = &run->counters;
	unsigned int i;

	c->lost = 0;
	c->reordered = 0;
	c->duplicate = 0;
	for (i = 0; i < run->flows; i++) {
		c->lost += pg_order_lost(&run->order[i]);
		c->reordered += run->order[i].reordered;
		c->duplicate += run->order[i].duplicate;
	}
}

static bool finished(const struct pg_run *run, int64_t start_ns,
		     int64_t now_ns)
{
	const struct pg_options *o = &run->options;
	const struct pg_report *r = &run->report;
	int64_t quiet_since = r->last_ns ? r->last_ns : start_ns;

	if (o->count && run->counters.packets >= o->count)
		return true;
	if (o->idle_ns && now_ns - quiet_since >= o->idle_ns)
		return true;
	return o->duration_ns && r->first_ns &&
	       now_ns - r->first_ns >= o->duration_ns;
}

static int receive_loop(struct pg_run *run,
			void (*use)(struct pg_run *run,
				    const struct pg_packet *packet))
{
	int64_t start_ns = pg_now();
	struct pg_buf buf[PG_BURST_MAX];
	int got, i;

	run->now_ns = start_ns;
	while (!pg_stopped() && !finished(run, start_ns, run->now_ns)) {
		got = run->io->ops->rx_get(run->io, buf, run->options.burst);
		if (got < 0)
			return got;
		run->now_ns = pg_now();
		for (i = 0; i < got; i++)
			pg_receive(run, &buf[i], use);
		if (!got)
			pg_wait(run, false, NAP_NS);
		if (run->now_ns - run->report.tick_ns >= 1000000000)
			gather(run);
		pg_report_tick(&run->report, &run->counters, run->now_ns);
	}
	gather(run);
	return 0;
}

int pg_mode_rx(struct pg_run *run)
{
	const struct pg_options *o = &run->options;
	struct pg_counters *c = &run->counters;
	uint64_t seen;
	int err;

	err = receive_loop(run, account);
	seen = c->packets - c->duplicate;
	if (o->count && seen + c->lost < o->count)
		c->lost = o->count - seen;
	return err;
}

static void answer(struct pg_run *run, const struct pg_packet *p)
{
	const struct pg_frame_template *t = &run->tmpl;
	struct pg_buf buf;
	bool partial = run->io->csum_offload && t->csum_off;

	account(run, p);
	run->io->ops->tx_get(run->io, &buf, 1);
	if (t->hdr_len + p->len > buf.room) {
		run->counters.foreign++;
		return;
	}
	memcpy(buf.data + t->hdr_len, p->payload, p->len);
	buf.len = t->hdr_len + p->len;
	buf.csum_partial = partial;
	buf.gso_size = 0;
	pg_frame_write(t, buf.data, buf.len, p->dport, p->sport, p->seq,
		       partial ? PG_CSUM_PARTIAL : PG_CSUM_FULL);
	if (run->io->ops->tx_put(run->io, &buf, 1) < 1)
		run->counters.full++;
}

int pg_mode_pong(struct pg_run *run)
{
	return receive_loop(run, answer);
}
