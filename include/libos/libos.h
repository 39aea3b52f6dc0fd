/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: LibOS for programs: an instance of the Linux network stack
 *
 * A program boots one or more instances (libos_open()), gives them network
 * devices (libos_netdev_add()), and makes system calls into them
 * (libos_call()).  Instances are independent: each is a mapping of liblinux.so
 * of its own with its own memory.  See libos(3).
 *
 * Signals.  While a thread is inside a call it runs on a stack of the kernel layer,
 * which is small: signal handlers that may run on such a thread are installed with
 * SA_ONSTACK, and the thread has an alternate stack (sigaltstack(2)).
 *
 * The calls marked "hot" neither use a libc nor vector registers nor
 * thread-local storage; they may be made with any FS base.
 */
#ifndef LIBOS_LIBOS_H
#define LIBOS_LIBOS_H

#include <stddef.h>
#include <libos/host.h>
#include <libos/netio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libos;			/* an instance */
struct libos_thread;		/* a thread, as one instance knows it */

/**
 * struct libos_opts - how to boot an instance
 * @size: sizeof(struct libos_opts); members beyond it take their defaults
 * @library: path of liblinux.so; NULL for the default: $LIBOS_LIBRARY, else the
 *	installed one
 * @memory: bytes of the instance's arena; 0 for 256 MiB (reserved, touched only
 *	as used)
 * @cmdline: kernel command line; NULL for "quiet"
 * @log: gets the kernel log, whole lines not guaranteed; NULL: stderr, errors
 *	only.  Context: hot
 * @log_arg: first argument of @log
 */
struct libos_opts {
	size_t	size;
	const char *library;
	size_t	memory;
	const char *cmdline;
	void	(*log)(void *arg, const char *s, __u32 len);
	void	*log_arg;
};

/**
 * libos_open() - boot an instance
 * @opts: options, or NULL for defaults
 * @out: the instance
 * @main: the calling thread's identity towards it (its first task, pid 1)
 *
 * Context: any thread; takes 2-30 ms; starts one helper thread.
 * Return: 0; -ENOENT or -ENOEXEC (no such library, not a liblinux.so), -ENOMEM,
 * -EPROTO (library and libos.so are of different versions), -EIO (the kernel
 * panicked while booting; its log says why).
 */
int libos_open(const struct libos_opts *opts, struct libos **out, struct libos_thread **main);

/**
 * libos_close() - halt an instance and release all that it holds
 * @os: the instance; no thread may be inside or enter
 *
 * Closes the netio of each of its devices.
 */
void libos_close(struct libos *os);

/**
 * libos_version() - release of the kernel that an instance runs
 * @os: the instance
 *
 * Return: "6.12.117".
 */
const char *libos_version(const struct libos *os);

/**
 * libos_thread_new() - make an identity for another thread
 * @parent: identity of the calling thread
 * @flags: as for LIBOS_NR_TASK_NEW
 * @tid: pid that it has inside the stack, 0 for any
 * @out: the identity, to be used by one thread at a time
 *
 * Return: 0; -EEXIST (tid in use), -ENOMEM, -EINVAL.
 */
int libos_thread_new(struct libos_thread *parent, __u64 flags, int tid,
		     struct libos_thread **out);

/**
 * libos_thread_exit() - end an identity
 * @thr: the identity; its memory is released
 * @code: exit code of its task
 */
void libos_thread_exit(struct libos_thread *thr, int code);

/**
 * libos_thread_os() - the instance that an identity belongs to
 * @thr: the identity
 *
 * Return: the instance.
 */
struct libos *libos_thread_os(const struct libos_thread *thr);

/**
 * libos_call() - make a system call into an instance
 * @thr: the calling thread's identity
 * @nr: number in the host's ABI, or LIBOS_NR_*
 * @arg: six arguments; pointers are to the caller's memory
 *
 * Blocks as the system call does.
 * Context: hot; not from a signal handler that interrupted a libos_call().
 * Return: the result, or a negative errno, which may be one of the kernel's
 * restart codes (512..516) if libos_interrupt() ended it; -ESHUTDOWN once the
 * instance has halted.
 */
long libos_call(struct libos_thread *thr, long nr, const unsigned long arg[6]);

/**
 * libos_call_fd() - the same, with a wish for the new file descriptor's number
 * @thr: the calling thread's identity
 * @nr: number in the host's ABI, or LIBOS_NR_*
 * @arg: six arguments
 * @fd_hint: see &struct libos_call.fd_hint
 *
 * Context: hot.
 * Return: as libos_call().
 */
long libos_call_fd(struct libos_thread *thr, long nr, const unsigned long arg[6], int fd_hint);

/**
 * libos_take_signals() - signals that the stack sent to a thread's task
 * @thr: the calling thread's identity
 *
 * Context: hot.
 * Return: mask (bit n-1 for signal n), which is cleared.
 */
__u64 libos_take_signals(struct libos_thread *thr);

/**
 * libos_interrupt() - make the call that a thread is blocked in return
 * @thr: the identity; if it is inside no call, its next blocking call is not
 *	affected
 *
 * Context: hot; any thread; also from a signal handler on the thread itself.
 */
void libos_interrupt(struct libos_thread *thr);

/**
 * libos_in_call() - is a thread inside libos_call()?
 * @thr: the thread's identity
 *
 * Context: hot; from a signal handler on that thread.
 * Return: non-zero if it is.
 */
int libos_in_call(const struct libos_thread *thr);

/**
 * libos_fault() - may a SIGSEGV or SIGBUS be an access to bad user memory?
 * @thr: the thread that faulted
 * @ip: address of the faulting instruction
 *
 * Return: the address to continue at, or 0 if the fault is a real one.
 * Context: hot; from the signal handler.
 */
unsigned long libos_fault(struct libos_thread *thr, unsigned long ip);

/**
 * libos_netdev_add() - give an instance a network device
 * @thr: the calling thread's identity
 * @params: name, address, MTU
 * @io: the channel; owned by the instance from here on, also on failure
 *
 * The device is down and has no address.
 * Return: its ifindex; negative errno as LIBOS_NR_NETDEV_ADD.
 */
int libos_netdev_add(struct libos_thread *thr, const struct libos_netdev_params *params,
		     struct libos_netio *io);

#ifdef __cplusplus
}
#endif

#endif /* LIBOS_LIBOS_H */
