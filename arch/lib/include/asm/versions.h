/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernel versions that arch/lib is laid over.  Every
 * test of LINUX_VERSION_CODE is here; the rest of arch/lib asks by feature.
 */
#ifndef _LIB_VERSIONS_H
#define _LIB_VERSIONS_H

#include <linux/version.h>

/* 6.3: arch_cpu_idle() returns with interrupts off. */
#define LIB_IDLE_IRQS_OFF	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0))

/* 6.4: the fallbacks in atomic-arch-fallback.h make xchg from arch_xchg(). */
#define LIB_OWN_ATOMIC_XCHG	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0))

/* 7.0: zones and the zero page come from the core. */
#define LIB_CORE_ZONES		(LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0))

/* The rest of the arena can be hidden from the core that knows mem_init(). */
#define LIB_LAZY_MEMMAP		(!LIB_CORE_ZONES)

/* 6.7: shrinkers are allocated. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define lib_register_shrinker(count, scan, name)			\
({									\
	struct shrinker *__s = shrinker_alloc(0, name);			\
									\
	if (__s) {							\
		__s->count_objects = count;				\
		__s->scan_objects = scan;				\
		__s->seeks = 0;						\
		shrinker_register(__s);					\
	}								\
	__s ? 0 : -ENOMEM;						\
})
#else
#define lib_register_shrinker(count, scan, name)			\
({									\
	static struct shrinker __s = {					\
		.count_objects = count,					\
		.scan_objects = scan,					\
	};								\
	register_shrinker(&__s, name);					\
})
#endif

/* 6.12: dequeue_signal() works on current. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define lib_dequeue_signal(mask, info, type)	dequeue_signal(mask, info, type)
#else
#define lib_dequeue_signal(mask, info, type)	dequeue_signal(current, mask, info, type)
#endif

/* 6.12: struct fd is opaque. */
#define LIB_FD_IS_OPAQUE	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

/* 6.12: nf_conncount_init() leaves the connection tracking hooks alone. */
#define LIB_CONNCOUNT_TRACKS	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0))

/* 6.2: virtio_net_hdr_from_skb() knows UDP segmentation. */
#define LIB_VNET_HAS_USO	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))

/* 6.3: vm_flags is written by accessors only. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define lib_vm_flags_set(vma, flags)	vm_flags_set(vma, flags)
#else
#define lib_vm_flags_set(vma, flags)	((vma)->vm_flags |= (flags))
#endif

#endif
