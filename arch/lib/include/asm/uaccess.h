/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program's memory.  It lies in our own address space, so that an access is
 * a plain move; one that faults raises SIGSEGV on the host thread, whose handler
 * asks lib_fault() where to go on (arch/lib/kernel/extable.c).  A *remote* task's
 * program is another process: its memory is reached through the host.
 */
#ifndef _LIB_UACCESS_H
#define _LIB_UACCESS_H

#include <linux/compiler.h>
#include <linux/string.h>
#include <asm/current.h>
#include <asm/extable.h>
#include <asm/processor.h>

/* The generic one lets everything pass where there is no MMU. */
static inline int __access_ok(const void __user *ptr, unsigned long size)
{
	return size <= TASK_SIZE && (unsigned long)ptr <= TASK_SIZE - size;
}
#define __access_ok __access_ok
#include <asm-generic/access_ok.h>

unsigned long lib_copy_user(void *to, const void *from, unsigned long n);
unsigned long lib_clear_user(void *to, unsigned long n);
unsigned long lib_copy_from_remote(void *to, const void *from, unsigned long n);
unsigned long lib_copy_to_remote(void *to, const void *from, unsigned long n);
bool lib_task_is_remote(void);

static inline __must_check unsigned long
raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	if (unlikely(lib_task_is_remote()))
		return lib_copy_from_remote(to, (const void __force *)from, n);
	return lib_copy_user(to, (const void __force *)from, n);
}

static inline __must_check unsigned long
raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	if (unlikely(lib_task_is_remote()))
		return lib_copy_to_remote((void __force *)to, from, n);
	return lib_copy_user((void __force *)to, from, n);
}

#define __lib_mov(insn, reg, mode, dst, src, err)			\
	asm volatile("1:	" insn "\n"				\
		     "2:\n"						\
		     ".pushsection .fixup,\"ax\"\n"			\
		     "3:	movl %3, %0\n"				\
		     "	jmp 2b\n"					\
		     ".popsection\n"					\
		     _ASM_EXTABLE(1b, 3b)				\
		     : "+r" (err), mode (dst)				\
		     : reg (src), "i" (-EFAULT))

static __always_inline int __get_user_fn(size_t size, const void __user *ptr, void *x)
{
	int err = 0;
	u64 v = 0;

	if (unlikely(lib_task_is_remote()))
		return lib_copy_from_remote(x, (const void __force *)ptr, size) ? -EFAULT : 0;

	switch (size) {
	case 1:
		__lib_mov("movzbl %2, %k1", "m", "+r", v, *(const u8 __force *)ptr, err);
		*(u8 *)x = v;
		break;
	case 2:
		__lib_mov("movzwl %2, %k1", "m", "+r", v, *(const u16 __force *)ptr, err);
		*(u16 *)x = v;
		break;
	case 4:
		__lib_mov("movl %2, %k1", "m", "+r", v, *(const u32 __force *)ptr, err);
		*(u32 *)x = v;
		break;
	case 8:
		__lib_mov("movq %2, %q1", "m", "+r", v, *(const u64 __force *)ptr, err);
		*(u64 *)x = v;
		break;
	default:
		return raw_copy_from_user(x, ptr, size) ? -EFAULT : 0;
	}
	return err;
}
#define __get_user_fn(size, ptr, x) __get_user_fn(size, ptr, x)

static __always_inline int __put_user_fn(size_t size, void __user *ptr, void *x)
{
	int err = 0;

	if (unlikely(lib_task_is_remote()))
		return lib_copy_to_remote((void __force *)ptr, x, size) ? -EFAULT : 0;

	switch (size) {
	case 1:
		__lib_mov("movb %2, %1", "q", "=m", *(u8 __force *)ptr, *(u8 *)x, err);
		break;
	case 2:
		__lib_mov("movw %2, %1", "r", "=m", *(u16 __force *)ptr, *(u16 *)x, err);
		break;
	case 4:
		__lib_mov("movl %2, %1", "r", "=m", *(u32 __force *)ptr, *(u32 *)x, err);
		break;
	case 8:
		__lib_mov("movq %2, %1", "r", "=m", *(u64 __force *)ptr, *(u64 *)x, err);
		break;
	default:
		return raw_copy_to_user(ptr, x, size) ? -EFAULT : 0;
	}
	return err;
}
#define __put_user_fn(size, ptr, x) __put_user_fn(size, ptr, x)

/* Kernel addresses that may be bad: same instructions, never remote. */
#define __get_kernel_nofault(dst, src, type, err_label)			\
do {									\
	if (lib_copy_user(dst, src, sizeof(type)))			\
		goto err_label;						\
} while (0)

#define __put_kernel_nofault(dst, src, type, err_label)			\
do {									\
	if (lib_copy_user(dst, src, sizeof(type)))			\
		goto err_label;						\
} while (0)

static inline __must_check unsigned long __clear_user(void __user *to, unsigned long n)
{
	static const u8 zero[64];

	if (likely(!lib_task_is_remote()))
		return lib_clear_user((void __force *)to, n);
	while (n) {
		unsigned long chunk = min_t(unsigned long, n, sizeof(zero));

		if (lib_copy_to_remote((void __force *)to, zero, chunk))
			break;
		to += chunk;
		n -= chunk;
	}
	return n;
}
#define __clear_user __clear_user

#include <asm-generic/uaccess.h>

#endif
