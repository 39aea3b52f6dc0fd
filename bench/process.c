// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-process - what it costs to have another process
 *
 *	bench-process [-t SECONDS] [-p PROGRAM]
 *
 * "fork_us" is the median time from fork() to the end of a child that exits at once,
 * "exec_us" that of a child that executes PROGRAM (/bin/true), "spawn_us" the same by
 * posix_spawn(). One after the other, each for SECONDS (0.5), each child awaited
 * before the next is made.
 */
#include "measure.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *program = "/bin/true";
static char *args[] = { "true", NULL };

static pid_t child_exits(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid;
}

static pid_t child_executes(void)
{
	pid_t pid = fork();

	if (!pid) {
		execv(program, args);
		_exit(127);
	}
	return pid;
}

static pid_t child_spawned(void)
{
	pid_t pid;

	errno = posix_spawn(&pid, program, NULL, NULL, args, environ);
	return errno ? -1 : pid;
}

/* Return: the median in us. */
static double measure(pid_t (*make)(void), double seconds)
{
	static struct hist h;
	uint64_t now = now_ns(), end = now + seconds * NSEC_PER_SEC, start;
	int status;
	pid_t pid;

	h = (struct hist){ 0 };
	do {
		start = now;
		pid = make();
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			die("a child");
		errno = 0;
		if (status)
			die("%s: wait status %d", program, status);
		now = now_ns();
		hist_add(&h, now - start);
	} while (now < end);
	return hist_percentile(&h, 50) / 1e3;
}

int main(int argc, char **argv)
{
	double seconds = 0.5;
	int opt;

	while ((opt = getopt(argc, argv, "t:p:")) != -1) {
		switch (opt) {
		case 't':
			seconds = number(optarg, "-t", 0.001, 600);
			break;
		case 'p':
			program = optarg;
			break;
		default:
			return 2;
		}
	}
	result("fork_us", measure(child_exits, seconds));
	result("exec_us", measure(child_executes, seconds));
	result("spawn_us", measure(child_spawned, seconds));
	return 0;
}
