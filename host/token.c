// SPDX-License-Identifier: GPL-2.0-only
/*
 * The token: the lock that makes an instance's kernel layer one virtual CPU.
 *
 * A three-state futex: 0 free, 1 held, 2 held and somebody may sleep on it.
 * Taking and giving back a free token is one atomic instruction each.  Who
 * finds it taken spins for about as long as a short system call lasts, and only
 * then sleeps: on a machine with one CPU it sleeps at once.
 *
 * The lock is unfair, up to a point.  A thread that makes many short calls is not
 * made to switch to another at each of them.  But a thread that was woken for the
 * token and found it taken once more says so (libos.starving), and from then on
 * those who come later give way for as long as a wake-up takes.  Without that a
 * program that sends in a tight loop keeps the poller from the devices for good.
 */
#include "instance.h"
#include "sys.h"

#define SPIN_ROUNDS	200
#define YIELD_ROUNDS	2000	/* some 50 us */

void token_lock_slow(struct libos *os)
{
	bool starving = false;
	unsigned int i;

	for (i = 0; i < YIELD_ROUNDS && load_relaxed(&os->starving); i++)
		cpu_relax();
	if (os->spin_ns)
		for (i = 0; i < SPIN_ROUNDS; i++) {
			if (!load_relaxed(&os->token) && token_trylock(os))
				return;
			cpu_relax();
		}

	/* From here on we must assume that others sleep, too: always take it as 2. */
	while (xchg(&os->token, 2)) {
		sys_futex_wait(&os->token, 2, ~0ULL);
		if (!starving && load_relaxed(&os->token)) {
			starving = true;
			__atomic_fetch_add(&os->starving, 1, __ATOMIC_RELAXED);
		}
	}
	if (starving)
		__atomic_fetch_sub(&os->starving, 1, __ATOMIC_RELAXED);
}

void token_unlock_slow(struct libos *os)
{
	sys_futex_wake(&os->token, 1);
}
