/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Asking running stacks: nuse --list, nuse --stop
 *
 * Both return an exit status for nuse.
 */
#ifndef NUSE_ASK_H
#define NUSE_ASK_H

#include <stdbool.h>

/** nuse_list() - print the running stacks, for people or as JSON */
int nuse_list(bool json);

/** nuse_stop() - end a stack and wait until it is gone */
int nuse_stop(const char *name);

#endif /* NUSE_ASK_H */
