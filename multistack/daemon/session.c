// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients' connections: one request, one reply.
 *
 * A connection that opens a port is the port's life line: it ends with the
 * connection, and with the process that opened it (its pidfd), whichever comes
 * first.  Nothing here ever waits for a client: a reply that does not fit in
 * the connection's buffer ends it.
 *
 * What a client sends is checked here for size, version and type, and in the
 * functions called for the rest.  Descriptors that a request has no use for
 * are closed.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "fdpass.h"
#include "msd.h"
#include "store.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Size of the body that each request must have. */
static const size_t body_size[MS_MSG_MAX] = {
	[MS_MSG_OPEN] = sizeof(struct ms_req_open),
	[MS_MSG_BIND] = sizeof(struct ms_tuple),
	[MS_MSG_UNBIND] = sizeof(struct ms_tuple),
	[MS_MSG_ATTACH] = sizeof(struct ms_req_attach),
	[MS_MSG_DETACH] = sizeof(struct ms_req_attach),
	[MS_MSG_LIST_SWITCH] = sizeof(struct ms_req_list),
	[MS_MSG_LIST_PORT] = sizeof(struct ms_req_list),
	[MS_MSG_LIST_TUPLE] = sizeof(struct ms_req_list),
	[MS_MSG_LIMIT] = sizeof(struct ms_req_limit),
	[MS_MSG_CLOSE] = sizeof(struct ms_req_name),
};

int session_send(struct msd *d, struct session *s, const void *msg, size_t len, int fd)
{
	(void)d;
	return fd_send(s->conn.fd, msg, len, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);
}

void session_close(struct msd *d, struct session *s, const char *why)
{
	struct port *p = s->port;

	if (p) {
		p->session = NULL;
		s->port = NULL;
		port_close(d, p, why ? why : "closed");
	}
	if (s->watcher)
		d->nwatchers--;
	/* whoever else has it, the keeper or a child of the client, sees the end */
	shutdown(s->conn.fd, SHUT_RDWR);
	watch_del(d, &s->conn);
	watch_del(d, &s->pid_watch);
	TAILQ_REMOVE(&d->sessions, s, next);
	free(s);
}

static void on_pid(struct msd *d, struct watch *w, uint32_t events)
{
	(void)events;
	session_close(d, container_of(w, struct session, pid_watch), "its process has ended");
}

/* @pidfd -1: get one for the process at the other end of the connection. */
int session_watch_pid(struct msd *d, struct session *s, int pidfd)
{
	socklen_t len = sizeof(pidfd);

	if (s->pid_watch.fd >= 0)
		return 0;
	if (pidfd < 0 && getsockopt(s->conn.fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len)) {
		/* a process that is reaped has none: ESRCH, or EINVAL on some */
		if (errno != ENOPROTOOPT)
			return -ESRCH;
		pidfd = syscall(SYS_pidfd_open, s->pid, 0);
		if (pidfd < 0)
			return -errno;
	}
	return watch_add(d, &s->pid_watch, pidfd, EPOLLIN, on_pid);
}

static int open_port(struct msd *d, struct session *s, const void *body, void *rep,
		     size_t *len, int *fd)
{
	int err;

	if (s->port) {
		struct ms_req_open r;
		char name[MS_NAME_MAX + 1];

		/* the same request again, after a restart of the daemon */
		memcpy(&r, body, sizeof(r));
		snprintf(name, sizeof(name), "%s:%s", s->port->sw->st.name,
			 s->port->st.name);
		if (strncmp(name, r.name, sizeof(name)))
			return refuse(d, -EISCONN, "this connection has a port, %s", name);
		/* its TAP cannot be had again: make the port anew */
		s->port->session = NULL;
		port_close(d, s->port, "opened again");
		s->port = NULL;
	}
	err = session_watch_pid(d, s, -1);
	if (err)
		return refuse(d, err, "the client's process has ended");
	err = port_open(d, s, body, rep, fd);
	if (!err)
		*len = sizeof(struct ms_rep_open);
	return err;
}

static int port_request(struct msd *d, struct session *s, const struct ms_msg *m,
			void *rep, size_t *len, int *fd)
{
	const void *body = m + 1;
	struct ms_tuple t;
	int err;

	if (!s->port)
		return refuse(d, -EBADFD, "this connection has no port");
	switch (m->type) {
	case MS_MSG_XSK_READY:
		return s->port->ops->ready(d, s->port);
	case MS_MSG_BIND:
		memcpy(&t, body, sizeof(t));
		err = tuple_bind(d, s->port, &t, *fd);
		if (!err)
			*fd = -1;
		return err;
	case MS_MSG_UNBIND:
		memcpy(&t, body, sizeof(t));
		return tuple_unbind(d, s->port, &t);
	case MS_MSG_INFO:
		port_describe(d, s->port, rep);
		*len = sizeof(struct ms_rep_open);
		return 0;
	case MS_MSG_STATS:
		*len = sizeof(struct ms_rep_stats);
		return port_stats(d, s->port, rep);
	}
	return -EINVAL;
}

static int request(struct msd *d, struct session *s, struct ms_msg *m, size_t n,
		   void *rep, size_t *len, int *in, int *out)
{
	if (n < sizeof(*m) || m->size != n) {
		d->counters.bad_messages++;
		return refuse(d, -EMSGSIZE, "the message's size is wrong");
	}
	if (m->version != MS_WIRE_VERSION) {
		d->counters.bad_messages++;
		return refuse(d, -EPROTO, "the daemon speaks version %u, the client %u; install the same release of both",
			      MS_WIRE_VERSION, m->version);
	}
	if (!m->type || m->type >= MS_MSG_MAX || m->type == MS_MSG_EVENT) {
		d->counters.bad_messages++;
		return refuse(d, -ENOSYS, "message type %u is unknown", m->type);
	}
	if (n - sizeof(*m) != body_size[m->type]) {
		d->counters.bad_messages++;
		return refuse(d, -EMSGSIZE, "a message of type %u has %zu bytes, not %zu",
			      m->type, body_size[m->type] + sizeof(*m), n);
	}
	switch (m->type) {
	case MS_MSG_OPEN:
		return open_port(d, s, m + 1, rep, len, out);
	case MS_MSG_XSK_READY:
	case MS_MSG_BIND:
	case MS_MSG_UNBIND:
	case MS_MSG_INFO:
	case MS_MSG_STATS:
		return port_request(d, s, m, rep, len, in);
	}
	return control_request(d, s, m, rep, len);
}

static void on_message(struct msd *d, struct watch *w, uint32_t events)
{
	struct session *s = container_of(w, struct session, conn);
	static char in[MS_WIRE_MAX] __attribute__((aligned(8)));
	static char out[MS_WIRE_MAX] __attribute__((aligned(8)));
	struct ms_msg *m = (void *)in, *r = (void *)out;
	int fds[MS_WIRE_FDS], nfds = ARRAY_SIZE(fds), fd_out = -1, err, i;
	size_t len = 0;
	ssize_t n;

	n = fd_recv(s->conn.fd, in, sizeof(in), fds, &nfds, MSG_DONTWAIT);
	if (n == -EAGAIN && !(events & (EPOLLHUP | EPOLLERR)))
		return;
	if (n == 0 || (n < 0 && n != -EMSGSIZE)) {
		session_close(d, s, "the client has closed it");
		return;
	}
	for (i = nfds; i < MS_WIRE_FDS; i++)
		fds[i] = -1;
	d->err[0] = 0;
	memset(r, 0, sizeof(*r));
	if (n == -EMSGSIZE) {
		memset(m, 0, sizeof(*m));
		n = 0;
	}
	err = request(d, s, m, n, r + 1, &len, &fds[0], &fd_out);
	if (err) {
		if (err != -EMSGSIZE && err != -EPROTO && err != -ENOSYS)
			d->counters.refused++;
		if (!d->err[0])
			refuse(d, err, "%s", strerror(-err));
		len = strlen(d->err);
		memcpy(r + 1, d->err, len);
	}
	r->size = sizeof(*r) + len;
	r->version = MS_WIRE_VERSION;
	r->type = n >= (ssize_t)sizeof(*m) ? m->type : 0;
	r->seq = n >= (ssize_t)sizeof(*m) ? m->seq : 0;
	r->err = err;
	/* first, so that a refused credential is free when the client hears of it */
	for (i = 0; i < MS_WIRE_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	err = session_send(d, s, out, r->size, fd_out);
	if (fd_out >= 0)
		close(fd_out);
	if (err) {
		if (err == -EAGAIN)
			d->counters.slow_clients++;
		session_close(d, s, "it does not read its replies");
	}
}

int session_adopt(struct msd *d, int fd, struct session **sp)
{
	struct session *s = calloc(1, sizeof(*s));
	struct ucred cr;
	socklen_t len = sizeof(cr);
	int err;

	if (!s)
		return -ENOMEM;
	s->pid_watch.fd = -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cr, &len)) {
		err = -errno;
		free(s);
		return err;
	}
	s->uid = cr.uid;
	s->gid = cr.gid;
	s->pid = cr.pid;
	err = watch_add(d, &s->conn, fd, EPOLLIN, on_message);
	if (err) {
		free(s);
		return err;
	}
	TAILQ_INSERT_TAIL(&d->sessions, s, next);
	*sp = s;
	return 0;
}

static unsigned int sessions_of(struct msd *d, uid_t uid)
{
	struct session *s;
	unsigned int n = 0;

	TAILQ_FOREACH(s, &d->sessions, next)
		n += s->uid == uid;
	return n;
}

static void on_connect(struct msd *d, struct watch *w, uint32_t events)
{
	struct ms_msg m = {
		.version = MS_WIRE_VERSION, .err = -EDQUOT,
	};
	struct session *s;
	char out[256];
	int fd;

	(void)events;
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (session_adopt(d, fd, &s)) {
		close(fd);
		return;
	}
	if (s->uid && sessions_of(d, s->uid) > d->o.uid_sessions) {
		m.size = sizeof(m) + snprintf(out + sizeof(m), sizeof(out) - sizeof(m),
			"uid %u has %u connections already; --uid-sessions is the limit",
			s->uid, d->o.uid_sessions);
		memcpy(out, &m, sizeof(m));
		session_send(d, s, out, m.size, -1);
		d->counters.refused++;
		session_close(d, s, NULL);
	}
}

int sessions_listen(struct msd *d)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, err;

	fd = store_get(d->store, "listen");
	if (fd >= 0) {
		struct sockaddr_un had;
		socklen_t len = sizeof(had);
		struct stat st;

		/* another path than last time: the old one is of no use */
		if (!getsockname(fd, (void *)&had, &len) &&
		    !strncmp(had.sun_path, d->o.socket, sizeof(had.sun_path)) &&
		    !stat(d->o.socket, &st))
			return watch_add(d, &d->listener, fd, EPOLLIN, on_connect);
		close(fd);
	}
	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", d->o.socket) >=
	    (int)sizeof(sa.sun_path)) {
		log_err("the socket's path %s is too long", d->o.socket);
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(sa.sun_path);
	if (bind(fd, (void *)&sa, sizeof(sa)))
		goto fail;
	if (d->o.group) {
		struct group *gr = getgrnam(d->o.group);

		if (!gr) {
			log_err("there is no group %s", d->o.group);
			close(fd);
			return -EINVAL;
		}
		if (chown(sa.sun_path, -1, gr->gr_gid))
			goto fail;
	}
	if (chmod(sa.sun_path, d->o.mode) || listen(fd, 1024))
		goto fail;
	store_put(d->store, "listen", fd);
	return watch_add(d, &d->listener, fd, EPOLLIN, on_connect);

fail:
	err = -errno;
	log_err("cannot listen on %s: %s", d->o.socket, strerror(-err));
	close(fd);
	return err;
}
