// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of system calls, with the host's numbers: a program's registers are
 * valid here as they are.  The numbers come from the tree's own x86-64 table.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/syscalls.h>
#include <asm/versions.h>
#include <asm/unistd.h>
#include <asm/vcpu.h>

/* Processes, their memory and registers are the host's business. */
#define sys_arch_prctl		sys_ni_syscall
#define sys_brk			sys_ni_syscall
#define sys_clone		sys_ni_syscall
#define sys_clone3		sys_ni_syscall
#define sys_execve		sys_ni_syscall
#define sys_execveat		sys_ni_syscall
#define sys_exit		sys_ni_syscall
#define sys_exit_group		sys_ni_syscall
#define sys_fork		sys_ni_syscall
#define sys_ioperm		sys_ni_syscall
#define sys_iopl		sys_ni_syscall
#define sys_modify_ldt		sys_ni_syscall
#define sys_munmap		sys_lib_munmap
#define sys_rt_sigreturn	sys_ni_syscall
#define sys_uretprobe		sys_ni_syscall
#define sys_uprobe		sys_ni_syscall
#define sys_vfork		sys_ni_syscall

/* mmap.c */
asmlinkage long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot,
			 unsigned long flags, unsigned long fd, unsigned long off);
asmlinkage long sys_lib_munmap(unsigned long addr, size_t len);

typedef long (*syscall_fn)(unsigned long, unsigned long, unsigned long,
			   unsigned long, unsigned long, unsigned long);

#define __SYSCALL(nr, call)		[nr] = (syscall_fn)call,
#define __SYSCALL_NORETURN(nr, call)	__SYSCALL(nr, call)

static const syscall_fn table[__NR_syscalls] = {
	[0 ... __NR_syscalls - 1] = (syscall_fn)sys_ni_syscall,
#include <asm/syscalls_64.h>
};

static long fd_check(unsigned int fd)
{
	struct fd f = fdget_raw(fd);
	long ret = -EBADF;

#if LIB_FD_IS_OPAQUE
	if (!fd_empty(f))
		ret = 0;
#else
	if (f.file)
		ret = 0;
#endif
	fdput(f);
	return ret;
}

static noinline long libos_syscall(struct libos_call *call)
{
	const __u64 *arg = call->arg;

	switch (call->nr) {
	case LIBOS_NR_TASK_NEW:
		return lib_task_new(arg[0], arg[1], (void *)arg[2], (void *)arg[3]);
	case LIBOS_NR_TASK_EXIT:
		if (task_pid_nr(current) == 1)	/* the instance would panic */
			return -EINVAL;
		lib_vcpu_exit(call, arg[0]);
		return 0;
	case LIBOS_NR_NETDEV_ADD:
		return lib_netdev_add((void *)arg[0], (void *)arg[1], (void *)arg[2]);
	case LIBOS_NR_NETDEV_DEL:
		return lib_netdev_del((void *)arg[0]);
	case LIBOS_NR_NETDEV_CARRIER:
		return lib_netdev_carrier((void *)arg[0], arg[1]);
	case LIBOS_NR_HOSTFILE:
		return lib_hostfile(arg[0]);
	case LIBOS_NR_FD_CHECK:
		return fd_check(arg[0]);
	case LIBOS_NR_FD_GIVE:
		return lib_fd_give(arg[0], arg[1]);
	case LIBOS_NR_FD_TAKE:
		return lib_fd_take(arg[0]);
	case LIBOS_NR_FD_DROP:
		return lib_fd_drop(arg[0]);
	}
	return -ENOSYS;
}

/*
 * The next descriptor is looked for from next_fd on: alloc_fd() in fs/file.c
 * takes it as a hint, so that the number the host has reserved is found first.
 */
static void set_next_fd(int fd)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	files->next_fd = fd;
	spin_unlock(&files->file_lock);
}

long lib_syscall(struct libos_call *call)
{
	const __u64 *arg = call->arg;
	long ret;

	if (unlikely(call->fd_hint >= 0))
		set_next_fd(call->fd_hint);

	if (likely((__u64)call->nr < __NR_syscalls))
		ret = table[call->nr](arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	else
		ret = libos_syscall(call);

	if (unlikely(call->fd_hint >= 0))
		set_next_fd(0);
	return ret;
}
