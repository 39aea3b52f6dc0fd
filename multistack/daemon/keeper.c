// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keeper: a process that does nothing but hold descriptors.
 *
 * When multistackd is killed, the kernel closes what it has open: the
 * credentials, and the clients' connections.  The keeper has a copy of each,
 * so that nothing is closed in fact, no client sees a hang-up, and a request
 * that was sent meanwhile waits in the connection for the next daemon.
 *
 * It is as small as can be, does not parse what clients send, and listens on
 * a socket in the daemon's directory that only its own uid may use.  One
 * daemon is connected at a time.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "fdpass.h"
#include "msd.h"
#include "sandbox.h"
#include "store.h"

#define BUCKETS 4096

struct held {
	LIST_ENTRY(held) next;
	int fd;
	char key[STORE_KEY_MAX + 1];
};

static LIST_HEAD(, held) table[BUCKETS];

static unsigned int hash(const char *s)
{
	unsigned int h = 5381;

	while (*s)
		h = h * 33 + (unsigned char)*s++;
	return h % BUCKETS;
}

static struct held *lookup(const char *key)
{
	struct held *h;

	LIST_FOREACH(h, &table[hash(key)], next)
		if (!strcmp(h->key, key))
			return h;
	return NULL;
}

static void drop(struct held *h)
{
	LIST_REMOVE(h, next);
	close(h->fd);
	free(h);
}

static void put(const char *key, int fd)
{
	struct held *h = lookup(key);

	if (h)
		drop(h);
	h = calloc(1, sizeof(*h));
	if (!h) {
		close(fd);
		return;
	}
	h->fd = fd;
	snprintf(h->key, sizeof(h->key), "%s", key);
	LIST_INSERT_HEAD(&table[hash(key)], h, next);
}

static void give_all(int sock)
{
	struct keeper_msg m = { .op = 'P' };
	struct held *h;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++) {
		LIST_FOREACH(h, &table[i], next) {
			memcpy(m.key, h->key, sizeof(m.key));
			if (fd_send(sock, &m, sizeof(m), &h->fd, 1, 0))
				return;
		}
	}
	memset(&m, 0, sizeof(m));
	m.op = 'E';
	fd_send(sock, &m, sizeof(m), NULL, 0, 0);
}

static void serve(int sock)
{
	struct keeper_msg m;

	for (;;) {
		int fd = -1, n = 1;
		ssize_t len = fd_recv(sock, &m, sizeof(m), &fd, &n, 0);
		struct held *h;

		if (len <= 0)
			return;
		if (len != sizeof(m)) {
			if (n)
				close(fd);
			continue;
		}
		m.key[STORE_KEY_MAX] = 0;
		if (m.op == 'P' && n) {
			put(m.key, fd);
			continue;
		}
		if (n)
			close(fd);
		if (m.op == 'D') {
			h = lookup(m.key);
			if (h)
				drop(h);
			/* the daemon tells its client "free" only when it is */
			fd_send(sock, &m, sizeof(m), NULL, 0, 0);
		} else if (m.op == 'G') {
			give_all(sock);
		} else if (m.op == 'Q') {
			exit(0);
		}
	}
}

static int address(const char *run_dir, struct sockaddr_un *sa)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	if (snprintf(sa->sun_path, sizeof(sa->sun_path), "%s/keeper.sock", run_dir) >=
	    (int)sizeof(sa->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

int keeper_connect(const char *run_dir)
{
	struct timeval tv = { 10, 0 };
	struct sockaddr_un sa;
	int fd, err = address(run_dir, &sa);

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* it is local and does little: not to answer for long is to be broken */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (connect(fd, (void *)&sa, sizeof(sa))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void run(int listener)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_NAME, "multistack-keep");
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	dup2(listener, 3);
	closefrom(4);
	if (chdir("/"))
		exit(1);
	if (sandbox_keeper())
		exit(1);
	for (;;) {
		struct ucred cr;
		socklen_t len = sizeof(cr);
		int sock = accept4(3, NULL, NULL, SOCK_CLOEXEC);

		if (sock < 0)
			continue;
		if (!getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cr, &len) &&
		    cr.uid == getuid())
			serve(sock);
		close(sock);
	}
}

int keeper_spawn(const char *run_dir)
{
	struct sockaddr_un sa;
	int fd, err = address(run_dir, &sa);
	mode_t mask;
	pid_t pid;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(sa.sun_path);
	mask = umask(0177);
	err = bind(fd, (void *)&sa, sizeof(sa)) || listen(fd, 4) ? -errno : 0;
	umask(mask);
	if (err) {
		close(fd);
		return err;
	}
	/* twice, so that it is nobody's child and in nobody's session */
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork())
			_exit(0);
		run(fd);
		_exit(1);
	}
	close(fd);
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return keeper_connect(run_dir);
}
