/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests that call a stack share: the call, the clock, the handler of a bad
 * pointer, and how many files are open.
 */
#ifndef HOST_TESTS_CALLS_H
#define HOST_TESTS_CALLS_H

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <libos/libos.h>

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

/* The identity of this thread, if it is one of a stack. */
static __thread struct libos_thread *self __attribute__((unused));

/* A bad pointer of a call is the call's affair. */
static inline void on_fault(int sig, siginfo_t *info, void *context)
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

static inline void handle_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

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
