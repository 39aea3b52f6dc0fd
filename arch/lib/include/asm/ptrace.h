/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel layer never sees a program's registers: a system call arrives as a
 * struct libos_call.  What little the core asks of pt_regs is answered here.
 */
#ifndef _LIB_PTRACE_H
#define _LIB_PTRACE_H

#include <uapi/asm/ptrace.h>

#ifndef __ASSEMBLY__

struct pt_regs {
	unsigned long pc;
	unsigned long sp;
	unsigned long fp;
	unsigned long nr;
	unsigned long ret;
	unsigned long arg[6];
	int user;
};

#define user_mode(regs)			((regs)->user)
#define instruction_pointer(regs)	((regs)->pc)
#define instruction_pointer_set(regs, v) ((regs)->pc = (v))
#define user_stack_pointer(regs)	((regs)->sp)
#define kernel_stack_pointer(regs)	((regs)->sp)
#define frame_pointer(regs)		((regs)->fp)
#define profile_pc(regs)		instruction_pointer(regs)

#endif

#endif
