/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts are bits in a pending mask that any host thread may set.  They are
 * delivered where interrupts become enabled, so "disabled" costs a store and
 * code between two such points is atomic with respect to them.
 */
#ifndef _LIB_IRQFLAGS_H
#define _LIB_IRQFLAGS_H

#define ARCH_IRQ_DISABLED	0
#define ARCH_IRQ_ENABLED	1

#ifndef __ASSEMBLY__
#include <linux/compiler.h>

extern unsigned long lib_irqs_on;
extern unsigned long lib_irq_pending;
void lib_run_irqs(void);

static __always_inline unsigned long arch_local_save_flags(void)
{
	return lib_irqs_on;
}
#define arch_local_save_flags arch_local_save_flags

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	barrier();
	lib_irqs_on = flags;
	if (flags && unlikely(READ_ONCE(lib_irq_pending)))
		lib_run_irqs();
	barrier();
}
#define arch_local_irq_restore arch_local_irq_restore
#endif

#include <asm-generic/irqflags.h>

#endif
