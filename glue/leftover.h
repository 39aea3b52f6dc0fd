/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors around a program that does not own the process.  Ordinary code.
 */
#ifndef GLUE_LEFTOVER_H
#define GLUE_LEFTOVER_H

struct glue_leftover;

/* Before the program: what is open.  NULL if there is no memory. */
struct glue_leftover *glue_leftover_note(void);
/* After it: that is open again, and nothing else below @limit. */
void glue_leftover_clear(struct glue_leftover *l, unsigned int limit);

#endif /* GLUE_LEFTOVER_H */
