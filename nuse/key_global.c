// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys that stand outside of blocks.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "key.h"
#include "value.h"

static int set_nameserver(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_addr a = { 0 };

	if (nuse_value_addr(w[0], &a) < 0 || a.plen >= 0)
		return -EINVAL;
	if (p->c->nnameservers == 3)
		return nuse_fail(p->err, &p->src,
				 "nameserver: found a fourth, expected at most 3, the resolver's limit");
	return nuse_addr_add(p, &p->c->nameservers, &p->c->nnameservers, &a);
}

static int set_hosts(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_hosts h = { 0 }, *more;
	int ret;

	if (nuse_value_addr(w[0], &h.addr) < 0 || h.addr.plen >= 0)
		return -EINVAL;
	h.addr.src = p->src;
	ret = nuse_words_copy(p, &h.names, w + 1, n - 1);
	if (ret < 0)
		return ret;
	more = nuse_grow(p->c->hosts, p->c->nhosts, sizeof(h));
	if (!more) {
		nuse_words_free(&h.names);
		return nuse_nomem(p->err, &p->src);
	}
	p->c->hosts = more;
	more[p->c->nhosts++] = h;
	return 0;
}

/* "KEY VALUE...", "KEY=VALUE" and "KEY = VALUE", as in sysctl.conf(5). */
static int set_sysctl(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_sysctl *more, s = { .src = p->src };
	char value[NAME_MAX * 4] = "";
	char *eq = strchr(w[0], '=');
	size_t i, len;

	len = eq ? (size_t)(eq - w[0]) : strlen(w[0]);
	if (!len || len > NAME_MAX || memmem(w[0], len, "..", 2) || *w[0] == '.' || *w[0] == '/')
		return -EINVAL;
	for (i = 0; i < n; i++) {
		const char *part = i ? w[i] : eq ? eq + 1 : "";

		if (i == 1 && !eq && !strcmp(part, "="))
			continue;
		if (strlen(value) + strlen(part) + 2 > sizeof(value))
			return -EINVAL;
		if (*value && *part)
			strcat(value, " ");
		strcat(value, part);
	}
	if (!*value)
		return -EINVAL;
	more = nuse_grow(p->c->sysctls, p->c->nsysctls, sizeof(*more));
	if (more)
		p->c->sysctls = more;
	s.key = strndup(w[0], len);
	s.value = strdup(value);
	if (!more || !s.key || !s.value) {
		free(s.key);
		free(s.value);
		return nuse_nomem(p->err, &p->src);
	}
	more[p->c->nsysctls++] = s;
	return 0;
}

static int set_run(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_words ws, *more;
	int ret = nuse_words_copy(p, &ws, w, n);

	if (ret < 0)
		return ret;
	more = nuse_grow(p->c->run, p->c->nrun, sizeof(ws));
	if (!more) {
		nuse_words_free(&ws);
		return nuse_nomem(p->err, &p->src);
	}
	p->c->run = more;
	more[p->c->nrun++] = ws;
	return 0;
}

static int set_bypass(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	struct nuse_addr a;
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		memset(&a, 0, sizeof(a));
		if (nuse_value_addr(w[i], &a) < 0)
			return -EINVAL;
		if (a.plen < 0)
			a.plen = nuse_addr_bits(&a);
		if (nuse_addr_mask(&a, a.plen))
			return nuse_fail(p->err, &p->src,
					 "bypass: found %s with bits beyond its prefix, expected a network such as 127.0.0.0/8",
					 nuse_quote(w[i]));
		ret = nuse_addr_add(p, &p->c->bypass, &p->c->nbypass, &a);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int set_log(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_value_level(w[0], &p->c->log);
}

static int set_memory(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	uint64_t v;

	if (nuse_value_size(w[0], &v) < 0 || v < 8 << 20 || v > 64ULL << 30)
		return -EINVAL;
	p->c->memory = (v + 4095) & ~4095ULL;
	return 0;
}

static int set_kernel(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	return nuse_string_set(p, &p->c->kernel, w[0]);
}

static int set_capabilities(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	uint64_t caps = 0;
	unsigned int cap;
	size_t i;

	if (n == 1 && !strcmp(w[0], "all"))
		caps = UINT64_MAX;
	else if (n != 1 || strcmp(w[0], "none"))
		for (i = 0; i < n; i++) {
			if (nuse_value_cap(w[i], &cap) < 0)
				return -EINVAL;
			caps |= 1ULL << cap;
		}
	p->c->caps = caps;
	return 0;
}

static int set_fallback(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n)
{
	if (strcasecmp(w[0], "slirp") && strcasecmp(w[0], "none"))
		return -EINVAL;
	p->c->fallback = !strcasecmp(w[0], "slirp");
	return 0;
}

static void clear_global(struct nuse_parse *p, const struct nuse_keydef *k)
{
	struct nuse_conf *c = p->c;
	size_t i;

	switch (k->id) {
	case NUSE_K_NAMESERVER:
		c->nnameservers = 0;
		break;
	case NUSE_K_BYPASS:
		c->nbypass = 0;
		break;
	case NUSE_K_HOSTS:
		for (i = 0; i < c->nhosts; i++)
			nuse_words_free(&c->hosts[i].names);
		c->nhosts = 0;
		break;
	case NUSE_K_SYSCTL:
		for (i = 0; i < c->nsysctls; i++) {
			free(c->sysctls[i].key);
			free(c->sysctls[i].value);
		}
		c->nsysctls = 0;
		break;
	case NUSE_K_RUN:
		for (i = 0; i < c->nrun; i++)
			nuse_words_free(&c->run[i]);
		c->nrun = 0;
		break;
	case NUSE_K_LOG:
		c->log = 3;
		break;
	case NUSE_K_MEMORY:
		c->memory = 0;
		break;
	case NUSE_K_KERNEL:
		free(c->kernel);
		c->kernel = NULL;
		break;
	case NUSE_K_CAPABILITIES:
		c->caps = UINT64_MAX;
		break;
	case NUSE_K_FALLBACK:
		c->fallback = true;
		break;
	}
}

const struct nuse_keydef nuse_global_keys[] = {
	{ "nameserver", NUSE_K_NAMESERVER, NUSE_KEY_LIST, 1, 1,
	  "an IPv4 or IPv6 address", set_nameserver, clear_global },
	{ "hosts", NUSE_K_HOSTS, NUSE_KEY_LIST, 2, 64,
	  "an address and names such as 10.0.0.1 peer", set_hosts, clear_global },
	{ "sysctl", NUSE_K_SYSCTL, NUSE_KEY_LIST, 1, 64,
	  "a key and a value such as net.ipv4.ip_forward 1", set_sysctl, clear_global },
	{ "run", NUSE_K_RUN, NUSE_KEY_LIST, 1, SIZE_MAX,
	  "a command such as ip link set eth0 up", set_run, clear_global },
	{ "log", NUSE_K_LOG, 0, 1, 1,
	  "emerg, alert, crit, err, warning, notice, info, debug or 0..7", set_log, clear_global },
	{ "memory", NUSE_K_MEMORY, 0, 1, 1, "a size from 8M to 64G such as 128M",
	  set_memory, clear_global },
	{ "bypass", NUSE_K_BYPASS, NUSE_KEY_LIST, 1, 64,
	  "networks such as 127.0.0.0/8", set_bypass, clear_global },
	{ "kernel", NUSE_K_KERNEL, 0, 1, 1,
	  "a version such as 6.12 or the path of a liblinux.so", set_kernel, clear_global },
	{ "capabilities", NUSE_K_CAPABILITIES, 0, 1, 64,
	  "all, none, or names such as net_raw net_admin", set_capabilities, clear_global },
	{ "fallback", NUSE_K_FALLBACK, 0, 1, 1, "slirp or none", set_fallback, clear_global },
	{ .name = NULL }
};
