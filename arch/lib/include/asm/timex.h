/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIB_TIMEX_H
#define _LIB_TIMEX_H

typedef unsigned long cycles_t;

/* The host's clock, so that a simulated host gives the same entropy each run. */
cycles_t lib_get_cycles(void);
#define get_cycles		lib_get_cycles
#define random_get_entropy()	lib_get_cycles()

#endif
