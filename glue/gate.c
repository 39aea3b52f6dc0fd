// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate: hot code calls a function that needs a libc.
 *
 * A libc finds its per-thread data through FS base.  The thread that called
 * glue_exec() has such data in our libc; the threads that the program made have
 * none.  They borrow it: a few threads of ours do nothing but sleep, and while
 * they do, their thread-local storage can be used by another thread, one at a
 * time.  Who finds none free waits for one.
 *
 * So nobody may wait inside the gate for another thread of the program.  A gate
 * inside a gate is a plain call.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include "core.h"

struct glue_lender glue_lenders[GLUE_NLENDERS];
static __u32 wanted;		/* futex: counts returns */

void glue_lock(__u32 *lock)
{
	__u32 c = 0;

	if (__atomic_compare_exchange_n(lock, &c, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	if (c != 2)
		c = __atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE);
	while (c) {
		glue_raw4(SYS_futex, lock, FUTEX_WAIT_PRIVATE, 2, 0);
		c = __atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE);
	}
}

void glue_unlock(__u32 *lock)
{
	if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2)
		glue_raw3(SYS_futex, lock, FUTEX_WAKE_PRIVATE, 1);
}

static struct glue_lender *borrow(void)
{
	struct glue_lender *l;
	__u32 seen;
	int i;

	for (;;) {
		seen = __atomic_load_n(&wanted, __ATOMIC_ACQUIRE);
		for (i = 0; i < GLUE_NLENDERS; i++) {
			l = &glue_lenders[i];
			if (l->fs && !__atomic_exchange_n(&l->busy, 1, __ATOMIC_ACQUIRE))
				return l;
		}
		glue_raw4(SYS_futex, &wanted, FUTEX_WAIT_PRIVATE, seen, 0);
	}
}

static void give_back(struct glue_lender *l)
{
	__atomic_store_n(&l->busy, 0, __ATOMIC_RELEASE);
	__atomic_fetch_add(&wanted, 1, __ATOMIC_RELEASE);
	glue_raw3(SYS_futex, &wanted, FUTEX_WAKE_PRIVATE, 1);
}

long glue_gate(struct glue_thread *t, long (*fn)(void *arg), void *arg)
{
	struct glue_lender *l;
	long r;

	if (t->gate_depth)
		return fn(arg);
	t->gate_depth = 1;
	if (t->lib_fs) {
		r = glue_gate_call(t->lib_fs, fn, arg);
	} else {
		l = borrow();
		r = glue_gate_call(l->fs, fn, arg);
		give_back(l);
	}
	t->gate_depth = 0;
	return r;
}

/* A thread of ours that lends its storage; see lender.c. */
void *glue_gate_lend(void *arg)
{
	struct glue_lender *l = arg;
	__u32 never = 0;

	__atomic_store_n(&l->fs, glue_get_fs(), __ATOMIC_RELEASE);
	__atomic_fetch_add(&wanted, 1, __ATOMIC_RELEASE);
	glue_raw3(SYS_futex, &wanted, FUTEX_WAKE_PRIVATE, GLUE_NLENDERS);
	/* From here on the storage is others': no libc any more. */
	for (;;)
		glue_raw4(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, 0);
	return NULL;
}
