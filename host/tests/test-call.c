// SPDX-License-Identifier: GPL-2.0-only
/* The host's contract, case by case, with the mock kernel layer. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../instance.h"
#include "calls.h"
#include "check.h"
#include "mock.h"

static struct libos *os;
static struct libos_thread *me;
static char logged[4096];
static size_t log_len;

static long call4(struct libos_thread *thr, long nr, unsigned long a, unsigned long b,
		  unsigned long c, unsigned long d)
{
	unsigned long arg[6] = { a, b, c, d };

	return libos_call(thr, nr, arg);
}

static long call(struct libos_thread *thr, long nr, unsigned long a, unsigned long b)
{
	return call4(thr, nr, a, b, 0, 0);
}

static void take_log(void *arg, const char *s, __u32 len)
{
	if (log_len + len < sizeof(logged)) {
		memcpy(logged + log_len, s, len);
		log_len += len;
	}
}

static void open_mock(void)
{
	struct libos_opts o = {
		.size = sizeof(o),
		.log = take_log,
	};

	log_len = 0;
	memset(logged, 0, sizeof(logged));
	if (instance_open(&o, &libos_kernel, &os, &me) < 0)
		abort();
}

/* Wait for what comes by itself; the test point behind it tells if it did not. */
#define UNTIL(cond)						\
	do {							\
		for (int n_ = 0; n_ < 20000 && !(cond); n_++)	\
			usleep(1000);				\
	} while (0)

/* A thread that makes one call. */
struct caller {
	struct libos_thread *thr;
	long nr;
	unsigned long a, b;
	long ret;
	pthread_t thread;
};

static void *caller_main(void *arg)
{
	struct caller *c = arg;

	c->ret = call(c->thr, c->nr, c->a, c->b);
	return NULL;
}

static void start(struct caller *c, long nr, unsigned long a, unsigned long b)
{
	c->nr = nr;
	c->a = a;
	c->b = b;
	c->ret = -9999;
	if (libos_thread_new(me, 0, 0, &c->thr) < 0)
		abort();
	pthread_create(&c->thread, NULL, caller_main, c);
}

static long finish(struct caller *c)
{
	pthread_join(c->thread, NULL);
	libos_thread_exit(c->thr, 0);
	return c->ret;
}

/* Wait until a thread sleeps where it should. */
static void until_word(struct libos_thread *thr, __u32 word)
{
	while (load_acquire(&thr->word) != word)
		usleep(100);
}

static void test_basics(void)
{
	char where[64], what[64] = "";

	is(call(me, MOCK_NULL, 42, 0), 42, "a call returns its result");
	is(call(me, 999, 0, 0), -ENOSYS, "an unknown one ENOSYS");
	is(libos_in_call(me), 0, "outside a call");
	call(me, MOCK_SIGNAL, 1ULL << 12, 0);
	is((long long)libos_take_signals(me), 1 << 12, "signals of the stack are collected");
	is((long long)libos_take_signals(me), 0, "and taken once");
	is((long long)libos_fault(me, 0x1234), 0x5678, "a fault in a user access continues elsewhere");
	is((long long)libos_fault(me, 0x1235), 0, "another does not");
	ok(!strcmp(libos_version(os), "0.0-mock"), "version");
	ok(libos_thread_os(me) == os, "identity knows its instance");
	ok(strstr(logged, "mock: booted\n") != NULL, "the log gets what the kernel prints");
	snprintf(where, sizeof(where), "/proc/self/fd/%d", os->epfd);
	(void)!readlink(where, what, sizeof(what) - 1);
	ok(os->epfd > 500 && strstr(what, "eventpoll"), "its files are out of the program's way");
}

/* Is never early, and late only while others have the processor: of some tries, one is not. */
#define TRIES		50

static void test_time(void)
{
	__u64 t0, t = ~0ULL;
	long ret = 0;
	int i;

	for (i = 0; i < TRIES && !ret && t >= 60000000; i++) {
		t0 = now_ns();
		ret = call(me, MOCK_SLEEP, 20000000, 0);
		t = now_ns() - t0;
	}
	is(ret, 0, "sleep 20 ms");
	ok(t >= 20000000 && t < 60000000, "it took %.3f ms", t / 1e6);
}

static long switches(const char *name)
{
	char path[300], line[256];
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	long n = -1;

	while ((e = readdir(d))) {
		bool found = false;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", e->d_name);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (!strncmp(line, "Name:", 5) && strstr(line, name))
				found = true;
			if (found && sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
				break;
		}
		if (f)
			fclose(f);
		if (found)
			break;
	}
	closedir(d);
	return n;
}

/* Has the helper come to rest, with this word? */
static bool rests(__u32 word)
{
	long before = switches("libos-helper");

	usleep(50000);
	return load_relaxed(&os->helper_word) == word && switches("libos-helper") == before;
}

static void test_idle(void)
{
	struct caller c;
	long before;
	int i;

	UNTIL(rests(HELPER_NAP));
	before = switches("libos-helper");
	usleep(300000);
	ok(before >= 0 && switches("libos-helper") - before <= 1,
	   "nobody inside: the helper sleeps without a tick");
	is(load_relaxed(&os->helper_word), HELPER_NAP, "as the poller");
	ok(load_relaxed(&os->poller) == POLLER_HELPER, "which it is");

	start(&c, MOCK_WAIT, 1, 0);
	until_word(c.thr, WORD_POLL);
	UNTIL(rests(HELPER_DEEP));
	is(load_relaxed(&os->helper_word), HELPER_DEEP, "a thread polls: the helper sleeps deep");
	before = switches("libos-helper");
	usleep(200000);
	is(switches("libos-helper"), before, "without a tick");
	ok(call(me, MOCK_POST, 1, 0) == 0 && finish(&c) == 0, "the poller is woken by a post");
	UNTIL(load_relaxed(&os->poller) == POLLER_HELPER);
	ok(load_relaxed(&os->poller) == POLLER_HELPER, "the helper has noticed that it left");

	/* A timer that fires while nobody is inside is the helper's to handle. */
	before = call(me, MOCK_TICKS, 0, 0);
	call(me, MOCK_TICK, 5000000, 0);
	i = 0;
	do {
		usleep(30000);
	} while (call(me, MOCK_TICKS, 0, 0) == before && ++i < TRIES);
	is(call(me, MOCK_TICKS, 0, 0), before + 1, "a timer runs while nobody is inside");
}

static void test_threads(void)
{
	struct caller c[3];
	int i;

	for (i = 0; i < 3; i++)
		start(&c[i], MOCK_WAIT, 2, 0);
	while (load_relaxed(&os->nparked) < 2)
		usleep(100);
	is(os->nparked, 2, "of three that wait, two are parked");
	for (i = 0; i < 3; i++)
		call(me, MOCK_POST, 2, 0);
	ok(finish(&c[0]) == 0 && finish(&c[1]) == 0 && finish(&c[2]) == 0, "all get their post");

	/* Work that a call leaves behind is done at once though nobody waits. */
	usleep(5000);
	start(&c[0], MOCK_WAIT, 3, 0);
	until_word(c[0].thr, WORD_POLL);
	call(me, MOCK_LATER, 3, 0);
	is(finish(&c[0]), 0, "a call's deferred work wakes the one who waits for it");

	/* An earlier timer wakes the poller that sleeps for a later one. */
	start(&c[0], MOCK_SLEEP, 10000000000ULL, 0);
	until_word(c[0].thr, WORD_POLL);
	is(call(me, MOCK_SLEEP, 1000000, 0), 0, "a parked thread's timer is kept by the poller");
	libos_interrupt(c[0].thr);
	is(finish(&c[0]), -MOCK_RESTART, "the poller is interrupted by another thread");
}

static struct libos_thread *signalled;

static void on_signal(int sig)
{
	if (libos_in_call(signalled))
		libos_interrupt(signalled);
}

static void test_interrupt(void)
{
	/* again and again: the first may come before the call has begun */
	struct itimerval tv = { .it_value.tv_usec = 20000, .it_interval.tv_usec = 20000 };
	struct caller c[2];

	libos_interrupt(me);
	is(call(me, MOCK_SLEEP, 1000000, 0), 0, "an interrupt outside a call does nothing");

	signalled = me;
	signal(SIGVTALRM, on_signal);
	signal(SIGUSR2, on_signal);
	setitimer(ITIMER_REAL, &tv, NULL);
	signal(SIGALRM, on_signal);
	is(call(me, MOCK_WAIT, 9, 0), -MOCK_RESTART, "a poller interrupts itself from a handler");
	memset(&tv, 0, sizeof(tv));
	setitimer(ITIMER_REAL, &tv, NULL);
	signal(SIGALRM, check_timeout);
	alarm(60);

	start(&c[0], MOCK_WAIT, 9, 0);
	until_word(c[0].thr, WORD_POLL);
	start(&c[1], MOCK_WAIT, 9, 0);
	until_word(c[1].thr, WORD_PARK);
	signalled = c[1].thr;
	pthread_kill(c[1].thread, SIGUSR2);
	is(finish(&c[1]), -MOCK_RESTART, "a parked thread interrupts itself from a handler");
	is(c[0].ret, -9999, "the other still waits");
	libos_interrupt(c[0].thr);
	is(finish(&c[0]), -MOCK_RESTART, "until it is interrupted, too");
}

static void test_hostfile(void)
{
	unsigned int polls;
	struct caller c;
	int p[2], fd, i;
	char b;

	is(call(me, MOCK_POLLHOST, 12345, POLLIN), POLLNVAL, "a closed host file is POLLNVAL");
	fd = open("/proc/self/exe", O_RDONLY);
	is(call(me, MOCK_POLLHOST, fd, POLLIN), POLLIN, "a regular file is ready");
	close(fd);

	if (pipe(p) < 0)
		abort();
	is(call(me, MOCK_POLLHOST, p[1], POLLOUT), POLLOUT, "an empty pipe is writable");
	for (i = 0; i < 100; i++) {
		start(&c, MOCK_POLLHOST, p[0], POLLIN);
		until_word(c.thr, WORD_POLL);
		(void)!write(p[1], "x", 1);
		if (finish(&c) != POLLIN)
			break;
		(void)!read(p[0], &b, 1);
	}
	is(i, 100, "a reader is woken each time");

	/* Nobody waits any more: the file's activity wakes nobody. */
	UNTIL(rests(HELPER_NAP));
	polls = os->stat.helper_polls;
	for (i = 0; i < 100; i++) {
		(void)!write(p[1], "x", 1);
		(void)!read(p[0], &b, 1);
		usleep(100);
	}
	ok(os->stat.helper_polls - polls <= 2, "a file nobody waits for wakes nobody");

	/* An epoll file asks once, and must learn of each edge. */
	(void)!write(p[1], "x", 1);
	is(call(me, MOCK_POLLHOST, p[0], POLLIN | EPOLLET), POLLIN, "ready, and watched from now on");
	for (i = 0; i < 20; i++) {
		long before = call(me, MOCK_FILEEVENTS, 0, 0);
		int tries = 2000;

		(void)!read(p[0], &b, 1);
		(void)!write(p[1], "x", 1);
		while (call(me, MOCK_FILEEVENTS, 0, 0) == before && --tries)
			usleep(1000);
		if (!tries)
			break;
	}
	is(i, 20, "each edge is told though nobody asked again");
	(void)!read(p[0], &b, 1);
	token_lock(os);
	hostfile_release(os, p[0]);
	token_unlock(os);

	/* The number is closed and used again for another file. */
	start(&c, MOCK_POLLHOST, p[0], POLLIN);
	until_word(c.thr, WORD_POLL);
	close(p[1]);
	is(finish(&c), POLLHUP, "hang-up is told");
	close(p[0]);
	fd = eventfd(0, 0);
	is(fd, p[0], "(the number is used again)");
	start(&c, MOCK_POLLHOST, fd, POLLIN);
	until_word(c.thr, WORD_POLL);
	(void)!write(fd, "12345678", 8);
	is(finish(&c), POLLIN, "the new file of that number is watched");
	close(fd);
}

/* A channel of one frame in each direction, over eventfds. */
struct wire {
	struct libos_netio io;
	int rxfd, txfd, closed;
	bool has, full;
	__u64 due;
	__u32 rx_calls;
};

static int wire_tx(struct libos_netio *io, unsigned int q, struct libos_frame *const *f,
		   unsigned int n)
{
	struct wire *w = (struct wire *)io;

	return __atomic_load_n(&w->full, __ATOMIC_ACQUIRE) ? 0 : (int)n;
}

static int wire_rx(struct libos_netio *io, unsigned int q, struct libos_frame *const *f,
		   unsigned int n)
{
	struct wire *w = (struct wire *)io;
	__u64 v;

	w->rx_calls++;
	if (w->due <= now_ns()) {
		w->due = LIBOS_NEVER;
		w->has = true;
	} else if (read(w->rxfd, &v, 8) != 8) {
		return 0;
	}
	f[0]->len = 60;
	return 1;
}

static int wire_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	struct wire *w = (struct wire *)io;

	fds[0] = (struct libos_pollfd){ .fd = w->rxfd, .events = POLLIN };
	fds[1] = (struct libos_pollfd){ .fd = w->txfd, .events = POLLOUT };
	return 2;
}

static __u64 wire_deadline(struct libos_netio *io)
{
	return ((struct wire *)io)->due;
}

static void wire_close(struct libos_netio *io)
{
	((struct wire *)io)->closed++;
}

static const struct libos_netio_ops wire_ops = {
	.name = "wire",
	.tx = wire_tx,
	.rx = wire_rx,
	.pollfds = wire_pollfds,
	.deadline_ns = wire_deadline,
	.close = wire_close,
};

static struct wire wire = {
	.io = { .ops = &wire_ops, .queues = 1, .max_mtu = 1500, .link_up = 1 },
	.due = LIBOS_NEVER,
};

static void test_netdev(void)
{
	struct libos_netdev_params params = { .name = "eth0" };
	char buf[64];
	struct caller c;
	__u64 full = ~0ULL - 1, v, t0, t = ~0ULL;
	long ret = 60;
	int i;

	wire.rxfd = eventfd(0, EFD_NONBLOCK);
	wire.txfd = eventfd(0, EFD_NONBLOCK);
	is(libos_netdev_add(me, &params, &wire.io), 1, "a device gets its ifindex");
	for (i = 0; i < 100; i++) {
		start(&c, MOCK_RECV, (unsigned long)buf, sizeof(buf));
		until_word(c.thr, WORD_POLL);
		(void)!write(wire.rxfd, "\1\0\0\0\0\0\0\0", 8);
		if (finish(&c) != 60)
			break;
	}
	is(i, 100, "a frame wakes the one who waits for it");

	is(call(me, MOCK_SEND, (unsigned long)buf, 60), 0, "a frame is sent");
	wire.full = true;
	(void)!write(wire.txfd, &full, 8);
	start(&c, MOCK_SEND, (unsigned long)buf, 60);
	until_word(c.thr, WORD_POLL);
	usleep(1000);
	is(wire.closed, 0, "(the channel is open)");
	is(c.ret, -9999, "a sender waits for a full channel");
	__atomic_store_n(&wire.full, false, __ATOMIC_RELEASE);
	(void)!read(wire.txfd, &v, 8);
	is(finish(&c), 0, "and goes on when it has room");

	for (i = 0; i < TRIES && ret == 60 && t >= 50000000; i++) {
		t0 = now_ns();
		wire.due = t0 + 10000000;
		ret = call(me, MOCK_RECV, (unsigned long)buf, sizeof(buf));
		t = now_ns() - t0;
	}
	is(ret, 60, "a delayed frame arrives");
	ok(t >= 10000000 && t < 50000000, "when it is due (%.3f ms)", t / 1e6);
}

static void test_mem(void)
{
	char *page = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char buf[256] = "", to_child[] = "written";
	int p[2], q[2];
	pid_t pid;

	if (pipe(p) < 0 || pipe(q) < 0)
		abort();
	pid = fork();
	if (!pid) {
		char c;

		munmap(page + 4096, 4096);
		strcpy(page + 4096 - 6, "hello");
		(void)!write(p[1], "r", 1);
		(void)!read(q[0], &c, 1);
		_exit(strcmp(page, "written") ? 1 : 0);
	}
	(void)!read(p[0], buf, 1);
	me->pid = pid;
	is(call4(me, MOCK_MEM, (unsigned long)buf, (unsigned long)page + 4096 - 6, 6, 0), 0,
	   "another process's memory is read");
	ok(!strcmp(buf, "hello"), "and is what it should be");
	is(call4(me, MOCK_MEM, (unsigned long)buf, (unsigned long)page + 4096 - 6, 100, 0), 94,
	   "up to where it ends");
	is(call4(me, MOCK_MEM, (unsigned long)buf, 16, 100, 0), 100, "nothing where there is none");
	is(call4(me, MOCK_MEM, (unsigned long)page, (unsigned long)to_child, 8, 1), 0,
	   "another process's memory is written");
	is(call4(me, MOCK_MEM, (unsigned long)page + 4090, (unsigned long)to_child, 8, 1), 2,
	   "up to where it ends");
	me->pid = 0;
	(void)!write(q[1], "g", 1);
	int status = -1;

	waitpid(pid, &status, 0);
	is(status, 0, "as the process itself sees");
}

static void test_halt(void)
{
	struct caller c[3];
	int i;

	for (i = 0; i < 3; i++)
		start(&c[i], MOCK_WAIT, 20, 0);
	while (load_relaxed(&os->nparked) < 2)
		usleep(100);
	is(call(me, MOCK_PANIC, 0, 0), -ESHUTDOWN, "who makes the kernel panic gets ESHUTDOWN");
	for (i = 0; i < 3; i++)
		is(finish(&c[i]), -ESHUTDOWN, "and so does each who waits");
	is(call(me, MOCK_NULL, 1, 0), -ESHUTDOWN, "and who comes later");
	ok(strstr(logged, "Kernel panic") != NULL, "the log says why");
}

int main(void)
{
	int fds = count_fds();

	plan(60);
	open_mock();
	test_basics();
	test_time();
	test_idle();
	test_threads();
	test_interrupt();
	test_hostfile();
	test_netdev();
	test_mem();
	test_halt();
	libos_close(os);
	is(wire.closed, 1, "closing the instance closes its channel");
	close(wire.rxfd);
	close(wire.txfd);
	is(count_fds() - 4, fds, "no file is left open but two pipes of the test");
	return done();
}
