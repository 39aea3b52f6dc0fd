// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings of packet sockets in a client: memory that the stack and the program share.
 *
 * The kernel layer maps a ring in the home, page by page (alias.c), and the pages are
 * noted.  The client gets their places in the arena's file, and the file for as long as
 * it takes to map them in the same order.  It knows the mapping by its own address, the
 * home by the home's.
 *
 * A client that was killed has unmapped nothing, so the home does it in the end: the
 * kernel layer holds the socket until then.
 *
 * The file is that of the whole arena.  A client that keeps it can do to the stack what
 * it could do by ptrace(2), as the same user, anyway.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../sys.h"
#include "rights.h"
#include "server.h"

struct answer {
	struct remote_ring h;
	struct remote_piece piece[REMOTE_PIECES];
};

/* Where the pages of the mapping at @home are in the arena. */
static int find_pieces(const struct libos *os, const struct map_log *log, struct answer *a)
{
	__u64 home = a->h.home, done = 0;
	__u32 i;

	if (home - (__u64)os->arena < os->arena_len) {
		/* No alias: the kernel layer gave its own address. */
		a->piece[a->h.npiece++] = (struct remote_piece){
			0, home - (__u64)os->arena, a->h.len
		};
		return 0;
	}
	if (log->overflow)
		return -ENOMEM;
	for (i = 0; i < log->n; i++) {
		const struct map_piece *p = &log->piece[i];

		if (p->addr - home >= a->h.len)
			continue;
		a->piece[a->h.npiece++] = (struct remote_piece){ p->addr - home, p->off, p->len };
		done += p->len;
	}
	return done == a->h.len ? 0 : -EIO;
}

static void note_in(struct libos *os, struct map_log *log)
{
	token_lock(os);
	os->map_log = log;
	token_unlock(os);
}

long ring_map(struct served *t, const struct libos_call *c)
{
	struct libos *os = t->base.os;
	struct map_log *log = NULL;
	struct answer *a = NULL;
	struct ring *ring;
	long home, r = -ENOMEM;

	if (os->arena_fd < 0)
		return -EOPNOTSUPP;
	ring = malloc(sizeof(*ring));
	log = calloc(1, sizeof(*log));
	a = calloc(1, sizeof(*a));
	if (!ring || !log || !a)
		goto out;
	note_in(os, log);
	home = t->base.ops->call(&t->base, SYS_mmap, (const unsigned long *)c->arg, -1);
	note_in(os, NULL);
	if (home < 0) {
		r = home;
		goto out;
	}
	a->h.magic = REMOTE_MAGIC;
	a->h.home = (__u64)home;
	a->h.len = (c->arg[1] + 4095) & ~4095ULL;
	r = find_pieces(os, log, a);
	if (r == 0)
		r = rights_send(t->src.fd, a, offsetof(struct answer, piece) +
				a->h.npiece * sizeof(*a->piece), &os->arena_fd, 1);
	if (r < 0) {
		call_on(&t->base, SYS_munmap, (unsigned long)home, a->h.len, 0, 0);
		goto out;
	}
	*ring = (struct ring){ t->peer->rings, a->h.home, a->h.len };
	t->peer->rings = ring;
	ring = NULL;
	r = home;
out:
	free(ring);
	free(log);
	free(a);
	return r;
}

long ring_unmap(struct served *t, __u64 home)
{
	struct ring **p, *ring;

	for (p = &t->peer->rings; (ring = *p) != NULL; p = &ring->next)
		if (ring->home == home) {
			*p = ring->next;
			free(ring);
			return call_on(&t->base, SYS_munmap, home, 0, 0, 0);
		}
	return -EINVAL;
}

void peer_rings_drop(struct peer *peer)
{
	struct ring *ring;

	while ((ring = peer->rings) != NULL) {
		peer->rings = ring->next;
		call_on(peer->srv->self, SYS_munmap, ring->home, ring->len, 0, 0);
		free(ring);
	}
}
