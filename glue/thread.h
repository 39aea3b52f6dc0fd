/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads, between thread.c, trap.c and exec.c.  Hot.
 */
#ifndef GLUE_THREAD_H
#define GLUE_THREAD_H

#include "glue.h"

/* Over fork(); in the child: only @t is left, and is the first one. */
void glue_blocks_lock(int on);
void glue_threads_forked(struct glue_thread *t);
void glue_thread_link(struct glue_thread *t);
void glue_kick(struct glue_thread *t);

#endif /* GLUE_THREAD_H */
