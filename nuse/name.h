/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The names of running stacks
 *
 * A stack with a name is a listening Unix socket of that name in a directory of the
 * user's.  See name.c.
 */
#ifndef NUSE_NAME_H
#define NUSE_NAME_H

#include "conf.h"

/* Longest name of a stack. */
#define NUSE_NAME_MAX 32

/**
 * struct nuse_name - a name that this process holds
 * @name: "" if it holds none
 * @dir: the directory; an open file
 * @own: the socket in it, O_PATH: what nuse_name_release() removes, and only that; held
 *	open, since a number of an inode that is gone would soon be another's
 */
struct nuse_name {
	char name[NUSE_NAME_MAX + 1];
	int dir, own;
};

/**
 * nuse_name_check() - may a stack be called that?
 * @what: the option, for the message
 *
 * Return: 0; -EINVAL, with @err.
 */
int nuse_name_check(const char *what, const char *name, struct nuse_err *err);

/**
 * nuse_name_claim() - take a name
 * @n: what is to be held until nuse_name_release()
 * @name: one that nuse_name_check() likes
 * @fd_min: lowest number for file descriptors
 * @err: message on failure
 *
 * Who connects from here on waits until the socket is served.
 * Return: a listening SOCK_SEQPACKET socket; -EADDRINUSE (a stack of that name is
 * running) or another negative errno, with @err.
 */
int nuse_name_claim(struct nuse_name *n, const char *name, int fd_min, struct nuse_err *err);

/**
 * nuse_name_release() - give the name back
 *
 * Removes the socket if it still is the one that was made; it may be done again, and
 * from a child process.
 */
void nuse_name_release(struct nuse_name *n);

/**
 * nuse_name_connect() - connect to a stack
 * @name: any string
 * @fd_min: lowest number for the file descriptor
 * @err: message on failure
 *
 * The socket gives up after 10 seconds without an answer (-EAGAIN).
 * Return: a connected socket; negative errno, with @err.
 */
int nuse_name_connect(const char *name, int fd_min, struct nuse_err *err);

/**
 * nuse_name_each() - visit the running stacks, in the order of their names
 * @fn: gets a connected socket, as of nuse_name_connect(), which it does not own; what
 *	it returns if not 0 ends the visit
 * @arg: its argument
 * @err: message on failure
 *
 * Names whose stack is gone are removed on the way.
 * Return: 0, what @fn returned, or a negative errno with @err.
 */
int nuse_name_each(int (*fn)(void *arg, const char *name, int sock), void *arg,
		   struct nuse_err *err);

#endif /* NUSE_NAME_H */
