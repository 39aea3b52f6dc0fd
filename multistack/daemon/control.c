// SPDX-License-Identifier: GPL-2.0-only
/*
 * What multistackctl asks for: attach, detach, lists, limits, the watch.
 *
 * Lists are open to everybody who may connect, as those of ip and ss are;
 * changes, and the watch, which shows others' addresses, are for root and
 * the daemon's own user.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msd.h"

#define ROOM (MS_WIRE_MAX - sizeof(struct ms_msg))

static int privileged(struct msd *d, struct session *s, const char *what)
{
	if (s->uid == 0 || s->uid == getuid())
		return 0;
	return refuse(d, -EPERM, "only root may %s", what);
}

static int list_switches(struct msd *d, uint32_t cursor, void *rep, size_t *len)
{
	struct ms_rep_switch *e = rep;
	uint32_t i, j;

	for (i = cursor ? cursor : 1; i < MS_MAX_NICS; i++) {
		struct nswitch *sw = d->sw[i];
		struct ms_nicstats_ent st;

		if (!sw)
			continue;
		if (*len + sizeof(*e) > ROOM)
			break;
		memset(e, 0, sizeof(*e));
		e->cursor = i;
		e->flags = sw->st.flags;
		e->ifindex = sw->st.ifindex;
		e->mtu = sw->nic.mtu;
		for (j = 1; j < d->o.max_ports; j++) {
			if (d->port[j] && d->port[j]->sw == sw) {
				e->ports++;
				e->tuples += d->port[j]->ntuples;
			}
		}
		memcpy(e->name, sw->st.name, sizeof(e->name));
		memcpy(e->nic, sw->st.nic, sizeof(e->nic));
		snprintf(e->hook, sizeof(e->hook), "%s", sw->st.clsact ? "clsact" : "tcx");
		if (!sum_nicstats(d, i, &st)) {
			memcpy(e->rx_drop, st.rx_drop, sizeof(e->rx_drop));
			memcpy(e->tx_drop, st.tx_drop, sizeof(e->tx_drop));
		}
		*len += sizeof(*e);
		e++;
	}
	return 0;
}

static int list_ports(struct msd *d, uint32_t cursor, void *rep, size_t *len)
{
	struct ms_rep_port *e = rep;
	struct ms_limits l;
	uint32_t i, j;

	for (i = cursor ? cursor : 1; i < d->o.max_ports; i++) {
		struct port *p = d->port[i];

		if (!p)
			continue;
		if (*len + sizeof(*e) > ROOM)
			break;
		memset(e, 0, sizeof(*e));
		e->cursor = i;
		e->kind = p->st.kind;
		e->uid = p->st.uid;
		e->pid = p->st.pid;
		e->gen = p->st.gen;
		e->tuples = p->ntuples;
		e->ifindex = p->st.ifindex;
		snprintf(e->name, sizeof(e->name), "%s:%s", p->sw->st.name, p->st.name);
		memcpy(e->ifname, p->ifname, sizeof(e->ifname));
		if (!map_get(d->map.limits, &i, &l)) {
			for (j = 0; j < MS_B_MAX; j++) {
				const struct ms_bucket *b = &l.b[j];

				if (!b->cost_fp)
					continue;
				e->rate[j] = (uint64_t)(65536.0 * 1e9 / b->cost_fp + 0.5);
				e->burst[j] = (uint64_t)((double)b->burst_ns *
							 e->rate[j] / 1e9 + 0.5);
			}
		}
		port_stats(d, p, &e->stats);
		*len += sizeof(*e);
		e++;
	}
	return 0;
}

static int list_tuples(struct msd *d, uint32_t cursor, void *rep, size_t *len)
{
	struct ms_tuple_key k, prev, *at = NULL;
	struct ms_rep_tuple *e = rep;
	struct ms_tuple_val v;
	uint32_t n = 0;

	/* by rank in the hash; a list that changes meanwhile may skip or repeat */
	while (!bpf_map_get_next_key(d->map.tuples, at, &k)) {
		struct port *p;

		prev = k;
		at = &prev;
		if (n++ < cursor)
			continue;
		if (*len + sizeof(*e) > ROOM)
			break;
		if (map_get(d->map.tuples, &k, &v))
			continue;
		p = v.port_id < d->o.max_ports ? d->port[v.port_id] : NULL;
		if (p && p->st.gen != v.gen)
			p = NULL;
		memset(e, 0, sizeof(*e));
		e->cursor = n - 1;
		e->dead = v.state != MS_TUPLE_LIVE;
		tuple_of(&e->tuple, &k);
		e->uid = p ? p->st.uid : 0;
		if (p)
			snprintf(e->port, sizeof(e->port), "%s:%s", p->sw->st.name,
				 p->st.name);
		else if (k.nic < MS_MAX_NICS && d->sw[k.nic])
			snprintf(e->port, sizeof(e->port), "%s:", d->sw[k.nic]->st.name);
		*len += sizeof(*e);
		e++;
	}
	return 0;
}

int control_request(struct msd *d, struct session *s, const struct ms_msg *m,
		    void *rep, size_t *len)
{
	const void *body = m + 1;
	struct ms_req_attach attach;
	struct ms_req_limit limit;
	struct ms_req_list list;
	struct ms_req_name name;
	struct port *p;
	int err;

	switch (m->type) {
	case MS_MSG_ATTACH:
	case MS_MSG_DETACH:
		memcpy(&attach, body, sizeof(attach));
		err = privileged(d, s, "attach or detach a NIC");
		if (err)
			return err;
		if (m->type == MS_MSG_ATTACH)
			return switch_attach(d, &attach);
		return switch_detach(d, &attach);
	case MS_MSG_LIST_SWITCH:
		memcpy(&list, body, sizeof(list));
		return list_switches(d, list.cursor, rep, len);
	case MS_MSG_LIST_PORT:
		memcpy(&list, body, sizeof(list));
		return list_ports(d, list.cursor, rep, len);
	case MS_MSG_LIST_TUPLE:
		memcpy(&list, body, sizeof(list));
		return list_tuples(d, list.cursor, rep, len);
	case MS_MSG_LIMIT:
		memcpy(&limit, body, sizeof(limit));
		err = privileged(d, s, "set limits");
		return err ? err : port_limit(d, &limit);
	case MS_MSG_CLOSE:
		memcpy(&name, body, sizeof(name));
		err = privileged(d, s, "close others' ports");
		if (err)
			return err;
		p = memchr(name.name, 0, sizeof(name.name)) ?
		    port_by_name(d, name.name) : NULL;
		if (!p)
			return refuse(d, -ENOENT, "there is no such port");
		if (p->session == s)
			return refuse(d, -EINVAL, "close your own port by its connection");
		port_close(d, p, "by order");
		return 0;
	case MS_MSG_WATCH:
		err = privileged(d, s, "watch violations");
		if (err)
			return err;
		if (!s->watcher)
			d->nwatchers++;
		s->watcher = true;
		return 0;
	case MS_MSG_DAEMON:
		d->counters.pid = getpid();
		d->counters.abi = MS_ABI;
		d->counters.max_ports = d->o.max_ports;
		d->counters.max_tuples = d->o.max_tuples;
		memcpy(rep, &d->counters, sizeof(d->counters));
		*len = sizeof(d->counters);
		return 0;
	}
	return refuse(d, -ENOSYS, "message type %u is unknown", m->type);
}

/* ---- violations ---- */

static void addr_of(struct ms_tuple *t, const struct ms_event *e, const uint8_t *addr,
		    uint16_t port)
{
	memset(t, 0, sizeof(*t));
	t->family = e->family == 4 ? AF_INET : e->family == 6 ? AF_INET6 : AF_UNSPEC;
	t->protocol = e->proto;
	t->port = port;
	memcpy(t->addr, addr, 16);
}

static int on_event(void *arg, void *data, size_t size)
{
	const struct ms_event *e = data;
	struct msd *d = arg;
	struct {
		struct ms_msg m;
		struct ms_rep_event e;
	} out = { 0 };
	struct session *s;
	struct port *p;

	if (size < sizeof(*e) || !d->nwatchers)
		return 0;
	out.m.size = sizeof(out);
	out.m.version = MS_WIRE_VERSION;
	out.m.type = MS_MSG_EVENT;
	out.e.ns = e->ns;
	out.e.len = e->len;
	out.e.dir = e->dir;
	out.e.reason = e->reason;
	addr_of(&out.e.src, e, e->saddr, e->sport);
	addr_of(&out.e.dst, e, e->daddr, e->dport);
	p = e->port_id < d->o.max_ports ? d->port[e->port_id] : NULL;
	if (p) {
		out.e.uid = p->st.uid;
		snprintf(out.e.port, sizeof(out.e.port), "%s:%s", p->sw->st.name,
			 p->st.name);
	} else if (e->nic < MS_MAX_NICS && d->sw[e->nic]) {
		snprintf(out.e.port, sizeof(out.e.port), "%s:", d->sw[e->nic]->st.name);
	}
	TAILQ_FOREACH(s, &d->sessions, next)
		if (s->watcher && session_send(d, s, &out, sizeof(out), -1))
			d->counters.events_lost++;
	return 0;
}

static void on_ring(struct msd *d, struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	ring_buffer__consume(d->ring);
}

int events_setup(struct msd *d)
{
	d->ring = ring_buffer__new(d->map.events, on_event, d, NULL);
	if (!d->ring)
		return -errno;
	return watch_add(d, &d->ring_watch, dup(ring_buffer__epoll_fd(d->ring)),
			 EPOLLIN, on_ring);
}
