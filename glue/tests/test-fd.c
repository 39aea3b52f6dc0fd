// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two tables of descriptors stay one.
 *
 * Long random sequences of calls are checked against a model that knows only
 * POSIX's rule (the lowest free number) and which files are the stack's; then
 * threads race on the same numbers, and what is left must be consistent.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fd-direct.h"

#define NUMBERS	48

static long host_open(int fd)
{
	return glue_raw2(SYS_fcntl, fd, F_GETFD);
}

static long stack_open(int fd)
{
	unsigned long arg[6] = { fd };

	return libos_call(direct_self()->stack, LIBOS_NR_FD_CHECK, arg);
}

/* --- against a model ----------------------------------------------------- */

enum { FREE, HOST, STACK };
static int model[NUMBERS + 64];

static int lowest(int min)
{
	while (model[min] != FREE)
		min++;
	return min;
}

static bool agree(const char *after)
{
	struct glue_fdtab *f = direct_prog.fds;

	for (int fd = 3; fd < NUMBERS; fd++) {
		enum fd_kind kind = fd_kind(f, fd);
		bool host = host_open(fd) >= 0, stack = !stack_open(fd), good;

		if (kind == FD_HIDDEN)
			continue;
		if (model[fd] == FREE)
			good = !host && !stack && kind == FD_HOST;
		else if (model[fd] == HOST)
			good = host && (kind == FD_WRAPPED ? stack : !stack && kind == FD_HOST);
		else
			good = host && stack && kind == FD_STACK;
		if (!good) {
			printf("# after %s: fd %d model %d kind %d host %d stack %d\n",
			       after, fd, model[fd], kind, host, stack);
			return false;
		}
	}
	return true;
}

static bool random_walk(unsigned int seed, int steps)
{
	char what[80];

	srandom(seed);
	for (int i = 0; i < steps; i++) {
		int a = 3 + random() % (NUMBERS - 8), b = 3 + random() % (NUMBERS - 8);
		int fl = random() % 2 ? O_CLOEXEC : 0, pair[2];
		long got = 0, want = 0;
		bool cloexec = false;

		if (lowest(3) > NUMBERS - 12) {
			sc(SYS_close_range, 10, NUMBERS, 0);
			for (int fd = 10; fd <= NUMBERS; fd++)
				model[fd] = FREE;
		}
		switch (random() % 13) {
		case 0:
			sprintf(what, "socket");
			want = lowest(3);
			got = sc(SYS_socket, AF_INET, SOCK_DGRAM | fl, 0);
			model[want] = STACK;
			cloexec = true;
			break;
		case 1:
			sprintf(what, "open");
			want = lowest(3);
			got = sc(SYS_open, "/dev/null", O_RDONLY | fl, 0);
			model[want] = HOST;
			cloexec = true;
			break;
		case 2:
			sprintf(what, "close %d", a);
			want = model[a] == FREE ? -EBADF : 0;
			got = sc(SYS_close, a);
			model[a] = FREE;
			break;
		case 3:
			sprintf(what, "dup %d", a);
			want = model[a] == FREE ? -EBADF : lowest(3);
			got = sc(SYS_dup, a);
			if (want >= 0)
				model[want] = model[a];
			break;
		case 4:
			sprintf(what, "dup2 %d %d", a, b);
			want = model[a] == FREE ? -EBADF : b;
			got = sc(SYS_dup2, a, b);
			if (want >= 0)
				model[b] = model[a];
			break;
		case 5:
			sprintf(what, "dup3 %d %d", a, b);
			want = a == b ? -EINVAL : model[a] == FREE ? -EBADF : b;
			got = sc(SYS_dup3, a, b, fl);
			if (want >= 0) {
				model[b] = model[a];
				cloexec = true;
			}
			break;
		case 6:
			sprintf(what, "F_DUPFD %d from %d", a, b);
			want = model[a] == FREE ? -EBADF : lowest(b);
			got = sc(SYS_fcntl, a, fl ? F_DUPFD_CLOEXEC : F_DUPFD, b);
			if (want >= 0) {
				model[want] = model[a];
				cloexec = true;
			}
			break;
		case 7:
			sprintf(what, "pipe");
			want = 0;
			got = sc(SYS_pipe2, pair, fl);
			if (got || pair[0] != lowest(3))
				got = -1;
			model[pair[0]] = HOST;
			if (pair[1] != lowest(3))
				got = -2;
			model[pair[1]] = HOST;
			break;
		case 8:
			sprintf(what, "epoll_create1");
			want = lowest(3);
			got = sc(SYS_epoll_create1, fl);
			model[want] = STACK;
			cloexec = true;
			break;
		case 9:
			if (a > b) {
				int tmp = a;

				a = b;
				b = tmp;
			}
			if (b - a > 6)
				b = a + 6;
			sprintf(what, "close_range %d %d", a, b);
			got = sc(SYS_close_range, a, b, 0);
			for (int fd = a; fd <= b; fd++)
				model[fd] = FREE;
			break;
		case 10: {
			struct pollfd p[2] = { { .fd = a, .events = POLLIN },
					       { .fd = b, .events = POLLIN } };

			sprintf(what, "poll %d %d", a, b);
			sc(SYS_poll, p, 2, 0);
			for (int k = 0; k < 2; k++)
				if ((model[p[k].fd] == FREE) != !!(p[k].revents & POLLNVAL))
					got = -3;
			break;
		}
		case 11:
			sprintf(what, "SETFD %d", a);
			want = model[a] == FREE ? -EBADF : 0;
			got = sc(SYS_fcntl, a, F_SETFD, fl ? FD_CLOEXEC : 0);
			if (!want && (host_open(a) != (fl ? FD_CLOEXEC : 0) ||
				      sc(SYS_fcntl, a, F_GETFD) != (fl ? FD_CLOEXEC : 0)))
				got = -4;
			break;
		case 12:
			sprintf(what, "open /proc/net/dev");
			want = lowest(3);
			got = sc(SYS_openat, AT_FDCWD, "/proc/net/dev", O_RDONLY | fl);
			model[want] = STACK;
			cloexec = true;
			break;
		}
		if (got != want) {
			printf("# step %d, %s: got %ld, expected %ld\n", i, what, got, want);
			return false;
		}
		if (cloexec && got >= 0 &&
		    (!!host_open(got) != !!fl || sc(SYS_fcntl, got, F_GETFD) != !!fl)) {
			printf("# step %d, %s: close-on-exec is %ld and %ld\n", i, what,
			       host_open(got), sc(SYS_fcntl, got, F_GETFD));
			return false;
		}
		if (!agree(what))
			return false;
	}
	return true;
}

static void start_model(void)
{
	memset(model, 0, sizeof(model));
	for (int fd = 0; fd < NUMBERS; fd++)
		if (fd < 3 || fd_kind(direct_prog.fds, fd) == FD_HIDDEN || host_open(fd) >= 0)
			model[fd] = HOST;
}

/* --- threads ------------------------------------------------------------- */

#define RACE_LO	20
#define RACE_HI	36
static volatile int racing;

static void *racer(void *arg)
{
	unsigned int seed = (unsigned long)arg;
	struct pollfd p[2];
	char c;

	while (racing) {
		int a = RACE_LO + rand_r(&seed) % (RACE_HI - RACE_LO);
		int b = RACE_LO + rand_r(&seed) % (RACE_HI - RACE_LO);

		switch (rand_r(&seed) % 10) {
		case 0:
		case 1:
			sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);
			break;
		case 2:
			sc(SYS_open, "/dev/zero", O_RDONLY, 0);
			break;
		case 3:
		case 4:
			sc(SYS_close, a);
			break;
		case 5:
			sc(SYS_dup2, a, b);
			break;
		case 6:
			sc(SYS_fcntl, a, F_DUPFD, RACE_LO);
			break;
		case 7:
			p[0] = (struct pollfd){ .fd = a, .events = POLLOUT };
			p[1] = (struct pollfd){ .fd = b, .events = POLLOUT };
			sc(SYS_poll, p, 2, 0);
			break;
		case 8:
			sc(SYS_close_range, a, a + 3, 0);
			break;
		case 9:
			sc(SYS_recvfrom, a, &c, 1, MSG_DONTWAIT, 0, 0);
			break;
		}
	}
	direct_thread_end();
	return NULL;
}

static bool consistent(void)
{
	bool good = true;

	for (int fd = 3; fd < 200; fd++) {
		enum fd_kind kind = fd_kind(direct_prog.fds, fd);
		bool host = host_open(fd) >= 0, stack = !stack_open(fd);
		bool fine = kind == FD_HOST ? !stack : kind == FD_STACK || kind == FD_WRAPPED ?
			    host && stack : kind == FD_HIDDEN;

		if (!fine)
			printf("# fd %d: kind %d host %d stack %d\n", fd, kind, host, stack);
		good &= fine;
	}
	return good;
}

static void race(int nthreads, int ms)
{
	pthread_t thread[8];

	for (int fd = 3; fd < RACE_LO; fd++)	/* so that new numbers fall into the range */
		if (host_open(fd) < 0)
			sc(SYS_open, "/dev/null", O_RDONLY, 0);
	racing = 1;
	for (long i = 0; i < nthreads; i++)
		pthread_create(&thread[i], NULL, racer, (void *)(i + 1));
	usleep(ms * 1000);
	racing = 0;
	for (int i = 0; i < nthreads; i++)
		pthread_join(thread[i], NULL);
	ok(consistent(), "%d threads racing on %d numbers leave consistent tables", nthreads,
	   RACE_HI - RACE_LO);
	sc(SYS_close_range, 3, 200, 0);
	ok(consistent(), "and all of them can be closed");
	ok_ret(direct_said, 0, "the two tables never disagreed");
}

/* --- accept, and a number in the making ---------------------------------- */

static int listener, accepted;

static void *acceptor(void *arg)
{
	accepted = sc(SYS_accept, listener, 0, 0);
	direct_thread_end();
	return NULL;
}

static long tcp_listen(struct sockaddr_in *sa)
{
	socklen_t len = sizeof(*sa);
	long s = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);

	memset(sa, 0, sizeof(*sa));
	sa->sin_family = AF_INET;
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (sc(SYS_bind, s, sa, sizeof(*sa)) || sc(SYS_listen, s, 4096) ||
	    sc(SYS_getsockname, s, sa, &len))
		return -1;
	return s;
}

static void accept_waits(void)
{
	struct sockaddr_in sa;
	struct timespec ms = { 0, 1000000 };
	pthread_t thread;
	long c, fd;

	listener = tcp_listen(&sa);
	fd = listener + 1;
	pthread_create(&thread, NULL, acceptor, NULL);
	for (int i = 0; i < 2000 && fd_kind(direct_prog.fds, fd) != FD_BUSY; i++)
		nanosleep(&ms, NULL);
	ok_ret(fd_kind(direct_prog.fds, fd), FD_BUSY, "accept() takes its number before it waits");
	ok_ret(sc(SYS_close, fd), -EBADF, "which cannot be closed");
	ok_ret(sc(SYS_dup2, listener, fd), -EBUSY, "nor be the target of dup2()");
	ok_ret(sc(SYS_dup, fd), -EBADF, "nor be duplicated");
	ok_ret(sc(SYS_fcntl, fd, F_GETFL), -EBADF, "nor be asked for its flags");
	ok_ret(sc(SYS_read, fd, &sa, 1), -EBADF, "nor be read");
	ok_ret(sc(SYS_close_range, fd, fd + 10, 0), 0, "close_range() leaves it alone");
	c = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);
	ok_ret(c, fd + 1, "the next socket gets the next number");
	ok_ret(sc(SYS_connect, c, &sa, sizeof(sa)), 0, "connect");
	pthread_join(thread, NULL);
	ok_ret(accepted, fd, "accept() returns the number it took");
	ok_ret(sc(SYS_write, c, "x", 1), 1, "and the connection works");
	ok_ret(sc(SYS_read, accepted, &sa, 5), 1, "both ways");
	sc(SYS_close_range, 3, 200, 0);

	listener = tcp_listen(&sa);
	sc(SYS_fcntl, listener, F_SETFL, O_NONBLOCK);
	ok_ret(sc(SYS_accept, listener, 0, 0), -EAGAIN, "nothing to accept");
	ok_ret(sc(SYS_accept4, listener, 0, 0, 0xffffff), -EAGAIN, "nothing to accept, odd flags");
	ok_ret(fd_kind(direct_prog.fds, listener + 1), FD_HOST, "leaves no number behind");
	ok_ret(sc(SYS_accept, listener + 1, 0, 0), -EBADF, "accept on a closed number");
	sc(SYS_close, listener);
}

/* --- limits -------------------------------------------------------------- */

static void limits(void)
{
	struct glue_fdtab *f = direct_prog.fds;
	struct rlimit lim, small = { 40, 40 }, back;
	long fd, last = -1;
	int pair[2];

	ok_ret(sc(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &lim), 0, "RLIMIT_NOFILE can be read");
	ok(lim.rlim_cur == f->soft && lim.rlim_max == f->nr, "and is the program's own: %lu %lu",
	   (unsigned long)lim.rlim_cur, (unsigned long)lim.rlim_max);
	small.rlim_max = lim.rlim_max;
	ok_ret(sc(SYS_setrlimit, RLIMIT_NOFILE, &small), 0, "it can be lowered");
	while ((fd = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0)) >= 0)
		last = fd;
	ok_ret(fd, -EMFILE, "no more sockets than the limit");
	ok_ret(last, 39, "the last one has the number below it");
	ok_ret(sc(SYS_open, "/dev/null", O_RDONLY), -EMFILE, "nor host files");
	ok_ret(sc(SYS_eventfd2, 0, 0), -EMFILE, "nor event files");
	ok_ret(sc(SYS_dup, last), -EMFILE, "nor duplicates");
	ok_ret(sc(SYS_fcntl, last, F_DUPFD, 40), -EINVAL, "nor numbers beyond it");
	ok_ret(sc(SYS_dup2, last, 40), -EBADF, "not by dup2() either");
	sc(SYS_close, last);
	ok_ret(sc(SYS_pipe, pair), -EMFILE, "a pipe needs two");
	ok_ret(sc(SYS_socket, AF_INET, SOCK_DGRAM, 0), 39, "and leaves none behind");
	sc(SYS_close_range, 3, 200, 0);
	ok_ret(sc(SYS_setrlimit, RLIMIT_NOFILE, &lim), 0, "it can be raised to the hard limit");
	back.rlim_cur = lim.rlim_max;
	back.rlim_max = lim.rlim_max + 1;
	ok_ret(sc(SYS_setrlimit, RLIMIT_NOFILE, &back), -EPERM, "and not beyond");
	ok_ret(sc(SYS_getrlimit, RLIMIT_NOFILE, 0), -EFAULT, "a bad pointer");

	ok_ret(sc(SYS_close, f->master), -EBADF, "the library's descriptors cannot be closed");
	ok_ret(sc(SYS_dup, f->master), -EBADF, "nor duplicated");
	ok_ret(sc(SYS_fcntl, f->master, F_GETFD), -EBADF, "nor asked");
	ok_ret(sc(SYS_close_range, 3, ~0U, 0), 0, "closing everything");
	ok(host_open(f->master) >= 0, "leaves them open");
	ok_ret(sc(SYS_close_range, 5, 4, 0), -EINVAL, "an empty range");
}

static void many(void)
{
	struct glue_fdtab *f = direct_prog.fds;
	long n = f->hard > 10100 ? 10000 : f->hard - 100, i, bad = 0;
	struct rlimit lim = { f->hard, f->hard };
	long *fd = calloc(n, sizeof(*fd));

	sc(SYS_setrlimit, RLIMIT_NOFILE, &lim);
	for (i = 0; i < n; i++) {
		fd[i] = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);
		bad += fd[i] < 0 || (i && fd[i] <= fd[i - 1]);
	}
	ok(!bad, "%ld sockets have rising numbers", n);
	for (i = 0; i < n; i += 2)
		sc(SYS_close, fd[i]);
	ok_ret(sc(SYS_socket, AF_INET, SOCK_DGRAM, 0), fd[0], "the first hole is filled first");
	ok_ret(sc(SYS_close_range, fd[0], fd[n - 1], 0), 0, "all closed at once");
	for (i = fd[0], bad = 0; i <= fd[n - 1]; i++)
		bad += fd_kind(f, i) != FD_HIDDEN && (host_open(i) >= 0 || !stack_open(i));
	ok(!bad, "none is left");
	free(fd);
}

/* --- what it costs ------------------------------------------------------- */

static void host_calls(void)
{
	struct sockaddr_in sa;
	long l = tcp_listen(&sa), c = sc(SYS_socket, AF_INET, SOCK_STREAM, 0), a;
	struct pollfd p = { .fd = l, .events = POLLIN };
	unsigned long before;
	char buf[8];

	sc(SYS_connect, c, &sa, sizeof(sa));
	before = direct_host_calls;
	a = sc(SYS_accept, l, 0, 0);
	sc(SYS_close, a);
	ok(direct_host_calls - before <= 3, "accept and close: %lu calls of the host",
	   direct_host_calls - before);
	sc(SYS_close, c);
	c = sc(SYS_socket, AF_INET, SOCK_STREAM, 0);
	sc(SYS_connect, c, &sa, sizeof(sa));
	a = sc(SYS_accept, l, 0, 0);
	before = direct_host_calls;
	sc(SYS_write, c, "hello", 5);
	sc(SYS_read, a, buf, 8);
	sc(SYS_sendto, a, "hello", 5, 0, 0, 0);
	sc(SYS_recvfrom, c, buf, 8, 0, 0, 0);
	sc(SYS_fcntl, c, F_GETFL);
	sc(SYS_poll, &p, 1, 0);
	ok_ret(direct_host_calls - before, 0, "read, write, send, recv, fcntl, poll: none");
	sc(SYS_fcntl, l, F_SETFL, O_NONBLOCK);
	before = direct_host_calls;
	ok_ret(sc(SYS_accept, l, 0, 0), -EAGAIN, "nothing to accept");
	ok_ret(direct_host_calls - before, 0, "to find that out: none");
	sc(SYS_close_range, 3, 200, 0);
}

int main(int argc, char **argv)
{
	alarm(120);
	if (!direct_start())
		return 0;
	for (unsigned int seed = 1; seed <= 5; seed++) {
		start_model();
		ok(random_walk(seed, 600), "600 random calls agree with the model, seed %u", seed);
		sc(SYS_close_range, 3, 200, 0);
	}
	accept_waits();
	host_calls();
	limits();
	many();
	race(2, 300);
	race(6, 500);
	direct_stop();
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}
