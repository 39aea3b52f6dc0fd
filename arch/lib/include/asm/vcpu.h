/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside arch/lib: the virtual CPU and the host behind it. */
#ifndef _LIB_VCPU_H
#define _LIB_VCPU_H

#include <linux/types.h>
#include <libos/host.h>

struct task_struct;

/* The host, from boot on.  Never NULL once setup_arch() runs. */
extern const struct libos_host_ops *lib_host;
extern void *lib_host_arg;

/* Why a fiber switches to the host; see vcpu.c. */
void lib_leave(int why);
void lib_wake_entered(void);

int lib_vcpu_boot(void (*entry)(void));
int lib_vcpu_enter(struct libos_task *task, struct libos_call *call);
int lib_vcpu_run(struct libos_task *task);
void lib_vcpu_halt(int code);
struct libos_task *lib_first_task(void);

/* The life of a task that belongs to an application thread. */
void lib_user_loop(void);

/* fiber_64.S: save the stack pointer in *@save, continue at @to, there with @val. */
void *lib_fiber_switch(unsigned long *save, unsigned long to, void *val);
void lib_fiber_entry(void);
void lib_call_on_stack(void (*fn)(void), unsigned long top);

/* syscall.c */
long lib_syscall(struct libos_call *call);
void lib_vcpu_exit(struct libos_call *call, long code);

/* task.c, drivers/netdev.c, hostfile.c, fdtoken.c: the calls beyond the host's table. */
long lib_task_new(u64 flags, int tid, void *host_task, struct libos_task **out);
long lib_netdev_add(const struct libos_netdev_params *params, struct libos_netio *io,
		    struct libos_netdev **out);
long lib_netdev_del(struct libos_netdev *dev);
long lib_netdev_carrier(struct libos_netdev *dev, int on);
void lib_netdev_event(struct libos_netdev *dev, unsigned int queue);
void lib_netdev_call_end(const struct libos_call *call);
void lib_netdev_idle(void);
void lib_netdev_hold(int on);
int lib_netdev_release(unsigned int n);
extern bool lib_netdev_tx_pending;
long lib_hostfile(int hostfd);
void lib_hostfile_event(int hostfd, u32 events);
void lib_task_irq(void);
long lib_fd_give(int fd, u64 token);
long lib_fd_take(u64 token);
long lib_fd_drop(u64 token);

/* irq.c */
void lib_raise(unsigned int irq);

/* extable.c */
unsigned long lib_fault(unsigned long ip);

/* stacktrace.c */
void lib_backtrace(unsigned long ip, unsigned long fp);

/* bugwatch.c */
#ifdef CONFIG_LIBOS_BUGWATCH
void lib_bugwatch(void);
#else
static inline void lib_bugwatch(void) { }
#endif

static inline struct libos_task *lib_task_handle(struct task_struct *tsk)
{
	return (struct libos_task *)tsk;
}

static inline struct task_struct *lib_handle_task(struct libos_task *task)
{
	return (struct task_struct *)task;
}

#endif
