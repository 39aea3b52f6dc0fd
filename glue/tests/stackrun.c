// SPDX-License-Identifier: GPL-2.0-only
/*
 * stackrun program [argument...]: run a program under the engine with a stack
 * that is none: call 1000 of the program blocks "in the stack" until it is
 * interrupted, and 1001 faults there.  So what signals do to calls of the stack
 * can be tested without a kernel, and with the gaps between the glue's steps and
 * the stack's made as wide as one likes.
 *
 *	1000(code)	sleeps until libos_interrupt(), returns -code
 *	1001(address)	reads from the program's memory, like the kernel layer:
 *			the byte, or -EFAULT
 *	1002()		sends SIGPIPE to the thread, returns -EPIPE
 *	1003()		number of identities that exist
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <libos/libos.h>

#include "glue/core.h"
#include "glue/fd.h"

struct libos_thread {
	__u32	interrupt;
	int	in_call;
	__u64	signals;
};

static _Atomic long identities;
static unsigned int jitter;

extern char stack_read[], stack_read_fault[];
long do_stack_read(unsigned long addr);
asm(".text\n.globl do_stack_read\ndo_stack_read:\n"
    "stack_read:	movzbl (%rdi), %eax\n	ret\n"
    "stack_read_fault:	mov $-14, %rax\n	ret\n");

static void dawdle(void)
{
	volatile unsigned int i, n = (jitter = jitter * 1103515245 + 12345) >> 22;

	for (i = 0; i < n; i++)
		;
}

long libos_call_fd(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint)
{
	long r = -ENOSYS;

	/* The gap: "if it is inside no call, its next call is not affected". */
	dawdle();
	__atomic_store_n(&thr->interrupt, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&thr->in_call, 1, __ATOMIC_SEQ_CST);
	switch (nr) {
	case 1000:
		while (!__atomic_load_n(&thr->interrupt, __ATOMIC_SEQ_CST))
			glue_raw4(SYS_futex, &thr->interrupt, FUTEX_WAIT_PRIVATE, 0, 0);
		r = -(long)arg[0];
		break;
	case 1001:
		r = do_stack_read(arg[0]);
		break;
	case 1002:
		thr->signals |= GLUE_SIGBIT(SIGPIPE);
		r = -EPIPE;
		break;
	}
	__atomic_store_n(&thr->in_call, 0, __ATOMIC_SEQ_CST);
	dawdle();
	return r;
}

long libos_call(struct libos_thread *thr, long nr, const unsigned long arg[6])
{
	return libos_call_fd(thr, nr, arg, -1);
}

__u64 libos_take_signals(struct libos_thread *thr)
{
	return __atomic_exchange_n(&thr->signals, 0, __ATOMIC_SEQ_CST);
}

void libos_interrupt(struct libos_thread *thr)
{
	if (!thr->in_call)
		return;
	__atomic_store_n(&thr->interrupt, 1, __ATOMIC_SEQ_CST);
	glue_raw3(SYS_futex, &thr->interrupt, FUTEX_WAKE_PRIVATE, 1);
}

int libos_in_call(const struct libos_thread *thr)
{
	return __atomic_load_n(&thr->in_call, __ATOMIC_SEQ_CST);
}

unsigned long libos_fault(struct libos_thread *thr, unsigned long ip)
{
	return ip == (unsigned long)stack_read ? (unsigned long)stack_read_fault : 0;
}

int libos_thread_new(struct libos_thread *parent, __u64 flags, int tid, struct libos_thread **out)
{
	*out = calloc(1, sizeof(**out));
	identities++;
	return *out ? 0 : -ENOMEM;
}

void libos_thread_exit(struct libos_thread *thr, int code)
{
	identities--;
	free(thr);
}

/* The dispatcher. */
long glue_dispatch(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	if (nr == 1003)
		return identities;
	if (nr >= 1000 && nr <= 1002)
		return glue_stack(t, nr, arg, -1);
	return glue_host(t, nr, arg);
}

struct glue_fdtab *glue_fdtab_new(struct glue_prog *p)
{
	static char none[4096];

	return (struct glue_fdtab *)none;
}

void glue_fdtab_free(struct glue_fdtab *f)
{
}

void glue_fdtab_fork(struct glue_thread *t, enum glue_fork_step step)
{
}

void glue_fdtab_child(struct glue_fdtab *f, int *keep, int n)
{
}

bool glue_fdtab_uses_stack(const struct glue_fdtab *f)
{
	return false;
}

void glue_fdtab_exec(struct glue_thread *t)
{
}

void glue_on_thread(struct glue_thread *t, int starts)
{
}

int main(int argc, char **argv)
{
	static struct libos_thread first;
	struct glue_opts o = { .size = sizeof(o), .stack = &first, .argv = argv + 1 };
	int status = 0, r;

	if (argc < 2)
		return 2;
	o.path = argv[1];
	r = glue_exec(&o, &status);
	if (r) {
		fprintf(stderr, "stackrun: %s: %s\n", argv[1], strerror(-r));
		return 127;
	}
	if (identities)
		fprintf(stderr, "stackrun: %ld identities left\n", (long)identities);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : identities ? 126 : WEXITSTATUS(status);
}
