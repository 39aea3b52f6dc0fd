// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the scheduler and the core want of an architecture: a task is a fiber, a
 * context switch is a stack switch.
 */
#include <linux/cpu.h>
#include <linux/hardirq.h>
#include <linux/pm.h>
#include <linux/ptrace.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <asm/versions.h>
#include <asm/switch_to.h>
#include <asm/vcpu.h>

struct task_struct *lib_current = &init_task;

struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next)
{
	lib_current = next;
	return lib_fiber_switch(&prev->thread.sp, next->thread.sp, prev);
}

/* A new fiber's first function; @prev is the task it was switched from. */
static void fiber_main(struct task_struct *prev)
{
	schedule_tail(prev);
	local_irq_enable();
	if (current->thread.fn)
		current->thread.fn(current->thread.arg);
	/* kernel_init() returned from its exec, or a new user task. */
	lib_user_loop();
}

int copy_thread(struct task_struct *tsk, const struct kernel_clone_args *args)
{
	struct thread_struct *thread = &tsk->thread;
	unsigned long *sp = task_stack_page(tsk) + THREAD_SIZE - 64;

	memset(thread, 0, sizeof(*thread));
	thread->fn = args->fn;
	thread->arg = args->fn_arg;

	/* As lib_fiber_switch() leaves a stack; lib_fiber_entry calls rbx. */
	*--sp = 0;				/* the ABI's alignment at the call */
	*--sp = 0;
	*--sp = (unsigned long)lib_fiber_entry;
	*--sp = 0;				/* rbp */
	*--sp = (unsigned long)fiber_main;	/* rbx */
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	thread->sp = (unsigned long)sp;
	return 0;
}

void flush_thread(void)
{
}

/* The idle loop has told lockdep that interrupts are on, which they are not yet. */
void arch_cpu_idle(void)
{
	/* Frames still collected for a burst go out before we wait, unless they are held. */
	if (lib_netdev_tx_pending) {
		raw_local_irq_enable();
		lib_netdev_idle();
		raw_local_irq_disable();
	}
	lockdep_hardirqs_off(_THIS_IP_);
	lib_bugwatch();
	if (!READ_ONCE(lib_irq_pending))
		lib_leave(LIBOS_IDLE);
	lib_wake_entered();
	lockdep_hardirqs_on_prepare();
	lockdep_hardirqs_on(_THIS_IP_);
	raw_local_irq_enable();
	if (LIB_IDLE_IRQS_OFF)
		raw_local_irq_disable();
}

/* A spinning loop waits for an interrupt, so let it come. */
void lib_cpu_relax(void)
{
	if (lib_irqs_on && READ_ONCE(lib_irq_pending))
		lib_run_irqs();
	barrier();
}

void (*pm_power_off)(void);

void machine_halt(void)
{
	lib_vcpu_halt(0);
}

void machine_power_off(void)
{
	lib_vcpu_halt(0);
}

void machine_restart(char *cmd)
{
	lib_vcpu_halt(0);
}

unsigned long __get_wchan(struct task_struct *p)
{
	return 0;
}

void ptrace_disable(struct task_struct *child)
{
}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr, unsigned long data)
{
	return -EIO;
}
