// SPDX-License-Identifier: GPL-2.0-only
/*
 * A router's files, on their way to its next thread.
 *
 * The thread has a file table of its own, which fork(2) of another thread does not
 * copy.  So before a fork it sends all its files to the process's table and ends; its
 * successor, in the child, puts each at the number that it had, which is all that
 * libslirp knows of its sockets.  Connections do not notice.
 *
 *	thread                          process
 *	park_send: numbers, files  -->  park_receive: copies, out of the way
 *	                           <--  go, or stay (it had no room)
 *	ends                            fork(2)
 *	                                thread: park_restore
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slirp.h"

#define BATCH	200		/* a message carries 253 at most */

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Numbers in use, from 3 on, ascending. */
static int list(int **out, unsigned int *count)
{
	DIR *dir = opendir("/proc/thread-self/fd");
	int *nr = NULL, *more, fd, ret = 0;
	unsigned int used = 0;
	struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)) != NULL) {
		fd = atoi(e->d_name);		/* 0 of "." and ".." */
		if (fd < 3 || fd == dirfd(dir))
			continue;
		more = realloc(nr, (used + 1) * sizeof(*nr));
		if (!more) {
			ret = -ENOMEM;
			break;
		}
		nr = more;
		nr[used++] = fd;
	}
	closedir(dir);
	if (used)
		qsort(nr, used, sizeof(*nr), ascending);
	*out = nr;
	*count = used;
	return ret;
}

static int send_batch(int ctl, const int *nr, unsigned int n)
{
	char control[CMSG_SPACE(BATCH * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *)nr, n * sizeof(*nr) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), nr, n * sizeof(int));
	return sendmsg(ctl, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/**
 * park_send() - on the thread: give all files to the process
 * @ctl: its end of the control socket
 *
 * Return: 0, the thread is to end; negative: it stays.
 */
int park_send(int ctl)
{
	unsigned int n = 0, at, part;
	int *nr = NULL, ret;
	char verdict = 'n';

	ret = list(&nr, &n);
	for (at = 0; at < n && !ret; at += part) {
		part = n - at < BATCH ? n - at : BATCH;
		ret = send_batch(ctl, nr + at, part);
	}
	free(nr);
	/* The end of the list, or that there is none. */
	if (send(ctl, ret ? "n" : "y", 1, MSG_NOSIGNAL) < 0 || ret)
		return -EIO;
	if (recv(ctl, &verdict, 1, 0) != 1 || verdict != 'y')
		return -EIO;
	return 0;
}

/** park_free() - close what is parked */
void park_free(struct park *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		close(p->file[i].fd);
	free(p->file);
	*p = (struct park){ 0 };
}

static int keep(struct park *p, const int *nr, const int *fd, unsigned int n, int fd_min)
{
	struct park_file *more = realloc(p->file, (p->n + n) * sizeof(*more));
	unsigned int i;

	if (!more) {
		for (i = 0; i < n; i++)
			close(fd[i]);
		return -ENOMEM;
	}
	p->file = more;
	for (i = 0; i < n; i++)
		p->file[p->n++] = (struct park_file){ nr[i], netio_fd_raise(fd[i], fd_min) };
	return 0;
}

/**
 * park_receive() - in the process: take what the thread sends
 * @ctl: the process's end of the control socket
 * @fd_min: lowest number to keep them at
 *
 * Return: 0; a negative errno, nothing is kept then and the thread stays.
 */
int park_receive(int ctl, int fd_min, struct park *p)
{
	int ret = 0;

	*p = (struct park){ 0 };
	for (;;) {
		char control[CMSG_SPACE(BATCH * sizeof(int))] __attribute__((aligned(8)));
		int nr[BATCH], fd[BATCH];
		struct iovec iov = { nr, sizeof(nr) };
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t len = recvmsg(ctl, &msg, MSG_CMSG_CLOEXEC);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		unsigned int n;

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0) {
			ret = -EIO;
			break;
		}
		if (len == 1) {
			if (*(char *)nr != 'y')
				ret = -EIO;
			break;
		}
		n = c ? (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
		if (n)
			memcpy(fd, CMSG_DATA(c), n * sizeof(int));
		if (n != (size_t)len / sizeof(int))
			ret = -EMFILE;
		if (n && keep(p, nr, fd, n, fd_min) < 0)
			ret = -ENOMEM;
	}
	if (send(ctl, ret ? "n" : "y", 1, MSG_NOSIGNAL) < 0 && !ret)
		ret = -EIO;
	if (ret)
		park_free(p);
	return ret;
}

/**
 * park_restore() - on the new thread: each file gets its number again
 *
 * The thread has a table of its own, a copy of the process's.  All else is closed.
 */
int park_restore(const struct park *p)
{
	unsigned int i, next = 3, top = 3;
	int *fd = calloc(p->n + 1, sizeof(*fd)), ret = 0;

	if (!fd)
		return -ENOMEM;
	for (i = 0; i < p->n; i++)
		if ((unsigned int)p->file[i].nr >= top)
			top = (unsigned int)p->file[i].nr + 1;
	for (i = 0; i < p->n && !ret; i++) {
		fd[i] = fcntl(p->file[i].fd, F_DUPFD_CLOEXEC, top);
		if (fd[i] < 0)
			ret = -errno;
	}
	/* In order of the numbers, as they were listed. */
	for (i = 0; i < p->n && !ret; i++) {
		if (dup3(fd[i], p->file[i].nr, O_CLOEXEC) < 0)
			ret = -errno;
		if ((unsigned int)p->file[i].nr > next)
			syscall(SYS_close_range, next, p->file[i].nr - 1, 0);
		next = (unsigned int)p->file[i].nr + 1;
	}
	syscall(SYS_close_range, next, ~0U, 0);
	free(fd);
	return ret;
}
