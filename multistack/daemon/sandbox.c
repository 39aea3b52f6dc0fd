// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving up what is no longer needed, once everything is set up.
 *
 *              capabilities                   system calls
 * daemon       NET_ADMIN, BPF                 its epoll loop and what it calls
 * keeper       none                           sockets, memory
 * nsmaker      SYS_ADMIN, NET_ADMIN, NET_RAW  unshare, setns, sockets
 *
 * A system call off the list returns -EPERM rather than killing, so that an
 * oversight, or a libc that starts to use another call, costs one request and
 * not the service.  execve, ptrace, mount, module loading, and everything else
 * that a hijacked daemon would want are off the list, and no_new_privs is set.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "msd.h"
#include "sandbox.h"

#ifndef CAP_BPF
#define CAP_BPF 39
#endif

static int keep_caps(const cap_value_t *keep, int n)
{
	cap_t caps;
	int c, i, err = 0;

	for (c = 0; c <= CAP_LAST_CAP; c++) {
		for (i = 0; i < n && keep[i] != c; i++)
			;
		if (i == n && cap_get_bound(c) > 0)
			cap_drop_bound(c);
	}
	caps = cap_init();
	if (!caps)
		return -ENOMEM;
	if (n && (cap_set_flag(caps, CAP_PERMITTED, n, keep, CAP_SET) ||
		  cap_set_flag(caps, CAP_EFFECTIVE, n, keep, CAP_SET)))
		err = -errno;
	if (!err && cap_set_proc(caps))
		err = -errno;
	cap_free(caps);
	return err;
}

static int allow(const int *calls, size_t n)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	size_t i;
	int err = 0;

	if (!ctx)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++)
		if (calls[i] >= 0)
			err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

#define CALL(name) SCMP_SYS(name)

#define COMMON \
	CALL(read), CALL(write), CALL(close), CALL(recvmsg), CALL(sendmsg), \
	CALL(mmap), CALL(munmap), CALL(mremap), CALL(brk), CALL(madvise), \
	CALL(futex), CALL(exit), CALL(exit_group), CALL(rt_sigreturn), \
	CALL(rt_sigprocmask), CALL(restart_syscall), CALL(clock_gettime), \
	CALL(getpid), CALL(getuid)

int sandbox_keeper(void)
{
	static const int calls[] = {
		COMMON, CALL(accept4), CALL(getsockopt), CALL(unlink),
	};
	int err = keep_caps(NULL, 0);

	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	return err ? err : allow(calls, ARRAY_SIZE(calls));
}

int sandbox_nsmaker(void)
{
	static const cap_value_t caps[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW };
	static const int calls[] = {
		COMMON, CALL(unshare), CALL(setns), CALL(socket), CALL(openat),
	};
	int err = keep_caps(caps, ARRAY_SIZE(caps));

	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	return err ? err : allow(calls, ARRAY_SIZE(calls));
}

int sandbox_enter(struct msd *d)
{
	static const cap_value_t caps[] = { CAP_NET_ADMIN, CAP_BPF };
	static const int calls[] = {
		COMMON, CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_ctl),
		CALL(accept4), CALL(socket), CALL(bind), CALL(listen),
		CALL(connect), CALL(getsockname), CALL(getsockopt),
		CALL(setsockopt), CALL(sendto), CALL(recvfrom), CALL(shutdown),
		CALL(bpf), CALL(ioctl), CALL(fcntl), CALL(dup), CALL(open),
		CALL(openat), CALL(lseek), CALL(stat), CALL(lstat), CALL(fstat),
		CALL(newfstatat), CALL(statx), CALL(access), CALL(faccessat),
		CALL(faccessat2), CALL(unlink), CALL(unlinkat), CALL(pidfd_open),
		CALL(clock_nanosleep), CALL(getrandom), CALL(gettid),
		CALL(tgkill), CALL(rt_sigaction), CALL(uname), CALL(sysinfo),
		CALL(getdents64), CALL(pipe2), CALL(poll), CALL(ppoll),
	};
	int err;

	if (d->o.no_sandbox)
		return 0;
	if (d->o.user) {
		struct passwd *pw = getpwnam(d->o.user);

		if (!pw) {
			log_err("there is no user %s", d->o.user);
			return -EINVAL;
		}
		/* the directories are the daemon's to unlink in */
		if (chown(d->o.run_dir, pw->pw_uid, -1) ||
		    fchown(d->bpffs_fd, pw->pw_uid, -1) ||
		    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
		    setgroups(0, NULL) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
		    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
			err = -errno;
			log_err("cannot become %s: %s", d->o.user, strerror(-err));
			return err;
		}
	}
	err = keep_caps(caps, ARRAY_SIZE(caps));
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	if (!err)
		err = allow(calls, ARRAY_SIZE(calls));
	if (err)
		log_err("cannot drop privileges: %s", strerror(-err));
	return err;
}
