// SPDX-License-Identifier: GPL-2.0-only
/*
 * The router behind the slirp channel: libslirp on a thread of its own.
 *
 * The thread has a file table of its own (unshare(CLONE_FILES)), for libslirp
 * opens a socket for each connection of the guest: in the process's table these
 * would take the low numbers that the program expects to get.
 *
 * One round of the loop: wait in ppoll() for the socket pair and for all of
 * libslirp's sockets; hand it what the guest sent, a burst at a time; let it
 * read its sockets; send the guest what came of that, a burst at a time.
 *
 * Frames to the guest wait in a ring of slots.  While more than half of it is
 * full libslirp's sockets are not looked at, so that what the guest does not
 * take in stays with the host's TCP; only what libslirp makes by itself
 * (answers, retransmissions) can then overrun it, and is counted.
 *
 * The thread ends when the other side of the socket pair is closed, and when it is
 * suspended: then another takes up where it was, with its files (slirppark.c).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "slirp.h"

#define SLIRPD_SLOTS	512
#define SLIRPD_BURST	64
#define ETH_LEN		14
#define CTL		4		/* the thread's end of the control socket */

/* libslirp asks for timers; there is one for router advertisements. */
struct timer {
	struct timer *next;
	SlirpTimerCb cb;
	SlirpTimerId id;
	void	*cb_opaque;
	bool	by_id;
	__s64	expires_ms;		/* -1: not set */
};

struct slirpd {
	struct slirpd_args args;
	struct netio_err err;
	pthread_t thread;
	bool	started;
	int	ctl, peer_ctl;		/* the control socket, the process's end first */
	struct park park;
	bool	suspended;
	int	result;
	pthread_mutex_t lock;
	pthread_cond_t ready_cond;
	bool	ready;

	Slirp	*slirp;
	struct timer *timers;
	size_t	slot_len;
	char	*slots;			/* frames to the guest, [head, tail) */
	unsigned int len[SLIRPD_SLOTS];
	unsigned int head, tail;
	char	*in;			/* a burst from the guest */
	struct pollfd *fds;
	size_t	nfds, maxfds;
};

static __s64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Frames to the guest */

/* Send what waits; false if the guest is gone. */
static bool flush(struct slirpd *sd)
{
	struct mmsghdr msg[SLIRPD_BURST];
	struct iovec iov[SLIRPD_BURST];
	unsigned int n, i;
	int ret;

	while (sd->head != sd->tail) {
		memset(msg, 0, sizeof(msg));
		for (n = 0; n < SLIRPD_BURST && sd->head + n != sd->tail; n++) {
			i = (sd->head + n) % SLIRPD_SLOTS;
			iov[n].iov_base = sd->slots + i * sd->slot_len;
			iov[n].iov_len = sd->len[i];
			msg[n].msg_hdr.msg_iov = &iov[n];
			msg[n].msg_hdr.msg_iovlen = 1;
		}
		ret = sendmmsg(sd->args.sock, msg, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM;
		sd->head += ret;
	}
	return true;
}

static ssize_t cb_send_packet(const void *buf, size_t len, void *opaque)
{
	struct slirpd *sd = opaque;

	if (sd->tail - sd->head == SLIRPD_SLOTS)
		flush(sd);
	if (sd->tail - sd->head == SLIRPD_SLOTS || len > sd->slot_len) {
		__atomic_fetch_add(sd->args.drops, 1, __ATOMIC_RELAXED);
		return len;
	}
	memcpy(sd->slots + (sd->tail % SLIRPD_SLOTS) * sd->slot_len, buf, len);
	sd->len[sd->tail++ % SLIRPD_SLOTS] = len;
	return len;
}

/* libslirp's other wishes */

static void cb_guest_error(const char *msg, void *opaque)
{
	/* The guest's malformed packets are the guest's affair. */
}

static int64_t cb_clock_get_ns(void *opaque)
{
	return now_ns();
}

static struct timer *timer_add(struct slirpd *sd, void *cb_opaque)
{
	struct timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->cb_opaque = cb_opaque;
	t->expires_ms = -1;
	t->next = sd->timers;
	sd->timers = t;
	return t;
}

static void *cb_timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
	struct timer *t = timer_add(opaque, cb_opaque);

	if (t)
		t->cb = cb;
	return t;
}

static void *cb_timer_new_opaque(SlirpTimerId id, void *cb_opaque, void *opaque)
{
	struct timer *t = timer_add(opaque, cb_opaque);

	if (t) {
		t->id = id;
		t->by_id = true;
	}
	return t;
}

static void cb_timer_free(void *timer, void *opaque)
{
	struct slirpd *sd = opaque;
	struct timer **p;

	for (p = &sd->timers; *p; p = &(*p)->next)
		if (*p == timer) {
			*p = (*p)->next;
			free(timer);
			return;
		}
}

static void cb_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
	((struct timer *)timer)->expires_ms = expire_ms;
}

static void cb_poll_fd(int fd, void *opaque)
{
	/* The set is gathered anew each round. */
}

static void cb_notify(void *opaque)
{
	/* Only the loop itself calls libslirp. */
}

static const SlirpCb callbacks = {
	.send_packet		= cb_send_packet,
	.guest_error		= cb_guest_error,
	.clock_get_ns		= cb_clock_get_ns,
	.timer_new		= cb_timer_new,
	.timer_free		= cb_timer_free,
	.timer_mod		= cb_timer_mod,
	.register_poll_fd	= cb_poll_fd,
	.unregister_poll_fd	= cb_poll_fd,
	.notify			= cb_notify,
	.timer_new_opaque	= cb_timer_new_opaque,
};

static void run_timers(struct slirpd *sd)
{
	__s64 now = now_ns() / 1000000;
	struct timer *t, *next;

	for (t = sd->timers; t; t = next) {
		next = t->next;
		if (t->expires_ms < 0 || t->expires_ms > now)
			continue;
		t->expires_ms = -1;
		if (t->by_id)
			slirp_handle_timer(sd->slirp, t->id, t->cb_opaque);
		else
			t->cb(t->cb_opaque);
	}
}

static int timeout_ms(const struct slirpd *sd, __u32 wanted)
{
	__s64 now = now_ns() / 1000000, ms = wanted == UINT32_MAX ? 3600000 : wanted;
	const struct timer *t;

	for (t = sd->timers; t; t = t->next)
		if (t->expires_ms >= 0 && t->expires_ms - now < ms)
			ms = t->expires_ms > now ? t->expires_ms - now : 0;
	return ms;
}

/* The loop */

static int cb_add_poll(int fd, int events, void *opaque)
{
	struct slirpd *sd = opaque;
	short ev = 0;

	if (sd->nfds == sd->maxfds) {
		struct pollfd *more = realloc(sd->fds, 2 * sd->maxfds * sizeof(*more));

		if (!more)
			return -1;
		sd->fds = more;
		sd->maxfds *= 2;
	}
	if (events & SLIRP_POLL_IN)
		ev |= POLLIN;
	if (events & SLIRP_POLL_OUT)
		ev |= POLLOUT;
	if (events & SLIRP_POLL_PRI)
		ev |= POLLPRI;
	sd->fds[sd->nfds] = (struct pollfd){ .fd = fd, .events = ev };
	return sd->nfds++;
}

static int cb_get_revents(int idx, void *opaque)
{
	struct slirpd *sd = opaque;
	short ev = idx < 0 ? 0 : sd->fds[idx].revents;

	return (ev & POLLIN ? SLIRP_POLL_IN : 0) | (ev & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (ev & POLLPRI ? SLIRP_POLL_PRI : 0) | (ev & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (ev & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* Hand libslirp what the guest has sent; false if the guest is gone. */
static bool take_in(struct slirpd *sd)
{
	struct mmsghdr msg[SLIRPD_BURST];
	struct iovec iov[SLIRPD_BURST];
	int ret, i, rounds = 4;

	do {
		memset(msg, 0, sizeof(msg));
		for (i = 0; i < SLIRPD_BURST; i++) {
			iov[i].iov_base = sd->in + i * sd->slot_len;
			iov[i].iov_len = sd->slot_len;
			msg[i].msg_hdr.msg_iov = &iov[i];
			msg[i].msg_hdr.msg_iovlen = 1;
		}
		ret = recvmmsg(sd->args.sock, msg, SLIRPD_BURST, MSG_DONTWAIT, NULL);
		if (ret < 0)
			return errno == EAGAIN || errno == EINTR;
		for (i = 0; i < ret; i++) {
			if (!msg[i].msg_len)
				return false;
			slirp_input(sd->slirp, iov[i].iov_base, msg[i].msg_len);
		}
		if (!flush(sd))
			return false;
	} while (ret == SLIRPD_BURST && --rounds);
	return true;
}

/* True when the thread is to end but the router is not. */
static bool loop(struct slirpd *sd)
{
	bool full;
	char word;
	__u32 ms;
	int ret;

	for (;;) {
		full = sd->tail - sd->head > SLIRPD_SLOTS / 2;
		sd->fds[0] = (struct pollfd){
			.fd = sd->args.sock,
			.events = POLLIN | (sd->head != sd->tail ? POLLOUT : 0),
		};
		sd->fds[1] = (struct pollfd){ .fd = CTL, .events = POLLIN };
		sd->nfds = 2;
		ms = UINT32_MAX;
		if (!full)
			slirp_pollfds_fill(sd->slirp, &ms, cb_add_poll, sd);
		ret = poll(sd->fds, sd->nfds, timeout_ms(sd, ms));
		if (ret < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (ret > 0 && sd->fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !take_in(sd))
			return false;
		if (!full)
			slirp_pollfds_poll(sd->slirp, ret < 0, cb_get_revents, sd);
		run_timers(sd);
		if (!flush(sd))
			return false;
		if (ret > 0 && sd->fds[1].revents & POLLIN && recv(CTL, &word, 1, 0) == 1 &&
		    !park_send(CTL))
			return true;
	}
}

/* Setting up, on the thread */

static int add_fwd(struct slirpd *sd, const struct netio_slirp_fwd *f)
{
	const char *host = f->host && *f->host ? f->host : "127.0.0.1";
	const char *guest = f->guest && *f->guest ? f->guest : NULL;
	struct sockaddr_in h4 = { .sin_family = AF_INET, .sin_port = htons(f->host_port) };
	struct sockaddr_in g4 = { .sin_family = AF_INET, .sin_port = htons(f->guest_port) };
	struct sockaddr_in6 h6 = { .sin6_family = AF_INET6, .sin6_port = htons(f->host_port) };
	struct sockaddr_in6 g6 = { .sin6_family = AF_INET6, .sin6_port = htons(f->guest_port) };
	int flags = f->udp ? SLIRP_HOSTFWD_UDP : 0, ret;

	if (inet_pton(AF_INET, host, &h4.sin_addr) == 1) {
		inet_pton(AF_INET, guest ? guest : "10.0.2.15", &g4.sin_addr);
		ret = slirp_add_hostxfwd(sd->slirp, (struct sockaddr *)&h4, sizeof(h4),
					 (struct sockaddr *)&g4, sizeof(g4), flags);
	} else {
		inet_pton(AF_INET6, host, &h6.sin6_addr);
		inet_pton(AF_INET6, guest ? guest : "fec0::15", &g6.sin6_addr);
		ret = slirp_add_hostxfwd(sd->slirp, (struct sockaddr *)&h6, sizeof(h6),
					 (struct sockaddr *)&g6, sizeof(g6),
					 flags | SLIRP_HOSTFWD_V6ONLY);
	}
	if (!ret)
		return 0;
	ret = errno ? -errno : -EADDRINUSE;
	return netio_fail(&sd->err, ret, "slirp: cannot listen on %s port %u (%s): %s", host,
			  f->host_port, f->udp ? "udp" : "tcp", strerror(-ret));
}

/* An own file table, with nothing of the program's in it. */
static int own_table(struct slirpd *sd)
{
	int null, i;

	if (unshare(CLONE_FILES) < 0)
		return netio_fail(&sd->err, -errno, "slirp: unshare: %s", strerror(errno));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Whoever reads the program's standard output must see it being closed. */
	for (i = 0; i < 3 && null >= 0; i++)
		dup2(null, i);
	return null < 0 ? netio_fail(&sd->err, -errno, "slirp: /dev/null: %s", strerror(errno)) : 0;
}

static int set_up(struct slirpd *sd)
{
	const struct netio_slirp_opts *o = &sd->args.opts;
	SlirpConfig cfg = {
		.version = 4,
		.restricted = o->restricted,
		.in_enabled = true,
		.in6_enabled = !o->no_ipv6,
		.vprefix_len = 64,
		.vhostname = "libos",
		.if_mtu = o->mtu,
		.if_mru = o->mtu,
		.disable_host_loopback = o->no_loopback,
	};
	unsigned int i;
	int ret = 0, ctl, sock;

	inet_pton(AF_INET, "10.0.2.0", &cfg.vnetwork);
	inet_pton(AF_INET, "255.255.255.0", &cfg.vnetmask);
	inet_pton(AF_INET, "10.0.2.2", &cfg.vhost);
	inet_pton(AF_INET, "10.0.2.3", &cfg.vnameserver);
	inet_pton(AF_INET, "10.0.2.15", &cfg.vdhcp_start);
	inet_pton(AF_INET6, "fec0::", &cfg.vprefix_addr6);
	inet_pton(AF_INET6, "fec0::2", &cfg.vhost6);
	inet_pton(AF_INET6, "fec0::3", &cfg.vnameserver6);

	/* Both may be among the numbers that they are to get. */
	ctl = fcntl(sd->peer_ctl, F_DUPFD_CLOEXEC, CTL + 1);
	sock = fcntl(sd->args.sock, F_DUPFD_CLOEXEC, CTL + 1);
	if (ctl < 0 || sock < 0 || dup2(sock, 3) < 0 || dup2(ctl, CTL) < 0)
		return netio_fail(&sd->err, -errno, "slirp: dup2: %s", strerror(errno));
	sd->args.sock = 3;
	syscall(SYS_close_range, CTL + 1, ~0U, 0);

	sd->slirp = slirp_new(&cfg, &callbacks, sd);
	if (!sd->slirp)
		return netio_fail(&sd->err, -ENOMEM, "slirp: libslirp cannot be set up");
	for (i = 0; i < o->nfwd && !ret; i++) {
		errno = 0;
		ret = add_fwd(sd, &o->fwd[i]);
	}
	return ret;
}

static void report(struct slirpd *sd, int result)
{
	pthread_mutex_lock(&sd->lock);
	sd->result = result;
	sd->ready = true;
	pthread_cond_signal(&sd->ready_cond);
	pthread_mutex_unlock(&sd->lock);
}

static void *slirpd_main(void *arg)
{
	struct slirpd *sd = arg;
	int ret = own_table(sd);

	/* Nothing may be closed in a table that is the program's, too. */
	if (ret) {
		report(sd, ret);
		return NULL;
	}
	ret = sd->suspended ? park_restore(&sd->park) : set_up(sd);
	report(sd, ret);
	if (!ret && loop(sd))
		return NULL;	/* with the table, whose files have been sent */
	if (sd->slirp)
		slirp_cleanup(sd->slirp);
	/* Nobody else has this table: whatever libslirp left open goes now. */
	syscall(SYS_close_range, 0, ~0U, 0);
	return NULL;
}

/* The thread, until it has reported. */
static int run(struct slirpd *sd)
{
	sigset_t all, old;
	int ret;

	sd->ready = false;
	/* Signals are for the program's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&sd->thread, NULL, slirpd_main, sd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return netio_fail(&sd->err, -ret, "slirp: cannot start a thread: %s", strerror(ret));
	sd->started = true;
	pthread_mutex_lock(&sd->lock);
	while (!sd->ready)
		pthread_cond_wait(&sd->ready_cond, &sd->lock);
	pthread_mutex_unlock(&sd->lock);
	return sd->result;
}

int slirpd_start(struct slirpd **out, const struct slirpd_args *args, struct netio_err *err)
{
	struct slirpd *sd = calloc(1, sizeof(*sd));
	int ret, ctl[2];

	if (!sd)
		return netio_fail(err, -ENOMEM, "slirp: out of memory");
	*out = sd;
	sd->ctl = -1;
	sd->args = *args;
	sd->slot_len = (args->opts.mtu + ETH_LEN + 63) & ~63UL;
	sd->maxfds = 64;
	pthread_mutex_init(&sd->lock, NULL);
	pthread_cond_init(&sd->ready_cond, NULL);
	sd->slots = netio_pages(SLIRPD_SLOTS * sd->slot_len);
	sd->in = netio_pages(SLIRPD_BURST * sd->slot_len);
	sd->fds = calloc(sd->maxfds, sizeof(*sd->fds));
	if (!sd->slots || !sd->in || !sd->fds)
		return netio_fail(err, -ENOMEM, "slirp: out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) < 0)
		return netio_fail(err, -errno, "slirp: socketpair: %s", strerror(errno));
	sd->ctl = netio_fd_raise(ctl[0], args->fd_min);
	sd->peer_ctl = ctl[1];
	ret = run(sd);
	close(ctl[1]);			/* the thread has its own */
	/* The caller's strings are not ours to keep. */
	sd->args.opts.fwd = NULL;
	sd->args.opts.nfwd = 0;
	if (ret)
		netio_fail(err, ret, "%s", sd->err.text);
	return ret;
}

/* Before a fork: the thread ends, its files are kept for the next. */
int slirpd_suspend(struct slirpd *sd)
{
	int ret;

	if (sd->suspended)
		return 0;
	if (send(sd->ctl, "p", 1, MSG_NOSIGNAL) < 0)
		return -errno;
	ret = park_receive(sd->ctl, sd->args.fd_min, &sd->park);
	if (ret)
		return ret;
	pthread_join(sd->thread, NULL);
	sd->started = false;
	sd->suspended = true;
	return 0;
}

/* In the child, or in the parent if there is none. */
int slirpd_resume(struct slirpd *sd)
{
	int ret;

	if (!sd->suspended)
		return 0;
	ret = run(sd);
	sd->suspended = false;
	park_free(&sd->park);
	return ret;
}

/* The channel's end of the socket pair has been closed. */
void slirpd_stop(struct slirpd *sd)
{
	if (!sd)
		return;
	if (sd->started)
		pthread_join(sd->thread, NULL);
	park_free(&sd->park);
	if (sd->ctl >= 0)
		close(sd->ctl);
	netio_pages_free(sd->slots, SLIRPD_SLOTS * sd->slot_len);
	netio_pages_free(sd->in, SLIRPD_BURST * sd->slot_len);
	free(sd->fds);
	pthread_mutex_destroy(&sd->lock);
	pthread_cond_destroy(&sd->ready_cond);
	free(sd);
}
