// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: two ports, each the channel of an interface, and what lies between.
 *
 *	port a                                             port b
 *	 tx -> queue, serialized -> lost? -> delay, jitter -> rx queue -> rx
 *	       at rate_bps           |       held back?       netdev_event
 *	                          counted    duplicated?
 *
 * A frame is serialized when those before it have been; the queue is the frames
 * whose serialization has not begun.  The times at which it begins are kept in a
 * ring, from which those that have passed fall out when the next frame comes; so
 * no events are spent on it.  Each frame that survives is one event, at the time of
 * its arrival.
 *
 * Order is kept unless a frame is held back: no frame arrives before one that was
 * sent earlier, whatever its jitter.
 *
 * tx and rx run inside the kernel layer; frames are copied, since the sender's
 * memory is its own again at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define DEFAULT_QUEUE	1000
#define DEFAULT_REORDER	SIM_MSEC
#define RX_QUEUE	1000
#define MILLION		1000000

struct port;

struct packet {
	struct sim_event arrival;
	struct port *to;
	struct packet *next;		/* in port.rx */
	__u64 tstamp_ns;
	__u32 len;
	unsigned char data[];
};

struct port {
	struct libos_netio io;
	struct sim_host *host;
	struct port *peer;
	struct libos_netdev *dev;
	struct link ports;
	char name[16];
	struct sim_capture *capture;

	/* The direction that leaves here. */
	struct sim_direction way;
	struct sim_link_stats stats;
	struct sim_rng rng;
	__u64 idle_at;			/* when the last frame has been serialized */
	__u64 last_arrival;
	__u64 *begins;			/* ring of times, way.queue long */
	__u32 nqueued, first;

	/* What has arrived here and not been taken. */
	struct packet *rx, **rx_end;
	__u32 nrx;
	__u64 under_way;		/* frames in the event queue towards here */
	struct libos_netio_stats counts;
};

static bool chance(struct port *p, __u32 ppm)
{
	return ppm && sim_rng_below(&p->rng, MILLION) < ppm;
}

/* When @len bytes that are sent now have left; false if there is no room. */
static bool serialize(struct port *p, __u64 now, __u32 len, __u64 *left)
{
	__u64 begin;

	*left = now;
	if (!p->way.rate_bps)
		return true;
	while (p->nqueued && p->begins[p->first] <= now) {
		p->first = (p->first + 1) % p->way.queue;
		p->nqueued--;
	}
	begin = p->idle_at > now ? p->idle_at : now;
	if (begin > now) {
		if (p->nqueued == p->way.queue)
			return false;
		p->begins[(p->first + p->nqueued++) % p->way.queue] = begin;
	}
	p->idle_at = *left = begin + (__u64)((unsigned __int128)len * 8 * SIM_SEC / p->way.rate_bps);
	return true;
}

static void arrive(struct sim_event *ev);

static void gather(void *dst, const struct libos_frame *f)
{
	char *to = dst;
	__u32 i;

	for (i = 0; i < f->nseg; i++) {
		memcpy(to, f->seg[i].base, f->seg[i].len);
		to += f->seg[i].len;
	}
}

static void put_under_way(struct port *p, const struct libos_frame *f, __u64 time)
{
	struct packet *pkt = malloc(sizeof(*pkt) + f->len);

	if (!pkt)
		return;
	*pkt = (struct packet){
		.arrival.fn = arrive,
		.to = p->peer,
		.len = f->len,
	};
	gather(pkt->data, f);
	if (sim_event_add(&p->host->sim->events, &pkt->arrival, time) < 0)
		free(pkt);
	else
		p->peer->under_way++;
}

static __u64 wall(const struct port *p)
{
	return p->host->sim->wall_ns + p->host->sim->now;
}

static void send_one(struct port *p, const struct libos_frame *f)
{
	__u64 left, time;

	p->stats.sent++;
	if (p->capture)
		gather(sim_capture_frame(p->capture, wall(p), false, f->len), f);
	if (!serialize(p, p->host->sim->now, f->len, &left)) {
		p->stats.queue_full++;
		return;
	}
	if (chance(p, p->way.loss_ppm)) {
		p->stats.lost++;
		return;
	}
	time = left + p->way.delay_ns;
	if (p->way.jitter_ns)
		time += sim_rng_below(&p->rng, p->way.jitter_ns + 1);
	if (chance(p, p->way.reorder_ppm)) {
		p->stats.reordered++;
		time += p->way.reorder_ns;
	} else {
		if (time < p->last_arrival)
			time = p->last_arrival;
		p->last_arrival = time;
	}
	put_under_way(p, f, time);
	if (chance(p, p->way.duplicate_ppm)) {
		p->stats.duplicated++;
		put_under_way(p, f, time);
	}
}

static FROM_KERNEL int port_tx(struct libos_netio *io, unsigned int queue,
			       struct libos_frame *const *frames, unsigned int n)
{
	struct port *p = (struct port *)io;
	unsigned int i;

	p->counts.tx_calls++;
	for (i = 0; i < n; i++) {
		p->counts.tx_frames++;
		p->counts.tx_bytes += frames[i]->len;
		send_one(p, frames[i]);
	}
	return (int)n;
}

static void arrive(struct sim_event *ev)
{
	struct packet *pkt = link_entry(ev, struct packet, arrival);
	struct port *p = pkt->to;
	struct sim_host *host = p->host;

	p->under_way--;
	if (p->nrx == RX_QUEUE || host->os.halted) {
		p->peer->stats.overrun++;
		free(pkt);
		return;
	}
	p->peer->stats.delivered++;
	pkt->tstamp_ns = wall(p);
	if (p->capture)
		memcpy(sim_capture_frame(p->capture, pkt->tstamp_ns, true, pkt->len), pkt->data,
		       pkt->len);
	pkt->next = NULL;
	*p->rx_end = pkt;
	p->rx_end = &pkt->next;
	p->nrx++;
	host->os.kernel->netdev_event(p->dev, 0);
	sim_host_run(host);
}

/* Copy a packet to the room of @f; false if it does not fit. */
static bool fill(struct libos_frame *f, const struct packet *pkt)
{
	__u32 i, n, at = 0;

	for (i = 0; i < f->nseg && at < pkt->len; i++) {
		n = pkt->len - at < f->seg[i].len ? pkt->len - at : (__u32)f->seg[i].len;
		memcpy(f->seg[i].base, pkt->data + at, n);
		at += n;
	}
	f->vnet = (struct libos_vnet_hdr){ 0 };
	f->len = pkt->len;
	f->tstamp_ns = pkt->tstamp_ns;
	return at == pkt->len;
}

static FROM_KERNEL int port_rx(struct libos_netio *io, unsigned int queue,
			       struct libos_frame *const *frames, unsigned int n)
{
	struct port *p = (struct port *)io;
	unsigned int got = 0;

	p->counts.rx_calls++;
	while (got < n && p->rx) {
		struct packet *pkt = p->rx;

		p->rx = pkt->next;
		if (!p->rx)
			p->rx_end = &p->rx;
		p->nrx--;
		if (fill(frames[got], pkt)) {
			p->counts.rx_frames++;
			p->counts.rx_bytes += pkt->len;
			got++;
		} else {
			p->counts.drop[LIBOS_DROP_RX_TRUNC]++;
		}
		free(pkt);
	}
	return (int)got;
}

static int port_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	return 0;
}

static void port_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	const struct libos_netio_stats *c = &((struct port *)io)->counts;

	s->rx_frames += c->rx_frames;
	s->rx_bytes += c->rx_bytes;
	s->tx_frames += c->tx_frames;
	s->tx_bytes += c->tx_bytes;
	s->rx_calls += c->rx_calls;
	s->tx_calls += c->tx_calls;
	s->drop[LIBOS_DROP_RX_TRUNC] += c->drop[LIBOS_DROP_RX_TRUNC];
}

static void port_close(struct libos_netio *io)
{
}

static const struct libos_netio_ops port_ops = {
	.name = "sim",
	.tx = port_tx,
	.rx = port_rx,
	.pollfds = port_pollfds,
	.stats = port_stats,
	.close = port_close,
};

static struct port *find(struct sim_host *host, const char *name)
{
	struct link *l;

	for (l = host->ports.next; l != &host->ports; l = l->next)
		if (!strcmp(link_entry(l, struct port, ports)->name, name))
			return link_entry(l, struct port, ports);
	return NULL;
}

static int set_direction(struct port *p, const struct sim_direction *way)
{
	__u32 queue = way->queue ? way->queue : DEFAULT_QUEUE;
	__u64 *begins;

	if (way->loss_ppm > MILLION || way->duplicate_ppm > MILLION || way->reorder_ppm > MILLION)
		return -EINVAL;
	begins = calloc(queue, sizeof(*begins));
	if (!begins)
		return -ENOMEM;
	free(p->begins);
	p->begins = begins;
	p->first = p->nqueued = 0;
	p->way = *way;
	p->way.queue = queue;
	if (!p->way.reorder_ns)
		p->way.reorder_ns = DEFAULT_REORDER;
	return 0;
}

static struct port *port_new(struct sim_host *host, const char *name,
			     const struct sim_direction *way, int *r)
{
	char stream[64] = "link:";
	struct port *p;

	*r = -EINVAL;
	if (!*name || strlen(name) >= sizeof(p->name))
		return NULL;
	*r = -EEXIST;
	if (find(host, name))
		return NULL;
	*r = -ENOMEM;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->io = (struct libos_netio){
		.ops = &port_ops,
		.queues = 1,
		.max_mtu = 65535,
		.link_up = 1,
	};
	p->host = host;
	p->rx_end = &p->rx;
	strcpy(p->name, name);
	strcat(stream, host->name);
	strcat(strcat(stream, ":"), name);
	sim_rng_seed(&p->rng, host->sim->seed, stream);
	*r = set_direction(p, way);
	if (*r < 0) {
		free(p);
		return NULL;
	}
	link_add_tail(&p->ports, &host->ports);
	return p;
}

static void port_free(struct port *p)
{
	link_del(&p->ports);
	while (p->rx) {
		struct packet *next = p->rx->next;

		free(p->rx);
		p->rx = next;
	}
	if (p->capture)
		sim_capture_close(p->capture);
	free(p->begins);
	free(p);
}

static int attach(struct port *p, __u32 mtu)
{
	struct libos_netdev_params params = { .mtu = mtu };
	unsigned long arg[6] = { (unsigned long)&params, (unsigned long)&p->io,
				 (unsigned long)&p->dev };
	long r;

	strcpy(params.name, p->name);
	r = libos_call(&p->host->main->base, LIBOS_NR_NETDEV_ADD, arg);
	return r < 0 ? (int)r : 0;
}

EXPORT int sim_link(struct sim_host *a, const char *a_dev, struct sim_host *b, const char *b_dev,
		    const struct sim_link_opts *opts)
{
	struct sim_link_opts o = { .size = sizeof(o) };
	struct port *pa, *pb;
	int r;

	if (opts && opts->size < sizeof(o))
		return -EINVAL;
	if (opts)
		o = *opts;
	if (a->sim != b->sim)
		return -EINVAL;
	pa = port_new(a, a_dev, &o.ab, &r);
	if (!pa)
		return r;
	pb = port_new(b, b_dev, &o.ba, &r);
	if (!pb)
		goto err_a;
	pa->peer = pb;
	pb->peer = pa;
	r = attach(pa, o.mtu);
	if (r < 0)
		goto err_b;
	r = attach(pb, o.mtu);
	if (r < 0) {
		unsigned long arg[6] = { (unsigned long)pa->dev };

		libos_call(&a->main->base, LIBOS_NR_NETDEV_DEL, arg);
		goto err_b;
	}
	return 0;

err_b:
	port_free(pb);
err_a:
	port_free(pa);
	return r;
}

EXPORT int sim_link_set(struct sim_host *host, const char *dev,
			const struct sim_direction *direction)
{
	struct port *p = find(host, dev);

	return p ? set_direction(p, direction) : -ENODEV;
}

EXPORT int sim_link_stats(struct sim_host *host, const char *dev, struct sim_link_stats *stats)
{
	struct port *p = find(host, dev);

	if (!p)
		return -ENODEV;
	*stats = p->stats;
	stats->under_way = p->peer->under_way;
	return 0;
}

EXPORT int sim_capture(struct sim_host *host, const char *dev, const char *path)
{
	struct port *p = find(host, dev);

	if (!p)
		return -ENODEV;
	if (p->capture)
		return -EBUSY;
	return sim_capture_open(path, host->name, dev, &p->capture);
}

/* The frames under way between the ports of a host that goes, and their peers. */
static void drop_under_way(struct sim *sim, struct port *p)
{
	size_t i;

	for (i = 0; i < sim->events.n && (p->under_way || p->peer->under_way); i++) {
		struct sim_event *ev = sim->events.heap[i];
		struct packet *pkt = link_entry(ev, struct packet, arrival);

		if (ev->fn != arrive || (pkt->to != p && pkt->to != p->peer))
			continue;
		pkt->to->under_way--;
		sim_event_del(&sim->events, ev);
		free(pkt);
		i = (size_t)-1;		/* the heap has moved: from the start */
	}
}

/* A host goes away, and all its cables with it. */
void sim_ports_free(struct sim_host *host)
{
	while (!link_empty(&host->ports)) {
		struct port *p = link_entry(host->ports.next, struct port, ports);
		struct port *peer = p->peer;

		drop_under_way(host->sim, p);
		port_free(p);
		port_free(peer);
	}
}
