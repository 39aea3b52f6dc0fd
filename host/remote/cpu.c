// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calling thread goes to another CPU, by way of its affinity, which it has back at once.
 *
 * Hot: no libc, any FS base.
 */
#include "../sys.h"
#include "cpu.h"

#define CPU_WORDS	(1024 / 64)

/* To @cpu, or (@away) to any but that.  False if we may not. */
bool cpu_move(int cpu, bool away)
{
	unsigned long all[CPU_WORDS], some[CPU_WORDS] = { 0 }, bit;
	long i, n = sys(SYS_sched_getaffinity, 0, sizeof(all), all);

	if (n <= 0 || cpu < 0 || cpu >= n * 8)
		return false;
	bit = 1UL << cpu % 64;
	if (!(all[cpu / 64] & bit))
		return false;
	for (i = 0; away && i < n / 8; i++)
		some[i] = all[i];
	some[cpu / 64] ^= bit;
	if (sys(SYS_sched_setaffinity, 0, n, some) < 0)
		return false;
	sys(SYS_sched_setaffinity, 0, n, all);
	return true;
}
