// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that prints what sockets do, the ordinary and the odd.  Run natively
 * and hosted it prints the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define show(call)	print(#call, call)

/* A pointer that the compiler does not see through. */
static char *volatile bad = (char *)1;

static int print(const char *what, long ret)
{
	if (ret < 0)
		printf("%s = %ld %s\n", what, ret, strerror(errno));
	else
		printf("%s = %ld\n", what, ret);
	return ret;
}

static union {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} at;

static socklen_t loopback(int family)
{
	memset(&at, 0, sizeof(at));
	at.sa.sa_family = family;
	if (family == AF_INET)
		at.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		at.in6.sin6_addr = in6addr_loopback;
	return family == AF_INET ? sizeof(at.in) : sizeof(at.in6);
}

static void pair(int family, int v[2])
{
	socklen_t len = loopback(family), n = sizeof(at);
	int l = socket(family, SOCK_STREAM, 0);

	show(bind(l, &at.sa, len));
	show(listen(l, 5));
	getsockname(l, &at.sa, &n);
	v[0] = socket(family, SOCK_STREAM, 0);
	show(connect(v[0], &at.sa, len));
	v[1] = accept(l, &at.sa, &n);
	show(v[1] >= 0);
	show(n);
	close(l);
}

static void tcp(int family)
{
	char buf[100] = { 0 };
	struct iovec iov[2] = { { "hello ", 6 }, { "world", 5 } };
	struct timeval tv = { 0, 50000 };
	int v[2], n, on = 1;
	socklen_t len = sizeof(n);

	pair(family, v);
	show(write(v[0], "abc", 3));
	show(read(v[1], buf, 10));
	show(writev(v[1], iov, 2));
	show(recv(v[0], buf, 4, MSG_PEEK));
	show(ioctl(v[0], FIONREAD, &n));
	show(n);
	show(recv(v[0], buf, 11, MSG_WAITALL));
	show(!memcmp(buf, "hello world", 11));
	show(recv(v[0], buf, 1, MSG_DONTWAIT));
	show(setsockopt(v[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	show(read(v[0], buf, 1));
	show(fcntl(v[0], F_SETFL, O_NONBLOCK));
	show(fcntl(v[0], F_GETFL));
	show(read(v[0], buf, 1));
	show(ioctl(v[0], FIONBIO, &(int){ 0 }));
	show(fcntl(v[0], F_GETFL));
	show(setsockopt(v[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	show(getsockopt(v[0], IPPROTO_TCP, TCP_NODELAY, &n, &len));
	show(n);
	show(getsockopt(v[0], SOL_SOCKET, SO_TYPE, &n, &len));
	show(n);
	show(getsockopt(v[0], SOL_SOCKET, 9999, &n, &len));
	show(setsockopt(v[0], SOL_SOCKET, SO_REUSEADDR, bad, 4));
	show(send(v[0], "!", 1, MSG_OOB));
	poll(&(struct pollfd){ .fd = v[1], .events = POLLPRI }, 1, 1000);
	show(recv(v[1], buf, 1, MSG_OOB));
	show(lseek(v[0], 0, SEEK_SET));
	show(pread(v[0], buf, 1, 0));
	show(ftruncate(v[0], 0));
	show(fsync(v[0]));
	show(fallocate(v[0], 0, 0, 1));
	show(read(v[0], bad, 1) < 0 && errno == EAGAIN);
	show(write(v[0], bad, 1));
	show(shutdown(v[0], SHUT_WR));
	show(read(v[1], buf, 10));
	show(shutdown(v[0], SHUT_WR));
	show(send(v[0], "x", 1, MSG_NOSIGNAL));
	show(write(v[1], "back", 4));
	show(read(v[0], buf, 10));
	show(close(v[1]));
	show(read(v[0], buf, 10));
	show(close(v[0]));
}

static void udp(int family)
{
	struct mmsghdr mm[3] = { 0 };
	struct iovec iov[3] = { { "one", 3 }, { "three", 5 }, { "sixsix", 6 } };
	char in[3][10], buf[100];
	struct iovec rio[3] = { { in[0], 10 }, { in[1], 10 }, { in[2], 4 } };
	socklen_t len = loopback(family), n = sizeof(at);
	int s = socket(family, SOCK_DGRAM, 0), c = socket(family, SOCK_DGRAM, 0);

	show(bind(s, &at.sa, len));
	getsockname(s, &at.sa, &n);
	show(connect(c, &at.sa, len));
	for (int i = 0; i < 3; i++) {
		mm[i].msg_hdr.msg_iov = &iov[i];
		mm[i].msg_hdr.msg_iovlen = 1;
	}
	show(sendmmsg(c, mm, 3, 0));
	for (int i = 0; i < 3; i++)
		mm[i].msg_hdr.msg_iov = &rio[i];
	show(recvmmsg(s, mm, 3, 0, NULL));
	for (int i = 0; i < 3; i++) {
		show(mm[i].msg_len);
		show(mm[i].msg_hdr.msg_flags);
	}
	show(send(c, "", 0, 0));
	show(recv(s, buf, 100, 0));
	show(send(c, "truncated", 9, 0));
	show(recv(s, buf, 3, MSG_TRUNC));
	show(send(c, buf, 100, 0));
	show(recvmsg(s, &(struct msghdr){ 0 }, 0));
	close(s);
	send(c, "x", 1, 0);
	show(recv(c, buf, 1, 0));		/* port unreachable */
	show(sendto(c, "x", 1, 0, &at.sa, 3));
	show(connect(c, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
	show(send(c, "x", 1, 0));
	close(c);
}

static void refused(void)
{
	socklen_t len = loopback(AF_INET), n = sizeof(at);
	struct pollfd p;
	int s = socket(AF_INET, SOCK_STREAM, 0), t, err = 0;

	show(bind(s, &at.sa, len));
	getsockname(s, &at.sa, &n);
	t = socket(AF_INET, SOCK_STREAM, 0);
	show(connect(t, &at.sa, len));
	show(bind(t, &at.sa, len));
	close(t);
	t = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(t, &at.sa, len);
	p = (struct pollfd){ .fd = t, .events = POLLOUT };
	show(poll(&p, 1, 1000));
	show(p.revents);
	n = sizeof(err);
	show(getsockopt(t, SOL_SOCKET, SO_ERROR, &err, &n));
	show(err == ECONNREFUSED || err == 0);
	show(accept(t, NULL, NULL));
	show(listen(s, 1));
	show(accept4(s, NULL, NULL, 0x12345));
	show(getpeername(s, &at.sa, &n));
	close(s);
	close(t);
	s = open("/dev/null", O_RDWR);
	show(listen(s, 1));
	show(connect(s, &at.sa, len));
	show(send(s, "x", 1, 0));
	show(getsockname(s, &at.sa, &n));
	close(s);
}

static volatile int signals[65];

static void handler(int sig)
{
	signals[sig]++;
}

/* Interrupted by an alarm; again, where one came before the call had begun. */
#define ALARMED(call) ({							\
	struct itimerval soon_ = { { 0, 100000 }, { 0, 30000 } }, off_ = { 0 };	\
	int was_ = signals[SIGALRM], err_;					\
	long r_;								\
	do {									\
		signals[SIGALRM] = was_;					\
		setitimer(ITIMER_REAL, &soon_, NULL);				\
		r_ = (call);							\
		err_ = errno;							\
		setitimer(ITIMER_REAL, &off_, NULL);				\
		errno = err_;							\
	} while (signals[SIGALRM] > was_ + 1);					\
	r_;									\
})

static void on_signals(void)
{
	struct sigaction sa = { .sa_handler = handler };
	char buf[10];
	int v[2];

	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGURG, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	pair(AF_INET, v);
	shutdown(v[0], SHUT_WR);
	show(write(v[0], "x", 1));
	show(signals[SIGPIPE]);
	show(send(v[0], "x", 1, MSG_NOSIGNAL));
	show(signals[SIGPIPE]);
	close(v[0]);
	close(v[1]);

	/* A blocked read ends with a signal, or goes on after it. */
	pair(AF_INET, v);
	show(ALARMED(read(v[0], buf, 1)));
	show(signals[SIGALRM]);
	show(ALARMED(poll(&(struct pollfd){ .fd = v[0], .events = POLLIN }, 1, 2000)));
	show(signals[SIGALRM]);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	setsockopt(v[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 200000 },
		   sizeof(struct timeval));
	show(ALARMED(read(v[0], buf, 1)));	/* EINTR, since it has a timeout */
	show(signals[SIGALRM]);
	close(v[0]);
	close(v[1]);
}

static void *sender(void *arg)
{
	int fd = (long)arg;

	while (!signals[SIGALRM])
		usleep(1000);
	usleep(40000);
	return (void *)(long)write(fd, "late", 4);
}

static void restarted(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t thread;
	char buf[10];
	sigset_t set;
	int v[2];

	pair(AF_INET, v);
	sigaction(SIGALRM, &sa, NULL);
	signals[SIGALRM] = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pthread_create(&thread, NULL, sender, (void *)(long)v[1]);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 20000 } }, NULL);
	show(read(v[0], buf, 10));
	show(signals[SIGALRM]);
	pthread_join(thread, NULL);
	close(v[0]);
	close(v[1]);
}

static void files(void)
{
	char name[] = "/tmp/prog-fd-XXXXXX", buf[5000];
	int f = mkstemp(name), v[2], p[2];
	off_t off = 100;

	unlink(name);
	memset(buf, 'f', sizeof(buf));
	show(write(f, buf, sizeof(buf)));
	pair(AF_INET, v);
	show(sendfile(v[0], f, &off, 1000));
	show(off);
	show(recv(v[1], buf, sizeof(buf), MSG_WAITALL | MSG_DONTWAIT));
	show(pipe(p) == 0);
	show(write(p[1], "through a pipe", 14));
	show(splice(p[0], NULL, v[0], NULL, 100, 0));
	show(recv(v[1], buf, sizeof(buf), 0));
	show(write(v[1], "and back", 8));
	show(splice(v[0], NULL, p[1], NULL, 100, 0));
	show(read(p[0], buf, sizeof(buf)));
	show(splice(v[0], NULL, v[1], NULL, 100, 0));
	show(copy_file_range(f, NULL, v[0], NULL, 10, 0));
	show(tee(p[0], v[0], 10, 0));
	close(f);
	close(v[0]);
	close(v[1]);
	close(p[0]);
	close(p[1]);
}

static void rights(void)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int v[2], u[2], fd;
	char buf[10];

	pair(AF_INET, v);
	show(socketpair(AF_UNIX, SOCK_STREAM, 0, u));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &v[0], sizeof(int));
	show(sendmsg(u[0], &m, 0));
	close(v[0]);
	m.msg_controllen = sizeof(control);
	show(recvmsg(u[1], &m, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	show(fd == v[0]);
	show(write(fd, "passed", 6));
	show(read(v[1], buf, 10));
	close(fd);
	show(read(v[1], buf, 10));
	close(v[1]);
	close(u[0]);
	close(u[1]);
}

/* Writes through @fd what arrives at @far. */
static void through(int fd, int far)
{
	char buf[10];

	show(write(fd, "passed", 6));
	show(read(far, buf, sizeof(buf)));
	close(fd);
}

/* Files in the first and in the last of three messages, there of the host's as well. */
static void rights_of_many(void)
{
	char control[3][2 * CMSG_SPACE(2 * sizeof(int))] = { 0 }, byte[3] = "abc";
	struct mmsghdr mm[3] = { 0 };
	struct iovec iov[3];
	struct cmsghdr *c;
	int v[2], w[2], u[2], p[2], fd[3];

	pair(AF_INET, v);
	pair(AF_INET6, w);
	show(pipe(p));
	show(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, u));
	for (int i = 0; i < 3; i++) {
		iov[i] = (struct iovec){ &byte[i], 1 };
		mm[i].msg_hdr.msg_iov = &iov[i];
		mm[i].msg_hdr.msg_iovlen = 1;
		mm[i].msg_hdr.msg_control = i == 1 ? NULL : control[i];
		mm[i].msg_hdr.msg_controllen = i == 1 ? 0 : sizeof(control[i]);
	}
	/* Two and one. */
	c = CMSG_FIRSTHDR(&mm[0].msg_hdr);
	*c = (struct cmsghdr){ CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(c), (int[]){ v[0], p[1] }, 2 * sizeof(int));
	c = (struct cmsghdr *)((char *)c + CMSG_SPACE(2 * sizeof(int)));
	*c = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &w[0], sizeof(int));
	c = CMSG_FIRSTHDR(&mm[2].msg_hdr);
	*c = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &w[1], sizeof(int));
	mm[2].msg_hdr.msg_controllen = CMSG_SPACE(sizeof(int));
	show(sendmmsg(u[0], mm, 3, 0));
	for (int i = 0; i < 3; i++) {
		show(mm[i].msg_len);
		mm[i].msg_len = 0;
		mm[i].msg_hdr.msg_controllen = i == 1 ? 0 : sizeof(control[i]);
	}
	memset(control, 0, sizeof(control));
	show(recvmmsg(u[1], mm, 3, 0, NULL));
	for (int i = 0; i < 3; i++)
		show(mm[i].msg_len);
	memcpy(fd, CMSG_DATA((struct cmsghdr *)control[0]), sizeof(fd));
	through(fd[0], v[1]);
	through(fd[1], p[0]);
	through(fd[2], w[1]);
	memcpy(fd, CMSG_DATA((struct cmsghdr *)control[2]), sizeof(int));
	through(fd[0], w[0]);
	/* One of a hidden or closed number. */
	mm[2].msg_hdr.msg_controllen = CMSG_SPACE(sizeof(int));
	show(sendmmsg(u[0], mm + 1, 2, 0));
	show(sendmmsg(u[0], mm + 2, 1, 0));
	close_range(v[0], ~0U, 0);
}

/* As many as there may be, and one more. */
static void rights_to_many(void)
{
	char control[CMSG_SPACE(254 * sizeof(int))] = { 0 }, byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (struct cmsghdr *)control;
	int v[2], u[2], fd[253];

	pair(AF_INET, v);
	show(socketpair(AF_UNIX, SOCK_STREAM, 0, u));
	*c = (struct cmsghdr){ CMSG_LEN(254 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	for (int i = 0; i < 254; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &v[0], sizeof(int));
	m.msg_controllen = sizeof(control);
	show(sendmsg(u[0], &m, 0));
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	m.msg_controllen = CMSG_SPACE(sizeof(fd));
	show(sendmsg(u[0], &m, 0));
	memset(control, 0, sizeof(control));
	show(recvmsg(u[1], &m, 0));
	memcpy(fd, CMSG_DATA(c), sizeof(fd));
	show(c->cmsg_len == CMSG_LEN(sizeof(fd)));
	through(fd[0], v[1]);
	through(fd[100], v[1]);
	through(fd[252], v[1]);
	close_range(v[0], ~0U, 0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	close_range(3, ~0U, 0);
	alarm(60);
	printf("# TCP, IPv4\n");
	tcp(AF_INET);
	printf("# TCP, IPv6\n");
	tcp(AF_INET6);
	printf("# UDP\n");
	udp(AF_INET);
	udp(AF_INET6);
	printf("# refused\n");
	refused();
	printf("# signals\n");
	on_signals();
	restarted();
	printf("# files\n");
	files();
	printf("# rights\n");
	rights();
	rights_of_many();
	rights_to_many();
	return 0;
}
