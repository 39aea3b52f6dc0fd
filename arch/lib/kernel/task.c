// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks for application threads.  Such a task is cloned from the task of the
 * thread that asks for it, with the pid that the host gave the thread where the
 * caller wants so, and lives in lib_user_loop().
 *
 * Memory is always shared: it is the program's, which no kernel code of ours
 * maps or frees.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <asm/vcpu.h>

#define CLONE_ALLOWED	(CLONE_FILES | CLONE_FS | CLONE_THREAD | CLONE_SIGHAND | \
			 CLONE_SYSVSEM | CLONE_NEWNET | CLONE_NEWNS | CLONE_VM)

struct new_task {
	void *host_task;
	bool remote;
};

static int new_user_task(void *arg)
{
	lib_user_loop();
	return 0;
}

long lib_task_new(u64 flags, int tid, void *host_task, struct libos_task **out)
{
	pid_t set_tid = tid;
	struct kernel_clone_args args = {
		.flags		= (flags & CLONE_ALLOWED) | CLONE_VM,
		.exit_signal	= flags & CLONE_THREAD ? 0 : SIGCHLD,
		.fn		= new_user_task,
		.set_tid	= tid > 0 ? &set_tid : NULL,
		.set_tid_size	= tid > 0 ? 1 : 0,
	};
	struct task_struct *tsk;
	pid_t pid;

	if (flags & ~(u64)(CLONE_ALLOWED | LIBOS_TASK_REMOTE))
		return -EINVAL;
	pid = kernel_clone(&args);
	if (pid < 0)
		return pid;

	rcu_read_lock();
	tsk = find_task_by_vpid(pid);
	rcu_read_unlock();
	/* It has not run yet, and will not exit before its host tells it to. */
	tsk->thread.host_task = host_task;
	tsk->thread.remote = flags & LIBOS_TASK_REMOTE;
	*out = lib_task_handle(tsk);
	return pid;
}

/*
 * LIBOS_IRQ_SIGNAL: some host thread wants its task's call to end.  Make
 * signal_pending() true for it without a signal.
 */
void lib_task_irq(void)
{
	struct task_struct *g, *tsk;

	rcu_read_lock();
	for_each_process_thread(g, tsk) {
		struct libos_call *call = READ_ONCE(tsk->thread.call);

		if (call && __atomic_exchange_n(&call->interrupt, 0, __ATOMIC_SEQ_CST))
			set_notify_signal(tsk);
	}
	rcu_read_unlock();
}

bool lib_task_is_remote(void)
{
	return current->thread.remote;
}
