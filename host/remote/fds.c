// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers of the library's own descriptors: above those that a program gets.
 */
#include <fcntl.h>
#include <sys/resource.h>

#include "../sys.h"
#include "client.h"

#define EXPORT	__attribute__((visibility("default")))
#define FLOOR_MAX	(1 << 20)

static int fd_floor = -1;
static __u32 held;			/* [A] a number may be ours for a moment */

EXPORT void libos_fd_floor(int floor)
{
	store_relaxed(&fd_floor, floor);
}

/* For a few system calls, none of which waits. */
EXPORT void libos_fd_hold(void)
{
	while (xchg(&held, 1))
		sys(SYS_sched_yield);
}

EXPORT void libos_fd_release(void)
{
	store_release(&held, 0);
}

/* The upper quarter of what the limit allows. */
static int default_floor(void)
{
	struct rlimit lim;
	rlim_t max = FLOOR_MAX;

	if (sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &lim) == 0 && lim.rlim_cur < max)
		max = lim.rlim_cur;
	return (int)(max - max / 4);
}

static int floor_now(void)
{
	int floor = load_relaxed(&fd_floor);

	return floor < 0 ? default_floor() : floor;
}

/* Another number for the file of @fd, out of the program's way, or a negative errno. */
int fd_duplicate(int fd)
{
	return (int)sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, floor_now());
}

/* Move @fd out of the program's way.  Never fails: it may stay.  Negative stays. */
int fd_high(int fd)
{
	int high;

	if (fd < 0 || fd >= floor_now())
		return fd;
	high = fd_duplicate(fd);
	if (high < 0)
		return fd;
	sys(SYS_close, fd);
	return high;
}
