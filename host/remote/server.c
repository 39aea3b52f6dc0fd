// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server: a thread of the home that carries out other processes' calls.
 *
 * It exists from the first fork (or libos_serve()) on, with all signals blocked.  It
 * sleeps in an epoll of its own: a bell and a pidfd for each client; a socket for each of
 * its threads, which hangs up; the listener; a bell for the home's own threads; and the
 * instance's devices (devices.c).
 *
 * Locking.  libos_server.lock is for the lists of clients and threads, which
 * libos_fork_begin() changes, too.  The server's thread holds it but while it sleeps.
 * What is found in a call is under the token, which is taken inside.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../sys.h"
#include "server.h"

#define EXPORT		__attribute__((visibility("default")))
#define BATCH		64
#define REMIND_MS	50
#define DEAF_MS		100
#define END_ROUNDS	200

struct grave {
	struct grave *next;
	void *mem;
};

/* A child of a fork that was prepared here closes these. */
void server_fd_note(struct libos_server *srv, int fd)
{
	unsigned int i;

	for (i = 0; i < SERVER_FDS; i++)
		if (load_relaxed(&srv->fds[i]) <= 0) {
			store_release(&srv->fds[i], fd);
			if (i >= srv->nfds)
				store_release(&srv->nfds, i + 1);
			return;
		}
}

void server_fd_forget(struct libos_server *srv, int fd)
{
	unsigned int i;

	for (i = 0; i < srv->nfds; i++)
		if (srv->fds[i] == fd)
			store_release(&srv->fds[i], 0);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* In a child: nothing else of the server is to be touched. */
void server_forked(const struct libos_server *srv)
{
	unsigned int i;

	for (i = 0; i < load_acquire(&srv->nfds); i++)
		if (load_relaxed(&srv->fds[i]) > 0)
			close(srv->fds[i]);
	close(srv->epfd);
	close(srv->emptyfd);
	close(srv->os->epfd);
	close(srv->os->kickfd);
	close(srv->os->helperfd);
	close_fd(srv->os->arena_fd);
}

/* @events: what to wait for, besides a hang-up */
int source_add(struct libos_server *srv, struct source *src, int fd, __u32 events,
	       void (*event)(struct source *src, __u32 events))
{
	struct epoll_event ev = {
		.events = events,
		.data.ptr = src,
	};

	if (epoll_ctl(srv->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	src->srv = srv;
	src->event = event;
	src->fd = fd;
	server_fd_note(srv, fd);
	return 0;
}

/* What can be read there is not for us. */
void source_only_hangup(struct source *src)
{
	struct epoll_event ev = { .data.ptr = src };

	epoll_ctl(src->srv->epfd, EPOLL_CTL_MOD, src->fd, &ev);
}

/* Watch @src no longer.  Returns its file, which is the caller's again. */
int source_detach(struct source *src)
{
	struct libos *os;
	int fd = src->fd;

	if (fd < 0)
		return fd;
	os = src->srv->os;
	epoll_ctl(src->srv->epfd, EPOLL_CTL_DEL, fd, NULL);
	server_fd_forget(src->srv, fd);
	/* Whoever completes a call looks at it under the token. */
	token_lock(os);
	src->fd = -1;
	src->event = NULL;
	instance_release(os);
	return fd;
}

void source_close(struct source *src)
{
	int fd = source_detach(src);

	if (fd >= 0)
		close(fd);
}

/* Events that were fetched already may name @mem: free it after them. */
void server_bury(struct libos_server *srv, void *mem)
{
	struct grave *g = malloc(sizeof(*g));

	if (!g)
		return;		/* lost, but not dangling */
	g->mem = mem;
	g->next = srv->graves;
	srv->graves = g;
}

static void free_graves(struct libos_server *srv)
{
	struct grave *g;

	while ((g = srv->graves) != NULL) {
		srv->graves = g->next;
		free(g->mem);
		free(g);
	}
}

static void listen_on(struct libos_server *srv, bool on)
{
	struct epoll_event ev = {
		.events = on ? EPOLLIN : 0,
		.data.ptr = &srv->listener,
	};

	srv->deaf = !on;
	epoll_ctl(srv->epfd, EPOLL_CTL_MOD, srv->listener.fd, &ev);
}

/* Out of descriptors: do not spin on who knocks. */
void server_deafen(struct libos_server *srv)
{
	listen_on(srv, false);
}

static void bell_event(struct source *src, __u32 events)
{
	__u64 v;

	(void)!read(src->fd, &v, sizeof(v));
}

/* Any thread but the server's, which looks at @wanted. */
void server_lock(struct libos_server *srv)
{
	__atomic_fetch_add(&srv->wanted, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&srv->lock);
	__atomic_fetch_sub(&srv->wanted, 1, __ATOMIC_SEQ_CST);
}

void server_unlock(struct libos_server *srv)
{
	pthread_mutex_unlock(&srv->lock);
}

/* The server's own way: others first, who want it seldom. */
static void lock_politely(struct libos_server *srv)
{
	while (load_relaxed(&srv->wanted))
		sched_yield();
	pthread_mutex_lock(&srv->lock);
}

static void handle(struct libos_server *srv, const struct epoll_event *ev, int n)
{
	bool frames = false;
	int i;

	for (i = 0; i < n; i++) {
		struct source *src = ev[i].data.ptr;

		if (src == &srv->devices)
			frames = true;
		else if (src->event)
			src->event(src, ev[i].events);
	}
	/* After the requests: more to send goes with what an ACK would let out alone. */
	if (frames)
		devices_event(srv);
	if (__atomic_exchange_n(&srv->reap, false, __ATOMIC_ACQ_REL) || (!n && srv->ndoomed))
		peers_reap(srv);
	if (__atomic_exchange_n(&srv->again, false, __ATOMIC_ACQ_REL)) {
		for (i = 0; i < BATCH && peers_serve_one(srv); i++)
			;
		if (i == BATCH) {
			store_release(&srv->again, true);
			server_bell(srv);
		}
	}
	if (srv->deaf && !n)
		listen_on(srv, true);
	free_graves(srv);
}

/*
 * Sleep until something is to be done, at most @ms milliseconds.  Lock held; given back
 * meanwhile.
 */
static int sleep_in_epoll(struct libos_server *srv, struct epoll_event *ev, __u64 ms)
{
	__u64 until = devices_sleep(srv), now = srv->os->clock(), end;
	int n;

	end = ms == LIBOS_NEVER ? LIBOS_NEVER : now + ms * 1000000;
	if (until < end)
		end = until;
	pthread_mutex_unlock(&srv->lock);
	n = end <= now ? epoll_wait(srv->epfd, ev, BATCH, 0) :
	    poll_sleep(srv->os, srv->epfd, ev, BATCH,
		       end == LIBOS_NEVER ? LIBOS_NEVER : end - now);
	/* First: who has the lock may wait for what we are to poll for. */
	devices_woken(srv, until);
	lock_politely(srv);
	return n;
}

/* At what has rung, and at who wants the lock.  False: the server is to stop. */
bool server_look(struct libos_server *srv)
{
	struct epoll_event ev[BATCH];
	int n = epoll_wait(srv->epfd, ev, BATCH, 0);

	if (n > 0)
		handle(srv, ev, n);
	if (load_relaxed(&srv->wanted)) {
		pthread_mutex_unlock(&srv->lock);
		lock_politely(srv);
	}
	return !load_relaxed(&srv->stop);
}

static void *server_main(void *arg)
{
	struct epoll_event ev[BATCH];
	struct libos_server *srv = arg;
	int n;

	pthread_setname_np(pthread_self(), "libos-server");
	lock_politely(srv);
	for (;;) {
		hot_spin(srv);
		/* Here: the bell of who stops us may have been heard there. */
		if (load_acquire(&srv->stop))
			break;
		/* What comes while we say that we look no longer has not rung. */
		hot_cool(srv);
		n = sleep_in_epoll(srv, ev, srv->ndoomed ? REMIND_MS :
				   srv->deaf ? DEAF_MS : LIBOS_NEVER);
		if (n >= 0)
			handle(srv, ev, n);
	}
	devices_leave(srv);
	pthread_mutex_unlock(&srv->lock);
	return NULL;
}

int server_start(struct libos_server *srv)
{
	sigset_t all, old;
	int r;

	srv->stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&srv->thread, NULL, server_main, srv);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

void server_stop(struct libos_server *srv)
{
	store_release(&srv->stop, true);
	server_bell(srv);
	pthread_join(srv->thread, NULL);
}

/* In the child of libos_serve_move(). */
void server_moved(struct libos_server *srv)
{
	server_lock(srv);
	peers_moved(srv);
	server_unlock(srv);
}

/* All clients go; those whose calls do not end are left to the end of the instance. */
static void end_peers(struct libos_server *srv)
{
	struct link *l, *next;
	int i;

	for (l = srv->peers.next; l != &srv->peers; l = next) {
		next = l->next;
		peer_gone(link_entry(l, struct peer, peers));
	}
	for (i = 0; i < END_ROUNDS && !link_empty(&srv->peers); i++) {
		usleep(1000);
		peers_reap(srv);
	}
}

/* The thread does not run. */
static void destroy(struct libos_server *srv)
{
	end_peers(srv);
	while (!link_empty(&srv->guests)) {
		struct guest *g = link_entry(srv->guests.next, struct guest, guests);

		source_close(&g->src);
		link_del(&g->guests);
		free(g);
	}
	witnessed_end_all(srv);
	source_close(&srv->listener);
	source_close(&srv->bell);
	close_fd(srv->epfd);
	close_fd(srv->emptyfd);
	free_graves(srv);
	if (srv->self)
		libos_thread_exit(srv->self, 0);
	if (srv->fds)
		munmap(srv->fds, SERVER_FDS * sizeof(*srv->fds));
	pthread_mutex_destroy(&srv->lock);
	free(srv);
}

/* At the end of the instance, when it can still be entered. */
void server_end(struct libos *os)
{
	struct libos_server *srv = os->server;

	if (!srv)
		return;
	server_stop(srv);
	destroy(srv);
	os->server = NULL;
}

/* A task of the server's own, which children of nobody are cloned from. */
static int make_self(struct libos_server *srv, struct libos_thread *thr)
{
	int r = libos_thread_new(thr, 0, 0, &srv->self);

	if (r == 0)
		call_on(srv->self, SYS_close_range, 0, ~0U, 0, 0);
	return r;
}

static int create(struct libos_thread *thr, struct libos_server **out)
{
	struct libos_server *srv = calloc(1, sizeof(*srv));
	void *fds;
	int r, bell;

	if (!srv)
		return -ENOMEM;
	srv->os = thr->os;
	link_init(&srv->peers);
	link_init(&srv->guests);
	link_init(&srv->witnessed);
	link_init(&srv->busy);
	pthread_mutex_init(&srv->lock, NULL);
	srv->listener.fd = srv->bell.fd = srv->epfd = srv->emptyfd = -1;
	fds = mmap(NULL, SERVER_FDS * sizeof(*srv->fds), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	r = -ENOMEM;
	if (fds == MAP_FAILED)
		goto err;
	srv->fds = fds;
	srv->epfd = fd_high(epoll_create1(EPOLL_CLOEXEC));
	srv->emptyfd = fd_high(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
	bell = fd_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	r = -EMFILE;
	if (srv->epfd < 0 || srv->emptyfd < 0 || bell < 0)
		goto err_bell;
	r = source_add(srv, &srv->bell, bell, EPOLLIN, bell_event);
	if (r < 0)
		goto err_bell;
	r = devices_init(srv);
	if (r < 0)
		goto err;
	r = make_self(srv, thr);
	if (r < 0)
		goto err;
	/* It must be there before a call can be inside. */
	srv->os->server = srv;
	r = server_start(srv);
	if (r < 0) {
		srv->os->server = NULL;
		goto err;
	}
	*out = srv;
	return 0;
err_bell:
	close_fd(bell);
err:
	destroy(srv);
	return r;
}

static pthread_mutex_t create_lock = PTHREAD_MUTEX_INITIALIZER;

EXPORT int libos_serve(struct libos_thread *thr, int listen_fd, struct libos_server **out)
{
	struct libos_server *srv;
	int r = 0, one = 1;

	if (libos_is_remote(thr))
		return -EINVAL;
	pthread_mutex_lock(&create_lock);
	srv = thr->os->server;
	if (!srv)
		r = create(thr, &srv);
	pthread_mutex_unlock(&create_lock);
	if (r < 0)
		goto out;
	if (listen_fd >= 0) {
		server_lock(srv);
		if (srv->listener.fd >= 0)
			r = -EBUSY;
		else if (fcntl(listen_fd, F_SETFD, FD_CLOEXEC) < 0 ||
			 fcntl(listen_fd, F_SETFL, O_NONBLOCK) < 0 ||
			 setsockopt(listen_fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
			r = -errno;
		else
			r = source_add(srv, &srv->listener, listen_fd = fd_high(listen_fd),
				       EPOLLIN, guest_accept);
		server_unlock(srv);
	}
out:
	if (r < 0 && listen_fd >= 0)
		close(listen_fd);
	if (!r && out)
		*out = srv;
	return r;
}

EXPORT struct libos_server *libos_served(const struct libos_thread *thr)
{
	return load_acquire(&thr->os->server);
}

static void read_comm(int pid, char *comm, size_t len)
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		n = read(fd, comm, len - 1);
		close(fd);
	}
	while (n > 0 && comm[n - 1] == '\n')
		n--;
	comm[n > 0 ? n : 0] = '\0';
}

/*
 * A child that has ended without a hello.  Its parent may know that before our thread
 * does, and must not find it among the clients then.
 */
static bool never_came(const struct peer *peer)
{
	struct pollfd p = { .fd = peer->pidsrc.fd, .events = POLLIN };

	return !peer->greeted && (peer->gone || (p.fd >= 0 && poll(&p, 1, 0) > 0));
}

EXPORT int libos_serve_clients(struct libos_server *srv, struct libos_client_info *info, int max)
{
	struct link *l;
	int n = 0;

	server_lock(srv);
	for (l = srv->peers.next; l != &srv->peers; l = l->next) {
		struct peer *peer = link_entry(l, struct peer, peers);

		if (never_came(peer) || n++ >= max)
			continue;
		info[n - 1].pid = peer->pid;
		info[n - 1].threads = peer->nthread;
		info[n - 1].calls = load_relaxed(&peer->calls);
		read_comm(peer->pid, info[n - 1].comm, sizeof(info[n - 1].comm));
	}
	server_unlock(srv);
	return n;
}

EXPORT int libos_serve_wait(struct libos_server *srv, int stop_fd)
{
	struct pollfd p[2] = {
		{ .fd = srv->emptyfd, .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN },
	};

	if (poll(p, 2, -1) < 0)
		return -errno;
	return p[0].revents ? 0 : 1;
}

EXPORT void libos_serve_query(struct libos_server *srv,
			      int (*answer)(void *arg, const char *question, char *reply,
					    size_t max),
			      void *arg)
{
	server_lock(srv);
	srv->answer = answer;
	srv->answer_arg = arg;
	server_unlock(srv);
}
