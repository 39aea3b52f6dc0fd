// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two places can keep descriptors while no daemon runs: systemd's descriptor
 * store, when systemd started us with one, else a process of ours, the keeper
 * (keeper.c).
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <fcntl.h>
#include <unistd.h>

#include "fdpass.h"
#include "msd.h"
#include "store.h"

#define BARRIER_MS 1000

struct kept {
	TAILQ_ENTRY(kept) next;
	int fd;
	char key[STORE_KEY_MAX + 1];
};

struct store_ops {
	int (*put)(struct store *s, const char *key, int fd);
	int (*del)(struct store *s, const char *key);
	int (*fetch)(struct store *s);
};

struct store {
	const struct store_ops *ops;
	int sock;
	TAILQ_HEAD(, kept) kept;
};

static void remember(struct store *s, const char *key, int fd)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (!k) {
		close(fd);
		return;
	}
	k->fd = fd;
	snprintf(k->key, sizeof(k->key), "%s", key);
	TAILQ_INSERT_TAIL(&s->kept, k, next);
}

/* ---- the keeper ---- */

static int keeper_put(struct store *s, const char *key, int fd)
{
	struct keeper_msg m = { .op = 'P' };

	snprintf(m.key, sizeof(m.key), "%s", key);
	return fd_send(s->sock, &m, sizeof(m), &fd, 1, 0);
}

static int keeper_del(struct store *s, const char *key)
{
	struct keeper_msg m = { .op = 'D' };
	int err, n = 0;

	snprintf(m.key, sizeof(m.key), "%s", key);
	err = fd_send(s->sock, &m, sizeof(m), NULL, 0, 0);
	if (!err && fd_recv(s->sock, &m, sizeof(m), NULL, &n, 0) != sizeof(m))
		err = -EPIPE;
	return err;
}

static int keeper_fetch(struct store *s)
{
	struct keeper_msg m = { .op = 'G' };
	int err = fd_send(s->sock, &m, sizeof(m), NULL, 0, 0);

	if (err)
		return err;
	for (;;) {
		int fd, n = 1;
		ssize_t len = fd_recv(s->sock, &m, sizeof(m), &fd, &n, 0);

		if (len != sizeof(m))
			return len < 0 ? len : -EPROTO;
		if (m.op == 'E')
			return 0;
		m.key[STORE_KEY_MAX] = 0;
		if (n)
			remember(s, m.key, fd);
	}
}

static const struct store_ops keeper_ops = { keeper_put, keeper_del, keeper_fetch };

/* ---- systemd ---- */

static int notify(struct store *s, const char *text, int fd)
{
	return fd_send(s->sock, text, strlen(text), &fd, fd >= 0 ? 1 : 0, 0);
}

static int systemd_put(struct store *s, const char *key, int fd)
{
	char text[128];

	/* FDPOLL=0: a hung-up connection is ours to see, not systemd's to drop */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", key);
	return notify(s, text, fd);
}

static int systemd_del(struct store *s, const char *key)
{
	int pipe_fd[2], err;
	char text[128];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", key);
	err = notify(s, text, -1);
	/* sd_notify_barrier(3): the end of the pipe says that it has been done */
	if (err || pipe2(pipe_fd, O_CLOEXEC))
		return err;
	err = notify(s, "BARRIER=1", pipe_fd[1]);
	close(pipe_fd[1]);
	if (!err)
		poll(&(struct pollfd){ .fd = pipe_fd[0] }, 1, BARRIER_MS);
	close(pipe_fd[0]);
	return err;
}

/* sd_listen_fds(3): what was stored, and the socket of a socket unit. */
static int systemd_fetch(struct store *s)
{
	const char *pid = getenv("LISTEN_PID"), *num = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	int i, n;

	if (!pid || !num || strtol(pid, NULL, 10) != getpid())
		return 0;
	n = strtol(num, NULL, 10);
	for (i = 0; i < n; i++) {
		size_t len = names ? strcspn(names, ":") : 0;
		int on = 0;
		socklen_t l = sizeof(on);
		char key[STORE_KEY_MAX + 1];

		snprintf(key, sizeof(key), "%.*s", (int)len, names ? names : "");
		if (names)
			names += names[len] ? len + 1 : len;
		fcntl(3 + i, F_SETFD, FD_CLOEXEC);
		if (!getsockopt(3 + i, SOL_SOCKET, SO_ACCEPTCONN, &on, &l) && on)
			snprintf(key, sizeof(key), "listen");
		remember(s, key, 3 + i);
	}
	return 0;
}

static const struct store_ops systemd_ops = { systemd_put, systemd_del, systemd_fetch };

static int systemd_connect(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd;

	if (len >= sizeof(sa.sun_path))
		return -EINVAL;
	memcpy(sa.sun_path, path, len);
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (void *)&sa, offsetof(struct sockaddr_un, sun_path) + len)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* ---- what both share ---- */

int store_open(struct store **sp, const char *run_dir)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	TAILQ_INIT(&s->kept);
	/*
	 * systemd 254 sets FDSTORE for units with FileDescriptorStoreMax=; with
	 * an older one the unit says so itself.
	 */
	if (path && (getenv("FDSTORE") || getenv("MULTISTACK_FDSTORE"))) {
		s->ops = &systemd_ops;
		s->sock = systemd_connect(path);
	} else {
		s->ops = &keeper_ops;
		s->sock = keeper_connect(run_dir);
		if (s->sock < 0)
			s->sock = keeper_spawn(run_dir);
	}
	err = s->sock < 0 ? s->sock : s->ops->fetch(s);
	if (err) {
		log_err("no place to keep descriptors: %s", strerror(-err));
		free(s);
		return err;
	}
	*sp = s;
	return 0;
}

int store_put(struct store *s, const char *key, int fd)
{
	return s->ops->put(s, key, fd);
}

int store_get(struct store *s, const char *key)
{
	struct kept *k;
	int fd;

	TAILQ_FOREACH(k, &s->kept, next) {
		if (strcmp(k->key, key))
			continue;
		fd = k->fd;
		TAILQ_REMOVE(&s->kept, k, next);
		free(k);
		return fd;
	}
	return -ENOENT;
}

void store_del(struct store *s, const char *key)
{
	s->ops->del(s, key);
}

void store_purge(struct store *s)
{
	struct kept *k;

	while ((k = TAILQ_FIRST(&s->kept))) {
		TAILQ_REMOVE(&s->kept, k, next);
		close(k->fd);
		if (k->key[0])
			store_del(s, k->key);
		free(k);
	}
}

void store_quit(struct store *s, const char *run_dir)
{
	struct keeper_msg m = { .op = 'Q' };
	int fd, n = 0;

	if (s && s->ops != &keeper_ops)
		return;
	/* it serves one connection at a time: ours, if we have one */
	fd = s ? s->sock : keeper_connect(run_dir);
	if (fd < 0)
		return;
	if (!fd_send(fd, &m, sizeof(m), NULL, 0, 0))
		fd_recv(fd, &m, sizeof(m), NULL, &n, 0);	/* its end */
	close(fd);
}
