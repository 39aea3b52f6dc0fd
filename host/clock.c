// SPDX-License-Identifier: GPL-2.0-only
/*
 * Monotonic time without a libc: the vDSO's clock_gettime, called by address.
 *
 * The function is built without vector instructions and without TLS, so it is
 * good for any FS base.  Where there is no vDSO (valgrind hides it) the system
 * call serves.
 */
#include <time.h>

#include "instance.h"
#include "sys.h"

#if defined(__x86_64__)
#define VDSO_SYMBOL	"__vdso_clock_gettime"
#else
#define VDSO_SYMBOL	"__kernel_clock_gettime"
#endif

typedef int (*gettime_fn)(clockid_t, struct __kernel_timespec *);

static gettime_fn vdso_gettime;

static __u64 clock_syscall(void)
{
	struct __kernel_timespec ts;

	sys(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * NSEC_PER_SEC + (__u64)ts.tv_nsec;
}

static __u64 clock_vdso(void)
{
	struct __kernel_timespec ts;

	vdso_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * NSEC_PER_SEC + (__u64)ts.tv_nsec;
}

__u64 (*clock_find(void))(void)
{
	/* Others may be using it: what was found once stays. */
	if (!vdso_gettime)
		vdso_gettime = (gettime_fn)vdso_symbol(VDSO_SYMBOL);
	return vdso_gettime ? clock_vdso : clock_syscall;
}

__u64 clock_wall_ns(void)
{
	struct __kernel_timespec ts;

	sys(SYS_clock_gettime, CLOCK_REALTIME, &ts);
	return (__u64)ts.tv_sec * NSEC_PER_SEC + (__u64)ts.tv_nsec;
}
