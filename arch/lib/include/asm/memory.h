/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside arch/lib: the arena as memory; see kernel/memory.c. */
#ifndef _LIB_MEMORY_H
#define _LIB_MEMORY_H

#include <linux/vmstat.h>

/* Grow when fewer pages are free; 0 when all of the arena is in use. */
extern unsigned long lib_memory_low;

void lib_memory_init(void);
void lib_memory_grow(void);

/* From task or softirq context, now and then. */
static inline void lib_memory_check(void)
{
	if (unlikely(global_zone_page_state(NR_FREE_PAGES) < lib_memory_low))
		lib_memory_grow();
}

#endif
