// SPDX-License-Identifier: GPL-2.0-only
/*
 * From /init to the first task.  pid 1 becomes what every kernel's pid 1 is, by
 * an exec: a binary format of ours loads the file /init, eight magic bytes that
 * we wrote ourselves, and its "program" is whoever makes system calls for the
 * task.  So the task has files, a filesystem context, credentials and an mm as
 * any program has, set up by the kernel's own code.
 */
#include <linux/binfmts.h>
#include <linux/capability.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/init_syscalls.h>
#include <linux/oom.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/timekeeping.h>
#include <asm/vcpu.h>

#include "kernel.h"

#define MAGIC		"\177LIBOS\r\n"
#define MAGIC_LEN	8

void *lib_init_host_task;

/*
 * Signals that the stack sends are handed to the program's host (vcpu.c), so
 * none may have its default action here.  No handler is ever called.
 */
static void own_signals(void)
{
	int sig;

	for (sig = 1; sig <= _NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			kernel_sigaction(sig, (__sighandler_t)2);
	kernel_sigaction(SIGCHLD, SIG_IGN);	/* exited tasks are not waited for */
}

/* Boot has skipped its idle time, and so run ahead of the host's clock. */
static void set_wall_clock(void)
{
	struct timespec64 now = ns_to_timespec64(lib_host->wall_ns(lib_host_arg));

	do_settimeofday64(&now);
}

static int load_host_program(struct linux_binprm *bprm)
{
	int ret, fd;

	if (memcmp(bprm->buf, MAGIC, MAGIC_LEN))
		return -ENOEXEC;
	ret = begin_new_exec(bprm);
	if (ret)
		return ret;
	set_personality(PER_LINUX);
	setup_new_exec(bprm);
	finalize_exec(bprm);
	own_signals();
	set_wall_clock();
	for (fd = 0; fd < 3; fd++)
		close_fd(fd);
	current->thread.host_task = lib_init_host_task;
	lib_set_first_task(current);
	return 0;
}

static struct linux_binfmt host_format = {
	.module		= THIS_MODULE,
	.load_binary	= load_host_program,
};

static void __init mount_at(const char *type, const char *dir)
{
	int ret;

	init_mkdir(dir, 0755);
	ret = init_mount(type, dir, type, 0, NULL);
	if (ret)
		pr_warn("libos: cannot mount %s on %s: %d\n", type, dir, ret);
}

static int __init make_file(const char *name, const char *data, size_t len)
{
	struct file *file = filp_open(name, O_CREAT | O_WRONLY, 0755);
	loff_t pos = 0;
	ssize_t ret = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	if (len)
		ret = kernel_write(file, data, len, &pos);
	fput(file);
	return ret < 0 ? ret : 0;
}

static int __init host_program_init(void)
{
	register_binfmt(&host_format);
	if (make_file("/init", MAGIC, MAGIC_LEN))
		panic("libos: cannot make /init");
	/* A file open for writing cannot be executed; close it here and now. */
	task_work_run();
	flush_delayed_fput();

	if (IS_ENABLED(CONFIG_PROC_FS))
		mount_at("proc", "/proc");
	if (IS_ENABLED(CONFIG_SYSFS))
		mount_at("sysfs", "/sys");
	/*
	 * The kernel gives init a console, and complains on it if there is none.
	 * A file will do; load_host_program() closes it again.
	 */
	init_unlink("/dev/console");
	make_file("/dev/console", NULL, 0);

	init_mkdir("/tmp", 01777);
	init_mkdir("/run", 0755);

	/* Tasks have the pids of the host's threads. */
	make_file("/proc/sys/kernel/pid_max", "4194304", 7);
	/* The default is a share of what is free at boot; see memory.c. */
	make_file("/proc/sys/fs/file-max", "1048576", 7);

	/* The host's descriptor numbers are ours: leave room for all of them. */
	current->signal->rlim[RLIMIT_NOFILE].rlim_cur = 1 << 20;
	current->signal->rlim[RLIMIT_NOFILE].rlim_max = 1 << 20;
	current->signal->rlim[RLIMIT_MEMLOCK].rlim_cur = RLIM_INFINITY;
	current->signal->rlim[RLIMIT_MEMLOCK].rlim_max = RLIM_INFINITY;

	/*
	 * There is no program of ours to kill when the arena is full, and
	 * panicking would take the application along: allocations fail instead.
	 */
	oom_killer_disable(1);
	return 0;
}
late_initcall_sync(host_program_init);
