// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take socket memory of the stack until it has none: eat ADDR PORT HOW ROUNDS
 *
 * HOW is tcp (connections over lo that nobody reads), udp (datagrams that nobody
 * reads), or sockets (as many as can be).  Says which errors came, then frees
 * all, and echoes to show that the stack has recovered.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MAX	18000

static int fds[MAX], nfds;
static long errors[256], taken, other;
static char block[60000];

static void failed(int err)
{
	if (err == ENOBUFS || err == ENOMEM || err == EAGAIN || err == EMFILE || err == ENFILE)
		errors[err]++;
	else if (!other)
		other = err;
}

static int keep(int fd)
{
	if (fd < 0)
		failed(errno);
	else
		fds[nfds++] = fd;
	return fd;
}

static int bound(int type, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int s = socket(AF_INET, type | SOCK_NONBLOCK, 0), size = 64 << 20;

	*a = (struct sockaddr_in){ .sin_family = AF_INET };
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (keep(s) < 0)
		return -1;
	setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (bind(s, (struct sockaddr *)a, sizeof(*a)) < 0 ||
	    getsockname(s, (struct sockaddr *)a, &len) < 0) {
		failed(errno);
		return -1;
	}
	return s;
}

/* Push into S until it takes no more, or there was more than there can be. */
static void fill(int s, const struct sockaddr_in *to)
{
	long before = taken;
	ssize_t n;

	while (taken - before < 128L << 20) {
		n = sendto(s, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT,
			   (const struct sockaddr *)to, to ? sizeof(*to) : 0);
		if (n < 0) {
			failed(errno);
			return;
		}
		taken += n;
	}
}

static void eat(const char *how)
{
	struct sockaddr_in a;
	int i, l, s;

	if (!strcmp(how, "sockets")) {
		for (i = 0; i < MAX; i++)
			if (keep(socket(AF_INET, i & 1 ? SOCK_DGRAM : SOCK_STREAM, 0)) < 0)
				break;
	} else if (!strcmp(how, "udp")) {
		l = bound(SOCK_DGRAM, &a);
		for (i = 0; l >= 0 && i < 20; i++) {
			s = bound(SOCK_DGRAM, &a);
			if (s >= 0)
				fill(l, &a);
		}
	} else {
		l = bound(SOCK_STREAM, &a);
		if (l < 0 || listen(l, 100) < 0)
			return;
		for (i = 0; i < 40; i++) {
			struct sockaddr_in any;

			s = bound(SOCK_STREAM, &any);
			if (s < 0)
				break;
			if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS) {
				failed(errno);
				break;
			}
			keep(accept4(l, NULL, NULL, SOCK_NONBLOCK));
			fill(s, NULL);
		}
	}
}

static int echo(const char *addr, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval wait = { 30, 0 };
	size_t got = 0;
	ssize_t n;

	inet_pton(AF_INET, addr, &to.sin_addr);
	if (s >= 0 && !setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) &&
	    !connect(s, (struct sockaddr *)&to, sizeof(to)) &&
	    send(s, block, sizeof(block), 0) == sizeof(block))
		for (; got < sizeof(block); got += n) {
			n = recv(s, block, sizeof(block), 0);
			if (n <= 0)
				break;
		}
	if (s >= 0)
		close(s);
	return got == sizeof(block) ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct rlimit lim;
	int round, rounds, i;

	if (argc != 5)
		return 2;
	rounds = atoi(argv[4]);
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (round = 1; round <= rounds; round++) {
		memset(errors, 0, sizeof(errors));
		taken = other = 0;
		eat(argv[3]);
		printf("round %d: took %ld kB in %d sockets; ENOBUFS %ld ENOMEM %ld EAGAIN %ld files %ld other %s\n",
		       round, taken / 1024, nfds, errors[ENOBUFS], errors[ENOMEM], errors[EAGAIN],
		       errors[EMFILE] + errors[ENFILE], other ? strerrorname_np(other) : "none");
		for (i = 0; i < nfds; i++)
			close(fds[i]);
		nfds = 0;
		/* A socket's memory is free a while after it was closed (RCU). */
		for (i = 0; i < 200 && echo(argv[1], atoi(argv[2])) < 0; i++)
			usleep(100000);
		if (i == 200) {
			perror("echo afterwards");
			return 1;
		}
		printf("round %d: echoed afterwards\n", round);
	}
	return 0;
}
