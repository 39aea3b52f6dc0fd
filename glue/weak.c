// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine without a dispatcher (make NODISPATCH=1): every call goes to the
 * host.  For tests of the engine alone.
 */
#include "core.h"
#include "fd.h"

long glue_dispatch(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return glue_host(t, nr, arg);
}

struct glue_fdtab *glue_fdtab_new(struct glue_prog *p)
{
	/* No number is the stack's. */
	static struct glue_fdtab none;

	return &none;
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
