// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system call instructions of an ELF file.
 *
 * The two bytes 0f 05 only say where to look; in Go's or node's text most of
 * them are a part of something else.  What counts is a real decoder (capstone)
 * that starts at the beginning of the function (funcs.c) and arrives at them.
 * Where no function is known, or decoding stops before, nothing is rewritten,
 * and the call traps.
 *
 * Branch targets come from the same decoding, from the entries that have a name,
 * and, for sites that M1 or M4 would take, from a pass over the whole text that
 * takes every byte that could begin a 32-bit branch for one: too many targets
 * cost a trap, a missing one would cost the program.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capstone.h"
#include "funcs.h"
#include "site.h"

#define MAX_FUNC	(1U << 20)
#define MAX_GAP		64	/* of padding between functions */

struct insn {
	__u32	off;		/* from the function's start */
	__u16	id;
	__u16	len;
};

struct decoder {
	const __u8 *file;
	size_t	len;
	struct glue_funcs fs;
	__u8	*gap_used;	/* bytes taken of the padding behind each function */
	struct glue_capstone lib;
	csh	cs, cs_detail;
	cs_insn	*one, *one_detail;
	struct insn *insn;	/* of the function at hand */
	size_t	ninsn, max;
	__u32	*target;	/* and its branch targets, from its start */
	size_t	ntarget, maxtarget;
	struct glue_sites *out;
};

static int add_target(struct decoder *d, long off)
{
	__u32 *t;

	if (off < 0)
		return 0;
	if (d->ntarget == d->maxtarget) {
		d->maxtarget = d->maxtarget ? d->maxtarget * 2 : 256;
		t = realloc(d->target, d->maxtarget * sizeof(*t));
		if (!t)
			return -ENOMEM;
		d->target = t;
	}
	d->target[d->ntarget++] = off;
	return 0;
}

/* Where a direct branch goes, from the function's start; -1 if it is none. */
static long branch_target(const __u8 *b, unsigned int len, __u32 off)
{
	unsigned int i = 0;
	__s32 d;

	while (i < len && (b[i] == 0x2e || b[i] == 0x3e || b[i] == 0xf2 || b[i] == 0x66))
		i++;
	if (len - i == 2 && ((b[i] & 0xf0) == 0x70 || b[i] == 0xeb || (b[i] & 0xfc) == 0xe0))
		return (long)off + len + (__s8)b[i + 1];
	if ((len - i == 5 && (b[i] == 0xe8 || b[i] == 0xe9)) ||
	    (len - i == 6 && b[i] == 0x0f && (b[i + 1] & 0xf0) == 0x80)) {
		memcpy(&d, b + len - 4, 4);
		return (long)off + len + d;
	}
	return -1;
}

static int decode_func(struct decoder *d, const struct glue_func *f)
{
	const uint8_t *p = d->file + f->start;
	size_t left = f->end - f->start;
	uint64_t addr = 0;
	struct insn *in;
	long t;

	d->ninsn = d->ntarget = 0;
	if (left > MAX_FUNC)
		left = MAX_FUNC;
	while (left && d->lib.disasm_iter(d->cs, &p, &left, &addr, d->one)) {
		if (d->ninsn == d->max) {
			d->max = d->max ? d->max * 2 : 1024;
			in = realloc(d->insn, d->max * sizeof(*in));
			if (!in)
				return -ENOMEM;
			d->insn = in;
		}
		in = &d->insn[d->ninsn++];
		in->off = d->one->address;
		in->len = d->one->size;
		in->id = d->one->id;
		t = branch_target(d->one->bytes, d->one->size, in->off);
		if (t >= 0 && add_target(d, t))
			return -ENOMEM;
	}
	return 0;
}

/* What copying one instruction elsewhere takes. */
static void classify(struct decoder *d, const __u8 *bytes, unsigned int len, struct glue_insn *out)
{
	cs_insn *in = d->one_detail;
	const uint8_t *p = bytes;
	uint64_t addr = 0x1000;
	size_t left = len;
	cs_x86 *x;
	int i;

	out->len = len;
	out->kind = GLUE_I_FIXED;
	out->disp = 0;
	if (!d->lib.disasm_iter(d->cs_detail, &p, &left, &addr, in) || in->size != len)
		return;
	x = &in->detail->x86;
	switch (in->id) {
	case X86_INS_NOP:
	case X86_INS_INT3:
		out->kind = GLUE_I_NOP;
		return;
	case X86_INS_HLT:
	case X86_INS_UD2:
		out->kind = GLUE_I_END;
		return;
	case X86_INS_SYSCALL:
	case X86_INS_SYSENTER:
	case X86_INS_INT:
	case X86_INS_INT1:
	case X86_INS_INTO:
	case X86_INS_LOOP:
	case X86_INS_LOOPE:
	case X86_INS_LOOPNE:
	case X86_INS_JCXZ:
	case X86_INS_JECXZ:
	case X86_INS_JRCXZ:
	case X86_INS_XBEGIN:
		return;
	}
	/* endbr64 is decoded as nothing or as a nop, depending on the version. */
	if (len == 4 && !memcmp(bytes, "\xf3\x0f\x1e\xfa", 4))
		return;
	if (d->lib.insn_group(d->cs_detail, in, CS_GRP_CALL) ||
	    d->lib.insn_group(d->cs_detail, in, CS_GRP_IRET))
		return;
	if (d->lib.insn_group(d->cs_detail, in, CS_GRP_JUMP)) {
		if ((len == 2 && (bytes[0] & 0xf0) == 0x70) ||
		    (len == 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80))
			out->kind = GLUE_I_JCC;
		else if ((len == 2 && bytes[0] == 0xeb) || (len == 5 && bytes[0] == 0xe9))
			out->kind = GLUE_I_JMP;
		else if (x->op_count == 1 && x->operands[0].type == X86_OP_REG)
			out->kind = GLUE_I_END;
		return;
	}
	if (d->lib.insn_group(d->cs_detail, in, CS_GRP_RET)) {
		out->kind = GLUE_I_END;
		return;
	}
	for (i = 0; i < x->op_count; i++)
		if (x->operands[i].type == X86_OP_MEM && x->operands[i].mem.base == X86_REG_RIP) {
			if (x->encoding.disp_size != 4 || x->encoding.disp_offset + 4U > len)
				return;
			out->kind = GLUE_I_RIPREL;
			out->disp = x->encoding.disp_offset;
			return;
		}
	out->kind = GLUE_I_PLAIN;
}

/* Bytes of padding at @off, whole instructions of it, not beyond @end. */
static size_t padding(struct decoder *d, __u64 off, __u64 end)
{
	const uint8_t *p = d->file + off;
	uint64_t addr = 0;
	size_t left = end - off, done = 0;

	while (left && d->lib.disasm_iter(d->cs, &p, &left, &addr, d->one)) {
		if (d->one->id != X86_INS_NOP && d->one->id != X86_INS_INT3)
			break;
		done += d->one->size;
	}
	return done;
}

/* 5 unused bytes between functions, within reach of a short jump at @off. */
static int find_hole(struct decoder *d, size_t func, __u64 off)
{
	const struct glue_func *f = d->fs.f;
	size_t i, lo = func, n = d->fs.n;
	__u64 at, end;

	while (lo > 0 && f[lo].start + 128 > off)
		lo--;
	for (i = lo; i + 1 < n && f[i].end < off + 128; i++) {
		at = f[i].end + d->gap_used[i];
		end = f[i + 1].start;
		if (end < at + 5 || end - f[i].end > MAX_GAP || at + 126 < off || at > off + 127)
			continue;
		if (padding(d, f[i].end, end) != end - f[i].end)
			continue;
		d->gap_used[i] += 5;
		return at - off;
	}
	return 0;
}

static int cmp_u64(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/*
 * The function ends less than 5 bytes behind the site: M1 may use the padding
 * that follows, which then is not free for a hole.
 */
static void borrow_padding(struct decoder *d, size_t func, __u64 off, struct glue_site *s)
{
	const struct glue_func *f = &d->fs.f[func];
	unsigned int known = 2, i;
	size_t left;

	for (i = 0; i < s->nnext; i++)
		known += s->next[i].len;
	if (known >= 5 || off + known != f->end || func + 1 == d->fs.n || d->gap_used[func] ||
	    d->fs.f[func + 1].start - f->end > MAX_GAP)
		return;
	left = padding(d, f->end, d->fs.f[func + 1].start);
	for (i = 0; i < left && known < 5 && s->nnext < GLUE_NAROUND; i++, known++) {
		s->next[s->nnext].len = 1;
		s->next[s->nnext++].kind = GLUE_I_NOP;
	}
	d->gap_used[func] = i;
}

static int add_site(struct decoder *d, size_t func, size_t i)
{
	const struct glue_func *f = &d->fs.f[func];
	const struct insn *in = &d->insn[i];
	struct glue_sites *o = d->out;
	struct glue_site *s;
	const __u8 *b;
	__u64 off = f->start + in->off, e;
	size_t k;
	int delta;

	if (o->n == o->max) {
		o->max = o->max ? o->max * 2 : 64;
		s = realloc(o->site, o->max * sizeof(*s));
		if (!s)
			return -ENOMEM;
		o->site = s;
	}
	s = &o->site[o->n++];
	memset(s, 0, sizeof(*s));
	s->off = off;
	for (k = 0; k < GLUE_NAROUND && k < i; k++) {
		const struct insn *p = &d->insn[i - 1 - k];

		classify(d, d->file + f->start + p->off, p->len, &s->prev[s->nprev++]);
	}
	for (k = i + 1; k < d->ninsn && s->nnext < GLUE_NAROUND; k++) {
		classify(d, d->file + f->start + d->insn[k].off, d->insn[k].len,
			 &s->next[s->nnext++]);
	}
	if (k == d->ninsn)
		borrow_padding(d, func, f->start + in->off, s);

	for (k = 0; k < d->ntarget; k++) {
		delta = (int)d->target[k] - (int)in->off;
		if (delta >= -16 && delta < 16)
			s->target |= GLUE_TARGET_BIT(delta);
	}
	for (delta = -16; delta < 16; delta++) {
		e = off + delta;
		if (bsearch(&e, d->fs.entry, d->fs.nentry, sizeof(e), cmp_u64))
			s->target |= GLUE_TARGET_BIT(delta);
	}

	b = d->file + off;
	if (s->nprev && s->prev[0].len == 5 && b[-5] == 0xb8) {
		s->mov = 1;
		memcpy(&s->nr, b - 4, 4);
	}
	s->keep = (s->mov && s->nr == 15) ||
		  (s->nprev && s->prev[0].len == 7 && !memcmp(b - 7, "\x48\xc7\xc0\x0f\0\0\0", 7));
	if (!s->mov && !s->keep)
		s->hole = find_hole(d, func, off);
	return 0;
}

/* All sites of the function that the candidate at @off lies in. */
static int do_func(struct decoder *d, size_t func, size_t *found)
{
	size_t i;
	int r = decode_func(d, &d->fs.f[func]);

	for (i = 0; !r && i < d->ninsn; i++)
		if (d->insn[i].id == X86_INS_SYSCALL) {
			r = add_site(d, func, i);
			++*found;
		}
	return r;
}

static long func_of(const struct glue_funcs *fs, __u64 off)
{
	size_t lo = 0, hi = fs->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (fs->f[mid].end <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < fs->n && fs->f[lo].start <= off ? (long)lo : -1;
}

static int find_in(struct decoder *d, __u64 start, __u64 end)
{
	const __u8 *p, *e = d->file + end;
	long func, last = -1;
	size_t found = 0, in_func = 0;
	int r;

	for (p = d->file + start; (p = memmem(p, e - p, "\x0f\x05", 2)); p++) {
		d->out->candidates++;
		func = func_of(&d->fs, p - d->file);
		if (func < 0) {
			d->out->undecoded++;
			continue;
		}
		if (func == last)
			continue;
		last = func;
		in_func = 0;
		r = do_func(d, func, &in_func);
		if (r)
			return r;
		/* Decoding stopped early, and the rest is unknown. */
		if (d->ninsn && d->fs.f[func].start + d->insn[d->ninsn - 1].off <
				(__u64)(p - d->file) && !in_func)
			d->out->undecoded++;
		found += in_func;
	}
	return 0;
}

static int cmp_site(const void *a, const void *b)
{
	return cmp_u64(&((const struct glue_site *)a)->off, &((const struct glue_site *)b)->off);
}

/* Branches from anywhere into what M1 or M4 would overwrite. */
static void far_targets(struct decoder *d, __u64 start, __u64 end)
{
	const __u8 *b = d->file;
	struct glue_sites *o = d->out;
	__u64 i, t, lo = ~0ULL, hi = 0;
	__u8 *bloom;
	size_t k;
	__s32 rel;
	int delta;

	/* By granule of 16 bytes, two bits a site; then the list. */
	for (k = 0; k < o->n; k++)
		if (!o->site[k].mov && !o->site[k].hole) {
			lo = o->site[k].off < lo ? o->site[k].off : lo;
			hi = o->site[k].off > hi ? o->site[k].off : hi;
		}
	if (lo > hi)
		return;
	lo = (lo & ~15ULL) - 16;
	hi += 32;
	bloom = calloc((hi - lo) / 128 + 2, 1);
	for (k = 0; bloom && k < o->n; k++)
		if (!o->site[k].mov && !o->site[k].hole)
			for (t = o->site[k].off - 16; t <= o->site[k].off + 16; t += 16)
				bloom[(t - lo) / 128] |= 1 << ((t - lo) / 16 % 8);
	for (i = start; i + 6 <= end; i++) {
		if ((b[i] & 0xfe) == 0xe8)
			t = i + 5;
		else if (b[i] == 0x0f && (b[i + 1] & 0xf0) == 0x80)
			t = i + 6;
		else
			continue;
		memcpy(&rel, b + t - 4, 4);
		t += rel;
		if (t < lo || t >= hi || (bloom && !(bloom[(t - lo) / 128] & (1 << ((t - lo) / 16 % 8)))))
			continue;
		for (k = 0; k < o->n; k++) {
			delta = (long)(t - o->site[k].off) < -16 || (long)(t - o->site[k].off) > 15 ?
				99 : (int)(t - o->site[k].off);
			if (delta != 99)
				o->site[k].target |= GLUE_TARGET_BIT(delta);
		}
	}
	free(bloom);
}

int glue_sites_find(const void *file, size_t len, struct glue_sites *out)
{
	struct decoder d = { .file = file, .len = len, .out = out };
	const Elf64_Ehdr *eh = file;
	const Elf64_Phdr *ph;
	int i, pass, r;

	memset(out, 0, sizeof(*out));
	r = glue_funcs_find(file, len, &d.fs);
	if (r)
		return r;
	ph = (const Elf64_Phdr *)(d.file + eh->e_phoff);
	r = glue_capstone_load(&d.lib);
	if (r) {
		glue_funcs_free(&d.fs);
		return r;
	}
	r = -ENOMEM;
	d.gap_used = calloc(d.fs.n + 1, 1);
	if (!d.gap_used || d.lib.open(CS_ARCH_X86, CS_MODE_64, &d.cs))
		goto out;
	if (d.lib.open(CS_ARCH_X86, CS_MODE_64, &d.cs_detail))
		goto out;
	d.lib.option(d.cs_detail, CS_OPT_DETAIL, CS_OPT_ON);
	d.one = d.lib.malloc(d.cs);
	d.one_detail = d.lib.malloc(d.cs_detail);
	if (!d.one || !d.one_detail)
		goto out;
	r = 0;
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; !r && i < eh->e_phnum; i++) {
			if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_X) ||
			    ph[i].p_offset > len || ph[i].p_filesz > len - ph[i].p_offset)
				continue;
			if (pass == 0)
				r = find_in(&d, ph[i].p_offset, ph[i].p_offset + ph[i].p_filesz);
			else
				far_targets(&d, ph[i].p_offset, ph[i].p_offset + ph[i].p_filesz);
		}
		if (pass == 0 && out->n)
			qsort(out->site, out->n, sizeof(*out->site), cmp_site);
	}
out:
	if (d.one)
		d.lib.free(d.one, 1);
	if (d.one_detail)
		d.lib.free(d.one_detail, 1);
	if (d.cs)
		d.lib.close(&d.cs);
	if (d.cs_detail)
		d.lib.close(&d.cs_detail);
	glue_capstone_unload(&d.lib);
	free(d.gap_used);
	free(d.insn);
	free(d.target);
	glue_funcs_free(&d.fs);
	if (r)
		glue_sites_free(out);
	return r;
}

void glue_sites_free(struct glue_sites *s)
{
	free(s->site);
	memset(s, 0, sizeof(*s));
}
