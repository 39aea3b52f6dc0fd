/* SPDX-License-Identifier: GPL-2.0-only */
/* TAP output, network namespaces and frames for the tests of this room. */
#ifndef NETIO_TESTS_T_H
#define NETIO_TESTS_T_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libos/netio_backends.h>

#define UNUSED	__attribute__((unused))

/* TAP */

static int t_count, t_failed;
static pid_t t_pid;

static UNUSED bool ok_at(bool good, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static UNUSED bool ok_at(bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++t_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!good) {
		t_failed++;
		printf("#   at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

#define ok(good, ...)	ok_at(good, __FILE__, __LINE__, __VA_ARGS__)
#define is(got, want, name) do {						\
	long long _got = (long long)(got), _want = (long long)(want);		\
	if (!ok(_got == _want, "%s", name))					\
		printf("#   got %lld, expected %lld\n", _got, _want);		\
} while (0)

static UNUSED void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static UNUSED void note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

static UNUSED void bail(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static UNUSED void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

/* A folder for the test's files, removed however the test ends. */
static char t_dir[64], t_rm[96];

static UNUSED void t_timeout(int sig)
{
	static const char msg[] = "Bail out! the test's time is over\n";

	(void)!write(1, msg, sizeof(msg) - 1);
	if (t_rm[0] && getpid() == t_pid)
		execl("/bin/sh", "sh", "-c", t_rm, NULL);
	_exit(1);
}

static UNUSED void t_remove(void)
{
	if (getpid() == t_pid && WEXITSTATUS(system(t_rm)) != 1)
		printf("# cannot remove %s\n", t_dir);
}

static UNUSED const char *t_folder(const char *name)
{
	snprintf(t_dir, sizeof(t_dir), "/tmp/netio-%s-XXXXXX", name);
	if (!mkdtemp(t_dir))
		bail("mkdtemp");
	snprintf(t_rm, sizeof(t_rm), "rm -rf %s; exit 1", t_dir);
	atexit(t_remove);
	return t_dir;
}

static UNUSED void t_begin(unsigned int seconds)
{
	t_pid = getpid();
	signal(SIGALRM, t_timeout);
	alarm(seconds);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static UNUSED int t_end(void)
{
	printf("1..%d\n", t_count);
	return t_failed != 0;
}

/* Time; conditions are waited for, never slept on */

static UNUSED __u64 t_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

#define MS	1000000ULL

/* Network namespaces: each lives as long as a child of the test sleeps in it */

struct ns {
	int	fd;
	pid_t	pid;
};

static UNUSED void ns_enter(const struct ns *ns)
{
	if (setns(ns->fd, CLONE_NEWNET) < 0)
		bail("setns");
}

static UNUSED struct ns ns_new(void)
{
	struct ns ns;
	char path[40], c;
	int pipefd[2];

	if (pipe(pipefd) < 0)
		bail("pipe");
	ns.pid = fork();
	if (!ns.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0)
			_exit(1);
		(void)!write(pipefd[1], "x", 1);
		close(pipefd[1]);
		for (;;)
			pause();
	}
	close(pipefd[1]);
	if (read(pipefd[0], &c, 1) != 1)
		skip_all("network namespaces need root");
	close(pipefd[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", ns.pid);
	ns.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ns.fd < 0)
		bail(path);
	return ns;
}

static UNUSED void ns_end(struct ns *ns)
{
	kill(ns->pid, SIGKILL);
	waitpid(ns->pid, NULL, 0);
	close(ns->fd);
}

/* Start a shell command in a namespace (NULL: where we are). */
static UNUSED pid_t sh_start(const struct ns *ns, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static UNUSED pid_t sh_start(const struct ns *ns, const char *fmt, ...)
{
	char cmd[2048];
	va_list ap;
	pid_t pid;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ns)
		ns_enter(ns);
	alarm(0);
	execl("/bin/sh", "sh", "-c", cmd, NULL);
	_exit(127);
}

static UNUSED int sh_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define sh(ns, ...)	sh_wait(sh_start(ns, __VA_ARGS__))
#define must(ns, ...) do {							\
	if (sh(ns, __VA_ARGS__)) {						\
		printf("# failed: %s\n", #__VA_ARGS__);				\
		bail("setting up");						\
	}									\
} while (0)

/* Has a child ended?  Its exit status goes to *status. */
static UNUSED bool ended(pid_t pid, int *status)
{
	int st;

	if (waitpid(pid, &st, WNOHANG) != pid)
		return false;
	*status = WIFEXITED(st) ? WEXITSTATUS(st) : -1;
	return true;
}

/* What a command prints, in a namespace. */
static UNUSED const char *sh_output(const struct ns *ns, const char *cmd)
{
	static char buf[1 << 16];
	int fds[2], n, at = 0;
	pid_t pid;

	if (pipe(fds) < 0)
		bail("pipe");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (ns)
			ns_enter(ns);
		dup2(fds[1], 1);
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		_exit(127);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf + at, sizeof(buf) - 1 - at)) > 0)
		at += n;
	close(fds[0]);
	buf[at] = 0;
	sh_wait(pid);
	return buf;
}

static UNUSED long long sh_number(const struct ns *ns, const char *cmd)
{
	return atoll(sh_output(ns, cmd));
}

/* Frames with room, as the driver has them */

struct pool {
	struct libos_frame frame[LIBOS_BURST];
	struct libos_frame *f[LIBOS_BURST];
	char	*mem;
	size_t	seglen;
	unsigned int nseg;
};

static UNUSED void pool_reset(struct pool *p)
{
	unsigned int i, k;

	for (i = 0; i < LIBOS_BURST; i++) {
		memset(&p->frame[i], 0, sizeof(p->frame[i]));
		p->f[i] = &p->frame[i];
		p->frame[i].nseg = p->nseg;
		for (k = 0; k < p->nseg; k++) {
			p->frame[i].seg[k].base = p->mem + (i * p->nseg + k) * p->seglen;
			p->frame[i].seg[k].len = p->seglen;
		}
	}
}

static UNUSED void pool_init(struct pool *p, unsigned int nseg, size_t seglen)
{
	p->nseg = nseg;
	p->seglen = seglen;
	p->mem = malloc(LIBOS_BURST * nseg * seglen);
	if (!p->mem)
		bail("malloc");
	pool_reset(p);
}

/* Make a received frame one that can be sent: cut its segments to its length. */
static UNUSED void frame_trim(struct libos_frame *f)
{
	__u32 left = f->len, i;

	for (i = 0; i < f->nseg && left; i++) {
		if (f->seg[i].len > left)
			f->seg[i].len = left;
		left -= f->seg[i].len;
	}
	f->nseg = i;
}

static UNUSED void frame_read(const struct libos_frame *f, void *to, size_t len)
{
	size_t at = 0, i, n;

	for (i = 0; i < f->nseg && at < len; i++, at += n) {
		n = f->seg[i].len < len - at ? f->seg[i].len : len - at;
		memcpy((char *)to + at, f->seg[i].base, n);
	}
}

/* Fill a frame of @len bytes cut at @cut; the bytes follow from @seed. */
static UNUSED void frame_make(struct libos_frame *f, char *bytes, __u32 len, __u32 cut,
			      unsigned int seed)
{
	__u32 i, at;

	memset(&f->vnet, 0, sizeof(f->vnet));
	for (i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = seed >> 16;
	}
	if (len >= 14) {
		memcpy(bytes, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb5", 14);
	}
	f->len = len;
	f->nseg = 0;
	for (at = 0; at < len; at += f->seg[f->nseg++].len) {
		__u32 n = f->nseg + 1 < LIBOS_FRAME_SEGS && cut && cut < len - at ? cut : len - at;

		f->seg[f->nseg].base = bytes + at;
		f->seg[f->nseg].len = n;
	}
}

static UNUSED bool frame_is(const struct libos_frame *f, __u32 len, unsigned int seed)
{
	char *want = malloc(len), *got = malloc(len);
	struct libos_frame ref;
	bool same;

	frame_make(&ref, want, len, 0, seed);
	if (f->len == len)
		frame_read(f, got, len);
	same = f->len == len && !memcmp(want, got, len);
	free(want);
	free(got);
	return same;
}

static UNUSED struct libos_netio_stats stats_of(struct libos_netio *io)
{
	struct libos_netio_stats s = { 0 };

	io->ops->stats(io, &s);
	return s;
}

/* Wait until a channel's files or deadline say that there is something, and tell it. */
static UNUSED bool io_wait(struct libos_netio *io, bool out, int ms)
{
	struct libos_pollfd pf[64];
	struct pollfd fds[64];
	__u64 now = t_now(), due = ~0ULL;
	int n = io->ops->pollfds(io, pf, 64), i, t = ms;

	for (i = 0; i < n; i++)
		fds[i] = (struct pollfd){ pf[i].fd,
					  pf[i].events & (out ? ~0 : ~POLLOUT), 0 };
	if (io->ops->deadline_ns)
		due = io->ops->deadline_ns(io);
	if (due <= now)
		return true;
	if (due != ~0ULL && (due - now) / MS + 1 < (__u64)ms)
		t = (due - now) / MS + 1;
	if (poll(fds, n, t) <= 0)
		return t < ms;
	for (i = 0; i < n; i++)
		if (pf[i].told && fds[i].revents)
			*pf[i].told = 1;
	return true;
}

/* Wait, receiving what comes into @rx, until the link is as @up says.  False after @ms. */
static UNUSED bool link_becomes(struct libos_netio *io, struct libos_frame *const *rx, __u32 up,
				int ms)
{
	__u64 end = t_now() + ms * MS;

	while (io->link_up != up && t_now() < end) {
		io_wait(io, false, 50);
		io->ops->rx(io, 0, rx, 1);
	}
	return io->link_up == up;
}

/* Send all of a burst, waiting for room; false after a second without progress. */
static UNUSED bool send_all(struct libos_netio *io, struct libos_frame **f, unsigned int n)
{
	unsigned int at = 0;
	int ret, idle = 0;

	while (at < n) {
		ret = io->ops->tx(io, 0, f + at, n - at);
		if (ret < 0 || idle > 100)
			return false;
		idle = ret ? 0 : idle + 1;
		at += ret;
		if (at < n)
			io_wait(io, true, 10);
	}
	return true;
}

#endif /* NETIO_TESTS_T_H */
