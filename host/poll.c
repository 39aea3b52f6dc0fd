// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one epoll of an instance: devices, host files, kicks, timer.
 *
 * Everything is edge-triggered or one-shot.  A device's edge becomes a
 * netdev_event(), after which the kernel's driver polls the channel until it is
 * empty, and the kernel layer does not say LIBOS_IDLE before; so no edge is lost,
 * and a device that is down does not keep the poller busy with frames that
 * nobody takes.  POLLOUT of a channel is watched only while its tx has come back
 * short (netdev.c sets netdev.full).
 *
 * The timeout is the earliest of the kernel's timer and the channels' deadlines
 * (delayed frames).  A channel whose deadline has passed is told once per
 * deadline, lest a device that is down make us spin.
 *
 * Busy polling.  Going to sleep and being woken costs more than most waits of a
 * request-response program last.  The poller therefore first asks without
 * sleeping for up to libos.spin_ns, while experience says that it pays: a score
 * rises with each wait that ended within the budget, and falls twice as fast with
 * each that did not.  With one CPU the budget is 0: whom we wait for could not
 * run.  While the poller spins it is kicked by a word instead of a system call; it
 * says that it spins no longer, then looks at the word once more, while who kicks
 * writes the word first and then looks whether it spins.
 */
#include <poll.h>

#include "instance.h"
#include "sys.h"

#define SCORE_MAX	16

/* Wake the poller.  Any thread, also from a signal handler. */
void poll_kick(struct libos *os)
{
	__u64 one = 1;

	xchg(&os->kick_word, 1);
	if (!__atomic_load_n(&os->spinning, __ATOMIC_SEQ_CST))
		sys(SYS_write, os->kickfd, &one, 8);
}

/* A thread is about to publish that it polls: from here on kicks are for it. */
void poll_begin(struct libos *os)
{
	xchg(&os->kick_word, 0);
}

/*
 * Called when polling is left vacant while the helper is in HELPER_DEEP, and by a
 * thread that has taken the poller's role over from it.
 */
void helper_wake(struct libos *os)
{
	__u64 one = 1;

	if (try_cmpxchg(&os->helper_word, HELPER_DEEP, HELPER_NAP))
		sys_futex_wake(&os->helper_word, 1);
	else
		sys(SYS_write, os->helperfd, &one, 8);
}

/* Polling is left vacant: would anybody notice?  After a full barrier. */
void helper_check(struct libos *os)
{
	if (load_acquire(&os->helper_word) == HELPER_DEEP)
		helper_wake(os);
}

/* Watch POLLOUT where a channel is full, and no longer where it is not. */
static void watch_full(struct libos *os, struct netdev *nd)
{
	int i;

	for (i = 0; i < nd->npfd; i++) {
		const struct libos_pollfd *p = &nd->pfd[i];
		struct epoll_event ev = {
			.events = EPOLLET,
			.data.u64 = TAG_DEV | nd->id << 8 | (unsigned int)i,
		};

		if (!(p->events & POLLOUT) ||
		    !((nd->full ^ nd->watched) & 1U << p->queue))
			continue;
		if (p->events & POLLIN)
			ev.events |= EPOLLIN;
		if (nd->full & 1U << p->queue)
			ev.events |= EPOLLOUT;
		sys(SYS_epoll_ctl, os->epfd, EPOLL_CTL_MOD, p->fd, &ev);
	}
	nd->watched = nd->full;
}

/* Bring epoll up to date before a sleep.  Token held. */
void poll_watch_full(struct libos *os)
{
	__u32 i;

	if (likely(!os->full_changed))
		return;
	os->full_changed = false;
	for (i = 0; i < os->nnetdev; i++)
		if (os->netdev[i] && os->netdev[i]->full != os->netdev[i]->watched)
			watch_full(os, os->netdev[i]);
}

/* When the poller must be awake, in time of libos.clock.  Token held. */
__u64 poll_deadline(struct libos *os)
{
	__u64 d, min = os->deadline;
	__u32 i;

	if (likely(!os->ndeadline))
		return min;
	for (i = 0; i < os->nnetdev; i++) {
		struct netdev *nd = os->netdev[i];

		if (!nd || !nd->ops.deadline_ns)
			continue;
		d = nd->ops.deadline_ns(nd->io);
		if (d != nd->told_deadline && d < min)
			min = d;
	}
	return min;
}

/* Tell the kernel layer what is due at @now.  Token held. */
bool poll_due(struct libos *os, __u64 now)
{
	bool due = false;
	__u32 i, q;

	if (os->deadline <= now) {
		/* The kernel sets the next one when it handles the interrupt. */
		store_relaxed(&os->deadline, LIBOS_NEVER);
		os->kernel->raise(LIBOS_IRQ_TIMER);
		due = true;
	}
	if (likely(!os->ndeadline))
		return due;
	for (i = 0; i < os->nnetdev; i++) {
		struct netdev *nd = os->netdev[i];
		__u64 d;

		if (!nd || !nd->ops.deadline_ns)
			continue;
		d = nd->ops.deadline_ns(nd->io);
		if (d > now || d == nd->told_deadline)
			continue;
		nd->told_deadline = d;
		for (q = 0; q < nd->io->queues; q++)
			os->kernel->netdev_event(nd->dev, q);
		due = true;
	}
	return due;
}

/* Hand events to the kernel layer.  Token held. */
bool poll_dispatch(struct libos *os, const struct epoll_event *ev, int n)
{
	bool any = false;
	int i;

	for (i = 0; i < n; i++) {
		__u64 data = ev[i].data.u64;

		if ((data & TAG_MASK) == TAG_FILE) {
			hostfile_fire(os, (int)data, ev[i].events);
			any = true;
		} else if ((data & TAG_MASK) == TAG_DEV) {
			struct netdev *nd = os->netdev[data >> 8 & 0xffff];
			const struct libos_pollfd *p;
			unsigned int queue;

			if (!nd)
				continue;
			p = &nd->pfd[data & 0xff];
			if (p->told)
				*p->told = 1;
			queue = p->queue;
			if (ev[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP) &&
			    nd->full & 1U << queue) {
				nd->full &= ~(1U << queue);
				os->full_changed = true;
			}
			os->kernel->netdev_event(nd->dev, queue);
			any = true;
		}
	}
	return any;
}

static int strip_kicks(struct epoll_event *ev, int n)
{
	int i, out = 0;

	for (i = 0; i < n; i++)
		if ((ev[i].data.u64 & TAG_MASK) != TAG_KICK)
			ev[out++] = ev[i];
	return out;
}

static int epoll_now(struct libos *os, struct epoll_event *ev, int max)
{
	return sys(SYS_epoll_pwait, os->epfd, ev, max, 0, NULL, 8);
}

/* Sleep in @epfd for @ns, or LIBOS_NEVER. */
int poll_sleep(struct libos *os, int epfd, struct epoll_event *ev, int max, __u64 ns)
{
	struct __kernel_timespec ts = {
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_nsec = ns % NSEC_PER_SEC,
	};
	long n;

	if (likely(!load_relaxed(&os->no_pwait2))) {
		n = sys(SYS_epoll_pwait2, epfd, ev, max, ns == LIBOS_NEVER ? NULL : &ts,
			NULL, 8);
		if (likely(n != -ENOSYS))
			return n;
		store_relaxed(&os->no_pwait2, 1);
	}
	if (ns == LIBOS_NEVER)
		return sys(SYS_epoll_pwait, epfd, ev, max, -1, NULL, 8);
	ns = (ns + 999999) / 1000000;
	return sys(SYS_epoll_pwait, epfd, ev, max, ns < 60000 ? (long)ns : 60000L, NULL, 8);
}

static int epoll_sleep(struct libos *os, struct epoll_event *ev, int max, __u64 ns)
{
	return poll_sleep(os, os->epfd, ev, max, ns);
}

/* Look at devices, files and timer without sleeping.  Token held. */
bool poll_once(struct libos *os)
{
	struct epoll_event ev[POLL_EVENTS];
	bool any = false;
	__u64 now;
	int n;

	poll_watch_full(os);
	n = epoll_now(os, ev, POLL_EVENTS);
	if (n > 0)
		any = poll_dispatch(os, ev, n);
	now = os->clock();
	os->last_poll = now;
	return poll_due(os, now) || any;
}

/*
 * Ask without sleeping for as long as the budget lasts.  Returns the number of
 * events, 0 if the poller must come back for another reason, -1 if it may sleep.
 */
static int spin_wait(struct libos *os, struct libos_thread *thr, __u64 until,
		     struct epoll_event *ev, int max)
{
	__u64 now = os->clock(), end = now + os->spin_ns;
	int n = -1;

	if (until < end)
		end = until;
	os->stat.spins++;
	__atomic_store_n(&os->spinning, 1, __ATOMIC_SEQ_CST);
	do {
		n = epoll_now(os, ev, max);
		if (n || load_relaxed(&os->kick_word) ||
		    load_acquire(&thr->word) != WORD_POLL)
			break;
		cpu_relax();
		n = -1;
		now = os->clock();
	} while (now < end);
	xchg(&os->spinning, 0);
	if (n < 0 && __atomic_load_n(&os->kick_word, __ATOMIC_SEQ_CST))
		n = 0;

	if (n < 0) {
		os->spin_score -= 2;
		return -1;
	}
	os->stat.spin_hits++;
	if (os->spin_score < SCORE_MAX)
		os->spin_score++;
	return n > 0 ? n : 0;
}

/*
 * Sleep until something comes, or @until.  Token not held.  @thr: the poller,
 * who may be told to come back by its word (and a kick).  Returns the number of
 * events that are not kicks; 0 also on a kick, a signal, or the end of time.
 */
int poll_wait(struct libos *os, struct libos_thread *thr, __u64 until, struct epoll_event *ev,
	      int max)
{
	__u64 start = os->clock(), now = start;
	__u64 spin = os->spin_ns;
	bool quick;
	int n;

	if (until <= now) {
		n = epoll_now(os, ev, max);
		return n > 0 ? strip_kicks(ev, n) : 0;
	}

	if (spin && os->spin_score > 0) {
		n = spin_wait(os, thr, until, ev, max);
		if (n >= 0)
			return strip_kicks(ev, n);
		now = os->clock();
		if (until <= now)
			return 0;
		n = epoll_sleep(os, ev, max, until == LIBOS_NEVER ? LIBOS_NEVER : until - now);
		return n > 0 ? strip_kicks(ev, n) : 0;
	}

	n = epoll_sleep(os, ev, max, until == LIBOS_NEVER ? LIBOS_NEVER : until - now);
	if (spin) {
		/* Twice: part of it was the time it takes to be woken. */
		quick = n > 0 && os->clock() - start <= 2 * spin;
		if (quick)
			os->spin_score++;
		else if (os->spin_score > -SCORE_MAX)
			os->spin_score--;
	}
	return n > 0 ? strip_kicks(ev, n) : 0;
}
