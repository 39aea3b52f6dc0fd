// SPDX-License-Identifier: GPL-2.0-only
/*
 * glue_exec(): run a program in this process.
 *
 * What execve() does, without a new process: find the file, map it and its
 * interpreter into a window of addresses, make a stack, and go (start.c).  The
 * calling thread becomes the program's first thread; it is given back when the
 * program has ended, and with it signal actions, mask and alternate stack.  If
 * the program executes another, that one is the program from then on (execve.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "asm-offsets.h"
#include "core.h"
#include "fd.h"
#include "leftover.h"
#include "linkmap.h"
#include "process.h"
#include "site.h"
#include "stack.h"
#include "start.h"
#include "thread.h"

#define STATS_FD	1000

static void say_stats(const struct glue_prog *p, int fd)
{
	dprintf(fd, "nuse: %s: %lu calls, %lu trapped, %lu signals, %lu deferred; sites: "
		"M1 %lu, M2 %lu, M3 %lu, M4 %lu, left %lu\n", p->comm, p->ncalls, p->ntraps,
		p->nsignals, p->ndeferred, p->nsites[GLUE_M1], p->nsites[GLUE_M2],
		p->nsites[GLUE_M3], p->nsites[GLUE_M4], p->nsites[GLUE_M_NONE]);
}

/* The calling thread is the program's until it has ended. */
static int run(struct glue_prog *p, unsigned long sp, struct glue_leftover *left)
{
	struct glue_thread *t = glue_thread_new(p);
	struct glue_altstack alt;
	unsigned long all = ~0UL, mask, robust, robust_len;
	char comm[17] = "";
	int r;

	if (!t)
		return -ENOMEM;
	t->lib_fs = glue_get_fs();
	t->stack = p->opts->stack;

	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
	glue_raw2(SYS_sigaltstack, 0, &alt);
	glue_raw3(SYS_get_robust_list, 0, &robust, &robust_len);
	prctl(PR_GET_NAME, comm);
	prctl(PR_SET_NAME, p->comm);

	r = glue_signals_begin(p);
	if (r)
		goto out;
	p->last_timer = glue_leftover_last_timer(left);
	glue_thread_link(t);
	p->first = t;
	glue_set_gs((unsigned long)t);
	r = glue_thread_arm(t);
	if (!r) {
		glue_on_thread(t, 1);
		glue_life(t, sp, mask);
	}
	glue_net_disarm();
	p->first = NULL;
	glue_leftover_timers(left);
	glue_signals_end(p, t->start_mask);
	glue_set_gs(0);
out:
	prctl(PR_SET_NAME, comm);
	glue_raw2(SYS_sigaltstack, &alt, 0);
	glue_raw2(SYS_set_robust_list, robust, robust_len);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
	glue_thread_free(t);
	return r;
}

int glue_exec(const struct glue_opts *opts, int *wstatus)
{
	struct glue_start s = { .fd = -1 };
	struct glue_prog *p;
	unsigned long sp;
	struct glue_leftover *left = NULL;
	unsigned int limit = 0;
	int r, err = -1;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	memcpy(&p->own, opts, opts->size < sizeof(p->own) ? opts->size : sizeof(p->own));
	p->opts = &p->own;
	p->flags = p->own.flags;
	p->dumpable = 1;
	r = glue_start_init(&s, p->own.argv, p->own.envp ? p->own.envp : environ);
	if (r)
		goto out;

	/* A launcher that is not position-independent, or under valgrind. */
	r = (unsigned long)glue_entry < GLUE_LIB_LO || (unsigned long)&s < GLUE_LIB_LO ?
	    -ENOTSUP : glue_cpu_init();
	if (!r)
		r = glue_net_init(p->flags);
	if (!r)
		r = glue_vdso_init();
	if (!r)
		r = glue_start_find(&s, p->own.path);
	if (!r)
		r = glue_start_check(&s);
	if (!r)
		r = glue_mm_init(p, p->own.window);
	if (!r)
		r = glue_start_load(p, &s, &sp);
	glue_start_free(&s);
	if (r)
		goto out_mm;
	/* What is open close-on-exec now is taken for ours, and hidden. */
	if (p->flags & GLUE_STATS)
		err = fcntl(2, F_DUPFD_CLOEXEC, STATS_FD);
	if (!(p->flags & GLUE_FINAL))
		left = glue_leftover_note();
	r = -ENOMEM;
	p->fds = glue_fdtab_new(p);
	if (!p->fds)
		goto out_mm;
	limit = p->fds->nr;
	r = run(p, sp, left);
	if (!r)
		*wstatus = p->wstatus;
	if (err >= 0) {
		if (!r)
			say_stats(p, err);
		close(err);
	}
	glue_mm_rings(p, NULL);
	glue_fdtab_free(p->fds);
	glue_stack_free(p);
out_mm:
	glue_leftover_clear(left, limit);
	glue_linkmap_remove(p);
	glue_arena_free(p);
	glue_mm_free(p);
out:
	glue_start_free(&s);
	free(p);
	return r;
}
