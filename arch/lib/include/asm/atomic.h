/* SPDX-License-Identifier: GPL-2.0-only */
/* See asm/cmpxchg.h for why plain C does. */
#ifndef _LIB_ATOMIC_H
#define _LIB_ATOMIC_H

#include <linux/types.h>
#include <asm/cmpxchg.h>
#include <asm/barrier.h>
#include <asm/versions.h>

#define ATOMIC64_INIT(i)	{ (i) }

#define arch_atomic_read(v)		READ_ONCE((v)->counter)
#define arch_atomic_set(v, i)		WRITE_ONCE((v)->counter, (i))
#define arch_atomic64_read(v)		READ_ONCE((v)->counter)
#define arch_atomic64_set(v, i)		WRITE_ONCE((v)->counter, (i))

#define LIB_ATOMIC_FETCH_OP(pfx, vtype, itype, op, expr)		\
static __always_inline itype						\
arch_##pfx##_fetch_##op(itype i, vtype *v)				\
{									\
	itype c = READ_ONCE(v->counter);				\
									\
	WRITE_ONCE(v->counter, expr);					\
	return c;							\
}									\
									\
static __always_inline void arch_##pfx##_##op(itype i, vtype *v)	\
{									\
	arch_##pfx##_fetch_##op(i, v);					\
}

#define LIB_ATOMIC_OP_RETURN(pfx, vtype, itype, op, expr)		\
LIB_ATOMIC_FETCH_OP(pfx, vtype, itype, op, expr)			\
									\
static __always_inline itype						\
arch_##pfx##_##op##_return(itype i, vtype *v)				\
{									\
	itype c = READ_ONCE(v->counter);				\
									\
	c = expr;							\
	WRITE_ONCE(v->counter, c);					\
	return c;							\
}

#define LIB_ATOMIC_OPS(pfx, vtype, itype)				\
	LIB_ATOMIC_OP_RETURN(pfx, vtype, itype, add, c + i)		\
	LIB_ATOMIC_OP_RETURN(pfx, vtype, itype, sub, c - i)		\
	LIB_ATOMIC_FETCH_OP(pfx, vtype, itype, and, c & i)		\
	LIB_ATOMIC_FETCH_OP(pfx, vtype, itype, or, c | i)		\
	LIB_ATOMIC_FETCH_OP(pfx, vtype, itype, xor, c ^ i)		\
	LIB_ATOMIC_FETCH_OP(pfx, vtype, itype, andnot, c & ~i)

LIB_ATOMIC_OPS(atomic, atomic_t, int)
LIB_ATOMIC_OPS(atomic64, atomic64_t, s64)

#undef LIB_ATOMIC_OPS
#undef LIB_ATOMIC_OP_RETURN
#undef LIB_ATOMIC_FETCH_OP

/* Tell atomic-arch-fallback.h which of them there are. */
#define arch_atomic_add_return		arch_atomic_add_return
#define arch_atomic_sub_return		arch_atomic_sub_return
#define arch_atomic_fetch_add		arch_atomic_fetch_add
#define arch_atomic_fetch_sub		arch_atomic_fetch_sub
#define arch_atomic_fetch_and		arch_atomic_fetch_and
#define arch_atomic_fetch_or		arch_atomic_fetch_or
#define arch_atomic_fetch_xor		arch_atomic_fetch_xor
#define arch_atomic_fetch_andnot	arch_atomic_fetch_andnot
#define arch_atomic_andnot		arch_atomic_andnot
#define arch_atomic64_add_return	arch_atomic64_add_return
#define arch_atomic64_sub_return	arch_atomic64_sub_return
#define arch_atomic64_fetch_add		arch_atomic64_fetch_add
#define arch_atomic64_fetch_sub		arch_atomic64_fetch_sub
#define arch_atomic64_fetch_and		arch_atomic64_fetch_and
#define arch_atomic64_fetch_or		arch_atomic64_fetch_or
#define arch_atomic64_fetch_xor		arch_atomic64_fetch_xor
#define arch_atomic64_fetch_andnot	arch_atomic64_fetch_andnot
#define arch_atomic64_andnot		arch_atomic64_andnot

#if LIB_OWN_ATOMIC_XCHG
#define arch_atomic_xchg(v, new)	arch_xchg(&(v)->counter, (new))
#define arch_atomic_cmpxchg(v, old, new) arch_cmpxchg(&(v)->counter, (old), (new))
#define arch_atomic64_xchg(v, new)	arch_xchg(&(v)->counter, (new))
#define arch_atomic64_cmpxchg(v, old, new) arch_cmpxchg(&(v)->counter, (old), (new))
#endif

#endif
