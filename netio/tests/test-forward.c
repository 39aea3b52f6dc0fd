// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP of the host's stack through two channels and a forwarder between them:
 * proves that offload headers mean the same on both sides.
 *
 *	namespace a                 test                      namespace b
 *	10.9.2.1 tap0 <--> tap channel | raw channel <--> vf0 === vf1 10.9.2.2
 *
 * Any frame whose checksum or segmentation state were wrong would be dropped by
 * the receiving stack, and the transfer would stall.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "t.h"

#define TOTAL	(64 << 20)
#define PORT	5999

static __u32 next_word(__u32 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* Connect to @addr and send TOTAL bytes of a pattern; or take and check them. */
static int sender(const char *addr)
{
	static __u32 buf[16384];
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	__u32 x = 1;
	int fd = socket(AF_INET6, SOCK_STREAM, 0), i, total = 0, n, at;

	inet_pton(AF_INET6, addr, &sa.sin6_addr);
	for (i = 0; connect(fd, (void *)&sa, sizeof(sa)); i++) {
		if (i > 100)
			return 2;
		usleep(20000);		/* the server is not there yet */
		close(fd);
		fd = socket(AF_INET6, SOCK_STREAM, 0);
	}
	while (total < TOTAL) {
		for (i = 0; i < 16384; i++)
			buf[i] = next_word(&x);
		for (at = 0; at < (int)sizeof(buf); at += n) {
			n = write(fd, (char *)buf + at, sizeof(buf) - at);
			if (n <= 0)
				return 3;
		}
		total += sizeof(buf);
	}
	shutdown(fd, SHUT_WR);
	return read(fd, buf, 1) == 1 ? 0 : 4;
}

static int receiver(void)
{
	static __u32 buf[16384];
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int ls = socket(AF_INET6, SOCK_STREAM, 0), fd, one = 1, n, at = 0, total = 0, i;
	__u32 x = 1;

	setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(ls, (void *)&sa, sizeof(sa)) || listen(ls, 1))
		return 2;
	fd = accept(ls, NULL, NULL);
	while ((n = read(fd, (char *)buf + at, sizeof(buf) - at)) > 0) {
		at += n;
		total += n;
		if (at < (int)sizeof(buf))
			continue;
		for (i = 0; i < 16384; i++)
			if (buf[i] != next_word(&x))
				return 3;
		at = 0;
	}
	if (total != TOTAL)
		return 4;
	(void)!write(fd, "k", 1);
	return 0;
}

static pid_t start(const struct ns *ns, const char *addr)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ns_enter(ns);
	alarm(50);
	_exit(addr ? sender(addr) : receiver());
}

struct seen {
	__u64	frames, bytes, gso, csum, tcp4, tcp6;
	__u32	longest;
};

/* Pass on what one channel has; true if it had something. */
static bool forward(struct libos_netio *from, struct libos_netio *to, struct pool *p,
		    struct seen *seen)
{
	int n, i;

	pool_reset(p);
	n = from->ops->rx(from, 0, p->f, LIBOS_BURST);
	for (i = 0; i < n; i++) {
		struct libos_frame *f = p->f[i];

		seen->frames++;
		seen->bytes += f->len;
		seen->gso += f->vnet.gso_type != 0;
		seen->tcp4 += (f->vnet.gso_type & 0x7f) == 1;
		seen->tcp6 += (f->vnet.gso_type & 0x7f) == 4;
		seen->csum += f->vnet.flags & 1;
		if (f->len > seen->longest)
			seen->longest = f->len;
		frame_trim(f);
	}
	if (n > 0 && !send_all(to, p->f, n))
		note("a frame was not taken");
	return n > 0;
}

static int forward_until(struct libos_netio *a, struct libos_netio *b, pid_t *pids,
			 struct seen *ab, struct seen *ba)
{
	static struct pool p;
	int left = 2, status, worst = 0, i;

	if (!p.mem)
		pool_init(&p, 18, 4096);
	while (left) {
		bool busy = forward(a, b, &p, ab) | forward(b, a, &p, ba);
		struct libos_pollfd pf[8];
		struct pollfd fds[16];
		int n, k = 0, q;

		for (i = 0; i < 2; i++)
			if (pids[i] && ended(pids[i], &status)) {
				pids[i] = 0;
				left--;
				worst = status ? status : worst;
			}
		if (busy)
			continue;
		for (q = 0; q < 2; q++) {
			n = (q ? b : a)->ops->pollfds(q ? b : a, pf, 8);
			for (i = 0; i < n; i++)
				fds[k++] = (struct pollfd){ pf[i].fd, POLLIN, 0 };
		}
		poll(fds, k, 20);
	}
	return worst;
}

static void transfer(const char *name, const struct ns *from, const struct ns *to,
		     const char *addr, struct libos_netio *a, struct libos_netio *b, bool gso,
		     int type)
{
	struct seen ab = { 0 }, ba = { 0 }, *data = &ab;
	struct libos_netio_stats sa = stats_of(a), sb = stats_of(b), na, nb;
	__u64 t = t_now();
	pid_t pids[2];
	int ret;

	pids[0] = start(to, NULL);
	pids[1] = start(from, addr);
	ret = forward_until(a, b, pids, &ab, &ba);
	if (ba.bytes > ab.bytes)
		data = &ba;
	is(ret, 0, name);
	note("%.2f Gbit/s, %llu frames, %llu GSO, %llu without checksum, longest %u",
	     TOTAL * 8.0 / (t_now() - t), data->frames, data->gso, data->csum, data->longest);
	if (gso) {
		ok(data->longest > 20000 && data->gso > 100, "in GSO frames");
		ok(data->csum >= data->gso, "whose checksums nobody computed");
		ok((type == 4 ? data->tcp4 : data->tcp6) == data->gso, "of the right kind");
	} else {
		ok(data->longest <= 1514 && !data->gso, "in frames of an MTU");
	}
	na = stats_of(a);
	nb = stats_of(b);
	is(na.drop[LIBOS_DROP_TX_ERROR] + nb.drop[LIBOS_DROP_TX_ERROR] +
	   na.drop[LIBOS_DROP_RX_ERROR] + nb.drop[LIBOS_DROP_RX_ERROR] +
	   na.drop[LIBOS_DROP_RX_TRUNC] + nb.drop[LIBOS_DROP_RX_TRUNC] +
	   na.drop[LIBOS_DROP_TX_TOOBIG] + nb.drop[LIBOS_DROP_TX_TOOBIG], 0, "nothing was dropped");
	ok(na.rx_frames - sa.rx_frames == nb.tx_frames - sb.tx_frames &&
	   nb.rx_frames - sb.rx_frames == na.tx_frames - sa.tx_frames,
	   "what came in at one channel left by the other");
	note("%.2f calls per frame in, %.2f out", (double)(nb.rx_calls - sb.rx_calls) /
	     (nb.rx_frames - sb.rx_frames), (double)(nb.tx_calls - sb.tx_calls) /
	     (nb.tx_frames - sb.tx_frames));
}

int main(void)
{
	struct netio_tap_opts ot = { .size = sizeof(ot), .name = "ltap0", .up = 1,
				     .address = "10.9.2.1/24" };
	struct netio_raw_opts or = { .size = sizeof(or), .ifname = "vf0" };
	struct libos_netio *tap, *raw, *tap2;
	struct netio_err err = { "" };
	struct ns a, b;

	t_begin(180);
	if (access("/dev/net/tun", R_OK | W_OK))
		skip_all("no /dev/net/tun");
	a = ns_new();
	b = ns_new();
	ns_enter(&b);
	must(&b, "ip link add vf0 type veth peer name vf1 && ip link set vf0 up && "
	     "ip link set vf1 up && ip addr add 10.9.2.2/24 dev vf1 && "
	     "ip -6 addr add fd09::2/64 dev vf1 nodad && sysctl -qw net.ipv6.conf.vf0.disable_ipv6=1");
	if (netio_raw_open(&or, &raw, &err))
		bail(err.text);
	ns_enter(&a);
	if (netio_tap_open(&ot, &tap, &err))
		bail(err.text);
	must(&a, "ip -6 addr add fd09::1/64 dev ltap0 nodad");

	transfer("IPv4: tap to raw", &a, &b, "::ffff:10.9.2.2", tap, raw, true, 4);
	transfer("IPv4: raw to tap", &b, &a, "::ffff:10.9.2.1", tap, raw, true, 4);
	transfer("IPv6: tap to raw", &a, &b, "fd09::2", tap, raw, true, 6);
	transfer("IPv6: raw to tap", &b, &a, "fd09::1", tap, raw, true, 6);
	tap->ops->close(tap);

	/* The same without offloads on the TAP side. */
	ot.offload = NETIO_OFFLOAD_NONE;
	if (netio_tap_open(&ot, &tap2, &err))
		bail(err.text);
	is(tap2->features, 0, "offload none: no features");
	transfer("IPv4 without offloads: tap to raw", &a, &b, "::ffff:10.9.2.2", tap2, raw, false, 4);
	tap2->ops->close(tap2);
	raw->ops->close(raw);
	return t_end();
}
