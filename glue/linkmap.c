// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debugger is told about the program's images.
 */
#include "linkmap.h"

void glue_linkmap_add(struct glue_prog *p, const char *path, unsigned long bias,
		      unsigned long dynamic)
{
}

void glue_linkmap_remove(struct glue_prog *p)
{
}
