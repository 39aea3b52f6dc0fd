// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of a route block, and the route that fits on one line.
 */
#include <errno.h>
#include <string.h>
#include "key.h"
#include "value.h"

static struct nuse_route *rt(struct nuse_parse *p)
{
	return &p->c->routes[p->rt];
}

static int set_network(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_addr a = { 0 };

	/* Its family is the gateway's, see check.c. */
	if (!strcmp(w[0], "default"))
		a.plen = 0;
	else if (nuse_value_addr(w[0], &a) < 0)
		return -EINVAL;
	a.src = p->src;
	rt(p)->net = a;
	return 0;
}

static int set_rtmask(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_netmask_set(p, &rt(p)->netmask, w[0]);
}

static int set_rtgateway(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_addr a = { 0 };

	if (nuse_value_addr(w[0], &a) < 0 || a.plen >= 0)
		return -EINVAL;
	a.src = p->src;
	rt(p)->gateway = a;
	return 0;
}

static int set_dev(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_value_ifname(w[0], rt(p)->dev);
}

static int set_metric(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	uint64_t v;

	if (nuse_value_uint(w[0], 1, UINT32_MAX, &v) < 0)
		return -EINVAL;
	rt(p)->metric = v;
	return 0;
}

const struct nuse_keydef nuse_rt_keys[] = {
	{ "network", NUSE_K_NETWORK, 0, 1, 1,
	  "an address such as 10.0.0.0/8, or default", set_network, NULL },
	{ "netmask", NUSE_K_RTMASK, 0, 1, 1,
	  "an IPv4 netmask such as 255.0.0.0", set_rtmask, NULL },
	{ "gateway", NUSE_K_RTGATEWAY, 0, 1, 1, "an IPv4 or IPv6 address", set_rtgateway, NULL },
	{ "dev", NUSE_K_DEV, 0, 1, 1, "the name of an interface block", set_dev, NULL },
	{ "metric", NUSE_K_METRIC, 0, 1, 1, "a number in 1..4294967295", set_metric, NULL },
	{ .name = NULL }
};

int nuse_route_add(struct nuse_parse *p)
{
	struct nuse_route *more = nuse_grow(p->c->routes, p->c->nroutes, sizeof(*more));

	if (!more)
		return nuse_nomem(p->err, &p->src);
	p->c->routes = more;
	p->rt = p->c->nroutes++;
	more[p->rt].src = p->src;
	return 0;
}

int nuse_route_line(struct nuse_parse *p, char **w, size_t n)
{
	static const struct { const char *word, *key; } names[] = {
		{ "via", "gateway" }, { "gateway", "gateway" }, { "dev", "dev" },
		{ "metric", "metric" }, { "netmask", "netmask" },
	};
	char *net[] = { w[0], NULL };
	size_t i, j;
	int ret;

	ret = nuse_route_add(p);
	if (ret < 0)
		return ret;
	p->scope = NUSE_IN_ROUTE;
	ret = nuse_key_set(p, nuse_key_find(NUSE_IN_ROUTE, "network"), net, 1);
	for (i = 1; !ret && i < n; i += 2) {
		char *value[] = { w[i + 1], NULL };

		for (j = 0; j < 5 && strcmp(w[i], names[j].word); j++)
			;
		if (j == 5 || i + 1 == n)
			ret = nuse_fail(p->err, &p->src,
					"route: found %s%s, expected NETWORK [via GATEWAY] [dev INTERFACE] [metric N]",
					nuse_quote(w[i]), j < 5 ? " without a value" : "");
		else
			ret = nuse_key_set(p, nuse_key_find(NUSE_IN_ROUTE, names[j].key), value, 1);
	}
	p->scope = NUSE_GLOBAL;
	return ret;
}
