// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instances: what libos_open() puts together, and libos_close() takes apart.
 *
 *	liblinux.so (private mapping) + arena + epoll, kick files + helper thread
 *
 * The files that an instance needs are moved to the top of the range of numbers,
 * where a hosted program does not look for its own (F_DUPFD from there down).
 *
 * Closing: the main identity's stack files are closed as at a program's exit, so
 * that peers see an orderly end, and then the power is cut.  The kernel layer has
 * no shutdown of its own, because nothing in it outlives the memory.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "instance.h"
#include "loader.h"
#include "sys.h"

#define EXPORT	__attribute__((visibility("default")))

#define DEFAULT_SPIN_NS	50000
#define HIGH_FDS	64	/* files kept below the limit, at most */

static void complain(struct libos *os, const char *what)
{
	posix_host_ops.console(os, what, (__u32)strlen(what));
	posix_host_ops.console(os, "\n", 1);
}

/* Move @fd out of the way of the program's numbers.  Never fails: it may stay. */
int move_high(int fd)
{
	struct rlimit lim;
	int high, from;

	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur < 2 * HIGH_FDS)
		return fd;
	from = (int)(lim.rlim_cur < 1048576 ? lim.rlim_cur : 1048576) - HIGH_FDS;
	high = fcntl(fd, F_DUPFD_CLOEXEC, from);
	if (high < 0)
		return fd;
	close(fd);
	return high;
}

static int open_files(struct libos *os)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLET,
		.data.u64 = TAG_KICK,
	};

	os->epfd = move_high(epoll_create1(EPOLL_CLOEXEC));
	os->kickfd = move_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	os->helperfd = move_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (os->epfd < 0 || os->kickfd < 0 || os->helperfd < 0 ||
	    epoll_ctl(os->epfd, EPOLL_CTL_ADD, os->kickfd, &ev) < 0)
		return -errno;
	return 0;
}

static void close_files(struct libos *os)
{
	if (os->epfd >= 0)
		close(os->epfd);
	if (os->kickfd >= 0)
		close(os->kickfd);
	if (os->helperfd >= 0)
		close(os->helperfd);
}

/* Busy polling wants a CPU for whom we wait. */
__u64 spin_budget(void)
{
	const char *env = getenv("LIBOS_BUSY_POLL_US");
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 2)
		return 0;
	return env ? strtoull(env, NULL, 10) * 1000 : DEFAULT_SPIN_NS;
}

/*
 * The kernel tells the console only text, so what is worth printing is decided by
 * its own loglevel: errors only, unless somebody takes the log or asked for more.
 */
static int make_cmdline(const struct libos *os, const char *given, char *buf, size_t len)
{
	const char *add = os->log ? "loglevel=8" : "quiet";
	int n;

	if (given && (os->log || strstr(given, "quiet") || strstr(given, "loglevel=") ||
		      strstr(given, "ignore_loglevel") || strstr(given, "debug")))
		add = "";
	n = snprintf(buf, len, "%s%s%s", given ? given : "", given && *add ? " " : "", add);
	return n < 0 || (size_t)n >= len ? -EINVAL : 0;
}

static int load_library(struct libos *os, const char *path)
{
	const struct libos_kernel_ops *k;
	char err[512] = "";
	int r;

	if (!path)
		path = library_default();
	r = library_load(path, LIBOS_KERNEL_SYMBOL, 0, &os->library, err, sizeof(err));
	if (r < 0) {
		if (*err)
			complain(os, err);
		return r;
	}
	k = os->library->symbol;
	if (k->size != sizeof(*k)) {
		snprintf(err, sizeof(err), "%s: made for another libos.so (ops of %u bytes, not %zu)",
			 os->library->path, k->size, sizeof(*k));
		complain(os, err);
		return -EPROTO;
	}
	/* As the arena: fork() need not copy it, nor we each page that the kernel writes next. */
	madvise(os->library->map, os->library->map_len, MADV_DONTFORK);
	os->kernel = k;
	return 0;
}

static int boot(struct libos *os, const char *cmdline)
{
	struct libos_boot_params params = {
		.size = sizeof(params),
		.ops = &posix_host_ops,
		.host = os,
		.arena = os->arena,
		.arena_len = os->arena_len,
		.init_host_task = os->main,
	};
	char line[2048];
	int r;

	r = make_cmdline(os, cmdline, line, sizeof(line));
	if (r < 0)
		return r;
	params.cmdline = line;

	token_lock(os);
	r = os->kernel->boot(&params, &os->main->task);
	if (os->halted)
		r = -EIO;
	instance_release(os);
	return r;
}

static void destroy(struct libos *os)
{
	helper_stop(os);
	netdev_close_all(os);
	close_files(os);
	rings_free(os);
	arena_free(os);
	library_unload(os->library);
	if (os->hostfile)
		munmap(os->hostfile, os->nhostfile * sizeof(*os->hostfile));
	thread_free_all(os);
	free(os);
}

/* Options of a caller that was compiled with an earlier, shorter struct. */
static int read_opts(struct libos_opts *o, const struct libos_opts *given)
{
	*o = (struct libos_opts){ .size = sizeof(*o) };
	if (!given)
		return 0;
	if (given->size < offsetof(struct libos_opts, memory))
		return -EINVAL;
	memcpy(o, given, given->size < sizeof(*o) ? given->size : sizeof(*o));
	return 0;
}

/*
 * Boot an instance of @kernel, or of the library that the options name if that is
 * NULL.  Tests bring a kernel of their own.
 */
int instance_open(const struct libos_opts *opts, const struct libos_kernel_ops *kernel,
		  struct libos **out, struct libos_thread **main)
{
	struct libos_opts o;
	struct libos *os;
	int r;

	r = read_opts(&o, opts);
	if (r < 0)
		return r;
	os = aligned_alloc(64, (sizeof(*os) + 63) & ~63UL);
	if (!os)
		return -ENOMEM;
	memset(os, 0, sizeof(*os));
	os->epfd = os->kickfd = os->helperfd = os->arena_fd = -1;
	os->log = o.log;
	os->log_arg = o.log_arg;
	os->clock = clock_find();
	os->deadline = LIBOS_NEVER;
	os->spin_ns = spin_budget();
	os->kernel = kernel;
	link_init(&os->parked);
	link_init(&os->rings);

	r = kernel ? 0 : load_library(os, o.library);
	if (r < 0)
		goto err;
	r = open_files(os);
	if (r < 0)
		goto err;
	r = arena_make(os, o.memory);
	if (r < 0)
		goto err;
	os->main = thread_alloc(os);
	if (!os->main) {
		r = -ENOMEM;
		goto err;
	}
	r = boot(os, o.cmdline);
	if (r < 0)
		goto err;
	r = helper_start(os);
	if (r < 0)
		goto err;
	*out = os;
	*main = os->main;
	return 0;

err:
	destroy(os);
	return r;
}

EXPORT int libos_open(const struct libos_opts *opts, struct libos **out,
		      struct libos_thread **main)
{
	return instance_open(opts, NULL, out, main);
}

EXPORT void libos_close(struct libos *os)
{
	unsigned long all[6] = { 0, ~0U, 0 };

	if (!os)
		return;
	if (os->client) {
		client_close(os->client);
		return;
	}
	if (os->moved)
		return;
	server_end(os);
	if (!os->halted && !libos_in_call(os->main))
		libos_call(os->main, SYS_close_range, all);
	destroy(os);
}
