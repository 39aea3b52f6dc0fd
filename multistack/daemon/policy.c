// SPDX-License-Identifier: GPL-2.0-only
/* Reading the policy file, and asking it. */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "msd.h"
#include "policy.h"

struct rule {
	bool any_user;
	unsigned int nuids;
	uid_t *uids;
	int proto;
	bool any_addr;
	int family;
	uint8_t addr[16];
	bool any_port;
	uint16_t port;		/* network byte order */
};

struct policy {
	struct rule *rules;
	unsigned int n;
};

static bool number(const char *s, unsigned long max, unsigned long *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoul(s, &end, 10);
	return !*end && !errno && *v <= max;
}

static const char *add_uid(struct rule *r, uid_t uid)
{
	uid_t *p = realloc(r->uids, (r->nuids + 1) * sizeof(*p));

	if (!p)
		return "out of memory";
	r->uids = p;
	r->uids[r->nuids++] = uid;
	return NULL;
}

static const char *parse_user(struct rule *r, const char *s)
{
	const char *err = NULL;
	unsigned long v;
	struct passwd *pw;
	struct group *gr;
	char **m;

	if (!strcmp(s, "*")) {
		r->any_user = true;
		return NULL;
	}
	if (number(s, 0xfffffffe, &v))
		return add_uid(r, v);
	if (*s == '@') {
		gr = getgrnam(s + 1);
		if (!gr)
			return "no such group";
		for (m = gr->gr_mem; *m && !err; m++) {
			pw = getpwnam(*m);
			if (pw)
				err = add_uid(r, pw->pw_uid);
		}
		return err;
	}
	pw = getpwnam(s);
	return pw ? add_uid(r, pw->pw_uid) : "no such user";
}

static const char *parse_proto(struct rule *r, const char *s)
{
	static const struct {
		const char *name;
		int proto;
	} names[] = {
		{ "tcp", 6 }, { "udp", 17 }, { "dccp", 33 }, { "gre", 47 },
		{ "sctp", 132 }, { "udplite", 136 },
	};
	struct protoent *pe;
	unsigned long v;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(s, names[i].name)) {
			r->proto = names[i].proto;
			return NULL;
		}
	if (number(s, 255, &v) && v) {
		r->proto = v;
		return NULL;
	}
	pe = getprotobyname(s);
	if (!pe)
		return "no such protocol";
	r->proto = pe->p_proto;
	return NULL;
}

static const char *parse_rest(struct rule *r, const char *addr, const char *port)
{
	unsigned long v;

	if (!strcmp(addr, "*"))
		r->any_addr = true;
	else if (inet_pton(AF_INET, addr, r->addr) == 1)
		r->family = AF_INET;
	else if (inet_pton(AF_INET6, addr, r->addr) == 1)
		r->family = AF_INET6;
	else
		return "neither an address nor \"*\"";
	if (!strcmp(port, "*") || !strcmp(port, "-"))
		r->any_port = true;
	else if (number(port, 65535, &v) && v)
		r->port = htons(v);
	else
		return "the port is 1 ... 65535, \"*\" or \"-\"";
	return NULL;
}

int policy_load(struct policy **pp, const char *path)
{
	struct policy *p = calloc(1, sizeof(*p));
	char line[512], *f[5], *save;
	unsigned int n = 0;
	int err = 0;
	FILE *file;

	*pp = p;
	if (!p)
		return -ENOMEM;
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (fgets(line, sizeof(line), file)) {
		struct rule r = { 0 }, *grown;
		const char *why = NULL;
		int i;

		n++;
		line[strcspn(line, "#\n")] = 0;
		for (i = 0; i < 5; i++) {
			f[i] = strtok_r(i ? NULL : line, " \t", &save);
			if (!f[i])
				break;
		}
		if (!i)
			continue;
		if (i != 4)
			why = "a line has four fields: user protocol address port";
		if (!why)
			why = parse_user(&r, f[0]);
		if (!why)
			why = parse_proto(&r, f[1]);
		if (!why)
			why = parse_rest(&r, f[2], f[3]);
		grown = why ? NULL : realloc(p->rules, (p->n + 1) * sizeof(r));
		if (!grown) {
			log_err("%s:%u: %s", path, n, why ? why : "out of memory");
			free(r.uids);
			err = -EINVAL;
			continue;
		}
		p->rules = grown;
		p->rules[p->n++] = r;
	}
	fclose(file);
	return err;
}

void policy_free(struct policy *p)
{
	unsigned int i;

	for (i = 0; p && i < p->n; i++)
		free(p->rules[i].uids);
	if (p)
		free(p->rules);
	free(p);
}

static bool has_uid(const struct rule *r, uid_t uid)
{
	unsigned int i;

	for (i = 0; i < r->nuids; i++)
		if (r->uids[i] == uid)
			return true;
	return r->any_user;
}

bool policy_allows(const struct policy *p, uid_t uid, const struct ms_tuple *t)
{
	unsigned int i;

	for (i = 0; p && i < p->n; i++) {
		const struct rule *r = &p->rules[i];

		if (has_uid(r, uid) && r->proto == t->protocol &&
		    (r->any_addr || (r->family == t->family &&
				     !memcmp(r->addr, t->addr, 16))) &&
		    (r->any_port || r->port == t->port))
			return true;
	}
	return false;
}
