/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP output for the tests of this room.
 */
#ifndef NUSE_TESTS_TAP_H
#define NUSE_TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int tap_count, tap_failed;

/* One test point; a failing one is followed by why(). */
__attribute__((format(printf, 2, 3)))
static inline int ok(int pass, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	tap_failed += !pass;
	return pass;
}

/* Show @text, each line of it as a TAP comment. */
static inline void why(const char *label, const char *text)
{
	printf("#   %s: ", label);
	for (; text && *text; text++) {
		putchar(*text);
		if (*text == '\n' && text[1])
			printf("#     ");
	}
	putchar('\n');
}

/* Print the plan; the exit status of main(). */
static inline int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

/* No test takes longer than @seconds. */
static inline void limit(unsigned int seconds)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(seconds);
}

#endif /* NUSE_TESTS_TAP_H */
