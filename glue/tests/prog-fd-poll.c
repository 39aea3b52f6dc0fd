// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that waits for everything at once and prints what it was told.  Run
 * natively and hosted it prints the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define show(call)	print(#call, call)

static int print(const char *what, long ret)
{
	if (ret < 0)
		printf("%s = %ld %s\n", what, ret, strerror(errno));
	else
		printf("%s = %ld\n", what, ret);
	return ret;
}

static struct sockaddr_in addr;

static int listen_somewhere(void)
{
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(l, (void *)&addr, sizeof(addr));
	listen(l, 4096);
	getsockname(l, (void *)&addr, &len);
	return l;
}

static int connected(int l, int *peer)
{
	int c = socket(AF_INET, SOCK_STREAM, 0);

	connect(c, (void *)&addr, sizeof(addr));
	*peer = accept(l, NULL, NULL);
	return c;
}

/* --- every kind of file in one set --------------------------------------- */

enum { TCP, PIPE, EVENT, TIMER, SIGNAL, INOTIFY, UNIX, NEST, KINDS };
static const char *const names[] = {
	"tcp", "pipe", "eventfd", "timerfd", "signalfd", "inotify", "unix", "epoll"
};
static int rd[KINDS], wr[KINDS];
static char file[] = "/tmp/prog-fd-poll-XXXXXX";

static void open_all(int l)
{
	int v[2];
	sigset_t set;

	rd[TCP] = connected(l, &wr[TCP]);
	if (pipe(v))
		exit(1);
	rd[PIPE] = v[0];
	wr[PIPE] = v[1];
	rd[EVENT] = wr[EVENT] = eventfd(0, EFD_NONBLOCK);
	rd[TIMER] = wr[TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	rd[SIGNAL] = signalfd(-1, &set, SFD_NONBLOCK);
	rd[INOTIFY] = inotify_init1(IN_NONBLOCK);
	wr[INOTIFY] = mkstemp(file);
	inotify_add_watch(rd[INOTIFY], file, IN_MODIFY);
	socketpair(AF_UNIX, SOCK_STREAM, 0, v);
	rd[UNIX] = v[0];
	wr[UNIX] = v[1];
	rd[NEST] = epoll_create1(0);
	wr[NEST] = eventfd(0, EFD_NONBLOCK);
	epoll_ctl(rd[NEST], EPOLL_CTL_ADD, wr[NEST], &(struct epoll_event){ .events = EPOLLIN });
}

static void trigger(int k)
{
	struct itimerspec it = { { 0, 0 }, { 0, 1000 } };
	uint64_t one = 1;

	switch (k) {
	case TIMER:
		timerfd_settime(wr[k], 0, &it, NULL);
		break;
	case SIGNAL:
		kill(getpid(), SIGUSR1);
		break;
	case EVENT:
	case NEST:
		if (write(wr[k], &one, 8) != 8)
			exit(1);
		break;
	default:
		if (write(wr[k], "x", 1) != 1)
			exit(1);
	}
}

static void consume(int k)
{
	char buf[512];
	int fd = k == NEST ? wr[k] : rd[k];

	if (read(fd, buf, sizeof(buf)) <= 0)
		printf("%s: nothing to read: %s\n", names[k], strerror(errno));
}

static void *later(void *arg)
{
	usleep(20000);
	trigger((long)arg);
	return NULL;
}

static void by_poll(int k)
{
	struct pollfd p[KINDS];
	pthread_t thread;
	int n;

	for (int i = 0; i < KINDS; i++)
		p[i] = (struct pollfd){ .fd = rd[i], .events = POLLIN };
	pthread_create(&thread, NULL, later, (void *)(long)k);
	n = poll(p, KINDS, 3000);
	printf("poll: %d:", n);
	for (int i = 0; i < KINDS; i++)
		if (p[i].revents)
			printf(" %s:%x", names[i], p[i].revents);
	printf("\n");
	pthread_join(thread, NULL);
	consume(k);
}

static void by_select(int k)
{
	struct timespec ts = { 3, 0 };
	pthread_t thread;
	fd_set in;
	int n;

	FD_ZERO(&in);
	for (int i = 0; i < KINDS; i++)
		FD_SET(rd[i], &in);
	pthread_create(&thread, NULL, later, (void *)(long)k);
	n = pselect(64, &in, NULL, NULL, &ts, NULL);
	printf("pselect: %d:", n);
	for (int i = 0; i < KINDS; i++)
		if (FD_ISSET(rd[i], &in))
			printf(" %s", names[i]);
	printf("\n");
	pthread_join(thread, NULL);
	consume(k);
}

static void by_epoll(int ep, int k)
{
	struct epoll_event ev[KINDS];
	pthread_t thread;
	int n;

	pthread_create(&thread, NULL, later, (void *)(long)k);
	n = epoll_wait(ep, ev, KINDS, 3000);
	printf("epoll: %d:", n);
	for (int i = 0; i < n; i++)
		printf(" %s:%x", names[ev[i].data.u32], ev[i].events);
	pthread_join(thread, NULL);
	n = epoll_wait(ep, ev, KINDS, 0);
	printf(" again: %d", n);
	consume(k);
	printf(" after: %d\n", epoll_wait(ep, ev, KINDS, 0));
}

static void mixed(int l)
{
	int ep[2];

	open_all(l);
	for (int k = 0; k < KINDS; k++)
		by_poll(k);
	for (int k = 0; k < KINDS; k++)
		by_select(k);
	for (int et = 0; et < 2; et++) {
		ep[et] = epoll_create1(0);
		for (unsigned int k = 0; k < KINDS; k++) {
			struct epoll_event ev = { .events = EPOLLIN | (et ? EPOLLET : 0),
						  .data.u32 = k };

			if (epoll_ctl(ep[et], EPOLL_CTL_ADD, rd[k], &ev))
				printf("%s: %s\n", names[k], strerror(errno));
		}
		for (int round = 0; round < 2; round++)
			for (int k = 0; k < KINDS; k++)
				by_epoll(ep[et], k);
	}
	unlink(file);
	close_range(l + 1, ~0U, 0);
}

/* --- signals and masks --------------------------------------------------- */

static volatile int got;

static void handler(int sig)
{
	got++;
}

static void *killer(void *arg)
{
	usleep(30000);
	kill(getpid(), SIGUSR2);
	return NULL;
}

static void masks(int l)
{
	struct sigaction sa = { .sa_handler = handler };
	struct timespec ts = { 2, 0 };
	struct pollfd p[2];
	struct epoll_event ev;
	sigset_t block, none, now;
	pthread_t thread;
	int ep = epoll_create1(0), peer, c = connected(l, &peer);
	fd_set in;

	sigaction(SIGUSR2, &sa, NULL);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	p[0] = (struct pollfd){ .fd = c, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = 0, .events = 0 };
	epoll_ctl(ep, EPOLL_CTL_ADD, c, &(struct epoll_event){ .events = EPOLLIN });

	kill(getpid(), SIGUSR2);
	show(got);
	show(poll(p, 2, 10));
	show(got);
	show(ppoll(p, 2, &ts, &none));
	show(got);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	show(sigismember(&now, SIGUSR2));

	pthread_create(&thread, NULL, killer, NULL);
	show(ppoll(p, 2, &ts, &none));
	show(got);
	pthread_join(thread, NULL);

	pthread_create(&thread, NULL, killer, NULL);
	FD_ZERO(&in);
	FD_SET(c, &in);
	show(pselect(c + 1, &in, NULL, NULL, &ts, &none));
	show(got);
	pthread_join(thread, NULL);

	pthread_create(&thread, NULL, killer, NULL);
	show(epoll_pwait(ep, &ev, 1, 2000, &none));
	show(got);
	pthread_join(thread, NULL);

	/* On the host alone. */
	p[0].fd = -1;
	pthread_create(&thread, NULL, killer, NULL);
	show(ppoll(p, 2, &ts, &none));
	show(got);
	pthread_join(thread, NULL);

	/* Ready and signalled: ready wins. */
	p[0].fd = c;
	show(write(peer, "x", 1));
	usleep(10000);
	show(ppoll(p, 1, &ts, &none));
	kill(getpid(), SIGUSR2);
	show(epoll_wait(ep, &ev, 1, 1000));
	show(got);
	show(syscall(SYS_ppoll, p, 1, &ts, &none, 7));
	show(syscall(SYS_epoll_pwait, ep, &ev, 1, 0, 1, 8));
	pthread_sigmask(SIG_UNBLOCK, &block, NULL);
	show(got);
	close(ep);
	close(c);
	close(peer);
}

/* --- many connections ---------------------------------------------------- */

static void loop(int l, int n)
{
	int ep = epoll_create1(0), *c = calloc(n, sizeof(*c)), *p = calloc(n, sizeof(*p));
	struct epoll_event ev[64];
	long seen = 0, bad = 0, rounds;
	struct rlimit lim;

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	for (int i = 0; i < n; i++) {
		c[i] = connected(l, &p[i]);
		bad += c[i] < 0 || p[i] < 0;
		bad += epoll_ctl(ep, EPOLL_CTL_ADD, p[i],
				 &(struct epoll_event){ .events = EPOLLIN | EPOLLET, .data.u32 = i }) < 0;
	}
	show(bad);
	for (rounds = 0; rounds < 3; rounds++) {
		for (int i = 0; i < n; i++)
			bad += write(c[i], &i, sizeof(i)) != sizeof(i);
		for (int left = n; left > 0;) {
			int k = epoll_wait(ep, ev, 64, 5000);

			if (k <= 0) {
				printf("stuck with %d left\n", left);
				break;
			}
			left -= k;
			for (int j = 0; j < k; j++) {
				int v = -1;

				bad += read(p[ev[j].data.u32], &v, sizeof(v)) != sizeof(v) ||
				       v != (int)ev[j].data.u32;
				seen++;
			}
		}
	}
	show(seen);
	show(bad);
	for (int i = 0; i < n; i++)
		close(c[i]);
	for (seen = 0; seen < n;) {
		int k = epoll_wait(ep, ev, 64, 5000);

		if (k <= 0)
			break;
		for (int j = 0; j < k; j++) {
			bad += !(ev[j].events & EPOLLIN);
			close(p[ev[j].data.u32]);
			seen++;
		}
	}
	show(seen);
	show(bad);
	show(epoll_wait(ep, ev, 64, 0));
	close(ep);
	free(c);
	free(p);
}

/* --- one event, several waiters ------------------------------------------ */

static int shared_ep;
static volatile int woken;

static void *waiter(void *arg)
{
	struct epoll_event ev;

	while (epoll_wait(shared_ep, &ev, 1, 300) == 1) {
		char buf[4];

		__atomic_fetch_add(&woken, 1, __ATOMIC_RELAXED);
		if (read(ev.data.fd, buf, 1) != 1)
			break;
	}
	return NULL;
}

static void shared(int l)
{
	pthread_t t[4];
	int peer, c = connected(l, &peer);

	shared_ep = epoll_create1(0);
	epoll_ctl(shared_ep, EPOLL_CTL_ADD, c,
		  &(struct epoll_event){ .events = EPOLLIN | EPOLLET, .data.fd = c });
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, waiter, NULL);
	for (int i = 0; i < 10; i++) {
		if (write(peer, "x", 1) != 1)
			return;
		for (int ms = 0; ms < 1000 && woken <= i; ms++)
			usleep(1000);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	show(woken);
	close(shared_ep);
	close(c);
	close(peer);
}

int main(int argc, char **argv)
{
	int l;

	setvbuf(stdout, NULL, _IOLBF, 0);
	close_range(3, ~0U, 0);
	alarm(100);
	l = listen_somewhere();
	mixed(l);
	masks(l);
	shared(l);
	loop(l, argc > 1 ? atoi(argv[1]) : 200);
	return 0;
}
