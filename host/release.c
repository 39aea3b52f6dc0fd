// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving the token back: who must be told what before the holder walks away.
 *
 * The holder may have completed other threads' calls, armed an earlier timer,
 * or left work that run() should do (a task that its call woke).  Rules:
 *
 * - A thread whose call is complete is woken after the release, so that it does
 *   not run into the token.  Until then its futex is in libos.wake[].
 * - If a poller sleeps, it is kicked when the timer is now earlier than it
 *   sleeps, or when run() has work: the poller waits anyway, the holder does not.
 *   But the helper and the server of remote calls wait for nothing of their own, and if
 *   the work is for a call of another process, which nobody here waits for either, the
 *   holder does it.
 * - If polling is vacant, work goes to a parked thread, which becomes the
 *   poller (it is *appointed*); if nobody waits at all, the work belongs to no
 *   call and is short, and the holder does it at once.
 * - A program that calls often and never blocks is its own poller: when polling
 *   is vacant, each eighth call looks at the clock, and at the devices if nobody
 *   has for POLL_INTERVAL_NS.
 *
 * At most one kick is under way per sleep of a poller: libos.kicked is set with
 * the first and cleared when a sleep begins or ends.  A poller whose call is done
 * (libos.poller_done) will not do any work, so it counts as absent.
 */
#include "instance.h"
#include "sys.h"

#define POLL_INTERVAL_NS	20000
#define RUN_ROUNDS		4

/* Give the token back, then wake whom the holder has promised to wake. */
void instance_unlock(struct libos *os)
{
	__u32 *wake[WAKE_BATCH];
	__u32 i, n = os->nwake;
	__u32 kick = os->want_kick;

	for (i = 0; i < n; i++)
		wake[i] = os->wake[i];
	os->nwake = 0;
	os->want_kick = 0;
	token_unlock(os);

	/*
	 * The threads may be gone by now, and their memory too: a futex wake does
	 * not look at the word.
	 */
	for (i = 0; i < n; i++)
		sys_futex_wake(wake[i], 1);
	if (kick)
		poll_kick(os);
}

/*
 * Tell a thread that waits to look (WORD_WAKE), or that its call is complete
 * (WORD_DONE).  Token held.
 */
void wake_thread(struct libos *os, struct libos_thread *thr, __u32 word)
{
	__u32 old = load_relaxed(&thr->word);

	while (!__atomic_compare_exchange_n(&thr->word, &old, word, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		;
	if (old == WORD_POLL) {
		os->want_kick = 1;
	} else if (old == WORD_PARK) {
		if (os->nwake == WAKE_BATCH)
			sys_futex_wake(&thr->word, 1);
		else
			os->wake[os->nwake++] = &thr->word;
	}
}

/* The instance has halted: everybody who waits must come out.  Token held. */
void instance_shut(struct libos *os)
{
	struct link *l;

	store_release(&os->halted, 1);
	for (l = os->parked.next; l != &os->parked; l = l->next)
		wake_thread(os, link_entry(l, struct libos_thread, parked), WORD_WAKE);
	if (os->server)
		channel_shut(os);
	os->want_kick = 1;
}

static void kick_poller(struct libos *os)
{
	bool earlier = poll_deadline(os) < load_relaxed(&os->sleep_until);

	if (os->kicked || (!earlier && !os->kernel->pending()))
		return;
	os->kicked = 1;
	os->want_kick = 1;
	os->stat.kicks++;
}

/* Work to do and nobody polls.  True if somebody will come for it. */
static bool appoint(struct libos *os)
{
	struct libos_thread *thr;

	if (link_empty(&os->parked))
		return false;
	thr = link_entry(os->parked.next, struct libos_thread, parked);
	if (load_relaxed(&thr->word) == WORD_PARK) {
		os->stat.appoints++;
		wake_thread(os, thr, WORD_WAKE);
	}
	return true;
}

static int work(struct libos *os)
{
	int i, r = 0;

	for (i = 0; i < RUN_ROUNDS && r >= 0 && os->kernel->pending(); i++)
		r = os->kernel->run(NULL);
	return r;
}

/* Leave the kernel layer for good: everything above, then the token. */
void instance_release(struct libos *os)
{
	int i, r = 0;

	if (unlikely(load_relaxed(&os->halted))) {
		instance_unlock(os);
		return;
	}
	if (load_relaxed(&os->poller) && !os->poller_done) {
		if (load_relaxed(&os->poller) == POLLER_SERVER ||
		    (os->nremote && load_relaxed(&os->poller) == POLLER_HELPER))
			r = work(os);
		if (unlikely(r < 0))
			instance_shut(os);
		else
			kick_poller(os);
		instance_unlock(os);
		return;
	}

	if (!(os->entries & 7) && os->clock() - os->last_poll >= POLL_INTERVAL_NS) {
		os->stat.inline_polls++;
		poll_once(os);
	}
	for (i = 0; i < RUN_ROUNDS && r >= 0 && os->kernel->pending(); i++) {
		if (appoint(os))
			break;
		r = os->kernel->run(NULL);
	}
	if (unlikely(r < 0))
		instance_shut(os);
	instance_unlock(os);
}
