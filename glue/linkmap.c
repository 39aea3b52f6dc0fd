// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debugger is told about the program's images.
 *
 * gdb finds shared objects by the list that the launcher's dynamic linker keeps
 * for it, _r_debug.  Since glibc 2.35 (r_version 2) there is a list of such
 * lists, one for each dlmopen() namespace.  We add one: a namespace of our own
 * with an entry for each file of which the program has text mapped, whoever
 * mapped it.  So gdb 12 and later show the program's functions by name, in any
 * process that it attaches to.
 *
 * A gdb that was there before reads the lists again when the dynamic linker
 * passes one of its probes; the cheapest that we can make it pass is that of a
 * dlclose().  We only do so if somebody traces us.
 *
 * The list is read by a debugger that has stopped us, at any moment: an entry is
 * complete before it is linked, and the link is one store.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "linkmap.h"

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)

#define MAX_PHDRS	128
#define PROBE_LIBRARY	"libutil.so.1"	/* part of glibc, small, and in no use */

struct entry {
	struct link_map map;		/* the public part, all that gdb reads */
	struct glue_prog *prog;
	unsigned long lo, hi;		/* of the text */
	char	name[];
};

static struct r_debug_extended ours = { .base = { .r_version = 2 } };
static __u32 maps_lock;

static int traced(void)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");
	int pid = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &pid) == 1)
			break;
	if (f)
		fclose(f);
	return pid != 0;
}

static void tell(void)
{
	static int asked, is_traced;
	void *h;

	if (!asked) {
		asked = 1;
		is_traced = traced();
	}
	if (!is_traced)
		return;
	h = dlopen(PROBE_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
	if (h)
		dlclose(h);
}

/* Hang our list on the dynamic linker's, once. */
static void publish(void)
{
	/* Its public type is the shorter one, without .r_next. */
	struct r_debug_extended *r = dlsym(RTLD_DEFAULT, "_r_debug");

	if (!r || ours.base.r_brk)
		return;
	ours.base.r_brk = r->base.r_brk;
	ours.base.r_ldbase = r->base.r_ldbase;
	while (r->base.r_version >= 2 && r->r_next)
		r = r->r_next;
	__atomic_store_n(&r->r_next, &ours, __ATOMIC_RELEASE);
	r->base.r_version = 2;
}

static void unlink_entry(struct entry *e)
{
	struct link_map *next = e->map.l_next, *prev = e->map.l_prev;

	if (next)
		next->l_prev = prev;
	if (prev)
		prev->l_next = next;
	else
		ours.base.r_map = next;
	free(e);
}

/* The entries of a program whose text lies in [@lo, @hi). */
static void drop(struct glue_prog *p, unsigned long lo, unsigned long hi)
{
	struct link_map *m, *next;
	struct entry *e;

	for (m = ours.base.r_map; m; m = next) {
		e = (struct entry *)m;
		next = m->l_next;
		if (e->prog == p && e->lo < hi && lo < e->hi)
			unlink_entry(e);
	}
}

/* Where the file was put, by the segment that @m shows; and its dynamic section. */
static int locate(const struct glue_text_map *m, unsigned long *bias, unsigned long *dynamic)
{
	Elf64_Phdr ph[MAX_PHDRS];
	Elf64_Ehdr eh;
	int i, found = 0;

	*dynamic = 0;
	if (pread(m->fd, &eh, sizeof(eh), 0) != sizeof(eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_phnum > MAX_PHDRS || eh.e_phentsize != sizeof(ph[0]) ||
	    pread(m->fd, ph, eh.e_phnum * sizeof(ph[0]), eh.e_phoff) !=
	    (ssize_t)(eh.e_phnum * sizeof(ph[0])))
		return -1;
	for (i = 0; i < eh.e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && GLUE_PAGE_DOWN(ph[i].p_offset) == m->off &&
		    (ph[i].p_flags & PF_X)) {
			*bias = m->addr - GLUE_PAGE_DOWN(ph[i].p_vaddr);
			found = 1;
		}
		if (ph[i].p_type == PT_DYNAMIC)
			*dynamic = ph[i].p_vaddr;
	}
	if (*dynamic)
		*dynamic += *bias;
	return found ? 0 : -1;
}

void glue_linkmap_add(const struct glue_text_map *m)
{
	char link[64], path[4096];
	unsigned long bias = 0, dynamic;
	struct entry *e;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", m->fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || locate(m, &bias, &dynamic))
		return;
	path[n] = 0;
	e = calloc(1, sizeof(*e) + n + 1);
	if (!e)
		return;
	strcpy(e->name, path);
	e->prog = m->prog;
	e->lo = m->addr;
	e->hi = m->addr + m->len;
	e->map.l_addr = bias;
	e->map.l_name = e->name;
	e->map.l_ld = (Elf64_Dyn *)dynamic;

	glue_lock(&maps_lock);
	drop(m->prog, e->lo, e->hi);
	e->map.l_next = ours.base.r_map;
	if (e->map.l_next)
		e->map.l_next->l_prev = &e->map;
	__atomic_store_n(&ours.base.r_map, &e->map, __ATOMIC_RELEASE);
	publish();
	tell();
	glue_unlock(&maps_lock);
}

void glue_linkmap_lock(int on)
{
	if (on)
		glue_lock(&maps_lock);
	else
		glue_unlock(&maps_lock);
}

void glue_linkmap_remove(struct glue_prog *p)
{
	glue_lock(&maps_lock);
	drop(p, 0, ~0UL);
	glue_unlock(&maps_lock);
}

#else

void glue_linkmap_add(const struct glue_text_map *m)
{
}

void glue_linkmap_remove(struct glue_prog *p)
{
}

void glue_linkmap_lock(int on)
{
}

#endif
