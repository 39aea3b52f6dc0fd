// SPDX-License-Identifier: GPL-2.0-only
/* tap.c against the host's own stack, in a network namespace of its own. */
#include <linux/capability.h>
#include <sys/syscall.h>

#include "guest.h"

static struct ns ns;

static struct libos_netio *open_tap(const struct netio_tap_opts *o)
{
	struct netio_err err = { "" };
	struct libos_netio *io;

	if (netio_tap_open(o, &io, &err)) {
		note("%s", err.text);
		bail("netio_tap_open");
	}
	return io;
}

static void test_errors(void)
{
	static const struct {
		const char *name;
		struct netio_tap_opts o;
		int ret;
		const char *says;
	} cases[] = {
		{ "name too long", { .name = "a-name-too-long-for-it" }, -EINVAL, "no name for" },
		{ "slash in name", { .name = "a/b" }, -EINVAL, "no name for" },
		{ "no TAP device", { .name = "lo" }, -EINVAL, "is no TAP" },
		{ "no such bridge", { .bridge = "nobridge" }, -ENOENT, "no such bridge" },
		{ "bridge is none", { .bridge = "lo" }, -EINVAL, "that is no bridge" },
		{ "bad address", { .address = "10.0.0/24" }, -EINVAL, "no address" },
		{ "bad prefix", { .address = "10.0.0.1/33" }, -EINVAL, "no address" },
		{ "bad v6 prefix", { .address = "fd00::1/129" }, -EINVAL, "no address" },
		{ "mtu too small", { .mtu = 67 }, -EINVAL, "68..65521" },
		{ "too many queues", { .queues = 65 }, -EINVAL, "at most 64" },
		{ "bad offload", { .offload = 7 }, -EINVAL, "offload" },
	};
	struct netio_err err;
	struct libos_netio *io;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netio_tap_opts o = cases[i].o;
		int ret;

		o.size = sizeof(o);
		err.text[0] = 0;
		ret = netio_tap_open(&o, &io, &err);
		ok(ret == cases[i].ret && strstr(err.text, cases[i].says), "refused: %s (%s)",
		   cases[i].name, err.text);
	}
	is(sh(&ns, "ip -o link | grep -c tap | grep -qx 0"), 0, "a refused device leaves nothing");
}

/* Open without any capability; the exit status of a child. */
static int open_unprivileged(const char *says)
{
	struct netio_tap_opts o = { .size = sizeof(o), .name = "ltap9" };
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	struct netio_err err = { "" };
	struct libos_netio *io;
	pid_t pid = fork();

	if (pid)
		return sh_wait(pid);
	if (syscall(SYS_capset, &head, none))
		_exit(9);
	if (says)
		_exit(netio_tap_open(&o, &io, &err) == -EPERM && strstr(err.text, says) ? 0 : 1);
	_exit(netio_tap_open(&o, &io, &err) ? 1 : 0);
}

static void test_unprivileged(void)
{
	is(open_unprivileged("ip tuntap add"), 0, "without privilege: -EPERM and what to do");
	must(&ns, "ip tuntap add dev ltap9 mode tap user 0 vnet_hdr");
	is(open_unprivileged(NULL), 0, "an existing device of one's own needs none");
	must(&ns, "ip tuntap del dev ltap9 mode tap");
	must(&ns, "ip tuntap add dev ltap9 mode tap user 0 vnet_hdr multi_queue");
	is(open_unprivileged(NULL), 0, "nor does one with several queues");
	must(&ns, "ip tuntap del dev ltap9 mode tap multi_queue");
}

static void test_ping(void)
{
	struct netio_tap_opts o = { .size = sizeof(o), .name = "ltap0", .up = 1, .mtu = 65521,
				    .address = "10.9.0.1/24", .fd_min = 500 };
	struct libos_netio *io = open_tap(&o);
	struct libos_netio_stats s;
	struct libos_pollfd pf[4];
	struct guest g;
	int size;

	ok(!strcmp(netio_tap_name(io), "ltap0"), "the host's name");
	is(io->link_up, 1, "link is up");
	ok(io->features & LIBOS_NETIO_TX_TSO4 && io->features & LIBOS_NETIO_RX_GSO, "offloads");
	is(io->ops->pollfds(io, pf, 4), 2, "files to watch");
	ok(pf[0].fd >= 500 && pf[1].fd >= 500, "files are where fd_min says");
	guest_init(&g, io, "10.9.0.2");
	for (size = 0; size < 65000; size = size ? size * 4 : 18)
		is(guest_until(&g, sh_start(&ns, "ping -q -c 3 -i 0.02 -W 2 -s %d 10.9.0.2 >/dev/null",
					    size)), 0, "the host's ping is answered");
	is(guest_until(&g, sh_start(&ns, "ping -q -c 3 -i 0.02 -W 2 -s 65479 10.9.0.2 >/dev/null")),
	   0, "the largest ping is answered");
	ok(g.longest >= 65521, "it came as one frame (%u bytes)", g.longest);
	s = stats_of(io);
	ok(s.rx_frames >= g.echos + g.arps, "frames in: %llu", s.rx_frames);
	ok(s.tx_frames == g.echos + g.arps, "frames out: %llu", s.tx_frames);
	is(sh_number(&ns, "cat /sys/class/net/ltap0/statistics/rx_packets 2>/dev/null || "
		     "ip -s -j link show ltap0 | sed 's/.*\"rx\":{[^}]*\"packets\":\\([0-9]*\\).*/\\1/'"),
	   (long long)s.tx_frames, "the host counted as many");
	io->ops->close(io);
	ok(sh(&ns, "ip link show ltap0 >/dev/null 2>&1"), "closing removes the device");
}

/* Sizes, room, garbage: two taps in one bridge, so what goes in comes out. */
static void test_frames(void)
{
	static const __u32 sizes[] = { 14, 15, 59, 60, 61, 590, 1514, 1515, 4095, 4096, 4097, 9014,
				       32768, 65534, 65535 };
	struct netio_tap_opts oa = { .size = sizeof(oa), .name = "ltapa", .up = 1, .mtu = 65521,
				     .bridge = "lbr0" };
	struct netio_tap_opts ob = { .size = sizeof(ob), .name = "ltapb", .up = 1, .mtu = 65521,
				     .bridge = "lbr0" };
	char *bytes = malloc(1 << 17);
	struct libos_netio *a, *b;
	struct libos_netio_stats s;
	struct libos_frame f, *pf = &f;
	struct pool rx, small;
	size_t i, n = 0, bad = 0;
	__u64 end;

	must(&ns, "ip link add lbr0 type bridge mcast_snooping 0 && ip link set lbr0 up && "
	     "sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
	a = open_tap(&oa);
	b = open_tap(&ob);
	/* Forwarding begins after the bridge's listening state, off without STP. */
	end = t_now() + 5000 * MS;
	while (sh(&ns, "bridge link show dev ltapb | grep -q forwarding") && t_now() < end)
		;
	pool_init(&rx, 19, 4096);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int got = 0;

		frame_make(&f, bytes, sizes[i], 3700, i);
		end = t_now() + 1000 * MS;
		if (a->ops->tx(a, 0, &pf, 1) != 1)
			bad++;
		while (!got && t_now() < end) {
			io_wait(b, false, 50);
			pool_reset(&rx);
			got = b->ops->rx(b, 0, rx.f, LIBOS_BURST);
		}
		if (got == 1 && frame_is(rx.f[0], sizes[i], i))
			n++;
		else
			note("size %u: got %d, len %u", sizes[i], got, rx.f[0]->len);
	}
	is(n, sizeof(sizes) / sizeof(sizes[0]), "frames of 14 to 65535 bytes pass whole");
	is(bad, 0, "and were all taken");

	/* What cannot be sent. */
	frame_make(&f, bytes, 13, 0, 1);
	is(a->ops->tx(a, 0, &pf, 1), 1, "a runt is consumed");
	frame_make(&f, bytes, 80000, 0, 1);
	is(a->ops->tx(a, 0, &pf, 1), 1, "a frame of 80000 bytes is consumed");
	frame_make(&f, bytes, 100, 0, 1);
	f.vnet.flags = 1;
	f.vnet.csum_start = 60000;
	is(a->ops->tx(a, 0, &pf, 1), 1, "a checksum outside the frame is consumed");
	frame_make(&f, bytes, 100, 0, 1);
	f.nseg = 20;
	is(a->ops->tx(a, 0, &pf, 1), 1, "a frame with too many segments is consumed");
	f.nseg = 1;
	f.seg[0].len = 99;
	is(a->ops->tx(a, 0, &pf, 1), 1, "a frame whose segments do not add up is consumed");
	s = stats_of(a);
	is(s.drop[LIBOS_DROP_TX_ERROR], 4, "counted as tx_error");
	is(s.drop[LIBOS_DROP_TX_TOOBIG], 1, "counted as tx_toobig");
	is(s.tx_frames, sizeof(sizes) / sizeof(sizes[0]), "tx_frames counts what was sent");

	/* Room for 512 bytes only; one that fits exactly, one too long, one that fits. */
	pool_init(&small, 2, 256);
	for (i = 0; i < 3; i++) {
		static const __u32 len[] = { 512, 513, 511 };

		frame_make(&f, bytes, len[i], 0, 70 + i);
		a->ops->tx(a, 0, &pf, 1);
	}
	n = 0;
	end = t_now() + 1000 * MS;
	while (n < 2 && t_now() < end) {
		io_wait(b, false, 50);
		n += b->ops->rx(b, 0, small.f + n, LIBOS_BURST - n);
	}
	ok(n == 2 && frame_is(small.f[0], 512, 70) && frame_is(small.f[1], 511, 72),
	   "a frame longer than the room is dropped, its neighbours are not");
	is(stats_of(b).drop[LIBOS_DROP_RX_TRUNC], 1, "counted as rx_trunc");

	/* More than the host queues for us. */
	frame_make(&f, bytes, 1000, 0, 5);
	for (i = 0; i < 3000; i++)
		a->ops->tx(a, 0, &pf, 1);
	n = 0;
	do {
		pool_reset(&rx);
		i = b->ops->rx(b, 0, rx.f, LIBOS_BURST);
		n += i;
	} while (i);
	s = stats_of(b);
	ok(n < 3000 && n >= 500, "of 3000 frames %zu were in the queue", n);
	is(s.drop[LIBOS_DROP_RX_OVERRUN], 3000 - n, "the others are rx_overrun");

	/* Cable pull at the end of a burst: nobody tells of it twice. */
	is(a->ops->tx(a, 0, &pf, 1), 1, "a frame is sent");
	must(&ns, "ip link set ltapb down");
	pool_reset(&rx);
	ok(io_wait(b, false, 1000) && b->ops->rx(b, 0, rx.f, LIBOS_BURST) == 1 && !b->link_up,
	   "it comes, and the host's side down: link is down");
	must(&ns, "ip link set ltapb up");
	link_becomes(b, rx.f, 1, 1000);

	/* Cable pull, then the device is deleted. */
	must(&ns, "ip link set ltapb down");
	ok(link_becomes(b, rx.f, 0, 1000), "the host's side down: link is down");
	is(b->ops->tx(b, 0, &pf, 1), 1, "then a frame is consumed");
	is(stats_of(b).drop[LIBOS_DROP_TX_DOWN], 1, "and counted as tx_down");
	must(&ns, "ip link set ltapb up");
	ok(link_becomes(b, rx.f, 1, 1000), "up again: link is up");
	must(&ns, "ip link del ltapb");
	for (i = 0; i < 20 && io_wait(b, false, 100); i++)
		b->ops->rx(b, 0, rx.f, 1);
	ok(!b->link_up && i < 20, "deleted: link is down, and its files are quiet (%zu rounds)", i);
	is(b->ops->tx(b, 0, &pf, 1), 1, "a frame is consumed");
	a->ops->close(a);
	b->ops->close(b);
	must(&ns, "ip link del lbr0");
}

static void test_queues(void)
{
	struct netio_tap_opts o = { .size = sizeof(o), .name = "ltapq", .up = 1, .queues = 4 };
	struct libos_netio *io = open_tap(&o);
	struct libos_pollfd pf[8];
	int i, n;

	is(io->queues, 4, "four queues");
	n = io->ops->pollfds(io, pf, 8);
	for (i = 0; i < 4 && pf[i].queue == i; i++)
		;
	ok(n == 5 && i == 4, "each has its file");
	is(sh(&ns, "test $(ls -d /sys/class/net/ltapq/queues/tx-* 2>/dev/null | wc -l) -ge 1 || "
	      "ip -d link show ltapq | grep -q multi_queue"), 0, "the host has them too");
	io->ops->close(io);
}

int main(void)
{
	t_begin(120);
	if (access("/dev/net/tun", R_OK | W_OK))
		skip_all("no /dev/net/tun");
	ns = ns_new();
	ns_enter(&ns);
	must(&ns, "ip link set lo up");
	test_errors();
	test_unprivileged();
	test_ping();
	test_frames();
	test_queues();
	return t_end();
}
