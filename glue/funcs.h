/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of an ELF file, by file offset.  Ordinary code.
 */
#ifndef GLUE_FUNCS_H
#define GLUE_FUNCS_H

#include <stddef.h>
#include <linux/types.h>

struct glue_func {
	__u64	start, end;
};

/**
 * struct glue_funcs - functions, sorted, without overlap
 * @f: the functions, @n of them
 * @entry: all addresses that have a name or a frame description, sorted; a
 *	function may have several
 */
struct glue_funcs {
	struct glue_func *f;
	size_t	n;
	__u64	*entry;
	size_t	nentry;
};

/* Return: 0, -ENOEXEC (no x86-64 ELF file), -ENOMEM. */
int glue_funcs_find(const void *file, size_t len, struct glue_funcs *out);
void glue_funcs_free(struct glue_funcs *fs);

#endif /* GLUE_FUNCS_H */
