/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unsigned long remote_copy(void *to, const void *from, unsigned long n)
 *
 * One side is the program's, and may not be there: then libos_fault() continues at
 * remote_copy_end.  Returns the number of bytes not copied.
 */
	.text
	.globl	remote_copy, remote_copy_begin, remote_copy_end
	.hidden	remote_copy, remote_copy_begin, remote_copy_end
	.type	remote_copy, @function

#if defined(__x86_64__)
remote_copy:
	movq	%rdx, %rcx
remote_copy_begin:
	rep movsb
remote_copy_end:
	movq	%rcx, %rax
	ret
#elif defined(__aarch64__)
remote_copy:
	cbz	x2, remote_copy_end
remote_copy_begin:
1:	ldrb	w3, [x1], #1
	strb	w3, [x0], #1
	subs	x2, x2, #1
	b.ne	1b
remote_copy_end:
	mov	x0, x2
	ret
#endif
	.size	remote_copy, . - remote_copy
	.section .note.GNU-stack, "", %progbits
