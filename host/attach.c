// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching a channel to an instance, and closing them all.
 *
 * Runs on an ordinary thread.  The device is entered in the instance's table with
 * the token held before the kernel layer learns of it, since the driver may send
 * as soon as it exists; and its files are added to the epoll last, since an event
 * needs the driver.
 */
#include <poll.h>
#include <stdlib.h>

#include "instance.h"
#include "sys.h"

static int reserve(struct libos *os, struct netdev *nd)
{
	__u32 i;
	int r = -ENOSPC;

	token_lock(os);
	for (i = 0; i < LIBOS_MAX_NETDEVS; i++)
		if (!os->netdev[i])
			break;
	if (i < LIBOS_MAX_NETDEVS) {
		nd->id = i;
		os->netdev[i] = nd;
		if (i >= os->nnetdev)
			os->nnetdev = i + 1;
		r = 0;
	}
	instance_unlock(os);
	return r;
}

static void unreserve(struct libos *os, struct netdev *nd)
{
	token_lock(os);
	os->netdev[nd->id] = NULL;
	instance_unlock(os);
}

static int watch(struct libos *os, struct netdev *nd)
{
	int i;

	for (i = 0; i < nd->npfd; i++) {
		struct epoll_event ev = {
			.events = EPOLLET | (nd->pfd[i].events & POLLIN ? EPOLLIN : 0),
			.data.u64 = TAG_DEV | nd->id << 8 | (unsigned int)i,
		};
		long r = sys(SYS_epoll_ctl, os->epfd, EPOLL_CTL_ADD, nd->pfd[i].fd, &ev);

		if (r < 0) {
			while (i-- > 0)
				sys(SYS_epoll_ctl, os->epfd, EPOLL_CTL_DEL, nd->pfd[i].fd, NULL);
			return r;
		}
	}
	return 0;
}

static void close_channel(struct libos_netio *io)
{
	if (io->ops->close)
		io->ops->close(io);
}

static int prepare(struct netdev *nd, struct libos_netio *io)
{
	int i;

	if (!io->queues || io->queues > LIBOS_MAX_QUEUES)
		return -EINVAL;
	nd->npfd = io->ops->pollfds ? io->ops->pollfds(io, nd->pfd, LIBOS_DEV_PFDS) : 0;
	if (nd->npfd < 0)
		return nd->npfd;
	if (nd->npfd > LIBOS_DEV_PFDS)
		return -ENOSPC;
	for (i = 0; i < nd->npfd; i++)
		if (nd->pfd[i].queue >= io->queues)
			return -EINVAL;
	return 0;
}

int netdev_add(struct libos_thread *thr, const struct libos_netdev_params *params,
	       struct libos_netio *io)
{
	struct libos *os = thr->os;
	struct netdev *nd = calloc(1, sizeof(*nd));
	unsigned long arg[6] = { (unsigned long)params, (unsigned long)io };
	long r, ifindex;

	if (!nd) {
		r = -ENOMEM;
		goto err_close;
	}
	r = prepare(nd, io);
	if (r < 0)
		goto err_free;
	nd->os = os;
	nd->io = io;
	nd->lower = io->ops;
	nd->ops = *io->ops;
	nd->ops.tx = netdev_tx;
	nd->ops.rx = netdev_rx;
	nd->told_deadline = LIBOS_NEVER;
	r = reserve(os, nd);
	if (r < 0)
		goto err_free;

	io->ops = &nd->ops;
	arg[2] = (unsigned long)&nd->dev;
	ifindex = libos_call(thr, LIBOS_NR_NETDEV_ADD, arg);
	if (ifindex < 0) {
		r = ifindex;
		goto err_unreserve;
	}
	r = watch(os, nd);
	if (r < 0)
		goto err_del;
	if (nd->ops.deadline_ns) {
		token_lock(os);
		os->ndeadline++;
		instance_release(os);
	}
	return ifindex;

err_del:
	arg[0] = (unsigned long)nd->dev;
	libos_call(thr, LIBOS_NR_NETDEV_DEL, arg);
err_unreserve:
	io->ops = nd->lower;
	unreserve(os, nd);
err_free:
	free(nd);
err_close:
	close_channel(io);
	return r;
}

/* The kernel layer is not entered any more. */
void netdev_close_all(struct libos *os)
{
	__u32 i;

	for (i = 0; i < os->nnetdev; i++) {
		struct netdev *nd = os->netdev[i];

		if (!nd)
			continue;
		nd->io->ops = nd->lower;
		close_channel(nd->io);
		free(nd);
		os->netdev[i] = NULL;
	}
}
