/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _UAPI_LIB_SIGCONTEXT_H
#define _UAPI_LIB_SIGCONTEXT_H

#include <asm/ptrace.h>

/* Signal frames are the glue's. */
struct sigcontext {
	struct user_regs_struct regs;
};

#endif
