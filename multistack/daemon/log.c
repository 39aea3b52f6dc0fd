// SPDX-License-Identifier: GPL-2.0-only
/* One line to stderr for each thing worth saying, with sd-daemon(3)'s levels. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "msd.h"

void log_line(int level, const char *fmt, ...)
{
	static int journal = -1;
	char line[512];
	va_list ap;

	if (journal < 0)
		journal = getenv("JOURNAL_STREAM") != NULL;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "multistackd: %s\n", line);
}

int refuse(struct msd *d, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->err, sizeof(d->err), fmt, ap);
	va_end(ap);
	return err;
}
