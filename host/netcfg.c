// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links, addresses, routes and sysctls of an instance; see <libos/netcfg.h>.
 *
 * Each function opens a netlink socket in the instance for itself: configuration
 * is rare, and there is no state to keep.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/time_types.h>

#include "netcfg.h"

#define EXPORT	__attribute__((visibility("default")))

/* An address with its prefix. */
struct prefix {
	__u8 family, len, bytes;
	__u8 addr[16];
};

/* "@fmt: @r in words (@extack)".  Returns @r. */
__attribute__((format(printf, 4, 5))) static int
explain(struct libos_netcfg_error *err, int r, const char *extack, const char *fmt, ...)
{
	size_t n, size;
	va_list ap;

	if (!err || r >= 0)
		return r;
	size = sizeof(err->text);
	va_start(ap, fmt);
	vsnprintf(err->text, size, fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	if (extack && *extack)
		snprintf(err->text + n, size - n, ": %s (%s)", strerror(-r), extack);
	else
		snprintf(err->text + n, size - n, ": %s", strerror(-r));
	return r;
}

/* Text to a prefix.  0 or -EINVAL. */
static int parse(const char *text, struct prefix *p)
{
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long len;
	char *end;

	*p = (struct prefix){ 0 };
	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, n);
	addr[n] = 0;
	if (inet_pton(AF_INET, addr, p->addr) == 1) {
		p->family = AF_INET;
		p->bytes = 4;
	} else if (inet_pton(AF_INET6, addr, p->addr) == 1) {
		p->family = AF_INET6;
		p->bytes = 16;
	} else {
		return -EINVAL;
	}
	p->len = (__u8)(p->bytes * 8);
	if (!slash)
		return 0;
	if (slash[1] < '0' || slash[1] > '9')
		return -EINVAL;
	len = strtoul(slash + 1, &end, 10);
	if (*end || len > p->len)
		return -EINVAL;
	p->len = (__u8)len;
	return 0;
}

static int find_ifindex(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	*(int *)arg = ifi->ifi_index;
	return 0;
}

/* Index of @dev by an open socket. */
static int ifindex(struct nl *nl, const char *dev)
{
	struct nl_buf buf;
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	int index = -ENODEV, r;

	if (!*dev || strlen(dev) >= IFNAMSIZ)
		return -ENODEV;
	nlh = nl_request(nl, &buf, RTM_GETLINK, NLM_F_ACK);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, dev);
	r = nl_dump(nl, nlh, find_ifindex, &index);
	if (r < 0) {
		nl->extack[0] = 0;	/* the error says it all */
		return r;
	}
	return index;
}

EXPORT int libos_netcfg_ifindex(struct libos_thread *thr, const char *dev,
				struct libos_netcfg_error *err)
{
	struct nl nl;
	int r = nl_open(&nl, thr, 0);

	if (r == 0) {
		r = ifindex(&nl, dev);
		nl_close(&nl);
	}
	return explain(err, r, NULL, "interface %s", dev);
}

static int change_link(struct nl *nl, int index, const struct libos_netcfg_link *link)
{
	struct nl_buf buf;
	struct nlmsghdr *nlh = nl_request(nl, &buf, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = index;
	if (link->up) {
		ifi->ifi_flags = link->up > 0 ? IFF_UP : 0;
		ifi->ifi_change = IFF_UP;
	}
	if (link->mac)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, link->mac);
	if (link->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, link->mtu);
	if (link->txqlen)
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, link->txqlen);
	return nl_talk(nl, nlh);
}

EXPORT int libos_netcfg_link(struct libos_thread *thr, const char *dev,
			     const struct libos_netcfg_link *link, struct libos_netcfg_error *err)
{
	struct nl nl;
	int r;

	if (link->size < sizeof(*link))
		return explain(err, -EINVAL, "struct of another version", "change %s", dev);
	r = nl_open(&nl, thr, 0);
	if (r < 0)
		return explain(err, r, NULL, "change %s", dev);
	r = ifindex(&nl, dev);
	if (r >= 0)
		r = change_link(&nl, r, link);
	nl_close(&nl);
	return explain(err, r, nl.extack, "change %s", dev);
}

static const char *op_name(enum libos_netcfg_op op)
{
	return op == LIBOS_NETCFG_DEL ? "delete" : "add";
}

static __u16 op_flags(enum libos_netcfg_op op)
{
	if (op == LIBOS_NETCFG_ADD)
		return NLM_F_CREATE | NLM_F_EXCL;
	return op == LIBOS_NETCFG_REPLACE ? NLM_F_CREATE | NLM_F_REPLACE : 0;
}

static int change_addr(struct nl *nl, enum libos_netcfg_op op, int index, const struct prefix *p)
{
	struct nl_buf buf;
	struct nlmsghdr *nlh = nl_request(nl, &buf,
					  op == LIBOS_NETCFG_DEL ? RTM_DELADDR : RTM_NEWADDR,
					  op_flags(op));
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = p->family;
	ifa->ifa_prefixlen = p->len;
	ifa->ifa_index = (__u32)index;
	mnl_attr_put(nlh, IFA_LOCAL, p->bytes, p->addr);
	mnl_attr_put(nlh, IFA_ADDRESS, p->bytes, p->addr);
	/* RFC 3021: no broadcast address with fewer than two bits of hosts. */
	if (p->family == AF_INET && p->len < 31 && op != LIBOS_NETCFG_DEL) {
		__u32 b;

		memcpy(&b, p->addr, 4);
		b |= htonl(p->len ? ~0U >> p->len : ~0U);
		mnl_attr_put(nlh, IFA_BROADCAST, 4, &b);
	}
	return nl_talk(nl, nlh);
}

EXPORT int libos_netcfg_addr(struct libos_thread *thr, enum libos_netcfg_op op, const char *dev,
			     const char *addr, struct libos_netcfg_error *err)
{
	struct prefix p;
	struct nl nl;
	int r;

	if (parse(addr, &p) < 0)
		return explain(err, -EINVAL, "expected ADDRESS/PREFIXLEN", "%s address %s to %s",
			       op_name(op), addr, dev);
	r = nl_open(&nl, thr, 0);
	if (r == 0) {
		r = ifindex(&nl, dev);
		if (r >= 0)
			r = change_addr(&nl, op, r, &p);
		nl_close(&nl);
	}
	return explain(err, r, nl.extack, "%s address %s to %s", op_name(op), addr, dev);
}

static int parse_route(const struct libos_netcfg_route *route, struct prefix *dst,
		       struct prefix *gw, const char **why)
{
	*gw = *dst = (struct prefix){ 0 };
	if (route->gateway && (parse(route->gateway, gw) < 0 || strchr(route->gateway, '/'))) {
		*why = "the gateway is not an address";
		return -EINVAL;
	}
	if (!strcmp(route->dst, "default") || !strcmp(route->dst, "default6")) {
		dst->family = gw->family ? gw->family : AF_INET;
		if (route->dst[7])
			dst->family = AF_INET6;
	} else if (parse(route->dst, dst) < 0) {
		*why = "the destination is not an address with prefix length";
		return -EINVAL;
	}
	if (gw->family && gw->family != dst->family && gw->family != AF_INET6) {
		*why = "destination and gateway are of different families";
		return -EINVAL;
	}
	if (!route->gateway && !route->dev && route->dst) {
		*why = "neither gateway nor interface";
		return -EINVAL;
	}
	return 0;
}

static void put_gateway(struct nlmsghdr *nlh, const struct prefix *dst, const struct prefix *gw)
{
	struct {
		__u16 family;
		__u8 addr[16];
	} __attribute__((packed)) via;

	if (gw->family == dst->family) {
		mnl_attr_put(nlh, RTA_GATEWAY, gw->bytes, gw->addr);
		return;
	}
	via.family = gw->family;
	memcpy(via.addr, gw->addr, 16);
	mnl_attr_put(nlh, RTA_VIA, (size_t)2 + gw->bytes, &via);
}

static int change_route(struct nl *nl, enum libos_netcfg_op op,
			const struct libos_netcfg_route *route, const struct prefix *dst,
			const struct prefix *gw, int index)
{
	struct nl_buf buf;
	struct nlmsghdr *nlh = nl_request(nl, &buf,
					  op == LIBOS_NETCFG_DEL ? RTM_DELROUTE : RTM_NEWROUTE,
					  op_flags(op));
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = dst->family;
	rtm->rtm_dst_len = dst->len;
	rtm->rtm_table = RT_TABLE_UNSPEC;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = gw->family || dst->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	if (op == LIBOS_NETCFG_DEL) {
		rtm->rtm_scope = RT_SCOPE_NOWHERE;
		rtm->rtm_protocol = RTPROT_UNSPEC;
	}
	if (dst->len)
		mnl_attr_put(nlh, RTA_DST, dst->bytes, dst->addr);
	if (gw->family)
		put_gateway(nlh, dst, gw);
	if (index)
		mnl_attr_put_u32(nlh, RTA_OIF, (__u32)index);
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
	mnl_attr_put_u32(nlh, RTA_TABLE, route->table ? route->table : RT_TABLE_MAIN);
	return nl_talk(nl, nlh);
}

EXPORT int libos_netcfg_route(struct libos_thread *thr, enum libos_netcfg_op op,
			      const struct libos_netcfg_route *route,
			      struct libos_netcfg_error *err)
{
	struct prefix dst, gw;
	const char *why = NULL;
	struct nl nl;
	int r, index = 0;

	if (route->size < sizeof(*route))
		return explain(err, -EINVAL, "struct of another version", "%s route", op_name(op));
	r = parse_route(route, &dst, &gw, &why);
	if (r < 0)
		goto out;
	r = nl_open(&nl, thr, 0);
	if (r < 0)
		goto out;
	if (route->dev)
		r = index = ifindex(&nl, route->dev);
	if (r >= 0)
		r = change_route(&nl, op, route, &dst, &gw, index);
	nl_close(&nl);
	why = nl.extack;
out:
	return explain(err, r, why, "%s route %s%s%s%s%s", op_name(op), route->dst,
		       route->gateway ? " via " : "", route->gateway ? route->gateway : "",
		       route->dev ? " dev " : "", route->dev ? route->dev : "");
}

/* "net.ipv4.ip_forward" to a path; the first separator says which kind counts. */
static int sysctl_path(const char *name, char *path, size_t len)
{
	size_t first = strcspn(name, "./"), i;
	bool dots = name[first] == '.';
	int n = snprintf(path, len, "/proc/sys/%s", name);

	if (n < 0 || (size_t)n >= len || !*name || strstr(name, ".."))
		return -ENOENT;
	for (i = strlen("/proc/sys/"); dots && path[i]; i++)
		path[i] = path[i] == '.' ? '/' : path[i] == '/' ? '.' : path[i];
	return 0;
}

static long sysctl_open(struct libos_thread *thr, const char *name, int flags)
{
	char path[512];

	if (sysctl_path(name, path, sizeof(path)) < 0)
		return -ENOENT;
	return netcfg_call(thr, SYS_openat, (unsigned long)AT_FDCWD, (unsigned long)path,
			   (unsigned long)(flags | O_CLOEXEC), 0, 0, 0);
}

EXPORT int libos_netcfg_sysctl(struct libos_thread *thr, const char *name, const char *value,
			       struct libos_netcfg_error *err)
{
	long fd = sysctl_open(thr, name, O_WRONLY), r = fd;

	if (fd >= 0) {
		r = netcfg_call(thr, SYS_write, (unsigned long)fd, (unsigned long)value,
				strlen(value), 0, 0, 0);
		netcfg_call(thr, SYS_close, (unsigned long)fd, 0, 0, 0, 0, 0);
	}
	return explain(err, r < 0 ? (int)r : 0, NULL, "set sysctl %s to \"%s\"", name, value);
}

EXPORT int libos_netcfg_sysctl_get(struct libos_thread *thr, const char *name, char *buf,
				   size_t len, struct libos_netcfg_error *err)
{
	long fd = sysctl_open(thr, name, O_RDONLY), r = fd;

	if (fd >= 0) {
		r = netcfg_call(thr, SYS_read, (unsigned long)fd, (unsigned long)buf, len - 1, 0, 0,
				0);
		netcfg_call(thr, SYS_close, (unsigned long)fd, 0, 0, 0, 0, 0);
	}
	if (r < 0)
		return explain(err, (int)r, NULL, "read sysctl %s", name);
	while (r > 0 && buf[r - 1] == '\n')
		r--;
	buf[r] = 0;
	return (int)r;
}

/* What libos_netcfg_wait() finds out. */
struct readiness {
	int index;
	bool carrier, tentative, duplicate;
};

static int see_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct readiness *rd = arg;

	if (ifi->ifi_index == rd->index)
		rd->carrier = (ifi->ifi_flags & (IFF_UP | IFF_LOWER_UP)) ==
			      (IFF_UP | IFF_LOWER_UP);
	return 0;
}

static int see_addr(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct readiness *rd = arg;
	__u32 flags = ifa->ifa_flags;
	const struct nlattr *attr;

	if ((int)ifa->ifa_index != rd->index)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa))
		if (mnl_attr_get_type(attr) == IFA_FLAGS)
			flags = mnl_attr_get_u32(attr);
	if (flags & IFA_F_DADFAILED)
		rd->duplicate = true;
	else if (flags & IFA_F_TENTATIVE && !(flags & IFA_F_OPTIMISTIC))
		rd->tentative = true;
	return 0;
}

static int look(struct nl *nl, struct readiness *rd)
{
	struct nl_buf buf;
	struct nlmsghdr *nlh = nl_request(nl, &buf, RTM_GETLINK, NLM_F_DUMP);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct ifaddrmsg *ifa;
	int r;

	rd->carrier = rd->tentative = rd->duplicate = false;
	ifi->ifi_family = AF_UNSPEC;
	r = nl_dump(nl, nlh, see_link, rd);
	if (r < 0)
		return r;
	nlh = nl_request(nl, &buf, RTM_GETADDR, NLM_F_DUMP);
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_UNSPEC;
	return nl_dump(nl, nlh, see_addr, rd);
}

/* The instance's own time, so that it is virtual time in a simulation. */
static __u64 now_ms(struct libos_thread *thr)
{
	struct __kernel_timespec ts = { 0 };

	netcfg_call(thr, SYS_clock_gettime, CLOCK_MONOTONIC, (unsigned long)&ts, 0, 0, 0, 0);
	return (__u64)ts.tv_sec * 1000 + (__u64)ts.tv_nsec / 1000000;
}

static int wait_ready(struct nl *nl, struct readiness *rd, int timeout_ms)
{
	__u64 end = now_ms(nl->thr) + (__u64)(timeout_ms < 0 ? 0 : timeout_ms);

	for (;;) {
		__u64 now = now_ms(nl->thr);
		int r = look(nl, rd);

		if (r < 0)
			return r;
		if (rd->duplicate)
			return -EADDRNOTAVAIL;
		if (rd->carrier && !rd->tentative)
			return 0;
		if (timeout_ms >= 0 && now >= end)
			return -ETIMEDOUT;
		r = nl_wait(nl, timeout_ms < 0 ? -1 : (int)(end - now));
		if (r < 0)
			return r;
	}
}

EXPORT int libos_netcfg_wait(struct libos_thread *thr, const char *dev, int timeout_ms,
			     struct libos_netcfg_error *err)
{
	struct readiness rd = { 0 };
	const char *why = NULL;
	struct nl nl;
	int r;

	/* Subscribed before the first look, so nothing happens in between. */
	r = nl_open(&nl, thr, RTMGRP_LINK | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_IFADDR);
	if (r == 0) {
		rd.index = r = ifindex(&nl, dev);
		if (r >= 0)
			r = wait_ready(&nl, &rd, timeout_ms);
		nl_close(&nl);
	}
	if (r == -ETIMEDOUT)
		why = rd.carrier ? "an address is still tentative" : "no carrier";
	if (r == -EADDRNOTAVAIL)
		why = "duplicate address";
	return explain(err, r, why, "wait for %s", dev);
}
