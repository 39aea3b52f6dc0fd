/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: From a configuration to a running program
 */
#ifndef NUSE_RUN_H
#define NUSE_RUN_H

#include "cmdline.h"

/* nuse's own exit statuses, as env(1)'s. */
#define NUSE_EXIT_FAILED	125	/* nuse failed */
#define NUSE_EXIT_NOEXEC	126	/* the program cannot be run */
#define NUSE_EXIT_NOTFOUND	127	/* there is no such program */

/**
 * nuse_run() - boot a stack, set it up, run the program, take it all down
 * @c: checked configuration
 * @cmd: what to run
 *
 * Return: exit status for nuse.  If a signal ended the program, the same signal
 * ends this process.
 */
int nuse_run(const struct nuse_conf *c, const struct nuse_cmd *cmd);

/** nuse_say() - "nuse: " and a line to standard error */
void nuse_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* NUSE_RUN_H */
