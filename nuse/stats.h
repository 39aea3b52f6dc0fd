/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: What --stats prints
 */
#ifndef NUSE_STATS_H
#define NUSE_STATS_H

#include <libos/libos.h>
#include <stdio.h>
#include "link.h"

/**
 * nuse_stats_print() - write all counters of a stack, one "NAME VALUE" a line
 * @thr: the calling thread's identity towards it
 *
 * The names are defined in nuse(1).
 */
void nuse_stats_print(FILE *f, struct libos_thread *thr, const struct nuse_link *links, size_t n);

#endif /* NUSE_STATS_H */
