/* SPDX-License-Identifier: GPL-2.0-only */
/* lib/string.c works byte by byte; these do not. */
#ifndef _LIB_STRING_H
#define _LIB_STRING_H

#define __HAVE_ARCH_MEMCPY
void *memcpy(void *dst, const void *src, __kernel_size_t n);
#define __HAVE_ARCH_MEMMOVE
void *memmove(void *dst, const void *src, __kernel_size_t n);
#define __HAVE_ARCH_MEMSET
void *memset(void *dst, int c, __kernel_size_t n);
#define __HAVE_ARCH_MEMCMP
int memcmp(const void *a, const void *b, __kernel_size_t n);

/* For KASAN, which takes over the names above. */
void *__memcpy(void *dst, const void *src, __kernel_size_t n);
void *__memmove(void *dst, const void *src, __kernel_size_t n);
void *__memset(void *dst, int c, __kernel_size_t n);

#endif
