// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said on a socket before its process is a client.
 *
 * Two kinds of sockets say hello: that of a child whose fork was prepared, and that of
 * a guest, who has connected to the listener.  A guest may also ask.  Who speaks is
 * told by the host's kernel, message by message (SO_PASSCRED): its pid and its uid.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../sys.h"
#include "client.h"
#include "rights.h"
#include "server.h"

struct message {
	struct remote_hello h;
	char text[REMOTE_QUESTION + 1];
	struct ucred who;
};

/*
 * The next message.  -EAGAIN: none; -EPROTO: nonsense; -ECONNRESET: the other side is
 * gone.  Files that come with it are not let in: there is room for the name only.
 */
static int read_message(int sock, struct message *m)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8)));
	struct iovec iov[2] = {
		{ &m->h, sizeof(m->h) },
		{ m->text, REMOTE_QUESTION },
	};
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;

	n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
	if (n == 0)
		return -ECONNRESET;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
	    (size_t)n < sizeof(m->h) || m->h.magic != REMOTE_MAGIC ||
	    m->h.len != (size_t)n - sizeof(m->h))
		return -EPROTO;
	memcpy(&m->who, CMSG_DATA(c), sizeof(m->who));
	m->text[m->h.len] = '\0';
	return 0;
}

static int right_version(const struct message *m)
{
	return m->h.version == REMOTE_VERSION ? 0 : -EPROTO;
}

static int may_enter(const struct message *m)
{
	int r = right_version(m);

	if (!r && m->who.uid != 0 && m->who.uid != geteuid())
		return -EPERM;
	return r;
}

static int send_welcome(int sock, const struct libos_server *srv, int status, const int *file)
{
	struct remote_welcome w = {
		.magic = REMOTE_MAGIC,
		.status = status,
		.home = getpid(),
	};

	strncpy(w.release, srv->os->kernel->version, sizeof(w.release) - 1);
	return rights_send(sock, &w, sizeof(w), file, file ? WELCOME_FILES : 0);
}

/* The first thread of @peer has said hello. */
static void welcome(struct peer *peer, int pid)
{
	struct served *t = peer->thread[0];
	int wake, r = peer_greet(peer, pid, &wake);

	if (r == -ECONNRESET)
		return;		/* gone already */
	if (r < 0) {
		send_welcome(t->src.fd, peer->srv, r, NULL);
		peer_gone(peer);
		return;
	}
	r = send_welcome(t->src.fd, peer->srv, 0, (int[WELCOME_FILES]){
			 [WELCOME_SHM] = peer->memfd,
			 [WELCOME_BELL] = peer->bell.fd,
			 [WELCOME_WAKE] = wake });
	close(wake);
	if (r < 0)
		peer_gone(peer);
	else
		peer_sent(peer);
}

/*
 * On the socket of a child that is expected.  It is its parent who let it in: a server
 * started as root has children with another uid, whose children are no strangers either.
 */
void hello_event(struct served *t, __u32 events)
{
	struct peer *peer = t->peer;
	struct message m;
	int r = events & EPOLLIN ? read_message(t->src.fd, &m) : -ECONNRESET;

	if (r == -EAGAIN)
		return;
	if (!r && m.h.kind != REMOTE_HELLO)
		r = -EPROTO;
	if (!r)
		r = right_version(&m);
	if (!r) {
		welcome(peer, m.who.pid);
		return;
	}
	if (r != -ECONNRESET)
		send_welcome(t->src.fd, peer->srv, r, NULL);
	peer_gone(peer);
}

static void guest_end(struct guest *g)
{
	struct libos_server *srv = g->src.srv;

	source_close(&g->src);
	link_del(&g->guests);
	srv->nguest--;
	server_bury(srv, g);
}

/* The guest becomes a client. */
static void enter(struct guest *g, int pid)
{
	struct libos_server *srv = g->src.srv;
	struct peer *peer;
	int sock = source_detach(&g->src);
	int r;

	guest_end(g);
	r = peer_new(srv, srv->self, sock, &peer);
	if (r < 0) {
		send_welcome(sock, srv, r, NULL);
		close(sock);
		return;
	}
	welcome(peer, pid);
}

static void answer(struct guest *g, const struct message *m)
{
	struct libos_server *srv = g->src.srv;
	int (*fn)(void *arg, const char *question, char *reply, size_t max) = srv->answer;
	void *arg = srv->answer_arg;
	struct remote_answer *a = calloc(1, sizeof(*a) + REMOTE_ANSWER);
	int r = -EOPNOTSUPP, sock = g->src.fd;

	if (!a) {
		guest_end(g);
		return;
	}
	if (fn) {
		/* It may want to know who the clients are. */
		pthread_mutex_unlock(&srv->lock);
		r = fn(arg, m->text, (char *)(a + 1), REMOTE_ANSWER);
		pthread_mutex_lock(&srv->lock);
	}
	a->magic = REMOTE_MAGIC;
	a->status = r > REMOTE_ANSWER ? -EMSGSIZE : r;
	if (send(sock, a, sizeof(*a) + (a->status > 0 ? (size_t)a->status : 0),
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		guest_end(g);
	free(a);
}

static void guest_event(struct source *src, __u32 events)
{
	struct guest *g = link_entry(src, struct guest, src);
	struct message m;
	int r = events & EPOLLIN ? read_message(src->fd, &m) : -ECONNRESET;

	if (r == -EAGAIN)
		return;
	if (!r)
		r = may_enter(&m);
	if (!r && m.h.kind == REMOTE_ASK) {
		answer(g, &m);
		return;
	}
	if (!r && m.h.kind == REMOTE_HELLO) {
		enter(g, m.who.pid);
		return;
	}
	if (r != -ECONNRESET)
		send_welcome(src->fd, src->srv, r ? r : -EPROTO, NULL);
	guest_end(g);
}

/*
 * A guest may speak before we accept: that the kernel is to say who it is has been
 * asked of the listener already.
 *
 * Of guests who say nothing, the one that has been here longest goes first. */
void guest_accept(struct source *src, __u32 events)
{
	struct libos_server *srv = src->srv;
	struct guest *g;
	int fd, one = 1;

	fd = fd_open_high(accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			server_deafen(srv);
		return;
	}
	if (srv->nguest >= GUESTS_MAX)
		guest_end(link_entry(srv->guests.next, struct guest, guests));
	g = calloc(1, sizeof(*g));
	if (!g)
		goto err;
	/* Where that is not inherited. */
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0 ||
	    source_add(srv, &g->src, fd, EPOLLIN, guest_event) < 0)
		goto err;
	link_add_tail(&g->guests, &srv->guests);
	srv->nguest++;
	return;
err:
	free(g);
	close(fd);
}
