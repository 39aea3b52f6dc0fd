// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals against blocking calls: signals ADDR PORT CASE
 *
 * CASE eintr: no SA_RESTART, each call must be interrupted by the first signal.
 * CASE restart: SA_RESTART; the 5th signal's handler does what the call waits
 * for, so that a call that is restarted ends, and one that is not shows EINTR.
 * CASE mask: blocked signals do not interrupt; ppoll and friends unblock them.
 * CASE async: SIGIO and SIGURG, which come from the stack itself, while the program
 * is in no call of it: asleep in the host's, or computing.
 * CASE storm: echo data while an interval timer and somebody outside send signals,
 * until SIGTERM says that those were all.
 *
 * Nothing that is printed depends on time.  ADDR echoes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define STORM	(4 << 20)
#define ENOUGH	5	/* signals until a handler ends the wait */

static struct sockaddr_in peer = { .sin_family = AF_INET };
static struct sockaddr_in local = { .sin_family = AF_INET };
static volatile sig_atomic_t signals, outside, over;
static void (*volatile at_enough)(void);
static int tcp, udp, listener, epfd, spare[64], nspare;

static void on_signal(int sig)
{
	int keep = errno;

	if (sig == SIGUSR1)
		outside++;
	if (sig == SIGTERM)
		over = 1;
	if (++signals == ENOUGH && at_enough)
		at_enough();
	errno = keep;
}

static void echo_a_byte(void)
{
	send(tcp, "e", 1, MSG_NOSIGNAL);
}

static void send_datagram(void)
{
	socklen_t len = sizeof(local);
	struct sockaddr_in to;

	getsockname(udp, (struct sockaddr *)&to, &len);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sendto(udp, "d", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static void connect_to_us(void)
{
	socklen_t len = sizeof(local);
	struct sockaddr_in to;
	int s = socket(AF_INET, SOCK_STREAM, 0);

	getsockname(listener, (struct sockaddr *)&to, &len);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect(s, (struct sockaddr *)&to, sizeof(to));
	spare[nspare++ % 64] = s;
}

static void timer(long us)
{
	struct itimerval it = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &it, NULL);
}

static void say(const char *what, long ret)
{
	int err = errno;

	timer(0);
	printf("%s: %ld %s, %s\n", what, ret, ret < 0 ? strerrorname_np(err) : "",
	       signals >= ENOUGH ? "many signals" : signals ? "signalled" : "no signal");
}

#define TRY(help, what, call)				\
	do {						\
		long ret_;				\
							\
		signals = 0;				\
		at_enough = help;			\
		timer(20000);				\
		errno = 0;				\
		ret_ = (call);				\
		say(what, ret_);			\
	} while (0)

static void handler(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/* Signals come every 20 ms, so that "signalled" is less than ENOUGH of them. */
static void calls(void)
{
	struct pollfd p = { tcp, POLLIN, 0 };
	struct timeval long_time = { 60, 0 };
	struct timespec wait = { 60, 0 };
	struct epoll_event ev;
	char buf[16];
	struct iovec iov = { buf, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	fd_set set;

	TRY(echo_a_byte, "recv", recv(tcp, buf, 1, 0));
	TRY(echo_a_byte, "read", read(tcp, buf, 1));
	TRY(echo_a_byte, "readv", readv(tcp, &iov, 1));
	TRY(echo_a_byte, "recvmsg", recvmsg(tcp, &msg, 0));
	TRY(send_datagram, "recvfrom", recvfrom(udp, buf, sizeof(buf), 0, NULL, NULL));
	TRY(connect_to_us, "accept", accept(listener, NULL, NULL) < 0 ? -1 : 1);
	setsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof(long_time));
	TRY(echo_a_byte, "recv with a timeout", recv(tcp, buf, 1, 0));
	long_time.tv_sec = 0;
	setsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof(long_time));
	/* Those are never restarted; help would come too late. */
	TRY(NULL, "poll", poll(&p, 1, 60000));
	TRY(NULL, "ppoll", ppoll(&p, 1, &wait, NULL));
	FD_ZERO(&set);
	FD_SET(tcp, &set);
	long_time.tv_sec = 60;
	TRY(NULL, "select", select(tcp + 1, &set, NULL, NULL, &long_time));
	TRY(NULL, "epoll_wait", epoll_wait(epfd, &ev, 1, 60000));
	TRY(NULL, "nanosleep", nanosleep(&wait, NULL));
}

static void masked(void)
{
	struct pollfd p = { tcp, POLLIN, 0 };
	struct timespec wait = { 60, 0 };
	struct epoll_event ev;
	sigset_t block, none, pending;
	char buf[4];

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	signals = 0;
	timer(1000);
	send(tcp, "m", 1, 0);
	printf("recv while blocked: %zd\n", recv(tcp, buf, 1, 0));
	do
		sigpending(&pending);
	while (!sigismember(&pending, SIGALRM));
	printf("pending, not delivered: %d\n", signals);
	errno = 0;
	TRY(NULL, "ppoll unblocks", ppoll(&p, 1, &wait, &none));
	signals = 0;
	TRY(NULL, "epoll_pwait unblocks", epoll_pwait(epfd, &ev, 1, 60000, &none));
	TRY(NULL, "sigsuspend unblocks", sigsuspend(&none));
	sigprocmask(SIG_UNBLOCK, &block, NULL);
}

static volatile sig_atomic_t async_sig, async_on_main;
static pthread_t main_thread;

static void on_async(int sig)
{
	if (async_sig)		/* the guard, for one that came before pause() */
		return;
	async_on_main = pthread_equal(pthread_self(), main_thread);
	async_sig = sig;
}

static void drain(int fd)
{
	char buf[64];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	async_sig = 0;
}

static void say_async(const char *what)
{
	printf("%s: %s%s\n", what, async_sig ? strsignal(async_sig) : "no signal",
	       async_sig && async_on_main ? ", on the first thread" : "");
	drain(tcp);
}

static void *sleeper(void *arg)
{
	struct f_owner_ex ex = { F_OWNER_TID, gettid() };
	sigset_t none, set;

	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fcntl(tcp, F_SETOWN_EX, &ex);
	echo_a_byte();
	while (!async_sig)
		sigsuspend(&none);
	return arg;
}

/* SIGALRM ends each wait that SIGIO does not end. */
static void async(void)
{
	struct sigaction sa = { .sa_handler = on_async };
	struct itimerval guard = { { 10, 0 }, { 10, 0 } };
	sigset_t io, none, old;
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	pthread_t thread;
	int sig, c, a;

	main_thread = pthread_self();
	sigaction(SIGIO, &sa, NULL);
	sigaction(SIGURG, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGRTMIN + 1, &sa, NULL);
	setitimer(ITIMER_REAL, &guard, NULL);
	sigemptyset(&none);
	sigemptyset(&io);
	sigaddset(&io, SIGIO);

	fcntl(tcp, F_SETOWN, getpid());
	fcntl(tcp, F_SETFL, fcntl(tcp, F_GETFL) | O_ASYNC);
	printf("owner is us: %d\n", fcntl(tcp, F_GETOWN) == getpid());

	sigprocmask(SIG_BLOCK, &io, &old);
	echo_a_byte();
	sigsuspend(&none);
	say_async("sigsuspend");
	sigemptyset(&none);
	do
		sigpending(&none);
	while (sigismember(&none, SIGIO) && sigwait(&none, &sig) == 0);
	sigemptyset(&none);

	echo_a_byte();
	sigwait(&io, &sig);
	async_sig = sig;
	async_on_main = 1;
	say_async("sigwait");
	sigprocmask(SIG_SETMASK, &old, NULL);
	drain(tcp);

	echo_a_byte();
	while (!async_sig)
		pause();
	say_async("pause");

	echo_a_byte();
	while (!async_sig)
		;
	say_async("computing");

	echo_a_byte();
	while (!async_sig)
		usleep(1000);
	say_async("usleep");

	fcntl(tcp, F_SETSIG, SIGRTMIN + 1);
	echo_a_byte();
	while (!async_sig)
		pause();
	say_async("F_SETSIG");
	fcntl(tcp, F_SETSIG, 0);

	sigprocmask(SIG_BLOCK, &io, &old);
	pthread_create(&thread, NULL, sleeper, NULL);
	pthread_join(thread, NULL);
	say_async("F_OWNER_TID");
	fcntl(tcp, F_SETFL, fcntl(tcp, F_GETFL) & ~O_ASYNC);
	sigprocmask(SIG_SETMASK, &old, NULL);

	getsockname(listener, (struct sockaddr *)&to, &len);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c = socket(AF_INET, SOCK_STREAM, 0);
	connect(c, (struct sockaddr *)&to, sizeof(to));
	a = accept(listener, NULL, NULL);
	fcntl(a, F_SETOWN, getpid());
	async_sig = 0;
	send(c, "!", 1, MSG_OOB);
	while (!async_sig)
		pause();
	say_async("urgent data");
}

static int storm(void)
{
	static char out[65536], in[65536];
	size_t sent = 0, got = 0, i;
	long calls = 0, bad = 0;

	puts("ready");
	timer(500);
	while (got < STORM || !over) {
		struct pollfd p = { tcp, POLLIN | (sent < STORM ? POLLOUT : 0), 0 };
		ssize_t n;

		if (++calls > 50 * 1000 * 1000)
			break;
		if (got == STORM)	/* all is done but the signals from outside */
			p.events = 0;
		if (poll(&p, 1, 1000) < 0) {
			bad += errno != EINTR;
			continue;
		}
		if (p.revents & POLLOUT) {
			for (i = 0; i < sizeof(out); i++)
				out[i] = (sent + i) * 2654435761u >> 24;
			n = send(tcp, out, sent + sizeof(out) > STORM ? STORM - sent : sizeof(out),
				 MSG_DONTWAIT);
			if (n > 0)
				sent += n;
			else
				bad += errno != EINTR && errno != EAGAIN;
		}
		if (p.revents & POLLIN) {
			n = recv(tcp, in, sizeof(in), 0);
			for (i = 0; n > 0 && i < (size_t)n; i++)
				bad += in[i] != (char)((got + i) * 2654435761u >> 24);
			if (n > 0)
				got += n;
			else
				bad += n == 0 || errno != EINTR;
			if (!n)
				break;
		}
	}
	timer(0);
	printf("storm: %zu bytes back, %ld bad, %s, %s\n", got, bad,
	       signals > 10 ? "many signals" : "few signals",
	       outside ? "also from outside" : "none from outside");
	return 0;
}

int main(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN };

	if (argc != 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	peer.sin_port = htons(atoi(argv[2]));
	inet_pton(AF_INET, argv[1], &peer.sin_addr);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	epfd = epoll_create1(0);
	if (connect(tcp, (struct sockaddr *)&peer, sizeof(peer)) < 0 ||
	    bind(udp, (struct sockaddr *)&local, sizeof(local)) < 0 || listen(listener, 8) < 0) {
		perror("set up");
		return 1;
	}
	epoll_ctl(epfd, EPOLL_CTL_ADD, tcp, &ev);
	handler(strcmp(argv[3], "restart") && strcmp(argv[3], "storm") ? 0 : SA_RESTART);
	if (!strcmp(argv[3], "storm"))
		return storm();
	if (!strcmp(argv[3], "mask"))
		masked();
	else if (!strcmp(argv[3], "async"))
		async();
	else
		calls();
	return 0;
}
