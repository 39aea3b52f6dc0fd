// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remote calls with the real kernel layer: calls of many kinds from clients, with
 * pointers in pointers and pointers to nowhere, that block and are interrupted.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <libos/netio.h>

#include "../remote/wire.h"
#include "../sys.h"
#include "remote.h"

static struct libos *os;
static struct libos_thread *home;

/* --- blocking, and many at once ------------------------------------------ */

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
		0, 1, 100, 1999, 2000, 2047, 2048, 2049, 4095, 4096, 4097, 65536,
		REMOTE_IN - 17, REMOTE_IN - 16, REMOTE_IN - 15, REMOTE_IN, 1 << 20
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
			if (size[i] <= 65536)
				r = CALL(me, SYS_writev, fd[1], P(iov), 3);
			else
				r = CALL(me, SYS_sendto, fd[1], P(out + 3 + at), size[i] - at,
					 MSG_DONTWAIT, 0, 0);
			if (r <= 0) {
				expect_eq(r, size[i] - at);
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

/* Sets come along with the call, and go back; a bad one does not. */
static int sets(struct libos_thread *me)
{
	struct timeval soon = { .tv_usec = 1000 }, now = { 0 };
	fd_set in, out;
	int fd[3], high, bad = 0;

	expect_eq(tcp_pair(me, 9200, fd), 0);
	high = (int)CALL(me, SYS_fcntl, fd[2], F_DUPFD, 130);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(high, &in);
	expect_eq(CALL(me, SYS_select, high + 1, P(&in), 0, 0, P(&soon)), 0);
	expect(!FD_ISSET(high, &in));
	expect_eq(soon.tv_usec, 0);
	expect_eq(CALL(me, SYS_write, fd[1], P("x"), 1), 1);
	FD_SET(high, &in);
	FD_SET(fd[1], &out);
	soon.tv_sec = 5;
	expect_eq(CALL(me, SYS_select, high + 1, P(&in), P(&out), 0, P(&soon)), 2);
	expect(FD_ISSET(high, &in) && FD_ISSET(fd[1], &out));
	expect_eq(CALL(me, SYS_select, FD_SETSIZE, P(&in), 0, 0, P(&now)), 1);
	expect_eq(CALL(me, SYS_select, high + 1, 16, 0, 0, P(&now)), -EFAULT);
	expect_eq(CALL(me, SYS_select, -1, P(&in), 0, 0, P(&now)), -EINVAL);
	return bad;
}

/*
 * Large reads go to the home's CPU, small calls away from it; neither changes what the
 * thread may run on, nor leaves that.
 */
static int places(struct libos_thread *me)
{
	static char buf[65536];
	cpu_set_t was, now, one;
	int fd[3], bad = 0, i, cpu;

	expect_eq(tcp_pair(me, 9300, fd), 0);
	sched_getaffinity(0, sizeof(was), &was);
	for (cpu = 0; !CPU_ISSET(cpu, &was); cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	for (i = 0; i < 400 && !bad; i++) {
		/* From half of them on bound to a CPU. */
		if (i == 200)
			sched_setaffinity(0, sizeof(one), &one);
		expect_eq(CALL(me, SYS_write, fd[1], P(buf), 16384), 16384);
		expect_eq(CALL(me, SYS_recvfrom, fd[2], P(buf), 16384, MSG_WAITALL, 0, 0), 16384);
		if (i % 100 == 99)
			usleep(2000);
		if (i == 199) {
			sched_getaffinity(0, sizeof(now), &now);
			expect(CPU_EQUAL(&now, &was));
		}
	}
	for (i = 0; i < 2000; i++)
		CALL(me, SYS_fcntl, fd[1], F_GETFL);
	sched_getaffinity(0, sizeof(now), &now);
	expect(CPU_EQUAL(&now, &one));
	sched_setaffinity(0, sizeof(was), &was);
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
	bad += sets(me);
	bad += places(me);
	bad += faults(me);
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
	struct itimerval it = { 0 };
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
	/* Again and again: the first may come before the call. */
	it.it_value.tv_usec = it.it_interval.tv_usec = 20000;
	setitimer(ITIMER_REAL, &it, NULL);
	r = CALL(me, SYS_read, fd[2], P(&c), 1);
	it = (struct itimerval){ 0 };
	setitimer(ITIMER_REAL, &it, NULL);
	expect(r == -EINTR || r <= -512);
	/* What was interrupted leaves no trace in the next call. */
	expect_eq(CALL(me, SYS_write, fd[1], P("x"), 1), 1);
	expect_eq(CALL(me, SYS_read, fd[2], P(&c), 1), 1);
	return bad;
}

/* --- answers before frames ------------------------------------------------ */

/* A device that sends once the client has gone on, or after a while without that. */
struct patient {
	struct libos_netio io;
	int plain, large, vain;		/* frames, and those for which nobody went on */
};

/* Shared with clients. */
static struct {
	int went_on;
	int frames;			/* that the device has got */
	int asked, answered;		/* datagrams to the one who sleeps, and those it has had */
} *shared;

static int patient_tx(struct libos_netio *io, unsigned int queue,
		      struct libos_frame *const *frames, unsigned int n)
{
	struct patient *p = (struct patient *)io;
	const struct virtio_net_hdr *vnet;
	const struct ethhdr *eth;
	unsigned int i;
	long turns;

	for (i = 0; i < n; i++) {
		eth = frames[i]->seg[0].base;
		if (eth->h_proto != htons(ETH_P_IP))
			continue;	/* the stack's own: it looks for routers */
		for (turns = 0; turns < 20000000 && !load_acquire(&shared->went_on); turns++)
			cpu_relax();
		vnet = (const struct virtio_net_hdr *)&frames[i]->vnet;
		if (!load_acquire(&shared->went_on))
			p->vain++;
		else if (vnet->gso_type)
			p->large++;
		else
			p->plain++;
		store_release(&shared->frames, shared->frames + 1);
	}
	return (int)n;
}

static int patient_rx(struct libos_netio *io, unsigned int queue,
		      struct libos_frame *const *frames, unsigned int n)
{
	return 0;
}

static void patient_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
}

/* A frame, or (@large) one that is three, for segmentation offload. */
static long send_frame(struct libos_thread *me, int fd, const struct sockaddr_ll *to, bool large)
{
	struct {
		struct virtio_net_hdr vnet;
		struct ethhdr eth;
		struct iphdr ip;
		struct tcphdr tcp;
		char data[3000];
	} __attribute__((packed)) f = {
		.eth.h_proto = htons(ETH_P_IP),
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP },
		.tcp = { .doff = 5, .ack = 1 },
	};

	if (large)
		f.vnet = (struct virtio_net_hdr){
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
			.hdr_len = 54,
			.gso_size = 1000,
			.csum_start = 34,
			.csum_offset = 16,
		};
	f.ip.tot_len = htons((uint16_t)(40 + (large ? 3000 : 100)));
	return CALL(me, SYS_sendto, fd, P(&f), large ? sizeof(f) : sizeof(f) - 2900, 0, P(to),
		    sizeof(*to));
}

/* Frame number @n does, whether no call is made meanwhile, or (@fd) one after another. */
static bool comes_out(struct libos_thread *me, int fd, int n)
{
	int i;

	if (fd < 0)
		return eventually(load_acquire(&shared->frames) == n);
	for (i = 0; i < 5000 && load_acquire(&shared->frames) < n; i++)
		CALL(me, SYS_fcntl, fd, F_GETFL);
	return load_acquire(&shared->frames) == n;
}

static int sends(struct libos_thread *me, void *arg)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = *(int *)arg,
		.sll_halen = 6,
	};
	int fd, bad = 0, i, one = 1, before = load_acquire(&shared->frames);

	fd = (int)CALL(me, SYS_socket, AF_PACKET, SOCK_RAW, 0);
	expect_eq(CALL(me, SYS_setsockopt, fd, SOL_PACKET, PACKET_VNET_HDR, P(&one), sizeof(one)), 0);
	for (i = 0; i < 20 && !bad; i++) {
		store_release(&shared->went_on, 0);
		expect(send_frame(me, fd, &to, i & 1) > 100);
		store_release(&shared->went_on, 1);
		expect(comes_out(me, i & 2 ? fd : -1, before + i + 1));
	}
	return bad;
}

static void test_early(void)
{
	static const struct libos_netio_ops ops = {
		.name = "patient",
		.tx = patient_tx,
		.rx = patient_rx,
		.stats = patient_stats,
	};
	static struct patient dev = {
		.io = {
			.ops = &ops,
			.features = LIBOS_NETIO_TX_CSUM | LIBOS_NETIO_TX_TSO4,
			.queues = 1,
			.max_mtu = 1500,
			.link_up = 1,
		},
	};
	struct libos_netdev_params params = { .name = "patient" };
	struct ifreq ifr = { .ifr_name = "patient", .ifr_flags = IFF_UP | IFF_NOARP };
	int ifindex, fd;

	shared->went_on = 1;
	ifindex = libos_netdev_add(home, &params, &dev.io);
	fd = (int)CALL(home, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	CALL(home, SYS_ioctl, fd, SIOCSIFFLAGS, P(&ifr));
	dev.plain = dev.large = dev.vain = 0;
	is(status_of(fork_client(home, sends, &ifindex)), 0, "a client sends frames");
	ok(!dev.vain && dev.plain == 10 && dev.large == 10,
	   "and goes on before they are sent (%d plain, %d large, %d in vain)", dev.plain,
	   dev.large, dev.vain);
	CALL(home, SYS_close, fd);
}

/* --- who sleeps is woken, also while others call without a pause ----------- */

static int calls_on(struct libos_thread *me, void *arg)
{
	__u64 end = now_ns() + 20000000000ULL;
	int bad = 0;

	while (load_acquire(&shared->answered) < 100 && now_ns() < end)
		CALL(me, SYS_fcntl, *(int *)arg, F_GETFL);
	expect_eq(load_acquire(&shared->answered), 100);
	return bad;
}

static int sleeps(struct libos_thread *me, void *arg)
{
	int bad = 0, i;
	char c;

	for (i = 0; i < 100; i++) {
		store_release(&shared->asked, i + 1);
		expect_eq(CALL(me, SYS_read, *(int *)arg, P(&c), 1), 1);
		store_release(&shared->answered, i + 1);
	}
	return bad;
}

static void test_starved(void)
{
	int sv[2], i, caller, sleeper;

	CALL(home, SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, P(sv));
	caller = fork_client(home, calls_on, &sv[1]);
	sleeper = fork_client(home, sleeps, &sv[1]);
	for (i = 0; i < 100 && eventually(load_acquire(&shared->asked) > i); i++)
		CALL(home, SYS_write, sv[0], P("x"), 1);
	is(status_of(sleeper), 0, "one who sleeps is woken each time");
	is(status_of(caller), 0, "while another calls without a pause");
	CALL(home, SYS_close, sv[0]);
	CALL(home, SYS_close, sv[1]);
}

int main(void)
{
	struct libos_server *srv;
	int fds = count_fds();

	plan(120);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!open_home(&os, &home))
		return done();
	ok(!libos_served(home), "no server before the first fork");
	is(status_of(fork_client(home, basic_calls, NULL)), 0, "calls from a forked client");
	srv = libos_served(home);
	ok(srv != NULL, "now there is a server");
	ok(eventually(libos_serve_clients(srv, NULL, 0) == 0), "no client is left");
	is(status_of(fork_client(home, kinds, NULL)), 0,
	   "netlink, ioctl, transfers, faults and host files");
	test_shared();
	test_inherited();
	test_early();
	test_starved();
	is(status_of(fork_client(home, generations, (void *)5)), 0, "five generations");
	is(status_of(fork_client(home, threads, NULL)), 0, "threads that sleep");
	is(status_of(fork_client(home, interrupted, NULL)), 0, "a signal ends a call");
	is(status_of(fork_client(home, interrupted, (void *)SA_RESTART)), 0,
	   "also where the host restarts calls");
	libos_close(os);
	is(count_fds(), fds, "all is closed at the end");
	return done();
}
