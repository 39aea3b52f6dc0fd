// SPDX-License-Identifier: GPL-2.0-only
/*
 * The POSIX host with the real kernel layer: threads, signals, host files, bad
 * pointers, and a TAP device that a network namespace of the host answers on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libos/netcfg.h>
#include <libos/netio_backends.h>

#include "../instance.h"
#include "calls.h"
#include "check.h"

#define ERESTARTSYS	512

static struct libos *os;
static struct libos_thread *me;

static void on_signal(int sig)
{
	if (self && libos_in_call(self))
		libos_interrupt(self);
}

static void alt_stack(void)
{
	stack_t ss = { .ss_size = 65536 }, old;

	/* A sanitizer has made one, and wants to find it again. */
	if (sigaltstack(NULL, &old) == 0 && !(old.ss_flags & SS_DISABLE))
		return;
	ss.ss_sp = malloc(ss.ss_size);
	sigaltstack(&ss, NULL);
}

static void handlers(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGVTALRM, &sa, NULL);
	handle_faults();
}

static void test_calls(void)
{
	struct timespec ts = { .tv_nsec = 20000000 };
	__u64 t0, t = ~0ULL;
	long ret = 0;
	int i;
	struct {
		char field[6][65];
	} uts;
	char buf[256];

	is(CALL(me, SYS_uname, P(&uts)), 0, "uname");
	ok(!strcmp(uts.field[2], libos_version(os)), "the stack is Linux %s", uts.field[2]);
	is(CALL(me, SYS_getpid), 1, "its first task is pid 1");
	for (i = 0; i < 50 && !ret && t >= 80000000; i++) {	/* late if others have the processor */
		t0 = now_ns();
		ret = CALL(me, SYS_nanosleep, P(&ts), 0);
		t = now_ns() - t0;
	}
	is(ret, 0, "sleep 20 ms");
	ok(t >= 20000000 && t < 80000000, "it took %.3f ms", t / 1e6);
	is(CALL(me, SYS_uname, 16), -EFAULT, "a bad pointer to write to");
	is(CALL(me, SYS_sethostname, 16, 5), -EFAULT, "a bad pointer to read from");
	is(CALL(me, SYS_uname, ~0UL - 100), -EFAULT, "a pointer into nowhere");
	ok(libos_netcfg_sysctl_get(me, "net.ipv4.ip_forward", buf, sizeof(buf), NULL) == 1 &&
	   !strcmp(buf, "0"), "a sysctl is read");
	is(libos_netcfg_sysctl(me, "net.ipv4.ip_forward", "1", NULL), 0, "and written");
	ok(libos_netcfg_sysctl_get(me, "net.ipv4.ip_forward", buf, sizeof(buf), NULL) == 1 &&
	   !strcmp(buf, "1"), "and read again");
}

struct peer {
	struct libos_thread *thr;
	pthread_t thread;
	long result;
	int n;
};

#define ROUNDS	3000

/* Answers each byte with its successor. */
static void *echo_main(void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7777) };
	struct peer *p = arg;
	unsigned char b;
	long l, c;

	alt_stack();
	self = p->thr;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l = CALL(self, SYS_socket, AF_INET, SOCK_STREAM, 0);
	p->result = CALL(self, SYS_bind, l, P(&a), sizeof(a));
	if (p->result < 0)
		return NULL;
	p->result = CALL(self, SYS_listen, l, 5);
	c = CALL(self, SYS_accept, l, 0, 0);
	while (CALL(self, SYS_read, c, P(&b), 1) == 1) {
		b++;
		if (CALL(self, SYS_write, c, P(&b), 1) != 1)
			break;
		p->n++;
	}
	CALL(self, SYS_close, c);
	CALL(self, SYS_close, l);
	return NULL;
}

static void test_threads(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7777) };
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };
	struct libos_netcfg_error err = { "" };
	struct peer p = { 0 };
	unsigned char b = 0, want;
	__u64 t0;
	long s, r;
	int i;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	is(libos_netcfg_link(me, "lo", &up, &err), 0, "lo comes up");
	is(libos_thread_new(me, 0, 0, &p.thr), 0, "another identity");
	pthread_create(&p.thread, NULL, echo_main, &p);
	do {
		s = CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);
		r = CALL(me, SYS_connect, s, P(&a), sizeof(a));
		if (r < 0)
			CALL(me, SYS_close, s);
	} while (r == -ECONNREFUSED);
	is(r, 0, "connected to the other thread");
	t0 = now_ns();
	for (i = 0; i < ROUNDS; i++) {
		want = (unsigned char)(b + 1);
		if (CALL(me, SYS_write, s, P(&b), 1) != 1 ||
		    CALL(me, SYS_read, s, P(&b), 1) != 1 || b != want)
			break;
	}
	is(i, ROUNDS, "round trips between two threads");
	printf("# %.2f us each\n", (now_ns() - t0) / 1e3 / ROUNDS);
	CALL(me, SYS_close, s);
	pthread_join(p.thread, NULL);
	libos_thread_exit(p.thr, 0);
	is(p.n, ROUNDS, "the other thread saw them");
}

static void test_signals(void)
{
	struct itimerval tv = { .it_interval.tv_usec = 700, .it_value.tv_usec = 700 };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7000) };
	long s = CALL(me, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	unsigned int left = alarm(0);
	int i, n = 0;
	char b;

	CALL(me, SYS_bind, s, P(&a), sizeof(a));
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &tv, NULL);
	for (i = 0; i < 500; i++)
		n += CALL(me, SYS_recvfrom, s, P(&b), 1, 0, 0, 0) == -ERESTARTSYS;
	memset(&tv, 0, sizeof(tv));
	setitimer(ITIMER_REAL, &tv, NULL);
	signal(SIGALRM, check_timeout);
	alarm(left);
	is(n, 500, "a blocked recvfrom() is ended by each of 500 signals");
	CALL(me, SYS_close, s);
}

static void *write_later(void *arg)
{
	usleep(20000);
	(void)!write(*(int *)arg, "x", 1);
	return NULL;
}

static void test_hostfile(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 77 };
	unsigned long arg[6];
	pthread_t thread;
	long ep, n;
	int p[2];

	if (pipe(p) < 0)
		abort();
	ep = CALL(me, SYS_epoll_create1, 0);
	arg[0] = p[0];
	is(libos_call_fd(me, LIBOS_NR_HOSTFILE, arg, p[0]), p[0],
	   "a host file has its own number in the stack");
	is(CALL(me, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p[0], P(&ev)), 0, "the stack's epoll takes it");
	is(CALL(me, SYS_epoll_wait, ep, P(&ev), 1, 0), 0, "not ready yet");
	pthread_create(&thread, NULL, write_later, &p[1]);
	memset(&ev, 0, sizeof(ev));
	n = CALL(me, SYS_epoll_wait, ep, P(&ev), 1, 5000);
	pthread_join(thread, NULL);
	ok(n == 1 && ev.events == EPOLLIN && ev.data.u64 == 77, "ready when the host says so");
	CALL(me, SYS_close, p[0]);
	CALL(me, SYS_close, ep);
	close(p[0]);
	close(p[1]);
}

/* What the host's side of the TAP device says about the stack. */
static bool host_says(const char *command, const char *what)
{
	char out[8192];
	FILE *f = popen(command, "r");
	size_t n = fread(out, 1, sizeof(out) - 1, f);

	out[n] = 0;
	pclose(f);
	if (strstr(out, what))
		return true;
	printf("# %s: %s\n", command, out);
	return false;
}

struct udp_echo {
	int fd;
	int n;
};

static void *udp_echo_main(void *arg)
{
	struct udp_echo *e = arg;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[64];
	ssize_t n;

	while ((n = recvfrom(e->fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) > 0) {
		sendto(e->fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
		e->n++;
	}
	return NULL;
}

/* A file of the stack's, as a comment. */
static void show(const char *path)
{
	long fd = CALL(me, SYS_openat, AT_FDCWD, P(path), O_RDONLY), n;
	char buf[4096], *line;

	while (fd >= 0 && (n = CALL(me, SYS_read, fd, P(buf), sizeof(buf) - 1)) > 0) {
		buf[n] = 0;
		for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
			printf("# %s\n", line);
	}
	CALL(me, SYS_close, fd);
}

static void test_tap(void)
{
	struct netio_tap_opts tap = {
		.size = sizeof(tap),
		.name = "lt0",
		.up = 1,
		.address = "10.9.0.1/24",
	};
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7001) };
	struct libos_netdev_params params = { .name = "eth0" };
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };
	struct libos_netcfg_error nerr = { "" };
	struct libos_netio *io;
	struct netio_err err = { "" };
	struct timeval limit = { .tv_sec = 2 };
	struct udp_echo e = { 0 };
	pthread_t thread;
	__u64 t0;
	char b[8];
	long s;
	int i;

	if (unshare(CLONE_NEWNET) < 0 || netio_tap_open(&tap, &io, &err) < 0) {
		skip("a TAP device", *err.text ? err.text : "needs a network namespace (root)");
		return;
	}
	ok(libos_netdev_add(me, &params, io) > 0, "the stack gets a TAP device");
	is(libos_netcfg_link(me, "eth0", &up, &nerr), 0, "which comes up");
	is(libos_netcfg_addr(me, LIBOS_NETCFG_ADD, "eth0", "10.9.0.2/24", &nerr), 0,
	   "with an address");
	is(libos_netcfg_wait(me, "eth0", 10000, &nerr), 0, "and is ready");
	ok(host_says("ping -c 3 -i 0.2 -W 2 10.9.0.2", " 3 received"),
	   "the host pings it while nobody is inside");

	inet_pton(AF_INET, "10.9.0.1", &a.sin_addr);
	e.fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(e.fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		abort();
	pthread_create(&thread, NULL, udp_echo_main, &e);
	s = CALL(me, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	CALL(me, SYS_connect, s, P(&a), sizeof(a));
	CALL(me, SYS_setsockopt, s, SOL_SOCKET, SO_RCVTIMEO, P(&limit), sizeof(limit));
	t0 = now_ns();
	for (i = 0; i < ROUNDS; i++)
		if (CALL(me, SYS_write, s, P("12345678"), 8) != 8 ||
		    CALL(me, SYS_read, s, P(b), 8) != 8)
			break;
	if (!is(i, ROUNDS, "round trips between the stack and the host")) {
		show("/proc/net/snmp");
		show("/proc/net/dev");
		host_says("ip -s link show lt0", "\n\n");
	}
	printf("# %.2f us each, spins %llu of which %llu hit, polls %llu\n",
	       (now_ns() - t0) / 1e3 / ROUNDS, os->stat.spins, os->stat.spin_hits,
	       os->stat.polls);
	shutdown(e.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(e.fd);
	is(e.n, ROUNDS, "the host saw them");
	CALL(me, SYS_close, s);
}

static void test_instances(void)
{
	struct libos *more[8];
	struct libos_thread *thr[8];
	struct libos_opts o = { .size = sizeof(o), .memory = 32 << 20 };
	int i, n = 0;
	__u64 t0 = now_ns();
	char name[16];

	for (i = 0; i < 8; i++)
		n += libos_open(&o, &more[i], &thr[i]) == 0;
	if (!is(n, 8, "eight more instances"))
		return;
	printf("# %.2f ms each\n", (now_ns() - t0) / 1e6 / 8);
	for (n = i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "host%d", i);
		n += CALL(thr[i], SYS_sethostname, P(name), 5) == 0;
	}
	for (i = 0; i < 8; i++) {
		char uts[390];

		snprintf(name, sizeof(name), "host%d", i);
		n += CALL(thr[i], SYS_uname, P(uts)) == 0 && !strcmp(uts + 65, name);
	}
	is(n, 16, "each has a host name of its own");
	for (i = 0; i < 8; i++)
		libos_close(more[i]);
}

static void *blocked_main(void *arg)
{
	struct peer *p = arg;

	alt_stack();
	self = p->thr;
	p->result = CALL(self, SYS_pause);
	return NULL;
}

static void test_halt(void)
{
	struct libos_opts o = { .size = sizeof(o), .memory = 32 << 20 };
	struct libos_thread *thr;
	struct peer p = { 0 };
	struct libos *other;

	if (libos_open(&o, &other, &thr) < 0)
		abort();
	libos_thread_new(thr, 0, 0, &p.thr);
	pthread_create(&p.thread, NULL, blocked_main, &p);
	while (load_acquire(&p.thr->word) != WORD_POLL)
		usleep(100);
	self = thr;
	is(CALL(thr, SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc), -ESHUTDOWN,
	   "the stack is powered off by a program");
	pthread_join(p.thread, NULL);
	is(p.result, -ESHUTDOWN, "a thread that was blocked in it is released");
	is(CALL(thr, SYS_getpid), -ESHUTDOWN, "so is who comes later");
	self = me;
	is(CALL(me, SYS_getpid), 1, "another instance goes on");
	libos_close(other);
}

int main(void)
{
	const char *library = getenv("LIBOS_LIBRARY");

	plan(120);
	if (!library || access(library, R_OK)) {
		skip("the host with Linux", "LIBOS_LIBRARY names no liblinux.so");
		return done();
	}
	alt_stack();
	handlers();
	is(libos_open(NULL, &os, &me), 0, "an instance boots");
	if (check_failed)
		return done();
	self = me;
	test_calls();
	test_threads();
	test_signals();
	test_hostfile();
	test_instances();
	test_halt();
	test_tap();
	libos_close(os);
	ok(true, "closed");
	return done();
}
