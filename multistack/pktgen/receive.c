// SPDX-License-Identifier: GPL-2.0-only
/*
 * receive.c - from a received frame to its good packets
 *
 * In this order: is it an IP packet at all, is it of the run's tuples, is its
 * transport checksum right, is its payload the run's. Each failure has its own
 * counter and nothing else is said about the frame.
 */
#include <string.h>

#include "run.h"

static bool in_range(const struct pg_endpoint *ep, uint16_t port)
{
	return port >= ep->port_first && port <= ep->port_last;
}

static bool is_any(const struct pg_endpoint *ep)
{
	static const uint8_t any[16];

	return !memcmp(ep->addr, any, pg_endpoint_addr_len(ep));
}

static bool ours(const struct pg_options *o, const struct pg_frame_view *v)
{
	const struct pg_endpoint *local = &o->io.local, *remote = &o->io.remote;
	size_t len = pg_endpoint_addr_len(local);

	if (v->family != local->family || v->protocol != o->io.protocol ||
	    !in_range(local, v->dport))
		return false;
	if (!is_any(local) && memcmp(v->daddr, local->addr, len))
		return false;
	return !remote->family ||
	       (in_range(remote, v->sport) &&
		!memcmp(v->saddr, remote->addr, len));
}

/* Both sides number flows by the larger range; by ours when there is a tie. */
static unsigned int flow_of(const struct pg_run *run, uint16_t sport,
			    uint16_t dport)
{
	const struct pg_endpoint *local = &run->options.io.local;
	const struct pg_endpoint *remote = &run->options.io.remote;

	if (run->flows == pg_endpoint_ports(local))
		return dport - local->port_first;
	return sport - remote->port_first;
}

static void receive_packet(struct pg_run *run, struct pg_packet *p,
			   void (*use)(struct pg_run *run,
				       const struct pg_packet *packet))
{
	switch (pg_payload_check(run->pattern, p->payload, p->len,
				 run->options.check, &p->seq, &p->time_ns)) {
	case PG_BAD_STAMP:
		run->counters.foreign++;
		break;
	case PG_BAD_PATTERN:
		run->counters.corrupt++;
		break;
	case PG_GOOD:
		use(run, p);
		break;
	}
}

void pg_receive(struct pg_run *run, const struct pg_buf *buf,
		void (*use)(struct pg_run *run, const struct pg_packet *packet))
{
	struct pg_frame_view v;
	struct pg_packet p;
	size_t left, hdr;

	if (pg_frame_parse(buf->data, buf->len, &v) < 0 ||
	    !ours(&run->options, &v)) {
		run->counters.foreign++;
		return;
	}
	if (run->options.check && !buf->csum_partial &&
	    !pg_frame_csum_ok(buf->data, &v)) {
		run->counters.bad_csum++;
		return;
	}
	p.sport = v.sport;
	p.dport = v.dport;
	p.flow = flow_of(run, v.sport, v.dport);
	p.payload = v.payload;
	hdr = v.payload - buf->data;
	left = v.payload_len;
	do {
		p.len = buf->gso_size && buf->gso_size < left ? buf->gso_size :
								left;
		p.frame_len = p.len + hdr;
		hdr = 0;
		receive_packet(run, &p, use);
		p.payload += p.len;
		left -= p.len;
	} while (left);
}
