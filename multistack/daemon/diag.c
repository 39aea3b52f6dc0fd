// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which sockets of the host are bound to a port number, by NETLINK_SOCK_DIAG.
 *
 * The kernel selects by a two-instruction program ("source port equals"), so
 * that the answer is a handful of sockets, however many there are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "diag.h"

struct dump {
	diag_fn fn;
	void *arg;
};

static int on_socket(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);
	struct diag_socket s = { 0 };
	const struct dump *d = arg;
	const struct nlattr *a;

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return MNL_CB_OK;
	s.family = m->idiag_family;
	s.inode = m->idiag_inode;
	memcpy(s.addr, m->id.idiag_src, m->idiag_family == AF_INET ? 4 : 16);
	mnl_attr_for_each(a, nlh, sizeof(*m))
		if (mnl_attr_get_type(a) == INET_DIAG_SKV6ONLY &&
		    mnl_attr_get_payload_len(a) >= 1)
			s.v6only = mnl_attr_get_u8(a);
	d->fn(&s, d->arg);
	return MNL_CB_OK;
}

int diag_sockets(int family, int protocol, uint16_t port, diag_fn fn, void *arg)
{
	char buf[32768] __attribute__((aligned(8)));
	struct inet_diag_bc_op prog[2] = {
		{ INET_DIAG_BC_S_EQ, sizeof(prog), sizeof(prog) + 4 },
		{ .no = ntohs(port) },
	};
	struct dump d = { fn, arg };
	struct inet_diag_req_v2 *req;
	struct mnl_socket *nl;
	struct nlmsghdr *nlh;
	ssize_t n;
	int err = 0;

	nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!nl)
		return -errno;
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = family;
	req->sdiag_protocol = protocol;
	req->idiag_states = ~0U;
	mnl_attr_put(nlh, INET_DIAG_REQ_BYTECODE, sizeof(prog), prog);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		err = -errno;
	while (!err) {
		int ret;

		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0) {
			err = -errno;
			break;
		}
		ret = mnl_cb_run(buf, n, 1, 0, on_socket, &d);
		if (ret < 0)
			err = -errno;
		if (ret <= 0)
			break;
	}
	mnl_socket_close(nl);
	return err;
}
