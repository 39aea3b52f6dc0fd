// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink requests to an instance: libmnl builds and reads the messages, and the
 * socket is the instance's.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/netlink.h>
#include <linux/time_types.h>

#include "netcfg.h"

long netcfg_call(struct libos_thread *thr, long nr, unsigned long a, unsigned long b,
		 unsigned long c, unsigned long d, unsigned long e, unsigned long f)
{
	unsigned long arg[6] = { a, b, c, d, e, f };

	return libos_call(thr, nr, arg);
}

int nl_open(struct nl *nl, struct libos_thread *thr, __u32 groups)
{
	struct sockaddr_nl sa = {
		.nl_family = AF_NETLINK,
		.nl_groups = groups,
	};
	int one = 1;
	long r;

	*nl = (struct nl){ .thr = thr };
	r = netcfg_call(thr, SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE, 0, 0,
			0);
	if (r < 0)
		return r;
	nl->fd = (int)r;
	r = netcfg_call(thr, SYS_bind, r, (unsigned long)&sa, sizeof(sa), 0, 0, 0);
	if (r < 0) {
		nl_close(nl);
		return r;
	}
	/* Kernels that cannot explain themselves are no worse without. */
	netcfg_call(thr, SYS_setsockopt, nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, (unsigned long)&one,
		    sizeof(one), 0);
	return 0;
}

void nl_close(struct nl *nl)
{
	netcfg_call(nl->thr, SYS_close, nl->fd, 0, 0, 0, 0, 0);
}

struct nlmsghdr *nl_request(struct nl *nl, struct nl_buf *buf, __u16 type, __u16 flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf->data);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nl->seq;
	return nlh;
}

static long nl_send(struct nl *nl, const struct nlmsghdr *nlh)
{
	return netcfg_call(nl->thr, SYS_sendto, nl->fd, (unsigned long)nlh, nlh->nlmsg_len, 0, 0,
			   0);
}

static long nl_recv(struct nl *nl, struct nl_buf *buf)
{
	return netcfg_call(nl->thr, SYS_recvfrom, nl->fd, (unsigned long)buf->data,
			   sizeof(buf->data), 0, 0, 0);
}

/* The error of an NLMSG_ERROR; its explanation goes to @nl. */
static int nl_error(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*e);
	const struct nlattr *attr;

	nl->extack[0] = 0;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
		return -EBADMSG;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return e->error;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&e->msg);
	mnl_attr_for_each(attr, nlh, (unsigned int)offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			strncpy(nl->extack, mnl_attr_get_str(attr), sizeof(nl->extack) - 1);
	}
	return e->error;
}

/* Send a request and read up to its end: an acknowledgement, or a dump's. */
int nl_dump(struct nl *nl, struct nlmsghdr *nlh,
	    int (*each)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct nl_buf buf;
	long len = nl_send(nl, nlh);
	int r;

	while (len >= 0) {
		const struct nlmsghdr *in = (void *)buf.data;
		int left;

		len = nl_recv(nl, &buf);
		if (len < 0)
			break;
		for (left = (int)len; mnl_nlmsg_ok(in, left); in = mnl_nlmsg_next(in, &left)) {
			if (in->nlmsg_seq != nl->seq)
				continue;	/* a notification */
			if (in->nlmsg_type == NLMSG_ERROR)
				return nl_error(nl, in);
			if (in->nlmsg_type == NLMSG_DONE)
				return 0;
			r = each ? each(in, arg) : 0;
			if (r < 0)
				return r;
		}
	}
	return (int)len;
}

int nl_talk(struct nl *nl, struct nlmsghdr *nlh)
{
	nlh->nlmsg_flags |= NLM_F_ACK;
	return nl_dump(nl, nlh, NULL, NULL);
}

/* Wait for a notification, and take what there is.  1, 0 on timeout, or an error. */
int nl_wait(struct nl *nl, int timeout_ms)
{
	struct __kernel_timespec ts = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L,
	};
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };
	struct nl_buf buf;
	long r;

	r = netcfg_call(nl->thr, SYS_ppoll, (unsigned long)&p, 1,
			timeout_ms < 0 ? 0 : (unsigned long)&ts, 0, 8, 0);
	if (r <= 0)
		return (int)r;
	r = nl_recv(nl, &buf);
	/* Overrun: notifications are lost, so the state must be read again anyway. */
	return r < 0 && r != -ENOBUFS ? (int)r : 1;
}
