// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces and BPF: they belong to the stack.
 *
 * A program that makes or enters a network namespace means the network it
 * sees, which is the stack's; all other kinds of namespace are the host's.
 * BPF programs and maps are for the stack's sockets, qdiscs and devices; tracing
 * the host's kernel from inside is not offered.
 */
#include <linux/bpf.h>
#include <linux/sched.h>

#include "dispatch.h"

long sys_unshare(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	unsigned long host = arg[0] & ~(unsigned long)CLONE_NEWNET;
	unsigned long call[6] = { host, 0, 0, 0, 0, 0 };
	long ret;

	if (!(arg[0] & CLONE_NEWNET) || !t->prog->opts->stack)
		return glue_host(t, nr, arg);
	if (host) {
		ret = glue_host(t, nr, call);
		if (ret < 0)
			return ret;
	}
	call[0] = CLONE_NEWNET;
	return to_stack(t, nr, call);
}

/* A namespace is entered where its descriptor lives. */
long sys_setns(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	return by_fd(t, nr, arg, arg[0]);
}

static bool bpf_makes_fd(unsigned long cmd)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_OBJ_GET:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_BTF_LOAD:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_CREATE:
	case BPF_LINK_GET_FD_BY_ID:
	case BPF_ENABLE_STATS:
	case BPF_ITER_CREATE:
	case 36:			/* BPF_TOKEN_CREATE, 6.9 */
		return true;
	default:
		return false;
	}
}

long sys_bpf(struct glue_thread *t, long nr, const unsigned long arg[6])
{
	long fd;

	if (!t->prog->opts->stack)
		return glue_host(t, nr, arg);
	if (!bpf_makes_fd((unsigned int)arg[0]))
		return to_stack(t, nr, arg);
	fd = fd_reserve(t->prog->fds, 0, true);
	if (fd < 0)
		return fd;
	return fd_settle(t, fd, to_stack_fd(t, nr, arg, fd), 0);
}
