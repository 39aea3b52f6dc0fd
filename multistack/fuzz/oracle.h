/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser's oracle: the same questions, answered by other means.
 *
 * It looks at the whole packet as one buffer with pointers into it and derives
 * each fact from the RFCs' own layout, by and large the slow and obvious way.
 * It shares no code with parse.h.
 */
#ifndef MS_ORACLE_H
#define MS_ORACLE_H

#include <stddef.h>
#include <stdint.h>

struct oracle {
	int verdict;		/* enum ms_reason */
	int family;
	int proto;
	int frag;		/* 0 none, 1 first, 2 later */
	int icmp_err;
	int has_ports;
	uint16_t sport, dport;	/* host byte order */
	uint32_t frag_id;
	uint8_t src[16], dst[16];
	size_t l4, end;		/* offsets in the frame */
};

/* @frame up to @len; the IP header is at @off.  @quoted: inside an ICMP error. */
void oracle_parse(const uint8_t *frame, size_t len, size_t off, int ethertype, int gso,
		  int quoted, struct oracle *o);

#endif /* MS_ORACLE_H */
