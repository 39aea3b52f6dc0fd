// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a network device of the host, as rtnetlink tells it.
 *
 * A TAP device that the host sets down, or a NIC that loses its carrier, must
 * show in the stack as a lost carrier.  Neither the TAP file nor a packet socket
 * says so dependably, hence a netlink socket in the group of link changes.  Its
 * file is one of the channel's pollfds.  rx looks at it when it was told to, when
 * the channel itself had nothing, and always while the link is down (frames may
 * come before the news that it is up); see hostlink_look().
 *
 * If the host sent more changes than the socket holds (ENOBUFS), the state is
 * asked for again: the answer comes as one more change.
 */
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostlink.h"
#include "hot.h"
#include "room.h"

struct request {
	struct nlmsghdr nh;
	struct ifinfomsg ifi;
};

static __hot long ask(int fd, int ifindex)
{
	struct request req;

	hot_zero(&req, sizeof(req));
	req.nh.nlmsg_len = sizeof(req);
	req.nh.nlmsg_type = RTM_GETLINK;
	req.nh.nlmsg_flags = NLM_F_REQUEST;
	req.ifi.ifi_index = ifindex;
	return sys_write(fd, &req, sizeof(req));
}

static __hot void learn(struct hostlink *hl, const char *buf, long len)
{
	while (len >= (long)sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *nh = (const void *)buf;
		const struct ifinfomsg *ifi = NLMSG_DATA(nh);

		if (nh->nlmsg_len < NLMSG_LENGTH(sizeof(*ifi)) ||
		    len < (long)NLMSG_LENGTH(sizeof(*ifi)))
			return;
		if (ifi->ifi_index == hl->ifindex) {
			if (nh->nlmsg_type == RTM_NEWLINK)
				hl->flags = ifi->ifi_flags;
			else if (nh->nlmsg_type == RTM_DELLINK && ifi->ifi_family == AF_UNSPEC)
				hl->gone = 1;
		}
		len -= NLMSG_ALIGN((long)nh->nlmsg_len);
		buf += NLMSG_ALIGN(nh->nlmsg_len);
	}
}

/**
 * hostlink_poll() - take in what has changed
 * @hl: the device
 *
 * Context: hot.
 * Return: 1 if the link is up, 0 if not.
 */
__hot int hostlink_poll(struct hostlink *hl)
{
	/* The stack is small: of a link message only the head is wanted. */
	char buf[256] __attribute__((aligned(8)));
	int rounds = 64;
	long len;

	while (hl->fd >= 0 && rounds--) {
		len = sys_retry(sys_read(hl->fd, buf, sizeof(buf)));
		if (len == -ENOBUFS) {
			ask(hl->fd, hl->ifindex);
			continue;
		}
		if (len <= 0)
			break;
		learn(hl, buf, len);
	}
	return !hl->gone && (hl->flags & hl->up_flags) == hl->up_flags;
}

static int route_socket(unsigned int groups, int flags, int fd_min)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return netio_fd_raise(fd, fd_min);
}

/**
 * hostlink_open() - watch a device of the calling thread's network namespace
 * @hl: filled
 * @ifindex: the device
 * @up_flags: IFF_* that make the link count as up
 * @fd_min: lowest number for file descriptors
 * @err: says what failed
 */
int hostlink_open(struct hostlink *hl, int ifindex, unsigned int up_flags, int fd_min,
		  struct netio_err *err)
{
	int ret;

	*hl = (struct hostlink){ .fd = -1, .query_fd = -1, .ifindex = ifindex,
				 .up_flags = up_flags };
	ret = route_socket(RTMGRP_LINK, SOCK_NONBLOCK, fd_min);
	if (ret < 0)
		goto fail;
	hl->fd = ret;
	ret = route_socket(0, 0, fd_min);
	if (ret < 0)
		goto fail;
	hl->query_fd = ret;
	/* rtnetlink answers before the request returns. */
	ask(hl->fd, ifindex);
	hostlink_poll(hl);
	return 0;
fail:
	hostlink_close(hl);
	return netio_fail(err, ret, "cannot watch the state of network device %d: %s", ifindex,
			  strerror(-ret));
}

void hostlink_close(struct hostlink *hl)
{
	if (hl->fd >= 0)
		close(hl->fd);
	if (hl->query_fd >= 0)
		close(hl->query_fd);
	hl->fd = hl->query_fd = -1;
}

/**
 * hostlink_tx_dropped() - frames that the host dropped on their way out of it
 * @hl: the device
 * @dropped: the device's tx_dropped
 *
 * For a TAP device these are the frames that we were too slow to read.
 * Context: hot.
 * Return: 0 or a negative errno.
 * Source: rtnetlink(7), RTM_GETSTATS, whose answer is small.
 */
__hot int hostlink_tx_dropped(const struct hostlink *hl, __u64 *dropped)
{
	struct {
		struct nlmsghdr nh;
		struct if_stats_msg ifs;
	} req;
	struct {
		struct nlmsghdr nh;
		struct if_stats_msg ifs;
		struct rtattr rta;
		struct rtnl_link_stats64 st __attribute__((packed));
		char room[64];			/* of newer kernels' counters */
	} answer;
	long len;

	hot_zero(&req, sizeof(req));
	req.nh.nlmsg_len = sizeof(req);
	req.nh.nlmsg_type = RTM_GETSTATS;
	req.nh.nlmsg_flags = NLM_F_REQUEST;
	req.ifs.ifindex = hl->ifindex;
	req.ifs.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	len = sys_write(hl->query_fd, &req, sizeof(req));
	if (len < 0)
		return len;
	len = sys_retry(sys_read(hl->query_fd, &answer, sizeof(answer)));
	if (len < 0)
		return len;
	if (len < (long)offsetof(typeof(answer), st) +
		  (long)offsetof(struct rtnl_link_stats64, multicast) ||
	    answer.nh.nlmsg_type != RTM_NEWSTATS || answer.rta.rta_type != IFLA_STATS_LINK_64)
		return -ENODATA;
	*dropped = answer.st.tx_dropped;
	return 0;
}
