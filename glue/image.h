/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rewritten text that is kept for the programs of child processes; between text.c
 * and image.c.  Ordinary code.
 */
#ifndef GLUE_IMAGE_H
#define GLUE_IMAGE_H

#include "site.h"

/**
 * struct glue_image - text of a file with its calls rewritten, and its slots
 * @fd: sealed memory: the text, whole pages, then the slots
 * @off: of the text in its file
 * @len: of the text
 * @addr: where the text was when it was made
 * @nslots: one for each site
 * @nsites: sites by method
 * @left: calls that are not rewritten and would escape without a net
 */
struct glue_image {
	int	fd;
	unsigned long off, len, addr;
	unsigned int nslots;
	unsigned int nsites[GLUE_M_END];
	unsigned int left;
};

/**
 * glue_image_make() - from a file that a program has mapped
 * @img: filled
 * @m: the mapping; its descriptor need only be the file's
 * @sites: of the file
 * @name: of the file, for /proc/PID/maps
 *
 * Return: 0, or -1 if it cannot be made or is not worth it.
 */
int glue_image_make(struct glue_image *img, const struct glue_text_map *m,
		    const struct glue_sites *sites, const char *name);

/* Is such a mapping worth it? */
int glue_image_pays(const struct glue_text_map *m, const struct glue_sites *sites);

/*
 * Instead of what is mapped at @m, which is left as it was on failure.
 * Return: 0; -1 if it does not fit there.
 */
int glue_image_map(const struct glue_image *img, const struct glue_text_map *m);

/* --- text.c ------------------------------------------------------------------ */

/*
 * Rewrite one site: the bytes of m->addr are at @text, and @slot is what the program
 * sees at @slot_addr.  Return: how; GLUE_M_NONE: it was left.
 */
enum glue_method glue_text_site(const struct glue_text_map *m, __u8 *text,
				const struct glue_site *s, struct glue_slot *slot,
				unsigned long slot_addr);
/* Is the site in the mapping, with all that may be read or written around it? */
int glue_text_whole(const struct glue_text_map *m, const struct glue_site *s);

#endif /* GLUE_IMAGE_H */
