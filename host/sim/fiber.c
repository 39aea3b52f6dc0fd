// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fibers: a stack each for programs, that only switch when they wait.
 *
 * A fiber's stack ends at a page that cannot be touched, so that a program that
 * needs more than it has dies where it does.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

#define STACK	(256UL << 10)
#define GUARD	4096UL

void *sim_switch(void **save, void *to, void *arg);

static void entry(struct sim_fiber *f)
{
	f->main(f->arg);
	__builtin_trap();	/* main() leaves by sim_block() for ever */
}

/* What sim_switch() pops: saved registers, then where to go on. */
static void *first_frame(char *top)
{
#if defined(__x86_64__)
	uintptr_t *sp = (uintptr_t *)top;

	*--sp = 0;			/* entry() returns nowhere */
	*--sp = (uintptr_t)entry;
	sp -= 6;
#else
	uintptr_t *sp = (uintptr_t *)(top - 160);

	sp[1] = (uintptr_t)entry;	/* x30 */
#endif
	return sp;
}

int sim_fiber_init(struct sim_fiber *f, void (*main)(void *arg), void *arg)
{
	char *p = mmap(NULL, STACK + GUARD, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	mprotect(p, GUARD, PROT_NONE);
	*f = (struct sim_fiber){
		.stack = p,
		.sp = first_frame(p + GUARD + STACK - 16),
		.main = main,
		.arg = arg,
	};
	link_init(&f->ready);
	return 0;
}

void sim_fiber_fini(struct sim_fiber *f)
{
	if (f->stack)
		munmap(f->stack, STACK + GUARD);
	f->stack = NULL;
}

/* Go on with @f; comes back when it leaves. */
void sim_fiber_enter(void **save, struct sim_fiber *f)
{
	sim_switch(save, f->sp, f);
}

void sim_fiber_leave(struct sim_fiber *f, void *to)
{
	sim_switch(&f->sp, to, NULL);
}
