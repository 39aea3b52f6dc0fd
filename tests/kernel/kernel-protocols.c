// SPDX-License-Identifier: GPL-2.0-only
/* Data through each transport of the stack, over lo, on IPv4 and IPv6. */
#include "stack.h"
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define DCCP_SERVICE_OPT 2

union addr {
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t loopback(union addr *addr, int family, int port)
{
	memset(addr, 0, sizeof(*addr));
	if (family == AF_INET) {
		addr->in.sin_family = AF_INET;
		addr->in.sin_port = htons(port);
		addr->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(addr->in);
	}
	addr->in6.sin6_family = AF_INET6;
	addr->in6.sin6_port = htons(port);
	addr->in6.sin6_addr.s6_addr[15] = 1;
	return sizeof(addr->in6);
}

static void fill(unsigned char *buf, size_t len, unsigned int seed)
{
	while (len--)
		*buf++ = seed = seed * 1103515245 + 12345;
}

/* Protocols that this library's configuration has, as it says itself. */
static int has_protocol(const char *name)
{
	char key[32];

	snprintf(key, sizeof(key), "\n%s ", name);
	return strstr(slurp("/proc/net/protocols"), key) != NULL;
}

static const struct stream {
	const char *name, *proc;
	int type, proto;
} streams[] = {
	{ "TCP", "TCP", SOCK_STREAM, IPPROTO_TCP },
	{ "MPTCP", "MPTCP", SOCK_STREAM, IPPROTO_MPTCP },
	{ "SCTP", "SCTP", SOCK_STREAM, IPPROTO_SCTP },
	{ "DCCP", "DCCP", SOCK_DCCP, IPPROTO_DCCP },
};

/* Connect, send 1 MB (DCCP: a few packets) both ways, compare, close. */
static void test_stream(const struct stream *st, int family, const char *cc)
{
	static unsigned char out[1 << 20], in[1 << 20];
	size_t total = st->type == SOCK_DCCP ? 4 * 1000 : sizeof(out), chunk, sent = 0, got = 0;
	const char *fam = family == AF_INET ? "IPv4" : "IPv6";
	int service = htonl(42);
	union addr addr;
	socklen_t len = loopback(&addr, family, 5000);
	long l, c, a, r;

	l = sys(SYS_socket, family, st->type, st->proto);
	c = sys(SYS_socket, family, st->type, st->proto);
	if (cc)
		sys(SYS_setsockopt, c, IPPROTO_TCP, TCP_CONGESTION, cc, strlen(cc));
	if (st->type == SOCK_DCCP) {
		sys(SYS_setsockopt, l, SOL_DCCP, DCCP_SERVICE_OPT, &service, sizeof(service));
		sys(SYS_setsockopt, c, SOL_DCCP, DCCP_SERVICE_OPT, &service, sizeof(service));
	}
	r = sys(SYS_bind, l, &addr, len);
	r = r ?: sys(SYS_listen, l, 5);
	r = r ?: sys(SYS_connect, c, &addr, len);
	a = sys(SYS_accept, l, 0, 0);
	if (!ok(r == 0 && a >= 0, "%s over %s%s%s: connection", st->name, fam, cc ? ", " : "", cc ?: "")) {
		printf("# %ld, %ld\n", r, a);
		goto out;
	}
	fill(out, total, 1);
	memset(in, 0, sizeof(in));
	chunk = st->type == SOCK_DCCP ? 1000 : 64000;
	while (got < total) {
		if (sent < total) {
			size_t n = total - sent < chunk ? total - sent : chunk;

			r = sys(SYS_sendto, c, out + sent, n, MSG_DONTWAIT, 0, 0);
			if (r > 0)
				sent += r;
			else if (r != -EAGAIN)
				break;
		}
		r = sys(SYS_recvfrom, a, in + got, total - got, sent < total ? MSG_DONTWAIT : 0, 0, 0);
		if (r > 0)
			got += r;
		else if (r != -EAGAIN)
			break;
	}
	ok(got == total && !memcmp(in, out, total), "%s over %s: %zu bytes arrive as sent (%ld)",
	   st->name, fam, got, r);
	sys(SYS_close, c);
	c = -1;
	r = sys(SYS_recvfrom, a, in, sizeof(in), 0, 0, 0);
	ok(r == 0, "%s over %s: end of file after close (%ld)", st->name, fam, r);
	sys(SYS_close, a);
out:
	sys(SYS_close, c);
	sys(SYS_close, l);
}

static void test_datagram(const char *name, int proto, int family)
{
	static unsigned char out[1400], in[2000];
	union addr addr;
	socklen_t len = loopback(&addr, family, 6000);
	long s = sys(SYS_socket, family, SOCK_DGRAM, proto);
	long c = sys(SYS_socket, family, SOCK_DGRAM, proto), r;

	fill(out, sizeof(out), proto);
	r = sys(SYS_bind, s, &addr, len);
	r = r ?: sys(SYS_sendto, c, out, sizeof(out), 0, &addr, len);
	if (r > 0)
		r = sys(SYS_recvfrom, s, in, sizeof(in), 0, 0, 0);
	ok(r == sizeof(out) && !memcmp(in, out, r), "%s over %s: a datagram (%ld)", name,
	   family == AF_INET ? "IPv4" : "IPv6", r);
	sys(SYS_close, s);
	sys(SYS_close, c);
}

static void test_ping(void)
{
	struct icmphdr req = { .type = ICMP_ECHO, .un.echo = { htons(7), htons(1) } };
	struct { struct iphdr ip; struct icmphdr icmp; } __attribute__((packed)) reply;
	struct icmp6_hdr req6 = { .icmp6_type = ICMP6_ECHO_REQUEST, .icmp6_id = htons(7) }, reply6;
	unsigned short *p = (void *)&req;
	unsigned int sum = 0;
	union addr addr;
	socklen_t len;
	long s, r;
	int i;

	for (i = 0; i < 4; i++)
		sum += p[i];
	req.checksum = ~((sum & 0xffff) + (sum >> 16));
	s = sys(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	len = loopback(&addr, AF_INET, 0);
	sys(SYS_sendto, s, &req, sizeof(req), 0, &addr, len);
	do
		r = sys(SYS_recvfrom, s, &reply, sizeof(reply), 0, 0, 0);
	while (r > 0 && reply.icmp.type != ICMP_ECHOREPLY);
	ok(r == sizeof(reply) && reply.icmp.un.echo.id == htons(7), "ICMP echo");
	sys(SYS_close, s);

	s = sys(SYS_socket, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	len = loopback(&addr, AF_INET6, 0);
	sys(SYS_sendto, s, &req6, sizeof(req6), 0, &addr, len);
	do
		r = sys(SYS_recvfrom, s, &reply6, sizeof(reply6), 0, 0, 0);
	while (r > 0 && reply6.icmp6_type != ICMP6_ECHO_REPLY);
	ok(r == sizeof(reply6) && reply6.icmp6_id == htons(7), "ICMPv6 echo");
	sys(SYS_close, s);
}

static void test_netlink(void)
{
	static char buf[32768];
	struct { struct nlmsghdr n; struct ifinfomsg i; } req = {
		.n = { .nlmsg_len = sizeof(req), .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	long s = sys(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), r;
	struct ifinfomsg *info = (void *)(buf + sizeof(struct nlmsghdr));

	sys(SYS_sendto, s, &req, sizeof(req), 0, 0, 0);
	r = sys(SYS_recvfrom, s, buf, sizeof(buf), 0, 0, 0);
	ok(r > 0 && ((struct nlmsghdr *)buf)->nlmsg_type == RTM_NEWLINK && info->ifi_index == 1,
	   "rtnetlink lists lo first");
	sys(SYS_close, s);
}

static void test_packet(void)
{
	unsigned char buf[2000];
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(0x0003),
				  .sll_ifindex = 1 };
	union addr addr;
	socklen_t len = loopback(&addr, AF_INET, 6001);
	long p = sys(SYS_socket, AF_PACKET, SOCK_RAW, htons(0x0003));
	long s = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0), r;

	ok(sys(SYS_bind, p, &ll, sizeof(ll)) == 0, "a packet socket on lo");
	sys(SYS_sendto, s, "captured", 8, 0, &addr, len);
	r = sys(SYS_recvfrom, p, buf, sizeof(buf), 0, 0, 0);
	ok(r == 14 + 20 + 8 + 8 && !memcmp(buf + 42, "captured", 8), "sees what is sent (%ld)", r);
	sys(SYS_close, p);
	sys(SYS_close, s);
}

static void up(void)
{
	struct { char name[16]; short flags; char pad[22]; } ifr = { "lo", 0x41, "" };
	long s = sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	sys(SYS_ioctl, s, 0x8914, &ifr);
	sys(SYS_close, s);
}

/*
 * No rule has asked for connection tracking: nothing of the above was tracked, and
 * nothing is in a namespace that comes and goes.
 */
static void test_untracked(void)
{
	static const char count[] = "/proc/sys/net/netfilter/nf_conntrack_count";
	long home;

	if (!*slurp(count)) {
		skip("connection tracking", "not in this library's configuration");
		return;
	}
	ok(!strcmp(slurp(count), "0\n"), "no connection is tracked unasked");
	home = sys(SYS_openat, -100, "/proc/self/ns/net", 0);
	ok(!sys(SYS_unshare, CLONE_NEWNET), "in a network namespace of its own:");
	up();
	test_stream(&streams[0], AF_INET, NULL);
	ok(!strcmp(slurp(count), "0\n"), "nor is any there");
	ok(!sys(SYS_setns, home, CLONE_NEWNET), "which is left");
	sys(SYS_close, home);
}

int main(void)
{
	static const char *const cc[] = { "cubic", "reno", "bbr", "dctcp", "vegas", "westwood" };
	char *list;
	unsigned int i;

	boot(0, NULL);
	up();

	for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		if (!has_protocol(streams[i].proc)) {
			skip(streams[i].name, "not in this library's configuration");
			continue;
		}
		test_stream(&streams[i], AF_INET, NULL);
		test_stream(&streams[i], AF_INET6, NULL);
	}
	list = strdup(slurp("/proc/sys/net/ipv4/tcp_available_congestion_control"));
	for (i = 0; i < sizeof(cc) / sizeof(cc[0]); i++)
		if (strstr(list, cc[i]))
			test_stream(&streams[0], AF_INET, cc[i]);
		else
			skip(cc[i], "not in this library's configuration");
	test_datagram("UDP", IPPROTO_UDP, AF_INET);
	test_datagram("UDP", IPPROTO_UDP, AF_INET6);
	test_datagram("UDP-Lite", IPPROTO_UDPLITE, AF_INET);
	test_datagram("UDP-Lite", IPPROTO_UDPLITE, AF_INET6);
	test_ping();
	test_netlink();
	test_packet();
	test_untracked();
	check_log();
	libos_close(os);
	return done_testing();
}
