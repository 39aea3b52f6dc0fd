// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program's address space.
 *
 * Each program has a window of addresses, a power of two in size:
 *
 *	lo                lo + W/16       lo + W/8                       hi
 *	| image, trampolines | heap (brk) | mmap, upward            stack |
 *
 * Windows lie above what address sanitizers want (0x10007fff8000) and below
 * the library's part of the address space, GLUE_LIB_LO.  What a program asks
 * for by address it gets, if that is below GLUE_LIB_LO; what it leaves to the
 * kernel goes to its window, since the kernel would put it among the library.
 * That makes one comparison tell program from library, and one munmap() of the
 * window end a program's memory.
 *
 * Between the launcher's image (0x55...) and its libraries (0x7f...) there is
 * nothing of ours: AddressSanitizer's heap is there, so data may be.
 *
 * Placement is the kernel's as far as possible: we give a hint, a cursor that
 * moves up, which the kernel takes if the range is free.  An unmapping right
 * below the cursor moves it back.  Where the hint is taken we step over it; at
 * the top of the window the cursor starts over.
 *
 * Executable mappings of files are mapped writable first, rewritten, and made
 * executable then: see text.c.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <libos/remote.h>

#include "core.h"
#include "fd.h"
#include "site.h"

#define DEFAULT_WINDOW	(1UL << 40)
#define MIN_WINDOW	(1UL << 32)
#define HUGE		(1UL << 21)
#define LOWEST		0x10000UL	/* vm.mmap_min_addr */
#define MAP_FIXED_ANY	(MAP_FIXED | MAP_FIXED_NOREPLACE)
#define IS_ERR(a)	((unsigned long)(a) > -GLUE_PAGE)

/* Which windows are taken; of the process. */
static unsigned long next_window = GLUE_WIN_LO;
static struct window {
	unsigned long lo, size;
	struct window *next;
} *free_windows;
static unsigned int live;		/* programs */
static __u32 windows_lock;

void glue_mm_lock(int on)
{
	if (on)
		glue_lock(&windows_lock);
	else
		glue_unlock(&windows_lock);
}

static void divide(struct glue_prog *p)
{
	unsigned long w = p->hi - p->lo;

	p->brk_lo = p->brk = p->lo + w / 16;
	p->brk_hi = p->map_lo = p->map_cursor = p->lo + w / 8;
}

int glue_mm_init(struct glue_prog *p, unsigned long window)
{
	unsigned long w = window ? window : DEFAULT_WINDOW, lo = 0;
	struct window **f, *x;

	if (w < MIN_WINDOW || (w & (w - 1)))
		return -EINVAL;
	glue_lock(&windows_lock);
	for (f = &free_windows; (x = *f); f = &x->next)
		if (x->size == w) {
			lo = x->lo;
			*f = x->next;
			glue_raw2(SYS_munmap, x, GLUE_PAGE);
			break;
		}
	if (!lo && ((next_window + w - 1) & -w) + w <= GLUE_LIB_LO) {
		lo = (next_window + w - 1) & -w;
		next_window = lo + w;
	}
	live += !!lo;
	glue_unlock(&windows_lock);
	if (!lo)
		return -ENOMEM;
	p->lo = lo;
	p->hi = lo + w;
	divide(p);
	return 0;
}

/* All memory of a program; @last: there is no other in this process. */
static void unmap_all(struct glue_prog *p, int last)
{
	glue_raw2(SYS_munmap, p->lo, p->hi - p->lo);
	if (p->img_hi)
		glue_raw2(SYS_munmap, p->img_lo, p->img_hi - p->img_lo);
	p->img_lo = p->img_hi = 0;
	if (!last)
		return;
	/* Nobody's but its: what it had by address. */
	glue_raw2(SYS_munmap, LOWEST, GLUE_LIB_LO - LOWEST);
	glue_raw2(SYS_munmap, GLUE_GAP_LO, GLUE_GAP_HI - GLUE_GAP_LO);
}

/* Ordinary code: empty its address space for another image. */
void glue_mm_empty(struct glue_prog *p)
{
	glue_lock(&windows_lock);
	unmap_all(p, live == 1);
	glue_unlock(&windows_lock);
	divide(p);
}

/* Ordinary code; no thread of the program is left. */
void glue_mm_free(struct glue_prog *p)
{
	struct window *x;

	if (!p->lo)
		return;
	glue_lock(&windows_lock);
	unmap_all(p, !--live);
	glue_unlock(&windows_lock);
	x = (struct window *)glue_raw6(SYS_mmap, 0, GLUE_PAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (IS_ERR(x))
		return;
	x->lo = p->lo;
	x->size = p->hi - p->lo;
	glue_lock(&windows_lock);
	x->next = free_windows;
	free_windows = x;
	glue_unlock(&windows_lock);
	p->lo = 0;
}

static int ours(unsigned long addr, unsigned long len)
{
	unsigned long end = addr + len;

	if (end < addr || end > GLUE_LIB_HI)
		return 1;
	if (end <= GLUE_LIB_LO)
		return glue_arena_overlaps(addr, len);
	return addr < GLUE_GAP_LO || end > GLUE_GAP_HI;
}

/* Among the library a program may have data, not code. */
static int not_here(unsigned long addr, unsigned long len, unsigned long prot)
{
	return ours(addr, len) || ((prot & PROT_EXEC) && addr + len > GLUE_LIB_LO);
}

/* A hint for @len bytes. */
unsigned long glue_mm_place(struct glue_prog *p, unsigned long len)
{
	unsigned long old = __atomic_load_n(&p->map_cursor, __ATOMIC_RELAXED), at, next;

	len = GLUE_PAGE_UP(len);
	do {
		at = len >= HUGE ? (old + HUGE - 1) & ~(HUGE - 1) : old;
		if (at + len > p->stack_lo)
			at = p->map_lo;
		next = at + len;
	} while (!__atomic_compare_exchange_n(&p->map_cursor, &old, next, 0, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return at;
}

static void place_back(struct glue_prog *p, unsigned long addr, unsigned long len)
{
	unsigned long end = addr + GLUE_PAGE_UP(len);

	if (addr >= p->map_lo)
		__atomic_compare_exchange_n(&p->map_cursor, &end, addr, 0, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
}

/* mmap() somewhere in the window; the other arguments are in @arg. */
static long map_placed(struct glue_prog *p, const unsigned long arg[6])
{
	unsigned long len = arg[1], step = 0, at;
	int tries;
	long r;

	if (!len || len > p->hi - p->map_lo)
		return !len ? -EINVAL : -ENOMEM;
	for (tries = 0; tries < 64; tries++) {
		at = glue_mm_place(p, len + step);
		r = glue_raw6(SYS_mmap, at + step, len, arg[2], arg[3], arg[4], arg[5]);
		if (IS_ERR(r) || (unsigned long)r + len <= GLUE_LIB_LO)
			return r;
		glue_raw2(SYS_munmap, r, len);
		/* Something is there.  Be quicker to get over it each time. */
		step = step ? step * 2 : GLUE_PAGE;
		if (step > (p->hi - p->map_lo) / 64)
			step = GLUE_PAGE;
	}
	return -ENOMEM;
}

/* mmap() as the program wants it; @exec: the protection that it gets in the end. */
static long map_any(struct glue_prog *p, const unsigned long arg[6], unsigned long exec)
{
	unsigned long addr = arg[0], len = arg[1], flags = arg[3];
	long r;

	if (flags & MAP_FIXED_ANY)
		return not_here(addr, len, exec) ? flags & MAP_FIXED_NOREPLACE ? -EEXIST : -ENOMEM :
		       glue_raw6(SYS_mmap, addr, len, arg[2], flags, arg[4], arg[5]);
	if (flags & MAP_32BIT)
		return glue_raw6(SYS_mmap, addr, len, arg[2], flags, arg[4], arg[5]);
	if (addr && !not_here(addr, len, exec)) {
		r = glue_raw6(SYS_mmap, addr, len, arg[2], flags, arg[4], arg[5]);
		if (IS_ERR(r) || (unsigned long)r + len <= GLUE_LIB_LO || (unsigned long)r == addr)
			return r;
		glue_raw2(SYS_munmap, r, len);
	}
	return map_placed(p, arg);
}

/*
 * Rings of stack sockets: the stack maps them, among the library, where nothing else that
 * unmaps a program's memory reaches them.
 */
struct ring_call {
	struct libos_thread *stack;
	const unsigned long *arg;
};

static long ring_mmap(void *call)
{
	struct ring_call *c = call;

	return libos_mmap(c->stack, c->arg);
}

static long ring_munmap(void *call)
{
	struct ring_call *c = call;

	return libos_munmap(c->stack, c->arg[0]);
}

#define RING_BUSY	1UL	/* being mapped or unmapped */

/* The place of a ring at @addr, which is @to from here on; -1: there is none. */
static int ring_change(struct glue_prog *p, unsigned long addr, unsigned long to)
{
	int i;

	glue_lock(&p->mm_lock);
	for (i = 0; i < GLUE_RINGS && p->ring[i] != addr; i++)
		;
	if (i < GLUE_RINGS)
		p->ring[i] = to;
	glue_unlock(&p->mm_lock);
	return i < GLUE_RINGS ? i : -1;
}

static long ring_map(struct glue_thread *t, const unsigned long arg[6])
{
	struct ring_call c = { glue_thread_stack(t), arg };
	int i = c.stack ? ring_change(t->prog, 0, RING_BUSY) : -1;
	long r;

	if (i < 0)
		return c.stack ? -ENOMEM : -EINVAL;
	r = glue_gate(t, ring_mmap, &c);
	t->prog->ring[i] = IS_ERR(r) ? 0 : r;
	return r;
}

static long ring_unmap(struct glue_thread *t, const unsigned long arg[6])
{
	struct ring_call c = { glue_thread_stack(t), arg };
	int i = c.stack && arg[0] >= GLUE_PAGE ? ring_change(t->prog, arg[0], RING_BUSY) : -1;
	long r;

	if (i < 0)
		return -EINVAL;
	r = glue_gate(t, ring_munmap, &c);
	t->prog->ring[i] = 0;
	return r;
}

/*
 * Ordinary code: the program is over, or another comes.  It is @t that asks the stack;
 * NULL: whoever has started the program.
 */
void glue_mm_rings(struct glue_prog *p, struct glue_thread *t)
{
	struct libos_thread *stack;
	int i;

	for (i = 0; i < GLUE_RINGS; i++) {
		stack = !p->ring[i] ? NULL : t ? glue_thread_stack(t) : p->opts->stack;
		/* A child that cannot say hello has no stack. */
		if (stack)
			libos_munmap(stack, p->ring[i]);
		p->ring[i] = 0;
	}
}

long glue_sys_mmap(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long prot = f->arg[2], flags = f->arg[3], a[6];
	struct glue_text_map m;
	long r;

	if (!(flags & MAP_ANONYMOUS) && t->prog->fds && fd_is_stack(t->prog->fds, f->arg[4]))
		return ring_map(t, f->arg);

	if (!(prot & PROT_EXEC) || (flags & MAP_ANONYMOUS) || (flags & MAP_TYPE) != MAP_PRIVATE ||
	    (t->prog->flags & GLUE_NOPATCH))
		return map_any(t->prog, f->arg, prot);

	glue_memcpy(a, f->arg, sizeof(a));
	a[2] = PROT_READ | PROT_WRITE;
	r = map_any(t->prog, a, prot);
	if (IS_ERR(r))
		return r;
	m.prog = t->prog;
	m.addr = r;
	m.len = f->arg[1];
	m.fd = f->arg[4];
	m.off = f->arg[5];
	if (glue_gate(t, glue_text_rewrite, &m)) {
		glue_raw2(SYS_munmap, r, f->arg[1]);
		return -EACCES;
	}
	glue_raw3(SYS_mprotect, r, f->arg[1], prot);
	return r;
}

long glue_sys_munmap(struct glue_thread *t, struct glue_frame *f)
{
	long r;

	if (ours(f->arg[0], f->arg[1]))
		return ring_unmap(t, f->arg);
	r = glue_raw2(SYS_munmap, f->arg[0], f->arg[1]);
	if (!r)
		place_back(t->prog, f->arg[0], f->arg[1]);
	return r;
}

long glue_sys_mprotect(struct glue_thread *t, struct glue_frame *f)
{
	if (not_here(f->arg[0], f->arg[1], f->arg[2]))
		return -ENOMEM;
	return glue_raw3(SYS_mprotect, f->arg[0], f->arg[1], f->arg[2]);
}

/* Where it may not grow in place, we say where to. */
long glue_sys_mremap(struct glue_thread *t, struct glue_frame *f)
{
	unsigned long old = f->arg[0], old_len = f->arg[1], len = f->arg[2], flags = f->arg[3];
	unsigned long reserve[6] = { 0, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				     -1UL, 0 };
	long r, at;

	if (ours(old, old_len))
		return -EFAULT;
	if (flags & MREMAP_FIXED) {
		if (ours(f->arg[4], len))
			return -EINVAL;
		return glue_raw5(SYS_mremap, old, old_len, len, flags, f->arg[4]);
	}
	if (!(flags & MREMAP_DONTUNMAP)) {
		r = glue_raw5(SYS_mremap, old, old_len, len, flags & ~MREMAP_MAYMOVE, 0);
		if (r != -ENOMEM || !(flags & MREMAP_MAYMOVE))
			return r;
	}
	at = map_placed(t->prog, reserve);
	if (IS_ERR(at))
		return at;
	r = glue_raw5(SYS_mremap, old, old_len, len, flags | MREMAP_FIXED, at);
	if (IS_ERR(r))
		glue_raw2(SYS_munmap, at, len);
	return r;
}

long glue_sys_brk(struct glue_thread *t, struct glue_frame *f)
{
	struct glue_prog *p = t->prog;
	unsigned long want = f->arg[0], was, now;

	glue_lock(&p->mm_lock);
	if (want >= p->brk_lo && want <= p->brk_hi) {
		was = GLUE_PAGE_UP(p->brk);
		now = GLUE_PAGE_UP(want);
		if (now < was)
			glue_raw2(SYS_munmap, now, was - now);
		if (now <= was ||
		    (unsigned long)glue_raw6(SYS_mmap, was, now - was, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
					     -1, 0) == was)
			p->brk = want;
	}
	want = p->brk;
	glue_unlock(&p->mm_lock);
	return want;
}
