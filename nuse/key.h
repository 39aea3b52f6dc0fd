/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The keys of nuse.conf
 *
 * Three tables, one for each kind of place that a key may stand in.  The parser
 * (conf.c), the tests and the manual page's test walk them.
 */
#ifndef NUSE_KEY_H
#define NUSE_KEY_H

#include "conf.h"

enum nuse_scope { NUSE_GLOBAL, NUSE_IN_IF, NUSE_IN_ROUTE };

/**
 * struct nuse_parse - a parser at work
 * @c: what it fills
 * @err: what it complains with
 * @src: what it reads
 * @scope: the block it is in, and @ifc or @rt that block
 * @override: an -o option: a second value replaces the first
 */
struct nuse_parse {
	struct nuse_conf *c;
	struct nuse_err *err;
	struct nuse_src src;
	enum nuse_scope scope;
	size_t ifc, rt;
	bool override;
};

#define NUSE_KEY_LIST	(1U << 0)	/* may be given again, adds */
#define NUSE_KEY_DIR	(1U << 1)	/* takes "rx" or "tx" before its value */

/**
 * struct nuse_keydef - a key
 * @name: as it is written
 * @id: enum nuse_key, nuse_ifkey or nuse_rtkey
 * @flags: NUSE_KEY_*
 * @min: fewest words after the key, and @max the most
 * @expect: what these words must be, for messages
 * @set: take them; -EINVAL: they are not what @expect says, or @p->err has a
 *	better message.  @w[n] is NULL
 * @clear: back to the default; NULL if @set does that by itself
 */
struct nuse_keydef {
	const char *name;
	int id;
	unsigned int flags;
	size_t min, max;
	const char *expect;
	int (*set)(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n);
	void (*clear)(struct nuse_parse *p, const struct nuse_keydef *k);
};

/* Tables by enum nuse_scope; each ends with an entry without a name. */
extern const struct nuse_keydef *const nuse_keys[3];

/** nuse_key_find() - the key @name of @scope, or NULL */
const struct nuse_keydef *nuse_key_find(enum nuse_scope scope, const char *name);

/** nuse_key_set() - give a key its words @w[0..n-1]; 0, -EINVAL or -ENOMEM */
int nuse_key_set(struct nuse_parse *p, const struct nuse_keydef *k, char **w, size_t n);

/** nuse_key_clear() - take a key's values back */
void nuse_key_clear(struct nuse_parse *p, const struct nuse_keydef *k);

extern const struct nuse_keydef nuse_if_keys[], nuse_rt_keys[], nuse_global_keys[];

/* What setters share: each stores a copy and, if it fails, sets the message. */
int nuse_addr_add(struct nuse_parse *p, struct nuse_addr **v, size_t *n,
		  const struct nuse_addr *a);
int nuse_string_set(struct nuse_parse *p, char **s, const char *w);
int nuse_words_copy(struct nuse_parse *p, struct nuse_words *ws, char **w, size_t n);
void nuse_words_free(struct nuse_words *ws);
int nuse_netmask_set(struct nuse_parse *p, struct nuse_addr *mask, const char *w);

/** nuse_route_add() - begin a route */
int nuse_route_add(struct nuse_parse *p);

/** nuse_route_line() - a whole route in the words of one line */
int nuse_route_line(struct nuse_parse *p, char **w, size_t n);

/** nuse_fail() - set the message, with its FILE:LINE; returns -EINVAL */
int nuse_fail(struct nuse_err *err, const struct nuse_src *src, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** nuse_nomem() - the message for -ENOMEM; returns it */
int nuse_nomem(struct nuse_err *err, const struct nuse_src *src);

/**
 * nuse_quote() - a word as a message shows it: in quotes, printable, not long
 *
 * Return: one of four static buffers in turn.
 */
const char *nuse_quote(const char *w);

/** nuse_grow() - make room for one more in an array of @n, zeroed; NULL: no memory */
void *nuse_grow(void *array, size_t n, size_t size);

#endif /* NUSE_KEY_H */
