// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames to a user-mode router: the network of those who have no privilege.
 *
 * libslirp ends the guest's TCP, UDP and ICMP and speaks for it through ordinary
 * sockets of the host.  It needs a libc, so it lives on a thread of its own
 * (slirpd.c), and frames go there and back through a socket pair, each a packet,
 * a burst a call:
 *
 *	tx  --sendmmsg()-->  socket pair  --recvmmsg()-->  slirpd  -->  host sockets
 *	rx  <--recvmmsg()--  socket pair  <--sendmmsg()--  slirpd  <--  host sockets
 *
 * libslirp knows no offloads: frames are plain and of one MTU.  A large MTU is
 * what makes it fast, hence the default.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "slirp.h"

#define SLIRP_MTU	65520		/* most that libslirp does */
#define SLIRP_SOCKBUF	(4 << 20)

struct slirp_burst {
	struct mmsghdr msg[LIBOS_BURST];
	struct iovec iov[LIBOS_BURST][LIBOS_FRAME_SEGS];
	struct libos_frame *frame[LIBOS_BURST];		/* rx: whose room it is */
};

struct slirp {
	struct libos_netio io;
	struct libos_netio_stats stats;
	struct slirpd *daemon;
	__u64	drops;			/* by the thread */
	int	fd;
	bool	dead;
	struct slirp_burst *tx, *rx;
	unsigned int rx_guess;		/* frames that may have come, 1..LIBOS_BURST */
};

#define to_slirp(p)	container_of(p, struct slirp, io)

static __hot unsigned int tx_prepare(struct slirp *s, struct libos_frame *const *frames,
				     unsigned int from, unsigned int n)
{
	unsigned int i, niov;

	for (i = from; i < n; i++) {
		struct libos_frame *f = frames[i];

		if (f->len > s->io.max_mtu + NETIO_FRAME_MIN || f->vnet.gso_type)
			break;
		niov = frame_iov(f, s->tx->iov[i]);
		if (!niov || f->len < NETIO_FRAME_MIN)
			break;
		s->tx->msg[i].msg_hdr.msg_iov = s->tx->iov[i];
		s->tx->msg[i].msg_hdr.msg_iovlen = niov;
	}
	return i;
}

static __hot enum libos_netio_drop tx_bad(struct slirp *s, const struct libos_frame *f)
{
	return f->len > s->io.max_mtu + NETIO_FRAME_MIN ? LIBOS_DROP_TX_TOOBIG :
							  LIBOS_DROP_TX_ERROR;
}

static __hot int slirp_tx(struct libos_netio *io, unsigned int queue,
			  struct libos_frame *const *frames, unsigned int n)
{
	struct slirp *s = to_slirp(io);
	unsigned int i = 0, ready;
	long ret;

	if (n > LIBOS_BURST)
		n = LIBOS_BURST;
	while (i < n) {
		if (s->dead) {
			s->stats.drop[LIBOS_DROP_TX_DOWN] += n - i;
			return n;
		}
		ready = tx_prepare(s, frames, i, n);
		while (i < ready && !s->dead) {
			ret = sys_retry(sys_sendmmsg(s->fd, &s->tx->msg[i], ready - i,
						     MSG_DONTWAIT | MSG_NOSIGNAL));
			s->stats.tx_calls++;
			if (ret == -EAGAIN)
				return i;
			if (ret == -EPIPE || ret == -ECONNRESET) {
				s->dead = true;
				io->link_up = 0;
			} else if (ret <= 0) {
				s->stats.drop[LIBOS_DROP_TX_ERROR]++;
				i++;
			}
			for (; ret > 0; ret--, i++) {
				s->stats.tx_frames++;
				s->stats.tx_bytes += frames[i]->len;
			}
		}
		if (i == ready && i < n)
			s->stats.drop[tx_bad(s, frames[i++])]++;
	}
	return i;
}

static __hot void rx_prepare(struct slirp *s, struct libos_frame *const *frames, unsigned int n)
{
	unsigned int i;
	__u64 room;

	for (i = 0; i < n; i++) {
		struct msghdr *m = &s->rx->msg[i].msg_hdr;

		s->rx->frame[i] = frames[i];
		m->msg_iov = s->rx->iov[i];
		m->msg_iovlen = frame_room_iov(frames[i], s->rx->iov[i], &room);
	}
}

static __hot bool rx_finish(struct slirp *s, struct libos_frame *f, const struct mmsghdr *m)
{
	f->len = m->msg_len;
	f->tstamp_ns = 0;
	hot_zero(&f->vnet, sizeof(f->vnet));
	if (!f->len) {			/* end of file: the thread is gone */
		s->dead = true;
		s->io.link_up = 0;
		return false;
	}
	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		s->stats.drop[LIBOS_DROP_RX_TRUNC]++;
		return false;
	}
	if (f->len < NETIO_FRAME_MIN) {
		s->stats.drop[LIBOS_DROP_RX_RUNT]++;
		return false;
	}
	return true;
}

/* Asks for about as many frames as came the last time; see raw_rx(). */
static __hot int slirp_rx(struct libos_netio *io, unsigned int queue,
			  struct libos_frame *const *frames, unsigned int n)
{
	struct slirp *s = to_slirp(io);
	unsigned int got = 0, want, i;
	long ret;

	while (got < n && !s->dead) {
		want = n - got < s->rx_guess ? n - got : s->rx_guess;
		rx_prepare(s, frames + got, want);
		ret = sys_retry(sys_recvmmsg(s->fd, s->rx->msg, want, MSG_DONTWAIT));
		s->stats.rx_calls++;
		if (ret == -EAGAIN)
			break;
		if (ret <= 0) {
			s->stats.drop[LIBOS_DROP_RX_ERROR]++;
			break;
		}
		for (i = 0; i < (unsigned int)ret && !s->dead; i++) {
			struct libos_frame *f = frames[got];

			if (!rx_finish(s, s->rx->frame[i], &s->rx->msg[i]))
				continue;
			if (f != s->rx->frame[i])
				frame_move(f, s->rx->frame[i]);
			s->stats.rx_frames++;
			s->stats.rx_bytes += f->len;
			got++;
		}
		s->rx_guess = ret == want ? 2 * s->rx_guess : ret + 2;
		if (s->rx_guess > LIBOS_BURST)
			s->rx_guess = LIBOS_BURST;
		if (ret < want)
			break;
	}
	return got;
}

static int slirp_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	if (max > 0)
		fds[0] = (struct libos_pollfd){ to_slirp(io)->fd, POLLIN | POLLOUT, 0, NULL };
	return 1;
}

static __hot void slirp_stats(struct libos_netio *io, struct libos_netio_stats *st)
{
	struct slirp *s = to_slirp(io);

	s->stats.drop[LIBOS_DROP_RX_OVERRUN] = __atomic_load_n(&s->drops, __ATOMIC_RELAXED);
	netio_stats_add(st, &s->stats);
}

static void slirp_close(struct libos_netio *io)
{
	struct slirp *s = to_slirp(io);

	if (s->fd >= 0)
		close(s->fd);		/* at which the thread ends */
	slirpd_stop(s->daemon);
	netio_pages_free(s->tx, sizeof(*s->tx));
	netio_pages_free(s->rx, sizeof(*s->rx));
	free(s);
}

static int slirp_suspend(struct libos_netio *io)
{
	struct slirp *s = to_slirp(io);

	return s->dead ? 0 : slirpd_suspend(s->daemon);
}

/* Without its router the channel is dead, and says so at the next use. */
static int slirp_resume(struct libos_netio *io)
{
	return slirpd_resume(to_slirp(io)->daemon);
}

static const struct libos_netio_ops slirp_ops = {
	.name		= "slirp",
	.tx		= slirp_tx,
	.rx		= slirp_rx,
	.pollfds	= slirp_pollfds,
	.stats		= slirp_stats,
	.close		= slirp_close,
	.suspend	= slirp_suspend,
	.resume		= slirp_resume,
};

static int family(const char *addr)
{
	unsigned char buf[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, addr, buf) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, addr, buf) == 1 ? AF_INET6 : 0;
}

static int check_fwd(const struct netio_slirp_fwd *f, const struct netio_slirp_opts *o,
		     struct netio_err *err)
{
	const char *bad = NULL;
	int host = AF_INET, guest;

	if (f->host && *f->host)
		host = family(f->host);
	guest = f->guest && *f->guest ? family(f->guest) : host;
	if (!host)
		bad = f->host;
	else if (!guest)
		bad = f->guest;
	if (bad)
		return netio_fail(err, -EINVAL, "slirp: hostfwd: \"%s\" is no address", bad);
	if (host != guest)
		return netio_fail(err, -EINVAL,
				  "slirp: hostfwd: %s and %s are not of one address family",
				  f->host && *f->host ? f->host : "127.0.0.1", f->guest);
	if (host == AF_INET6 && o->no_ipv6)
		return netio_fail(err, -EINVAL, "slirp: hostfwd: %s, but IPv6 is switched off",
				  f->host);
	if (!f->host_port || !f->guest_port)
		return netio_fail(err, -EINVAL, "slirp: hostfwd: ports are 1 to 65535");
	return 0;
}

static int check(const struct netio_slirp_opts *o, struct netio_err *err)
{
	unsigned int i;
	int ret;

	if (o->mtu < 576 || o->mtu > SLIRP_MTU)
		return netio_fail(err, -EINVAL, "slirp: mtu %u is not within 576..%d", o->mtu,
				  SLIRP_MTU);
	if (!o->no_ipv6 && o->mtu < 1280)
		return netio_fail(err, -EINVAL,
				  "slirp: mtu %u is too small for IPv6 (1280); switch it off", o->mtu);
	for (i = 0; i < o->nfwd; i++) {
		ret = check_fwd(&o->fwd[i], o, err);
		if (ret)
			return ret;
	}
	return 0;
}

int netio_slirp_open(const struct netio_slirp_opts *opts, struct libos_netio **out,
		     struct netio_err *err)
{
	struct slirpd_args args = { .sock = -1 };
	int pair[2] = { -1, -1 }, ret, i, bytes = SLIRP_SOCKBUF;
	struct slirp *s;

	ret = netio_opts_copy(&args.opts, sizeof(args.opts), opts, err);
	if (ret)
		return ret;
	if (!args.opts.mtu)
		args.opts.mtu = SLIRP_MTU;
	ret = check(&args.opts, err);
	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return netio_fail(err, -ENOMEM, "slirp: out of memory");
	s->fd = -1;
	s->io.ops = &slirp_ops;
	s->rx_guess = 4;
	s->io.queues = 1;
	s->io.max_mtu = args.opts.mtu;
	s->io.link_up = 1;
	s->tx = netio_pages(sizeof(*s->tx));
	s->rx = netio_pages(sizeof(*s->rx));
	if (!s->tx || !s->rx) {
		ret = netio_fail(err, -ENOMEM, "slirp: out of memory");
		goto fail;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		ret = netio_fail(err, -errno, "slirp: socketpair: %s", strerror(errno));
		goto fail;
	}
	for (i = 0; i < 2; i++)
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
			setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	s->fd = netio_fd_raise(pair[0], args.opts.fd_min);
	args.sock = pair[1];
	args.other = s->fd;
	args.fd_min = args.opts.fd_min;
	args.drops = &s->drops;
	ret = slirpd_start(&s->daemon, &args, err);
	close(pair[1]);			/* the thread has its own */
	if (ret)
		goto fail;
	*out = &s->io;
	return 0;
fail:
	slirp_close(&s->io);
	return ret;
}
