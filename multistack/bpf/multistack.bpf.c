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
#define MS_LOAD(ctx, off, to, len) load(ctx, off, to, len)

/*
 * The IP header is nearly always in the linear part, where no helper is needed.
 * For what is at an offset that the compiler does not know, the verifier would
 * have to follow each way through the extension headers by itself.
 */
static __always_inline int load(struct __sk_buff *skb, __u32 off, void *to, const __u32 len)
{
	const __u8 *d = (void *)(long)skb->data;
	const __u8 *end = (void *)(long)skb->data_end;

	if (__builtin_constant_p(off) && d + off + len <= end) {
		__builtin_memcpy(to, d + off, len);
		return 0;
	}
	return bpf_skb_load_bytes(skb, off, to, len);
}

#include "parse.h"

#include "common.bpf.h"
#include "demux.bpf.h"
#include "tx.bpf.h"

char _license[] SEC("license") = "GPL";

/* ---- from the NIC and from the host ---- */

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
	struct ms_pkt p = {};
	int act = TCX_NEXT;
	__u32 nic;

	if (!excl && uninteresting(skb, MS_DIR_RX))
		return TCX_NEXT;
	nic = nic_of_link(skb->ifindex);
	if (!nic)
		return TCX_NEXT;

	/*
	 * A tagged frame is for another network, and one for another MAC
	 * address for another host, whatever their tuples.
	 */
	if (!skb->vlan_present && skb->pkt_type == 0 && !parse(skb, &p))
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
	if (parse(skb, &p))
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
	__u32 from = skb->ingress_ifindex, zero = 0, nic, id, slot, *ask;
	struct ms_tuple_key k = {};
	struct ms_tuple_val *tv;
	struct ms_pkt p = {};

	/* whatever comes from a port's link has passed tx */
	if (from && port_of_link(from, &id)) {
		ask = bpf_map_lookup_elem(&ms_ask, &zero);
		if (ask && *ask) {
			slot = *ask - 1;
			*ask = 0;
			learn(skb, slot);
		}
		return TCX_NEXT;
	}
	if (!excl && uninteresting(skb, MS_DIR_TX))
		return TCX_NEXT;
	nic = nic_of_link(skb->ifindex);
	if (!nic)
		return TCX_NEXT;

	if (!parse(skb, &p) && !skb->vlan_present) {
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

/* ---- a port's link, from the host's side ---- */

SEC("tc")
int ms_inject(struct __sk_buff *skb)
{
	__u32 id;

	if (skb->ingress_ifindex)
		return TCX_NEXT;
	if (!port_of_link(skb->ifindex, &id))
		id = 0;
	count_drop(id, 0, MS_DIR_RX, MS_R_INJECT);
	return TCX_DROP;
}

/* The daemon gives the peer of port n the ifindex n + 1. */
SEC("xdp")
int ms_xsk(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ms_xsks, ctx->ingress_ifindex - 1, XDP_DROP);
}
