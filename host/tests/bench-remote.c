// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a remote call costs: `bench-remote [rounds]`, one line a case, ns per call, median
 * of the rounds.  In the same run: the same calls in the home, for the ratio.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <libos/netcfg.h>

#include "remote.h"

#define MAX_ROUNDS	101

static int rounds = 21;

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *where, const char *what, double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	printf("%-7s %-34s %9.0f ns   (%.0f..%.0f)\n", where, what, v[n / 2], v[0], v[n - 1]);
}

static void idle(__u64 ns)
{
	struct timespec ts = { .tv_nsec = (long)ns };

	nanosleep(&ts, NULL);
}

static int pair_of(struct libos_thread *me, int fd[2])
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int l = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);

	CALL(me, SYS_bind, l, P(&a), sizeof(a));
	CALL(me, SYS_listen, l, 1);
	CALL(me, SYS_getsockname, l, P(&a), P(&len));
	fd[0] = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (CALL(me, SYS_connect, fd[0], P(&a), sizeof(a)) < 0)
		return -1;
	fd[1] = (int)CALL(me, SYS_accept4, l, 0, 0, 0);
	CALL(me, SYS_close, l);
	return fd[1] < 0 ? -1 : 0;
}

static int measure(struct libos_thread *me, void *arg)
{
	static char buf[65536];
	const char *where = arg;
	double v[MAX_ROUNDS];
	int fd[2], i, j;
	size_t size;
	__u64 t;

	for (i = 0; i < rounds; i++) {
		t = now_ns();
		for (j = 0; j < 2000; j++)
			CALL(me, SYS_getppid);
		v[i] = (double)(now_ns() - t) / 2000;
	}
	report(where, "null, one after another", v, rounds);
	for (i = 0; i < rounds; i++) {
		__u64 sum = 0;

		for (j = 0; j < 20; j++) {
			idle(1000000);
			t = now_ns();
			CALL(me, SYS_getppid);
			sum += now_ns() - t;
		}
		v[i] = (double)sum / 20;
	}
	report(where, "null, after 1 ms of sleep", v, rounds);

	if (pair_of(me, fd) < 0)
		return 1;
	for (size = 1; size <= sizeof(buf); size *= 16) {
		char what[64];
		long n, r;

		for (i = 0; i < rounds; i++) {
			t = now_ns();
			for (j = 0; j < 100; j++) {
				if (CALL(me, SYS_write, fd[0], P(buf), size) != (long)size)
					return 2;
				for (n = 0; n < (long)size; n += r) {
					r = CALL(me, SYS_read, fd[1], P(buf), size);
					if (r <= 0)
						return 3;
				}
			}
			v[i] = (double)(now_ns() - t) / 200;
		}
		snprintf(what, sizeof(what), "TCP write, read of %zu bytes, each", size);
		report(where, what, v, rounds);
	}
	return 0;
}

static int echo_fd[2];

static int echo(struct libos_thread *me, void *arg)
{
	char c;

	CALL(me, SYS_close, echo_fd[0]);
	while (CALL(me, SYS_read, echo_fd[1], P(&c), 1) == 1)
		if (CALL(me, SYS_write, echo_fd[1], P(&c), 1) != 1)
			return 1;
	return 0;
}

/* There and back between the home and a client. */
static int measure_echo(struct libos_thread *me)
{
	double v[MAX_ROUNDS];
	pid_t pid;
	__u64 t;
	int i, j;
	char c = 0;

	if (pair_of(me, echo_fd) < 0)
		return 1;
	pid = fork_client(me, echo, NULL);
	CALL(me, SYS_close, echo_fd[1]);
	for (i = 0; i < rounds; i++) {
		t = now_ns();
		for (j = 0; j < 200; j++)
			if (CALL(me, SYS_write, echo_fd[0], P(&c), 1) != 1 ||
			    CALL(me, SYS_read, echo_fd[0], P(&c), 1) != 1)
				return 2;
		v[i] = (double)(now_ns() - t) / 200;
	}
	CALL(me, SYS_close, echo_fd[0]);
	report("both", "TCP echo of 1 byte by a child", v, rounds);
	return status_of(pid);
}

int main(int argc, char **argv)
{
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };
	struct libos_thread *home;
	struct libos *os;

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (rounds < 1 || rounds > MAX_ROUNDS)
		rounds = 21;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (libos_open(NULL, &os, &home) < 0 || libos_netcfg_link(home, "lo", &up, NULL) < 0)
		return 1;
	if (measure(home, "home"))
		return 1;
	if (status_of(fork_client(home, measure, "client")))
		return 1;
	if (measure_echo(home))
		return 1;
	libos_close(os);
	return 0;
}
