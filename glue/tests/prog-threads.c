// SPDX-License-Identifier: GPL-2.0-only
/*
 * prog-threads churn N: create and join N threads, 8 at a time
 * prog-threads lastexit: the first thread ends before the others
 * prog-threads exitgroup: a thread ends the program while others sleep and spin
 * prog-threads detached N: threads that nobody joins
 * prog-threads robust: a thread ends with a robust mutex
 * prog-threads count: how many mappings and fds there are
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static __thread long tls[64];
static _Atomic long done;
static pthread_mutex_t robust;

static void *churn(void *arg)
{
	int i;

	for (i = 0; i < 64; i++)
		tls[i] = (long)arg + i;
	if ((long)arg % 3 == 0)
		sched_yield();
	free(malloc(1000));
	for (i = 0; i < 64; i++)
		if (tls[i] != (long)arg + i)
			return (void *)-1;
	done++;
	return arg;
}

static void *later(void *arg)
{
	usleep(50000);
	puts("the last thread ends the program");
	fflush(stdout);
	return NULL;
}

static void *spin(void *arg)
{
	for (;;)
		;
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
}

static void *ender(void *arg)
{
	usleep(20000);
	exit(23);
}

static void *die_with_lock(void *arg)
{
	pthread_mutex_lock(&robust);
	return NULL;
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? atol(argv[2]) : 1000, i, j;
	pthread_t th[8];
	void *r;

	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "churn")) {
		for (i = 0; i < n; i += 8) {
			for (j = 0; j < 8; j++)
				if (pthread_create(&th[j], NULL, churn, (void *)(i + j)))
					return 3;
			for (j = 0; j < 8; j++)
				if (pthread_join(th[j], &r) || r != (void *)(i + j))
					return 4;
		}
		printf("%ld\n", (long)done);
	} else if (!strcmp(argv[1], "detached")) {
		pthread_attr_t a;

		pthread_attr_init(&a);
		pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
		pthread_attr_setstacksize(&a, 65536);
		for (i = 0; i < n; i++)
			while (pthread_create(&th[0], &a, churn, (void *)i) == EAGAIN)
				usleep(100);
		while (done < n)
			usleep(1000);
		printf("%ld\n", (long)done);
	} else if (!strcmp(argv[1], "lastexit")) {
		pthread_create(&th[0], NULL, later, NULL);
		pthread_exit(NULL);
	} else if (!strcmp(argv[1], "exitgroup")) {
		pthread_create(&th[0], NULL, spin, NULL);
		pthread_create(&th[1], NULL, sleeper, NULL);
		pthread_create(&th[2], NULL, ender, NULL);
		sleeper(NULL);
	} else if (!strcmp(argv[1], "count")) {
		/* What the process holds, threads having come and gone. */
		char line[512];
		FILE *f;

		for (i = 0; i < 8; i++)
			pthread_create(&th[i], NULL, churn, (void *)i);
		for (i = 0; i < 8; i++)
			pthread_join(th[i], NULL);
		f = fopen("/proc/self/smaps", "r");	/* the library's, too */
		for (i = 0; f && fgets(line, sizeof(line), f); )
			i += !strncmp(line, "VmFlags:", 8);
		printf("%ld mappings, next fd %d\n", i, dup(0));
		fflush(stdout);
	} else if (!strcmp(argv[1], "robust")) {
		pthread_mutexattr_t a;

		pthread_mutexattr_init(&a);
		pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
		pthread_mutex_init(&robust, &a);
		pthread_create(&th[0], NULL, die_with_lock, NULL);
		pthread_join(th[0], NULL);
		i = pthread_mutex_lock(&robust);
		printf("%s\n", i == EOWNERDEAD ? "owner died" : "wrong");
	}
	return 0;
}
