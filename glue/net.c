// SPDX-License-Identifier: GPL-2.0-only
/*
 * The net: system calls that no rewritten site makes trap all the same.
 *
 * Syscall User Dispatch (Linux 5.11): everything outside one range of addresses
 * raises SIGSYS.  It belongs to a thread and has to be switched on in each.
 *
 * Where the host does not offer it, a seccomp filter that looks at the high
 * half of the instruction pointer.  It cannot be taken away again, but lets
 * everything through that is not a program's.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "core.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#define PR_SYS_DISPATCH_OFF		0
#define PR_SYS_DISPATCH_ON		1
#endif

enum glue_net glue_net;

static int seccomp_install(void)
{
	static int installed;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, instruction_pointer) + 4),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, GLUE_LIB_LO >> 32, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (installed)
		return 0;
	if (glue_raw5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -EPERM;
	installed = !glue_raw3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
			       &prog);
	return installed ? 0 : -ENOTSUP;
}

int glue_net_init(unsigned int flags)
{
	if (flags & GLUE_NONET) {
		glue_net = GLUE_NET_NONE;
		return 0;
	}
	if (!(flags & GLUE_SECCOMP)) {
		glue_net = GLUE_NET_SUD;
		if (!glue_net_arm()) {
			glue_net_disarm();
			return 0;
		}
	}
	glue_net = GLUE_NET_SECCOMP;
	return seccomp_install();
}

int glue_net_arm(void)
{
	if (glue_net != GLUE_NET_SUD)
		return 0;
	return glue_raw5(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON,
			 GLUE_LIB_LO, GLUE_LIB_HI - GLUE_LIB_LO, 0);
}

void glue_net_disarm(void)
{
	if (glue_net == GLUE_NET_SUD)
		glue_raw5(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}
