// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process in the background whose starter waits until it is up.
 *
 * What goes wrong before that is said where the user sees it, and is the exit status
 * of the command.  Later standard error is the log: a file, or a datagram socket to
 * syslog, where each write() is a message.  So the kernel's log goes there, too,
 * which is written without a libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include "daemon.h"
#include "run.h"

/* Without a syslog there is no log; most containers have none. */
static int open_syslog(void)
{
	const struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* A child that was left by its starter has nobody to tell. */
static int wait_for(int ready, pid_t pid)
{
	int status = 0;
	char c;
	ssize_t n;

	do {
		n = read(ready, &c, 1);
	} while (n < 0 && errno == EINTR);
	close(ready);
	if (n == 1)
		return 1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return 1 + WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		nuse_say("--daemon: the stack was killed by signal %d (%s) while starting",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	return 1 + NUSE_EXIT_FAILED;
}

int nuse_daemon_begin(struct nuse_daemon *d, const char *log_file)
{
	int fd[2], ret;
	pid_t pid;

	d->log = log_file ? open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600) :
			    open_syslog();
	if (d->log < 0) {
		ret = -errno;
		nuse_say("--log-file: cannot write %s: %s", log_file ? log_file : _PATH_LOG,
			 strerror(-ret));
		return ret;
	}
	if (pipe2(fd, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		ret = -errno;
		nuse_say("--daemon: %s", strerror(-ret));
		return ret;
	}
	if (pid) {
		close(fd[1]);
		return wait_for(fd[0], pid);
	}
	close(fd[0]);
	d->ready = fd[1];
	setsid();
	return 0;
}

int nuse_daemon_ready(struct nuse_daemon *d)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), err;

	if (null < 0 || chdir("/") < 0) {
		err = errno;
		nuse_say("--daemon: %s", strerror(err));
		return -err;
	}
	umask(022);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(d->log, STDERR_FILENO);
	close(null);
	close(d->log);
	/* A starter that was killed meanwhile does not want the stack. */
	if (write(d->ready, "", 1) != 1)
		return -EPIPE;
	close(d->ready);
	return 0;
}
