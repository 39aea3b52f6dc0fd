// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that a program leaves open, or closes although they are not its
 * own.
 *
 * A process's end closes its files; a program that runs in ours, with others to
 * follow, needs somebody to do that.  Many programs close their standard output
 * and error before they end, to see whether all was written; the next program
 * wants those, too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "leftover.h"

#define NSTD	3
#define HIGH	900		/* not where a program's numbers begin */

struct glue_leftover {
	int	std[NSTD];	/* duplicates */
	unsigned int n;
	unsigned char open[];	/* by number */
};

static void each_fd(void (*fn)(void *arg, unsigned int fd), void *arg)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	int fd;

	while (d && (e = readdir(d))) {
		fd = atoi(e->d_name);
		if (e->d_name[0] != '.' && fd != dirfd(d))
			fn(arg, fd);
	}
	if (d)
		closedir(d);
}

static void highest(void *arg, unsigned int fd)
{
	unsigned int *n = arg;

	if (fd >= *n)
		*n = fd + 1;
}

static void mark(void *arg, unsigned int fd)
{
	struct glue_leftover *l = arg;

	if (fd < l->n)
		l->open[fd] = 1;
}

struct glue_leftover *glue_leftover_note(void)
{
	struct glue_leftover *l;
	unsigned int n = HIGH + NSTD, i;

	each_fd(highest, &n);
	l = calloc(1, sizeof(*l) + n + NSTD);
	if (!l)
		return NULL;
	l->n = n + NSTD;
	for (i = 0; i < NSTD; i++)
		l->std[i] = fcntl(i, F_DUPFD_CLOEXEC, HIGH);
	each_fd(mark, l);
	return l;
}

/* Numbers are collected first: closing while reading the directory skips some. */
struct found {
	const struct glue_leftover *l;
	unsigned int limit, n;
	unsigned int fd[256];
};

static void unwanted(void *arg, unsigned int fd)
{
	struct found *f = arg;

	if (fd < f->limit && !(fd < f->l->n && f->l->open[fd]) &&
	    f->n < sizeof(f->fd) / sizeof(f->fd[0]))
		f->fd[f->n++] = fd;
}

void glue_leftover_clear(struct glue_leftover *l, unsigned int limit)
{
	struct found f = { .l = l, .limit = limit };
	unsigned int i;

	if (!l)
		return;
	do {
		f.n = 0;
		each_fd(unwanted, &f);
		for (i = 0; i < f.n; i++)
			close(f.fd[i]);
	} while (f.n == sizeof(f.fd) / sizeof(f.fd[0]));
	for (i = 0; i < NSTD; i++)
		if (l->std[i] >= 0) {
			dup2(l->std[i], i);
			close(l->std[i]);
		}
	free(l);
}
