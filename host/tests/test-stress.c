// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads make blocking and non-blocking calls of one instance at random,
 * are interrupted at random instants from signal handlers and from each other, and
 * none may hang, lose a post, or get in beside another (the mock traps).
 * Half of them are clients, whose calls the server makes; that they are of the same
 * process is all the same to it, and lets a sanitizer see both sides.
 *
 * The same source is built with ThreadSanitizer as test-stress-tsan.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <libos/remote.h>

#include "../instance.h"
#include "check.h"
#include "mock.h"

/*
 * It does not see that a file comes by a message, or is closed by number without a libc, and
 * takes the number for that of the file before.
 */
#ifdef __SANITIZE_THREAD__
const char *__tsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void)
{
	return "race:^client_begin$\nrace:^eventfd$\nrace:^epoll_create1$\nrace:^attach$\n";
}
#endif

#define THREADS	8
#ifndef ROUNDS
#define ROUNDS	20000
#endif

static struct libos *os;
static struct libos_thread *identity[THREADS];
static pthread_t thread[THREADS];
static __u64 posted, taken, interrupted, signals, bad;
static __thread struct libos_thread *self;

static long call(struct libos_thread *thr, long nr, unsigned long a, unsigned long b)
{
	unsigned long arg[6] = { a, b };

	return libos_call(thr, nr, arg);
}

static void on_signal(int sig)
{
	int saved = errno;

	__atomic_fetch_add(&signals, 1, __ATOMIC_RELAXED);
	if (self && libos_in_call(self))
		libos_interrupt(self);
	errno = saved;
}

static __u32 rnd(__u32 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

static void count(__u64 *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

/*
 * Half of the threads give, half take; each taker is served by the giver that is
 * its neighbour, so the sum of posts ends the test, and a lost wake-up hangs it.
 */
static void giver(__u32 *seed, unsigned int ch, int rounds)
{
	int i;

	for (i = 0; i < rounds; i++) {
		switch (rnd(seed) % 8) {
		case 0:
			if (call(self, MOCK_SLEEP, rnd(seed) % 100000, 0) == -MOCK_RESTART)
				count(&interrupted);
			break;
		case 1:
			if (call(self, MOCK_NULL, 42, 0) != 42)
				count(&bad);
			break;
		case 2:
			libos_interrupt(identity[rnd(seed) % THREADS]);
			break;
		case 3:
			if (call(self, MOCK_LATER, ch, 0) == 0)
				count(&posted);
			/* The slot for deferred work is one: let it be used up. */
			call(self, MOCK_SLEEP, 1, 0);
			break;
		case 4:
			usleep(rnd(seed) % 50);
			break;
		}
		if (call(self, MOCK_POST, ch, 0) == 0)
			count(&posted);
		else
			count(&bad);
	}
}

static void taker(__u32 *seed, unsigned int ch, int rounds)
{
	int got = 0;

	while (got < rounds) {
		long r = call(self, MOCK_WAIT, ch, 0);

		if (r == 0) {
			got++;
			count(&taken);
		} else if (r == -MOCK_RESTART) {
			count(&interrupted);
		} else {
			count(&bad);
		}
		if (rnd(seed) % 16 == 0)
			call(self, MOCK_NULL, 1, 0);
	}
}

static void *worker(void *arg)
{
	unsigned int n = (unsigned int)(uintptr_t)arg;
	__u32 seed = 2463534242U + n * 7919 + (__u32)getpid();

	self = identity[n];
	if (n & 1)
		taker(&seed, n / 2, ROUNDS);
	else
		giver(&seed, n / 2, ROUNDS);
	return NULL;
}

static bool running = true;

/* Signals at random threads at random instants, for as long as they run. */
static void *tormentor(void *arg)
{
	__u32 seed = 88675123;

	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		pthread_kill(thread[rnd(&seed) % THREADS], SIGUSR1);
		usleep(rnd(&seed) % 60);
	}
	return NULL;
}

/* A client by a socket without a name. */
static int attach(const struct sockaddr_un *a, socklen_t len, struct libos_thread **thr)
{
	int sock = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (connect(sock, (const struct sockaddr *)a, len) < 0)
		return -errno;
	return libos_attach(sock, thr);
}

static int make_identities(struct libos_thread *first)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a);
	int l = socket(AF_UNIX, SOCK_SEQPACKET, 0), i, r = 0;

	/* The kernel finds an abstract name. */
	if (bind(l, (struct sockaddr *)&a, sizeof(a.sun_family)) < 0 || listen(l, 4) < 0 ||
	    getsockname(l, (struct sockaddr *)&a, &len) < 0)
		return -errno;
	r = libos_serve(first, l, NULL);
	for (i = 0; i < THREADS / 2 && !r; i++)
		r = libos_thread_new(first, 0, 0, &identity[i]);
	for (; i < THREADS && !r; i++)
		r = i & 1 ? libos_thread_new(identity[i - 1], 0, 0, &identity[i]) :
			    attach(&a, len, &identity[i]);
	return r;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct libos_thread *first;
	pthread_t torment;
	int i, r;

	plan(240);
	sigaction(SIGUSR1, &sa, NULL);
	r = instance_open(&(struct libos_opts){ .size = sizeof(struct libos_opts),
						.cmdline = "quiet" },
			  &libos_kernel, &os, &first);
	if (!ok(r == 0, "an instance of the mock boots"))
		return done();
	if (!is(make_identities(first), 0, "identities of the home and of clients"))
		return done();
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, worker, (void *)(uintptr_t)i);
	pthread_create(&torment, NULL, tormentor, NULL);
	/* Takers first: they end by themselves only if no post is lost. */
	for (i = 1; i < THREADS; i += 2)
		pthread_join(thread[i], NULL);
	__atomic_store_n(&running, false, __ATOMIC_RELEASE);
	pthread_join(torment, NULL);
	for (i = 0; i < THREADS; i += 2)
		pthread_join(thread[i], NULL);

	is((long long)taken, (long long)THREADS / 2 * ROUNDS, "every wait has ended");
	ok(posted >= taken, "no more was taken than posted");
	is((long long)bad, 0, "no call returned what it should not");
	ok(interrupted > 0, "calls were interrupted: %llu by %llu signals",
	   (unsigned long long)interrupted, (unsigned long long)signals);
	token_lock(os);
	printf("# polls %llu parks %llu kicks %llu appointed %llu inline %llu helper %llu spins %llu/%llu\n",
	       os->stat.polls, os->stat.parks, os->stat.kicks, os->stat.appoints,
	       os->stat.inline_polls, os->stat.helper_polls, os->stat.spin_hits, os->stat.spins);
	ok(os->stat.parks > 0 && os->stat.polls > 0, "threads parked, and polled");
	token_unlock(os);
	for (i = THREADS - 1; i >= 0; i--)
		libos_thread_exit(identity[i], 0);
	libos_close(os);
	return done();
}
