// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings of packet sockets: memory that the stack shares with programs.
 *
 * The kernel layer maps a ring in the home, at addresses that are its pages' second ones
 * (alias.c).  A program in the home uses those.  For a client, and before a fork, the
 * pages are moved to a file of their own, each staying at its address (arena.c).  Who has
 * that file sees the ring and nothing else of the stack, and what it keeps of it is worth
 * nothing once the pages are the arena's again.  They are before the kernel layer may free
 * them, which is when the last mapping goes.
 *
 *	client                          home
 *	an address, reserved; mmap -->  mapped for the kernel layer, pages to a file
 *	the file, mapped there     <--
 *	fork                       -->  the child has what its parent has
 *	munmap, or death           -->  one mapping less; the last: pages back, unmapped
 *
 * A ring that is mapped twice, by whomever, is one here.  The kernel layer knows a mapping
 * by the home's address, a client by its own.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <libos/remote.h>

#include "../sys.h"
#include "client.h"
#include "rights.h"
#include "server.h"

#define EXPORT	__attribute__((visibility("default")))

#define MAPPED_MAX	64	/* mappings of a process */

struct ring {
	struct link rings;
	__u64 home;		/* where the kernel layer has mapped it */
	int file;		/* for its pages, in their order; -1: none */
	bool given;		/* they are in it */
	unsigned int nmapped;
	__u64 npage;
	__u64 page[];		/* offsets in the arena */
};

/* Memory of the stack that a process has mapped. */
struct mapped {
	struct mapped *next;
	__u64 here;		/* address there */
	__u64 len;
	struct ring *ring;
};

/* Of all instances: rings, who has mapped them.  Inside the server's lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* --- files ------------------------------------------------------------------- */

/* How many pages from @i on adjoin in the arena. */
static __u64 run(const struct ring *ring, __u64 i)
{
	__u64 len = 1;

	while (i + len < ring->npage && ring->page[i + len] == ring->page[i] + len * ARENA_PAGE)
		len++;
	return len;
}

/* The pages get the ring's file (@own), or the arena's again.  May be repeated. */
static int move_pages(struct libos *os, const struct ring *ring, bool own)
{
	__u64 i, len;
	int r = 0;

	token_lock(os);
	for (i = 0; i < ring->npage && r == 0; i += len) {
		len = run(ring, i);
		r = arena_set_file(os, ring->page[i], len * ARENA_PAGE,
				   own ? ring->file : os->arena_fd,
				   own ? i * ARENA_PAGE : ring->page[i]);
	}
	token_unlock(os);
	return r;
}

/* Sealed: a client that made it shorter would send us SIGBUS. */
static int make_file(__u64 len)
{
	struct rlimit lim;
	int fd, r;

	if (getrlimit(RLIMIT_FSIZE, &lim) == 0 && lim.rlim_cur < len)
		return -EFBIG;
	fd = fd_high(memfd_create("libos-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)len) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

/* False: pages are in the file still, so they may not be freed. */
static bool take_back(struct libos *os, struct ring *ring)
{
	ring->given = false;
	if (ring->file < 0)
		return true;
	if (move_pages(os, ring, false) < 0)
		return false;
	server_fd_forget(os->server, ring->file);
	close(ring->file);
	ring->file = -1;
	return true;
}

/* Others are to see it, too; there is a server. */
static int give_file(struct libos *os, struct ring *ring)
{
	int r;

	if (ring->given)
		return 0;
	if (os->arena_fd < 0)
		return -EOPNOTSUPP;
	if (ring->file < 0) {
		r = make_file(ring->npage * ARENA_PAGE);
		if (r < 0)
			return r;
		ring->file = r;
		server_fd_note(os->server, r);
	}
	r = move_pages(os, ring, true);
	ring->given = r == 0;
	if (r < 0)
		take_back(os, ring);
	return r;
}

/* --- rings ------------------------------------------------------------------- */

static struct ring *ring_find(const struct libos *os, __u64 page)
{
	struct link *l;

	for (l = os->rings.next; l != &os->rings; l = l->next)
		if (link_entry(l, struct ring, rings)->page[0] == page)
			return link_entry(l, struct ring, rings);
	return NULL;
}

/*
 * What the kernel layer has mapped for @thr at @home, @n pages of it, and which nobody has
 * mapped yet: ring_put() undoes it.  It may be known already: then once is enough.
 */
static int ring_get(struct libos_thread *thr, __u64 home, __u64 n, struct ring **out)
{
	struct libos *os = thr->os;
	struct ring *ring, *known;
	int r = -ENOMEM;

	ring = malloc(sizeof(*ring) + n * sizeof(ring->page[0]));
	if (!ring)
		goto drop;
	token_lock(os);
	r = arena_pages(os, home, ring->page, n);
	token_unlock(os);
	if (r < 0)
		goto drop;
	known = ring_find(os, ring->page[0]);
	if (known) {
		r = known->npage < n ? -EBUSY : 0;
		if (r == 0)
			known->nmapped++;
		*out = known;
		goto drop;
	}
	ring->home = home;
	ring->file = -1;
	ring->given = false;
	ring->nmapped = 1;
	ring->npage = n;
	link_add_tail(&ring->rings, &os->rings);
	*out = ring;
	return 0;
drop:
	call_on(thr, SYS_munmap, home, 0, 0, 0);
	free(ring);
	return r;
}

static void ring_put(struct libos_thread *thr, struct ring *ring)
{
	if (--ring->nmapped || !take_back(thr->os, ring))
		return;
	call_on(thr, SYS_munmap, ring->home, 0, 0, 0);
	link_del(&ring->rings);
	free(ring);
}

/* --- who has mapped them ------------------------------------------------------ */

static int mapped_add(struct mapped **list, __u64 here, __u64 len, struct ring *ring)
{
	struct mapped *m;
	unsigned int n = 0;

	for (m = *list; m; m = m->next)
		n++;
	m = n < MAPPED_MAX ? malloc(sizeof(*m)) : NULL;
	if (!m)
		return -ENOMEM;
	*m = (struct mapped){ *list, here, len, ring };
	*list = m;
	ring->nmapped++;
	return 0;
}

static void mapped_drop(struct libos_thread *thr, struct mapped **p)
{
	struct mapped *m = *p;

	*p = m->next;
	ring_put(thr, m->ring);
	free(m);
}

/* Returns the bytes that were mapped at @here. */
static long unmap(struct libos_thread *thr, struct mapped **p, __u64 here)
{
	long len = -EINVAL;

	pthread_mutex_lock(&lock);
	for (; *p; p = &(*p)->next)
		if ((*p)->here == here) {
			len = (long)(*p)->len;
			mapped_drop(thr, p);
			break;
		}
	pthread_mutex_unlock(&lock);
	return len;
}

static __u64 pages(unsigned long len)
{
	return (len + ARENA_PAGE - 1) / ARENA_PAGE;
}

/* With the instance. */
void rings_free(struct libos *os)
{
	struct mapped *m;
	struct link *l;

	while ((m = os->mapped) != NULL) {
		os->mapped = m->next;
		free(m);
	}
	while (!link_empty(&os->rings)) {
		l = os->rings.next;
		link_del(l);
		if (link_entry(l, struct ring, rings)->file >= 0)
			close(link_entry(l, struct ring, rings)->file);
		free(link_entry(l, struct ring, rings));
	}
}

/* --- clients ------------------------------------------------------------------ */

/* REMOTE_NR_MMAP: as mmap(), and the client will map what it gets at the first argument. */
long ring_map(struct served *t, const struct libos_call *c)
{
	const struct remote_ring m = { .magic = REMOTE_MAGIC };
	struct peer *peer = t->peer;
	__u64 n = pages(c->arg[1]);
	struct ring *ring = NULL;
	long home, r;

	pthread_mutex_lock(&lock);
	home = t->base.ops->call(&t->base, SYS_mmap, (const unsigned long *)c->arg, -1);
	r = home < 0 ? home : ring_get(&t->base, (__u64)home, n, &ring);
	if (r < 0)
		goto out;
	r = give_file(t->base.os, ring);
	if (r == 0)
		r = mapped_add(&peer->mapped, c->arg[0], n * ARENA_PAGE, ring);
	if (r == 0) {
		r = rights_send(t->src.fd, &m, sizeof(m), &ring->file, 1);
		if (r < 0)
			mapped_drop(&t->base, &peer->mapped);
	}
	ring_put(&t->base, ring);
out:
	pthread_mutex_unlock(&lock);
	return r;
}

long ring_unmap(struct served *t, __u64 here)
{
	return unmap(&t->base, &t->peer->mapped, here);
}

/* A fork of a client, or (@parent: NULL) of the home. */
int peer_rings_inherit(struct peer *child, const struct peer *parent)
{
	struct libos *os = child->srv->os;
	const struct mapped *m;
	int r = 0;

	pthread_mutex_lock(&lock);
	for (m = parent ? parent->mapped : os->mapped; m && r == 0; m = m->next) {
		r = give_file(os, m->ring);
		if (r == 0)
			r = mapped_add(&child->mapped, m->here, m->len, m->ring);
		if (r == 0 && !parent)
			madvise((void *)m->here, m->len, MADV_DOFORK);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

void peer_rings_drop(struct peer *peer)
{
	pthread_mutex_lock(&lock);
	while (peer->mapped)
		mapped_drop(peer->srv->self, &peer->mapped);
	pthread_mutex_unlock(&lock);
}

/* --- the home's program -------------------------------------------------------- */

static long map_home(struct libos_thread *thr, const unsigned long arg[6])
{
	struct libos *os = thr->os;
	struct ring *ring = NULL;
	long home, r;

	home = thr->ops->call(thr, SYS_mmap, arg, -1);
	if (home < 0)
		return home;
	r = ring_get(thr, (__u64)home, pages(arg[1]), &ring);
	if (r < 0)
		return r;
	r = mapped_add(&os->mapped, ring->home, pages(arg[1]) * ARENA_PAGE, ring);
	home = (long)ring->home;
	ring_put(thr, ring);
	return r < 0 ? r : home;
}

EXPORT long libos_mmap(struct libos_thread *thr, const unsigned long arg[6])
{
	long r;

	if (libos_is_remote(thr))
		return client_mmap(thr, arg);
	pthread_mutex_lock(&lock);
	r = map_home(thr, arg);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int libos_munmap(struct libos_thread *thr, unsigned long addr)
{
	long r;

	if (libos_is_remote(thr))
		return client_munmap(thr, addr);
	r = unmap(thr, &thr->os->mapped, addr);
	return r < 0 ? (int)r : 0;
}
