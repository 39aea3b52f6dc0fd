// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual ports: made for a client, unmade when it is gone.
 *
 * The order in which a port comes into being keeps strangers out at each
 * step: its link is made down, gets its hooks, its entries in the maps, and
 * only then goes up and to the client.  It ends in the reverse order, and the
 * daemon itself deletes the link, whatever the client did to it
 * (TUNSETPERSIST, a copy of the descriptor somewhere).
 *
 * Generations: each use of a port number has its own, taken from what the map
 * entry had last, so that a tuple or a fragment of the former owner never
 * reaches the next one, even if the ifindex is the same again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msd.h"
#include "names.h"
#include "nl.h"
#include "store.h"

static const struct port_ops *const kinds[] = {
	[MS_PORT_TAP] = &port_tap_ops,
	[MS_PORT_XSK] = &port_xsk_ops,
};

void port_save(struct msd *d, struct port *p)
{
	map_set(d->map.st_port, &p->id, &p->st);
}

static void full_name(const struct port *p, char *buf)
{
	snprintf(buf, MS_NAME_MAX + 1, "%s:%s", p->sw->st.name, p->st.name);
}

struct port *port_by_name(struct msd *d, const char *name)
{
	char buf[MS_NAME_MAX + 1];
	uint32_t i;

	for (i = 1; i < d->o.max_ports; i++) {
		if (!d->port[i])
			continue;
		full_name(d->port[i], buf);
		if (!strncmp(buf, name, sizeof(buf)))
			return d->port[i];
	}
	return NULL;
}

/* A file below /proc/sys/net, with the link's name in place of "%s". */
int port_sysctl(struct port *p, const char *file, const char *value)
{
	char path[128], fmt[128];
	int fd, err = 0;

	snprintf(fmt, sizeof(fmt), "/proc/sys/net/%s", file);
	snprintf(path, sizeof(path), fmt, p->ifname);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void bucket_set(struct ms_bucket *b, uint64_t rate, uint64_t burst)
{
	memset(b, 0, sizeof(*b));
	if (!rate)
		return;
	if (!burst)
		burst = rate / 10 ? rate / 10 : 1;
	b->cost_fp = (uint64_t)(65536.0 * 1e9 / rate);
	if (!b->cost_fp)
		b->cost_fp = 1;
	b->burst_ns = (uint64_t)((double)burst * 1e9 / rate);
}

int port_limit(struct msd *d, const struct ms_req_limit *r)
{
	struct ms_limits l;
	struct port *p;
	int err;

	if (!memchr(r->name, 0, sizeof(r->name)) || r->limit >= MS_B_MAX)
		return refuse(d, -EINVAL, "no such limit");
	if (r->rate > 1000000000000ULL || r->burst > 1000000000000ULL)
		return refuse(d, -EINVAL, "rate and burst are at most 10^12 a second");
	p = port_by_name(d, r->name);
	if (!p)
		return refuse(d, -ENOENT, "there is no port %s", r->name);
	err = map_get(d->map.limits, &p->id, &l);
	if (err)
		return refuse(d, err, "cannot read the port's limits");
	bucket_set(&l.b[r->limit], r->rate, r->burst);
	return map_set(d->map.limits, &p->id, &l);
}

static int write_limits(struct msd *d, uint32_t id)
{
	struct ms_limits l;
	int i;

	for (i = 0; i < MS_B_MAX; i++)
		bucket_set(&l.b[i], d->o.rate[i], 0);
	return map_set(d->map.limits, &id, &l);
}

static int hooks(struct msd *d, struct port *p)
{
	char pin[32];
	bool clsact;
	int err;

	snprintf(pin, sizeof(pin), "port%u_in", p->id);
	err = hook_attach(d, "ms_tx", p->st.ifindex, false, pin, &clsact);
	if (err)
		return err;
	snprintf(pin, sizeof(pin), "port%u_out", p->id);
	return hook_attach(d, "ms_inject", p->st.ifindex, true, pin, &clsact);
}

static void unhook(struct msd *d, struct port *p)
{
	char pin[32];

	/* the link is deleted next, and takes clsact along; only pins remain */
	snprintf(pin, sizeof(pin), "port%u_in", p->id);
	hook_detach(d, 0, false, pin, false);
	snprintf(pin, sizeof(pin), "port%u_out", p->id);
	hook_detach(d, 0, true, pin, false);
	hook_forget(d, p->st.ifindex);
}

static int publish(struct msd *d, struct port *p)
{
	struct ms_port_ent ent = { p->st.ifindex, p->st.gen, p->sw->id, 0 };

	return map_set(d->map.ports, &p->id, &ent);
}

static void unpublish(struct msd *d, struct port *p)
{
	struct ms_port_ent ent = { 0, p->st.gen, 0, 0 };

	map_set(d->map.ports, &p->id, &ent);
}

/* Up, silent, and with a queue of the size that was asked for. */
static int link_up(struct msd *d, struct port *p)
{
	char alias[64], name[MS_NAME_MAX + 1];
	struct nl_link_set set = {
		.up_mask = IFF_UP | IFF_NOARP | IFF_MULTICAST,
		.flags = IFF_UP | IFF_NOARP,
		.mtu = p->sw->nic.mtu,
		.txqlen = p->st.ring_size,
		.alias = alias,
		.xdp_fd = -1,
	};

	full_name(p, name);
	snprintf(alias, sizeof(alias), "multistack %s", name);
	/* the host must not speak on this link on its own account */
	port_sysctl(p, "ipv6/conf/%s/disable_ipv6", "1");
	nl_noqueue(d->nl, p->st.ifindex);
	return nl_link_set(d->nl, p->st.ifindex, &set);
}

static unsigned int ports_of(struct msd *d, uid_t uid)
{
	unsigned int n = 0;
	uint32_t i;

	for (i = 1; i < d->o.max_ports; i++)
		n += d->port[i] && d->port[i]->st.uid == uid;
	return n;
}

static uint32_t free_id(struct msd *d)
{
	static uint32_t last;
	uint32_t i, id;

	/* the longest unused first, so that stale packets find nobody */
	for (i = 1; i < d->o.max_ports; i++) {
		id = (last + i) % d->o.max_ports;
		if (id && !d->port[id]) {
			last = id;
			return id;
		}
	}
	return 0;
}

static int check_open(struct msd *d, struct session *s,
		      const struct ms_req_open *r, struct nswitch **sw,
		      const char **port)
{
	const char *colon;
	uint32_t i;

	if (!memchr(r->name, 0, sizeof(r->name)))
		return refuse(d, -EINVAL, "the name is too long");
	colon = strchr(r->name, ':');
	if (!colon || !switch_name_ok(r->name, colon - r->name) ||
	    !port_name_ok(colon + 1, strlen(colon + 1)))
		return refuse(d, -EINVAL, "\"%s\" is no legal name; valem:vp0 is one", r->name);
	if (r->kind >= ARRAY_SIZE(kinds))
		return refuse(d, -EINVAL, "port kind %u is unknown", r->kind);
	if (r->offloads & ~MS_OFFLOAD_ALL)
		return refuse(d, -EINVAL, "offloads %#x are unknown", r->offloads);
	if (r->offloads && !(r->offloads & MS_OFFLOAD_CSUM))
		return refuse(d, -EINVAL, "segmentation offload needs checksum offload");
	if (r->offloads && r->kind == MS_PORT_XSK)
		return refuse(d, -EINVAL, "AF_XDP ports have no receive offloads");
	if (r->ring_size > 65536 || (r->kind == MS_PORT_XSK && r->ring_size &&
	    (r->ring_size > 4096 || r->ring_size < 64 ||
	     (r->ring_size & (r->ring_size - 1)))))
		return refuse(d, -EINVAL, "%u is no ring size", r->ring_size);

	*port = colon + 1;
	*sw = switch_find(d, r->name, colon - r->name);
	if (!*sw)
		return refuse(d, -ENOENT, "there is no switch %.*s; root attaches one to a NIC with multistackctl -h %.*s:NIC",
			      (int)(colon - r->name), r->name,
			      (int)(colon - r->name), r->name);
	if (!(*sw)->st.ifindex)
		return refuse(d, -ENODEV, "the NIC %s of %s has gone", (*sw)->st.nic,
			      (*sw)->st.name);
	for (i = 1; i < d->o.max_ports; i++)
		if (d->port[i] && d->port[i]->sw == *sw &&
		    !strcmp(d->port[i]->st.name, *port))
			return refuse(d, -EBUSY, "%s is open already, by process %u of uid %u",
				      r->name, d->port[i]->st.pid, d->port[i]->st.uid);
	if (s->uid && ports_of(d, s->uid) >= d->o.uid_ports)
		return refuse(d, -EDQUOT, "uid %u has %u ports already; --uid-ports is the limit",
			      s->uid, d->o.uid_ports);
	return 0;
}

int port_open(struct msd *d, struct session *s, const struct ms_req_open *r,
	      struct ms_rep_open *rep, int *client_fd)
{
	struct ms_port_ent last = { 0 };
	struct nswitch *sw = NULL;
	const char *name = "";
	char key[32];
	struct port *p;
	int err;

	err = check_open(d, s, r, &sw, &name);
	if (err)
		return err;
	p = calloc(1, sizeof(*p));
	if (!p)
		return refuse(d, -ENOMEM, "out of memory");
	TAILQ_INIT(&p->creds);
	p->kind_fd = -1;
	p->id = free_id(d);
	if (!p->id) {
		free(p);
		return refuse(d, -ENOSPC, "all %u ports are in use; --max-ports is the limit",
			      d->o.max_ports - 1);
	}
	p->sw = sw;
	p->session = s;
	p->ops = kinds[r->kind];
	map_get(d->map.ports, &p->id, &last);
	p->st = (struct st_port){
		.used = 1, .gen = last.gen + 1, .sw = sw->id, .kind = r->kind,
		.rx_offloads = r->offloads, .tx_offloads = MS_OFFLOAD_CSUM,
		.uid = s->uid, .pid = s->pid,
		.ring_size = r->ring_size ? r->ring_size : 1024,
	};
	memcpy(p->st.name, name, strlen(name));
	snprintf(p->ifname, sizeof(p->ifname), "%s%u", d->o.prefix, p->id);

	d->port[p->id] = p;
	d->nports++;
	zero_stats(d, p->id);
	write_limits(d, p->id);
	/* what a daemon that dies here leaves is found by this */
	snprintf(key, sizeof(key), "conn-%u-%u", p->id, p->st.gen);
	err = store_put(d->store, key, s->conn.fd);
	if (err) {
		refuse(d, err, "cannot hand the connection to the keeper: %s", strerror(-err));
		goto fail;
	}
	port_save(d, p);
	err = p->ops->create(d, p, client_fd);
	if (err) {
		if (!d->err[0])
			refuse(d, err, "cannot make a %s port: %s", p->ops->name,
			       strerror(-err));
		goto fail;
	}
	port_save(d, p);
	err = hooks(d, p);
	if (!err)
		err = publish(d, p);
	if (!err)
		err = link_up(d, p);
	if (err) {
		refuse(d, err, "cannot set up the link %s: %s", p->ifname, strerror(-err));
		goto fail;
	}
	s->port = p;
	port_describe(d, p, rep);
	return 0;

fail:
	s->port = NULL;
	p->session = NULL;
	port_close(d, p, NULL);
	return err;
}

void port_close(struct msd *d, struct port *p, const char *why)
{
	struct st_port none = { 0 };
	struct session *s = p->session;
	char key[32];

	if (why && d->o.verbose)
		log_info("%s:%s: closed, %s", p->sw->st.name, p->st.name, why);
	while (!TAILQ_EMPTY(&p->creds))
		cred_drop(d, TAILQ_FIRST(&p->creds));
	unpublish(d, p);
	map_del(d->map.xsks, &p->id);
	if (p->st.ifindex)
		nl_link_del(d->nl, p->st.ifindex);
	unhook(d, p);
	p->ops->destroy(d, p);
	map_set(d->map.st_port, &p->id, &none);
	snprintf(key, sizeof(key), "conn-%u-%u", p->id, p->st.gen);
	store_del(d->store, key);
	d->port[p->id] = NULL;
	d->nports--;
	free(p);
	if (s) {
		s->port = NULL;
		session_close(d, s, NULL);
	}
}

void port_describe(struct msd *d, struct port *p, struct ms_rep_open *rep)
{
	(void)d;
	memset(rep, 0, sizeof(*rep));
	rep->kind = p->st.kind;
	rep->ifindex = p->st.ifindex;
	rep->nic_ifindex = p->sw->nic.ifindex;
	rep->mtu = p->sw->nic.mtu;
	rep->offloads = p->st.tx_offloads;
	rep->gso_max_size = p->st.kind == MS_PORT_TAP ? 65535 : 0;
	rep->gso_max_segs = p->st.kind == MS_PORT_TAP ? 65535 : 0;
	rep->ring_size = p->st.ring_size;
	rep->peer_ifindex = p->id + 1;
	memcpy(rep->mac, p->sw->nic.mac, 6);
	memcpy(rep->peer_mac, p->sw->nic.peer_mac, 6);
	full_name(p, rep->name);
	memcpy(rep->nic, p->sw->st.nic, sizeof(rep->nic));
	memcpy(rep->ifname, p->ifname, sizeof(rep->ifname));
}

int port_stats(struct msd *d, struct port *p, struct ms_rep_stats *rep)
{
	struct ms_stats_ent s;
	int err = sum_stats(d, p->id, &s);

	if (err)
		return err;
	memset(rep, 0, sizeof(*rep));
	rep->rx_packets = s.rx_packets;
	rep->rx_bytes = s.rx_bytes;
	rep->tx_packets = s.tx_packets;
	rep->tx_bytes = s.tx_bytes;
	memcpy(rep->rx_drop, s.rx_drop, sizeof(rep->rx_drop));
	memcpy(rep->tx_drop, s.tx_drop, sizeof(rep->tx_drop));
	rep->rx_ring_full = p->ops->lost(d, p);
	return 0;
}

/* After a restart: everything is there already, but for us. */
int port_restore(struct msd *d, uint32_t id, const struct st_port *st)
{
	char key[32], name[IFNAMSIZ];
	struct port *p;
	struct nl_link l;
	int fd, err;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	TAILQ_INIT(&p->creds);
	p->id = id;
	p->st = *st;
	p->sw = st->sw < MS_MAX_NICS ? d->sw[st->sw] : NULL;
	p->ops = kinds[st->kind < ARRAY_SIZE(kinds) ? st->kind : 0];
	p->kind_fd = -1;
	snprintf(name, sizeof(name), "%s%u", d->o.prefix, id);
	memcpy(p->ifname, name, sizeof(p->ifname));
	if (!p->sw) {
		struct st_port none = { 0 };

		if (st->ifindex)
			nl_link_del(d->nl, st->ifindex);
		map_set(d->map.st_port, &id, &none);
		free(p);
		return -ENOENT;
	}
	d->port[id] = p;
	d->nports++;
	if (st->kind == MS_PORT_XSK) {
		snprintf(key, sizeof(key), "xsk-%u-%u", id, st->gen);
		p->kind_fd = store_get(d->store, key);
	}
	snprintf(key, sizeof(key), "conn-%u-%u", id, st->gen);
	fd = store_get(d->store, key);
	err = fd < 0 ? fd : 0;
	if (!err && (!st->ifindex || nl_link_get(d->nl, st->ifindex, NULL, &l) ||
		     strcmp(l.name, name)))
		err = -ENODEV;
	if (!err)
		err = session_adopt(d, fd, &p->session);
	if (!err) {
		p->session->port = p;
		fd = -1;
		err = session_watch_pid(d, p->session, -1);
	}
	if (!err)
		err = hooks(d, p);
	if (!err)
		err = publish(d, p);
	if (err) {
		if (fd >= 0)
			close(fd);
		if (err != -ENODEV && p->st.ifindex &&
		    (nl_link_get(d->nl, p->st.ifindex, NULL, &l) || strcmp(l.name, name)))
			p->st.ifindex = 0;	/* somebody else's by now */
		else if (err == -ENODEV)
			p->st.ifindex = 0;
		port_close(d, p, "its client has gone while the daemon was away");
	}
	return err;
}
