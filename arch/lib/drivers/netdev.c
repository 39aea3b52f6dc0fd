// SPDX-License-Identifier: GPL-2.0-only
/*
 * The network device: frames of the stack through a channel of the host, struct
 * libos_netio of <libos/netio.h>.
 *
 * tx.  An skb becomes a struct libos_frame, a virtio-net header and the skb's own
 * memory as segments, and joins the burst.  The burst goes to the channel in one
 * call when it is full, when it holds a segmentation-offload frame (which fills a
 * call by itself), or when the stack has nothing more to do for the moment: at
 * the end of the system call, or before the CPU idles.  So a sendmmsg() of 64
 * datagrams, or a forwarded burst, is one call of the channel.  In a call with
 * tx_late large frames wait for its end as well, up to TX_LATE bytes; and while the
 * host says so (tx_hold) small ones wait beyond it, up to TX_HOLD frames or
 * TX_HOLD_LEN bytes, until the host has a moment for them (tx_release).  A channel
 * that takes less than it is given stops the queue; the host reports room by
 * lib_netdev_event().  There are no byte queue limits: a channel has taken a frame
 * or has not, there is no ring behind it in which frames could wait for long.
 *
 * rx.  The driver keeps a burst of frames with buffers in them: one page each, or
 * 64 KiB in pages where the channel gives segmentation-offload frames.  A frame of
 * up to COPY_MAX bytes is copied to a linear skb, which costs less than new pages
 * and has an honest truesize; of a larger one only the headers are copied, its
 * pages become the skb's, and new ones take their place.  What arrives is fed to
 * GRO.
 *
 * Locking.  One CPU: tx and its flush run under the queue's tx lock, rx in NAPI.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/virtio_net.h>
#include <asm/memory.h>
#include <asm/versions.h>
#include <asm/vcpu.h>

#include <libos/netio.h>

#define TX_BURST	LIBOS_BURST
#define TX_LATE		(256 * 1024)	/* bytes that wait for the end of a call */
#define TX_HOLD		16		/* frames that wait beyond it */
#define TX_HOLD_LEN	(32 * 1024)	/* and bytes */
#define RX_BURST	16
#define RX_HEADER	192	/* bytes of a large frame that are copied */
#define COPY_MAX	1728	/* a full frame of a usual MTU */
#define GSO_PAGES	17	/* 64 KiB and a header, at page offset 0 */

enum drop { DROP_RX_NOMEM, DROP_RX_VNET, DROP_TX_VNET, DROP_TX_DOWN, DROP_END };

static const char drop_name[DROP_END][ETH_GSTRING_LEN] = {
	[DROP_RX_NOMEM]	= "rx_drop_no_memory",
	[DROP_RX_VNET]	= "rx_drop_bad_vnet_header",
	[DROP_TX_VNET]	= "tx_drop_bad_offload",
	[DROP_TX_DOWN]	= "tx_drop_device_down",
};

static const char io_name[][ETH_GSTRING_LEN] = {
	"io_rx_frames", "io_rx_bytes", "io_tx_frames", "io_tx_bytes",
	"io_rx_calls", "io_tx_calls",
	"io_drop_tx_error", "io_drop_tx_too_big", "io_drop_tx_down",
	"io_drop_rx_error", "io_drop_rx_truncated", "io_drop_rx_runt",
	"io_drop_rx_overrun", "io_drop_impair",
};

static_assert(sizeof(struct libos_netio_stats) == ARRAY_SIZE(io_name) * sizeof(u64));

struct libos_netdev {
	struct net_device *dev;
	struct libos_netio *io;
	struct napi_struct napi;
	struct list_head list;		/* of devices, under rtnl */
	bool event;			/* the host has reported something */

	unsigned int tx_at;		/* first frame of the burst */
	unsigned int tx_count;		/* frames of the burst */
	unsigned int tx_len;		/* bytes of those added since the last flush */
	struct sk_buff *tx_skb[TX_BURST];
	struct libos_frame tx_frame[TX_BURST];

	unsigned int rx_pages;		/* per frame */
	struct libos_frame rx_frame[RX_BURST];
	struct page *rx_page[RX_BURST][GSO_PAGES];

	u64 rx_packets, rx_bytes, tx_packets, tx_bytes;
	u64 drop[DROP_END];
};

static LIST_HEAD(netdevs);
bool lib_netdev_tx_pending;
static bool tx_hold;			/* calls may leave frames behind */
static bool tx_held;			/* and have done so */
static unsigned int tx_allowed;		/* of each device's, before the CPU idles */

/* ---- tx ---- */

static int skb_to_frame(struct sk_buff *skb, struct libos_frame *frame)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct libos_seg *seg = frame->seg;
	struct virtio_net_hdr *hdr = (void *)&frame->vnet;
	unsigned int i;
	int ret;

	memset(&frame->vnet, 0, sizeof(frame->vnet));
	ret = virtio_net_hdr_from_skb(skb, hdr, true, false, 0);
	if (ret)
		return ret;

	if (skb_headlen(skb)) {
		seg->base = skb->data;
		seg++->len = skb_headlen(skb);
	}
	for (i = 0; i < shinfo->nr_frags; i++) {
		skb_frag_t *frag = &shinfo->frags[i];

		seg->base = skb_frag_address(frag);
		seg++->len = skb_frag_size(frag);
	}
	frame->nseg = seg - frame->seg;
	frame->len = skb->len;
	return 0;
}

/* Give up to @max frames of the burst to the channel.  Context: the tx lock is held. */
static void tx_send(struct libos_netdev *nd, unsigned int max)
{
	struct netdev_queue *txq = netdev_get_tx_queue(nd->dev, 0);
	struct libos_frame *frames[TX_BURST];
	unsigned int i, n;
	int sent;

	n = min(nd->tx_count, max);
	if (!n)
		return;
	for (i = 0; i < n; i++)
		frames[i] = &nd->tx_frame[nd->tx_at + i];
	sent = nd->io->ops->tx(nd->io, 0, frames, n);
	if (sent < 0)
		sent = 0;

	for (i = 0; i < sent; i++) {
		struct sk_buff *skb = nd->tx_skb[nd->tx_at + i];

		nd->tx_packets++;
		nd->tx_bytes += skb->len;
		dev_consume_skb_any(skb);
	}

	nd->tx_len = 0;
	nd->tx_count -= sent;
	nd->tx_at = nd->tx_count ? nd->tx_at + sent : 0;
	nd->io->tx_blocked = sent < n;
	if (nd->io->tx_blocked)
		netif_tx_stop_queue(txq);
	else if (netif_tx_queue_stopped(txq))
		netif_tx_wake_queue(txq);
}

/* Up to @max frames of each device. */
static void tx_send_all(unsigned int max)
{
	struct libos_netdev *nd;

	lib_netdev_tx_pending = false;
	list_for_each_entry(nd, &netdevs, list) {
		struct netdev_queue *txq = netdev_get_tx_queue(nd->dev, 0);

		if (!nd->tx_count || nd->io->tx_blocked)
			continue;
		__netif_tx_lock_bh(txq);
		tx_send(nd, max);
		__netif_tx_unlock_bh(txq);
		if (nd->tx_count && !nd->io->tx_blocked)
			lib_netdev_tx_pending = true;
	}
	tx_held &= lib_netdev_tx_pending;
	tx_allowed = 0;
}

/* Nothing is held any more, nor what this lets others send meanwhile. */
static void tx_flush(void)
{
	tx_held = false;
	tx_send_all(TX_BURST);
}

static bool tx_may_hold(void)
{
	struct libos_netdev *nd;

	list_for_each_entry(nd, &netdevs, list)
		if (nd->tx_count >= TX_HOLD || nd->tx_len >= TX_HOLD_LEN)
			return false;
	return true;
}

/* @call is about to end, and the stack has nothing more to send for now. */
void lib_netdev_call_end(const struct libos_call *call)
{
	if (tx_hold && call->tx_late && tx_may_hold())
		tx_held = true;
	else
		tx_flush();
}

/* The CPU is about to idle. */
void lib_netdev_idle(void)
{
	if (!tx_held || !tx_may_hold())
		tx_flush();
	else if (tx_allowed)
		tx_send_all(tx_allowed);
}

/* For the host: see struct libos_kernel_ops. */
void lib_netdev_hold(int on)
{
	tx_hold = on;
	if (on || !tx_held)
		return;
	tx_held = false;
	lib_raise(LIBOS_IRQ_NET);
}

int lib_netdev_release(unsigned int n)
{
	if (!lib_netdev_tx_pending)
		return 0;
	tx_allowed = n;
	lib_raise(LIBOS_IRQ_NET);
	return 1;
}

/* Is it worth a call of the channel now? */
static bool tx_is_full(const struct libos_netdev *nd, const struct sk_buff *skb)
{
	const struct libos_call *call = current->thread.call;

	if (nd->tx_at + nd->tx_count == TX_BURST)
		return true;
	return skb_is_gso(skb) && (!call || !call->tx_late || nd->tx_len >= TX_LATE);
}

static netdev_tx_t netdev_start_xmit_skb(struct sk_buff *skb, struct net_device *dev)
{
	struct libos_netdev *nd = *(struct libos_netdev **)netdev_priv(dev);
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);
	unsigned int slot = nd->tx_at + nd->tx_count;

	if (unlikely(slot == TX_BURST)) {
		netif_tx_stop_queue(txq);
		return NETDEV_TX_BUSY;
	}
	if (unlikely(skb_to_frame(skb, &nd->tx_frame[slot]))) {
		nd->drop[DROP_TX_VNET]++;
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	skb_tx_timestamp(skb);
	skb_orphan_frags(skb, GFP_ATOMIC);
	nf_reset_ct(skb);
	nd->tx_skb[slot] = skb;
	nd->tx_count++;
	nd->tx_len += skb->len;

	if (tx_is_full(nd, skb))
		tx_send(nd, TX_BURST);
	else
		lib_netdev_tx_pending = true;
	return NETDEV_TX_OK;
}

/* ---- rx ---- */

static bool rx_fill(struct libos_netdev *nd, unsigned int slot)
{
	struct libos_frame *frame = &nd->rx_frame[slot];
	unsigned int i;

	for (i = 0; i < nd->rx_pages; i++) {
		if (!nd->rx_page[slot][i]) {
			nd->rx_page[slot][i] = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
			if (!nd->rx_page[slot][i])
				return false;
		}
		frame->seg[i].base = page_address(nd->rx_page[slot][i]);
		frame->seg[i].len = PAGE_SIZE;
	}
	frame->nseg = nd->rx_pages;
	frame->tstamp_ns = 0;
	return true;
}

static void rx_free(struct libos_netdev *nd)
{
	unsigned int slot, i;

	for (slot = 0; slot < RX_BURST; slot++)
		for (i = 0; i < GSO_PAGES; i++)
			if (nd->rx_page[slot][i]) {
				put_page(nd->rx_page[slot][i]);
				nd->rx_page[slot][i] = NULL;
			}
}

static struct sk_buff *rx_skb(struct libos_netdev *nd, unsigned int slot, unsigned int len)
{
	struct page **page = nd->rx_page[slot];
	unsigned int head = len, i, off;
	struct sk_buff *skb;

	if (len > COPY_MAX)
		head = RX_HEADER;
	skb = napi_alloc_skb(&nd->napi, head);
	if (!skb)
		return NULL;
	skb_put_data(skb, page_address(page[0]), head);

	for (i = 0, off = head, len -= head; len; i++, off = 0) {
		unsigned int n = min_t(unsigned int, len, PAGE_SIZE - off);

		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page[i], off, n, PAGE_SIZE);
		page[i] = NULL;			/* the skb's now */
		len -= n;
	}
	return skb;
}

static void rx_one(struct libos_netdev *nd, unsigned int slot)
{
	struct libos_frame *frame = &nd->rx_frame[slot];
	struct virtio_net_hdr *hdr = (void *)&frame->vnet;
	struct net_device *dev = nd->dev;
	unsigned int len = frame->len;
	struct sk_buff *skb;

	skb = rx_skb(nd, slot, len);
	if (unlikely(!skb)) {
		nd->drop[DROP_RX_NOMEM]++;
		return;
	}
	if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	/* Its offsets count from the Ethernet header, so before that is pulled. */
	if (unlikely(virtio_net_hdr_to_skb(skb, hdr, true))) {
		nd->drop[DROP_RX_VNET]++;
		kfree_skb(skb);
		return;
	}
	skb->protocol = eth_type_trans(skb, dev);
	nd->rx_packets++;
	nd->rx_bytes += len;
	skb_record_rx_queue(skb, 0);
	napi_gro_receive(&nd->napi, skb);
}

/* The channel says whether anybody is at its other end. */
static void link_update(struct libos_netdev *nd)
{
	if (nd->io->link_up == netif_carrier_ok(nd->dev))
		return;
	if (nd->io->link_up)
		netif_carrier_on(nd->dev);
	else
		netif_carrier_off(nd->dev);
}

static int netdev_poll(struct napi_struct *napi, int budget)
{
	struct libos_netdev *nd = container_of(napi, struct libos_netdev, napi);
	struct libos_frame *frames[RX_BURST];
	int done = 0;

	lib_memory_check();
	while (done < budget) {
		int want, got, i;

		want = min(budget - done, RX_BURST);
		for (i = 0; i < want && rx_fill(nd, i); i++)
			frames[i] = &nd->rx_frame[i];
		if (i < want)
			nd->drop[DROP_RX_NOMEM]++;
		want = i;
		got = want ? nd->io->ops->rx(nd->io, 0, frames, want) : 0;
		for (i = 0; i < got; i++)
			rx_one(nd, i);
		if (got > 0)
			done += got;
		if (got < want || !want)
			break;
	}
	link_update(nd);
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/* ---- the host reports ---- */

void lib_netdev_event(struct libos_netdev *nd, unsigned int queue)
{
	nd->event = true;
	lib_raise(LIBOS_IRQ_NET);
}

static irqreturn_t netdev_irq(int irq, void *arg)
{
	struct libos_netdev *nd;

	list_for_each_entry(nd, &netdevs, list) {
		if (!nd->event)
			continue;
		nd->event = false;
		link_update(nd);
		if (!netif_running(nd->dev))
			continue;
		if (nd->io->tx_blocked) {
			nd->io->tx_blocked = 0;
			lib_netdev_tx_pending = true;
		}
		napi_schedule(&nd->napi);
	}
	return IRQ_HANDLED;
}

/* ---- the device ---- */

static struct libos_netdev *to_nd(struct net_device *dev)
{
	return *(struct libos_netdev **)netdev_priv(dev);
}

static int netdev_open(struct net_device *dev)
{
	struct libos_netdev *nd = to_nd(dev);
	unsigned int slot;

	for (slot = 0; slot < RX_BURST; slot++)
		if (!rx_fill(nd, slot)) {
			rx_free(nd);
			return -ENOMEM;
		}
	napi_enable(&nd->napi);
	netif_tx_start_all_queues(dev);
	/* Frames may have waited for us. */
	local_bh_disable();
	napi_schedule(&nd->napi);
	local_bh_enable();
	return 0;
}

static int netdev_stop(struct net_device *dev)
{
	struct libos_netdev *nd = to_nd(dev);
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);
	unsigned int i;

	netif_tx_stop_all_queues(dev);
	napi_disable(&nd->napi);
	__netif_tx_lock_bh(txq);
	if (!nd->io->tx_blocked)
		tx_send(nd, TX_BURST);
	for (i = 0; i < nd->tx_count; i++)
		dev_kfree_skb_any(nd->tx_skb[nd->tx_at + i]);
	nd->drop[DROP_TX_DOWN] += nd->tx_count;
	nd->tx_at = nd->tx_count = 0;
	nd->io->tx_blocked = 0;
	__netif_tx_unlock_bh(txq);
	rx_free(nd);
	return 0;
}

static void netdev_get_stats(struct net_device *dev, struct rtnl_link_stats64 *s)
{
	struct libos_netdev *nd = to_nd(dev);
	struct libos_netio_stats io = {};

	nd->io->ops->stats(nd->io, &io);
	s->rx_packets = nd->rx_packets;
	s->rx_bytes = nd->rx_bytes;
	s->tx_packets = nd->tx_packets;
	s->tx_bytes = nd->tx_bytes;
	s->rx_dropped = nd->drop[DROP_RX_NOMEM] + io.drop[LIBOS_DROP_IMPAIR];
	s->rx_errors = nd->drop[DROP_RX_VNET] + io.drop[LIBOS_DROP_RX_ERROR] +
		       io.drop[LIBOS_DROP_RX_TRUNC] + io.drop[LIBOS_DROP_RX_RUNT];
	s->rx_length_errors = io.drop[LIBOS_DROP_RX_TRUNC] + io.drop[LIBOS_DROP_RX_RUNT];
	s->rx_over_errors = io.drop[LIBOS_DROP_RX_OVERRUN];
	s->tx_errors = nd->drop[DROP_TX_VNET] + io.drop[LIBOS_DROP_TX_ERROR] +
		       io.drop[LIBOS_DROP_TX_TOOBIG];
	s->tx_dropped = nd->drop[DROP_TX_DOWN] + io.drop[LIBOS_DROP_TX_DOWN];
}

/* Backends filter nothing; but SIOCADDMULTI is refused where this is missing. */
static void netdev_set_rx_mode(struct net_device *dev)
{
}

static const struct net_device_ops netdev_ops = {
	.ndo_open		= netdev_open,
	.ndo_stop		= netdev_stop,
	.ndo_start_xmit		= netdev_start_xmit_skb,
	.ndo_get_stats64	= netdev_get_stats,
	.ndo_set_rx_mode	= netdev_set_rx_mode,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_features_check	= passthru_features_check,
};

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct libos_netdev *nd = to_nd(dev);

	strscpy(info->driver, "libos", sizeof(info->driver));
	strscpy(info->bus_info, nd->io->ops->name, sizeof(info->bus_info));
}

static void get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			  struct kernel_ethtool_ringparam *kring, struct netlink_ext_ack *ext)
{
	ring->rx_max_pending = ring->rx_pending = RX_BURST;
	ring->tx_max_pending = ring->tx_pending = TX_BURST;
}

static int get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? DROP_END + ARRAY_SIZE(io_name) : -EOPNOTSUPP;
}

static void get_strings(struct net_device *dev, u32 set, u8 *data)
{
	if (set != ETH_SS_STATS)
		return;
	memcpy(data, drop_name, sizeof(drop_name));
	memcpy(data + sizeof(drop_name), io_name, sizeof(io_name));
}

static void get_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct libos_netdev *nd = to_nd(dev);
	struct libos_netio_stats io = {};

	nd->io->ops->stats(nd->io, &io);
	memcpy(data, nd->drop, sizeof(nd->drop));
	memcpy(data + DROP_END, &io, sizeof(io));
}

static const struct ethtool_ops netdev_ethtool_ops = {
	.get_drvinfo		= get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ringparam		= get_ringparam,
	.get_sset_count		= get_sset_count,
	.get_strings		= get_strings,
	.get_ethtool_stats	= get_ethtool_stats,
	.get_ts_info		= ethtool_op_get_ts_info,
};

static void netdev_features(struct net_device *dev, u32 features)
{
	if (features & LIBOS_NETIO_TX_CSUM) {
		dev->hw_features |= NETIF_F_HW_CSUM | NETIF_F_SG;
		if (features & LIBOS_NETIO_TX_TSO4)
			dev->hw_features |= NETIF_F_TSO;
		if (features & LIBOS_NETIO_TX_TSO6)
			dev->hw_features |= NETIF_F_TSO6;
		if (features & LIBOS_NETIO_TX_ECN)
			dev->hw_features |= NETIF_F_TSO_ECN;
		if (LIB_VNET_HAS_USO && (features & LIBOS_NETIO_TX_USO))
			dev->hw_features |= NETIF_F_GSO_UDP_L4;
	}
	if (features & LIBOS_NETIO_RX_CSUM)
		dev->hw_features |= NETIF_F_RXCSUM;
	dev->features |= dev->hw_features | NETIF_F_GSO_ROBUST;
	dev->vlan_features = dev->features;
}

static void netdev_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &netdev_ops;
	dev->ethtool_ops = &netdev_ethtool_ops;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->min_mtu = ETH_MIN_MTU;
}

long lib_netdev_add(const struct libos_netdev_params *params, struct libos_netio *io,
		    struct libos_netdev **out)
{
	struct libos_netdev *nd;
	struct net_device *dev;
	int ret;

	if (!memchr(params->name, '\0', sizeof(params->name)) || !params->name[0])
		return -EINVAL;
	if (params->mtu > io->max_mtu || (params->mtu && params->mtu < ETH_MIN_MTU))
		return -EINVAL;

	nd = kvzalloc(sizeof(*nd), GFP_KERNEL);
	if (!nd)
		return -ENOMEM;
	dev = alloc_netdev(sizeof(nd), params->name, NET_NAME_USER, netdev_setup);
	if (!dev) {
		ret = -ENOMEM;
		goto free_nd;
	}
	*(struct libos_netdev **)netdev_priv(dev) = nd;
	nd->dev = dev;
	nd->io = io;
	nd->rx_pages = GSO_PAGES;
	if (!(io->features & LIBOS_NETIO_RX_GSO))
		nd->rx_pages = DIV_ROUND_UP(io->max_mtu + VLAN_ETH_HLEN + ETH_FCS_LEN, PAGE_SIZE);
	nd->rx_pages = min(nd->rx_pages, GSO_PAGES);

	dev->max_mtu = min_t(unsigned int, io->max_mtu, ETH_MAX_MTU);
	if (params->mtu)
		dev->mtu = params->mtu;
	else
		dev->mtu = min_t(unsigned int, ETH_DATA_LEN, dev->max_mtu);
	if (params->txqlen)
		dev->tx_queue_len = params->txqlen;
	if (is_zero_ether_addr(params->mac))
		eth_hw_addr_random(dev);
	else if (is_valid_ether_addr(params->mac))
		eth_hw_addr_set(dev, params->mac);
	else {
		ret = -EADDRNOTAVAIL;
		goto free_dev;
	}
	netdev_features(dev, io->features);
	netif_napi_add(dev, &nd->napi, netdev_poll);

	if (!io->link_up)
		netif_carrier_off(dev);

	rtnl_lock();
	ret = register_netdevice(dev);
	if (!ret)
		list_add_tail(&nd->list, &netdevs);
	rtnl_unlock();
	if (ret)
		goto free_dev;
	*out = nd;
	return dev->ifindex;

free_dev:
	free_netdev(dev);
free_nd:
	kvfree(nd);
	return ret;
}

long lib_netdev_del(struct libos_netdev *nd)
{
	struct net_device *dev = nd->dev;

	rtnl_lock();
	unregister_netdevice(dev);
	local_irq_disable();
	list_del(&nd->list);
	local_irq_enable();
	rtnl_unlock();
	free_netdev(dev);
	kvfree(nd);
	return 0;
}

long lib_netdev_carrier(struct libos_netdev *nd, int on)
{
	rtnl_lock();
	nd->io->link_up = on != 0;
	link_update(nd);
	rtnl_unlock();
	return 0;
}

static int __init netdev_init(void)
{
	return request_irq(LIBOS_IRQ_NET, netdev_irq, 0, "libos-net", NULL);
}
device_initcall(netdev_init);
