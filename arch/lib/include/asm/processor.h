/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIB_PROCESSOR_H
#define _LIB_PROCESSOR_H

#include <asm/ptrace.h>

#ifndef __ASSEMBLY__
#include <linux/compiler.h>
#include <linux/types.h>

struct libos_call;
struct task_struct;

/**
 * struct thread_struct - a task as a fiber
 * @sp: saved stack pointer while the fiber is not running
 * @fn: function of a kernel thread, or of a new user task before its first call
 * @arg: its argument
 * @call: the system call in progress, NULL in "user mode"
 * @host_task: the host's name for the task, NULL for kernel threads
 * @signals: sent by the stack while no call was there to report them
 * @remote: the program's memory is reached through the host's mem ops
 * @regs: dummy, for the few who ask
 */
struct thread_struct {
	unsigned long sp;
	int (*fn)(void *arg);
	void *arg;
	struct libos_call *call;
	void *host_task;
	u64 signals;
	bool remote;
	struct pt_regs regs;
};

#define INIT_THREAD	{ }

#define task_pt_regs(tsk)	(&(tsk)->thread.regs)
#define KSTK_EIP(tsk)		(0UL)
#define KSTK_ESP(tsk)		(0UL)

/*
 * One address space: the program's, the host's and ours, which ends where the
 * host's kernel says.  (Hosts with five-level page tables have more, but give it
 * only to programs that ask for addresses up there.)
 */
#define TASK_SIZE		((1UL << 47) - 4096)
#define TASK_SIZE_MAX		TASK_SIZE
#define TASK_UNMAPPED_BASE	0
#define STACK_TOP		TASK_SIZE
#define STACK_TOP_MAX		TASK_SIZE

void lib_cpu_relax(void);
#define cpu_relax()		lib_cpu_relax()

static inline void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp)
{
	regs->pc = pc;
	regs->sp = sp;
}

unsigned long __get_wchan(struct task_struct *p);

#endif

#endif
