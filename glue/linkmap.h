/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a debugger is told about the program's images.  Ordinary code.
 */
#ifndef GLUE_LINKMAP_H
#define GLUE_LINKMAP_H

#include "glue.h"

void glue_linkmap_add(struct glue_prog *p, const char *path, unsigned long bias,
		      unsigned long dynamic);
void glue_linkmap_remove(struct glue_prog *p);

#endif /* GLUE_LINKMAP_H */
