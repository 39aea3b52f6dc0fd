/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other programs in our place, other processes of our program: between process.c,
 * execve.c, fork.c and thread.c.
 */
#ifndef GLUE_PROCESS_H
#define GLUE_PROCESS_H

#include "glue.h"
#include "start.h"

/* --- execve.c: ordinary code ---------------------------------------------- */

/**
 * struct glue_exec_req - an execve() that can be carried out
 * @start: file, arguments, environment
 * @strings: mapping that the latter two are in, @len bytes
 * @mask: signal mask of the thread that asked
 * @mask_sys: and whether it believes SIGSYS blocked
 */
struct glue_exec_req {
	struct glue_start start;
	void	*strings;
	size_t	len;
	unsigned long mask;
	__u8	mask_sys;
};

/**
 * struct glue_exec_call - what glue_exec_prepare() works on
 * @t: the calling thread
 * @dirfd: of execveat(); AT_FDCWD
 * @flags: of execveat()
 * @path: the program's pointers
 * @argv: likewise
 * @envp: likewise
 * @req: the result
 */
struct glue_exec_call {
	struct glue_thread *t;
	int	dirfd, flags;
	unsigned long path, argv, envp;
	struct glue_exec_req *req;
};

/* Through the gate: copy and check all; the program is unharmed.  0 or -errno. */
long glue_exec_prepare(void *call);
/* Through the gate: a request that is not carried out after all. */
long glue_exec_forget(void *req);

/*
 * The calling thread is the program's first one, and runs it and whatever it
 * executes in its place, from stack pointer @sp and signal mask @mask on, until
 * it has ended.  All signals are blocked before and after.
 */
void glue_life(struct glue_thread *t, unsigned long sp, unsigned long mask);

/*
 * Likewise, from a program's first execve() on, for a process that fork() made:
 * there is no glue_exec() to return to.
 */
void glue_child_life(struct glue_thread *t) __attribute__((noreturn));

/* --- fork.c: ordinary code ------------------------------------------------- */

/**
 * struct glue_fork_call - what glue_fork() works on
 * @t: the calling thread; it and nobody else of the program is in the child
 * @flags: CLONE_*
 * @keep: descriptor of the library that the child needs; -1: none
 */
struct glue_fork_call {
	struct glue_thread *t;
	unsigned long flags;
	int	keep;
};

/* Through the gate, all signals blocked.  Return: as fork(2), or -errno. */
long glue_fork(void *call);

/* In a child that is no client of its stack yet. */
extern struct libos_fork *glue_fork_pending;
/* Through the gate, by its one thread: become one.  0 or -errno. */
long glue_fork_join(void *thread);

/* --- process.c: hot ---------------------------------------------------------- */

/* The process, which fork() made, ends as @wstatus says. */
void glue_process_exit(struct glue_thread *t, int wstatus) __attribute__((noreturn));
/* It has become another program: the parent of a vfork() may go on. */
void glue_vfork_release(struct glue_prog *p);

/* --- exepath.c: hot ---------------------------------------------------------- */

/* Does the program's string @path name /proc/self/exe? */
int glue_names_exe(struct glue_thread *t, unsigned long path);

#endif /* GLUE_PROCESS_H */
