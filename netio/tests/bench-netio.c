// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast each channel is, alone: one process sends for a while, another one
 * receives, each through the ops.  Prints a table: frames and bits per second
 * that arrived, system calls and ns of CPU time per frame on either side (a veth
 * pair does the receiver's softirq work in the sender).
 *
 *	bench-netio [milliseconds per line [name]]
 *
 * The rows "ring" receive by PACKET_MMAP (TPACKET_V2 with virtio-net headers) and
 * copy each frame into its segments, as a backend that used it would have to.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>

#include "t.h"

static int duration_ms = 500;
static const char *only;	/* rows whose names begin so */
static struct ns ns;

/* Written by the receiver, read by the sender. */
static struct shared {
	volatile __u64 frames, bytes, calls, stop, ready;
	volatile __u64 cpu_ns;
} *sh_mem;

static __u64 cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* A TCP segment of @len bytes; GSO if it is longer than an MTU. */
static void make(struct libos_frame *f, char *bytes, __u32 len)
{
	static const unsigned char head[54] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 99, 0, 1, 10, 99, 0, 2,
		0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0,
	};

	frame_make(f, bytes, len, len > 4096 ? 4096 : 0, 1);
	memcpy(bytes, head, 54);
	bytes[16] = (len - 14) >> 8;
	bytes[17] = len - 14;
	if (len > 1514) {
		f->vnet.flags = 1;
		f->vnet.gso_type = 1;
		f->vnet.gso_size = 1448;
		f->vnet.hdr_len = 54;
		f->vnet.csum_start = 34;
		f->vnet.csum_offset = 16;
	}
}

/* Send until the time is over; how long it took. */
static __u64 tx_cpu_ns;

static __u64 send_for(struct libos_netio *io, __u32 len, __u64 *sent, __u64 *calls)
{
	static char bytes[LIBOS_BURST][66000];
	struct pool p;
	__u64 start, end;
	int i, n;

	pool_init(&p, 1, 64);
	for (i = 0; i < LIBOS_BURST; i++)
		make(p.f[i], bytes[i], len);
	tx_cpu_ns = cpu_ns();
	start = t_now();
	end = start + duration_ms * MS;
	*sent = 0;
	*calls = stats_of(io).tx_calls;
	while (t_now() < end) {
		n = io->ops->tx(io, 0, p.f, LIBOS_BURST);
		if (n > 0)
			*sent += n;
		if (n < LIBOS_BURST)
			io_wait(io, true, 5);
	}
	*calls = stats_of(io).tx_calls - *calls;
	tx_cpu_ns = cpu_ns() - tx_cpu_ns;
	free(p.mem);
	return t_now() - start;
}

static void receive_until_stopped(struct libos_netio *io, unsigned int nseg)
{
	struct pool p;
	struct libos_netio_stats s;
	int n, idle = 0;

	pool_init(&p, nseg, 4096);
	io->ops->rx(io, 0, p.f, LIBOS_BURST);
	sh_mem->ready = 1;
	while (!sh_mem->stop || idle < 3) {
		pool_reset(&p);
		n = io->ops->rx(io, 0, p.f, LIBOS_BURST);
		idle = n ? 0 : idle + 1;
		if (!n)
			io_wait(io, false, 5);
	}
	s = stats_of(io);
	sh_mem->frames = s.rx_frames;
	sh_mem->bytes = s.rx_bytes;
	sh_mem->calls = s.rx_calls;
	sh_mem->cpu_ns = cpu_ns();
}

static void print_row(const char *name, __u32 len, __u64 ns_taken, __u64 sent, __u64 tx_calls)
{
	double got = sh_mem->frames ? sh_mem->frames : 1;

	printf("%-20s %6u %11.0f %11.0f %9.2f %8.3f %8.3f %8.0f %8.0f\n", name, len,
	       sent * 1e9 / ns_taken, sh_mem->frames * 1e9 / ns_taken,
	       sh_mem->bytes * 8.0 / ns_taken, sent ? (double)tx_calls / sent : 0,
	       sh_mem->calls / got, sent ? (double)tx_cpu_ns / sent : 0, sh_mem->cpu_ns / got);
}

/* One line: @rx runs in a child. */
static void row(const char *name, __u32 len, struct libos_netio *tx, struct libos_netio *rx,
		void (*receiver)(void *arg), void *arg)
{
	__u64 taken, sent, calls;
	pid_t pid;

	memset(sh_mem, 0, sizeof(*sh_mem));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(30);
		if (receiver)
			receiver(arg);
		else
			receive_until_stopped(rx, len > 1514 ? 18 : 1);
		_exit(0);
	}
	while (!sh_mem->ready)
		usleep(1000);
	taken = send_for(tx, len, &sent, &calls);
	sh_mem->stop = 1;
	sh_wait(pid);
	print_row(name, len, taken, sent, calls);
}

static struct libos_netio *must_open(const char *kind, const char *args)
{
	struct netio_err err;
	struct libos_netio *io;

	if (netio_open(kind, args, NULL, &io, &err))
		bail(err.text);
	return io;
}

static void bench_pipe(__u32 len, bool sock)
{
	int ab[2], ba[2];
	struct libos_netio *io[2];
	char args[2][60];
	struct pool p;
	int i;

	if (sock ? socketpair(AF_UNIX, SOCK_STREAM, 0, ab) : pipe(ab) || pipe(ba))
		bail("pipe");
	if (sock) {
		snprintf(args[0], 60, "fd=%d,wait=-1", ab[0]);
		snprintf(args[1], 60, "fd=%d,wait=-1", ab[1]);
	} else {
		snprintf(args[0], 60, "rfd=%d,wfd=%d,wait=-1", ba[0], ab[1]);
		snprintf(args[1], 60, "rfd=%d,wfd=%d,wait=-1", ab[0], ba[1]);
	}
	pool_init(&p, 1, 2048);
	for (i = 0; i < 2; i++)
		io[i] = must_open("pipe", args[i]);
	for (i = 0; i < 8; i++)
		io[i & 1]->ops->rx(io[i & 1], 0, p.f, 1);
	row(sock ? "pipe (socket pair)" : "pipe", len, io[0], io[1], NULL, NULL);
	io[0]->ops->close(io[0]);
	io[1]->ops->close(io[1]);
	free(p.mem);
}

static void bench_raw(__u32 len)
{
	struct libos_netio *a = must_open("raw", "ifname=bn0");
	struct libos_netio *b = must_open("raw", "ifname=bn1");

	row("raw over veth", len, a, b, NULL, NULL);
	a->ops->close(a);
	b->ops->close(b);
}

/* The same, received by a mapped ring. */
static void ring_receiver(void *arg)
{
	__u32 len = *(__u32 *)arg, slot = len > 1514 ? 1 << 17 : 2048;
	struct tpacket_req req = {
		.tp_block_size = slot > 65536 ? slot : 65536, .tp_frame_size = slot,
	};
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = if_nametoindex("bn1") };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), v = TPACKET_V2, one = 1, idle = 0;
	static char to[18 * 4096];
	unsigned int at = 0, n;
	__u64 calls = 0, frames = 0, bytes = 0;
	char *map;

	req.tp_block_nr = (16 << 20) / req.tp_block_size;
	req.tp_frame_nr = req.tp_block_nr * (req.tp_block_size / slot);
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, 23, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) ||
	    bind(fd, (void *)&sll, sizeof(sll)))
		_exit(1);
	map = mmap(NULL, (size_t)req.tp_block_size * req.tp_block_nr, PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		_exit(1);
	sh_mem->ready = 1;
	while (!sh_mem->stop || idle < 3) {
		for (n = 0; n < LIBOS_BURST; n++) {
			struct tpacket2_hdr *h = (void *)(map + (size_t)at * slot);

			if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
				break;
			memcpy(to, (char *)h + h->tp_mac, h->tp_snaplen);
			bytes += h->tp_snaplen;
			frames++;
			__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
			at = (at + 1) % req.tp_frame_nr;
		}
		idle = n ? 0 : idle + 1;
		if (!n) {
			struct pollfd p = { fd, POLLIN, 0 };

			poll(&p, 1, 5);
			calls++;
		}
	}
	sh_mem->frames = frames;
	sh_mem->bytes = bytes;
	sh_mem->calls = calls;
	sh_mem->cpu_ns = cpu_ns();
}

static void bench_ring(__u32 len)
{
	struct libos_netio *a = must_open("raw", "ifname=bn0");

	row("ring over veth", len, a, NULL, ring_receiver, &len);
	a->ops->close(a);
}

/* tap to tap through a bridge is the host's work; here the host only drops. */
static void bench_tap_tx(__u32 len)
{
	struct libos_netio *io = must_open("tap", "name=bntap0,up=1");
	__u64 taken, sent, calls;

	memset(sh_mem, 0, sizeof(*sh_mem));
	taken = send_for(io, len, &sent, &calls);
	sh_mem->frames = stats_of(io).tx_frames;
	sh_mem->bytes = stats_of(io).tx_bytes;
	sh_mem->calls = 0;
	print_row("tap, tx", len, taken, sent, calls);
	io->ops->close(io);
}

static void bench_tap_rx(__u32 len)
{
	struct libos_netio *tap = must_open("tap", "name=bntap1,up=1");
	struct libos_netio *raw = must_open("raw", "ifname=bntap1");

	row("raw to tap, rx", len, raw, tap, NULL, NULL);
	raw->ops->close(raw);
	tap->ops->close(tap);
}

/* What a wrapper costs over a channel that does nothing. */
static void bench_wrapper(const char *name, const char *args, __u32 len)
{
	struct libos_netio *io = must_open("null", args);
	__u64 taken, sent, calls;

	memset(sh_mem, 0, sizeof(*sh_mem));
	taken = send_for(io, len, &sent, &calls);
	sh_mem->frames = sent;
	sh_mem->bytes = sent * len;
	print_row(name, len, taken, sent, calls);
	io->ops->close(io);
}

static bool wanted(const char *name)
{
	return !strncmp(name, only, strlen(only)) || !strncmp(only, name, strlen(name));
}

int main(int argc, char **argv)
{
	static const __u32 sizes[] = { 64, 1514, 65226 };
	unsigned int i;

	if (argc > 1)
		duration_ms = atoi(argv[1]);
	only = argc > 2 ? argv[2] : "";
	if (duration_ms < 10 || duration_ms > 60000) {
		fprintf(stderr, "usage: bench-netio [milliseconds per line, 10..60000 [name]]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sh_mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ns = ns_new();
	ns_enter(&ns);
	must(&ns, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1;"
	     "ip link add bn0 type veth peer name bn1 && ip link set bn0 up && ip link set bn1 up");
	printf("%-20s %6s %11s %11s %9s %8s %8s %8s %8s\n", "channel", "bytes", "sent/s",
	       "received/s", "Gbit/s", "tx calls", "rx calls", "tx ns", "rx ns");
	for (i = 0; i < 3; i++) {
		if (wanted("pipe"))
			bench_pipe(sizes[i], false);
		if (wanted("pipe"))
			bench_pipe(sizes[i], true);
		if (wanted("raw over veth"))
			bench_raw(sizes[i]);
		if (wanted("ring"))
			bench_ring(sizes[i]);
		if (wanted("tap"))
			bench_tap_tx(sizes[i]);
		if (wanted("raw to tap"))
			bench_tap_rx(sizes[i]);
		if (wanted("null"))
			bench_wrapper("null", "", sizes[i]);
		if (wanted("capture"))
			bench_wrapper("capture of null", "pcap=/dev/null", sizes[i]);
		if (wanted("impaired"))
			bench_wrapper("impaired null", "loss=1%", sizes[i]);
	}
	return 0;
}
