// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that would take from the glue what it stands on: the GS base, system
 * call filters, dispatch, the kernel's own thread data.
 *
 * What is refused is refused as by a kernel that lacks the feature, which
 * programs are prepared for.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "core.h"

#define ARCH_SET_GS		0x1001
#define ARCH_SET_FS		0x1002
#define ARCH_GET_FS		0x1003
#define ARCH_GET_GS		0x1004
#define ARCH_GET_CPUID		0x1011
#define ARCH_SET_CPUID		0x1012
#define ARCH_GET_XCOMP_SUPP	0x1021
#define ARCH_GET_XCOMP_PERM	0x1022

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#endif

#define READ_IMPLIES_EXEC	0x0400000UL

long glue_sys_arch_prctl(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long zero = 0, fs;

	switch (f->arg[0]) {
	case ARCH_SET_FS:
		if (f->arg[1] >= GLUE_LIB_HI)
			return -EPERM;
		glue_set_fs(f->arg[1]);
		return 0;
	case ARCH_GET_FS:
		fs = glue_get_fs();
		return glue_put_user(f->arg[1], &fs, sizeof(fs));
	case ARCH_GET_GS:
		return glue_put_user(f->arg[1], &zero, sizeof(zero));
	case ARCH_SET_GS:
		glue_say("%s: sets its GS base, which is ours; refused", t->prog->comm);
		return -EPERM;
	case ARCH_GET_CPUID:
	case ARCH_SET_CPUID:
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
		return glue_raw2(SYS_arch_prctl, f->arg[0], f->arg[1]);
	default:
		/* More vector state (AMX) would not fit the frames; shadow stacks. */
		return -EINVAL;
	}
}

long glue_sys_prctl(struct glue_thread *t, struct glue_frame *f)
{
	switch ((int)f->arg[0]) {
	case PR_SET_SYSCALL_USER_DISPATCH:
	case PR_SET_SECCOMP:
		return -EINVAL;
	case PR_GET_SECCOMP:
		return 0;
	case PR_SET_DUMPABLE:
		/*
		 * Whoever serves the stack reads and writes this process's memory, which
		 * the host would refuse it then.
		 */
		if (!t->prog->opts->stack)
			break;
		if (f->arg[1] > 1)
			return -EINVAL;
		t->prog->dumpable = f->arg[1];
		return 0;
	case PR_GET_DUMPABLE:
		if (!t->prog->opts->stack)
			break;
		return t->prog->dumpable;
	default:
		break;
	}
	return glue_dispatch(t, SYS_prctl, f->arg);
}

long glue_sys_seccomp(struct glue_thread *t, struct glue_frame *f)
{
	return -ENOSYS;
}

/* glibc's rseq area would be restarted by rules that a trampoline breaks. */
long glue_sys_rseq(struct glue_thread *t, struct glue_frame *f)
{
	return -ENOSYS;
}

/* With READ_IMPLIES_EXEC the kernel would make text that we never saw. */
long glue_sys_personality(struct glue_thread *t, struct glue_frame *f)
{
	if ((__u32)f->arg[0] != 0xffffffff && (f->arg[0] & READ_IMPLIES_EXEC))
		return -EINVAL;
	return glue_raw1(SYS_personality, f->arg[0]);
}
