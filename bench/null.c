// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-null - what the cheapest system calls cost
 *
 *	bench-null [-e | -f] [-t SECONDS]
 *
 * "null_ns" is fcntl(F_GETFL) on a socket: the way into the network stack and
 * back, with nothing done there. "sockopt_ns" is getsockopt(SO_TYPE), which reads
 * and writes the program's memory. "host_ns" is getppid(), of which a network stack
 * knows nothing: what is added to everybody else's calls. Each is called for SECONDS
 * (0.2), in batches; the result is the best batch, in ns a call.
 *
 * -f: in a child of fork(2), where "asleep_us" is F_GETFL in the median after a sleep
 * of 1 ms, and "null_ns" the median of the batches, not the best: two processes may have
 * to come together for a call.
 *
 * -e: no network stack; "echo_us" is what it takes two processes to wake each other by
 * eventfds, in the median after such a sleep: what a call of a child costs at least.
 */
#include "measure.h"

#include <fcntl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 500

static void call_null(int fd)
{
	if (fcntl(fd, F_GETFL) < 0)
		die("F_GETFL");
}

static void call_sockopt(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		die("SO_TYPE");
}

static void call_host(int fd)
{
	syscall(SYS_getppid);
}

static double best(void (*call)(int fd), int fd, double seconds)
{
	uint64_t now = now_ns(), end = now + seconds * NSEC_PER_SEC, start;
	double ns, min = 1e12;
	int i;

	while (now < end) {
		start = now;
		for (i = 0; i < BATCH; i++)
			call(fd);
		now = now_ns();
		ns = (double)(now - start) / BATCH;
		if (ns < min)
			min = ns;
	}
	return min;
}

/* The median of batches. */
static double usual(int fd, double seconds)
{
	static struct hist h;
	uint64_t now = now_ns(), end = now + seconds * NSEC_PER_SEC, start;
	int i;

	while (now < end) {
		start = now;
		for (i = 0; i < BATCH; i++)
			call_null(fd);
		now = now_ns();
		/* In ps, since the histogram counts whole numbers. */
		hist_add(&h, (now - start) * 1000 / BATCH);
	}
	return hist_percentile(&h, 50) / 1000.;
}

/*
 * The median, for five times as long: schedulers take some fifty calls to notice that two
 * processes are no longer awake all the time.
 */
static double after_sleep(void (*call)(int fd), int fd, double seconds)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	static struct hist h;
	uint64_t end = now_ns() + 5 * seconds * NSEC_PER_SEC, start;

	do {
		nanosleep(&ms, NULL);
		start = now_ns();
		call(fd);
		hist_add(&h, now_ns() - start);
	} while (now_ns() < end);
	return hist_percentile(&h, 50) / 1000.;
}

static int answer;

static void call_echo(int ask)
{
	uint64_t v = 1;

	if (write(ask, &v, sizeof(v)) != sizeof(v) || read(answer, &v, sizeof(v)) != sizeof(v))
		die("eventfd");
}

static int echo(double seconds)
{
	int ask = eventfd(0, 0);
	uint64_t v;
	pid_t pid;

	answer = eventfd(0, 0);
	if (ask < 0 || answer < 0)
		die("eventfd");
	pid = fork();
	if (pid < 0)
		die("fork");
	while (!pid)
		if (read(ask, &v, sizeof(v)) != sizeof(v) ||
		    write(answer, &v, sizeof(v)) != sizeof(v))
			_exit(1);
	result("echo_us", after_sleep(call_echo, ask, seconds));
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) != pid;
}

static int in_child(int fd, double seconds)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (!pid) {
		result("null_ns", usual(fd, seconds));
		result("asleep_us", after_sleep(call_null, fd, seconds));
		return 0;
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	bool child = false, alone = false;
	double seconds = 0.2;
	int opt, fd;

	while ((opt = getopt(argc, argv, "eft:")) != -1) {
		if (opt == 'f')
			child = true;
		else if (opt == 'e')
			alone = true;
		else if (opt == 't')
			seconds = number(optarg, "-t", 0.001, 600);
		else
			return 2;
	}
	if (alone)
		return echo(seconds);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		die("socket");
	if (child)
		return in_child(fd, seconds);
	result("null_ns", best(call_null, fd, seconds));
	result("sockopt_ns", best(call_sockopt, fd, seconds));
	result("host_ns", best(call_host, fd, seconds));
	return 0;
}
