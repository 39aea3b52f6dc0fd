// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-conn - how many TCP connections a second
 *
 *	bench-conn -s PORT			accept, until killed
 *	bench-conn [-t SECONDS] [-n PARALLEL] ADDRESS PORT
 *
 * The client keeps PARALLEL (32) connections in the making. Each is opened, gets
 * one byte from the server, which thus has accepted it, and is reset: so neither
 * side runs out of ports in TIME_WAIT. The server is one thread of epoll, which
 * is what servers are.
 */
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PARALLEL 10000
#define EVENTS 64

static void watch(int epfd, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("EPOLL_CTL_ADD");
}

static void more_files(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		die("RLIMIT_NOFILE");
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static void accept_all(int listener, int epfd)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		/* The client may be gone already: then close() is all there is to do. */
		if (send(fd, "!", 1, MSG_NOSIGNAL) == 1)
			watch(epfd, fd);
		else
			close(fd);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		die("accept4");
}

static void serve(const char *port)
{
	int listener = serve_at(SOCK_STREAM | SOCK_NONBLOCK, port);
	int epfd = epoll_create1(0);
	struct epoll_event ev[EVENTS];
	int i, n;

	if (epfd < 0)
		die("epoll_create1");
	watch(epfd, listener);
	say_ready();
	for (;;) {
		n = epoll_wait(epfd, ev, EVENTS, -1);
		if (n < 0)
			die("epoll_wait");
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == listener)
				accept_all(listener, epfd);
			else
				close(ev[i].data.fd);	/* all that comes is the reset */
		}
	}
}

static void open_one(int epfd, const struct sockaddr_in *sin)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
		die("SO_LINGER");
	if (connect(fd, (const void *)sin, sizeof(*sin)) < 0 && errno != EINPROGRESS)
		die("connect");
	watch(epfd, fd);
}

static void ask(double seconds, int parallel, const char *addr, const char *port)
{
	struct sockaddr_in sin = address(addr, port);
	int epfd = epoll_create1(0);
	struct epoll_event ev[EVENTS];
	uint64_t start, end, now;
	unsigned long done = 0, failed = 0;
	char byte;
	int i, n;

	if (epfd < 0)
		die("epoll_create1");
	start = now_ns();
	end = start + seconds * NSEC_PER_SEC;
	for (i = 0; i < parallel; i++)
		open_one(epfd, &sin);
	for (now = start; now < end; now = now_ns()) {
		n = epoll_wait(epfd, ev, EVENTS, 100);
		if (n < 0)
			die("epoll_wait");
		for (i = 0; i < n; i++) {
			if (recv(ev[i].data.fd, &byte, 1, 0) == 1)
				done++;
			else
				failed++;
			close(ev[i].data.fd);
			open_one(epfd, &sin);
		}
		if (!done && failed > 1000) {
			errno = 0;
			die("%s port %s refuses every connection", addr, port);
		}
	}
	result("connections", done);
	result("failed", failed);
	result("per_second", done / ((now - start) / (double)NSEC_PER_SEC));
}

int main(int argc, char **argv)
{
	const char *serve_port = NULL;
	double seconds = 1;
	int parallel = 32;
	int opt;

	while ((opt = getopt(argc, argv, "s:t:n:")) != -1) {
		switch (opt) {
		case 's':
			serve_port = optarg;
			break;
		case 't':
			seconds = number(optarg, "-t", 0.01, 600);
			break;
		case 'n':
			parallel = number(optarg, "-n", 1, MAX_PARALLEL);
			break;
		default:
			return 2;
		}
	}
	more_files();
	if (serve_port)
		serve(serve_port);
	if (argc - optind != 2) {
		fputs("usage: bench-conn -s PORT | [-t SECONDS] [-n PARALLEL] ADDRESS PORT\n",
		      stderr);
		return 2;
	}
	ask(seconds, parallel, argv[optind], argv[optind + 1]);
	return 0;
}
