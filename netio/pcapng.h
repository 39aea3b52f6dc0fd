/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Writing pcapng
 *
 * Each function lays one block out in memory and returns its length; where it
 * goes, and what time it is, are the caller's business.  The same arguments
 * give the same bytes.  Blocks are in the machine's byte order, as the format
 * wants it.
 *
 * Context: hot (no libc, no vector registers, no allocation).
 * Source: IETF draft-ietf-opsawg-pcapng.
 */
#ifndef NETIO_PCAPNG_H
#define NETIO_PCAPNG_H

#include <stddef.h>
#include <linux/types.h>

#define PCAPNG_LINKTYPE_ETHERNET	1

/* Flags of a packet, option epb_flags. */
#define PCAPNG_INBOUND		(1U << 0)
#define PCAPNG_OUTBOUND		(2U << 0)
#define PCAPNG_UNICAST		(1U << 2)
#define PCAPNG_MULTICAST	(2U << 2)
#define PCAPNG_BROADCAST	(3U << 2)
#define PCAPNG_CSUM_NOT_READY	(1U << 9)
#define PCAPNG_CSUM_VALID	(1U << 10)
#define PCAPNG_TSO		(1U << 11)

/**
 * struct pcapng_section - section header block; each string may be NULL
 * @hardware: of the machine that captures
 * @os: likewise
 * @application: that captures
 */
struct pcapng_section {
	const char *hardware;
	const char *os;
	const char *application;
};

/**
 * struct pcapng_interface - interface description block
 * @linktype: PCAPNG_LINKTYPE_*
 * @snaplen: bytes kept of a packet; 0 for all
 * @name: interface, or NULL
 * @description: or NULL
 *
 * Time stamps of its packets are in ns.
 */
struct pcapng_interface {
	__u16	linktype;
	__u32	snaplen;
	const char *name;
	const char *description;
};

/**
 * struct pcapng_packet - enhanced packet block
 * @interface: index of the interface within the section
 * @tstamp_ns: since 1970-01-01 UTC
 * @caplen: bytes in the file
 * @len: bytes that the packet had
 * @flags: PCAPNG_*
 */
struct pcapng_packet {
	__u32	interface;
	__u64	tstamp_ns;
	__u32	caplen;
	__u32	len;
	__u32	flags;
};

/* Room that a packet block takes: head, data padded to 4, tail. */
#define PCAPNG_PACKET_HEAD	28
#define PCAPNG_PACKET_TAIL	16	/* epb_flags, end of options, length */
#define PCAPNG_PACKET_LEN(caplen) \
	(PCAPNG_PACKET_HEAD + (((caplen) + 3) & ~3U) + PCAPNG_PACKET_TAIL)

/**
 * struct pcapng_statistics - interface statistics block
 * @interface: index of the interface
 * @tstamp_ns: when it was read
 * @received: packets that came in
 * @dropped: packets that were lost before
 */
struct pcapng_statistics {
	__u32	interface;
	__u64	tstamp_ns;
	__u64	received;
	__u64	dropped;
};

/* Return: bytes written, or 0 if @room does not suffice. */
size_t pcapng_section(void *buf, size_t room, const struct pcapng_section *s);
size_t pcapng_interface(void *buf, size_t room, const struct pcapng_interface *i);
size_t pcapng_statistics(void *buf, size_t room, const struct pcapng_statistics *s);

/*
 * A packet is laid out in two steps, since its data come from a scatter list:
 * pcapng_packet() writes what is around the data and returns where they go.
 * @buf has room for PCAPNG_PACKET_LEN(p->caplen).
 */
void *pcapng_packet(void *buf, const struct pcapng_packet *p);

#endif /* NETIO_PCAPNG_H */
