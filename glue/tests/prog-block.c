// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run by stackrun: signals and calls that block in the stack.  TAP.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define RESTARTSYS	512
#define RESTARTNOHAND	514
#define RESTARTBLOCK	516

static sigjmp_buf jb;
static volatile int rounds;
static volatile sig_atomic_t got, stop_after;
static volatile int running[3] = { 1, 1, 1 };
static int n, failed;

static void check(int ok, const char *name)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++n, name);
	fflush(stdout);
	failed |= !ok;
}

static void leave(int sig)
{
	got++;
	siglongjmp(jb, 1);
}

static void count(int sig)
{
	got++;
}

static void count_and_end(int sig)
{
	struct itimerval off = { 0 };

	/* The call goes on each time; end it by taking SA_RESTART away. */
	if (++got == stop_after) {
		struct sigaction sa = { .sa_handler = count };

		sigaction(SIGALRM, &sa, NULL);
	} else if (got > stop_after) {
		setitimer(ITIMER_REAL, &off, NULL);
	}
}

static void handle(int sig, void (*h)(int), int flags)
{
	struct sigaction sa = { .sa_handler = h, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void after_us(int us)
{
	struct itimerval it = { .it_value = { .tv_usec = us } };

	setitimer(ITIMER_REAL, &it, NULL);
}

static void *thread(void *arg)
{
	long i;

	for (i = 0; i < 200; i++) {
		errno = 0;
		if (syscall(1000, RESTARTNOHAND) != -1 || errno != EINTR)
			break;
	}
	running[(long)arg] = 0;
	return (void *)(long)(i < 200);
}

static void *sleeper(void *arg)
{
	syscall(1000, RESTARTNOHAND);
	return NULL;
}

int main(void)
{
	struct itimerval it = { { 0, 3000 }, { 0, 3000 } };
	pthread_t th[3];
	static unsigned int seed = 1;
	int i, bad = 0, k;
	void *r;

	alarm(0);
	/* From immediately to long after the call has gone to sleep. */
	handle(SIGALRM, leave, 0);
	for (rounds = 0; rounds < 3000; rounds++) {
		if (sigsetjmp(jb, 1))
			continue;
		after_us(1 + rand_r(&seed) % 40);
		for (;;)
			syscall(1000, RESTARTSYS);
	}
	check(got == 3000, "calls interrupted 3000 times at all moments");
	handle(SIGALRM, count, SA_RESTART);
	got = 0;
	after_us(2000);
	check(syscall(1000, RESTARTNOHAND) == -1 && errno == EINTR && got == 1,
	      "ERESTARTNOHAND is EINTR in spite of SA_RESTART");
	got = 0;
	after_us(2000);
	check(syscall(1000, RESTARTBLOCK) == -1 && errno == EINTR && got == 1,
	      "so is ERESTART_RESTARTBLOCK");
	handle(SIGALRM, count_and_end, SA_RESTART);
	got = 0;
	stop_after = 5;
	setitimer(ITIMER_REAL, &it, NULL);
	check(syscall(1000, RESTARTSYS) == -1 && errno == EINTR && got >= 5,
	      "ERESTARTSYS is restarted with SA_RESTART");
	it.it_value.tv_usec = it.it_interval.tv_usec = 0;
	setitimer(ITIMER_REAL, &it, NULL);

	check(syscall(1001, &n) == (n & 0xff), "memory read by the stack");
	check(syscall(1001, 16) == -1 && errno == EFAULT, "a fault in the stack is EFAULT");
	handle(SIGPIPE, count, 0);
	got = 0;
	check(syscall(1002) == -1 && errno == EPIPE && got == 1, "the stack's SIGPIPE is raised");

	handle(SIGUSR1, count, 0);
	for (k = 0; k < 3; k++)
		pthread_create(&th[k], NULL, thread, (void *)(long)k);
	for (k = 0, bad = 0; k < 3; k++) {
		while (pthread_tryjoin_np(th[k], &r)) {
			struct timespec ts = { 0, 1 + rand_r(&seed) % 20000 };

			for (i = k; i < 3; i++)
				if (running[i])
					pthread_kill(th[i], SIGUSR1);
			nanosleep(&ts, NULL);
		}
		bad |= !!r;
	}
	check(!bad, "3 threads interrupted 200 times each");
	check(syscall(1003) == 1, "their identities are gone");
	printf("1..%d\n", n);
	fflush(stdout);
	/* The end finds a thread that sleeps in the stack. */
	pthread_create(&th[0], NULL, sleeper, NULL);
	usleep(10000);
	exit(failed);
}
