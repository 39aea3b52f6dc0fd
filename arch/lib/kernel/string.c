// SPDX-License-Identifier: GPL-2.0-only
/*
 * memcpy() and friends with the string instructions, which on CPUs with ERMS and
 * FSRM (all since 2013 and 2019) are as fast as anything without vectors.
 */
#include <linux/linkage.h>
#include <linux/string.h>
#include <linux/types.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

void *__memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;

	asm volatile("rep movsb" : "+D" (d), "+S" (src), "+c" (n) : : "memory");
	return dst;
}

void *__memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	/* Forward is right unless the destination begins inside the source. */
	if ((unsigned long)d - (unsigned long)s >= n)
		return __memcpy(dst, src, n);

	for (; n >= 8; n -= 8)
		*(u64 *)(d + n - 8) = *(const u64 *)(s + n - 8);
	while (n--)
		d[n] = s[n];
	return dst;
}

void *__memset(void *dst, int c, size_t n)
{
	void *d = dst;

	asm volatile("rep stosb" : "+D" (d), "+c" (n) : "a" (c) : "memory");
	return dst;
}

void *memcpy(void *dst, const void *src, size_t n) __weak __alias(__memcpy);
void *memmove(void *dst, const void *src, size_t n) __weak __alias(__memmove);
void *memset(void *dst, int c, size_t n) __weak __alias(__memset);

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8; n -= 8, x += 8, y += 8)
		if (*(const u64 *)x != *(const u64 *)y)
			break;
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
