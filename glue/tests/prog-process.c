// SPDX-License-Identifier: GPL-2.0-only
/*
 * prog-process CASE: what fork, vfork, clone, posix_spawn, execve, wait and exit do.
 * It prints the same natively and under the glue.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char self[4096];

static void say(const char *name, long value)
{
	printf("%s %ld\n", name, value);
	fflush(stdout);
}

static int status_of(pid_t pid)
{
	int st = -1;

	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	return st;
}

/* --- fork ---------------------------------------------------------------- */

static void basic(void)
{
	pid_t parent = getpid(), pid;
	int fds[2], i, st;
	char c = 0;

	pid = fork();
	if (!pid)
		_exit(getppid() == parent && getpid() != parent &&
		      getpid() == syscall(SYS_gettid) ? 7 : 8);
	say("exit status", status_of(pid));
	pid = fork();
	if (!pid)
		raise(SIGTERM);
	say("killed by", WTERMSIG(status_of(pid)));
	pid = fork();
	if (!pid) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		*(volatile int *)8 = 1;
	}
	say("crashed by", WTERMSIG(status_of(pid)));
	pid = fork();
	if (!pid)
		exit(300);
	say("exit is 8 bits", WEXITSTATUS(status_of(pid)));

	if (pipe(fds))
		return;
	pid = fork();
	if (!pid) {
		close(fds[0]);
		_exit(write(fds[1], "x", 1) != 1);
	}
	close(fds[1]);
	say("pipe", read(fds[0], &c, 1) == 1 && c == 'x' && read(fds[0], &c, 1) == 0);
	status_of(pid);

	for (i = 0; i < 50; i++)
		if (!fork())
			_exit(i);
	for (i = st = 0; i < 50; i++) {
		int s;

		if (wait(&s) > 0)
			st += WEXITSTATUS(s);
	}
	say("fifty", st);
	say("none left", wait(NULL) < 0 && errno == ECHILD);

	/* Deep: each generation has one more. */
	for (i = 0; i < 20; i++) {
		pid = fork();
		if (pid)
			_exit(i ? WEXITSTATUS(status_of(pid)) + 1 : (say("generations",
			      WEXITSTATUS(status_of(pid))), 0));
	}
	_exit(1);
}

static void memory(void)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static int private;
	FILE *f = tmpfile();
	char line[8];
	pid_t pid;
	void *p;

	fputs("abcdef", f);
	rewind(f);
	lseek(fileno(f), 0, SEEK_SET);
	pid = fork();
	if (!pid) {
		*shared = 1;
		private = 1;
		p = malloc(10 << 20);
		memset(p, 1, 10 << 20);
		_exit(read(fileno(f), line, 3) != 3 || fcntl(fileno(f), F_SETFL, O_APPEND));
	}
	say("child", status_of(pid));
	say("shared", *shared);
	say("private", private);
	say("one offset", lseek(fileno(f), 0, SEEK_CUR));
	say("one set of flags", !!(fcntl(fileno(f), F_GETFL) & O_APPEND));
}

static void *churn(void *arg)
{
	volatile int *stop = arg;

	while (!*stop) {
		free(malloc(rand() % 5000));
		close(open("/dev/null", O_RDONLY));
		close(dup(0));
	}
	return NULL;
}

/* fork() in a process with threads that are busy in libc and in the glue. */
static void *forker(void *arg)
{
	long bad = 0, i;
	pid_t pid;

	for (i = 0; i < 60; i++) {
		pid = fork();
		if (!pid) {
			void *p = malloc(100000);
			int fd = open("/dev/null", O_RDONLY), d = dup(fd);
			pthread_t t;
			int one = 1;

			if (i % 4 == 0) {
				pthread_create(&t, NULL, churn, &one);
				pthread_join(t, NULL);
			}
			_exit(p && fd >= 0 && !close(fd) && !close(d) ? 0 : 1);
		}
		bad += pid < 0 || status_of(pid) != 0;
	}
	return (void *)bad;
}

static void threads(void)
{
	static volatile int stop;
	pthread_t busy[4], forks[3];
	long bad = 0, i;
	void *r;

	for (i = 0; i < 4; i++)
		pthread_create(&busy[i], NULL, churn, (void *)&stop);
	for (i = 0; i < 3; i++)
		pthread_create(&forks[i], NULL, forker, NULL);
	for (i = 0; i < 3; i++) {
		pthread_join(forks[i], &r);
		bad += (long)r;
	}
	stop = 1;
	for (i = 0; i < 4; i++)
		pthread_join(busy[i], NULL);
	say("bad children", bad);
}

static volatile int in_handler;

static void fork_handler(int sig)
{
	pid_t pid = fork();

	if (!pid)
		_exit(5);
	in_handler = WEXITSTATUS(status_of(pid));
}

static volatile int nchld;

static void on_chld(int sig)
{
	nchld++;
}

static void signals(void)
{
	sigset_t set, old;
	pid_t pid;
	int i;

	signal(SIGUSR1, fork_handler);
	raise(SIGUSR1);
	say("fork in a handler", in_handler);

	signal(SIGCHLD, on_chld);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (!pid)
		_exit(0);
	while (!nchld)
		sigsuspend(&old);
	say("SIGCHLD", nchld);
	status_of(pid);
	sigprocmask(SIG_SETMASK, &old, NULL);

	/* A storm at fork: the child must not get the parent's. */
	struct itimerval it = { { 0, 500 }, { 0, 500 } }, off = { { 0 } };

	signal(SIGALRM, on_chld);
	setitimer(ITIMER_REAL, &it, NULL);
	long bad = 0;

	for (i = 0; i < 100; i++) {
		pid = fork();
		if (!pid) {
			struct itimerval now;

			getitimer(ITIMER_REAL, &now);
			_exit(now.it_value.tv_usec || now.it_interval.tv_usec ? 1 : 0);
		}
		bad += pid < 0 || status_of(pid);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	say("bad in a storm", bad);
	sigpending(&set);

	sigprocmask(SIG_SETMASK, NULL, &old);
	say("mask empty", sigisemptyset(&old));

	/* Ended by a signal that the parent handles. */
	signal(SIGUSR2, on_chld);
	pid = fork();
	if (!pid) {
		signal(SIGUSR2, SIG_DFL);
		kill(getpid(), SIGUSR2);
		pause();
	}
	say("SIGUSR2", WTERMSIG(status_of(pid)));
}

static void session(void)
{
	int fds[2];
	pid_t pid, ids[4] = { 0 };

	if (pipe(fds))
		return;
	pid = fork();
	if (!pid) {
		pid_t leader = setsid();

		ids[0] = leader == getpid();
		pid = fork();
		if (pid)
			_exit(0);
		/* An orphan. */
		ids[1] = getsid(0) == leader;
		ids[2] = getpgrp() == leader;
		while (getppid() == leader)
			usleep(1000);
		ids[3] = 1;
		_exit(write(fds[1], ids, sizeof(ids)) != sizeof(ids));
	}
	close(fds[1]);
	say("middle", status_of(pid));
	say("orphan wrote", read(fds[0], ids, sizeof(ids)));
	say("ids", ids[0] + ids[1] + ids[2] + ids[3]);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		kill(0, SIGKILL);
	}
	setpgid(pid, pid);
	say("group kill", WTERMSIG(status_of(pid)));
}

/* --- clone --------------------------------------------------------------- */

static void clones(void)
{
	struct clone_args ca = { 0 };
	volatile int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ptid = 0, pidfd = -1;
	struct pollfd p;
	long pid;

	pid = syscall(SYS_clone, CLONE_CHILD_SETTID | CLONE_PARENT_SETTID | SIGCHLD, 0, &ptid,
		      &word[0], 0);
	if (!pid)
		_exit(word[0] != syscall(SYS_gettid));
	say("settid", status_of(pid));
	say("parent settid", ptid == pid);

	ca.flags = CLONE_PIDFD;
	ca.pidfd = (unsigned long)&pidfd;
	ca.exit_signal = SIGCHLD;
	pid = syscall(SYS_clone3, &ca, sizeof(ca));
	if (!pid)
		_exit(4);
	p.fd = pidfd;
	p.events = POLLIN;
	say("pidfd", poll(&p, 1, 5000));
	say("its child", status_of(pid));
	say("garbage", syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0) < 0 ? errno : 0);

	/* CLONE_CLEAR_SIGHAND */
	signal(SIGUSR1, on_chld);
	memset(&ca, 0, sizeof(ca));
	ca.flags = 0x100000000ULL;
	ca.exit_signal = SIGCHLD;
	pid = syscall(SYS_clone3, &ca, sizeof(ca));
	if (!pid) {
		raise(SIGUSR1);
		_exit(0);
	}
	say("cleared handlers", WTERMSIG(status_of(pid)));
}

/* What kills the parent of vfork() does not wait for the child. */
static void vfork_killed(void)
{
	pid_t parent = getpid(), pid;
	int i;

	pid = vfork();
	if (!pid) {
		kill(parent, SIGTERM);
		for (i = 0; i < 2000 && getppid() == parent; i++)
			usleep(10000);
		if (getppid() == parent)
			say("the parent waits", i);
		_exit(0);
	}
	say("not killed", pid > 0);
}

/* --- vfork, posix_spawn ---------------------------------------------------- */

static void spawn(void)
{
	char *av[] = { "x", NULL }, *sh[] = { "sh", "-c", "exit 9", NULL };
	volatile int on_stack = 1;
	pid_t pid;
	int fds[2], i;
	char c;

	pid = vfork();
	if (!pid) {
		on_stack = 2;
		_exit(3);
	}
	say("vfork", WEXITSTATUS(status_of(pid)));
	say("left in the parent's frame", on_stack);

	say("spawn", posix_spawn(&pid, "/bin/sh", NULL, NULL, sh, environ));
	say("spawned", WEXITSTATUS(status_of(pid)));
	say("spawn nothing", posix_spawn(&pid, "/nonexistent", NULL, NULL, av, environ));
	say("spawn a text", posix_spawn(&pid, "/etc/passwd", NULL, NULL, av, environ));
	say("spawn a directory", posix_spawn(&pid, "/", NULL, NULL, av, environ));
	say("spawnp nothing", posix_spawnp(&pid, "no-such-program-here", NULL, NULL, av, environ));

	/* The parent of vfork() waits. */
	if (pipe(fds))
		return;
	pid = vfork();
	if (!pid) {
		usleep(50000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	say("it waited", read(fds[0], &c, 1));
	status_of(pid);

	/* ... until the exec, not longer. */
	pid = vfork();
	if (!pid) {
		execl("/bin/sleep", "sleep", "30", NULL);
		_exit(1);
	}
	kill(pid, SIGKILL);
	say("gone on at exec", WTERMSIG(status_of(pid)));

	for (i = 0; i < 30; i++) {
		posix_spawn(&pid, "/bin/true", NULL, NULL, av, environ);
		if (status_of(pid))
			say("spawn failed", i);
	}
	say("system", WEXITSTATUS(system("exit 12")));
	FILE *f = popen("echo from popen; cat /dev/null", "r");
	char line[64] = "";

	if (fgets(line, sizeof(line), f))
		fputs(line, stdout);
	say("pclose", pclose(f));
	say("no child left", waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

/* --- execve ---------------------------------------------------------------- */

static long try(const char *path, char *const *av, char *const *ev)
{
	execve(path, av, ev);
	return errno;
}

static void failures(void)
{
	char *av[] = { "x", NULL }, *none[] = { NULL }, dir[] = "/tmp/prog-process.XXXXXX";
	char path[64], *big, **many;
	long i;
	int fd;

	if (!mkdtemp(dir) || chdir(dir))
		return;
	say("ENOENT", try("/nonexistent", av, none));
	say("empty", try("", av, none));
	say("ENOTDIR", try("/etc/passwd/x", av, none));
	say("a directory", try("/", av, none));
	say("EACCES", try("/etc/passwd", av, none));
	say("EFAULT", try((char *)8, av, none));
	say("EFAULT argv", try("/bin/true", (char **)8, none));
	if (symlink("loop", "loop"))
		return;
	say("ELOOP", try("loop", av, none));
	big = malloc(1 << 20);
	memset(big, 'a', 1 << 20);
	big[5000] = 0;
	say("ENAMETOOLONG", try(big, av, none));
	big[5000] = 'a';
	big[(1 << 20) - 1] = 0;
	av[0] = big;
	say("E2BIG string", try("/bin/true", av, none));
	av[0] = "x";
	big[100000] = 0;
	many = calloc(100, sizeof(*many));
	for (i = 0; i < 99; i++)
		many[i] = big;
	say("E2BIG sum", try("/bin/true", av, many));

	fd = open("text", O_CREAT | O_WRONLY, 0755);
	if (write(fd, "echo hello\n", 11) != 11)
		return;
	close(fd);
	say("ENOEXEC", try("./text", av, none));
	fd = open("script", O_CREAT | O_WRONLY, 0755);
	if (write(fd, "#!/nonexistent/interpreter\n", 27) != 27)
		return;
	close(fd);
	say("a script's interpreter", try("./script", av, none));
	snprintf(path, sizeof(path), "#!%s/rec\n", dir);
	fd = open("rec", O_CREAT | O_WRONLY, 0755);
	if (write(fd, path, strlen(path)) != (ssize_t)strlen(path))
		return;
	close(fd);
	say("scripts for ever", try("./rec", av, none));
	fd = open("elf", O_CREAT | O_WRONLY, 0755);
	if (write(fd, "\177ELF\2\1\1", 7) != 7)
		return;
	close(fd);
	say("a broken program", try("./elf", av, none));
	fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
	say("execveat flags", syscall(SYS_execveat, fd, "", av, none, 0x8000) < 0 ? errno : 0);
	say("execveat empty", syscall(SYS_execveat, fd, "", av, none, 0) < 0 ? errno : 0);
	say("execveat bad fd", syscall(SYS_execveat, 999, "x", av, none, 0) < 0 ? errno : 0);
	say("execveat link", syscall(SYS_execveat, AT_FDCWD, "loop", av, none, 0x100) < 0 ? errno : 0);
	if (!chdir("/")) {
		snprintf(path, sizeof(path), "rm -r %s", dir);
		say("unharmed", system(path));
	}
	execveat(fd, "", av, none, 0x1000);
	say("execveat", -errno);
}

/* What the next image finds; run as "after". */
static void after(void)
{
	sigset_t set;
	struct sigaction sa;
	stack_t ss;
	timer_t t = 0;
	struct itimerspec its;
	char name[17] = "";
	int i, n = 0;

	sigprocmask(SIG_SETMASK, NULL, &set);
	say("mask", sigismember(&set, SIGUSR1) * 2 + sigismember(&set, SIGUSR2));
	sigpending(&set);
	say("pending", sigismember(&set, SIGUSR1));
	sigaction(SIGHUP, NULL, &sa);
	say("ignored", sa.sa_handler == SIG_IGN);
	sigaction(SIGTERM, NULL, &sa);
	say("handled", sa.sa_handler == SIG_DFL && !sa.sa_flags);
	sigaction(SIGSEGV, NULL, &sa);
	say("handled fault", sa.sa_handler == SIG_DFL);
	sigaltstack(NULL, &ss);
	say("altstack", ss.ss_flags);
	say("timer", syscall(SYS_timer_gettime, t, &its) < 0 ? errno : 0);
	prctl(PR_GET_NAME, name);
	puts(name);
	for (i = 0; i < 200; i++)
		n += fcntl(i, F_GETFD) >= 0;
	say("descriptors", n);
	say("brk", sbrk(0) != NULL);
	say("alarm", alarm(0) > 0);
	say("pid", atoi(getenv("WAS_PID")) == getpid() && getpid() == syscall(SYS_gettid));
	say("environment", getenv("HOME") != NULL);
	say("threads", system("exit `ls /proc/$PPID/task | wc -l`") >> 8 < 20);
}

static void *idle(void *arg)
{
	for (;;)
		pause();
}

static void *exec_thread(void *arg)
{
	char *av[] = { "prog-process", "after", NULL };

	execv(self, av);
	say("exec", errno);
	return NULL;
}

static void before(int thread)
{
	static char was[32];
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	struct itimerspec its = { .it_value = { 1000, 0 } };
	stack_t ss = { .ss_sp = malloc(65536), .ss_size = 65536 };
	sigset_t set;
	pthread_t t;
	timer_t timer;
	int i;

	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, on_chld);
	signal(SIGSEGV, on_chld);
	sigaltstack(&ss, NULL);
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	timer_settime(timer, 0, &its, NULL);
	for (i = 0; i < 3; i++)
		open("/dev/null", O_RDONLY | (i ? O_CLOEXEC : 0));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (i = 0; thread && i < 5; i++)
		pthread_create(&t, NULL, idle, NULL);
	kill(getpid(), SIGUSR1);
	alarm(1000);
	snprintf(was, sizeof(was), "WAS_PID=%d", getpid());
	putenv(was);
	if (!thread)
		exec_thread(NULL);
	pthread_create(&t, NULL, exec_thread, NULL);
	if (thread == 2)
		pthread_exit(NULL);
	for (;;)
		pause();
}

/* A chain of images, each a page of arguments longer. */
/* An interval timer ends with its process, however often it fires meanwhile. */
static void timer(void)
{
	struct itimerval it = { { 0, 50 }, { 0, 50 } };

	signal(SIGALRM, on_chld);
	setitimer(ITIMER_REAL, &it, NULL);
	while (nchld < 100)
		;
	exit(3);
}

static void chain(int n)
{
	char number[16], *av[] = { "prog-process", "chain", number, NULL };

	if (n == 200) {
		say("images", n);
		return;
	}
	snprintf(number, sizeof(number), "%d", n + 1);
	execv(self, av);
	say("exec", errno);
}

/* exec() against exit() and against another exec(), from threads. */
static void *racer(void *arg)
{
	char *av[] = { "true", NULL };

	if ((long)arg & 1)
		execv("/bin/true", av);
	else
		_exit(0);
	return NULL;
}

static void race(void)
{
	long bad = 0, i, j;
	pthread_t t;
	pid_t pid;

	for (i = 0; i < 100; i++) {
		pid = fork();
		if (!pid) {
			for (j = 0; j < 4; j++)
				pthread_create(&t, NULL, racer, (void *)(j + i));
			for (;;)
				pause();
		}
		bad += status_of(pid) != 0;
	}
	say("bad ends", bad);
}

int main(int argc, char **argv)
{
	const char *c = argc > 1 ? argv[1] : "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return 2;
	alarm(50);
	if (!strcmp(c, "basic"))
		basic();
	else if (!strcmp(c, "memory"))
		memory();
	else if (!strcmp(c, "threads"))
		threads();
	else if (!strcmp(c, "signals"))
		signals();
	else if (!strcmp(c, "session"))
		session();
	else if (!strcmp(c, "clones"))
		clones();
	else if (!strcmp(c, "spawn"))
		spawn();
	else if (!strcmp(c, "vfork-killed"))
		vfork_killed();
	else if (!strcmp(c, "failures"))
		failures();
	else if (!strcmp(c, "exec"))
		before(0);
	else if (!strcmp(c, "exec-thread"))
		before(1);
	else if (!strcmp(c, "exec-last-thread"))
		before(2);
	else if (!strcmp(c, "after"))
		after();
	else if (!strcmp(c, "chain"))
		chain(argc > 2 ? atoi(argv[2]) : 0);
	else if (!strcmp(c, "race"))
		race();
	else if (!strcmp(c, "timer"))
		timer();
	else
		return 2;
	return 0;
}
