// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identities, and the part of the API that concerns them.
 *
 * Every public function that takes a &struct libos_thread goes through its ops,
 * so that the same program text runs on a real host and in a simulation.
 *
 * Identities are allocated without a libc, since threads are made on the hot
 * path: chunks of pages cut into cache lines, a free list under a spinlock that
 * is held for a few instructions.  Chunks are returned when the instance goes.
 */
#include <sys/mman.h>

#include "instance.h"
#include "sys.h"

#define EXPORT	__attribute__((visibility("default")))

#define CHUNK_BYTES	65536
#define SLOT_BYTES	((sizeof(struct libos_thread) + 63) & ~63UL)

struct chunk {
	struct chunk *next;
};

static void slab_lock(struct libos *os)
{
	while (__atomic_exchange_n(&os->slab_lock, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static void slab_unlock(struct libos *os)
{
	store_release(&os->slab_lock, 0);
}

/* A free identity holds the next one in its os pointer. */
static void slab_grow(struct libos *os)
{
	struct chunk *c;
	unsigned long at;
	long p;

	p = sys(SYS_mmap, 0, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (p < 0 && p > -4096)
		return;
	c = (struct chunk *)p;
	c->next = os->slab_chunks;
	os->slab_chunks = c;
	for (at = 64; at + SLOT_BYTES <= CHUNK_BYTES; at += SLOT_BYTES) {
		struct libos_thread *thr = (struct libos_thread *)((char *)c + at);

		thr->os = (struct libos *)os->slab_free;
		os->slab_free = thr;
	}
}

struct libos_thread *thread_alloc(struct libos *os)
{
	struct libos_thread *thr;

	slab_lock(os);
	if (!os->slab_free)
		slab_grow(os);
	thr = os->slab_free;
	if (thr)
		os->slab_free = (struct libos_thread *)thr->os;
	slab_unlock(os);
	if (!thr)
		return NULL;

	*thr = (struct libos_thread){
		.ops = &posix_thread_ops,
		.os = os,
	};
	link_init(&thr->parked);
	return thr;
}

void thread_free(struct libos_thread *thr)
{
	struct libos *os = thr->os;

	slab_lock(os);
	thr->os = (struct libos *)os->slab_free;
	os->slab_free = thr;
	slab_unlock(os);
}

/* At the end of an instance. */
void thread_free_all(struct libos *os)
{
	struct chunk *c = os->slab_chunks, *next;

	for (; c; c = next) {
		next = c->next;
		sys(SYS_munmap, c, CHUNK_BYTES);
	}
}

EXPORT long libos_call(struct libos_thread *thr, long nr, const unsigned long arg[6])
{
	return thr->ops->call(thr, nr, arg, -1);
}

EXPORT long libos_call_fd(struct libos_thread *thr, long nr, const unsigned long arg[6],
			  int fd_hint)
{
	return thr->ops->call(thr, nr, arg, fd_hint);
}

EXPORT __u64 libos_take_signals(struct libos_thread *thr)
{
	__u64 mask = thr->signals;

	thr->signals = 0;
	return mask;
}

EXPORT void libos_interrupt(struct libos_thread *thr)
{
	thr->ops->interrupt(thr);
}

EXPORT int libos_in_call(const struct libos_thread *thr)
{
	return load_relaxed(&thr->seq) & 1;
}

EXPORT unsigned long libos_fault(struct libos_thread *thr, unsigned long ip)
{
	return thr->os->kernel->fault(ip);
}

EXPORT int libos_thread_new(struct libos_thread *parent, __u64 flags, int tid,
			    struct libos_thread **out)
{
	return parent->ops->thread_new(parent, flags, tid, out);
}

EXPORT void libos_thread_exit(struct libos_thread *thr, int code)
{
	thr->ops->thread_exit(thr, code);
}

EXPORT struct libos *libos_thread_os(const struct libos_thread *thr)
{
	return thr->os;
}

EXPORT int libos_netdev_add(struct libos_thread *thr, const struct libos_netdev_params *params,
			    struct libos_netio *io)
{
	return thr->ops->netdev_add(thr, params, io);
}

EXPORT const char *libos_version(const struct libos *os)
{
	return os->kernel->version;
}
