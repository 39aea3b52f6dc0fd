/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The files of /etc that a program sees another content of
 */
#ifndef NUSE_ETC_H
#define NUSE_ETC_H

#include "conf.h"
#include "glue/glue.h"

/**
 * struct nuse_etc - files that replace those of the host
 * @overlay: for &struct glue_opts, @n of them
 * @file: the names behind @overlay
 * @fd: the files
 */
struct nuse_etc {
	struct glue_overlay overlay[3];
	unsigned int n;
	char file[3][32];
	int fd[3];
};

/**
 * nuse_etc_make() - make resolv.conf, nsswitch.conf and hosts as @c says
 * @fd_min: lowest number for file descriptors
 *
 * Return: 0 or a negative errno; nuse_etc_close() in either case.
 */
int nuse_etc_make(struct nuse_etc *e, const struct nuse_conf *c, int fd_min);

/**
 * nuse_etc_take() - see another process's file
 * @path: one of the three; others are passed over
 * @from: its name in that process's /proc
 * @fd_min: lowest number for file descriptors
 *
 * Return: 0 or a negative errno.
 */
int nuse_etc_take(struct nuse_etc *e, const char *path, const char *from, int fd_min);
void nuse_etc_close(struct nuse_etc *e);

#endif /* NUSE_ETC_H */
