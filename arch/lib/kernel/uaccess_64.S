/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies to and from the program's memory.  A fault in the marked instruction
 * continues behind it with %rcx bytes not done, which is what is returned.
 */
#include <linux/linkage.h>
#include <asm/extable.h>

	.text

/* unsigned long lib_copy_user(void *to, const void *from, unsigned long n) */
	.globl lib_copy_user
	.hidden lib_copy_user
	.type lib_copy_user, @function
	.balign 16
lib_copy_user:
	.cfi_startproc
	movq	%rdx, %rcx
1:	rep movsb
2:	movq	%rcx, %rax
	ret
	.cfi_endproc
	.size lib_copy_user, . - lib_copy_user
	_ASM_EXTABLE(1b, 2b)

/* unsigned long lib_clear_user(void *to, unsigned long n) */
	.globl lib_clear_user
	.hidden lib_clear_user
	.type lib_clear_user, @function
	.balign 16
lib_clear_user:
	.cfi_startproc
	movq	%rsi, %rcx
	xorl	%eax, %eax
3:	rep stosb
4:	movq	%rcx, %rax
	ret
	.cfi_endproc
	.size lib_clear_user, . - lib_clear_user
	_ASM_EXTABLE(3b, 4b)

	.section .note.GNU-stack, "", @progbits
