/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Out of the NIC: the MAC addresses of who is next, kept for a second.
 *
 * bpf_redirect_neigh() looks up route and neighbour for every packet, and that
 * takes longer than all that tx does.  So what it has written is learned where
 * it comes out, and used until it is a second old.  Asking bpf_fib_lookup()
 * instead would be simpler, but it has no answer on a host that does not
 * forward, which is nearly every one.
 *
 *	tx: to_wire() -- bpf_redirect_neigh() -- neighbour's output -- guard
 *	       |                                                         |
 *	       +---- ms_ask: which slot -----------------> learn() <-----+
 *	                                                     |
 *	tx: wire_known() <--- ms_nexthop <-------------------+
 *
 * A packet to a resolved neighbour is at the guard before another one of this
 * CPU can be.  One to an unresolved neighbour waits there, for as long as the
 * kernel says.  What guard sees next is learned only if it is for the address
 * that was asked about; and while there is a question, the slot is invalid, so
 * that each packet for this address takes the long way and carries addresses of
 * the kernel.  The client's are never among them.
 *
 * The packet that renews a slot also makes the kernel probe a neighbour that
 * has gone stale.
 */
#ifndef MULTISTACK_NEXTHOP_BPF_H
#define MULTISTACK_NEXTHOP_BPF_H

#include "demux.bpf.h"

static __always_inline __u32 nexthop_slot(const struct ms_pkt *p, __u32 nic)
{
	const __u32 *w = (const __u32 *)p->daddr;

	/* 10 bits, for MS_NEXTHOPS */
	return (w[0] ^ w[1] ^ w[2] ^ w[3] ^ nic) * 2654435761U >> 22;
}

/*
 * The short way.  An address that has a slot is not the host's own, so who
 * takes it need not ask for that.  Return: 0 if it is not known.
 */
static __always_inline int wire_known(struct __sk_buff *skb, const struct ms_pkt *p,
				      __u32 nic, __u32 nic_ifindex)
{
	__u32 slot = nexthop_slot(p, nic);
	struct ms_nexthop *h = bpf_map_lookup_elem(&ms_nexthop, &slot);

	if (!h || h->family != p->family || h->nic != nic ||
	    !same_addr(h->addr, p->daddr) ||
	    h->expires_ns < bpf_ktime_get_coarse_ns() ||
	    set_macs(skb, h->dmac, h->smac))
		return 0;
	return bpf_redirect(nic_ifindex, 0);
}

static __noinline int to_wire(struct __sk_buff *skb, const struct ms_pkt *p,
			      __u32 nic, __u32 nic_ifindex)
{
	__u32 slot, zero = 0, *ask;
	struct ms_nexthop *h;

	if (!p)
		return TCX_DROP;
	slot = nexthop_slot(p, nic);
	h = bpf_map_lookup_elem(&ms_nexthop, &slot);
	ask = bpf_map_lookup_elem(&ms_ask, &zero);
	if (h && ask) {
		h->expires_ns = 0;
		h->family = p->family;
		h->nic = nic;
		__builtin_memcpy(h->addr, p->daddr, 16);
		*ask = slot + 1;
	}
	return bpf_redirect_neigh(nic_ifindex, NULL, 0, 0);
}

/* A port's packet at a NIC's guard: the answer to what to_wire() asked? */
static __noinline int learn(struct __sk_buff *skb, __u32 slot)
{
	const __u8 *d = (void *)(long)skb->data;
	const __u8 *end = (void *)(long)skb->data_end;
	struct ms_nexthop *h;
	__u8 addr[16] = {};
	__u32 family;

	h = bpf_map_lookup_elem(&ms_nexthop, &slot);
	if (!h)
		return 0;
	if (skb->protocol == bpf_htons(ETH_P_IP) && d + MS_ETH_HLEN + 20 <= end) {
		family = 4;
		__builtin_memcpy(addr, d + MS_ETH_HLEN + 16, 4);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6) &&
		   d + MS_ETH_HLEN + 40 <= end) {
		family = 6;
		__builtin_memcpy(addr, d + MS_ETH_HLEN + 24, 16);
	} else {
		return 0;
	}
	if (h->family != family || h->nic != nic_of_link(skb->ifindex) || !same_addr(h->addr, addr))
		return 0;
	__builtin_memcpy(h->dmac, d, 6);
	__builtin_memcpy(h->smac, d + 6, 6);
	h->expires_ns = bpf_ktime_get_coarse_ns() + NEXTHOP_LIFE_NS;
	return 0;
}

#endif /* MULTISTACK_NEXTHOP_BPF_H */
