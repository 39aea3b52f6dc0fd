/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that is about to run: its file, its arguments, and how they get into
 * memory.  Ordinary code.
 */
#ifndef GLUE_START_H
#define GLUE_START_H

#include "glue.h"

#define GLUE_SCRIPTS	5	/* "#!" in a row, as with the kernel */

/**
 * struct glue_start - the program file and what it is run with
 * @fd: the file, open for reading; -1: none
 * @path: as given to execve(), AT_EXECFN
 * @argv: NULL-terminated; the vector is ours, the strings are not
 * @envp: NULL-terminated, the caller's
 * @made: strings that following scripts made
 * @nmade: how many
 */
struct glue_start {
	int	fd;
	char	path[4096];
	char	**argv;
	char	*const *envp;
	char	*made[3 * GLUE_SCRIPTS];
	unsigned int nmade;
};

/* Take over a vector of arguments: -ENOMEM. */
int glue_start_init(struct glue_start *s, char *const *argv, char *const *envp);
void glue_start_free(struct glue_start *s);

/**
 * glue_start_open() - the file of a program
 * @s: gets .fd and .path
 * @path: what to open
 *
 * Return: 0; -ENOENT, -EACCES, ... as execve(2).
 */
int glue_start_open(struct glue_start *s, const char *path);

/* Likewise, searched in PATH as execvp() does if @name has no slash. */
int glue_start_find(struct glue_start *s, const char *name);

/**
 * glue_start_check() - all that can be known before anything is given up
 * @s: an open file; scripts are followed
 *
 * Return: 0; -ENOEXEC, -ELOOP, -EPERM (it would gain privileges, which it is told),
 * and what opening an interpreter returns.
 */
int glue_start_check(struct glue_start *s);

/**
 * glue_start_load() - put it into a program's empty address space
 * @p: the program
 * @s: checked
 * @sp: gets its stack pointer
 */
int glue_start_load(struct glue_prog *p, const struct glue_start *s, unsigned long *sp);

#endif /* GLUE_START_H */
