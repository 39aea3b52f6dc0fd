// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells debuggers about mappings that ld.so did not make.
 *
 * A debugger finds shared objects by the list that ld.so publishes as _r_debug
 * (DT_DEBUG of the program).  Since version 2 of that structure there is one list
 * per dlmopen() namespace, chained by r_next; we add a namespace of our own to
 * the chain, with one entry per mapping, and never touch ld.so's lists.  gdb reads
 * the chain at each event of ld.so and when it attaches; "sharedlibrary" in gdb
 * makes it read at any time.
 *
 * The same list is the symbol libos_debug_maps, for debugger scripts and for
 * programs without ld.so: each entry says which file was mapped at which base, as
 * `add-symbol-file FILE -o BASE` wants it.
 *
 * Limits: needs glibc from 2.35 on (earlier ones have no r_next), as Debian 12 has.
 * dl_iterate_phdr() does not see the mappings; kernel code never unwinds.
 */
#include <link.h>
#include <pthread.h>
#include <stdlib.h>

#include "loader.h"

/* In the order of struct link_map, so that the same nodes serve both lists. */
struct debug_map {
	uintptr_t base;
	char *path;
	void *dynamic;
	struct debug_map *next, *prev;
};

__attribute__((visibility("default"))) struct debug_map *libos_debug_maps;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct r_debug_extended namespace;

/* NULL in a program that ld.so did not start.  Opaque, since it is longer than declared. */
static struct r_debug *program_debug(void)
{
	struct r_debug *ld = &_r_debug;

	__asm__("" : "+r"(ld));
	return ld->r_version ? ld : NULL;
}

/* Debuggers may have a breakpoint here. */
static void notify(struct r_debug *ld, int state)
{
	namespace.base.r_state = state;
	if (ld && ld->r_brk)
		((void (*)(void))ld->r_brk)();
}

static void join_chain(struct r_debug *ld)
{
	struct r_debug_extended **p = &((struct r_debug_extended *)ld)->r_next;

	if (namespace.base.r_version)
		return;
	namespace.base = (struct r_debug){
		.r_version = 2,
		.r_brk = ld->r_brk,
		.r_ldbase = ld->r_ldbase,
	};
	while (*p)
		p = &(*p)->r_next;
	__atomic_store_n(p, &namespace, __ATOMIC_RELEASE);
	if (ld->r_version < 2)
		ld->r_version = 2;
}

void debug_add(struct library *lib)
{
	struct r_debug *ld = program_debug();
	struct debug_map *m = calloc(1, sizeof(*m));

	if (!m)
		return;		/* debugging is all that is lost */
	m->base = lib->base;
	m->path = lib->path;
	m->dynamic = lib->dynamic;

	pthread_mutex_lock(&lock);
	if (ld)
		join_chain(ld);
	notify(ld, RT_ADD);
	m->next = libos_debug_maps;
	if (m->next)
		m->next->prev = m;
	libos_debug_maps = m;
	namespace.base.r_map = (struct link_map *)m;
	notify(ld, RT_CONSISTENT);
	pthread_mutex_unlock(&lock);
	lib->debug = m;
}

void debug_del(struct library *lib)
{
	struct debug_map *m = lib->debug;
	struct r_debug *ld = program_debug();

	if (!m)
		return;
	pthread_mutex_lock(&lock);
	notify(ld, RT_DELETE);
	if (m->prev)
		m->prev->next = m->next;
	else
		libos_debug_maps = m->next;
	if (m->next)
		m->next->prev = m->prev;
	namespace.base.r_map = (struct link_map *)libos_debug_maps;
	notify(ld, RT_CONSISTENT);
	pthread_mutex_unlock(&lock);
	free(m);
	lib->debug = NULL;
}
