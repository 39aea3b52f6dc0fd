// SPDX-License-Identifier: GPL-2.0-only
/*
 * <libos/remote.h> of a stack that has one process: no fork is prepared and no file
 * handed over.
 */
#include <errno.h>

#include <libos/remote.h>

int libos_fork_begin(struct libos_thread *parent, struct libos_fork **out)
{
	return -ENOSYS;
}

int libos_fork_fds(const struct libos_fork *f, int *fds, int max)
{
	return 0;
}

void libos_fork_part(struct libos_fork *f)
{
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

int libos_fd_give_while(struct libos_thread *thr, int fd, int witness, uint64_t *token)
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

long libos_mmap(struct libos_thread *thr, const unsigned long arg[6])
{
	return -ENOSYS;
}

int libos_munmap(struct libos_thread *thr, unsigned long addr)
{
	return -ENOSYS;
}

void libos_fd_hold(void)
{
}

void libos_fd_release(void)
{
}
