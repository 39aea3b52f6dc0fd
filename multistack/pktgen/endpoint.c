// SPDX-License-Identifier: GPL-2.0-only
/* endpoint.c - reading and writing of addresses, port ranges and protocols */
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	int number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "udplite", IPPROTO_UDPLITE },
	{ "sctp", IPPROTO_SCTP },
	{ "dccp", IPPROTO_DCCP },
};

static int parse_number(const char *text, char **end, long min, long max)
{
	long v;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtol(text, end, 10);
	if (errno || v < min || v > max)
		return -EINVAL;
	return v;
}

static int parse_ports(const char *text, struct pg_endpoint *ep)
{
	char *end;
	int port;

	port = parse_number(text, &end, 0, 65535);
	if (port < 0)
		return port;
	ep->port_first = port;
	ep->port_last = port;
	if (*end == '-') {
		port = parse_number(end + 1, &end, ep->port_first, 65535);
		if (port < 0)
			return port;
		ep->port_last = port;
	}
	return *end ? -EINVAL : 0;
}

int pg_endpoint_parse(const char *text, struct pg_endpoint *ep)
{
	char addr[INET6_ADDRSTRLEN + 2];
	const char *ports = NULL, *end;
	size_t len;

	memset(ep, 0, sizeof(*ep));
	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		if (end[1])
			ports = end + 2;
	} else {
		end = strchr(text, ':');
		if (end && !strchr(end + 1, ':'))
			ports = end + 1;
		else
			end = text + strlen(text);
	}
	len = end - text;
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';

	if (inet_pton(AF_INET, addr, ep->addr) == 1)
		ep->family = AF_INET;
	else if (inet_pton(AF_INET6, addr, ep->addr) == 1)
		ep->family = AF_INET6;
	else
		return -EINVAL;
	return ports ? parse_ports(ports, ep) : 0;
}

const char *pg_endpoint_format(const struct pg_endpoint *ep, char *out)
{
	char addr[INET6_ADDRSTRLEN] = "?";
	int v6 = ep->family == AF_INET6, n;

	inet_ntop(ep->family, ep->addr, addr, sizeof(addr));
	n = sprintf(out, "%s%s%s:%u", v6 ? "[" : "", addr, v6 ? "]" : "",
		    ep->port_first);
	if (ep->port_last != ep->port_first)
		sprintf(out + n, "-%u", ep->port_last);
	return out;
}

unsigned int pg_endpoint_ports(const struct pg_endpoint *ep)
{
	return ep->port_last - ep->port_first + 1u;
}

size_t pg_endpoint_addr_len(const struct pg_endpoint *ep)
{
	return ep->family == AF_INET6 ? 16 : 4;
}

socklen_t pg_endpoint_sockaddr(const struct pg_endpoint *ep, uint16_t port,
			       struct sockaddr_storage *sa)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
	struct sockaddr_in *in = (struct sockaddr_in *)sa;

	memset(sa, 0, sizeof(*sa));
	sa->ss_family = ep->family;
	if (ep->family == AF_INET6) {
		memcpy(&in6->sin6_addr, ep->addr, 16);
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	memcpy(&in->sin_addr, ep->addr, 4);
	in->sin_port = htons(port);
	return sizeof(*in);
}

int pg_protocol_parse(const char *text)
{
	unsigned int i;
	char *end;
	int n;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!strcasecmp(text, protocols[i].name))
			return protocols[i].number;
	n = parse_number(text, &end, 1, 255);
	return n < 0 || *end ? -EINVAL : n;
}

int pg_protocol_has_ports(int protocol)
{
	unsigned int i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocol == protocols[i].number)
			return 1;
	return 0;
}
