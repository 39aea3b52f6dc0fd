/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Which kernels there are, and where
 */
#ifndef NUSE_KERNEL_H
#define NUSE_KERNEL_H

#include "conf.h"

/**
 * nuse_kernel_find() - the library that a name means
 * @which: path of a liblinux.so (has a '/'), "6.12" or "6.12-tiny" as found in one
 *	of the directories, or NULL for the default
 * @path: gets the path
 *
 * Return: 0; -ENOENT, with @err.
 */
int nuse_kernel_find(const char *which, char *path, size_t len, struct nuse_err *err);

/**
 * nuse_kernel_release() - the release of a library, "6.12.117"
 *
 * Return: 0; -ENOENT, or -ENOEXEC if the file is no such library.
 */
int nuse_kernel_release(const char *path, char *release, size_t len);

/** nuse_kernel_list() - write a line "NAME RELEASE PATH" for each; returns how many */
int nuse_kernel_list(FILE *f);

#endif /* NUSE_KERNEL_H */
