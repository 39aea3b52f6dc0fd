// SPDX-License-Identifier: GPL-2.0-only
/*
 * For AddressSanitizer: "prog-asan bad" writes behind a block, else all is well.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *thread(void *arg)
{
	char *p = malloc(100);

	p[5] = 1;
	free(p);
	return NULL;
}

int main(int argc, char **argv)
{
	volatile int len = 10;
	pthread_t th;
	volatile char *p;

	pthread_create(&th, NULL, thread, NULL);
	pthread_join(th, NULL);
	p = malloc(len);
	p[argc > 1 ? len : 0] = 1;
	puts("fine");
	free((void *)p);
	return 0;
}
