// SPDX-License-Identifier: GPL-2.0-only
/*
 * An address for an interface of the host, by rtnetlink.
 *
 * The host's end of a TAP device that nuse made; it goes with the device.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "link.h"
#include "value.h"

struct request {
	struct nlmsghdr nh;
	struct ifaddrmsg ifa;
	char attrs[64];
};

static void put(struct request *r, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->nh.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	r->nh.nlmsg_len = NLMSG_ALIGN(r->nh.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

int nuse_hostaddr_add(const char *name, const struct nuse_addr *a)
{
	size_t len = nuse_addr_bits(a) / 8;
	struct request r = {
		.nh = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(r.ifa)),
			.nlmsg_type = RTM_NEWADDR,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
		},
		.ifa = {
			.ifa_family = a->family,
			.ifa_prefixlen = a->plen,
			/* Nobody else is on the link: no time for duplicates. */
			.ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0,
			.ifa_index = if_nametoindex(name),
		},
	};
	struct {
		struct nlmsghdr nh;
		struct nlmsgerr err;
		char rest[1024];
	} answer;
	int fd, ret = 0;
	ssize_t n;

	if (!r.ifa.ifa_index)
		return -ENODEV;
	put(&r, IFA_LOCAL, &a->v4, len);
	put(&r, IFA_ADDRESS, &a->v4, len);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (send(fd, &r, r.nh.nlmsg_len, 0) < 0) {
		ret = -errno;
	} else {
		n = recv(fd, &answer, sizeof(answer), 0);
		if (n < 0)
			ret = -errno;
		else if ((size_t)n < NLMSG_LENGTH(sizeof(int)) ||
			 answer.nh.nlmsg_type != NLMSG_ERROR)
			ret = -EPROTO;
		else
			ret = answer.err.error;
	}
	close(fd);
	return ret;
}
