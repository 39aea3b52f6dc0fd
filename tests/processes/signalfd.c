// SPDX-License-Identifier: GPL-2.0-only
/*
 * signalfd ROUNDS: a process waits for its signals and for datagrams at once, with
 * epoll, level and edge, with poll and with select, and prints what it is told.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 20000	/* ms; nothing here waits for it to pass */

static struct sockaddr_in self = { .sin_family = AF_INET };

static int make_socket(void)
{
	socklen_t n = sizeof(self);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	self.sin_port = 0;
	if (s < 0 || bind(s, (struct sockaddr *)&self, n) || getsockname(s, (struct sockaddr *)&self, &n))
		exit(2);
	return s;
}

static int make_signalfd(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Somebody else does @what after a while: 's' a signal, 'd' a datagram. */
static pid_t later(char what, int sig)
{
	pid_t parent = getpid(), pid = fork();
	int s;

	if (pid)
		return pid;
	usleep(3000);
	if (what == 's') {
		kill(parent, sig);
	} else {
		s = socket(AF_INET, SOCK_DGRAM, 0);
		sendto(s, "x", 1, 0, (struct sockaddr *)&self, sizeof(self));
	}
	_exit(0);
}

static int drain(int fd)
{
	char buf[sizeof(struct signalfd_siginfo)];
	int n = 0;

	while (read(fd, buf, sizeof(buf)) > 0)
		n++;
	return n;
}

enum how { LEVEL, EDGE, POLL, SELECT };

/* Returns 1 if @sfd is ready, 2 if @s, 3 if both, 0 if none in @ms. */
static int wait_how(enum how how, int ep, int sfd, int s, int ms)
{
	struct pollfd p[2] = { { .fd = sfd, .events = POLLIN }, { .fd = s, .events = POLLIN } };
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct epoll_event ev[4];
	int i, n, r = 0;
	fd_set set;

	switch (how) {
	case POLL:
		poll(p, 2, ms);
		return !!p[0].revents + 2 * !!p[1].revents;
	case SELECT:
		FD_ZERO(&set);
		FD_SET(sfd, &set);
		FD_SET(s, &set);
		select((sfd > s ? sfd : s) + 1, &set, NULL, NULL, &tv);
		return !!FD_ISSET(sfd, &set) + 2 * !!FD_ISSET(s, &set);
	default:
		n = epoll_wait(ep, ev, 4, ms);
		for (i = 0; i < n; i++)
			r |= ev[i].data.fd == sfd ? 1 : 2;
		return r;
	}
}

static void try(enum how how, int rounds)
{
	static const char *const name[] = { "epoll", "epoll, edge", "poll", "select" };
	int s = make_socket(), sfd = make_signalfd(SIGURG), ep = epoll_create1(0), i, bad = 0;
	struct epoll_event ev = { .events = EPOLLIN | (how == EDGE ? EPOLLET : 0) };

	ev.data.fd = sfd;
	epoll_ctl(ep, EPOLL_CTL_ADD, sfd, &ev);
	ev.data.fd = s;
	epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev);
	for (i = 0; i < rounds; i++) {
		char what = "sd"[i % 3 == 2];
		pid_t pid = later(what, SIGURG);
		int want = what == 's' ? 1 : 2, got;

		got = wait_how(how, ep, sfd, s, PATIENCE);
		/* A level stays, an edge does not. */
		if (got != want || wait_how(how, ep, sfd, s, 0) != (how == EDGE ? 0 : want))
			bad++;
		if (drain(want == 1 ? sfd : s) != 1 || wait_how(how, ep, sfd, s, 0))
			bad++;
		waitpid(pid, NULL, 0);
	}
	/* One that is pending already, and both. */
	kill(getpid(), SIGURG);
	printf("%s: pending %d", name[how], wait_how(how, ep, sfd, s, PATIENCE));
	sendto(s, "x", 1, 0, (struct sockaddr *)&self, sizeof(self));
	printf(", with a datagram %d", wait_how(how, ep, sfd, s, PATIENCE));
	printf(", read %d and %d", drain(sfd), drain(s));
	printf(", then %d; %d bad\n", wait_how(how, ep, sfd, s, 0), bad);
	fflush(stdout);
	close(ep);
	close(sfd);
	close(s);
}

/* Two signalfds in two threads, each of which waits for its own. */
static void *wait_for_one(void *arg)
{
	int s = make_socket(), sfd = make_signalfd((int)(long)arg), i;
	long bad = 0;

	for (i = 0; i < 30; i++)
		if (wait_how(POLL, -1, sfd, s, PATIENCE) != 1 || drain(sfd) != 1)
			bad++;
		else
			kill(getpid(), arg == (void *)SIGUSR1 ? SIGUSR2 : SIGUSR1);
	close(sfd);
	close(s);
	return (void *)bad;
}

static void threads(void)
{
	pthread_t a, b;
	void *x, *y;

	pthread_create(&a, NULL, wait_for_one, (void *)SIGUSR1);
	pthread_create(&b, NULL, wait_for_one, (void *)SIGUSR2);
	kill(getpid(), SIGUSR1);
	pthread_join(a, &x);
	pthread_join(b, &y);
	printf("threads that wake one another: %ld bad\n", (long)x + (long)y);
}

static int all(int rounds)
{
	enum how how;
	int i;

	for (how = LEVEL; how <= SELECT; how++)
		try(how, rounds);
	/* More than are looked at together, one after the other. */
	for (i = 0; i < 40; i++)
		try(i % 4, 0);
	make_signalfd(SIGUSR1);
	make_signalfd(SIGUSR2);
	threads();
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 30;
	pid_t pid;

	alarm(100);
	if (argc > 2) {		/* as a client: in a child */
		pid = fork();
		if (!pid)
			_exit(all(rounds));
		return waitpid(pid, NULL, 0) != pid;
	}
	return all(rounds);
}
