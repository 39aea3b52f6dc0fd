/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * What libmultistack and multistackctl say to multistackd.  Not installed.
 *
 * One SOCK_SEQPACKET connection per port, or per run of multistackctl.  Each
 * message is a struct ms_msg and a body whose size its type fixes; file
 * descriptors ride along as SCM_RIGHTS.  The client sends one request and
 * waits for the reply of the same sequence number.  A request may be repeated
 * with the same number when the daemon has been restarted in between; all of
 * them may be executed twice without harm.
 *
 * A reply with err < 0 has the reason as text for its body, without a NUL.
 *
 * All numbers are in host byte order, but for ms_tuple.port.
 */
#ifndef MULTISTACK_WIRE_H
#define MULTISTACK_WIRE_H

#include <stdint.h>

#include "multistack.h"

#define MS_WIRE_VERSION		1
#define MS_WIRE_MAX		16384	/* longest message, in bytes */
#define MS_WIRE_FDS		2	/* most descriptors in a message */

enum ms_msg_type {
	MS_MSG_OPEN = 1,	/* struct ms_req_open -> ms_rep_open, fd */
	MS_MSG_XSK_READY,	/* - -> - */
	MS_MSG_BIND,		/* struct ms_tuple, fd or none -> - */
	MS_MSG_UNBIND,		/* struct ms_tuple -> - */
	MS_MSG_INFO,		/* - -> ms_rep_open */
	MS_MSG_STATS,		/* - -> ms_rep_stats */
	MS_MSG_ATTACH,		/* ms_req_attach -> - */
	MS_MSG_DETACH,		/* ms_req_attach -> - */
	MS_MSG_LIST_SWITCH,	/* ms_req_list -> ms_rep_switch[] */
	MS_MSG_LIST_PORT,	/* ms_req_list -> ms_rep_port[] */
	MS_MSG_LIST_TUPLE,	/* ms_req_list -> ms_rep_tuple[] */
	MS_MSG_LIMIT,		/* ms_req_limit -> - */
	MS_MSG_WATCH,		/* - -> -, then ms_rep_event each */
	MS_MSG_EVENT,		/* daemon's own: ms_rep_event */
	MS_MSG_DAEMON,		/* - -> ms_rep_daemon */
	MS_MSG_CLOSE,		/* ms_req_name -> -: end somebody's port */
	MS_MSG_MAX,
};

struct ms_msg {
	uint32_t size;		/* of the whole message */
	uint16_t version;
	uint16_t type;
	uint32_t seq;
	int32_t err;		/* replies: 0 or negative errno */
};

struct ms_req_open {
	char name[MS_NAME_MAX + 1];
	uint32_t kind;
	uint32_t offloads;
	uint32_t ring_size;
};

struct ms_rep_open {
	uint32_t kind;
	uint32_t ifindex;
	uint32_t nic_ifindex;
	uint32_t mtu;
	uint32_t offloads;
	uint32_t gso_max_size;
	uint32_t gso_max_segs;
	uint32_t ring_size;
	uint32_t peer_ifindex;	/* XSK: to bind the socket to */
	uint8_t mac[6];
	uint8_t peer_mac[6];
	char name[MS_NAME_MAX + 1];
	char nic[16];
	char ifname[16];
};

struct ms_rep_stats {
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t rx_ring_full;
	uint64_t rx_drop[MS_R_MAX];
	uint64_t tx_drop[MS_R_MAX];
};

#define MS_ATTACH_HOST	1	/* with the host's stack */

struct ms_req_attach {
	char name[MS_NAME_MAX + 1];	/* "valem" */
	char nic[16];
	uint32_t flags;
};

struct ms_req_name {
	char name[MS_NAME_MAX + 1];
};

struct ms_req_list {
	uint32_t cursor;	/* 0, or what the last entry had plus 1 */
};

struct ms_rep_switch {
	uint32_t cursor;
	uint32_t flags;
	uint32_t ifindex;	/* 0: the NIC has gone */
	uint32_t mtu;
	uint32_t ports;
	uint32_t tuples;
	char name[MS_SWITCH_NAME_MAX + 1];
	char nic[16];
	char hook[8];		/* "tcx" or "clsact" */
	uint64_t rx_drop[MS_R_MAX];
	uint64_t tx_drop[MS_R_MAX];
};

enum ms_limit {
	MS_L_TX_PPS,
	MS_L_TX_BPS,		/* bytes a second */
	MS_L_RX_PPS,
	MS_L_RX_BPS,
	MS_L_FRAG,
	MS_L_ICMP,
	MS_L_EVENT,
	MS_L_MAX,
};

struct ms_rep_port {
	uint32_t cursor;
	uint32_t kind;
	uint32_t uid;
	uint32_t pid;
	uint32_t gen;
	uint32_t tuples;
	uint32_t ifindex;
	char name[MS_NAME_MAX + 1];
	char ifname[16];
	uint64_t rate[MS_L_MAX];
	uint64_t burst[MS_L_MAX];
	struct ms_rep_stats stats;
};

struct ms_rep_tuple {
	uint32_t cursor;
	uint32_t dead;
	struct ms_tuple tuple;
	uint32_t uid;
	char port[MS_NAME_MAX + 1];
};

/* @rate units a second, 0: no limit; @burst units, 0: 100 ms worth */
struct ms_req_limit {
	char name[MS_NAME_MAX + 1];
	uint32_t limit;
	uint64_t rate;
	uint64_t burst;
};

struct ms_rep_event {
	uint64_t ns;		/* CLOCK_MONOTONIC */
	uint32_t uid;
	uint32_t len;
	uint16_t dir;		/* 0 rx, 1 tx */
	uint16_t reason;
	struct ms_tuple src;
	struct ms_tuple dst;
	char port[MS_NAME_MAX + 1];	/* "" if it was no port */
};

struct ms_rep_daemon {
	uint32_t pid;
	uint32_t abi;
	uint32_t max_ports;
	uint32_t max_tuples;
	uint64_t bad_messages;	/* wrong size, version or type */
	uint64_t refused;	/* requests refused for any other reason */
	uint64_t slow_clients;	/* closed: they did not read their replies */
	uint64_t revoked;	/* tuples whose credential went bad */
	uint64_t events_lost;	/* reports that a watcher did not read in time */
};

#endif /* MULTISTACK_WIRE_H */
