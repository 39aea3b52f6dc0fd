// SPDX-License-Identifier: GPL-2.0-only
/*
 * old-kernel - run a program as if on a kernel that lacks something
 *
 *	old-kernel LACK[,LACK...] PROGRAM [ARGUMENT...]
 *
 * What is lacking is what such a kernel would answer, said by a seccomp filter
 * in its place.  A filter sees numbers and not what pointers point at, so a
 * call is taken for what the tested programs use it for:
 *
 *	bpf		no CONFIG_BPF_SYSCALL: bpf() is ENOSYS, and there is no
 *			file system of type bpf to mount
 *	tcx		before 6.6: BPF_LINK_CREATE knows no such attach type
 *	clsact		no CONFIG_NET_SCH_INGRESS or CONFIG_NET_CLS_BPF: what
 *			libbpf, but not libmnl, sends by send() is ENOENT
 *	netns-cookie	before 5.14: no SO_NETNS_COOKIE
 *	uso		before 6.2: TUNSETOFFLOAD takes no TUN_F_USO4, TUN_F_USO6
 *	xdp-sockets	no CONFIG_XDP_SOCKETS: no AF_XDP
 *	io_uring	no CONFIG_IO_URING
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE	71
#endif
#ifndef AF_XDP
#define AF_XDP		44
#endif
#define CMD_LINK_CREATE	28		/* enum bpf_cmd */
#define F_USO4		0x20
#define F_USO6		0x40

static int lack(scmp_filter_ctx ctx, const char *what)
{
	int err;

	if (!strcmp(what, "bpf")) {
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(bpf), 0);
		return err ? err : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENODEV),
						    SCMP_SYS(mount), 0);
	}
	if (!strcmp(what, "tcx"))
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(bpf), 1,
					SCMP_A0(SCMP_CMP_EQ, CMD_LINK_CREATE));
	if (!strcmp(what, "clsact"))
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOENT), SCMP_SYS(sendto), 1,
					SCMP_A4(SCMP_CMP_EQ, 0));
	if (!strcmp(what, "netns-cookie"))
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOPROTOOPT), SCMP_SYS(getsockopt),
					2, SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
					SCMP_A2(SCMP_CMP_EQ, SO_NETNS_COOKIE));
	if (!strcmp(what, "uso")) {
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(ioctl), 2,
				       SCMP_A1(SCMP_CMP_EQ, TUNSETOFFLOAD),
				       SCMP_A2(SCMP_CMP_MASKED_EQ, F_USO4, F_USO4));
		return err ? err :
			seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(ioctl), 2,
					 SCMP_A1(SCMP_CMP_EQ, TUNSETOFFLOAD),
					 SCMP_A2(SCMP_CMP_MASKED_EQ, F_USO6, F_USO6));
	}
	if (!strcmp(what, "xdp-sockets"))
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
					SCMP_A0(SCMP_CMP_EQ, AF_XDP));
	if (!strcmp(what, "io_uring"))
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup),
					0);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	scmp_filter_ctx ctx;
	char *what;
	int err;

	if (argc < 3) {
		fputs("usage: old-kernel LACK[,LACK...] PROGRAM [ARGUMENT...]\n", stderr);
		return 125;
	}
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return 125;
	for (what = strtok(argv[1], ","); what; what = strtok(NULL, ",")) {
		err = lack(ctx, what);
		if (err) {
			fprintf(stderr, "old-kernel: %s: %s\n", what, strerror(-err));
			return 125;
		}
	}
	err = seccomp_load(ctx);
	seccomp_release(ctx);
	if (err) {
		fprintf(stderr, "old-kernel: seccomp: %s\n", strerror(-err));
		return 125;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "old-kernel: %s: %s\n", argv[2], strerror(errno));
	return 125;
}
