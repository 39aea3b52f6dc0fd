/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps, see abi.h.  multistackd pins all of them under its bpffs
 * directory and sets the sizes before loading.
 */
#ifndef MULTISTACK_MAPS_BPF_H
#define MULTISTACK_MAPS_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MS_DEF_TUPLES);
	__type(key, struct ms_tuple_key);
	__type(value, struct ms_tuple_val);
} ms_tuples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MS_DEF_PORTS);
	__type(key, __u32);
	__type(value, struct ms_port_ent);
} ms_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MS_DEF_PORTS);
	__type(key, __u32);
	__type(value, struct ms_limits);
} ms_limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MS_MAX_NICS);
	__type(key, __u32);
	__type(value, struct ms_nic_ent);
} ms_nics SEC(".maps");

/* ifindex of a NIC -> switch id */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MS_MAX_NICS);
	__type(key, __u32);
	__type(value, __u32);
} ms_nicids SEC(".maps");

/* address of the host, as in ms_tuple_key (port, proto 0, nic 0) -> switch id,
 * 0 for an address of a link that is not a switch's */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ms_tuple_key);
	__type(value, __u32);
} ms_local SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ms_filter);
} ms_filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MS_DEF_FRAGS);
	__type(key, struct ms_frag_key);
	__type(value, struct ms_frag_val);
} ms_frags SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MS_NEXTHOPS);
	__type(key, __u32);
	__type(value, struct ms_nexthop);
} ms_nexthop SEC(".maps");

/* the slot of ms_nexthop that the next packet at the guard may fill, plus 1 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} ms_ask SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MS_DEF_PORTS);
	__type(key, __u32);
	__type(value, struct ms_stats_ent);
} ms_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MS_MAX_NICS);
	__type(key, __u32);
	__type(value, struct ms_nicstats_ent);
} ms_nicstats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, MS_EVENT_RING);
} ms_events SEC(".maps");

/* port id -> the client's AF_XDP socket */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, MS_DEF_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} ms_xsks SEC(".maps");

#endif /* MULTISTACK_MAPS_BPF_H */
