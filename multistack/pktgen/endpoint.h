/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * endpoint.h - an address with a range of ports, and names of protocols
 */
#ifndef PKTGEN_ENDPOINT_H
#define PKTGEN_ENDPOINT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define PG_ENDPOINT_STRLEN	(INET6_ADDRSTRLEN + 2 + 1 + 11 + 1)

/**
 * struct pg_endpoint - one side of the traffic
 * @family: AF_INET or AF_INET6; 0 when not given
 * @addr: network byte order; IPv4 uses the first 4 bytes
 * @port_first: host byte order; 0 for a protocol without ports
 * @port_last: host byte order, >= @port_first
 */
struct pg_endpoint {
	int family;
	uint8_t addr[16];
	uint16_t port_first;
	uint16_t port_last;
};

/**
 * pg_endpoint_parse() - read "10.0.0.1:80", "10.0.0.1:80-95", "[fd00::1]:80",
 * or without port "10.0.0.1", "fd00::1"
 *
 * Return: 0, or -EINVAL when the text is none of these.
 */
int pg_endpoint_parse(const char *text, struct pg_endpoint *ep);

/** pg_endpoint_format() - the same notation; @out has PG_ENDPOINT_STRLEN */
const char *pg_endpoint_format(const struct pg_endpoint *ep, char *out);

/** pg_endpoint_ports() - number of ports in the range, at least 1 */
unsigned int pg_endpoint_ports(const struct pg_endpoint *ep);

/** pg_endpoint_addr_len() - 4 or 16 bytes */
size_t pg_endpoint_addr_len(const struct pg_endpoint *ep);

/** pg_endpoint_sockaddr() - @ep with one of its ports (host byte order) */
socklen_t pg_endpoint_sockaddr(const struct pg_endpoint *ep, uint16_t port,
			       struct sockaddr_storage *sa);

/**
 * pg_protocol_parse() - "udp", "tcp", "udplite", "sctp", "dccp" or 1 … 255
 *
 * Return: the IP protocol number, or -EINVAL.
 */
int pg_protocol_parse(const char *text);

/** pg_protocol_has_ports() - are the first 4 bytes source and destination port? */
int pg_protocol_has_ports(int protocol);

#endif
