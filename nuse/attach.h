/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Running a program on a stack that is there
 */
#ifndef NUSE_ATTACH_H
#define NUSE_ATTACH_H

#include "cmdline.h"

/**
 * nuse_attach() - run a program on the stack @cmd->name
 * @c: of which only the bypass destinations are used; those of the stack are added
 * @cmd: what to run
 *
 * Return: exit status for nuse, as nuse_run().
 */
int nuse_attach(struct nuse_conf *c, const struct nuse_cmd *cmd);

#endif /* NUSE_ATTACH_H */
