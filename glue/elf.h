/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading of ELF programs.  Ordinary code.
 */
#ifndef GLUE_ELF_H
#define GLUE_ELF_H

#include "glue.h"

/**
 * struct glue_image - an ELF file in memory
 * @bias: what was added to its addresses
 * @entry: its entry point
 * @phdr: where its program headers are in memory; 0 if they are not
 * @phnum: how many
 * @lo: first and @hi: end address
 * @dynamic: its dynamic section; 0 if it has none
 * @interp: its interpreter, "" if it has none
 */
struct glue_image {
	unsigned long bias, entry, phdr, phnum, lo, hi, dynamic;
	char	interp[4096];
};

/**
 * glue_elf_check() - can an ELF file be loaded?
 * @fd: the file
 * @out: gets .interp, and .lo and .hi as in the file
 *
 * Return: 0, -ENOEXEC.
 */
int glue_elf_check(int fd, struct glue_image *out);

/**
 * glue_elf_load() - map the segments of an ELF file
 * @fd: the file
 * @at: where a position-independent one goes
 *
 * Its text is rewritten.  Return: 0; -ENOEXEC, -EADDRINUSE, -ENOMEM, -EIO,
 * -ENOTSUP (no net, and a call that cannot be rewritten).
 */
int glue_elf_load(struct glue_prog *p, int fd, unsigned long at, struct glue_image *out);

/* startstack.c: arguments, environment and auxiliary vector; @sp is set. */
int glue_start_stack(struct glue_prog *p, const char *execfn, char *const *argv,
		     char *const *envp, unsigned long *sp);

#endif /* GLUE_ELF_H */
