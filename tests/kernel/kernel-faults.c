// SPDX-License-Identifier: GPL-2.0-only
/* Bad pointers, a full arena, a kernel panic: none of them takes the process. */
#include "stack.h"
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

static void test_bad_pointers(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(4000),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct { char name[16]; short flags; char pad[22]; } ifr = { "lo", 0x41, "" };
	long s = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0), r;
	struct iovec iov;

	mprotect(page + 4096, 4096, PROT_NONE);
	sys(SYS_ioctl, s, 0x8914, &ifr);
	sys(SYS_bind, s, &sin, sizeof(sin));

	ok(sys(SYS_openat, -100, 16, 0) == -EFAULT, "a path at 16");
	memcpy(page + 4096 - 4, "abcd", 4);
	ok(sys(SYS_openat, -100, page + 4092, 0) == -EFAULT, "a path that runs into a hole");
	strcpy(page + 4096 - 6, "/proc");
	r = sys(SYS_openat, -100, page + 4090, 0);
	ok(r >= 0, "a path that ends right before a hole is fine (%ld)", r);
	sys(SYS_close, r);
	ok(sys(SYS_bind, s, 8, 16) == -EFAULT, "a socket address at 8");
	ok(sys(SYS_sendto, s, page + 4000, 200, 0, &sin, sizeof(sin)) == -EFAULT,
	   "a datagram that runs into a hole");
	ok(sys(SYS_sendto, s, "0123456789", 10, 0, &sin, sizeof(sin)) == 10, "a good one goes");
	ok(sys(SYS_recvfrom, s, page + 4096, 10, 0, 0, 0) == -EFAULT, "and is received into a hole");
	ok(sys(SYS_getsockname, s, page, 8) == -EFAULT, "put_user() to 8");
	iov = (struct iovec) { page + 4096, 8 };
	ok(sys(SYS_writev, s, &iov, 1) == -EFAULT || sys(SYS_writev, s, &iov, 1) == -EDESTADDRREQ,
	   "an iovec that points to a hole");
	ok(sys(SYS_writev, s, 24, 1) == -EFAULT, "an iovec at 24");
	ok(sys(SYS_clock_gettime, 0, page + 4088) == -EFAULT, "a result half in a hole");
	ok(sys(SYS_sendto, s, 1UL << 63, 10, 0, &sin, sizeof(sin)) == -EFAULT,
	   "a datagram in the kernel's half of the host");
	ok(sys(SYS_recvfrom, s, (1UL << 47) - 4096, 10, MSG_DONTWAIT, 0, 0) == -EFAULT,
	   "a buffer just beyond the program's half");
	ok(sys(SYS_recvfrom, s, -8L, 100, MSG_DONTWAIT, 0, 0) == -EFAULT, "one that wraps");
	ok(sys(SYS_getpid) == 1, "and the instance is well");
	munmap(page, 8192);
	sys(SYS_close, s);
}

static unsigned long meminfo(const char *key)
{
	char *at = strstr(slurp("/proc/meminfo"), key);

	return at ? strtoul(at + strlen(key), NULL, 10) << 10 : 0;
}

/* Most of the arena is hidden at boot, and comes out of hiding as it is used. */
static void test_growth(void)
{
	const unsigned long total = meminfo("MemTotal:"), free0 = meminfo("MemFree:");
	struct tpacket_req req = { 1 << 20, 16, 2048, 16 * 512 };
	unsigned long n;
	long socks[100];

	ok(total > 240 << 20, "of an arena of 256 MiB %lu are counted", total >> 20);
	ok(free0 < 48 << 20, "and %lu are free at boot, the others hidden", free0 >> 20);
	for (n = 0; n < 100; n++) {
		socks[n] = sys(SYS_socket, AF_PACKET, SOCK_RAW, 0);
		if (sys(SYS_setsockopt, socks[n], SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
			break;
	}
	ok(n >= (total >> 24) - 2, "rings of 16 MiB: %lu fit", n);
	if (n < 100)
		sys(SYS_close, socks[n]);
	while (n--)
		sys(SYS_close, socks[n]);
	n = meminfo("MemFree:");
	ok(n + (16 << 20) > total, "all but %lu MiB are free afterwards", (total - n) >> 20);
}

/* Sockets that cannot be mapped: TCP's could, with an MMU. */
static void test_mmap(void)
{
	static const int type[] = { SOCK_STREAM, SOCK_DGRAM };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		long s = sys(SYS_socket, AF_INET, type[i], 0);

		ok(sys(SYS_mmap, 0, 65536, PROT_READ, MAP_SHARED, s, 0) == -ENODEV,
		   "mmap() of %s is refused", i ? "a UDP socket" : "a TCP socket");
		sys(SYS_close, s);
	}
}

/* Rings of packet sockets, whose memory is allocated at once, fill the arena. */
static int fill_arena(long *socks, int max)
{
	unsigned int block;
	int n = 0;

	for (block = 1 << 20; block >= 4096; block >>= 4) {
		struct tpacket_req req = { block, 16, 2048, 16 * (block / 2048) };

		while (n < max) {
			long s = sys(SYS_socket, AF_PACKET, SOCK_RAW, 0), r;

			if (s < 0)
				return n;
			socks[n++] = s;
			r = sys(SYS_setsockopt, s, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req));
			if (r == -ENOMEM)
				break;
			if (r)
				return -1;
		}
	}
	return n;
}

static void test_full_arena(void)
{
	static char buf[60000];
	static long socks[2000], more[20000];
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(9999),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long tx = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0), r = 0;
	int i, n, m;

	n = fill_arena(socks, 2000);
	ok(n > 3, "rings of %d packet sockets fill the arena: ENOMEM", n);
	for (m = 0; m < 20000; m++) {
		more[m] = r = sys(SYS_socket, AF_INET6, SOCK_STREAM, 0);
		if (r < 0)
			break;
	}
	ok(r == -ENOMEM || r == -ENFILE || r == -ENOBUFS, "socket() fails after %d more (%ld)", m, r);
	for (i = 0; i < 100; i++)
		r = sys(SYS_sendto, tx, buf, sizeof(buf), MSG_DONTWAIT, &sin, sizeof(sin));
	ok(r < 0 || r == sizeof(buf), "sendto() fails or not, but returns (%ld)", r);
	ok(sys(SYS_getpid) == 1, "and calls go on");
	for (i = 0; i < n; i++)
		sys(SYS_close, socks[i]);
	for (i = 0; i < m; i++)
		sys(SYS_close, more[i]);
	socks[0] = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	ok(socks[0] >= 0 && sys(SYS_bind, socks[0], &sin, sizeof(sin)) == 0 &&
	   sys(SYS_sendto, tx, buf, 1000, 0, &sin, sizeof(sin)) == 1000 &&
	   sys(SYS_recvfrom, socks[0], buf, sizeof(buf), 0, 0, 0) == 1000,
	   "memory given back is used again");
	sys(SYS_close, socks[0]);
	sys(SYS_close, tx);
}

static void test_panic(void)
{
	long fd = sys(SYS_openat, -100, "/proc/sysrq-trigger", O_WRONLY), r;

	r = sys(SYS_write, fd, "c", 1);
	ok(r == -ESHUTDOWN, "a call that panics the kernel returns ESHUTDOWN (%ld)", r);
	ok(strstr(klog, "Kernel panic - not syncing: sysrq triggered crash") != NULL,
	   "the log says why");
	ok(strstr(klog, "Call Trace:") && strstr(klog, "sysrq_handle_crash+0x"),
	   "with a backtrace and symbols");
	ok(sys(SYS_getpid) == -ESHUTDOWN, "later calls return ESHUTDOWN");
}

int main(void)
{
	boot(48 << 20, NULL);
	test_bad_pointers();
	check_log();
	test_mmap();
	test_full_arena();		/* logs its allocation failures, as it should */
	test_panic();
	libos_close(os);

	klog_len = 0;
	memset(klog, 0, sizeof(klog));
	boot(0, NULL);
	ok(sys(SYS_getpid) == 1, "another instance boots in the same process");
	test_growth();
	libos_close(os);
	return done_testing();
}
