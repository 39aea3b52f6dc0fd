// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-spawn - how long a command takes from its start to its first word and its end
 *
 *	bench-spawn [-n TIMES] COMMAND [ARGUMENT...]
 *
 * Runs it TIMES (10) one after the other and gives up at once if it fails.
 * "first_ms" is the median time until the first byte came on its standard output,
 * the end if none did; "end_ms" that until it had ended; "min_ms" the best of these.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TIMES 1000

static int earlier(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Return: when the first byte came, or the end of output. */
static uint64_t run(char **argv)
{
	uint64_t first;
	char buf[4096];
	int status, out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		die("pipe");
	pid = vfork();
	if (pid < 0)
		die("vfork");
	if (!pid) {
		dup2(out[1], 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	if (read(out[0], buf, sizeof(buf)) < 0)
		die("read");
	first = now_ns();
	while (read(out[0], buf, sizeof(buf)) > 0)
		;
	close(out[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	errno = 0;
	if (WIFSIGNALED(status))
		die("%s: %s", argv[0], strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		die("%s: exit status %d", argv[0], WEXITSTATUS(status));
	return first;
}

int main(int argc, char **argv)
{
	static uint64_t first[MAX_TIMES], end[MAX_TIMES];
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
		first[i] = run(argv + optind) - start;
		end[i] = now_ns() - start;
	}
	qsort(first, times, sizeof(*first), earlier);
	qsort(end, times, sizeof(*end), earlier);
	result("first_ms", first[times / 2] / 1e6);
	result("end_ms", end[times / 2] / 1e6);
	result("min_ms", end[0] / 1e6);
	return 0;
}
