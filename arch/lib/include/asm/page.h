/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory is the arena that the host gave us: page frame 0 is its first page.
 * Physical addresses are offsets into it, so that mem_map covers the arena and
 * nothing else wherever the host has put it.
 */
#ifndef _LIB_PAGE_H
#define _LIB_PAGE_H

#include <linux/const.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#ifndef __ASSEMBLY__
#include <asm/versions.h>

#define clear_page(page)		memset((page), 0, PAGE_SIZE)
#define copy_page(to, from)		memcpy((to), (from), PAGE_SIZE)
#define clear_user_page(page, vaddr, pg) clear_page(page)
#define copy_user_page(to, from, vaddr, pg) copy_page(to, from)

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd[16]; } pmd_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x)	((x).pte)
#define pmd_val(x)	((&(x))->pmd[0])
#define pgd_val(x)	((x).pgd)
#define pgprot_val(x)	((x).pgprot)
#define __pte(x)	((pte_t) { (x) })
#define __pmd(x)	((pmd_t) { { (x) } })
#define __pgd(x)	((pgd_t) { (x) })
#define __pgprot(x)	((pgprot_t) { (x) })

extern unsigned long lib_arena_start, lib_arena_end;

#define PAGE_OFFSET	lib_arena_start
#define ARCH_PFN_OFFSET	0UL

#define __va(x)		((void *)((unsigned long)(x) + PAGE_OFFSET))
#define __pa(x)		((unsigned long)(x) - PAGE_OFFSET)

#define virt_to_pfn(kaddr)	(__pa(kaddr) >> PAGE_SHIFT)
#define pfn_to_virt(pfn)	__va((unsigned long)(pfn) << PAGE_SHIFT)
#define virt_to_page(addr)	pfn_to_page(virt_to_pfn(addr))
#define page_to_virt(page)	pfn_to_virt(page_to_pfn(page))

#define virt_addr_valid(kaddr)	((unsigned long)(kaddr) >= lib_arena_start && \
				 (unsigned long)(kaddr) < lib_arena_end)

/* Page frames that have a struct page; see kernel/memory.c. */
extern unsigned long lib_pfn_end, lib_pfn_tail, max_pfn;

static inline int pfn_valid(unsigned long pfn)
{
	return pfn < lib_pfn_end || (pfn >= lib_pfn_tail && pfn < max_pfn);
}
#define pfn_valid pfn_valid

#endif

#include <asm-generic/memory_model.h>
#if !defined(__ASSEMBLY__) && !defined(page_to_phys)
#define page_to_phys(page)	((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#endif
#include <asm-generic/getorder.h>

#endif
