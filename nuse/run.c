// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a configuration to a running program.
 *
 *	kernel library ---- libos_open()
 *	interface blocks -- nuse_link_open(), libos_netdev_add()
 *	addresses, routes - nuse_netset()
 *	run lines --------- glue_exec() each
 *	capabilities ------ nuse_netset_caps()
 *	the program ------- glue_exec()
 *	what it has sent -- nuse_drain()
 *	--stats, captures - at the end, whatever came before
 *
 * Everything that this makes is memory, threads and file descriptors of the
 * process: whenever the process ends, by whatever signal, nothing stays behind.
 * Up to the program's start signals have their default action for that reason.
 *
 * If nothing is left to do after the program, signals that kill it kill the
 * process on the spot (GLUE_FINAL), and a core is the program's own.  Else the
 * work is done first, and then the process kills itself by the same signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libos/libos.h>
#include "drain.h"
#include "etc.h"
#include "glue/glue.h"
#include "kernel.h"
#include "key.h"
#include "late.h"
#include "link.h"
#include "log.h"
#include "netset.h"
#include "run.h"
#include "stats.h"
#include "value.h"

/* Files of ours keep clear of the program's numbers. */
#define HIGH_FDS 256

struct run {
	const struct nuse_conf *c;
	const struct nuse_cmd *cmd;
	struct libos *os;
	struct libos_thread *thr;
	struct nuse_link *link;
	size_t nlinks;
	struct nuse_etc etc;
	struct glue_cidr *bypass;
	FILE *stats;
	int fd_min;
};

void nuse_say(const char *fmt, ...)
{
	char line[1024] = "nuse: ";
	int n = 6;
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

#define chat(r, ...) ((r)->cmd->verbose ? nuse_say(__VA_ARGS__) : (void)0)

static int high_fds(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur < 2 * HIGH_FDS)
		return 0;
	return (lim.rlim_cur < 1 << 20 ? lim.rlim_cur : 1 << 20) - HIGH_FDS;
}

static int boot(struct run *r)
{
	char path[4096], release[64], cmdline[64];
	struct nuse_err err;
	struct libos_opts o = {
		.size = sizeof(o), .library = path, .memory = r->c->memory,
		.cmdline = cmdline, .log = nuse_log,
	};
	unsigned int level = r->c->log;
	int ret;

	if (r->cmd->verbose && level < 6)
		level = r->cmd->verbose > 1 ? 7 : 6;
	snprintf(cmdline, sizeof(cmdline), "loglevel=%u", level + 1);
	ret = nuse_kernel_find(r->c->kernel, path, sizeof(path), &err);
	if (ret < 0) {
		nuse_say("%s", err.text);
		return ret;
	}
	if (nuse_kernel_release(path, release, sizeof(release)) == -ENOEXEC) {
		nuse_say("kernel %s: not a kernel library, expected a liblinux.so", path);
		return -ENOEXEC;
	}
	chat(r, "kernel %s", path);
	ret = libos_open(&o, &r->os, &r->thr);
	switch (ret) {
	case 0:
		break;
	case -EPROTO:
		nuse_say("kernel %s: made for another version of nuse; build both from one tree", path);
		break;
	case -EIO:
		nuse_say("kernel %s: it panicked while booting; -vv shows its log", path);
		break;
	case -ENOMEM:
		nuse_say("kernel %s: not enough memory; a larger or smaller \"memory SIZE\" may help", path);
		break;
	default:
		nuse_say("kernel %s: %s", path, strerror(-ret));
	}
	if (!ret)
		chat(r, "Linux %s is up", libos_version(r->os));
	return ret;
}

static int add_links(struct run *r)
{
	const char *prog = strrchr(r->cmd->prog[0], '/');
	struct nuse_err err;
	size_t i;

	r->link = calloc(r->c->nifs + 1, sizeof(*r->link));
	if (!r->link) {
		nuse_say("out of memory");
		return -ENOMEM;
	}
	for (i = 0; i < r->c->nifs; i++) {
		const struct nuse_if *c = &r->c->ifs[i];
		struct nuse_link *l = &r->link[i];
		struct libos_netdev_params p = { .txqlen = c->txqlen };
		int ret;

		ret = nuse_link_open(l, c, libos_version(r->os), prog ? prog + 1 : r->cmd->prog[0],
				     r->fd_min, &err);
		if (ret < 0) {
			nuse_say("%s", err.text);
			return ret;
		}
		strcpy(p.name, c->name);
		memcpy(p.mac, l->mac, 6);
		p.mtu = l->mtu;
		ret = libos_netdev_add(r->thr, &p, l->io);
		if (ret < 0) {
			nuse_say("interface %s: the stack refused it: %s", c->name, strerror(-ret));
			return ret;
		}
		r->nlinks = i + 1;
		chat(r, "interface %s: %s%s%s, mtu %u", c->name, nuse_viftype_name(c->type),
		     l->host[0] ? " " : "", l->host, l->mtu);
	}
	return 0;
}

static int make_bypass(struct run *r)
{
	size_t i;

	r->bypass = calloc(r->c->nbypass + 1, sizeof(*r->bypass));
	if (!r->bypass) {
		nuse_say("out of memory");
		return -ENOMEM;
	}
	for (i = 0; i < r->c->nbypass; i++) {
		const struct nuse_addr *a = &r->c->bypass[i];

		r->bypass[i].family = a->family;
		r->bypass[i].prefix = a->plen;
		memcpy(r->bypass[i].addr, &a->v4, nuse_addr_bits(a) / 8);
	}
	return 0;
}

static int exec(struct run *r, char *const *argv, unsigned int flags, int *wstatus)
{
	struct glue_opts o = {
		.size = sizeof(o),
		.stack = r->thr,
		.path = argv[0],
		.argv = argv,
		.flags = flags | r->cmd->glue,
		.trace = r->cmd->trace,
		.overlay = r->etc.overlay,
		.noverlay = r->etc.n,
		.bypass = r->bypass,
		.nbypass = r->c->nbypass,
	};

	return glue_exec(&o, wstatus);
}

static const char *exec_error(int ret)
{
	switch (ret) {
	case -ENOTSUP:
		return "this host offers neither Syscall User Dispatch nor seccomp";
	case -EADDRINUSE:
		return "it wants fixed addresses that are in use";
	default:
		return strerror(-ret);
	}
}

/* The run lines.  One that begins with '-' may fail. */
static int run_lines(struct run *r)
{
	size_t i;

	for (i = 0; i < r->c->nrun; i++) {
		const struct nuse_words *w = &r->c->run[i];
		bool may_fail = w->v[0][0] == '-' && w->v[0][1];
		char *first = w->v[0];
		struct nuse_err err;
		int status = 0, ret;

		w->v[0] = first + may_fail;
		chat(r, "run %s ...", w->v[0]);
		ret = exec(r, w->v, 0, &status);
		if (ret < 0)
			nuse_fail(&err, &w->src, "run: cannot run %s: %s", nuse_quote(w->v[0]),
				  exec_error(ret));
		else if (WIFSIGNALED(status))
			nuse_fail(&err, &w->src, "run: %s was killed by signal %d (%s)",
				  nuse_quote(w->v[0]), WTERMSIG(status),
				  strsignal(WTERMSIG(status)));
		else if (WEXITSTATUS(status))
			nuse_fail(&err, &w->src, "run: %s failed with exit status %d",
				  nuse_quote(w->v[0]), WEXITSTATUS(status));
		w->v[0] = first;
		if (ret < 0 || status) {
			nuse_say("%s%s", err.text, may_fail ? " (ignored)" : "");
			if (!may_fail)
				return -ECANCELED;
		}
	}
	return 0;
}

/* Before the program starts, so that a name that cannot be written fails early. */
static int open_stats(struct run *r)
{
	int fd, high;

	if (!r->cmd->stats_file) {
		r->stats = stderr;
		return 0;
	}
	fd = open(r->cmd->stats_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd >= 0) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, r->fd_min);
		if (high >= 0) {
			close(fd);
			fd = high;
		}
		r->stats = fdopen(fd, "w");
	}
	if (!r->stats)
		nuse_say("--stats: cannot write %s: %s", r->cmd->stats_file, strerror(errno));
	return r->stats ? 0 : -1;
}

static int set_up(struct run *r)
{
	struct nuse_err err;
	int ret;

	r->fd_min = high_fds();
	if (r->cmd->stats && open_stats(r) < 0)
		return -EIO;
	ret = boot(r);
	if (!ret)
		ret = add_links(r);
	if (!ret)
		ret = make_bypass(r);
	if (ret < 0)
		return ret;
	ret = nuse_etc_make(&r->etc, r->c, r->fd_min);
	if (ret < 0) {
		nuse_say("cannot make /etc/resolv.conf and the like: %s", strerror(-ret));
		return ret;
	}
	ret = nuse_netset(r->thr, r->c, &err);
	if (ret < 0) {
		nuse_say("%s", err.text);
		return ret;
	}
	ret = run_lines(r);
	if (ret < 0)
		return ret;
	if (r->c->caps != UINT64_MAX) {
		ret = nuse_netset_caps(r->thr, r->c->caps);
		if (ret < 0)
			nuse_say("cannot drop capabilities in the stack: %s", strerror(-ret));
	}
	return ret;
}

static bool work_afterwards(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->c->nifs; i++)
		if (r->c->ifs[i].pcap)
			return true;
	return r->stats;
}

/* How long frames that are sent are held back on purpose, at most. */
static uint64_t line_delay(const struct nuse_conf *c)
{
	uint64_t max = 0;
	size_t i;

	for (i = 0; i < c->nifs; i++) {
		const struct nuse_impair *tx = &c->ifs[i].impair[1];
		uint64_t ns = tx->delay_ns + tx->jitter_ns + tx->reorder_ns;

		if (ns > max)
			max = ns;
	}
	return max;
}

static int run_program(struct run *r, int *wstatus)
{
	unsigned int final = work_afterwards(r) ? 0 : GLUE_FINAL;
	unsigned int left;
	int ret;

	chat(r, "running %s", r->cmd->prog[0]);
	nuse_late_begin();
	ret = exec(r, r->cmd->prog, final, wstatus);
	nuse_late_end();
	if (ret == 0) {
		left = nuse_drain(r->thr, line_delay(r->c), nuse_late_signal);
		if (left)
			chat(r, "%u connection%s given up, unanswered", left,
			     left > 1 ? "s are" : " is");
		return 0;
	}
	nuse_say("%s: %s", r->cmd->prog[0], exec_error(ret));
	return ret == -ENOENT ? NUSE_EXIT_NOTFOUND :
	       ret == -EACCES || ret == -ENOEXEC ? NUSE_EXIT_NOEXEC : NUSE_EXIT_FAILED;
}

static void tear_down(struct run *r)
{
	if (r->os && r->stats && r->nlinks == r->c->nifs)
		nuse_stats_print(r->stats, r->thr, r->link, r->nlinks);
	if (r->stats && r->stats != stderr)
		fclose(r->stats);
	nuse_etc_close(&r->etc);
	if (r->os)
		libos_close(r->os);
	free(r->link);
	free(r->bypass);
}

/* End as the program did. */
static int end_like(int wstatus)
{
	sigset_t set;
	int sig;

	if (WIFEXITED(wstatus))
		return WEXITSTATUS(wstatus);
	sig = WTERMSIG(wstatus);
	/* The core would be ours, not the program's. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	return 128 + sig;
}

int nuse_run(const struct nuse_conf *c, const struct nuse_cmd *cmd)
{
	struct run r = { .c = c, .cmd = cmd };
	int wstatus = 0, ret;

	ret = set_up(&r) < 0 ? NUSE_EXIT_FAILED : run_program(&r, &wstatus);
	tear_down(&r);
	return ret ? ret : end_like(wstatus);
}
