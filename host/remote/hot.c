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
#define FRAMES_NS	5000	/* between looks at devices while requests come */
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

/* @t is looked at no longer. */
void hot_remove(struct served *t)
{
	struct libos_server *srv = t->peer->srv;
	unsigned int i;

	for (i = 0; i < srv->nhot; i++)
		if (srv->hot[i] == t) {
			srv->hot[i] = srv->hot[--srv->nhot];
			xchg(&t->slot->watched, 0);
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
	xchg(&t->slot->watched, 1);
	/* Last: what it asks for may end @t. */
	if (old && served_has_request(old))
		served_serve(old);
}

/* About to sleep: from here on they must ring. */
void hot_cool(struct libos_server *srv)
{
	unsigned int i;

	for (i = 0; i < srv->nhot; i++)
		xchg(&srv->hot[i]->slot->watched, 0);
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

/*
 * Look at them until none has had a request for a while, or it would not pay.  Frames that
 * come are looked at between requests, and likewise waited for.
 */
void hot_spin(struct libos_server *srv)
{
	struct libos *os = srv->os;
	__u64 now, end, look, frames;
	bool called, any;
	int i;

	if (!os->spin_ns || srv->spin_score <= 0 || srv->near || !apart(srv))
		return;
	now = os->clock();
	end = now + budget(os);
	look = now + LOOK_NS;
	frames = now;
	for (;;) {
		called = false;
		for (i = 0; i < LOOKS && !called; i++) {
			called = serve_hot(srv);
			cpu_relax();
		}
		if (srv->near)
			return;
		now = os->clock();
		if (called) {
			score(srv, true);
			srv->part_wait = 0;
			end = now + budget(os);
		}
		if (!called || now >= frames) {
			devices_look(srv, &any);
			if (any)
				end = now + budget(os);
			frames = now + FRAMES_NS;
		}
		if (now >= end) {
			score(srv, false);
			return;
		}
		if (now >= look) {
			if (!server_look(srv))
				return;
			look = now + LOOK_NS;
		}
	}
}
