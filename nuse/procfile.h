/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the stack's /proc. */
#ifndef NUSE_PROCFILE_H
#define NUSE_PROCFILE_H

#include <libos/libos.h>

/**
 * nuse_procfile() - read a file of the stack's /proc
 * @thr: the calling thread's identity towards the stack
 * @path: such as "/proc/net/snmp"
 *
 * Return: the file's first 64 KB as a string, to be freed; NULL if it is not
 * there or memory is short.
 */
char *nuse_procfile(struct libos_thread *thr, const char *path);

#endif /* NUSE_PROCFILE_H */
