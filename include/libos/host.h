/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: The seam between the kernel layer and its host
 *
 * One instance of the kernel layer (a private mapping of liblinux.so) and one
 * host (host/posix, host/sim) meet here and nowhere else.  The header is read
 * by both sides, so it uses uapi types only.
 *
 * The kernel layer is a coroutine.  It owns no host thread, takes no host lock
 * and never sleeps: the host *enters* it with a call for a task, or *runs* it
 * because something happened, and it comes back when that task's call is done
 * or when no kernel task can run.  What to do then (poll devices, wait for the
 * next timer, advance a virtual clock, let another thread in) is the host's
 * decision.
 *
 *	host thread                       kernel layer
 *	-----------                       ------------
 *	enter(task, call) ------------->  switch to the task's fiber
 *	                                  run the system call
 *	    call_done(other) <----------  (calls of other tasks may end, too)
 *	LIBOS_DONE       <--------------  call->ret is valid
 *	  or
 *	LIBOS_IDLE       <--------------  everything sleeps, next timer is set
 *	poll, wait ...
 *	netdev_event(), raise()
 *	run(task)        ------------->   interrupts, softirqs, fibers
 *
 * The virtual CPU.  At most one host thread is inside enter(), run() or any
 * other function of &struct libos_kernel_ops that is not marked "any thread".
 * The host enforces that with a lock of its own, the *token*; the kernel layer
 * keeps nothing in thread-local storage, so that a fiber may be continued by
 * another host thread than the one that started it.
 *
 * Vector state and thread pointer.  enter() and run() may be called with an
 * application's FS base and live vector registers: neither the kernel layer nor
 * a host op that it calls may touch them.  Host ops are built with
 * -mgeneral-regs-only and call no libc, or save and restore both themselves.
 */
#ifndef LIBOS_HOST_H
#define LIBOS_HOST_H

#include <linux/types.h>

struct libos_task;		/* a task of the kernel layer; opaque to the host */
struct libos_netdev;		/* a network device of the kernel layer; opaque */
struct libos_netio;		/* <libos/netio.h> */

/* What enter() and run() return. */
#define LIBOS_IDLE	0	/* no task can run; wait for an event or the timer */
#define LIBOS_DONE	1	/* the call of the task that was named is complete */
/* A negative value: the instance has halted (-ESHUTDOWN), see @halt. */

/* Interrupt lines for raise(). */
#define LIBOS_IRQ_TIMER		0	/* the deadline of @timer_set has passed */
#define LIBOS_IRQ_SIGNAL	1	/* some task has &libos_call.interrupt set */
#define LIBOS_IRQ_NET		2	/* used by netdev_event() */
#define LIBOS_IRQ_HOSTFILE	3	/* used by hostfile_event() */

/* Deadline meaning "no timer is armed". */
#define LIBOS_NEVER	(~0ULL)

/**
 * struct libos_call - one system call of one task, from entry to completion
 * @nr: number in the host's ABI (x86-64: syscall_64.tbl), or LIBOS_NR_*
 * @arg: arguments, as in the registers
 * @ret: result; a negative errno on failure.  The kernel's internal restart
 *	codes (512..516: ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND,
 *	ERESTART_RESTARTBLOCK) are passed on; the caller translates them once
 *	it knows which signal handlers run
 * @fd_hint: number that the first file descriptor installed by this call gets,
 *	if that number is free in the task's table; -1 for the lowest free one
 * @interrupt: set (by any thread, also from a signal handler) to make a
 *	blocking call return as if a signal were pending; then raise
 *	%LIBOS_IRQ_SIGNAL.  Cleared when a call starts
 * @signals: mask (bit n-1 for signal n) of signals that the stack sent to the
 *	task, collected on completion: those that are for the calling thread
 *	(SIGPIPE), and those for the process (SIGIO, SIGURG) if the host has no
 *	op for them, see @signal of &struct libos_host_ops
 * @tx_late: frames that the call makes are sent at its end, when @ret stands and
 *	somebody may go on already; and small ones are held beyond that while
 *	tx_hold() says so.  In both cases but for what would be too much to keep
 *
 * Owned by the host; must stay valid until the call is done.
 */
struct libos_call {
	__s64	nr;
	__u64	arg[6];
	__s64	ret;
	__s32	fd_hint;
	__u32	interrupt;
	__u64	signals;
	__u32	tx_late;
	__u32	pad;
};

/*
 * Calls of the kernel layer beyond the host's table.  They are system calls in
 * every respect: they run on a task and may block.
 */
#define LIBOS_NR_BASE		0x10000
/*
 * task_new(flags, tid, void *host_task, struct libos_task **out)
 * Create a task beside the calling one; flags as for clone(2), of which
 * CLONE_FILES, CLONE_FS, CLONE_THREAD, CLONE_SIGHAND, CLONE_NEWNET and
 * CLONE_NEWNS are honoured; CLONE_VM is implied.  tid: the pid that the task is
 * to have inside the stack, 0 for any.  host_task: what call_done() and the
 * mem ops get.  Returns the pid, or -EEXIST if tid is in use, -ENOMEM, -EINVAL.
 */
#define LIBOS_NR_TASK_NEW	(LIBOS_NR_BASE + 0)
/* task_exit(code): the calling task ends.  The call completes with 0. */
#define LIBOS_NR_TASK_EXIT	(LIBOS_NR_BASE + 1)
/*
 * netdev_add(const struct libos_netdev_params *, struct libos_netio *,
 *	      struct libos_netdev **out)
 * Returns the ifindex, or -EEXIST (name in use), -ENOMEM, -EINVAL.
 */
#define LIBOS_NR_NETDEV_ADD	(LIBOS_NR_BASE + 2)
/* netdev_del(struct libos_netdev *): unregister; afterwards no op is called. */
#define LIBOS_NR_NETDEV_DEL	(LIBOS_NR_BASE + 3)
/* netdev_carrier(struct libos_netdev *, int on): the cable is (un)plugged. */
#define LIBOS_NR_NETDEV_CARRIER	(LIBOS_NR_BASE + 4)
/*
 * hostfile(hostfd): a stack file that stands for a host file, so that the
 * stack's poll, select and epoll can wait for both.  Installed at the number
 * fd_hint (the host's own number).  Returns it, or -EMFILE, -ENOMEM.
 */
#define LIBOS_NR_HOSTFILE	(LIBOS_NR_BASE + 5)
/*
 * fd_check(fd): does nothing but tell whether fd is open in the stack's table:
 * 0 if it is, -EBADF if not.
 */
#define LIBOS_NR_FD_CHECK	(LIBOS_NR_BASE + 6)
/*
 * Open files between tasks that do not share a files table.
 * fd_give(fd, token): keep a reference to the open file fd of the caller's table
 * under @token, a 64-bit number of the host's choice.  0, or -EBADF, -EEXIST (the
 * token is in use), -ENOMEM.  The host drops what a process gave when it dies.
 */
#define LIBOS_NR_FD_GIVE	(LIBOS_NR_BASE + 7)
/*
 * fd_take(token): install the open file in the caller's table, at fd_hint if that
 * is free, without close-on-exec.  The token stays valid.  Returns the number, or
 * -ENOENT (no such token), -EMFILE, -ENOMEM.
 */
#define LIBOS_NR_FD_TAKE	(LIBOS_NR_BASE + 8)
/* fd_drop(token): give the reference back.  0, or -ENOENT. */
#define LIBOS_NR_FD_DROP	(LIBOS_NR_BASE + 9)
#define LIBOS_NR_END		(LIBOS_NR_BASE + 10)

/**
 * struct libos_netdev_params - a network device to be made
 * @name: interface name, 1..15 characters, NUL-terminated; may contain "%d"
 * @mac: hardware address; all zero for one made of the instance's randomness
 * @mtu: bytes of layer 3 payload, 68..65535; 0 for 1500
 * @txqlen: packets that the device's qdisc may hold; 0 for the kernel's default
 */
struct libos_netdev_params {
	char	name[16];
	__u8	mac[6];
	__u8	pad[2];
	__u32	mtu;
	__u32	txqlen;
};

/**
 * struct libos_host_ops - what an instance of the kernel layer asks of its host
 * @size: sizeof(struct libos_host_ops) as the host was compiled with
 * @console: write @len bytes of kernel log.  Never fails
 * @clock_ns: monotonic time in ns.  Must never go backward
 * @wall_ns: time since 1970-01-01 UTC in ns, read once at boot
 * @timer_set: arm the one timer for the absolute @deadline_ns of @clock_ns
 *	(%LIBOS_NEVER: disarm).  When it passes: raise(LIBOS_IRQ_TIMER), run().
 *	A host may be late while a call is inside: a task that is busy raises it
 *	itself when it sees the time
 * @random: fill @buf with @len random bytes.  All the randomness there is
 * @halt: the instance has halted: @code 0 for a clean power-off, else a panic,
 *	whose log has been given to @console.  May return; every later entry
 *	then returns -ESHUTDOWN.  Must not re-enter the kernel layer
 * @call_done: the call of the task made with @host_task is complete, while
 *	another task is being run.  Called with the token held
 * @mem_read: copy @len bytes from address @src of the program behind
 *	@host_task to @dst in our memory; returns the number of bytes NOT
 *	copied.  Called only for tasks made with the flag LIBOS_TASK_REMOTE
 * @mem_write: likewise, from @src in our memory to @dst in the program's
 * @hostfile_poll: which of @events (POLL*) are true of host file @hostfd now;
 *	and tell hostfile_event() when one of the others becomes true.  With
 *	EPOLLET in @events: tell of each edge of any of them from now on, until
 *	@hostfile_release
 * @hostfile_release: @hostfd is no longer of interest
 * @map: make addresses of the process alias the arena.  With @arena_off
 *	%LIBOS_MAP_RESERVE: reserve @len bytes of address space and return their
 *	start in @addr.  Else map @len bytes at @arena_off once more at *@addr,
 *	inside such a reservation.  0, or -ENOMEM.  NULL if the host cannot:
 *	rings of packet sockets can then not be mapped
 * @unmap: give a whole reservation back, aliases and all
 * @signal: the stack sends the signals in @mask (bit n-1 for signal n; SIGIO,
 *	SIGURG, what F_SETSIG names) to the program behind @host_task, which may
 *	be inside no call and should get them now.  @tid: the pid inside the stack
 *	of the one thread that they are for; 0: for the process.  May be NULL:
 *	they then wait for the task's next call, in &libos_call.signals
 *
 * A host may have been compiled with fewer ops than there are now: those from
 * @signal on are optional, and taken as NULL if @size ends before them.
 *
 * Context: each op is called with the token held, on a kernel stack of which
 * about 4 KiB are left, with interrupts off or on; it must not block, and must
 * not call back into the kernel layer except for raise().
 */
struct libos_host_ops {
	__u32	size;
	__u32	pad;
	void	(*console)(void *host, const char *s, __u32 len);
	__u64	(*clock_ns)(void *host);
	__u64	(*wall_ns)(void *host);
	void	(*timer_set)(void *host, __u64 deadline_ns);
	void	(*random)(void *host, void *buf, __u64 len);
	void	(*halt)(void *host, int code);
	void	(*call_done)(void *host, void *host_task);
	__u64	(*mem_read)(void *host, void *host_task, void *dst, __u64 src, __u64 len);
	__u64	(*mem_write)(void *host, void *host_task, __u64 dst, const void *src, __u64 len);
	__u32	(*hostfile_poll)(void *host, int hostfd, __u32 events);
	void	(*hostfile_release)(void *host, int hostfd);
	int	(*map)(void *host, __u64 *addr, __u64 arena_off, __u64 len);
	void	(*unmap)(void *host, __u64 addr, __u64 len);
	void	(*signal)(void *host, void *host_task, __u64 mask, int tid);
};

#define LIBOS_MAP_RESERVE	(~0ULL)

/* Flag of LIBOS_NR_TASK_NEW: the program's memory is reached by mem_read/write. */
#define LIBOS_TASK_REMOTE	(1ULL << 48)

/**
 * struct libos_boot_params - what an instance is booted with
 * @size: sizeof(struct libos_boot_params) as the host was compiled with
 * @ops: the host; must outlive the instance
 * @host: handed back as first argument of each op
 * @arena: memory of the instance, page-aligned, zeroed, read-write; all that
 *	the kernel allocates lies in it
 * @arena_len: bytes, a multiple of 4096, at least 8 MiB (tiny) or 24 MiB (full)
 * @cmdline: kernel command line, copied
 * @init_host_task: what call_done() gets for the first task
 */
struct libos_boot_params {
	__u32	size;
	__u32	pad;
	const struct libos_host_ops *ops;
	void	*host;
	void	*arena;
	__u64	arena_len;
	const char *cmdline;
	void	*init_host_task;
};

/**
 * struct libos_kernel_ops - what a host may ask of an instance
 * @size: sizeof(struct libos_kernel_ops) as the kernel layer was compiled with
 * @version: the kernel's release, e.g. "6.12.117"
 * @boot: boot the instance, once.  Returns 0 and the first task (pid 1, root,
 *	with /proc and /sys mounted) in @init, or a negative errno
 * @enter: start @call for @task and run until it is complete (%LIBOS_DONE) or
 *	everything sleeps (%LIBOS_IDLE); in the latter case go on with run()
 * @run: handle interrupts and run what can run.  @task: the task on whose
 *	behalf the thread waits, or NULL.  %LIBOS_DONE when @task's call is
 *	complete, %LIBOS_IDLE when nothing can run
 * @pending: non-zero if run() has something to do: interrupts to handle, or
 *	tasks that can run (after LIBOS_DONE: e.g. the one that the call woke)
 * @raise: mark interrupt line @irq pending; the host then sees to it that run()
 *	is called soon.  Any thread, also from a signal handler
 * @netdev_event: device @dev may have frames to receive or room to send on
 *	@queue
 * @hostfile_event: host file @hostfd is ready for @events (POLL*)
 * @fault: a memory access by kernel code at @ip faulted.  If it was an access
 *	to the program's memory, returns the address to continue at (the call
 *	then ends with -EFAULT), else 0.  Any thread, from a signal handler
 * @backtrace: write the stack of the task that is inside to the log, for a
 *	crash report.  From a signal handler
 * @tx_hold: whether calls with tx_late may leave frames behind.  If not (from boot on),
 *	those that are there are sent by the next run().  With the token held, as @enter
 * @tx_release: let the next run() send up to @n of the frames of each device that have been
 *	left behind.  Non-zero if there are any.  With the token held
 */
struct libos_kernel_ops {
	__u32	size;
	__u32	pad;
	const char *version;
	int	(*boot)(const struct libos_boot_params *params, struct libos_task **init);
	int	(*enter)(struct libos_task *task, struct libos_call *call);
	int	(*run)(struct libos_task *task);
	int	(*pending)(void);
	void	(*raise)(unsigned int irq);
	void	(*netdev_event)(struct libos_netdev *dev, unsigned int queue);
	void	(*hostfile_event)(int hostfd, __u32 events);
	unsigned long (*fault)(unsigned long ip);
	void	(*backtrace)(unsigned long ip, unsigned long fp);
	void	(*tx_hold)(int on);
	int	(*tx_release)(unsigned int n);
};

/* The one symbol that liblinux.so exports; of type struct libos_kernel_ops. */
#define LIBOS_KERNEL_SYMBOL	"libos_kernel"

#endif /* LIBOS_HOST_H */
