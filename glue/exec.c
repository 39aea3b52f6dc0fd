// SPDX-License-Identifier: GPL-2.0-only
/*
 * glue_exec(): run a program in this process.
 *
 * What execve() does, without a new process: find the file, follow "#!", map it
 * and its interpreter into a window of addresses, make a stack, and go.  The
 * calling thread becomes the program's first thread; it is given back when the
 * program has ended, and with it signal actions, mask and alternate stack.
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
#include "elf.h"
#include "fd.h"
#include "leftover.h"
#include "linkmap.h"
#include "site.h"
#include "stack.h"
#include "thread.h"

#define MAX_SCRIPTS	5
#define STATS_FD	1000
#define IMAGE_GAP	0x4000000UL	/* room for trampolines below the image */
#define DEFAULT_PATH	"/usr/local/bin:/usr/bin:/bin"

/* The program file and the arguments it is run with. */
struct start {
	int	fd;
	char	path[4096];		/* as given to execve() */
	char	**argv;			/* ours */
};

static int open_program(const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (fstat(*fd, &st) || !S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS)) {
		close(*fd);
		return -EACCES;
	}
	return 0;
}

/* As execvp() finds it. */
static int find(const char *name, struct start *s)
{
	const char *dirs, *end;
	int r, best = -ENOENT;

	if (strchr(name, '/')) {
		if (strlen(name) >= sizeof(s->path))
			return -ENAMETOOLONG;
		strcpy(s->path, name);
		return open_program(name, &s->fd);
	}
	dirs = getenv("PATH");
	for (dirs = dirs ? dirs : DEFAULT_PATH; ; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		if ((size_t)snprintf(s->path, sizeof(s->path), "%.*s%s%s", (int)(end - dirs), dirs,
				     end == dirs ? "" : "/", name) < sizeof(s->path)) {
			r = open_program(s->path, &s->fd);
			if (!r)
				return 0;
			if (r == -EACCES)
				best = r;
		}
		if (!*end)
			return best;
	}
}

/*
 * "#!interpreter argument": the arguments become interpreter, argument, path,
 * and the rest.  Return: 1 if it was a script, 0 if not.
 */
static int follow_script(struct start *s)
{
	char line[256], *interp, *arg = NULL, *p, **argv;
	ssize_t len = pread(s->fd, line, sizeof(line) - 1, 0);
	size_t n, k = 0;
	int r;

	if (len < 4 || line[0] != '#' || line[1] != '!')
		return 0;
	line[len] = 0;
	line[strcspn(line, "\n")] = 0;
	interp = line + 2 + strspn(line + 2, " \t");
	p = interp + strcspn(interp, " \t");
	if (*p) {
		*p++ = 0;
		p += strspn(p, " \t");
		if (*p)
			arg = p;
		for (p += strlen(p); arg && p > arg && (p[-1] == ' ' || p[-1] == '\t'); )
			*--p = 0;
	}
	if (!*interp)
		return -ENOEXEC;

	for (n = 0; s->argv[n]; n++)
		;
	argv = calloc(n + 4, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[k++] = strdup(interp);
	if (arg)
		argv[k++] = strdup(arg);
	argv[k++] = strdup(s->path);
	if (n)
		memcpy(argv + k, s->argv + 1, (n - 1) * sizeof(*argv));
	free(s->argv);
	s->argv = argv;

	close(s->fd);
	s->fd = -1;
	strcpy(s->path, argv[0]);
	r = open_program(s->path, &s->fd);
	return r ? r : 1;
}

static int load(struct glue_prog *p, struct start *s, char *const *envp, unsigned long *sp)
{
	struct glue_image *img = calloc(2, sizeof(*img)), *interp = img + 1;
	char link[64];
	ssize_t n;
	int fd, r = -ENOMEM;

	if (!img)
		return r;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", s->fd);
	n = readlink(link, p->exe, sizeof(p->exe) - 1);
	p->exe[n > 0 ? n : 0] = 0;
	snprintf(p->comm, sizeof(p->comm), "%s",
		 strrchr(s->path, '/') ? strrchr(s->path, '/') + 1 : s->path);

	p->stack_lo = p->hi;
	r = glue_elf_load(p, s->fd, p->lo + IMAGE_GAP, img);
	if (r)
		goto out;
	if (!img->bias) {
		p->img_lo = img->lo;
		p->img_hi = img->hi;
	}
	p->at_entry = p->entry = img->entry;
	p->at_phdr = img->phdr;
	p->at_phnum = img->phnum;
	if (img->interp[0]) {
		r = open_program(img->interp, &fd);
		if (r)
			goto out;
		r = glue_elf_load(p, fd, p->map_lo + IMAGE_GAP, interp);
		close(fd);
		if (r)
			goto out;
		p->at_base = interp->bias;
		p->entry = interp->entry;
		p->map_cursor = GLUE_PAGE_UP(interp->hi);
	}
	r = glue_start_stack(p, s->path, s->argv, envp, sp);
out:
	free(img);
	return r;
}

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
	static const struct glue_desc start;
	struct glue_frame *f;
	char comm[17] = "";
	int r;

	if (!t)
		return -ENOMEM;
	t->lib_fs = glue_get_fs();
	t->stack = p->opts->stack;
	f = (struct glue_frame *)(t->hook_sp - F_SIZE);
	t->hook_sp -= HOOK_RESERVE;
	memset(f, 0, sizeof(*f));
	f->desc = &start;
	f->cont = f->ret_ip = p->entry;
	f->sp = sp;

	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
	glue_raw2(SYS_sigaltstack, 0, &alt);
	glue_raw3(SYS_get_robust_list, 0, &robust, &robust_len);
	prctl(PR_GET_NAME, comm);
	prctl(PR_SET_NAME, p->comm);

	r = glue_signals_begin(p);
	if (r)
		goto out;
	glue_thread_link(t);
	p->first = t;
	glue_set_gs((unsigned long)t);
	r = glue_thread_arm(t);
	if (!r) {
		glue_on_thread(t, 1);
		mask &= ~GLUE_SYS_BIT;
		glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
		glue_run(t, f);
		glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	}
	glue_net_disarm();
	p->first = NULL;
	glue_leftover_timers(left);
	glue_signals_end(p);
	glue_set_gs(0);
out:
	prctl(PR_SET_NAME, comm);
	glue_raw2(SYS_sigaltstack, &alt, 0);
	glue_raw2(SYS_set_robust_list, robust, robust_len);
	glue_raw4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
	glue_thread_free(t);
	return r;
}

int glue_exec(const struct glue_opts *user, int *wstatus)
{
	struct glue_opts opts = { 0 };
	struct start s = { .fd = -1 };
	struct glue_prog *p;
	unsigned long sp;
	struct glue_leftover *left = NULL;
	unsigned int limit = 0;
	size_t n;
	int r, i, err = -1;

	memcpy(&opts, user, user->size < sizeof(opts) ? user->size : sizeof(opts));
	p = calloc(1, sizeof(*p));
	for (n = 0; opts.argv[n]; n++)
		;
	s.argv = calloc(n + 1, sizeof(*s.argv));
	r = -ENOMEM;
	if (!p || !s.argv)
		goto out;
	memcpy(s.argv, opts.argv, n * sizeof(*s.argv));
	p->opts = &opts;
	p->flags = opts.flags;

	/* A launcher that is not position-independent, or under valgrind. */
	r = (unsigned long)glue_entry < GLUE_LIB_LO || (unsigned long)&opts < GLUE_LIB_LO ?
	    -ENOTSUP : glue_cpu_init();
	if (!r)
		r = glue_net_init(opts.flags);
	if (!r)
		r = glue_vdso_init();
	if (!r)
		r = find(opts.path, &s);
	for (i = 0; !r && (r = follow_script(&s)) > 0; r = 0)
		if (++i > MAX_SCRIPTS) {
			r = -ELOOP;
			break;
		}
	if (!r)
		r = glue_mm_init(p, opts.window);
	if (!r)
		r = load(p, &s, opts.envp ? opts.envp : environ, &sp);
	if (s.fd >= 0)
		close(s.fd);
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
	glue_fdtab_free(p->fds);
	glue_stack_free(p);
out_mm:
	glue_leftover_clear(left, limit);
	glue_linkmap_remove(p);
	glue_arena_free(p);
	glue_mm_free(p);
out:
	/* The strings of a followed script are few, and gone with the process. */
	free(s.argv);
	free(p);
	return r;
}
