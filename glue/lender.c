// SPDX-License-Identifier: GPL-2.0-only
/*
 * The threads whose thread-local storage the gate borrows: see gate.c.
 */
#include <pthread.h>
#include <signal.h>

#include "core.h"

static int lending;

/* In a child of fork(): they stayed behind. */
void glue_gate_forget(void)
{
	int i;

	for (i = 0; i < GLUE_NLENDERS; i++)
		glue_lenders[i].fs = glue_lenders[i].busy = 0;
	lending = 0;
}

int glue_gate_pool(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t th;
	int i, r = 0;

	if (lending)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < GLUE_NLENDERS && !r; i++)
		if (!glue_lenders[i].fs)
			r = -pthread_create(&th, &attr, glue_gate_lend, &glue_lenders[i]);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	lending = !r;
	return r;
}
