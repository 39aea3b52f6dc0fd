// SPDX-License-Identifier: GPL-2.0-only
/* The one symbol of liblinux.so. */
#include <generated/utsrelease.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <asm/vcpu.h>

#include "kernel.h"

/* Interrupts to deliver, or tasks to run besides the one that is "executing". */
static int lib_pending(void)
{
	return __atomic_load_n(&lib_irq_pending, __ATOMIC_SEQ_CST) ||
	       nr_running() > !is_idle_task(current);
}

extern const struct libos_kernel_ops libos_kernel __attribute__((visibility("default")));

__attribute__((used))
const struct libos_kernel_ops libos_kernel = {
	.size		= sizeof(struct libos_kernel_ops),
	.version	= UTS_RELEASE,
	.boot		= lib_boot,
	.enter		= lib_vcpu_enter,
	.run		= lib_vcpu_run,
	.pending	= lib_pending,
	.raise		= lib_raise,
	.netdev_event	= lib_netdev_event,
	.hostfile_event	= lib_hostfile_event,
	.fault		= lib_fault,
	.backtrace	= lib_backtrace,
	.tx_hold	= lib_netdev_hold,
	.tx_release	= lib_netdev_release,
};
