// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames through a packet socket on an existing NIC.
 *
 * The host's stack goes on using the NIC; we get a copy of what arrives, and
 * send beside it.  One sendmmsg() or recvmmsg() moves a burst, each frame behind
 * a virtio-net header (PACKET_VNET_HDR), so that segmentation and checksums are
 * left to the NIC, or, over veth, to nobody:
 *
 *	msg[0] -> vnet | seg[0] | seg[1] ...      \
 *	msg[1] -> vnet | seg[0]                    > one call
 *	msg[2] -> vnet | seg[0] | seg[1]          /
 *
 * A mapped ring (PACKET_MMAP) is not used.  It saves the call, but the host
 * copies each frame into the ring and we would copy it out once more, and a
 * ring with virtio-net headers needs slots of 64 KiB; docs/netio.md has figures.
 *
 * What not to receive:
 *  - frames that this host sends (PACKET_IGNORE_OUTGOING), our own among them;
 *  - frames for others: a classic BPF filter passes our hardware address,
 *    broadcast and multicast, so that the host's own traffic is not copied.
 *
 * The host takes an outermost VLAN tag out of the frame.  The control message
 * (PACKET_AUXDATA) has it, and untag() puts it back.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "frame.h"
#include "hostlink.h"
#include "room.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

#define RAW_RCVBUF	(4 << 20)
#define RAW_SNDBUF	(4 << 20)

#define CONTROL_LEN	(CMSG_SPACE(sizeof(struct tpacket_auxdata)) + \
			 CMSG_SPACE(sizeof(struct timespec)))

/* A burst being put together; on the heap, since a kernel stack has no room. */
struct burst {
	struct mmsghdr msg[LIBOS_BURST];
	struct iovec iov[LIBOS_BURST][LIBOS_FRAME_SEGS + 1];
	char control[LIBOS_BURST][CONTROL_LEN] __attribute__((aligned(8)));
	struct libos_frame *frame[LIBOS_BURST];		/* rx: whose room it is */
};

struct raw {
	struct libos_netio io;
	struct libos_netio_stats stats;
	struct hostlink link;
	struct burst *tx, *rx;		/* one of each: the token is held */
	unsigned int rx_guess;		/* frames that may have come, 1..LIBOS_BURST */
	int	fd[NETIO_QUEUES_MAX];
};

#define to_raw(p)	container_of(p, struct raw, io)

/* tx */

/* Lay out frames[from...] as messages, up to the first that cannot be sent. */
static __hot unsigned int tx_prepare(struct burst *b, struct libos_frame *const *frames,
				     unsigned int from, unsigned int n)
{
	unsigned int i, niov;

	for (i = from; i < n; i++) {
		struct libos_frame *f = frames[i];
		struct iovec *iov = b->iov[i];

		if (f->len > NETIO_FRAME_MAX)
			break;
		niov = frame_iov(f, iov + 1);
		if (!niov)
			break;
		iov[0].iov_base = &f->vnet;
		iov[0].iov_len = VNET_LEN_V0;
		b->msg[i].msg_hdr.msg_iov = iov;
		b->msg[i].msg_hdr.msg_iovlen = niov + 1;
	}
	return i;
}

/* Why the first message was refused; the frame is lost. */
static __hot enum libos_netio_drop tx_failed(struct raw *raw, long ret)
{
	switch (ret) {
	case -ENETDOWN:
	case -ENXIO:
	case -ENODEV:
		raw->io.link_up = 0;
		return LIBOS_DROP_TX_DOWN;
	case -EMSGSIZE:
		return LIBOS_DROP_TX_TOOBIG;
	default:		/* ENOBUFS: the host's queueing discipline dropped it */
		return LIBOS_DROP_TX_ERROR;
	}
}

static __hot int raw_tx(struct libos_netio *io, unsigned int queue,
			struct libos_frame *const *frames, unsigned int n)
{
	struct raw *raw = to_raw(io);
	struct burst *b = raw->tx;
	unsigned int i = 0, ready;
	long ret;

	if (n > LIBOS_BURST)
		n = LIBOS_BURST;
	while (i < n) {
		ready = tx_prepare(b, frames, i, n);
		while (i < ready) {
			ret = sys_retry(sys_sendmmsg(raw->fd[queue], &b->msg[i], ready - i,
						     MSG_DONTWAIT | MSG_NOSIGNAL));
			raw->stats.tx_calls++;
			if (ret == -EAGAIN)
				return i;
			if (ret <= 0) {
				raw->stats.drop[tx_failed(raw, ret)]++;
				i++;
				continue;
			}
			for (; ret--; i++) {
				raw->stats.tx_frames++;
				raw->stats.tx_bytes += frames[i]->len;
			}
		}
		if (i < n) {
			raw->stats.drop[frames[i]->len > NETIO_FRAME_MAX ?
					LIBOS_DROP_TX_TOOBIG : LIBOS_DROP_TX_ERROR]++;
			i++;
		}
	}
	return i;
}

/* rx */

static __hot void rx_prepare(struct burst *b, struct libos_frame *const *frames, unsigned int n)
{
	unsigned int i;
	__u64 room;

	for (i = 0; i < n; i++) {
		struct msghdr *m = &b->msg[i].msg_hdr;
		struct iovec *iov = b->iov[i];

		b->frame[i] = frames[i];
		iov[0].iov_base = &frames[i]->vnet;
		iov[0].iov_len = VNET_LEN_V0;
		m->msg_iov = iov;
		m->msg_iovlen = frame_room_iov(frames[i], iov + 1, &room) + 1;
		m->msg_control = b->control[i];
		m->msg_controllen = CONTROL_LEN;
	}
}

/* Put the VLAN tag back that the host took out. */
static __hot bool untag(struct libos_frame *f, const struct tpacket_auxdata *aux)
{
	__u16 tpid = aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : 0x8100;
	__u8 tag[4] = { tpid >> 8, tpid, aux->tp_vlan_tci >> 8, aux->tp_vlan_tci };

	return frame_insert(f, 2 * ETH_ALEN, tag, sizeof(tag));
}

/* Walk a message's control data by hand: <sys/socket.h>'s way is a function. */
static __hot bool rx_control(struct libos_frame *f, const struct msghdr *m)
{
	const char *p = m->msg_control;
	size_t left = m->msg_controllen;

	while (left >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *c = (const void *)p;

		if (c->cmsg_len < sizeof(*c) || c->cmsg_len > left)
			break;
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			const struct tpacket_auxdata *aux = (const void *)CMSG_DATA(c);

			if ((aux->tp_status & TP_STATUS_VLAN_VALID) && !untag(f, aux))
				return false;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			const struct timespec *ts = (const void *)CMSG_DATA(c);

			f->tstamp_ns = ts->tv_sec * 1000000000ULL + ts->tv_nsec;
		}
		if (CMSG_ALIGN(c->cmsg_len) >= left)
			break;
		left -= CMSG_ALIGN(c->cmsg_len);
		p += CMSG_ALIGN(c->cmsg_len);
	}
	return true;
}

/* What recvmmsg() put into @f.  False if it is no frame for the stack. */
static __hot bool rx_finish(struct raw *raw, struct libos_frame *f, const struct mmsghdr *m)
{
	if (m->msg_len < VNET_LEN_V0 + NETIO_FRAME_MIN) {
		raw->stats.drop[LIBOS_DROP_RX_RUNT]++;
		return false;
	}
	f->len = m->msg_len - VNET_LEN_V0;
	f->vnet.num_buffers = 0;
	f->tstamp_ns = 0;
	if ((m->msg_hdr.msg_flags & MSG_TRUNC) || !rx_control(f, &m->msg_hdr)) {
		raw->stats.drop[LIBOS_DROP_RX_TRUNC]++;
		return false;
	}
	return true;
}

/*
 * Ask for about as many frames as came the last time: laying out messages that
 * stay empty takes longer than to ask again when it was too few.
 */
static __hot int raw_rx(struct libos_netio *io, unsigned int queue,
			struct libos_frame *const *frames, unsigned int n)
{
	struct raw *raw = to_raw(io);
	struct burst *b = raw->rx;
	unsigned int got = 0, want, i;
	int errors = 0;
	long ret;

	while (got < n) {
		want = n - got < raw->rx_guess ? n - got : raw->rx_guess;
		rx_prepare(b, frames + got, want);
		ret = sys_retry(sys_recvmmsg(raw->fd[queue], b->msg, want, MSG_DONTWAIT));
		raw->stats.rx_calls++;
		if (ret == -EAGAIN)
			break;
		if (ret <= 0) {
			/* ENETDOWN comes once, and no frame was lost. */
			if (ret == -ENETDOWN)
				io->link_up = 0;
			else	/* one that virtio-net headers have no word for */
				raw->stats.drop[LIBOS_DROP_RX_ERROR]++;
			if (++errors == LIBOS_BURST)
				break;
			continue;
		}
		for (i = 0; i < (unsigned int)ret; i++) {
			struct libos_frame *f = frames[got];

			/* A dropped one leaves a gap, which the next one closes. */
			if (!rx_finish(raw, b->frame[i], &b->msg[i]))
				continue;
			if (f != b->frame[i])
				frame_move(f, b->frame[i]);
			raw->stats.rx_frames++;
			raw->stats.rx_bytes += f->len;
			got++;
		}
		raw->rx_guess = ret == want ? 2 * raw->rx_guess : ret + 2;
		if (raw->rx_guess > LIBOS_BURST)
			raw->rx_guess = LIBOS_BURST;
		if (ret < want)
			break;
	}
	hostlink_look(&raw->link, io, got);
	return got;
}

/* The rest */

static int raw_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	struct raw *raw = to_raw(io);
	unsigned int i;
	int n = 0;

	for (i = 0; i < io->queues; i++, n++)
		if (n < max)
			fds[n] = (struct libos_pollfd){ raw->fd[i], POLLIN | POLLOUT, i, NULL };
	if (n < max)
		fds[n] = (struct libos_pollfd){ raw->link.fd, POLLIN, 0, &raw->link.told };
	return n + 1;
}

static __hot void raw_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	struct raw *raw = to_raw(io);
	unsigned int i;

	for (i = 0; i < io->queues; i++) {
		struct tpacket_stats st;
		socklen_t len = sizeof(st);

		/* Reading clears. */
		if (!sys_call(SYS_getsockopt, raw->fd[i], SOL_PACKET, PACKET_STATISTICS, &st, &len))
			raw->stats.drop[LIBOS_DROP_RX_OVERRUN] += st.tp_drops;
	}
	netio_stats_add(s, &raw->stats);
}

static void raw_close(struct libos_netio *io)
{
	struct raw *raw = to_raw(io);
	unsigned int i;

	for (i = 0; i < NETIO_QUEUES_MAX; i++)
		if (raw->fd[i] >= 0)
			close(raw->fd[i]);
	hostlink_close(&raw->link);
	netio_pages_free(raw->tx, sizeof(*raw->tx));
	netio_pages_free(raw->rx, sizeof(*raw->rx));
	free(raw);
}

static const struct libos_netio_ops raw_ops = {
	.name		= "raw",
	.tx		= raw_tx,
	.rx		= raw_rx,
	.pollfds	= raw_pollfds,
	.stats		= raw_stats,
	.close		= raw_close,
};

static int set_filter(int fd, const __u8 mac[6])
{
	__u32 high = (__u32)mac[0] << 24 | mac[1] << 16 | mac[2] << 8 | mac[3];
	__u32 low = mac[4] << 8 | mac[5];
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 4, 0),	/* group address */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0x7fffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

/* As large as we may. */
static void set_buffer(int fd, int force, int plain, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

static int set_option(int fd, int level, int name, int value, const char *what,
		      struct netio_err *err)
{
	if (!setsockopt(fd, level, name, &value, sizeof(value)))
		return 0;
	return netio_fail(err, -errno, "raw: the host does not offer %s: %s", what,
			  strerror(errno));
}

/* One socket, bound last, so that nothing comes before the filter is set. */
static int open_queue(const struct netio_raw_opts *o, int ifindex, struct netio_err *err)
{
	static const __u8 no_mac[6];
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = ifindex };
	struct packet_mreq mreq = { .mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC };
	int fd, ret;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		ret = -errno;
		return netio_fail(err, ret, "raw: cannot open a packet socket: %s%s",
				  strerror(-ret), ret == -EPERM ? " (needs CAP_NET_RAW)" : "");
	}
	ret = set_option(fd, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR", err);
	if (!ret)
		ret = set_option(fd, SOL_PACKET, PACKET_AUXDATA, 1, "PACKET_AUXDATA", err);
	if (!ret)
		ret = set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1,
				 "PACKET_IGNORE_OUTGOING (Linux 4.20)", err);
	if (!ret && o->qdisc_bypass)
		ret = set_option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS",
				 err);
	if (!ret && o->timestamps)
		ret = set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS", err);
	if (ret)
		goto fail;
	if (memcmp(o->mac, no_mac, sizeof(no_mac)) && set_filter(fd, o->mac) < 0) {
		ret = netio_fail(err, -errno, "raw: cannot filter by hardware address: %s",
				 strerror(errno));
		goto fail;
	}
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, o->rcvbuf ? (int)o->rcvbuf : RAW_RCVBUF);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, RAW_SNDBUF);
	if (!o->no_promisc &&
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0) {
		ret = netio_fail(err, -errno, "raw: cannot make %s promiscuous: %s", o->ifname,
				 strerror(errno));
		goto fail;
	}
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) < 0) {
		ret = netio_fail(err, -errno, "raw: cannot bind to %s: %s", o->ifname,
				 strerror(errno));
		goto fail;
	}
	return netio_fd_raise(fd, o->fd_min);
fail:
	close(fd);
	return ret;
}

/* Have the host spread flows over the sockets. */
static int set_fanout(struct raw *raw, struct netio_err *err)
{
	int arg = (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
	socklen_t len = sizeof(arg);
	unsigned int i;

	for (i = 0; i < raw->io.queues; i++) {
		if (setsockopt(raw->fd[i], SOL_PACKET, PACKET_FANOUT, &arg, sizeof(arg)) < 0)
			goto fail;
		if (!i) {
			if (getsockopt(raw->fd[0], SOL_PACKET, PACKET_FANOUT, &arg, &len) < 0)
				goto fail;
			arg &= ~(PACKET_FANOUT_FLAG_UNIQUEID << 16);
		}
	}
	return 0;
fail:
	return netio_fail(err, -errno, "raw: cannot spread flows over %u sockets: %s",
			  raw->io.queues, strerror(errno));
}

/* Ethernet, and how large its packets may be. */
static int check_device(struct raw *raw, const char *name, struct netio_err *err)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(raw->fd[0], SIOCGIFHWADDR, &ifr) < 0)
		return netio_fail(err, -errno, "raw: %s: %s", name, strerror(errno));
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER && ifr.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		return netio_fail(err, -EINVAL, "raw: %s is no Ethernet device", name);
	if (ioctl(raw->fd[0], SIOCGIFMTU, &ifr) < 0)
		return netio_fail(err, -errno, "raw: %s: %s", name, strerror(errno));
	raw->io.max_mtu = ifr.ifr_mtu < 65535 ? ifr.ifr_mtu : 65535;
	return 0;
}

/* Packet sockets take GSO_UDP_L4 from Linux 6.2 on, and no option tells. */
static bool host_has_uso(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 2);
}

int netio_raw_open(const struct netio_raw_opts *opts, struct libos_netio **out,
		   struct netio_err *err)
{
	struct netio_raw_opts o;
	struct raw *raw;
	unsigned int i;
	int ret, ifindex;

	ret = netio_opts_copy(&o, sizeof(o), opts, err);
	if (ret)
		return ret;
	if (!o.ifname || netio_ifname_check(o.ifname))
		return netio_fail(err, -EINVAL, "raw: \"%s\" is no name of a network device",
				  o.ifname ? o.ifname : "");
	if (o.queues > NETIO_QUEUES_MAX || o.offload > NETIO_OFFLOAD_CSUM || o.rcvbuf > 1U << 30)
		return netio_fail(err, -EINVAL,
				  "raw: queues, offload or rcvbuf is out of range");
	ifindex = if_nametoindex(o.ifname);
	if (!ifindex)
		return netio_fail(err, -ENODEV,
				  "raw: there is no network device %s here (see: ip link)",
				  o.ifname);
	raw = calloc(1, sizeof(*raw));
	if (!raw)
		return netio_fail(err, -ENOMEM, "raw: out of memory");
	for (i = 0; i < NETIO_QUEUES_MAX; i++)
		raw->fd[i] = -1;
	raw->link.fd = raw->link.query_fd = -1;
	raw->io.ops = &raw_ops;
	raw->rx_guess = 4;
	raw->io.queues = o.queues ? o.queues : 1;
	/* The host hands us GSO frames whatever we want. */
	raw->io.features = LIBOS_NETIO_RX_CSUM | LIBOS_NETIO_RX_GSO;
	if (o.offload != NETIO_OFFLOAD_NONE)
		raw->io.features |= LIBOS_NETIO_TX_CSUM;
	if (o.offload == NETIO_OFFLOAD_DEFAULT)
		raw->io.features |= LIBOS_NETIO_TX_TSO4 | LIBOS_NETIO_TX_TSO6 |
				    LIBOS_NETIO_TX_ECN | (host_has_uso() ? LIBOS_NETIO_TX_USO : 0);
	raw->tx = netio_pages(sizeof(*raw->tx));
	raw->rx = netio_pages(sizeof(*raw->rx));
	ret = raw->tx && raw->rx ? 0 : netio_fail(err, -ENOMEM, "raw: out of memory");
	for (i = 0; ret >= 0 && i < raw->io.queues; i++) {
		ret = open_queue(&o, ifindex, err);
		raw->fd[i] = ret;
	}
	if (ret >= 0)
		ret = check_device(raw, o.ifname, err);
	if (ret >= 0 && raw->io.queues > 1)
		ret = set_fanout(raw, err);
	if (ret >= 0)
		ret = hostlink_open(&raw->link, ifindex, IFF_UP | IFF_RUNNING, o.fd_min, err);
	if (ret < 0) {
		raw_close(&raw->io);
		return ret;
	}
	raw->io.link_up = hostlink_poll(&raw->link);
	*out = &raw->io;
	return 0;
}
