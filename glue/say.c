// SPDX-License-Identifier: GPL-2.0-only
/*
 * One line to the user, from code that has no libc.
 */
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "core.h"

#define LINE	512

struct line {
	char	s[LINE];
	unsigned int n;
};

static void put(struct line *l, char c)
{
	if (l->n < LINE - 1)
		l->s[l->n++] = c;
}

static void put_string(struct line *l, const char *s)
{
	while (*s)
		put(l, *s++);
}

static void put_number(struct line *l, unsigned long v, unsigned int base)
{
	char d[24];
	int n = 0;

	do {
		d[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		put(l, d[--n]);
}

void glue_say(const char *fmt, ...)
{
	struct line l;
	va_list ap;
	long v;

	l.n = 0;
	put_string(&l, "nuse: ");
	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%' || !fmt[1]) {
			put(&l, *fmt);
			continue;
		}
		switch (*++fmt) {
		case 's':
			put_string(&l, va_arg(ap, const char *));
			break;
		case 'd':
			v = va_arg(ap, long);
			if (v < 0)
				put(&l, '-');
			put_number(&l, v < 0 ? -(unsigned long)v : (unsigned long)v, 10);
			break;
		case 'x':
			put_string(&l, "0x");
			put_number(&l, va_arg(ap, unsigned long), 16);
			break;
		default:
			put(&l, *fmt);
		}
	}
	va_end(ap);
	l.s[l.n++] = '\n';
	glue_raw3(SYS_write, 2, l.s, l.n);
}
