/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of arch/lib/kernel. */
#ifndef _LIB_KERNEL_H
#define _LIB_KERNEL_H

struct task_struct;

extern void *lib_init_host_task;
void lib_console_init(void);
void lib_set_first_task(struct task_struct *tsk);
void lib_time_skip(void);
int lib_boot(const struct libos_boot_params *params, struct libos_task **init);

#endif
