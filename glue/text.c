// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text of a program that was just mapped: rewrite its system calls.
 *
 * The pages are private and still writable, and nothing can run there before
 * the mapping call returns to the program.  So the bytes are simply written,
 * and only pages that have a site are copied.
 *
 * Sites are found once per file and process (and kept in a cache across
 * processes, sitecache.c), for a library may be mapped in parts and by several
 * programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core.h"
#include "linkmap.h"
#include "site.h"
#include "sitecache.h"

struct known {
	struct known *next;
	dev_t	dev;
	ino_t	ino;
	struct timespec mtime;
	off_t	size;
	struct glue_sites sites;
};

/* Of the process: files are. */
static struct known *files;
static __u32 files_lock;

void glue_text_lock(int on)
{
	if (on)
		glue_lock(&files_lock);
	else
		glue_unlock(&files_lock);
}

static struct known *look_up(int fd, int use_cache)
{
	struct stat st;
	struct known *k;
	void *file;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 64)
		return NULL;
	for (k = files; k; k = k->next)
		if (k->dev == st.st_dev && k->ino == st.st_ino && k->size == st.st_size &&
		    !memcmp(&k->mtime, &st.st_mtim, sizeof(k->mtime)))
			return k;
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->dev = st.st_dev;
	k->ino = st.st_ino;
	k->mtime = st.st_mtim;
	k->size = st.st_size;
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file != MAP_FAILED) {
		if (!use_cache || glue_sitecache_get(file, st.st_size, &k->sites)) {
			if (!glue_sites_find(file, st.st_size, &k->sites) && use_cache)
				glue_sitecache_put(file, st.st_size, &k->sites);
		}
		munmap(file, st.st_size);
	}
	k->next = files;
	files = k;
	return k;
}

/* Return: 0; -1 if it is left and would escape without a net. */
static int rewrite_site(const struct glue_text_map *m, const struct glue_site *s)
{
	struct glue_prog *p = m->prog;
	unsigned long addr = m->addr + (s->off - m->off), slot_addr;
	struct glue_slot *slot, tmp;
	struct glue_patch patch;

	/* All that is read or written has to be in this mapping. */
	if (s->off < m->off + 16 || s->off + 32 > m->off + m->len ||
	    memcmp((void *)addr, "\x0f\x05", 2))
		return -1;
	slot = glue_arena_slot(p, addr, &slot_addr);
	if (!slot) {
		__atomic_fetch_add(&p->nsites[GLUE_M_NONE], 1, __ATOMIC_RELAXED);
		return -1;
	}
	glue_rewrite(s, addr, (const __u8 *)addr, &tmp, slot_addr, 0, &patch);
	if (patch.hole && (s->off + s->hole < m->off ||
			   s->off + s->hole + 5 > m->off + m->len))
		patch.method = GLUE_M_NONE;
	__atomic_fetch_add(&p->nsites[patch.method], 1, __ATOMIC_RELAXED);
	if (!patch.method) {
		glue_arena_return(slot);
		return s->keep ? 0 : -1;
	}
	tmp.hook = (unsigned long)glue_entry;
	memcpy(slot, &tmp, sizeof(tmp));
	if (patch.hole)
		memcpy((void *)patch.hole, patch.hole_bytes, sizeof(patch.hole_bytes));
	memcpy((void *)patch.at, patch.bytes, patch.len);
	return 0;
}

/*
 * Through the gate.  Return: 0; -ENOTSUP if there is no net and a call could
 * escape, which has been said then.
 */
long glue_text_rewrite(void *map)
{
	const struct glue_text_map *m = map;
	struct known *k;
	size_t i, left = 0;

	glue_linkmap_add(m);
	glue_lock(&files_lock);
	k = look_up(m->fd, !(m->prog->flags & GLUE_NOCACHE));
	for (i = 0; k && i < k->sites.n; i++)
		if (k->sites.site[i].off >= m->off && k->sites.site[i].off < m->off + m->len &&
		    rewrite_site(m, &k->sites.site[i]))
			left++;
	left += k ? k->sites.undecoded : 1;
	glue_unlock(&files_lock);
	if (!left || glue_net != GLUE_NET_NONE)
		return 0;
	glue_say("%s: %d system calls of a file that it maps cannot be rewritten, and nothing "
		 "else may catch them", m->prog->comm, (long)left);
	return -ENOTSUP;
}
