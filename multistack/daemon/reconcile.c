// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking over from a daemon that has ended, however it ended.
 *
 * The pinned maps say what was; the store has the descriptors; the kernel
 * knows which links there are.  What all three agree on goes on without a
 * packet lost, for the hooks were at work all the time.  What is missing
 * somewhere is taken down everywhere.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msd.h"
#include "nl.h"
#include "store.h"

struct strays {
	struct msd *d;
	uint32_t ifindex[256];
	unsigned int n;
};

/* Links with our mark that no port stands for: of a port half made. */
static void find_stray(const struct nl_link *l, void *arg)
{
	struct strays *s = arg;
	struct msd *d = s->d;
	size_t len = strlen(d->o.prefix);
	char *end;
	uint32_t id;

	if (strncmp(l->name, d->o.prefix, len) || !l->name[len])
		return;
	id = strtoul(l->name + len, &end, 10);
	if (*end || !id || id >= d->o.max_ports || d->port[id])
		return;
	if (strncmp(l->alias, "multistack ", 11) && !d->o.cleanup)
		return;
	if (s->n < ARRAY_SIZE(s->ifindex))
		s->ifindex[s->n++] = l->ifindex;
}

static void restore_creds(struct msd *d)
{
	struct st_cred st;
	uint32_t *ids, id, prev, *cursor = NULL;
	unsigned int n = 0, i;
	char key[32];

	ids = calloc(d->o.max_tuples, sizeof(*ids));
	while (ids && n < d->o.max_tuples &&
	       !bpf_map_get_next_key(d->map.st_cred, cursor, &id)) {
		ids[n++] = prev = id;
		cursor = &prev;
	}
	for (i = 0; i < n; i++) {
		int fd = -1;

		if (map_get(d->map.st_cred, &ids[i], &st))
			continue;
		snprintf(key, sizeof(key), "cred-%u", ids[i]);
		if (st.has_fd)
			fd = store_get(d->store, key);
		if (cred_restore(d, ids[i], &st, fd)) {
			map_del(d->map.st_cred, &ids[i]);
			if (st.has_fd)
				store_del(d->store, key);
			if (fd >= 0)
				close(fd);
		}
	}
	free(ids);
}

int reconcile(struct msd *d)
{
	struct strays s = { .d = d };
	unsigned int i, ports = 0, gone = 0, switches = 0;
	struct cred *c;

	for (i = 1; i < MS_MAX_NICS; i++) {
		struct st_switch st;

		if (map_get(d->map.st_switch, &i, &st) || !st.used)
			continue;
		st.name[sizeof(st.name) - 1] = 0;
		st.nic[sizeof(st.nic) - 1] = 0;
		switch_restore(d, i, &st);
		switches++;
	}
	/* ports first without tuples: a client that is gone must not cost time */
	for (i = 1; i < d->o.max_ports; i++) {
		struct st_port st;

		if (map_get(d->map.st_port, &i, &st) || !st.used)
			continue;
		st.name[sizeof(st.name) - 1] = 0;
		if (port_restore(d, i, &st))
			gone++;
		else
			ports++;
	}
	restore_creds(d);
	tuple_reconcile(d);
	switch_refresh(d);
	/* a daemon that died between credential and entries */
	for (i = 1; i < MS_MAX_NICS; i++)
		if (d->sw[i])
			tuple_expand_switch(d, d->sw[i]);
	nl_link_list(d->nl, find_stray, &s);
	for (i = 0; i < s.n; i++)
		nl_link_del(d->nl, s.ifindex[i]);
	if (switches || ports || gone) {
		i = 0;
		TAILQ_FOREACH(c, &d->creds, all)
			i++;
		log_info("took over %u switches, %u ports, %u credentials; %u ports had gone",
			 switches, ports, i, gone);
	}
	return 0;
}
