// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forks.  The parent prepares the child's side in the stack, so that the files are those
 * of the moment before, and nothing can fail in the child but its own resources.
 *
 *	parent                         home                       child
 *	fork_begin: a socket pair ---> task with a copy of the files
 *	fork() -----------------------------------------------> fork_child
 *	fork_end: pid, close ours ---> watch the pid              hello on the socket
 *	                               the task gets the pid  <---
 *	                               welcome, shared memory --->
 *
 * A child that has nothing to ask of the stack yet may say hello when it has, or never:
 * what it does at once is libos_fork_part().
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../sys.h"
#include "client.h"
#include "server.h"

#define EXPORT	__attribute__((visibility("default")))

struct libos_fork {
	struct libos_thread *parent;
	struct libos_server *srv;	/* the parent is the home; else NULL */
	__u64 number;			/* of the peer to be */
	int sock;			/* the child's end */
};

/* Takes @sock. */
static long begin_home(struct libos_fork *f, int sock)
{
	struct peer *peer;
	int r, one = 1;

	r = libos_serve(f->parent, -1, &f->srv);
	if (r < 0)
		goto err;
	if (setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0) {
		r = -errno;
		goto err;
	}
	server_lock(f->srv);
	r = peer_new(f->srv, f->parent, sock, &peer);
	if (r < 0)
		goto err_unlock;
	f->number = peer->number;
	r = peer_rings_inherit(peer, NULL);
	if (r < 0)
		peer_gone(peer);
	server_unlock(f->srv);
	return r;

err_unlock:
	server_unlock(f->srv);
err:
	close(sock);
	return r;
}

/* Likewise: the home has its own. */
static long begin_client(struct libos_fork *f, int sock)
{
	long r = call_on(f->parent, REMOTE_NR_FORK, (unsigned long)sock, 0, 0, 0);

	if (r >= 0)
		f->number = (__u64)r;
	sys(SYS_close, sock);
	return r;
}

EXPORT int libos_fork_begin(struct libos_thread *parent, struct libos_fork **out)
{
	struct libos_fork *f;
	int sv[2];
	long r;

	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->parent = parent;
	r = client_socketpair(sv);
	if (r < 0)
		goto err;
	f->sock = sv[0];
	r = libos_is_remote(parent) ? begin_client(f, sv[1]) : begin_home(f, sv[1]);
	if (r < 0) {
		close(sv[0]);
		goto err;
	}
	*out = f;
	return 0;
err:
	free(f);
	return (int)r;
}

EXPORT int libos_fork_fds(const struct libos_fork *f, int *fds, int max)
{
	if (max > 0)
		fds[0] = f->sock;
	return 1;
}

EXPORT void libos_fork_part(struct libos_fork *f)
{
	libos_fd_release();		/* of a thread that is not here */
	if (f->srv)
		server_forked(f->srv);
	else if (f->parent)
		client_forked(to_client_thread(f->parent)->client);
	f->srv = NULL;
	f->parent = NULL;
}

EXPORT int libos_fork_child(struct libos_fork *f, struct libos_thread **main)
{
	int r;

	libos_fork_part(f);
	r = client_begin(f->sock, main);
	if (r < 0)
		close(f->sock);
	return r;
}

EXPORT void libos_fork_end(struct libos_fork *f, int pid)
{
	struct peer *peer;

	if (f->srv) {
		server_lock(f->srv);
		peer = peer_find(f->srv, f->number);
		if (peer)
			fork_over(peer, pid);
		server_unlock(f->srv);
	} else {
		call_on(f->parent, REMOTE_NR_FORKED, f->number, (unsigned long)(long)pid, 0, 0);
	}
	close(f->sock);
	free(f);
}
