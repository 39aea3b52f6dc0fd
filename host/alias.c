// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second address for pages of the arena: what a kernel with an MMU does with
 * page tables when a program maps the ring of a packet socket.
 *
 * The arena is shared memory.  mremap() with an old length of 0 leaves such a mapping
 * where it is and makes another one of the same pages, so no file descriptor has to be
 * kept for it.  Each alias is noted, since it has to follow when its page gets another
 * file (arena.c).
 */
#include <sys/mman.h>

#include "instance.h"
#include "sys.h"

static bool failed(long r)
{
	return r < 0 && r > -4096;
}

/* Room for @n more. */
static bool alias_room(struct libos *os, __u64 n)
{
	__u64 max = os->alias_max ? os->alias_max : 4096;
	long p;

	while (max - os->nalias < n)
		max *= 2;
	if (max == os->alias_max)
		return true;
	if (os->alias)
		p = sys(SYS_mremap, os->alias, os->alias_max * sizeof(*os->alias),
			max * sizeof(*os->alias), MREMAP_MAYMOVE);
	else
		p = sys(SYS_mmap, 0, max * sizeof(*os->alias), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (failed(p))
		return false;
	os->alias = (struct alias *)p;
	os->alias_max = max;
	return true;
}

int alias_make(struct libos *os, __u64 addr, __u64 off, __u64 len)
{
	long r = sys(SYS_mremap, (char *)os->arena + off, 0, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		     addr);

	return failed(r) ? (int)r : 0;
}

FROM_KERNEL int arena_map(void *host, __u64 *addr, __u64 arena_off, __u64 len)
{
	struct libos *os = host;
	long r;
	__u64 i;

	if (arena_off == LIBOS_MAP_RESERVE) {
		r = sys(SYS_mmap, 0, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
		if (failed(r))
			return (int)r;
		*addr = (__u64)r;
		return 0;
	}
	if (arena_off > os->arena_len || len > os->arena_len - arena_off)
		return -EINVAL;
	/* Page by page: they are not all of one file, perhaps. */
	if (!alias_room(os, len / ARENA_PAGE))
		return -ENOMEM;
	for (i = 0; i < len; i += ARENA_PAGE) {
		r = alias_make(os, *addr + i, arena_off + i, ARENA_PAGE);
		if (r < 0)
			return (int)r;
		os->alias[os->nalias++] = (struct alias){ *addr + i, arena_off + i };
	}
	return 0;
}

FROM_KERNEL void arena_unmap(void *host, __u64 addr, __u64 len)
{
	struct libos *os = host;
	__u64 i, n = 0;

	for (i = 0; i < os->nalias; i++)
		if (os->alias[i].addr - addr >= len)
			os->alias[n++] = os->alias[i];
	os->nalias = n;
	sys(SYS_munmap, addr, len);
}
