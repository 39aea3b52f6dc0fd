// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames through a byte stream: pipes, FIFOs, stream sockets.
 *
 * Each frame is a record: a header with its length and virtio-net header, then
 * its bytes.  A burst is one writev():
 *
 *	rec[0] seg seg | rec[1] seg | rec[2] seg seg seg | ...
 *
 * The pipe may take part of that.  What it took whole is done; the end of a torn
 * frame is copied to tx_rest and goes first next time, so that the caller has
 * its memory back at once.  pollfds then also tells when there is room.
 *
 * Receiving has two gaits.  Small frames: one read() of whatever the pipe holds
 * into rx_buf, from which frames are copied.  Large ones: once a record's header
 * is there the rest of the frame is read straight into its segments, and with
 * it, in the same readv(), a little of what follows, which has the next header
 * in it; so a stream of 64 KiB frames costs one call and no copy each:
 *
 *	rx_buf  [rec0|start of frame 0]
 *	readv   -> seg[0] seg[1] ... seg[n]  (rest of frame 0)
 *	        -> rx_buf [rec1|start of frame 1]
 *
 * A frame that ends too early (the peer is still writing) moves back to rx_buf,
 * since the segments are the caller's again.
 *
 * rx reads until the pipe says that it is empty: behind the last frame there may
 * be the end of the stream, of which nobody tells a second time.
 *
 * A record that makes no sense means that the stream is torn: there is no
 * finding one's way in it again, and the link is reset.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipe.h"

/* tx */

/* Write without ever raising SIGPIPE: for a pipe keep_fd sees to that. */
__hot long pipe_write(struct pipe *p, struct iovec *iov, unsigned int niov)
{
	p->stats.tx_calls++;
	if (p->socket) {
		struct msghdr m;

		hot_zero(&m, sizeof(m));
		m.msg_iov = iov;
		m.msg_iovlen = niov;
		return sys_retry(sys_sendmsg(p->wfd, &m, MSG_NOSIGNAL | MSG_DONTWAIT));
	}
	return sys_retry(sys_writev(p->wfd, iov, niov));
}

/* Send what is left of a torn frame.  True if nothing is. */
__hot bool pipe_flush(struct pipe *p)
{
	struct iovec iov;
	long ret;

	while (p->rest_len) {
		iov.iov_base = p->tx_rest + p->rest_at;
		iov.iov_len = p->rest_len;
		ret = pipe_write(p, &iov, 1);
		if (ret == -EAGAIN) {
			pipe_watch_out(p, true);
			return false;
		}
		if (ret <= 0) {
			pipe_reset(p);
			return false;
		}
		p->rest_at += ret;
		p->rest_len -= ret;
	}
	p->rest_at = 0;
	pipe_watch_out(p, false);
	return true;
}

static __hot bool tx_bad(struct pipe *p, const struct libos_frame *f)
{
	if (f->len <= NETIO_FRAME_MAX && f->len >= NETIO_FRAME_MIN)
		return false;
	p->stats.drop[f->len > NETIO_FRAME_MAX ? LIBOS_DROP_TX_TOOBIG : LIBOS_DROP_TX_ERROR]++;
	return true;
}

/*
 * Lay out frames[from...] as records, as many as one call takes, and up to the
 * first that is malformed.
 */
static __hot unsigned int tx_prepare(struct pipe *p, struct libos_frame *const *frames,
				     unsigned int from, unsigned int n, unsigned int *niov,
				     __u64 *bytes)
{
	unsigned int i, k = 0, segs;

	*bytes = 0;
	for (i = from; i < n && k + 1 + LIBOS_FRAME_SEGS <= PIPE_IOV; i++) {
		struct libos_frame *f = frames[i];
		struct pipe_rec *rec = &p->rec[i - from];

		if (f->len > NETIO_FRAME_MAX || f->len < NETIO_FRAME_MIN)
			break;
		segs = frame_iov(f, &p->iov[k + 1]);
		if (!segs)
			break;
		rec->magic = PIPE_MAGIC;
		rec->type = PIPE_FRAME;
		rec->version = PIPE_VERSION;
		rec->len = f->len;
		rec->vnet = f->vnet;
		p->iov[k].iov_base = rec;
		p->iov[k].iov_len = sizeof(*rec);
		k += segs + 1;
		*bytes += sizeof(*rec) + f->len;
	}
	*niov = k;
	return i;
}

/* The pipe took @took bytes of a frame: put the others aside. */
static __hot void put_aside(struct pipe *p, const struct libos_frame *f,
			    const struct pipe_rec *rec, __u64 took)
{
	__u32 n = 0;

	if (took < sizeof(*rec)) {
		n = sizeof(*rec) - took;
		hot_copy(p->tx_rest, (const char *)rec + took, n);
		took = 0;
	} else {
		took -= sizeof(*rec);
	}
	frame_gather(f, took, p->tx_rest + n, f->len - took);
	p->rest_at = 0;
	p->rest_len = n + f->len - took;
}

static __hot int pipe_tx(struct libos_netio *io, unsigned int queue,
			 struct libos_frame *const *frames, unsigned int n)
{
	struct pipe *p = to_pipe(io);
	unsigned int i = 0, end, niov, first;
	__u64 bytes;
	long ret;

	if (n > LIBOS_BURST)
		n = LIBOS_BURST;
	if (io->link_up && !pipe_flush(p) && io->link_up)
		return 0;
	while (i < n) {
		if (!io->link_up) {
			p->stats.drop[LIBOS_DROP_TX_DOWN] += n - i;
			return n;
		}
		first = i;
		end = tx_prepare(p, frames, i, n, &niov, &bytes);
		if (end == i) {
			if (!tx_bad(p, frames[i]))
				p->stats.drop[LIBOS_DROP_TX_ERROR]++;
			i++;
			continue;
		}
		ret = pipe_write(p, p->iov, niov);
		if (ret == -EAGAIN) {
			pipe_watch_out(p, true);
			return i;
		}
		if (ret < 0) {
			pipe_reset(p);
			continue;
		}
		for (bytes = ret; i < end && bytes >= sizeof(struct pipe_rec) + frames[i]->len;
		     i++) {
			bytes -= sizeof(struct pipe_rec) + frames[i]->len;
			p->stats.tx_frames++;
			p->stats.tx_bytes += frames[i]->len;
		}
		if (i == end)
			continue;
		if (bytes) {
			put_aside(p, frames[i], &p->rec[i - first], bytes);
			p->stats.tx_frames++;
			p->stats.tx_bytes += frames[i]->len;
			i++;
		}
		pipe_watch_out(p, true);
		return i;
	}
	return n;
}

/* rx */

static __hot bool rec_sane(const struct pipe_rec *rec)
{
	if (rec->magic != PIPE_MAGIC || rec->version != PIPE_VERSION)
		return false;
	if (rec->type == PIPE_HELLO)
		return rec->len == sizeof(struct pipe_hello);
	return rec->type == PIPE_FRAME && rec->len <= NETIO_FRAME_MAX;
}

/*
 * While we wait for the peer's hello there may be the end of an earlier
 * conversation in a FIFO.  Drop bytes until a hello begins.
 */
static __hot bool find_hello(struct pipe *p)
{
	while (p->rx_tail - p->rx_head >= PIPE_HELLO_LEN) {
		const char *at = p->rx_buf + p->rx_head;
		struct pipe_rec rec;

		hot_copy(&rec, at, sizeof(rec));
		if (rec_sane(&rec) && rec.type == PIPE_HELLO &&
		    hot_equal(at + sizeof(rec), PIPE_TAG, 16))
			return true;
		p->rx_head++;
	}
	return false;
}

/* Count a record that is no frame for the stack; 0 if it is one. */
static __hot int rx_bad(struct pipe *p, const struct libos_frame *f, const struct pipe_rec *rec)
{
	if (rec->len < NETIO_FRAME_MIN)
		p->stats.drop[LIBOS_DROP_RX_RUNT]++;
	else if (rec->len > frame_room(f))
		p->stats.drop[LIBOS_DROP_RX_TRUNC]++;
	else
		return 0;
	return 1;
}

static __hot void rx_done(struct pipe *p, struct libos_frame *f, const struct pipe_rec *rec)
{
	f->vnet = rec->vnet;
	f->vnet.num_buffers = 0;
	f->len = rec->len;
	f->tstamp_ns = 0;
	p->rx_large = rec->len >= PIPE_LARGE;
	p->stats.rx_frames++;
	p->stats.rx_bytes += rec->len;
}

/*
 * Take one frame out of rx_buf.  1: it is in @f.  0: more bytes are needed; @rec
 * is valid if its length is not 0.  Without @f only a hello is looked for.
 */
static __hot int rx_parse(struct pipe *p, struct libos_frame *f, struct pipe_rec *rec)
{
	for (;;) {
		__u32 have = p->rx_tail - p->rx_head;
		__u32 skip = p->rx_skip < have ? p->rx_skip : have;

		p->rx_head += skip;
		p->rx_skip -= skip;
		have -= skip;
		rec->len = 0;
		if (!p->peer_id) {
			if (p->mode == NETIO_PIPE_FIFO && !find_hello(p))
				return 0;
			have = p->rx_tail - p->rx_head;
		}
		if (have < sizeof(*rec))
			return 0;
		hot_copy(rec, p->rx_buf + p->rx_head, sizeof(*rec));
		if (!rec_sane(rec) || (!p->peer_id && rec->type != PIPE_HELLO)) {
			p->stats.drop[LIBOS_DROP_RX_RUNT]++;
			rec->len = 0;
			pipe_reset(p);
			return 0;
		}
		if (rec->type == PIPE_HELLO) {
			struct pipe_hello h;

			if (have < PIPE_HELLO_LEN) {
				rec->len = 0;
				return 0;
			}
			hot_copy(&h, p->rx_buf + p->rx_head + sizeof(*rec), sizeof(h));
			p->rx_head += PIPE_HELLO_LEN;
			pipe_heard(p, &h);
			if (!f)
				return 0;
			continue;
		}
		if (!f)
			return 0;
		if (rx_bad(p, f, rec)) {
			p->rx_head += sizeof(*rec);
			p->rx_skip = rec->len;
			continue;
		}
		if (have < sizeof(*rec) + rec->len)
			return 0;
		frame_scatter(f, 0, p->rx_buf + p->rx_head + sizeof(*rec), rec->len);
		p->rx_head += sizeof(*rec) + rec->len;
		rx_done(p, f, rec);
		return 1;
	}
}

/* Move what is unparsed to the front of rx_buf. */
static __hot void rx_compact(struct pipe *p)
{
	__u32 have = p->rx_tail - p->rx_head, i;

	if (!p->rx_head)
		return;
	if (have <= p->rx_head)
		hot_copy(p->rx_buf, p->rx_buf + p->rx_head, have);
	else
		for (i = 0; i < have; i++)
			((volatile char *)p->rx_buf)[i] = p->rx_buf[p->rx_head + i];
	p->rx_head = 0;
	p->rx_tail = have;
}

/*
 * Read the rest of a frame of which a part is in rx_buf, straight to its place.
 * Returns what readv() did; *whole says that the frame is complete.
 */
static __hot long rx_direct(struct pipe *p, struct libos_frame *f, const struct pipe_rec *rec,
			    bool *whole)
{
	__u32 have = p->rx_tail - p->rx_head - sizeof(*rec), need = rec->len - have;
	struct iovec *iov = p->iov;
	unsigned int n;
	long ret;

	n = frame_part_iov(f, have, need, iov);
	/* Behind the part that we have, for it may have to be put together. */
	iov[n].iov_base = p->rx_buf + PIPE_RXBUF / 2;
	iov[n].iov_len = p->rx_large ? PIPE_PEEK : PIPE_RXBUF / 2;
	ret = sys_retry(sys_readv(p->rfd, iov, n + 1));
	p->stats.rx_calls++;
	*whole = false;
	if (ret <= 0)
		return ret;
	if ((__u32)ret < need) {
		frame_gather(f, have, p->rx_buf + p->rx_tail, ret);
		p->rx_tail += ret;
		return ret;
	}
	frame_scatter(f, 0, p->rx_buf + p->rx_head + sizeof(*rec), have);
	p->rx_head = PIPE_RXBUF / 2;
	p->rx_tail = PIPE_RXBUF / 2 + ret - need;
	rx_done(p, f, rec);
	*whole = true;
	return ret;
}

static __hot long rx_fill(struct pipe *p)
{
	long ret;

	rx_compact(p);
	ret = sys_retry(sys_read(p->rfd, p->rx_buf + p->rx_tail, PIPE_RXBUF - p->rx_tail));
	p->stats.rx_calls++;
	if (ret > 0)
		p->rx_tail += ret;
	return ret;
}

static __hot int pipe_rx(struct libos_netio *io, unsigned int queue,
			 struct libos_frame *const *frames, unsigned int n)
{
	struct pipe *p = to_pipe(io);
	unsigned int got = 0;
	struct pipe_rec rec;
	bool whole;
	long ret;

	pipe_service(p);
	p->rx_more = false;
	while (got < n) {
		if (rx_parse(p, frames[got], &rec)) {
			got++;
			continue;
		}
		if (p->rfd < 0)
			break;
		if (rec.len > PIPE_PEEK) {
			/* rx_buf's first half holds what has come of the frame. */
			rx_compact(p);
			ret = rx_direct(p, frames[got], &rec, &whole);
			if (ret > 0 && whole)
				got++;
		} else {
			ret = rx_fill(p);
		}
		if (ret == -EAGAIN)
			break;
		if (ret <= 0) {
			if (ret < 0)
				p->stats.drop[LIBOS_DROP_RX_ERROR]++;
			pipe_reset(p);
			break;
		}
	}
	return got;
}

/* Before the stack knows the channel: take in the peer's hello, and no frame. */
__hot void pipe_pump(struct pipe *p)
{
	struct pipe_rec rec;
	long ret;

	pipe_service(p);
	if (p->peer_id || p->rfd < 0)
		return;
	ret = rx_fill(p);
	if (ret > 0)
		rx_parse(p, NULL, &rec);
	else if (ret != -EAGAIN)
		pipe_reset(p);
	p->rx_more = p->rx_tail > p->rx_head;
}

/* The rest */

static int pipe_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	struct pipe *p = to_pipe(io);

	if (max > 0)
		fds[0] = (struct libos_pollfd){ p->epfd, POLLIN, 0, NULL };
	return 1;
}

/* Frames that came with the hello are in rx_buf, where no file tells of them. */
static __hot __u64 pipe_deadline_ns(struct libos_netio *io)
{
	return to_pipe(io)->rx_more ? 0 : ~0ULL;
}

static __hot void pipe_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	netio_stats_add(s, &to_pipe(io)->stats);
}

static void pipe_close(struct libos_netio *io)
{
	struct pipe *p = to_pipe(io);

	pipe_disconnect(p);
	netio_pages_free(p->rx_buf, PIPE_RXBUF);
	netio_pages_free(p->tx_rest, PIPE_TXREST);
	netio_pages_free(p, sizeof(*p));
}

static const struct libos_netio_ops pipe_ops = {
	.name		= "pipe",
	.tx		= pipe_tx,
	.rx		= pipe_rx,
	.pollfds	= pipe_pollfds,
	.deadline_ns	= pipe_deadline_ns,
	.stats		= pipe_stats,
	.close		= pipe_close,
};

int netio_pipe_open(const struct netio_pipe_opts *opts, struct libos_netio **out,
		    struct netio_err *err)
{
	static const __u32 offers[] = {
		[NETIO_OFFLOAD_DEFAULT]	= LIBOS_NETIO_TX_CSUM | LIBOS_NETIO_TX_TSO4 |
					  LIBOS_NETIO_TX_TSO6 | LIBOS_NETIO_TX_ECN |
					  LIBOS_NETIO_TX_USO,
		[NETIO_OFFLOAD_NONE]	= 0,
		[NETIO_OFFLOAD_CSUM]	= LIBOS_NETIO_TX_CSUM,
	};
	struct netio_pipe_opts o;
	struct pipe *p;
	int ret;

	ret = netio_opts_copy(&o, sizeof(o), opts, err);
	if (ret)
		return ret;
	if (o.mode < NETIO_PIPE_FDS || o.mode > NETIO_PIPE_FIFO || o.offload > NETIO_OFFLOAD_CSUM)
		return netio_fail(err, -EINVAL, "pipe: mode or offload is out of range");
	p = netio_pages(sizeof(*p));
	if (!p)
		return netio_fail(err, -ENOMEM, "pipe: out of memory");
	p->io.ops = &pipe_ops;
	p->io.queues = 1;
	p->io.max_mtu = 65535;
	p->mode = o.mode;
	p->fd_min = o.fd_min;
	p->rfd = p->wfd = p->keep_fd = p->give_fd = p->epfd = p->lock_fd = -1;
	p->offer = offers[o.offload];
	p->io.features = offers[NETIO_OFFLOAD_DEFAULT];
	if (p->offer & LIBOS_NETIO_TX_CSUM)
		p->io.features |= LIBOS_NETIO_RX_CSUM;
	if (p->offer & LIBOS_NETIO_TX_TSO4)
		p->io.features |= LIBOS_NETIO_RX_GSO;
	p->rx_buf = netio_pages(PIPE_RXBUF);
	p->tx_rest = netio_pages(PIPE_TXREST);
	if (!p->rx_buf || !p->tx_rest)
		ret = netio_fail(err, -ENOMEM, "pipe: out of memory");
	else
		ret = pipe_connect(p, &o, err);
	if (ret) {
		pipe_close(&p->io);
		return ret;
	}
	*out = &p->io;
	return 0;
}
