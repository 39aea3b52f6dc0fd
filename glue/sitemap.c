// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses of a program's text and of the copies in its trampolines, for
 * signal frames.  Hot: called from signal handlers.
 */
#include "core.h"
#include "site.h"

struct glue_arena glue_arenas[GLUE_NARENAS];
unsigned int glue_narenas;

int glue_arena_overlaps(unsigned long addr, unsigned long len)
{
	unsigned int i, n = __atomic_load_n(&glue_narenas, __ATOMIC_ACQUIRE);
	unsigned long lo;

	for (i = 0; i < n; i++) {
		lo = __atomic_load_n(&glue_arenas[i].lo, __ATOMIC_ACQUIRE);
		if (lo && addr < lo + glue_arenas[i].len && lo < addr + len)
			return 1;
	}
	return 0;
}

/* The arena's slot that @addr lies in. */
static const struct glue_slot *slot_at(unsigned long addr)
{
	return glue_arena_overlaps(addr, 1) ?
	       (const struct glue_slot *)(addr & ~(GLUE_SLOT_SIZE - 1UL)) : NULL;
}

unsigned long glue_site_map(unsigned long ip)
{
	const struct glue_slot *s;
	__u8 jmp[5];
	__s32 d32;
	unsigned int d, i;

	/* An overwritten instruction starts 1 to 4 bytes behind a jump of ours. */
	for (d = 1; d <= 4; d++) {
		if (glue_get_user(jmp, ip - d, sizeof(jmp)) || jmp[0] != 0xe9)
			continue;
		glue_memcpy(&d32, jmp + 1, 4);
		s = slot_at(ip - d + 5 + d32);
		if (!s || s->start != ip - d)
			continue;
		for (i = 0; i < s->nmap; i++)
			if (s->map[i].orig == d)
				return (unsigned long)s + s->map[i].copy;
	}
	return ip;
}

unsigned long glue_site_unmap(unsigned long ip)
{
	const struct glue_slot *s = slot_at(ip);
	unsigned int off, i;

	if (!s)
		return ip;
	off = ip - (unsigned long)s;
	/* The two instructions of the stub have no effect that could be seen. */
	if (off >= s->stub && off < s->stub_end) {
		if (s->method != GLUE_M4)
			return s->desc.restart_ip;
		off = s->stub;
	}
	for (i = 0; i < s->nmap; i++)
		if (s->map[i].copy == off)
			return s->start + s->map[i].orig;
	return ip;
}
