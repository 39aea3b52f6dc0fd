// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a program on a stack that is there: nuse --attach.
 *
 * No kernel is loaded and nothing is configured.  What belongs to the stack's
 * configuration and is not in its kernel is the home's to tell: the files of /etc
 * that its programs see, and the destinations that stay with the host.  The files
 * are memfds of the home, opened by their names in its /proc, so that they are
 * still there when the home is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <libos/remote.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach.h"
#include "etc.h"
#include "exec.h"
#include "home.h"
#include "key.h"
#include "run.h"

/* What the home shares.  Its files are ours from here on, or it is gone. */
static int take_share(struct nuse_conf *c, struct nuse_etc *e, int sock, int fd_min,
		      struct nuse_err *err)
{
	char text[NUSE_ANSWER_MAX], *row, *save, opt[NUSE_ANSWER_MAX], path[64];
	int n = libos_ask(sock, "share", text, sizeof(text)), pid = 0, fd, at, ret = 0;

	if (n < 0)
		return n;
	for (row = strtok_r(text, "\n", &save); row && !ret; row = strtok_r(NULL, "\n", &save)) {
		if (sscanf(row, "pid %d", &pid) == 1)
			continue;
		if (sscanf(row, "overlay %d %n", &fd, &at) == 1) {
			snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
			ret = nuse_etc_take(e, row + at, path, fd_min);
		} else if (!strncmp(row, "bypass ", 7)) {
			snprintf(opt, sizeof(opt), "bypass=%s", row + 7);
			ret = nuse_conf_option(c, opt, err);
		}
	}
	return ret;
}

static const char *why(int ret)
{
	switch (ret) {
	case -EPERM:
		return "it is another user's";
	case -EPROTO:
		return "it was started by another version of nuse";
	case -ECONNRESET:
	case -EPIPE:
		return "it has just ended";
	case -EAGAIN:
		return "it does not answer";
	default:
		return strerror(-ret);
	}
}

int nuse_attach(struct nuse_conf *c, const struct nuse_cmd *cmd)
{
	struct nuse_exec x = { .cmd = cmd };
	struct nuse_etc etc = { 0 };
	struct nuse_err err = { "" };
	int fd_min = nuse_high_fds(), sock, ret, wstatus = 0;

	sock = nuse_name_connect(cmd->name, fd_min, &err);
	if (sock < 0) {
		nuse_say("%s", err.text);
		return NUSE_EXIT_FAILED;
	}
	ret = take_share(c, &etc, sock, fd_min, &err);
	if (!ret) {
		if (fd_min)
			libos_fd_floor(fd_min);
		ret = libos_attach(sock, &x.thr);
		sock = -1;
	}
	if (ret < 0) {
		nuse_say("--attach %s: %s", cmd->name, *err.text ? err.text : why(ret));
		if (sock >= 0)
			close(sock);
		nuse_etc_close(&etc);
		return NUSE_EXIT_FAILED;
	}
	x.etc = &etc;
	ret = nuse_exec_bypass(&x, c);
	if (!ret)
		ret = nuse_exec_program(&x, GLUE_FINAL, &wstatus);
	nuse_etc_close(&etc);
	return ret ? ret : nuse_end_like(wstatus);
}
