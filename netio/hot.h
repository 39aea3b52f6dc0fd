/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tx and rx may use instead of a libc: system calls and copying.
 *
 * tx and rx run with an application's thread pointer and vector registers (see
 * <libos/netio.h>), so nothing that they reach may call out of the room.  Each
 * function that they reach is marked __hot, which puts it into a section of its
 * own; tests/hot.t proves that this section refers to no code but itself and
 * touches neither vector registers nor thread-local storage.
 */
#ifndef NETIO_HOT_H
#define NETIO_HOT_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include <linux/types.h>

#define __hot		__attribute__((section(".text.netio_hot"), noinline))
#define __hot_inline	static inline __attribute__((always_inline, unused))

#if defined(__x86_64__)
__hot_inline long sys_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
__hot_inline long sys_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#else
#error "netio: no system calls for this architecture yet, add them here"
#endif

#define sys_call(nr, a, b, c, d, e) \
	sys_call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

__hot_inline long sys_read(int fd, void *buf, size_t len)
{
	return sys_call(SYS_read, fd, buf, len, 0, 0);
}

__hot_inline long sys_write(int fd, const void *buf, size_t len)
{
	return sys_call(SYS_write, fd, buf, len, 0, 0);
}

__hot_inline long sys_readv(int fd, const struct iovec *iov, int n)
{
	return sys_call(SYS_readv, fd, iov, n, 0, 0);
}

__hot_inline long sys_writev(int fd, const struct iovec *iov, int n)
{
	return sys_call(SYS_writev, fd, iov, n, 0, 0);
}

__hot_inline long sys_sendmsg(int fd, const void *msg, int flags)
{
	return sys_call(SYS_sendmsg, fd, msg, flags, 0, 0);
}

__hot_inline long sys_sendmmsg(int fd, void *msgs, unsigned int n, int flags)
{
	return sys_call(SYS_sendmmsg, fd, msgs, n, flags, 0);
}

__hot_inline long sys_recvmmsg(int fd, void *msgs, unsigned int n, int flags)
{
	return sys_call(SYS_recvmmsg, fd, msgs, n, flags, 0);
}

__hot_inline long sys_openat(const char *path, int flags)
{
	return sys_call(SYS_openat, -100 /* AT_FDCWD */, path, flags, 0, 0);
}

__hot_inline long sys_close(int fd)
{
	return sys_call(SYS_close, fd, 0, 0, 0, 0);
}

__hot_inline long sys_dup3(int from, int to, int flags)
{
	return sys_call(SYS_dup3, from, to, flags, 0, 0);
}

__hot_inline __u64 sys_clock_ns(int clock)
{
	struct timespec ts;

	sys_call(SYS_clock_gettime, clock, &ts, 0, 0, 0);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* A host file has been interrupted before it did anything: ask again. */
#define sys_retry(expr) ({ long _r; do _r = (expr); while (_r == -EINTR); _r; })

#if defined(__SANITIZE_ADDRESS__)
#define HOT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOT_SANITIZED 1
#endif
#endif

__hot_inline void hot_copy(void *dst, const void *src, size_t len)
{
#if defined(HOT_SANITIZED)
	memcpy(dst, src, len);	/* checked byte for byte */
#elif defined(__x86_64__)
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(len) : : "memory");
#else
	typedef __u64 __attribute__((may_alias, aligned(1))) word;

	for (; len >= 8; len -= 8, dst = (char *)dst + 8, src = (const char *)src + 8)
		*(word *)dst = *(const word *)src;
	for (; len; len--, dst = (char *)dst + 1, src = (const char *)src + 1)
		*(volatile char *)dst = *(const char *)src;
#endif
}

/* The same for regions that overlap, @dst above @src. */
__hot_inline void hot_copy_up(void *dst, const void *src, size_t len)
{
	volatile char *d = dst;
	const volatile char *s = src;

	while (len--)
		d[len] = s[len];
}

__hot_inline void hot_zero(void *dst, size_t len)
{
	volatile char *d = dst;

	while (len--)
		*d++ = 0;
}

__hot_inline bool hot_equal(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;

	while (len--)
		if (*x++ != *y++)
			return false;
	return true;
}

#endif /* NETIO_HOT_H */
