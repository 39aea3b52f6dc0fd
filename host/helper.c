// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper: one thread per instance that polls when nobody else would.
 *
 * Packets must be answered and timers run while every application thread
 * computes, or sleeps in the host.  Handing the poller's role over at each end of
 * a call would cost a system call each time, so polling is just left vacant, and
 * the helper notices lazily.
 *
 *	        nobody has entered since the last look, nobody waits
 *	  NAP ------------------------------------------------------> polling
 *	 |  ^  50 us .. 1 ms, then look                                  |
 *	 |  +------------------------------------------------------------+
 *	 |  ^                     taken over by a thread that blocks (helper_wake)
 *	 v  |
 *	DEEP   asleep for ever; entered when an application thread has been asleep
 *	       as the poller for a whole nap, left by helper_wake() of that poller
 *
 * A look that finds polling vacant and
 *  - a parked thread: appoints it, since a packet for it had better be handled by
 *    itself;
 *  - calls made since the last look: looks at devices and timer once, and runs;
 *  - none, or a call of another process, whose thread cannot poll, is inside:
 *    becomes the poller and sleeps in epoll without a tick.
 *
 * Naps grow from 50 us to 1 ms while they find nothing to do, so a program whose
 * calls poll often enough (release.c) is left alone, and shrink when they do.
 *
 * Invariant: the helper is in HELPER_DEEP only if, after it said so and after a
 * full barrier, an application thread was the poller.  That thread looks at
 * helper_word after it has stopped being the poller and after a full barrier.
 *
 * While the helper polls it waits with ppoll() on the epoll file and on a file of
 * its own, so that a thread that takes over and sleeps in epoll_wait() does not
 * compete with it for events (call.c, P1).
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "instance.h"
#include "sys.h"

#define NAP_MIN_NS	50000ULL
#define NAP_MAX_NS	1000000ULL

struct helper {
	struct libos *os;
	__u64 nap_ns;
	__u64 entries;		/* at the last look */
	__u32 poll_gen;
};

static void nap_longer(struct helper *h)
{
	h->nap_ns = h->nap_ns * 2 < NAP_MAX_NS ? h->nap_ns * 2 : NAP_MAX_NS;
}

/* Handle what there is.  Token held, and given back.  True if there was any. */
static bool work(struct libos *os)
{
	bool any = poll_once(os);
	int r = 0;

	os->stat.helper_polls++;
	if (os->kernel->pending()) {
		any = true;
		r = os->kernel->run(NULL);
	}
	if (r < 0)
		instance_shut(os);
	instance_unlock(os);
	return any;
}

/* Be the poller until a thread takes over, or calls are made.  Token held. */
static void helper_poll(struct helper *h)
{
	struct libos *os = h->os;
	struct pollfd p[2] = {
		{ .fd = os->epfd, .events = POLLIN },
		{ .fd = os->helperfd, .events = POLLIN },
	};
	bool useful = false;

	store_relaxed(&os->poller, POLLER_HELPER);
	for (;;) {
		struct timespec ts;
		__u64 until, now, word;
		bool sleep;

		poll_watch_full(os);
		until = poll_deadline(os);
		store_relaxed(&os->sleep_until, until);
		os->poller_done = false;
		os->kicked = 0;
		sleep = !os->kernel->pending();
		instance_unlock(os);

		now = os->clock();
		if (sleep && until > now) {
			ts.tv_sec = (until - now) / NSEC_PER_SEC;
			ts.tv_nsec = (until - now) % NSEC_PER_SEC;
			ppoll(p, 2, until == LIBOS_NEVER ? NULL : &ts, NULL);
			if (p[1].revents)
				(void)!read(os->helperfd, &word, sizeof(word));
		}

		token_lock(os);
		if (load_relaxed(&os->poller) != POLLER_HELPER)
			break;
		store_relaxed(&os->sleep_until, 0);
		if (load_relaxed(&os->helper_word) == HELPER_STOP || load_relaxed(&os->halted)) {
			store_relaxed(&os->poller, NULL);
			break;
		}
		/* As if there were no poller: nobody will kick us meanwhile. */
		if (work(os))
			useful = true;
		token_lock(os);
		if (load_relaxed(&os->poller) != POLLER_HELPER)
			break;
	}
	instance_unlock(os);
	if (useful)
		h->nap_ns = NAP_MIN_NS;
	else
		nap_longer(h);
}

/* One look at an instance whose polling is vacant.  Token held, and given back. */
static void look(struct helper *h)
{
	struct libos *os = h->os;
	bool active = os->entries != h->entries;
	struct libos_thread *thr;

	h->entries = os->entries;
	if (!link_empty(&os->parked)) {
		thr = link_entry(os->parked.next, struct libos_thread, parked);
		os->stat.appoints++;
		wake_thread(os, thr, WORD_WAKE);
		instance_unlock(os);
		nap_longer(h);
	} else if (active && !os->nremote) {
		if (work(os))
			h->nap_ns = NAP_MIN_NS;
		else
			nap_longer(h);
	} else {
		helper_poll(h);
	}
}

static bool app_polls(struct libos *os)
{
	return (uintptr_t)__atomic_load_n(&os->poller, __ATOMIC_SEQ_CST) >
	       (uintptr_t)POLLER_HELPER;
}

static void deep_sleep(struct helper *h)
{
	struct libos *os = h->os;

	if (!try_cmpxchg(&os->helper_word, HELPER_NAP, HELPER_DEEP))
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (app_polls(os))
		while (load_acquire(&os->helper_word) == HELPER_DEEP)
			sys_futex_wait(&os->helper_word, HELPER_DEEP, ~0ULL);
	try_cmpxchg(&os->helper_word, HELPER_DEEP, HELPER_NAP);
	h->nap_ns = NAP_MIN_NS;
}

static __u64 nap_length(struct helper *h)
{
	__u64 deadline = load_relaxed(&h->os->deadline), now = h->os->clock();

	if (app_polls(h->os))
		return NAP_MAX_NS;
	if (deadline > now + h->nap_ns)
		return h->nap_ns;
	return deadline > now + NAP_MIN_NS ? deadline - now : NAP_MIN_NS;
}

static void *helper_main(void *arg)
{
	struct helper h = {
		.os = arg,
		.nap_ns = NAP_MIN_NS,
	};
	struct libos *os = h.os;

	pthread_setname_np(pthread_self(), "libos-helper");
	for (;;) {
		__u32 gen = load_relaxed(&os->poll_gen);

		sys_futex_wait(&os->helper_word, HELPER_NAP, nap_length(&h));
		if (load_acquire(&os->helper_word) == HELPER_STOP)
			break;
		if (load_relaxed(&os->halted)) {
			/* Nothing left to do; libos_close() wakes us. */
			sys_futex_wait(&os->helper_word, HELPER_NAP, ~0ULL);
			continue;
		}
		if (app_polls(os)) {
			if (gen == load_relaxed(&os->poll_gen))
				deep_sleep(&h);
			continue;
		}
		if (!token_trylock(os))
			continue;
		/* Who has left polling did so without the token. */
		if (load_acquire(&os->poller))
			instance_unlock(os);
		else
			look(&h);
	}
	return NULL;
}

int helper_start(struct libos *os)
{
	sigset_t all, old;
	pthread_t thread;
	int r;

	/* It may have run before, in another process. */
	store_relaxed(&os->helper_word, HELPER_NAP);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, NULL, helper_main, os);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return -r;
	os->helper_thread = (unsigned long)thread;
	os->helper_runs = true;
	return 0;
}

void helper_stop(struct libos *os)
{
	__u64 one = 1;

	if (!os->helper_runs)
		return;
	xchg(&os->helper_word, HELPER_STOP);
	sys_futex_wake(&os->helper_word, 1);
	sys(SYS_write, os->helperfd, &one, 8);
	pthread_join((pthread_t)os->helper_thread, NULL);
	os->helper_runs = false;
}
