// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading configurations.
 *
 * A file is a sequence of blocks and of lines that stand alone:
 *
 *	# comment                 does not end a block
 *	interface eth0            begins a block ...
 *	    address 192.168.0.10  ... of "key value" lines (indent as you like) ...
 *	                          ... which a blank line ends, or the next block
 *	route
 *	    network 0.0.0.0
 *	    netmask 0.0.0.0
 *	    gateway 192.168.0.1
 *
 *	nameserver 192.168.0.1    outside of blocks
 *	route default via 192.168.0.1
 *
 * An -o option is one such line with its block named before a dot.  It goes
 * through the same tables and setters (key.c), with override set.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "key.h"
#include "lex.h"
#include "value.h"

#define FILE_MAX (1 << 20)

const char *nuse_viftype_name(enum nuse_viftype type)
{
	static const char *const names[] = {
		[NUSE_VIF_RAW] = "RAW", [NUSE_VIF_TAP] = "TAP",
		[NUSE_VIF_PIPE] = "PIPE", [NUSE_VIF_SLIRP] = "SLIRP",
		[NUSE_VIF_MULTISTACK] = "MULTISTACK",
	};

	return names[type];
}

const char *nuse_quote(const char *w)
{
	static char buf[4][72];
	static unsigned int turn;
	char *s = buf[turn++ % 4], *o = s;
	size_t n;

	*o++ = '\'';
	for (n = 0; w[n] && n < 60; n++)
		*o++ = w[n] >= ' ' && w[n] <= '~' ? w[n] : '?';
	strcpy(o, w[n] ? "...'" : "'");
	return s;
}

int nuse_fail(struct nuse_err *err, const struct nuse_src *src, const char *fmt, ...)
{
	va_list ap;
	int n = 0;

	if (src && src->file)
		n = src->line ? snprintf(err->text, sizeof(err->text), "%.200s:%u: ", src->file,
					 src->line) :
				snprintf(err->text, sizeof(err->text), "%.200s: ", src->file);
	va_start(ap, fmt);
	vsnprintf(err->text + n, sizeof(err->text) - n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int nuse_nomem(struct nuse_err *err, const struct nuse_src *src)
{
	nuse_fail(err, src, "out of memory");
	return -ENOMEM;
}

void *nuse_grow(void *array, size_t n, size_t size)
{
	char *more = reallocarray(array, n + 1, size);

	if (more)
		memset(more + n * size, 0, size);
	return more;
}

void nuse_conf_init(struct nuse_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->log = 3;
	c->caps = UINT64_MAX;
	c->fallback = true;
}

void nuse_conf_free(struct nuse_conf *c)
{
	size_t i;

	for (i = 0; i < c->nifs; i++) {
		free(c->ifs[i].addr);
		free(c->ifs[i].hostaddr);
		free(c->ifs[i].fwd);
		free(c->ifs[i].port);
		free(c->ifs[i].tuple);
		free(c->ifs[i].pipepath);
		free(c->ifs[i].pcap);
	}
	for (i = 0; i < c->nhosts; i++)
		nuse_words_free(&c->hosts[i].names);
	for (i = 0; i < c->nsysctls; i++) {
		free(c->sysctls[i].key);
		free(c->sysctls[i].value);
	}
	for (i = 0; i < c->nrun; i++)
		nuse_words_free(&c->run[i]);
	for (i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->ifs);
	free(c->routes);
	free(c->nameservers);
	free(c->hosts);
	free(c->sysctls);
	free(c->run);
	free(c->bypass);
	free(c->kernel);
	free(c->files);
	memset(c, 0, sizeof(*c));
}

/* Keep @name for as long as @c lives: items point to it. */
static const char *intern(struct nuse_conf *c, const char *name)
{
	char **more = nuse_grow(c->files, c->nfiles, sizeof(*more));

	if (!more)
		return NULL;
	c->files = more;
	more[c->nfiles] = strdup(name);
	return more[c->nfiles] ? more[c->nfiles++] : NULL;
}

static size_t find_if(const struct nuse_conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nifs && strcmp(c->ifs[i].name, name); i++)
		;
	return i;
}

static int add_if(struct nuse_parse *p, const char *name)
{
	struct nuse_conf *c = p->c;
	struct nuse_if *more;
	char ok[16];

	if (nuse_value_ifname(name, ok) < 0)
		return nuse_fail(p->err, &p->src,
				 "interface: found %s, expected a name of 1 to 15 characters without '/', ':', '%%' and blanks",
				 nuse_quote(name));
	if (!strcmp(name, "lo"))
		return nuse_fail(p->err, &p->src,
				 "interface: found lo, which every stack has, expected another name (run ip address add ADDR dev lo gives lo more addresses)");
	more = nuse_grow(c->ifs, c->nifs, sizeof(*more));
	if (!more)
		return nuse_nomem(p->err, &p->src);
	c->ifs = more;
	more += c->nifs;
	strcpy(more->name, ok);
	more->type = NUSE_VIF_RAW;
	more->queues = 1;
	more->src = p->src;
	p->ifc = c->nifs++;
	return 0;
}

static int begin_if(struct nuse_parse *p, char **w, size_t n)
{
	size_t i;

	if (n != 1)
		return nuse_fail(p->err, &p->src, "interface: found %s, expected one name",
				 n ? nuse_quote(w[1]) : "nothing");
	i = find_if(p->c, w[0]);
	if (i < p->c->nifs)
		return nuse_fail(p->err, &p->src,
				 "interface: found %s a second time, expected one block for each interface (the first is at %.60s:%u)",
				 nuse_quote(w[0]), p->c->ifs[i].src.file, p->c->ifs[i].src.line);
	p->scope = NUSE_IN_IF;
	return add_if(p, w[0]);
}

static int unknown(struct nuse_parse *p, const char *word)
{
	static const char *const what[] = {
		"interface, route, or a key that stands outside of blocks",
		"a key of an interface block, or a blank line to end it",
		"network, netmask, gateway, dev or metric, or a blank line to end the block",
	};
	static const char *const where[] = {
		"outside of blocks", "in an interface block", "in a route block"
	};
	int s;

	for (s = 0; s < 3; s++)
		if (nuse_key_find(s, word))
			return nuse_fail(p->err, &p->src, "found %s, which stands %s, expected %s",
					 nuse_quote(word), where[s], what[p->scope]);
	return nuse_fail(p->err, &p->src, "found %s, expected %s", nuse_quote(word),
			 what[p->scope]);
}

static int line(struct nuse_parse *p, char **w, size_t n)
{
	const struct nuse_keydef *k;

	if (!strcmp(w[0], "interface"))
		return begin_if(p, w + 1, n - 1);
	if (!strcmp(w[0], "route")) {
		p->scope = NUSE_GLOBAL;
		if (n > 1)
			return nuse_route_line(p, w + 1, n - 1);
		p->scope = NUSE_IN_ROUTE;
		return nuse_route_add(p);
	}
	k = nuse_key_find(p->scope, w[0]);
	return k ? nuse_key_set(p, k, w + 1, n - 1) : unknown(p, w[0]);
}

int nuse_conf_parse(struct nuse_conf *c, const char *name, const char *text, size_t len,
		    struct nuse_err *err)
{
	struct nuse_parse p = { .c = c, .err = err, .scope = NUSE_GLOBAL };
	struct nuse_lex *l;
	const char *why;
	int kind, ret = 0;

	err->text[0] = '\0';
	p.src.file = intern(c, name);
	l = malloc(sizeof(*l));
	if (!p.src.file || !l) {
		free(l);
		return nuse_nomem(err, NULL);
	}
	nuse_lex_init(l, text, len);
	while (!ret && (kind = nuse_lex_line(l, &why)) != NUSE_LEX_END) {
		p.src.line = l->line;
		if (kind < 0)
			ret = nuse_fail(err, &p.src, "%s", why);
		else if (kind == NUSE_LEX_BLANK)
			p.scope = NUSE_GLOBAL;
		else if (kind == NUSE_LEX_WORDS)
			ret = line(&p, l->word, l->nwords);
	}
	free(l);
	return ret;
}

/*
 * Split the part of an option before '=' into block and key.  The block is an
 * interface if the key is one of an interface's: names of interfaces may hold
 * dots, names of keys do not.
 */
static int option(struct nuse_parse *p, char *name, char **w, size_t n)
{
	const struct nuse_keydef *k;
	char *dot;

	if (!strncmp(name, "sysctl.", 7)) {
		char *word[NUSE_WORDS_MAX + 2] = { name + 7 };

		if (!n)
			return nuse_fail(p->err, &p->src, "found no value, expected one after the '='");
		memcpy(word + 1, w, n * sizeof(*w));
		return nuse_key_set(p, nuse_key_find(NUSE_GLOBAL, "sysctl"), word, n + 1);
	}
	dot = strrchr(name, '.');
	if (dot) {
		*dot = '\0';
		p->scope = NUSE_IN_IF;
		k = nuse_key_find(p->scope, dot + 1);
		if (!k)
			return unknown(p, dot + 1);
		p->ifc = find_if(p->c, name);
		if (p->ifc == p->c->nifs) {
			int ret = add_if(p, name);

			if (ret < 0)
				return ret;
		}
	} else if (!strcmp(name, "route")) {
		if (n)
			return nuse_route_line(p, w, n);
		p->c->nroutes = 0;
		return 0;
	} else {
		k = nuse_key_find(NUSE_GLOBAL, name);
		if (!k && nuse_key_find(NUSE_IN_IF, name))
			return nuse_fail(p->err, &p->src,
					 "found %s without an interface, expected INTERFACE.%s=VALUE such as eth0.%s=...",
					 nuse_quote(name), name, name);
		if (!k)
			return unknown(p, name);
	}
	if (!n) {
		nuse_key_clear(p, k);
		return 0;
	}
	return nuse_key_set(p, k, w, n);
}

int nuse_conf_option(struct nuse_conf *c, const char *opt, struct nuse_err *err)
{
	struct nuse_parse p = { .c = c, .err = err, .scope = NUSE_GLOBAL, .override = true };
	char shown[128], *name = NULL;
	const char *eq = strchr(opt, '='), *why;
	struct nuse_lex *l = NULL;
	int kind, ret;

	err->text[0] = '\0';
	snprintf(shown, sizeof(shown), "-o %.120s", opt);
	p.src.file = intern(c, shown);
	l = malloc(sizeof(*l));
	name = eq ? strndup(opt, eq - opt) : NULL;
	if (!p.src.file || !l || (eq && !name)) {
		ret = nuse_nomem(err, NULL);
	} else if (!eq || eq == opt) {
		ret = nuse_fail(err, &p.src, "found no %s, expected KEY=VALUE",
				eq ? "key" : "'='");
	} else {
		nuse_lex_init(l, eq + 1, strlen(eq + 1));
		kind = nuse_lex_line(l, &why);
		if (kind < 0)
			ret = nuse_fail(err, &p.src, "%s", why);
		else if (kind != NUSE_LEX_END && l->pos < l->len)
			ret = nuse_fail(err, &p.src, "found a newline, expected one line");
		else
			ret = option(&p, name, l->word, l->nwords);
	}
	free(name);
	free(l);
	return ret;
}

int nuse_conf_load(struct nuse_conf *c, const char *path, struct nuse_err *err)
{
	struct nuse_src src = { .file = path };
	size_t len = 0;
	ssize_t n;
	char *text;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		nuse_fail(err, &src, "cannot open the configuration: %s", strerror(-ret));
		return ret;
	}
	text = malloc(FILE_MAX + 1);
	if (!text) {
		close(fd);
		return nuse_nomem(err, &src);
	}
	do {
		n = read(fd, text + len, FILE_MAX + 1 - len);
		if (n > 0)
			len += n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0) {
		ret = -errno;
		nuse_fail(err, &src, "cannot read the configuration: %s", strerror(-ret));
	} else if (len > FILE_MAX) {
		ret = -EFBIG;
		nuse_fail(err, &src, "found more than 1 MiB, expected a configuration");
	} else {
		ret = nuse_conf_parse(c, path, text, len, err);
	}
	free(text);
	close(fd);
	return ret;
}
