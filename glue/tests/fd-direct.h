/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * glue_dispatch() without the engine: a test calls it as a function.
 */
#ifndef GLUE_TESTS_FD_DIRECT_H
#define GLUE_TESTS_FD_DIRECT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <libos/libos.h>

#include "glue/fd.h"
#include "glue/glue.h"

extern struct glue_prog direct_prog;
extern struct glue_opts direct_opts;

/* Boot a stack with a loopback interface that is up; false: skip, it said why. */
bool direct_start(void);
void direct_stop(void);

/* The calling thread's; made on first use. */
struct glue_thread *direct_self(void);
/* Before a thread ends. */
void direct_thread_end(void);

/* A call of the program. */
long direct_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
		 unsigned long e, unsigned long f);
#define SC_PICK(_1, _2, _3, _4, _5, _6, _7, NAME, ...)	NAME
#define SC_1(n)			direct_call(n, 0, 0, 0, 0, 0, 0)
#define U(x)			((unsigned long)(x))
#define SC_2(n, a)		direct_call(n, U(a), 0, 0, 0, 0, 0)
#define SC_3(n, a, b)		direct_call(n, U(a), U(b), 0, 0, 0, 0)
#define SC_4(n, a, b, c)	direct_call(n, U(a), U(b), U(c), 0, 0, 0)
#define SC_5(n, a, b, c, d)	direct_call(n, U(a), U(b), U(c), U(d), 0, 0)
#define SC_6(n, a, b, c, d, e)	direct_call(n, U(a), U(b), U(c), U(d), U(e), 0)
#define SC_7(n, a, b, c, d, e, f) direct_call(n, U(a), U(b), U(c), U(d), U(e), U(f))
#define sc(...) SC_PICK(__VA_ARGS__, SC_7, SC_6, SC_5, SC_4, SC_3, SC_2, SC_1)(__VA_ARGS__)

/* TAP. */
extern int tap_count, tap_failed;
/* Calls of the host that the glue has made so far. */
extern unsigned long direct_host_calls;
/* How often the glue complained; a test that expects nothing of it looks. */
extern int direct_said;
#define ok(cond, ...)								\
	do {									\
		bool ok_ = (cond);						\
		printf("%sok %d - ", ok_ ? "" : "not ", ++tap_count);		\
		printf(__VA_ARGS__);						\
		printf("\n");							\
		if (!ok_) {							\
			tap_failed++;						\
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		}								\
		fflush(stdout);							\
	} while (0)
#define ok_ret(expr, want, ...)							\
	do {									\
		long ret_ = (expr), want_ = (want);				\
		ok(ret_ == want_, __VA_ARGS__);					\
		if (ret_ != want_)						\
			printf("# got %ld, expected %ld\n", ret_, want_);	\
	} while (0)

#endif /* GLUE_TESTS_FD_DIRECT_H */
