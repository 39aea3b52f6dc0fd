// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that prints which descriptor numbers it gets.  Run natively and
 * hosted it prints the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define show(call)	print(#call, call)

static int print(const char *what, long ret)
{
	if (ret < 0)
		printf("%s = %ld %s\n", what, ret, strerror(errno));
	else
		printf("%s = %ld\n", what, ret);
	return ret;
}

static const char *kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return "closed";
	switch (st.st_mode & S_IFMT) {
	case S_IFSOCK:
		return "socket";
	case S_IFIFO:
		return "pipe";
	case S_IFCHR:
		return "char";
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir";
	default:
		return "anon";
	}
}

static void table(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	char link[300], path[300], seen[64] = { 0 }, own[40];

	printf("table:");
	while ((e = readdir(d))) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] == '.' || fd < 3 || fd == dirfd(d))
			continue;
		if (fd < 64)
			seen[fd] = 1;
		else
			printf(" unexpected %d", fd);
	}
	for (int fd = 3; fd < 64; fd++) {
		ssize_t n;

		if (!seen[fd])
			continue;
		sprintf(path, "/proc/self/fd/%d", fd);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (strchr(link, '['))
			*strchr(link, '[') = '\0';
		sprintf(own, "/proc/%d/", getpid());
		if (!strncmp(link, own, strlen(own)))
			sprintf(link, "/proc/PID/%s", strdup(link + strlen(own)));
		printf(" %d:%s:%s:%d", fd, kind(fd), link, fcntl(fd, F_GETFD));
	}
	printf("\n");
	closedir(d);
}

static void basics(void)
{
	int p[2];

	show(socket(AF_INET, SOCK_STREAM, 0));
	show(open("/dev/null", O_RDONLY));
	show(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	show(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	show(epoll_create1(EPOLL_CLOEXEC));
	show(eventfd(0, EFD_NONBLOCK));
	show(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	show(inotify_init1(0));
	show(memfd_create("x", 0));
	show(pipe(p));
	show(pipe2(p, O_CLOEXEC));
	table();
	show(close(4));
	show(close(3));
	show(close(7));
	show(dup(5));
	show(dup(6));
	show(dup(99));
	show(dup2(5, 20));
	show(dup2(6, 20));
	show(dup2(5, 5));
	show(dup2(99, 99));
	show(dup3(5, 5, 0));
	show(dup3(5, 21, O_CLOEXEC));
	show(dup3(5, 21, 3));
	show(dup2(5, -1));
	show(dup2(21, 6));
	show(fcntl(5, F_DUPFD, 10));
	show(fcntl(5, F_DUPFD_CLOEXEC, 30));
	show(fcntl(6, F_DUPFD, -1));
	show(fcntl(5, F_DUPFD, 100000000));
	show(fcntl(5, F_GETFD));
	show(fcntl(5, F_SETFD, 0));
	show(fcntl(5, F_GETFD));
	show(fcntl(5, F_GETFL));
	show(fcntl(5, F_SETFL, O_NONBLOCK));
	show(fcntl(3, F_GETFL));
	table();
	show(close_range(8, 19, CLOSE_RANGE_CLOEXEC));
	table();
	show(close_range(5, 9, 0));
	table();
	show(socket(AF_INET6, SOCK_DGRAM, 0));
	show(accept(5, NULL, NULL));
	show(close_range(3, ~0U, 0));
	show(socket(AF_INET, SOCK_DGRAM, 0));
	show(close(3));
	show(close(3));
	show(close(-1));
	show(socket(AF_INET, SOCK_STREAM, 12345));
	show(socket(12345, SOCK_STREAM, 0));
	show(open("/proc/self/net/dev", O_RDONLY));
	show(open("/sys/class/net", O_RDONLY | O_DIRECTORY));
	table();
	show(close_range(3, ~0U, 0));
}

static struct sockaddr_in addr;
static int listener;

static int listen_somewhere(void)
{
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(l, (void *)&addr, sizeof(addr));
	listen(l, 4096);
	getsockname(l, (void *)&addr, &len);
	return l;
}

static volatile int sleeper;

/* Until the thread @sleeper has slept for a while. */
static void until_asleep(void)
{
	char path[64], line[200], *state;
	int asleep = 0;
	FILE *f;

	while (!sleeper)
		usleep(1000);
	sprintf(path, "/proc/self/task/%d/stat", sleeper);
	while (asleep < 5) {
		usleep(20000);
		line[0] = 0;
		f = fopen(path, "r");
		if (f) {
			(void)!fgets(line, sizeof(line), f);
			fclose(f);
		}
		state = strrchr(line, ')');
		asleep = !state || state[2] == 'S' ? asleep + 1 : 0;
	}
	sleeper = 0;
}

static void *acceptor(void *arg)
{
	sleeper = gettid();
	return (void *)(long)accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

/* A number is taken while accept() waits, and nobody else can have it. */
static void waiting(void)
{
	pthread_t thread;
	void *got;
	int c;

	listener = show(listen_somewhere());
	pthread_create(&thread, NULL, acceptor, NULL);
	until_asleep();
	c = show(socket(AF_INET, SOCK_STREAM, 0));
	show(close(listener + 1));
	show(dup2(c, listener + 1));
	show(dup2(0, listener + 1));
	show(open("/dev/null", O_RDONLY));
	show(connect(c, (void *)&addr, sizeof(addr)));
	pthread_join(thread, &got);
	show((long)got);
	table();
	show(close_range(3, ~0U, 0));
}

/* Closing a number that another thread reads from. */
static int victim;

static void *reading(void *arg)
{
	char c;
	long n;

	sleeper = gettid();
	n = recv(victim, &c, 1, 0);
	return (void *)(n < 0 ? -(long)errno : n);
}

static void closing(void)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	pthread_t thread;
	void *got;

	victim = socket(AF_INET, SOCK_DGRAM, 0);
	addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(victim, (void *)&addr, sizeof(addr));
	getsockname(victim, (void *)&sa, &len);
	pthread_create(&thread, NULL, reading, NULL);
	until_asleep();
	show(close(victim));		/* the reader goes on with the file */
	show(socket(AF_INET, SOCK_DGRAM, 0));
	show(sendto(victim, "x", 1, 0, (void *)&sa, sizeof(sa)));
	pthread_join(thread, &got);
	show((long)got);
	show(close(victim));
}

static void limits(void)
{
	struct rlimit lim, small;
	int last = -1, fd, n = 0;

	getrlimit(RLIMIT_NOFILE, &lim);
	small = lim;
	small.rlim_cur = 50;
	show(setrlimit(RLIMIT_NOFILE, &small));
	while ((fd = socket(AF_INET, SOCK_DGRAM, 0)) >= 0) {
		last = fd;
		n++;
	}
	show(errno == EMFILE);
	show(last);
	show(n);
	show(open("/dev/null", O_RDONLY));
	show(dup(3));
	show(epoll_create1(0));
	show(dup2(3, 60));
	show(close_range(3, ~0U, 0));
	show(setrlimit(RLIMIT_NOFILE, &lim));
}

static void many(void)
{
	struct rlimit lim;
	int n = 10000, first = -1, fd, bad = 0;

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	for (int i = 0; i < n; i++) {
		fd = socket(AF_INET, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0);
		if (first < 0)
			first = fd;
		bad += fd != first + i;
	}
	show(bad);
	show(close(5003));
	show(close(17));
	show(socket(AF_INET, SOCK_DGRAM, 0));
	show(open("/dev/null", O_RDONLY));
	show(dup(3));
	show(close_range(3, ~0U, 0));
	show(socket(AF_INET, SOCK_DGRAM, 0));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	close_range(3, ~0U, 0);
	alarm(60);
	basics();
	waiting();
	closing();
	limits();
	many();
	return 0;
}
