// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the functions of an ELF file begin and end: from the call frame
 * information (.eh_frame), the symbol tables, and Go's function table.
 *
 * What overlaps is merged, so that a label inside a function does not cut it in
 * two; such labels are kept apart as entries, since they may be branched to.
 * Each source may be missing or malformed: nothing is read outside the file, and
 * a source that makes no sense ends where it stops making sense.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "funcs.h"

#define MAX_INTERRUPTION	64

struct reader {
	const __u8 *file;
	size_t	len;
	const Elf64_Ehdr *eh;
	const Elf64_Phdr *ph;
	struct glue_func *f;
	size_t	n, max;
	int	nomem;
};

/* @n bytes at @off, or NULL. */
static const void *at(const struct reader *r, __u64 off, __u64 n)
{
	return off <= r->len && n <= r->len - off ? r->file + off : NULL;
}

/* The same, for structs that are used in place. */
static const void *at_table(const struct reader *r, __u64 off, __u64 n)
{
	return off % 8 ? NULL : at(r, off, n);
}

/* File offset of a virtual address; ~0 if it has none. */
static __u64 offset_of(const struct reader *r, __u64 vaddr)
{
	int i;

	for (i = 0; i < r->eh->e_phnum; i++)
		if (r->ph[i].p_type == PT_LOAD && vaddr >= r->ph[i].p_vaddr &&
		    vaddr - r->ph[i].p_vaddr < r->ph[i].p_filesz)
			return vaddr - r->ph[i].p_vaddr + r->ph[i].p_offset;
	return ~0ULL;
}

static void add(struct reader *r, __u64 vaddr, __u64 size)
{
	struct glue_func *f;
	__u64 off = offset_of(r, vaddr);

	if (off >= r->len || size > r->len - off)
		return;
	if (r->n == r->max) {
		r->max = r->max ? r->max * 2 : 1024;
		f = realloc(r->f, r->max * sizeof(*f));
		if (!f) {
			r->nomem = 1;
			r->max = r->n;
			return;
		}
		r->f = f;
	}
	r->f[r->n].start = off;
	r->f[r->n++].end = off + size;
}

/* --- .eh_frame ------------------------------------------------------------ */

#define DW_PCREL	0x10
#define DW_OMIT		0xff

/* A pointer in the encoding @enc at file offset *@off, which is @vaddr. */
static int read_encoded(const struct reader *r, __u64 *off, __u64 vaddr, unsigned int enc,
			__u64 *out)
{
	static const __u8 sizes[16] = { 8, 0, 2, 4, 8, 0, 0, 0, 8, 0, 2, 4, 8 };
	unsigned int n = sizes[enc & 0xf];
	const void *p = at(r, *off, n);
	__u64 v = 0;

	if (!p || !n)
		return -1;
	memcpy(&v, p, n);
	if ((enc & 0x8) && n == 4)
		v = (__s32)v;
	if ((enc & 0x8) && n == 2)
		v = (__s16)v;
	if ((enc & 0x70) == DW_PCREL)
		v += vaddr;
	else if (enc & 0x70)
		return -1;
	*off += n;
	*out = v;
	return 0;
}

static __u64 uleb(const struct reader *r, __u64 *off)
{
	const __u8 *p;
	unsigned int shift = 0;
	__u64 v = 0;

	while ((p = at(r, *off, 1)) && shift < 64) {
		++*off;
		v |= (__u64)(*p & 0x7f) << shift;
		if (!(*p & 0x80))
			break;
		shift += 7;
	}
	return v;
}

/* How the FDEs of the CIE whose body is at @off have their addresses. */
static unsigned int cie_encoding(const struct reader *r, __u64 off)
{
	const __u8 *ver = at(r, off, 1), *p;
	__u64 aug = off + 1, n;

	if (!ver)
		return DW_OMIT;
	for (n = aug; (p = at(r, n, 1)) && *p; n++)
		;
	off = n + 1;
	p = at(r, aug, 1);
	if (!p || *p != 'z')
		return p && !*p ? 0 : DW_OMIT;
	uleb(r, &off);			/* code alignment */
	uleb(r, &off);			/* data alignment */
	if (*ver == 1)
		off++;
	else
		uleb(r, &off);		/* return address column */
	uleb(r, &off);			/* length */
	for (aug++; (p = at(r, aug, 1)) && *p; aug++) {
		const __u8 *enc = at(r, off, 1);
		__u64 skip;

		if (!enc)
			return DW_OMIT;
		switch (*p) {
		case 'R':
			return *enc;
		case 'L':
			off++;
			break;
		case 'P':
			off++;
			if (read_encoded(r, &off, 0, *enc & 0x0f, &skip))
				return DW_OMIT;
			break;
		case 'S':
		case 'B':
			break;
		default:
			return DW_OMIT;
		}
	}
	return 0;
}

/* The records at file offset @off, whose address is @vaddr. */
static void walk_eh_frame(struct reader *r, __u64 off, __u64 vaddr)
{
	__u64 start, end, body, size, cie, cie_seen = ~0ULL;
	unsigned int enc = DW_OMIT;
	const void *p;
	__u32 len, id;

	/* The address of what is at offset x is x + vaddr - off. */
	vaddr -= off;
	for (; (p = at(r, off, 8)); off = end) {
		memcpy(&len, p, 4);
		memcpy(&id, (const char *)p + 4, 4);
		if (!len || len == 0xffffffff || !at(r, off + 4, len))
			return;
		body = off + 8;
		end = off + 4 + len;
		if (!id)
			continue;
		cie = off + 4 - id;
		if (cie != cie_seen) {
			enc = cie_encoding(r, cie + 8);
			cie_seen = cie;
		}
		if (enc == DW_OMIT)
			continue;
		if (read_encoded(r, &body, body + vaddr, enc, &start) ||
		    read_encoded(r, &body, 0, enc & 0x0f, &size))
			continue;
		add(r, start, size);
	}
}

static int from_eh_frame_hdr(struct reader *r, const Elf64_Phdr *ph)
{
	const __u8 *h = at(r, ph->p_offset, 4);
	__u64 off = ph->p_offset + 4, vaddr;

	if (!h || h[0] != 1 || read_encoded(r, &off, ph->p_vaddr + 4, h[1], &vaddr))
		return 0;
	walk_eh_frame(r, offset_of(r, vaddr), vaddr);
	return 1;
}

/* --- symbols, and Go -------------------------------------------------------- */

static void from_symbols(struct reader *r, const Elf64_Shdr *sh)
{
	const Elf64_Sym *s = at_table(r, sh->sh_offset, sh->sh_size);
	size_t i;

	for (i = 0; s && i < sh->sh_size / sizeof(*s); i++)
		if (ELF64_ST_TYPE(s[i].st_info) == STT_FUNC && s[i].st_shndx != SHN_UNDEF)
			add(r, s[i].st_value, s[i].st_size);
}

/*
 * Go's runtime.pclntab, from 1.16 on: a header, and a table of pairs of a
 * function's address and the offset of what is known about it, sorted, closed by
 * the end address.
 */
static void from_pclntab(struct reader *r, const Elf64_Shdr *sh)
{
	struct {
		__u32	magic;
		__u8	pad[2], quantum, ptrsize;
		__u64	nfunc, nfiles, v[6];
	} h;
	const void *p = at(r, sh->sh_offset, sizeof(h));
	__u64 tab, text = 0, i, pc, next, w;

	if (!p)
		return;
	memcpy(&h, p, sizeof(h));
	if (h.ptrsize != 8 || h.nfunc > r->len)
		return;
	if (h.magic == 0xfffffffa) {
		tab = h.v[4];
		w = 8;
	} else if (h.magic == 0xfffffff0 || h.magic == 0xfffffff1) {
		text = h.v[0];
		tab = h.v[5];
		w = 4;
	} else {
		return;
	}
	p = at(r, sh->sh_offset + tab, (2 * h.nfunc + 1) * w);
	for (i = 0; p && i < h.nfunc; i++) {
		pc = next = 0;
		memcpy(&pc, (const char *)p + 2 * i * w, w);
		memcpy(&next, (const char *)p + (2 * i + 2) * w, w);
		if (next > pc)
			add(r, text + pc, next - pc);
	}
}

static int is_named(const struct reader *r, const Elf64_Shdr *str, const Elf64_Shdr *sh,
		    const char *name)
{
	size_t n = strlen(name) + 1;
	const char *s = at(r, str->sh_offset + sh->sh_name, n);

	return s && !memcmp(s, name, n);
}

static void from_sections(struct reader *r, int have_eh_frame)
{
	const Elf64_Shdr *sh, *str;
	int i;

	if (r->eh->e_shentsize != sizeof(*sh))
		return;
	sh = at_table(r, r->eh->e_shoff, (__u64)r->eh->e_shnum * sizeof(*sh));
	if (!sh || r->eh->e_shstrndx >= r->eh->e_shnum)
		return;
	str = &sh[r->eh->e_shstrndx];
	for (i = 0; i < r->eh->e_shnum; i++) {
		if (sh[i].sh_type == SHT_SYMTAB || sh[i].sh_type == SHT_DYNSYM)
			from_symbols(r, &sh[i]);
		if (sh[i].sh_type != SHT_NOBITS && is_named(r, str, &sh[i], ".gopclntab"))
			from_pclntab(r, &sh[i]);
		/* A static program need not have the header that leads to it. */
		if (!have_eh_frame && sh[i].sh_type != SHT_NOBITS &&
		    is_named(r, str, &sh[i], ".eh_frame"))
			walk_eh_frame(r, sh[i].sh_offset, sh[i].sh_addr);
	}
}

/* --- all together ------------------------------------------------------------ */

static int by_start(const void *a, const void *b)
{
	const struct glue_func *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/*
 * glibc's clone() ends its frame description at the very syscall instruction,
 * to make backtraces of new threads stop there.  The function goes on.
 */
static int interrupted(const struct reader *r, __u64 end, __u64 start)
{
	return start > end && start - end <= MAX_INTERRUPTION &&
	       memmem(r->file + end, start - end, "\x0f\x05", 2);
}

int glue_funcs_find(const void *file, size_t len, struct glue_funcs *out)
{
	struct reader r = { .file = file, .len = len };
	struct glue_func *f;
	size_t i, n = 0;
	int k, have_eh_frame = 0;

	memset(out, 0, sizeof(*out));
	r.eh = at(&r, 0, sizeof(*r.eh));
	if (!r.eh || memcmp(r.eh->e_ident, ELFMAG, SELFMAG) ||
	    r.eh->e_ident[EI_CLASS] != ELFCLASS64 || r.eh->e_machine != EM_X86_64 ||
	    r.eh->e_phentsize != sizeof(*r.ph))
		return -ENOEXEC;
	r.ph = at_table(&r, r.eh->e_phoff, (__u64)r.eh->e_phnum * sizeof(*r.ph));
	if (!r.ph)
		return -ENOEXEC;
	for (k = 0; k < r.eh->e_phnum; k++)
		if (r.ph[k].p_type == PT_GNU_EH_FRAME)
			have_eh_frame |= from_eh_frame_hdr(&r, &r.ph[k]);
	from_sections(&r, have_eh_frame);
	out->entry = calloc(r.n + 1, sizeof(*out->entry));
	if (r.nomem || !out->entry) {
		free(r.f);
		free(out->entry);
		return -ENOMEM;
	}

	f = r.f;
	if (r.n)
		qsort(f, r.n, sizeof(*f), by_start);
	for (i = 0; i < r.n; i++) {
		out->entry[out->nentry++] = f[i].start;
		if (f[i].start == f[i].end)
			continue;
		if (n && (f[i].start < f[n - 1].end || interrupted(&r, f[n - 1].end, f[i].start))) {
			if (f[i].end > f[n - 1].end)
				f[n - 1].end = f[i].end;
		} else {
			f[n++] = f[i];
		}
	}
	out->f = f;
	out->n = n;
	return 0;
}

void glue_funcs_free(struct glue_funcs *fs)
{
	free(fs->f);
	free(fs->entry);
	memset(fs, 0, sizeof(*fs));
}
