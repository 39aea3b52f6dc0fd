// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tuples: bound with a credential, dead for a moment, free.
 *
 * A credential is what a client asked for: one tuple, perhaps with a wildcard
 * address.  From it follow one entry of ms_tuples for each address of the NIC
 * that it covers, now or later.
 *
 * When a tuple ends, its entries turn dead and drop what comes for them until
 * the grace is over, so that the host does not answer a peer that still sends
 * with a reset.  The credential is closed at once, so that the address can be
 * bound again; who comes with a new proof takes a dead tuple over.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msd.h"
#include "store.h"

void key_of(struct ms_tuple_key *k, const struct ms_tuple *t, uint32_t nic)
{
	memset(k, 0, sizeof(*k));
	memcpy(k->addr, t->addr, 16);
	k->port = t->port;
	k->proto = t->protocol;
	k->family = t->family == AF_INET ? 4 : 6;
	k->nic = nic;
}

void tuple_of(struct ms_tuple *t, const struct ms_tuple_key *k)
{
	memset(t, 0, sizeof(*t));
	memcpy(t->addr, k->addr, 16);
	t->port = k->port;
	t->protocol = k->proto;
	t->family = k->family == 4 ? AF_INET : AF_INET6;
}

static bool is_any(const struct ms_tuple *t)
{
	static const uint8_t zero[16];

	return !memcmp(t->addr, zero, 16);
}

/* ---- the filter: which port numbers anybody has ---- */

static void filter_get(struct msd *d, uint16_t port)
{
	unsigned int n = ntohs(port);

	if (!d->port_users[n]++)
		__atomic_or_fetch(&d->filter->bits[n / 64], 1ULL << (n % 64),
				  __ATOMIC_SEQ_CST);
}

static void filter_put(struct msd *d, uint16_t port)
{
	unsigned int n = ntohs(port);

	if (d->port_users[n] && !--d->port_users[n])
		__atomic_and_fetch(&d->filter->bits[n / 64], ~(1ULL << (n % 64)),
				   __ATOMIC_SEQ_CST);
}

/* ---- entries ---- */

static int insert(struct msd *d, struct cred *c, const struct ms_tuple_key *k)
{
	struct ms_tuple_val v = {
		c->port->id, c->port->st.gen, MS_TUPLE_LIVE, c->id,
	}, old;
	bool had = !map_get(d->map.tuples, k, &old);
	struct grave *g;
	int err;

	if (had && old.state == MS_TUPLE_LIVE) {
		if (old.cred == c->id)
			return 0;
		return -EBUSY;
	}
	err = map_set(d->map.tuples, k, &v);
	if (err)
		return err == -E2BIG ? -ENOMEM : err;
	if (had) {
		/* taken over: the grave's share in the filter is ours now */
		TAILQ_FOREACH(g, &d->graves, next)
			if (!memcmp(&g->key, k, sizeof(*k)))
				break;
		if (g) {
			TAILQ_REMOVE(&d->graves, g, next);
			free(g);
		}
	} else {
		filter_get(d, k->port);
	}
	c->port->ntuples++;
	return 0;
}

static void free_entry(struct msd *d, const struct ms_tuple_key *k)
{
	map_del(d->map.tuples, k);
	filter_put(d, k->port);
}

static void bury(struct msd *d, struct cred *c, const struct ms_tuple_key *k)
{
	struct ms_tuple_val v;
	struct grave *g;

	if (map_get(d->map.tuples, k, &v) || v.cred != c->id ||
	    v.state != MS_TUPLE_LIVE)
		return;
	c->port->ntuples--;
	g = d->o.grace_ms ? calloc(1, sizeof(*g)) : NULL;
	if (!g) {
		free_entry(d, k);
		return;
	}
	v.state = MS_TUPLE_DEAD;
	map_set(d->map.tuples, k, &v);
	g->key = *k;
	g->cred = c->id;
	g->until_ms = now_ms() + d->o.grace_ms;
	TAILQ_INSERT_TAIL(&d->graves, g, next);
}

/* Free the dead whose time has come; @all: whatever their time. */
void tuple_reap(struct msd *d, bool all)
{
	uint64_t now = now_ms();
	struct grave *g;

	/* in the order of their ends, since the grace is the same for all */
	while ((g = TAILQ_FIRST(&d->graves)) && (all || g->until_ms <= now)) {
		TAILQ_REMOVE(&d->graves, g, next);
		free_entry(d, &g->key);
		free(g);
	}
}

/* ---- from credentials to entries ---- */

static bool covers(const struct cred *c, const struct addr *a)
{
	const struct ms_tuple *t = &c->st.tuple;
	uint8_t family = t->family == AF_INET ? 4 : 6;

	if (is_any(t))
		return a->family == family || (c->st.dual && a->family == 4);
	return a->family == family && !memcmp(a->a, t->addr, 16);
}

static void key_at(struct ms_tuple_key *k, const struct cred *c, const struct addr *a)
{
	key_of(k, &c->st.tuple, c->port->sw->id);
	memcpy(k->addr, a->a, 16);
	k->family = a->family;
}

static int expand(struct msd *d, struct cred *c)
{
	struct nswitch *sw = c->port->sw;
	struct ms_tuple_key k;
	unsigned int i;
	int err, ret = 0;

	for (i = 0; i < sw->naddrs; i++) {
		if (!covers(c, &sw->addrs[i]))
			continue;
		key_at(&k, c, &sw->addrs[i]);
		err = insert(d, c, &k);
		if (err)
			ret = err;
	}
	return ret;
}

/* Bury the entries of @c. */
static void contract(struct msd *d, struct cred *c)
{
	struct nswitch *sw = c->port->sw;
	struct ms_tuple_key k;
	unsigned int i;

	for (i = 0; i < sw->naddrs; i++) {
		if (covers(c, &sw->addrs[i])) {
			key_at(&k, c, &sw->addrs[i]);
			bury(d, c, &k);
		}
	}
}

/* Bury all entries at addresses that the NIC no longer has. */
static void contract_gone(struct msd *d, struct nswitch *sw)
{
	struct ms_tuple_key *keys, k, prev, *cursor = NULL;
	struct ms_tuple_val v;
	unsigned int i, n = 0;
	struct cred *c;

	keys = calloc(d->o.max_tuples, sizeof(*keys));
	if (!keys)
		return;
	while (n < d->o.max_tuples &&
	       !bpf_map_get_next_key(d->map.tuples, cursor, &k)) {
		prev = k;
		cursor = &prev;
		if (k.nic == sw->id && !switch_has_addr(sw, k.family, k.addr))
			keys[n++] = k;
	}
	for (i = 0; i < n; i++) {
		if (map_get(d->map.tuples, &keys[i], &v))
			continue;
		TAILQ_FOREACH(c, &d->creds, all) {
			if (c->id == v.cred) {
				bury(d, c, &keys[i]);
				break;
			}
		}
	}
	free(keys);
}

void tuple_expand_switch(struct msd *d, struct nswitch *sw)
{
	struct cred *c;
	char text[80];

	contract_gone(d, sw);
	TAILQ_FOREACH(c, &d->creds, all) {
		if (c->port->sw != sw)
			continue;
		if (expand(d, c))
			log_warn("%s:%s: %s does not extend to each address of %s: taken, or the table is full",
				 sw->st.name, c->port->st.name,
				 ms_tuple_to_text(&c->st.tuple, text, sizeof(text)),
				 sw->st.nic);
	}
}

static void cred_key(const struct cred *c, char *key, size_t size)
{
	snprintf(key, size, "cred-%u", c->id);
}

/* Forget a credential, with all of its tuples. */
void cred_drop(struct msd *d, struct cred *c)
{
	char key[32];

	contract(d, c);
	TAILQ_REMOVE(&d->creds, c, all);
	TAILQ_REMOVE(&c->port->creds, c, in_port);
	c->port->ncreds--;
	map_del(d->map.st_cred, &c->id);
	if (c->fd >= 0) {
		cred_key(c, key, sizeof(key));
		store_del(d->store, key);
		close(c->fd);
	}
	free(c);
}

static struct cred *cred_find(struct port *p, const struct ms_tuple *t)
{
	struct cred *c;

	TAILQ_FOREACH(c, &p->creds, in_port)
		if (!memcmp(&c->st.tuple, t, sizeof(*t)))
			return c;
	return NULL;
}

static unsigned int creds_of(struct msd *d, uid_t uid)
{
	unsigned int n = 0;
	uint32_t i;

	for (i = 1; i < d->o.max_ports; i++)
		if (d->port[i] && d->port[i]->st.uid == uid)
			n += d->port[i]->ncreds;
	return n;
}

static struct cred *cred_new(struct msd *d, struct port *p, uint32_t id, int fd)
{
	struct cred *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->id = id;
	c->fd = fd;
	c->port = p;
	c->st.port_id = p->id;
	c->st.gen = p->st.gen;
	c->st.has_fd = fd >= 0;
	TAILQ_INSERT_TAIL(&d->creds, c, all);
	TAILQ_INSERT_TAIL(&p->creds, c, in_port);
	p->ncreds++;
	return c;
}

/* On success @fd is the credential's; on failure still the caller's. */
int tuple_bind(struct msd *d, struct port *p, const struct ms_tuple *t, int fd)
{
	uint32_t dual;
	struct cred *c;
	char key[32];
	int err;

	err = cred_check(d, p->sw, t, fd, p->st.uid, &dual);
	if (err)
		return err;
	if (!p->sw->st.ifindex)
		return refuse(d, -ENODEV, "the NIC %s has gone", p->sw->st.nic);
	if (cred_find(p, t)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (p->ncreds >= d->o.port_tuples)
		return refuse(d, -EDQUOT, "the port has %u tuples already; --port-tuples is the limit",
			      p->ncreds);
	if (p->st.uid && creds_of(d, p->st.uid) >= d->o.uid_tuples)
		return refuse(d, -EDQUOT, "uid %u has %u tuples already; --uid-tuples is the limit",
			      p->st.uid, d->o.uid_tuples);

	c = cred_new(d, p, ++d->next_cred, fd);
	if (!c)
		return refuse(d, -ENOMEM, "out of memory");
	c->st.dual = dual;
	c->st.tuple = *t;
	if (fd >= 0) {
		cred_key(c, key, sizeof(key));
		err = store_put(d->store, key, fd);
	}
	if (!err)
		err = map_set(d->map.st_cred, &c->id, &c->st);
	if (!err)
		err = expand(d, c);
	if (!err && !is_any(t) && !c->port->ntuples)
		err = -EADDRNOTAVAIL;
	if (err) {
		/* what was inserted served nobody yet: no grave for it */
		uint32_t grace = d->o.grace_ms;

		d->o.grace_ms = 0;
		c->fd = -1;
		store_del(d->store, key);
		cred_drop(d, c);
		d->o.grace_ms = grace;
		if (err == -EBUSY)
			return refuse(d, err, "another port owns the tuple, or one that the wildcard covers");
		if (err == -E2BIG || err == -ENOMEM)
			return refuse(d, -ENOMEM, "the table of tuples is full; --max-tuples is %u",
				      d->o.max_tuples);
		return refuse(d, err, "cannot register the tuple: %s", strerror(-err));
	}
	return 0;
}

int tuple_unbind(struct msd *d, struct port *p, const struct ms_tuple *t)
{
	struct cred *c;

	if ((t->family != AF_INET && t->family != AF_INET6) || !t->protocol ||
	    t->protocol > 255 || t->reserved)
		return refuse(d, -EINVAL, "the tuple is not well-formed");
	c = cred_find(p, t);
	if (!c)
		return refuse(d, -ENOENT, "the port does not own this tuple");
	cred_drop(d, c);
	return 0;
}

/* Do all credentials still prove what they proved? */
void tuple_sweep(struct msd *d)
{
	struct cred *c, *next;
	char text[80];

	for (c = TAILQ_FIRST(&d->creds); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->fd < 0)
			continue;
		if (!cred_recheck(d, c->port->sw, &c->st.tuple, c->fd))
			continue;
		log_warn("%s:%s: revoked %s: %s", c->port->sw->st.name,
			 c->port->st.name,
			 ms_tuple_to_text(&c->st.tuple, text, sizeof(text)), d->err);
		d->counters.revoked++;
		cred_drop(d, c);
	}
}

/* ---- after a restart ---- */

int cred_restore(struct msd *d, uint32_t id, const struct st_cred *st, int fd)
{
	struct port *p = st->port_id < d->o.max_ports ? d->port[st->port_id] : NULL;
	struct cred *c;

	if (id > d->next_cred)
		d->next_cred = id;
	if (!p || p->st.gen != st->gen || (st->has_fd && fd < 0))
		return -ENOENT;
	c = cred_new(d, p, id, fd);
	if (!c)
		return -ENOMEM;
	c->st = *st;
	return 0;
}

static int cmp_cred(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Bring map, filter and credentials into agreement. */
void tuple_reconcile(struct msd *d)
{
	struct ms_tuple_key k, prev, *cursor = NULL;
	unsigned int ncreds = 0, n = 0, i, dead = 0;
	struct ms_tuple_key *doomed;
	struct cred *c, **byid;
	uint32_t *ids;

	TAILQ_FOREACH(c, &d->creds, all)
		ncreds++;
	ids = calloc(ncreds + 1, sizeof(*ids));
	byid = calloc(ncreds + 1, sizeof(*byid));
	doomed = calloc(d->o.max_tuples, sizeof(*doomed));
	if (!ids || !byid || !doomed) {
		log_err("out of memory");
		exit(1);
	}
	/* st_cred is a hash, its order is anything */
	TAILQ_FOREACH(c, &d->creds, all)
		ids[n++] = c->id;
	qsort(ids, n, sizeof(*ids), cmp_cred);
	TAILQ_FOREACH(c, &d->creds, all) {
		uint32_t *at = bsearch(&c->id, ids, n, sizeof(*ids), cmp_cred);

		byid[at - ids] = c;
	}
	while (!bpf_map_get_next_key(d->map.tuples, cursor, &k)) {
		struct ms_tuple_val v;
		uint32_t *at;

		prev = k;
		cursor = &prev;
		if (map_get(d->map.tuples, &k, &v))
			continue;
		at = v.state == MS_TUPLE_LIVE ?
		     bsearch(&v.cred, ids, n, sizeof(*ids), cmp_cred) : NULL;
		filter_get(d, k.port);
		if (at)
			byid[at - ids]->port->ntuples++;
		else if (dead < d->o.max_tuples)
			doomed[dead++] = k;
	}
	for (i = 0; i < dead; i++) {
		struct ms_tuple_val v;
		struct grave *g = calloc(1, sizeof(*g));

		if (!g || map_get(d->map.tuples, &doomed[i], &v)) {
			free(g);
			free_entry(d, &doomed[i]);
			continue;
		}
		v.state = MS_TUPLE_DEAD;
		map_set(d->map.tuples, &doomed[i], &v);
		g->key = doomed[i];
		g->cred = v.cred;
		g->until_ms = now_ms() + d->o.grace_ms;
		TAILQ_INSERT_TAIL(&d->graves, g, next);
	}
	/* bits that nobody stands for */
	for (i = 0; i < 65536; i++)
		if (!d->port_users[i])
			__atomic_and_fetch(&d->filter->bits[i / 64],
					   ~(1ULL << (i % 64)), __ATOMIC_SEQ_CST);
	free(ids);
	free(byid);
	free(doomed);
}
