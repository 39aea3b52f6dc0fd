// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that the home does not pass on to the kernel layer as they are.
 *
 * Some are between libos.so and libos.so.  Some name things of the client which the
 * home has to make its own first.  And some would have the kernel layer use the
 * client's addresses as if they were ours: what goes to a program's memory other than
 * by the host's mem ops.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../sys.h"
#include "client.h"
#include "server.h"

bool request_is_own(const struct libos_call *call)
{
	switch (call->nr) {
	case LIBOS_NR_TASK_NEW:
	case LIBOS_NR_TASK_EXIT:
	case LIBOS_NR_NETDEV_ADD:
	case LIBOS_NR_NETDEV_DEL:
	case LIBOS_NR_NETDEV_CARRIER:
	case LIBOS_NR_HOSTFILE:
	case LIBOS_NR_FD_GIVE:
	case LIBOS_NR_FD_DROP:
	case REMOTE_NR_THREAD:
	case REMOTE_NR_FORK:
	case REMOTE_NR_FORKED:
	case REMOTE_NR_MMAP:
	case REMOTE_NR_MUNMAP:
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mremap:
	case SYS_futex:
	case SYS_set_robust_list:
	case SYS_get_robust_list:
	case SYS_set_tid_address:
	case SYS_rseq:
	case SYS_io_uring_setup:
	case SYS_io_uring_enter:
	case SYS_io_uring_register:
	case SYS_io_setup:
	case SYS_vmsplice:
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
	case SYS_ptrace:
	case SYS_reboot:
	case SYS_rt_sigaction:
	case 449:	/* futex_waitv */
	case 454:	/* futex_wake */
	case 455:	/* futex_wait */
	case 456:	/* futex_requeue */
		return true;
	}
	return false;
}

/*
 * A file of the client in the stack's poll: the home polls a duplicate of its own,
 * which is closed with the stack's file (hostfile.c).
 */
static long host_file(struct served *t, int fd, int fd_hint)
{
	struct libos *os = t->base.os;
	unsigned long arg[6] = { 0 };
	int own;
	long r;

	if (t->peer->pidsrc.fd < 0)
		return -EMFILE;
	own = fd_open_high((int)syscall(SYS_pidfd_getfd, t->peer->pidsrc.fd, fd, 0));
	if (own < 0)
		return -errno;
	token_lock(os);
	r = hostfile_own(os, own);
	token_unlock(os);
	if (r < 0) {
		close(own);
		return r;
	}
	arg[0] = (unsigned long)own;
	r = t->base.ops->call(&t->base, LIBOS_NR_HOSTFILE, arg, fd_hint);
	if (r < 0) {
		token_lock(os);
		hostfile_release(os, own);
		instance_release(os);
	}
	return r;
}

static long fork_begin(struct served *t, int fd)
{
	struct libos_server *srv = t->peer->srv;
	struct peer *child;
	int sock, r, one = 1;

	if (t->peer->pidsrc.fd < 0)
		return -EMFILE;
	sock = fd_open_high((int)syscall(SYS_pidfd_getfd, t->peer->pidsrc.fd, fd, 0));
	if (sock < 0)
		return -errno;
	if (setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
		r = -errno;
	else
		r = peer_new(srv, &t->base, sock, &child);
	if (r < 0) {
		close(sock);
		return r;
	}
	child->maker = t->peer->number;
	r = peer_rings_inherit(child, t->peer);
	if (r < 0) {
		peer_gone(child);
		return r;
	}
	return (long)child->number;
}

static long forked(struct served *t, __u64 number, int pid)
{
	struct peer *child = peer_find(t->peer->srv, number);

	if (!child || child->maker != t->peer->number)
		return -ENOENT;
	fork_over(child, pid);
	return 0;
}

static void witnessed_end(struct witnessed *w)
{
	struct libos_server *srv = w->src.srv;

	source_close(&w->src);
	call_on(srv->self, LIBOS_NR_FD_DROP, w->number, 0, 0, 0);
	link_del(&w->witnessed);
	srv->nwitnessed--;
	server_bury(srv, w);
}

static void witness_event(struct source *src, __u32 events)
{
	witnessed_end((struct witnessed *)src);
}

void witnessed_end_all(struct libos_server *srv)
{
	while (!link_empty(&srv->witnessed))
		witnessed_end(link_entry(srv->witnessed.next, struct witnessed, witnessed));
}

static long token_give_while(struct served *t, __u64 fd, __u64 number, int witness)
{
	struct libos_server *srv = t->peer->srv;
	struct witnessed *w;
	int own, r;

	if (t->peer->pidsrc.fd < 0)
		return -EMFILE;
	if (srv->nwitnessed >= WITNESSED_MAX)
		return -ETOOMANYREFS;
	own = fd_open_high((int)syscall(SYS_pidfd_getfd, t->peer->pidsrc.fd, witness, 0));
	if (own < 0)
		return -errno;
	w = calloc(1, sizeof(*w));
	r = w ? (int)call_on(&t->base, LIBOS_NR_FD_GIVE, fd, number, 0, 0) : -ENOMEM;
	if (r < 0)
		goto err;
	w->number = number;
	r = source_add(srv, &w->src, own, 0, witness_event);
	if (r < 0) {
		call_on(srv->self, LIBOS_NR_FD_DROP, number, 0, 0, 0);
		goto err;
	}
	link_add_tail(&w->witnessed, &srv->witnessed);
	srv->nwitnessed++;
	return 0;
err:
	free(w);
	close(own);
	return r;
}

static long token_give(struct served *t, __u64 fd, __u64 number, int witness)
{
	struct token *tok;
	long r;

	if (witness >= 0)
		return token_give_while(t, fd, number, witness);
	tok = malloc(sizeof(*tok));
	if (!tok)
		return -ENOMEM;
	r = call_on(&t->base, LIBOS_NR_FD_GIVE, fd, number, 0, 0);
	if (r < 0) {
		free(tok);
		return r;
	}
	tok->number = number;
	tok->next = t->peer->tokens;
	t->peer->tokens = tok;
	return 0;
}

/* Another process's token may be dropped, too: its maker's end does no harm then. */
static long token_drop(struct served *t, __u64 number)
{
	struct token **p, *tok;

	for (p = &t->peer->tokens; (tok = *p) != NULL; p = &tok->next)
		if (tok->number == number) {
			*p = tok->next;
			free(tok);
			break;
		}
	return call_on(&t->base, LIBOS_NR_FD_DROP, number, 0, 0, 0);
}

/* The process that gave them has ended. */
void peer_tokens_drop(struct peer *peer)
{
	struct token *tok;

	while ((tok = peer->tokens) != NULL) {
		peer->tokens = tok->next;
		call_on(peer->srv->self, LIBOS_NR_FD_DROP, tok->number, 0, 0, 0);
		free(tok);
	}
}

/* False if the thread is no more; its last request was answered. */
bool request_own(struct served *t, __s64 *ret)
{
	struct libos_call c = t->base.call;	/* the calls below use it */

	switch (c.nr) {
	case REMOTE_NR_THREAD:
		*ret = peer_thread_new(t, c.arg[0], (int)c.arg[1], (int)c.arg[2]);
		break;
	case REMOTE_NR_FORK:
		*ret = fork_begin(t, (int)c.arg[0]);
		break;
	case REMOTE_NR_FORKED:
		*ret = forked(t, c.arg[0], (int)c.arg[1]);
		break;
	case LIBOS_NR_TASK_EXIT:
		peer_thread_end(t, (int)c.arg[0], true);
		return false;
	case LIBOS_NR_HOSTFILE:
		*ret = host_file(t, (int)c.arg[0], c.fd_hint);
		break;
	case LIBOS_NR_FD_GIVE:
		*ret = token_give(t, c.arg[0], c.arg[1], (int)c.arg[2]);
		break;
	case LIBOS_NR_FD_DROP:
		*ret = token_drop(t, c.arg[0]);
		break;
	case LIBOS_NR_TASK_NEW:
	case LIBOS_NR_NETDEV_ADD:
	case LIBOS_NR_NETDEV_DEL:
	case LIBOS_NR_NETDEV_CARRIER:
	case SYS_reboot:
		*ret = -EPERM;
		break;
	case REMOTE_NR_MMAP:
		*ret = ring_map(t, &c);
		break;
	case REMOTE_NR_MUNMAP:
		*ret = ring_unmap(t, c.arg[0]);
		break;
	default:
		*ret = -ENOSYS;
		break;
	}
	return true;
}
