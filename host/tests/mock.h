/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel layer in a few hundred lines, for tests of the host: tasks that sleep,
 * wait for each other, for frames, for host files; no fibers, no Linux.
 */
#ifndef HOST_TESTS_MOCK_H
#define HOST_TESTS_MOCK_H

#include <libos/host.h>

#define MOCK_NULL	1	/* (x): x */
#define MOCK_SLEEP	2	/* (ns): 0 */
#define MOCK_WAIT	3	/* (channel): 0, once somebody has posted */
#define MOCK_POST	4	/* (channel): 0 */
#define MOCK_RECV	5	/* (buf, len): bytes of the next frame */
#define MOCK_SEND	6	/* (buf, len): 0 once the channel has taken the frame */
#define MOCK_POLLHOST	7	/* (hostfd, events): events that are true */
#define MOCK_PANIC	8
#define MOCK_COUNT	9	/* how many calls this instance has had */
#define MOCK_MEM	10	/* (dst, src, len, write): mem op for own task; bytes not copied */
#define MOCK_TICK	11	/* (ns): 0 at once, and a timer that wakes nobody */
#define MOCK_TICKS	12	/* timer interrupts seen */
#define MOCK_SIGNAL	13	/* (mask): 0, and the mask in call->signals */
#define MOCK_LATER	14	/* (channel): 0 at once; a "worker" posts when it is run */
#define MOCK_LOG	15	/* (text, len) */
#define MOCK_FILEEVENTS	16	/* hostfile_event() calls seen */

/* Internal restart code, as the kernel's ERESTARTSYS. */
#define MOCK_RESTART	512

extern const struct libos_kernel_ops libos_kernel;

#endif
