/* SPDX-License-Identifier: GPL-2.0-only */
/* The host is the only source of randomness: see host_ops->random. */
#ifndef _LIB_ARCHRANDOM_H
#define _LIB_ARCHRANDOM_H

#include <linux/types.h>

size_t __must_check lib_random_longs(unsigned long *v, size_t max_longs);

static inline size_t __must_check arch_get_random_longs(unsigned long *v, size_t max_longs)
{
	return lib_random_longs(v, max_longs);
}

static inline size_t __must_check arch_get_random_seed_longs(unsigned long *v, size_t max_longs)
{
	return lib_random_longs(v, max_longs);
}

#endif
