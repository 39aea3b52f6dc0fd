// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which descriptors another process of the program keeps, and which another program
 * in its place: all of the program's, those without close-on-exec.
 *
 * The launcher's and the library's own mean nothing in a child (devices, the epoll
 * file of the stack, connections of other clients), and an inherited TAP file would
 * keep the device alive; a few are wanted, and named by those who want them.  On
 * execve() the host has the flags, also those of stack files.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dispatch.h"
#include "fd.h"

/* --- fork ---------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_from_to(unsigned int first, unsigned int last)
{
	if (first <= last)
		glue_raw3(SYS_close_range, first, last, 0);
}

/* What an overlay is read from, or -1. */
static int overlay_fd(const char *file)
{
	static const char dir[] = "/proc/self/fd/";

	return strncmp(file, dir, sizeof(dir) - 1) ? -1 : atoi(file + sizeof(dir) - 1);
}

static bool is_overlay(const struct glue_prog *p, int fd)
{
	for (unsigned int i = 0; i < p->opts->noverlay; i++)
		if (overlay_fd(p->opts->overlay[i].file) == fd)
			return true;
	return false;
}

#define MAX_ALL	64

void glue_fdtab_child(struct glue_fdtab *f, int *keep, int n)
{
	const struct glue_opts *o = f->prog->opts;
	int all[MAX_ALL], m = 0, i;
	unsigned int from = f->nr, at;

	for (i = 0; i < n && m < MAX_ALL; i++)
		all[m++] = keep[i];
	for (at = 0; at < o->noverlay && m < MAX_ALL - 3; at++)
		all[m++] = overlay_fd(o->overlay[at].file);
	all[m++] = f->master;
	all[m++] = f->probe;
	all[m++] = o->trace_fd;
	qsort(all, m, sizeof(all[0]), compare);

	/* Among the program's numbers, those that the launcher had before. */
	for (at = 0; at < f->nhidden; at++) {
		int fd = f->hidden[at];

		if (is_overlay(f->prog, fd) || bsearch(&fd, all, m, sizeof(fd), compare))
			continue;
		close(fd);
		f->kind[fd] = FD_HOST;
		f->hidden[at--] = f->hidden[--f->nhidden];
	}
	for (i = 0; i < m; i++) {
		if (all[i] < (int)from)
			continue;
		close_from_to(from, all[i] - 1);
		from = all[i] + 1;
	}
	/* Where limits end: the host looks at every number of its table, a larger one. */
	close_from_to(from, (f->end > f->old_soft ? f->end : f->old_soft) - 1);
}

bool glue_fdtab_uses_stack(const struct glue_fdtab *f)
{
	unsigned int fd, kind;

	for (fd = 0; fd < f->top; fd++) {
		kind = f->kind[fd] & FD_KIND;
		if (kind != FD_HOST && kind != FD_HIDDEN)
			return true;
	}
	return false;
}

/* --- execve -------------------------------------------------------------- */

#define BATCH	256

void glue_fdtab_exec(struct glue_thread *t)
{
	struct glue_fdtab *f = t->prog->fds;
	DIR *dir = opendir("/proc/self/fd");
	unsigned int fd[BATCH], n;
	struct dirent *e;

	if (!dir)
		return;
	do {
		/* Collected first: closing while reading skips some. */
		for (n = 0; n < BATCH && (e = readdir(dir)); ) {
			unsigned int i = strtoul(e->d_name, NULL, 10);
			int flags;

			if (e->d_name[0] == '.' || i >= f->nr || (int)i == dirfd(dir) ||
			    fd_kind(f, i) == FD_HIDDEN)
				continue;
			flags = fcntl(i, F_GETFD);
			if (flags >= 0 && flags & FD_CLOEXEC)
				fd[n++] = i;
		}
		for (unsigned int i = 0; i < n; i++)
			fd_close(t, fd[i]);
		rewinddir(dir);
	} while (n == BATCH);
	closedir(dir);
}
