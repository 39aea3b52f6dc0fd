/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Towards a port: whose is a packet, and over to its link.
 *
 * A first fragment that is a port's enters where the later ones belong.  An
 * ICMP error belongs to the packet that it quotes: its owner gets a copy, the
 * host the original.
 */
#ifndef MULTISTACK_DEMUX_BPF_H
#define MULTISTACK_DEMUX_BPF_H

#include "common.bpf.h"

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

#endif /* MULTISTACK_DEMUX_BPF_H */
