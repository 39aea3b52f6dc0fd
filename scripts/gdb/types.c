// SPDX-License-Identifier: GPL-2.0-only
/*
 * For gdb only, nothing here runs: the types that libos-gdb.py looks at, for a
 * kernel that is built without debug information.  types.sh compiles this with a
 * build tree's own configuration, so that gdb knows every offset from the compiler.
 *
 * libos_host_stack describes the frame that lib_fiber_switch() leaves on the stack of
 * a host thread that enters (arch/lib/kernel/fiber_64.S).  gdb follows a backtrace to
 * a stack at a lower address only through the frame of a signal handler, so it is one.
 */
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/af_unix.h>
#include <net/if_inet6.h>
#include <net/inet_hashtables.h>
#include <net/inet_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/net_namespace.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/udp.h>
#include <asm/thread_info.h>
#include <libos/netio.h>

#include "printk_ringbuffer.h"		/* kernel/printk/ */
#include "internal.h"			/* net/packet/ */
#include "af_netlink.h"			/* net/netlink/ */
#include "private.h"			/* made by types.sh */

enum libos_gdb_constants {
	libos_thread_size = THREAD_SIZE,
	libos_task_interruptible = TASK_INTERRUPTIBLE,
	libos_task_uninterruptible = TASK_UNINTERRUPTIBLE,
	libos_task_noload = TASK_NOLOAD,
	libos_exit_zombie = EXIT_ZOMBIE,
	libos_exit_dead = EXIT_DEAD,
	libos_af_inet = AF_INET,
	libos_af_inet6 = AF_INET6,
	libos_iff_loopback = IFF_LOOPBACK,
	libos_netdev_align = NETDEV_ALIGN,
};

__asm__(".text\n"
	".cfi_sections .debug_frame\n"
	".globl libos_host_stack\n"
	".type libos_host_stack, @function\n"
	"libos_host_stack:\n"
	".cfi_startproc\n"
	".cfi_signal_frame\n"
	".cfi_def_cfa rsp, 56\n"
	".cfi_offset rip, -8\n"
	".cfi_offset rbp, -16\n"
	".cfi_offset rbx, -24\n"
	".cfi_offset r12, -32\n"
	".cfi_offset r13, -40\n"
	".cfi_offset r14, -48\n"
	".cfi_offset r15, -56\n"
	".fill 16, 1, 0x90\n"
	".cfi_endproc\n"
	".size libos_host_stack, . - libos_host_stack\n");
