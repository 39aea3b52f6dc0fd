// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remote calls with the real kernel layer: how clients come and go, and their home.
 * Either may be killed; a client may be a child or attach by a socket; the home moves
 * to a child; and descriptors run out.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "../remote/wire.h"
#include "remote.h"

static struct libos *os;
static struct libos_thread *home;

/* --- death ------------------------------------------------------------------ */

static int sleeper(struct libos_thread *me, void *arg)
{
	int fd[3];
	char c;

	if (tcp_pair(me, 5000, fd) < 0)
		return 1;
	(void)!write((int)(long)arg, "r", 1);
	CALL(me, SYS_read, fd[2], P(&c), 1);
	return 2;
}

static void test_killed(void)
{
	struct libos_server *srv = libos_served(home);
	int p[2], fd, one = 1;
	struct sockaddr_in a = loopback(5000);
	pid_t pid;
	char c;

	if (pipe(p) < 0)
		abort();
	pid = fork_client(home, sleeper, (void *)(long)p[1]);
	is(read(p[0], &c, 1), 1, "a client sleeps in the stack");
	is(libos_serve_clients(srv, NULL, 0), 1, "it is known");
	kill_child(pid);
	is(status_of(pid), -SIGKILL, "it is killed");
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "and forgotten");
	fd = (int)CALL(home, SYS_socket, AF_INET, SOCK_STREAM, 0);
	CALL(home, SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, P(&one), sizeof(one));
	ok(eventually(CALL(home, SYS_bind, fd, P(&a), sizeof(a)) == 0), "its port is free again");
	CALL(home, SYS_close, fd);
	close(p[0]);
	close(p[1]);
}

static void test_unborn(void)
{
	struct libos_server *srv = libos_served(home);
	struct libos_fork *f[3];
	int i, fds = count_fds();
	pid_t pid;

	for (i = 0; i < 3; i++)
		libos_fork_begin(home, &f[i]);
	is(libos_serve_clients(srv, NULL, 0), 3, "three forks are prepared");
	libos_fork_end(f[0], -EAGAIN);
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 2), "one fails");
	pid = fork();
	if (!pid)
		_exit(7);
	is(status_of(pid), 7, "the child of another ends without a hello");
	libos_fork_end(f[1], pid);
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 1), "and is seen to");
	pid = fork();
	if (!pid)
		pause();
	libos_fork_end(f[2], pid);
	kill_child(pid);
	status_of(pid);
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "the third is killed before it");
	ok(eventually(count_fds() == fds), "no file is left open");
}

/* A home of its own, which is killed; its client tells how it went. */
static int orphan(struct libos_thread *me, void *arg)
{
	int *p = arg, fd[3];
	__u64 t;
	long r;
	char c;

	if (tcp_pair(me, 6000, fd) < 0)
		return 1;
	(void)!write(p[1], "r", 1);
	r = CALL(me, SYS_read, fd[2], P(&c), 1);
	t = now_ns();
	(void)!write(p[1], r == -ESHUTDOWN ? "s" : "?", 1);
	(void)!write(p[1], &t, sizeof(t));
	r = CALL(me, SYS_getpid);
	(void)!write(p[1], r == -ESHUTDOWN ? "s" : "?", 1);
	return 0;
}

static void test_home_killed(void)
{
	int p[2];
	__u64 t, died;
	pid_t pid;
	char c = 0;

	if (pipe(p) < 0)
		abort();
	pid = fork();
	if (!pid) {
		struct libos_thread *me;
		struct libos *mine;

		if (libos_open(NULL, &mine, &me) < 0 || lo_up(me) < 0)
			_exit(1);
		fork_client(me, orphan, p);
		pause();
	}
	is(read(p[0], &c, 1), 1, "a client of another home sleeps");
	t = now_ns();
	kill_child(pid);
	is(read(p[0], &c, 1) == 1 ? c : 0, 's', "its home is killed: ESHUTDOWN");
	is(read(p[0], &died, sizeof(died)), sizeof(died), "it tells when");
	ok(died - t < 1000000000, "at once (%.1f ms)", (died - t) / 1e6);
	is(read(p[0], &c, 1) == 1 ? c : 0, 's', "and at each later call");
	status_of(pid);
	close(p[0]);
	close(p[1]);
}

static int busy(struct libos_thread *me, void *arg)
{
	int i;

	for (i = 0; i < 1000; i++)
		CALL(me, SYS_getpid);
	return 0;
}

/* The server is still awake then, and hears that it is to stop where it looks meanwhile. */
static void test_home_closed(void)
{
	struct libos_thread *me;
	struct libos *mine;
	int i;

	setenv("LIBOS_BUSY_POLL_US", "50000", 1);
	for (i = 0; i < 5; i++) {
		pid_t pid;

		if (libos_open(NULL, &mine, &me) < 0)
			break;
		pid = fork_client(me, busy, NULL);
		while (pid > 0 && libos_serve_clients(libos_served(me), NULL, 0) > 0)
			;
		libos_close(mine);
		status_of(pid);
	}
	unsetenv("LIBOS_BUSY_POLL_US");
	is(i, 5, "a home is closed as soon as its client is gone");
}

/* --- attach ------------------------------------------------------------------ */

static struct sockaddr_un address;
static socklen_t address_len;

static int listener(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	address.sun_family = AF_UNIX;
	address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		(size_t)snprintf(address.sun_path + 1, 64, "libos-test-%d", (int)getpid()));
	if (bind(fd, (struct sockaddr *)&address, address_len) < 0 || listen(fd, 16) < 0)
		abort();
	return fd;
}

static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, address_len) < 0)
		abort();
	return fd;
}

static int answer(void *arg, const char *question, char *reply, size_t max)
{
	if (!strcmp(question, "how many?"))
		return snprintf(reply, max, "%d", libos_serve_clients(arg, NULL, 0));
	if (!strcmp(question, "much"))
		return (int)max;
	return -EINVAL;
}

static int attached(void)
{
	struct timeval soon = { .tv_usec = 10000 };
	char reply[64];
	struct libos_thread *me;
	int fd[3], bad = 0, sock = dial();

	expect_eq(libos_ask(sock, "how many?", reply, sizeof(reply)), 1);
	expect(!strcmp(reply, "0"));
	expect_eq(libos_ask(sock, "what?", reply, sizeof(reply)), -EINVAL);
	expect_eq(libos_ask(sock, "much", reply, sizeof(reply)), -EMSGSIZE);
	expect_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	expect_eq(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
	expect_eq(libos_ask(fd[0], "nobody?", reply, sizeof(reply)), -EAGAIN);
	close(fd[1]);
	expect(libos_ask(fd[0], "nobody?", reply, sizeof(reply)) < 0);
	close(fd[0]);
	expect_eq(libos_attach(sock, &me), 0);
	become_client(me);
	expect_eq(CALL(me, SYS_getpid), getpid());
	expect_eq(CALL(me, SYS_close, 0), -EBADF);
	expect_eq(tcp_pair(me, 7000, fd), 0);
	expect_eq(fd[0], 0);
	expect_eq(status_of(fork_client(me, generations, (void *)2)), 0);
	libos_close(libos_thread_os(me));
	return bad;
}

/* Says hello as it should not. */
static int say(const void *msg, size_t len, __s32 *status)
{
	struct remote_welcome w = { .magic = 0 };
	int fd = dial(), n;

	(void)!send(fd, msg, len, MSG_NOSIGNAL);
	n = (int)recv(fd, &w, sizeof(w), 0);
	*status = n == sizeof(w) && w.magic == REMOTE_MAGIC ? w.status : 1;
	close(fd);
	return n;
}

static void test_attach(void)
{
	struct remote_hello h = {
		.magic = REMOTE_MAGIC,
		.version = REMOTE_VERSION + 1,
		.kind = REMOTE_HELLO,
	};
	struct libos_server *srv;
	struct libos_thread *me;
	int fd = listener(), fds, status;
	pid_t pid;

	is(libos_serve(home, fd, &srv), 0, "the instance is served by a socket");
	is(libos_serve(home, dup(0), &srv), -EBUSY, "by one at most");
	libos_serve_query(srv, answer, srv);
	fds = count_fds();
	pid = fork();
	if (!pid)
		_exit(attached());
	is(status_of(pid), 0, "a process attaches, asks, calls and forks");
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "and is gone");
	say(&h, sizeof(h), &status);
	is(status, -EPROTO, "another version is refused");
	h.version = REMOTE_VERSION;
	h.magic = 42;
	say(&h, sizeof(h), &status);
	is(status, -EPROTO, "nonsense is refused");
	say("x", 1, &status);
	is(status, -EPROTO, "and shorter nonsense");
	pid = fork();
	if (!pid) {
		int sock = dial();

		if (setuid(65534) < 0)
			_exit(99);
		_exit(libos_attach(sock, &me) == -EPERM ? 0 : 1);
	}
	status = status_of(pid);
	if (status == 99)
		skip("another user is refused", "we may not be another user");
	else
		is(status, 0, "another user is refused");
	is(libos_serve_wait(srv, -1), 0, "nobody to wait for");
	ok(eventually(count_fds() == fds), "no file is left open");
}

/* --- the home moves ------------------------------------------------------------ */

static uint64_t *token;

static int ordered(struct libos_thread *me, void *arg)
{
	int *p = arg, fd[3], bad = 0, i;
	char c = 0;

	/* Asleep in the stack while the home moves, until the new one sends. */
	expect_eq(tcp_pair(me, 8000, fd), 0);
	expect_eq(libos_fd_give(me, fd[1], token), 0);
	(void)!write(p[1], "r", 1);
	expect_eq(CALL(me, SYS_read, fd[2], P(&c), 1), 1);
	expect_eq(c, 'm');
	for (i = 0; i < 1000; i++)
		expect_eq(CALL(me, SYS_getpid), getpid());
	expect_eq(status_of(fork_client(me, generations, (void *)1)), 0);
	(void)!write(p[1], bad ? "b" : "g", 1);
	return bad;
}

/* In a process of its own.  What its end is comes from the parent first, then the child. */
static int mover(int *p, int *q)
{
	struct libos_thread *me;
	struct libos *mine;
	pid_t pid;
	char c;
	int fd;

	if (libos_open(NULL, &mine, &me) < 0 || lo_up(me) < 0)
		return 1;
	if (fork_client(me, ordered, p) < 0 || read(p[0], &c, 1) != 1)
		return 2;
	usleep(20000);
	pid = libos_serve_move(me);
	if (pid > 0) {
		libos_close(mine);
		return 0;
	}
	if (pid < 0)
		return 3;
	fd = libos_fd_take(me, *token, -1);
	if (fd < 0 || libos_fd_drop(me, *token) < 0 || CALL(me, SYS_write, fd, P("m"), 1) != 1)
		return 4;
	(void)!write(q[1], libos_serve_wait(libos_served(me), -1) == 0 ? "e" : "?", 1);
	libos_close(mine);
	return 0;
}

static void test_move(void)
{
	int p[2], q[2];
	pid_t pid;
	char c = 0;

	token = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (pipe(p) < 0 || pipe(q) < 0)
		abort();
	pid = fork();
	if (!pid)
		_exit(mover(p, q));
	is(status_of(pid), 0, "a home with a client moves to a child");
	is(read(p[0], &c, 1) == 1 ? c : 0, 'g', "its client, asleep meanwhile, goes on");
	is(read(q[0], &c, 1) == 1 ? c : 0, 'e', "and the new home sees it end");
	close(p[0]);
	close(p[1]);
	close(q[0]);
	close(q[1]);
}

/* --- out of descriptors -------------------------------------------------------- */

#define FEW	64

/* All numbers below FEW but @spare. */
static int use_up(int *fd, int spare)
{
	int n = 0, i;

	while (n < FEW && (fd[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	for (i = 0; i < spare && n > 0; i++)
		close(fd[--n]);
	return n;
}

static void test_limits(void)
{
	struct rlimit was, few;
	struct libos_fork *f;
	int fd[FEW], spare, n, r, bad = 0, fds = count_fds();
	struct libos_thread *me;
	pid_t pid;

	getrlimit(RLIMIT_NOFILE, &was);
	few = was;
	few.rlim_cur = FEW;
	setrlimit(RLIMIT_NOFILE, &few);
	for (spare = 0; spare < 3; spare++) {
		n = use_up(fd, spare);
		r = libos_fork_begin(home, &f);
		if (r != -EMFILE)
			bad++;
		while (n > 0)
			close(fd[--n]);
	}
	is(bad, 0, "out of descriptors a fork is refused");
	ok(eventually(count_fds() == fds), "and none is lost");
	ok(eventually(libos_serve_clients(libos_served(home), NULL, 0) == 0), "nor a client");

	n = use_up(fd, 0);
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_NOFILE, &was);
		r = libos_attach(dial(), &me);
		_exit(r < 0 ? -r : CALL(me, SYS_getpid) == getpid() ? 0 : 1);
	}
	usleep(50000);
	while (n > 0)
		close(fd[--n]);
	setrlimit(RLIMIT_NOFILE, &was);
	is(status_of(pid), 0, "who knocks meanwhile waits until there are some");
	is(status_of(fork_client(home, basic_calls, NULL)), 0, "and all is well again");

	getrlimit(RLIMIT_FSIZE, &was);
	few = was;
	few.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &few);
	r = libos_fork_begin(home, &f);
	setrlimit(RLIMIT_FSIZE, &was);
	is(r, -EFBIG, "no room for the shared memory is an error, not a signal");
}

int main(void)
{
	int fds = count_fds();

	plan(120);
	if (!open_home(&os, &home))
		return done();
	is(status_of(fork_client(home, basic_calls, NULL)), 0, "calls from a forked client");
	test_killed();
	test_unborn();
	test_home_killed();
	test_home_closed();
	test_move();
	test_attach();
	test_limits();
	libos_close(os);
	is(count_fds(), fds, "all is closed at the end");
	return done();
}
