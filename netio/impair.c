// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a channel worse: loss, delay, jitter, reordering, duplicates,
 * corruption and a rate, each direction for itself.
 *
 *	tx:  roll the dice -> held (heap by due time) -> ready (list) -> inner->tx
 *	rx:  inner->rx -> roll the dice -> held -> ready -> the stack's frames
 *
 * Randomness is a function of (seed, direction, number of the frame, question),
 * not a stream: what happens to frame n does not depend on which other frames
 * were lost, on time, or on how frames were batched.
 *
 * Time under way: a frame leaves the sender when the link is free (@rate_bps),
 * then takes @delay_ns +- @jitter_ns.  Due times never go backward, so jitter
 * keeps the order; a frame chosen for reordering is due @reorder_ns later than
 * it would be, and is overtaken.
 *
 * Frames under way are copies, in chunks of a page, so that the longest frame
 * is a scatter list that an inner channel takes.  When @limit frames, or the
 * chunks, are in use, further ones are dropped.
 *
 * A corrupted frame must not reach the application: an unfinished checksum is
 * computed before the bit is inverted, and offload flags are cleared.
 *
 * Nothing wakes us when a frame is due but deadline_ns.  If the inner channel
 * is full, frames stay ready and are tried again a little later.
 */
#include <stdlib.h>

#include "frame.h"
#include "room.h"

#define IMPAIR_LIMIT		1000
#define IMPAIR_LIMIT_MAX	1000000
#define IMPAIR_REORDER_NS	1000000ULL
#define IMPAIR_RETRY_NS		100000ULL
#define IMPAIR_BURST		16
#define CHUNK			4096
#define NONE			(~0U)

enum question { Q_LOSS, Q_DUP, Q_CORRUPT, Q_REORDER, Q_JITTER, Q_BIT };

/* One frame under way. */
struct held {
	__u64	due_ns;
	__u64	seq;			/* equal due times keep their order */
	struct libos_vnet_hdr vnet;
	__u32	len;
	__u64	tstamp_ns;
	__u32	chunk[LIBOS_FRAME_SEGS];
	__u32	next;			/* in a list of free or ready ones */
};

/* One direction. */
struct lane {
	struct netio_impair cfg;
	struct netio_impair_stats count;
	__u64	seed;
	__u64	frames, bytes;		/* that passed on */
	__u64	rolled;			/* frames that came */
	__u64	seq;
	__u64	free_ns;		/* when the link has sent what it was given */
	__u64	last_due_ns;
	__u64	retry_ns;		/* tx: the inner channel was full */
	struct held *held;
	__u32	*heap;			/* indices of held, by due_ns and seq */
	__u32	nheap;
	__u32	free_held;
	__u32	ready_first, ready_last;
	char	*pool;
	__u32	*chunk_next;
	__u32	chunk_free;
	__u32	nchunks;
	size_t	maplen;
	void	*map;
};

struct impair {
	struct libos_netio io;
	struct libos_netio *inner;
	struct netio_clock clock;
	struct lane tx, rx;
	__u64	trunc;
	struct libos_frame frame[IMPAIR_BURST];
	struct libos_frame *frames[IMPAIR_BURST];
	char	*scratch;		/* room of frame[] on rx */
};

#define to_impair(p)	container_of(p, struct impair, io)

#define SCRATCH_LEN	(IMPAIR_BURST * (__u64)LIBOS_FRAME_SEGS * CHUNK)

static __hot __u64 now_ns(const struct impair *im)
{
	return im->clock.now_ns ? im->clock.now_ns(im->clock.arg) :
				  sys_clock_ns(CLOCK_MONOTONIC);
}

/*
 * 64 bits for question @q about frame @n: a counter put through a mixing
 * function in which each bit of the input changes half of the output.
 */
static __hot __u64 dice(const struct lane *l, __u64 n, enum question q)
{
	__u64 x = l->seed + (n * 8 + q + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static __hot bool chance(const struct lane *l, __u64 n, enum question q, __u32 ppm)
{
	return (dice(l, n, q) >> 32) * 1000000 >> 32 < ppm;
}

/* The heap */

static __hot bool before(const struct lane *l, __u32 a, __u32 b)
{
	const struct held *x = &l->held[a], *y = &l->held[b];

	return x->due_ns != y->due_ns ? x->due_ns < y->due_ns : x->seq < y->seq;
}

static __hot void heap_push(struct lane *l, __u32 h)
{
	__u32 i = l->nheap++, up;

	for (; i; i = up) {
		up = (i - 1) / 2;
		if (!before(l, h, l->heap[up]))
			break;
		l->heap[i] = l->heap[up];
	}
	l->heap[i] = h;
}

static __hot __u32 heap_pop(struct lane *l)
{
	__u32 top = l->heap[0], last = l->heap[--l->nheap], i = 0, kid;

	for (; (kid = 2 * i + 1) < l->nheap; i = kid) {
		if (kid + 1 < l->nheap && before(l, l->heap[kid + 1], l->heap[kid]))
			kid++;
		if (!before(l, l->heap[kid], last))
			break;
		l->heap[i] = l->heap[kid];
	}
	l->heap[i] = last;
	return top;
}

/* Frames under way */

static __hot void held_free(struct lane *l, __u32 h)
{
	struct held *held = &l->held[h];
	__u32 i, n = (held->len + CHUNK - 1) / CHUNK;

	for (i = 0; i < n; i++) {
		l->chunk_next[held->chunk[i]] = l->chunk_free;
		l->chunk_free = held->chunk[i];
	}
	held->next = l->free_held;
	l->free_held = h;
	l->count.queued--;
}

/* A copy of @f; NONE if the limit is reached. */
static __hot __u32 held_new(struct lane *l, const struct libos_frame *f)
{
	__u32 h = l->free_held, n = 0, off, c;
	struct held *held;

	if (h == NONE)
		return NONE;
	held = &l->held[h];
	l->free_held = held->next;
	l->count.queued++;
	for (off = 0; off < f->len; off += CHUNK) {
		c = l->chunk_free;
		if (c == NONE) {
			held->len = off;
			held_free(l, h);
			return NONE;
		}
		l->chunk_free = l->chunk_next[c];
		held->chunk[n++] = c;
		frame_gather(f, off, l->pool + (__u64)c * CHUNK,
			     f->len - off < CHUNK ? f->len - off : CHUNK);
	}
	held->len = f->len;
	held->vnet = f->vnet;
	held->tstamp_ns = f->tstamp_ns;
	return h;
}

/* Show a frame under way as a scatter list. */
static __hot void held_frame(const struct lane *l, __u32 h, struct libos_frame *f)
{
	const struct held *held = &l->held[h];
	__u32 off, n = 0;

	for (off = 0; off < held->len; off += CHUNK, n++) {
		f->seg[n].base = l->pool + (__u64)held->chunk[n] * CHUNK;
		f->seg[n].len = held->len - off < CHUNK ? held->len - off : CHUNK;
	}
	f->nseg = n;
	f->len = held->len;
	f->vnet = held->vnet;
	f->tstamp_ns = held->tstamp_ns;
}

static __hot void corrupt(struct lane *l, __u32 h, __u64 n)
{
	__u64 bit = dice(l, n, Q_BIT) % (l->held[h].len * 8ULL);
	struct libos_frame f;

	held_frame(l, h, &f);
	frame_checksum(&f);
	hot_zero(&l->held[h].vnet, sizeof(l->held[h].vnet));
	*frame_byte(&f, bit / 8) ^= 1 << bit % 8;
	l->count.corrupted++;
}

/* When the n-th frame arrives that is sent now. */
static __hot __u64 due(struct lane *l, __u64 n, __u32 len, __u64 now)
{
	__u64 t = now, jitter = l->cfg.jitter_ns;

	if (l->cfg.rate_bps) {
		if (l->free_ns < now)
			l->free_ns = now;
		l->free_ns += len * 8ULL * 1000000000ULL / l->cfg.rate_bps;
		t = l->free_ns;
	}
	t += l->cfg.delay_ns - jitter;
	if (jitter)
		t += dice(l, n, Q_JITTER) % (2 * jitter + 1);
	if (t < l->last_due_ns)
		t = l->last_due_ns;
	l->last_due_ns = t;
	if (chance(l, n, Q_REORDER, l->cfg.reorder_ppm)) {
		t += l->cfg.reorder_ns;
		l->count.reordered++;
	}
	return t;
}

static __hot void enter_lane(struct lane *l, const struct libos_frame *f, __u64 now)
{
	__u64 n = l->rolled++, at;
	int copies = 1;
	__u32 h;

	if (chance(l, n, Q_LOSS, l->cfg.loss_ppm)) {
		l->count.lost++;
		return;
	}
	at = due(l, n, f->len, now);
	if (chance(l, n, Q_DUP, l->cfg.dup_ppm)) {
		l->count.duplicated++;
		copies = 2;
	}
	while (copies--) {
		h = held_new(l, f);
		if (h == NONE) {
			l->count.overlimit++;
			continue;
		}
		l->held[h].due_ns = at;
		l->held[h].seq = l->seq++;
		if (f->len && chance(l, n, Q_CORRUPT, l->cfg.corrupt_ppm))
			corrupt(l, h, n);
		heap_push(l, h);
	}
}

/* Move what is due from the heap to the list of ready ones. */
static __hot void ripen(struct lane *l, __u64 now)
{
	while (l->nheap && l->held[l->heap[0]].due_ns <= now) {
		__u32 h = heap_pop(l);

		l->held[h].next = NONE;
		if (l->ready_first == NONE)
			l->ready_first = h;
		else
			l->held[l->ready_last].next = h;
		l->ready_last = h;
	}
}

static __hot void ready_drop_first(struct lane *l)
{
	__u32 h = l->ready_first;

	l->ready_first = l->held[h].next;
	l->frames++;
	l->bytes += l->held[h].len;
	held_free(l, h);
}

static __hot void send_ready(struct impair *im, __u64 now)
{
	struct lane *l = &im->tx;
	unsigned int n;
	__u32 h;
	int ret;

	ripen(l, now);
	l->retry_ns = 0;
	while (l->ready_first != NONE) {
		for (n = 0, h = l->ready_first; n < IMPAIR_BURST && h != NONE;
		     h = l->held[h].next, n++)
			held_frame(l, h, im->frames[n]);
		ret = im->inner->ops->tx(im->inner, 0, im->frames, n);
		if (ret < 0)
			ret = 0;
		for (h = ret; h; h--)
			ready_drop_first(l);
		if ((unsigned int)ret < n) {
			l->retry_ns = now + IMPAIR_RETRY_NS;
			break;
		}
	}
}

static __hot void receive(struct impair *im, __u64 now)
{
	unsigned int i, k, rounds = LIBOS_BURST / IMPAIR_BURST;
	int n;

	do {
		for (i = 0; i < IMPAIR_BURST; i++) {
			struct libos_frame *f = im->frames[i];

			f->nseg = LIBOS_FRAME_SEGS;
			for (k = 0; k < LIBOS_FRAME_SEGS; k++) {
				f->seg[k].base = im->scratch +
						 ((__u64)i * LIBOS_FRAME_SEGS + k) * CHUNK;
				f->seg[k].len = CHUNK;
			}
		}
		n = im->inner->ops->rx(im->inner, 0, im->frames, IMPAIR_BURST);
		for (i = 0; (int)i < n; i++)
			enter_lane(&im->rx, im->frames[i], now);
	} while (n == IMPAIR_BURST && --rounds);
}

static __hot int impair_tx(struct libos_netio *io, unsigned int queue,
			   struct libos_frame *const *frames, unsigned int n)
{
	struct impair *im = to_impair(io);
	__u64 now = now_ns(im);
	unsigned int i;

	for (i = 0; i < n; i++)
		enter_lane(&im->tx, frames[i], now);
	send_ready(im, now);
	io->link_up = im->inner->link_up;
	return n;
}

static __hot int impair_rx(struct libos_netio *io, unsigned int queue,
			   struct libos_frame *const *frames, unsigned int n)
{
	struct impair *im = to_impair(io);
	struct lane *l = &im->rx;
	__u64 now = now_ns(im);
	unsigned int got = 0, i;

	send_ready(im, now);
	receive(im, now);
	io->link_up = im->inner->link_up;
	ripen(l, now);
	while (got < n && l->ready_first != NONE) {
		struct libos_frame *src = im->frames[0], *dst = frames[got];

		held_frame(l, l->ready_first, src);
		if (frame_room(dst) < src->len) {
			im->trunc++;
			i = l->ready_first;
			l->ready_first = l->held[i].next;
			held_free(l, i);
			continue;
		}
		frame_move(dst, src);
		ready_drop_first(l);
		got++;
	}
	return got;
}

static int impair_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	struct libos_netio *inner = to_impair(io)->inner;

	return inner->ops->pollfds(inner, fds, max);
}

static __hot __u64 impair_deadline_ns(struct libos_netio *io)
{
	struct impair *im = to_impair(io);
	__u64 t = ~0ULL, d;

	if (im->inner->ops->deadline_ns)
		t = im->inner->ops->deadline_ns(im->inner);
	if (im->rx.ready_first != NONE)
		return 0;
	if (im->tx.retry_ns && im->tx.retry_ns < t)
		t = im->tx.retry_ns;
	d = im->tx.nheap ? im->tx.held[im->tx.heap[0]].due_ns : ~0ULL;
	t = d < t ? d : t;
	d = im->rx.nheap ? im->rx.held[im->rx.heap[0]].due_ns : ~0ULL;
	return d < t ? d : t;
}

/* Frames are counted here, where they meet the stack; the rest is the channel's. */
static __hot void impair_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	struct impair *im = to_impair(io);
	struct libos_netio_stats in = { 0 };

	im->inner->ops->stats(im->inner, &in);
	in.tx_frames = im->tx.frames;
	in.tx_bytes = im->tx.bytes;
	in.rx_frames = im->rx.frames;
	in.rx_bytes = im->rx.bytes;
	in.drop[LIBOS_DROP_RX_TRUNC] += im->trunc;
	in.drop[LIBOS_DROP_IMPAIR] += im->tx.count.lost + im->tx.count.overlimit +
				      im->rx.count.lost + im->rx.count.overlimit;
	netio_stats_add(s, &in);
}

static void impair_free(struct impair *im)
{
	netio_pages_free(im->tx.map, im->tx.maplen);
	netio_pages_free(im->rx.map, im->rx.maplen);
	netio_pages_free(im->scratch, SCRATCH_LEN);
	free(im);
}

static void impair_close(struct libos_netio *io)
{
	struct impair *im = to_impair(io);

	im->inner->ops->close(im->inner);
	impair_free(im);
}

int netio_impair_stats(const struct libos_netio *io, struct netio_impair_stats *tx,
		       struct netio_impair_stats *rx)
{
	const struct impair *im = (const void *)io;

	/* Whoever uses the channel may have put operations of its own in front of ours. */
	if (io->ops->close != impair_close)
		return -EINVAL;
	if (tx)
		*tx = im->tx.count;
	if (rx)
		*rx = im->rx.count;
	return 0;
}

static int impair_suspend(struct libos_netio *io)
{
	struct impair *im = to_impair(io);

	return im->inner->ops->suspend ? im->inner->ops->suspend(im->inner) : 0;
}

static int impair_resume(struct libos_netio *io)
{
	struct impair *im = to_impair(io);

	return im->inner->ops->resume ? im->inner->ops->resume(im->inner) : 0;
}

static const struct libos_netio_ops impair_ops = {
	.name		= "impair",
	.tx		= impair_tx,
	.rx		= impair_rx,
	.pollfds	= impair_pollfds,
	.deadline_ns	= impair_deadline_ns,
	.stats		= impair_stats,
	.close		= impair_close,
	.suspend	= impair_suspend,
	.resume		= impair_resume,
};

static int lane_init(struct lane *l, const struct netio_impair *cfg, __u64 seed, const char *name,
		     struct netio_err *err)
{
	__u32 limit = cfg->limit ? cfg->limit : IMPAIR_LIMIT, i;
	char *at;

	if (cfg->loss_ppm > 1000000 || cfg->dup_ppm > 1000000 || cfg->corrupt_ppm > 1000000 ||
	    cfg->reorder_ppm > 1000000)
		return netio_fail(err, -EINVAL, "impair: %s: a probability is above 100%%", name);
	if (cfg->jitter_ns > cfg->delay_ns)
		return netio_fail(err, -EINVAL, "impair: %s: jitter is larger than delay", name);
	if (limit > IMPAIR_LIMIT_MAX)
		return netio_fail(err, -EINVAL, "impair: %s: limit is above %d", name,
				  IMPAIR_LIMIT_MAX);
	l->cfg = *cfg;
	l->cfg.limit = limit;
	if (!l->cfg.reorder_ns)
		l->cfg.reorder_ns = IMPAIR_REORDER_NS;
	l->seed = seed;
	/* Enough for frames of an MTU, and then for some large ones. */
	l->nchunks = limit + 64 * LIBOS_FRAME_SEGS;
	l->maplen = (size_t)l->nchunks * (CHUNK + sizeof(__u32)) +
		    (size_t)limit * (sizeof(struct held) + sizeof(__u32));
	l->map = at = netio_pages(l->maplen);
	if (!at)
		return netio_fail(err, -ENOMEM, "impair: out of memory");
	l->pool = at;
	at += (size_t)l->nchunks * CHUNK;
	l->held = (void *)at;
	at += limit * sizeof(struct held);
	l->heap = (void *)at;
	at += limit * sizeof(__u32);
	l->chunk_next = (void *)at;
	for (i = 0; i < limit; i++)
		l->held[i].next = i + 1 < limit ? i + 1 : NONE;
	for (i = 0; i < l->nchunks; i++)
		l->chunk_next[i] = i + 1 < l->nchunks ? i + 1 : NONE;
	l->ready_first = l->ready_last = NONE;
	return 0;
}

int netio_impair_open(struct libos_netio *inner, const struct netio_impair_opts *opts,
		      struct libos_netio **out, struct netio_err *err)
{
	struct netio_impair_opts o;
	struct impair *im;
	int i, ret;

	ret = netio_opts_copy(&o, sizeof(o), opts, err);
	if (ret)
		return ret;
	if (inner->queues != 1)
		return netio_fail(err, -EINVAL, "impair: the channel has %u queues; it must have 1",
				  inner->queues);
	im = calloc(1, sizeof(*im));
	if (!im)
		return netio_fail(err, -ENOMEM, "impair: out of memory");
	im->io = *inner;
	im->io.ops = &impair_ops;
	im->io.features &= LIBOS_NETIO_TX_CSUM | LIBOS_NETIO_RX_CSUM | LIBOS_NETIO_RX_GSO;
	im->inner = inner;
	im->clock = o.clock;
	for (i = 0; i < IMPAIR_BURST; i++)
		im->frames[i] = &im->frame[i];
	im->scratch = netio_pages(SCRATCH_LEN);
	ret = im->scratch ? 0 : netio_fail(err, -ENOMEM, "impair: out of memory");
	if (!ret)
		ret = lane_init(&im->tx, &o.tx, o.seed * 2 + 1, "tx", err);
	if (!ret)
		ret = lane_init(&im->rx, &o.rx, (o.seed * 2 + 2) ^ 0x5bf0363546290fULL, "rx", err);
	if (ret) {
		impair_free(im);
		return ret;
	}
	*out = &im->io;
	return 0;
}
