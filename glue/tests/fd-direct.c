// SPDX-License-Identifier: GPL-2.0-only
/*
 * glue_dispatch() without the engine: a test calls it as a function.
 *
 * What the engine offers to the dispatcher is here in its plainest form: the
 * host's calls are the bare instruction, no signal is handled but for the faults
 * that the stack takes, and memory is checked by process_vm_readv() on ourselves.
 */
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fd-direct.h"
#include "host/sys.h"

struct glue_opts direct_opts = { .size = sizeof(struct glue_opts) };
struct glue_prog direct_prog = { .opts = &direct_opts };
int tap_count, tap_failed, direct_said;
unsigned long direct_host_calls;

static struct libos *os;
static __thread struct glue_thread *self;

long glue_raw(long nr, unsigned long a, unsigned long b, unsigned long c,
	      unsigned long d, unsigned long e, unsigned long f)
{
	__atomic_fetch_add(&direct_host_calls, 1, __ATOMIC_RELAXED);
	return sys_call6(nr, a, b, c, d, e, f);
}

long glue_host(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	__atomic_fetch_add(&direct_host_calls, 1, __ATOMIC_RELAXED);
	return sys_call6(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

long glue_stack(struct glue_thread *t, long nr, const unsigned long arg[6], int fd_hint)
{
	return libos_call_fd(glue_thread_stack(t), nr, arg, fd_hint);
}

struct libos_thread *glue_thread_stack(struct glue_thread *t)
{
	return t->stack;
}

long glue_sigmask_set(struct glue_thread *t, unsigned long mask, unsigned long size)
{
	return 0;
}

long glue_sigmask_filter(struct glue_thread *t, unsigned long mask, unsigned long size,
			 unsigned long *copy)
{
	return glue_get_user(copy, mask, sizeof(*copy));
}

long glue_get_user(void *dst, unsigned long src, size_t n)
{
	struct iovec to = { dst, n }, from = { (void *)src, n };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

long glue_put_user(unsigned long dst, const void *src, size_t n)
{
	struct iovec from = { (void *)src, n }, to = { (void *)dst, n };

	return process_vm_writev(getpid(), &from, 1, &to, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

long glue_get_string(char *dst, unsigned long src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (glue_get_user(dst + i, src + i, 1))
			return -EFAULT;
		if (!dst[i])
			return i;
	}
	return -ENAMETOOLONG;
}

void glue_lock(__u32 *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

void glue_unlock(__u32 *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

void glue_say(const char *fmt, ...)
{
	va_list ap;

	direct_said++;
	va_start(ap, fmt);
	printf("# said: ");
	for (; *fmt; fmt++) {
		if (*fmt != '%')
			putchar(*fmt);
		else if (*++fmt == 's')
			printf("%s", va_arg(ap, const char *));
		else
			printf(*fmt == 'd' ? "%ld" : "%lx", va_arg(ap, long));
	}
	printf("\n");
	va_end(ap);
}

struct glue_thread *direct_self(void)
{
	static int lock;

	if (self)
		return self;
	self = calloc(1, sizeof(*self));
	self->prog = &direct_prog;
	self->tid = gettid();
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	if (libos_thread_new(direct_prog.maker, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND |
			     CLONE_THREAD, self->tid, &self->stack)) {
		printf("Bail out! no identity for a thread\n");
		exit(1);
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	glue_on_thread(self, 1);
	return self;
}

void direct_thread_end(void)
{
	glue_on_thread(self, 0);
	libos_thread_exit(self->stack, 0);
	free(self);
	self = NULL;
}

long direct_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
		 unsigned long e, unsigned long f)
{
	unsigned long arg[6] = { a, b, c, d, e, f };

	return glue_dispatch(direct_self(), nr, arg);
}

static void lo_up(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	long s = sc(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	strcpy(ifr.ifr_name, "lo");
	sc(SYS_ioctl, s, SIOCSIFFLAGS, &ifr);
	sc(SYS_close, s);
}

/* A bad pointer of the program's, met by the stack: libos_fault() knows. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	unsigned long ip = libos_fault(self->stack, uc->uc_mcontext.gregs[REG_RIP]);

	if (ip) {
		uc->uc_mcontext.gregs[REG_RIP] = ip;
		return;
	}
	signal(sig, SIG_DFL);
}

bool direct_start(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct libos_thread *main_thr;
	const char *trace = getenv("NUSE_TRACE");
	int ret = libos_open(NULL, &os, &main_thr);

	sigaction(SIGSEGV, &sa, NULL);
	if (ret) {
		printf("1..0 # SKIP no stack: %s (is LIBOS_LIBRARY set?)\n", strerror(-ret));
		return false;
	}
	self = calloc(1, sizeof(*self));
	self->prog = &direct_prog;
	self->stack = main_thr;
	self->tid = gettid();
	direct_opts.stack = main_thr;
	direct_opts.trace = trace ? atoi(trace) : 0;
	libos_thread_new(main_thr, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND |
			 CLONE_THREAD, 0, &direct_prog.maker);
	direct_prog.fds = glue_fdtab_new(&direct_prog);
	if (!direct_prog.fds) {
		printf("Bail out! no table\n");
		return false;
	}
	lo_up();
	return true;
}

void direct_stop(void)
{
	glue_on_thread(self, 0);
	glue_fdtab_free(direct_prog.fds);
	libos_thread_exit(direct_prog.maker, 0);
	libos_close(os);
}
