/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rewritten system call sites: what is known of one, and where its trampoline
 * is.
 *
 * The decoder (decode.c) describes a site by the instructions around it; the
 * rewriter (rewrite.c) turns that into one of four forms and a slot of an arena
 * (arena.c) within reach of a 32-bit jump:
 *
 *	M1  jmp slot			over the syscall and what follows, which
 *					is copied to the slot
 *	M2  jmp slot; syscall		over the preceding mov $nr, %eax
 *	M3  jmp hole ... jmp slot	over the syscall alone, by way of padding
 *					between functions
 *	M4  jmp slot			over what precedes and the syscall
 *
 * M2 and M3 leave every address valid that the program can know, so they come
 * first.  M1 and M4 make addresses invalid, between the first byte written and
 * the last; glue_site_map() and glue_site_unmap() translate for signal frames.
 */
#ifndef GLUE_SITE_H
#define GLUE_SITE_H

#include "glue.h"

enum glue_method { GLUE_M_NONE, GLUE_M1, GLUE_M2, GLUE_M3, GLUE_M4, GLUE_M_END };

/* Kinds of instruction, as far as copying one elsewhere is concerned. */
enum glue_kind {
	GLUE_I_PLAIN,		/* the same bytes anywhere */
	GLUE_I_RIPREL,		/* a 32-bit displacement from its end, at .disp */
	GLUE_I_JCC,		/* relative conditional jump */
	GLUE_I_JMP,		/* relative jump */
	GLUE_I_END,		/* the same anywhere, and does not go on: ret, jmp *reg */
	GLUE_I_NOP,		/* does nothing, or is never reached (int3) */
	GLUE_I_FIXED,		/* may not be moved: call, syscall, loop, unknown */
};

struct glue_insn {
	__u8	len;
	__u8	kind;
	__u8	disp;		/* offset of the displacement */
	__u8	pad;
};

#define GLUE_NAROUND	4

/**
 * struct glue_site - a syscall instruction and its neighbourhood
 * @off: offset in the file
 * @nprev: instructions known before it, nearest first, in @prev
 * @nnext: instructions known after it, in @next
 * @target: bit n: the address of the syscall + n - 16 is a branch's target
 * @hole: address of 5 bytes of padding, relative to the syscall; 0: none near
 * @mov: the instruction before is a 5-byte mov $imm32, %eax; its value in @nr
 * @keep: not to be touched (rt_sigreturn)
 */
struct glue_site {
	__u64	off;
	__u32	target;
	__u32	nr;
	__s8	hole;
	__u8	nprev, nnext;
	__u8	mov, keep, pad[3];
	struct glue_insn prev[GLUE_NAROUND], next[GLUE_NAROUND];
};

#define GLUE_TARGET_BIT(delta)	(1U << ((delta) + 16))

/* A trampoline, 128 bytes, readable and executable for the program. */
#define GLUE_SLOT_SIZE	128
#define GLUE_SLOT_MAPS	6

struct glue_slot {
	struct glue_desc desc;
	unsigned long hook;		/* what the stub jumps to */
	unsigned long start;		/* first byte overwritten */
	__u8	method;
	__u8	nmap;
	__u8	stub, stub_end;		/* offsets in the slot: lea; jmp *hook */
	struct {
		__u8	orig;		/* from start */
		__u8	copy;		/* offset in the slot */
	} map[GLUE_SLOT_MAPS];
	__u8	code[GLUE_SLOT_SIZE - 56];
};

/* --- rewrite.c: ordinary code, pure ---------------------------------------- */

/**
 * struct glue_patch - how a site is to be changed
 * @method: M1..M4, or GLUE_M_NONE
 * @at: first address written, and @len bytes of @bytes
 * @hole: M3: where @hole_bytes go; 0 otherwise
 * @why: why not, for the statistics
 */
struct glue_patch {
	enum glue_method method;
	unsigned long at;
	unsigned int len;
	__u8	bytes[16];
	unsigned long hole;
	__u8	hole_bytes[5];
	const char *why;
};

/**
 * glue_rewrite() - plan one site
 * @s: the site, which is at address @addr
 * @text: the bytes there; 16 before and 32 after may be read as far as @s has
 *	instructions
 * @slot: room for the trampoline, whose address for the program is @slot_addr
 * @methods: bit mask of methods that may be used, for tests; 0: all
 *
 * Nothing but @slot and @p is written.
 */
void glue_rewrite(const struct glue_site *s, unsigned long addr, const __u8 *text,
		  struct glue_slot *slot, unsigned long slot_addr, unsigned int methods,
		  struct glue_patch *p);

/* --- decode.c: ordinary code ------------------------------------------------- */

struct glue_sites {
	struct glue_site *site;
	size_t	n, max;
	size_t	candidates;	/* byte pairs that were looked at */
	size_t	undecoded;	/* of which no function is known, or decoding stopped */
};

/**
 * glue_sites_find() - the system calls of an ELF file
 * @file: the file, mapped; @len bytes
 *
 * Return: 0, -ENOEXEC, -ENOMEM.
 */
int glue_sites_find(const void *file, size_t len, struct glue_sites *out);
void glue_sites_free(struct glue_sites *s);

/* --- text.c: ordinary code, through the gate ---------------------------------- */

/**
 * struct glue_text_map - text that was just mapped and cannot run yet
 * @fd: the file, mapped at @addr, @len bytes from its offset @off
 */
struct glue_text_map {
	struct glue_prog *prog;
	unsigned long addr, len, off;
	int	fd;
};

long glue_text_rewrite(void *map);
/* Before fork(): the text that programs of children will want. */
void glue_text_keep(struct glue_prog *p);
/* Over fork(): the lock; descriptors that the child is to keep, at most @max. */
void glue_text_lock(int on);
int glue_text_fds(int *fds, int max);

/* --- arena.c, sitemap.c --------------------------------------------------------- */

#define GLUE_ARENA_SIZE	0x100000UL
#define GLUE_NARENAS	1024

/* Of the process: addresses are. */
extern struct glue_arena {
	unsigned long lo;		/* for the program; 0: unused */
	unsigned long len;
	char	*rw;			/* NULL: an image's, and full */
	unsigned int used;		/* bytes */
	struct glue_prog *prog;
} glue_arenas[GLUE_NARENAS];
extern unsigned int glue_narenas;

/* Ordinary code: a slot near @addr; *@addr_out is its address for the program. */
struct glue_slot *glue_arena_slot(struct glue_prog *p, unsigned long addr,
				  unsigned long *addr_out);
/* The slot just got is not needed. */
void glue_arena_return(struct glue_slot *s);
/* Slots that came with an image; -1: too many.  Removing unmaps them. */
int glue_arena_add(struct glue_prog *p, unsigned long lo, unsigned long len);
void glue_arena_remove(struct glue_prog *p, unsigned long lo);
void glue_arena_free(struct glue_prog *p);
/* Over fork(). */
void glue_arena_lock(int on);

/* Hot. */
int glue_arena_overlaps(unsigned long addr, unsigned long len);

/* The address of the copy, if the instruction at @ip was overwritten; else @ip. */
unsigned long glue_site_map(unsigned long ip);
/* The reverse: what the program takes for its instruction pointer. */
unsigned long glue_site_unmap(unsigned long ip);

#endif /* GLUE_SITE_H */
