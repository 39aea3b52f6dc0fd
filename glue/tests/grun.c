// SPDX-License-Identifier: GPL-2.0-only
/*
 * grun [options] program [argument...]: run a program under the glue, without a
 * stack, and exit as it does.
 *
 *	-s	statistics to stderr at the end
 *	-n	rewrite nothing; every call traps
 *	-c	seccomp as the net instead of Syscall User Dispatch
 *	-p	no net: only what is rewritten is caught
 *	-x	do not use the site cache
 *	-H	as the home of a stack: one that makes no core ends the program only
 *	-k	contained: a fatal signal ends the program, not the process
 *	-r N	run it N times, one after the other, in this process
 *	-t N	trace level
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glue/glue.h"

int main(int argc, char **argv)
{
	struct glue_opts o = { .size = sizeof(o), .flags = GLUE_FINAL };
	int c, r, status = 0, times = 1;

	while ((c = getopt(argc, argv, "+sncpxkHr:t:")) != -1)
		switch (c) {
		case 's':
			o.flags |= GLUE_STATS;
			break;
		case 'n':
			o.flags |= GLUE_NOPATCH;
			break;
		case 'c':
			o.flags |= GLUE_SECCOMP;
			break;
		case 'p':
			o.flags |= GLUE_NONET;
			break;
		case 'x':
			o.flags |= GLUE_NOCACHE;
			break;
		case 'H':
			o.flags |= GLUE_HOME;
			break;
		case 'k':
			o.flags &= ~GLUE_FINAL;
			break;
		case 'r':
			times = atoi(optarg);
			break;
		case 't':
			o.trace = atoi(optarg);
			break;
		default:
			return 2;
		}
	if (optind == argc) {
		fprintf(stderr, "usage: grun [-sncpxkH] [-r times] [-t level] program [argument...]\n");
		return 2;
	}
	o.path = argv[optind];
	o.argv = argv + optind;
	while (times-- > 0) {
		r = glue_exec(&o, &status);
		if (r) {
			fprintf(stderr, "grun: %s: %s\n", o.path, strerror(-r));
			return 127;
		}
	}
	if (WIFSIGNALED(status)) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
