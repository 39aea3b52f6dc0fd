/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads, between thread.c, trap.c and exec.c.  Hot.
 */
#ifndef GLUE_THREAD_H
#define GLUE_THREAD_H

#include "glue.h"

void glue_thread_link(struct glue_thread *t);
void glue_kick(struct glue_thread *t);

#endif /* GLUE_THREAD_H */
