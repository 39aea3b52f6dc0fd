// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading of ELF programs: what the kernel's execve() does with segments.
 *
 * Position-independent files go where they are told, ET_EXEC files to their own
 * addresses (below the library, and mostly at 4 MiB, which nobody else uses).
 * The whole span is reserved first, so that a conflict shows before anything is
 * overwritten.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core.h"
#include "elf.h"
#include "site.h"

#define MAX_PHDRS	128

static int prot_of(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

static int map_segment(struct glue_prog *p, int fd, const Elf64_Phdr *ph, unsigned long bias)
{
	unsigned long lo = GLUE_PAGE_DOWN(ph->p_vaddr) + bias;
	unsigned long pad = ph->p_vaddr + bias - lo;
	unsigned long file_end = ph->p_vaddr + bias + ph->p_filesz;
	unsigned long mem_end = ph->p_vaddr + bias + ph->p_memsz;
	unsigned long map_end = lo;
	int prot = prot_of(ph), rewrite = (prot & PROT_EXEC) && !(p->flags & GLUE_NOPATCH);
	struct glue_text_map m = {
		.prog = p, .addr = lo, .len = ph->p_filesz + pad, .off = ph->p_offset - pad,
		.fd = fd,
	};
	void *r;

	if (ph->p_filesz) {
		r = mmap((void *)lo, ph->p_filesz + pad,
			 rewrite ? PROT_READ | PROT_WRITE : prot,
			 MAP_PRIVATE | MAP_FIXED, fd, m.off);
		if (r == MAP_FAILED)
			return -errno;
		map_end = GLUE_PAGE_UP(file_end);
		if (rewrite && glue_text_rewrite(&m))
			return -ENOTSUP;
	}
	if (mem_end > file_end) {
		if (file_end < map_end && (prot & PROT_WRITE))
			memset((void *)file_end, 0, map_end - file_end);
		if (mem_end > map_end) {
			r = mmap((void *)map_end, GLUE_PAGE_UP(mem_end) - map_end, prot,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			if (r == MAP_FAILED)
				return -errno;
		}
	}
	if (rewrite && mprotect((void *)lo, ph->p_filesz + pad, prot))
		return -errno;
	return 0;
}

/* What the headers say, if it makes sense: fills .interp, .lo and .hi of @out. */
static int read_headers(int fd, Elf64_Ehdr *eh, Elf64_Phdr ph[MAX_PHDRS], struct glue_image *out)
{
	unsigned long lo = ~0UL, hi = 0;
	int i;

	memset(out, 0, sizeof(*out));
	if (pread(fd, eh, sizeof(*eh), 0) != sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64 ||
	    (eh->e_type != ET_EXEC && eh->e_type != ET_DYN) ||
	    eh->e_phentsize != sizeof(ph[0]) || !eh->e_phnum || eh->e_phnum > MAX_PHDRS)
		return -ENOEXEC;
	if (pread(fd, ph, eh->e_phnum * sizeof(ph[0]), eh->e_phoff) !=
	    (ssize_t)(eh->e_phnum * sizeof(ph[0])))
		return -ENOEXEC;

	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_INTERP) {
			if (ph[i].p_filesz < 2 || ph[i].p_filesz > sizeof(out->interp) ||
			    pread(fd, out->interp, ph[i].p_filesz, ph[i].p_offset) !=
			    (ssize_t)ph[i].p_filesz || out->interp[ph[i].p_filesz - 1])
				return -ENOEXEC;
		}
		if (ph[i].p_type != PT_LOAD || !ph[i].p_memsz)
			continue;
		if (ph[i].p_filesz > ph[i].p_memsz || ph[i].p_vaddr > GLUE_LIB_LO ||
		    ph[i].p_memsz > GLUE_LIB_LO ||
		    (ph[i].p_vaddr - ph[i].p_offset) % GLUE_PAGE)
			return -ENOEXEC;
		if (ph[i].p_vaddr < lo)
			lo = GLUE_PAGE_DOWN(ph[i].p_vaddr);
		if (ph[i].p_vaddr + ph[i].p_memsz > hi)
			hi = GLUE_PAGE_UP(ph[i].p_vaddr + ph[i].p_memsz);
	}
	if (lo >= hi || (eh->e_type == ET_EXEC && hi > GLUE_LIB_LO))
		return -ENOEXEC;
	out->lo = lo;
	out->hi = hi;
	return 0;
}

int glue_elf_check(int fd, struct glue_image *out)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph[MAX_PHDRS];

	return read_headers(fd, &eh, ph, out);
}

int glue_elf_load(struct glue_prog *p, int fd, unsigned long at, struct glue_image *out)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph[MAX_PHDRS];
	unsigned long lo, hi;
	int i, r;
	void *res;

	r = read_headers(fd, &eh, ph, out);
	if (r)
		return r;
	lo = out->lo;
	hi = out->hi;
	if (eh.e_type == ET_DYN)
		out->bias = at - lo;

	res = mmap((void *)(lo + out->bias), hi - lo, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (res == MAP_FAILED)
		return errno == EEXIST ? -EADDRINUSE : -errno;
	out->lo = lo + out->bias;
	out->hi = hi + out->bias;
	for (i = 0; i < eh.e_phnum; i++) {
		if (ph[i].p_type == PT_DYNAMIC)
			out->dynamic = ph[i].p_vaddr + out->bias;
		if (ph[i].p_type != PT_LOAD || !ph[i].p_memsz)
			continue;
		r = map_segment(p, fd, &ph[i], out->bias);
		if (r)
			return r;
		if (ph[i].p_offset <= eh.e_phoff &&
		    eh.e_phoff < ph[i].p_offset + ph[i].p_filesz)
			out->phdr = eh.e_phoff - ph[i].p_offset + ph[i].p_vaddr + out->bias;
	}
	out->phnum = eh.e_phnum;
	out->entry = eh.e_entry + out->bias;
	return 0;
}
