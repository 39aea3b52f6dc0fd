// SPDX-License-Identifier: GPL-2.0-only
/*
 * A system call leaves alone what the kernel leaves alone: all registers but
 * rax, rcx and r11, the vector and x87 state, the red zone, and all memory below
 * the stack pointer, even on a stack that ends right there.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed;

static void check(const char *name, int ok)
{
	printf("%s %s\n", ok ? "ok" : "not ok", name);
	failed |= !ok;
}

/* In: rdi = number, rsi = stack to run on, rdx = array of 14 registers to fill. */
extern long probe(long nr, void *stack, uint64_t *out, long arg);
asm(".text\n.globl probe\n.type probe,@function\nprobe:\n"
    "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "	mov %rsp, saved_sp(%rip)\n"
    "	mov %rdx, saved_out(%rip)\n"
    "	mov %rdi, %rax\n"
    "	mov %rsi, %rsp\n"
    "	mov %rcx, %rdi\n"
    "	mov $0x1001, %esi; mov $0x1002, %edx; mov $0x1003, %r10d\n"
    "	mov $0x1004, %r8d; mov $0x1005, %r9d; mov $0x1006, %ebx\n"
    "	mov $0x1007, %ebp; mov $0x1008, %r12d; mov $0x1009, %r13d\n"
    "	mov $0x100a, %r14d; mov $0x100b, %r15d\n"
    "	movq %r15, %xmm0; movq %r14, %xmm7; movq %r13, %xmm15\n"
    "	syscall\n"
    "	mov saved_out(%rip), %rcx\n"
    "	mov %rsi, 0(%rcx); mov %rdx, 8(%rcx); mov %r10, 16(%rcx)\n"
    "	mov %r8, 24(%rcx); mov %r9, 32(%rcx); mov %rbx, 40(%rcx)\n"
    "	mov %rbp, 48(%rcx); mov %r12, 56(%rcx); mov %r13, 64(%rcx)\n"
    "	mov %r14, 72(%rcx); mov %r15, 80(%rcx); mov %rsp, 88(%rcx)\n"
    "	movq %xmm0, 96(%rcx); movq %xmm7, 104(%rcx); movq %xmm15, 112(%rcx)\n"
    "	mov saved_sp(%rip), %rsp\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "	ret\n"
    ".local saved_sp\n.comm saved_sp,8,8\n.local saved_out\n.comm saved_out,8,8\n");

static int regs_kept(const uint64_t *r, void *sp)
{
	int i;

	for (i = 0; i < 11; i++)
		if (r[i] != 0x1001ULL + i)
			return 0;
	return r[11] == (uint64_t)sp && r[12] == 0x100b && r[13] == 0x100a && r[14] == 0x1009;
}

/* A function without a frame has its locals in the red zone. */
extern long red_zone(long nr);
asm(".text\n.globl red_zone\nred_zone:\n"
    "	mov $0x5a5a5a5a, %ecx\n"
    "	mov %rcx, -8(%rsp); mov %rcx, -64(%rsp); mov %rcx, -128(%rsp)\n"
    "	mov %rdi, %rax\n"
    "	syscall\n"
    "	mov $0x5a5a5a5a, %ecx\n"
    "	xor %eax, %eax\n"
    "	cmp %rcx, -8(%rsp); jne 1f\n"
    "	cmp %rcx, -64(%rsp); jne 1f\n"
    "	cmp %rcx, -128(%rsp); jne 1f\n"
    "	mov $1, %eax\n"
    "1:	ret\n");

int main(void)
{
	static const struct { long nr; const char *name; } calls[] = {
		{ SYS_getppid, "fast call" },
		{ SYS_lseek, "host call" },
		{ SYS_clock_gettime, "vDSO call" },
		{ SYS_rt_sigpending, "engine's call" },
		{ 1000, "unknown number" },
		{ -1, "negative number" },
	};
	char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t out[16], big = 1ULL << 40;
	char name[80], *low;
	uint32_t csr = 0x7f80, csr2;
	uint16_t cw = 0x027f, cw2;
	double sum = 0;
	size_t i, k;

	mprotect(page, 4096, PROT_NONE);
	low = page + 4096;		/* nothing below */
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		memset(low, 0xa5, 8192);
		probe(calls[i].nr, low, out, -1);
		snprintf(name, sizeof(name), "%s: registers", calls[i].name);
		check(name, regs_kept(out, low));
		probe(calls[i].nr, low + 4096, out, -1);
		for (k = 0; k < 8192 && (unsigned char)low[k] == 0xa5; k++)
			;
		snprintf(name, sizeof(name), "%s: memory around the stack pointer", calls[i].name);
		check(name, k == 8192);
		snprintf(name, sizeof(name), "%s: red zone", calls[i].name);
		check(name, red_zone(calls[i].nr));
	}

	asm volatile("ldmxcsr %0; fldcw %1; fld1; fld1" : : "m" (csr), "m" (cw));
	syscall(SYS_lseek, -1, 0, 0);
	getppid();
	/* A call that goes through the gate: text is mapped. */
	int fd = syscall(SYS_open, "/proc/self/exe", 0);
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096);
	asm volatile("stmxcsr %0; fnstcw %1; faddp; fstpl %2; fninit"
		     : "=m" (csr2), "=m" (cw2), "=m" (sum));
	check("mxcsr and x87 state", csr2 == csr && cw2 == cw && sum == 2.0);
	csr = 0x1f80;
	asm volatile("ldmxcsr %0" : : "m" (csr));
	check("result of a bad call", probe(SYS_lseek, page + 8192, out, -1) == -9);
	(void)big;
	return failed;
}
