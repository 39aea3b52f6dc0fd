// SPDX-License-Identifier: GPL-2.0-only
/*
 * ms-floor - the least that programs on a NIC can cost
 *
 *	ms-floor NIC TAP
 *	ms-floor NIC
 *
 * With a TAP, whatever comes in by one leaves by the other, until this is killed:
 * a program of four instructions at the ingress of each, and nothing looks at any
 * packet.  So what a port costs more is what MultiStack itself takes, and what
 * this costs more than a macvtap is the way of a frame through the kernel.
 *
 * With a NIC alone, a program that says "next" is at its ingress and its egress:
 * what the host would pay for a MultiStack that does nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef BPF_TCX_INGRESS
#define BPF_TCX_INGRESS 46
#define BPF_TCX_EGRESS 47
#endif

#define TCX_NEXT (-1)

/* Held by this process, so that it ends with it. */
static int attach(const struct bpf_insn *insns, size_t n, const char *dev, int where)
{
	int prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "ms_floor", "GPL", insns, n, NULL);

	if (prog >= 0 && bpf_link_create(prog, if_nametoindex(dev), where, NULL) >= 0)
		return 0;
	fprintf(stderr, "ms-floor: %s: %s\n", dev, strerror(errno));
	return -1;
}

static int redirect(const char *from, const char *to)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1,
		  .imm = (int)if_nametoindex(to) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return attach(insns, sizeof(insns) / sizeof(insns[0]), from, BPF_TCX_INGRESS);
}

static int pass(const char *dev, int where)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TCX_NEXT },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return attach(insns, sizeof(insns) / sizeof(insns[0]), dev, where);
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3) {
		fputs("usage: ms-floor NIC [TAP]\n", stderr);
		return 2;
	}
	if (argc == 3 && (redirect(argv[1], argv[2]) || redirect(argv[2], argv[1])))
		return 1;
	if (argc == 2 && (pass(argv[1], BPF_TCX_INGRESS) || pass(argv[1], BPF_TCX_EGRESS)))
		return 1;
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
