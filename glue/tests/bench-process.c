// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-process [ROUNDS]: microseconds for a child that exits at once, for one that
 * executes /bin/true, and for the same by posix_spawn().
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 300, how, i, st;
	char *av[] = { "true", NULL };
	static const char *const name[] = { "fork", "exec", "spawn" };
	double start;
	pid_t pid;

	for (how = 0; how < 3; how++) {
		start = now();
		for (i = 0; i < rounds; i++) {
			if (how == 2) {
				if (posix_spawn(&pid, "/bin/true", NULL, NULL, av, environ))
					return 1;
			} else {
				pid = fork();
				if (!pid && how)
					execv("/bin/true", av);
				if (!pid)
					_exit(0);
			}
			if (waitpid(pid, &st, 0) != pid || st)
				return 1;
		}
		printf("%s %.0f\n", name[how], (now() - start) / rounds);
	}
	return 0;
}
