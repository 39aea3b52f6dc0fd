// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running programs on a stack, whichever process it lives in.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "exec.h"
#include "late.h"
#include "run.h"
#include "value.h"

/* Files of ours keep clear of the program's numbers. */
#define HIGH_FDS 256
/* The kernel puts us above, and the glue programs below (glue/core.h). */
#define LOWEST_OWN 0x500000000000UL

int nuse_high_fds(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur < 2 * HIGH_FDS)
		return 0;
	return (lim.rlim_cur < 1 << 20 ? lim.rlim_cur : 1 << 20) - HIGH_FDS;
}

int nuse_exec_bypass(struct nuse_exec *x, const struct nuse_conf *c)
{
	size_t i;

	x->bypass = calloc(c->nbypass + 1, sizeof(*x->bypass));
	if (!x->bypass) {
		nuse_say("out of memory");
		return -ENOMEM;
	}
	x->nbypass = c->nbypass;
	for (i = 0; i < c->nbypass; i++) {
		const struct nuse_addr *a = &c->bypass[i];

		x->bypass[i].family = a->family;
		x->bypass[i].prefix = a->plen;
		memcpy(x->bypass[i].addr, &a->v4, nuse_addr_bits(a) / 8);
	}
	return 0;
}

int nuse_exec(const struct nuse_exec *x, char *const *argv, unsigned int flags, int *wstatus)
{
	struct glue_opts o = {
		.size = sizeof(o),
		.stack = x->thr,
		.path = argv[0],
		.argv = argv,
		.flags = flags | x->cmd->glue,
		.trace = x->cmd->trace,
		.overlay = x->etc->overlay,
		.noverlay = x->etc->n,
		.bypass = x->bypass,
		.nbypass = x->nbypass,
	};

	return glue_exec(&o, wstatus);
}

const char *nuse_exec_error(int ret)
{
	switch (ret) {
	case -ENOTSUP:
		if ((uintptr_t)nuse_exec_error < LOWEST_OWN)
			return "nuse lies where programs are put, as under valgrind: run nuse valgrind PROGRAM";
		return "neither Syscall User Dispatch nor seccomp is offered, by this host or by another nuse around this one";
	case -EADDRINUSE:
		return "it wants fixed addresses that are in use";
	default:
		return strerror(-ret);
	}
}

int nuse_exec_program(const struct nuse_exec *x, unsigned int flags, int *wstatus)
{
	char *const *argv = x->cmd->prog;
	int ret;

	if (x->cmd->verbose)
		nuse_say("running %s", argv[0]);
	nuse_late_begin();
	ret = nuse_exec(x, argv, flags, wstatus);
	nuse_late_end();
	if (ret == 0)
		return 0;
	nuse_say("%s: %s", argv[0], nuse_exec_error(ret));
	return ret == -ENOENT ? NUSE_EXIT_NOTFOUND :
	       ret == -EACCES || ret == -ENOEXEC ? NUSE_EXIT_NOEXEC : NUSE_EXIT_FAILED;
}

int nuse_end_like(int wstatus)
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
