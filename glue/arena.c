// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of trampolines: slots within reach of the text that jumps to them.
 *
 * An arena is mapped twice, readable and executable near the program's text,
 * readable and writable among the library; nothing is both, and a slot is
 * written while its neighbours run.  The slots that come with an image (image.c) are
 * mapped once, and never written.
 *
 * glue_site_map() and glue_site_unmap() read the jump at a site and the slot it
 * leads to: the code itself is the index, so there is no table that could be
 * stale when a program unmaps its text.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core.h"
#include "site.h"

#define ARENA_SIZE	GLUE_ARENA_SIZE
#define REACH		0x7ff00000UL
#define STEP		0x1000000UL

_Static_assert(sizeof(struct glue_slot) == GLUE_SLOT_SIZE, "glue_slot");

static __u32 arenas_lock;

void glue_arena_lock(int on)
{
	if (on)
		glue_lock(&arenas_lock);
	else
		glue_unlock(&arenas_lock);
}

static int near(unsigned long a, unsigned long b)
{
	return a > b ? a - b < REACH : b - a < REACH;
}

static int map_arena(struct glue_arena *a, unsigned long addr)
{
	int fd = memfd_create("glue", MFD_CLOEXEC);
	unsigned long off, at;
	void *rw, *rx = MAP_FAILED;
	int sign;

	if (fd < 0)
		return -1;
	rw = MAP_FAILED;
	if (!ftruncate(fd, ARENA_SIZE))
		rw = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (off = STEP; rw != MAP_FAILED && rx == MAP_FAILED && off < REACH - STEP; off += STEP)
		for (sign = -1; sign <= 1 && rx == MAP_FAILED; sign += 2) {
			at = (addr & -STEP) + sign * off;
			if (at - STEP >= GLUE_LIB_LO)
				continue;
			rx = mmap((void *)at, ARENA_SIZE, PROT_READ | PROT_EXEC,
				  MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
		}
	close(fd);
	if (rx == MAP_FAILED) {
		if (rw != MAP_FAILED)
			munmap(rw, ARENA_SIZE);
		return -1;
	}
	a->rw = rw;
	a->used = 0;
	a->len = ARENA_SIZE;
	__atomic_store_n(&a->lo, (unsigned long)rx, __ATOMIC_RELEASE);
	return 0;
}

/* An entry of the table that is not in use; see arena_taken(). */
static struct glue_arena *arena_unused(void)
{
	unsigned int i;

	for (i = 0; i < glue_narenas; i++)
		if (!glue_arenas[i].lo)
			return &glue_arenas[i];
	return i < GLUE_NARENAS ? &glue_arenas[i] : NULL;
}

static void arena_taken(struct glue_arena *a, struct glue_prog *p)
{
	a->prog = p;
	if (a == &glue_arenas[glue_narenas])
		__atomic_store_n(&glue_narenas, glue_narenas + 1, __ATOMIC_RELEASE);
}

struct glue_slot *glue_arena_slot(struct glue_prog *p, unsigned long addr, unsigned long *addr_out)
{
	struct glue_slot *s = NULL;
	struct glue_arena *a;
	unsigned int i;

	glue_lock(&arenas_lock);
	for (i = 0; i < glue_narenas; i++) {
		a = &glue_arenas[i];
		if (a->lo && a->rw && a->prog == p && near(a->lo, addr) && a->used < ARENA_SIZE)
			break;
	}
	if (i == glue_narenas) {
		a = arena_unused();
		if (!a || map_arena(a, addr))
			goto out;
		arena_taken(a, p);
	}
	s = (struct glue_slot *)(a->rw + a->used);
	*addr_out = a->lo + a->used;
	a->used += GLUE_SLOT_SIZE;
out:
	glue_unlock(&arenas_lock);
	return s;
}

void glue_arena_return(struct glue_slot *s)
{
	unsigned int i;

	glue_lock(&arenas_lock);
	for (i = 0; i < glue_narenas; i++)
		if (glue_arenas[i].lo &&
		    (char *)(s + 1) == glue_arenas[i].rw + glue_arenas[i].used)
			glue_arenas[i].used -= GLUE_SLOT_SIZE;
	glue_unlock(&arenas_lock);
}

int glue_arena_add(struct glue_prog *p, unsigned long lo, unsigned long len)
{
	struct glue_arena *a;

	glue_lock(&arenas_lock);
	a = arena_unused();
	if (a) {
		a->rw = NULL;
		a->used = a->len = len;
		__atomic_store_n(&a->lo, lo, __ATOMIC_RELEASE);
		arena_taken(a, p);
	}
	glue_unlock(&arenas_lock);
	return a ? 0 : -1;
}

static void drop(struct glue_arena *a)
{
	munmap((void *)a->lo, a->len);
	if (a->rw)
		munmap(a->rw, a->len);
	__atomic_store_n(&a->lo, 0, __ATOMIC_RELEASE);
}

void glue_arena_remove(struct glue_prog *p, unsigned long lo)
{
	unsigned int i;

	glue_lock(&arenas_lock);
	for (i = 0; i < glue_narenas; i++)
		if (glue_arenas[i].lo == lo && glue_arenas[i].prog == p)
			drop(&glue_arenas[i]);
	glue_unlock(&arenas_lock);
}

void glue_arena_free(struct glue_prog *p)
{
	unsigned int i;

	glue_lock(&arenas_lock);
	for (i = 0; i < glue_narenas; i++)
		if (glue_arenas[i].lo && glue_arenas[i].prog == p)
			drop(&glue_arenas[i]);
	glue_unlock(&arenas_lock);
}
