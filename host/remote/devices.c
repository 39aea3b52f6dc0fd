// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server as the instance's poller.
 *
 * A client's thread cannot poll devices, and what a client waits for is told to it by
 * whoever polls.  If that is the helper, a packet wakes the helper, which takes the token
 * from under the server's requests, and each of the two sleeps when the other works.  So
 * while there are clients the server polls, in the helper's place:
 *
 *	awake	it looks at the devices between requests (hot.c), and nobody has to
 *		kick it: it looks at the timer and at pending work before it sleeps
 *	asleep	the instance's epoll is in its own, and the timer is its timeout
 *
 * A thread of the home that waits takes the role over, as from the helper.  (It may be the
 * server itself, in a call that it makes for a client.)  The server notices what it has
 * lost when it looks, or when the devices wake it without need; then it watches them no
 * longer.  It takes the role again before it sleeps, if it is vacant or the helper's.
 *
 * While the server is awake libos.kicked is set, and libos.sleep_until is 0.
 */
#include <sys/epoll.h>

#include "../sys.h"
#include "server.h"

static bool ours(const struct libos_server *srv)
{
	return load_relaxed(&srv->os->poller) == POLLER_SERVER;
}

static void watch(struct libos_server *srv, bool on)
{
	struct epoll_event ev = {
		.events = on ? EPOLLIN : 0,
		.data.ptr = &srv->devices,
	};

	if (srv->watching == on)
		return;
	srv->watching = on;
	epoll_ctl(srv->epfd, EPOLL_CTL_MOD, srv->os->epfd, &ev);
}

/* They have woken the server. */
void devices_event(struct libos_server *srv)
{
	bool any;

	/* While it is hot the server looks by itself. */
	if (!devices_look(srv, &any) || srv->puts_off)
		watch(srv, false);
	else if (srv->os->spin_ns)
		hot_woken(srv);
}

int devices_init(struct libos_server *srv)
{
	struct epoll_event ev = { .data.ptr = &srv->devices };

	srv->devices = (struct source){ .srv = srv, .fd = -1 };
	return epoll_ctl(srv->epfd, EPOLL_CTL_ADD, srv->os->epfd, &ev) < 0 ? -errno : 0;
}

/* True if the helper had the role and is to be told.  Token held. */
static bool claim(struct libos *os)
{
	/* Who has left polling did so without the token. */
	struct libos_thread *poller = load_acquire(&os->poller);

	if (poller && poller != POLLER_HELPER)
		return false;
	__atomic_store_n(&os->poller, POLLER_SERVER, __ATOMIC_SEQ_CST);
	store_relaxed(&os->poll_gen, os->poll_gen + 1);
	store_relaxed(&os->sleep_until, 0);
	os->poller_done = false;
	os->kicked = 1;
	return poller == POLLER_HELPER;
}

/*
 * Look at devices and timer; @any: there was something.  False: somebody else polls.
 * Token held.
 */
bool devices_poll(struct libos_server *srv, bool *any)
{
	*any = false;
	if (!ours(srv) || load_relaxed(&srv->os->halted))
		return false;
	*any = poll_once(srv->os);
	return true;
}

/* The same, and do what there is to do. */
bool devices_look(struct libos_server *srv, bool *any)
{
	struct libos *os = srv->os;

	token_lock(os);
	if (!devices_poll(srv, any)) {
		token_unlock(os);
		return false;
	}
	instance_release(os);
	return true;
}

/* About to sleep.  Returns until when. */
__u64 devices_sleep(struct libos_server *srv)
{
	struct libos *os = srv->os;
	__u64 until = LIBOS_NEVER;
	bool tell;

	if (!srv->npeer) {
		devices_leave(srv);
		return until;
	}
	token_lock(os);
	tell = claim(os);
	if (!ours(srv) || load_relaxed(&os->halted)) {
		token_unlock(os);
		return until;
	}
	poll_watch_full(os);
	if (os->kernel->pending()) {
		until = 0;
	} else {
		until = poll_deadline(os);
		store_relaxed(&os->sleep_until, until);
		os->kicked = 0;
		poll_begin(os);
	}
	instance_unlock(os);
	if (tell)
		helper_wake(os);
	watch(srv, true);
	return until;
}

/* Awake again, and it may be @until. */
void devices_woken(struct libos_server *srv, __u64 until)
{
	struct libos *os = srv->os;

	token_lock(os);
	if (!ours(srv)) {
		token_unlock(os);
		return;
	}
	store_relaxed(&os->sleep_until, 0);
	os->kicked = 1;
	if (until != LIBOS_NEVER && !load_relaxed(&os->halted))
		poll_due(os, os->clock());
	instance_release(os);
}

/* Let somebody else poll. */
void devices_leave(struct libos_server *srv)
{
	struct libos *os = srv->os;
	bool left = false;

	token_lock(os);
	if (ours(srv)) {
		__atomic_store_n(&os->poller, NULL, __ATOMIC_SEQ_CST);
		left = true;
	}
	instance_release(os);
	watch(srv, false);
	if (left) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		helper_check(os);
	}
}
