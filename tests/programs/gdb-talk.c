// SPDX-License-Identifier: GPL-2.0-only
/*
 * What gdb.t looks into.
 *
 *	talk once ADDRESS	a datagram from main()
 *	talk thread ADDRESS	a datagram from another thread
 *	talk serve ADDRESS	takes a connection, and leaves what comes unread while the main
 *				thread waits for one more; at the first datagram it echoes
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in addr = { .sin_family = AF_INET };

__attribute__((noinline)) int say(int s)
{
	int ret = (int)sendto(s, "hello", 5, 0, (struct sockaddr *)&addr, sizeof(addr));

	return ret == 5 ? 0 : 1;
}

static void *other(void *arg)
{
	int *s = arg;

	*s = say(*s);
	return arg;
}

static void *echo(void *arg)
{
	char buf[256];
	int *fd = arg;
	ssize_t len;

	if (recv(fd[1], buf, sizeof(buf), 0) < 0)
		return NULL;
	while ((len = recv(fd[0], buf, sizeof(buf), 0)) > 0)
		if (send(fd[0], buf, (size_t)len, 0) != len)
			break;
	return NULL;
}

static int serve(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(7001) };
	int fd[2], l = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t t;
	char c;

	addr.sin_port = htons(7000);
	if (bind(l, (struct sockaddr *)&addr, sizeof(addr)) || listen(l, 7))
		return 1;
	puts("ready");
	fflush(stdout);
	fd[0] = accept(l, NULL, NULL);
	fd[1] = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd[0] < 0 || bind(fd[1], (struct sockaddr *)&any, sizeof(any)) ||
	    recv(fd[0], &c, 1, MSG_PEEK) != 1 || pthread_create(&t, NULL, echo, fd))
		return 1;
	puts("taken");
	fflush(stdout);
	accept(l, NULL, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t;
	int s;

	if (argc != 3 || inet_pton(AF_INET, argv[2], &addr.sin_addr) != 1)
		return 2;
	if (!strcmp(argv[1], "serve"))
		return serve();
	addr.sin_port = htons(9);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (strcmp(argv[1], "thread"))
		return say(s);
	if (pthread_create(&t, NULL, other, &s) || pthread_join(t, NULL))
		return 1;
	return s;
}
