// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that a program can expect of signals.  Prints one line a case, the
 * same natively and under the glue; exits 1 if one is wrong.
 */
#include <errno.h>
#include <execinfo.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static int failed;
static volatile sig_atomic_t got, onalt, nested;
static sigjmp_buf jb;
static char alt[65536];
static int p[2];
static volatile double fpu_sum;

static void check(const char *name, int ok)
{
	printf("%s %s\n", ok ? "ok" : "not ok", name);
	fflush(stdout);
	failed |= !ok;
}

static void count(int sig)
{
	char c;

	got++;
	onalt = &c > alt && &c < alt + sizeof(alt);
	getppid();
}

static void handle(int sig, void (*h)(int), int flags)
{
	struct sigaction sa = { .sa_handler = h, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void tick(int ms)
{
	struct itimerval it = { .it_value = { .tv_usec = ms * 1000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* The same, and once more where the first comes before the call has begun. */
static void tick_again(int ms)
{
	struct itimerval it = { .it_value.tv_usec = ms * 1000, .it_interval.tv_usec = 500000 };

	setitimer(ITIMER_REAL, &it, NULL);
}

static void *write_later(void *arg)
{
	while (!got)
		usleep(1000);
	usleep(20000);
	(void)!write(p[1], "x", 1);
	return NULL;
}

/* Each call that may sleep, interrupted without SA_RESTART: EINTR. */
static void test_eintr(int flags, const char *what, int restarts)
{
	struct timespec ts = { 5, 0 };
	struct timeval tv = { 5, 0 };
	struct pollfd pf = { p[0], POLLIN, 0 };
	struct epoll_event ev = { .events = EPOLLIN };
	int word = 0, ep = epoll_create1(0), r;
	fd_set set;
	sigset_t ss;
	char b, name[64];
	int tries;

	handle(SIGALRM, count, flags);
#define CASE(call) do { \
		tries = 20; \
		do { \
			got = 0; \
			tick_again(15); \
			errno = 0; \
			r = (call); \
			tick(0); \
		} while (got > 1 && --tries); \
		snprintf(name, sizeof(name), "%s: EINTR of %.20s", what, #call); \
		check(name, r == -1 && errno == EINTR && got == 1); \
	} while (0)
	if (!restarts) {
		CASE(read(p[0], &b, 1));
		CASE(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0));
	}
	CASE(poll(&pf, 1, 5000));
	CASE(nanosleep(&ts, NULL));
	CASE(pause());
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	CASE(select(p[0] + 1, &set, NULL, NULL, &tv));
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev);
	CASE(epoll_wait(ep, &ev, 1, 5000));
	sigemptyset(&ss);
	sigaddset(&ss, SIGUSR2);
	CASE(sigtimedwait(&ss, NULL, &ts));
	close(ep);
}

static void test_restart(void)
{
	pthread_t th;
	sigset_t ss, old;
	char b;
	long r;

	handle(SIGALRM, count, SA_RESTART);
	got = 0;
	sigemptyset(&ss);
	sigaddset(&ss, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &ss, &old);
	pthread_create(&th, NULL, write_later, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	tick(15);
	r = read(p[0], &b, 1);
	check("SA_RESTART: read goes on", r == 1 && got == 1);
	pthread_join(th, NULL);
}

static void test_altstack(void)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;
	char b;

	sigaltstack(&ss, NULL);
	handle(SIGALRM, count, SA_ONSTACK);
	onalt = 0;
	tick_again(10);
	(void)!read(p[0], &b, 1);
	tick(0);
	check("altstack: from a system call", onalt);
	onalt = 0;
	raise(SIGALRM);
	check("altstack: raise", onalt);
	handle(SIGALRM, count, 0);
	raise(SIGALRM);
	check("altstack: not without SA_ONSTACK", !onalt);
	sigaltstack(NULL, &old);
	check("altstack: read back", old.ss_sp == alt && old.ss_size == sizeof(alt) && !old.ss_flags);
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
	sigaltstack(NULL, &old);
	check("altstack: disabled", old.ss_flags == SS_DISABLE);
}

static void jump(int sig)
{
	got++;
	siglongjmp(jb, 1);
}

static void test_longjmp(void)
{
	volatile int i;
	char b;

	handle(SIGALRM, jump, 0);
	got = 0;
	for (i = 0; i < 300; i++)
		if (!sigsetjmp(jb, 1)) {
			tick(1);
			(void)!read(p[0], &b, 1);
		}
	check("siglongjmp out of 300 handlers", got == 300);
}

static void segv(int sig, siginfo_t *si, void *uc)
{
	got++;
	onalt = si->si_addr == (void *)0x1234;
	siglongjmp(jb, 1);
}

static void test_fault(void)
{
	struct sigaction sa = { .sa_sigaction = segv, .sa_flags = SA_SIGINFO };
	volatile int i;

	sigaction(SIGSEGV, &sa, NULL);
	got = 0;
	for (i = 0; i < 50; i++)
		if (!sigsetjmp(jb, 1))
			*(volatile int *)0x1234 = 1;
	check("50 faults handled, address right", got == 50 && onalt);
	errno = 0;
	check("bad pointer is EFAULT", write(p[1], (void *)8, 4) == -1 && errno == EFAULT);
	check("bad pointer of a handled call is EFAULT",
	      syscall(SYS_rt_sigaction, SIGUSR1, 8L, NULL, 8) == -1 && errno == EFAULT);
	signal(SIGSEGV, SIG_DFL);
}

static void fixup(int sig, siginfo_t *si, void *uc)
{
	ucontext_t *u = uc;

	got++;
	u->uc_mcontext.gregs[REG_RIP] += 2;
	u->uc_mcontext.gregs[REG_RAX] = 77;
}

static void test_context(void)
{
	struct sigaction sa = { .sa_sigaction = fixup, .sa_flags = SA_SIGINFO };
	long r = 0;

	sigaction(SIGILL, &sa, NULL);
	got = 0;
	asm volatile("ud2" : "+a" (r));
	check("handler edits registers", got == 1 && r == 77);
	signal(SIGILL, SIG_DFL);
}

static void mask_probe(int sig)
{
	sigset_t m;

	sigprocmask(0, NULL, &m);
	got = sigismember(&m, SIGUSR1) * 4 + sigismember(&m, SIGUSR2) * 2 + sigismember(&m, SIGALRM);
}

static void test_masks(void)
{
	struct sigaction sa = { .sa_handler = mask_probe };
	struct timespec ts = { 5, 0 };
	sigset_t all, old, m;

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	check("mask in a handler", got == 6);
	sa.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	check("mask with SA_NODEFER", got == 2);

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	getppid();
	sched_yield();
	sigprocmask(0, NULL, &m);
	check("all blocked, SIGSYS too", sigismember(&m, SIGSYS) == 1 && sigismember(&m, SIGHUP));
	raise(SIGUSR1);
	got = 0;
	sigpending(&m);
	check("blocked signal is pending", sigismember(&m, SIGUSR1) && !got);
	sigprocmask(SIG_SETMASK, &old, NULL);
	check("and comes when unblocked", got == 2);
	sigprocmask(0, NULL, &m);
	check("SIGSYS is open again", !sigismember(&m, SIGSYS));

	/* sigsuspend: the temporary mask holds in the handler, the old one after. */
	sa.sa_flags = 0;
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&m);
	sigaddset(&m, SIGALRM);
	sigprocmask(SIG_BLOCK, &m, NULL);
	tick(10);
	sigfillset(&m);
	sigdelset(&m, SIGALRM);
	got = 0;
	check("sigsuspend: EINTR", sigsuspend(&m) == -1 && errno == EINTR);
	check("sigsuspend: its mask in the handler", got == 7);
	sigprocmask(0, NULL, &m);
	check("sigsuspend: old mask after",
	      sigismember(&m, SIGALRM) == 1 && !sigismember(&m, SIGUSR1));

	tick(10);
	sigfillset(&m);
	sigdelset(&m, SIGALRM);
	got = 0;
	check("ppoll: EINTR", ppoll(NULL, 0, &ts, &m) == -1 && errno == EINTR && got == 7);
	sigprocmask(0, NULL, &m);
	check("ppoll: old mask after", sigismember(&m, SIGALRM) == 1 && !sigismember(&m, SIGUSR1));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void nest(int sig)
{
	int s = errno;

	if (++nested < 20)
		raise(nested & 1 ? SIGUSR2 : SIGUSR1);
	got++;
	errno = s;
}

static void test_nested(void)
{
	handle(SIGUSR1, nest, SA_NODEFER);
	handle(SIGUSR2, nest, SA_NODEFER);
	got = nested = 0;
	raise(SIGUSR1);
	check("20 nested handlers", got == 20);
	handle(SIGUSR1, count, SA_RESETHAND);
	got = 0;
	raise(SIGUSR1);
	struct sigaction sa;

	sigaction(SIGUSR1, NULL, &sa);
	check("SA_RESETHAND", got == 1 && sa.sa_handler == SIG_DFL);
}

static int cleaned;
static sem_t pushed;

static void cleanup(void *arg)
{
	cleaned++;
}

static void *cancel_me(void *arg)
{
	char b;

	pthread_cleanup_push(cleanup, NULL);
	sem_post(&pushed);
	(void)!read(p[0], &b, 1);
	pthread_cleanup_pop(0);
	return NULL;
}

static void test_cancel(void)
{
	pthread_t th;
	void *r;
	int i, ok = 1;

	cleaned = 0;
	for (i = 0; i < 50; i++) {
		sem_init(&pushed, 0, 0);
		pthread_create(&th, NULL, cancel_me, NULL);
		/* Half of them in read(), or on the way; the others wherever they are. */
		if (i & 1) {
			while (sem_wait(&pushed))
				;
			usleep(500);
		}
		pthread_cancel(th);
		pthread_join(th, &r);
		ok &= r == PTHREAD_CANCELED;
	}
	check("50 threads cancelled in read", ok);
	check("with their cleanup handlers", cleaned >= 25);
}

static void trace(int sig)
{
	void *v[40];
	int n = backtrace(v, 40), i;
	char **s = backtrace_symbols(v, n);

	got = 0;
	for (i = 0; i < n; i++)
		got |= !!strstr(s[i], "test_backtrace");
	free(s);
}

__attribute__((noinline)) int test_backtrace(void)
{
	struct timespec ts = { 1, 0 };

	handle(SIGALRM, trace, 0);
	tick(10);
	nanosleep(&ts, NULL);
	check("backtrace from a handler crosses the system call", got);
	return 0;
}

/* A storm: timers and threads signal each other; nothing is lost or corrupted. */
static volatile int stop;
static _Atomic long storms, sent, queued;

static void storm(int sig, siginfo_t *si, void *uc)
{
	storms++;
	if (sig == SIGRTMIN)
		queued++;
	if ((storms & 15) == 0)
		getppid();
}

static void *worker(void *arg)
{
	unsigned long x = (unsigned long)arg + 1, n = 0;
	double d = (double)x, want;
	char buf[64];
	int q[2], i;

	if (pipe(q))
		return (void *)1;
	while (!stop) {
		/* Vector and general registers survive. */
		want = d;
		for (i = 0; i < 50; i++)
			want = want * 1.0000001 + 0.5;
		double v = d;
		for (i = 0; i < 50; i++) {
			v = v * 1.0000001 + 0.5;
			if ((i & 15) == 0)
				syscall(SYS_getppid);
		}
		if (v != want)
			return (void *)2;
		memset(buf, (int)x, sizeof(buf));
		if (write(q[1], buf, sizeof(buf)) != sizeof(buf))
			return (void *)3;
		memset(buf, 0, sizeof(buf));
		for (i = 0; i < (int)sizeof(buf);) {
			ssize_t r = read(q[0], buf + i, sizeof(buf) - i);

			if (r <= 0)
				return (void *)4;
			i += r;
		}
		for (i = 0; i < (int)sizeof(buf); i++)
			if (buf[i] != (char)x)
				return (void *)5;
		n++;
	}
	close(q[0]);
	close(q[1]);
	return n ? NULL : (void *)6;
}

static void *sender(void *arg)
{
	pthread_t *th = arg;
	union sigval v = { .sival_int = 1 };
	int i;

	for (i = 0; i < 3000; i++) {
		pthread_kill(th[i & 3], i & 1 ? SIGUSR1 : SIGUSR2);
		sent++;
		if ((i & 7) == 0)
			while (sigqueue(getpid(), SIGRTMIN, v))
				sched_yield();
		if ((i & 63) == 0)
			usleep(100);
	}
	return NULL;
}

static void test_storm(void)
{
	struct sigaction sa = { .sa_sigaction = storm, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval it = { { 0, 200 }, { 0, 200 } }, off = { 0 };
	pthread_t th[4], s[2];
	long bad = 0;
	void *r;
	int i;

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGRTMIN, &sa, NULL);
	for (i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, worker, (void *)(long)i);
	setitimer(ITIMER_REAL, &it, NULL);
	for (i = 0; i < 2; i++)
		pthread_create(&s[i], NULL, sender, th);
	for (i = 0; i < 2; i++)
		pthread_join(s[i], NULL);
	setitimer(ITIMER_REAL, &off, NULL);
	for (i = 0; i < 2000 && queued < 750; i++)
		usleep(10000);
	stop = 1;
	for (i = 0; i < 4; i++) {
		pthread_join(th[i], &r);
		bad |= (long)r;
	}
	check("storm: registers, pipes and stacks unharmed", !bad);
	check("storm: signals came", storms > 100);
	check("storm: all 750 queued signals came", queued == 750);
}

static void test_wait(void)
{
	struct signalfd_siginfo si;
	sigset_t s, old;
	siginfo_t info;
	int fd;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigaddset(&s, SIGSYS);
	sigprocmask(SIG_BLOCK, &s, &old);
	raise(SIGUSR1);
	check("sigwaitinfo", sigwaitinfo(&s, &info) == SIGUSR1 && info.si_pid == getpid());
	fd = signalfd(-1, &s, 0);
	raise(SIGUSR1);
	check("signalfd", read(fd, &si, sizeof(si)) == sizeof(si) && si.ssi_signo == SIGUSR1);
	close(fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void usr(int sig)
{
	got += 100;
}

static void test_order(void)
{
	sigset_t all, old;

	/* Two that wait: the handlers stack up, the last delivered runs first. */
	handle(SIGUSR1, usr, 0);
	handle(SIGUSR2, count, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	raise(SIGUSR1);
	raise(SIGUSR2);
	got = 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	check("two pending signals both come at once", got == 101);
	signal(SIGUSR1, SIG_IGN);
	got = 0;
	raise(SIGUSR1);
	check("ignored", got == 0);
}

int main(void)
{
	if (pipe(p))
		return 2;
	test_eintr(0, "plain", 0);
	test_eintr(SA_RESTART, "SA_RESTART", 1);
	test_restart();
	test_altstack();
	test_longjmp();
	test_fault();
	test_context();
	test_masks();
	test_nested();
	test_cancel();
	test_backtrace();
	test_wait();
	test_order();
	test_storm();
	return failed;
}
