// SPDX-License-Identifier: GPL-2.0-only
/*
 * asm-offsets.h agrees with the structs.  Nothing but assertions.
 */
#include "glue.h"
#include "asm-offsets.h"

#define T(member, off) \
	_Static_assert(offsetof(struct glue_thread, member) == (off), #member)
#define F(member, off) \
	_Static_assert(offsetof(struct glue_frame, member) == (off), #member)

T(self, T_SELF);
T(hook_sp, T_HOOK_SP);
T(pending, T_PENDING);
T(lib_fs, T_LIB_FS);
T(prog_fs, T_PROG_FS);
T(exit_sp, T_EXIT_SP);
T(clone_frame, T_CLONE_FRAME);
T(hook_top, T_HOOK_TOP);
T(fast, T_FAST);
T(fast_desc, T_FAST_DESC);
T(nfast, T_NFAST);
F(nr, F_NR);
F(arg, F_RDI);
F(r15, F_R15);
F(r14, F_R14);
F(r13, F_R13);
F(r12, F_R12);
F(rbp, F_RBP);
F(rbx, F_RBX);
F(desc, F_DESC);
F(ret_ip, F_RET_IP);
F(cont, F_CONT);
F(sp, F_SP);
_Static_assert(sizeof(struct glue_frame) == F_SIZE, "glue_frame");
