/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's vDSO.  NULL where it has no such function.
 */
#ifndef GLUE_VDSO_H
#define GLUE_VDSO_H

struct glue_vdso {
	int	(*clock_gettime)(int clock, void *ts);
	int	(*gettimeofday)(void *tv, void *tz);
	int	(*getcpu)(unsigned int *cpu, unsigned int *node, void *unused);
};
extern struct glue_vdso glue_vdso;

#endif /* GLUE_VDSO_H */
