// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs that share a NIC and keep its users apart.
 *
 *                      host's stack
 *            ^              |            ^
 *            |              v            |
 *         rx, rx_excl   guard(_excl)     lo <---- host's own packets to
 *            ^   |          |            |        one of its addresses
 *   NIC -----+   |          +---> NIC    |
 *            redirect       ^            |
 *                v          |  redirect  |
 *   port's link: inject     tx <---------+-- and the other way round
 *                v          ^
 *              client     client
 *
 * rx     NIC's ingress: a packet for a tuple goes to the owner's link.
 * guard  NIC's egress: what leaves with a tuple's source must have come from
 *        the owner.  The host must not answer for it (a bound socket that
 *        does not listen answers with RST).
 * tx     a port's link, ingress: only what the port may send is passed, to the
 *        NIC, to another port, or over lo to the host.  Nothing ever reaches
 *        the host's stack as if it had come from outside on that link.
 * inject a port's link, egress: only redirected packets pass; any user may
 *        bind a socket to any device and send there.
 * lo     ingress of lo: the host's own packets for a tuple.
 * xsk    XDP on the peer of a veth port: to the client's AF_XDP socket.
 *
 * The _excl variants serve switches attached without the host's stack: what
 * is nobody's is dropped, ARP and neighbour discovery excepted.
 *
 * Cost.  A packet of the host must cost next to nothing: uninteresting()
 * looks at the packet's linear part, tests one bit for its port number and is
 * done.  Everything else takes the slow path, whose cost is a parse and a few
 * hash look-ups, whatever the number of tuples or ports.
 *
 * Default: on rx, when in doubt, the packet is the host's; on tx, when in
 * doubt, it is dropped and counted by reason.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "multistack_reason.h"
#include "abi.h"
#include "maps.bpf.h"

#define MS_INLINE __always_inline
#define MS_LOAD(ctx, off, to, len) bpf_skb_load_bytes(ctx, off, to, len)
#include "parse.h"

#define TCX_NEXT	(-1)	/* TC_ACT_UNSPEC, too */
#define TCX_DROP	2	/* TC_ACT_SHOT, too */

#define AF_INET		2
#define AF_INET6	10

#define LOOPBACK_IFINDEX	1
#define NEXTHOP_LIFE_NS		1000000000ULL

char _license[] SEC("license") = "GPL";

/* ---- counters and reports ---- */

static __always_inline void count_drop(__u32 port_id, __u32 nic, __u32 dir,
				       __u32 reason)
{
	reason &= MS_REASONS - 1;
	if (port_id) {
		struct ms_stats_ent *s = bpf_map_lookup_elem(&ms_stats, &port_id);

		if (s) {
			if (dir == MS_DIR_RX)
				s->rx_drop[reason]++;
			else
				s->tx_drop[reason]++;
		}
	} else {
		struct ms_nicstats_ent *s = bpf_map_lookup_elem(&ms_nicstats, &nic);

		if (s) {
			if (dir == MS_DIR_RX)
				s->rx_drop[reason]++;
			else
				s->tx_drop[reason]++;
		}
	}
}

/* Whether @units more conform to bucket @id of a port; takes them if so. */
static __always_inline int bucket_take(__u32 port_id, __u32 id, __u64 units)
{
	struct ms_limits *l = bpf_map_lookup_elem(&ms_limits, &port_id);
	__u64 now, tat, cost;
	struct ms_bucket *b;
	int i;

	if (!l || id >= MS_B_MAX)
		return 1;
	b = &l->b[id];
	if (!b->cost_fp)
		return 1;
	cost = (units * b->cost_fp) >> 16;
	now = bpf_ktime_get_ns();
	for (i = 0; i < 4; i++) {
		__u64 old = b->tat_ns;

		tat = old > now ? old : now;
		if (tat + cost > now + b->burst_ns)
			return 0;
		if (__sync_val_compare_and_swap(&b->tat_ns, old, tat + cost) == old)
			return 1;
	}
	return 1;	/* raced four times: other CPUs' packets were charged */
}

static __noinline int report(struct __sk_buff *skb, const struct ms_pkt *p,
			     __u32 port_id, __u32 nic, __u32 dir_reason)
{
	struct ms_event *e;

	if (!p)
		return 0;
	if (!bucket_take(port_id, MS_B_EVENT, 1))
		return 0;
	e = bpf_ringbuf_reserve(&ms_events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->ns = bpf_ktime_get_ns();
	e->port_id = port_id;
	e->nic = nic;
	e->len = skb->len;
	e->reason = dir_reason & 0xff;
	e->dir = dir_reason >> 8;
	e->proto = p->proto;
	e->family = p->family;
	__builtin_memcpy(e->saddr, p->saddr, 16);
	__builtin_memcpy(e->daddr, p->daddr, 16);
	e->sport = p->sport;
	e->dport = p->dport;
	e->pad = 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* A drop for the sender's fault: counted and reported. */
static __always_inline int violation(struct __sk_buff *skb, const struct ms_pkt *p,
				     __u32 port_id, __u32 nic, __u32 dir,
				     __u32 reason)
{
	count_drop(port_id, nic, dir, reason);
	report(skb, p, port_id, nic, dir << 8 | reason);
	return TCX_DROP;
}

/* ---- small questions ---- */

/* Length of the transport header of a super-packet. */
static __always_inline __u32 l4_hlen(struct __sk_buff *skb, const struct ms_pkt *p)
{
	__u8 doff = 5 << 4;

	if (p->proto != MS_PROTO_TCP)
		return 8;
	bpf_skb_load_bytes(skb, p->l4 + 12, &doff, 1);
	return (doff >> 4) * 4;
}

static __always_inline __u32 packets_of(struct __sk_buff *skb, const struct ms_pkt *p)
{
	__u32 size = skb->gso_size, hdr;

	if (!size)
		return 1;
	/* frames from a TAP have gso_size, but gso_segs is 0 */
	hdr = p->l4 + l4_hlen(skb, p);
	if (skb->len <= hdr + size)
		return 1;
	return (skb->len - hdr + size - 1) / size;
}

static __always_inline int port_bit(__be16 port)
{
	struct ms_filter *f;
	__u32 zero = 0, n = bpf_ntohs(port);

	f = bpf_map_lookup_elem(&ms_filter, &zero);
	if (!f)
		return 1;
	return (f->bits[(n >> 6) & 1023] >> (n & 63)) & 1;
}

/*
 * The host's fast way out: a plain TCP or UDP packet whose port number, the
 * destination's for @dir rx, nobody has.  "No" only means: look closer.
 */
static __always_inline int uninteresting(struct __sk_buff *skb, int dir)
{
	const __u8 *d = (void *)(long)skb->data;
	const __u8 *end = (void *)(long)skb->data_end;
	__u32 at = dir == MS_DIR_RX ? 2 : 0;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (d + 14 + 20 + 4 > end)
			return 0;
		if (d[14] != 0x45 || (d[14 + 6] & 0x3f) || d[14 + 7])
			return 0;
		if (d[14 + 9] != MS_PROTO_TCP && d[14 + 9] != MS_PROTO_UDP)
			return 0;
		return !port_bit(*(__be16 *)(d + 14 + 20 + at));
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (d + 14 + 40 + 4 > end)
			return 0;
		if (d[14 + 6] != MS_PROTO_TCP && d[14 + 6] != MS_PROTO_UDP)
			return 0;
		return !port_bit(*(__be16 *)(d + 14 + 40 + at));
	}
	/* VLAN tags too: a tagged frame is no port's */
	return 1;
}

static __always_inline void make_key(struct ms_tuple_key *k, const __u8 *addr,
				     __be16 port, __u8 proto, __u8 family, __u32 nic)
{
	__builtin_memcpy(k->addr, addr, 16);
	k->port = port;
	k->proto = proto;
	k->family = family;
	k->nic = nic;
}

static __always_inline void make_frag_key(struct ms_frag_key *k,
					  const struct ms_pkt *p, __u32 nic, int dir)
{
	__builtin_memcpy(k->saddr, p->saddr, 16);
	__builtin_memcpy(k->daddr, p->daddr, 16);
	k->id = p->frag_id;
	/* IPv6: a later fragment need not name the transport (RFC 8200, 4.5) */
	k->proto = p->family == 4 ? p->proto : 0;
	k->family = p->family;
	k->dir = dir;
	k->nic = nic;
}

static __always_inline int same_addr(const __u8 *a, const __u8 *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}

static __always_inline int is_icmp(const struct ms_pkt *p)
{
	return p->proto == MS_PROTO_ICMP || p->proto == MS_PROTO_ICMP6;
}

/* ---- towards a port ---- */

static __always_inline int set_macs(struct __sk_buff *skb, const __u8 *dst,
				    const __u8 *src)
{
	__u8 *d = (void *)(long)skb->data;
	__u8 *end = (void *)(long)skb->data_end;

	if (d + 14 > end)
		return -1;
	__builtin_memcpy(d, dst, 6);
	__builtin_memcpy(d + 6, src, 6);
	return 0;
}

static __always_inline struct ms_port_ent *port_get(__u32 id, __u32 gen)
{
	struct ms_port_ent *e = bpf_map_lookup_elem(&ms_ports, &id);

	if (!e || !e->ifindex || e->gen != gen)
		return NULL;
	return e;
}

/* @nic_macs: give the frame the MAC addresses that a port expects (from lo). */
static __always_inline int deliver(struct __sk_buff *skb, const struct ms_pkt *p,
				   const struct ms_frag_val *to, __u32 nic,
				   int nic_macs)
{
	struct ms_port_ent *e = port_get(to->port_id, to->gen);
	struct ms_stats_ent *s;
	__u32 id = to->port_id;
	__u32 packets;

	if (!e) {
		count_drop(0, nic, MS_DIR_RX, MS_R_STALE);
		return TCX_DROP;
	}
	packets = packets_of(skb, p);
	if (!bucket_take(id, MS_B_RX_PPS, packets) ||
	    !bucket_take(id, MS_B_RX_BPS, skb->len)) {
		count_drop(id, nic, MS_DIR_RX, MS_R_RATE);
		return TCX_DROP;
	}
	if (nic_macs) {
		struct ms_nic_ent *n = bpf_map_lookup_elem(&ms_nics, &nic);

		if (!n || set_macs(skb, n->mac, n->peer_mac)) {
			count_drop(id, nic, MS_DIR_RX, MS_R_REDIRECT);
			return TCX_DROP;
		}
	}
	s = bpf_map_lookup_elem(&ms_stats, &id);
	if (s) {
		s->rx_packets += packets;
		s->rx_bytes += skb->len;
	}
	return bpf_redirect(e->ifindex, 0);
}

/* An ICMP error: a copy for the owner of the packet that it is about. */
static __noinline int icmp_to_owner(struct __sk_buff *skb, const struct ms_pkt *p,
				    __u32 nic)
{
	struct ms_tuple_key k = {};
	struct ms_tuple_val *tv;
	struct ms_port_ent *e;
	struct ms_pkt q = {};
	__u32 id;

	if (!p || ms_parse_quoted(skb, p, &q) || q.frag == MS_FRAG_LATER)
		return 0;
	/* it must have been sent to who sent the quoted packet */
	if (!same_addr(q.saddr, p->daddr))
		return 0;
	make_key(&k, q.saddr, q.sport, q.proto, q.family, nic);
	tv = bpf_map_lookup_elem(&ms_tuples, &k);
	if (!tv || tv->state != MS_TUPLE_LIVE)
		return 0;
	id = tv->port_id;
	e = port_get(id, tv->gen);
	if (!e)
		return 0;
	if (!bucket_take(id, MS_B_ICMP, 1)) {
		count_drop(id, nic, MS_DIR_RX, MS_R_ICMP_RATE);
		return 0;
	}
	if (bpf_clone_redirect(skb, e->ifindex, 0)) {
		count_drop(id, nic, MS_DIR_RX, MS_R_REDIRECT);
	} else {
		struct ms_stats_ent *s = bpf_map_lookup_elem(&ms_stats, &id);

		if (s) {
			s->rx_packets++;
			s->rx_bytes += skb->len;
		}
	}
	return 0;
}

/*
 * What both rx and lo do with a packet for address and tuple of @nic.
 * Return: TCX_NEXT if it is no port's.
 */
static __always_inline int demux(struct __sk_buff *skb, struct ms_pkt *p,
				 __u32 nic, int from_lo)
{
	struct ms_tuple_key k = {};
	struct ms_frag_val to = {};
	struct ms_frag_key fk = {};
	struct ms_tuple_val *tv;

	if (p->frag == MS_FRAG_LATER) {
		struct ms_frag_val *fv;

		make_frag_key(&fk, p, nic, MS_DIR_RX);
		fv = bpf_map_lookup_elem(&ms_frags, &fk);
		if (!fv)
			return TCX_NEXT;
		to = *fv;
		return deliver(skb, p, &to, nic, from_lo);
	}
	if (is_icmp(p)) {
		if (p->icmp_err && p->frag == MS_FRAG_NONE)
			icmp_to_owner(skb, p, nic);
		return TCX_NEXT;
	}

	make_key(&k, p->daddr, p->dport, p->proto, p->family, nic);
	tv = bpf_map_lookup_elem(&ms_tuples, &k);
	if (!tv)
		return TCX_NEXT;
	to.port_id = tv->port_id;
	to.gen = tv->gen;
	if (tv->state != MS_TUPLE_LIVE) {
		/* the port is gone and its counters with it */
		count_drop(0, nic, MS_DIR_RX, MS_R_DEAD);
		return TCX_DROP;
	}
	if (p->frag == MS_FRAG_FIRST) {
		if (!bucket_take(to.port_id, MS_B_FRAG, 1)) {
			count_drop(to.port_id, nic, MS_DIR_RX, MS_R_FRAG_SHARE);
			return TCX_DROP;
		}
		make_frag_key(&fk, p, nic, MS_DIR_RX);
		bpf_map_update_elem(&ms_frags, &fk, &to, BPF_ANY);
	}
	return deliver(skb, p, &to, nic, from_lo);
}

/* Without the host's stack: what it needs for its neighbours all the same. */
static __always_inline int neighbour_traffic(struct __sk_buff *skb,
					     const struct ms_pkt *p)
{
	if (skb->protocol == bpf_htons(ETH_P_ARP))
		return 1;
	if (!p || p->family != 6 || p->proto != MS_PROTO_ICMP6 || p->frag)
		return 0;
	/* MLD 130-132 and 143, neighbour discovery 133-137 */
	return (p->icmp_type >= 130 && p->icmp_type <= 137) || p->icmp_type == 143;
}

static __always_inline int rx_common(struct __sk_buff *skb, int excl)
{
	__u32 ifindex = skb->ifindex, nic = 0, *id;
	struct ms_pkt p = {};
	int act = TCX_NEXT;

	if (!excl && uninteresting(skb, MS_DIR_RX))
		return TCX_NEXT;
	id = bpf_map_lookup_elem(&ms_nicids, &ifindex);
	if (!id)
		return TCX_NEXT;
	nic = *id;

	/*
	 * A tagged frame is for another network, and one for another MAC
	 * address for another host, whatever their tuples.
	 */
	if (!skb->vlan_present && skb->pkt_type == 0 &&
	    !ms_parse(skb, bpf_ntohs(skb->protocol), MS_ETH_HLEN, skb->len,
		      skb->gso_size != 0, &p))
		act = demux(skb, &p, nic, 0);

	if (excl && act == TCX_NEXT && !neighbour_traffic(skb, &p)) {
		count_drop(0, nic, MS_DIR_RX, MS_R_UNATTACHED);
		return TCX_DROP;
	}
	return act;
}

SEC("tc")
int ms_rx(struct __sk_buff *skb)
{
	return rx_common(skb, 0);
}

SEC("tc")
int ms_rx_excl(struct __sk_buff *skb)
{
	return rx_common(skb, 1);
}

SEC("tc")
int ms_lo(struct __sk_buff *skb)
{
	struct ms_tuple_key k = {};
	struct ms_pkt p = {};
	struct ms_nic_ent *n;
	__u32 *id, nic;
	int act;

	if (uninteresting(skb, MS_DIR_RX))
		return TCX_NEXT;
	if (ms_parse(skb, bpf_ntohs(skb->protocol), MS_ETH_HLEN, skb->len,
		     skb->gso_size != 0, &p))
		return TCX_NEXT;
	make_key(&k, p.daddr, 0, 0, p.family, 0);
	id = bpf_map_lookup_elem(&ms_local, &k);
	if (!id || !*id)
		return TCX_NEXT;
	nic = *id;
	n = bpf_map_lookup_elem(&ms_nics, &nic);
	if (!n)
		return TCX_NEXT;
	if (!(n->flags & MS_NIC_HOST)) {
		make_key(&k, p.daddr, p.dport, p.proto, p.family, nic);
		if (p.frag == MS_FRAG_LATER || is_icmp(&p) ||
		    !bpf_map_lookup_elem(&ms_tuples, &k))
			return TCX_NEXT;
		count_drop(0, nic, MS_DIR_RX, MS_R_NO_HOST);
		return TCX_DROP;
	}
	act = demux(skb, &p, nic, 1);
	return act;
}

/* ---- from the host to the NIC ---- */

static __always_inline int guard_common(struct __sk_buff *skb, int excl)
{
	__u32 ifindex = skb->ifindex, from = skb->ingress_ifindex, nic, *id;
	struct ms_tuple_key k = {};
	struct ms_tuple_val *tv;
	struct ms_pkt p = {};

	/* whatever comes from a port's link has passed tx */
	if (from && bpf_map_lookup_elem(&ms_links, &from))
		return TCX_NEXT;
	if (!excl && uninteresting(skb, MS_DIR_TX))
		return TCX_NEXT;
	id = bpf_map_lookup_elem(&ms_nicids, &ifindex);
	if (!id)
		return TCX_NEXT;
	nic = *id;

	if (!ms_parse(skb, bpf_ntohs(skb->protocol), MS_ETH_HLEN, skb->len,
		      skb->gso_size != 0, &p) && !skb->vlan_present) {
		if (p.frag != MS_FRAG_LATER && !is_icmp(&p)) {
			make_key(&k, p.saddr, p.sport, p.proto, p.family, nic);
			tv = bpf_map_lookup_elem(&ms_tuples, &k);
			if (tv) {
				__u32 owner = tv->state == MS_TUPLE_LIVE ?
					      tv->port_id : 0;

				return violation(skb, &p, owner, nic,
						 MS_DIR_TX, MS_R_GUARD);
			}
		}
	}
	if (excl && !neighbour_traffic(skb, &p)) {
		count_drop(0, nic, MS_DIR_TX, MS_R_UNATTACHED);
		return TCX_DROP;
	}
	return TCX_NEXT;
}

SEC("tc")
int ms_guard(struct __sk_buff *skb)
{
	return guard_common(skb, 0);
}

SEC("tc")
int ms_guard_excl(struct __sk_buff *skb)
{
	return guard_common(skb, 1);
}

/* ---- from a port ---- */

/* Who may be answered to: one host. */
static __always_inline int dst_ok(const struct ms_pkt *p)
{
	const __u32 *w = (const __u32 *)p->daddr;

	if (p->family == 4)	/* not 0/8, 127/8, 224/4, 240/4 */
		return p->daddr[0] != 0 && p->daddr[0] != 127 &&
		       p->daddr[0] < 224;
	if (p->daddr[0] == 0xff)
		return 0;
	/* not ::, ::1, v4-mapped or v4-compatible */
	return w[0] || w[1] || (w[2] && w[2] != bpf_htonl(0xffff));
}

/*
 * Whether the ICMP error @p is about a packet that this port received: it
 * quotes a packet to a tuple of the port, comes from that tuple's address and
 * goes to the quoted packet's sender.
 */
static __noinline int icmp_is_own(struct __sk_buff *skb, const struct ms_pkt *p,
				  __u32 port_id, __u32 gen, __u32 nic)
{
	struct ms_tuple_key k = {};
	struct ms_tuple_val *tv;
	struct ms_pkt q = {};

	if (!p || !p->icmp_err || p->frag)
		return 0;
	if (ms_parse_quoted(skb, p, &q) || q.frag == MS_FRAG_LATER)
		return 0;
	if (is_icmp(&q) || !same_addr(q.daddr, p->saddr) ||
	    !same_addr(q.saddr, p->daddr))
		return 0;
	make_key(&k, q.daddr, q.dport, q.proto, q.family, nic);
	tv = bpf_map_lookup_elem(&ms_tuples, &k);
	return tv && tv->state == MS_TUPLE_LIVE && tv->port_id == port_id &&
	       tv->gen == gen;
}

/* Reason not to let the packet's source through, or 0. */
static __always_inline int check_source(struct __sk_buff *skb, struct ms_pkt *p,
					__u32 port_id, __u32 gen, __u32 nic)
{
	struct ms_tuple_key k = {};
	struct ms_frag_key fk = {};
	struct ms_frag_val fv = {};
	struct ms_tuple_val *tv;

	if (p->frag == MS_FRAG_LATER) {
		struct ms_frag_val *f;

		make_frag_key(&fk, p, nic, MS_DIR_TX);
		f = bpf_map_lookup_elem(&ms_frags, &fk);
		if (!f || f->port_id != port_id || f->gen != gen)
			return MS_R_FRAG;
		return 0;
	}
	if (is_icmp(p))
		return icmp_is_own(skb, p, port_id, gen, nic) ? 0 : MS_R_ICMP;

	make_key(&k, p->saddr, p->sport, p->proto, p->family, nic);
	tv = bpf_map_lookup_elem(&ms_tuples, &k);
	if (!tv)
		return MS_R_NOT_OWNER;
	if (tv->state != MS_TUPLE_LIVE)
		return MS_R_DEAD;
	if (tv->port_id != port_id || tv->gen != gen)
		return MS_R_OTHER_OWNER;
	if (p->frag == MS_FRAG_FIRST) {
		if (!bucket_take(port_id, MS_B_FRAG, 1))
			return MS_R_FRAG_SHARE;
		make_frag_key(&fk, p, nic, MS_DIR_TX);
		fv.port_id = port_id;
		fv.gen = gen;
		bpf_map_update_elem(&ms_frags, &fk, &fv, BPF_ANY);
	}
	return 0;
}

/* Whether each packet that the frame divides into fits the NIC's MTU. */
static __always_inline int fits(struct __sk_buff *skb, const struct ms_pkt *p,
				__u32 mtu)
{
	__u32 size = skb->gso_size;

	if (!size)
		return p->end - MS_ETH_HLEN <= mtu;
	return size + p->l4 - MS_ETH_HLEN + l4_hlen(skb, p) <= mtu;
}

/*
 * Send out of the NIC.  bpf_redirect_neigh() looks up route and neighbour for
 * every packet; so what the tables said is kept for a second.  The packet that
 * renews it takes the long way, which also makes the kernel probe a neighbour
 * that has gone stale.
 */
static __noinline int to_wire(struct __sk_buff *skb, const struct ms_pkt *p,
			      __u32 nic, __u32 nic_ifindex)
{
	struct ms_nexthop_key k = {};
	struct bpf_fib_lookup fib = {};
	struct ms_nexthop *h, nh = {};
	__u64 now = bpf_ktime_get_ns();

	if (!p)
		return TCX_DROP;
	__builtin_memcpy(k.addr, p->daddr, 16);
	k.family = p->family;
	k.nic = nic;
	h = bpf_map_lookup_elem(&ms_nexthop, &k);
	if (h && h->expires_ns > now &&
	    !set_macs(skb, h->dmac, h->smac))
		return bpf_redirect(nic_ifindex, 0);

	fib.ifindex = nic_ifindex;
	fib.l4_protocol = p->proto;
	if (p->family == 4) {
		fib.family = AF_INET;
		__builtin_memcpy(&fib.ipv4_src, p->saddr, 4);
		__builtin_memcpy(&fib.ipv4_dst, p->daddr, 4);
	} else {
		fib.family = AF_INET6;
		__builtin_memcpy(fib.ipv6_src, p->saddr, 16);
		__builtin_memcpy(fib.ipv6_dst, p->daddr, 16);
	}
	if (bpf_fib_lookup(skb, &fib, sizeof(fib), BPF_FIB_LOOKUP_OUTPUT) ==
	    BPF_FIB_LKUP_RET_SUCCESS && fib.ifindex == nic_ifindex) {
		nh.expires_ns = now + NEXTHOP_LIFE_NS;
		__builtin_memcpy(nh.dmac, fib.dmac, 6);
		__builtin_memcpy(nh.smac, fib.smac, 6);
		bpf_map_update_elem(&ms_nexthop, &k, &nh, BPF_ANY);
	}
	return bpf_redirect_neigh(nic_ifindex, NULL, 0, 0);
}

/*
 * To one of the host's own addresses: another port's, or the host's stack.
 *
 * The latter as if received on lo.  bpf_redirect_neigh() to lo will not do: the
 * route that it finds, for an address of the NIC with lo as the device, is one
 * that discards what comes in.  So the packet is routed on input, where its
 * local source passes only because the daemon sets accept_local on lo.
 */
static __noinline int to_local(struct __sk_buff *skb, const struct ms_pkt *p,
			       __u32 port_id, __u32 nic, __u32 dst_nic)
{
	const __u8 zero_mac[6] = {};	/* lo's */
	struct ms_tuple_key k = {};
	struct ms_nic_ent *n;

	if (!p)
		return TCX_DROP;
	if (dst_nic && !p->frag && !is_icmp(p)) {
		struct ms_tuple_val *tv;

		make_key(&k, p->daddr, p->dport, p->proto, p->family, dst_nic);
		tv = bpf_map_lookup_elem(&ms_tuples, &k);
		if (tv && tv->state == MS_TUPLE_LIVE) {
			struct ms_frag_val to = {
				.port_id = tv->port_id,
				.gen = tv->gen,
			};

			return deliver(skb, p, &to, dst_nic, 1);
		}
	}
	n = bpf_map_lookup_elem(&ms_nics, &nic);
	if (!n || !(n->flags & MS_NIC_HOST)) {
		count_drop(port_id, nic, MS_DIR_TX, MS_R_NO_HOST);
		return TCX_DROP;
	}
	if (set_macs(skb, zero_mac, zero_mac)) {
		count_drop(port_id, nic, MS_DIR_TX, MS_R_REDIRECT);
		return TCX_DROP;
	}
	return bpf_redirect(LOOPBACK_IFINDEX, BPF_F_INGRESS);
}

SEC("tc")
int ms_tx(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex, id, nic, gen, packets, *local;
	struct ms_tuple_key k = {};
	struct ms_link_ent *link;
	struct ms_port_ent *port;
	struct ms_stats_ent *s;
	struct ms_nic_ent *n;
	struct ms_pkt p = {};
	int reason;

	link = bpf_map_lookup_elem(&ms_links, &ifindex);
	if (!link) {
		count_drop(0, 0, MS_DIR_TX, MS_R_STALE);
		return TCX_DROP;
	}
	id = link->port_id;
	gen = link->gen;
	port = port_get(id, gen);
	if (!port) {
		count_drop(0, 0, MS_DIR_TX, MS_R_STALE);
		return TCX_DROP;
	}
	nic = port->nic;

	if (skb->vlan_present || skb->protocol == bpf_htons(ETH_P_8021Q) ||
	    skb->protocol == bpf_htons(ETH_P_8021AD))
		return violation(skb, &p, id, nic, MS_DIR_TX, MS_R_VLAN);
	reason = ms_parse(skb, bpf_ntohs(skb->protocol), MS_ETH_HLEN, skb->len,
			  skb->gso_size != 0, &p);
	if (reason)
		return violation(skb, &p, id, nic, MS_DIR_TX, reason);
	reason = check_source(skb, &p, id, gen, nic);
	if (reason)
		return violation(skb, &p, id, nic, MS_DIR_TX, reason);
	if (!dst_ok(&p))
		return violation(skb, &p, id, nic, MS_DIR_TX, MS_R_BAD_DST);

	n = bpf_map_lookup_elem(&ms_nics, &nic);
	if (!n || !n->ifindex) {
		count_drop(id, nic, MS_DIR_TX, MS_R_NO_NIC);
		return TCX_DROP;
	}
	packets = packets_of(skb, &p);
	if (!fits(skb, &p, n->mtu)) {
		count_drop(id, nic, MS_DIR_TX, MS_R_TOO_BIG);
		return TCX_DROP;
	}
	if (!bucket_take(id, MS_B_TX_PPS, packets) ||
	    !bucket_take(id, MS_B_TX_BPS, skb->len)) {
		count_drop(id, nic, MS_DIR_TX, MS_R_RATE);
		return TCX_DROP;
	}
	s = bpf_map_lookup_elem(&ms_stats, &id);
	if (s) {
		s->tx_packets += packets;
		s->tx_bytes += skb->len;
	}

	make_key(&k, p.daddr, 0, 0, p.family, 0);
	local = bpf_map_lookup_elem(&ms_local, &k);
	if (local)
		return to_local(skb, &p, id, nic, *local);
	return to_wire(skb, &p, nic, n->ifindex);
}

/* ---- a port's link, from the host's side ---- */

SEC("tc")
int ms_inject(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct ms_link_ent *link;

	if (skb->ingress_ifindex)
		return TCX_NEXT;
	link = bpf_map_lookup_elem(&ms_links, &ifindex);
	count_drop(link ? link->port_id : 0, 0, MS_DIR_RX, MS_R_INJECT);
	return TCX_DROP;
}

/* The daemon gives the peer of port n the ifindex n + 1. */
SEC("xdp")
int ms_xsk(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ms_xsks, ctx->ingress_ifindex - 1, XDP_DROP);
}
