/* SPDX-License-Identifier: GPL-2.0-only */
/* Between netcfg.c, netcfg_nl.c and their users in this room. */
#ifndef HOST_NETCFG_H
#define HOST_NETCFG_H

#include <libmnl/libmnl.h>
#include <libos/netcfg.h>

/**
 * struct nl - a netlink socket in an instance
 * @thr: whose
 * @fd: stack file
 * @seq: of the last request
 * @extack: the kernel's explanation of the last error, or empty
 */
struct nl {
	struct libos_thread *thr;
	int fd;
	__u32 seq;
	char extack[128];
};

/* Buffer of one netlink datagram; aligned as libmnl wants it. */
struct nl_buf {
	char data[8192] __attribute__((aligned(8)));
};

long netcfg_call(struct libos_thread *thr, long nr, unsigned long a, unsigned long b,
		 unsigned long c, unsigned long d, unsigned long e, unsigned long f);
int nl_open(struct nl *nl, struct libos_thread *thr, __u32 groups);
void nl_close(struct nl *nl);
struct nlmsghdr *nl_request(struct nl *nl, struct nl_buf *buf, __u16 type, __u16 flags);
int nl_talk(struct nl *nl, struct nlmsghdr *nlh);
int nl_dump(struct nl *nl, struct nlmsghdr *nlh,
	    int (*each)(const struct nlmsghdr *nlh, void *arg), void *arg);
int nl_wait(struct nl *nl, int timeout_ms);

#endif /* HOST_NETCFG_H */
