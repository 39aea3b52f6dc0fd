// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder and the rewriter on snippets of code: which method each gets, or
 * why none; and that the rewritten snippet, run with a hook that answers the
 * number plus 1000, computes what it should.
 *
 * The snippets are put into an ELF file made here, with a symbol for each.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "glue/core.h"
#include "glue/site.h"

/* Stands for glue_entry: the result is the number + 1000. */
extern char test_hook[];
asm(".text\n.balign 16\ntest_hook:\n"
    "	lea 1000(%rax), %rax\n"
    "	mov $0, %ecx\n"
    "	jmp *8(%r11)\n");

#define SNIPPET(name, code) \
	extern char name[], name##_end[]; \
	asm(".section .rodata\n" #name ":\n" code "\n" #name "_end:\n.text\n")

SNIPPET(s_mov, "mov $5, %eax; syscall; ret");
SNIPPET(s_mov_targeted, "test %edi, %edi; mov %edi, %eax; jne 1f; mov $5, %eax; 1: syscall; ret");
SNIPPET(s_cmp, "mov %edi, %eax; syscall; cmp $-4096, %rax; ja 1f; add $1, %eax; ret; 1: neg %eax; ret");
SNIPPET(s_jcc8, "test %edi, %edi; mov %edi, %eax; syscall; js 1f; jz 1f; lea 1(%rax), %eax; ret; 1: xor %eax, %eax; ret");
SNIPPET(s_jcc32, "test %edi, %edi; mov %edi, %eax; syscall; .byte 0x0f, 0x88; .long 1f - . - 4; inc %eax; ret; 1: ret");
SNIPPET(s_jmp8, "mov %edi, %eax; syscall; jmp 1f; nop; nop; 2: ret; 1: add $3, %eax; jmp 2b");
SNIPPET(s_ret, "mov %edi, %eax; syscall; ret; int3; int3; int3");
SNIPPET(s_riprel, "mov %edi, %eax; syscall; mov 1f(%rip), %ecx; add %ecx, %eax; ret; 1: .long 7; ret");
SNIPPET(s_ripimm, "mov %edi, %eax; syscall; cmpl $7, 1f(%rip); sete %cl; movzbl %cl, %ecx; "
	"add %ecx, %eax; ret; 1: .long 7; ret");
SNIPPET(s_call, "mov %edi, %eax; syscall; call 1f; ret; 1: inc %eax; ret");
SNIPPET(s_loop, "push $3; pop %rcx; mov %rdi, %rax; syscall; 1: inc %eax; jz 1b; ret");
SNIPPET(s_both, "mov %edi, %eax; jmp 1f; nop; nop; 1: syscall; 2: inc %eax; jz 2b; ret");
SNIPPET(s_sigreturn, "mov $15, %eax; syscall; ret; ud2");
SNIPPET(s_restorer, "mov $15, %rax; syscall; ret; ud2");
SNIPPET(s_false, "mov $0x050f, %eax; ret");
SNIPPET(s_false2, "mov $0x0f, %al; add $0x050f0000, %ecx; .byte 0x48, 0xb8, 0x0f, 5, 0x0f, 5, 0, 0, 0, 0; ret");
SNIPPET(s_end, "mov %edi, %eax; syscall");
SNIPPET(s_landing, "mov %edi, %eax; syscall; endbr64; ret");
SNIPPET(s_short, "syscall; ret");
SNIPPET(s_two, "mov $1, %eax; syscall; mov $2, %eax; syscall; ret");
SNIPPET(s_pad, ".fill 15, 1, 0x90");

static const struct test {
	const char *name;
	const char *code, *end;
	unsigned int methods;		/* allowed; 0: all */
	enum glue_method want;
	int sites;
	int pad;			/* bytes of padding behind the function */
	long arg, result;		/* -1: do not run */
} tests[] = {
#define S(x) #x, x, x##_end
	{ S(s_mov), 0, GLUE_M2, 1, 0, 0, 1005 },
	{ S(s_mov_targeted), 0, GLUE_M2, 1, 0, 0, 1005 },
	{ S(s_cmp), 0, GLUE_M1, 1, 0, 7, 1008 },
	{ S(s_cmp), 0, GLUE_M3, 1, 15, 7, 1008 },
	{ S(s_cmp), 1U << GLUE_M3, GLUE_M_NONE, 1, 4, 7, -1 },
	{ S(s_jcc8), 0, GLUE_M1, 1, 0, 4, 1005 },
	{ S(s_jcc32), 0, GLUE_M1, 1, 0, 4, 1005 },
	{ S(s_jmp8), 0, GLUE_M1, 1, 0, 4, 1007 },
	{ S(s_ret), 0, GLUE_M1, 1, 0, 4, 1004 },
	{ S(s_ret), 1U << GLUE_M3, GLUE_M3, 1, 11, 4, 1004 },
	{ S(s_riprel), 0, GLUE_M1, 1, 0, 4, 1011 },
	{ S(s_ripimm), 0, GLUE_M1, 1, 0, 4, 1005 },
	{ S(s_call), 0, GLUE_M_NONE, 1, 0, 4, -1 },
	{ S(s_call), 0, GLUE_M3, 1, 11, 4, 1005 },
	{ S(s_loop), 0, GLUE_M4, 1, 0, 4, 1005 },
	{ S(s_loop), 1U << GLUE_M1, GLUE_M_NONE, 1, 0, 4, -1 },
	{ S(s_both), 0, GLUE_M_NONE, 1, 0, 4, -1 },
	{ S(s_both), 0, GLUE_M3, 1, 9, 4, 1005 },
	{ S(s_sigreturn), 0, GLUE_M_NONE, 1, 15, 0, -1 },
	{ S(s_restorer), 0, GLUE_M_NONE, 1, 15, 0, -1 },
	{ S(s_false), 0, GLUE_M_NONE, 0, 0, 0, -1 },
	{ S(s_false2), 0, GLUE_M_NONE, 0, 0, 0, -1 },
	{ S(s_end), 0, GLUE_M_NONE, 1, 0, 4, -1 },
	{ S(s_landing), 0, GLUE_M_NONE, 1, 0, 4, -1 },
	{ S(s_short), 0, GLUE_M_NONE, 1, 0, 0, -1 },
	{ S(s_short), 0, GLUE_M3, 1, 9, 0, -1 },
	{ S(s_two), 0, GLUE_M2, 2, 0, 0, 1002 },
};

#define NTESTS	((int)(sizeof(tests) / sizeof(tests[0])))
#define CODE	0x1000
#define SYMS	0x2000
#define SHDRS	0x3000
#define SIZE	0x4000
#define LEAD	64

static int n, failed;

static void ok(int good, const char *name, const char *what, const char *why)
{
	printf("%sok %d - %s: %s%s%s\n", good ? "" : "not ", ++n, name, what, why ? ": " : "",
	       why ? why : "");
	failed |= !good;
}

/* An ELF file: a function, padding, and another function behind it. */
static __u8 *make_file(const struct test *t)
{
	__u8 *f = calloc(1, SIZE);
	Elf64_Ehdr *eh = (void *)f;
	Elf64_Phdr *ph = (void *)(f + sizeof(*eh));
	Elf64_Sym *sym = (void *)(f + SYMS);
	Elf64_Shdr *sh = (void *)(f + SHDRS);
	size_t len = t->end - t->code;
	__u64 next = CODE + LEAD + len + t->pad;

	memcpy(eh->e_ident, ELFMAG, SELFMAG);
	eh->e_ident[EI_CLASS] = ELFCLASS64;
	eh->e_machine = EM_X86_64;
	eh->e_type = ET_DYN;
	eh->e_phoff = sizeof(*eh);
	eh->e_phentsize = sizeof(*ph);
	eh->e_phnum = 1;
	eh->e_shoff = SHDRS;
	eh->e_shentsize = sizeof(*sh);
	eh->e_shnum = 3;
	eh->e_shstrndx = 2;
	ph->p_type = PT_LOAD;
	ph->p_flags = PF_R | PF_X;
	ph->p_offset = ph->p_vaddr = CODE;
	ph->p_filesz = ph->p_memsz = SYMS - CODE;
	sh[1].sh_type = SHT_SYMTAB;
	sh[1].sh_offset = SYMS;
	sh[1].sh_size = 4 * sizeof(*sym);
	sh[2].sh_type = SHT_STRTAB;
	sh[2].sh_offset = SYMS + 0x800;
	sh[2].sh_size = 16;

	memset(f + CODE, 0xf4, SYMS - CODE);
	memcpy(f + CODE + LEAD, t->code, len);
	memset(f + CODE + LEAD + len, 0x90, t->pad);
	memset(f + next, 0x50, 16);		/* push %rax: no padding */
	sym[1].st_info = sym[2].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
	sym[1].st_shndx = sym[2].st_shndx = 1;
	sym[1].st_value = CODE + LEAD;
	sym[1].st_size = len;
	sym[2].st_value = next;
	sym[2].st_size = 16;
	return f;
}

static void run(const struct test *t)
{
	struct glue_prog *p = calloc(1, sizeof(*p));
	__u8 *file = make_file(t), *mem;
	const char *why = NULL;
	unsigned long slot_addr, ip, there;
	struct glue_slot *slot;
	struct glue_patch patch;
	struct glue_sites s;
	int r, all = 1, maps = 1;
	size_t i, k;
	char what[64];
	long result;

	r = glue_sites_find(file, SIZE, &s);
	snprintf(what, sizeof(what), "%d site%s", t->sites, t->sites == 1 ? "" : "s");
	ok(!r && (int)s.n == t->sites, t->name, what, NULL);

	mem = mmap((void *)GLUE_WIN_LO, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(mem, file, SIZE);
	for (i = 0; !r && i < s.n; i++) {
		unsigned long at = (unsigned long)mem + s.site[i].off;

		slot = glue_arena_slot(p, at, &slot_addr);
		if (!slot)
			abort();
		glue_rewrite(&s.site[i], at, (__u8 *)at, slot, slot_addr, t->methods, &patch);
		all &= patch.method == t->want;
		why = patch.why;
		if (!patch.method)
			continue;
		slot->hook = (unsigned long)test_hook;
		if (patch.hole)
			memcpy((void *)patch.hole, patch.hole_bytes, 5);
		memcpy((void *)patch.at, patch.bytes, patch.len);
		/* Each address that was overwritten has a copy, and back. */
		maps &= glue_site_unmap(slot_addr + slot->stub) ==
			(patch.method == GLUE_M4 ? at : slot->desc.restart_ip);
		for (k = 0; k < slot->nmap; k++) {
			ip = slot->start + slot->map[k].orig;
			there = glue_site_map(ip);
			if (slot->map[k].orig > 0 && slot->map[k].orig < 5)
				maps &= there == slot_addr + slot->map[k].copy &&
					glue_site_unmap(there) == ip;
			else
				maps &= there == ip;
		}
		maps &= glue_site_map(at - 40) == at - 40;
	}
	if (t->sites) {
		static const char *const names[] = { "left alone", "M1", "M2", "M3", "M4" };

		ok(all, t->name, names[t->want], why);
		ok(maps, t->name, "addresses translate", NULL);
	}
	if (t->result >= 0) {
		result = ((long (*)(long))(mem + CODE + LEAD))(t->arg);
		snprintf(what, sizeof(what), "computes %ld", t->result);
		ok(result == t->result, t->name, what, NULL);
	}
	munmap(mem, SIZE);
	glue_arena_free(p);
	glue_sites_free(&s);
	free(file);
	free(p);
}

/* Broken files are refused or yield nothing; ASan watches. */
static void broken(void)
{
	__u8 *f = make_file(&tests[0]), *c;
	struct glue_sites s;
	unsigned int seed = 1, i, k, survived = 0;
	size_t len;

	for (i = 0; i < 2000; i++) {
		len = i % 3 ? SIZE : (size_t)rand_r(&seed) % SIZE;
		c = malloc(len + 1);
		memcpy(c, f, len);
		for (k = 0; k < 8 && len > 64; k++) {
			size_t at = (size_t)rand_r(&seed) % (k & 1 ? 128 : len);

			if (at < len && at >= 4)
				c[at] = rand_r(&seed);
		}
		if (!glue_sites_find(c, len, &s))
			glue_sites_free(&s);
		survived++;
		free(c);
	}
	ok(survived == 2000, "broken files", "2000 survived", NULL);
	free(f);
}

int main(void)
{
	int i;

	alarm(60);
	for (i = 0; i < NTESTS; i++)
		run(&tests[i]);
	broken();
	printf("1..%d\n", n);
	return failed;
}
