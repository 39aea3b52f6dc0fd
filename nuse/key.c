// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of nuse.conf: what holds for all of them.
 *
 * A setter (key_if.c, key_route.c, key_global.c) sees words and stores a value;
 * whether values fit each other is check.c's business.  "Given twice" is
 * decided in one place, nuse_key_set(), by the at[] array of what the key
 * belongs to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "key.h"
#include "value.h"

/* Append @a to an array of addresses. */
int nuse_addr_add(struct nuse_parse *p, struct nuse_addr **v, size_t *n,
		    const struct nuse_addr *a)
{
	struct nuse_addr *more = nuse_grow(*v, *n, sizeof(**v));

	if (!more)
		return nuse_nomem(p->err, &p->src);
	*v = more;
	more[*n] = *a;
	more[(*n)++].src = p->src;
	return 0;
}

int nuse_string_set(struct nuse_parse *p, char **s, const char *w)
{
	char *copy;

	if (!*w)
		return -EINVAL;
	copy = strdup(w);
	if (!copy)
		return nuse_nomem(p->err, &p->src);
	free(*s);
	*s = copy;
	return 0;
}

void nuse_words_free(struct nuse_words *ws)
{
	size_t i;

	for (i = 0; i < ws->n; i++)
		free(ws->v[i]);
	free(ws->v);
	memset(ws, 0, sizeof(*ws));
}

int nuse_words_copy(struct nuse_parse *p, struct nuse_words *ws, char **w, size_t n)
{
	memset(ws, 0, sizeof(*ws));
	ws->src = p->src;
	ws->v = calloc(n + 1, sizeof(*ws->v));
	if (!ws->v)
		return nuse_nomem(p->err, &p->src);
	for (; ws->n < n; ws->n++) {
		ws->v[ws->n] = strdup(w[ws->n]);
		if (!ws->v[ws->n]) {
			nuse_words_free(ws);
			return nuse_nomem(p->err, &p->src);
		}
	}
	return 0;
}

/* An IPv4 netmask; its one check is whether it is one at all. */
int nuse_netmask_set(struct nuse_parse *p, struct nuse_addr *mask, const char *w)
{
	struct nuse_addr a = { 0 };

	if (nuse_value_addr(w, &a) < 0 || a.family != AF_INET || a.plen >= 0)
		return -EINVAL;
	if (nuse_netmask_plen(a.v4) < 0)
		return nuse_fail(p->err, &p->src,
				 "netmask: found %s, whose one bits are not contiguous, expected a mask such as 255.255.255.0",
				 nuse_quote(w));
	*mask = a;
	mask->src = p->src;
	return 0;
}

const struct nuse_keydef *const nuse_keys[3] = {
	[NUSE_GLOBAL] = nuse_global_keys, [NUSE_IN_IF] = nuse_if_keys,
	[NUSE_IN_ROUTE] = nuse_rt_keys,
};

const struct nuse_keydef *nuse_key_find(enum nuse_scope scope, const char *name)
{
	const struct nuse_keydef *k;

	for (k = nuse_keys[scope]; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

static struct nuse_src *at(struct nuse_parse *p, const struct nuse_keydef *k)
{
	return p->scope == NUSE_IN_IF ? &p->c->ifs[p->ifc].at[k->id] :
	       p->scope == NUSE_IN_ROUTE ? &p->c->routes[p->rt].at[k->id] : &p->c->at[k->id];
}

int nuse_key_set(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_src *where = at(p, k);
	int ret;

	if (where->file && !p->override && !(k->flags & NUSE_KEY_LIST))
		return nuse_fail(p->err, &p->src,
				 "%s: found it a second time, expected it once (the first is on line %u)",
				 k->name, where->line);
	if (n < k->min)
		return nuse_fail(p->err, &p->src, "%s: found %s, expected %s", k->name,
				 n ? "too little" : "nothing", k->expect);
	if (n > k->max)
		return nuse_fail(p->err, &p->src, "%s: found %s after the value, expected %s",
				 k->name, nuse_quote(w[k->max]), k->expect);
	ret = k->set(p, k, w, n);
	if (ret == -EINVAL && !p->err->text[0]) {
		char all[80] = "";
		size_t i;

		for (i = 0; i < n && strlen(all) + strlen(w[i]) + 2 < sizeof(all); i++) {
			strcat(all, i ? " " : "");
			strcat(all, w[i]);
		}
		return nuse_fail(p->err, &p->src, "%s: found %s, expected %s", k->name,
				 nuse_quote(i ? all : w[0]), k->expect);
	}
	if (!ret)
		*where = p->src;
	return ret;
}

void nuse_key_clear(struct nuse_parse *p, const struct nuse_keydef *k)
{
	memset(at(p, k), 0, sizeof(struct nuse_src));
	if (k->clear)
		k->clear(p, k);
}
