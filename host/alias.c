// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second address for pages of the arena: what a kernel with an MMU does with
 * page tables when a program maps the ring of a packet socket.
 *
 * The arena is shared anonymous memory.  mremap() with an old length of 0 leaves
 * such a mapping where it is and makes another one of the same pages, so no file
 * descriptor has to be kept for it.
 */
#include <sys/mman.h>

#include "instance.h"
#include "sys.h"

static void note(struct map_log *log, __u64 addr, __u64 off, __u64 len)
{
	struct map_piece *last = &log->piece[log->n ? log->n - 1 : 0];

	if (log->n && last->addr + last->len == addr && last->off + last->len == off) {
		last->len += len;
	} else if (log->n < MAP_LOG_MAX) {
		log->piece[log->n++] = (struct map_piece){ addr, off, len };
	} else {
		log->overflow = true;
	}
}

FROM_KERNEL int arena_map(void *host, __u64 *addr, __u64 arena_off, __u64 len)
{
	struct libos *os = host;
	long ret;

	if (arena_off == LIBOS_MAP_RESERVE) {
		ret = sys(SYS_mmap, 0, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
		if (ret < 0 && ret > -4096)
			return (int)ret;
		*addr = (__u64)ret;
		return 0;
	}
	if (arena_off > os->arena_len || len > os->arena_len - arena_off)
		return -EINVAL;
	ret = sys(SYS_mremap, (char *)os->arena + arena_off, 0, len,
		  MREMAP_MAYMOVE | MREMAP_FIXED, *addr);
	if (ret < 0 && ret > -4096)
		return (int)ret;
	if (unlikely(os->map_log))
		note(os->map_log, *addr, arena_off, len);
	return 0;
}

FROM_KERNEL void arena_unmap(void *host, __u64 addr, __u64 len)
{
	sys(SYS_munmap, addr, len);
}
