// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rewritten text, made once for all processes of a program.
 *
 * A program's text is rewritten in private pages: each one with a call in it is
 * copied, and libc has calls in every fourth.  That is paid once by a program that
 * runs, but again by each child that executes another, of which most live for a
 * millisecond and have the same libc.  So before the first fork() the text of the
 * files with many calls is written to a memfd, rewritten, with its trampolines
 * behind it.  Children inherit the descriptor, and map that instead:
 *
 *	memfd      | text | slots |
 *	              |       '------------.
 *	program    ...| slots |... SHIFT ...| text |...
 *
 * Jumps from text to slots and back are relative, and so is all that slots hold of the
 * program's code: it is right anywhere if the distance is.  That is SHIFT, less than
 * the gap that is left free below images for trampolines.  What is absolute in a slot
 * is moved if the text is not where it was when the image was made; mostly it is,
 * and then no page is written.  Where there is no room at that distance, the text is
 * rewritten as ever.
 *
 * The memory is sealed, and mapped privately: what a program writes to its text
 * stays its own.  In /proc/PID/maps it goes by the file's name, as a memfd.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core.h"
#include "fd.h"
#include "image.h"

#define SHIFT		0x4000000UL	/* start.c's IMAGE_GAP */
#define LOWEST		0x10000UL	/* vm.mmap_min_addr */
#define MIN_SITES	16		/* less pages are written faster than mapped */
#define MAX_LEN		(4UL << 20)

static unsigned long text_pages(const struct glue_image *img)
{
	return GLUE_PAGE_UP(img->len);
}

static unsigned long slot_pages(const struct glue_image *img)
{
	return GLUE_PAGE_UP(img->nslots * sizeof(struct glue_slot));
}

static int inside(const struct glue_text_map *m, const struct glue_site *s)
{
	return s->off >= m->off && s->off < m->off + m->len;
}

static unsigned int count(const struct glue_text_map *m, const struct glue_sites *sites)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < sites->n; i++)
		n += inside(m, &sites->site[i]);
	return n;
}

int glue_image_pays(const struct glue_text_map *m, const struct glue_sites *sites)
{
	return m->len <= MAX_LEN && m->addr >= LOWEST + SHIFT && count(m, sites) >= MIN_SITES;
}

static void rewrite(struct glue_image *img, const struct glue_text_map *m,
		    const struct glue_sites *sites, __u8 *text)
{
	struct glue_slot *slot = (struct glue_slot *)(text + text_pages(img));
	unsigned long slot_addr = m->addr - SHIFT;
	enum glue_method how;
	size_t i;

	for (i = 0; i < sites->n; i++) {
		const struct glue_site *s = &sites->site[i];

		if (!inside(m, s))
			continue;
		if (!glue_text_whole(m, s)) {
			img->left++;
			continue;
		}
		how = glue_text_site(m, text, s, slot, slot_addr);
		img->nsites[how]++;
		if (how == GLUE_M_NONE) {
			img->left += !s->keep;
			continue;
		}
		slot++;
		slot_addr += sizeof(*slot);
	}
	img->left += sites->undecoded;
}

/* A limit on the size of files would send SIGXFSZ. */
static int too_large(unsigned long len)
{
	struct rlimit lim;

	return !getrlimit(RLIMIT_FSIZE, &lim) && lim.rlim_cur < len;
}

/* As much as there is: the last page goes on behind the text, as the file does. */
static int read_text(const struct glue_text_map *m, __u8 *to)
{
	unsigned long want = GLUE_PAGE_UP(m->len), n = 0;
	ssize_t r;

	while (n < want) {
		r = pread(m->fd, to + n, want - n, m->off + n);
		if (r <= 0)
			break;
		n += r;
	}
	return n < m->len;
}

int glue_image_make(struct glue_image *img, const struct glue_text_map *m,
		    const struct glue_sites *sites, const char *name)
{
	unsigned long len;
	__u8 *text;
	int fd, r;

	memset(img, 0, sizeof(*img));
	img->off = m->off;
	img->len = m->len;
	img->addr = m->addr;
	img->nslots = count(m, sites);
	len = text_pages(img) + slot_pages(img);
	if (too_large(len))
		return -1;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, len))
		goto err;
	text = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (text == MAP_FAILED)
		goto err;
	r = read_text(m, text);
	if (!r)
		rewrite(img, m, sites, text);
	munmap(text, len);
	if (r || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		goto err;
	img->fd = fd_hide(m->prog->fds, fd);
	return img->fd < 0 ? -1 : 0;
err:
	close(fd);
	return -1;
}

static void move_slots(struct glue_slot *s, unsigned int n, unsigned long by)
{
	for (; n--; s++) {
		s->desc.ret_ip += by;
		s->desc.cont += by;
		s->desc.restart_ip += by;
		s->start += by;
	}
}

int glue_image_map(const struct glue_image *img, const struct glue_text_map *m)
{
	unsigned long slots = m->addr - SHIFT, len = slot_pages(img);
	unsigned long by = m->addr - img->addr;
	void *at;

	if (m->off != img->off || m->len != img->len || m->addr < LOWEST + SHIFT)
		return -1;
	at = mmap((void *)slots, len, PROT_READ | (by ? PROT_WRITE : PROT_EXEC),
		  MAP_PRIVATE | MAP_FIXED_NOREPLACE, img->fd, text_pages(img));
	if (at == MAP_FAILED)
		return -1;
	if (at != (void *)slots)
		goto err;
	if (by) {
		move_slots(at, img->nslots, by);
		if (mprotect(at, len, PROT_READ | PROT_EXEC))
			goto err;
	}
	if (glue_arena_add(m->prog, slots, len))
		goto err;
	if (mmap((void *)m->addr, m->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
		 img->fd, 0) == MAP_FAILED) {
		glue_arena_remove(m->prog, slots);
		return -1;
	}
	return 0;
err:
	munmap(at, len);
	return -1;
}
