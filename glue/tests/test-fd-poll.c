// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for files of both kernels at once: poll, select, epoll.
 *
 * For each kind of host file (pipe, eventfd, timerfd, AF_UNIX socket, host
 * epoll) beside a stack socket, either becomes ready while a thread waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "fd-direct.h"

static struct sockaddr_in addr;

static long udp(void)
{
	socklen_t len = sizeof(addr);
	long s = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sc(SYS_bind, s, &addr, sizeof(addr));
	sc(SYS_getsockname, s, &addr, &len);
	return s;
}

/* What another thread does after a while. */
struct deed {
	long nr;
	unsigned long arg[6];
	int delay_ms;
};

static void *later(void *arg)
{
	struct deed *d = arg;

	usleep(d->delay_ms * 1000);
	sc(d->nr, d->arg[0], d->arg[1], d->arg[2], d->arg[3], d->arg[4], d->arg[5]);
	direct_thread_end();
	return NULL;
}

static void now(const struct deed *d)
{
	sc(d->nr, d->arg[0], d->arg[1], d->arg[2], d->arg[3], d->arg[4], d->arg[5]);
}

static long send_to_udp(void)
{
	long c = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	sc(SYS_connect, c, &addr, sizeof(addr));
	return c;
}

static void drain(long fd)
{
	char buf[64];
	long flags = sc(SYS_fcntl, fd, F_GETFL);

	sc(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	while (sc(SYS_read, fd, buf, sizeof(buf)) > 0)
		;
	sc(SYS_fcntl, fd, F_SETFL, flags);
}

static void each_kind(const char *name, long rd, struct deed *d)
{
	struct pollfd p[3];
	struct epoll_event ev, got[4];
	struct timeval tv = { 5, 0 };
	struct timespec ts = { 5, 0 };
	pthread_t thread;
	long s = udp(), c = send_to_udp(), ep;
	fd_set in;
	struct deed net = { SYS_write, { c, U("hello"), 5 }, 20 };

	p[0] = (struct pollfd){ .fd = rd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = s, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = -1 };
	ok_ret(sc(SYS_poll, p, 3, 0), 0, "%s, socket: nothing is ready", name);
	ok(fd_kind(direct_prog.fds, rd) == FD_WRAPPED, "%s: is wrapped now", name);

	pthread_create(&thread, NULL, later, d);
	ok_ret(sc(SYS_poll, p, 3, 5000), 1, "%s: poll wakes up for it", name);
	ok(p[0].revents & POLLIN && !p[1].revents, "%s: and tells it from the socket", name);
	pthread_join(thread, NULL);
	drain(rd);

	pthread_create(&thread, NULL, later, &net);
	ok_ret(sc(SYS_ppoll, p, 2, &ts, 0, 8), 1, "%s: ppoll wakes up for the socket", name);
	ok(!p[0].revents && p[1].revents == POLLIN, "%s: and tells it from the file", name);
	pthread_join(thread, NULL);
	drain(s);

	FD_ZERO(&in);
	FD_SET(rd, &in);
	FD_SET(s, &in);
	pthread_create(&thread, NULL, later, d);
	ok_ret(sc(SYS_select, 64, &in, 0, 0, &tv), 1, "%s: select wakes up for it", name);
	ok(FD_ISSET(rd, &in) && !FD_ISSET(s, &in), "%s: and marks it", name);
	pthread_join(thread, NULL);
	drain(rd);

	FD_SET(rd, &in);
	FD_SET(s, &in);
	pthread_create(&thread, NULL, later, &net);
	ok_ret(sc(SYS_pselect6, 64, &in, 0, 0, &ts, 0), 1, "%s: pselect wakes up for the socket", name);
	ok(!FD_ISSET(rd, &in) && FD_ISSET(s, &in), "%s: and marks it", name);
	pthread_join(thread, NULL);
	drain(s);

	ep = sc(SYS_epoll_create1, 0);
	ev.events = EPOLLIN;
	ev.data.u64 = 1;
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, rd, &ev), 0, "%s: epoll takes it", name);
	ev.events = EPOLLIN | EPOLLET;
	ev.data.u64 = 2;
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, s, &ev), 0, "%s: and the socket", name);
	ok_ret(sc(SYS_epoll_wait, ep, got, 4, 0), 0, "%s: nothing is ready", name);
	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, later, d);
		ok_ret(sc(SYS_epoll_wait, ep, got, 4, 5000), 1, "%s: epoll wakes up for it", name);
		ok_ret(got[0].data.u64, 1, "%s: and says so", name);
		ok_ret(sc(SYS_epoll_wait, ep, got, 4, 0), 1, "%s: it is still ready", name);
		pthread_join(thread, NULL);
		drain(rd);
		ok_ret(sc(SYS_epoll_wait, ep, got, 4, 0), 0, "%s: not any more", name);
		pthread_create(&thread, NULL, later, &net);
		ok_ret(sc(SYS_epoll_pwait, ep, got, 4, 5000, 0, 8), 1, "%s: epoll: the socket", name);
		ok_ret(got[0].data.u64, 2, "%s: and says so", name);
		pthread_join(thread, NULL);
		ok_ret(sc(SYS_epoll_wait, ep, got, 4, 0), 0, "%s: edge-triggered, once", name);
		drain(s);
	}

	/* The file in an epoll set of its own, polled by the outer one. */
	{
		long inner = sc(SYS_epoll_create1, 0), outer = sc(SYS_epoll_create1, 0);

		ev.events = EPOLLIN;
		ev.data.u64 = 7;
		sc(SYS_epoll_ctl, inner, EPOLL_CTL_ADD, rd, &ev);
		ev.data.u64 = 8;
		ok_ret(sc(SYS_epoll_ctl, outer, EPOLL_CTL_ADD, inner, &ev), 0, "%s: nested epoll", name);
		pthread_create(&thread, NULL, later, d);
		ok_ret(sc(SYS_epoll_wait, outer, got, 4, 5000), 1, "%s: nested epoll wakes up", name);
		pthread_join(thread, NULL);
		drain(rd);
		sc(SYS_close, inner);
		sc(SYS_close, outer);
	}
	/* Once, and again when it is armed. */
	ev.events = EPOLLIN | EPOLLONESHOT;
	ev.data.u64 = 3;
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_MOD, rd, &ev), 0, "%s: one shot", name);
	now(d);
	ok_ret(sc(SYS_epoll_wait, ep, got, 4, 1000), 1, "%s: one shot fires", name);
	ok_ret(sc(SYS_epoll_wait, ep, got, 4, 0), 0, "%s: once", name);
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_MOD, rd, &ev), 0, "%s: armed again", name);
	ok_ret(sc(SYS_epoll_wait, ep, got, 4, 1000), 1, "%s: fires again", name);
	drain(rd);
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, rd, 0), 0, "%s: removed", name);
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, rd, 0), -ENOENT, "%s: twice", name);
	ok_ret(sc(SYS_close, s), 0, "close");
	sc(SYS_close, c);
	sc(SYS_close, ep);
}

/* --- rules --------------------------------------------------------------- */

static void rules(void)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	long ep = sc(SYS_epoll_create1, EPOLL_CLOEXEC), s = udp();
	struct pollfd p[2] = { { .fd = 150, .events = POLLIN }, { .fd = s, .events = POLLOUT } };
	long file = sc(SYS_open, "/etc/passwd", O_RDONLY), dir = sc(SYS_open, "/usr", O_RDONLY);
	int pair[2];
	fd_set in;
	struct timeval tv = { 0, 0 };

	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, file, &ev), -EPERM, "epoll: a regular file");
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, dir, &ev), -EPERM, "epoll: a directory");
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, 150, &ev), -EBADF, "epoll: a closed number");
	ok_ret(sc(SYS_epoll_ctl, 150, EPOLL_CTL_ADD, s, &ev), -EBADF, "a closed epoll file");
	ok_ret(sc(SYS_epoll_ctl, s, EPOLL_CTL_ADD, s, &ev), -EINVAL, "not an epoll file");
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, ep, &ev), -EINVAL, "an epoll file in itself");
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_MOD, s, &ev), -ENOENT, "change what is not there");
	ok_ret(sc(SYS_epoll_wait, ep, &got, 0, 0), -EINVAL, "no room for events");
	ok_ret(sc(SYS_epoll_wait, s, &got, 1, 0), -EINVAL, "epoll_wait on a socket");
	ok_ret(sc(SYS_epoll_wait, file, &got, 1, 0), -EINVAL, "epoll_wait on a file");

	ok_ret(sc(SYS_poll, p, 2, 0), 2, "poll: a closed number beside a socket");
	ok(p[0].revents == POLLNVAL && p[1].revents & POLLOUT, "which is POLLNVAL");
	p[0].fd = file;
	ok_ret(sc(SYS_poll, p, 2, 0), 2, "poll: a regular file beside a socket");
	ok(p[0].revents & POLLIN, "is always ready");
	ok_ret(sc(SYS_poll, 1, 2, 0), -EFAULT, "poll: a bad pointer");
	FD_ZERO(&in);
	FD_SET(s, &in);
	FD_SET(60, &in);
	ok_ret(sc(SYS_select, 61, &in, 0, 0, &tv), -EBADF, "select: a closed number");

	/* Closing the number drops the wrapper; the number may be reused. */
	sc(SYS_pipe, pair);
	ev.data.u64 = 5;
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, pair[0], &ev), 0, "a pipe");
	sc(SYS_write, pair[1], "x", 1);
	ok_ret(sc(SYS_epoll_wait, ep, &got, 1, 1000), 1, "is ready");
	sc(SYS_close, pair[0]);
	ok_ret(sc(SYS_epoll_wait, ep, &got, 1, 0), 0, "and gone when it is closed");
	ok_ret(sc(SYS_write, pair[1], "x", 1), -EPIPE, "on the host as well");
	ok_ret(sc(SYS_socket, AF_INET, SOCK_DGRAM, 0), pair[0], "its number goes to a socket");
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, pair[0], &ev), 0, "that epoll takes");
	sc(SYS_close, pair[0]);
	sc(SYS_close, pair[1]);

	/* A hang-up of the host's is one in the stack. */
	sc(SYS_pipe, pair);
	ok_ret(sc(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, pair[0], &ev), 0, "a pipe again");
	sc(SYS_close, pair[1]);
	ok_ret(sc(SYS_epoll_wait, ep, &got, 1, 1000), 1, "its other end closes");
	ok(got.events & EPOLLHUP, "which is EPOLLHUP");
	sc(SYS_close_range, 3, 200, 0);
}

int main(void)
{
	struct itimerspec it = { { 0, 0 }, { 0, 1000000 } };
	struct deed d = { SYS_write, { 0 }, 20 };
	unsigned long one = 1;
	int pair[2];
	long fd;

	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	if (!direct_start())
		return 0;

	sc(SYS_pipe, pair);
	d.arg[0] = pair[1];
	d.arg[1] = U("ping");
	d.arg[2] = 4;
	each_kind("pipe", pair[0], &d);

	fd = sc(SYS_eventfd2, 0, 0);
	d.arg[0] = fd;
	d.arg[1] = U(&one);
	d.arg[2] = 8;
	each_kind("eventfd", fd, &d);

	sc(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	d.arg[0] = pair[1];
	each_kind("unix", pair[0], &d);

	fd = sc(SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	d = (struct deed){ SYS_timerfd_settime, { fd, 0, U(&it), 0 }, 20 };
	each_kind("timerfd", fd, &d);

	rules();
	direct_stop();
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}
