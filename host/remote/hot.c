// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slots that the server looks at by itself, without a bell.
 *
 * To ring costs the client a system call, and to be woken costs the server more than
 * most calls take.  So the threads that have called lately are hot, some few of them,
 * and know it (slot.watched).  The server looks at them before it sleeps, for up to
 * SPINS * libos.spin_ns after the last request, while experience says that the next one comes
 * within that (a score, as in poll.c).
 *
 * Requests come first: who has made one makes the next within a microsecond or two, and
 * waits for it awake.  All else takes longer (a system call for each frame of a TAP, an
 * interrupt of another CPU for who is woken there) and is put off: frames to send (the
 * kernel layer's tx_hold()), clients to wake from calls that slept, frames to receive.  Its
 * time comes when there has been no request for QUIET_NS, when all hot threads are inside
 * calls, so that none can come, or when it has waited for PUT_OFF_NS.  Then it is done in
 * small pieces, SEND frames at once, with a look at the slots after each.
 *
 * Before it sleeps it says that it looks no longer, executes a full barrier, and looks
 * once more; a client publishes its request, executes one, and then looks whether it
 * must ring.  One of them sees the other.
 */
#include "../sys.h"
#include "cpu.h"
#include "server.h"

#define SCORE_MAX	16
#define SPINS		4	/* budgets: many wait for the one */
#define LOOK_NS		10000	/* at bells, meanwhile */
#define LOOKS		32	/* between looks at the clock */
#define QUIET_NS	3000		/* after a request: the next one will come */
#define PUT_OFF_NS	50000		/* at most, what is not a request */
#define SEND		2		/* frames of each device between looks at slots */
#define PART_MIN_NS	1000000
#define PART_MAX_NS	128000000

/* For how long to wait, in ns. */
static __u64 budget(const struct libos *os)
{
	return SPINS * os->spin_ns;
}

/* One that was waited for in vain costs more than one that rings. */
static void score(struct libos_server *srv, bool good)
{
	if (!good)
		srv->spin_score = -SCORE_MAX;
	else if (srv->spin_score < SCORE_MAX)
		srv->spin_score += 4;
}

/* On one CPU whom we wait for cannot run while we do. */
static bool elsewhere(const struct libos_server *srv, int cpu)
{
	unsigned int i;

	for (i = 0; i < srv->nhot; i++)
		if (cpu < 0 || load_relaxed(&srv->hot[i]->slot->cpu) != cpu)
			return true;
	return !srv->nhot;
}

/* True if there was a request in any of them. */
static bool serve_hot(struct libos_server *srv)
{
	bool any = false;
	unsigned int i;

	/* Backwards: who goes is replaced by the last. */
	for (i = srv->nhot; i-- > 0;)
		if (i < srv->nhot && served_has_request(srv->hot[i])) {
			served_serve(srv->hot[i]);
			any = true;
		}
	return any;
}

static void set_hot(struct served *t, bool hot)
{
	struct libos *os = t->base.os;

	token_lock(os);
	t->hot = hot;
	if (t->unrung)
		channel_wake(t);
	token_unlock(os);
	xchg(&t->slot->watched, hot);
}

/* @t is looked at no longer. */
void hot_remove(struct served *t)
{
	struct libos_server *srv = t->peer->srv;
	unsigned int i;

	for (i = 0; i < srv->nhot; i++)
		if (srv->hot[i] == t) {
			srv->hot[i] = srv->hot[--srv->nhot];
			set_hot(t, false);
			return;
		}
}

/* Asleep, and there was something to do.  Would it have paid to stay awake? */
void hot_woken(struct libos_server *srv)
{
	struct libos *os = srv->os;

	/* Twice: part of it was the time it takes to be woken. */
	if (os->clock() - srv->idle_since < 2 * budget(os))
		score(srv, true);
	else if (srv->spin_score > -SCORE_MAX)
		srv->spin_score--;
}

/* @t has rung. */
void hot_add(struct served *t)
{
	struct libos_server *srv = t->peer->srv;
	struct libos *os = srv->os;
	struct served *old = NULL;
	unsigned int i;

	if (!os->spin_ns || load_relaxed(&t->slot->near))
		return;
	hot_woken(srv);
	for (i = 0; i < srv->nhot; i++)
		if (srv->hot[i] == t)
			return;
	if (srv->nhot == HOT_MAX) {
		old = srv->hot[srv->nexthot++ % HOT_MAX];
		hot_remove(old);
	}
	srv->hot[srv->nhot++] = t;
	set_hot(t, true);
	/* Last: what it asks for may end @t. */
	if (old && served_has_request(old))
		served_serve(old);
}

/* About to sleep: from here on they must ring. */
void hot_cool(struct libos_server *srv)
{
	unsigned int i;

	for (i = 0; i < srv->nhot; i++)
		set_hot(srv->hot[i], false);
	if (srv->nhot)
		serve_hot(srv);
	srv->nhot = 0;
	srv->idle_since = srv->os->clock();
}

/*
 * All that we wait for ran on our CPU last.  Schedulers leave it at that, since each wakes
 * the other and then sleeps; a call costs two switches there, and none if we are apart.  So
 * go away, without any claim to the other CPU.  Seldom, if it does not last.
 */
static void part(struct libos_server *srv, int cpu, __u64 now)
{
	if (now < srv->part_at)
		return;
	srv->part_wait = srv->part_wait ? 2 * srv->part_wait : PART_MIN_NS;
	if (srv->part_wait > PART_MAX_NS)
		srv->part_wait = PART_MAX_NS;
	srv->part_at = now + srv->part_wait;
	cpu_move(cpu, true);
}

static bool apart(struct libos_server *srv)
{
	int cpu = this_cpu();

	if (elsewhere(srv, cpu))
		return true;
	part(srv, cpu, srv->os->clock());
	return elsewhere(srv, this_cpu());
}

/* Nobody can ask for anything. */
static bool all_inside(const struct libos_server *srv)
{
	unsigned int i;

	for (i = 0; i < srv->nhot; i++)
		if (!load_relaxed(&srv->hot[i]->inside))
			return false;
	return true;
}

static void wake_hot(struct libos_server *srv)
{
	unsigned int i;

	for (i = 0; i < srv->nhot; i++)
		if (srv->hot[i]->unrung)
			channel_wake(srv->hot[i]);
}

/* What is not a request can wait; or no longer, and then all that has been put off is done. */
static void put_off(struct libos_server *srv, bool on)
{
	struct libos *os = srv->os;

	token_lock(os);
	srv->puts_off = on;
	os->kernel->tx_hold(on);
	if (!on)
		wake_hot(srv);
	instance_release(os);
}

/*
 * Do some of what has been put off.  True if there were frames to receive.
 *
 * Sending comes first: schedulers take who is woken by a frame to the CPU of who sends it,
 * unless his own is idle, which it is no more when a client has been woken there.
 */
static bool catch_up(struct libos_server *srv)
{
	struct libos *os = srv->os;
	bool any = false;

	token_lock(os);
	if (!load_relaxed(&os->halted)) {
		if (os->kernel->tx_release(SEND) && os->kernel->run(NULL) < 0)
			instance_shut(os);
		wake_hot(srv);
		devices_poll(srv, &any);
	}
	instance_release(os);
	return any;
}

/* At bells, and at who wants the lock, and may keep it for long.  False: stop. */
static bool look_around(struct libos_server *srv)
{
	bool wanted = load_relaxed(&srv->wanted), go_on;

	if (wanted)
		put_off(srv, false);
	go_on = server_look(srv);
	if (wanted)
		put_off(srv, true);
	return go_on;
}

/*
 * Look at them until none has had a request for a while, or it would not pay.  Frames that
 * come are likewise waited for.
 */
void hot_spin(struct libos_server *srv)
{
	struct libos *os = srv->os;
	__u64 now, end, look, quiet = 0, limit = 0;
	bool called;
	int i;

	if (!os->spin_ns || srv->spin_score <= 0 || srv->near || !apart(srv))
		return;
	put_off(srv, true);
	now = os->clock();
	end = now + budget(os);
	look = now + LOOK_NS;
	do {
		called = false;
		for (i = 0; i < LOOKS && !called; i++) {
			called = serve_hot(srv);
			cpu_relax();
		}
		if (srv->near)
			break;
		now = os->clock();
		if (called) {
			score(srv, true);
			srv->part_wait = 0;
			end = now + budget(os);
			quiet = now + QUIET_NS;
			if (!limit)
				limit = now + PUT_OFF_NS;
		}
		if (now < quiet && now < limit && (called || !all_inside(srv)))
			continue;
		limit = 0;
		if (catch_up(srv))
			end = now + budget(os);
		if (now >= end)
			score(srv, false);
		if (now >= look && now < end) {
			if (!look_around(srv))
				break;
			look = now + LOOK_NS;
		}
	} while (now < end);
	put_off(srv, false);
}
