// SPDX-License-Identifier: GPL-2.0-only
/*
 * forks ROUNDS: two threads fork while six others connect, accept, poll, dup and close
 * on the same stack.  Each child uses the stack: sockets of its own, the shared
 * listener, another program, a child of its own.  All must be well.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in server = { .sin_family = AF_INET };
static int listener, rounds;
static volatile long connections, bad;

static void *accept_all(void *arg)
{
	(void)arg;
	for (;;) {
		char b[8];
		int c = accept(listener, NULL, NULL);
		ssize_t n = c < 0 ? -1 : read(c, b, sizeof(b));

		if (c < 0 || (n > 0 && write(c, b, n) != n))
			__sync_add_and_fetch(&bad, 1);
		close(c);
	}
	return NULL;
}

static int echo(int reset)
{
	struct linger lg = { reset, 0 };
	char b[8] = "abc";
	int s = socket(AF_INET, SOCK_STREAM | (reset ? SOCK_CLOEXEC : 0), 0), d, r = 0;
	struct pollfd p[2] = { { .fd = s, .events = POLLIN }, { .fd = 0, .events = 0 } };

	if (s < 0)
		return -1;
	if (connect(s, (struct sockaddr *)&server, sizeof(server)) || write(s, b, 3) != 3 ||
	    poll(p, 2, 10000) < 1 || read(s, b, sizeof(b)) != 3)
		r = -1;
	d = dup(s);
	close(s);
	if (d < 0 || setsockopt(d, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)) || close(d))
		r = -1;
	return r;
}

static void *connect_all(void *arg)
{
	(void)arg;
	for (;;) {
		if (echo(connections & 1))
			__sync_add_and_fetch(&bad, 1);
		__sync_add_and_fetch(&connections, 1);
	}
	return NULL;
}

static int to_itself(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t n = sizeof(a);
	char c;

	if (s < 0 || bind(s, (struct sockaddr *)&a, n) || getsockname(s, (struct sockaddr *)&a, &n) ||
	    sendto(s, "x", 1, 0, (struct sockaddr *)&a, n) != 1)
		return -1;
	return recv(s, &c, 1, 0) == 1 ? close(s) : -1;
}

static int child(int i)
{
	int st = 0;
	pid_t pid;

	if (to_itself())
		return 1;
	if (fcntl(listener, F_GETFL) < 0)
		return 2;
	if (i % 5 == 0) {
		execl("/bin/true", "true", NULL);
		return 3;
	}
	if (i % 7 == 0 && echo(i & 1))
		return 4;
	if (i % 3)
		return 0;
	pid = fork();
	if (!pid)
		_exit(child(1));
	return pid < 0 || waitpid(pid, &st, 0) != pid || st ? 5 : 0;
}

static void *fork_all(void *arg)
{
	int i, st;

	(void)arg;
	for (i = 0; i < rounds; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(child(i));
		st = 0;
		if (pid < 0 || waitpid(pid, &st, 0) != pid || st) {
			printf("child %d: pid %d, status %#x\n", i, pid, st);
			__sync_add_and_fetch(&bad, 1);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	socklen_t n = sizeof(server);
	pthread_t t, f[2];
	int i;

	rounds = argc > 1 ? atoi(argv[1]) : 40;
	alarm(100);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&server, n) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&server, &n))
		return 2;
	for (i = 0; i < 3; i++) {
		pthread_create(&t, NULL, accept_all, NULL);
		pthread_create(&t, NULL, connect_all, NULL);
	}
	for (i = 0; i < 2; i++)
		pthread_create(&f[i], NULL, fork_all, NULL);
	for (i = 0; i < 2; i++)
		pthread_join(f[i], NULL);
	printf("%d forks, %s connections, %ld bad\n", 2 * rounds, connections > 2 ? "many" : "few", bad);
	fflush(stdout);
	_exit(bad || connections <= 2);
}
