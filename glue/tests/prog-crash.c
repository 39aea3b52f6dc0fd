// SPDX-License-Identifier: GPL-2.0-only
/*
 * prog-crash HOW: end in one of many ways; the caller compares the wait status.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int depth(volatile char *p)
{
	volatile char a[4096];

	a[0] = *p + 1;
	return depth(a) + a[0];
}

static void *segv(void *arg)
{
	*(volatile int *)8 = 1;
	return NULL;
}

static void nop(int sig)
{
}

static void said(int sig)
{
	(void)!write(1, "usr1\n", 5);
}

static void leave(int sig)
{
	_exit(42);
}

static void again(int sig)
{
	*(volatile int *)16 = 1;
}

static void bad_stack(int sig)
{
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct sigaction sa = { .sa_handler = nop, .sa_flags = SA_RESETHAND };
	pthread_t th;
	sigset_t s;

#define IS(name) (!strcmp(how, name))
	if (IS("exit"))
		exit(77);
	if (IS("exit300"))
		syscall(SYS_exit_group, 300);
	if (IS("threadexit"))
		syscall(SYS_exit, 5);
	if (IS("segv"))
		segv(NULL);
	if (IS("nullcall"))
		((void (*)(void))0)();
	if (IS("thread")) {
		pthread_create(&th, NULL, segv, NULL);
		pthread_join(th, NULL);
	}
	if (IS("abort"))
		abort();
	if (IS("fpe"))
		asm volatile("xor %%ecx, %%ecx; div %%ecx" : : "a" (1), "d" (0) : "rcx");
	if (IS("ill"))
		asm volatile("ud2");
	if (IS("trap"))
		asm volatile("int3");
	if (IS("bus")) {
		char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, open("/dev/null", 0), 0);
		int fd = memfd_create("x", 0);

		p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		return *(volatile char *)p;
	}
	if (IS("overflow")) {
		char c = 0;

		return depth(&c);
	}
	if (IS("term"))
		kill(getpid(), SIGTERM);
	if (IS("int"))
		raise(SIGINT);
	if (IS("pipe")) {
		int p[2];

		if (pipe(p))
			return 2;
		close(p[0]);
		(void)!write(p[1], "x", 1);
	}
	if (IS("alarm")) {
		ualarm(10000, 0);
		for (;;)
			pause();
	}
	if (IS("spinalarm")) {
		ualarm(10000, 0);
		for (;;)
			;
	}
	if (IS("sigsys"))
		kill(getpid(), SIGSYS);
	if (IS("sentsegv"))
		kill(getpid(), SIGSEGV);
	if (IS("ignoredsegv")) {
		signal(SIGSEGV, SIG_IGN);
		kill(getpid(), SIGSEGV);
		segv(NULL);
	}
	if (IS("blockedsegv")) {
		sigfillset(&s);
		sigprocmask(SIG_BLOCK, &s, NULL);
		segv(NULL);
	}
	if (IS("resethand")) {
		sigaction(SIGSEGV, &sa, NULL);
		segv(NULL);
	}
	if (IS("again")) {
		signal(SIGSEGV, again);
		segv(NULL);
	}
	if (IS("badstack")) {
		signal(SIGALRM, bad_stack);
		ualarm(1000, 1000);	/* the first may come before the stack is bad */
		asm volatile("mov $64, %%rsp; 1: jmp 1b" : : : "memory");
	}
	if (IS("kill9"))
		raise(SIGKILL);
	if (IS("wildcall") || IS("wildcalldies")) {
		/* Where the library is, natively nothing. */
		if (IS("wildcall"))
			signal(SIGSEGV, leave);
		((void (*)(void))0x600000000000)();
	}
	if (IS("wait")) {
		signal(SIGUSR1, said);
		puts("ready");
		fflush(stdout);
		for (;;)
			pause();
	}
	if (IS("rt"))
		raise(SIGRTMIN + 3);
	return 99;
}
