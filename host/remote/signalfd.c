// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client's signalfds in the stack's poll, select and epoll.
 *
 * Whether a signalfd is readable depends on who asks (signalfd_poll() looks at current),
 * and the home, which watches the host files of its clients, would see its own signals.
 * So it is given an eventfd in the file's place, and the client looks itself:
 *
 *	before a call that polls	each eventfd is made to say what its signalfd does
 *	asleep in a call		an epoll file of this process has the signalfds,
 *					edge-triggered, and is waited for beside the
 *					answer: a signal makes the eventfd readable, which
 *					the home sees
 *
 * An eventfd lasts until its signalfd's number is no longer open, which is found out when
 * it is polled.  A child has its own for the signalfds that it watches; one that it inherited
 * in an epoll file tells of its parent's signals, as in Linux.
 *
 * Hot: no libc, any FS base.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "../sys.h"
#include "client.h"

static bool is_signalfd(int fd)
{
	static const char name[] = "anon_inode:[signalfd]";
	char path[32] = "/proc/self/fd/", link[sizeof(name)], digit[12];
	int i = 14, n = 0;

	do {
		digit[n++] = (char)('0' + fd % 10);
		fd /= 10;
	} while (fd);
	while (n)
		path[i++] = digit[--n];
	path[i] = '\0';
	if (sys(SYS_readlinkat, AT_FDCWD, path, link, sizeof(link)) != sizeof(name) - 1)
		return false;
	for (i = 0; i < (int)sizeof(name) - 1; i++)
		if (link[i] != name[i])
			return false;
	return true;
}

static void lock(struct client *c)
{
	while (xchg(&c->signalfd_lock, 1))
		sys(SYS_sched_yield);
}

static void unlock(struct client *c)
{
	store_release(&c->signalfd_lock, 0);
}

static void forget(struct client_signalfd *w)
{
	sys(SYS_close, w->event);
	w->event = -1;
}

static long control(struct client *c, int op, const struct client_signalfd *w)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLET,
		.data.u32 = (__u32)(w - c->signalfd),
	};

	return sys(SYS_epoll_ctl, c->watch, op, w->fd, &ev);
}

/* One for @fd, which may have been another file's before, or an unused one. */
static struct client_signalfd *find(struct client *c, int fd)
{
	struct client_signalfd *w, *unused = NULL;

	for (w = c->signalfd; w < c->signalfd + c->nsignalfd; w++) {
		if (w->event >= 0 && w->fd == fd)
			return w;
		/* Is the number still that of the file that we watch? */
		if (w->event >= 0 && control(c, EPOLL_CTL_MOD, w) < 0)
			forget(w);
		if (w->event < 0)
			unused = w;
	}
	return unused ? unused : w < c->signalfd + CLIENT_SIGNALFDS ? w : NULL;
}

static int watch(struct client *c, int fd)
{
	struct client_signalfd *w = find(c, fd);
	bool new = w == c->signalfd + c->nsignalfd;
	long r;

	if (!w)
		return -EMFILE;
	if (!c->watch) {
		r = fd_high((int)sys(SYS_epoll_create1, EPOLL_CLOEXEC));
		if (r < 0)
			return (int)r;
		c->watch = (int)r;
	}
	if (new || w->event < 0) {
		r = fd_high((int)sys(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
		if (r < 0)
			return (int)r;
		*w = (struct client_signalfd){ .fd = fd, .event = (int)r };
	}
	if (new)
		store_release(&c->nsignalfd, c->nsignalfd + 1);
	r = control(c, EPOLL_CTL_ADD, w);
	if (r == -EEXIST)
		r = control(c, EPOLL_CTL_MOD, w);
	return r < 0 ? (int)r : w->event;
}

/* What the home is to poll in the place of @fd: itself, mostly.  Or a negative errno. */
int client_signalfd(struct client *c, int fd)
{
	int r;

	if (fd < 0 || !is_signalfd(fd))
		return fd;
	lock(c);
	r = watch(c, fd);
	unlock(c);
	return r;
}

/* Tell the home what has changed since it was told the last time.  Locked. */
static void tell(struct client *c)
{
	struct epoll_event ev[CLIENT_SIGNALFDS];
	struct timespec now = { 0 };
	struct client_signalfd *w;
	__u64 one = 1;
	long n;

	n = sys(SYS_epoll_pwait, c->watch, ev, CLIENT_SIGNALFDS, 0, NULL, 0);
	while (n-- > 0)
		c->signalfd[ev[n].data.u32].edge = true;
	for (w = c->signalfd; w < c->signalfd + c->nsignalfd; w++) {
		struct pollfd p = { .fd = w->fd, .events = POLLIN };

		if (w->event < 0 || sys(SYS_ppoll, &p, 1, &now, NULL, 0) < 0)
			continue;
		if (p.revents & POLLNVAL) {
			forget(w);
		} else if (p.revents & POLLIN) {
			/* Each edge counts for who waits for edges. */
			if (w->edge || !w->told)
				sys(SYS_write, w->event, &one, sizeof(one));
			w->told = true;
		} else if (w->told) {
			sys(SYS_read, w->event, &one, sizeof(one));
			w->told = false;
		}
		w->edge = false;
	}
}

/* A call that polls is about to be made. */
void client_signalfd_sync(struct client *c)
{
	lock(c);
	tell(c);
	unlock(c);
}

/* Sleep until @wake is readable (true), or the home has been told of a signal. */
bool client_signalfd_wait(struct client *c, int wake)
{
	struct pollfd p[2] = {
		{ .fd = wake, .events = POLLIN },
		{ .fd = c->watch, .events = POLLIN },
	};

	if (sys(SYS_ppoll, p, 2, NULL, NULL, 0) <= 0)
		return false;
	if (p[1].revents)
		client_signalfd_sync(c);
	return p[0].revents;
}

/* In a child, and at the end. */
void client_signalfd_close(const struct client *c)
{
	__u32 i;

	if (c->watch)
		sys(SYS_close, c->watch);
	for (i = 0; i < c->nsignalfd; i++)
		if (c->signalfd[i].event >= 0)
			sys(SYS_close, c->signalfd[i].event);
}
