// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel layer gets from this host: time, randomness, a console.
 *
 * All of it runs on the kernel's stacks with the application's registers.
 */
#include "instance.h"
#include "sys.h"

static void write_all(int fd, const char *s, size_t len)
{
	while (len) {
		long n = sys(SYS_write, fd, s, len);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return;
		s += n;
		len -= (size_t)n;
	}
}

/*
 * Each line gets a prefix, so that a user sees whose voice it is.  No stdio: it
 * would need more stack than there is.
 */
void console_stderr(bool *midline, const char *who, const char *s, __u32 len)
{
	__u32 n;

	while (len) {
		if (!*midline) {
			for (n = 0; who[n]; n++)
				;
			write_all(2, who, n);
			write_all(2, ": ", 2);
		}
		for (n = 0; n < len && s[n] != '\n'; n++)
			;
		*midline = n == len;
		if (n < len)
			n++;
		write_all(2, s, n);
		s += n;
		len -= n;
	}
}

static FROM_KERNEL void console(void *host, const char *s, __u32 len)
{
	struct libos *os = host;

	if (os->log)
		os->log(os->log_arg, s, len);
	else
		console_stderr(&os->log_midline, "libos", s, len);
}

static FROM_KERNEL __u64 clock_ns(void *host)
{
	return ((struct libos *)host)->clock();
}

static FROM_KERNEL __u64 wall_ns(void *host)
{
	return clock_wall_ns();
}

/* No system call: the poller reads it before it sleeps (poll_deadline()). */
static FROM_KERNEL void timer_set(void *host, __u64 deadline_ns)
{
	store_relaxed(&((struct libos *)host)->deadline, deadline_ns);
}

static FROM_KERNEL void random_bytes(void *host, void *buf, __u64 len)
{
	char *p = buf;

	while (len) {
		long n = sys(SYS_getrandom, p, len < 256 ? len : 256, 0);

		if (n > 0) {
			p += n;
			len -= (__u64)n;
		} else if (n != -EINTR) {
			/* Below what every supported host has; go no further. */
			__builtin_trap();
		}
	}
}

static FROM_KERNEL void halt(void *host, int code)
{
	struct libos *os = host;

	if (code && !os->log) {
		static const char msg[] = "the stack has panicked; calls into it return ESHUTDOWN\n";

		if (os->log_midline)
			write_all(2, "\n", 1);
		os->log_midline = false;
		console_stderr(&os->log_midline, "libos", msg, sizeof(msg) - 1);
	}
	instance_shut(os);
}

static FROM_KERNEL void call_done(void *host, void *host_task)
{
	struct libos *os = host;
	struct libos_thread *thr = host_task;

	if (unlikely(load_relaxed(&thr->word) == WORD_REMOTE)) {
		channel_done(thr);
		return;
	}
	if (!link_empty(&thr->parked)) {
		link_del(&thr->parked);
		store_relaxed(&os->nparked, os->nparked - 1);
	}
	if (load_relaxed(&os->poller) == thr)
		os->poller_done = true;
	wake_thread(os, thr, WORD_DONE);
}

const struct libos_host_ops posix_host_ops = {
	.size = sizeof(posix_host_ops),
	.console = console,
	.clock_ns = clock_ns,
	.wall_ns = wall_ns,
	.timer_set = timer_set,
	.random = random_bytes,
	.halt = halt,
	.call_done = call_done,
	.mem_read = mem_read,
	.mem_write = mem_write,
	.hostfile_poll = hostfile_poll,
	.hostfile_release = hostfile_release,
	.map = arena_map,
	.unmap = arena_unmap,
	.signal = signal_send,
};
