/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The command line of nuse
 */
#ifndef NUSE_CMDLINE_H
#define NUSE_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include "conf.h"

enum nuse_action {
	NUSE_RUN, NUSE_DRY_RUN, NUSE_HELP, NUSE_VERSION, NUSE_LIST_KERNELS,
	NUSE_ATTACH, NUSE_LIST, NUSE_STOP,
};

/**
 * struct nuse_cmd - what was asked for
 * @action: the one thing to do
 * @conf: file to read; NULL for none
 * @conf_given: by an option, not by the environment
 * @opt: -o options, and what other options stand for in their grammar; @nopt
 * @verbose: how often -v was given
 * @trace: as &struct glue_opts.trace
 * @glue: GLUE_* flags
 * @stats: print counters at the end, to @stats_file or (NULL) to stderr
 * @name: of the stack: to be made, to be attached to, or to be stopped; NULL: none
 * @daemon: no program
 * @log_file: where a daemon's messages go; NULL: syslog
 * @json: the list is for programs
 * @prog: program and arguments, NULL-terminated; empty if there is none
 */
struct nuse_cmd {
	enum nuse_action action;
	const char *conf;
	bool conf_given;
	char **opt;
	size_t nopt;
	int verbose;
	int trace;
	unsigned int glue;
	bool stats;
	const char *stats_file;
	const char *name;
	bool daemon;
	const char *log_file;
	bool json;
	char **prog;
};

/**
 * nuse_cmd_parse() - understand the command line and the environment
 *
 * Reads NUSECONF, NUSE_TRACE and NUSE_HOSTNET.
 * Return: 0; -EINVAL or -ENOMEM, with @err.
 */
int nuse_cmd_parse(struct nuse_cmd *cmd, int argc, char **argv, struct nuse_err *err);

/** nuse_cmd_free() - release what @cmd holds */
void nuse_cmd_free(struct nuse_cmd *cmd);

/** nuse_cmd_help() - write the summary of the options */
void nuse_cmd_help(FILE *f);

#endif /* NUSE_CMDLINE_H */
