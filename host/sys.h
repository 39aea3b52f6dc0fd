/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host system calls without a libc.
 *
 * The path of libos_call() runs with whatever FS base and vector registers the
 * application has, so it may not touch errno (TLS), may not be a cancellation
 * point, and may not call a function that gcc or glibc vectorised.  These
 * wrappers are the bare instruction: a negative errno on failure, nothing else.
 */
#ifndef HOST_SYS_H
#define HOST_SYS_H

#include <errno.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long sys_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
static inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }

/* The CPU that we run on, or did a moment ago: as the vDSO's getcpu() finds out. */
static inline int this_cpu(void)
{
	unsigned int limit = 0;

	__asm__("lsl %1, %0" : "+r"(limit) : "r"(0x7b));
	return (int)(limit & 0xfff);
}
#elif defined(__aarch64__)
static inline long sys_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
static inline void cpu_relax(void) { __asm__ volatile("yield" ::: "memory"); }
static inline int this_cpu(void) { return -1; }
#else
#error "host/sys.h: no system call instruction for this architecture"
#endif

#define SYS_PICK(_1, _2, _3, _4, _5, _6, _7, NAME, ...)	NAME
#define SYS_1(n)			sys_call6(n, 0, 0, 0, 0, 0, 0)
#define SYS_2(n, a)			sys_call6(n, (long)(a), 0, 0, 0, 0, 0)
#define SYS_3(n, a, b)			sys_call6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS_4(n, a, b, c)		sys_call6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS_5(n, a, b, c, d)		sys_call6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS_6(n, a, b, c, d, e)		\
	sys_call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS_7(n, a, b, c, d, e, f)	\
	sys_call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* sys(SYS_name, args...): the host's system call, 0 to 6 arguments. */
#define sys(...) SYS_PICK(__VA_ARGS__, SYS_7, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, SYS_1)(__VA_ARGS__)

#define NSEC_PER_SEC	1000000000ULL

/* Sleep while *@word is @val.  @timeout_ns: relative, ~0 for ever. */
static inline long sys_futex_wait(const __u32 *word, __u32 val, __u64 timeout_ns)
{
	struct __kernel_timespec ts = {
		.tv_sec = timeout_ns / NSEC_PER_SEC,
		.tv_nsec = timeout_ns % NSEC_PER_SEC,
	};

	return sys(SYS_futex, word, FUTEX_WAIT_PRIVATE, val, timeout_ns == ~0ULL ? NULL : &ts);
}

static inline long sys_futex_wake(const __u32 *word, int n)
{
	return sys(SYS_futex, word, FUTEX_WAKE_PRIVATE, n);
}

#endif /* HOST_SYS_H */
