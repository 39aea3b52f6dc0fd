// SPDX-License-Identifier: GPL-2.0-only
/*
 * NUSE_TRACE: a line for each system call, saying who served it.
 *
 *	4711 stack|connect(3, 10.0.0.1:80, 16) = -115 EINPROGRESS
 *	4711 host|openat(AT_FDCWD, "/etc/hosts", O_CLOEXEC) = 4
 *
 * The line is built in a buffer of the call's stack frame after the call is
 * over, and written at once, so that lines of threads do not mix.  Arguments
 * are printed by the letters of sctable.def.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <linux/netlink.h>

#include "dispatch.h"
#include "trace-names.h"

#define LINE	768
#define SHOWN	32		/* bytes of a buffer or string */

struct line {
	char buf[LINE];
	unsigned int len;
};

static void ch(struct line *l, char c)
{
	if (l->len < LINE - 2)
		l->buf[l->len++] = c;
}

static void str(struct line *l, const char *s)
{
	while (*s)
		ch(l, *s++);
}

static void num(struct line *l, unsigned long v, unsigned int base)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		ch(l, digits[--n]);
}

static void dec(struct line *l, long v)
{
	if (v < 0) {
		ch(l, '-');
		num(l, 0UL - v, 10);
	} else {
		num(l, v, 10);
	}
}

static void hex(struct line *l, unsigned long v)
{
	str(l, "0x");
	num(l, v, 16);
}

static void ptr(struct line *l, unsigned long v)
{
	if (v)
		hex(l, v);
	else
		str(l, "NULL");
}

static void bytes(struct line *l, const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = s[i];

		if (c == '\n' || c == '\r' || c == '\t' || c == '"' || c == '\\') {
			ch(l, '\\');
			ch(l, c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c);
		} else if (c >= 32 && c < 127) {
			ch(l, c);
		} else {
			ch(l, '\\');
			ch(l, 'x');
			ch(l, "0123456789abcdef"[c >> 4]);
			ch(l, "0123456789abcdef"[c & 15]);
		}
	}
}

static void buffer(struct line *l, unsigned long at, long len)
{
	unsigned char shown[SHOWN];
	size_t n = len < SHOWN ? len : SHOWN;

	if (len < 0 || !at || glue_get_user(shown, at, n)) {
		ptr(l, at);
		return;
	}
	ch(l, '"');
	bytes(l, shown, n);
	str(l, len > SHOWN ? "\"..." : "\"");
}

static void string(struct line *l, unsigned long at)
{
	char s[256];
	long n = at ? glue_get_string(s, at, sizeof(s)) : -EFAULT;

	if (n < 0) {
		ptr(l, at);
		return;
	}
	ch(l, '"');
	bytes(l, (unsigned char *)s, n);
	ch(l, '"');
}

static void address(struct line *l, unsigned long at, unsigned long len)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_nl nl;
		struct sockaddr_storage ss;
	} u;
	const unsigned char *b;

	if (!at || len < 2 || len > sizeof(u) || glue_get_user(&u, at, len)) {
		ptr(l, at);
		return;
	}
	if (u.sa.sa_family == AF_INET && len >= sizeof(u.in)) {
		b = (unsigned char *)&u.in.sin_addr;
		for (int i = 0; i < 4; i++) {
			if (i)
				ch(l, '.');
			num(l, b[i], 10);
		}
		ch(l, ':');
		b = (unsigned char *)&u.in.sin_port;
		num(l, b[0] << 8 | b[1], 10);
	} else if (u.sa.sa_family == AF_INET6 && len >= 24) {
		b = (unsigned char *)&u.in6.sin6_addr;
		ch(l, '[');
		for (int i = 0; i < 16; i += 2) {
			if (i)
				ch(l, ':');
			num(l, b[i] << 8 | b[i + 1], 16);
		}
		str(l, "]:");
		b = (unsigned char *)&u.in6.sin6_port;
		num(l, b[0] << 8 | b[1], 10);
	} else if (u.sa.sa_family == AF_NETLINK && len >= sizeof(u.nl)) {
		str(l, "{nl_pid=");
		num(l, u.nl.nl_pid, 10);
		str(l, ", nl_groups=");
		hex(l, u.nl.nl_groups);
		ch(l, '}');
	} else {
		str(l, "{family=");
		num(l, u.sa.sa_family, 10);
		ch(l, '}');
	}
}

static void named(struct line *l, const struct name *names, unsigned long v)
{
	for (; names->name; names++) {
		if (names->value == v) {
			str(l, names->name);
			return;
		}
	}
	num(l, v, 10);
}

static void flags(struct line *l, const struct name *names, unsigned long v, const char *none)
{
	bool first = true;

	for (; names->name; names++) {
		if (!names->value || (v & names->value) != names->value)
			continue;
		if (!first)
			ch(l, '|');
		str(l, names->name);
		v &= ~names->value;
		first = false;
	}
	if (v) {
		if (!first)
			ch(l, '|');
		hex(l, v);
	} else if (first) {
		str(l, none);
	}
}

static void open_flags(struct line *l, unsigned long v)
{
	static const char *const mode[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "3" };

	str(l, mode[v & 3]);
	v &= ~3UL;
	if (v) {
		ch(l, '|');
		flags(l, trace_open, v, "");
	}
}

static void pollfds(struct line *l, unsigned long at, unsigned long n)
{
	struct pollfd p;

	ch(l, '[');
	for (unsigned long i = 0; i < n; i++) {
		if (i == 4) {
			str(l, ", ...");
			break;
		}
		if (glue_get_user(&p, at + i * sizeof(p), sizeof(p)))
			break;
		if (i)
			str(l, ", ");
		dec(l, p.fd);
		ch(l, ':');
		hex(l, (unsigned short)p.events);
		if (p.revents) {
			ch(l, '>');
			hex(l, (unsigned short)p.revents);
		}
	}
	ch(l, ']');
}

static void argument(struct line *l, char shape, const unsigned long *a, long ret)
{
	int len;

	switch (shape) {
	case 'f':
	case 'd':
		dec(l, (int)a[0]);
		break;
	case 'D':
		if ((int)a[0] == AT_FDCWD)
			str(l, "AT_FDCWD");
		else
			dec(l, (int)a[0]);
		break;
	case 'u':
		num(l, a[0], 10);
		break;
	case 'o':
		ch(l, '0');
		num(l, a[0], 8);
		break;
	case 'p':
		ptr(l, a[0]);
		break;
	case 's':
		string(l, a[0]);
		break;
	case 'O':
		open_flags(l, (unsigned int)a[0]);
		break;
	case 'b':
		buffer(l, a[0], a[1]);
		break;
	case 'B':
		buffer(l, a[0], ret);
		break;
	case 'a':
		address(l, a[0], (unsigned int)a[1]);
		break;
	case 'A':
		if (ret >= 0 && a[1] && !glue_get_user(&len, a[1], sizeof(len)))
			address(l, a[0], len);
		else
			ptr(l, a[0]);
		break;
	case 'M':
		named(l, trace_family, (unsigned int)a[0]);
		break;
	case 'T':
		named(l, trace_socktype, a[0] & 0xf);
		if (a[0] & ~0xfUL) {
			ch(l, '|');
			flags(l, trace_sockflags, a[0] & ~0xfUL, "");
		}
		break;
	case 'm':
		flags(l, trace_msg, (unsigned int)a[0], "0");
		break;
	case 'L':
		named(l, trace_level, (unsigned int)a[0]);
		break;
	case 'P':
		pollfds(l, a[0], a[1]);
		break;
	case 'E':
		named(l, trace_epoll, (unsigned int)a[0]);
		break;
	case 'F':
		named(l, trace_fcntl, (unsigned int)a[0]);
		break;
	default:
		hex(l, a[0]);
	}
}

static void result(struct line *l, const char *shapes, long ret)
{
	str(l, ") = ");
	if (ret < 0 && ret > -4096) {
		dec(l, ret);
		ch(l, ' ');
		named(l, trace_errno, -ret);
	} else if (ret > 0xfffffff || ret < 0) {
		hex(l, ret);
	} else {
		dec(l, ret);
	}
}

long trace_call(struct glue_thread *t, long nr, const unsigned long arg[6],
		long (*call)(struct glue_thread *t, long nr, const unsigned long arg[6]))
{
	const struct glue_opts *o = t->prog->opts;
	struct dispatch_thread *d = dispatch_thread(t);
	const struct sysent *e = (unsigned long)nr < SYSENTS ? &sctable[nr] : NULL;
	const char *shapes;
	struct line l;
	long ret;

	if (!d)
		return call(t, nr, arg);
	d->side = 0;
	ret = call(t, nr, arg);
	if (!d->side && o->trace < 2)
		return ret;

	l.len = 0;
	dec(&l, t->tid);
	str(&l, d->side ? " stack|" : " host|");
	if (e && e->name) {
		str(&l, e->name);
		shapes = e->args;
	} else {
		ch(&l, '#');
		dec(&l, nr);
		shapes = "xxxxxx";
	}
	ch(&l, '(');
	for (int i = 0; i < 6 && shapes[i]; i++) {
		if (i)
			str(&l, ", ");
		argument(&l, shapes[i], &arg[i], ret);
	}
	result(&l, shapes, ret);
	l.buf[l.len++] = '\n';
	glue_raw3(SYS_write, o->trace_fd ? o->trace_fd : 2, l.buf, l.len);
	return ret;
}

void trace_unlisted(struct glue_prog *p, long nr)
{
	__atomic_fetch_or(&p->fds->unlisted[nr / 64], 1UL << (nr % 64), __ATOMIC_RELAXED);
}
