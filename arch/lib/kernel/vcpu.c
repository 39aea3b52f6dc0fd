// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU: how host threads go in and out of the kernel layer.
 *
 * Problem.  An application's threads are host threads, the kernel's are fibers,
 * and there is one virtual CPU.  A system call should cost a stack switch when
 * nothing else is to be done, and a call that blocks should let its own host
 * thread carry on with whatever the kernel has to do meanwhile.
 *
 * Design.  The kernel layer is a coroutine of its host.  The host thread that
 * holds the host's token calls lib_vcpu_enter() or lib_vcpu_run(), which switch
 * from the host's stack to the fiber of the current task.  There are two places
 * where a fiber switches back, by lib_leave():
 *
 *   in finish_call()   the call of the task that the host thread came for is
 *                      complete.  The task stays current ("lazily", as the
 *                      scheduler sees it, it is executing its program), so that
 *                      its next call is a mere switch back;
 *   in arch_cpu_idle() there is nothing to run.
 *
 * So whenever the host is outside, current is suspended at one of those two
 * places, and the next entry resumes it there.  If the next entry is for another
 * task, that task is woken, and the resumed one gets out of the way: the idle
 * task by leaving its loop, a user task by sleeping until it is called again.
 * A user task whose program executes is therefore either current or asleep; the
 * scheduler never runs it without a call.
 *
 *      host stack            fiber of T                fiber of idle
 *      ----------            ----------                -------------
 *      enter(T) --switch-->  lib_user_loop()
 *                            lib_syscall(): blocks
 *                            schedule() ------------>  arch_cpu_idle()
 *      LIBOS_IDLE  <-------------------switch--------  lib_leave(LIBOS_IDLE)
 *        poll, netdev_event()
 *      run(T) -------------------------switch------->  interrupts, softirqs: wake T
 *                            lib_syscall() returns <-  schedule()
 *      LIBOS_DONE <-switch-  lib_leave(LIBOS_DONE)
 *
 * Calls that complete for a task nobody is waiting inside for are reported by
 * host_ops->call_done(), and the task goes to sleep.
 *
 * Invariants.  @vcpu.host_sp is valid exactly while a fiber runs.  Fibers are
 * not tied to host threads: between two lib_leave() any thread may have carried
 * on.  Interrupts are off in the idle task and on in user tasks when the host is
 * outside; what was raised meanwhile is delivered on the way in.
 */
#include <linux/hardirq.h>
#include <linux/resume_user_mode.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <asm/memory.h>
#include <asm/versions.h>
#include <asm/vcpu.h>

#include "kernel.h"

const struct libos_host_ops *lib_host;
void *lib_host_arg;

static struct {
	unsigned long host_sp;		/* the host's stack while a fiber runs */
	struct task_struct *entered;	/* on whose behalf the host thread is here */
	struct task_struct *wake;	/* entered with a new call, to be woken */
	struct task_struct *first;	/* pid 1 */
	int halted;			/* -ESHUTDOWN once the instance is dead */
} vcpu;

/* Switch from the current fiber to the host, which sees @why. */
void lib_leave(int why)
{
	lib_fiber_switch(&current->thread.sp, vcpu.host_sp, (void *)(long)why);
}

/* Switch from the host to the fiber that was current when the host left. */
static int lib_resume(void)
{
	return (long)lib_fiber_switch(&vcpu.host_sp, current->thread.sp, NULL);
}

int lib_vcpu_enter(struct libos_task *task, struct libos_call *call)
{
	struct task_struct *tsk = lib_handle_task(task);

	if (unlikely(vcpu.halted))
		return vcpu.halted;
	tsk->thread.call = call;
	vcpu.entered = tsk;
	if (tsk != current)
		vcpu.wake = tsk;
	return lib_resume();
}

int lib_vcpu_run(struct libos_task *task)
{
	if (unlikely(vcpu.halted))
		return vcpu.halted;
	vcpu.entered = lib_handle_task(task);
	return lib_resume();
}

/* First thing on the way in: make the task that was entered runnable. */
void lib_wake_entered(void)
{
	struct task_struct *tsk = vcpu.wake;

	if (tsk) {
		vcpu.wake = NULL;
		wake_up_process(tsk);
	}
}

/*
 * What the stack has signalled to current: SIGIO and SIGURG to the process or to
 * the thread that F_SETOWN names, SIGPIPE to the thread that wrote.  Those for the
 * thread are reported with its call if there is one.  All others are for the host
 * to send at once, since the program may be anywhere, and perhaps for long; if the
 * host has no way to, they wait for the task's next call.
 */
static void take_signals(struct libos_call *call)
{
	u64 to_thread = 0, to_process = 0;
	struct kernel_siginfo info;
	enum pid_type type;
	sigset_t none;
	int sig;

	sigemptyset(&none);
	spin_lock_irq(&current->sighand->siglock);
	while ((sig = lib_dequeue_signal(&none, &info, &type)) > 0) {
		if (type == PIDTYPE_PID)
			to_thread |= 1ULL << (sig - 1);
		else
			to_process |= 1ULL << (sig - 1);
	}
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);

	if (call) {
		call->signals |= to_thread;
		to_thread = 0;
	}
	if (lib_host->signal) {
		if (to_process)
			lib_host->signal(lib_host_arg, current->thread.host_task, to_process, 0);
		if (to_thread)
			lib_host->signal(lib_host_arg, current->thread.host_task, to_thread,
					 task_pid_nr(current));
	} else if (call) {
		call->signals |= to_process;
	} else {
		current->thread.signals |= to_thread | to_process;
	}
}

/* What must be done before a call completes. */
static void exit_work(struct libos_call *call)
{
	unsigned long work;

	while ((work = read_thread_flags() & _TIF_WORK_MASK)) {
		if (work & _TIF_NEED_RESCHED)
			schedule();
		if (work & _TIF_NOTIFY_SIGNAL)
			clear_notify_signal();
		if (work & (_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL)) {
			take_signals(call);
			if (task_work_pending(current))
				task_work_run();
		}
		if (work & _TIF_NOTIFY_RESUME) {
			clear_thread_flag(TIF_NOTIFY_RESUME);
			resume_user_mode_work(task_pt_regs(current));
		}
	}
}

/* Sleep while the program executes. */
static void park(void)
{
	struct thread_struct *thread = &current->thread;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(thread->call))
			break;
		schedule();
		if (signal_pending(current))
			exit_work(NULL);
	}
	__set_current_state(TASK_RUNNING);
	thread->call->signals |= thread->signals;
	thread->signals = 0;
}

/* A call is complete: report it, and let the host have the CPU if it waits. */
static void finish_call(struct libos_call *call)
{
	struct thread_struct *thread = &current->thread;

	thread->call = NULL;
	if (vcpu.entered == current) {
		lib_leave(LIBOS_DONE);
		local_irq_disable();
		local_irq_enable();		/* what was raised meanwhile */
		lib_wake_entered();
	} else {
		lib_host->call_done(lib_host_arg, thread->host_task);
	}
}

/* A new task may have been entered before it runs here for the first time. */
void lib_user_loop(void)
{
	struct libos_call *call;

	local_irq_enable();
	for (;;) {
		lib_memory_check();
		call = current->thread.call;
		if (!call) {
			park();
			continue;
		}
		call->ret = lib_syscall(call);
		if (unlikely(lib_netdev_tx_pending))
			lib_netdev_call_end(call);
		if (unlikely(read_thread_flags() & _TIF_WORK_MASK))
			exit_work(call);
		lib_bugwatch();
		finish_call(call);
	}
}

/* Run @entry on the stack of init_task until it leaves for the first time. */
int lib_vcpu_boot(void (*entry)(void))
{
	unsigned long *sp = (void *)init_stack + THREAD_SIZE - 64;

	*--sp = 0;				/* the ABI's alignment at the call */
	*--sp = 0;
	*--sp = (unsigned long)lib_fiber_entry;
	*--sp = 0;				/* rbp */
	*--sp = (unsigned long)entry;		/* rbx */
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	init_task.thread.sp = (unsigned long)sp;
	return lib_resume();
}

struct libos_task *lib_first_task(void)
{
	return lib_task_handle(vcpu.first);
}

/*
 * The calling task ends.  Its host thread is let go first; what the end sets in
 * motion (closing files, sending FINs) happens at the next entry.
 */
void lib_vcpu_exit(struct libos_call *call, long code)
{
	call->ret = 0;
	current->thread.call = NULL;
	if (vcpu.entered == current) {
		vcpu.entered = NULL;
		lib_raise(LIBOS_IRQ_SIGNAL);	/* so that the host runs us soon */
		lib_leave(LIBOS_DONE);
		lib_wake_entered();
	} else {
		lib_host->call_done(lib_host_arg, current->thread.host_task);
	}
	do_exit(code);
}

/* The first task reports for duty, in lib_init_user(). */
void lib_set_first_task(struct task_struct *tsk)
{
	vcpu.first = tsk;
}

/*
 * The end: after a panic or a power-off.  The fiber that died is left where it
 * is; the host gets -ESHUTDOWN now and at each later entry.
 */
void lib_vcpu_halt(int code)
{
	vcpu.halted = -ESHUTDOWN;
	lib_host->halt(lib_host_arg, code);
	for (;;)
		lib_leave(-ESHUTDOWN);
}
