/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a debugger is told about the program's images.  Ordinary code.
 */
#ifndef GLUE_LINKMAP_H
#define GLUE_LINKMAP_H

#include "site.h"

/* Text of a file was mapped. */
void glue_linkmap_add(const struct glue_text_map *m);
/* The program has ended. */
void glue_linkmap_remove(struct glue_prog *p);
/* Over fork(). */
void glue_linkmap_lock(int on);

#endif /* GLUE_LINKMAP_H */
