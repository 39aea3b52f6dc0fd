// SPDX-License-Identifier: GPL-2.0-only
/*
 * A helper that makes network namespaces, so that the daemon itself need not
 * keep CAP_SYS_ADMIN.
 *
 * For each "n" that it is sent it makes a new netns, opens in it an AF_XDP
 * and an rtnetlink socket, returns to where it was, and hands over the three
 * descriptors.  For each "t" it opens /dev/net/tun, which a daemon that is not
 * root (--user) may not do on every machine.  It ends when the daemon does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fdpass.h"
#include "msd.h"
#include "sandbox.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif

static int make(int home, int *fds)
{
	int err = 0, i, quiet;

	for (i = 0; i < 3; i++)
		fds[i] = -1;
	if (unshare(CLONE_NEWNET))
		return -errno;
	/* the kernel must not speak on the port's behalf (MLD, router solicits) */
	quiet = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
	if (quiet >= 0) {
		if (write(quiet, "1", 1) < 0)
			err = -errno;
		close(quiet);
	}
	fds[0] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fds[0] >= 0)
		fds[1] = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fds[1] >= 0)
		fds[2] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fds[2] < 0)
		err = -errno;
	if (setns(home, CLONE_NEWNET))
		exit(1);
	return err;
}

static void run(int sock)
{
	int home, fds[3], err, n, i;
	char c;

	/* nothing of the daemon's: systemd may have given it credentials */
	dup2(sock, 3);
	sock = 3;
	closefrom(4);
	fd_send(sock, "r", 1, NULL, 0, 0);
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	prctl(PR_SET_NAME, "multistack-ns");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (home < 0 || sandbox_nsmaker())
		exit(1);
	for (;;) {
		n = 0;
		if (fd_recv(sock, &c, 1, fds, &n, 0) <= 0)
			exit(0);
		n = c == 't' ? 1 : 3;
		fds[1] = fds[2] = -1;
		if (c == 't') {
			fds[0] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
			err = fds[0] < 0 ? -errno : 0;
		} else {
			err = make(home, fds);
		}
		if (fd_send(sock, &err, sizeof(err), fds, err ? 0 : n, 0))
			exit(0);
		for (i = 0; i < 3; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	}
}

int nsmaker_start(struct msd *d)
{
	int sv[2], n = 0;
	pid_t pid;
	char c;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(sv[0]);
		run(sv[1]);
	}
	close(sv[1]);
	if (pid < 0) {
		close(sv[0]);
		return -errno;
	}
	d->ns_maker = sv[0];
	/* until it has closed what it does not need */
	return fd_recv(sv[0], &c, 1, NULL, &n, 0) == 1 ? 0 : -EPIPE;
}

/* Ask for what @c stands for; @n descriptors come. */
static int ask(struct msd *d, char c, int *fds, int n)
{
	int err, got = n, ret;
	ssize_t len;

	ret = fd_send(d->ns_maker, &c, 1, NULL, 0, 0);
	if (ret)
		return ret;
	len = fd_recv(d->ns_maker, &err, sizeof(err), fds, &got, 0);
	if (len != sizeof(err))
		return len < 0 ? len : -EPIPE;
	if (err || got != n) {
		while (got--)
			close(fds[got]);
		return err ? err : -EPIPE;
	}
	return 0;
}

int nsmaker_make(struct msd *d, struct ns_fds *f)
{
	int fds[3], err;

	f->ns = f->xsk = f->rtnl = -1;
	err = ask(d, 'n', fds, 3);
	if (err)
		return err;
	f->ns = fds[0];
	f->xsk = fds[1];
	f->rtnl = fds[2];
	return 0;
}

int nsmaker_tun(struct msd *d)
{
	int fd, err = ask(d, 't', &fd, 1);

	return err ? err : fd;
}
