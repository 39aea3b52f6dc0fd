// SPDX-License-Identifier: GPL-2.0-only
/*
 * ms-floor - the least that a TAP on a NIC can cost
 *
 *	ms-floor NIC TAP
 *
 * Until it is killed, whatever comes in by one leaves by the other: a program of
 * four instructions at the ingress of each, and nothing looks at any packet.  So
 * what a port costs more is what MultiStack itself takes, and what this costs
 * more than a macvtap is the way of a frame through the kernel.
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
#endif

static int redirect(const char *from, const char *to)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1,
		  .imm = (int)if_nametoindex(to) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog, link;

	prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "ms_floor", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
	if (prog < 0)
		goto fail;
	/* held by this process, so that it ends with it */
	link = bpf_link_create(prog, if_nametoindex(from), BPF_TCX_INGRESS, NULL);
	if (link >= 0)
		return 0;
fail:
	fprintf(stderr, "ms-floor: %s to %s: %s\n", from, to, strerror(errno));
	return -1;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: ms-floor NIC TAP\n", stderr);
		return 2;
	}
	if (redirect(argv[1], argv[2]) || redirect(argv[2], argv[1]))
		return 1;
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
