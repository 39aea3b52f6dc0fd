/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - the little of the Test Anything Protocol that these tests need
 */
#ifndef PKTGEN_TESTS_TAP_H
#define PKTGEN_TESTS_TAP_H

#include <stdio.h>
#include <unistd.h>

#define TAP_TIME_LIMIT	60	/* seconds; SIGALRM ends a test that hangs */

static int tap_count, tap_failed;

#define ok(cond, ...)							\
	do {								\
		int ok_ = !!(cond);					\
									\
		printf("%sok %d - ", ok_ ? "" : "not ", ++tap_count);	\
		printf(__VA_ARGS__);					\
		printf("\n");						\
		if (!ok_) {						\
			tap_failed++;					\
			printf("# %s:%d: %s\n", __FILE__, __LINE__,	\
			       #cond);					\
		}							\
	} while (0)

static inline void tap_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(TAP_TIME_LIMIT);
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
