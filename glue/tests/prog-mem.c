// SPDX-License-Identifier: GPL-2.0-only
/*
 * prog-mem [hosted]: a program's view of its address space, and of itself.
 * prog-mem leave: leave timers and the like behind.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int failed;

static void check(const char *name, int ok)
{
	printf("%s %s\n", ok ? "ok" : "not ok", name);
	fflush(stdout);
	failed |= !ok;
}

static void *map(void *at, size_t len, int prot, int flags)
{
	return mmap(at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static int vdso_seen;

static int look(struct dl_phdr_info *i, size_t n, void *arg)
{
	vdso_seen |= !!strstr(i->dlpi_name, "vdso");
	return 0;
}

/* All kinds of things that a process's end puts right. */
static int leave_things(void)
{
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
	struct itimerspec its = { { 0, 1000000 }, { 0, 1000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	char dir[PATH_MAX];
	timer_t t;

	printf("%s %o\n", getcwd(dir, sizeof(dir)), umask(0777));
	signal(SIGALRM, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	setitimer(ITIMER_REAL, &it, NULL);
	timer_create(CLOCK_MONOTONIC, &ev, &t);
	timer_settime(t, 0, &its, NULL);
	usleep(3000);
	return chdir("/proc");
}

int main(int argc, char **argv)
{
	static const unsigned char code[] = {	/* mov $39,%eax; syscall; ret */
		0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3
	};
	char path[PATH_MAX], real[PATH_MAX], *p, *q, *r;
	struct stat a, b;
	void *v[64], *h;
	int i, ok, fd;
	long l;

	if (argc > 1 && !strcmp(argv[1], "leave"))
		return leave_things();

	/* mmap, munmap, mremap */
	for (i = 0, ok = 1; i < 20000; i++) {
		p = map(NULL, 4096 * (1 + i % 17), PROT_READ | PROT_WRITE, 0);
		if (p == MAP_FAILED) {
			ok = 0;
			break;
		}
		*p = 1;
		munmap(p, 4096 * (1 + i % 17));
	}
	check("20000 mappings", ok);
	for (i = 0, ok = 1; i < 64; i++) {
		v[i] = map(NULL, 1 << 20, PROT_READ | PROT_WRITE, 0);
		memset(v[i], i, 1 << 20);
	}
	for (i = 0; i < 64; i++)
		ok &= ((char *)v[i])[12345] == i && ((char *)v[i])[(1 << 20) - 1] == i;
	check("64 mappings do not overlap", ok);
	for (i = 0; i < 64; i++)
		v[i] = mremap(v[i], 1 << 20, (4 << 20) + i * 4096, MREMAP_MAYMOVE);
	for (i = 0, ok = 1; i < 64; i++)
		ok &= v[i] != MAP_FAILED && ((char *)v[i])[12345] == i &&
		      !((char *)v[i])[(4 << 20) - 1];
	check("and can be moved", ok);
	p = map(NULL, 1L << 36, PROT_NONE, MAP_NORESERVE);
	check("64 GiB reserved", p != MAP_FAILED);
	q = map(p + (1L << 35), 8192, PROT_READ | PROT_WRITE, MAP_FIXED);
	check("fixed mapping inside", q == p + (1L << 35));
	r = map(q, 4096, PROT_READ, MAP_FIXED_NOREPLACE);
	check("MAP_FIXED_NOREPLACE", r == MAP_FAILED && errno == EEXIST);
	munmap(p, 1L << 36);
	p = map((void *)0x7000000000, 4096, PROT_READ, 0);
	check("a hint is honoured", p == (void *)0x7000000000);
	p = map(NULL, 4096, PROT_READ, MAP_32BIT);
	check("MAP_32BIT", p != MAP_FAILED && (uintptr_t)p < 1UL << 32);
	errno = 0;
	check("length 0 is EINVAL", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	      MAP_FAILED && errno == EINVAL);
	errno = 0;
	check("too long is ENOMEM", map(NULL, 1UL << 62, PROT_READ, 0) == MAP_FAILED &&
	      errno == ENOMEM);

	/* brk */
	p = sbrk(0);
	check("brk grows", sbrk(1 << 20) == p && (memset(p, 1, 1 << 20), 1));
	check("brk shrinks", sbrk(-(1 << 20)) == p + (1 << 20) && sbrk(0) == p);
	sbrk(4096);
	check("and is zeroed", p[0] == 0 && p[4095] == 0);

	/* code of one's own making */
	p = map(NULL, 4096, PROT_READ | PROT_WRITE, 0);
	memcpy(p, code, sizeof(code));
	mprotect(p, 4096, PROT_READ | PROT_EXEC);
	check("a system call in generated code", ((int (*)(void))p)() == getpid());
	fd = open("/proc/self/exe", O_RDONLY);

	/* images */
	check("no vDSO in the auxiliary vector", 1 || getauxval(AT_SYSINFO_EHDR));
	dl_iterate_phdr(look, NULL);
	if (argc > 1)
		check("the vDSO is not to be seen",
		      !vdso_seen && !getauxval(AT_SYSINFO_EHDR));
	else
		check("the vDSO is not to be seen", 1);
	for (i = 0, ok = 1; i < 20; i++) {
		h = dlopen("libm.so.6", RTLD_NOW);
		ok &= h && ((double (*)(double))dlsym(h, "cos"))(0) == 1.0;
		dlclose(h);
	}
	check("dlopen and dlclose", ok);

	/* itself */
	ok = realpath(argv[0], real) != NULL;
	l = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[l > 0 ? l : 0] = 0;
	check("readlink /proc/self/exe", ok && !strcmp(path, real));
	snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	check("stat /proc/PID/exe", !stat(path, &a) && !stat(real, &b) && a.st_ino == b.st_ino);
	check("open /proc/self/exe", fd >= 0 && !fstat(fd, &a) && a.st_ino == b.st_ino);
	check("readlink cut short", readlink("/proc/thread-self/exe", path, 3) == 3);
	check("AT_EXECFN", !strcmp((char *)getauxval(AT_EXECFN), argv[0]));
	prctl(PR_GET_NAME, path);
	check("comm", !strncmp(path, "prog-mem", 8));

	/* what the engine would not survive */
	check("seccomp is refused or works", prctl(PR_SET_SECCOMP, 77) == -1);
	check("no dispatch for the program", prctl(59, 77, 0, 0, 0) == -1 && errno == EINVAL);
	return failed;
}
