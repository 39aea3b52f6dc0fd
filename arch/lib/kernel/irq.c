// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts.  Any host thread, also in a signal handler, sets a bit in
 * lib_irq_pending; whoever runs the virtual CPU delivers it at the next point
 * where interrupts become enabled (see asm/irqflags.h).  There is no host signal
 * and no nesting of hard interrupts.
 */
#include <linux/hardirq.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/sched/task_stack.h>
#include <asm/irq_regs.h>
#include <asm/softirq_stack.h>
#include <asm/vcpu.h>

unsigned long lib_irqs_on;
unsigned long lib_irq_pending;

static struct pt_regs irq_regs;

/* Softirqs are the deepest users of stack: they get one of their own. */
static u8 softirq_stack[THREAD_SIZE] __aligned(16);

void lib_raise(unsigned int irq)
{
	__atomic_fetch_or(&lib_irq_pending, 1UL << irq, __ATOMIC_SEQ_CST);
}

void lib_run_irqs(void)
{
	unsigned long pending;

	if (in_hardirq())
		return;

	lib_irqs_on = ARCH_IRQ_DISABLED;
	trace_hardirqs_off();
	while ((pending = __atomic_exchange_n(&lib_irq_pending, 0, __ATOMIC_SEQ_CST))) {
		struct pt_regs *old = set_irq_regs(&irq_regs);

		irq_enter();
		while (pending) {
			unsigned int irq = __ffs(pending);

			pending &= pending - 1;
			generic_handle_irq(irq);
		}
		irq_exit();
		set_irq_regs(old);
	}
	trace_hardirqs_on();
	lib_irqs_on = ARCH_IRQ_ENABLED;
}

#ifdef CONFIG_SOFTIRQ_ON_OWN_STACK
void do_softirq_own_stack(void)
{
	lib_call_on_stack(__do_softirq, (unsigned long)softirq_stack + sizeof(softirq_stack));
}
#endif

static irqreturn_t signal_irq(int irq, void *arg)
{
	lib_task_irq();
	return IRQ_HANDLED;
}

void __init init_IRQ(void)
{
	unsigned int irq;

	for (irq = 0; irq < NR_IRQS; irq++)
		irq_set_chip_and_handler(irq, &dummy_irq_chip, handle_simple_irq);
}

static int __init signal_irq_init(void)
{
	return request_irq(LIBOS_IRQ_SIGNAL, signal_irq, 0, "signal", NULL);
}
core_initcall(signal_irq_init);
