/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIB_IRQ_H
#define _LIB_IRQ_H

#define NR_IRQS	32

#include <asm-generic/irq.h>

#endif
