// SPDX-License-Identifier: GPL-2.0-only
/* The virtual CPU, time, tasks, descriptors, signals, poll of host files. */
#include "stack.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void test_identity(void)
{
	struct utsname un;
	char seed[16];

	ok(sys(SYS_getpid) == 1, "the first task is pid 1");
	ok(sys(SYS_uname, &un) == 0 && !strcmp(un.release, libos_version(os)),
	   "uname says %s, as the library does", un.release);
	ok(sys(SYS_getuid) == 0, "and it is root in its stack");
	ok(sys(100000) == -ENOSYS, "an unknown call number gives ENOSYS");
	ok(sys(SYS_fork) == -ENOSYS, "fork is not the stack's business");
	ok(sys(SYS_getrandom, seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed),
	   "its randomness is the host's, and there from the start");
	ok(strstr(slurp("/proc/version"), "Linux version") != NULL, "/proc is mounted");
	ok(has_config("/sys/class/net/lo/mtu"), "/sys is mounted");
}

static void test_time(void)
{
	struct timespec ts = { 0, 20000000 }, a, b;
	long long t = now_ns();
	int i;

	ok(sys(SYS_nanosleep, &ts, 0) == 0, "nanosleep returns 0");
	t = now_ns() - t;
	for (i = 0; i < 50 && t >= 500000000; i++) {	/* somebody else had the processor */
		t = now_ns();
		sys(SYS_nanosleep, &ts, 0);
		t = now_ns() - t;
	}
	ok(t >= 20000000 && t < 500000000, "after its 20 ms (%lld us)", t / 1000);
	sys(SYS_clock_gettime, CLOCK_REALTIME, &a);
	clock_gettime(CLOCK_REALTIME, &b);
	ok(labs(a.tv_sec - b.tv_sec) <= 2, "CLOCK_REALTIME is the host's");
	for (i = 0; i < 50; i++) {
		sys(SYS_clock_gettime, CLOCK_MONOTONIC, &a);
		sys(SYS_clock_gettime, CLOCK_MONOTONIC, &b);
		t = (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec;
		if (t < 1000000)
			break;
	}
	ok(t > 0 && t < 1000000, "CLOCK_MONOTONIC has ns resolution");
}

static void test_descriptors(void)
{
	unsigned long arg[6] = { AF_INET, SOCK_DGRAM, 0 };
	long fd;

	fd = libos_call_fd(thr, SYS_socket, arg, 77);
	ok(fd == 77, "a socket gets the number wished for");
	ok(sys(LIBOS_NR_FD_CHECK, 77) == 0, "which is open then");
	ok(sys(SYS_close, 77) == 0 && sys(LIBOS_NR_FD_CHECK, 77) == -EBADF, "and closed again");
	fd = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	ok(fd == 0, "without a wish it is the lowest free one (%ld)", fd);
	fd = libos_call_fd(thr, SYS_socket, arg, 0);
	ok(fd > 0, "a number in use is not given twice (%ld)", fd);
	sys(SYS_close, fd);
	sys(SYS_close, 0);
	arg[0] = AF_INET;
	fd = libos_call_fd(thr, SYS_socket, arg, 200000);
	ok(fd == 200000, "large numbers do, too");
	sys(SYS_close, fd);
}

/* Two tasks as of two processes: each has a files table of its own. */
static void test_tokens(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(4002),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned long arg[6] = { 0x1234567890abcdefUL };
	const __u64 token = arg[0];
	struct libos_thread *other;
	char buf[8] = "";
	long s, fd, tx;

	ok(libos_thread_new(thr, 0, 0, &other) == 0, "a task with a files table of its own");
	s = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	sys(SYS_bind, s, &sin, sizeof(sin));
	ok(sys_by(other, LIBOS_NR_FD_CHECK, s) == -EBADF, "does not see a new socket");
	ok(sys_by(other, LIBOS_NR_FD_TAKE, token) == -ENOENT, "there is no token yet");
	ok(sys(LIBOS_NR_FD_GIVE, 999, token) == -EBADF, "nothing is given of a closed descriptor");
	ok(sys(LIBOS_NR_FD_GIVE, s, token) == 0, "the socket is given");
	ok(sys(LIBOS_NR_FD_GIVE, s, token) == -EEXIST, "not twice under one token");
	fd = libos_call_fd(other, LIBOS_NR_FD_TAKE, arg, 33);
	ok(fd == 33, "and taken at the number wished for (%ld)", fd);
	fd = sys_by(other, LIBOS_NR_FD_TAKE, token);
	ok(fd == 0, "and once more at the lowest (%ld)", fd);
	sys_by(other, SYS_close, fd);

	sys(SYS_close, s);
	tx = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	sys(SYS_sendto, tx, "hello", 5, 0, &sin, sizeof(sin));
	ok(sys_by(other, SYS_recvfrom, 33, buf, sizeof(buf), MSG_DONTWAIT, 0, 0) == 5 &&
	   !memcmp(buf, "hello", 5), "it receives what is sent to the socket");
	sys_by(other, SYS_close, 33);
	sys(SYS_close, tx);
	tx = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	ok(sys(SYS_bind, tx, &sin, sizeof(sin)) == -EADDRINUSE, "the token alone keeps it open");
	ok(sys(LIBOS_NR_FD_DROP, token) == 0, "until it is dropped");
	ok(sys(SYS_bind, tx, &sin, sizeof(sin)) == 0, "then its port is free");
	ok(sys(LIBOS_NR_FD_DROP, token) == -ENOENT &&
	   sys(LIBOS_NR_FD_TAKE, token) == -ENOENT, "and the token is gone");
	sys(SYS_close, tx);
	libos_thread_exit(other, 0);
}

static void lo_up(void)
{
	struct { char name[16]; short flags; char pad[22]; } ifr = { "lo", 0x41, "" };
	long s = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	ok(sys(SYS_ioctl, s, 0x8914 /* SIOCSIFFLAGS */, &ifr) == 0, "lo is up");
	sys(SYS_close, s);
}

static void test_signals(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(4000),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long l = sys(SYS_socket, AF_INET, SOCK_STREAM, 0), c, a;

	sys(SYS_bind, l, &sin, sizeof(sin));
	sys(SYS_listen, l, 5);
	c = sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	ok(sys(SYS_connect, c, &sin, sizeof(sin)) == 0, "TCP connects over lo");
	a = sys(SYS_accept, l, 0, 0);
	sys(SYS_shutdown, c, SHUT_WR);
	ok(sys(SYS_write, c, "x", 1) == -EPIPE, "writing after shutdown gives EPIPE");
	ok(libos_take_signals(thr) == 1ULL << (SIGPIPE - 1), "and SIGPIPE is reported");
	ok(libos_take_signals(thr) == 0, "once");
	ok(sys(SYS_sendto, c, "x", 1, MSG_NOSIGNAL, 0, 0) == -EPIPE && !libos_take_signals(thr),
	   "but not with MSG_NOSIGNAL");
	sys(SYS_close, a);
	sys(SYS_close, c);
	sys(SYS_close, l);
}

/* A second thread blocks in recv(), the first wakes it, then interrupts it. */
static struct libos_thread *peer;
static long peer_sock;
static long peer_ret[2];
static volatile int peer_step;

static long peer_recv(void)
{
	char buf[8];
	unsigned long arg[6] = { peer_sock, (unsigned long)buf, sizeof(buf), 0, 0, 0 };

	return libos_call(peer, SYS_recvfrom, arg);
}

static void *peer_main(void *arg)
{
	peer_step = 1;
	peer_ret[0] = peer_recv();
	peer_step = 2;
	peer_ret[1] = peer_recv();
	peer_step = 3;
	libos_thread_exit(peer, 0);
	return NULL;
}

static void wait_step(int step)
{
	struct timespec ts = { 0, 1000000 };

	while (peer_step < step)
		nanosleep(&ts, NULL);
}

static void test_threads(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(4001),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timespec ts = { 0, 5000000 };
	pthread_t tid;
	long s;
	int i;

	ok(libos_thread_new(thr, CLONE_FILES | CLONE_FS | CLONE_THREAD | CLONE_SIGHAND, 54321,
			    &peer) == 0, "a second task");
	peer_sock = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	sys(SYS_bind, peer_sock, &sin, sizeof(sin));
	s = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	pthread_create(&tid, NULL, peer_main, NULL);
	wait_step(1);
	ok(strstr(slurp("/proc/54321/status"), "Tgid:\t1\n") != NULL,
	   "has the tid asked for and is in the first one's thread group");
	for (i = 0; i < 20; i++)		/* it blocks while we enter and leave */
		sys(SYS_nanosleep, &ts, 0);
	ok(peer_step == 1, "it blocks while the first goes in and out");
	sys(SYS_sendto, s, "hello", 5, 0, &sin, sizeof(sin));
	wait_step(2);
	ok(peer_ret[0] == 5, "and is woken by a datagram");
	for (i = 0; i < 20; i++)
		sys(SYS_nanosleep, &ts, 0);
	while (peer_step < 3) {			/* it may not be inside yet */
		libos_interrupt(peer);
		nanosleep(&ts, NULL);
	}
	ok(peer_ret[1] == -EINTR || peer_ret[1] == -512, "libos_interrupt() ends its call (%ld)",
	   peer_ret[1]);
	pthread_join(tid, NULL);
	for (i = 0; i < 100 && has_config("/proc/54321/status"); i++)
		sys(SYS_nanosleep, &ts, 0);
	ok(!has_config("/proc/54321/status"), "an ended task is gone from /proc");
	sys(SYS_close, peer_sock);
	sys(SYS_close, s);
}

static volatile sig_atomic_t got_sigio;

static void on_sigio(int sig)
{
	got_sigio++;
}

static void *late_sender(void *arg)
{
	struct timespec ts = { 0, 50000000 };
	struct sockaddr_in *sin = arg;
	long s;

	nanosleep(&ts, NULL);			/* let the first thread fall asleep */
	s = sys_by(peer, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	sys_by(peer, SYS_sendto, s, "x", 1, 0, sin, sizeof(*sin));
	sys_by(peer, SYS_close, s);
	libos_thread_exit(peer, 0);
	return NULL;
}

/* The first thread sleeps in the host, none of its calls could report a signal. */
static void test_async(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(4003),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sigaction sa = { .sa_handler = on_sigio, .sa_flags = SA_ONSTACK };
	char *stack = malloc(1 << 16);
	stack_t alt = { .ss_sp = stack, .ss_size = 1 << 16 };
	struct timespec ts = { 20, 0 };
	sigset_t io, old;
	pthread_t tid;
	long s, r;

	sigaltstack(&alt, NULL);
	sigaction(SIGIO, &sa, NULL);
	s = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	sys(SYS_bind, s, &sin, sizeof(sin));
	ok(sys(SYS_fcntl, s, F_SETOWN, 1) == 0 && sys(SYS_fcntl, s, F_SETFL, O_ASYNC) == 0,
	   "a socket is to send SIGIO");
	libos_thread_new(thr, CLONE_FILES | CLONE_FS | CLONE_THREAD | CLONE_SIGHAND, 0, &peer);
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, &old);
	pthread_create(&tid, NULL, late_sender, &sin);
	r = ppoll(NULL, 0, &ts, &old);
	ok(r == -1 && errno == EINTR && got_sigio == 1,
	   "it wakes the process from the host's ppoll() (%ld, %d)", r, (int)got_sigio);
	pthread_join(tid, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	ok(libos_take_signals(thr) == 0, "and is not reported once more");
	sys(SYS_close, s);
	alt.ss_flags = SS_DISABLE;
	sigaltstack(&alt, NULL);
	free(stack);
}

static void test_hostfile(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 42 }, got = { 0 };
	int pipefd[2];
	unsigned long arg[6];
	long ep, fd;
	struct pollfd pfd;
	char c;

	if (pipe(pipefd))
		exit(1);
	arg[0] = pipefd[0];
	fd = libos_call_fd(thr, LIBOS_NR_HOSTFILE, arg, pipefd[0]);
	ok(fd == pipefd[0], "a host pipe in the stack's table");
	ep = sys(SYS_epoll_create1, 0);
	ok(sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev) == 0, "added to a stack epoll");
	ok(sys(SYS_epoll_wait, ep, &got, 1, 0) == 0, "is not readable");
	ok(write(pipefd[1], "x", 1) == 1 && sys(SYS_epoll_wait, ep, &got, 1, 5000) == 1 &&
	   got.data.u64 == 42, "until it is");
	pfd = (struct pollfd) { fd, POLLIN, 0 };
	ok(sys(SYS_poll, &pfd, 1, 0) == 1 && pfd.revents == POLLIN, "poll agrees");
	ok(read(pipefd[0], &c, 1) == 1 && sys(SYS_poll, &pfd, 1, 0) == 0, "and after a read, too");
	sys(SYS_close, fd);
	ok(sys(SYS_epoll_wait, ep, &got, 1, 0) == 0, "closing it leaves the epoll empty");
	sys(SYS_close, ep);
	close(pipefd[0]);
	close(pipefd[1]);
}

/*
 * Without a seed getrandom() makes its randomness of when a timer comes, and is runnable
 * all the while: the host has no occasion to raise the timer's interrupt.
 */
static void test_busy(void)
{
	struct libos_opts opts = {
		.size = sizeof(opts),
		.cmdline = "random.trust_cpu=0",
	};
	struct libos_thread *me;
	struct libos *other;
	char buf[16];
	unsigned long arg[6] = { (unsigned long)buf, sizeof(buf) };

	if (libos_open(&opts, &other, &me) < 0) {
		ok(0, "another instance boots");
		return;
	}
	alarm(60);
	ok(libos_call(me, SYS_getrandom, arg) == sizeof(buf), "timers run while a task is busy");
	alarm(0);
	libos_close(other);
}

int main(void)
{
	boot(0, NULL);
	test_identity();
	test_time();
	test_descriptors();
	lo_up();
	test_signals();
	test_tokens();
	test_threads();
	test_async();
	test_hostfile();
	test_busy();
	check_log();
	libos_close(os);
	return done_testing();
}
