/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of remote calls share: calls, clients, and a census of what may leak.
 */
#ifndef HOST_TESTS_REMOTE_H
#define HOST_TESTS_REMOTE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <libos/remote.h>

#include "../instance.h"
#include "check.h"

#define CALL(thr, nr, ...) ({					\
	unsigned long _a[6] = { __VA_ARGS__ };			\
	libos_call(thr, nr, _a);				\
})
#define P(x) ((unsigned long)(x))

static inline __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Something comes true within a while. */
#define eventually(cond) ({					\
	__u64 _end = now_ns() + 10000000000ULL;			\
	bool _good;						\
	while (!(_good = (cond)) && now_ns() < _end)		\
		usleep(500);					\
	_good;							\
})

/* The identity of this thread, if it is a client's. */
static __thread struct libos_thread *self;

/* A bad pointer of a call is touched by the client itself. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	unsigned long to = 0;

	if (self && libos_in_call(self))
		to = libos_fault(self, (unsigned long)uc->uc_mcontext.gregs[REG_RIP]);
	if (!to) {
		signal(sig, SIG_DFL);
		return;
	}
	uc->uc_mcontext.gregs[REG_RIP] = (long)to;
}

static inline void become_client(struct libos_thread *me)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	self = me;
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

/*
 * Fork a client that runs @fn and exits with what it returns.  The child's TAP output
 * is its own affair: it says "#" lines only.
 */
static inline pid_t fork_client(struct libos_thread *parent,
				int (*fn)(struct libos_thread *me, void *arg), void *arg)
{
	struct libos_thread *me;
	struct libos_fork *f;
	pid_t pid;
	int r;

	r = libos_fork_begin(parent, &f);
	if (r < 0) {
		printf("# libos_fork_begin: %s\n", strerror(-r));
		return r;
	}
	pid = fork();
	if (!pid) {
		r = libos_fork_child(f, &me);
		if (r < 0) {
			printf("# libos_fork_child: %s\n", strerror(-r));
			_exit(101);
		}
		become_client(me);
		_exit(fn(me, arg));
	}
	libos_fork_end(f, pid);
	return pid;
}

/* A fork that failed has no pid, and a negative number is a great many processes. */
static inline void kill_child(pid_t pid)
{
	if (pid > 1)
		kill(pid, SIGKILL);
}

static inline int status_of(pid_t pid)
{
	int status = -1;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* In a client: say what is wrong, and count it. */
#define expect(cond) do {						\
	if (!(cond)) {							\
		printf("# client, line %d: not true: %s\n", __LINE__, #cond);	\
		bad++;							\
	}								\
} while (0)

#define expect_eq(got, want) do {					\
	long long _g = (got), _w = (want);				\
	if (_g != _w) {							\
		printf("# client, line %d: %s is %lld, not %lld\n", __LINE__, #got, _g, _w); \
		bad++;							\
	}								\
} while (0)

static inline int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

#endif
