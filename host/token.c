// SPDX-License-Identifier: GPL-2.0-only
/*
 * The token: the lock that makes an instance's kernel layer one virtual CPU.
 *
 * A three-state futex: 0 free, 1 held, 2 held and somebody may sleep on it.
 * Taking and giving back a free token is one atomic instruction each.  Who
 * finds it taken spins for about as long as a short system call lasts, and only
 * then sleeps: on a machine with one CPU it sleeps at once.
 *
 * The lock is unfair.  That is intended: a thread that makes many short calls
 * is not made to switch to another at each of them, and the holder always comes
 * back within one system call.
 */
#include "instance.h"
#include "sys.h"

#define SPIN_ROUNDS	200

void token_lock_slow(struct libos *os)
{
	unsigned int i;

	if (os->spin_ns)
		for (i = 0; i < SPIN_ROUNDS; i++) {
			if (!load_relaxed(&os->token) && token_trylock(os))
				return;
			cpu_relax();
		}

	/* From here on we must assume that others sleep, too: always take it as 2. */
	while (xchg(&os->token, 2))
		sys_futex_wait(&os->token, 2, ~0ULL);
}

void token_unlock_slow(struct libos *os)
{
	sys_futex_wake(&os->token, 1);
}
