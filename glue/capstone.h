/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder, capstone, as it is loaded.  Ordinary code.
 */
#ifndef GLUE_CAPSTONE_H
#define GLUE_CAPSTONE_H

#include <capstone/capstone.h>

/* Its functions that we use, by their names without "cs_". */
#define GLUE_CAPSTONE(fn) \
	fn(open) fn(close) fn(option) fn(malloc) fn(free) fn(disasm_iter) fn(insn_group)

struct glue_capstone {
	void	*lib;
#define GLUE_CAPSTONE_FN(name)	__typeof__(&cs_##name) name;
	GLUE_CAPSTONE(GLUE_CAPSTONE_FN)
#undef GLUE_CAPSTONE_FN
};

/* 0 or -ENOENT, which has been said then. */
int glue_capstone_load(struct glue_capstone *c);
void glue_capstone_unload(struct glue_capstone *c);

#endif /* GLUE_CAPSTONE_H */
