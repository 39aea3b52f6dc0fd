/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors that outlive the daemon, by name.
 *
 * store_open() fetches what a former daemon left.  store_get() takes one of
 * those out; what nobody took, store_purge() closes and forgets.
 */
#ifndef MSD_STORE_H
#define MSD_STORE_H

#include <stdbool.h>

struct store;

#define STORE_KEY_MAX 47

int store_open(struct store **sp, const char *run_dir);
int store_put(struct store *s, const char *key, int fd);
/* Return: the descriptor, the caller's from now on, or -ENOENT. */
int store_get(struct store *s, const char *key);
void store_del(struct store *s, const char *key);
void store_purge(struct store *s);
/* cleanup: end the keeper, if there is one */
void store_quit(struct store *s, const char *run_dir);

/* keeper.c */
struct keeper_msg {
	char op;	/* P(ut), D(elete), G(et all), E(nd), Q(uit) */
	char key[STORE_KEY_MAX + 1];
};
int keeper_connect(const char *run_dir);
int keeper_spawn(const char *run_dir);

#endif /* MSD_STORE_H */
