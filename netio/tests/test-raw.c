// SPDX-License-Identifier: GPL-2.0-only
/*
 * raw.c on one end of a veth pair, the host's stack on the other.
 *
 *	      namespace                 host stack of "peer"
 *	raw -> vr0 ====================== vp0  10.9.1.1
 */
#include <net/if.h>

#include "guest.h"

static struct ns ns, peer;

static struct libos_netio *open_raw(const struct netio_raw_opts *o)
{
	struct netio_err err = { "" };
	struct libos_netio *io;

	if (netio_raw_open(o, &io, &err)) {
		note("%s", err.text);
		bail("netio_raw_open");
	}
	return io;
}

static void test_errors(void)
{
	static const struct {
		const char *name;
		struct netio_raw_opts o;
		int ret;
		const char *says;
	} cases[] = {
		{ "no name", { 0 }, -EINVAL, "no name of" },
		{ "no such device", { .ifname = "nothere" }, -ENODEV, "no network device nothere" },
		{ "too many queues", { .ifname = "vr0", .queues = 65 }, -EINVAL, "out of range" },
		{ "no Ethernet", { .ifname = "tun9" }, -EINVAL, "no Ethernet" },
	};
	struct netio_err err;
	struct libos_netio *io;
	size_t i;

	must(&ns, "ip tuntap add dev tun9 mode tun");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netio_raw_opts o = cases[i].o;
		int ret;

		o.size = sizeof(o);
		err.text[0] = 0;
		ret = netio_raw_open(&o, &io, &err);
		ok(ret == cases[i].ret && strstr(err.text, cases[i].says), "refused: %s (%s)",
		   cases[i].name, err.text);
	}
	must(&ns, "ip link del tun9");
}

static int drain(struct libos_netio *io, struct pool *p, int want, int ms)
{
	__u64 end = t_now() + ms * MS;
	int got = 0;

	pool_reset(p);
	while (got < want && t_now() < end) {
		io_wait(io, false, 20);
		got += io->ops->rx(io, 0, p->f + got, LIBOS_BURST - got);
	}
	return got;
}

static void test_ping(void)
{
	struct netio_raw_opts o = { .size = sizeof(o), .ifname = "vr0", .fd_min = 400,
				    .mac = GUEST_MAC, .timestamps = 1 };
	struct libos_netio *io = open_raw(&o);
	struct libos_netio_stats s;
	struct guest g;
	int size;

	is(io->link_up, 1, "link is up");
	is(io->max_mtu, 9000, "MTU is the NIC's");
	guest_init(&g, io, "10.9.1.2");
	for (size = 18; size < 8900; size *= 5)
		is(guest_until(&g, sh_start(&peer,
					    "ping -q -c 3 -i 0.02 -W 2 -s %d 10.9.1.2 >/dev/null", size)),
		   0, "the host's ping is answered");
	s = stats_of(io);
	ok(s.tx_frames == g.echos + g.arps, "frames out: %llu", s.tx_frames);
	is(s.drop[LIBOS_DROP_TX_ERROR] + s.drop[LIBOS_DROP_RX_ERROR], 0, "no errors");
	is(sh(&peer, "ip neigh show 10.9.1.2 | grep -q 02:4c:4f:53:00:01"), 0,
	   "the host has our hardware address");
	io->ops->close(io);
}

/* What the filter, the direction and the host's VLAN handling do to frames. */
static void test_filter(void)
{
	struct netio_raw_opts o = { .size = sizeof(o), .ifname = "vr0", .mac = GUEST_MAC,
				    .timestamps = 1 };
	struct netio_raw_opts op = { .size = sizeof(op), .ifname = "vp0" };
	struct libos_netio *io = open_raw(&o), *far;
	struct libos_frame f, *pf = &f;
	static const char tag[] = "\x81\x00\x20\x07";
	static char bytes[16384], want[16384];
	struct pool rx;
	int i;

	ns_enter(&peer);
	far = open_raw(&op);
	ns_enter(&ns);
	pool_init(&rx, 19, 1000);

	frame_make(&f, bytes, 100, 0, 1);
	memcpy(bytes, GUEST_MAC, 6);
	far->ops->tx(far, 0, &pf, 1);
	memcpy(bytes, "\x02\x99\x99\x99\x99\x99", 6);
	far->ops->tx(far, 0, &pf, 1);
	memcpy(bytes, "\xff\xff\xff\xff\xff\xff", 6);
	far->ops->tx(far, 0, &pf, 1);
	memcpy(bytes, "\x01\x00\x5e\x00\x00\x01", 6);
	far->ops->tx(far, 0, &pf, 1);
	memcpy(bytes, "\x02\x4c\x4f\x53\x00\x02", 6);
	far->ops->tx(far, 0, &pf, 1);
	is(drain(io, &rx, 4, 300), 3, "of five frames those to us, broadcast and multicast come");
	ok(rx.f[0]->tstamp_ns > 1600000000000000000ULL, "stamped on arrival");
	is(stats_of(io).rx_frames, 3, "and no other was even received");

	f.vnet.flags = 0;
	io->ops->tx(io, 0, &pf, 1);
	is(drain(io, &rx, 1, 100), 0, "what we send does not come back");

	/* A tagged frame: the host strips the tag on rx, we put it back. */
	for (i = 0; i < 2; i++) {
		__u32 len = i ? 8000 : 200;

		frame_make(&f, bytes, len, 0, 9);
		memmove(bytes + 16, bytes + 12, len - 16);
		memcpy(bytes + 12, tag, 4);
		memcpy(bytes, GUEST_MAC, 6);
		memcpy(want, bytes, len);
		far->ops->tx(far, 0, &pf, 1);
		is(drain(io, &rx, 1, 1000), 1, "a frame with VLAN tag comes");
		frame_read(rx.f[0], bytes, rx.f[0]->len);
		ok(rx.f[0]->len == len && !memcmp(bytes, want, len),
		   "with its tag, over several segments (%u bytes)", rx.f[0]->len);
	}
	io->ops->close(io);
	far->ops->close(far);
}

/* Wait for news of the link; the carrier of a veth takes its time. */
static bool link_told(struct libos_netio *io)
{
	struct libos_pollfd pf[8];
	struct pollfd fd = { .events = POLLIN };
	int n = io->ops->pollfds(io, pf, 8);

	while (n-- > 0)
		if (pf[n].told)
			fd.fd = pf[n].fd;
	return poll(&fd, 1, 5000) == 1;
}

static void test_batch(void)
{
	struct netio_raw_opts o = { .size = sizeof(o), .ifname = "vr0" };
	struct netio_raw_opts op = { .size = sizeof(op), .ifname = "vp0", .rcvbuf = 65536 };
	struct libos_netio *io = open_raw(&o), *far;
	static char bytes[LIBOS_BURST][2048];
	struct libos_netio_stats s;
	struct pool tx, rx, small;
	unsigned int i, k, good = 0, got;
	int n;

	ns_enter(&peer);
	far = open_raw(&op);
	ns_enter(&ns);
	pool_init(&tx, 1, 64);
	pool_init(&rx, 2, 2048);
	pool_init(&small, 1, 600);
	for (i = 0; i < LIBOS_BURST; i++)
		frame_make(tx.f[i], bytes[i], 60 + i, 25, i);
	is(io->ops->tx(io, 0, tx.f, LIBOS_BURST), LIBOS_BURST, "a burst is sent");
	is(stats_of(io).tx_calls, 1, "by one call");
	n = far->ops->rx(far, 0, rx.f, LIBOS_BURST);
	is(n, LIBOS_BURST, "a burst is received");
	ok(stats_of(far).rx_calls <= 5, "by %llu calls, for it was not expected",
	   stats_of(far).rx_calls);
	for (i = 0; (int)i < n; i++)
		good += frame_is(rx.f[i], 60 + i, i);
	is(good, LIBOS_BURST, "whole and in order");

	/* Bad ones within a burst are consumed, the others go. */
	frame_make(tx.f[3], bytes[3], 13, 0, 3);
	tx.f[7]->nseg = 0;
	tx.f[9]->len = 70000;
	frame_make(tx.f[20], bytes[20], 20, 0, 3);
	tx.f[20]->vnet.gso_type = 1;	/* GSO without a size */
	is(io->ops->tx(io, 0, tx.f, LIBOS_BURST), LIBOS_BURST, "a burst with bad frames is consumed");
	s = stats_of(io);
	is(s.drop[LIBOS_DROP_TX_ERROR], 3, "three are tx_error");
	is(s.drop[LIBOS_DROP_TX_TOOBIG], 1, "one is tx_toobig");
	is(s.tx_frames, 2 * LIBOS_BURST - 4, "the others were sent");
	pool_reset(&rx);
	s = stats_of(far);
	is(far->ops->rx(far, 0, rx.f, LIBOS_BURST), LIBOS_BURST - 4, "and received");
	is(stats_of(far).rx_calls - s.rx_calls, 1, "by one call");

	/* A frame longer than the NIC's MTU and no GSO frame. */
	{
		static char big[20000];
		struct libos_frame f, *pf = &f;

		frame_make(&f, big, 9100, 4000, 1);
		is(io->ops->tx(io, 0, &pf, 1), 1, "a frame longer than the MTU is consumed");
		is(stats_of(io).drop[LIBOS_DROP_TX_TOOBIG], 2, "and counted as tx_toobig");
	}

	/* Too long for the room: in the middle of a burst. */
	for (i = 0; i < 8; i++)
		frame_make(tx.f[i], bytes[i], i == 3 || i == 4 ? 700 : 500 + i, 0, i);
	io->ops->tx(io, 0, tx.f, 8);
	got = far->ops->rx(far, 0, small.f, 6);
	for (i = 0, k = 0, good = 0; i < got; i++, k++) {
		if (k == 3)
			k = 5;
		good += frame_is(small.f[i], 500 + k, k);
	}
	is(good, 6, "frames without room are dropped, the gap is closed");
	is(stats_of(far).drop[LIBOS_DROP_RX_TRUNC], 2, "counted as rx_trunc");

	/* Overrun: more than the small receive buffer takes. */
	for (i = 0; i < LIBOS_BURST; i++)
		frame_make(tx.f[i], bytes[i], 1500, 0, i);
	for (k = 0; k < 50; k++)
		send_all(io, tx.f, LIBOS_BURST);
	for (got = 0; (n = far->ops->rx(far, 0, rx.f, LIBOS_BURST)) > 0; got += n)
		pool_reset(&rx);
	s = stats_of(far);
	ok(s.drop[LIBOS_DROP_RX_OVERRUN] > 0, "a slow reader loses frames");
	is(got + s.drop[LIBOS_DROP_RX_OVERRUN], 50 * LIBOS_BURST, "and each one is counted");

	/* Cable pull at the end of a burst: nobody tells of it twice. */
	is(far->ops->tx(far, 0, tx.f, 3), 3, "frames are sent");
	must(&peer, "ip link set vp0 down");
	pool_reset(&rx);
	ok(link_told(io) && io_wait(io, false, 0) &&
	   io->ops->rx(io, 0, rx.f, LIBOS_BURST) >= 3 && !io->link_up,
	   "they come, and the peer's end down: link is down");
	must(&peer, "ip link set vp0 up");
	link_becomes(io, rx.f, 1, 2000);

	/* Cable pull and NIC gone. */
	must(&peer, "ip link set vp0 down");
	ok(link_becomes(io, rx.f, 0, 2000), "the peer's end down: link is down");
	must(&peer, "ip link set vp0 up");
	ok(link_becomes(io, rx.f, 1, 2000), "up again: link is up");
	must(&ns, "ip link del vr0");
	for (i = 0; i < 40 && (io_wait(io, false, 100)); i++)
		io->ops->rx(io, 0, rx.f, 1);
	ok(!io->link_up && i < 40, "NIC gone: link is down, its files are quiet");
	frame_make(tx.f[0], bytes[0], 100, 0, 1);
	is(io->ops->tx(io, 0, tx.f, 1), 1, "a frame is consumed");
	is(stats_of(io).drop[LIBOS_DROP_TX_DOWN], 1, "and counted as tx_down");
	io->ops->close(io);
	far->ops->close(far);
}

static void test_fanout(void)
{
	struct netio_raw_opts o = { .size = sizeof(o), .ifname = "vr0", .queues = 2 };
	struct libos_netio *io = open_raw(&o);
	struct pool rx;
	unsigned int q;
	__u64 end = t_now() + 3000 * MS;
	int got[2] = { 0 };
	pid_t pid;

	pool_init(&rx, 1, 2048);
	must(&peer, "ip neigh replace 10.9.1.2 lladdr 02:4c:4f:53:00:01 dev vp0");
	pid = sh_start(&peer, "bash -c 'for p in {2000..2015}; do echo x >/dev/udp/10.9.1.2/$p; done'");
	while (got[0] + got[1] < 16 && t_now() < end) {
		io_wait(io, false, 20);
		for (q = 0; q < 2; q++)
			got[q] += io->ops->rx(io, q, rx.f, LIBOS_BURST);
	}
	sh_wait(pid);
	ok(got[0] + got[1] >= 16, "both queues together got all flows (%d + %d)", got[0], got[1]);
	ok(got[0] && got[1], "flows are spread");
	io->ops->close(io);
}

static void make_veth(void)
{
	must(&ns, "ip link add vr0 mtu 9000 type veth peer name vp0 mtu 9000 netns %d", peer.pid);
	must(&ns, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip link set vr0 up");
	must(&peer, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip link set vp0 up && "
	     "ip addr add 10.9.1.1/24 dev vp0");
	while (sh(&ns, "ip link show vr0 | grep -q LOWER_UP"))
		;
}

int main(void)
{
	t_begin(120);
	ns = ns_new();
	peer = ns_new();
	ns_enter(&ns);
	make_veth();
	test_errors();
	test_ping();
	test_filter();
	test_fanout();
	test_batch();
	return t_end();
}
