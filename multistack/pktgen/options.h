/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - the command line of ms-pktgen
 */
#ifndef PKTGEN_OPTIONS_H
#define PKTGEN_OPTIONS_H

#include "io.h"

/**
 * struct pg_options - what the user asked for
 * @mode: "tx", "rx", "ping" or "pong"
 * @io_name: -i
 * @io: what the backend needs of the rest
 * @packet_len: bytes of each packet's frame, FCS not counted
 * @gso_segs: packets handed over as one frame; 1 without GSO
 * @count: packets; 0 for no limit
 * @rate: packets per second; 0 for as fast as possible
 * @burst: frames handed over at a time, 1 … PG_BURST_MAX
 * @duration_ns: 0 for no limit
 * @idle_ns: rx, pong: end after so long without a packet, 0 for never;
 *	ping: how long to wait for an answer
 * @seed: of the payload's pattern
 * @src_mac: -M; instead of the interface's own
 * @dst_mac: -D; used when the backend does not know better
 */
struct pg_options {
	const char *mode;
	const char *io_name;
	struct pg_io_config io;
	size_t packet_len;
	unsigned int gso_segs;
	uint64_t count;
	uint64_t rate;
	unsigned int burst;
	int64_t duration_ns;
	int64_t idle_ns;
	uint64_t seed;
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
	bool has_src_mac;
	bool has_dst_mac;
	bool check;
	bool strict;
	bool busy_poll;
	bool quiet;
	bool json;
};

/**
 * pg_options_parse() - read argv
 *
 * Return: 0; 1 when the run ends here with success (-h, -V); -EINVAL after one
 * line on standard error.
 */
int pg_options_parse(struct pg_options *o, int argc, char **argv);

#endif
