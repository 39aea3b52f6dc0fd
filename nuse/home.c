// SPDX-License-Identifier: GPL-2.0-only
/*
 * The home of a stack: how long it lives.
 *
 * A stack lives in the process that booted it, and ends with its last program:
 *
 *	nuse --name web prog	boots, serves "web", runs prog in this process
 *	   |  \__ children of prog, attached programs: clients
 *	prog ends
 *	   |-- no client: the stack ends, nuse exits with prog's status
 *	   `-- clients: libos_serve_move().  nuse exits with prog's status at once;
 *	       the child that has the stack settles: no terminal, no pipe of the user's
 *	       held open, until the last client has ended.
 *	nuse --daemon		settles from the start, until it is told to end
 *
 * Programs that a run line left running (a routing daemon) are there for the
 * others: the stack does not live on for them, they get SIGTERM.
 *
 * nuse --stop: all programs get SIGTERM, 5 seconds later those that are left
 * SIGKILL, and the stack ends.  That takes a thread of its own, since the main one
 * may be running a program.  SIGTERM to a settled home ends the stack at once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "answer.h"
#include "home.h"
#include "run.h"

#define MAX_CLIENTS 1024

static void wake(struct nuse_home *h)
{
	uint64_t one = 1;

	if (write(h->stop_fd, &one, sizeof(one)) < 0)
		return;		/* it is readable already */
}

static const char *title(const struct nuse_home *h)
{
	return h->name.name[0] ? h->name.name : "a stack without a name";
}

static int64_t boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void nuse_home_note_files(struct nuse_home *h)
{
	const int max = sizeof(h->inherited) / sizeof(h->inherited[0]);
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d)) && h->ninherited < max) {
		int fd = atoi(e->d_name);

		if (fd > STDERR_FILENO && fd != dirfd(d))
			h->inherited[h->ninherited++] = fd;
	}
	if (d)
		closedir(d);
}

int nuse_home_serve(struct nuse_home *h, int listen_fd, int fd_min)
{
	int fd, ret;

	h->started_ns = boottime();
	h->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->stop_fd < 0)
		return -errno;
	fd = fcntl(h->stop_fd, F_DUPFD_CLOEXEC, fd_min);
	if (fd >= 0) {
		close(h->stop_fd);
		h->stop_fd = fd;
	}
	if (listen_fd < 0)
		return 0;
	/* A table of files of its own: the program's numbers are the program's. */
	ret = libos_thread_new(h->thr, 0, 0, &h->asker);
	if (!ret)
		ret = libos_serve(h->thr, listen_fd, &h->srv);
	if (!ret)
		libos_serve_query(h->srv, nuse_home_answer, h);
	return ret;
}

/* --- programs ---------------------------------------------------------------- */

/* Signal a client.  It may have ended meanwhile, and its pid be another's. */
static void signal_one(struct nuse_home *h, int pid, int sig)
{
	struct libos_client_info info[MAX_CLIENTS];
	int fd = syscall(SYS_pidfd_open, pid, 0);
	int n, i;

	if (fd < 0)
		return;
	n = libos_serve_clients(h->srv, info, MAX_CLIENTS);
	for (i = 0; i < n && i < MAX_CLIENTS; i++) {
		if (info[i].pid == pid) {
			syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
			break;
		}
	}
	close(fd);
}

static void signal_all(struct nuse_home *h, int sig)
{
	struct libos_client_info info[MAX_CLIENTS];
	int n = libos_serve_clients(h->srv, info, MAX_CLIENTS), i;

	for (i = 0; i < n && i < MAX_CLIENTS; i++)
		if (info[i].pid > 0)
			signal_one(h, info[i].pid, sig);
}

static int clients(const struct nuse_home *h)
{
	return h->srv ? libos_serve_clients(h->srv, NULL, 0) : 0;
}

/* Until there is no program left, or for @ms. */
static bool await_programs(const struct nuse_home *h, int ms)
{
	const struct timespec step = { .tv_nsec = 10000000 };

	for (; clients(h) || __atomic_load_n(&h->prog, __ATOMIC_ACQUIRE); ms -= 10) {
		if (ms <= 0)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

static void *stop(void *arg)
{
	struct nuse_home *h = arg;

	if (__atomic_load_n(&h->prog, __ATOMIC_ACQUIRE))
		kill(getpid(), SIGTERM);
	signal_all(h, SIGTERM);
	if (!await_programs(h, NUSE_STOP_MS)) {
		signal_all(h, SIGKILL);
		if (__atomic_load_n(&h->prog, __ATOMIC_ACQUIRE)) {
			nuse_name_release(&h->name);
			kill(getpid(), SIGKILL);
		}
	}
	wake(h);
	return NULL;
}

int nuse_home_stop(struct nuse_home *h)
{
	pthread_t thread;
	int ret;

	if (__atomic_exchange_n(&h->stopping, 1, __ATOMIC_SEQ_CST))
		return 0;
	ret = pthread_create(&thread, NULL, stop, h);
	if (ret) {
		__atomic_store_n(&h->stopping, 0, __ATOMIC_SEQ_CST);
		return -ret;
	}
	pthread_detach(thread);
	return 0;
}

void nuse_home_note_helpers(struct nuse_home *h)
{
	struct libos_client_info info[sizeof(h->helpers) / sizeof(h->helpers[0])];
	const int max = sizeof(info) / sizeof(info[0]);
	int n, i;

	h->srv = libos_served(h->thr);
	if (!h->srv)
		return;
	n = libos_serve_clients(h->srv, info, max);
	for (i = 0; i < n && i < max; i++)
		h->helpers[h->nhelpers++] = info[i].pid;
}

static bool is_helper(const struct nuse_home *h, int pid)
{
	int i;

	for (i = 0; i < h->nhelpers; i++)
		if (h->helpers[i] == pid)
			return true;
	return false;
}

static bool only_helpers(const struct nuse_home *h)
{
	struct libos_client_info info[MAX_CLIENTS];
	int n = libos_serve_clients(h->srv, info, MAX_CLIENTS), i;

	for (i = 0; i < n && i < MAX_CLIENTS; i++)
		if (!is_helper(h, info[i].pid))
			return false;
	return n <= MAX_CLIENTS;
}

/* --- waiting ----------------------------------------------------------------- */

static struct nuse_home *settled;

static void on_signal(int sig)
{
	int err = errno;

	settled->signal = sig;
	wake(settled);
	errno = err;
}

void nuse_home_settle(struct nuse_home *h, bool forever)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	struct pollfd p = { .fd = h->stop_fd, .events = POLLIN };
	sigset_t set;
	int n;

	settled = h;
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);

	if (forever)
		while (poll(&p, 1, -1) < 0)
			;
	else
		while (libos_serve_wait(h->srv, h->stop_fd) == -EINTR)
			;
	if (!h->signal)
		return;
	n = clients(h);
	nuse_say("%s: ended by SIG%s%s", title(h), sigabbrev_np(h->signal),
		 n ? ", with programs that still used it" : "");
}

/*
 * A process of its own, with nothing of the user's.  A pipe must go, or those who
 * read from the other end would wait for us; a terminal or a file does not mind.
 */
static void leave_user(const struct nuse_home *h, bool keep_stderr)
{
	struct stat st;
	int null, i;

	setsid();
	for (i = 0; i < h->ninherited; i++)
		close(h->inherited[i]);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	umask(022);
	if (chdir("/") < 0)
		nuse_say("cannot go to /: %s", strerror(errno));
	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!keep_stderr && (fstat(STDERR_FILENO, &st) < 0 ||
			     !(S_ISREG(st.st_mode) || S_ISCHR(st.st_mode))))
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

int nuse_home_stay(struct nuse_home *h, bool keep_stderr)
{
	int ret;

	__atomic_store_n(&h->prog, NULL, __ATOMIC_RELEASE);
	h->srv = libos_served(h->thr);
	if (!clients(h))
		return 0;
	if (h->nhelpers && only_helpers(h)) {
		signal_all(h, SIGTERM);
		if (!await_programs(h, NUSE_STOP_MS))
			signal_all(h, SIGKILL);
		return 0;
	}
	if (!__atomic_load_n(&h->stopping, __ATOMIC_SEQ_CST)) {
		ret = libos_serve_move(h->thr);
		if (ret > 0)
			return -1;
		if (ret == 0) {
			leave_user(h, keep_stderr);
			/* Told to stop just then: the thread that did it is the parent's. */
			if (__atomic_exchange_n(&h->stopping, 0, __ATOMIC_SEQ_CST))
				nuse_home_stop(h);
			nuse_home_settle(h, false);
			return 1;
		}
		nuse_say("cannot go on in the background: %s; waiting for the programs that are left",
			 strerror(-ret));
	}
	nuse_home_settle(h, false);
	return 0;
}

void nuse_home_end(struct nuse_home *h)
{
	nuse_name_release(&h->name);
	if (h->asker)
		libos_serve_query(h->srv, NULL, NULL);
}
