// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds a function of the vDSO by name.
 *
 * The vDSO is one mapping that holds a whole ELF file; its section table says how
 * many dynamic symbols there are.
 */
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "instance.h"

/* NULL if there is no vDSO, or no such symbol in it. */
void *vdso_symbol(const char *name)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	const ElfW(Ehdr) *eh = (const void *)base;
	const ElfW(Sym) *sym = NULL;
	const char *str = NULL;
	const ElfW(Phdr) *ph;
	const ElfW(Shdr) *sh;
	size_t i, n = 0;

	if (!base || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return NULL;
	ph = (const void *)(base + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++) {
		const ElfW(Dyn) *d;

		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		for (d = (const void *)(base + ph[i].p_offset); d->d_tag != DT_NULL; d++) {
			if (d->d_tag == DT_SYMTAB)
				sym = (const void *)(base + d->d_un.d_ptr);
			if (d->d_tag == DT_STRTAB)
				str = base + d->d_un.d_ptr;
		}
	}
	sh = (const void *)(base + eh->e_shoff);
	for (i = 0; eh->e_shoff && i < eh->e_shnum; i++)
		if (sh[i].sh_type == SHT_DYNSYM)
			n = sh[i].sh_size / sizeof(*sym);
	for (i = 0; sym && str && i < n; i++)
		if (sym[i].st_shndx != SHN_UNDEF && !strcmp(str + sym[i].st_name, name))
			return (void *)(base + sym[i].st_value);
	return NULL;
}
