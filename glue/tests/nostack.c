// SPDX-License-Identifier: GPL-2.0-only
/*
 * <libos/libos.h> without a stack behind it, for test programs that only give
 * glue_exec() a NULL stack.  Nothing here is ever called.
 */
#include <errno.h>

#include <libos/remote.h>

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

int libos_fork_begin(struct libos_thread *parent, struct libos_fork **out)
{
	return -ENOSYS;
}

int libos_fork_fds(const struct libos_fork *f, int *fds, int max)
{
	return 0;
}

int libos_fork_child(struct libos_fork *f, struct libos_thread **child)
{
	return -ENOSYS;
}

void libos_fork_end(struct libos_fork *f, int pid)
{
}

int libos_is_remote(const struct libos_thread *thr)
{
	return 0;
}

void libos_fd_floor(int floor)
{
}

int libos_fd_give(struct libos_thread *thr, int fd, uint64_t *token)
{
	return -ENOSYS;
}

int libos_fd_take(struct libos_thread *thr, uint64_t token, int fd_hint)
{
	return -ENOSYS;
}

int libos_fd_drop(struct libos_thread *thr, uint64_t token)
{
	return -ENOSYS;
}
