/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the eBPF programs and multistackd share: the layout of the maps.
 *
 * The maps are pinned and outlive both the daemon that made them and its
 * version, so the layout is an ABI between successive daemons.  %MS_ABI
 * changes with it; a daemon that finds maps of another number says so and
 * does not touch them (multistackd --cleanup removes them).
 *
 * Who writes what: the daemon writes all maps but ms_frags, ms_nexthop, ms_ask,
 * ms_stats and ms_nicstats, which the programs write.  ms_limits is shared:
 * the daemon sets rate and burst, the programs move the clock.
 */
#ifndef MULTISTACK_ABI_H
#define MULTISTACK_ABI_H

#include <linux/types.h>

#define MS_ABI			2

#define MS_MAX_NICS		64	/* switches, 1 ... 63; 0 is "no NIC" */
#define MS_DEF_PORTS		1024
#define MS_DEF_TUPLES		65536
#define MS_DEF_FRAGS		65536
#define MS_NEXTHOPS		1024	/* a power of two */
#define MS_EVENT_RING		(256 * 1024)
#define MS_REASONS		32	/* room for enum ms_reason to grow */

/* One tuple on one NIC.  IPv4 addresses take the first 4 bytes. */
struct ms_tuple_key {
	__u8 addr[16];
	__be16 port;
	__u8 proto;
	__u8 family;		/* 4 or 6 */
	__u32 nic;
};

enum ms_tuple_state {
	MS_TUPLE_LIVE = 1,
	MS_TUPLE_DEAD = 2,	/* owner gone, drops until the grace is over */
};

struct ms_tuple_val {
	__u32 port_id;
	__u32 gen;		/* of the port when it was bound */
	__u32 state;
	__u32 cred;		/* daemon's: number of the credential */
};

/* ms_ports, an array by port id; port 0 is never used. */
struct ms_port_ent {
	__u32 ifindex;		/* 0: no such port */
	__u32 gen;
	__u32 nic;
	__u32 flags;
};

/*
 * Ports' links have ifindexes of our choice, far above those that the kernel
 * gives out: from one, the port's number follows without a look-up.  The
 * entry's ifindex must be the same, of course.
 */
#define MS_IFINDEX_BASE		0x4d000000U
#define MS_IFINDEX(id, gen)	(MS_IFINDEX_BASE + (((gen) & 0x1ff) << 15) + (id))
#define MS_IFINDEX_PORT(ifindex) ((ifindex) & 0x7fff)
#define MS_MAX_PORTS		0x8000

#define MS_NIC_HOST		(1U << 0)	/* the host's stack shares it */

/* ms_nics, an array by switch id */
struct ms_nic_ent {
	__u32 ifindex;		/* 0: gone */
	__u32 mtu;
	__u32 flags;
	__u8 mac[6];
	__u8 peer_mac[6];
};

/*
 * ms_filter: one bit for each port number that any tuple uses, in any
 * protocol, on any NIC.  A packet of the host whose bit is clear is let go
 * after one memory access.  Mapped by the daemon.
 */
struct ms_filter {
	__u64 bits[65536 / 64];
};

#define MS_DIR_RX	0
#define MS_DIR_TX	1

struct ms_frag_key {
	__u8 saddr[16];
	__u8 daddr[16];
	__u32 id;
	__u8 proto;
	__u8 family;
	__u8 dir;
	__u8 nic;
};

struct ms_frag_val {
	__u32 port_id;
	__u32 gen;
};

/*
 * ms_nexthop, an array for each CPU, by a hash of the address: who was there
 * last.  Written and read on the same CPU with bottom halves off.
 */
struct ms_nexthop {
	__u64 expires_ns;
	__u8 addr[16];
	__u32 family;		/* 0: empty */
	__u32 nic;
	__u8 dmac[6];
	__u8 smac[6];
	__u32 pad;
};

/*
 * A token bucket as a clock (GCRA): @tat_ns is when the bucket would be full
 * again.  A packet of n units costs n * cost_fp / 2^16 ns; it conforms if
 * @tat_ns is then at most @burst_ns ahead of now.  cost_fp 0: no limit.
 */
struct ms_bucket {
	__u64 cost_fp;
	__u64 burst_ns;
	__u64 tat_ns;
};

enum ms_bucket_id {
	MS_B_TX_PPS,
	MS_B_TX_BPS,		/* bytes a second */
	MS_B_RX_PPS,
	MS_B_RX_BPS,
	MS_B_FRAG,		/* fragmented datagrams a second */
	MS_B_ICMP,		/* ICMP errors a second */
	MS_B_EVENT,		/* reports of violations a second */
	MS_B_MAX,
};

struct ms_limits {
	struct ms_bucket b[MS_B_MAX];
};

struct ms_stats_ent {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
	__u64 rx_drop[MS_REASONS];
	__u64 tx_drop[MS_REASONS];
};

/* ms_nicstats: drops that belong to no port */
struct ms_nicstats_ent {
	__u64 rx_drop[MS_REASONS];
	__u64 tx_drop[MS_REASONS];
};

/* A packet that was dropped for its sender's fault, in the ring ms_events. */
struct ms_event {
	__u64 ns;		/* CLOCK_MONOTONIC */
	__u32 port_id;
	__u32 nic;
	__u32 len;
	__u8 reason;
	__u8 dir;
	__u8 proto;
	__u8 family;
	__u8 saddr[16];
	__u8 daddr[16];
	__be16 sport;
	__be16 dport;
	__u32 pad;
};

#endif /* MULTISTACK_ABI_H */
