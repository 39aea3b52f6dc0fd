// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a configuration make sense?
 *
 * What one line can get wrong, its setter has refused.  Here is what shows only
 * when lines are seen together: prefixes, families, names that must differ,
 * gateways that must be reachable, keys that a viftype does not have.  The
 * checks assume nothing about the machine: whether an interface of the host
 * exists is found out when it is opened.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "key.h"
#include "value.h"

#define S(a) nuse_addr_print(&(a), (char[NUSE_ADDR_STRLEN]){ 0 })

static bool link_local(const struct nuse_addr *a)
{
	return a->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->v6);
}

static bool unspecified(const struct nuse_addr *a)
{
	return a->family == AF_INET ? !a->v4.s_addr : IN6_IS_ADDR_UNSPECIFIED(&a->v6);
}

static bool multicast(const struct nuse_addr *a)
{
	return a->family == AF_INET ? IN_MULTICAST(ntohl(a->v4.s_addr)) :
				      IN6_IS_ADDR_MULTICAST(&a->v6);
}

/* The address of a host, in a subnet that has room for hosts. */
static int check_host(struct nuse_err *err, const char *key, const struct nuse_addr *a)
{
	struct nuse_addr net = *a;
	uint32_t hosts;

	if (unspecified(a) || multicast(a))
		return nuse_fail(err, &a->src, "%s: found %s, %s, expected the address of one host",
				 key, S(*a), multicast(a) ? "a multicast address" :
							    "which stands for any address");
	if (a->family == AF_INET && ntohl(a->v4.s_addr) == ~0U)
		return nuse_fail(err, &a->src,
				 "%s: found the broadcast address %s, expected the address of one host",
				 key, S(*a));
	if (a->family != AF_INET || a->plen < 0 || a->plen > 30)
		return 0;
	hosts = ~0U >> a->plen;
	nuse_addr_mask(&net, a->plen);
	if (!(ntohl(a->v4.s_addr) & hosts))
		return nuse_fail(err, &a->src,
				 "%s: found %s, which is the network itself, expected the address of a host in it",
				 key, S(*a));
	if ((ntohl(a->v4.s_addr) & hosts) == hosts)
		return nuse_fail(err, &a->src,
				 "%s: found %s, which is the network's broadcast address, expected the address of a host in it",
				 key, S(*a));
	return 0;
}

/* Keys that belong to some kinds of channel only. */
static int check_keys(const struct nuse_if *i, struct nuse_err *err)
{
#define T(type) (1U << NUSE_VIF_##type)
	static const struct {
		enum nuse_ifkey id;
		unsigned int types;
		const char *with;
	} only[] = {
		{ NUSE_K_PIPEPATH, T(PIPE), "PIPE" },
		{ NUSE_K_PIPEFD, T(PIPE), "PIPE" },
		{ NUSE_K_HOSTIF, T(RAW) | T(TAP), "RAW or TAP" },
		{ NUSE_K_HOSTADDR, T(TAP), "TAP" },
		{ NUSE_K_BRIDGE, T(TAP), "TAP" },
		{ NUSE_K_QUEUES, T(RAW) | T(TAP), "RAW or TAP" },
		{ NUSE_K_HOSTFWD, T(SLIRP), "SLIRP" },
		{ NUSE_K_PORT, T(MULTISTACK), "MULTISTACK" },
		{ NUSE_K_TUPLE, T(MULTISTACK), "MULTISTACK" },
		{ NUSE_K_MACADDR, T(RAW) | T(TAP) | T(PIPE) | T(SLIRP),
		  "RAW, TAP, PIPE or SLIRP (a port has the NIC's)" },
	};
#undef T
	const struct nuse_keydef *k;
	size_t n;

	for (n = 0; n < sizeof(only) / sizeof(only[0]); n++) {
		if (!i->at[only[n].id].file || only[n].types & 1U << i->type)
			continue;
		for (k = nuse_if_keys; k->id != (int)only[n].id; k++)
			;
		return nuse_fail(err, &i->at[only[n].id],
				 "%s: found it in interface %s of viftype %s, expected it with viftype %s",
				 k->name, i->name, nuse_viftype_name(i->type), only[n].with);
	}
	if (i->type == NUSE_VIF_PIPE && !i->pipepath && !i->pipe)
		return nuse_fail(err, &i->src,
				 "interface %s: found viftype PIPE without an end, expected a pipepath or a pipefd line",
				 i->name);
	if (i->type == NUSE_VIF_MULTISTACK && (!i->port || !i->ntuples))
		return nuse_fail(err, &i->src,
				 "interface %s: found viftype MULTISTACK without a %s, expected a %s",
				 i->name, i->port ? "tuple" : "port",
				 i->port ? "line such as tuple tcp 10.0.0.1:8080" :
					   "line such as port valem:vp0");
	if (i->pipepath && i->pipe)
		return nuse_fail(err, &i->at[NUSE_K_PIPEFD],
				 "pipefd: found it beside pipepath, expected one of the two");
	for (n = 0; n < NUSE_DIRS; n++)
		if (i->impair[n].jitter_ns > i->impair[n].delay_ns)
			return nuse_fail(err, &i->at[NUSE_K_JITTER],
					 "jitter: found more than the delay of the %s direction, expected at most that",
					 n == NUSE_RX ? "rx" : "tx");
		else if (i->impair[n].set && i->queues > 1)
			return nuse_fail(err, &i->at[NUSE_K_QUEUES],
					 "queues: found %u on an interface with loss, delay or the like, expected 1",
					 i->queues);
	return 0;
}

static int check_addrs(struct nuse_conf *c, struct nuse_if *i, struct nuse_err *err)
{
	bool used = false;
	size_t a, b, n;
	int ret;

	for (a = 0; a < i->naddr; a++) {
		struct nuse_addr *x = &i->addr[a];

		if (x->plen < 0 && x->family == AF_INET && i->netmask.family) {
			x->plen = nuse_netmask_plen(i->netmask.v4);
			used = true;
		}
		if (x->plen < 0)
			return nuse_fail(err, &x->src,
					 "address: found %s without a prefix length, expected %s%s",
					 S(*x), x->family == AF_INET ?
					 "a netmask line or an address such as 192.168.0.10/24" :
					 "an address such as 2001:db8::1/64",
					 x->family == AF_INET6 && i->netmask.family ?
					 " (a netmask is for IPv4)" : "");
		if (!x->plen)
			return nuse_fail(err, &x->src,
					 "address: found %s, whose network is everything, expected a longer prefix",
					 S(*x));
		ret = check_host(err, "address", x);
		if (ret < 0)
			return ret;
		for (n = 0; n < c->nifs && &c->ifs[n] <= i; n++)
			for (b = 0; b < c->ifs[n].naddr && &c->ifs[n].addr[b] != x; b++)
				if (nuse_addr_same(&c->ifs[n].addr[b], x, nuse_addr_bits(x)) &&
				    !(link_local(x) && &c->ifs[n] != i))
					return nuse_fail(err, &x->src,
							 "address: found %s a second time, expected each address once (the first is at %.60s:%u)",
							 S(*x), c->ifs[n].addr[b].src.file,
							 c->ifs[n].addr[b].src.line);
		if (x->family == AF_INET6 && i->mtu && i->mtu < 1280)
			return nuse_fail(err, &i->at[NUSE_K_MTU],
					 "mtu: found %u with an IPv6 address, expected at least 1280 (RFC 8200)",
					 i->mtu);
	}
	if (i->netmask.family && !used)
		return nuse_fail(err, &i->netmask.src,
				 "netmask: found it without an IPv4 address that needs it, expected an address line without a prefix length");
	for (a = 0; a < i->nhostaddr; a++) {
		ret = check_host(err, "hostaddr", &i->hostaddr[a]);
		if (ret < 0)
			return ret;
		for (b = 0; b < i->naddr; b++)
			if (nuse_addr_same(&i->addr[b], &i->hostaddr[a], nuse_addr_bits(&i->addr[b])))
				return nuse_fail(err, &i->hostaddr[a].src,
						 "hostaddr: found %s, the stack's own address, expected another one of its network",
						 S(i->hostaddr[a]));
	}
	return 0;
}

/* What a MULTISTACK interface owns: ports of its own addresses, each once. */
static int check_tuples(const struct nuse_if *i, struct nuse_err *err)
{
	unsigned int ports = 0;
	size_t n, m;

	for (n = 0; n < i->ntuples; n++) {
		const struct nuse_tuple *t = &i->tuple[n], *o;

		for (m = 0; m < i->naddr; m++)
			if (nuse_addr_same(&i->addr[m], &t->addr, nuse_addr_bits(&t->addr)))
				break;
		if (m == i->naddr)
			return nuse_fail(err, &t->src,
					 "tuple: found %s, which is no address of interface %s, expected one of its address lines",
					 S(t->addr), i->name);
		for (o = i->tuple; o < t; o++)
			if (o->protocol == t->protocol && o->first <= t->last &&
			    t->first <= o->last &&
			    nuse_addr_same(&o->addr, &t->addr, nuse_addr_bits(&t->addr)))
				return nuse_fail(err, &t->src,
						 "tuple: found %s port %u a second time, expected each once (the first is at %.60s:%u)",
						 nuse_protocol_name(t->protocol),
						 t->first > o->first ? t->first : o->first,
						 o->src.file, o->src.line);
		ports += t->last - t->first + 1;
		if (ports > NUSE_TUPLE_PORTS)
			return nuse_fail(err, &t->src,
					 "tuple: found %u ports in interface %s, expected at most %d",
					 ports, i->name, NUSE_TUPLE_PORTS);
	}
	return 0;
}

/* Is @gw on a network of @i?  NULL, or the address that makes it so. */
static const struct nuse_addr *on_link(const struct nuse_if *i, const struct nuse_addr *gw)
{
	size_t a;

	for (a = 0; a < i->naddr; a++)
		if (nuse_addr_same(&i->addr[a], gw, i->addr[a].plen))
			return &i->addr[a];
	return NULL;
}

static bool is_own(const struct nuse_conf *c, const struct nuse_addr *gw)
{
	size_t n, a;

	for (n = 0; n < c->nifs; n++)
		for (a = 0; a < c->ifs[n].naddr; a++)
			if (nuse_addr_same(&c->ifs[n].addr[a], gw, nuse_addr_bits(gw)))
				return true;
	return false;
}

static int check_gateway(const struct nuse_conf *c, const struct nuse_if *i,
			 const struct nuse_addr *gw, struct nuse_err *err)
{
	size_t n;

	if (unspecified(gw) || multicast(gw))
		return nuse_fail(err, &gw->src, "gateway: found %s, expected the address of one host",
				 S(*gw));
	if (is_own(c, gw))
		return nuse_fail(err, &gw->src,
				 "gateway: found %s, the stack's own address, expected another host's",
				 S(*gw));
	if (i) {
		if (link_local(gw) || on_link(i, gw))
			return 0;
		return nuse_fail(err, &gw->src,
				 "gateway: found %s, which is on no network of interface %s, expected an address that can be reached directly",
				 S(*gw), i->name);
	}
	if (link_local(gw))
		return nuse_fail(err, &gw->src,
				 "gateway: found the link-local address %s without an interface, expected a dev line too",
				 S(*gw));
	for (n = 0; n < c->nifs; n++)
		if (on_link(&c->ifs[n], gw))
			return 0;
	return nuse_fail(err, &gw->src,
			 "gateway: found %s, which is on no interface's network, expected an address that can be reached directly",
			 S(*gw));
}

static int check_if(struct nuse_conf *c, struct nuse_if *i, struct nuse_err *err)
{
	struct nuse_if *o;
	size_t g;
	int ret;

	ret = check_keys(i, err);
	if (!ret)
		ret = check_addrs(c, i, err);
	if (!ret)
		ret = check_tuples(i, err);
	for (g = 0; !ret && g < i->ngateway; g++)
		ret = check_gateway(c, i, &i->gateway[g], err);
	if (ret < 0)
		return ret;
	if (!i->hostif[0] && i->type == NUSE_VIF_RAW)
		strcpy(i->hostif, i->name);
	if (!i->hostif[0] && i->type == NUSE_VIF_TAP) {
		if (strlen(i->name) > 10)
			return nuse_fail(err, &i->src,
					 "interface %s: found no room for the TAP device's name nuse-%s (15 characters), expected a hostif line",
					 i->name, i->name);
		snprintf(i->hostif, sizeof(i->hostif), "nuse-%.10s", i->name);
	}
	for (o = c->ifs; o < i; o++) {
		if (memcmp(i->mac, "\0\0\0\0\0", 6) && !memcmp(o->mac, i->mac, 6))
			return nuse_fail(err, &i->at[NUSE_K_MACADDR],
					 "macaddr: found the address of interface %s, expected one of its own",
					 o->name);
		if (i->type == NUSE_VIF_TAP && o->type == NUSE_VIF_TAP &&
		    !strcmp(o->hostif, i->hostif))
			return nuse_fail(err, &i->at[NUSE_K_HOSTIF],
					 "hostif: found %s, the TAP device of interface %s, expected another one",
					 i->hostif, o->name);
		if (i->port && o->port && !strcmp(i->port, o->port))
			return nuse_fail(err, &i->at[NUSE_K_PORT],
					 "port: found %s, the port of interface %s, expected another one",
					 nuse_quote(i->port), o->name);
		if (i->pcap && o->pcap && !strcmp(i->pcap, o->pcap))
			return nuse_fail(err, &i->at[NUSE_K_PCAP],
					 "pcap: found %s, the capture of interface %s, expected another file",
					 nuse_quote(i->pcap), o->name);
	}
	return 0;
}

static int check_route(struct nuse_conf *c, struct nuse_route *r, struct nuse_err *err)
{
	const struct nuse_if *dev = NULL;
	size_t n;

	if (!r->net.src.file)
		return nuse_fail(err, &r->src, "route: found no network, expected a network line");
	if (!r->gateway.family && !r->dev[0])
		return nuse_fail(err, &r->src, "route: found neither gateway nor dev, expected at least one");
	if (!r->net.family)
		r->net.family = r->gateway.family ? r->gateway.family : AF_INET;
	if (r->netmask.family) {
		if (r->net.plen >= 0)
			return nuse_fail(err, &r->netmask.src,
					 "netmask: found it beside the network %s, which has a prefix length, expected one of the two",
					 S(r->net));
		if (r->net.family != AF_INET)
			return nuse_fail(err, &r->netmask.src,
					 "netmask: found it with the IPv6 network %s, expected a network with a prefix length",
					 S(r->net));
		r->net.plen = nuse_netmask_plen(r->netmask.v4);
	}
	if (r->net.plen < 0)
		return nuse_fail(err, &r->net.src,
				 "network: found %s without a prefix length, expected %s", S(r->net),
				 r->net.family == AF_INET ?
				 "a netmask line or a network such as 10.0.0.0/8" :
				 "a network such as 2001:db8::/32");
	if (r->gateway.family && r->gateway.family != r->net.family)
		return nuse_fail(err, &r->gateway.src,
				 "gateway: found the %s address %s for the %s network %s, expected both of one family",
				 r->gateway.family == AF_INET ? "IPv4" : "IPv6", S(r->gateway),
				 r->net.family == AF_INET ? "IPv4" : "IPv6", S(r->net));
	if (nuse_addr_mask(&(struct nuse_addr){ r->net.family, -1, { .v6 = r->net.v6 }, { 0 } },
			   r->net.plen)) {
		struct nuse_addr net = r->net;

		nuse_addr_mask(&net, net.plen);
		return nuse_fail(err, &r->net.src,
				 "network: found %s with bits beyond its prefix, expected %s",
				 S(r->net), S(net));
	}
	if (r->dev[0]) {
		for (n = 0; n < c->nifs && strcmp(c->ifs[n].name, r->dev); n++)
			;
		if (n == c->nifs)
			return nuse_fail(err, &r->at[NUSE_K_DEV],
					 "dev: found %s, which no interface block defines, expected one that does",
					 nuse_quote(r->dev));
		dev = &c->ifs[n];
	}
	return r->gateway.family ? check_gateway(c, dev, &r->gateway, err) : 0;
}

static int addr_append(struct nuse_if *i, const char *text, struct nuse_err *err)
{
	struct nuse_addr *more = nuse_grow(i->addr, i->naddr, sizeof(*more));

	if (!more)
		return nuse_nomem(err, &i->src);
	i->addr = more;
	nuse_value_addr(text, &more[i->naddr]);
	more[i->naddr++].src = i->src;
	return 0;
}

/*
 * A SLIRP interface is on a small network that libslirp's router makes, whose
 * addresses are fixed: 10.0.2.0/24 and fec0::/64, the router being host 2.
 */
static int complete_slirp(struct nuse_conf *c, struct nuse_if *i, struct nuse_err *err)
{
	struct nuse_addr net4 = { 0 }, net6 = { 0 };
	size_t a, g;
	int ret;

	nuse_value_addr("10.0.2.2/24", &net4);
	nuse_value_addr("fec0::2/64", &net6);
	if (!i->naddr) {
		ret = addr_append(i, "10.0.2.15/24", err);
		if (!ret)
			ret = addr_append(i, "fec0::15/64", err);
		if (ret < 0)
			return ret;
	}
	for (a = 0; a < i->naddr; a++) {
		const struct nuse_addr *x = &i->addr[a];
		const struct nuse_addr *net = x->family == AF_INET ? &net4 : &net6;

		if (!link_local(x) && !nuse_addr_same(x, net, net->plen))
			return nuse_fail(err, &x->src,
					 "address: found %s for viftype SLIRP, expected one in %s",
					 S(*x), net == &net4 ? "10.0.2.0/24" : "fec0::/64");
		if (nuse_addr_same(x, net, nuse_addr_bits(x)))
			return nuse_fail(err, &x->src,
					 "address: found %s, the SLIRP router's, expected another one such as %s",
					 S(*x), net == &net4 ? "10.0.2.15/24" : "fec0::15/64");
		for (g = 0; g < i->ngateway && i->gateway[g].family != x->family; g++)
			;
		if (g < i->ngateway)
			continue;
		i->gateway[g] = *net;
		i->gateway[g].plen = -1;
		i->gateway[g].src = x->src;
		i->ngateway++;
	}
	return 0;
}

static int add_fallback(struct nuse_conf *c)
{
	struct nuse_if *i = nuse_grow(c->ifs, c->nifs, sizeof(*i));

	if (!i)
		return -ENOMEM;
	c->ifs = i;
	c->nifs = 1;
	strcpy(i->name, "eth0");
	i->type = NUSE_VIF_SLIRP;
	i->queues = 1;
	i->src.file = "fallback";
	return 0;
}

int nuse_conf_check(struct nuse_conf *c, struct nuse_err *err)
{
	size_t n;
	int ret = 0;

	err->text[0] = '\0';
	if (!c->nifs && c->fallback && add_fallback(c) < 0)
		return nuse_nomem(err, NULL);
	/*
	 * RAW is the default of a file's blocks.  An interface that only options
	 * speak of, of its capture or its delay, is rather the fallback.
	 */
	for (n = 0; n < c->nifs; n++)
		if (!c->ifs[n].src.line && !c->ifs[n].at[NUSE_K_VIFTYPE].file && c->fallback)
			c->ifs[n].type = NUSE_VIF_SLIRP;
	for (n = 0; !ret && n < c->nifs; n++)
		if (c->ifs[n].type == NUSE_VIF_SLIRP)
			ret = complete_slirp(c, &c->ifs[n], err);
	for (n = 0; !ret && n < c->nifs; n++)
		ret = check_if(c, &c->ifs[n], err);
	for (n = 0; !ret && n < c->nroutes; n++)
		ret = check_route(c, &c->routes[n], err);
	return ret;
}
