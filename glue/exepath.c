// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/self/exe names the program, not the launcher: for readlink() and for
 * whatever takes a path.  By any of its names: /proc/self, /proc/thread-self,
 * /proc/<pid>.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "core.h"
#include "process.h"

/* Longest: /proc/thread-self/exe; with a number of 10 digits, shorter. */
#define MAX_NAME	32

int glue_names_exe(struct glue_thread *t, unsigned long path)
{
	static const char proc[8] = "/proc/";
	char s[MAX_NAME], *p = s + 6;
	unsigned long n = 0;
	int i;

	/* The first bytes decide for all but a few. */
	if (glue_get_user(s, path, 6))
		return 0;
	for (i = 0; i < 6; i++)
		if (s[i] != proc[i])
			return 0;
	if (glue_get_string(s, path, sizeof(s)) < 0)
		return 0;
	if (glue_streq(p, "self/exe") || glue_streq(p, "thread-self/exe"))
		return 1;
	while (*p >= '0' && *p <= '9')
		n = n * 10 + *p++ - '0';
	return n && glue_streq(p, "/exe") &&
	       (n == (unsigned long)glue_raw0(SYS_getpid) || n == (unsigned long)t->tid);
}

/* The path is argument @i: put the program's in its place. */
static long with_path(struct glue_thread *t, struct glue_frame *f, int i)
{
	unsigned long arg[6];

	if (!glue_names_exe(t, f->arg[i]))
		return glue_dispatch(t, f->nr, f->arg);
	glue_memcpy(arg, f->arg, sizeof(arg));
	arg[i] = (unsigned long)t->prog->exe;
	return glue_dispatch(t, f->nr, arg);
}

long glue_sys_path0(struct glue_thread *t, struct glue_frame *f)
{
	return with_path(t, f, 0);
}

long glue_sys_path1(struct glue_thread *t, struct glue_frame *f)
{
	return with_path(t, f, 1);
}

static long give_exe(struct glue_thread *t, unsigned long buf, unsigned long size)
{
	size_t n = glue_strlen(t->prog->exe);

	if ((int)size <= 0)
		return -EINVAL;
	if (n > size)
		n = size;
	return glue_put_user(buf, t->prog->exe, n) ? -EFAULT : (long)n;
}

long glue_sys_readlink(struct glue_thread *t, struct glue_frame *f)
{
	if (glue_names_exe(t, f->arg[0]))
		return give_exe(t, f->arg[1], f->arg[2]);
	return glue_dispatch(t, f->nr, f->arg);
}

long glue_sys_readlinkat(struct glue_thread *t, struct glue_frame *f)
{
	if (glue_names_exe(t, f->arg[1]))
		return give_exe(t, f->arg[2], f->arg[3]);
	return glue_dispatch(t, f->nr, f->arg);
}
