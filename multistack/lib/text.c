// SPDX-License-Identifier: LGPL-2.1-only
/* Tuples, drop reasons and versions as text. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "multistack.h"

#ifndef MS_VERSION
#define MS_VERSION "0.0.0"
#endif

static const struct {
	const char *name;
	uint16_t protocol;
} protocols[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "dccp", 33 }, { "sctp", 132 },
	{ "udplite", 136 },
};

#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static int number(const char *s, unsigned long max, unsigned long *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	*v = strtoul(s, &end, 10);
	return errno || *end || *v > max ? -EINVAL : 0;
}

static int parse_addr(struct ms_tuple *t, char *s)
{
	size_t len = strlen(s);

	if (!strcmp(s, "*")) {
		t->family = AF_INET;
		return 0;
	}
	if (len > 2 && s[0] == '[' && s[len - 1] == ']') {
		s[len - 1] = 0;
		t->family = AF_INET6;
		return inet_pton(AF_INET6, s + 1, t->addr) == 1 ? 0 : -EINVAL;
	}
	t->family = AF_INET;
	return inet_pton(AF_INET, s, t->addr) == 1 ? 0 : -EINVAL;
}

int ms_tuple_from_text(struct ms_tuple *tuple, const char *text)
{
	char buf[96], *addr, *port = NULL;
	unsigned long v;
	unsigned int i;

	memset(tuple, 0, sizeof(*tuple));
	if (strlen(text) >= sizeof(buf))
		return -EINVAL;
	strcpy(buf, text);
	addr = strchr(buf, ':');
	if (!addr)
		return -EINVAL;
	*addr++ = 0;

	for (i = 0; i < N_PROTOCOLS; i++)
		if (!strcasecmp(buf, protocols[i].name))
			break;
	if (i < N_PROTOCOLS) {
		tuple->protocol = protocols[i].protocol;
	} else {
		if (number(buf, 255, &v) || !v)
			return -EINVAL;
		tuple->protocol = v;
	}
	port = strrchr(addr, ':');
	if (port && strchr(port, ']'))
		port = NULL;
	if (port) {
		*port++ = 0;
		if (number(port, 65535, &v))
			return -EINVAL;
		tuple->port = htons(v);
	}
	return parse_addr(tuple, addr);
}

char *ms_tuple_to_text(const struct ms_tuple *tuple, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN] = "?", proto[12];
	int v6 = tuple->family == AF_INET6;
	unsigned int i;

	snprintf(proto, sizeof(proto), "%u", tuple->protocol);
	for (i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].protocol == tuple->protocol)
			snprintf(proto, sizeof(proto), "%s", protocols[i].name);
	inet_ntop(v6 ? AF_INET6 : AF_INET, tuple->addr, addr, sizeof(addr));
	if (!v6 && !strcmp(addr, "0.0.0.0"))
		strcpy(addr, "*");
	if (tuple->port)
		snprintf(buf, size, "%s:%s%s%s:%u", proto, v6 ? "[" : "", addr,
			 v6 ? "]" : "", ntohs(tuple->port));
	else
		snprintf(buf, size, "%s:%s%s%s", proto, v6 ? "[" : "", addr,
			 v6 ? "]" : "");
	return buf;
}

static const struct {
	const char *name, *text;
} reasons[MS_R_MAX] = {
	[MS_R_NONE] = { "none", "not dropped" },
	[MS_R_NOT_OWNER] = { "not-owner", "the source tuple is nobody's" },
	[MS_R_OTHER_OWNER] = { "other-owner", "the source tuple is another port's" },
	[MS_R_DEAD] = { "dead", "the tuple's owner has gone" },
	[MS_R_STALE] = { "stale", "the tuple is of a former port" },
	[MS_R_NOT_IP] = { "not-ip", "neither IPv4 nor IPv6" },
	[MS_R_VLAN] = { "vlan", "VLAN tag" },
	[MS_R_SHORT] = { "short", "headers exceed the frame" },
	[MS_R_MALFORMED] = { "malformed", "headers contradict each other" },
	[MS_R_EXTHDR] = { "exthdr", "IPv6 extension headers unknown or too many" },
	[MS_R_ICMP] = { "icmp", "not an ICMP error about a tuple of the port" },
	[MS_R_FRAG] = { "frag", "fragment without its first" },
	[MS_R_FRAG_SHARE] = { "frag-share", "over the port's share of fragments" },
	[MS_R_RATE] = { "rate", "over the port's rate" },
	[MS_R_TOO_BIG] = { "too-big", "longer than the NIC's MTU" },
	[MS_R_BAD_DST] = { "bad-dst", "the destination is not one host" },
	[MS_R_NO_NIC] = { "no-nic", "the NIC has gone" },
	[MS_R_NO_HOST] = { "no-host", "the switch is without the host's stack" },
	[MS_R_GUARD] = { "guard", "the host's stack sent from a port's tuple" },
	[MS_R_INJECT] = { "inject", "a stranger sent into the port's link" },
	[MS_R_ICMP_RATE] = { "icmp-rate", "over the port's rate of ICMP errors" },
	[MS_R_REDIRECT] = { "redirect", "the kernel refused to pass it on" },
	[MS_R_UNATTACHED] = { "unattached", "nobody's, and the host's stack is not attached" },
};

const char *ms_reason_name(unsigned int reason)
{
	return reason < MS_R_MAX ? reasons[reason].name : "unknown";
}

const char *ms_reason_text(unsigned int reason)
{
	return reason < MS_R_MAX ? reasons[reason].text : "unknown reason";
}

const char *ms_version(void)
{
	return MS_VERSION;
}
