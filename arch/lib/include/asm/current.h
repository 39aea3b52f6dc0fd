/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIB_CURRENT_H
#define _LIB_CURRENT_H

#ifndef __ASSEMBLY__
struct task_struct;

/*
 * One virtual CPU, one current task.  Never thread-local: the compiler keeps
 * the thread pointer across schedule(), after which another host thread may be
 * running the fiber.
 */
extern struct task_struct *lib_current;
#define current lib_current
#endif

#endif
