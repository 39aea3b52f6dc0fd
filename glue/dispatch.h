/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files behind glue_dispatch() share.
 */
#ifndef GLUE_DISPATCH_H
#define GLUE_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <libos/libos.h>

#include "fd.h"
#include "glue.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* --- the table ----------------------------------------------------------- */

typedef long sysfn_t(struct glue_thread *t, long nr, const unsigned long arg[6]);

enum sys_route {
	ROUTE_UNKNOWN,		/* no such number when this was built */
	ROUTE_UNLISTED,		/* not in sctable.def */
	ROUTE_HOST,
	ROUTE_HOSTFD,
	ROUTE_FD,
	ROUTE_STACK,
	ROUTE_ENGINE,
	ROUTE_ENOSYS,
	ROUTE_FN,
};

/**
 * struct sysent - one system call
 * @name: as in <asm/unistd.h>
 * @args: shapes of its arguments, a letter each; see sctable.def
 * @fn: for ROUTE_FN
 * @route: where it goes
 * @fd: for ROUTE_FD: the argument that decides
 */
struct sysent {
	const char *name;
	const char *args;
	sysfn_t *fn;
	__u8 route;
	__u8 fd;
};

#define SYSENTS	512
extern const struct sysent sctable[SYSENTS];

#define SCTABLE_PROTOS
#include "sctable.inc"
#undef SCTABLE_PROTOS

/* --- per thread ---------------------------------------------------------- */

#define BOUNCE	(64 * 1024)

/**
 * struct dispatch_thread - what dispatch keeps of a thread, once it needs it
 * @side: the call that is traced went to the stack
 * @pipe: host pipe that splice() peeks with, 0 for none
 * @bounce: for copies between the kernels
 */
struct dispatch_thread {
	int side;
	int pipe[2];
	char bounce[BOUNCE] __attribute__((aligned(4096)));
};

/* NULL with no memory. */
struct dispatch_thread *dispatch_thread(struct glue_thread *t);

static inline void side_stack(struct glue_thread *t)
{
	if (unlikely(t->dispatch))
		((struct dispatch_thread *)t->dispatch)->side = 1;
}

/* --- calls --------------------------------------------------------------- */

/* The program's call, to the stack; may block. */
static inline long to_stack(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	side_stack(t);
	return glue_stack(t, nr, arg, -1);
}

/* Likewise with a number for the new descriptor. */
static inline long to_stack_fd(struct glue_thread *t, long nr, const unsigned long arg[6], int fd)
{
	side_stack(t);
	return glue_stack(t, nr, arg, fd);
}

/*
 * A call of our own into the stack that must be made, signals or not, and does
 * not block.
 */
static inline long stack_now6(struct glue_thread *t, long nr, unsigned long a, unsigned long b,
			      unsigned long c, unsigned long d, unsigned long e)
{
	unsigned long arg[6] = { a, b, c, d, e, 0 };
	struct libos_thread *id = glue_thread_stack(t);

	side_stack(t);
	return likely(id) ? libos_call(id, nr, arg) : -ENOMEM;
}

/* Likewise with a number for the new descriptor. */
static inline long stack_now_fd(struct glue_thread *t, long nr, const unsigned long arg[6], int fd)
{
	struct libos_thread *id = glue_thread_stack(t);

	side_stack(t);
	return likely(id) ? libos_call_fd(id, nr, arg, fd) : -ENOMEM;
}
#define stack_now(t, nr, a, b, c)						\
	stack_now6(t, nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), 0, 0)
#define stack_now5(t, nr, a, b, c, d, e)					\
	stack_now6(t, nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c),	\
		   (unsigned long)(d), (unsigned long)(e))

/* By descriptor, as ROUTE_FD does. */
static inline long by_fd(struct glue_thread *t, long nr, const unsigned long arg[6],
			 unsigned long fd)
{
	switch (fd_kind(t->prog->fds, fd)) {
	case FD_STACK:
		return to_stack(t, nr, arg);
	case FD_HIDDEN:
		return -EBADF;
	default:
		return glue_host(t, nr, arg);
	}
}

/* --- options ------------------------------------------------------------- */

/* etc.c: the file that the program gets for @path, or NULL. */
const char *etc_overlay(const struct glue_prog *p, const char *path);

/* maps.c: open /proc/self/maps, for reading; a descriptor of the host's. */
long maps_open(struct glue_thread *t, unsigned long flags);

/* dispatch-fd.c: pipe(2) and socketpair(2) of the host */
long host_pair(struct glue_thread *t, long nr, const unsigned long arg[6], unsigned long at);

/* dispatch-bypass.c: is this address the host's?  @addr: in our memory. */
bool bypass_wanted(const struct glue_prog *p, const void *addr, unsigned int len);
/* Move stack socket @fd to the host's stack.  0 or a negative errno. */
long bypass_move(struct glue_thread *t, unsigned int fd);

/* dispatch-path.c: the host's working directory has changed */
void path_cwd_changed(struct glue_fdtab *f);

/* dispatch-scm.c */
long scm_send(struct glue_thread *t, long nr, const unsigned long arg[6]);
long scm_recv(struct glue_thread *t, long nr, const unsigned long arg[6]);
long scm_send_many(struct glue_thread *t, long nr, const unsigned long arg[6]);
long scm_recv_many(struct glue_thread *t, long nr, const unsigned long arg[6]);

/* trace.c */
long trace_call(struct glue_thread *t, long nr, const unsigned long arg[6],
		long (*call)(struct glue_thread *t, long nr, const unsigned long arg[6]));
void trace_unlisted(struct glue_prog *p, long nr);

#endif /* GLUE_DISPATCH_H */
