// SPDX-License-Identifier: GPL-2.0-only
/*
 * How one system call site is rewritten: pure, given the bytes and what the
 * decoder says about them.  site.h has the four forms.
 *
 * A method is refused unless all of this is known: the instructions that it
 * overwrites, from their first byte to their last; that none of them, but the
 * first one overwritten, is a branch's target; and that each can run at another
 * address (a displacement relative to the instruction pointer is adjusted, a
 * short branch becomes a long one; a call cannot, for its return address would
 * be ours).
 *
 * In the slot:
 *
 *	[M2: the mov] [M4: copies of what precedes]
 *	stub:	lea	slot(%rip), %r11
 *		jmp	*slot.hook(%rip)
 *	cont:	[M1: copies of what follows]
 *		[M1: jmp back]
 */
#include <string.h>

#include "site.h"

#define JMP_LEN		5
#define SYSCALL_LEN	2

struct emit {
	struct glue_slot *slot;
	unsigned long addr;		/* of the slot, for the program */
	unsigned int n;			/* offset in the slot */
	int	full;
};

static void emit(struct emit *e, const void *bytes, unsigned int len)
{
	if (e->n + len > GLUE_SLOT_SIZE) {
		e->full = 1;
		return;
	}
	memcpy((char *)e->slot + e->n, bytes, len);
	e->n += len;
}

/* A 32-bit displacement, from its own end to @target. */
static void emit_rel(struct emit *e, unsigned long target)
{
	long d = target - (e->addr + e->n + 4);
	__s32 d32 = d;

	if (d != d32)
		e->full = 1;
	emit(e, &d32, 4);
}

static void emit_jmp(struct emit *e, unsigned long target)
{
	emit(e, "\xe9", 1);
	emit_rel(e, target);
}

static void emit_stub(struct emit *e)
{
	e->slot->stub = e->n;
	emit(e, "\x4c\x8d\x1d", 3);		/* lea slot(%rip), %r11 */
	emit_rel(e, e->addr + offsetof(struct glue_slot, desc));
	emit(e, "\xff\x25", 2);			/* jmp *hook(%rip) */
	emit_rel(e, e->addr + offsetof(struct glue_slot, hook));
	e->slot->stub_end = e->n;
}

/* One instruction of the program, at @addr, into the slot. */
static void emit_copy(struct emit *e, const struct glue_insn *in, const __u8 *bytes,
		      unsigned long addr)
{
	unsigned long end = addr + in->len;
	__s32 d32;
	__u8 op[2];

	switch (in->kind) {
	case GLUE_I_RIPREL:
		memcpy(&d32, bytes + in->disp, 4);
		emit(e, bytes, in->disp);
		/* The displacement counts from the end of the instruction. */
		emit_rel(e, end + d32 - (in->len - in->disp - 4));
		emit(e, bytes + in->disp + 4, in->len - in->disp - 4);
		return;
	case GLUE_I_JMP:
		if (in->len == 2)
			d32 = (__s8)bytes[1];
		else
			memcpy(&d32, bytes + 1, 4);
		emit_jmp(e, end + d32);
		return;
	case GLUE_I_JCC:
		if (in->len == 2)
			d32 = (__s8)bytes[1];
		else
			memcpy(&d32, bytes + 2, 4);
		op[0] = 0x0f;
		op[1] = 0x80 | (bytes[in->len == 2 ? 0 : 1] & 0x0f);
		emit(e, op, 2);
		emit_rel(e, end + d32);
		return;
	default:
		emit(e, bytes, in->len);
	}
}

static void note(struct emit *e, unsigned int orig)
{
	struct glue_slot *s = e->slot;

	if (s->nmap == GLUE_SLOT_MAPS) {
		e->full = 1;
		return;
	}
	s->map[s->nmap].orig = orig;
	s->map[s->nmap++].copy = e->n;
}

/* Is an address in (@from, @to), relative to the syscall, branched to? */
static int targeted(const struct glue_site *s, int from, int to)
{
	int d;

	for (d = from + 1; d < to; d++)
		if (d < -16 || d > 15 || (s->target & GLUE_TARGET_BIT(d)))
			return 1;
	return 0;
}

static int goes_on(const struct glue_insn *in)
{
	return in->kind != GLUE_I_END && in->kind != GLUE_I_JMP;
}

static void jump_bytes(struct glue_patch *p, unsigned long at, unsigned long target)
{
	__s32 d = target - (at + JMP_LEN);

	p->at = at;
	p->len = JMP_LEN;
	p->bytes[0] = 0xe9;
	memcpy(p->bytes + 1, &d, 4);
}

static int reaches(unsigned long at, unsigned long target)
{
	long d = target - (at + JMP_LEN);

	return d == (__s32)d;
}

static const char *try_m1(const struct glue_site *s, unsigned long addr, const __u8 *text,
			  struct emit *e, struct glue_patch *p)
{
	unsigned int i, n = SYSCALL_LEN, at;
	int on = 1;

	for (i = 0; n < JMP_LEN; i++) {
		if (i == s->nnext)
			return "nothing known behind it";
		if (s->next[i].kind == GLUE_I_FIXED)
			return "what follows cannot be moved";
		if (!on && s->next[i].kind != GLUE_I_NOP)
			return "no padding behind the end";
		on = on && goes_on(&s->next[i]);
		n += s->next[i].len;
	}
	if (targeted(s, 0, n < JMP_LEN ? n : JMP_LEN))
		return "branch into what follows";

	emit_stub(e);
	e->slot->desc.cont = e->addr + e->n;
	e->slot->desc.restart_ip = addr;
	on = 1;
	for (i = 0, at = SYSCALL_LEN; at < n; at += s->next[i++].len) {
		if (!on)
			continue;
		note(e, at);
		emit_copy(e, &s->next[i], text + at, addr + at);
		on = goes_on(&s->next[i]);
	}
	if (on) {
		note(e, n);
		emit_jmp(e, addr + n);
	}
	e->slot->start = addr;
	jump_bytes(p, addr, e->addr + e->slot->stub);
	return NULL;
}

static const char *try_m2(const struct glue_site *s, unsigned long addr, const __u8 *text,
			  struct emit *e, struct glue_patch *p)
{
	unsigned int at = e->n;

	if (!s->mov)
		return "no mov before it";
	if (targeted(s, -JMP_LEN, 0))
		return "branch into the mov";
	note(e, 0);
	emit(e, text - JMP_LEN, JMP_LEN);
	emit_stub(e);
	e->slot->desc.cont = addr + SYSCALL_LEN;
	e->slot->desc.restart_ip = addr - JMP_LEN;
	e->slot->start = addr - JMP_LEN;
	jump_bytes(p, addr - JMP_LEN, e->addr + at);
	return NULL;
}

static const char *try_m3(const struct glue_site *s, unsigned long addr, const __u8 *text,
			  struct emit *e, struct glue_patch *p)
{
	struct glue_patch hole;

	if (!s->hole)
		return "no padding near";
	emit_stub(e);
	e->slot->desc.cont = addr + SYSCALL_LEN;
	e->slot->desc.restart_ip = addr;
	e->slot->start = addr;
	p->hole = addr + s->hole;
	if (!reaches(p->hole, e->addr + e->slot->stub))
		return "padding out of reach";
	jump_bytes(&hole, p->hole, e->addr + e->slot->stub);
	memcpy(p->hole_bytes, hole.bytes, JMP_LEN);
	p->at = addr;
	p->len = SYSCALL_LEN;
	p->bytes[0] = 0xeb;
	p->bytes[1] = s->hole - SYSCALL_LEN;
	return NULL;
}

static const char *try_m4(const struct glue_site *s, unsigned long addr, const __u8 *text,
			  struct emit *e, struct glue_patch *p)
{
	unsigned int i, n = 0, at = e->n;
	int off;

	for (i = 0; n + SYSCALL_LEN < JMP_LEN; i++) {
		if (i == s->nprev)
			return "nothing known before it";
		if (s->prev[i].kind == GLUE_I_FIXED || !goes_on(&s->prev[i]))
			return "what precedes cannot be moved";
		n += s->prev[i].len;
	}
	if (targeted(s, -(int)n, SYSCALL_LEN))
		return "branch into what precedes";

	for (off = n; i-- > 0; off -= s->prev[i].len) {
		note(e, n - off);
		emit_copy(e, &s->prev[i], text - off, addr - off);
	}
	note(e, n);
	emit_stub(e);
	e->slot->desc.cont = addr + SYSCALL_LEN;
	e->slot->desc.restart_ip = e->addr + e->slot->stub;
	e->slot->start = addr - n;
	jump_bytes(p, addr - n, e->addr + at);
	return NULL;
}

typedef const char *try_fn(const struct glue_site *s, unsigned long addr, const __u8 *text,
			   struct emit *e, struct glue_patch *p);

void glue_rewrite(const struct glue_site *s, unsigned long addr, const __u8 *text,
		  struct glue_slot *slot, unsigned long slot_addr, unsigned int methods,
		  struct glue_patch *p)
{
	static const struct {
		enum glue_method method;
		try_fn *fn;
	} order[] = {
		{ GLUE_M2, try_m2 }, { GLUE_M3, try_m3 }, { GLUE_M1, try_m1 }, { GLUE_M4, try_m4 },
	};
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->why = "left to unwinders";
	if (s->keep)
		return;
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct emit e = {
			.slot = slot,
			.addr = slot_addr,
			.n = offsetof(struct glue_slot, code),
		};

		if (methods && !(methods & (1U << order[i].method)))
			continue;
		memset(slot, 0, sizeof(*slot));
		memset(p, 0, sizeof(*p));
		slot->desc.ret_ip = addr + SYSCALL_LEN;
		p->why = order[i].fn(s, addr, text, &e, p);
		if (!p->why && (e.full || !reaches(p->hole ? p->hole : p->at, slot_addr)))
			p->why = "out of reach";
		if (!p->why) {
			slot->method = p->method = order[i].method;
			return;
		}
	}
	memset(slot, 0, sizeof(*slot));
}
