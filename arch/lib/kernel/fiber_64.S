/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switching stacks.  A fiber that is not running has its callee-saved registers
 * on its stack, below the address to return to:
 *
 *	sp -> r15 r14 r13 r12 rbx rbp  return address
 *
 * Nothing else is part of a fiber's state: the kernel layer uses no vector
 * registers, and FS and GS belong to whichever host thread runs it.
 */
#include <linux/linkage.h>

	.text

/* void *lib_fiber_switch(unsigned long *save, unsigned long to, void *val) */
	.globl lib_fiber_switch
	.hidden lib_fiber_switch
	.type lib_fiber_switch, @function
	.balign 16
lib_fiber_switch:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	/* The other fiber's frame has the same layout: the CFI still holds. */
	popq	%r15
	.cfi_adjust_cfa_offset -8
	popq	%r14
	.cfi_adjust_cfa_offset -8
	popq	%r13
	.cfi_adjust_cfa_offset -8
	popq	%r12
	.cfi_adjust_cfa_offset -8
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	movq	%rdx, %rax
	ret
	.cfi_endproc
	.size lib_fiber_switch, . - lib_fiber_switch

/*
 * Where a new fiber starts: %rax is the task that it was switched from, %rbx
 * the function to call with it.  The undefined return address ends backtraces.
 */
	.globl lib_fiber_entry
	.hidden lib_fiber_entry
	.type lib_fiber_entry, @function
	.balign 16
lib_fiber_entry:
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%rax, %rdi
	call	*%rbx
	ud2
	.cfi_endproc
	.size lib_fiber_entry, . - lib_fiber_entry

/* void lib_call_on_stack(void (*fn)(void), unsigned long top) */
	.globl lib_call_on_stack
	.hidden lib_call_on_stack
	.type lib_call_on_stack, @function
	.balign 16
lib_call_on_stack:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	movq	%rsp, %rbp
	.cfi_def_cfa_register rbp
	movq	%rsi, %rsp
	call	*%rdi
	movq	%rbp, %rsp
	popq	%rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	.size lib_call_on_stack, . - lib_call_on_stack

	.section .note.GNU-stack, "", @progbits
