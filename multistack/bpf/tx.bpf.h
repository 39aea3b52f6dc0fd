/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a port: whether it may say this, and where it goes.
 */
#ifndef MULTISTACK_TX_BPF_H
#define MULTISTACK_TX_BPF_H

#include "demux.bpf.h"
#include "nexthop.bpf.h"

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
	struct ms_port_ent *port;
	struct ms_stats_ent *s;
	struct ms_nic_ent *n;
	struct ms_pkt p = {};
	int reason, act;

	port = port_of_link(ifindex, &id);
	if (!port) {
		count_drop(0, 0, MS_DIR_TX, MS_R_STALE);
		return TCX_DROP;
	}
	gen = port->gen;
	nic = port->nic;

	if (skb->vlan_present || skb->protocol == bpf_htons(ETH_P_8021Q) ||
	    skb->protocol == bpf_htons(ETH_P_8021AD))
		return violation(skb, &p, id, nic, MS_DIR_TX, MS_R_VLAN);
	reason = parse(skb, &p);
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

	act = wire_known(skb, &p, nic, n->ifindex);
	if (act)
		return act;
	make_key(&k, p.daddr, 0, 0, p.family, 0);
	local = bpf_map_lookup_elem(&ms_local, &k);
	if (local)
		return to_local(skb, &p, id, nic, *local);
	return to_wire(skb, &p, nic, n->ifindex);
}

#endif /* MULTISTACK_TX_BPF_H */
