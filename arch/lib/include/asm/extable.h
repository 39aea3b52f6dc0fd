/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIB_EXTABLE_H
#define _LIB_EXTABLE_H

/* Offsets from the entry itself: no relocation, text may be anywhere. */
#define ARCH_HAS_RELATIVE_EXTABLE

#ifndef __ASSEMBLY__
struct exception_table_entry {
	int insn, fixup;
};

struct pt_regs;
int fixup_exception(struct pt_regs *regs);

#define _ASM_EXTABLE(from, to)				\
	".pushsection \"__ex_table\",\"a\"\n"		\
	".balign 4\n"					\
	".long (" #from ") - .\n"			\
	".long (" #to ") - .\n"				\
	".popsection\n"
#else
#define _ASM_EXTABLE(from, to)				\
	.pushsection "__ex_table", "a" ;		\
	.balign 4 ;					\
	.long (from) - . ;				\
	.long (to) - . ;				\
	.popsection
#endif

#endif
