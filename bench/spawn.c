// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-spawn - how long a command takes from its start to its end
 *
 *	bench-spawn [-n TIMES] COMMAND [ARGUMENT...]
 *
 * Runs it TIMES (10) one after the other, with nothing on standard output, and
 * gives up at once if it fails. "p50_ms" is the median, "min_ms" the best,
 * "maxrss_kb" the largest resident set of a process among them.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TIMES 1000

static int earlier(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void run(char **argv)
{
	int status, null;
	pid_t pid = vfork();

	if (pid < 0)
		die("vfork");
	if (!pid) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	errno = 0;
	if (WIFSIGNALED(status))
		die("%s: %s", argv[0], strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		die("%s: exit status %d", argv[0], WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	static uint64_t took[MAX_TIMES];
	struct rusage usage;
	int times = 10, opt, i;
	uint64_t start;

	while ((opt = getopt(argc, argv, "+n:")) != -1) {
		if (opt != 'n')
			return 2;
		times = number(optarg, "-n", 1, MAX_TIMES);
	}
	if (optind == argc) {
		fputs("usage: bench-spawn [-n TIMES] COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	for (i = 0; i < times; i++) {
		start = now_ns();
		run(argv + optind);
		took[i] = now_ns() - start;
	}
	qsort(took, times, sizeof(*took), earlier);
	getrusage(RUSAGE_CHILDREN, &usage);
	result("min_ms", took[0] / 1e6);
	result("p50_ms", took[times / 2] / 1e6);
	result("maxrss_kb", usage.ru_maxrss);
	return 0;
}
