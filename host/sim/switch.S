/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sim_switch(void **save, void *to, void *arg): leave one stack for another.
 *
 * Saves what the ABI says a callee keeps, stores the stack pointer in *save, and
 * continues at @to, which an earlier call stored or sim_fiber_init() laid out.
 * @arg is returned there; for a new fiber it is the entry's first argument.
 */
	.text
	.globl	sim_switch
	.hidden	sim_switch
	.type	sim_switch, %function
sim_switch:
#if defined(__x86_64__)
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	movq	%rdx, %rdi
	movq	%rdx, %rax
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
#elif defined(__aarch64__)
	stp	x29, x30, [sp, #-160]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	mov	x0, x2
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x29, x30, [sp], #160
	ret
#else
#error "host/sim/switch.S: no stack switch for this architecture"
#endif
	.size	sim_switch, . - sim_switch
	.section .note.GNU-stack, "", %progbits
