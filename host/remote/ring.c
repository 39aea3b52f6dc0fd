// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings of packet sockets: memory that the stack shares with programs.
 *
 * The kernel layer maps a ring in the home, at addresses that are its pages' second ones
 * (alias.c).  Before anybody uses it the pages are moved to a file of their own, each
 * staying at its address (arena.c).  A program in the home uses the second addresses, a
 * client maps the file.  Who has that file sees the ring and nothing else of the stack,
 * and what it keeps of it is worth nothing once the pages are the arena's again.  They are
 * before the kernel layer may free them, which is when the last mapping goes.
 *
 *	client                          home
 *	an address, reserved; mmap -->  mapped for the kernel layer, pages to a file
 *	the file, mapped there     <--
 *	fork                       -->  the child has what its parent has
 *	munmap, or death           -->  one mapping less; the last: pages back, unmapped
 *
 * A ring that is mapped twice, by whomever, is one here.  The kernel layer knows a mapping
 * by the home's address, a client by its own.
 *
 * The lock is inside the server's, and not held over calls of the kernel layer, which may
 * have to wait for another that sends from a ring.
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
	int file;		/* its pages, in their order; -1: none, they are the arena's */
	bool noted;		/* the server knows of the file */
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

/* Of all instances: rings, who has mapped them. */
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
	if (ring->file < 0)
		return true;
	if (move_pages(os, ring, false) < 0)
		return false;
	if (ring->noted)
		server_fd_forget(os->server, ring->file);
	close(ring->file);
	ring->file = -1;
	ring->noted = false;
	return true;
}

/* Nobody uses the ring yet. */
static int give_file(struct libos *os, struct ring *ring)
{
	int r;

	if (os->arena_fd < 0)
		return -EOPNOTSUPP;
	r = make_file(ring->npage * ARENA_PAGE);
	if (r < 0)
		return r;
	ring->file = r;
	r = move_pages(os, ring, true);
	if (r < 0)
		take_back(os, ring);
	return r;
}

/* A child of the home closes what its server has. */
static void note_file(struct libos *os, struct ring *ring)
{
	if (ring->file >= 0 && !ring->noted && os->server) {
		server_fd_note(os->server, ring->file);
		ring->noted = true;
	}
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

/* One that nobody has mapped, and whose pages are the arena's again. */
static struct ring *ring_over(struct libos *os)
{
	struct link *l;

	for (l = os->rings.next; l != &os->rings; l = l->next) {
		struct ring *ring = link_entry(l, struct ring, rings);

		if (!ring->nmapped && take_back(os, ring)) {
			link_del(&ring->rings);
			return ring;
		}
	}
	return NULL;
}

/* Ends the rings that nobody has mapped.  The lock is held on entry, not on return. */
static void rings_unlock(struct libos_thread *thr)
{
	struct ring *ring;

	while ((ring = ring_over(thr->os)) != NULL) {
		pthread_mutex_unlock(&lock);
		call_on(thr, SYS_munmap, ring->home, 0, 0, 0);
		free(ring);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
}

/*
 * The ring that the kernel layer has mapped for @thr at @home, @n pages of it.  If it was
 * mapped before, that is enough, and @home is not wanted any more.  On success the lock is
 * held: see rings_unlock().
 */
static int ring_get(struct libos_thread *thr, __u64 home, __u64 n, struct ring **out)
{
	struct libos *os = thr->os;
	struct ring *ring, *known;
	int r = -ENOMEM;

	ring = malloc(sizeof(*ring) + n * sizeof(ring->page[0]));
	if (!ring)
		goto unwanted;
	pthread_mutex_lock(&lock);
	token_lock(os);
	r = arena_pages(os, home, ring->page, n);
	token_unlock(os);
	known = r < 0 ? NULL : ring_find(os, ring->page[0]);
	/* Nor one that could not be taken back from those who had it. */
	if (known && (known->npage < n || !known->nmapped))
		r = -EBUSY;
	if (r < 0) {
		pthread_mutex_unlock(&lock);
		goto unwanted;
	}
	if (known) {
		/* Held, while the other mapping goes. */
		known->nmapped++;
		pthread_mutex_unlock(&lock);
		call_on(thr, SYS_munmap, home, 0, 0, 0);
		free(ring);
		pthread_mutex_lock(&lock);
		known->nmapped--;
		*out = known;
		return 0;
	}
	ring->home = home;
	ring->file = -1;
	ring->noted = false;
	ring->nmapped = 0;
	ring->npage = n;
	link_add_tail(&ring->rings, &os->rings);
	r = give_file(os, ring);
	if (r < 0 && ring->file >= 0) {
		/* Between two files: it is of no use, and will go with another. */
		pthread_mutex_unlock(&lock);
		return r;
	}
	/* Where there can be none, the home's program does without; a client cannot. */
	note_file(os, ring);
	*out = ring;
	return 0;

unwanted:
	call_on(thr, SYS_munmap, home, 0, 0, 0);
	free(ring);
	return r;
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

static void mapped_drop(struct mapped **p)
{
	struct mapped *m = *p;

	*p = m->next;
	m->ring->nmapped--;
	free(m);
}

static struct mapped **mapped_find(struct mapped **p, __u64 here)
{
	while (*p && (*p)->here != here)
		p = &(*p)->next;
	return p;
}

/*
 * Returns how many bytes at @here are mapped no more: none if they were mapped twice, which
 * is at one address in the home and its children.
 */
static long unmap(struct libos_thread *thr, struct mapped **list, __u64 here)
{
	struct mapped **p;
	long len = -EINVAL;

	pthread_mutex_lock(&lock);
	p = mapped_find(list, here);
	if (*p) {
		len = (long)(*p)->len;
		mapped_drop(p);
		if (*mapped_find(p, here))
			len = 0;
	}
	rings_unlock(thr);
	return len;
}

static __u64 pages(unsigned long len)
{
	return (len + ARENA_PAGE - 1) / ARENA_PAGE;
}

/* --- clients ------------------------------------------------------------------ */

/* REMOTE_NR_MMAP: as mmap(), and the client will map what it gets at the first argument. */
long ring_map(struct served *t, const struct libos_call *c)
{
	const struct remote_ring m = { .magic = REMOTE_MAGIC };
	struct libos_thread *thr = &t->base;
	struct peer *peer = t->peer;
	__u64 n = pages(c->arg[1]);
	struct ring *ring = NULL;
	long home, r;

	home = thr->ops->call(thr, SYS_mmap, (const unsigned long *)c->arg, -1);
	r = home < 0 ? home : ring_get(thr, (__u64)home, n, &ring);
	if (r < 0)
		return r;
	r = ring->file < 0 ? -EOPNOTSUPP :
	    mapped_add(&peer->mapped, c->arg[0], n * ARENA_PAGE, ring);
	if (r == 0) {
		r = rights_send(t->src.fd, &m, sizeof(m), &ring->file, 1);
		if (r < 0)
			mapped_drop(&peer->mapped);
	}
	rings_unlock(thr);
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
		/* Without a file it is not the child's. */
		if (m->ring->file < 0)
			continue;
		note_file(os, m->ring);
		r = mapped_add(&child->mapped, m->here, m->len, m->ring);
		if (!parent)
			madvise((void *)m->here, m->len, MADV_DOFORK);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

void peer_rings_drop(struct peer *peer)
{
	/* By the server alone, and by who forks. */
	if (!peer->mapped)
		return;
	pthread_mutex_lock(&lock);
	while (peer->mapped)
		mapped_drop(&peer->mapped);
	rings_unlock(peer->srv->self);
}

/* --- the home's program -------------------------------------------------------- */

static long map_home(struct libos_thread *thr, const unsigned long arg[6])
{
	struct ring *ring = NULL;
	long home, r;

	home = thr->ops->call(thr, SYS_mmap, arg, -1);
	if (home < 0)
		return home;
	r = ring_get(thr, (__u64)home, pages(arg[1]), &ring);
	if (r < 0)
		return r;
	home = (long)ring->home;
	r = mapped_add(&thr->os->mapped, ring->home, pages(arg[1]) * ARENA_PAGE, ring);
	rings_unlock(thr);
	return r < 0 ? r : home;
}

EXPORT long libos_mmap(struct libos_thread *thr, const unsigned long arg[6])
{
	return libos_is_remote(thr) ? client_mmap(thr, arg) : map_home(thr, arg);
}

EXPORT int libos_munmap(struct libos_thread *thr, unsigned long addr)
{
	long r;

	if (libos_is_remote(thr))
		return client_munmap(thr, addr);
	r = unmap(thr, &thr->os->mapped, addr);
	return r < 0 ? (int)r : 0;
}
