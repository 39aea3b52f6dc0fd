// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a configuration to a running program.
 *
 *	kernel library ---- libos_open()
 *	interface blocks -- nuse_link_open(), libos_netdev_add()
 *	addresses, routes - nuse_netset()
 *	run lines --------- glue_exec() each
 *	a name ------------ nuse_home_serve()
 *	capabilities ------ nuse_netset_caps()
 *	the program ------- glue_exec()
 *	other programs ---- nuse_home_stay(), which may go on in a child
 *	what was sent ----- nuse_drain()
 *	--stats, captures - at the end, whatever came before
 *
 * Everything that this makes is memory, threads and file descriptors of the
 * process: whenever the process ends, by whatever signal, nothing stays behind.
 * Up to the program's start signals have their default action for that reason.
 *
 * A signal that kills the program does not kill the process: its children may be
 * on the stack, and peers are to be told.  What is left to do is done, and then the
 * process kills itself by the same signal.  Only one that makes a core ends it on
 * the spot, so that the core is the program's own, unless files would be lost
 * (GLUE_HOME, GLUE_FINAL).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libos/libos.h>
#include "daemon.h"
#include "drain.h"
#include "etc.h"
#include "exec.h"
#include "home.h"
#include "kernel.h"
#include "key.h"
#include "late.h"
#include "link.h"
#include "log.h"
#include "netset.h"
#include "run.h"
#include "stats.h"

struct run {
	const struct nuse_conf *c;
	const struct nuse_cmd *cmd;
	struct libos *os;
	struct libos_thread *thr;
	struct nuse_exec x;
	struct nuse_home h;
	int listen_fd;
	struct nuse_link *link;
	size_t nlinks;
	struct nuse_etc etc;
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
	/* The random numbers of a "CPU" are the host's; 6.1 would wait for better ones. */
	snprintf(cmdline, sizeof(cmdline), "loglevel=%u random.trust_cpu=on", level + 1);
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
	const char *app = r->cmd->daemon ? "nuse" : r->cmd->prog[0];
	const char *prog = strrchr(app, '/');
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

		ret = nuse_link_open(l, c, libos_version(r->os), prog ? prog + 1 : app,
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
		ret = nuse_exec(&r->x, w->v, 0, &status);
		if (ret < 0)
			nuse_fail(&err, &w->src, "run: cannot run %s: %s", nuse_quote(w->v[0]),
				  nuse_exec_error(ret));
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

/* Others may come in: after the run lines, and with all rights towards the stack. */
static int let_in(struct run *r)
{
	int ret;

	r->h.thr = r->thr;
	r->h.etc = &r->etc;
	r->h.conf = r->c;
	if (r->c->nrun)
		nuse_home_note_helpers(&r->h);
	__atomic_store_n(&r->h.prog, r->cmd->daemon ? NULL : r->cmd->prog[0], __ATOMIC_RELEASE);
	ret = nuse_home_serve(&r->h, r->listen_fd, r->fd_min);
	r->listen_fd = -1;
	if (ret < 0)
		nuse_say("cannot let other programs in: %s", strerror(-ret));
	return ret;
}

static int set_up(struct run *r)
{
	struct nuse_err err;
	int ret;

	r->fd_min = nuse_high_fds();
	r->listen_fd = -1;
	if (r->fd_min)
		libos_fd_floor(r->fd_min);
	if (r->cmd->stats && open_stats(r) < 0)
		return -EIO;
	if (r->cmd->name) {
		r->listen_fd = nuse_name_claim(&r->h.name, r->cmd->name, r->fd_min, &err);
		if (r->listen_fd < 0) {
			nuse_say("%s", err.text);
			return r->listen_fd;
		}
	}
	ret = boot(r);
	if (!ret)
		ret = add_links(r);
	r->x.cmd = r->cmd;
	r->x.thr = r->thr;
	r->x.etc = &r->etc;
	if (!ret)
		ret = nuse_exec_bypass(&r->x, r->c);
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
	if (!ret)
		ret = let_in(r);
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
	return r->stats || r->cmd->name;
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

/* What the programs have sent is delivered, unless the user wants an end. */
static void drain(struct run *r)
{
	unsigned int left;

	if (r->h.signal)
		return;
	left = nuse_drain(r->thr, line_delay(r->c), nuse_late_signal);
	if (left)
		chat(r, "%u connection%s given up, unanswered", left, left > 1 ? "s are" : " is");
}

static void tear_down(struct run *r)
{
	if (r->os && r->stats && r->nlinks == r->c->nifs)
		nuse_stats_print(r->stats, r->thr, r->link, r->nlinks);
	if (r->stats && r->stats != stderr)
		fclose(r->stats);
	nuse_home_end(&r->h);
	nuse_etc_close(&r->etc);
	if (r->os)
		libos_close(r->os);
	free(r->link);
	free(r->x.bypass);
}

static int run_program(struct run *r, int *wstatus)
{
	int ret = nuse_exec_program(&r->x, GLUE_HOME | (work_afterwards(r) ? 0 : GLUE_FINAL),
				    wstatus);
	int stay = nuse_home_stay(&r->h, r->stats == stderr);

	if (stay < 0)
		return ret;
	if (!ret || stay > 0)
		drain(r);
	tear_down(r);
	if (stay > 0)
		_exit(0);
	return ret;
}

/* Without a program: the caller's process is told when the stack is up, and ends. */
static int run_daemon(struct run *r)
{
	struct nuse_daemon d;
	int ret = nuse_daemon_begin(&d, r->cmd->log_file);

	if (ret)
		return ret < 0 ? NUSE_EXIT_FAILED : ret - 1;
	ret = set_up(r) < 0 || nuse_daemon_ready(&d) < 0 ? NUSE_EXIT_FAILED : 0;
	if (!ret) {
		nuse_home_settle(&r->h, true);
		drain(r);
	}
	tear_down(r);
	return ret;
}

int nuse_run(const struct nuse_conf *c, const struct nuse_cmd *cmd)
{
	struct run r = { .c = c, .cmd = cmd };
	int wstatus = 0, ret;

	nuse_home_note_files(&r.h);
	if (cmd->daemon)
		return run_daemon(&r);
	if (set_up(&r) < 0) {
		tear_down(&r);
		return NUSE_EXIT_FAILED;
	}
	ret = run_program(&r, &wstatus);
	return ret ? ret : nuse_end_like(wstatus);
}
