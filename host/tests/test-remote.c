// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remote calls with the real kernel layer: calls of many kinds from clients, with
 * pointers in pointers and pointers to nowhere, that block and are interrupted.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/utsname.h>

#include <libos/netcfg.h>

#include "../remote/wire.h"
#include "remote.h"

static struct libos *os;
static struct libos_thread *home;

static int basic(struct libos_thread *me, void *arg)
{
	struct utsname uts;
	int bad = 0;

	expect(libos_is_remote(me));
	expect_eq(CALL(me, SYS_uname, P(&uts)), 0);
	expect(!strcmp(uts.release, libos_version(libos_thread_os(me))));
	expect_eq(CALL(me, SYS_getpid), getpid());
	expect_eq(CALL(me, SYS_uname, 16), -EFAULT);
	expect_eq(CALL(me, SYS_uname, ~0UL - 100), -EFAULT);
	expect_eq(CALL(me, 9999), -ENOSYS);
	expect_eq(CALL(me, LIBOS_NR_TASK_NEW, 0, 0, 0, 16), -EPERM);
	return bad;
}


/* --- blocking, and many at once ------------------------------------------ */

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* A connected TCP pair over the stack's loopback, and its listener. */
static int tcp_pair(struct libos_thread *me, int port, int fd[3])
{
	struct sockaddr_in a = loopback(port);
	int one = 1;

	fd[0] = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);
	CALL(me, SYS_setsockopt, fd[0], SOL_SOCKET, SO_REUSEADDR, P(&one), sizeof(one));
	if (CALL(me, SYS_bind, fd[0], P(&a), sizeof(a)) < 0 || CALL(me, SYS_listen, fd[0], 8) < 0)
		return -1;
	fd[1] = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (CALL(me, SYS_connect, fd[1], P(&a), sizeof(a)) < 0)
		return -1;
	fd[2] = (int)CALL(me, SYS_accept4, fd[0], 0, 0, 0);
	return fd[2] < 0 ? -1 : 0;
}

static int lo_up(struct libos_thread *me)
{
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };

	return libos_netcfg_link(me, "lo", &up, NULL);
}

static int pair[3];

/* Echoes on a connection whose other end the home has: shared by the fork. */
static int echo(struct libos_thread *me, void *arg)
{
	char buf[16384];
	long n, off, r;

	CALL(me, SYS_close, pair[1]);
	while ((n = CALL(me, SYS_read, pair[2], P(buf), sizeof(buf))) > 0)
		for (off = 0; off < n; off += r) {
			r = CALL(me, SYS_write, pair[2], P(buf + off), n - off);
			if (r <= 0)
				return 2;
		}
	return n < 0 ? 1 : 0;
}

static void test_shared(void)
{
	char out[16384], in[16384];
	bool good = true;
	long off, r;
	pid_t pid;
	int i;

	if (!is(tcp_pair(home, 1000, pair), 0, "a connection in the home"))
		return;
	pid = fork_client(home, echo, NULL);
	CALL(home, SYS_close, pair[2]);
	for (i = 0; i < 200 && good; i++) {
		size_t len = (size_t)(i * 81) + 1;

		memset(out, i, len);
		CALL(home, SYS_write, pair[1], P(out), len);
		for (off = 0; off < (long)len; off += r) {
			r = CALL(home, SYS_read, pair[1], P(in + off), len - off);
			if (r <= 0)
				break;
		}
		good = off == (long)len && !memcmp(in, out, len);
	}
	ok(good, "the child echoes on its copy, 200 times");
	CALL(home, SYS_close, pair[1]);
	is(status_of(pid), 0, "and sees the end");
	CALL(home, SYS_close, pair[0]);
}

/* Each of @arg generations makes the next. */
static int generations(struct libos_thread *me, void *arg)
{
	long n = (long)arg;
	int fd[3];

	if (CALL(me, SYS_getpid) != getpid())
		return 10;
	if (tcp_pair(me, 2000 + (int)n, fd) < 0)
		return 11;
	if (!n)
		return 0;
	return status_of(fork_client(me, generations, (void *)(n - 1)));
}

/* --- calls of many kinds ------------------------------------------------------ */

static int netlink_dump(struct libos_thread *me)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} req = {
		.h = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct iovec iov[2] = { { &req, 8 }, { (char *)&req + 8, sizeof(req) - 8 } };
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = iov,
		.msg_iovlen = 2,
	};
	char buf[16384], name[64] = "";
	struct nlmsghdr *h = (struct nlmsghdr *)buf;
	int fd, bad = 0;
	long n;

	fd = (int)CALL(me, SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	expect_eq(CALL(me, SYS_sendmsg, fd, P(&msg), 0), sizeof(req));
	iov[0] = (struct iovec){ buf, sizeof(buf) };
	msg.msg_iovlen = 1;
	n = CALL(me, SYS_recvmsg, fd, P(&msg), 0);
	expect(n > 0 && h->nlmsg_type == RTM_NEWLINK && to.nl_pid == 0);
	if (n > 0) {
		struct rtattr *a = IFLA_RTA(NLMSG_DATA(h));

		for (n = IFLA_PAYLOAD(h); RTA_OK(a, n); a = RTA_NEXT(a, n))
			if (a->rta_type == IFLA_IFNAME)
				memcpy(name, RTA_DATA(a), RTA_PAYLOAD(a));
	}
	expect(!strcmp(name, "lo"));
	CALL(me, SYS_close, fd);
	return bad;
}

static int ioctls(struct libos_thread *me)
{
	struct ifreq ifr[4];
	struct ifconf conf = { .ifc_len = sizeof(ifr), .ifc_req = ifr };
	int fd = (int)CALL(me, SYS_socket, AF_INET, SOCK_DGRAM, 0), bad = 0;

	expect_eq(CALL(me, SYS_ioctl, fd, SIOCGIFCONF, P(&conf)), 0);
	expect_eq(conf.ifc_len, sizeof(ifr[0]));
	expect(!strcmp(ifr[0].ifr_name, "lo"));
	conf.ifc_len = sizeof(ifr);
	conf.ifc_req = (void *)16;
	expect_eq(CALL(me, SYS_ioctl, fd, SIOCGIFCONF, P(&conf)), -EFAULT);
	CALL(me, SYS_close, fd);
	return bad;
}

/* Sizes about the limits of the channel, in pieces, at odd places. */
static int transfers(struct libos_thread *me)
{
	static const size_t size[] = {
		0, 1, 100, 1999, 2000, 2047, 2048, 2049, 4095, 4096, 4097, 65536, 1 << 20
	};
	static char out[(1 << 20) + 64], in[(1 << 20) + 64];
	int fd[3], bad = 0;
	unsigned int i;
	size_t at, j;
	long r;

	expect_eq(tcp_pair(me, 9000, fd), 0);
	for (i = 0; i < sizeof(size) / sizeof(*size); i++) {
		struct iovec iov[3] = {
			{ out + 3, size[i] / 3 },
			{ out + 3 + size[i] / 3, size[i] / 3 },
			{ out + 3 + size[i] / 3 * 2, size[i] - size[i] / 3 * 2 },
		};

		for (j = 0; j < size[i]; j++)
			out[3 + j] = (char)(j * 31 + i);
		memset(in, 0x55, sizeof(in));
		for (at = 0; at < size[i];) {
			size_t chunk = size[i] - at < 65536 ? size[i] - at : 65536;

			if (size[i] <= 65536)
				r = CALL(me, SYS_writev, fd[1], P(iov), 3);
			else
				r = CALL(me, SYS_write, fd[1], P(out + 3 + at), chunk);
			if (r <= 0) {
				expect_eq(r, chunk);
				return bad;
			}
			for (j = 0; j < (size_t)r;) {
				long n = CALL(me, SYS_read, fd[2], P(in + 7 + at + j), (size_t)r - j);

				if (n <= 0) {
					expect_eq(n, 1);
					return bad;
				}
				j += (size_t)n;
			}
			at += (size_t)r;
		}
		expect(!memcmp(out + 3, in + 7, size[i]));
		expect(in[6] == 0x55 && in[7 + size[i]] == 0x55);
	}
	return bad;
}

/* Bad addresses: wholly, in part, read-only, and not for lack of a try. */
static int faults(struct libos_thread *me)
{
	char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd[3], bad = 0;
	char c = 0;

	munmap(page + 4096, 4096);
	mprotect(page + 8192, 4096, PROT_READ);
	expect_eq(tcp_pair(me, 9100, fd), 0);
	expect_eq(CALL(me, SYS_write, fd[1], 16, 1), -EFAULT);
	expect_eq(CALL(me, SYS_write, fd[1], P(page + 4096), 1), -EFAULT);
	expect_eq(CALL(me, SYS_sendto, fd[1], P(page), 10, 0, P(page + 4090), 16), -EFAULT);
	expect_eq(CALL(me, SYS_getsockname, fd[1], P(page + 8192), P(&len)), -EFAULT);
	expect_eq(CALL(me, SYS_getsockname, fd[1], P(&a), P(page + 4096)), -EFAULT);
	expect_eq(CALL(me, SYS_getsockname, fd[1], P(&a), P(&len)), 0);
	expect_eq(CALL(me, SYS_write, fd[1], P("x"), 1), 1);
	expect_eq(CALL(me, SYS_recvfrom, fd[2], P(page + 8192), 1, MSG_PEEK, 0, 0), -EFAULT);
	expect_eq(CALL(me, SYS_recvfrom, fd[2], P(page + 4096), 1, MSG_PEEK, 0, 0), -EFAULT);
	expect_eq(CALL(me, SYS_read, fd[2], P(&c), 1), 1);
	expect_eq(c, 'x');
	/* A string that ends just before a hole. */
	memcpy(page + 4096 - 6, "/proc", 6);
	expect_eq(CALL(me, SYS_access, P(page + 4096 - 6), 0), 0);
	page[4095] = 'x';
	expect_eq(CALL(me, SYS_access, P(page + 4096 - 6), 0), -EFAULT);
	return bad;
}

/* A packet socket's ring: what goes through lo is seen in memory that is shared. */
static int ring(struct libos_thread *me)
{
	struct tpacket_req req = {
		.tp_block_size = 16384,
		.tp_block_nr = 9,
		.tp_frame_size = 2048,
		.tp_frame_nr = 72,
	};
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct sockaddr_in a = loopback(9);
	struct tpacket_hdr *h;
	struct pollfd pf = { .events = POLLIN };
	int fd, udp, bad = 0, i;
	long p;

	fd = (int)CALL(me, SYS_socket, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	ll.sll_ifindex = 1;
	expect_eq(CALL(me, SYS_bind, fd, P(&ll), sizeof(ll)), 0);
	expect_eq(CALL(me, SYS_setsockopt, fd, SOL_PACKET, PACKET_RX_RING, P(&req), sizeof(req)), 0);
	p = CALL(me, SYS_mmap, 0, 9 * 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p < 0 && p > -4096) {
		expect_eq(p, 0);
		return bad;
	}
	udp = (int)CALL(me, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	expect_eq(CALL(me, SYS_bind, udp, P(&a), sizeof(a)), 0);
	for (i = 0; i < 100; i++) {
		/* Two rounds of the ring, and somewhat; each frame as it goes out and in. */
		h = (struct tpacket_hdr *)(p + (i * 2 % 72) * 2048);
		expect_eq(CALL(me, SYS_sendto, udp, P("ring"), 4, 0, P(&a), sizeof(a)), 4);
		pf.fd = fd;
		expect_eq(CALL(me, SYS_poll, P(&pf), 1, 1000), 1);
		expect(h->tp_status & TP_STATUS_USER);
		if (bad)
			break;
		expect(!memcmp((char *)h + h->tp_mac + 14 + 20 + 8, "ring", 4));
		h->tp_status = TP_STATUS_KERNEL;
		h = (struct tpacket_hdr *)(p + (i * 2 + 1) % 72 * 2048);
		h->tp_status = TP_STATUS_KERNEL;
	}
	expect_eq(CALL(me, SYS_munmap, p, 9 * 16384), 0);
	/* One that is left mapped goes with the process. */
	p = CALL(me, SYS_mmap, 0, 9 * 16384, PROT_READ, MAP_SHARED, fd, 0);
	expect(!(p < 0 && p > -4096));
	expect_eq(CALL(me, SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, udp, 0), -ENODEV);
	return bad;
}

/* A file of the client's own in the stack's poll and epoll. */
static int host_files(struct libos_thread *me)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 77 }, got;
	int p[2], ep, bad = 0, i;
	struct pollfd pf;
	unsigned long arg[6] = { 0 };
	char c;

	if (pipe(p) < 0)
		return 1;
	/* Numbers that are free in the stack as well, as the glue sees to it. */
	for (i = 0; i < 2; i++) {
		int low = p[i];

		p[i] = fcntl(low, F_DUPFD, 100);
		close(low);
	}
	arg[0] = (unsigned long)p[0];
	expect_eq(libos_call_fd(me, LIBOS_NR_HOSTFILE, arg, p[0]), p[0]);
	pf = (struct pollfd){ .fd = p[0], .events = POLLIN };
	expect_eq(CALL(me, SYS_poll, P(&pf), 1, 0), 0);
	ep = (int)CALL(me, SYS_epoll_create1, 0);
	expect_eq(CALL(me, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p[0], P(&ev)), 0);
	if (!fork()) {
		usleep(20000);
		(void)!write(p[1], "x", 1);
		_exit(0);
	}
	expect_eq(CALL(me, SYS_epoll_wait, ep, P(&got), 1, 5000), 1);
	expect_eq(got.data.u64, 77);
	expect_eq(CALL(me, SYS_poll, P(&pf), 1, 0), 1);
	expect_eq(read(p[0], &c, 1), 1);
	expect_eq(CALL(me, SYS_close, p[0]), 0);
	/* The home has let go of it: the pipe breaks. */
	close(p[0]);
	wait(NULL);
	signal(SIGPIPE, SIG_IGN);
	expect(eventually(write(p[1], "x", 1) < 0));
	return bad;
}

static int kinds(struct libos_thread *me, void *arg)
{
	int bad = 0;

	bad += netlink_dump(me);
	bad += ioctls(me);
	bad += transfers(me);
	bad += faults(me);
	bad += ring(me);
	bad += host_files(me);
	return bad;
}

/* Waits for a file that the home has polled, and closes. */
static int inherited(struct libos_thread *me, void *arg)
{
	struct pollfd pf = { .fd = (int)(long)arg, .events = POLLIN };
	int bad = 0;

	expect_eq(CALL(me, SYS_poll, P(&pf), 1, 5000), 1);
	expect_eq(pf.revents & POLLIN, POLLIN);
	expect_eq(CALL(me, SYS_poll, P(&pf), 1, 0), 1);
	return bad;
}

static void test_inherited(void)
{
	struct pollfd pf = { .events = POLLIN };
	unsigned long arg[6] = { 0 };
	int p[2], other[2], r;
	pid_t pid;

	if (pipe(p) < 0 || pipe(other) < 0)
		abort();
	r = fcntl(p[0], F_DUPFD, 200);
	close(p[0]);
	arg[0] = (unsigned long)r;
	is(libos_call_fd(home, LIBOS_NR_HOSTFILE, arg, r), r, "a host file in the home");
	pf.fd = r;
	is(CALL(home, SYS_poll, P(&pf), 1, 0), 0, "nothing to read");
	pid = fork_client(home, inherited, (void *)(long)r);
	CALL(home, SYS_close, r);
	/* Its number is another file's from here on, that never gets anything. */
	dup2(other[0], r);
	usleep(20000);
	(void)!write(p[1], "x", 1);
	is(status_of(pid), 0, "a child waits for it though its number is used again");
	close(r);
	close(p[1]);
	close(other[0]);
	close(other[1]);
}

/* --- threads of a client --------------------------------------------------- */

struct worker {
	struct libos_thread *thr;
	pthread_t thread;
	int fd;
	long result;
};

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	char c;

	w->result = CALL(w->thr, SYS_read, w->fd, P(&c), 1);
	return NULL;
}

static int threads(struct libos_thread *me, void *arg)
{
	struct worker w[16];
	int fd[16][3], bad = 0, i;

	for (i = 0; i < 16; i++) {
		expect_eq(tcp_pair(me, 3000 + i, fd[i]), 0);
		w[i].fd = fd[i][2];
		expect_eq(libos_thread_new(me, CLONE_FILES | CLONE_FS | CLONE_THREAD |
					   CLONE_SIGHAND, 0, &w[i].thr), 0);
		pthread_create(&w[i].thread, NULL, worker_main, &w[i]);
	}
	for (i = 15; i >= 0; i--)
		expect_eq(CALL(me, SYS_write, fd[i][1], P("x"), 1), 1);
	for (i = 0; i < 16; i++) {
		pthread_join(w[i].thread, NULL);
		expect_eq(w[i].result, 1);
		libos_thread_exit(w[i].thr, 0);
	}
	return bad;
}

/* --- interruption ----------------------------------------------------------- */

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	handled++;
	if (self && libos_in_call(self))
		libos_interrupt(self);
}

static int interrupted(struct libos_thread *me, void *arg)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)(long)arg };
	struct itimerval it = { .it_value.tv_usec = 5000 };
	int fd[3], bad = 0, i;
	long r;
	char c;

	sigaction(SIGALRM, &sa, NULL);
	expect_eq(tcp_pair(me, 4000, fd), 0);
	for (i = 0; i < 50; i++) {
		it.it_value.tv_usec = 1 + i * 50;
		handled = 0;
		setitimer(ITIMER_REAL, &it, NULL);
		/* It may be over before the call. */
		do {
			struct pollfd p = { .fd = fd[2], .events = POLLIN };

			if (handled)
				break;
			r = CALL(me, SYS_poll, P(&p), 1, 20);
			if (r < 0)
				expect(r == -EINTR || r <= -512);
		} while (r == 0);
	}
	it.it_value.tv_usec = 20000;
	setitimer(ITIMER_REAL, &it, NULL);
	r = CALL(me, SYS_read, fd[2], P(&c), 1);
	expect(r == -EINTR || r <= -512);
	/* What was interrupted leaves no trace in the next call. */
	expect_eq(CALL(me, SYS_write, fd[1], P("x"), 1), 1);
	expect_eq(CALL(me, SYS_read, fd[2], P(&c), 1), 1);
	return bad;
}

/* --- death ------------------------------------------------------------------ */

static int sleeper(struct libos_thread *me, void *arg)
{
	int fd[3];
	char c;

	if (tcp_pair(me, 5000, fd) < 0)
		return 1;
	(void)!write((int)(long)arg, "r", 1);
	CALL(me, SYS_read, fd[2], P(&c), 1);
	return 2;
}

static void test_killed(void)
{
	struct libos_server *srv = libos_served(home);
	int p[2], fd, one = 1;
	struct sockaddr_in a = loopback(5000);
	pid_t pid;
	char c;

	if (pipe(p) < 0)
		abort();
	pid = fork_client(home, sleeper, (void *)(long)p[1]);
	is(read(p[0], &c, 1), 1, "a client sleeps in the stack");
	is(libos_serve_clients(srv, NULL, 0), 1, "it is known");
	kill_child(pid);
	is(status_of(pid), -SIGKILL, "it is killed");
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "and forgotten");
	fd = (int)CALL(home, SYS_socket, AF_INET, SOCK_STREAM, 0);
	CALL(home, SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, P(&one), sizeof(one));
	ok(eventually(CALL(home, SYS_bind, fd, P(&a), sizeof(a)) == 0), "its port is free again");
	CALL(home, SYS_close, fd);
	close(p[0]);
	close(p[1]);
}

static void test_unborn(void)
{
	struct libos_server *srv = libos_served(home);
	struct libos_fork *f[3];
	int i, fds = count_fds();
	pid_t pid;

	for (i = 0; i < 3; i++)
		libos_fork_begin(home, &f[i]);
	is(libos_serve_clients(srv, NULL, 0), 3, "three forks are prepared");
	libos_fork_end(f[0], -EAGAIN);
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 2), "one fails");
	pid = fork();
	if (!pid)
		_exit(7);
	is(status_of(pid), 7, "the child of another ends without a hello");
	libos_fork_end(f[1], pid);
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 1), "and is seen to");
	pid = fork();
	if (!pid)
		pause();
	libos_fork_end(f[2], pid);
	kill_child(pid);
	status_of(pid);
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "the third is killed before it");
	is(count_fds(), fds, "no file is left open");
}

/* A home of its own, which is killed; its client tells how it went. */
static int orphan(struct libos_thread *me, void *arg)
{
	int *p = arg, fd[3];
	__u64 t;
	long r;
	char c;

	if (tcp_pair(me, 6000, fd) < 0)
		return 1;
	(void)!write(p[1], "r", 1);
	r = CALL(me, SYS_read, fd[2], P(&c), 1);
	t = now_ns();
	(void)!write(p[1], r == -ESHUTDOWN ? "s" : "?", 1);
	(void)!write(p[1], &t, sizeof(t));
	r = CALL(me, SYS_getpid);
	(void)!write(p[1], r == -ESHUTDOWN ? "s" : "?", 1);
	return 0;
}

static void test_home_killed(void)
{
	int p[2];
	__u64 t, died;
	pid_t pid;
	char c = 0;

	if (pipe(p) < 0)
		abort();
	pid = fork();
	if (!pid) {
		struct libos_thread *me;
		struct libos *mine;

		if (libos_open(NULL, &mine, &me) < 0 || lo_up(me) < 0)
			_exit(1);
		fork_client(me, orphan, p);
		pause();
	}
	is(read(p[0], &c, 1), 1, "a client of another home sleeps");
	t = now_ns();
	kill_child(pid);
	is(read(p[0], &c, 1) == 1 ? c : 0, 's', "its home is killed: ESHUTDOWN");
	is(read(p[0], &died, sizeof(died)), sizeof(died), "it tells when");
	ok(died - t < 1000000000, "at once (%.1f ms)", (died - t) / 1e6);
	is(read(p[0], &c, 1) == 1 ? c : 0, 's', "and at each later call");
	status_of(pid);
	close(p[0]);
	close(p[1]);
}

/* --- attach ------------------------------------------------------------------ */

static struct sockaddr_un address;
static socklen_t address_len;

static int listener(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	address.sun_family = AF_UNIX;
	address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		(size_t)snprintf(address.sun_path + 1, 64, "libos-test-%d", (int)getpid()));
	if (bind(fd, (struct sockaddr *)&address, address_len) < 0 || listen(fd, 16) < 0)
		abort();
	return fd;
}

static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, address_len) < 0)
		abort();
	return fd;
}

static int answer(void *arg, const char *question, char *reply, size_t max)
{
	if (!strcmp(question, "how many?"))
		return snprintf(reply, max, "%d", libos_serve_clients(arg, NULL, 0));
	if (!strcmp(question, "much"))
		return (int)max;
	return -EINVAL;
}

static int attached(void)
{
	char reply[64];
	struct libos_thread *me;
	int fd[3], bad = 0, sock = dial();

	expect_eq(libos_ask(sock, "how many?", reply, sizeof(reply)), 1);
	expect(!strcmp(reply, "0"));
	expect_eq(libos_ask(sock, "what?", reply, sizeof(reply)), -EINVAL);
	expect_eq(libos_ask(sock, "much", reply, sizeof(reply)), -EMSGSIZE);
	expect_eq(libos_attach(sock, &me), 0);
	become_client(me);
	expect_eq(CALL(me, SYS_getpid), getpid());
	expect_eq(CALL(me, SYS_close, 0), -EBADF);
	expect_eq(tcp_pair(me, 7000, fd), 0);
	expect_eq(fd[0], 0);
	expect_eq(status_of(fork_client(me, generations, (void *)2)), 0);
	libos_close(libos_thread_os(me));
	return bad;
}

/* Says hello as it should not. */
static int say(const void *msg, size_t len, __s32 *status)
{
	struct remote_welcome w = { .magic = 0 };
	int fd = dial(), n;

	(void)!send(fd, msg, len, MSG_NOSIGNAL);
	n = (int)recv(fd, &w, sizeof(w), 0);
	*status = n == sizeof(w) && w.magic == REMOTE_MAGIC ? w.status : 1;
	close(fd);
	return n;
}

static void test_attach(void)
{
	struct remote_hello h = {
		.magic = REMOTE_MAGIC,
		.version = REMOTE_VERSION + 1,
		.kind = REMOTE_HELLO,
	};
	struct libos_server *srv;
	struct libos_thread *me;
	int fd = listener(), fds, status;
	pid_t pid;

	is(libos_serve(home, fd, &srv), 0, "the instance is served by a socket");
	is(libos_serve(home, dup(0), &srv), -EBUSY, "by one at most");
	libos_serve_query(srv, answer, srv);
	fds = count_fds();
	pid = fork();
	if (!pid)
		_exit(attached());
	is(status_of(pid), 0, "a process attaches, asks, calls and forks");
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "and is gone");
	say(&h, sizeof(h), &status);
	is(status, -EPROTO, "another version is refused");
	h.version = REMOTE_VERSION;
	h.magic = 42;
	say(&h, sizeof(h), &status);
	is(status, -EPROTO, "nonsense is refused");
	say("x", 1, &status);
	is(status, -EPROTO, "and shorter nonsense");
	pid = fork();
	if (!pid) {
		int sock = dial();

		if (setuid(65534) < 0)
			_exit(99);
		_exit(libos_attach(sock, &me) == -EPERM ? 0 : 1);
	}
	status = status_of(pid);
	if (status == 99)
		skip("another user is refused", "we may not be another user");
	else
		is(status, 0, "another user is refused");
	is(libos_serve_wait(srv, -1), 0, "nobody to wait for");
	ok(eventually(count_fds() == fds), "no file is left open");
}

/* --- the home moves ------------------------------------------------------------ */

static uint64_t *token;

static int ordered(struct libos_thread *me, void *arg)
{
	int *p = arg, fd[3], bad = 0, i;
	char c = 0;

	/* Asleep in the stack while the home moves, until the new one sends. */
	expect_eq(tcp_pair(me, 8000, fd), 0);
	expect_eq(libos_fd_give(me, fd[1], token), 0);
	(void)!write(p[1], "r", 1);
	expect_eq(CALL(me, SYS_read, fd[2], P(&c), 1), 1);
	expect_eq(c, 'm');
	for (i = 0; i < 1000; i++)
		expect_eq(CALL(me, SYS_getpid), getpid());
	expect_eq(status_of(fork_client(me, generations, (void *)1)), 0);
	(void)!write(p[1], bad ? "b" : "g", 1);
	return bad;
}

/* In a process of its own.  What its end is comes from the parent first, then the child. */
static int mover(int *p, int *q)
{
	struct libos_thread *me;
	struct libos *mine;
	pid_t pid;
	char c;
	int fd;

	if (libos_open(NULL, &mine, &me) < 0 || lo_up(me) < 0)
		return 1;
	if (fork_client(me, ordered, p) < 0 || read(p[0], &c, 1) != 1)
		return 2;
	usleep(20000);
	pid = libos_serve_move(me);
	if (pid > 0) {
		libos_close(mine);
		return 0;
	}
	if (pid < 0)
		return 3;
	fd = libos_fd_take(me, *token, -1);
	if (fd < 0 || libos_fd_drop(me, *token) < 0 || CALL(me, SYS_write, fd, P("m"), 1) != 1)
		return 4;
	(void)!write(q[1], libos_serve_wait(libos_served(me), -1) == 0 ? "e" : "?", 1);
	libos_close(mine);
	return 0;
}

static void test_move(void)
{
	int p[2], q[2];
	pid_t pid;
	char c = 0;

	token = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (pipe(p) < 0 || pipe(q) < 0)
		abort();
	pid = fork();
	if (!pid)
		_exit(mover(p, q));
	is(status_of(pid), 0, "a home with a client moves to a child");
	is(read(p[0], &c, 1) == 1 ? c : 0, 'g', "its client, asleep meanwhile, goes on");
	is(read(q[0], &c, 1) == 1 ? c : 0, 'e', "and the new home sees it end");
	close(p[0]);
	close(p[1]);
	close(q[0]);
	close(q[1]);
}

/* --- out of descriptors -------------------------------------------------------- */

#define FEW	64

/* All numbers below FEW but @spare. */
static int use_up(int *fd, int spare)
{
	int n = 0, i;

	while (n < FEW && (fd[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	for (i = 0; i < spare && n > 0; i++)
		close(fd[--n]);
	return n;
}

static void test_limits(void)
{
	struct rlimit was, few;
	struct libos_fork *f;
	int fd[FEW], spare, n, r, bad = 0, fds = count_fds();
	struct libos_thread *me;
	pid_t pid;

	getrlimit(RLIMIT_NOFILE, &was);
	few = was;
	few.rlim_cur = FEW;
	setrlimit(RLIMIT_NOFILE, &few);
	for (spare = 0; spare < 3; spare++) {
		n = use_up(fd, spare);
		r = libos_fork_begin(home, &f);
		if (r != -EMFILE)
			bad++;
		while (n > 0)
			close(fd[--n]);
	}
	is(bad, 0, "out of descriptors a fork is refused");
	ok(eventually(count_fds() == fds), "and none is lost");
	ok(eventually(libos_serve_clients(libos_served(home), NULL, 0) == 0), "nor a client");

	n = use_up(fd, 0);
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_NOFILE, &was);
		r = libos_attach(dial(), &me);
		_exit(r < 0 ? -r : CALL(me, SYS_getpid) == getpid() ? 0 : 1);
	}
	usleep(50000);
	while (n > 0)
		close(fd[--n]);
	setrlimit(RLIMIT_NOFILE, &was);
	is(status_of(pid), 0, "who knocks meanwhile waits until there are some");
	is(status_of(fork_client(home, basic, NULL)), 0, "and all is well again");

	getrlimit(RLIMIT_FSIZE, &was);
	few = was;
	few.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &few);
	r = libos_fork_begin(home, &f);
	setrlimit(RLIMIT_FSIZE, &was);
	is(r, -EFBIG, "no room for the shared memory is an error, not a signal");
}

int main(void)
{
	struct libos_server *srv;
	int r, fds;

	plan(120);
	fds = count_fds();
	r = libos_open(NULL, &os, &home);
	if (!ok(r == 0, "an instance boots"))
		return done();
	is(lo_up(home), 0, "the loopback comes up");
	ok(!libos_served(home), "no server before the first fork");
	is(status_of(fork_client(home, basic, NULL)), 0, "calls from a forked client");
	srv = libos_served(home);
	ok(srv != NULL, "now there is a server");
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "no client is left");
	is(status_of(fork_client(home, kinds, NULL)), 0,
	   "netlink, ioctl, transfers, faults and host files");
	test_shared();
	test_inherited();
	is(status_of(fork_client(home, generations, (void *)5)), 0, "five generations");
	is(status_of(fork_client(home, threads, NULL)), 0, "threads that sleep");
	is(status_of(fork_client(home, interrupted, NULL)), 0, "a signal ends a call");
	is(status_of(fork_client(home, interrupted, (void *)SA_RESTART)), 0,
	   "also where the host restarts calls");
	test_killed();
	test_unborn();
	test_home_killed();
	test_move();
	test_attach();
	test_limits();
	libos_close(os);
	is(count_fds(), fds, "all is closed at the end");
	return done();
}
