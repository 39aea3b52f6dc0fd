/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites of files, kept across processes.  Ordinary code.
 */
#ifndef GLUE_SITECACHE_H
#define GLUE_SITECACHE_H

#include "site.h"

/* 0 if the sites of the mapped @file were known; they are the caller's. */
int glue_sitecache_get(const void *file, size_t len, struct glue_sites *out);
void glue_sitecache_put(const void *file, size_t len, const struct glue_sites *s);

#endif /* GLUE_SITECACHE_H */
