/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of remote calls share: clients, and what these do.
 */
#ifndef HOST_TESTS_REMOTE_H
#define HOST_TESTS_REMOTE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <libos/netcfg.h>
#include <libos/remote.h>

#include "../instance.h"
#include "calls.h"
#include "check.h"

/* Something comes true within a while. */
#define eventually(cond) ({					\
	__u64 _end = now_ns() + 10000000000ULL;			\
	bool _good;						\
	while (!(_good = (cond)) && now_ns() < _end)		\
		usleep(500);					\
	_good;							\
})

/* A bad pointer of a call is touched by the client itself. */
static inline void become_client(struct libos_thread *me)
{
	self = me;
	handle_faults();
}

/*
 * Fork a client that runs @fn and exits with what it returns.  The child's TAP output
 * is its own affair: it says "#" lines only.
 */
static inline pid_t fork_client(struct libos_thread *parent,
				int (*fn)(struct libos_thread *me, void *arg), void *arg)
{
	struct libos_thread *me;
	struct libos_fork *f;
	pid_t pid;
	int r;

	r = libos_fork_begin(parent, &f);
	if (r < 0) {
		printf("# libos_fork_begin: %s\n", strerror(-r));
		return r;
	}
	pid = fork();
	if (!pid) {
		r = libos_fork_child(f, &me);
		if (r < 0) {
			printf("# libos_fork_child: %s\n", strerror(-r));
			_exit(101);
		}
		become_client(me);
		_exit(fn(me, arg));
	}
	libos_fork_end(f, pid);
	return pid;
}

/* A fork that failed has no pid, and a negative number is a great many processes. */
static inline void kill_child(pid_t pid)
{
	if (pid > 1)
		kill(pid, SIGKILL);
}

static inline int status_of(pid_t pid)
{
	int status = -1;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* In a client: say what is wrong, and count it. */
#define expect(cond) do {						\
	if (!(cond)) {							\
		printf("# client, line %d: not true: %s\n", __LINE__, #cond);	\
		bad++;							\
	}								\
} while (0)

#define expect_eq(got, want) do {					\
	long long _g = (got), _w = (want);				\
	if (_g != _w) {							\
		printf("# client, line %d: %s is %lld, not %lld\n", __LINE__, #got, _g, _w); \
		bad++;							\
	}								\
} while (0)

/* --- what clients do ----------------------------------------------------------- */

static inline struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* A connected TCP pair over the stack's loopback, and its listener. */
static inline int tcp_pair(struct libos_thread *me, int port, int fd[3])
{
	struct sockaddr_in a = loopback(port);
	int one = 1;

	fd[0] = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);
	CALL(me, SYS_setsockopt, fd[0], SOL_SOCKET, SO_REUSEADDR, P(&one), sizeof(one));
	if (CALL(me, SYS_bind, fd[0], P(&a), sizeof(a)) < 0 || CALL(me, SYS_listen, fd[0], 8) < 0)
		return -1;
	fd[1] = (int)CALL(me, SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (CALL(me, SYS_connect, fd[1], P(&a), sizeof(a)) < 0)
		return -1;
	fd[2] = (int)CALL(me, SYS_accept4, fd[0], 0, 0, 0);
	return fd[2] < 0 ? -1 : 0;
}

static inline int lo_up(struct libos_thread *me)
{
	struct libos_netcfg_link up = { .size = sizeof(up), .up = 1 };

	return libos_netcfg_link(me, "lo", &up, NULL);
}

/* An instance, and its loopback interface up: two assertions. */
static inline bool open_home(struct libos **os, struct libos_thread **home)
{
	return ok(libos_open(NULL, os, home) == 0, "an instance boots") &&
	       is(lo_up(*home), 0, "the loopback comes up");
}

/* Each of @arg generations makes the next. */
static inline int generations(struct libos_thread *me, void *arg)
{
	long n = (long)arg;
	int fd[3];

	if (CALL(me, SYS_getpid) != getpid())
		return 10;
	if (tcp_pair(me, 2000 + (int)n, fd) < 0)
		return 11;
	if (!n)
		return 0;
	return status_of(fork_client(me, generations, (void *)(n - 1)));
}

static inline int basic_calls(struct libos_thread *me, void *arg)
{
	struct utsname uts;
	int bad = 0;

	expect(libos_is_remote(me));
	expect_eq(CALL(me, SYS_uname, P(&uts)), 0);
	expect(!strcmp(uts.release, libos_version(libos_thread_os(me))));
	expect_eq(CALL(me, SYS_getpid), getpid());
	expect_eq(CALL(me, SYS_uname, 16), -EFAULT);
	expect_eq(CALL(me, SYS_uname, ~0UL - 100), -EFAULT);
	expect_eq(CALL(me, 9999), -ENOSYS);
	expect_eq(CALL(me, LIBOS_NR_TASK_NEW, 0, 0, 0, 16), -EPERM);
	return bad;
}

#endif
