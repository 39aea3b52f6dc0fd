/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Running programs on a stack, whichever process it lives in
 */
#ifndef NUSE_EXEC_H
#define NUSE_EXEC_H

#include <libos/libos.h>
#include "cmdline.h"
#include "etc.h"
#include "glue/glue.h"

/**
 * struct nuse_exec - what programs are run with
 * @cmd: flags of the glue, and the program
 * @thr: identity of the calling thread
 * @etc: files that programs see another content of
 * @bypass: destinations left to the host, @nbypass of them
 */
struct nuse_exec {
	const struct nuse_cmd *cmd;
	struct libos_thread *thr;
	const struct nuse_etc *etc;
	struct glue_cidr *bypass;
	size_t nbypass;
};

/** nuse_exec_bypass() - take the destinations of @c; 0 or -ENOMEM, with a message */
int nuse_exec_bypass(struct nuse_exec *x, const struct nuse_conf *c);

/**
 * nuse_exec() - run a program to its end
 * @flags: GLUE_*
 * @wstatus: how it ended
 *
 * Return: as glue_exec().
 */
int nuse_exec(const struct nuse_exec *x, char *const *argv, unsigned int flags, int *wstatus);

/** nuse_exec_error() - what an error of nuse_exec() means */
const char *nuse_exec_error(int ret);

/**
 * nuse_exec_program() - run the program of the command line
 * @flags: GLUE_*
 * @wstatus: how it ended
 *
 * Return: 0; an exit status for nuse if it could not be run, with a message.
 */
int nuse_exec_program(const struct nuse_exec *x, unsigned int flags, int *wstatus);

/** nuse_end_like() - end this process as @wstatus says, or give its exit status */
int nuse_end_like(int wstatus);

/** nuse_high_fds() - where file descriptors of ours keep clear of the program's */
int nuse_high_fds(void);

#endif /* NUSE_EXEC_H */
