// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which file system a path belongs to: the host's or the stack's.
 *
 * The stack has a small file system of its own, with its procfs and sysfs.  A
 * program sees the host's tree with some places cut out of it and the stack's
 * put there:
 *
 *	/proc/net, /proc/PID/net, /proc/PID/ns/net	of our own process
 *	/proc/PID/fd/N, /proc/PID/fdinfo/N		if N is a stack file
 *	/proc/PID/maps					its own (maps.c)
 *	/proc/sys/net
 *	/sys/class/net, /sys/devices/virtual/net
 *	/sys/fs/bpf, /run/netns, /dev/net
 *
 * The decision is lexical: a path is made absolute, "." and ".." and doubled
 * slashes go, and then its beginning is compared.  That is right as long as no
 * symbolic link leads into or out of those places, which is so but for the
 * links that procfs and sysfs have themselves: "/proc/net" and "/proc/self" are
 * known here, and those of sysfs stay within the stack's places.
 *
 * The process has another number inside the stack, so whatever names it
 * ("self", its pid, a thread of it) is spelled "self" for the stack.
 */
#include "path.h"

static bool is(const char *s, size_t len, const char *word)
{
	while (len && *word && *s == *word) {
		s++;
		word++;
		len--;
	}
	return !len && !*word;
}

/* A decimal number of exactly @len digits' width, or -1. */
static int number(const char *s, size_t len)
{
	int n = 0;

	if (!len || len > 9)
		return -1;
	while (len--) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + *s++ - '0';
	}
	return n;
}

/*
 * Append the components of @s to the absolute path in @out, @len of which are
 * used; resolves "." and "..".  Returns the new length, or -1 if it is too long.
 */
static int join(char *out, int len, const char *s)
{
	while (*s) {
		const char *c = s;
		size_t n;

		while (*s && *s != '/')
			s++;
		n = s - c;
		while (*s == '/')
			s++;
		if (!n || is(c, n, "."))
			continue;
		if (is(c, n, "..")) {
			while (len && out[--len] != '/')
				;
			continue;
		}
		if (len + n + 3 > PATH_BUF)
			return -1;
		out[len++] = '/';
		while (n--)
			out[len++] = *c++;
	}
	out[len] = '\0';
	return len;
}

/* The next component of the path at *@p, which is advanced past it. */
static size_t next(const char **p, const char **start)
{
	const char *s = *p;

	while (*s == '/')
		s++;
	*start = s;
	while (*s && *s != '/')
		s++;
	*p = s;
	return s - *start;
}

/* Replace the first @skip bytes of @out by @head.  True if it fits. */
static bool respell(char *out, size_t skip, const char *head)
{
	char rest[PATH_BUF];
	size_t n = 0, i = 0;

	while ((rest[n] = out[skip + n]))
		n++;
	while (*head && i + n + 2 < PATH_BUF)
		out[i++] = *head++;
	if (*head)
		return false;
	for (n = 0; (out[i] = rest[n]); n++)
		i++;
	return true;
}

/* What is below /proc/PID of our own process; @p stands after the PID. */
static enum path_room of_process(struct path_where *w, const char *p)
{
	const char *c, *after;
	size_t n = next(&p, &c);

	if (is(c, n, "task")) {
		n = next(&p, &c);
		if (number(c, n) < 0)
			return PATH_NEAR;
		n = next(&p, &c);
	}
	after = c - 1;
	if (is(c, n, "net"))
		return respell(w->out, after - w->out, "/proc/self") ? PATH_STACK : PATH_HOST;
	if (is(c, n, "ns")) {
		n = next(&p, &c);
		if (is(c, n, "net"))
			return respell(w->out, after - w->out, "/proc/self") ? PATH_STACK : PATH_HOST;
		return PATH_NEAR;
	}
	if (is(c, n, "maps") && !*p)
		return PATH_MAPS;
	if (is(c, n, "fd") || is(c, n, "fdinfo")) {
		n = next(&p, &c);
		w->fd = number(c, n);
		if (w->fd < 0)
			return PATH_NEAR;
		return respell(w->out, after - w->out, "/proc/self") ? PATH_FD : PATH_HOST;
	}
	return PATH_NEAR;
}

static enum path_room of_proc(struct path_where *w, const char *p, int pid)
{
	const char *c;
	size_t n = next(&p, &c);

	if (is(c, n, "net"))
		return PATH_STACK;	/* a link there, too */
	if (is(c, n, "sys")) {
		n = next(&p, &c);
		return is(c, n, "net") ? PATH_STACK : PATH_NEAR;
	}
	if (is(c, n, "self") || is(c, n, "thread-self") || (number(c, n) == pid && pid > 0))
		return of_process(w, p);
	return PATH_NEAR;
}

static enum path_room of_sys(const char *p)
{
	const char *c;
	size_t n = next(&p, &c);

	if (is(c, n, "class")) {
		n = next(&p, &c);
		return is(c, n, "net") ? PATH_STACK : PATH_NEAR;
	}
	if (is(c, n, "devices")) {
		n = next(&p, &c);
		if (!is(c, n, "virtual"))
			return PATH_NEAR;
		n = next(&p, &c);
		return is(c, n, "net") ? PATH_STACK : PATH_NEAR;
	}
	if (is(c, n, "fs")) {
		n = next(&p, &c);
		return is(c, n, "bpf") ? PATH_STACK : PATH_NEAR;
	}
	return PATH_NEAR;
}

static enum path_room of_dev(struct path_where *w, const char *p)
{
	static const char *const std[] = { "stdin", "stdout", "stderr" };
	const char *c;
	size_t n = next(&p, &c);

	if (is(c, n, "net"))
		return PATH_STACK;
	if (is(c, n, "fd")) {
		n = next(&p, &c);
		w->fd = number(c, n);
		if (w->fd < 0)
			return PATH_NEAR;
		return respell(w->out, c - 1 - w->out, "/proc/self/fd") ? PATH_FD : PATH_HOST;
	}
	for (int i = 0; i < 3; i++) {
		char *o = w->out;

		if (!is(c, n, std[i]))
			continue;
		for (const char *s = "/proc/self/fd/"; *s; s++)
			*o++ = *s;
		*o++ = '0' + i;
		*o = '\0';
		w->fd = i;
		return PATH_FD;
	}
	return PATH_NEAR;
}

static enum path_room of_run(const char *p)
{
	const char *c;
	size_t n = next(&p, &c);

	return is(c, n, "netns") ? PATH_STACK : PATH_NEAR;
}

static enum path_room of_root(struct path_where *w, int pid)
{
	const char *p = w->out, *c;
	size_t n = next(&p, &c);

	if (!n)
		return PATH_NEAR;
	if (is(c, n, "proc"))
		return of_proc(w, p, pid);
	if (is(c, n, "sys"))
		return of_sys(p);
	if (is(c, n, "etc"))
		return PATH_ETC;
	if (is(c, n, "dev"))
		return of_dev(w, p);
	if (is(c, n, "run"))
		return of_run(p);
	if (is(c, n, "var")) {
		n = next(&p, &c);
		if (!is(c, n, "run"))
			return PATH_NEAR;
		if (!respell(w->out, p - w->out, "/run"))
			return PATH_HOST;
		return of_run(w->out + 4);
	}
	return PATH_HOST;
}

void path_classify(struct path_where *w, const char *base, const char *path, int pid)
{
	const char *end = path;
	int len = 0;

	w->fd = -1;
	w->room = PATH_HOST;
	if (*path != '/' && base)
		len = join(w->out, 0, base);
	if (len >= 0)
		len = join(w->out, len, path);
	if (len < 0)
		return;
	if (!len) {
		w->out[0] = '/';
		w->out[1] = '\0';
	}
	w->room = of_root(w, pid);
	if (w->room != PATH_STACK && w->room != PATH_FD)
		return;
	/* "/proc/net/" is what the link points to, "/proc/net" is the link */
	while (*end)
		end++;
	if (end > path && end[-1] == '/') {
		for (len = 0; w->out[len]; len++)
			;
		w->out[len] = '/';
		w->out[len + 1] = '\0';
	}
}
