// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory.  The arena that the host gave us is all there is: one flat zone, page
 * frame 0 at its start (reserved, so that no valid physical address is 0).
 *
 * The kernel initializes a struct page for each page frame at boot.  For 256 MB
 * that is 4 MB to write, a quarter of the boot, and as much of the host's memory,
 * for instances that mostly never use more than 20 MB.  So the kernel boots on
 * BOOT_BYTES, and the rest of the arena stays *hidden*: mem_map has room for it,
 * but nothing is written there.
 *
 *	0            lib_pfn_end                lib_pfn_tail      max_pfn
 *	+----------------+----------------------------+--------------+
 *	| in use         |           hidden           |    in use    |
 *	+----------------+----------------------------+--------------+
 *	                  ------> lib_memory_grow()
 *
 * The tail, less than a pageblock and a page, makes the zone span the arena.
 *
 * From mem_init() on the kernel counts the hidden pages as managed, so that all
 * that is sized by memory (tcp_mem, conntrack, watermarks) is as for the whole
 * arena; they are merely not free yet.  The host's entry points look at the number
 * of free pages, and take GROW_BYTES out of hiding when less than LOW_BYTES are
 * left; allocations that eat up so much in between find a shrinker in the way of
 * reclaim, which does the same.
 *
 * Locking: one virtual CPU, interrupts off while the border moves.
 */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <asm/memory.h>
#include <asm/versions.h>

#define BOOT_BYTES	SZ_16M
#define GROW_BYTES	SZ_16M
#define LOW_BYTES	SZ_8M

unsigned long lib_arena_start, lib_arena_end;
unsigned long lib_pfn_end, lib_pfn_tail;
unsigned long lib_memory_low;

#if !LIB_CORE_ZONES
void *empty_zero_page;
#endif

void __init lib_memory_init(void)
{
	unsigned long total = (lib_arena_end - lib_arena_start) >> PAGE_SHIFT;
	unsigned long boot = PFN_DOWN(BOOT_BYTES) + PFN_UP(total * sizeof(struct page));

	min_low_pfn = 0;
	max_low_pfn = total;
	max_pfn = total;

	boot = ALIGN(boot, MAX_ORDER_NR_PAGES);
	lib_pfn_tail = ALIGN_DOWN(total - 1, MAX_ORDER_NR_PAGES);
	lib_pfn_end = LIB_LAZY_MEMMAP ? min(boot, lib_pfn_tail) : lib_pfn_tail;
	memblock_add(0, PFN_PHYS(lib_pfn_end));
	memblock_add(PFN_PHYS(lib_pfn_tail), PFN_PHYS(total - lib_pfn_tail));
	memblock_reserve(0, PAGE_SIZE);

#if !LIB_CORE_ZONES
	{
		unsigned long zones[MAX_NR_ZONES] = { [ZONE_NORMAL] = total };

		empty_zero_page = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
		set_max_mapnr(total);
		free_area_init(zones);
	}
#endif
}

#if LIB_CORE_ZONES
void __init arch_zone_limits_init(unsigned long *max_zone_pfn)
{
	max_zone_pfn[ZONE_NORMAL] = max_low_pfn;
}
#else
void __init mem_init(void)
{
	unsigned long hidden = lib_pfn_tail - lib_pfn_end;
	struct zone *zone = &NODE_DATA(0)->node_zones[ZONE_NORMAL];

	memblock_free_all();
	if (!hidden)
		return;
	memblock_add(PFN_PHYS(lib_pfn_end), PFN_PHYS(hidden));
	zone->present_pages += hidden;
	zone->zone_pgdat->node_present_pages += hidden;
	atomic_long_add(hidden, &zone->managed_pages);
	totalram_pages_add(hidden);
	lib_memory_low = PFN_DOWN(LOW_BYTES);
}
#endif

/* As the core's memmap_init(), but for a block that goes straight to the buddies. */
static void __ref show_block(unsigned long pfn)
{
	struct page *block = pfn_to_page(pfn);
	unsigned long i;

	for (i = 0; i < MAX_ORDER_NR_PAGES; i++) {
		struct page *page = block + i;

		mm_zero_struct_page(page);
		set_page_links(page, ZONE_NORMAL, 0, pfn + i);
		set_page_count(page, i == 0);
		atomic_set(&page->_mapcount, -1);
		INIT_LIST_HEAD(&page->lru);
	}
	__free_pages(block, ilog2(MAX_ORDER_NR_PAGES));
}

/* Returns the number of pages that were taken out of hiding. */
static unsigned long grow(unsigned long bytes)
{
	unsigned long flags, pfn, end, start;

	local_irq_save(flags);
	start = lib_pfn_end;
	end = start + min(PFN_DOWN(bytes), lib_pfn_tail - start);
	lib_pfn_end = end;
	if (end == lib_pfn_tail)
		lib_memory_low = 0;
	local_irq_restore(flags);

	for (pfn = start; pfn < end; pfn += MAX_ORDER_NR_PAGES)
		show_block(pfn);
	return end - start;
}

void lib_memory_grow(void)
{
	grow(GROW_BYTES);
}

static unsigned long hidden_count(struct shrinker *s, struct shrink_control *sc)
{
	return lib_pfn_tail - lib_pfn_end ?: SHRINK_EMPTY;
}

static unsigned long hidden_scan(struct shrinker *s, struct shrink_control *sc)
{
	return grow(GROW_BYTES) ?: SHRINK_STOP;
}

static int __init hidden_init(void)
{
	if (!lib_memory_low)
		return 0;
	return lib_register_shrinker(hidden_count, hidden_scan, "libos-arena");
}
early_initcall(hidden_init);
