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

EXPORT void libos_fd_floor(int floor)
{
	store_relaxed(&fd_floor, floor);
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

/* Move @fd out of the program's way.  Never fails: it may stay.  Negative stays. */
int fd_high(int fd)
{
	int floor = load_relaxed(&fd_floor);
	long high;

	if (fd < 0)
		return fd;
	if (floor < 0)
		floor = default_floor();
	if (fd >= floor)
		return fd;
	high = sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, floor);
	if (high < 0)
		return fd;
	sys(SYS_close, fd);
	return (int)high;
}
