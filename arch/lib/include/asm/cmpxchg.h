/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One virtual CPU whose interrupts come only where they are enabled: plain C is
 * atomic.  What other host threads touch (the pending mask, the interrupt flag
 * of a call) uses __atomic builtins instead.
 */
#ifndef _LIB_CMPXCHG_H
#define _LIB_CMPXCHG_H

#include <linux/types.h>
#include <linux/compiler.h>

#define arch_xchg(ptr, new)						\
({									\
	__typeof__(ptr) __xp = (ptr);					\
	__typeof__(*__xp) __xold = READ_ONCE(*__xp);			\
	WRITE_ONCE(*__xp, (__typeof__(*__xp))(new));			\
	__xold;								\
})

#define arch_cmpxchg(ptr, old, new)					\
({									\
	__typeof__(ptr) __cp = (ptr);					\
	__typeof__(*__cp) __ccur = READ_ONCE(*__cp);			\
	if (__ccur == (__typeof__(*__cp))(old))				\
		WRITE_ONCE(*__cp, (__typeof__(*__cp))(new));		\
	__ccur;								\
})

#define arch_cmpxchg_local	arch_cmpxchg
#define arch_cmpxchg64		arch_cmpxchg
#define arch_cmpxchg64_local	arch_cmpxchg

#endif
