// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of an interface block.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "key.h"
#include "value.h"

#define VIFTYPES "RAW, TAP, PIPE, SLIRP or MULTISTACK"

static struct nuse_if *ifc(struct nuse_parse *p)
{
	return &p->c->ifs[p->ifc];
}

static int set_address(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_addr a = { 0 };

	if (nuse_value_addr(w[0], &a) < 0)
		return -EINVAL;
	if (k->id == NUSE_K_HOSTADDR) {
		if (a.plen < 0)
			return -EINVAL;
		return nuse_addr_add(p, &ifc(p)->hostaddr, &ifc(p)->nhostaddr, &a);
	}
	return nuse_addr_add(p, &ifc(p)->addr, &ifc(p)->naddr, &a);
}

static void clear_address(struct nuse_parse *p, const struct nuse_keydef *k)
{
	struct nuse_if *i = ifc(p);

	if (k->id == NUSE_K_HOSTADDR) {
		free(i->hostaddr);
		i->hostaddr = NULL;
		i->nhostaddr = 0;
	} else {
		free(i->addr);
		i->addr = NULL;
		i->naddr = 0;
	}
}

static int set_netmask(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_netmask_set(p, &ifc(p)->netmask, w[0]);
}

static int set_macaddr(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	uint8_t mac[6];

	if (nuse_value_mac(w[0], mac) < 0)
		return -EINVAL;
	if (mac[0] & 1)
		return nuse_fail(p->err, &p->src,
				 "macaddr: found %s, a group address, expected one of a single station (even first byte)",
				 nuse_quote(w[0]));
	if (!memcmp(mac, "\0\0\0\0\0", 6))
		return nuse_fail(p->err, &p->src,
				 "macaddr: found all zeroes, expected an address, or no macaddr line for a random one");
	memcpy(ifc(p)->mac, mac, 6);
	return 0;
}

static int set_viftype(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	static const char *const later[] = { "NETMAP", "DPDK", "AF_XDP" };
	size_t i;

	for (i = 0; i < NUSE_VIF_END; i++) {
		if (!strcasecmp(w[0], nuse_viftype_name(i))) {
			ifc(p)->type = i;
			return 0;
		}
	}
	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (!strcasecmp(w[0], later[i]))
			return nuse_fail(p->err, &p->src,
					 "viftype: found %s, which is not in this build, expected " VIFTYPES,
					 later[i]);
	return -EINVAL;
}

static int set_pipepath(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_string_set(p, &ifc(p)->pipepath, w[0]);
}

static int set_pcap(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_string_set(p, &ifc(p)->pcap, w[0]);
}

static int set_pipefd(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_if *i = ifc(p);
	uint64_t in, out;

	if (n == 1 && (!strcmp(w[0], "stdin") || !strcmp(w[0], "stdout"))) {
		i->pipe = !strcmp(w[0], "stdin") ? NUSE_PIPE_STDIN : NUSE_PIPE_STDOUT;
		return 0;
	}
	if (nuse_value_uint(w[0], 0, INT_MAX, &in) < 0 ||
	    nuse_value_uint(w[n - 1], 0, INT_MAX, &out) < 0)
		return -EINVAL;
	i->pipe = NUSE_PIPE_FDS;
	i->pipefd[0] = in;
	i->pipefd[1] = out;
	return 0;
}

/* Keys whose value is one number. */
static int set_ifnumber(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_if *i = ifc(p);
	uint64_t v;

	switch (k->id) {
	case NUSE_K_MTU:
		if (nuse_value_uint(w[0], 68, 65535, &v) < 0)
			return -EINVAL;
		i->mtu = v;
		return 0;
	case NUSE_K_TXQLEN:
		if (nuse_value_uint(w[0], 1, 1000000, &v) < 0)
			return -EINVAL;
		i->txqlen = v;
		return 0;
	default:
		if (nuse_value_uint(w[0], 1, 16, &v) < 0)
			return -EINVAL;
		i->queues = v;
		return 0;
	}
}

static int set_gateway(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_if *i = ifc(p);
	struct nuse_addr a = { 0 };
	size_t g;

	if (nuse_value_addr(w[0], &a) < 0 || a.plen >= 0)
		return -EINVAL;
	for (g = 0; g < i->ngateway && i->gateway[g].family != a.family; g++)
		;
	if (g < i->ngateway && !p->override)
		return nuse_fail(p->err, &p->src,
				 "gateway: found a second one for the same address family, expected one (the first is on line %u)",
				 i->gateway[g].src.line);
	a.src = p->src;
	i->gateway[g] = a;
	if (g == i->ngateway)
		i->ngateway++;
	return 0;
}

static int set_hostif(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_if *i = ifc(p);

	return nuse_value_ifname(w[0], k->id == NUSE_K_BRIDGE ? i->bridge : i->hostif);
}

static int set_offloads(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	static const char *const names[] = {
		[NUSE_OFFLOADS_ON] = "on", [NUSE_OFFLOADS_CSUM] = "csum", [NUSE_OFFLOADS_OFF] = "off",
	};
	int i;

	for (i = 0; i < 3; i++) {
		if (!strcmp(w[0], names[i])) {
			ifc(p)->offloads = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_seed(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_value_uint(w[0], 0, UINT64_MAX, &ifc(p)->seed);
}

static int set_hostfwd(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_if *i = ifc(p);
	struct nuse_hostfwd f = { .src = p->src }, *more;

	if (!strcasecmp(w[0], "udp"))
		f.udp = true;
	else if (strcasecmp(w[0], "tcp"))
		return -EINVAL;
	if (nuse_value_port(w[1], &f.host, &f.host_port) < 0)
		return -EINVAL;
	if (nuse_value_port(w[n - 1], &f.guest, &f.guest_port) < 0 || (n == 2 && f.guest.family)) {
		if (n == 3)
			return -EINVAL;
		f.guest.family = 0;
		f.guest_port = f.host_port;
	}
	if (!f.host.family) {
		f.host.family = f.guest.family ? f.guest.family : AF_INET;
		if (f.host.family == AF_INET)
			f.host.v4.s_addr = htonl(INADDR_LOOPBACK);
		else
			f.host.v6 = in6addr_loopback;
	}
	if (f.guest.family && f.guest.family != f.host.family)
		return nuse_fail(p->err, &p->src,
				 "hostfwd: found addresses of two families, expected two IPv4 or two IPv6 addresses");
	more = nuse_grow(i->fwd, i->nfwd, sizeof(*more));
	if (!more)
		return nuse_nomem(p->err, &p->src);
	i->fwd = more;
	more[i->nfwd++] = f;
	return 0;
}

static void clear_hostfwd(struct nuse_parse *p, const struct nuse_keydef *k)
{
	free(ifc(p)->fwd);
	ifc(p)->fwd = NULL;
	ifc(p)->nfwd = 0;
}

static int set_port(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	/* What a name may be made of, the daemon knows best. */
	if (strncmp(w[0], "vale", 4) || !strchr(w[0], ':') || !strchr(w[0], ':')[1] ||
	    strlen(w[0]) > NUSE_PORT_MAX)
		return -EINVAL;
	return nuse_string_set(p, &ifc(p)->port, w[0]);
}

/* "tcp 10.0.0.1:8080", "udp [2001:db8::1]:5000-5009" */
static int set_tuple(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_tuple t = { .protocol = nuse_value_protocol(w[0]), .src = p->src };
	char *dash = strrchr(w[1], '-');
	struct nuse_if *i = ifc(p);
	struct nuse_tuple *more;
	struct nuse_addr none;
	char text[80];

	if (t.protocol < 0 || strlen(w[1]) >= sizeof(text))
		return -EINVAL;
	strcpy(text, w[1]);
	if (dash)
		text[dash - w[1]] = '\0';
	if (nuse_value_port(text, &t.addr, &t.first) < 0 || !t.addr.family)
		return -EINVAL;
	t.last = t.first;
	none.src = p->src;
	if (dash && (nuse_value_port(dash + 1, &none, &t.last) < 0 || none.family))
		return -EINVAL;
	if (t.last < t.first)
		return nuse_fail(p->err, &p->src,
				 "tuple: found the ports %u-%u, expected the lower one first",
				 t.first, t.last);
	t.addr.src = p->src;
	more = nuse_grow(i->tuple, i->ntuples, sizeof(*more));
	if (!more)
		return nuse_nomem(p->err, &p->src);
	i->tuple = more;
	more[i->ntuples++] = t;
	return 0;
}

static void clear_tuple(struct nuse_parse *p, const struct nuse_keydef *k)
{
	free(ifc(p)->tuple);
	ifc(p)->tuple = NULL;
	ifc(p)->ntuples = 0;
}

static int impair_one(struct nuse_impair *m, int id, char **w, size_t n)
{
	uint64_t v;

	switch (id) {
	case NUSE_K_REORDER:
		if (n == 2 && nuse_value_time(w[1], &m->reorder_ns) < 0)
			return -EINVAL;
		return nuse_value_percent(w[0], &m->reorder_ppm);
	case NUSE_K_LIMIT:
		if (nuse_value_uint(w[0], 1, 1000000, &v) < 0)
			return -EINVAL;
		m->limit = v;
		return 0;
	case NUSE_K_LOSS:	return nuse_value_percent(w[0], &m->loss_ppm);
	case NUSE_K_DUPLICATE:	return nuse_value_percent(w[0], &m->duplicate_ppm);
	case NUSE_K_CORRUPT:	return nuse_value_percent(w[0], &m->corrupt_ppm);
	case NUSE_K_DELAY:	return nuse_value_time(w[0], &m->delay_ns);
	case NUSE_K_JITTER:	return nuse_value_time(w[0], &m->jitter_ns);
	default:		return nuse_value_rate(w[0], &m->rate_bps);
	}
}

static int set_impair(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	int dir = NUSE_RX, last = NUSE_TX;

	if (!strcmp(w[0], "rx") || !strcmp(w[0], "tx")) {
		dir = last = w[0][0] == 'r' ? NUSE_RX : NUSE_TX;
		w++;
		n--;
	}
	if (!n || (n > 1 && k->id != NUSE_K_REORDER))
		return -EINVAL;
	for (; dir <= last; dir++) {
		struct nuse_impair *m = &ifc(p)->impair[dir];

		if ((m->set & 1U << k->id) && !p->override)
			return nuse_fail(p->err, &p->src,
					 "%s: found a second value for the %s direction, expected one (the first is on line %u)",
					 k->name, dir == NUSE_RX ? "rx" : "tx",
					 ifc(p)->at[k->id].line);
		if (impair_one(m, k->id, w, n) < 0)
			return -EINVAL;
		m->set |= 1U << k->id;
	}
	return 0;
}

static void clear_impair(struct nuse_parse *p, const struct nuse_keydef *k)
{
	int dir;

	for (dir = 0; dir < NUSE_DIRS; dir++) {
		struct nuse_impair *m = &ifc(p)->impair[dir];

		switch (k->id) {
		case NUSE_K_LOSS:	m->loss_ppm = 0; break;
		case NUSE_K_REORDER:	m->reorder_ppm = 0; m->reorder_ns = 0; break;
		case NUSE_K_DUPLICATE:	m->duplicate_ppm = 0; break;
		case NUSE_K_CORRUPT:	m->corrupt_ppm = 0; break;
		case NUSE_K_DELAY:	m->delay_ns = 0; break;
		case NUSE_K_JITTER:	m->jitter_ns = 0; break;
		case NUSE_K_RATE:	m->rate_bps = 0; break;
		case NUSE_K_LIMIT:	m->limit = 0; break;
		}
		m->set &= ~(1U << k->id);
	}
}

/* Everything else of an interface whose default is simple. */
static void clear_if(struct nuse_parse *p, const struct nuse_keydef *k)
{
	struct nuse_if *i = ifc(p);

	switch (k->id) {
	case NUSE_K_NETMASK:	memset(&i->netmask, 0, sizeof(i->netmask)); break;
	case NUSE_K_MACADDR:	memset(i->mac, 0, 6); break;
	case NUSE_K_VIFTYPE:	i->type = NUSE_VIF_RAW; break;
	case NUSE_K_PIPEPATH:	free(i->pipepath); i->pipepath = NULL; break;
	case NUSE_K_PCAP:	free(i->pcap); i->pcap = NULL; break;
	case NUSE_K_PORT:	free(i->port); i->port = NULL; break;
	case NUSE_K_PIPEFD:	i->pipe = NUSE_PIPE_NONE; break;
	case NUSE_K_MTU:	i->mtu = 0; break;
	case NUSE_K_TXQLEN:	i->txqlen = 0; break;
	case NUSE_K_QUEUES:	i->queues = 1; break;
	case NUSE_K_GATEWAY:	i->ngateway = 0; break;
	case NUSE_K_HOSTIF:	i->hostif[0] = '\0'; break;
	case NUSE_K_OFFLOADS:	i->offloads = NUSE_OFFLOADS_ON; break;
	case NUSE_K_BRIDGE:	i->bridge[0] = '\0'; break;
	case NUSE_K_SEED:	i->seed = 0; break;
	}
}

const struct nuse_keydef nuse_if_keys[] = {
	{ "address", NUSE_K_ADDRESS, NUSE_KEY_LIST, 1, 1,
	  "an IPv4 or IPv6 address such as 192.168.0.10/24", set_address, clear_address },
	{ "netmask", NUSE_K_NETMASK, 0, 1, 1,
	  "an IPv4 netmask such as 255.255.255.0", set_netmask, clear_if },
	{ "macaddr", NUSE_K_MACADDR, 0, 1, 1,
	  "six bytes such as 02:00:00:00:00:01", set_macaddr, clear_if },
	{ "viftype", NUSE_K_VIFTYPE, 0, 1, 1,
	  VIFTYPES, set_viftype, clear_if },
	{ "pipepath", NUSE_K_PIPEPATH, 0, 1, 1, "a path", set_pipepath, clear_if },
	{ "pipefd", NUSE_K_PIPEFD, 0, 1, 2,
	  "stdin, stdout, or file descriptors to read from and write to such as 3 4", set_pipefd, clear_if },
	{ "mtu", NUSE_K_MTU, 0, 1, 1, "a number of bytes in 68..65535", set_ifnumber, clear_if },
	{ "txqueuelen", NUSE_K_TXQLEN, 0, 1, 1,
	  "a number of packets in 1..1000000", set_ifnumber, clear_if },
	{ "gateway", NUSE_K_GATEWAY, NUSE_KEY_LIST, 1, 1,
	  "an IPv4 or IPv6 address", set_gateway, clear_if },
	{ "hostif", NUSE_K_HOSTIF, 0, 1, 1,
	  "the name of an interface of the host, 1 to 15 characters", set_hostif, clear_if },
	{ "hostaddr", NUSE_K_HOSTADDR, NUSE_KEY_LIST, 1, 1,
	  "an address with a prefix length such as 192.168.0.1/24", set_address, clear_address },
	{ "queues", NUSE_K_QUEUES, 0, 1, 1, "a number in 1..16", set_ifnumber, clear_if },
	{ "bridge", NUSE_K_BRIDGE, 0, 1, 1,
	  "the name of a bridge of the host, 1 to 15 characters", set_hostif, clear_if },
	{ "offloads", NUSE_K_OFFLOADS, 0, 1, 1, "on, csum or off", set_offloads, clear_if },
	{ "pcap", NUSE_K_PCAP, 0, 1, 1, "the name of a file", set_pcap, clear_if },
	{ "hostfwd", NUSE_K_HOSTFWD, NUSE_KEY_LIST, 2, 3,
	  "tcp|udp [HOSTADDR:]PORT [[ADDR:]PORT] such as tcp 127.0.0.1:8080 80",
	  set_hostfwd, clear_hostfwd },
	{ "port", NUSE_K_PORT, 0, 1, 1,
	  "the name of a MultiStack port such as valem:vp0", set_port, clear_if },
	{ "tuple", NUSE_K_TUPLE, NUSE_KEY_LIST, 2, 2,
	  "tcp|udp|udplite|sctp|dccp ADDRESS:PORT[-PORT] such as tcp 10.0.0.1:8080",
	  set_tuple, clear_tuple },
	{ "loss", NUSE_K_LOSS, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 2,
	  "[rx|tx] and a percentage such as 0.1%", set_impair, clear_impair },
	{ "delay", NUSE_K_DELAY, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 2,
	  "[rx|tx] and a time of up to an hour such as 10ms", set_impair, clear_impair },
	{ "jitter", NUSE_K_JITTER, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 2,
	  "[rx|tx] and a time of up to an hour such as 2ms", set_impair, clear_impair },
	{ "reorder", NUSE_K_REORDER, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 3,
	  "[rx|tx], a percentage and perhaps a time such as 1% 5ms", set_impair, clear_impair },
	{ "duplicate", NUSE_K_DUPLICATE, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 2,
	  "[rx|tx] and a percentage such as 1%", set_impair, clear_impair },
	{ "corrupt", NUSE_K_CORRUPT, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 2,
	  "[rx|tx] and a percentage such as 0.01%", set_impair, clear_impair },
	{ "rate", NUSE_K_RATE, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 2,
	  "[rx|tx] and a rate from 1kbit to 1000Gbit such as 10Mbit", set_impair, clear_impair },
	{ "limit", NUSE_K_LIMIT, NUSE_KEY_LIST | NUSE_KEY_DIR, 1, 2,
	  "[rx|tx] and a number of frames in 1..1000000", set_impair, clear_impair },
	{ "seed", NUSE_K_SEED, 0, 1, 1, "a number", set_seed, clear_if },
	{ .name = NULL }
};
