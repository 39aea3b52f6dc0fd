// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program leaves behind in a process that outlives it: open descriptors,
 * closed ones that were not its own, timers, its working directory and umask.
 *
 * A process's end sees to all that; a program that runs in ours, with others to
 * follow, needs somebody who does.  Many programs close their standard output
 * and error before they end, to see whether all was written; the next program
 * wants those, too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "leftover.h"

#define NSTD	3
#define NHIGH	32		/* of the last descriptors that the limit allows */

struct glue_leftover {
	int	std[NSTD];	/* duplicates */
	int	cwd;
	mode_t	umask;
	int	last_timer;	/* highest id of a POSIX timer */
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

/*
 * Delete the POSIX timers with ids above @above, if @del; the kernel counts them
 * up.  Return: the highest id.
 */
static int each_timer(int above, int del)
{
	FILE *f = fopen("/proc/self/timers", "re");
	char line[128];
	int id, max = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "ID: %d", &id) != 1)
			continue;
		if (id > max)
			max = id;
		if (del && id > above)
			syscall(SYS_timer_delete, id);
	}
	if (f)
		fclose(f);
	return max;
}

struct glue_leftover *glue_leftover_note(void)
{
	struct glue_leftover *l;
	struct rlimit lim;
	unsigned int n = 0, i;
	int high = 0, cwd;

	if (!getrlimit(RLIMIT_NOFILE, &lim) && lim.rlim_cur > 2 * NHIGH)
		high = (int)(lim.rlim_cur < 1 << 20 ? lim.rlim_cur : 1 << 20) - NHIGH;
	each_fd(highest, &n);
	l = calloc(1, sizeof(*l) + n + NSTD);
	if (!l)
		return NULL;
	l->n = n + NSTD;
	for (i = 0; i < NSTD; i++)
		l->std[i] = fcntl(i, F_DUPFD_CLOEXEC, high);
	l->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->cwd >= 0 && (cwd = fcntl(l->cwd, F_DUPFD_CLOEXEC, high)) >= 0) {
		close(l->cwd);
		l->cwd = cwd;
	}
	l->umask = umask(022);
	umask(l->umask);
	l->last_timer = each_timer(-1, 0);
	each_fd(mark, l);
	return l;
}

int glue_leftover_last_timer(const struct glue_leftover *l)
{
	return l ? l->last_timer : -1;
}

void glue_leftover_drop_timers(int above)
{
	each_timer(above, 1);
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

void glue_leftover_timers(struct glue_leftover *l)
{
	static const int itimers[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
	struct itimerval off = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(itimers) / sizeof(itimers[0]); i++)
		setitimer(itimers[i], &off, NULL);
	each_timer(glue_leftover_last_timer(l), 1);
}

void glue_leftover_clear(struct glue_leftover *l, unsigned int limit)
{
	struct found f = { .l = l, .limit = limit };
	unsigned int i;

	if (!l)
		return;
	umask(l->umask);
	if (l->cwd >= 0) {
		if (fchdir(l->cwd))
			perror("nuse: cannot go back to the working directory");
		close(l->cwd);
	}
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
