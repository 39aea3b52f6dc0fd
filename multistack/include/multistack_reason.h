/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * Reasons for which MultiStack drops a packet; shared by the library's header
 * and the eBPF programs, which is why nothing else is included here.
 */
#ifndef MULTISTACK_REASON_H
#define MULTISTACK_REASON_H

/**
 * enum ms_reason - why a packet of a port was dropped
 *
 * The order is ABI; new reasons are added at the end.  ms_reason_name() gives
 * the short name that multistackctl prints, ms_reason_text() a sentence.
 *
 * @MS_R_NONE: not dropped.
 * @MS_R_NOT_OWNER: tx: the source tuple is nobody's.
 * @MS_R_OTHER_OWNER: tx: the source tuple belongs to another port.
 * @MS_R_DEAD: rx or tx: the tuple's owner has gone; the tuple drops what
 *	comes for it for a moment before it is free.
 * @MS_R_STALE: rx: the tuple names a generation of the port that is over.
 * @MS_R_NOT_IP: tx: ethertype neither IPv4 nor IPv6 (ARP is the kernel's).
 * @MS_R_VLAN: tx: VLAN tag.
 * @MS_R_SHORT: tx: headers or total length exceed the frame.
 * @MS_R_MALFORMED: tx: version, IHL or lengths contradict each other.
 * @MS_R_EXTHDR: tx: IPv6 extension headers unknown, or more than 8.
 * @MS_R_ICMP: tx: ICMP that is not an error about a tuple of the port.
 * @MS_R_FRAG: tx: fragment whose first fragment was not seen.
 * @MS_R_FRAG_SHARE: rx or tx: more fragmented datagrams than the port's share.
 * @MS_R_RATE: rx or tx: over the port's token bucket.
 * @MS_R_TOO_BIG: tx: longer than the NIC's MTU, or so is each segment.
 * @MS_R_BAD_DST: tx: destination multicast, broadcast, loopback or zero.
 * @MS_R_NO_NIC: tx: the NIC has gone.
 * @MS_R_NO_HOST: tx to the host's own address, or the host to a port, on a
 *	switch attached without the host's stack.
 * @MS_R_GUARD: the host's stack sent from a tuple that a port owns.
 * @MS_R_INJECT: something other than MultiStack sent into the port's link.
 * @MS_R_ICMP_RATE: rx: ICMP errors over the port's rate; the host still gets
 *	them.
 * @MS_R_REDIRECT: rx or tx: the kernel refused to pass the packet on.
 * @MS_R_UNATTACHED: rx: no tuple matches, on a switch attached without the
 *	host's stack.
 * @MS_R_MAX: number of reasons.
 */
enum ms_reason {
	MS_R_NONE,
	MS_R_NOT_OWNER,
	MS_R_OTHER_OWNER,
	MS_R_DEAD,
	MS_R_STALE,
	MS_R_NOT_IP,
	MS_R_VLAN,
	MS_R_SHORT,
	MS_R_MALFORMED,
	MS_R_EXTHDR,
	MS_R_ICMP,
	MS_R_FRAG,
	MS_R_FRAG_SHARE,
	MS_R_RATE,
	MS_R_TOO_BIG,
	MS_R_BAD_DST,
	MS_R_NO_NIC,
	MS_R_NO_HOST,
	MS_R_GUARD,
	MS_R_INJECT,
	MS_R_ICMP_RATE,
	MS_R_REDIRECT,
	MS_R_UNATTACHED,
	MS_R_MAX,
};

#endif /* MULTISTACK_REASON_H */
