// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a client waits for the home: awake or asleep, and on which CPU.
 *
 * What the home has to do takes it microseconds, if it has a CPU, and is waited for awake: to
 * be woken would cost the home more than most calls do.  What a call sleeps for (slot.parked)
 * may take for ever, and a score says whether waiting awake pays.  For that the home waits
 * awake already, and a third CPU is for whom both wait for.
 *
 * On the home's CPU neither can run while the other does: a call costs two switches, some
 * microseconds.  Elsewhere it costs next to nothing if both are awake; but to wake each other
 * is dear, the more so where CPUs are virtual: there one that has gone idle takes tens of
 * microseconds to come back, and who wakes it pays a part of them.  So
 *
 *	short calls	are made from another CPU than the home's, while that is awake.
 *			Schedulers leave both on one CPU, since each wakes the other
 *	long reads	are made from the home's CPU, if there are no more than two.  Then one
 *			switch to and fro is little beside the work, there are no CPUs to
 *			wake, and the other is for whom both wait for.  The home does not
 *			wait for such a thread awake (slot.near).  Long writes are answered
 *			before they are sent, which is most of the work, and need not be near
 *
 * How long calls are, is told by the bytes that they move.  A thread goes to a CPU by way of its
 * affinity, and has that back at once: it claims nothing.
 *
 * Hot: no libc, any FS base.
 */
#include "../sys.h"
#include "client.h"
#include "cpu.h"

#define SCORE_MAX	16
#define LOOKS		16	/* between looks at the clock */
#define WORK_NS		20000	/* the home is given, where others want the CPU */
#define LONG_BYTES	8192	/* of a call, on average */
#define MOVE_NS		100000	/* between moves to another CPU */
#define VAIN_NS		100000000

static void score(__s32 *score, bool good)
{
	if (good && *score < SCORE_MAX)
		++*score;
	else if (!good && *score > -SCORE_MAX)
		*score -= 2;
}

static bool parked(const struct client_thread *t)
{
	return load_relaxed(&t->slot->parked) == t->base.seq;
}

static bool with_home(const struct client_thread *t)
{
	__s32 cpu = load_relaxed(&t->slot->cpu);

	return cpu >= 0 && cpu == load_relaxed(&t->slot->home_cpu);
}

/* Now and then. */
static void place(struct client_thread *t, bool away)
{
	__u64 now = t->base.os->clock();

	if (now < t->move_at)
		return;
	t->move_at = now + (cpu_move(load_relaxed(&t->slot->home_cpu), away) ? MOVE_NS : VAIN_NS);
	store_relaxed(&t->slot->cpu, this_cpu());
}

/* True if the call is complete; else sleep. */
bool client_spin(struct client_thread *t)
{
	struct libos *os = t->base.os;
	bool spare = t->client->spare;
	__u64 end;
	int i;

	if (!os->spin_ns)
		return client_complete(t);
	if (load_relaxed(&t->slot->near)) {
		if (!with_home(t))
			place(t, false);
		return client_complete(t);
	}
	if (with_home(t) && load_relaxed(&t->slot->watched))
		place(t, true);
	if (with_home(t))
		return client_complete(t);
	end = os->clock() + (spare || os->spin_ns < WORK_NS ? os->spin_ns : WORK_NS);
	do {
		for (i = 0; i < LOOKS; i++) {
			if (client_complete(t))
				return true;
			if (parked(t) && (!spare || t->event_score < 0))
				return false;
			cpu_relax();
		}
	} while (os->clock() < end);
	if (parked(t))			/* in vain: that has cost more than many a sleep */
		t->event_score = -SCORE_MAX;
	return false;
}

/* It has slept since @start, and is complete.  Would it have paid to stay awake? */
void client_slept(struct client_thread *t, __u64 start)
{
	struct libos *os = t->base.os;

	/* Twice: part of it was the time it takes to be woken. */
	if (os->spin_ns && parked(t))
		score(&t->event_score, os->clock() - start < 2 * os->spin_ns);
}

static bool reads(long nr)
{
	return nr == SYS_read || nr == SYS_readv || nr == SYS_recvfrom || nr == SYS_recvmsg;
}

/* A call has returned @ret. */
void client_weigh(struct client_thread *t, long nr, long ret)
{
	__s32 bytes = reads(nr) && ret > 0 ? (__s32)ret : 0;
	__u32 was = load_relaxed(&t->slot->near), near;

	if (t->client->spare || !t->base.os->spin_ns)
		return;
	t->bytes += (bytes - t->bytes) / 16;
	near = t->bytes >= (was ? LONG_BYTES / 2 : LONG_BYTES);
	if (unlikely(near != was))
		store_relaxed(&t->slot->near, near);
}
