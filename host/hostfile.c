// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host files that the stack's own poll, select and epoll wait for.
 *
 * The stack asks hostfile_poll() which of some events are true; those that are
 * not are armed in the instance's epoll, one-shot, so that a file that nobody
 * waits for any more does not wake anybody.  When one fires, the others that were
 * armed are armed again: another waiter in the stack may be waiting for them, and
 * it is not asked again.
 *
 * An epoll file of the stack stays on after it was told, and if it is
 * edge-triggered, or within another one, it does not ask again; yet it must learn
 * of the next edge.  It asks with EPOLLET: from then on the file is watched
 * edge-triggered for what was asked, true or not, until it is released.
 *
 * Files that epoll refuses (regular files: EPERM) are always ready, as poll(2)
 * has it.  A number that is closed on the host gives POLLNVAL.  Number reuse: the
 * kernel drops an epoll entry with its last file reference, so arming finds
 * ENOENT and adds the new file; an event of an old file that survives through a
 * duplicate at most makes the stack ask once too often.
 */
#include <poll.h>
#include <sys/mman.h>

#include "instance.h"
#include "sys.h"

#define ALWAYS	(POLLERR | POLLHUP)
#define EVENTS	0xffffU		/* of poll(2); the others are flags of epoll */
#define FILES_MIN	1024U

/* The table grows by doubling; numbers are bounded by RLIMIT_NOFILE. */
static struct hostfile *lookup(struct libos *os, int fd)
{
	__u32 n = os->nhostfile ? os->nhostfile : FILES_MIN;
	struct hostfile *table;
	__u32 i;
	long p;

	if (fd < 0)
		return NULL;
	if ((__u32)fd < os->nhostfile)
		return &os->hostfile[fd];
	while (n <= (__u32)fd)
		n *= 2;
	p = sys(SYS_mmap, 0, n * sizeof(*table), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p < 0 && p > -4096)
		return NULL;
	table = (struct hostfile *)p;
	for (i = 0; i < os->nhostfile; i++)
		table[i] = os->hostfile[i];
	if (os->hostfile)
		sys(SYS_munmap, os->hostfile, os->nhostfile * sizeof(*table));
	os->hostfile = table;
	os->nhostfile = n;
	return &table[fd];
}

/* POLL* and EPOLL* have the same values for all that poll(2) knows. */
static long arm(struct libos *os, int fd, struct hostfile *hf)
{
	struct epoll_event ev = {
		.events = hf->armed | (hf->edge ? EPOLLET : EPOLLONESHOT),
		.data.u64 = TAG_FILE | (__u32)fd,
	};
	long r = -ENOENT;

	if (hf->known)
		r = sys(SYS_epoll_ctl, os->epfd, EPOLL_CTL_MOD, fd, &ev);
	if (r == -ENOENT) {
		r = sys(SYS_epoll_ctl, os->epfd, EPOLL_CTL_ADD, fd, &ev);
		if (r == -EEXIST)
			r = sys(SYS_epoll_ctl, os->epfd, EPOLL_CTL_MOD, fd, &ev);
	}
	hf->known = r == 0;
	return r;
}

static __u32 poll_now(int fd, __u32 events)
{
	struct __kernel_timespec zero = { 0 };
	struct pollfd p = {
		.fd = fd,
		.events = (short)events,
	};

	if (sys(SYS_ppoll, &p, 1, &zero, NULL, 8) <= 0)
		return 0;
	return (unsigned short)p.revents;
}

__u32 hostfile_poll(void *host, int fd, __u32 events)
{
	struct libos *os = host;
	__u32 now = poll_now(fd, events);
	__u32 want = events & EVENTS & ~(__u32)(ALWAYS | POLLNVAL);
	bool edge = events & EPOLLET;
	struct hostfile *hf;
	long r;

	if (now & POLLNVAL || (!edge && !(want & ~now)))
		return now;
	hf = lookup(os, fd);
	if (!hf)
		return now | POLLERR;	/* -ENOMEM: better a reader that fails than one that hangs */
	if (hf->known && hf->edge && !(want & ~hf->armed))
		return now;
	hf->edge |= edge;
	/* Always, though it may be armed already: the number may be another file's by now. */
	hf->armed |= hf->edge ? want : want & ~now;
	r = arm(os, fd, hf);
	if (r == -EPERM)
		return now | (want & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM));
	if (r < 0)
		return now | (r == -EBADF ? POLLNVAL : POLLERR);
	return now;
}

void hostfile_release(void *host, int fd)
{
	struct libos *os = host;

	if (fd < 0 || (__u32)fd >= os->nhostfile)
		return;
	/* The file may be closed, and the number another's: nothing to tell. */
	if (os->hostfile[fd].known)
		sys(SYS_epoll_ctl, os->epfd, EPOLL_CTL_DEL, fd, NULL);
	if (os->hostfile[fd].own)
		sys(SYS_close, fd);
	os->hostfile[fd] = (struct hostfile){ 0 };
}

/* @fd is to be closed when it is of interest no longer.  Token held. */
int hostfile_own(struct libos *os, int fd)
{
	struct hostfile *hf = lookup(os, fd);

	if (!hf)
		return -ENOMEM;
	*hf = (struct hostfile){ .own = true };
	return 0;
}

/* Epoll says that @fd is ready for @events; it is disarmed by that, if one-shot. */
void hostfile_fire(struct libos *os, int fd, __u32 events)
{
	struct hostfile *hf;

	if (fd < 0 || (__u32)fd >= os->nhostfile)
		return;
	hf = &os->hostfile[fd];
	if (!hf->edge) {
		hf->armed &= ~events;
		if (events & ALWAYS)
			hf->armed = 0;
		if (hf->armed)
			arm(os, fd, hf);
	}
	os->kernel->hostfile_event(fd, events);
}
