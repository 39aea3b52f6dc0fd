/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all programs use: drops counted and reported, token buckets, the fast
 * way out for the host's packets, keys.
 */
#ifndef MULTISTACK_COMMON_BPF_H
#define MULTISTACK_COMMON_BPF_H

#define TCX_NEXT	(-1)	/* TC_ACT_UNSPEC, too */
#define TCX_DROP	2	/* TC_ACT_SHOT, too */

#define AF_INET		2
#define AF_INET6	10

#define LOOPBACK_IFINDEX	1
#define NEXTHOP_LIFE_NS		1000000000ULL

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

/* The port whose link has the ifindex, and its number. */
static __always_inline struct ms_port_ent *port_of_link(__u32 ifindex, __u32 *id)
{
	struct ms_port_ent *e;

	*id = MS_IFINDEX_PORT(ifindex);
	e = bpf_map_lookup_elem(&ms_ports, id);
	return e && e->ifindex == ifindex ? e : NULL;
}

/* The switch that a link is the NIC of; 0: of none. */
static __always_inline __u32 nic_of_link(__u32 ifindex)
{
	__u32 *id = bpf_map_lookup_elem(&ms_nicids, &ifindex);

	return id ? *id : 0;
}

/* Take the packet apart; @p is zeroed.  Return: 0 or enum ms_reason. */
static __always_inline int parse(struct __sk_buff *skb, struct ms_pkt *p)
{
	return ms_parse(skb, bpf_ntohs(skb->protocol), MS_ETH_HLEN, skb->len,
			skb->gso_size != 0, p);
}

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

#endif /* MULTISTACK_COMMON_BPF_H */
