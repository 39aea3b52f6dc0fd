// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backtraces.  All code is built with frame pointers: a frame is {caller's frame,
 * return address}, a fiber's first frame pointer is 0.  Frames are read with the
 * copy that survives a fault, since after a crash they may be anything.
 */
#include <linux/kallsyms.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>
#include <asm/sections.h>
#include <asm/vcpu.h>

struct frame {
	unsigned long caller;
	unsigned long ip;
};

/* What lib_fiber_switch() leaves on a stack. */
struct switch_frame {
	unsigned long r15, r14, r13, r12, rbx, rbp, ip;
};

typedef bool (*consume_fn)(void *cookie, unsigned long ip);

static noinline void walk(consume_fn consume, void *cookie, unsigned long fp)
{
	struct frame frame;
	int depth;

	for (depth = 0; fp && depth < 64; depth++) {
		if (copy_from_kernel_nofault(&frame, (void *)fp, sizeof(frame)))
			return;
		if (!frame.ip || !consume(cookie, frame.ip))
			return;
		fp = frame.caller;
	}
}

static void walk_task(consume_fn consume, void *cookie, struct task_struct *tsk,
		      struct pt_regs *regs)
{
	if (regs) {
		if (consume(cookie, instruction_pointer(regs)))
			walk(consume, cookie, frame_pointer(regs));
	} else if (tsk && tsk != current) {
		struct switch_frame *sw = (void *)tsk->thread.sp;

		if (consume(cookie, sw->ip))
			walk(consume, cookie, sw->rbp);
	} else {
		walk(consume, cookie, (unsigned long)__builtin_frame_address(0));
	}
}

#ifdef CONFIG_STACKTRACE
void arch_stack_walk(stack_trace_consume_fn consume, void *cookie, struct task_struct *tsk,
		     struct pt_regs *regs)
{
	walk_task(consume, cookie, tsk, regs);
}
#endif

struct show {
	const char *loglvl;
};

static bool show_one(void *cookie, unsigned long ip)
{
	struct show *show = cookie;

	printk("%s %pS\n", show->loglvl, (void *)ip);
	return true;
}

void show_stack(struct task_struct *tsk, unsigned long *sp, const char *loglvl)
{
	struct show show = { loglvl };

	printk("%sCall Trace:\n", loglvl);
	walk_task(show_one, &show, tsk, NULL);
}

void show_regs(struct pt_regs *regs)
{
	show_regs_print_info(KERN_DEFAULT);
}

/* For the host's crash report, from its signal handler. */
void lib_backtrace(unsigned long ip, unsigned long fp)
{
	struct show show = { KERN_EMERG };

	if (ip < (unsigned long)_stext || ip >= (unsigned long)_etext)
		return;
	printk(KERN_EMERG "task %s (%d)\n", current->comm, current->pid);
	show_one(&show, ip);
	walk(show_one, &show, fp);
}
