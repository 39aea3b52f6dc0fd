// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that read a clock or the processor's number, by the host's vDSO.  Hot.
 *
 * The result goes to our own memory first: a bad pointer of the program must
 * not fault inside the vDSO.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "core.h"
#include "vdso.h"

struct timespec64 { long sec, nsec; };
struct timeval64 { long sec, usec; };

long glue_sys_clock_gettime(struct glue_thread *t, struct glue_frame *f)
{
	struct timespec64 ts;
	long r;

	if (!glue_vdso.clock_gettime)
		return glue_dispatch(t, f->nr, f->arg);
	r = glue_vdso.clock_gettime(f->arg[0], &ts);
	return r ? r : glue_put_user(f->arg[1], &ts, sizeof(ts));
}

long glue_sys_gettimeofday(struct glue_thread *t, struct glue_frame *f)
{
	struct timeval64 tv;
	int tz[2];

	if (!glue_vdso.gettimeofday)
		return glue_dispatch(t, f->nr, f->arg);
	glue_vdso.gettimeofday(&tv, tz);
	if (f->arg[0] && glue_put_user(f->arg[0], &tv, sizeof(tv)))
		return -EFAULT;
	if (f->arg[1] && glue_put_user(f->arg[1], tz, sizeof(tz)))
		return -EFAULT;
	return 0;
}

long glue_sys_time(struct glue_thread *t, struct glue_frame *f)
{
	struct timeval64 tv;

	if (!glue_vdso.gettimeofday)
		return glue_dispatch(t, f->nr, f->arg);
	glue_vdso.gettimeofday(&tv, NULL);
	if (f->arg[0] && glue_put_user(f->arg[0], &tv.sec, sizeof(tv.sec)))
		return -EFAULT;
	return tv.sec;
}

/* An execve() will have to delete them. */
long glue_sys_timer_create(struct glue_thread *t, struct glue_frame *f)
{
	t->prog->timers = 1;
	return glue_dispatch(t, f->nr, f->arg);
}

long glue_sys_getcpu(struct glue_thread *t, struct glue_frame *f)
{
	unsigned int cpu, node;

	if (!glue_vdso.getcpu)
		return glue_dispatch(t, f->nr, f->arg);
	glue_vdso.getcpu(&cpu, &node, NULL);
	if (f->arg[0] && glue_put_user(f->arg[0], &cpu, sizeof(cpu)))
		return -EFAULT;
	if (f->arg[1] && glue_put_user(f->arg[1], &node, sizeof(node)))
		return -EFAULT;
	return 0;
}
