// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slots that the server looks at by itself, without a bell.
 *
 * To ring costs the client a system call, and to be woken costs the server more than
 * most calls take.  So the threads that have called lately are hot, some few of them,
 * and know it (slot.watched).  The server looks at them before it sleeps, for up to
 * libos.spin_ns after the last request, while experience says that the next one comes
 * within that (a score, as in poll.c).
 *
 * Before it sleeps it says that it looks no longer, executes a full barrier, and looks
 * once more; a client publishes its request, executes one, and then looks whether it
 * must ring.  One of them sees the other.
 */
#include "../sys.h"
#include "server.h"

#define SCORE_MAX	16
#define LOOK_NS		10000	/* at bells, meanwhile */
#define LOOKS		32	/* between looks at the clock */

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
	return false;
}

/* Is there a request in the slot of @t that nobody rings for? */
static bool has_request(const struct served *t)
{
	return load_acquire(&t->slot->req) != t->seq && !load_relaxed(&t->inside);
}

/* True if there was a request in any of them. */
static bool serve_hot(struct libos_server *srv)
{
	bool any = false;
	unsigned int i;

	/* Backwards: who goes is replaced by the last. */
	for (i = srv->nhot; i-- > 0;)
		if (i < srv->nhot && has_request(srv->hot[i])) {
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

/* @t has rung. */
void hot_add(struct served *t)
{
	struct libos_server *srv = t->peer->srv;
	struct libos *os = srv->os;
	unsigned int i;

	if (!os->spin_ns)
		return;
	/* Twice: part of it was the time it takes to be woken. */
	if (os->clock() - srv->idle_since < 2 * os->spin_ns)
		score(srv, true);
	else if (srv->spin_score > -SCORE_MAX)
		srv->spin_score--;
	for (i = 0; i < srv->nhot; i++)
		if (srv->hot[i] == t)
			return;
	if (srv->nhot == HOT_MAX) {
		struct served *old = srv->hot[srv->nexthot++ % HOT_MAX];

		hot_remove(old);
		if (has_request(old))
			served_serve(old);
	}
	srv->hot[srv->nhot++] = t;
	xchg(&t->slot->watched, 1);
}

/* About to sleep: from here on they must ring. */
void hot_cool(struct libos_server *srv)
{
	unsigned int i;

	if (!srv->nhot)
		return;
	for (i = 0; i < srv->nhot; i++)
		xchg(&srv->hot[i]->slot->watched, 0);
	serve_hot(srv);
	srv->nhot = 0;
	srv->idle_since = srv->os->clock();
}

/* Look at them until none has had a request for a while, or it would not pay. */
void hot_spin(struct libos_server *srv)
{
	struct libos *os = srv->os;
	__u64 now, end, look;
	int i;

	if (srv->spin_score <= 0 || !elsewhere(srv, this_cpu()))
		return;
	now = os->clock();
	end = now + os->spin_ns;
	look = now + LOOK_NS;
	while (srv->nhot) {
		for (i = 0; i < LOOKS; i++) {
			if (serve_hot(srv)) {
				end = 0;
				break;
			}
			cpu_relax();
		}
		now = os->clock();
		if (!end) {
			score(srv, true);
			end = now + os->spin_ns;
		} else if (now >= end) {
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
