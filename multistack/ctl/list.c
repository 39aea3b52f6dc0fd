// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists and violations, for people or as JSON.
 *
 * The whole state is fetched as it is, page by page, built into one JSON
 * object, and printed; the text form is made from the same object, so that
 * the two cannot differ.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl.h"

typedef void (*entry_fn)(json_object *list, const void *entry, const char *only);

/* All pages of a list; each entry begins with its cursor. */
static int fetch(struct ms_conn *c, uint16_t type, size_t size, json_object *list,
		 const char *only, entry_fn fn)
{
	char buf[MS_WIRE_MAX] __attribute__((aligned(8)));
	struct ms_req_list r = { 0 };
	size_t len, i;
	int err;

	do {
		len = sizeof(buf);
		err = ms_conn_call(c, type, &r, sizeof(r), -1, buf, &len, NULL, 0);
		if (err)
			return err;
		if (len % size)
			return ms_fail(-EPROTO, "the daemon's list is not understood");
		for (i = 0; i < len; i += size) {
			uint32_t cursor;

			memcpy(&cursor, buf + i, sizeof(cursor));
			r.cursor = cursor + 1;
			fn(list, buf + i, only);
		}
	} while (len);
	return 0;
}

static void add_str(json_object *o, const char *key, const char *s, size_t max)
{
	json_object_object_add(o, key, json_object_new_string_len(s, strnlen(s, max)));
}

static void add_int(json_object *o, const char *key, uint64_t v)
{
	json_object_object_add(o, key, json_object_new_uint64(v));
}

static json_object *drops(const uint64_t *drop)
{
	json_object *o = json_object_new_object();
	unsigned int i;

	for (i = 0; i < MS_R_MAX; i++)
		if (drop[i])
			add_int(o, ms_reason_name(i), drop[i]);
	return o;
}

static bool is_of(const char *name, const char *sw)
{
	size_t len = sw ? strcspn(sw, ":") : 0;

	return !sw || (!strncmp(name, sw, len) && (!name[len] || name[len] == ':'));
}

static void add_switch(json_object *list, const void *entry, const char *only)
{
	const struct ms_rep_switch *e = entry;
	json_object *o;

	if (!is_of(e->name, only))
		return;
	o = json_object_new_object();
	add_str(o, "name", e->name, sizeof(e->name));
	add_str(o, "nic", e->nic, sizeof(e->nic));
	add_int(o, "ifindex", e->ifindex);
	json_object_object_add(o, "nic_present", json_object_new_boolean(e->ifindex != 0));
	json_object_object_add(o, "host", json_object_new_boolean(e->flags & MS_ATTACH_HOST));
	add_str(o, "hook", e->hook, sizeof(e->hook));
	add_int(o, "mtu", e->mtu);
	add_int(o, "ports", e->ports);
	add_int(o, "tuples", e->tuples);
	json_object_object_add(o, "rx_drop", drops(e->rx_drop));
	json_object_object_add(o, "tx_drop", drops(e->tx_drop));
	json_object_array_add(list, o);
}

static void add_port(json_object *list, const void *entry, const char *only)
{
	const struct ms_rep_port *e = entry;
	json_object *o, *l;
	unsigned int i;

	if (!is_of(e->name, only))
		return;
	o = json_object_new_object();
	l = json_object_new_object();
	add_str(o, "name", e->name, sizeof(e->name));
	add_str(o, "kind", e->kind == MS_PORT_TAP ? "tap" : "xsk", 8);
	add_str(o, "link", e->ifname, sizeof(e->ifname));
	add_int(o, "ifindex", e->ifindex);
	add_int(o, "uid", e->uid);
	add_int(o, "pid", e->pid);
	add_int(o, "generation", e->gen);
	add_int(o, "tuples", e->tuples);
	add_int(o, "rx_packets", e->stats.rx_packets);
	add_int(o, "rx_bytes", e->stats.rx_bytes);
	add_int(o, "tx_packets", e->stats.tx_packets);
	add_int(o, "tx_bytes", e->stats.tx_bytes);
	add_int(o, "rx_ring_full", e->stats.rx_ring_full);
	json_object_object_add(o, "rx_drop", drops(e->stats.rx_drop));
	json_object_object_add(o, "tx_drop", drops(e->stats.tx_drop));
	for (i = 0; i < MS_L_MAX; i++) {
		json_object *b;

		if (!e->rate[i])
			continue;
		b = json_object_new_object();
		add_int(b, "rate", e->rate[i]);
		add_int(b, "burst", e->burst[i]);
		json_object_object_add(l, limit_name(i), b);
	}
	json_object_object_add(o, "limits", l);
	json_object_array_add(list, o);
}

static void add_tuple(json_object *list, const void *entry, const char *only)
{
	const struct ms_rep_tuple *e = entry;
	json_object *o;
	char text[80];

	if (!is_of(e->port, only))
		return;
	o = json_object_new_object();
	ms_tuple_to_text(&e->tuple, text, sizeof(text));
	add_str(o, "tuple", text, sizeof(text));
	add_str(o, "state", e->dead ? "dead" : "live", 8);
	add_str(o, "port", e->port, sizeof(e->port));
	add_int(o, "uid", e->uid);
	json_object_array_add(list, o);
}

static void add_daemon(json_object *root, const struct ms_rep_daemon *d)
{
	json_object *o = json_object_new_object();

	add_int(o, "pid", d->pid);
	add_int(o, "max_ports", d->max_ports);
	add_int(o, "max_tuples", d->max_tuples);
	add_int(o, "bad_messages", d->bad_messages);
	add_int(o, "refused", d->refused);
	add_int(o, "slow_clients", d->slow_clients);
	add_int(o, "revoked", d->revoked);
	add_int(o, "events_lost", d->events_lost);
	json_object_object_add(root, "daemon", o);
}

/* ---- for people ---- */

static const char *str(json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static unsigned long long num(json_object *o, const char *key)
{
	return json_object_get_uint64(json_object_object_get(o, key));
}

static void print_drops(json_object *o, const char *dir)
{
	char key[16];
	json_object *d;

	snprintf(key, sizeof(key), "%s_drop", dir);
	d = json_object_object_get(o, key);
	json_object_object_foreach(d, reason, val)
		printf("      %s dropped %s %llu\n", dir, reason,
		       (unsigned long long)json_object_get_uint64(val));
}

static void print_tuples(json_object *tuples, const char *port)
{
	size_t i;

	for (i = 0; i < json_object_array_length(tuples); i++) {
		json_object *t = json_object_array_get_idx(tuples, i);

		if (!strcmp(str(t, "port"), port))
			printf("    %s%s\n", str(t, "tuple"),
			       strcmp(str(t, "state"), "live") ? " (dead)" : "");
	}
}

static void print_port(json_object *p, json_object *tuples)
{
	printf("  %s %s on %s, uid %llu, pid %llu\n", str(p, "name"), str(p, "kind"),
	       str(p, "link"), num(p, "uid"), num(p, "pid"));
	printf("      rx %llu packets %llu bytes, tx %llu packets %llu bytes\n",
	       num(p, "rx_packets"), num(p, "rx_bytes"), num(p, "tx_packets"),
	       num(p, "tx_bytes"));
	if (num(p, "rx_ring_full"))
		printf("      rx lost, not read in time %llu\n", num(p, "rx_ring_full"));
	print_drops(p, "rx");
	print_drops(p, "tx");
	print_tuples(tuples, str(p, "name"));
}

static void print_text(json_object *root)
{
	json_object *switches = json_object_object_get(root, "switches");
	json_object *ports = json_object_object_get(root, "ports");
	json_object *tuples = json_object_object_get(root, "tuples");
	char mine[MS_NAME_MAX + 2];
	size_t i, j;

	for (i = 0; i < json_object_array_length(switches); i++) {
		json_object *s = json_object_array_get_idx(switches, i);

		snprintf(mine, sizeof(mine), "%s:", str(s, "name"));
		printf("%s %s%s, %s, %s, %llu ports, %llu tuples\n", mine,
		       str(s, "nic"),
		       json_object_get_boolean(json_object_object_get(s, "nic_present")) ?
		       "" : " (gone)",
		       json_object_get_boolean(json_object_object_get(s, "host")) ?
		       "with the host's stack" : "without the host's stack",
		       str(s, "hook"), num(s, "ports"), num(s, "tuples"));
		print_drops(s, "rx");
		print_drops(s, "tx");
		print_tuples(tuples, mine);
		for (j = 0; j < json_object_array_length(ports); j++) {
			json_object *p = json_object_array_get_idx(ports, j);

			if (!strncmp(str(p, "name"), mine, strlen(mine)))
				print_port(p, tuples);
		}
	}
}

int list_all(struct ms_conn *c, const char *only, bool json)
{
	json_object *root = json_object_new_object();
	json_object *switches = json_object_new_array();
	json_object *ports = json_object_new_array();
	json_object *tuples = json_object_new_array();
	struct ms_rep_daemon d = { 0 };
	size_t len = sizeof(d);
	int err;

	json_object_object_add(root, "switches", switches);
	json_object_object_add(root, "ports", ports);
	json_object_object_add(root, "tuples", tuples);
	err = fetch(c, MS_MSG_LIST_SWITCH, sizeof(struct ms_rep_switch), switches, only,
		    add_switch);
	if (!err)
		err = fetch(c, MS_MSG_LIST_PORT, sizeof(struct ms_rep_port), ports, only,
			    add_port);
	if (!err)
		err = fetch(c, MS_MSG_LIST_TUPLE, sizeof(struct ms_rep_tuple), tuples, only,
			    add_tuple);
	if (!err)
		err = ms_conn_call(c, MS_MSG_DAEMON, NULL, 0, -1, &d, &len, NULL, 0);
	if (!err && only && !json_object_array_length(switches))
		err = ms_fail(-ENOENT, "there is no switch %s", only);
	if (!err) {
		add_daemon(root, &d);
		if (json)
			puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY));
		else
			print_text(root);
	}
	json_object_put(root);
	return err;
}

void print_event(const struct ms_rep_event *e, bool json)
{
	char src[80], dst[80];
	const char *to;

	ms_tuple_to_text(&e->src, src, sizeof(src));
	ms_tuple_to_text(&e->dst, dst, sizeof(dst));
	if (json) {
		json_object *o = json_object_new_object();

		add_int(o, "ns", e->ns);
		add_str(o, "port", e->port, sizeof(e->port));
		add_int(o, "uid", e->uid);
		add_str(o, "direction", e->dir ? "tx" : "rx", 2);
		add_str(o, "reason", ms_reason_name(e->reason), 32);
		add_str(o, "source", src, sizeof(src));
		add_str(o, "destination", dst, sizeof(dst));
		add_int(o, "length", e->len);
		puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
		json_object_put(o);
	} else {
		to = strchr(dst, ':');
		printf("%llu.%06llu %s uid %u %s %s: %s > %s, %u bytes\n",
		       (unsigned long long)e->ns / 1000000000,
		       (unsigned long long)e->ns / 1000 % 1000000, e->port, e->uid,
		       e->dir ? "tx" : "rx", ms_reason_name(e->reason),
		       e->src.family ? src : "?", e->src.family && to ? to + 1 : "?",
		       e->len);
	}
	fflush(stdout);
}
