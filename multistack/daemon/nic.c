// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switches: a name, a NIC, and whether the host's stack shares it.
 *
 * A switch owns the rx and guard hooks of its NIC.  While there is any switch,
 * lo has its hook, too.  Addresses are not asked for but followed: on every
 * notice from rtnetlink the list of all addresses is read anew, the map
 * ms_local brought up to date, and wildcard tuples expanded to what the NIC
 * now has.
 *
 * A NIC that disappears takes its hooks along.  Its switch stays, with its
 * ports and their tuples, and drops what they send (MS_R_NO_NIC) until a NIC
 * of that name comes back, which is then attached again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msd.h"
#include "names.h"
#include "nl.h"

/* A locally administered unicast address for a stack's static neighbour. */
static const uint8_t peer_mac[6] = { 0x02, 0x4d, 0x53, 0x00, 0x00, 0x01 };

static void save(struct msd *d, struct nswitch *sw)
{
	map_set(d->map.st_switch, &sw->id, &sw->st);
}

struct nswitch *switch_find(struct msd *d, const char *name, size_t len)
{
	uint32_t i;

	for (i = 1; i < MS_MAX_NICS; i++)
		if (d->sw[i] && strlen(d->sw[i]->st.name) == len &&
		    !memcmp(d->sw[i]->st.name, name, len))
			return d->sw[i];
	return NULL;
}

bool switch_has_addr(const struct nswitch *sw, uint8_t family, const uint8_t *a)
{
	unsigned int i;

	for (i = 0; i < sw->naddrs; i++)
		if (sw->addrs[i].family == family && !memcmp(sw->addrs[i].a, a, 16))
			return true;
	return false;
}

#define ACCEPT_LOCAL "/proc/sys/net/ipv4/conf/lo/accept_local"

static int sysctl_read(const char *path)
{
	char c = '0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, &c, 1) != 1)
		c = '0';
	close(fd);
	return c - '0';
}

static void sysctl_write(const char *path, char c)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &c, 1) != 1)
		log_warn("cannot set %s: %s; ports cannot send to this host over IPv4",
			 path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/*
 * lo takes what ports send to the host itself; its source is one of the host's
 * addresses, which on lo is no wonder, but has to be said.  The slot of switch
 * 0 remembers in flags that it was not so before.
 */
static int lo_hook(struct msd *d)
{
	struct st_switch st = { 0 };
	uint32_t zero = 0;
	bool clsact;
	int err;

	map_get(d->map.st_switch, &zero, &st);
	if (!st.used && sysctl_read(ACCEPT_LOCAL) == 0) {
		sysctl_write(ACCEPT_LOCAL, '1');
		st.flags = 1;
	}
	if (!st.used && sysctl_read("/proc/sys/net/ipv4/conf/all/rp_filter") == 1)
		log_warn("net.ipv4.conf.all.rp_filter is 1: ports cannot send to this host over IPv4; 0 or 2 lets them");
	st.used = 1;
	err = hook_attach(d, "ms_lo", 1, false, "lo", &clsact);
	st.clsact = clsact;
	if (!err)
		map_set(d->map.st_switch, &zero, &st);
	return err;
}

static void lo_unhook(struct msd *d)
{
	struct st_switch st = { 0 };
	uint32_t zero = 0;

	map_get(d->map.st_switch, &zero, &st);
	hook_detach(d, 1, false, "lo", st.clsact);
	if (st.flags)
		sysctl_write(ACCEPT_LOCAL, '0');
	memset(&st, 0, sizeof(st));
	map_set(d->map.st_switch, &zero, &st);
}

static int hooks(struct msd *d, struct nswitch *sw)
{
	bool host = sw->st.flags & MS_ATTACH_HOST, clsact;
	char pin[32];
	int err;

	err = lo_hook(d);
	if (err)
		return err;
	snprintf(pin, sizeof(pin), "nic%u_in", sw->id);
	err = hook_attach(d, host ? "ms_rx" : "ms_rx_excl", sw->st.ifindex, false,
			  pin, &clsact);
	if (err)
		return err;
	snprintf(pin, sizeof(pin), "nic%u_out", sw->id);
	err = hook_attach(d, host ? "ms_guard" : "ms_guard_excl", sw->st.ifindex,
			  true, pin, &clsact);
	sw->st.clsact = clsact;
	return err;
}

void switch_drop_hooks(struct msd *d, struct nswitch *sw)
{
	char pin[32];

	snprintf(pin, sizeof(pin), "nic%u_in", sw->id);
	hook_detach(d, sw->st.ifindex, false, pin, sw->st.clsact);
	snprintf(pin, sizeof(pin), "nic%u_out", sw->id);
	hook_detach(d, sw->st.ifindex, true, pin, sw->st.clsact);
}

static void set_nic(struct msd *d, struct nswitch *sw, const struct nl_link *l)
{
	uint32_t id = sw->id;

	if (sw->nic.ifindex && sw->nic.ifindex != (l ? l->ifindex : 0)) {
		map_del(d->map.nicids, &sw->nic.ifindex);
		sw->nic.ifindex = 0;
	}
	if (l) {
		sw->nic.ifindex = l->ifindex;
		sw->nic.mtu = l->mtu;
		memcpy(sw->nic.mac, l->mac, 6);
	}
	sw->nic.flags = sw->st.flags & MS_ATTACH_HOST ? MS_NIC_HOST : 0;
	memcpy(sw->nic.peer_mac, peer_mac, 6);
	map_set(d->map.nics, &id, &sw->nic);
	if (l)
		map_set(d->map.nicids, &l->ifindex, &id);
	sw->st.ifindex = sw->nic.ifindex;
	save(d, sw);
}

/* The NIC has come, is there again after a restart, or has changed. */
static int nic_up(struct msd *d, struct nswitch *sw, const struct nl_link *l)
{
	int err;

	set_nic(d, sw, l);
	err = hooks(d, sw);
	save(d, sw);
	return err;
}

static void nic_down(struct msd *d, struct nswitch *sw)
{
	log_warn("%s: the NIC %s has gone; its ports drop what they send until it is back",
		 sw->st.name, sw->st.nic);
	switch_drop_hooks(d, sw);
	set_nic(d, sw, NULL);
}

/* ---- addresses ---- */

struct addr_scan {
	struct msd *d;
	struct {
		struct ms_tuple_key key;
		uint32_t nic;
	} *all;
	unsigned int n, cap;
};

static void scan_addr(uint32_t ifindex, int family, const void *addr, void *arg)
{
	struct addr_scan *s = arg;
	struct ms_tuple_key key = { .family = family == AF_INET ? 4 : 6 };
	uint32_t i, nic = 0;

	memcpy(key.addr, addr, family == AF_INET ? 4 : 16);
	for (i = 1; i < MS_MAX_NICS; i++)
		if (s->d->sw[i] && s->d->sw[i]->st.ifindex == ifindex)
			nic = i;
	if (s->n == s->cap) {
		unsigned int cap = s->cap ? s->cap * 2 : 64;
		void *p = realloc(s->all, cap * sizeof(*s->all));

		if (!p)
			return;
		s->all = p;
		s->cap = cap;
	}
	s->all[s->n].key = key;
	s->all[s->n++].nic = nic;

	if (nic) {
		struct nswitch *sw = s->d->sw[nic];
		struct addr *p = realloc(sw->addrs, (sw->naddrs + 1) * sizeof(*p));

		if (!p)
			return;
		sw->addrs = p;
		sw->addrs[sw->naddrs].family = key.family;
		memcpy(sw->addrs[sw->naddrs++].a, key.addr, 16);
	}
}

static void sync_local(struct msd *d, const struct addr_scan *s)
{
	struct ms_tuple_key key, next, *prev = NULL;
	unsigned int i;
	bool found;

	for (i = 0; i < s->n; i++)
		map_set(d->map.local, &s->all[i].key, &s->all[i].nic);
	while (!bpf_map_get_next_key(d->map.local, prev, &next)) {
		for (found = false, i = 0; i < s->n && !found; i++)
			found = !memcmp(&s->all[i].key, &next, sizeof(next));
		if (!found) {
			map_del(d->map.local, &next);
			/* start over: the cursor is gone */
			prev = NULL;
			continue;
		}
		key = next;
		prev = &key;
	}
}

static uint64_t addrs_sum(const struct nswitch *sw)
{
	const uint8_t *b = (const uint8_t *)sw->addrs;
	size_t n = sw->naddrs * sizeof(*sw->addrs);
	uint64_t h = 1469598103934665603ULL;

	while (n--)
		h = (h ^ *b++) * 1099511628211ULL;
	return h;
}

static void refresh_addrs(struct msd *d)
{
	struct addr_scan s = { .d = d };
	uint32_t i;

	for (i = 1; i < MS_MAX_NICS; i++)
		if (d->sw[i])
			d->sw[i]->naddrs = 0;
	if (nl_addr_list(d->nl, scan_addr, &s)) {
		log_warn("cannot read the host's addresses; they stay as they were");
		free(s.all);
		return;
	}
	sync_local(d, &s);
	free(s.all);
}

void switch_refresh(struct msd *d)
{
	uint64_t before[MS_MAX_NICS];
	struct nl_link l;
	uint32_t i;

	for (i = 1; i < MS_MAX_NICS; i++) {
		struct nswitch *sw = d->sw[i];

		if (!sw)
			continue;
		/* by name, but a NIC that was only renamed stays ours */
		if (sw->st.ifindex && !nl_link_get(d->nl, sw->st.ifindex, NULL, &l)) {
			if (l.mtu != sw->nic.mtu || memcmp(l.mac, sw->nic.mac, 6))
				set_nic(d, sw, &l);
			if (strcmp(l.name, sw->st.nic)) {
				snprintf(sw->st.nic, sizeof(sw->st.nic), "%s", l.name);
				save(d, sw);
			}
			continue;
		}
		if (sw->st.ifindex)
			nic_down(d, sw);
		if (!nl_link_get(d->nl, 0, sw->st.nic, &l)) {
			log_info("%s: the NIC %s is back", sw->st.name, sw->st.nic);
			if (nic_up(d, sw, &l))
				log_err("%s: cannot attach to %s again", sw->st.name,
					sw->st.nic);
		}
	}
	for (i = 1; i < MS_MAX_NICS; i++)
		before[i] = d->sw[i] ? addrs_sum(d->sw[i]) : 0;
	refresh_addrs(d);
	for (i = 1; i < MS_MAX_NICS; i++)
		if (d->sw[i] && addrs_sum(d->sw[i]) != before[i])
			tuple_expand_switch(d, d->sw[i]);
}

/* ---- attach and detach ---- */

int switch_attach(struct msd *d, const struct ms_req_attach *r)
{
	struct nswitch *sw;
	struct nl_link l;
	size_t len;
	uint32_t i;
	int err;

	len = strnlen(r->name, sizeof(r->name));
	if (!switch_name_ok(r->name, len))
		return refuse(d, -EINVAL, "\"%.*s\" is no name for a switch: \"vale\" and letters, digits or \"_\", %d at most",
			      (int)len, r->name, MS_SWITCH_NAME_MAX);
	if (!memchr(r->nic, 0, sizeof(r->nic)) || !r->nic[0])
		return refuse(d, -EINVAL, "the name of the NIC is missing or too long");
	if (r->flags & ~MS_ATTACH_HOST)
		return refuse(d, -EINVAL, "unknown flags %#x", r->flags);
	err = nl_link_get(d->nl, 0, r->nic, &l);
	if (err)
		return refuse(d, err == -ENODEV ? err : -ENODEV,
			      "there is no NIC %s; ip link shows what there is", r->nic);
	if (l.ifindex == 1)
		return refuse(d, -EINVAL, "lo is no NIC; local traffic is served with any switch");
	sw = switch_find(d, r->name, len);
	if (sw)
		return refuse(d, -EEXIST, "%s is already attached, to %s; detach it first (multistackctl -d %s:%s)",
			      sw->st.name, sw->st.nic, sw->st.name, sw->st.nic);
	for (i = 1; i < MS_MAX_NICS; i++)
		if (d->sw[i] && d->sw[i]->st.ifindex == l.ifindex)
			return refuse(d, -EBUSY, "%s is already attached to %s", r->nic,
				      d->sw[i]->st.name);
	for (i = 1; i < MS_MAX_NICS && d->sw[i]; i++)
		;
	if (i == MS_MAX_NICS)
		return refuse(d, -ENOSPC, "there are %d switches already, and that is all",
			      MS_MAX_NICS - 1);

	sw = calloc(1, sizeof(*sw));
	if (!sw)
		return refuse(d, -ENOMEM, "out of memory");
	sw->id = i;
	sw->st.used = 1;
	sw->st.flags = r->flags;
	memcpy(sw->st.name, r->name, len);
	snprintf(sw->st.nic, sizeof(sw->st.nic), "%s", r->nic);
	d->sw[i] = sw;
	err = nic_up(d, sw, &l);
	if (err) {
		struct ms_req_attach undo = *r;

		switch_detach(d, &undo);
		if (err == -EADDRINUSE)
			return refuse(d, err, "%s has an ingress qdisc in the place of a clsact one; tc qdisc del dev %s ingress makes way",
				      r->nic, r->nic);
		if (err == -EINVAL || err == -EOPNOTSUPP)
			return refuse(d, -EOPNOTSUPP, "cannot attach the programs to %s; this kernel has neither tcx (6.6) nor clsact with BPF",
				      r->nic);
		return refuse(d, err, "cannot attach the programs to %s: %s", r->nic,
			      strerror(-err));
	}
	refresh_addrs(d);
	log_info("%s: attached to %s%s", sw->st.name, sw->st.nic,
		 r->flags & MS_ATTACH_HOST ? ", shared with the host's stack" : "");
	return 0;
}

int switch_detach(struct msd *d, const struct ms_req_attach *r)
{
	size_t len = strnlen(r->name, sizeof(r->name));
	struct nswitch *sw = switch_find(d, r->name, len);
	struct ms_nic_ent none = { 0 };
	struct st_switch st = { 0 };
	bool last = true;
	uint32_t i;

	if (!sw)
		return refuse(d, -ENOENT, "there is no switch %.*s; multistackctl -l shows what there is",
			      (int)len, r->name);
	if (r->nic[0] && strncmp(r->nic, sw->st.nic, sizeof(r->nic)))
		return refuse(d, -ENOENT, "%s is attached to %s, not to %.16s",
			      sw->st.name, sw->st.nic, r->nic);
	for (i = 1; i < d->o.max_ports; i++)
		if (d->port[i] && d->port[i]->sw == sw)
			port_close(d, d->port[i], "its NIC is detached");
	switch_drop_hooks(d, sw);
	if (sw->nic.ifindex)
		map_del(d->map.nicids, &sw->nic.ifindex);
	map_set(d->map.nics, &sw->id, &none);
	map_set(d->map.st_switch, &sw->id, &st);
	d->sw[sw->id] = NULL;
	free(sw->addrs);
	free(sw);
	for (i = 1; i < MS_MAX_NICS; i++)
		if (d->sw[i])
			last = false;
	if (last)
		lo_unhook(d);
	refresh_addrs(d);
	return 0;
}

int switch_restore(struct msd *d, uint32_t id, const struct st_switch *st)
{
	struct nswitch *sw = calloc(1, sizeof(*sw));
	struct nl_link l;
	int err;

	if (!sw)
		return -ENOMEM;
	sw->id = id;
	sw->st = *st;
	map_get(d->map.nics, &id, &sw->nic);
	d->sw[id] = sw;
	if (st->ifindex && !nl_link_get(d->nl, st->ifindex, NULL, &l))
		err = nic_up(d, sw, &l);
	else
		err = 0;	/* switch_refresh() looks for it by name */
	if (err)
		log_err("%s: cannot attach to %s again: %s", sw->st.name, sw->st.nic,
			strerror(-err));
	return err;
}
