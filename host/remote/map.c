// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's side of ring.c: mmap() and munmap() of a stack file.
 *
 * Hot: no libc.  The home's message with the pieces comes before its answer, on the
 * thread's socket.
 */
#include <sys/mman.h>

#include "../sys.h"
#include "client.h"
#include "rights.h"

struct answer {
	struct remote_ring h;
	struct remote_piece piece[REMOTE_PIECES];
};

/* The message on @sock.  Returns the arena's file. */
static long read_answer(int sock, struct answer *a)
{
	int file;
	long n = rights_receive(sock, a, sizeof(*a), &file, 1);

	if (n <= 0)
		return -ESHUTDOWN;
	if (file < 0)
		return -EMFILE;
	if (n < (long)sizeof(a->h) || a->h.magic != REMOTE_MAGIC || a->h.npiece > REMOTE_PIECES) {
		sys(SYS_close, file);
		return -EPROTO;
	}
	return file;
}

static long map_pieces(const struct answer *a, int file, unsigned long prot)
{
	long base, r;
	__u32 i;

	base = sys(SYS_mmap, 0, a->h.len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (base < 0 && base > -4096)
		return base;
	for (i = 0; i < a->h.npiece; i++) {
		const struct remote_piece *p = &a->piece[i];

		r = sys(SYS_mmap, base + (long)p->at, p->len, prot, MAP_SHARED | MAP_FIXED, file,
			p->off);
		if (r < 0 && r > -4096) {
			sys(SYS_munmap, base, a->h.len);
			return r;
		}
	}
	return base;
}

static bool remember(struct client *c, __u64 here, const struct remote_ring *h)
{
	unsigned int i;
	__u64 free = 0;

	for (i = 0; i < CLIENT_RINGS; i++, free = 0)
		if (__atomic_compare_exchange_n(&c->ring[i].home, &free, h->home, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
			c->ring[i].len = h->len;
			store_release(&c->ring[i].here, here);
			return true;
		}
	return false;
}

static long unmap_home(struct libos_thread *thr, __u64 home)
{
	unsigned long arg[6] = { home };

	return client_call(thr, SYS_munmap, arg, -1);
}

long client_mmap(struct libos_thread *thr, const unsigned long arg[6])
{
	struct client_thread *t = to_client_thread(thr);
	struct answer *a;
	long home, file, here;

	here = sys(SYS_mmap, 0, sizeof(*a), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	if (here < 0 && here > -4096)
		return -ENOMEM;
	a = (struct answer *)here;
	home = client_call(thr, SYS_mmap, arg, -1);
	if (home < 0) {
		here = home;
		goto out;
	}
	file = read_answer(t->sock, a);
	here = file;
	if (file >= 0) {
		here = map_pieces(a, (int)file, arg[2]);
		sys(SYS_close, file);
		if (!(here < 0 && here > -4096) && !remember(t->client, (__u64)here, &a->h)) {
			sys(SYS_munmap, here, a->h.len);
			here = -ENOMEM;
		}
	}
	if (here < 0 && here > -4096)
		unmap_home(thr, (__u64)home);
out:
	sys(SYS_munmap, a, sizeof(*a));
	return here;
}

/* One that a parent of ours has mapped is only memory here. */
long client_munmap(struct libos_thread *thr, const unsigned long arg[6])
{
	struct client *c = to_client_thread(thr)->client;
	unsigned int i;
	__u64 home;
	long r;

	for (i = 0; i < CLIENT_RINGS; i++)
		if (load_acquire(&c->ring[i].here) == arg[0] && arg[0])
			break;
	r = sys(SYS_munmap, arg[0], i < CLIENT_RINGS ? c->ring[i].len : arg[1]);
	if (r < 0 || i == CLIENT_RINGS)
		return r;
	home = c->ring[i].home;
	store_relaxed(&c->ring[i].here, 0);
	store_release(&c->ring[i].home, 0);
	return unmap_home(thr, home);
}
