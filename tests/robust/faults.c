// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad pointers to calls that the stack serves: faults ADDR PORT
 *
 * One line for each call: what it was, what it returned, errno by name.  ADDR
 * echoes.  After all of it the connection must still work.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <net/if.h>
#include <unistd.h>

static int tcp, udp, epfd, host[2];
static const char *where;

/* Raw calls: a C library might look at the memory itself. */
#define TRY(what, ...)									\
	do {										\
		long ret_ = syscall(__VA_ARGS__);					\
		printf("%s %s: %ld %s\n", where, what, ret_,				\
		       ret_ < 0 ? strerrorname_np(errno) : "");				\
	} while (0)

/* P cannot be read, and W cannot be written. */
static void all(const char *name, void *r, void *w)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct iovec riov = { r, 100 }, wiov = { w, 100 };
	struct msghdr msg = { .msg_iov = &riov, .msg_iovlen = 1 };
	socklen_t len = sizeof(any);
	char buf[100] = "";
	struct mmsghdr mm;
	struct timeval now = { 0 };

	where = name;
	TRY("send", SYS_sendto, tcp, r, 100, MSG_NOSIGNAL, NULL, 0);
	TRY("write", SYS_write, tcp, r, 100);
	TRY("writev", SYS_writev, tcp, &riov, 1);
	TRY("writev vector", SYS_writev, tcp, r, 1);
	TRY("readv vector", SYS_readv, tcp, r, 1);
	any.sin_port = htons(9);
	TRY("sendto data", SYS_sendto, udp, r, 100, 0, &any, sizeof(any));
	any.sin_port = 0;
	TRY("sendto data, port 0", SYS_sendto, udp, r, 100, 0, &any, sizeof(any));
	TRY("sendto address", SYS_sendto, udp, buf, 1, 0, r, sizeof(any));
	TRY("sendmsg iov", SYS_sendmsg, tcp, &msg, MSG_NOSIGNAL);
	TRY("sendmsg header", SYS_sendmsg, tcp, r, MSG_NOSIGNAL);
	msg.msg_iov = r;
	TRY("sendmsg vector", SYS_sendmsg, tcp, &msg, MSG_NOSIGNAL);
	msg = (struct msghdr){ .msg_control = r, .msg_controllen = 64 };
	TRY("sendmsg control", SYS_sendmsg, tcp, &msg, MSG_NOSIGNAL);
	msg = (struct msghdr){ .msg_name = r, .msg_namelen = sizeof(any) };
	TRY("sendmsg name", SYS_sendmsg, udp, &msg, 0);
	TRY("sendmmsg", SYS_sendmmsg, udp, r, 2, 0);
	TRY("bind", SYS_bind, udp, r, sizeof(any));
	TRY("connect", SYS_connect, udp, r, sizeof(any));
	TRY("setsockopt", SYS_setsockopt, tcp, SOL_SOCKET, SO_KEEPALIVE, r, 4);
	TRY("setsockopt string", SYS_setsockopt, tcp, IPPROTO_TCP, TCP_CONGESTION, r, 5);
	TRY("ioctl SIOCGIFINDEX", SYS_ioctl, udp, SIOCGIFINDEX, r);
	TRY("epoll_ctl", SYS_epoll_ctl, epfd, EPOLL_CTL_MOD, tcp, r);

	TRY("getsockopt value", SYS_getsockopt, tcp, SOL_SOCKET, SO_TYPE, w, &len);
	TRY("getsockopt length", SYS_getsockopt, tcp, SOL_SOCKET, SO_TYPE, buf, w);
	TRY("getsockname", SYS_getsockname, tcp, w, &len);
	TRY("getpeername length", SYS_getpeername, tcp, buf, w);
	TRY("ioctl SIOCOUTQ", SYS_ioctl, tcp, TIOCOUTQ, w);
	TRY("poll", SYS_poll, w, 2, 0);
	if (r)	/* NULL is for ever */
		TRY("ppoll time", SYS_ppoll, NULL, 0, r, NULL, 8);
	TRY("select", SYS_select, tcp + 1, w, NULL, NULL, &now);
	/* Something is ready, or nobody would write the answer. */
	TRY("epoll_wait", SYS_epoll_wait, epfd, w, 4, 1000);
	TRY("socketpair", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, w);
	TRY("recvmmsg", SYS_recvmmsg, udp, w, 1, MSG_DONTWAIT, NULL);
	TRY("recvmsg header", SYS_recvmsg, tcp, w, MSG_DONTWAIT);
	msg = (struct msghdr){ .msg_iov = &wiov, .msg_iovlen = 1 };
	TRY("recvmsg peek", SYS_recvmsg, tcp, &msg, MSG_DONTWAIT | MSG_PEEK);
	TRY("recv peek", SYS_recvfrom, tcp, w, 100, MSG_DONTWAIT | MSG_PEEK, NULL, NULL);
	TRY("recvfrom", SYS_recvfrom, tcp, w, 100, MSG_DONTWAIT, NULL, NULL);
	TRY("read", SYS_read, tcp, w, 100);

	/* Datagrams to itself: one is consumed by each faulting call. */
	len = sizeof(any);
	getsockname(udp, (struct sockaddr *)&any, &len);
	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sendto(udp, "datagram", 8, 0, (struct sockaddr *)&any, sizeof(any));
	poll(&(struct pollfd){ udp, POLLIN, 0 }, 1, 5000);
	TRY("recvfrom datagram", SYS_recvfrom, udp, w, 100, MSG_DONTWAIT, NULL, NULL);
	TRY("and again", SYS_recvfrom, udp, buf, 100, MSG_DONTWAIT, NULL, NULL);
	sendto(udp, "datagram", 8, 0, (struct sockaddr *)&any, sizeof(any));
	poll(&(struct pollfd){ udp, POLLIN, 0 }, 1, 5000);
	len = sizeof(any);
	TRY("recvfrom address", SYS_recvfrom, udp, buf, 100, MSG_DONTWAIT, w, &len);
	memset(&mm, 0, sizeof(mm));
	mm.msg_hdr.msg_iov = &wiov;
	mm.msg_hdr.msg_iovlen = 1;
	sendto(udp, "datagram", 8, 0, (struct sockaddr *)&any, sizeof(any));
	poll(&(struct pollfd){ udp, POLLIN, 0 }, 1, 5000);
	TRY("recvmmsg iov", SYS_recvmmsg, udp, &mm, 1, MSG_DONTWAIT, NULL);
	TRY("recv rest", SYS_recvfrom, udp, buf, 100, MSG_DONTWAIT, NULL, NULL);
}

/* The host's and the stack's files in one call. */
static void mixed(char *ro)
{
	struct pollfd *p = (struct pollfd *)ro;

	where = "mixed";
	TRY("poll of read-only memory", SYS_poll, p, 2, 0);
	TRY("pipe read", SYS_read, host[0], ro, 1);
	TRY("readv of both", SYS_readv, host[0], ro, 1);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	long page = sysconf(_SC_PAGESIZE);
	struct epoll_event ev = { .events = EPOLLIN };
	char *none, *ro, *edge, buf[8192];
	size_t got = 0;
	ssize_t n;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	to.sin_port = htons(atoi(argv[2]));
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	epfd = epoll_create1(0);
	if (pipe(host) < 0 || write(host[1], "host", 4) != 4 || connect(tcp, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    bind(udp, (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET },
		 sizeof(to)) < 0) {
		perror("set up");
		return 1;
	}
	ev.data.fd = tcp;
	epoll_ctl(epfd, EPOLL_CTL_ADD, tcp, &ev);
	none = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ro = none + page;
	memcpy(ro, (struct pollfd[]){ { tcp, POLLIN, 0 }, { host[0], POLLIN, 0 } },
	       2 * sizeof(struct pollfd));
	edge = none + 3 * page - 10;
	memset(edge, 'e', 10);
	mprotect(none, page, PROT_NONE);
	mprotect(ro, page, PROT_READ);
	munmap(none + 3 * page, page);	/* nothing behind the edge */

	/* So that there is something to receive all the time. */
	if (send(tcp, "hello", 5, 0) != 5 || poll(&(struct pollfd){ tcp, POLLIN, 0 }, 1, 20000) != 1)
		return 1;
	all("null", NULL, NULL);
	all("one", (void *)1, (void *)1);
	all("forbidden", none, none);
	all("non-canonical", (void *)0x5555000000000000, (void *)0x5555000000000000);
	all("kernel half", (void *)0xffff800000000000, (void *)0xffff800000000000);
	all("last", (void *)-8, (void *)-8);
	mixed(ro);

	/* Part of a buffer is there: the kernel's rules say what is moved. */
	where = "edge";
	TRY("recv", SYS_recvfrom, tcp, edge + 7, 5, MSG_DONTWAIT | MSG_PEEK, NULL, NULL);
	n = recv(tcp, buf, 100, 0);
	printf("hello is still there: %zd %.5s\n", n, buf);
	memset(buf, 'x', sizeof(buf));
	for (n = 1; n > 0 && got < sizeof(buf); got += n)
		n = send(tcp, buf + got, sizeof(buf) - got, MSG_NOSIGNAL);
	for (got = 0; got < sizeof(buf); got += n) {
		n = recv(tcp, buf, sizeof(buf), 0);
		if (n <= 0)
			break;
	}
	printf("echoed after all that: %zu\n", got);
	return 0;
}
