// SPDX-License-Identifier: GPL-2.0-only
/*
 * ms-toggle - what a switch that is turned on and off costs what runs all the time
 *
 *	ms-toggle [-n ROUNDS] [-t MS] [-s MS] -c COUNTER -p PID... [-q PID]... -- OFF -- ON
 *
 * Two runs of a benchmark, one without and one with, are minutes apart, and a
 * busy machine is another one by then.  Here the traffic never stops; OFF and ON
 * (commands for the shell) turn what is measured about, and the processor time
 * of the processes PID, for each packet that COUNTER (a file with a number)
 * counts, is taken between.  A round is four windows of MS (-t):
 *
 *	  OFF        ON         ON        OFF
 *	|------|  |------|   |------|  |------|		time -->
 *
 * so that what drifts in a straight line hits both sides alike.  After each
 * command the system settles for -s MS.  Processes named by -q belong to what a
 * packet costs, but what is turned cannot reach them: a reader that sleeps and
 * wakes as the machine's load will have it would only drown the difference.  For
 * each round one line: ns per packet off, on, and on to off.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_PIDS 16

struct sample {
	double cpu_ns;		/* of -p */
	double rest_ns;		/* of -q */
	double packets;
};

static struct {
	clockid_t id;
	bool rest;
} clocks[MAX_PIDS];
static unsigned int n_clocks;
static const char *counter;

static void die(const char *what)
{
	fprintf(stderr, "ms-toggle: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sample take(void)
{
	struct sample s = { 0 };
	struct timespec ts;
	unsigned int i;
	FILE *f;

	for (i = 0; i < n_clocks; i++) {
		if (clock_gettime(clocks[i].id, &ts))
			die("a process has ended");
		*(clocks[i].rest ? &s.rest_ns : &s.cpu_ns) += ts.tv_sec * 1e9 + ts.tv_nsec;
	}
	f = fopen(counter, "r");
	if (!f || fscanf(f, "%lf", &s.packets) != 1)
		die(counter);
	fclose(f);
	return s;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static void turn(const char *command, long settle_ms)
{
	if (system(command))
		die(command);
	sleep_ms(settle_ms);
}

static void window(long ms, struct sample *sum)
{
	struct sample a = take(), b;

	sleep_ms(ms);
	b = take();
	sum->cpu_ns += b.cpu_ns - a.cpu_ns;
	sum->rest_ns += b.rest_ns - a.rest_ns;
	sum->packets += b.packets - a.packets;
}

static void add_pid(const char *text, bool rest)
{
	pid_t pid = atoi(text);

	if (n_clocks == MAX_PIDS || pid <= 0 ||
	    clock_getcpuclockid(pid, &clocks[n_clocks].id)) {
		fprintf(stderr, "ms-toggle: -p %s: no such process\n", text);
		exit(2);
	}
	clocks[n_clocks++].rest = rest;
}

int main(int argc, char **argv)
{
	long rounds = 100, ms = 100, settle_ms = 10;
	const char *off, *on;
	int opt;

	while ((opt = getopt(argc, argv, "n:t:s:c:p:q:")) > 0) {
		switch (opt) {
		case 'n': rounds = atol(optarg); break;
		case 't': ms = atol(optarg); break;
		case 's': settle_ms = atol(optarg); break;
		case 'c': counter = optarg; break;
		case 'p': add_pid(optarg, false); break;
		case 'q': add_pid(optarg, true); break;
		default: return 2;
		}
	}
	if (argc - optind != 3 || strcmp(argv[optind + 1], "--") || !counter || !n_clocks) {
		fputs("usage: ms-toggle [-n ROUNDS] [-t MS] [-s MS] -c COUNTER -p PID... [-q PID]... -- OFF -- ON\n",
		      stderr);
		return 2;
	}
	off = argv[optind];
	on = argv[optind + 2];

	turn(off, settle_ms);
	while (rounds--) {
		struct sample without = { 0 }, with = { 0 };
		double less, more, rest;

		window(ms, &without);
		turn(on, settle_ms);
		window(ms, &with);
		window(ms, &with);
		turn(off, settle_ms);
		window(ms, &without);
		if (without.packets <= 0 || with.packets <= 0)
			continue;
		less = without.cpu_ns / without.packets;
		more = with.cpu_ns / with.packets;
		rest = (without.rest_ns + with.rest_ns) / (without.packets + with.packets);
		printf("%.1f %.1f %.5f\n", less + rest, more + rest,
		       (more + rest) / (less + rest));
		fflush(stdout);
	}
	return 0;
}
