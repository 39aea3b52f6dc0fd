// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ten thousand TCP connections at once.
 *
 * many serve PORT N ROUNDS - accept N, echo on each, until all are closed; ROUNDS times
 * many get ADDR PORT N     - connect N, one exchange on each, twice, then close all
 *
 * Both say what the kernel that they run on counts (/proc/net/sockstat), and how
 * much of this process is resident.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void usage(const char *when)
{
	unsigned long inuse = 0, orphans = 0, tw = 0, alloc = 0, mem = 0, size, rss = 0;
	char line[256];
	FILE *f = fopen("/proc/net/sockstat", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "TCP: inuse %lu orphan %lu tw %lu alloc %lu mem %lu", &inuse, &orphans,
		       &tw, &alloc, &mem);
	if (f)
		fclose(f);
	f = fopen("/proc/self/statm", "r");
	if (f && fscanf(f, "%lu %lu", &size, &rss) != 2)
		rss = 0;
	if (f)
		fclose(f);
	printf("%s inuse %lu orphans %lu tw %lu alloc %lu pages %lu rss %lu\n", when, inuse,
	       orphans, tw, alloc, mem, rss * 4);
}

/*
 * What is closed is not gone before the other side has agreed.  A native kernel's
 * count is that of all its namespaces: others may keep it up, but not for ever.
 */
static void settle(void)
{
	unsigned long orphans;
	char line[256];
	int tries;
	FILE *f;

	for (tries = 0; tries < 300; tries++) {
		orphans = 0;
		f = fopen("/proc/net/sockstat", "r");
		while (f && fgets(line, sizeof(line), f))
			sscanf(line, "TCP: inuse %*u orphan %lu", &orphans);
		if (f)
			fclose(f);
		if (orphans < 4)
			return;
		usleep(100000);
	}
}

static int serve(int port, int n, int rounds)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0), one = 1;
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = s }, got[256];
	int accepted, closed, i, k, c;
	long echoes = 0;
	char buf[64];
	ssize_t len;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(s, 4096) < 0 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev) < 0)
		die("listen");
	usage("before");
	for (; rounds; rounds--) {
		for (accepted = closed = 0; closed < n; ) {
			k = epoll_wait(ep, got, 256, 60000);
			if (k <= 0)
				die("epoll_wait");
			for (i = 0; i < k; i++) {
				if (got[i].data.fd == s) {
					while ((c = accept4(s, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
						ev.data.fd = c;
						if (epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev) < 0)
							die("epoll_ctl");
						if (++accepted == n)
							usage("full");
					}
					if (errno != EAGAIN)
						die("accept");
					continue;
				}
				len = read(got[i].data.fd, buf, sizeof(buf));
				if (len > 0) {
					if (write(got[i].data.fd, buf, len) != len)
						die("write");
					echoes++;
				} else if (!len || errno != EAGAIN) {
					if (len)
						perror("read");
					close(got[i].data.fd);
					closed++;
				}
			}
		}
		settle();
		usage("round");
	}
	printf("echoed %ld\n", echoes);
	return 0;
}

static int get(const char *addr, int port, int n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int *s = calloc(n, sizeof(*s)), i, pass;
	unsigned int got, bad = 0;

	inet_pton(AF_INET, addr, &to.sin_addr);
	usage("before");
	for (i = 0; i < n; i++) {
		s[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (s[i] < 0 || connect(s[i], (struct sockaddr *)&to, sizeof(to)) < 0)
			die("connect");
	}
	usage("full");
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < n; i++)
			if (write(s[i], &i, sizeof(i)) != sizeof(i))
				die("write");
		for (i = 0; i < n; i++)
			if (read(s[i], &got, sizeof(got)) != sizeof(got))
				die("read");
			else
				bad += got != (unsigned int)i;
	}
	for (i = 0; i < n; i++)
		close(s[i]);
	settle();
	usage("round");
	printf("%d connections, %u wrong\n", n, bad);
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 5 && !strcmp(argv[1], "serve"))
		return serve(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	if (argc == 5 && !strcmp(argv[1], "get"))
		return get(argv[2], atoi(argv[3]), atoi(argv[4]));
	return 2;
}
