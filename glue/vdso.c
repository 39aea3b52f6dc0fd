// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time, at the price that programs are used to.
 *
 * A program does not see the vDSO (startstack.c), so that each reading of a
 * clock is a system call that comes here, where a simulator can answer it.  For
 * the host's clock we call the vDSO ourselves: it uses neither thread pointer
 * nor vector registers, and its own system calls lie in the library's range.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "core.h"
#include "vdso.h"

struct glue_vdso glue_vdso;

static void *lookup(const char *base, const char *name)
{
	const Elf64_Ehdr *eh = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + eh->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *sym = NULL;
	const Elf64_Word *hash = NULL;
	const char *str = NULL;
	long bias = 0;
	Elf64_Word i;
	int k;

	for (k = 0; k < eh->e_phnum; k++) {
		if (ph[k].p_type == PT_LOAD)
			bias = (long)base + ph[k].p_offset - ph[k].p_vaddr;
		if (ph[k].p_type == PT_DYNAMIC)
			dyn = (const void *)(base + ph[k].p_offset);
	}
	for (; dyn && dyn->d_tag; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			sym = (const void *)(dyn->d_un.d_ptr + bias);
		else if (dyn->d_tag == DT_STRTAB)
			str = (const void *)(dyn->d_un.d_ptr + bias);
		else if (dyn->d_tag == DT_HASH)
			hash = (const void *)(dyn->d_un.d_ptr + bias);
	}
	/* nchain is the number of symbols. */
	for (i = 0; sym && str && hash && i < hash[1]; i++)
		if (sym[i].st_shndx && !strcmp(str + sym[i].st_name, name))
			return (void *)(sym[i].st_value + bias);
	return NULL;
}

int glue_vdso_init(void)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);

	if (base && !glue_vdso.clock_gettime) {
		glue_vdso.gettimeofday = lookup(base, "__vdso_gettimeofday");
		glue_vdso.getcpu = lookup(base, "__vdso_getcpu");
		glue_vdso.clock_gettime = lookup(base, "__vdso_clock_gettime");
	}
	return 0;
}
