// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the processor and the kernel offer: user-mode access to the FS and GS
 * bases, and the shape of the vector state in a signal frame.
 *
 * The latter is read off a frame that the kernel makes, for it is what the
 * kernel expects back: the features it saves, and how many bytes that takes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "core.h"

#define HWCAP2_FSGSBASE		(1UL << 1)
#define ARCH_SET_GS		0x1001
#define ARCH_GET_GS		0x1004

/* In the bytes 464..511 of the legacy area, where the kernel leaves its notes. */
#define SW_RESERVED		464
#define FP_XSTATE_MAGIC1	0x46505853U

struct sw_bytes {
	__u32	magic1;
	__u32	extended_size;		/* with the 4 bytes of magic2 */
	__u64	xfeatures;
	__u32	xstate_size;
};

struct glue_xstate glue_xstate;
__u32 glue_fsgsbase;

static void probe(int sig, siginfo_t *si, void *uc)
{
	const char *fp = (const char *)((ucontext_t *)uc)->uc_mcontext.fpregs;
	struct sw_bytes sw;

	memcpy(&sw, fp + SW_RESERVED, sizeof(sw));
	if (sw.magic1 != FP_XSTATE_MAGIC1)
		return;
	glue_xstate.mask = sw.xfeatures;
	glue_xstate.size = sw.extended_size;
}

int glue_cpu_init(void)
{
	struct sigaction sa = { .sa_sigaction = probe, .sa_flags = SA_SIGINFO }, old;
	sigset_t set, oldset;

	if (glue_xstate.size)
		return 0;
	glue_fsgsbase = !!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE);

	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigemptyset(&sa.sa_mask);
	sigaction(SIGSYS, &sa, &old);
	pthread_sigmask(SIG_UNBLOCK, &set, &oldset);
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGSYS);
	pthread_sigmask(SIG_SETMASK, &oldset, NULL);
	sigaction(SIGSYS, &old, NULL);
	return glue_xstate.size && glue_xstate.size <= GLUE_XSTATE_MAX ? 0 : -ENOTSUP;
}

void glue_set_gs(unsigned long base)
{
	if (glue_fsgsbase)
		asm volatile("wrgsbase %0" : : "r" (base));
	else
		glue_raw2(SYS_arch_prctl, ARCH_SET_GS, base);
}

struct glue_thread *glue_thread_here(void)
{
	unsigned long base;

	if (glue_fsgsbase)
		asm volatile("rdgsbase %0" : "=r" (base));
	else if (glue_raw2(SYS_arch_prctl, ARCH_GET_GS, &base))
		return NULL;
	return (struct glue_thread *)base;
}
