// SPDX-License-Identifier: GPL-2.0-only
/*
 * valgrind-talk ADDRESS: what valgrind.t runs.  It talks to an echo server at port 7 by
 * TCP, from the main thread, another one, and a child, has a wait interrupted by a
 * signal, and makes three mistakes, which only valgrind finds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in peer = { .sin_family = AF_INET };

static int echo(const char *text)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	size_t len = strlen(text), have = 0;
	char buf[64];
	ssize_t n;

	if (connect(s, (struct sockaddr *)&peer, sizeof(peer)) || send(s, text, len, 0) != (ssize_t)len)
		return 1;
	while (have < len && (n = recv(s, buf + have, sizeof(buf) - have, 0)) > 0)
		have += n;
	close(s);
	return have != len || memcmp(buf, text, len);
}

static void *other(void *arg)
{
	return echo("from a thread") ? NULL : arg;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int interrupted(void)
{
	struct itimerval soon = { .it_value = { 0, 50000 }, .it_interval = { 0, 50000 } };
	struct itimerval never = { .it_value = { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	int s = socket(AF_INET, SOCK_DGRAM, 0), ret;
	char c;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	ret = recv(s, &c, 1, 0) < 0 && errno == EINTR;
	setitimer(ITIMER_REAL, &never, NULL);
	close(s);
	return ret;
}

/* Beyond an allocation, of a freed one, and bytes of nobody's choice to the peer. */
static __attribute__((noinline)) void mistakes(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	volatile char c, *p = malloc(10);

	c = p[10];
	sendto(s, (const char *)p, 10, 0, (struct sockaddr *)&peer, sizeof(peer));
	free((void *)p);
	c = p[3];
	(void)c;
	close(s);
}

int main(int argc, char **argv)
{
	int status = -1;
	pthread_t t;
	void *ret;
	pid_t pid;

	if (argc != 2 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1)
		return 2;
	peer.sin_port = htons(7);
	printf("main %d\n", echo("from main"));
	if (pthread_create(&t, NULL, other, &t) || pthread_join(t, &ret))
		return 2;
	printf("thread %d\n", ret == NULL);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(echo("from a child"));
	waitpid(pid, &status, 0);
	printf("child %d\n", status);
	printf("interrupted %d\n", interrupted());
	mistakes();
	return 0;
}
