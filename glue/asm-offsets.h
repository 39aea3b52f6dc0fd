/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout that entry.S shares with the C files; asm-offsets.c checks it.
 */
#ifndef GLUE_ASM_OFFSETS_H
#define GLUE_ASM_OFFSETS_H

/* struct glue_thread, at %gs:0 */
#define T_SELF		0
#define T_HOOK_SP	8
#define T_PENDING	16
#define T_LIB_FS	24
#define T_PROG_FS	32
#define T_EXIT_SP	40
#define T_CLONE_FRAME	48
#define T_HOOK_TOP	56
#define T_FAST		64
#define T_FAST_DESC	72
#define T_NFAST		80

/* struct glue_frame */
#define F_NR		0
#define F_RDI		8
#define F_RSI		16
#define F_RDX		24
#define F_R10		32
#define F_R8		40
#define F_R9		48
#define F_R15		56
#define F_R14		64
#define F_R13		72
#define F_R12		80
#define F_RBP		88
#define F_RBX		96
#define F_DESC		104
#define F_RET_IP	112
#define F_CONT		120
#define F_SP		128
#define F_SIZE		136

/* What one level of entry takes of the hook stack, and how many levels fit. */
#define HOOK_RESERVE	0x20000
#define HOOK_LEVELS	3

#define FAST_CALLS	512
#define FAST_YES	1
#define FAST_FUTEX	2
#define NR_rt_sigreturn	15
#define NR_exit		60
#define NR_rt_sigprocmask 14
#define NR_arch_prctl	158
#define SET_GS		0x1001
#define SET_FS		0x1002
#define GET_FS		0x1003

#endif /* GLUE_ASM_OFFSETS_H */
