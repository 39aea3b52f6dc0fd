// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/self/maps without the library.
 *
 * A program that reads the list of its own mappings looks for its text, its libc,
 * or room.  The launcher's and the library's mappings would mislead it: they may be
 * of the same files, at addresses where the program has nothing (valgrind takes
 * them for its client's).  So it gets a copy of the list, in a memfd, without what
 * lies in the library's part of the address space.  A copy does not change: the
 * program opens the file anew to see what has.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>

#include "core.h"
#include "dispatch.h"

static int is_program(const char *line)
{
	unsigned long at = 0;

	for (; *line != '-'; line++)
		at = at * 16 + (*line <= '9' ? *line - '0' : *line - 'a' + 10);
	return at < GLUE_LIB_LO || (at >= GLUE_GAP_LO && at < GLUE_GAP_HI) || at >= GLUE_LIB_HI;
}

/* Lines are whole in the end, not in each read(). */
static long copy(int in, int out, char *buf)
{
	long have = 0, n, r, from, to, i;

	while ((n = glue_raw3(SYS_read, in, buf + have, BOUNCE - have)) > 0) {
		have += n;
		for (from = to = i = 0; i < have; i++) {
			if (buf[i] != '\n')
				continue;
			if (is_program(buf + from)) {
				glue_memcpy(buf + to, buf + from, i + 1 - from);
				to += i + 1 - from;
			}
			from = i + 1;
		}
		r = to ? glue_raw3(SYS_write, out, buf, to) : 0;
		if (r != to)
			return r < 0 ? r : -ENOMEM;
		glue_memcpy(buf, buf + from, have - from);
		have -= from;
	}
	return n;
}

long maps_open(struct glue_thread *t, unsigned long flags)
{
	struct dispatch_thread *d = dispatch_thread(t);
	long fd, in, r;

	if (!d)
		return -ENOMEM;
	fd = glue_raw2(SYS_memfd_create, "maps", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	in = glue_raw2(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
	r = in < 0 ? in : copy(in, fd, d->bounce);
	if (in >= 0)
		glue_raw1(SYS_close, in);
	if (!r)
		r = glue_raw3(SYS_lseek, fd, 0, 0);
	if (!r)
		return fd;
	glue_raw1(SYS_close, fd);
	return r;
}
