// SPDX-License-Identifier: GPL-2.0-only
/* rtnetlink requests: links, addresses, queueing disciplines. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "nl.h"

#define NL_BUF 32768

struct mnl_socket *nl_open(unsigned int groups)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (!nl)
		return NULL;
	if (mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(nl);
		return NULL;
	}
	return nl;
}

/* Send @nlh and run @cb over the answer, up to ACK or the end of the dump. */
static int talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	static uint32_t seq;
	static char buf[NL_BUF];
	ssize_t n;
	int ret;

	nlh->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		ret = mnl_cb_run(buf, n, nlh->nlmsg_seq,
				 mnl_socket_get_portid(nl), cb, arg);
		if (ret < 0)
			return -errno;
	} while (ret > 0);
	return 0;
}

static struct nlmsghdr *link_msg(char *buf, uint16_t type, uint16_t flags,
				 uint32_t ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifindex;
	return nlh;
}

static void link_parse(const struct nlmsghdr *nlh, struct nl_link *l)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;

	memset(l, 0, sizeof(*l));
	l->ifindex = ifi->ifi_index;
	l->up = ifi->ifi_flags & IFF_UP;
	mnl_attr_for_each(a, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			snprintf(l->name, sizeof(l->name), "%s", mnl_attr_get_str(a));
			break;
		case IFLA_IFALIAS:
			snprintf(l->alias, sizeof(l->alias), "%s", mnl_attr_get_str(a));
			break;
		case IFLA_MTU:
			l->mtu = mnl_attr_get_u32(a);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(a) == 6)
				memcpy(l->mac, mnl_attr_get_payload(a), 6);
			break;
		case IFLA_STATS64:
			if (mnl_attr_get_payload_len(a) >=
			    offsetof(struct rtnl_link_stats64, multicast)) {
				struct rtnl_link_stats64 st = { 0 };
				size_t len = mnl_attr_get_payload_len(a);

				memcpy(&st, mnl_attr_get_payload(a),
				       len < sizeof(st) ? len : sizeof(st));
				l->tx_dropped = st.tx_dropped;
			}
			break;
		}
	}
}

static int link_one_cb(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWLINK)
		link_parse(nlh, arg);
	return MNL_CB_OK;
}

int nl_link_get(struct mnl_socket *nl, uint32_t ifindex, const char *name,
		struct nl_link *link)
{
	char buf[512];
	struct nlmsghdr *nlh = link_msg(buf, RTM_GETLINK, NLM_F_ACK, ifindex);

	if (!ifindex)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	memset(link, 0, sizeof(*link));
	return talk(nl, nlh, link_one_cb, link);
}

struct list_arg {
	void (*fn)(const struct nl_link *link, void *arg);
	void *arg;
};

static int link_list_cb(const struct nlmsghdr *nlh, void *arg)
{
	struct list_arg *la = arg;
	struct nl_link l;

	if (nlh->nlmsg_type == RTM_NEWLINK) {
		link_parse(nlh, &l);
		la->fn(&l, la->arg);
	}
	return MNL_CB_OK;
}

int nl_link_list(struct mnl_socket *nl, void (*fn)(const struct nl_link *, void *),
		 void *arg)
{
	char buf[512];
	struct nlmsghdr *nlh = link_msg(buf, RTM_GETLINK, NLM_F_DUMP, 0);
	struct list_arg la = { fn, arg };

	return talk(nl, nlh, link_list_cb, &la);
}

int nl_link_del(struct mnl_socket *nl, uint32_t ifindex)
{
	char buf[512];

	return talk(nl, link_msg(buf, RTM_DELLINK, NLM_F_ACK, ifindex), NULL, NULL);
}

int nl_link_set(struct mnl_socket *nl, uint32_t ifindex, const struct nl_link_set *s)
{
	char buf[1024];
	struct nlmsghdr *nlh = link_msg(buf, RTM_NEWLINK, NLM_F_ACK, ifindex);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_change = s->up_mask;
	ifi->ifi_flags = s->flags;
	if (s->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, s->mtu);
	if (s->txqlen)
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, s->txqlen);
	if (s->alias)
		mnl_attr_put_strz(nlh, IFLA_IFALIAS, s->alias);
	if (s->xdp_fd >= 0) {
		struct nlattr *x = mnl_attr_nest_start(nlh, IFLA_XDP);

		mnl_attr_put_u32(nlh, IFLA_XDP_FD, s->xdp_fd);
		mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, XDP_FLAGS_DRV_MODE);
		mnl_attr_nest_end(nlh, x);
	}
	return talk(nl, nlh, NULL, NULL);
}

int nl_veth_add(struct mnl_socket *nl, const char *name, uint32_t ifindex,
		const char *peer, uint32_t peer_ifindex, int ns_fd)
{
	char buf[1024];
	struct nlmsghdr *nlh = link_msg(buf, RTM_NEWLINK,
					NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifindex);
	struct nlattr *info, *data, *p;
	struct ifinfomsg *ifi;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	p = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = peer_ifindex;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, ns_fd);
	mnl_attr_nest_end(nlh, p);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return talk(nl, nlh, NULL, NULL);
}

int nl_noqueue(struct mnl_socket *nl, uint32_t ifindex)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc;

	nlh->nlmsg_type = RTM_NEWQDISC;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, "noqueue");
	return talk(nl, nlh, NULL, NULL);
}

struct addr_arg {
	void (*fn)(uint32_t ifindex, int family, const void *addr, void *arg);
	void *arg;
};

static int addr_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const void *addr = NULL, *local = NULL;
	uint32_t flags = ifa->ifa_flags;
	struct addr_arg *aa = arg;
	const struct nlattr *a;
	size_t len;

	if (nlh->nlmsg_type != RTM_NEWADDR)
		return MNL_CB_OK;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	len = ifa->ifa_family == AF_INET ? 4 : 16;
	mnl_attr_for_each(a, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(a) == IFA_FLAGS)
			flags = mnl_attr_get_u32(a);
		if (mnl_attr_get_payload_len(a) != len)
			continue;
		if (mnl_attr_get_type(a) == IFA_LOCAL)
			local = mnl_attr_get_payload(a);
		else if (mnl_attr_get_type(a) == IFA_ADDRESS)
			addr = mnl_attr_get_payload(a);
	}
	/* on point-to-point links IFA_ADDRESS is the peer's */
	if (local)
		addr = local;
	if (addr && !(flags & IFA_F_DADFAILED))
		aa->fn(ifa->ifa_index, ifa->ifa_family, addr, aa->arg);
	return MNL_CB_OK;
}

int nl_addr_list(struct mnl_socket *nl,
		 void (*fn)(uint32_t ifindex, int family, const void *addr, void *arg),
		 void *arg)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct addr_arg aa = { fn, arg };
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_UNSPEC;
	return talk(nl, nlh, addr_cb, &aa);
}
