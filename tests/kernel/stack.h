/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the kernel layer: boot an instance on the calling thread, make
 * system calls into it, print TAP.  A fault in the test's own memory is handled
 * as a program's host would.
 */
#ifndef TESTS_STACK_H
#define TESTS_STACK_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <libos/libos.h>

static struct libos *os;
static struct libos_thread *thr;
static char klog[1 << 18];
static unsigned int klog_len;

static int test_no, test_failed;

#define ok(cond, ...) ok_(cond, #cond, __LINE__, __VA_ARGS__)

__attribute__((format(printf, 4, 5), unused))
static int ok_(int cond, const char *text, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", cond ? "" : "not ", ++test_no);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!cond) {
		printf("# line %d: %s\n", line, text);
		test_failed++;
	}
	fflush(stdout);
	return cond;
}

__attribute__((unused))
static void skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++test_no, what, why);
}

__attribute__((unused))
static int done_testing(void)
{
	printf("1..%d\n", test_no);
	return test_failed != 0;
}

#define sys(nr, ...) sys_(thr, nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_by(who, nr, ...) sys_(who, nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_(who, nr, a, b, c, d, e, f, ...)					\
({										\
	unsigned long arg_[6] = { (unsigned long)(a), (unsigned long)(b),	\
				  (unsigned long)(c), (unsigned long)(d),	\
				  (unsigned long)(e), (unsigned long)(f) };	\
	libos_call(who, nr, arg_);						\
})

/* The whole file @path of the stack, NUL-terminated; "" if it cannot be read. */
__attribute__((unused))
static char *slurp(const char *path)
{
	static char buf[1 << 16];
	long fd = sys(SYS_openat, -100, path, 0), n = 0, got;

	while (fd >= 0 && (got = sys(SYS_read, fd, buf + n, sizeof(buf) - 1 - n)) > 0)
		n += got;
	if (fd >= 0)
		sys(SYS_close, fd);
	buf[n] = 0;
	return buf;
}

static void keep_log(void *arg, const char *s, __u32 len)
{
	for (; len && klog_len < sizeof(klog) - 1; len--)
		klog[klog_len++] = *s++;
}

static void on_fault(int sig, siginfo_t *si, void *uc)
{
	greg_t *regs = ((ucontext_t *)uc)->uc_mcontext.gregs;
	unsigned long to = libos_fault(thr, regs[REG_RIP]);

	if (to)
		regs[REG_RIP] = to;
	else
		signal(sig, SIG_DFL);
}

/* Boot with @memory bytes, or die. */
__attribute__((unused))
static void boot(size_t memory, const char *cmdline)
{
	struct libos_opts opts = {
		.size = sizeof(opts), .memory = memory, .cmdline = cmdline, .log = keep_log,
	};
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	int ret;

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	ret = libos_open(&opts, &os, &thr);
	if (ret) {
		printf("Bail out! libos_open: %s\n%s", strerror(-ret), klog);
		exit(1);
	}
}

/* Nothing in the log says that the kernel found a bug in itself. */
__attribute__((unused))
static void check_log(void)
{
	static const char *const bad[] = {
		"WARNING:", "BUG", "Call Trace", "INFO: possible", "suspicious RCU",
	};
	unsigned int i;
	char *hit = NULL;

	for (i = 0; !hit && i < sizeof(bad) / sizeof(bad[0]); i++)
		hit = strstr(klog, bad[i]);
	if (!ok(!hit, "the kernel log has no warning"))
		printf("# %.400s\n", hit);
}

__attribute__((unused))
static int has_config(const char *file)
{
	long fd = sys(SYS_openat, -100, file, 0);

	if (fd >= 0)
		sys(SYS_close, fd);
	return fd >= 0;
}

#endif
