/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way from a program's system call into the glue and back.
 *
 * A rewritten site jumps to its trampoline, which does
 *
 *	lea	desc(%rip), %r11
 *	jmp	*hook(%rip)		# glue_entry
 *
 * rcx and r11 are free, since a system call clobbers them; everything else is
 * live, and so is the memory around rsp: the red zone below it, and a stack of
 * a goroutine that ends a few bytes further down.  So nothing is pushed there.
 * One subtraction from %gs:T_HOOK_SP reserves a part of the thread's own hook
 * stack.  It is a single instruction: a signal handler sees the thread either
 * outside the glue (hook_sp == hook_top) or inside, never in between.
 *
 * Calls that never sleep and are always the host's (fast.c) are made right away,
 * on the program's stack and without a frame.  What makes that worth it is not
 * the instructions saved: kernels with mitigations against speculation leave
 * the return predictor useless, and after a system call the first ret costs
 * 20 ns and each further one 6.  For signals the thread is in the program then.
 *
 * Signals.  The handlers in sigdefer.c know these ranges of addresses:
 *
 *	glue_entry..glue_entry_reserve	 the call is not made, and will be again
 *	glue_fast_done..glue_fast_end	 it has been made
 *	glue_host_begin..glue_host_sys	 the call is not made, glue_host()
 *					 returns -513
 *	glue_exit_begin..glue_exit_end	 the exit starts over and sees .pending
 *	glue_copy_begin..glue_copy_end	 a fault ends the copy with -EFAULT
 *
 * The CFI names the program's registers as saved in the frame, so that a
 * debugger's backtrace crosses from the glue into the program.
 */
#include "asm-offsets.h"

	.text

	.macro	FUNC name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.balign	16
\name:
	.endm

	.macro	MARK name
	.globl	\name
	.hidden	\name
\name:
	.endm

/* rbx is the frame: CFA, return address and callee-saved registers are in it. */
	.macro	CFI_FRAME
	.cfi_escape 0x0f, 0x04, 0x73, 0x80, 0x01, 0x06	/* CFA = *(rbx + F_SP) */
	.cfi_escape 0x10, 0x10, 0x03, 0x73, 0xf0, 0x00	/* rip: F_RET_IP */
	.cfi_escape 0x10, 0x03, 0x03, 0x73, 0xe0, 0x00	/* rbx */
	.cfi_escape 0x10, 0x06, 0x03, 0x73, 0xd8, 0x00	/* rbp */
	.cfi_escape 0x10, 0x0c, 0x03, 0x73, 0xd0, 0x00	/* r12 */
	.cfi_escape 0x10, 0x0d, 0x03, 0x73, 0xc8, 0x00	/* r13 */
	.cfi_escape 0x10, 0x0e, 0x03, 0x73, 0xc0, 0x00	/* r14 */
	.cfi_escape 0x10, 0x0f, 0x02, 0x73, 0x38	/* r15 */
	.endm

/* r11 = &struct glue_desc, rcx free. */
FUNC glue_entry
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa rsp, 0
	.cfi_escape 0x10, 0x10, 0x02, 0x7b, 0x00	/* rip: r11->ret_ip */
	cmp	$FAST_CALLS, %rax
	jae	2f
	mov	%gs:T_FAST, %rcx
	cmpb	$FAST_YES, (%rcx,%rax)
	jb	2f
	je	1f
	mov	%esi, %ecx		/* FAST_FUTEX: only FUTEX_WAKE never sleeps */
	and	$0x7f, %ecx
	cmp	$1, %ecx
	jne	2f
1:	mov	%r11, %gs:T_FAST_DESC
MARK glue_fast_sys
	syscall
MARK glue_fast_done
	incq	%gs:T_NFAST
	mov	%gs:T_FAST_DESC, %r11
	jmp	*8(%r11)
MARK glue_fast_end
2:	mov	%rsp, %rcx
MARK glue_entry_reserve
	subq	$HOOK_RESERVE, %gs:T_HOOK_SP
	mov	%gs:T_HOOK_SP, %rsp
	.cfi_def_cfa rcx, 0
	lea	HOOK_RESERVE(%rsp), %rsp
	push	%rcx
	push	8(%r11)
	push	(%r11)
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rax
	mov	%rsp, %rbx
	CFI_FRAME
	and	$-64, %rsp
	cld
	mov	%rbx, %rdi
	call	glue_enter
	mov	%rbx, %rsp
	jmp	glue_exit
	.cfi_endproc

/* rsp = frame, its reservation being the innermost. */
FUNC glue_exit
	.cfi_startproc
	.cfi_signal_frame
	.cfi_escape 0x0f, 0x04, 0x77, 0x80, 0x01, 0x06	/* CFA = *(rsp + F_SP) */
	.cfi_escape 0x10, 0x10, 0x03, 0x77, 0xf0, 0x00	/* rip: F_RET_IP */
MARK glue_exit_begin
	cmpl	$0, %gs:T_PENDING
	jne	1f
	pop	%rax
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	lea	8(%rsp), %rsp
	pop	%rcx
	pop	%r11
	pop	%rsp
	addq	$HOOK_RESERVE, %gs:T_HOOK_SP
MARK glue_exit_end
	jmp	*%r11
	.cfi_endproc
	.cfi_startproc
	.cfi_signal_frame
1:	mov	%rsp, %rbx
	CFI_FRAME
	mov	%rsp, %rdi
	and	$-64, %rsp
	call	glue_deliver
	mov	%rbx, %rsp
	jmp	glue_exit
	.cfi_endproc

/*
 * The way in for a call that trapped: the SIGSYS handler has made the frame and
 * returns to here with rsp = frame.
 */
FUNC glue_entry_trap
	.cfi_startproc
	.cfi_signal_frame
	mov	%rsp, %rbx
	CFI_FRAME
	and	$-64, %rsp
	cld
	mov	%rbx, %rdi
	call	glue_enter
	mov	%rbx, %rsp
	jmp	glue_exit
	.cfi_endproc

/* The same, for a thread that is to leave: nothing of it is wanted any more. */
FUNC glue_entry_die
	and	$-64, %rsp
	cld
	call	glue_die
	ud2

/* long glue_host(struct glue_thread *t, long nr, const unsigned long arg[6]) */
FUNC glue_host
	.cfi_startproc
	mov	%rsi, %rax
	mov	(%rdx), %rdi
	mov	8(%rdx), %rsi
	mov	24(%rdx), %r10
	mov	32(%rdx), %r8
	mov	40(%rdx), %r9
	mov	16(%rdx), %rdx
MARK glue_host_begin
	cmpl	$0, %gs:T_PENDING
	jne	glue_host_abort
MARK glue_host_sys
	syscall
	ret
MARK glue_host_abort
	mov	$-513, %rax
	ret
	.cfi_endproc

/* long glue_raw(long nr, a, b, c, d, e, f) */
FUNC glue_raw
	.cfi_startproc
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	ret
	.cfi_endproc

/* long glue_get_user(void *dst, unsigned long src, size_t n), and the other way */
FUNC glue_get_user
FUNC glue_put_user
	.cfi_startproc
	mov	%rdx, %rcx
	xor	%eax, %eax
MARK glue_copy_begin
	rep movsb
MARK glue_copy_end
	ret
	.cfi_endproc

/* long glue_get_string(char *dst, unsigned long src, size_t n) */
FUNC glue_get_string
	.cfi_startproc
	xor	%eax, %eax
1:	cmp	%rdx, %rax
	jae	2f
MARK glue_string_begin
	movzbl	(%rsi,%rax), %ecx
MARK glue_string_end
	mov	%cl, (%rdi,%rax)
	test	%cl, %cl
	jz	3f
	inc	%rax
	jmp	1b
2:	mov	$-36, %rax		/* -ENAMETOOLONG */
3:	ret
MARK glue_copy_fault
	mov	$-14, %rax		/* -EFAULT */
	ret
	.cfi_endproc

/*
 * long glue_clone(long nr, const unsigned long arg[6], struct glue_thread *child)
 *
 * The child comes out of the kernel on the program's new stack, which it must
 * not touch; signals are blocked.
 */
FUNC glue_clone
	.cfi_startproc
	push	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	mov	%rdx, %r12
	mov	%rdi, %rax
	mov	%rsi, %rcx
	mov	(%rcx), %rdi
	mov	8(%rcx), %rsi
	mov	16(%rcx), %rdx
	mov	24(%rcx), %r10
	mov	32(%rcx), %r8
	mov	40(%rcx), %r9
	syscall
	test	%rax, %rax
	jz	1f
	pop	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	ret
	.cfi_endproc
	.cfi_startproc
	.cfi_undefined rip
1:	mov	%rsp, %r13
	cmpl	$0, glue_fsgsbase(%rip)
	je	2f
	wrgsbase %r12
	jmp	3f
2:	mov	$NR_arch_prctl, %eax
	mov	$SET_GS, %edi
	mov	%r12, %rsi
	syscall
3:	mov	T_CLONE_FRAME(%r12), %rbx
	mov	%r13, F_SP(%rbx)
	mov	%rbx, %rsp
	and	$-64, %rsp
	mov	%r12, %rdi
	call	glue_thread_start
	mov	%rbx, %rsp
	jmp	glue_exit
	.cfi_endproc

/*
 * void glue_vanish(struct glue_thread *t, __u32 *busy)
 *
 * The thread ends.  Its memory is free for others from the store on, so there
 * is no stack after it, and no signal, which would want one.
 */
FUNC glue_vanish
	mov	%rsi, %r12
	mov	$NR_rt_sigprocmask, %eax
	mov	$2, %edi			/* SIG_SETMASK */
	lea	glue_all_signals(%rip), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	$NR_exit, %eax
	xor	%edi, %edi
	movl	$0, (%r12)
	syscall
	ud2

/*
 * int glue_run(struct glue_thread *t, struct glue_frame *frame)
 *
 * From glue_exec() into the program; glue_leave() returns from it.
 */
FUNC glue_run
	.cfi_startproc
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, T_EXIT_SP(%rdi)
	mov	%rsi, %rbx
	xor	%edi, %edi
	call	glue_set_fs
	mov	%rbx, %rsp
	pxor	%xmm0, %xmm0
	jmp	glue_exit
	.cfi_endproc

/* void glue_leave(struct glue_thread *t) */
FUNC glue_leave
	mov	T_EXIT_SP(%rdi), %rsp
	mov	T_LIB_FS(%rdi), %rdi
	call	glue_set_fs
	fninit
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	xor	%eax, %eax
	ret

/*
 * void glue_sigreturn(unsigned long frame): the kernel's rt_sigreturn(2) with a
 * frame that it is to restore.  The hook stack is given back first; what is
 * read is above it or in the program.
 */
FUNC glue_sigreturn
	mov	%rdi, %rsp
	mov	%gs:T_HOOK_TOP, %rax
	mov	%rax, %gs:T_HOOK_SP
MARK glue_sigreturn_insn
	mov	$NR_rt_sigreturn, %eax
	syscall
	ud2

/* Return address of the signal handlers that the glue gives the kernel. */
FUNC glue_restorer
	mov	$NR_rt_sigreturn, %rax
	syscall
	ud2

/*
 * void glue_leave_to(struct glue_thread *t, unsigned long sp, void (*fn)(struct glue_thread *t))
 *
 * From the program to ordinary code on a stack of its own, which does not return.
 */
FUNC glue_leave_to
	mov	%rsi, %rsp
	mov	%rdi, %rbx
	mov	%rdx, %r12
	xor	%ebp, %ebp
	mov	T_LIB_FS(%rdi), %rdi
	call	glue_set_fs
	fninit
	ldmxcsr	glue_default_mxcsr(%rip)
	mov	%rbx, %rdi
	call	*%r12
	ud2

/*
 * Return address of a program's handlers where there is no net to catch its own
 * restorer's call.  Unwinders do not know it.
 */
FUNC glue_restorer_hooked
	mov	$NR_rt_sigreturn, %eax
	lea	glue_restorer_desc(%rip), %r11
	jmp	glue_entry

	.section .data.rel.ro, "aw"
	.balign	8
glue_restorer_desc:
	.quad	glue_restorer_hooked, glue_restorer_hooked, glue_restorer_hooked
	.text

/* void glue_set_fs(unsigned long base); unsigned long glue_get_fs(void) */
FUNC glue_set_fs
	.cfi_startproc
	cmpl	$0, glue_fsgsbase(%rip)
	je	1f
	wrfsbase %rdi
	ret
1:	mov	$NR_arch_prctl, %eax
	mov	%rdi, %rsi
	mov	$SET_FS, %edi
	syscall
	ret
	.cfi_endproc

FUNC glue_get_fs
	.cfi_startproc
	cmpl	$0, glue_fsgsbase(%rip)
	je	1f
	rdfsbase %rax
	ret
1:	push	%rax
	.cfi_adjust_cfa_offset 8
	mov	$NR_arch_prctl, %eax
	mov	$GET_FS, %edi
	mov	%rsp, %rsi
	syscall
	pop	%rax
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc

/*
 * long glue_gate_call(unsigned long fs, long (*fn)(void *), void *arg)
 *
 * Vector state is saved whole; FS base becomes @fs for the time of the call.
 */
FUNC glue_gate_call
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	.cfi_offset rbx, -24
	.cfi_offset r12, -32
	.cfi_offset r13, -40
	.cfi_offset r14, -48
	mov	%rdi, %r12
	mov	%rsi, %r13
	mov	%rdx, %r14
	sub	glue_xstate+8(%rip), %rsp
	and	$-64, %rsp
	xor	%eax, %eax
	mov	$8, %ecx
	lea	512(%rsp), %rdi
	rep stosq
	mov	glue_xstate(%rip), %eax
	mov	glue_xstate+4(%rip), %edx
	xsave64	(%rsp)
	call	glue_get_fs
	mov	%rax, %rbx
	mov	%r12, %rdi
	call	glue_set_fs
	mov	%r14, %rdi
	call	*%r13
	mov	%rax, %r12
	mov	%rbx, %rdi
	call	glue_set_fs
	mov	glue_xstate(%rip), %eax
	mov	glue_xstate+4(%rip), %edx
	xrstor64 (%rsp)
	mov	%r12, %rax
	lea	-32(%rbp), %rsp
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc

	.section .rodata
	.balign	8
glue_all_signals:
	.quad	-1
glue_default_mxcsr:
	.long	0x1f80

	.section .note.GNU-stack, "", @progbits
