// SPDX-License-Identifier: GPL-2.0-only
/*
 * nuse: run a program on a Linux network stack of its own.
 *
 * Reads what the user wants, and does it or (--dry-run) says what it would do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ask.h"
#include "attach.h"
#include "cmdline.h"
#include "kernel.h"
#include "run.h"

#ifndef NUSE_VERSION_STRING
#define NUSE_VERSION_STRING "0.1"
#endif

static int version(void)
{
	printf("nuse %s\n", NUSE_VERSION_STRING);
	if (!nuse_kernel_list(stdout))
		printf("no kernel found, see nuse(1), FILES\n");
	return 0;
}

static int list(void)
{
	struct nuse_err err;
	char path[4096];

	if (nuse_kernel_list(stdout))
		return 0;
	if (nuse_kernel_find(NULL, path, sizeof(path), &err) < 0)
		nuse_say("%s", err.text);
	return NUSE_EXIT_FAILED;
}

/* Where a program is, as execvp() would find it; NULL if nowhere. */
static const char *which(const char *prog, char *buf, size_t len)
{
	const char *path = getenv("PATH");

	if (strchr(prog, '/'))
		return access(prog, X_OK) ? NULL : prog;
	while (path && *path) {
		size_t n = strcspn(path, ":");

		snprintf(buf, len, "%.*s/%s", (int)n, path, prog);
		if (!access(buf, X_OK))
			return buf;
		path += n + (path[n] == ':');
	}
	return NULL;
}

static int dry_run(const struct nuse_conf *c, const struct nuse_cmd *cmd)
{
	char path[4096], release[64];
	struct nuse_err err;
	const char *found;
	char **arg;

	if (nuse_kernel_find(c->kernel, path, sizeof(path), &err) < 0)
		printf("# no kernel: %s\n", err.text);
	else
		printf("# kernel: %s (%s)\n", path,
		       nuse_kernel_release(path, release, sizeof(release)) < 0 ?
		       "not a kernel library" : release);
	nuse_conf_print(c, stdout);
	if (!cmd->prog[0])
		return 0;
	found = which(cmd->prog[0], path, sizeof(path));
	printf("# program: %s", found ? found : cmd->prog[0]);
	for (arg = cmd->prog + 1; *arg; arg++)
		printf(" %s", *arg);
	printf("%s\n", found ? "" : " (not found)");
	return 0;
}

static int configure(struct nuse_conf *c, const struct nuse_cmd *cmd, struct nuse_err *err)
{
	size_t i;
	int ret = 0;

	nuse_conf_init(c);
	if (cmd->conf)
		ret = nuse_conf_load(c, cmd->conf, err);
	for (i = 0; i < cmd->nopt && !ret; i++)
		ret = nuse_conf_option(c, cmd->opt[i], err);
	return ret ? ret : nuse_conf_check(c, err);
}

int main(int argc, char **argv)
{
	struct nuse_conf conf = { 0 };
	struct nuse_cmd cmd;
	struct nuse_err err;
	int ret;

	ret = nuse_cmd_parse(&cmd, argc, argv, &err);
	if (!ret && (cmd.action == NUSE_RUN || cmd.action == NUSE_DRY_RUN ||
		     cmd.action == NUSE_ATTACH))
		ret = configure(&conf, &cmd, &err);
	if (ret < 0) {
		nuse_say("%s", err.text);
		ret = NUSE_EXIT_FAILED;
	} else if (cmd.action == NUSE_HELP) {
		nuse_cmd_help(stdout);
	} else if (cmd.action == NUSE_VERSION) {
		ret = version();
	} else if (cmd.action == NUSE_LIST_KERNELS) {
		ret = list();
	} else if (cmd.action == NUSE_DRY_RUN) {
		ret = dry_run(&conf, &cmd);
	} else if (cmd.action == NUSE_LIST) {
		ret = nuse_list(cmd.json);
	} else if (cmd.action == NUSE_STOP) {
		ret = nuse_stop(cmd.name);
	} else if (cmd.action == NUSE_ATTACH) {
		ret = nuse_attach(&conf, &cmd);
	} else {
		ret = nuse_run(&conf, &cmd);
	}
	nuse_conf_free(&conf);
	nuse_cmd_free(&cmd);
	if (fflush(stdout) == EOF && !ret) {
		nuse_say("standard output: %s", strerror(errno));
		ret = NUSE_EXIT_FAILED;
	}
	return ret;
}
