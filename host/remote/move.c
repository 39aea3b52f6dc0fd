// SPDX-License-Identifier: GPL-2.0-only
/*
 * An instance goes on in a child of its home.
 *
 * All that an instance is made of survives fork(2): the arena is shared memory and the
 * kernel's data is copied (both are inherited for this once); epoll sets, pidfds and
 * sockets are open files that do not care who holds them.  What does not survive is
 * threads.  So those of the library are stopped first, and started again in the child,
 * which takes up where they were: requests wait in their slots meanwhile.
 *
 *	parent: stop helper, server, channels -- fork -- start them: it did not work
 *	child:                                    |----- start them, tell the clients
 *
 * Clients permit a process by its number to read their memory where Yama asks for
 * that, so they are told the new number.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../loader.h"
#include "../sys.h"
#include "server.h"

#define EXPORT	__attribute__((visibility("default")))

/* What fork(2) is to leave out of a child, or not. */
static void inherit(struct libos *os, bool on)
{
	int advice = on ? MADV_DOFORK : MADV_DONTFORK;

	arena_inherit(os, advice);
	if (os->library)
		madvise(os->library->map, os->library->map_len, advice);
	if (os->server)
		peers_inherit(os->server, advice);
}

static int suspend_channels(struct libos *os)
{
	__u32 i;
	int r = 0;

	for (i = 0; i < os->nnetdev && r == 0; i++)
		if (os->netdev[i] && os->netdev[i]->ops.suspend)
			r = os->netdev[i]->ops.suspend(os->netdev[i]->io);
	return r;
}

/*
 * Also those that were not suspended: they do not mind.  One that cannot go on is a
 * device without a network, which is what its stack then has.
 */
static void resume_channels(struct libos *os)
{
	__u32 i;

	for (i = 0; i < os->nnetdev; i++)
		if (os->netdev[i] && os->netdev[i]->ops.resume)
			os->netdev[i]->ops.resume(os->netdev[i]->io);
}

static int start_threads(struct libos *os)
{
	int r = helper_start(os);

	return os->server && r >= 0 ? server_start(os->server) : r;
}

EXPORT int libos_serve_move(struct libos_thread *thr)
{
	struct libos *os = thr->os;
	int pid, r;

	if (libos_is_remote(thr))
		return -EINVAL;
	if (os->server)
		server_stop(os->server);
	helper_stop(os);
	r = suspend_channels(os);
	inherit(os, true);
	pid = r < 0 ? r : fork();
	if (pid < 0 && r == 0)
		r = -errno;
	if (pid > 0) {
		/* Its threads are gone, and it must not wake up. */
		store_release(&os->moved, true);
		return pid;
	}
	inherit(os, false);
	resume_channels(os);
	if (pid < 0) {
		if (start_threads(os) < 0) {
			/* Nobody would ever serve those who wait. */
			token_lock(os);
			instance_shut(os);
			token_unlock(os);
		}
		return r;
	}
	if (start_threads(os) < 0)
		_exit(127);	/* the parent has let go: there is no way back */
	if (os->server)
		server_moved(os->server);
	return 0;
}
