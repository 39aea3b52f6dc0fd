// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps liblinux.so, as often as there are instances.
 *
 * All state of the kernel layer is static, so an instance is a mapping of its
 * own.  dlmopen() stops at 16 of them, and each brings a libc; but liblinux.so
 * needs none, and has only relative relocations, so a loader for it is small:
 *
 *	file:    | text (R, RX)          | data (RW)      |
 *	              |                       |
 *	memory:  | shared page cache     | private copies | .bss |  x N
 *
 * Text pages are never written, so all instances of all processes share them.
 * Data pages that hold a relocation become private at load, others when written.
 *
 * Everything in the file is distrusted: each table must lie in the file or in a
 * mapped segment before it is read, and each relocation in a writable segment
 * before it is applied.  What we do not know how to do is refused by name.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"

#if defined(__x86_64__)
#define THIS_MACHINE	EM_X86_64
#define R_RELATIVE	R_X86_64_RELATIVE
#define R_NONE		R_X86_64_NONE
#else
#define THIS_MACHINE	EM_AARCH64
#define R_RELATIVE	R_AARCH64_RELATIVE
#define R_NONE		R_AARCH64_NONE
#endif

#ifndef LIBOS_DEFAULT_LIBRARY
#define LIBOS_DEFAULT_LIBRARY	"/usr/local/lib/libos/liblinux.so"
#endif

#ifndef DT_RELR
#define DT_RELRSZ	35
#define DT_RELR		36
#define DT_RELRENT	37
#endif

#define MAX_PHDRS	16
#define MAX_SPAN	(1ULL << 30)
#define PAGE		4096UL
#define PAGE_DOWN(x)	((x) & ~(PAGE - 1))
#define PAGE_UP(x)	(((x) + PAGE - 1) & ~(PAGE - 1))

/* What is known while a file is being loaded. */
struct load {
	struct library *lib;
	uintptr_t at;
	int fd;
	uint64_t size;
	unsigned int n;
	Elf64_Phdr ph[MAX_PHDRS];
	uint64_t rela, relasz, relr, relrsz, symtab, strtab, strsz, hash, gnu_hash;
	char *err;
	size_t err_len;
};

static int fail(struct load *l, int error, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(l->err, l->err_len, "%s: ", l->lib->path);
	if (n < 0 || (size_t)n >= l->err_len)
		return error;
	va_start(ap, fmt);
	vsnprintf(l->err + n, l->err_len - (size_t)n, fmt, ap);
	va_end(ap);
	return error;
}

static int read_headers(struct load *l)
{
	Elf64_Ehdr eh;
	ssize_t len;

	if (pread(l->fd, &eh, sizeof(eh), 0) != (ssize_t)sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return fail(l, -ENOEXEC, "not an ELF file");
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != THIS_MACHINE)
		return fail(l, -ENOEXEC, "built for another machine (ELF machine %u)",
			    eh.e_machine);
	if (eh.e_type != ET_DYN)
		return fail(l, -ENOEXEC, "not a shared object (ELF type %u)", eh.e_type);
	if (eh.e_phentsize != sizeof(l->ph[0]) || !eh.e_phnum || eh.e_phnum > MAX_PHDRS)
		return fail(l, -ENOEXEC, "%u program headers of %u bytes, expected 1 to %d of %zu",
			    eh.e_phnum, eh.e_phentsize, MAX_PHDRS, sizeof(l->ph[0]));
	len = (ssize_t)(eh.e_phnum * sizeof(l->ph[0]));
	if (pread(l->fd, l->ph, (size_t)len, (off_t)eh.e_phoff) != len)
		return fail(l, -ENOEXEC, "truncated: no program headers at %llu",
			    (unsigned long long)eh.e_phoff);
	l->n = eh.e_phnum;
	return 0;
}

static int protection(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Find the span of all segments, and reserve it, aligned as they ask. */
static int reserve(struct load *l)
{
	uint64_t end = 0, last = 0, align = PAGE;
	unsigned int i;
	uintptr_t at;
	void *p;

	for (i = 0; i < l->n; i++) {
		const Elf64_Phdr *ph = &l->ph[i];

		if (ph->p_type != PT_LOAD)
			continue;
		if (ph->p_filesz > ph->p_memsz || ph->p_vaddr > MAX_SPAN ||
		    ph->p_memsz > MAX_SPAN || PAGE_DOWN(ph->p_vaddr) < last ||
		    (ph->p_vaddr & (PAGE - 1)) != (ph->p_offset & (PAGE - 1)))
			return fail(l, -ENOEXEC, "segment %u is malformed", i);
		if (ph->p_offset > l->size || ph->p_filesz > l->size - ph->p_offset)
			return fail(l, -ENOEXEC, "truncated: segment %u ends beyond the file", i);
		last = end = PAGE_UP(ph->p_vaddr + ph->p_memsz);
		if (ph->p_align > align && !(ph->p_align & (ph->p_align - 1)) &&
		    ph->p_align <= MAX_SPAN)
			align = ph->p_align;
	}
	if (!end)
		return fail(l, -ENOEXEC, "nothing to load");

	p = mmap((void *)l->at, end + align - PAGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (l->at ? MAP_FIXED_NOREPLACE : 0),
		 -1, 0);
	if (p == MAP_FAILED)
		return fail(l, -ENOMEM, "no address space for %llu bytes",
			    (unsigned long long)end);
	at = ((uintptr_t)p + align - 1) & ~(align - 1);
	if (at > (uintptr_t)p)
		munmap(p, at - (uintptr_t)p);
	if ((uintptr_t)p + align - PAGE > at)
		munmap((void *)(at + end), (uintptr_t)p + align - PAGE - at);
	l->lib->map = (void *)at;
	l->lib->map_len = end;
	l->lib->base = at;
	return 0;
}

static int map_segment(struct load *l, const Elf64_Phdr *ph)
{
	uintptr_t start = l->lib->base + PAGE_DOWN(ph->p_vaddr);
	uintptr_t file_end = l->lib->base + ph->p_vaddr + ph->p_filesz;
	uintptr_t mem_end = PAGE_UP(l->lib->base + ph->p_vaddr + ph->p_memsz);
	uintptr_t anon = PAGE_UP(file_end);
	int prot = protection(ph);

	if (ph->p_filesz &&
	    mmap((void *)start, PAGE_UP(file_end) - start, prot, MAP_PRIVATE | MAP_FIXED, l->fd,
		 (off_t)PAGE_DOWN(ph->p_offset)) == MAP_FAILED)
		return fail(l, -ENOMEM, "cannot map: %s", strerror(errno));
	if (!ph->p_filesz)
		anon = start;
	else if (prot & PROT_WRITE && ph->p_memsz > ph->p_filesz)
		memset((void *)file_end, 0, PAGE_UP(file_end) - file_end);
	if (mem_end > anon &&
	    mmap((void *)anon, mem_end - anon, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		return fail(l, -ENOMEM, "cannot map: %s", strerror(errno));
	return 0;
}

static int map_segments(struct load *l)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < l->n && r == 0; i++)
		if (l->ph[i].p_type == PT_LOAD)
			r = map_segment(l, &l->ph[i]);
	return r;
}

/* @len bytes at file address @addr, if they lie in a segment with @flags. */
static void *in_segment(const struct load *l, uint64_t addr, uint64_t len, uint32_t flags)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		const Elf64_Phdr *ph = &l->ph[i];

		if (ph->p_type == PT_LOAD && (ph->p_flags & flags) == flags &&
		    addr >= ph->p_vaddr && addr - ph->p_vaddr <= ph->p_memsz &&
		    len <= ph->p_memsz - (addr - ph->p_vaddr))
			return (void *)(l->lib->base + addr);
	}
	return NULL;
}

static int read_dynamic(struct load *l)
{
	const Elf64_Phdr *ph = NULL;
	const Elf64_Dyn *d;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		if (l->ph[i].p_type == PT_DYNAMIC)
			ph = &l->ph[i];
		if (l->ph[i].p_type == PT_INTERP || l->ph[i].p_type == PT_TLS)
			return fail(l, -ENOEXEC, "not a liblinux.so: it has %s",
				    l->ph[i].p_type == PT_TLS ? "thread-local storage"
							      : "an interpreter");
	}
	if (!ph)
		return fail(l, -ENOEXEC, "no dynamic section");
	d = in_segment(l, ph->p_vaddr, ph->p_memsz, PF_R);
	if (!d)
		return fail(l, -ENOEXEC, "the dynamic section is not loaded");
	l->lib->dynamic = (void *)d;

	for (i = 0; i < ph->p_memsz / sizeof(*d) && d[i].d_tag != DT_NULL; i++) {
		uint64_t v = d[i].d_un.d_val;

		switch (d[i].d_tag) {
		case DT_NEEDED:
			return fail(l, -ENOEXEC, "not a liblinux.so: it needs other libraries");
		case DT_REL:
		case DT_JMPREL:
			return fail(l, -ENOEXEC, "unexpected kind of relocations");
		case DT_RELA:
			l->rela = v;
			break;
		case DT_RELASZ:
			l->relasz = v;
			break;
		case DT_RELR:
			l->relr = v;
			break;
		case DT_RELRSZ:
			l->relrsz = v;
			break;
		case DT_SYMTAB:
			l->symtab = v;
			break;
		case DT_STRTAB:
			l->strtab = v;
			break;
		case DT_STRSZ:
			l->strsz = v;
			break;
		case DT_HASH:
			l->hash = v;
			break;
		case DT_GNU_HASH:
			l->gnu_hash = v;
			break;
		}
	}
	return 0;
}

/* A word of a writable segment; most relocations are in the same one. */
static uint64_t *target(const struct load *l, uint64_t addr)
{
	return addr & 7 ? NULL : in_segment(l, addr, 8, PF_W);
}

static int relocate_rela(struct load *l)
{
	const Elf64_Rela *r = in_segment(l, l->rela, l->relasz, PF_R);
	uint64_t i, n = l->relasz / sizeof(*r);

	if (!l->relasz)
		return 0;
	if (!r)
		return fail(l, -ENOEXEC, "relocations are not loaded");
	for (i = 0; i < n; i++) {
		uint64_t *t;

		if (ELF64_R_TYPE(r[i].r_info) == R_NONE)
			continue;
		if (ELF64_R_TYPE(r[i].r_info) != R_RELATIVE)
			return fail(l, -ENOEXEC, "relocation of type %u, only relative ones expected",
				    (unsigned int)ELF64_R_TYPE(r[i].r_info));
		/* Code that the linker did not align may hold unaligned words. */
		t = in_segment(l, r[i].r_offset, 8, PF_W);
		if (!t)
			return fail(l, -ENOEXEC, "relocation at %#llx, which is not writable",
				    (unsigned long long)r[i].r_offset);
		memcpy(t, &(uint64_t){ l->lib->base + (uint64_t)r[i].r_addend }, 8);
	}
	return 0;
}

/* RELR: an address, or a bitmap of the 63 words after the last one. */
static int relocate_relr(struct load *l)
{
	const uint64_t *r = in_segment(l, l->relr, l->relrsz, PF_R);
	uint64_t i, bits, at = 0, where;
	uint64_t *t;

	if (!l->relrsz)
		return 0;
	if (!r)
		return fail(l, -ENOEXEC, "relocations are not loaded");
	for (i = 0; i < l->relrsz / 8; i++) {
		if (!(r[i] & 1)) {
			at = r[i];
			t = target(l, at);
			if (!t)
				goto bad;
			*t += l->lib->base;
			at += 8;
			continue;
		}
		for (bits = r[i] >> 1, where = at; bits; bits >>= 1, where += 8) {
			if (!(bits & 1))
				continue;
			t = target(l, where);
			if (!t)
				goto bad;
			*t += l->lib->base;
		}
		at += 63 * 8;
	}
	return 0;
bad:
	return fail(l, -ENOEXEC, "a relocation points to what is not writable");
}

/* The number of dynamic symbols is told by the hash tables only. */
static uint64_t count_symbols(const struct load *l)
{
	const uint32_t *h;
	uint32_t nbucket, first, bloom, i, max = 0;
	const uint32_t *bucket, *chain;

	h = l->hash ? in_segment(l, l->hash, 8, PF_R) : NULL;
	if (h)
		return h[1];
	h = l->gnu_hash ? in_segment(l, l->gnu_hash, 16, PF_R) : NULL;
	if (!h)
		return 0;
	nbucket = h[0];
	first = h[1];
	bloom = h[2];
	if (!in_segment(l, l->gnu_hash, 16 + bloom * 8ULL + nbucket * 4ULL, PF_R))
		return 0;
	bucket = h + 4 + bloom * 2ULL;
	chain = bucket + nbucket;
	for (i = 0; i < nbucket; i++)
		if (bucket[i] > max)
			max = bucket[i];
	if (max < first)
		return first;
	for (;; max++) {
		const uint32_t *c = chain + (max - first);

		if (!in_segment(l, (uintptr_t)c - l->lib->base, 4, PF_R))
			return 0;
		if (*c & 1)
			return max + 1ULL;
	}
}

static int find_symbol(struct load *l, const char *name)
{
	uint64_t i, n = count_symbols(l);
	const Elf64_Sym *sym = in_segment(l, l->symtab, n * sizeof(*sym), PF_R);
	const char *str = in_segment(l, l->strtab, l->strsz, PF_R);
	size_t len = strlen(name) + 1;

	if (!n || !sym || !str)
		return fail(l, -ENOEXEC, "no dynamic symbols");
	for (i = 0; i < n; i++) {
		if (sym[i].st_shndx == SHN_UNDEF || sym[i].st_name > l->strsz ||
		    l->strsz - sym[i].st_name < len || memcmp(str + sym[i].st_name, name, len))
			continue;
		l->lib->symbol = in_segment(l, sym[i].st_value, sizeof(void *), PF_R);
		if (l->lib->symbol)
			return 0;
	}
	return fail(l, -ENOEXEC, "not a liblinux.so: it does not define %s", name);
}

/* Data that only relocation writes: read-only from here on. */
static void protect_relro(const struct load *l)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		const Elf64_Phdr *ph = &l->ph[i];
		uintptr_t start = PAGE_DOWN(l->lib->base + ph->p_vaddr);
		uintptr_t end = PAGE_DOWN(l->lib->base + ph->p_vaddr + ph->p_memsz);

		if (ph->p_type == PT_GNU_RELRO && end > start &&
		    in_segment(l, ph->p_vaddr, ph->p_memsz, PF_W))
			mprotect((void *)start, end - start, PROT_READ);
	}
}

static int load(struct load *l, const char *symbol)
{
	int r;

	r = read_headers(l);
	if (r == 0)
		r = reserve(l);
	if (r == 0)
		r = map_segments(l);
	if (r == 0)
		r = read_dynamic(l);
	if (r == 0)
		r = relocate_rela(l);
	if (r == 0)
		r = relocate_relr(l);
	if (r == 0)
		r = find_symbol(l, symbol);
	if (r == 0)
		protect_relro(l);
	return r;
}

const char *library_default(void)
{
	const char *path = getenv("LIBOS_LIBRARY");

	return path && *path ? path : LIBOS_DEFAULT_LIBRARY;
}

int library_load(const char *path, const char *symbol, uintptr_t at, struct library **out,
		 char *err, size_t err_len)
{
	struct library *lib = calloc(1, sizeof(*lib));
	struct load l = {
		.lib = lib,
		.at = at,
		.err = err,
		.err_len = err_len,
	};
	struct stat st;
	int r;

	if (!lib)
		return -ENOMEM;
	lib->path = realpath(path, NULL);
	if (!lib->path)
		lib->path = strdup(path);
	if (!lib->path) {
		free(lib);
		return -ENOMEM;
	}
	l.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (l.fd < 0) {
		r = -errno;
		fail(&l, r, "%s", strerror(errno));
		goto err;
	}
	if (fstat(l.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		r = fail(&l, -ENOEXEC, "not a regular file");
		goto err_fd;
	}
	l.size = (uint64_t)st.st_size;
	r = load(&l, symbol);
	if (r < 0)
		goto err_fd;
	close(l.fd);
	debug_add(lib);
	*out = lib;
	return 0;

err_fd:
	close(l.fd);
err:
	library_unload(lib);
	return r;
}

void library_unload(struct library *lib)
{
	if (!lib)
		return;
	debug_del(lib);
	if (lib->map)
		munmap(lib->map, lib->map_len);
	free(lib->path);
	free(lib);
}
