// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses, routes and sysctls of a stack.
 *
 * The order matters: sysctls first, as many take effect when an interface comes
 * up (default_qdisc, disable_ipv6, accept_ra); then the interfaces with their
 * addresses; routes when all gateways can be reached.
 *
 * Duplicate address detection would keep a program waiting for a second or two
 * before its IPv6 addresses can be used.  On a link of our own making (a pipe, a
 * user-mode router, a TAP device that is in no bridge) there is nobody to be in
 * conflict with, so it is off; on the host's NIC and in its bridges it is on, and
 * we wait.
 *
 * A port of MultiStack is different: the host's stack, on the same NIC with the
 * same address, does ARP and neighbour discovery for both, and whatever leaves
 * the port gets its MAC addresses there.  So the interface is NOARP, which spares
 * it duplicate address detection, too, and has no IPv6 addresses but those given:
 * a router solicitation would only be a violation on the port's account.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <libos/netcfg.h>
#include "key.h"
#include "netset.h"
#include "value.h"

#define S(a) nuse_addr_print(&(a), (char[NUSE_ADDR_STRLEN]){ 0 })
#define READY_MS 5000

/* @ret and the message for it: where it was asked for, what the stack said. */
static int fail(struct nuse_err *err, const struct nuse_src *src, int ret,
		const struct libos_netcfg_error *why)
{
	nuse_fail(err, src, "%s", why->text[0] ? why->text : strerror(-ret));
	return ret;
}

static bool shared_link(const struct nuse_if *i)
{
	return i->type == NUSE_VIF_RAW || i->bridge[0];
}

static bool has_ipv6(const struct nuse_if *i)
{
	size_t a;

	for (a = 0; a < i->naddr; a++)
		if (i->addr[a].family == AF_INET6)
			return true;
	return false;
}

/* ip link set dev NAME arp off */
static int set_noarp(struct libos_thread *thr, const struct nuse_if *i, struct nuse_err *err)
{
	struct libos_netcfg_error why = { "" };
	unsigned long sock[6] = { AF_INET, SOCK_DGRAM };
	struct ifreq ifr = { 0 };
	unsigned long arg[6] = { 0, SIOCGIFFLAGS, (unsigned long)&ifr };
	long fd = libos_call(thr, __NR_socket, sock), ret = fd;

	memcpy(ifr.ifr_name, i->name, sizeof(ifr.ifr_name));
	if (fd >= 0) {
		arg[0] = fd;
		ret = libos_call(thr, __NR_ioctl, arg);
		ifr.ifr_flags |= IFF_NOARP;
		arg[1] = SIOCSIFFLAGS;
		if (!ret)
			ret = libos_call(thr, __NR_ioctl, arg);
		libos_call(thr, __NR_close, (unsigned long [6]){ fd });
	}
	if (ret < 0) {
		snprintf(why.text, sizeof(why.text), "interface %s: cannot switch ARP off: %s",
			 i->name, strerror(-ret));
		return fail(err, &i->src, ret, &why);
	}
	return 0;
}

static int set_up_multistack(struct libos_thread *thr, const struct nuse_if *i,
			     struct nuse_err *err)
{
	static const struct { const char *key, *value; } quiet[] = {
		{ "addr_gen_mode", "1" },	/* no link-local address */
		{ "accept_ra", "0" },
		{ "router_solicitations", "0" },
	};
	char key[80];
	size_t n;

	/* A kernel without IPv6 has no such files and no such problem. */
	for (n = 0; n < sizeof(quiet) / sizeof(quiet[0]); n++) {
		snprintf(key, sizeof(key), "net/ipv6/conf/%s/%s", i->name, quiet[n].key);
		libos_netcfg_sysctl(thr, key, quiet[n].value, NULL);
	}
	return set_noarp(thr, i, err);
}

/*
 * A stack that has nothing but a port may send from the port's tuples only: a
 * range of them is where local ports are to be taken from.
 */
static int set_port_range(struct libos_thread *thr, const struct nuse_conf *c,
			  struct nuse_err *err)
{
	struct libos_netcfg_error why = { "" };
	const struct nuse_if *i = c->ifs;
	char range[16];
	size_t n;
	int ret;

	if (c->nifs != 1 || i->type != NUSE_VIF_MULTISTACK)
		return 0;
	for (n = 0; n < i->ntuples && i->tuple[n].first == i->tuple[n].last; n++)
		;
	if (n == i->ntuples)
		return 0;
	snprintf(range, sizeof(range), "%u %u", i->tuple[n].first, i->tuple[n].last);
	ret = libos_netcfg_sysctl(thr, "net.ipv4.ip_local_port_range", range, &why);
	return ret < 0 ? fail(err, &i->tuple[n].src, ret, &why) : 0;
}

static int set_up(struct libos_thread *thr, const struct nuse_if *i, struct nuse_err *err)
{
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };
	struct libos_netcfg_error why = { "" };
	char key[64];
	size_t a;
	int ret;

	if (i->type == NUSE_VIF_MULTISTACK) {
		ret = set_up_multistack(thr, i, err);
		if (ret < 0)
			return ret;
	} else if (shared_link(i) && !has_ipv6(i)) {
		/* Nobody asked for IPv6: its link-local address need not hold up the rest. */
		snprintf(key, sizeof(key), "net/ipv6/conf/%s/optimistic_dad", i->name);
		libos_netcfg_sysctl(thr, key, "1", NULL);
	} else if (!shared_link(i)) {
		/* A kernel without IPv6 has no such file and no such problem. */
		snprintf(key, sizeof(key), "net/ipv6/conf/%s/accept_dad", i->name);
		libos_netcfg_sysctl(thr, key, "0", NULL);
	}
	for (a = 0; a < i->naddr; a++) {
		ret = libos_netcfg_addr(thr, LIBOS_NETCFG_ADD, i->name, S(i->addr[a]), &why);
		if (ret < 0)
			return fail(err, &i->addr[a].src, ret, &why);
	}
	ret = libos_netcfg_link(thr, i->name, &up, &why);
	return ret < 0 ? fail(err, &i->src, ret, &why) : 0;
}

/* A link that is not ready yet is no error: the cable may be plugged in later. */
static int wait_for(struct libos_thread *thr, const struct nuse_if *i, struct nuse_err *err)
{
	struct libos_netcfg_error why = { "" };
	int ret;

	if (i->type == NUSE_VIF_SLIRP && !has_ipv6(i))
		return 0;
	ret = libos_netcfg_wait(thr, i->name, READY_MS, &why);
	return ret < 0 && ret != -ETIMEDOUT ? fail(err, &i->src, ret, &why) : 0;
}

static int add_route(struct libos_thread *thr, enum libos_netcfg_op op, const char *dst,
		     const char *gateway, const char *dev, uint32_t metric,
		     const struct nuse_src *src, struct nuse_err *err)
{
	struct libos_netcfg_error why = { "" };
	struct libos_netcfg_route r = {
		.size = sizeof(r), .dst = dst, .gateway = gateway,
		.dev = dev && *dev ? dev : NULL, .metric = metric,
	};
	int ret = libos_netcfg_route(thr, op, &r, &why);

	return ret < 0 ? fail(err, src, ret, &why) : 0;
}

int nuse_netset(struct libos_thread *thr, const struct nuse_conf *c, struct nuse_err *err)
{
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };
	struct libos_netcfg_error why = { "" };
	struct nuse_src nowhere = { 0 };
	size_t i, g;
	int ret;

	ret = libos_netcfg_link(thr, "lo", &up, &why);
	if (ret < 0)
		return fail(err, &nowhere, ret, &why);
	ret = set_port_range(thr, c, err);
	if (ret < 0)
		return ret;
	for (i = 0; i < c->nsysctls; i++) {
		ret = libos_netcfg_sysctl(thr, c->sysctls[i].key, c->sysctls[i].value, &why);
		if (ret < 0)
			return fail(err, &c->sysctls[i].src, ret, &why);
	}
	for (i = 0; i < c->nifs; i++) {
		ret = set_up(thr, &c->ifs[i], err);
		if (ret < 0)
			return ret;
	}
	for (i = 0; i < c->nifs; i++) {
		ret = wait_for(thr, &c->ifs[i], err);
		if (ret < 0)
			return ret;
	}
	for (i = 0; i < c->nifs; i++) {
		const struct nuse_if *f = &c->ifs[i];

		for (g = 0; g < f->ngateway; g++) {
			/* A router's advertisement may have been faster than we. */
			ret = add_route(thr, LIBOS_NETCFG_REPLACE,
					f->gateway[g].family == AF_INET ? "default" : "default6",
					S(f->gateway[g]), f->name, 0, &f->gateway[g].src, err);
			if (ret < 0)
				return ret;
		}
	}
	for (i = 0; i < c->nroutes; i++) {
		const struct nuse_route *r = &c->routes[i];

		ret = add_route(thr, LIBOS_NETCFG_ADD, S(r->net), r->gateway.family ? S(r->gateway) : NULL, r->dev,
				r->metric, &r->src, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int nuse_netset_caps(struct libos_thread *thr, uint64_t caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	unsigned long arg[6] = { (unsigned long)&head, (unsigned long)data };
	int i;

	for (i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = caps >> (32 * i);
		data[i].inheritable = 0;
	}
	return libos_call(thr, __NR_capset, arg);
}
