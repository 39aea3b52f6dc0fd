// SPDX-License-Identifier: GPL-2.0-only
/*
 * TAP ports: the client reads and writes frames on the TAP's descriptor.
 *
 * The daemon keeps no copy: when the client's last one is closed, the kernel
 * removes the link by itself.  What a client may do to its TAP (persistence,
 * header size, carrier, MAC address) harms nobody else, because the hooks and
 * the link's end are the daemon's.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "msd.h"
#include "nl.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static unsigned int tun_offloads(uint32_t o)
{
	unsigned int f = 0;

	if (o & MS_OFFLOAD_CSUM)
		f |= TUN_F_CSUM;
	if (o & MS_OFFLOAD_TSO4)
		f |= TUN_F_TSO4 | TUN_F_TSO_ECN;
	if (o & MS_OFFLOAD_TSO6)
		f |= TUN_F_TSO6 | TUN_F_TSO_ECN;
	if (o & MS_OFFLOAD_USO)
		f |= TUN_F_USO4 | TUN_F_USO6;
	return f;
}

static int tap_create(struct msd *d, struct port *p, int *client_fd)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	unsigned int ifindex = MS_IFINDEX(p->id, p->st.gen);
	int fd, err, hdr = 12;
	struct nl_link l;

	fd = nsmaker_tun(d);
	if (fd < 0) {
		err = fd;
		return refuse(d, err == -ENOENT ? -EOPNOTSUPP : err,
			      "cannot open /dev/net/tun: %s", strerror(-err));
	}
	memcpy(ifr.ifr_name, p->ifname, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFINDEX, &ifindex) || ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETVNETHDRSZ, &hdr))
		goto fail;
	/*
	 * USO is younger (6.2) than TSO, to receive and to send alike.  What the
	 * kernel knows is tried first, then set is what the client can take.
	 */
	p->st.tx_offloads = MS_OFFLOAD_ALL;
	if (ioctl(fd, TUNSETOFFLOAD, tun_offloads(MS_OFFLOAD_ALL)))
		p->st.tx_offloads &= ~MS_OFFLOAD_USO;
	p->st.rx_offloads &= p->st.tx_offloads;
	if (ioctl(fd, TUNSETOFFLOAD, tun_offloads(p->st.rx_offloads)))
		goto fail;
	err = nl_link_get(d->nl, 0, p->ifname, &l);
	if (err) {
		close(fd);
		return err;
	}
	p->st.ifindex = l.ifindex;
	*client_fd = fd;
	return 0;

fail:
	err = -errno;
	close(fd);
	return refuse(d, err, "cannot make the TAP %s: %s", p->ifname, strerror(-err));
}

static int tap_ready(struct msd *d, struct port *p)
{
	(void)p;
	return refuse(d, -EINVAL, "a TAP port is ready from the start");
}

static uint64_t tap_lost(struct msd *d, struct port *p)
{
	struct nl_link l;

	if (nl_link_get(d->nl, p->st.ifindex, NULL, &l))
		return 0;
	return l.tx_dropped;
}

static void tap_destroy(struct msd *d, struct port *p)
{
	(void)d;
	(void)p;
}

const struct port_ops port_tap_ops = {
	.name = "TAP",
	.create = tap_create,
	.ready = tap_ready,
	.lost = tap_lost,
	.destroy = tap_destroy,
};
