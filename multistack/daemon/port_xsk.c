// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_XDP ports: a veth pair whose other end is alone in a netns of its own.
 *
 *	host's netns            the port's netns
 *	ms7 ------------------- peer (ifindex 8) --XDP--> ms_xsks[7] -> client
 *	tx, inject              <------------------------ client's tx ring
 *
 * The socket is made by the daemon's helper in that netns, since only there
 * can its holder bind it, and there is nothing else to bind it to.  The client
 * registers its own memory and binds; then (MS_MSG_XSK_READY) the daemon
 * enters the socket in the map.  No process is in the netns: it lives by the
 * socket, and with its end goes the pair.
 *
 * The host's end is without transmit offloads, so that the kernel finishes
 * checksums and segments before a frame comes to the socket.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_xdp.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msd.h"
#include "nl.h"
#include "store.h"

static int no_offloads(const char *ifname)
{
	static const uint32_t cmds[] = {
		ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SSG, ETHTOOL_STXCSUM,
	};
	struct ethtool_value v = { 0 };
	struct ifreq ifr = { 0 };
	unsigned int i;
	int fd, err = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	ifr.ifr_data = (void *)&v;
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		v.cmd = cmds[i];
		v.data = 0;
		if (ioctl(fd, SIOCETHTOOL, &ifr) && cmds[i] == ETHTOOL_STXCSUM)
			err = -errno;
	}
	close(fd);
	return err;
}

static int setup_peer(struct msd *d, struct port *p, struct ns_fds *f)
{
	struct nl_link_set set = {
		.up_mask = IFF_UP | IFF_NOARP,
		.flags = IFF_UP | IFF_NOARP,
		.mtu = p->sw->nic.mtu,
		.xdp_fd = prog_fd(d, "ms_xsk"),
	};
	struct sockaddr_nl me = { .nl_family = AF_NETLINK };
	struct mnl_socket *nl;
	int err;

	nl = mnl_socket_fdopen(f->rtnl);
	if (!nl)
		return -errno;
	f->rtnl = -1;
	if (bind(mnl_socket_get_fd(nl), (void *)&me, sizeof(me)))
		err = -errno;
	else
		err = nl_link_set(nl, p->id + 1, &set);
	mnl_socket_close(nl);
	return err;
}

static int xsk_create(struct msd *d, struct port *p, int *client_fd)
{
	struct ns_fds f;
	struct nl_link l;
	char key[32];
	int err;

	err = nsmaker_make(d, &f);
	if (err == -EAFNOSUPPORT)
		return refuse(d, -EOPNOTSUPP, "this kernel is without AF_XDP sockets (CONFIG_XDP_SOCKETS); take a TAP port");
	if (err)
		return refuse(d, err, "cannot make a netns for the port: %s", strerror(-err));
	err = nl_veth_add(d->nl, p->ifname, MS_IFINDEX(p->id, p->st.gen), "port", p->id + 1, f.ns);
	if (!err)
		err = nl_link_get(d->nl, 0, p->ifname, &l);
	if (err) {
		refuse(d, err, "cannot make the veth pair %s: %s", p->ifname, strerror(-err));
		goto out;
	}
	p->st.ifindex = l.ifindex;
	err = no_offloads(p->ifname);
	if (!err)
		err = setup_peer(d, p, &f);
	if (err) {
		refuse(d, err, "cannot set up the peer of %s: %s", p->ifname, strerror(-err));
		goto out;
	}
	p->kind_fd = f.xsk;
	*client_fd = dup(f.xsk);
	f.xsk = -1;
	if (*client_fd < 0)
		err = -errno;
	snprintf(key, sizeof(key), "xsk-%u-%u", p->id, p->st.gen);
	if (!err)
		err = store_put(d->store, key, p->kind_fd);
out:
	if (f.rtnl >= 0)
		close(f.rtnl);
	if (f.xsk >= 0)
		close(f.xsk);
	close(f.ns);
	return err;
}

static int xsk_ready(struct msd *d, struct port *p)
{
	int err = map_set(d->map.xsks, &p->id, &p->kind_fd);

	if (err)
		return refuse(d, err, "the AF_XDP socket is not set up: %s", strerror(-err));
	p->st.xsk_ready = 1;
	port_save(d, p);
	return 0;
}

static uint64_t xsk_lost(struct msd *d, struct port *p)
{
	struct xdp_statistics st = { 0 };
	socklen_t len = sizeof(st);

	(void)d;
	if (getsockopt(p->kind_fd, SOL_XDP, XDP_STATISTICS, &st, &len))
		return 0;
	return st.rx_dropped + st.rx_ring_full + st.rx_fill_ring_empty_descs;
}

static void xsk_destroy(struct msd *d, struct port *p)
{
	char key[32];

	if (p->kind_fd >= 0)
		close(p->kind_fd);
	p->kind_fd = -1;
	snprintf(key, sizeof(key), "xsk-%u-%u", p->id, p->st.gen);
	store_del(d->store, key);
}

const struct port_ops port_xsk_ops = {
	.name = "AF_XDP",
	.create = xsk_create,
	.ready = xsk_ready,
	.lost = xsk_lost,
	.destroy = xsk_destroy,
};
