/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _UAPI_LIB_PTRACE_H
#define _UAPI_LIB_PTRACE_H

/* Nobody traces a task of the library; the type has to exist. */
struct user_regs_struct {
	unsigned long regs[8];
};

#endif
