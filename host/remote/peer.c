// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client processes, as the home knows them: birth, threads, death.
 *
 *	fork: peer_new() copies the parent's files to a task   -- no pid yet
 *	         |  peer_watch() by the parent: the pid, so that its death is seen
 *	         v
 *	      peer_greet(): it has said hello; its task gets its pid
 *	         |
 *	         v
 *	      peer_gone(): the pidfd is readable, or all sockets have hung up
 *	         |  each thread's call is interrupted; when it is over, its task ends
 *	         v
 *	      freed with the last thread
 *
 * A child that is killed before its hello dies like any other, by its pid; one that
 * never came to be, by the hang-up of its socket, whose other end only the parent had.
 *
 * A socket's other end may be inherited by processes that know nothing of it, and
 * then does not hang up; so the pidfd is what counts, once there is one.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../sys.h"
#include "client.h"
#include "rights.h"
#include "server.h"

#define TASK_FLAGS	(CLONE_FILES | CLONE_FS | CLONE_THREAD | CLONE_SIGHAND | CLONE_SYSVSEM | \
			 CLONE_NEWNET | CLONE_NEWNS | CLONE_VM)

/*
 * Sealed, so that a client cannot shorten it under us.  A file size limit would send
 * the caller SIGXFSZ.
 */
static int make_shm(struct peer *peer)
{
	struct rlimit lim;
	void *p;
	int fd;

	if (getrlimit(RLIMIT_FSIZE, &lim) == 0 && lim.rlim_cur < REMOTE_SHM)
		return -EFBIG;
	fd = fd_high(memfd_create("libos-remote", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, REMOTE_SHM) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto err;
	p = mmap(NULL, REMOTE_SHM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		goto err;
	madvise(p, REMOTE_SHM, MADV_DONTFORK);
	madvise(p, REMOTE_SHM, MADV_DONTDUMP);
	peer->shm = p;
	peer->memfd = fd;
	server_fd_note(peer->srv, fd);
	return 0;
err:
	p = (void *)(long)-errno;
	close(fd);
	return (int)(long)p;
}

static void drop_memfd(struct peer *peer)
{
	if (peer->memfd < 0)
		return;
	server_fd_forget(peer->srv, peer->memfd);
	close(peer->memfd);
	peer->memfd = -1;
}

/* The welcome, and with it the file, is on its way. */
void peer_sent(struct peer *peer)
{
	drop_memfd(peer);
}

static void peer_free(struct peer *peer)
{
	struct libos_server *srv = peer->srv;
	__u64 one = 1;

	peer_tokens_drop(peer);
	source_close(&peer->pidsrc);
	source_close(&peer->bell);
	drop_memfd(peer);
	if (peer->shm)
		munmap(peer->shm, REMOTE_SHM);
	link_del(&peer->peers);
	if (!--srv->npeer)
		(void)!write(srv->emptyfd, &one, sizeof(one));
	server_bury(srv, peer);
}

/*
 * Nobody in the stack waits for the end of a client's task.  A parent that ignores
 * SIGCHLD leaves no zombies, and its children inherit that.
 */
static void ignore_children(struct libos_thread *thr)
{
	struct {
		unsigned long handler, flags, restorer, mask;
	} act = { .handler = (unsigned long)SIG_IGN };

	call_on(thr, SYS_rt_sigaction, SIGCHLD, (unsigned long)&act, 0, 8);
}

/* The pid is the host's where that is free in the stack. */
static long task_new(struct libos_thread *parent, __u64 flags, int tid, struct libos_thread *thr,
		     struct libos_task **out)
{
	long r;

	flags = (flags & TASK_FLAGS) | LIBOS_TASK_REMOTE;
	r = call_on(parent, LIBOS_NR_TASK_NEW, flags, (unsigned long)tid, (unsigned long)thr,
		    (unsigned long)out);
	if (r == -EEXIST || (r == -EINVAL && tid))
		r = call_on(parent, LIBOS_NR_TASK_NEW, flags, 0, (unsigned long)thr,
			    (unsigned long)out);
	return r;
}

/* @sock is the new thread's from here on, unless this fails. */
static int add_thread(struct peer *peer, struct libos_thread *parent, __u64 flags, int tid,
		      int sock)
{
	struct libos_server *srv = peer->srv;
	struct served *t;
	unsigned int i;
	long r;

	for (i = 0; i < REMOTE_SLOTS; i++)
		if (!peer->thread[i])
			break;
	if (i == REMOTE_SLOTS)
		return -EAGAIN;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->base.ops = &posix_thread_ops;
	t->base.os = srv->os;
	t->base.pid = peer->pid ? peer->pid : NO_PID;
	link_init(&t->base.parked);
	link_init(&t->busy);
	t->peer = peer;
	t->index = i;
	t->src.fd = t->wake = -1;
	t->slot = (struct remote_slot *)(peer->shm + (size_t)i * REMOTE_SLOT);
	/* An earlier thread's, whose client may have left anything. */
	t->seq = load_relaxed(&t->slot->req);
	store_relaxed(&t->slot->home, getpid());

	r = task_new(parent, flags, tid, &t->base, &t->base.task);
	if (r < 0) {
		free(t);
		return (int)r;
	}
	peer->thread[i] = t;
	peer->nthread++;
	/* The first thread's says hello. */
	r = source_add(srv, &t->src, sock, peer->greeted ? 0 : EPOLLIN, served_event);
	if (r < 0) {
		srv->ndoomed++;
		t->doomed = true;
		peer_thread_end(t, 0, false);
		return (int)r;
	}
	return (int)i;
}

/*
 * A process with one thread, which has a copy of the files of @parent.  On success
 * @sock is the peer's; on failure the peer is gone, and @sock the caller's.
 */
int peer_new(struct libos_server *srv, struct libos_thread *parent, int sock, struct peer **out)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	__u64 v;
	int r;

	if (!peer)
		return -ENOMEM;
	peer->srv = srv;
	peer->pidsrc.fd = peer->bell.fd = peer->memfd = -1;
	peer->number = ++srv->numbers;
	link_add_tail(&peer->peers, &srv->peers);
	if (!srv->npeer++)
		(void)!read(srv->emptyfd, &v, sizeof(v));
	r = make_shm(peer);
	if (r < 0)
		goto err;
	if (parent->ops == &posix_thread_ops && !parent->pid)
		ignore_children(parent);
	r = add_thread(peer, parent, 0, 0, sock);
	if (r < 0)
		goto err;
	*out = peer;
	return 0;
err:
	/* The end of a first thread has freed it. */
	if (peer_find(srv, srv->numbers) == peer)
		peer_free(peer);
	return r;
}

struct peer *peer_find(struct libos_server *srv, __u64 number)
{
	struct link *l;

	for (l = srv->peers.next; l != &srv->peers; l = l->next)
		if (link_entry(l, struct peer, peers)->number == number)
			return link_entry(l, struct peer, peers);
	return NULL;
}

static void pid_event(struct source *src, __u32 events)
{
	peer_gone(link_entry(src, struct peer, pidsrc));
}

/* The process is known to be @pid.  It may have died already: then the peer has, too. */
void peer_watch(struct peer *peer, int pid)
{
	int fd;

	if (peer->pid == pid && peer->pidsrc.fd >= 0)
		return;
	source_close(&peer->pidsrc);
	peer->pid = pid;
	fd = fd_open_high((int)syscall(SYS_pidfd_open, pid, 0));
	if (fd < 0 && errno == ESRCH) {
		peer_gone(peer);
		return;
	}
	/* Out of descriptors: the hang-up must do. */
	if (fd >= 0 && source_add(peer->srv, &peer->pidsrc, fd, EPOLLIN, pid_event) < 0)
		close(fd);
}

/*
 * The eventfd by which @t is told.  The client gets an epoll file with it (@out, which is the
 * caller's): who has an eventfd can make writing to it block.
 */
static int make_wake(struct served *t, int *out)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int r, fd = fd_open_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

	if (fd < 0)
		return -errno;
	*out = fd_open_high(epoll_create1(EPOLL_CLOEXEC));
	if (*out < 0 || epoll_ctl(*out, EPOLL_CTL_ADD, fd, &ev) < 0) {
		r = -errno;
		if (*out >= 0)
			close(*out);
		close(fd);
		return r;
	}
	server_fd_note(t->peer->srv, fd);
	t->wake = fd;		/* nobody tells it anything yet */
	return 0;
}

static int make_bell(struct peer *peer)
{
	int r, fd = fd_open_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

	if (fd < 0)
		return -errno;
	/* Each write is an edge, and nothing has to be read. */
	r = source_add(peer->srv, &peer->bell, fd, EPOLLIN | EPOLLET, served_bell);
	if (r < 0)
		close(fd);
	return r;
}

/*
 * The process behind the first thread's socket is @pid, and wants to begin.  Its task
 * was made before there was a pid; make it another one that has it.  @wake: a file for it,
 * which is the caller's.
 */
int peer_greet(struct peer *peer, int pid, int *wake)
{
	struct served *t = peer->thread[0];
	struct libos_task *task;
	int r;

	peer_watch(peer, pid);
	if (peer->gone)
		return -ECONNRESET;
	r = make_bell(peer);
	if (r == 0)
		r = make_wake(t, wake);
	if (r < 0)
		return r;
	source_only_hangup(&t->src);
	if (task_new(&t->base, CLONE_FILES | CLONE_FS, pid, &t->base, &task) >= 0) {
		call_on(&t->base, LIBOS_NR_TASK_EXIT, 0, 0, 0, 0);
		t->base.task = task;
	}
	t->base.pid = pid;
	peer->greeted = true;
	return 0;
}

/* The parent says that the fork has made @pid, or has failed. */
void fork_over(struct peer *child, int pid)
{
	if (pid < 0)
		peer_gone(child);
	else if (!child->greeted)
		peer_watch(child, pid);
}

/* A client's thread asks for a slot for another; @fd is a number in the client. */
int peer_thread_new(struct served *parent, __u64 flags, int tid, int fd)
{
	const struct remote_thread m = { .magic = REMOTE_MAGIC };
	struct peer *peer = parent->peer;
	struct served *t;
	int sock, wake, err, r;

	if (peer->pidsrc.fd < 0)
		return -EMFILE;
	sock = fd_high((int)syscall(SYS_pidfd_getfd, peer->pidsrc.fd, fd, 0));
	if (sock < 0)
		return -errno;
	r = add_thread(peer, &parent->base, flags, tid, sock);
	if (r < 0) {
		close(sock);
		return r;
	}
	t = peer->thread[r];
	err = make_wake(t, &wake);
	if (err == 0) {
		err = rights_send(sock, &m, sizeof(m), &wake, 1);
		close(wake);
	}
	if (err < 0) {
		served_doom(t);
		return err;
	}
	return r;
}

/*
 * @t is outside the kernel layer.  With the last thread its process goes.  @reply: it
 * has asked for it, and is answered when its files are closed.
 */
void peer_thread_end(struct served *t, int code, bool reply)
{
	struct peer *peer = t->peer;
	struct libos_server *srv = peer->srv;
	struct libos *os = srv->os;

	hot_remove(t);
	if (!reply)
		served_close(t);
	if (t->doomed)
		srv->ndoomed--;
	call_on(&t->base, LIBOS_NR_TASK_EXIT, (unsigned long)code, 0, 0, 0);
	if (peer->nthread == 1)
		peer_rings_drop(peer);
	/* The task looks at its program's memory once more, on its way out. */
	token_lock(os);
	if (!load_relaxed(&os->halted) && os->kernel->run(NULL) < 0)
		instance_shut(os);
	instance_release(os);
	if (reply) {
		channel_reply(t, 0, 0);
		served_close(t);
	}
	peer->thread[t->index] = NULL;
	server_bury(srv, t);
	if (!--peer->nthread)
		peer_free(peer);
}

void peer_gone(struct peer *peer)
{
	unsigned int i, n = peer->nthread;

	if (peer->gone)
		return;
	peer->gone = true;
	source_close(&peer->pidsrc);
	/* The peer goes with its last thread. */
	for (i = 0; n && i < REMOTE_SLOTS; i++)
		if (peer->thread[i]) {
			n--;
			served_doom(peer->thread[i]);
		}
}

/* End the doomed threads that have come out; remind the others. */
void peers_reap(struct libos_server *srv)
{
	struct link *l, *next;
	unsigned int i, n;

	for (l = srv->peers.next; srv->ndoomed && l != &srv->peers; l = next) {
		struct peer *peer = link_entry(l, struct peer, peers);

		next = l->next;
		n = peer->nthread;
		for (i = 0; n && i < REMOTE_SLOTS; i++) {
			struct served *t = peer->thread[i];

			if (!t)
				continue;
			n--;
			if (t->doomed)
				served_remind(t);
		}
	}
}

/* Serve the first slot that has a request; its peer may be gone then.  False: none has. */
bool peers_serve_one(struct libos_server *srv)
{
	struct link *l;
	unsigned int i, n;

	for (l = srv->peers.next; l != &srv->peers; l = l->next) {
		struct peer *peer = link_entry(l, struct peer, peers);

		n = peer->greeted ? peer->nthread : 0;
		for (i = 0; n && i < REMOTE_SLOTS; i++) {
			struct served *t = peer->thread[i];

			if (!t)
				continue;
			n--;
			if (!t->doomed && served_has_request(t)) {
				served_serve(t);
				return true;
			}
		}
	}
	return false;
}

/* Does a child of ours inherit the shared memory? */
void peers_inherit(struct libos_server *srv, int advice)
{
	struct link *l;

	for (l = srv->peers.next; l != &srv->peers; l = l->next)
		madvise(link_entry(l, struct peer, peers)->shm, REMOTE_SHM, advice);
}

/* This process is the home now: tell the clients, those that sleep as well. */
void peers_moved(struct libos_server *srv)
{
	struct link *l;
	unsigned int i;

	for (l = srv->peers.next; l != &srv->peers; l = l->next) {
		struct peer *peer = link_entry(l, struct peer, peers);

		for (i = 0; i < REMOTE_SLOTS; i++)
			if (peer->thread[i])
				channel_home(peer->thread[i], getpid());
	}
}
