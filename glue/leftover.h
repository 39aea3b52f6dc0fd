/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program that does not own the process leaves behind.  Ordinary code.
 */
#ifndef GLUE_LEFTOVER_H
#define GLUE_LEFTOVER_H

struct glue_leftover;

/* Before the program: what there is.  NULL if there is no memory. */
struct glue_leftover *glue_leftover_note(void);
/* The highest id of a POSIX timer that there was; -1: none, or @l is NULL. */
int glue_leftover_last_timer(const struct glue_leftover *l);
/* Delete the process's POSIX timers with ids above @above. */
void glue_leftover_drop_timers(int above);
/* After it, while the program's signal actions still hold: no more timers. */
void glue_leftover_timers(struct glue_leftover *l);
/* After it: all is as it was; no other descriptor below @limit is open. */
void glue_leftover_clear(struct glue_leftover *l, unsigned int limit);

#endif /* GLUE_LEFTOVER_H */
