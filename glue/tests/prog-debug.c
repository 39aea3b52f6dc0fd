// SPDX-License-Identifier: GPL-2.0-only
/*
 * prog-debug [wait]: something for a debugger to look at.
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int sum;

__attribute__((noinline)) int work(int x, int wait)
{
	sum += x;
	syscall(SYS_lseek, -1, 0, 0);
	if (wait) {
		puts("ready");
		fflush(stdout);
		pause();
	}
	return sum;
}

__attribute__((noinline)) int outer(int x, int wait)
{
	return work(x, wait) + 1;
}

int main(int argc, char **argv)
{
	return outer(1, argc > 1) == 2 ? 0 : 1;
}
