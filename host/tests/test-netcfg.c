// SPDX-License-Identifier: GPL-2.0-only
/*
 * netcfg against a kernel that is known to be right: the host's, in a network
 * namespace of this process.  libos_call() is syscall(2) here.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include <libos/netcfg.h>

#include "check.h"

long libos_call(struct libos_thread *thr, long nr, const unsigned long arg[6]);
long libos_call(struct libos_thread *thr, long nr, const unsigned long arg[6])
{
	long r = syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);

	return r < 0 ? -errno : r;
}

static struct libos_netcfg_error err;

/* Does the output of a command contain @what? */
static bool shows(const char *command, const char *what)
{
	char out[8192];
	FILE *f = popen(command, "r");
	size_t n = fread(out, 1, sizeof(out) - 1, f);

	out[n] = 0;
	pclose(f);
	if (strstr(out, what))
		return true;
	printf("# %s: %s\n", command, out);
	return false;
}

static int link_set(const char *dev, int up, __u32 mtu, const __u8 *mac)
{
	struct libos_netcfg_link link = {
		.size = sizeof(link),
		.up = up,
		.mtu = mtu,
		.mac = mac,
	};

	return libos_netcfg_link(NULL, dev, &link, &err);
}

static int route(enum libos_netcfg_op op, const char *dst, const char *gw, const char *dev,
		 __u32 metric, __u32 table)
{
	struct libos_netcfg_route r = {
		.size = sizeof(r),
		.dst = dst,
		.gateway = gw,
		.dev = dev,
		.metric = metric,
		.table = table,
	};

	return libos_netcfg_route(NULL, op, &r, &err);
}

static int addr(const char *dev, const char *a)
{
	return libos_netcfg_addr(NULL, LIBOS_NETCFG_ADD, dev, a, &err);
}

static void test_link(void)
{
	static const __u8 mac[6] = { 2, 0, 0, 1, 2, 3 };

	ok(libos_netcfg_ifindex(NULL, "nc0", NULL) > 1, "an interface has an index");
	is(libos_netcfg_ifindex(NULL, "none", &err), -ENODEV, "a missing one does not");
	ok(!strcmp(err.text, "interface none: No such device"), "says: %s", err.text);
	is(libos_netcfg_ifindex(NULL, "a-name-that-is-too-long", &err), -ENODEV,
	   "nor one with an impossible name");
	is(link_set("nc0", 1, 1400, mac), 0, "set address and MTU, and up");
	ok(shows("ip link show nc0", "mtu 1400"), "the MTU is set");
	ok(shows("ip link show nc0", "02:00:00:01:02:03"), "the address is set");
	ok(shows("ip link show nc0", ",UP"), "it is up");
	ok(link_set("nc0", 0, 3000000, NULL) < 0, "an MTU out of range is refused");
	printf("# %s\n", err.text);
	is(libos_netcfg_wait(NULL, "nc0", 200, &err), -ETIMEDOUT, "no carrier while the peer is down");
	ok(strstr(err.text, "no carrier") != NULL, "says: %s", err.text);
	is(link_set("nc1", 1, 0, NULL), 0, "the peer comes up");
	is(libos_netcfg_wait(NULL, "nc0", 5000, &err), 0, "and so does the carrier");
}

static void test_addr(void)
{
	is(addr("nc0", "192.0.2.1/24"), 0, "an IPv4 address");
	ok(shows("ip addr show nc0", "192.0.2.1/24 brd 192.0.2.255"), "is there");
	is(addr("nc0", "192.0.2.1/24"), -EEXIST, "not twice");
	printf("# %s\n", err.text);
	is(addr("nc0", "192.0.2.9"), 0, "without prefix length it is a host's");
	ok(shows("ip addr show nc0", "192.0.2.9/32"), "is there");
	is(addr("nc0", "2001:db8::1/64"), 0, "an IPv6 address");
	is(libos_netcfg_wait(NULL, "nc0", 10000, &err), 0, "wait for DAD");
	ok(!shows("ip -6 addr show nc0 tentative", "inet6"), "no address is tentative");
	ok(shows("ip addr show nc0", "2001:db8::1/64"), "is there");
	is(libos_netcfg_addr(NULL, LIBOS_NETCFG_DEL, "nc0", "192.0.2.9/32", &err), 0, "remove one");
	is(libos_netcfg_addr(NULL, LIBOS_NETCFG_DEL, "nc0", "192.0.2.9/32", &err), -EADDRNOTAVAIL,
	   "not twice");
	printf("# %s\n", err.text);
	is(addr("nc0", "192.0.2.300/24"), -EINVAL, "bad address");
	printf("# %s\n", err.text);
	is(addr("nc0", "192.0.2.1/33"), -EINVAL, "bad prefix length");
	is(addr("nc0", "192.0.2.1/"), -EINVAL, "no prefix length");
	is(addr("nc0", "192.0.2.1/-1"), -EINVAL, "negative prefix length");
	is(addr("nc0", ""), -EINVAL, "nothing");
	is(addr("none", "192.0.2.7/24"), -ENODEV, "no interface");
	is(addr("nc1", "2001:db8::1/64"), 0, "the same address on the peer");
	is(libos_netcfg_wait(NULL, "nc1", 10000, &err), -EADDRNOTAVAIL, "is found to be a duplicate");
	printf("# %s\n", err.text);
}

static void test_route(void)
{
	is(route(LIBOS_NETCFG_ADD, "198.51.100.0/24", "192.0.2.254", NULL, 0, 0), 0,
	   "a route by a gateway");
	ok(shows("ip route", "198.51.100.0/24 via 192.0.2.254 dev nc0"), "is there");
	is(route(LIBOS_NETCFG_ADD, "default", "192.0.2.254", "nc0", 77, 0), 0, "a default route");
	ok(shows("ip route", "default via 192.0.2.254 dev nc0 proto static metric 77"), "is there");
	is(route(LIBOS_NETCFG_ADD, "203.0.113.0/24", NULL, "nc0", 0, 1000), 0,
	   "a route on the link in another table");
	ok(shows("ip route show table 1000", "203.0.113.0/24 dev nc0"), "is there");
	is(route(LIBOS_NETCFG_ADD, "default", "2001:db8::fe", NULL, 0, 0), 0, "an IPv6 default");
	ok(shows("ip -6 route", "default via 2001:db8::fe dev nc0"), "is there");
	is(route(LIBOS_NETCFG_REPLACE, "198.51.100.0/24", "192.0.2.253", NULL, 0, 0), 0,
	   "a route is replaced");
	ok(shows("ip route", "198.51.100.0/24 via 192.0.2.253"), "is there");
	is(route(LIBOS_NETCFG_ADD, "198.51.100.0/24", "192.0.2.254", NULL, 0, 0), -EEXIST,
	   "not added twice");
	is(route(LIBOS_NETCFG_DEL, "198.51.100.0/24", NULL, "nc0", 0, 0), 0, "a route is removed");
	is(route(LIBOS_NETCFG_DEL, "198.51.100.0/24", NULL, "nc0", 0, 0), -ESRCH, "not twice");
	ok(route(LIBOS_NETCFG_ADD, "198.51.100.0/24", "10.9.9.9", NULL, 0, 0) < 0,
	   "a gateway out of reach");
	ok(strstr(err.text, "gateway") != NULL, "says: %s", err.text);
	is(route(LIBOS_NETCFG_ADD, "198.51.100.0/24", NULL, NULL, 0, 0), -EINVAL, "neither way");
	is(route(LIBOS_NETCFG_ADD, "2001:db8:1::/48", "192.0.2.254", NULL, 0, 0), -EINVAL,
	   "families that differ");
	printf("# %s\n", err.text);
	is(route(LIBOS_NETCFG_ADD, "192.0.2.1/24", "192.0.2.254", NULL, 0, 0), -EINVAL,
	   "host bits set");
	printf("# %s\n", err.text);
}

static void test_sysctl(void)
{
	char buf[64];

	is(libos_netcfg_sysctl(NULL, "net.ipv4.ip_forward", "1", &err), 0, "set a sysctl");
	is(libos_netcfg_sysctl_get(NULL, "net/ipv4/ip_forward", buf, sizeof(buf), &err), 1,
	   "read it by path");
	ok(!strcmp(buf, "1"), "it is set");
	is(libos_netcfg_sysctl(NULL, "net/ipv4/conf/nc0.5/forwarding", "1", &err), 0,
	   "an interface with a dot");
	is(libos_netcfg_sysctl(NULL, "net.ipv4.conf.nc0/5.forwarding", "0", &err), 0,
	   "also the other way round");
	is(libos_netcfg_sysctl(NULL, "net.ipv4.nonsense", "1", &err), -ENOENT, "no such sysctl");
	printf("# %s\n", err.text);
	is(libos_netcfg_sysctl(NULL, "net.ipv4.ip_forward", "maybe", &err), -EINVAL, "bad value");
	printf("# %s\n", err.text);
	is(libos_netcfg_sysctl(NULL, "../../etc/passwd", "1", &err), -ENOENT, "no way out");
}

int main(void)
{
	plan(60);
	if (unshare(CLONE_NEWNET) < 0) {
		skip("netcfg against the host's kernel", "needs a network namespace of its own (root)");
		return done();
	}
	if (system("ip link set lo up && ip link add nc0 type veth peer name nc1 && "
		   "ip link add nc0.5 type veth peer name nc2")) {
		skip("netcfg against the host's kernel", "the host has no veth");
		return done();
	}
	test_link();
	test_addr();
	test_route();
	test_sysctl();
	return done();
}
