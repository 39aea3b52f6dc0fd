/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls into the stack, as the signal handlers see them.  Hot.
 */
#ifndef GLUE_STACK_H
#define GLUE_STACK_H

#include "glue.h"

/* libos_interrupt() has an effect on @t now. */
int glue_stack_inside(const struct glue_thread *t);
void glue_stack_interrupt(struct glue_thread *t);
/* Where to go on after a fault of the kernel layer at @ip; 0: it is none. */
unsigned long glue_stack_fault(struct glue_thread *t, unsigned long ip);
/* The identity of @t ends, if it has one of its own. */
void glue_stack_exit(struct glue_thread *t);
/* On the first thread, before it makes another. */
int glue_stack_maker(struct glue_thread *t);
/* Ordinary code: what the program holds besides. */
void glue_stack_free(struct glue_prog *p);

#endif /* GLUE_STACK_H */
