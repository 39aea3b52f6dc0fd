/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP for the tests of this room.  plan() sets a time limit: a test that hangs
 * fails, and says so.
 */
#ifndef HOST_TESTS_CHECK_H
#define HOST_TESTS_CHECK_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_n, check_failed;

static void check_timeout(int sig)
{
	static const char msg[] = "Bail out! time limit passed\n";

	(void)!write(1, msg, sizeof(msg) - 1);
	_exit(99);
}

static inline void plan(unsigned int limit_s)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, check_timeout);
	alarm(limit_s);
}

__attribute__((format(printf, 2, 3))) static inline bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	check_n++;
	if (!good)
		check_failed++;
	printf("%sok %d - ", good ? "" : "not ", check_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return good;
}

/* Equality of numbers, with both shown when they differ. */
static inline bool is(long long got, long long want, const char *what)
{
	bool good = ok(got == want, "%s", what);

	if (!good)
		printf("# got %lld, expected %lld\n", got, want);
	return good;
}

static inline void skip(const char *what, const char *why)
{
	check_n++;
	printf("ok %d - %s # SKIP %s\n", check_n, what, why);
}

static inline int done(void)
{
	printf("1..%d\n", check_n);
	return check_failed ? 1 : 0;
}

#endif
