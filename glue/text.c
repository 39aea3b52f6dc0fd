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
 * programs.  The text of files with many sites is kept as well, for the programs of
 * children (image.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "image.h"
#include "linkmap.h"
#include "site.h"
#include "sitecache.h"

#define MAX_IMAGES	8	/* and descriptors */

struct known {
	struct known *next;
	dev_t	dev;
	ino_t	ino;
	struct timespec mtime;
	off_t	size;
	struct glue_sites sites;
	struct glue_image image;	/* .fd: -1: none */
	struct glue_text_map map;	/* that there is to be one of, if .path */
	char	*path;
};

/* Of the process: files are. */
static struct known *files;
static unsigned int nimages;
static int wanted;		/* images to be made before the next fork() */
static __u32 files_lock;

void glue_text_lock(int on)
{
	if (on)
		glue_lock(&files_lock);
	else
		glue_unlock(&files_lock);
}

static int is_file(const struct known *k, const struct stat *st)
{
	return k->dev == st->st_dev && k->ino == st->st_ino && k->size == st->st_size &&
	       !memcmp(&k->mtime, &st->st_mtim, sizeof(k->mtime));
}

static struct known *look_up(int fd, int use_cache)
{
	struct stat st;
	struct known *k;
	void *file;
	int r;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 64)
		return NULL;
	for (k = files; k; k = k->next)
		if (is_file(k, &st))
			return k;
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->dev = st.st_dev;
	k->ino = st.st_ino;
	k->mtime = st.st_mtim;
	k->size = st.st_size;
	k->image.fd = -1;
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file != MAP_FAILED) {
		if (!use_cache || glue_sitecache_get(file, st.st_size, &k->sites)) {
			r = glue_sites_find(file, st.st_size, &k->sites);
			if (!r && use_cache)
				glue_sitecache_put(file, st.st_size, &k->sites);
			if (r && r != -ENOEXEC)		/* it may have some */
				k->sites.undecoded = 1;
		}
		munmap(file, st.st_size);
	}
	k->next = files;
	files = k;
	return k;
}

int glue_text_whole(const struct glue_text_map *m, const struct glue_site *s)
{
	return s->off >= m->off + 16 && s->off + 32 <= m->off + m->len;
}

enum glue_method glue_text_site(const struct glue_text_map *m, __u8 *text,
				const struct glue_site *s, struct glue_slot *slot,
				unsigned long slot_addr)
{
	unsigned long addr = m->addr + (s->off - m->off);
	struct glue_slot tmp;
	struct glue_patch patch;

	if (memcmp(text + (addr - m->addr), "\x0f\x05", 2))
		return GLUE_M_NONE;
	glue_rewrite(s, addr, text + (addr - m->addr), &tmp, slot_addr, 0, &patch);
	if (!patch.method || (patch.hole && (s->off + s->hole < m->off ||
					     s->off + s->hole + 5 > m->off + m->len)))
		return GLUE_M_NONE;
	tmp.hook = (unsigned long)glue_entry;
	memcpy(slot, &tmp, sizeof(tmp));
	if (patch.hole)
		memcpy(text + (patch.hole - m->addr), patch.hole_bytes, sizeof(patch.hole_bytes));
	memcpy(text + (patch.at - m->addr), patch.bytes, patch.len);
	return patch.method;
}

/* In place.  Return: 0; -1 if it is left and would escape without a net. */
static int rewrite_site(const struct glue_text_map *m, const struct glue_site *s)
{
	struct glue_prog *p = m->prog;
	enum glue_method how = GLUE_M_NONE;
	unsigned long slot_addr;
	struct glue_slot *slot;

	if (!glue_text_whole(m, s))
		return -1;
	slot = glue_arena_slot(p, m->addr + (s->off - m->off), &slot_addr);
	if (slot)
		how = glue_text_site(m, (__u8 *)m->addr, s, slot, slot_addr);
	__atomic_fetch_add(&p->nsites[how], 1, __ATOMIC_RELAXED);
	if (how)
		return 0;
	if (slot)
		glue_arena_return(slot);
	return s->keep ? 0 : -1;
}

/* Its image is for children; so it is made when there are to be some. */
static void want_image(struct known *k, const struct glue_text_map *m)
{
	char link[64], path[4096];
	ssize_t n;

	if (k->image.fd >= 0 || k->path || !glue_image_pays(m, &k->sites))
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", m->fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = 0;
	k->map = *m;
	k->path = strdup(path);
	wanted |= !!k->path;
}

static void make_image(struct known *k, struct glue_prog *p)
{
	const char *name = strrchr(k->path, '/');
	struct stat st;

	k->map.prog = p;
	k->map.fd = open(k->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (k->map.fd < 0)
		return;
	if (!fstat(k->map.fd, &st) && is_file(k, &st) &&
	    !glue_image_make(&k->image, &k->map, &k->sites, name ? name + 1 : k->path))
		nimages++;
	else
		k->image.fd = -1;
	close(k->map.fd);
}

void glue_text_keep(struct glue_prog *p)
{
	struct known *k;

	glue_lock(&files_lock);
	for (k = wanted ? files : NULL; k; k = k->next) {
		if (!k->path)
			continue;
		if (nimages < MAX_IMAGES)
			make_image(k, p);
		free(k->path);
		k->path = NULL;
	}
	wanted = 0;
	glue_unlock(&files_lock);
}

int glue_text_fds(int *fds, int max)
{
	struct known *k;
	int n = 0;

	for (k = files; k && n < max; k = k->next)
		if (k->image.fd >= 0)
			fds[n++] = k->image.fd;
	return n;
}

/* Return: as many calls as would escape without a net. */
static size_t rewrite_file(const struct glue_text_map *m, struct known *k)
{
	size_t i, left = k->sites.undecoded;

	if (k->image.fd >= 0 && !glue_image_map(&k->image, m)) {
		for (i = 0; i < GLUE_M_END; i++)
			__atomic_fetch_add(&m->prog->nsites[i], k->image.nsites[i],
					   __ATOMIC_RELAXED);
		return k->image.left;
	}
	for (i = 0; i < k->sites.n; i++)
		if (k->sites.site[i].off >= m->off && k->sites.site[i].off < m->off + m->len &&
		    rewrite_site(m, &k->sites.site[i]))
			left++;
	want_image(k, m);
	return left;
}

/*
 * Through the gate.  Return: 0; -ENOTSUP if there is no net and a call could
 * escape, which has been said then.
 */
long glue_text_rewrite(void *map)
{
	const struct glue_text_map *m = map;
	struct known *k;
	size_t left;

	glue_linkmap_add(m);
	glue_lock(&files_lock);
	k = look_up(m->fd, !(m->prog->flags & GLUE_NOCACHE));
	left = k ? rewrite_file(m, k) : 1;
	glue_unlock(&files_lock);
	if (!left || glue_net != GLUE_NET_NONE)
		return 0;
	glue_say("%s: %d system calls of a file that it maps cannot be rewritten, and nothing "
		 "else may catch them", m->prog->comm, (long)left);
	return -ENOTSUP;
}
