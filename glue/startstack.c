// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program finds on its stack at its first instruction (psABI 3.4.1):
 * argc, argv, envp, the auxiliary vector, and the strings they point to.
 *
 * AT_SYSINFO_EHDR is left out, so that nobody finds the vDSO: its functions
 * would read the host's clock without asking us.  AT_RSEQ_* as well: rseq(2) is
 * refused.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core.h"
#include "elf.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ	51
#endif

#define MAX_STACK	(64UL << 20)
#define DEFAULT_STACK	(8UL << 20)
#define PLATFORM	"x86_64"

static unsigned long push(unsigned long *sp, const void *p, size_t n)
{
	*sp -= n;
	memcpy((void *)*sp, p, n);
	return *sp;
}

static size_t count(char *const *v, size_t *bytes)
{
	size_t n;

	for (n = 0; v[n]; n++)
		*bytes += strlen(v[n]) + 1;
	return n;
}

int glue_start_stack(struct glue_prog *p, const char *execfn, char *const *argv,
		     char *const *envp, unsigned long *out)
{
	size_t size = DEFAULT_STACK, need = 0, argc, envc, i, n = 0;
	unsigned long sp, *v, platform, random_at, fn, aux[48];
	struct rlimit rl;
	char rnd[16];
	void *stack;

	if (!getrlimit(RLIMIT_STACK, &rl) && rl.rlim_cur != RLIM_INFINITY)
		size = rl.rlim_cur > MAX_STACK ? MAX_STACK : GLUE_PAGE_UP(rl.rlim_cur);
	argc = count(argv, &need);
	envc = count(envp, &need);
	need += strlen(execfn) + (argc + envc) * sizeof(long) + 1024;
	if (need > size / 2)
		return -E2BIG;

	stack = mmap((void *)(p->hi - size), size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (stack == MAP_FAILED)
		return -ENOMEM;
	mprotect(stack, GLUE_PAGE, PROT_NONE);
	p->stack_lo = (unsigned long)stack;
	p->stack_hi = p->stack_lo + size;

	sp = p->stack_hi - 16;
	fn = push(&sp, execfn, strlen(execfn) + 1);
	platform = push(&sp, PLATFORM, sizeof(PLATFORM));
	if (getrandom(rnd, sizeof(rnd), 0) != sizeof(rnd))
		return -EIO;
	random_at = push(&sp, rnd, sizeof(rnd));

#define AUX(type, value) (aux[n++] = (type), aux[n++] = (unsigned long)(value))
	AUX(AT_HWCAP, getauxval(AT_HWCAP));
	AUX(AT_HWCAP2, getauxval(AT_HWCAP2));
	AUX(AT_PAGESZ, GLUE_PAGE);
	AUX(AT_CLKTCK, sysconf(_SC_CLK_TCK));
	AUX(AT_MINSIGSTKSZ, getauxval(AT_MINSIGSTKSZ));
	AUX(AT_PHDR, p->at_phdr);
	AUX(AT_PHENT, sizeof(Elf64_Phdr));
	AUX(AT_PHNUM, p->at_phnum);
	AUX(AT_BASE, p->at_base);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, p->at_entry);
	AUX(AT_UID, getuid());
	AUX(AT_EUID, geteuid());
	AUX(AT_GID, getgid());
	AUX(AT_EGID, getegid());
	AUX(AT_SECURE, getauxval(AT_SECURE));
	AUX(AT_RANDOM, random_at);
	AUX(AT_PLATFORM, platform);
	AUX(AT_EXECFN, fn);
	AUX(AT_NULL, 0);
#undef AUX

	/* The strings, argv[0] lowest as with the kernel; then the vectors. */
	sp -= need - 1024 - (argc + envc) * sizeof(long);
	v = (unsigned long *)((sp - (1 + argc + 1 + envc + 1 + n) * sizeof(long)) & ~15UL);
	*out = (unsigned long)v;
	*v++ = argc;
	for (i = 0; i < argc; i++) {
		*v++ = sp;
		sp = (unsigned long)stpcpy((char *)sp, argv[i]) + 1;
	}
	*v++ = 0;
	for (i = 0; i < envc; i++) {
		*v++ = sp;
		sp = (unsigned long)stpcpy((char *)sp, envp[i]) + 1;
	}
	*v++ = 0;
	memcpy(v, aux, n * sizeof(aux[0]));
	return 0;
}
