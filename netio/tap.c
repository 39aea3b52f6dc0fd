// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames through a TAP device of the host.
 *
 * A TAP file carries one frame per read and write; there is no call that moves
 * several.  What makes it fast is the virtio-net header in front of each frame:
 * with it a TCP burst of 64 KiB is one frame, in both directions, and checksums
 * are computed by nobody as long as the frame stays on the machine.
 *
 *	our stack          tap_tx()                       host's stack
 *	frame ----------->  writev(vnet, seg[0..n])  ---> netif_rx(tap0)
 *	frame <-----------  readv(vnet, seg[0..n])   <--- ndo_start_xmit(tap0)
 *
 * Segments are read and written where they are; nothing is copied here.
 *
 * A read cannot tell that the frame was longer than the room: the vector ends
 * with one byte more than there is room for, and whoever reaches it was too long.
 *
 * Deleting the device leaves a file that is always "ready" with an error.  So
 * that nobody spins on it, an idle file is put in its place (park()).
 *
 * What is not seen here: a frame that the host dropped because we read too
 * slowly.  The device's tx_dropped counts those; stats asks for it.
 *
 * tap_adopt() makes a channel of a file that another has attached and set up,
 * for kinds of channel that are a TAP file in the end.
 */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "frame.h"
#include "hostif.h"
#include "hostlink.h"
#include "room.h"
#include "tap.h"

/* Newer than the uapi headers that we may be built with (Linux 6.2). */
#ifndef TUN_F_USO4
#define TUN_F_USO4	0x20
#define TUN_F_USO6	0x40
#endif

#define TAP_DEVICE	"/dev/net/tun"

struct tap {
	struct libos_netio io;
	struct libos_netio_stats stats;
	struct hostlink link;
	__u64	dropped_before;		/* the device's tx_dropped at open */
	bool	dead;			/* the device has been deleted */
	int	park_fd;		/* a file that is never ready */
	void	(*release)(void *owner);	/* adopted: at the end of close */
	void	*owner;
	struct libos_netio_ops ops;	/* adopted: ours under another name */
	char	name[IFNAMSIZ];
	int	fd[NETIO_QUEUES_MAX];
};

#define to_tap(p)	container_of(p, struct tap, io)

static const struct libos_netio_ops tap_ops;

static __hot void park(struct tap *tap)
{
	unsigned int i;

	tap->dead = true;
	tap->io.link_up = 0;
	for (i = 0; i < tap->io.queues; i++)
		sys_dup3(tap->park_fd, tap->fd[i], O_CLOEXEC);
	sys_dup3(tap->park_fd, tap->link.fd, O_CLOEXEC);
}

static __hot enum libos_netio_drop tx_failed(struct tap *tap, long ret)
{
	switch (ret) {
	case -EBADFD:
		park(tap);
		return LIBOS_DROP_TX_DOWN;
	case -EIO:			/* the host's side is down */
		return LIBOS_DROP_TX_DOWN;
	case -EMSGSIZE:
		return LIBOS_DROP_TX_TOOBIG;
	default:
		return LIBOS_DROP_TX_ERROR;
	}
}

static __hot int tap_tx(struct libos_netio *io, unsigned int queue,
			struct libos_frame *const *frames, unsigned int n)
{
	struct tap *tap = to_tap(io);
	struct iovec iov[LIBOS_FRAME_SEGS + 1];
	unsigned int i, niov;
	long ret;

	for (i = 0; i < n; i++) {
		struct libos_frame *f = frames[i];

		if (tap->dead) {
			tap->stats.drop[LIBOS_DROP_TX_DOWN]++;
			continue;
		}
		if (f->len > NETIO_FRAME_MAX) {
			tap->stats.drop[LIBOS_DROP_TX_TOOBIG]++;
			continue;
		}
		niov = frame_iov(f, iov + 1);
		if (!niov) {
			tap->stats.drop[LIBOS_DROP_TX_ERROR]++;
			continue;
		}
		iov[0].iov_base = &f->vnet;
		iov[0].iov_len = VNET_LEN;
		ret = sys_retry(sys_writev(tap->fd[queue], iov, niov + 1));
		tap->stats.tx_calls++;
		if (ret == -EAGAIN)
			break;
		if (ret < 0) {
			tap->stats.drop[tx_failed(tap, ret)]++;
			continue;
		}
		tap->stats.tx_frames++;
		tap->stats.tx_bytes += f->len;
	}
	return i;
}

static __hot int tap_rx(struct libos_netio *io, unsigned int queue,
			struct libos_frame *const *frames, unsigned int n)
{
	struct tap *tap = to_tap(io);
	struct iovec iov[LIBOS_FRAME_SEGS + 2];
	unsigned int got = 0, niov, tries = LIBOS_BURST;
	__u64 room;
	char beyond;
	long ret = 0;

	while (got < n && !tap->dead) {
		struct libos_frame *f = frames[got];

		niov = frame_room_iov(f, iov + 1, &room);
		iov[0].iov_base = &f->vnet;
		iov[0].iov_len = VNET_LEN;
		iov[niov + 1].iov_base = &beyond;
		iov[niov + 1].iov_len = 1;
		ret = sys_retry(sys_readv(tap->fd[queue], iov, niov + 2));
		tap->stats.rx_calls++;
		if (ret == -EBADFD) {
			park(tap);
			break;
		}
		if (ret == -EAGAIN)
			break;
		if (ret < 0) {
			tap->stats.drop[LIBOS_DROP_RX_ERROR]++;
			if (!--tries)
				break;
			continue;
		}
		if (ret < VNET_LEN + NETIO_FRAME_MIN) {
			tap->stats.drop[LIBOS_DROP_RX_RUNT]++;
			continue;
		}
		if ((__u64)ret > room + VNET_LEN) {
			tap->stats.drop[LIBOS_DROP_RX_TRUNC]++;
			continue;
		}
		f->len = ret - VNET_LEN;
		f->tstamp_ns = 0;
		f->vnet.num_buffers = 0;
		tap->stats.rx_frames++;
		tap->stats.rx_bytes += f->len;
		got++;
	}
	if (!tap->dead)
		hostlink_look(&tap->link, io, got);
	return got;
}

static int tap_pollfds(struct libos_netio *io, struct libos_pollfd *fds, int max)
{
	struct tap *tap = to_tap(io);
	int n = 0;
	unsigned int i;

	for (i = 0; i < io->queues; i++, n++)
		if (n < max)
			fds[n] = (struct libos_pollfd){ tap->fd[i], POLLIN | POLLOUT, i, NULL };
	if (n < max)
		fds[n] = (struct libos_pollfd){ tap->link.fd, POLLIN, 0, &tap->link.told };
	return n + 1;
}

static __hot void tap_stats(struct libos_netio *io, struct libos_netio_stats *s)
{
	struct tap *tap = to_tap(io);
	__u64 dropped;

	if (!tap->dead && !hostlink_tx_dropped(&tap->link, &dropped))
		tap->stats.drop[LIBOS_DROP_RX_OVERRUN] = dropped - tap->dropped_before;
	netio_stats_add(s, &tap->stats);
}

static void tap_close(struct libos_netio *io)
{
	struct tap *tap = to_tap(io);
	unsigned int i;

	for (i = 0; i < NETIO_QUEUES_MAX; i++)
		if (tap->fd[i] >= 0)
			close(tap->fd[i]);
	hostlink_close(&tap->link);
	if (tap->park_fd >= 0)
		close(tap->park_fd);
	if (tap->release)
		tap->release(tap->owner);
	free(tap);
}

const char *netio_tap_name(const struct libos_netio *io)
{
	return io->ops == &tap_ops ? ((const struct tap *)io)->name : "";
}

/* Attach one queue; the first one settles the name and whether there are more. */
static int attach(struct tap *tap, unsigned int queue, bool multi, struct netio_err *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
					  (multi ? IFF_MULTI_QUEUE : 0) };
	int fd, ret;

	fd = open(TAP_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		return netio_fail(err, ret, "tap: cannot open " TAP_DEVICE ": %s%s",
				  strerror(-ret), ret == -ENOENT || ret == -ENODEV ?
				  " (is the host's module tun loaded?)" : "");
	}
	memcpy(ifr.ifr_name, tap->name, sizeof(ifr.ifr_name));
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	memcpy(tap->name, ifr.ifr_name, sizeof(tap->name));
	tap->fd[queue] = fd;
	return 0;
}

static int attach_all(struct tap *tap, const struct netio_tap_opts *o, struct netio_err *err)
{
	bool multi = o->queues > 1;
	unsigned int i;
	int ret;

	ret = attach(tap, 0, multi, err);
	/* An existing device may have been made the other way. */
	if (ret == -EINVAL && !multi) {
		multi = true;
		ret = attach(tap, 0, multi, err);
	}
	for (i = 1; !ret && i < o->queues; i++)
		ret = attach(tap, i, multi, err);
	if (!ret)
		return 0;
	switch (ret) {
	case -EACCES:
		return netio_fail(err, -EPERM,
				  "tap: not allowed to open " TAP_DEVICE ", which is to have mode 0666; then %s needs CAP_NET_ADMIN, or to be a device of your own",
				  o->name ? o->name : "a new device");
	case -EPERM:
		return netio_fail(err, -EPERM,
				  "tap: not allowed to use %s: needs CAP_NET_ADMIN, or a device of your own (as root: ip tuntap add dev NAME mode tap vnet_hdr user YOU)",
				  o->name ? o->name : "a new device");
	case -EBUSY:
		return netio_fail(err, ret, "tap: %s is in use by another process", tap->name);
	case -EINVAL:
		return netio_fail(err, ret,
				  "tap: %s exists, but is no TAP device%s", tap->name,
				  o->queues > 1 ? " with several queues" : "");
	default:
		if (tap->fd[0] < 0 && err && !err->text[0])
			netio_fail(err, ret, "tap: cannot attach to %s: %s", tap->name,
				   strerror(-ret));
		return ret;
	}
}

/* Agree on the header, and on what the host may send us in it. */
static int negotiate(struct tap *tap, unsigned int offload, struct netio_err *err)
{
	static const unsigned int wishes[] = {
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM,
		0,
	};
	int len = VNET_LEN, one = 1;
	unsigned int i, q, got = 0;

	for (q = 0; q < tap->io.queues; q++) {
		if (ioctl(tap->fd[q], TUNSETVNETHDRSZ, &len) < 0 ||
		    (ioctl(tap->fd[q], TUNSETVNETLE, &one) < 0 && errno != EINVAL)) {
			int ret = -errno;

			return netio_fail(err, ret, "tap: %s: the host has no virtio-net header: %s",
					  tap->name, strerror(-ret));
		}
	}
	for (i = 0; i < ARRAY_SIZE(wishes); i++) {
		if (offload == NETIO_OFFLOAD_NONE && wishes[i])
			continue;
		if (offload == NETIO_OFFLOAD_CSUM && (wishes[i] & ~TUN_F_CSUM))
			continue;
		got = wishes[i];
		if (!ioctl(tap->fd[0], TUNSETOFFLOAD, (unsigned long)got))
			break;
	}
	if (i == ARRAY_SIZE(wishes))
		return netio_fail(err, -errno, "tap: %s: cannot set offloads: %s", tap->name,
				  strerror(errno));
	if (got & TUN_F_CSUM)
		tap->io.features |= LIBOS_NETIO_TX_CSUM | LIBOS_NETIO_RX_CSUM;
	if (got & TUN_F_TSO4)
		tap->io.features |= LIBOS_NETIO_TX_TSO4 | LIBOS_NETIO_TX_TSO6 |
				    LIBOS_NETIO_TX_ECN | LIBOS_NETIO_RX_GSO;
	if (got & TUN_F_USO4)
		tap->io.features |= LIBOS_NETIO_TX_USO;
	return 0;
}

static int check(const struct netio_tap_opts *o, struct netio_err *err)
{
	if (o->name && netio_ifname_check(o->name))
		return netio_fail(err, -EINVAL,
				  "tap: \"%s\" is no name for a device: 1 to 15 characters, no / or space",
				  o->name);
	if (o->queues > NETIO_QUEUES_MAX)
		return netio_fail(err, -EINVAL, "tap: %u queues; at most %d are possible",
				  o->queues, NETIO_QUEUES_MAX);
	if (o->mtu && (o->mtu < 68 || o->mtu > 65521))
		return netio_fail(err, -EINVAL, "tap: mtu %u is not within 68..65521", o->mtu);
	if (o->offload > NETIO_OFFLOAD_CSUM)
		return netio_fail(err, -EINVAL, "tap: offload %u is unknown", o->offload);
	return 0;
}

static struct tap *tap_new(unsigned int queues, int fd_min)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	unsigned int i;

	if (!tap)
		return NULL;
	for (i = 0; i < NETIO_QUEUES_MAX; i++)
		tap->fd[i] = -1;
	tap->link.fd = tap->link.query_fd = -1;
	tap->io.ops = &tap_ops;
	tap->io.queues = queues;
	tap->park_fd = netio_fd_raise(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fd_min);
	return tap;
}

/* From now on the channel knows how the host's side is. */
static int tap_watch(struct tap *tap, int ifindex, int fd_min, struct netio_err *err)
{
	int ret = hostlink_open(&tap->link, ifindex, IFF_UP, fd_min, err);

	if (ret)
		return ret;
	hostlink_tx_dropped(&tap->link, &tap->dropped_before);
	tap->io.link_up = hostlink_poll(&tap->link);
	return 0;
}

int netio_tap_open(const struct netio_tap_opts *opts, struct libos_netio **out,
		   struct netio_err *err)
{
	struct netio_tap_opts o;
	struct netio_err why = { "" };
	struct tap *tap;
	unsigned int i;
	int ret;

	ret = netio_opts_copy(&o, sizeof(o), opts, err);
	if (!ret)
		ret = check(&o, err);
	if (ret)
		return ret;
	tap = tap_new(o.queues ? o.queues : 1, o.fd_min);
	if (!tap)
		return netio_fail(err, -ENOMEM, "tap: out of memory");
	tap->io.max_mtu = 65521;	/* of tun.c: 65535 less an Ethernet header */
	o.queues = tap->io.queues;
	if (o.name)
		snprintf(tap->name, sizeof(tap->name), "%s", o.name);

	ret = attach_all(tap, &o, &why);
	if (!ret)
		ret = negotiate(tap, o.offload, &why);
	for (i = 0; !ret && i < o.queues; i++)
		tap->fd[i] = netio_fd_raise(tap->fd[i], o.fd_min);
	if (!ret && o.mtu)
		ret = hostif_set_mtu(tap->name, o.mtu, &why);
	if (!ret && o.txqlen)
		ret = hostif_set_txqlen(tap->name, o.txqlen, &why);
	if (!ret && o.bridge)
		ret = hostif_set_bridge(tap->name, o.bridge, &why);
	if (!ret && o.address)
		ret = hostif_add_address(tap->name, o.address, &why);
	if (!ret && o.up)
		ret = hostif_set_up(tap->name, &why);
	if (!ret)
		ret = tap_watch(tap, hostif_index(tap->name), o.fd_min, &why);
	if (ret) {
		tap_close(&tap->io);
		return netio_fail(err, ret, "%s", why.text);
	}
	*out = &tap->io;
	return 0;
}

int tap_adopt(const struct tap_file *file, struct libos_netio **out, struct netio_err *err)
{
	struct tap *tap = tap_new(1, file->fd_min);
	int ret;

	if (!tap) {
		close(file->fd);
		return netio_fail(err, -ENOMEM, "%s: out of memory", file->kind);
	}
	tap->fd[0] = netio_fd_raise(file->fd, file->fd_min);
	tap->ops = tap_ops;
	tap->ops.name = file->kind;
	tap->io.ops = &tap->ops;
	tap->io.features = file->features;
	tap->io.max_mtu = file->max_mtu;
	snprintf(tap->name, sizeof(tap->name), "%s", file->ifname);
	ret = tap_watch(tap, file->ifindex, file->fd_min, err);
	if (ret) {
		tap_close(&tap->io);
		return ret;
	}
	tap->release = file->release;
	tap->owner = file->owner;
	*out = &tap->io;
	return 0;
}

void *tap_owner(const struct libos_netio *io, void (*release)(void *owner))
{
	const struct tap *tap = (const struct tap *)io;

	if (io->ops->tx != tap_tx || tap->release != release)
		return NULL;
	return tap->owner;
}

/* An adopted file's owner is bound to this process, and to a thread of it. */
static int tap_suspend(struct libos_netio *io)
{
	return to_tap(io)->release ? -EOPNOTSUPP : 0;
}

static const struct libos_netio_ops tap_ops = {
	.name		= "tap",
	.tx		= tap_tx,
	.rx		= tap_rx,
	.pollfds	= tap_pollfds,
	.stats		= tap_stats,
	.close		= tap_close,
	.suspend	= tap_suspend,
};
