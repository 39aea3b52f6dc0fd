// SPDX-License-Identifier: GPL-2.0-only
/*
 * <libos/libos.h> without a stack behind it, for test programs that only give
 * glue_exec() a NULL stack; noremote.c has the rest.  Nothing here is ever called.
 */
#include <errno.h>

#include <libos/libos.h>

long libos_call(struct libos_thread *thr, long nr, const unsigned long arg[6])
{
	return -ENOSYS;
}

long libos_call_fd(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint)
{
	return -ENOSYS;
}

__u64 libos_take_signals(struct libos_thread *thr)
{
	return 0;
}

void libos_interrupt(struct libos_thread *thr)
{
}

int libos_in_call(const struct libos_thread *thr)
{
	return 0;
}

unsigned long libos_fault(struct libos_thread *thr, unsigned long ip)
{
	return 0;
}

int libos_thread_new(struct libos_thread *parent, __u64 flags, int tid, struct libos_thread **out)
{
	return -ENOSYS;
}

void libos_thread_exit(struct libos_thread *thr, int code)
{
}

struct libos *libos_thread_os(const struct libos_thread *thr)
{
	return NULL;
}
