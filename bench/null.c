// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-null - what the cheapest system calls cost
 *
 *	bench-null [-t SECONDS]
 *
 * "null_ns" is fcntl(F_GETFL) on a socket: the way into the network stack and
 * back, with nothing done there. "sockopt_ns" is getsockopt(SO_TYPE), which reads
 * and writes the program's memory. "host_ns" is getppid(), of which a network stack
 * knows nothing: what is added to everybody else's calls. Each is called for SECONDS
 * (0.2), in batches; the result is the best batch, in ns a call.
 */
#include "measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

int main(int argc, char **argv)
{
	double seconds = 0.2;
	int opt, fd;

	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt != 't')
			return 2;
		seconds = number(optarg, "-t", 0.001, 600);
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		die("socket");
	result("null_ns", best(call_null, fd, seconds));
	result("sockopt_ns", best(call_sockopt, fd, seconds));
	result("host_ns", best(call_host, fd, seconds));
	return 0;
}
