// SPDX-License-Identifier: GPL-2.0-only
/*
 * A system call of the program: the stack's or the host's?
 *
 * Most calls are decided by the table alone: they are the host's, or go where
 * their descriptor lives.  The others have a function in a dispatch-*.c file.
 * The engine (glue_enter()) has taken what concerns memory, signals, threads
 * and processes before; what it passes on of those is the host's.
 *
 * All of this is hot code: see glue.h.
 */
#include <sys/mman.h>

#include "dispatch.h"

static inline __attribute__((always_inline))
long route(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	const struct sysent *e;

	if (unlikely((unsigned long)nr >= SYSENTS))
		return glue_host(t, nr, arg);
	e = &sctable[nr];
	switch (e->route) {
	case ROUTE_FD:
		return by_fd(t, nr, arg, arg[e->fd]);
	case ROUTE_FN:
		return e->fn(t, nr, arg);
	case ROUTE_STACK:
		return to_stack(t, nr, arg);
	case ROUTE_HOSTFD: {
		long fd = glue_host(t, nr, arg);

		return fd < 0 ? fd : fd_host_made(t->prog->fds, fd);
	}
	case ROUTE_ENOSYS:
		return -ENOSYS;
	case ROUTE_UNKNOWN:
	case ROUTE_UNLISTED:
		trace_unlisted(t->prog, nr);
		/* fallthrough */
	default:
		return glue_host(t, nr, arg);
	}
}

static __attribute__((noinline))
long route_traced(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return route(t, nr, arg);
}

long glue_dispatch(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	if (unlikely(t->prog->fds->trace))
		return trace_call(t, nr, arg, route_traced);
	return route(t, nr, arg);
}

struct dispatch_thread *dispatch_thread(struct glue_thread *t)
{
	long p;

	if (t->dispatch)
		return t->dispatch;
	p = glue_raw6(SYS_mmap, 0, sizeof(struct dispatch_thread), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p < 0 && p > -4096)
		return NULL;
	t->dispatch = (void *)p;
	return t->dispatch;
}

void glue_on_thread(struct glue_thread *t, int starts)
{
	struct dispatch_thread *d = t->dispatch;

	if (starts || !d)
		return;
	t->dispatch = NULL;
	if (d->pipe[1]) {
		glue_raw1(SYS_close, d->pipe[0]);
		glue_raw1(SYS_close, d->pipe[1]);
	}
	glue_raw2(SYS_munmap, d, sizeof(*d));
}
